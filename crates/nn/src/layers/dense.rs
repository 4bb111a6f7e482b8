//! A dense layer: every unit receives every input.
//!
//! ```text
//! y = f(W x + b)          x: [inputs],  W: [outputs, inputs],  b, y: [outputs]     (Zhao et al. 2022, Eq. (3.1))
//! ```

use std::sync::Arc;

use pulp::Arch;
use spinet_rules::{ParamRole, Parameter, Plan, Resolved, WeightedLayer};

use crate::layer::{Flow, Layer, LayerArrays, Step};
use crate::layers::registry::{Below, LayerEntry, Make};
use crate::phase::Phase;
use crate::product::{Layout, product};
use crate::{Activation, Error, Inputs, Operation, Real};

pub(crate) const ENTRY: LayerEntry = LayerEntry {
    name: "dense",
    summary: "fully connected layer",
    reference: "Zhao et al. 2022, Eq. (3.1)",
    shapes: "[inputs] -> [units]; weight [units, inputs], bias [units]",
    parameters: &[
        Parameter::count("units", 100, [1, 1_000_000_000], "number of units"),
        Activation::option(Activation::Sigmoid),
    ],
    has_weights: true,
    short: |options| options.count("units").to_string(),
    make: Make {
        single: make::<f32>,
        double: make::<f64>,
    },
};

#[allow(clippy::unnecessary_wraps, reason = "other layers may not fit")]
fn make<S: Real>(
    options: &Resolved<LayerEntry>,
    below: &Below<'_>,
) -> Result<Arc<dyn Layer<S>>, Error> {
    Ok(Arc::new(Dense {
        input: below.flow(),
        units: options.count("units") as usize,
        activation: Activation::of(options),
        has_bias: below.has_bias,
    }))
}

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
pub(crate) struct Dense {
    pub(crate) input: Flow,
    pub(crate) units: usize,
    pub(crate) activation: Activation,
    pub(crate) has_bias: bool,
}

/// Its trained arrays, in the order in which it declares them.
const WEIGHT: usize = 0;
const BIAS: usize = 1;

