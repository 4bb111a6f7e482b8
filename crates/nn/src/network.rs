//! Networks as plain data: layers, their trained arrays, and a loss.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use spinet_rules::{ParamRole, ParamShape, Plan};

use crate::initializer::{draw_layer, initial};
use crate::layer::{Flow, Layer};
use crate::layers::dense::Dense;
use crate::layers::registry::{Below, LayerSettings, build};
use crate::{Activation, Arrays, BiasInitializer, DenseShape, Error, Initializer, Loss, Real};

/// The configuration of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// Features, units of every hidden layer, classes or other outputs.
    pub sizes: Vec<usize>,
    /// Types and options of the hidden layers, from input to output; empty if all are dense with
    /// the same activation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerSettings>,
    /// Activation function of the hidden layers, unless `layers` is set.
    pub activation: Activation,
    /// Activation function of the output layer; identity with the cross-entropies, which apply
    /// softmax or the logistic function.
    pub output_activation: Activation,
    /// Loss function.
    pub loss: Loss,
    /// Weight initialization.
    pub initializer: Initializer,
    /// Bias initialization.
    pub bias_initializer: BiasInitializer,
    /// Whether units have biases.
    pub has_bias: bool,
    /// Height, width and channels of a sample, for layers that act on images; the channels are
    /// stored one after the other. Absent if a sample is a row of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<[usize; 3]>,
}

impl NetworkConfig {
    /// Sigmoid layers of these sizes, softmax cross-entropy, biases, weights from `U(-1, 1)`: the
    /// network of the BDNN-dsd paper as the reproduction has it.
    pub fn dense(sizes: &[usize]) -> Self {
        Self {
            sizes: sizes.to_vec(),
            layers: Vec::new(),
            activation: Activation::Sigmoid,
            output_activation: Activation::Identity,
            loss: Loss::CrossEntropy,
            initializer: Initializer::Uniform(1.0),
            bias_initializer: BiasInitializer::Zeros,
            has_bias: true,
            image: None,
        }
    }

    /// Rejects networks that cannot be built.
    ///
    /// # Errors
    ///
    /// [`Error`] names what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if self.sizes.len() < 2 {
            return Err(Error::TooFewSizes {
                found: self.sizes.len(),
            });
        }
        if self.sizes[self.sizes.len() - 1] > MOST_CLASSES {
            return Err(Error::TooManyClasses {
                found: self.sizes[self.sizes.len() - 1],
                most: MOST_CLASSES,
            });
        }
        if let Some(layer) = self.sizes.iter().position(|size| *size == 0) {
            return Err(Error::EmptyLayer { layer });
        }
        if self.loss.has_probabilities() && self.output_activation != Activation::Identity {
            return Err(Error::OutputActivation {
                found: self.output_activation.name(),
            });
        }
        if !self.layers.is_empty() {
            let expected = &self.sizes[1..self.sizes.len() - 1];
            let found = units(&self.layers, self.input())?;
            if found != expected {
                return Err(Error::LayersMismatch {
                    found,
                    expected: expected.to_vec(),
                });
            }
        }
        if let Some([height, width, channels]) = self.image
            && Flow::image(height, width, channels).len() != self.sizes[0]
        {
            return Err(Error::ImageMismatch {
                found: [height, width, channels],
                expected: self.sizes[0],
            });
        }
        self.initializer.check()?;
        let too_large = |param: &ParamShape| {
            let weights = param.rows.checked_mul(param.columns);
            weights.is_none_or(|weights| weights > MOST_WEIGHTS)
        };
        match (self.plan_unchecked()?.params)
            .iter()
            .find(|param| too_large(param))
        {
            Some(param) => Err(Error::TooLarge {
                layer: param.layer + 1,
                outputs: param.rows,
                inputs: param.columns,
            }),
            None => Ok(()),
        }
    }

    /// What a sample is for the first layer.
    pub fn input(&self) -> Flow {
        match self.image {
            Some([height, width, channels]) => Flow::image(height, width, channels),
            None => Flow::row(self.sizes[0]),
        }
    }

    /// The layers, from input to output.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn build<S: Real>(&self) -> Result<Vec<Arc<dyn Layer<S>>>, Error> {
        self.check()?;
        self.build_unchecked()
    }

    fn build_unchecked<S: Real>(&self) -> Result<Vec<Arc<dyn Layer<S>>>, Error> {
        let (input, last) = (self.input(), self.sizes.len() - 2);
        let mut layers: Vec<Arc<dyn Layer<S>>> = Vec::with_capacity(last + 1);
        let mut outputs = Vec::with_capacity(last + 1);
        for (index, units) in self.sizes[1..].iter().enumerate() {
            let below = Below {
                input,
                outputs: &outputs,
                has_bias: self.has_bias,
            };
            let layer = match self.layers.get(index) {
                Some(settings) => build(settings, &below)?,
                None => Arc::new(Dense {
                    input: below.flow(),
                    units: *units,
                    activation: if index == last {
                        self.output_activation
                    } else {
                        self.activation
                    },
                    has_bias: self.has_bias,
                }),
            };
            outputs.push(layer.output());
            layers.push(layer);
        }
        Ok(layers)
    }

    /// The plan for rules, except for the run.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn plan(&self) -> Result<Plan, Error> {
        self.check()?;
        self.plan_unchecked()
    }

    fn plan_unchecked(&self) -> Result<Plan, Error> {
        Ok(declared(&self.build_unchecked::<f32>()?).plan)
    }
}

