//! The layer trait: shapes, trained arrays, and the passes of a step.

use std::fmt;

use spinet_rules::Plan;

use crate::phase::PhaseTimer;
use crate::product::bytes::{ByteProducts, Inputs};
use crate::{Activation, Arrays, Operation, Real, Threads};

/// What flows from layer to layer for one sample: `height x width` places with `units` numbers each,
/// stored `[height, width, units]`. An image that is the input of a network has its channels one
/// after the other instead, `[units, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Rows of places; 1 where units lie in no plane.
    pub height: usize,
    /// Places of a row, likewise.
    pub width: usize,
    /// Numbers of a place.
    pub units: usize,
    /// Whether the numbers are stored `[units, height, width]`.
    pub is_planar: bool,
}

/// `height x width x units`, or the number of units that lie in no plane.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self {
                height: 1,
                width: 1,
                units,
                ..
            } => write!(f, "{units}"),
            Self {
                height,
                width,
                units,
                ..
            } => write!(f, "{height} x {width} x {units}"),
        }
    }
}

impl Flow {
    /// Units that lie in no plane.
    pub const fn row(units: usize) -> Self {
        Self::plane(1, 1, units)
    }

    /// Units at each place of a plane.
    pub const fn plane(height: usize, width: usize, units: usize) -> Self {
        Self {
            height,
            width,
            units,
            is_planar: false,
        }
    }

    /// An image whose channels are stored one after the other.
    pub const fn image(height: usize, width: usize, channels: usize) -> Self {
        Self {
            is_planar: channels > 1,
            ..Self::plane(height, width, channels)
        }
    }

    /// Places.
    pub const fn places(self) -> usize {
        self.height * self.width
    }

    /// Numbers from a row to the next, from a place to the next, and from a unit to the next.
    pub const fn strides(self) -> [usize; 3] {
        if self.is_planar {
            [self.width, 1, self.height * self.width]
        } else {
            [self.width * self.units, self.units, 1]
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
    fn activation(&self) -> Activation {
        Activation::Identity
    }

    /// What it computes at evaluation, before its activation function.
    fn operations(&self) -> Vec<Operation>;

    /// The layer below the one directly below whose output it takes too, by its place.
    fn skips_from(&self) -> Option<usize> {
        None
    }

    /// Whether its products read pixels as they are, and not as numbers.
    fn reads_pixels(&self) -> bool {
        false
    }

    /// Adds its arrays to the plan, and its signal if it has units; `below` are the signals that
    /// reach it.
    fn declare(&self, plan: &mut Plan, below: &[usize], is_output: bool) {
        let _ = (plan, below, is_output);
    }

    /// Multiplications of a forward pass for one sample.
    fn multiplications(&self) -> u64 {
        0
    }

    /// Numbers of its own buffer for so many samples: what it keeps from the forward to the backward
    /// pass, and scratch.
    fn buffer(&self, samples: usize, is_training: bool) -> usize {
        let _ = (samples, is_training);
        0
    }

    /// Outputs from inputs.
    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]);

    /// Makes the error signal of the derivatives at the output, in place; `output` is what
    /// [`forward`](Self::forward) gave.
    fn error_signal(&self, output: &[S], error: &mut [S]) {
        self.activation().backward(output, error);
    }

    /// Derivatives at the input from the error signal; where the layer takes a second output, the
    /// derivatives there are the same.
    fn upstream(&self, step: &mut Step<'_, S>, error: &[S], upstream: &mut [S]);

    /// Gradients of the trained arrays from the input and the error signal.
    fn gradients(
        &self,
        step: &mut Step<'_, S>,
        input: &Inputs<'_, S>,
        error: &[S],
        gradients: &mut LayerArrays<'_, S>,
    ) {
        let _ = (step, input, error, gradients);
    }

    /// Brings its running statistics up to date after a training step; `buffer` is as the step left
    /// it.
    fn follow(&self, buffer: &[S], samples: usize, arrays: &mut LayerArrays<'_, S>) {
        let _ = (buffer, samples, arrays);
    }
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
    /// Whether this is a training step.
    pub(crate) is_training: bool,
    /// Whether the error signal differs from what [`Layer::upstream`] was given in this step.
    pub(crate) is_new_error: bool,
    /// The layer's own buffer; see [`Layer::buffer`].
    pub(crate) buffer: &'a mut [S],
    /// The output of the layer that it [`skips from`](Layer::skips_from).
    pub(crate) skipped: Option<&'a [S]>,
}

impl<S: Real> Step<'_, S> {
    /// The input as numbers, `[samples, numbers of a sample]`.
    pub(crate) fn numbers(&mut self, input: &Inputs<'_, S>, numbers: &mut [S]) {
        match input {
            Inputs::Numbers(given) => numbers.copy_from_slice(given),
            Inputs::Pixels(pixels) => self.products.numbers_of(self.threads, pixels, numbers),
        }
    }
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

/// A layer's own of all arrays, to change them: where its gradients go, or its running statistics.
#[derive(Debug)]
pub struct LayerArrays<'a, S> {
    pub(crate) arrays: &'a mut Arrays<S>,
    /// The layer's first array.
    pub(crate) first: usize,
}

impl<S: Real> LayerArrays<'_, S> {
    /// That of the layer's array of this index.
    pub(crate) fn get_mut(&mut self, index: usize) -> &mut [S] {
        self.arrays.get_mut(self.first + index)
    }
}