impl<S: Real> Layer<S> for Dense {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }

    fn input(&self) -> Flow {
        self.input
    }

    fn output(&self) -> Flow {
        Flow::row(self.units)
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn operations(&self) -> Vec<Operation> {
        vec![Operation::Dense]
    }

    fn reads_pixels(&self) -> bool {
        true
    }

    fn declare(&self, plan: &mut Plan, below: &[usize], is_output: bool) {
        let inputs = self.input.len();
        let layer = WeightedLayer {
            units: self.units,
            columns: inputs,
            // Each number of the network's input is a sender of its own.
            senders: (below.first()).map_or(inputs, |signal| plan.signals[*signal].units),
            inputs,
            places: 1,
            per_unit: if self.has_bias {
                &[ParamRole::Bias]
            } else {
                &[]
            },
            is_output,
        };
        plan.push(&layer, below);
    }

    fn multiplications(&self) -> u64 {
        self.units as u64 * self.input.len() as u64
    }

    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]) {
        let (units, features, weight) = (self.units, self.input.len(), step.params.get(WEIGHT));
        match input {
            Inputs::Pixels(pixels) => {
                step.products.take(step.threads, pixels, units);
                step.watch.done(Phase::Gather);
                if step.are_new {
                    step.products.split(step.threads, weight, features);
                }
                step.products
                    .forward(step.threads, features, weight, output);
            }
            Inputs::Numbers(numbers) => {
                let shape = [output.len() / units, features, units];
                product(
                    step.threads,
                    shape,
                    (numbers, Layout::Plain),
                    (weight, Layout::Transposed),
                    output,
                );
            }
        }
        step.watch.done(Phase::Products);
        let bias = self.has_bias.then(|| step.params.get(BIAS));
        step.threads.pieces(output, units, |_, rows| {
            if let Some(bias) = bias {
                Arch::new().dispatch(|| {
                    for row in rows.chunks_exact_mut(units) {
                        row.iter_mut()
                            .zip(bias)
                            .for_each(|(output, b)| *output += *b);
                    }
                });
            }
            self.activation.forward(rows);
        });
    }

    /// `dL/dx = e W`.
    fn upstream(&self, step: &mut Step<'_, S>, error: &[S], upstream: &mut [S]) {
        let (units, features) = (self.units, self.input.len());
        let shape = [error.len() / units, units, features];
        product(
            step.threads,
            shape,
            (error, Layout::Plain),
            (step.params.get(WEIGHT), Layout::Plain),
            upstream,
        );
    }

    /// `dL/dW = e^T x`, and `dL/db` the sum of `e` over the samples.
    fn gradients(
        &self,
        step: &mut Step<'_, S>,
        input: &Inputs<'_, S>,
        error: &[S],
        gradients: &mut LayerArrays<'_, S>,
    ) {
        let (units, features, weight) = (self.units, self.input.len(), gradients.get_mut(WEIGHT));
        match input {
            Inputs::Pixels(_) => step
                .products
                .gradient(step.threads, features, error, weight),
            Inputs::Numbers(numbers) => {
                let shape = [units, error.len() / units, features];
                product(
                    step.threads,
                    shape,
                    (error, Layout::Transposed),
                    (numbers, Layout::Plain),
                    weight,
                );
            }
        }
        step.watch.done(Phase::Products);
        if self.has_bias {
            let bias = gradients.get_mut(BIAS);
            bias.fill(S::ZERO);
            Arch::new().dispatch(|| {
                for row in error.chunks_exact(units) {
                    bias.iter_mut()
                        .zip(row)
                        .for_each(|(sum, error)| *sum += *error);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use spinet_rules::Arrays;

    use super::*;
    use crate::layer::Shown;
    use crate::phase::PhaseTimer;
    use crate::product::bytes::ByteProducts;
    use crate::{Kernel, Pixels, Threads};

    /// Outputs, then gradients, of the second of two layers.
    fn passes<S: Real>(kernel: Kernel, input: &Inputs<'_, S>, samples: usize) -> Vec<f64> {
        let dense = Dense {
            input: Flow::row(48),
            units: 20,
            activation: Activation::Tanh,
            has_bias: true,
        };
        let mut plan = Plan::dense(&[9, 48]);
        Layer::<S>::declare(&dense, &mut plan, &[0], true);
        let mut stream = spinet_rules::Stream::new(2, spinet_rules::Purpose::Noise, 0);
        let mut arrays = Arrays::zeros(&plan);
        arrays
            .values_mut()
            .iter_mut()
            .for_each(|value| *value = S::from_f64(0.2 * stream.normal()));
        let error: Vec<S> = (0..samples * 20)
            .map(|_| S::from_f64(stream.normal()))
            .collect();
        let (mut products, mut gradients) =
            (ByteProducts::new(kernel, samples), Arrays::zeros(&plan));
        let params = Shown {
            arrays: &arrays,
            views: &[],
            first: 2,
            feedback: None,
        };
        let mut step = Step {
            params,
            products: &mut products,
            threads: &Threads::one(),
            watch: &PhaseTimer::default(),
            are_new: true,
            is_training: true,
            is_new_error: true,
            buffer: &mut [],
            skipped: None,
        };
        let mut output = vec![S::ZERO; samples * 20];
        dense.forward(&mut step, input, &mut output);
        dense.gradients(
            &mut step,
            input,
            &error,
            &mut LayerArrays {
                arrays: &mut gradients,
                first: 2,
            },
        );
        output
            .iter()
            .chain(gradients.get(2))
            .chain(gradients.get(3))
            .map(|value| value.to_f64())
            .collect()
    }

    #[test]
    fn bytes_come_into_any_layer_with_every_kernel() {
        let samples = 70;
        let mut stream = spinet_rules::Stream::new(4, spinet_rules::Purpose::Noise, 0);
        let bytes: Vec<u8> = (0..samples * 48)
            .map(|_| {
                if stream.unit() < 0.2 {
                    stream.below(256) as u8
                } else {
                    0
                }
            })
            .collect();
        let numbers: Vec<f64> = bytes.iter().map(|byte| f64::from(*byte) / 255.0).collect();
        let expected = passes::<f64>(Kernel::F32, &Inputs::Numbers(&numbers), samples);
        for kernel in Kernel::ALL
            .into_iter()
            .filter_map(|kernel| kernel.resolve().ok())
        {
            let found = passes::<f32>(kernel, &Inputs::Pixels(Pixels::all(&bytes, 48)), samples);
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < 1e-4,
                    "{kernel}: {found} instead of {expected}"
                );
            }
        }
    }
}