/// The plan of some layers, the arrays of each by their numbers in it, and the signal of each that
/// has units.
struct Declared {
    plan: Plan,
    ids: Vec<Range<usize>>,
    signals: Vec<Option<usize>>,
}

fn declared<S: Real>(layers: &[Arc<dyn Layer<S>>]) -> Declared {
    let (mut plan, mut ids, mut signals) = (Plan::default(), Vec::new(), Vec::new());
    // The signals that reach the layers above each.
    let mut reaching: Vec<Vec<usize>> = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let (first, signal) = (plan.params.len(), plan.signals.len());
        let mut below = reaching.last().cloned().unwrap_or_default();
        for other in layer.skips_from().map_or(&[][..], |from| &reaching[from]) {
            if !below.contains(other) {
                below.push(*other);
            }
        }
        layer.declare(&mut plan, &below, index + 1 == layers.len());
        ids.push(first..plan.params.len());
        let own = (plan.signals.len() > signal).then_some(signal);
        signals.push(own);
        reaching.push(own.map_or(below, |own| vec![own]));
    }
    Declared { plan, ids, signals }
}

/// Numbers that each of these layers gives for a sample, on top of such an input.
///
/// # Errors
///
/// [`Error::UnknownLayer`]; [`Error::Layer`] for options that do not exist or are out of range;
/// [`Error::Misfit`] for a layer that does not fit on what is below it.
pub fn units(layers: &[LayerSettings], input: Flow) -> Result<Vec<usize>, Error> {
    let mut outputs = Vec::with_capacity(layers.len());
    for settings in layers {
        let below = Below {
            input,
            outputs: &outputs,
            has_bias: true,
        };
        let output = build::<f32>(settings, &below)?.output();
        outputs.push(output);
    }
    Ok(outputs.into_iter().map(Flow::len).collect())
}

/// Weights of a layer: this is for small networks, and a typo should not request terabytes.
const MOST_WEIGHTS: usize = 1_000_000_000;

/// A label is one byte.
const MOST_CLASSES: usize = 256;

/// A feed-forward network.
#[derive(Clone, Debug)]
pub struct Network<S> {
    config: NetworkConfig,
    /// From input to output.
    layers: Vec<Arc<dyn Layer<S>>>,
    /// The plan for rules, except for the run.
    plan: Plan,
    /// The arrays of each layer, by their numbers in the plan.
    ids: Vec<Range<usize>>,
    /// The signal of each layer that has units.
    signals: Vec<Option<usize>>,
    params: Arrays<S>,
}

/// Networks are equal if they have the same configuration and numbers.
impl<S: PartialEq> PartialEq for Network<S> {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.params == other.params
    }
}

