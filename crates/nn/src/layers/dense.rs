//! A dense layer: every unit receives every input.
//!
//! ```text
//! y = f(W x + b)          x: [inputs],  W: [outputs, inputs],  b, y: [outputs]     (Zhao et al. 2022, Eq. (3.1))
//! ```

use pulp::Arch;

use crate::product::{Layout, product};
use crate::{Activation, Real, Threads};

/// Units of a dense layer and what each receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseShape {
    /// Units of the layer.
    pub outputs: usize,
    /// Weights that each unit receives.
    pub inputs: usize,
}

impl DenseShape {
    /// How many weights the layer has.
    pub fn weights(self) -> usize {
        self.outputs * self.inputs
    }
}

/// A dense layer; its weights `[outputs, inputs]` and biases `[outputs]` are arrays of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// Units and inputs.
    pub shape: DenseShape,
    /// What the units do with their pre-activation.
    pub activation: Activation,
}

impl Dense {
    /// Products `[batch, outputs]` of inputs `[batch, inputs]` with `weight`, before biases and activation.
    pub(crate) fn forward<S: Real>(self, threads: &Threads, weight: &[S], inputs: &[S], outputs: &mut [S]) {
        let DenseShape { outputs: units, inputs: features } = self.shape;
        let batch = outputs.len() / units;
        product(threads, [batch, features, units], (inputs, Layout::Plain), (weight, Layout::Transposed), outputs);
    }

    /// Adds the biases to products `[batch, outputs]` and applies the activation.
    pub(crate) fn activate<S: Real>(self, threads: &Threads, bias: Option<&[S]>, outputs: &mut [S]) {
        let units = self.shape.outputs;
        threads.pieces(outputs, units, |_, rows| {
            if let Some(bias) = bias {
                Arch::new().dispatch(|| {
                    for row in rows.chunks_exact_mut(units) {
                        row.iter_mut().zip(bias).for_each(|(output, b)| *output += *b);
                    }
                });
            }
            self.activation.forward(rows);
        });
    }

    /// Derivatives of the loss at the layer's inputs, `[batch, inputs]`, from its error signal `[batch, outputs]`.
    pub(crate) fn upstream<S: Real>(self, threads: &Threads, weight: &[S], error_signal: &[S], upstream: &mut [S]) {
        let DenseShape { outputs: units, inputs: features } = self.shape;
        let batch = error_signal.len() / units;
        product(threads, [batch, units, features], (error_signal, Layout::Plain), (weight, Layout::Plain), upstream);
    }

    /// Gradients of the weights from error signal `[batch, outputs]` and inputs `[batch, inputs]`.
    pub(crate) fn weight_gradient<S: Real>(self, threads: &Threads, error_signal: &[S], inputs: &[S], weight: &mut [S]) {
        let DenseShape { outputs: units, inputs: features } = self.shape;
        let batch = error_signal.len() / units;
        product(threads, [units, batch, features], (error_signal, Layout::Transposed), (inputs, Layout::Plain), weight);
    }

    /// Gradients of the biases from the error signal `[batch, outputs]`.
    pub(crate) fn bias_gradient<S: Real>(self, error_signal: &[S], bias: &mut [S]) {
        bias.fill(S::ZERO);
        Arch::new().dispatch(|| {
            for row in error_signal.chunks_exact(self.shape.outputs) {
                bias.iter_mut().zip(row).for_each(|(sum, error)| *sum += *error);
            }
        });
    }
}
