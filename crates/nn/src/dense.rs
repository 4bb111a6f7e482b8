//! A dense layer: every unit receives every input.
//!
//! ```text
//! y = f(W x + b)          x: [inputs],  W: [outputs, inputs],  b, y: [outputs]     (Zhao et al. 2022, Eq. (3.1))
//! ```

use pulp::Arch;
use spinet_rules::LayerShape;

use crate::product::{Layout, product};
use crate::{Activation, Real, Threads};

/// A dense layer with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense<S> {
    /// Units and inputs.
    pub shape: LayerShape,
    /// `[outputs, inputs]`, row-major.
    pub weight: Vec<S>,
    /// `[outputs]`, if the network has biases.
    pub bias: Option<Vec<S>>,
    /// What the units do with their pre-activation.
    pub activation: Activation,
}

impl<S: Real> Dense<S> {
    /// Outputs `[batch, outputs]` for inputs `[batch, inputs]`, with `weight` in place of the layer's own.
    pub(crate) fn forward(&self, threads: &Threads, weight: &[S], inputs: &[S], outputs: &mut [S]) {
        let LayerShape { outputs: units, inputs: features } = self.shape;
        let batch = outputs.len() / units;
        product(threads, [batch, features, units], (inputs, Layout::Plain), (weight, Layout::Transposed), outputs);
        if let Some(bias) = &self.bias {
            Arch::new().dispatch(|| {
                for row in outputs.chunks_exact_mut(units) {
                    row.iter_mut().zip(bias).for_each(|(output, b)| *output += *b);
                }
            });
        }
        self.activation.forward(outputs);
    }

    /// Derivatives of the loss at the layer's inputs, `[batch, inputs]`, from its error signal `[batch, outputs]`.
    pub(crate) fn upstream(&self, threads: &Threads, weight: &[S], error_signal: &[S], upstream: &mut [S]) {
        let LayerShape { outputs: units, inputs: features } = self.shape;
        let batch = error_signal.len() / units;
        product(threads, [batch, units, features], (error_signal, Layout::Plain), (weight, Layout::Plain), upstream);
    }

    /// Gradients of weights and biases from error signal `[batch, outputs]` and inputs `[batch, inputs]`.
    pub(crate) fn gradients(&self, threads: &Threads, error_signal: &[S], inputs: &[S], weight: &mut [S], bias: Option<&mut Vec<S>>) {
        let LayerShape { outputs: units, inputs: features } = self.shape;
        let batch = error_signal.len() / units;
        product(threads, [units, batch, features], (error_signal, Layout::Transposed), (inputs, Layout::Plain), weight);
        if let Some(bias) = bias {
            bias.fill(S::ZERO);
            Arch::new().dispatch(|| {
                for row in error_signal.chunks_exact(units) {
                    bias.iter_mut().zip(row).for_each(|(sum, error)| *sum += *error);
                }
            });
        }
    }
}
