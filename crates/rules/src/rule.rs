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
    /// Every seam, in that order.
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

/// Where in training a hook is called; both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The number of a signal at the seams of signals, that of an array at the others; see
    /// [`Seam::is_of_signals`].
    pub id: usize,
    /// The step since the start of training.
    pub step: u64,
}

/// Whether a changed error signal also goes upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Propagation {
    /// The change reaches this layer's gradient and all layers below.
    #[default]
    Propagating,
    /// The change reaches this layer's gradient alone.
    Local,
}

/// What carries an error signal to the layer below instead of the layer's own weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Feedback<'a, S> {
    /// The layer's error signal, through weights `[rows, columns]` of the array's shape.
    Layer(&'a [S]),
    /// The output layer's error signal, through weights `[classes, columns]`.
    Output(&'a [S]),
}

/// A count that a rule reports at an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// What is counted.
    pub name: &'static str,
    /// The count of each layer, from input to output; 0 where the rule does not act.
    pub per_layer: Vec<u64>,
}

impl Measure {
    /// The count over all layers.
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
    /// How many there are.
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

/// What one learning rule does in a training step. Every hook does nothing unless a rule says
/// otherwise, and is called only where the rule [`acts`](Self::acts).
///
/// Non-finite numbers are refused before any update, so hooks after the gradient may assume finite
/// values.
pub trait Rule<S: Scalar>: Send {
    /// What the registry says of it.
    fn entry(&self) -> &'static RuleEntry;

    /// Whether the rule acts at this seam of this signal or array.
    fn acts(&self, seam: Seam, id: usize) -> bool;

    /// Seam 1: factors `[rows, units]` for the output of hidden units in this step, applied forward
    /// and backward; there is a row for each sample and place.
    fn activation(&mut self, at: At, rows: usize) -> Option<&[S]> {
        let _ = (at, rows);
        None
    }

    /// What the outputs of hidden units are multiplied with in evaluation, where seam 1 is silent;
    /// in `(0, 1]`.
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

    /// Between the seams 2 and 3: what carries the error signal of this array's layer to the layer
    /// below.
    fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let _ = at;
        None
    }

    /// Seam 3: changes an error signal, the derivative of the loss at pre-activations `[rows,
    /// units]`.
    fn error_signal(&mut self, at: At, values: &mut [S], params: &dyn Params<S>) {
        let _ = (at, values, params);
    }

    /// Seam 3: whether what [`error_signal`](Self::error_signal) changes also goes upstream.
    fn propagation(&self) -> Propagation {
        Propagation::Propagating
    }

    /// Seam 4: changes the gradient of an array.
    fn gradient(&mut self, at: At, weight: &[S], grad: &mut [S]) {
        let _ = (at, weight, grad);
    }

    /// Seam 5: changes an array after the update, knowing it `before`.
    fn after_update(&mut self, at: At, before: &[S], weight: &mut [S]) {
        let _ = (at, before, weight);
    }

    /// Seam 5 and plain gradient descent in one pass over memory; weights and state come out
    /// bit-equal to those of the separate hooks.
    ///
    /// Called only of rules whose entry says that they have it, where no other rule acts at seam 5
    /// and none at seam 4: what a rule makes of a gradient is checked before any weight changes.
    fn fused_update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        let _ = (at, learning_rate, weight, grad);
    }

    /// Counts since the last call, and counts of the present state.
    fn measures(&mut self, params: &dyn Params<S>) -> Vec<Measure> {
        let _ = params;
        Vec::new()
    }

    /// What [`measures`](Self::measures) would count since its last call, for a checkpoint between
    /// two evaluations.
    fn counted(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Takes back what [`counted`](Self::counted) gave; numbers of another length are ignored.
    fn set_counted(&mut self, counted: &[u64]) {
        let _ = counted;
    }

    /// What a checkpoint saves.
    fn state(&self) -> Vec<StateEntry<S>> {
        Vec::new()
    }

    /// Takes back what [`state`](Self::state) gave.
    ///
    /// # Errors
    ///
    /// [`Error::State`] if an array is missing or has another length.
    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let _ = entries;
        Ok(())
    }
}
