//! The rule trait: one hook for each seam of a training step.

use serde::Serialize;

use crate::{Error, RuleEntry, Scalar};

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
    pub const ALL: [Self; 6] = [Self::Activation, Self::WeightView, Self::Feedback, Self::ErrorSignal, Self::Gradient, Self::AfterUpdate];
}

/// Shape of one weight matrix, `[outputs, inputs]`, row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Units of the layer.
    pub outputs: usize,
    /// Weights that each unit receives.
    pub inputs: usize,
}

impl LayerShape {
    /// How many weights the layer has.
    pub fn weights(self) -> usize {
        self.outputs * self.inputs
    }
}

/// What a rule learns of a run before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The weight matrices, from input to output.
    pub layers: Vec<LayerShape>,
    /// Most samples in one step.
    pub batch: usize,
    /// The run's seed.
    pub seed: u64,
    /// Steps in one epoch, at least 1.
    pub epoch_steps: u64,
    /// Epochs of the run.
    pub epochs: u64,
}

/// A run without layers and without end, one sample a step and one step an epoch: what a caller fills in as far as it matters.
impl Default for Plan {
    fn default() -> Self {
        Self { layers: Vec::new(), batch: 1, seed: 0, epoch_steps: 1, epochs: u64::MAX }
    }
}

impl Plan {
    /// Weights and biases of all layers. Sizes are far below what 64 bits hold: a network is checked before it is planned.
    pub(crate) fn parameters(&self) -> u64 {
        self.layers.iter().map(|shape| shape.outputs as u64 * (shape.inputs as u64 + 1)).sum()
    }

    /// Weights of the largest layer.
    pub(crate) fn largest_layer(&self) -> u64 {
        self.layers.iter().map(|shape| shape.outputs as u64 * shape.inputs as u64).max().unwrap_or(0)
    }

    /// Outputs of the widest layer for a whole batch.
    pub(crate) fn largest_activation(&self) -> u64 {
        let widest = self.layers.iter().map(|shape| shape.outputs as u64).max().unwrap_or(0);
        widest.saturating_mul(self.batch as u64)
    }

    /// Units of all layers.
    pub(crate) fn units(&self) -> u64 {
        self.layers.iter().map(|shape| shape.outputs as u64).sum()
    }

    /// Units of the output layer.
    pub(crate) fn classes(&self) -> u64 {
        self.layers.last().map_or(0, |shape| shape.outputs as u64)
    }

    /// How many epochs are done after this step, counted from 0; none if the step is not the last of an epoch.
    pub fn epochs_done(&self, step: u64) -> Option<u64> {
        let done = step + 1;
        done.is_multiple_of(self.epoch_steps).then(|| done / self.epoch_steps)
    }
}

/// Where in training a hook is called; both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The layer, 0 next to the input.
    pub layer: usize,
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
    /// The layer's error signal, through weights `[outputs, inputs]`.
    Layer(&'a [S]),
    /// The output layer's error signal, through weights `[classes, inputs]`.
    Output(&'a [S]),
}

/// What a rule sees when it may change a layer's error signal.
pub struct ErrorSignal<'a, S> {
    /// Derivative of the loss at the layer's pre-activation, `[batch, outputs]`; changed in place.
    pub values: &'a mut [S],
    /// Weights that the layer receives, `[outputs, inputs]`.
    pub incoming: &'a [S],
    /// Weights that the layer sends, `[outputs of the next layer, outputs]`; none at the output layer.
    pub outgoing: Option<&'a [S]>,
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

/// How the name of an array begins that belongs to a layer's biases.
pub const BIAS_PREFIX: &str = "bias_";

/// One array of a rule's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEntry<S> {
    /// Which array.
    pub name: &'static str,
    /// Which layer (or slot of an optimizer), counted from 0.
    pub layer: usize,
    /// Its values: one for each weight of the layer, or, if the name starts with [`BIAS_PREFIX`], one for each bias.
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

/// What one learning rule does in a training step. Every hook does nothing unless a rule says otherwise.
///
/// Hooks are called for every layer that has the seam; a rule that acts on chosen layers checks [`At::layer`].
/// Non-finite numbers are refused before any update, so hooks after the gradient may assume finite values.
pub trait Rule<S: Scalar>: Send {
    /// What the registry says of it.
    fn entry(&self) -> &'static RuleEntry;

    /// Seam 1: factors `[batch, units]` for a hidden layer's output in this step, applied forward and backward.
    fn activation(&mut self, at: At, batch: usize, units: usize) -> Option<&[S]> {
        let _ = (at, batch, units);
        None
    }

    /// Seam 2: the weights to use in this step's forward and backward pass instead of `weight`.
    fn weight_view(&mut self, at: At, weight: &[S]) -> Option<&[S]> {
        let _ = (at, weight);
        None
    }

    /// Between the seams 2 and 3: what carries the error signal of this layer to the layer below, for layers from 1 on.
    fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let _ = at;
        None
    }

    /// Seam 3: changes a layer's error signal.
    fn error_signal(&mut self, at: At, signal: &mut ErrorSignal<'_, S>) {
        let _ = (at, signal);
    }

    /// Seam 3: whether what [`error_signal`](Self::error_signal) changes also goes upstream.
    fn propagation(&self) -> Propagation {
        Propagation::Propagating
    }

    /// Seam 4: changes the gradient of a weight matrix.
    fn gradient(&mut self, at: At, weight: &[S], grad: &mut [S]) {
        let _ = (at, weight, grad);
    }

    /// Seam 5: changes the weights after the update, knowing them `before` it.
    fn after_update(&mut self, at: At, before: &[S], weight: &mut [S]) {
        let _ = (at, before, weight);
    }

    /// Seam 5 for the biases of a layer, `[outputs]`; few rules touch biases.
    fn after_bias_update(&mut self, at: At, before: &[S], bias: &mut [S]) {
        let _ = (at, before, bias);
    }

    /// Whether [`after_bias_update`](Self::after_bias_update) does anything in this layer.
    fn acts_on_biases(&self, layer: usize) -> bool {
        let _ = layer;
        false
    }

    /// What the outputs of a hidden layer are multiplied with in evaluation, where seam 1 is silent; in `(0, 1]`.
    fn evaluation_factor(&self, layer: usize) -> S {
        let _ = layer;
        S::ONE
    }

    /// Whether the rule acts at this seam of this layer.
    fn acts(&self, seam: Seam, layer: usize) -> bool;

    /// Whether [`fused_update`](Self::fused_update) serves this layer.
    fn is_fused(&self, layer: usize) -> bool {
        let _ = layer;
        false
    }

    /// Seam 5 and plain gradient descent in one pass over memory; weights and state come out bit-equal to those of the
    /// separate hooks.
    ///
    /// Called only where [`is_fused`](Self::is_fused), where no other rule acts at seam 5 and none at seam 4: what a
    /// rule makes of a gradient is checked before any weight changes.
    fn fused_update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        let _ = (at, learning_rate, weight, grad);
    }

    /// Counts since the last call, and counts of the present state; `weights` are those of all layers.
    fn measures(&mut self, weights: &[&[S]]) -> Vec<Measure> {
        let _ = weights;
        Vec::new()
    }

    /// What [`measures`](Self::measures) would count since its last call, for a checkpoint between two evaluations.
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
