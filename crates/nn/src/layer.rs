//! The layer trait: shapes, trained arrays, and the passes of a step.

use std::fmt;

use spinet_rules::Plan;

use crate::phase::PhaseTimer;
use crate::product::bytes::{ByteProducts, Inputs};
use crate::{Activation, Arrays, Real, Threads};

/// The output of a layer for one sample: `height x width` places with `units` numbers each, stored
/// `[height, width, units]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Rows of places; 1 where units lie in no plane.
    pub height: usize,
    /// Places of a row, likewise.
    pub width: usize,
    /// Numbers of a place.
    pub units: usize,
}

impl Flow {
    /// Units that lie in no plane.
    pub const fn row(units: usize) -> Self {
        Self {
            height: 1,
            width: 1,
            units,
        }
    }

    /// Numbers of a sample.
    #[allow(clippy::len_without_is_empty, reason = "no layer gives nothing")]
    pub const fn len(self) -> usize {
        self.height * self.width * self.units
    }
}

/// A layer type with its options, built for its input shape. It stores no numbers: trained arrays
/// are the network's, buffers the workspace's.
///
/// The passes take batches `[samples, numbers of a sample]`. Backward, `error` is at first the
/// derivative of the loss at the layer's output, then, from [`error_signal`](Self::error_signal)
/// on, its error signal: the derivative where the rules of seam 3 act.
pub trait Layer<S: Real>: fmt::Debug + Send + Sync {
    /// Its name in the registry.
    fn kind(&self) -> &'static str;

    /// The input.
    fn input(&self) -> Flow;

    /// The output.
    fn output(&self) -> Flow;

    /// Its activation function.
    fn activation(&self) -> Activation;

    /// Adds its trained arrays to the plan, and its signal if it has units.
    fn declare(&self, plan: &mut Plan, is_output: bool);

    /// Outputs from inputs.
    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]);

    /// Makes the error signal of the derivatives at the output, in place; `output` is what
    /// [`forward`](Self::forward) gave.
    fn error_signal(&self, output: &[S], error: &mut [S]);

    /// Derivatives at the input from the error signal.
    fn upstream(&self, step: &mut Step<'_, S>, error: &[S], upstream: &mut [S]);

    /// Gradients of the trained arrays from the input and the error signal.
    fn gradients(
        &self,
        step: &mut Step<'_, S>,
        input: &Inputs<'_, S>,
        error: &[S],
        gradients: &mut Gradients<'_, S>,
    );
}

/// What a pass of a layer works with.
#[derive(Debug)]
pub struct Step<'a, S> {
    pub(crate) params: Shown<'a, S>,
    pub(crate) products: &'a mut ByteProducts<S>,
    pub(crate) threads: &'a Threads,
    pub(crate) watch: &'a PhaseTimer,
    /// Whether the arrays may differ from those of the pass before.
    pub(crate) are_new: bool,
}

/// A layer's trained arrays as rules show them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a, S> {
    pub(crate) arrays: &'a Arrays<S>,
    /// What rules show in the place of an array; empty where none does.
    pub(crate) views: &'a [Vec<S>],
    /// The layer's first array.
    pub(crate) first: usize,
    /// What carries the error down in the place of the layer's first array.
    pub(crate) feedback: Option<&'a [S]>,
}

impl<'a, S: Real> Shown<'a, S> {
    /// The layer's array of this index, in the order in which it declares them.
    pub(crate) fn get(&self, index: usize) -> &'a [S] {
        let id = self.first + index;
        match (self.feedback, self.views.get(id)) {
            (Some(feedback), _) if index == 0 => feedback,
            (_, Some(view)) if !view.is_empty() => view,
            _ => self.arrays.get(id),
        }
    }
}

/// Where a layer's gradients go.
#[derive(Debug)]
pub struct Gradients<'a, S> {
    pub(crate) arrays: &'a mut Arrays<S>,
    /// The layer's first array.
    pub(crate) first: usize,
}

impl<S: Real> Gradients<'_, S> {
    /// The gradient of the layer's array of this index.
    pub(crate) fn get_mut(&mut self, index: usize) -> &mut [S] {
        self.arrays.get_mut(self.first + index)
    }
}