impl<S: Real> Network<S> {
    /// Draws the initial weights of a network from the streams `init` of this seed.
    ///
    /// # Errors
    ///
    /// [`Error`] names what is wrong with the configuration.
    pub fn new(config: &NetworkConfig, seed: u64) -> Result<Self, Error> {
        let mut network = Self::zeros(config)?;
        for layer in 0..network.weighted_layers() {
            let of_layer =
                (network.plan.params.iter().enumerate()).filter(|(_, param)| param.layer == layer);
            let numbers = draw_layer(
                config.initializer,
                config.bias_initializer,
                of_layer.clone().map(|(_, param)| param),
                seed,
            );
            for ((id, _), numbers) in of_layer.zip(numbers) {
                network.params.get_mut(id).copy_from_slice(&numbers);
            }
        }
        Ok(network)
    }

    /// A network whose arrays come from `numbers`, called with the shape of each in the order of
    /// the plan.
    ///
    /// # Errors
    ///
    /// [`Error`] names what is wrong with the configuration, or which layer got numbers of another
    /// length.
    pub fn with_arrays(
        config: &NetworkConfig,
        mut numbers: impl FnMut(&ParamShape) -> Vec<S>,
    ) -> Result<Self, Error> {
        let mut network = Self::zeros(config)?;
        for (id, param) in network.plan.params.iter().enumerate() {
            let found = numbers(param);
            if found.len() != param.len() {
                return Err(Error::LengthMismatch {
                    layer: param.layer + 1,
                    what: param.role.name(),
                    found: found.len(),
                    expected: param.len(),
                });
            }
            network.params.get_mut(id).copy_from_slice(&found);
        }
        Ok(network)
    }

    /// A network whose weights come from `weights`, called with the number and shape of each
    /// weighted layer; biases are 0.
    ///
    /// # Errors
    ///
    /// As [`with_arrays`](Self::with_arrays).
    pub fn with_weights(
        config: &NetworkConfig,
        mut weights: impl FnMut(usize, DenseShape) -> Vec<S>,
    ) -> Result<Self, Error> {
        Self::with_arrays(config, |param| match param.role {
            ParamRole::Weight => weights(
                param.layer,
                DenseShape {
                    outputs: param.rows,
                    inputs: param.columns,
                },
            ),
            role => vec![initial(role); param.len()],
        })
    }

