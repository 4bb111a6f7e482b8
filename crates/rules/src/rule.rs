//! The rule trait: one hook for each seam of a training step.

use serde::Serialize;

use crate::{Error, Params, RuleEntry, Scalar};

/// The places of a training step where a rule can act, in the order in which a step reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seam {
    /// A hidden layer's output in training.
    Activation,
    /// The weights used in this step's forward and backward pass.
    WeightView,
    /// The weights through which a layer's error signal reaches the layer below.
    Feedback,
    /// The error signal of a layer.
    ErrorSignal,
    /// The gradient, given weight and gradient.
    Gradient,
    /// The weight after the update, given the weight before it.
    AfterUpdate,
}

impl Seam {
    /// All seams, in that order.
    pub const ALL: [Self; 6] = [
        Self::Activation,
        Self::WeightView,
        Self::Feedback,
        Self::ErrorSignal,
        Self::Gradient,
        Self::AfterUpdate,
    ];

    /// Whether it is a place of the signals of [`Plan::signals`](crate::Plan::signals), not of the
    /// arrays of [`Plan::params`](crate::Plan::params).
    pub fn is_of_signals(self) -> bool {
        matches!(self, Self::Activation | Self::ErrorSignal)
    }
}

/// Where in training a hook is called; both numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The number of a signal at the seams of signals, that of an array at the others; see
    /// [`Seam::is_of_signals`].
    pub id: usize,
    /// The step since the start of training.
    pub step: u64,
}

/// Whether a modified error signal is backpropagated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Propagation {
    /// The modified error is backpropagated to the layers below.
    #[default]
    Propagating,
    /// The modified error changes only this layer's gradient.
    Local,
}

/// The backward weights that replace the layer's own weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feedback<'a, S> {
    /// The layer's error signal, through weights `[rows, columns]` of the array's shape.
    Layer(&'a [S]),
    /// The output layer's error signal, through weights `[classes, columns]`.
    Output(&'a [S]),
}

/// A metric that a rule reports at an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Name of the metric.
    pub name: &'static str,
    /// Its value per layer, from input to output; 0 if the rule does not act there.
    pub per_layer: Vec<u64>,
}

impl Metric {
    /// Its sum over all layers.
    pub fn total(&self) -> u64 {
        self.per_layer.iter().sum()
    }
}

/// One array of a rule's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEntry<S> {
    /// Which array.
    pub name: &'static str,
    /// The trained array that it belongs to, by its number in
    /// [`Plan::params`](crate::Plan::params).
    pub param: usize,
    /// One value for each number of that array.
    pub values: StateValues<S>,
}

/// Values of one array of state.
#[derive(Clone, Debug, PartialEq)]
pub enum StateValues<S> {
    /// Numbers.
    Scalars(Vec<S>),
    /// Counters.
    Counts(Vec<u16>),
}

impl<S> StateValues<S> {
    /// Their number.
    pub fn len(&self) -> usize {
        match self {
            Self::Scalars(values) => values.len(),
            Self::Counts(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A learning rule: its hooks in a training step. By default a hook does nothing; it is called only
/// where the rule [`acts`](Self::acts).
///
/// Non-finite numbers are rejected before any update, so hooks after the gradient may assume finite
/// values.
pub trait Rule<S: Scalar>: Send {
    /// Its registry entry.
    fn entry(&self) -> &'static RuleEntry;

    /// Whether the rule acts at this seam on this signal or array.
    fn acts(&self, seam: Seam, id: usize) -> bool;

    /// Seam 1: factors `[rows, units]` for the output of hidden units in this step, applied forward
    /// and backward; one row per sample and position.
    fn activation(&mut self, at: At, rows: usize) -> Option<&[S]> {
        let _ = (at, rows);
        None
    }

    /// The factor for the outputs of hidden units in evaluation, where seam 1 is not used; in `(0,
    /// 1]`.
    fn evaluation_factor(&self, signal: usize) -> S {
        let _ = signal;
        S::ONE
    }

    /// Seam 2: writes the weights to use in this step's forward and backward pass instead of
    /// `weight`.
    fn weight_view(&mut self, at: At, weight: &[S], view: &mut [S]) {
        let _ = at;
        view.copy_from_slice(weight);
    }

    /// Between seams 2 and 3: the backward weights from this array's layer to the layer below.
    fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let _ = at;
        None
    }

    /// Seam 3: changes an error signal, the derivative of the loss at pre-activations `[rows,
    /// units]`.
    fn error_signal(&mut self, at: At, values: &mut [S], params: &dyn Params<S>) {
        let _ = (at, values, params);
    }

    /// Seam 3: whether the error modified by [`error_signal`](Self::error_signal) is
    /// backpropagated.
    fn propagation(&self) -> Propagation {
        Propagation::Propagating
    }

    /// Seam 4: changes the gradient of an array.
    fn gradient(&mut self, at: At, weight: &[S], grad: &mut [S]) {
        let _ = (at, weight, grad);
    }

    /// Seam 5: changes an array after the update, given its values `before`.
    fn after_update(&mut self, at: At, before: &[S], weight: &mut [S]) {
        let _ = (at, before, weight);
    }

    /// Seam 5 and plain gradient descent fused into one pass over memory, bit-identical to the
    /// separate hooks.
    ///
    /// Called only for rules whose entry has `has_fused_update`, if no other rule acts at seam 5
    /// and none at seam 4: a modified gradient is checked before any weight changes.
    fn fused_update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        let _ = (at, learning_rate, weight, grad);
    }

    /// Metrics: counts since the last call, and counts of the present state.
    fn metrics(&mut self, params: &dyn Params<S>) -> Vec<Metric> {
        let _ = params;
        Vec::new()
    }

    /// The counts since the last call of [`metrics`](Self::metrics), for a checkpoint between two
    /// evaluations.
    fn counted(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Restores what [`counted`](Self::counted) gave; numbers of another length are ignored.
    fn set_counted(&mut self, counted: &[u64]) {
        let _ = counted;
    }

    /// State for a checkpoint.
    fn state(&self) -> Vec<StateEntry<S>> {
        Vec::new()
    }

    /// Restores what [`state`](Self::state) gave.
    ///
    /// # Errors
    ///
    /// [`Error::State`] if an array is missing or has another length.
    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let _ = entries;
        Ok(())
    }
}