    /// A network whose trained arrays are 0.
    fn zeros(config: &NetworkConfig) -> Result<Self, Error> {
        let layers = config.build()?;
        let Declared { plan, ids, signals } = declared(&layers);
        let params = Arrays::zeros(&plan);
        Ok(Self {
            config: config.clone(),
            layers,
            plan,
            ids,
            signals,
            params,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Features of a sample.
    pub fn inputs(&self) -> usize {
        self.config.sizes[0]
    }

    /// Classes, or other outputs.
    pub fn classes(&self) -> usize {
        self.config.sizes[self.config.sizes.len() - 1]
    }

    /// From input to output.
    pub fn layers(&self) -> &[Arc<dyn Layer<S>>] {
        &self.layers
    }

    /// The plan for rules in a run with this batch size and seed.
    pub fn plan(&self, batch: usize, seed: u64) -> Plan {
        Plan {
            batch,
            seed,
            ..self.plan.clone()
        }
    }

    /// The trained arrays of a layer, by their numbers in the [`plan`](Self::plan).
    pub fn params_of(&self, layer: usize) -> Range<usize> {
        self.ids[layer].clone()
    }

    /// How many layers have weights; where a layer is counted by its weights, as in the names of
    /// arrays, it is from 0 to one less.
    pub fn weighted_layers(&self) -> usize {
        self.plan.layers()
    }

    /// The number of a weighted layer's weights among the trained arrays.
    pub fn weight_id(&self, layer: usize) -> usize {
        self.plan
            .param(layer, ParamRole::Weight)
            .unwrap_or(self.plan.params.len())
    }

    /// The number of a weighted layer's biases, where there are any.
    pub fn bias_id(&self, layer: usize) -> usize {
        self.weight_id(layer) + 1
    }

    /// The layer that an array belongs to, by its place among the [`layers`](Self::layers).
    pub fn layer_of(&self, id: usize) -> usize {
        self.ids.partition_point(|ids| ids.end <= id)
    }

    /// What an array is for.
    pub(crate) fn role(&self, id: usize) -> ParamRole {
        self.plan.params[id].role
    }

    /// Whether gradient descent changes an array.
    pub fn is_trained(&self, id: usize) -> bool {
        self.role(id).is_trained()
    }

    /// The number of a layer's signal, if it has units.
    pub(crate) fn signal(&self, layer: usize) -> Option<usize> {
        self.signals[layer]
    }

    /// The last layer that takes the output of this one; the next if there is none.
    pub(crate) fn last_reader(&self, layer: usize) -> usize {
        let takes = |other: &usize| self.layers[*other].skips_from() == Some(layer);
        (layer + 1..self.layers.len())
            .rev()
            .find(takes)
            .unwrap_or(layer + 1)
    }

    /// Whether there is a layer above.
    pub(crate) fn is_hidden(&self, layer: usize) -> bool {
        layer + 1 < self.layers.len()
    }

    /// A layer in messages: its number, counted from 1, and its type.
    pub(crate) fn place(&self, layer: usize) -> String {
        format!("layer {} ({})", layer + 1, self.layers[layer].kind())
    }

    /// All trained arrays, in the order of the plan.
    pub fn params(&self) -> &Arrays<S> {
        &self.params
    }

    /// The same, to change them.
    pub fn params_mut(&mut self) -> &mut Arrays<S> {
        &mut self.params
    }

    /// Weights of a weighted layer, `[outputs, inputs]`, row-major.
    pub fn weight(&self, layer: usize) -> &[S] {
        self.params.get(self.weight_id(layer))
    }

    /// The same, to change them.
    pub fn weight_mut(&mut self, layer: usize) -> &mut [S] {
        self.params.get_mut(self.weight_id(layer))
    }

    /// Biases of a weighted layer, `[outputs]`, if it has any.
    pub fn bias(&self, layer: usize) -> Option<&[S]> {
        Some(self.params.get(self.plan.param(layer, ParamRole::Bias)?))
    }

    /// The same, to change them.
    pub fn bias_mut(&mut self, layer: usize) -> Option<&mut [S]> {
        Some(
            self.params
                .get_mut(self.plan.param(layer, ParamRole::Bias)?),
        )
    }

    /// The weights of all weighted layers, from input to output.
    pub fn weights(&self) -> Vec<&[S]> {
        (0..self.weighted_layers())
            .map(|layer| self.weight(layer))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_networks_are_refused_with_the_reason() {
        let refused =
            |config: NetworkConfig| Network::<f32>::new(&config, 0).unwrap_err().to_string();
        assert_eq!(
            refused(NetworkConfig::dense(&[3])),
            "a network needs at least an input and an output size, found 1 sizes"
        );
        assert_eq!(
            refused(NetworkConfig::dense(&[3, 257])),
            "a network has at most 256 classes, found 257"
        );
        assert_eq!(
            refused(NetworkConfig::dense(&[3, 0, 2])),
            "layer 1 has 0 units, expected at least 1 (layer 0 is the input)"
        );
        assert!(
            refused(NetworkConfig::dense(&[usize::MAX, 2])).starts_with("layer 1 would have 2 x")
        );
        let softmax_of_sigmoid = NetworkConfig {
            output_activation: Activation::Sigmoid,
            ..NetworkConfig::dense(&[3, 2])
        };
        assert!(refused(softmax_of_sigmoid).contains("must be identity, but is sigmoid"));
    }

    #[test]
    fn a_layer_starts_alike_whatever_comes_after_it() {
        let short = Network::<f32>::new(&NetworkConfig::dense(&[4, 3, 2]), 9).unwrap();
        let long = Network::<f32>::new(&NetworkConfig::dense(&[4, 3, 5, 2]), 9).unwrap();
        assert_eq!(short.weight(0), long.weight(0));
        assert_ne!(
            long.weight(1)[..6],
            long.weight(0)[..6],
            "layers draw from streams of their own"
        );
    }
}
