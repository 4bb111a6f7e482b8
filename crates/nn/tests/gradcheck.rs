//! Hand-written gradients against central differences of the loss, in `f64`.
//!
//! ```text
//! dL/dw ~ (L(w + h) - L(w - h)) / 2h,   h = 1e-5
//! ```
//!
//! The difference is wrong by about h^2 = 1e-10 and by rounding, 1e-16 / h = 1e-11, so gradients
//! must agree to a relative 1e-6, where a gradient below 1e-3 counts as 1e-3.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use spinet_nn::{
    Activation, Batch, BiasInitializer, Initializer, Inputs, Loss, Network, NetworkConfig, Targets,
    Threads, Workspace,
};
use spinet_rules::{At, Chain, Purpose, RuleSettings, Stream};

const SIZES: [usize; 5] = [5, 6, 4, 5, 3];
const SAMPLES: usize = 4;
const STEP: u64 = 7;
const H: f64 = 1e-5;
/// A pre-activation this close to the kink of ReLU could cross it within `H`.
const KINK: f64 = 1e-3;

/// A network, its samples, and the rules whose hooks it calls.
struct Case {
    network: Network<f64>,
    inputs: Vec<f64>,
    labels: Vec<u8>,
    rules: Vec<RuleSettings>,
}

impl Case {
    fn draw(config: &NetworkConfig, rules: &[RuleSettings], seed: u64) -> Self {
        let mut network = Network::new(config, seed).unwrap();
        let mut stream = Stream::new(seed, Purpose::Noise, 0);
        for layer in 0..network.layers().len() {
            if let Some(bias) = network.bias_mut(layer) {
                bias.fill_with(|| stream.normal());
            }
        }
        let inputs = (0..SAMPLES * config.sizes[0])
            .map(|_| stream.normal())
            .collect();
        let labels = (0..SAMPLES)
            .map(|_| stream.below(network.classes() as u32) as u8)
            .collect();
        // Dropout needs a hidden layer.
        let rules = rules
            .iter()
            .filter(|rule| rule.name != "dropout" || config.sizes.len() > 2)
            .cloned()
            .collect();
        Self {
            network,
            inputs,
            labels,
            rules,
        }
    }

    fn chain(&self) -> Chain<f64> {
        Chain::from_settings(&self.rules, &self.network.plan(SAMPLES, 5)).unwrap()
    }

    fn differentiate(&self, workspace: &mut Workspace<f64>) -> f64 {
        let batch = Batch {
            inputs: Inputs::Numbers(&self.inputs),
            targets: Targets::classes(&self.labels),
        };
        workspace.differentiate(&self.network, &mut self.chain(), &batch, STEP)
    }

    /// Whether no ReLU has a pre-activation near its kink: the forward pass once more, unit by
    /// unit.
    fn is_smooth(&self) -> bool {
        let mut chain = self.chain();
        let mut x = self.inputs.clone();
        for (number, layer) in self.network.layers().iter().enumerate() {
            let (features, units) = (layer.input().len(), layer.output().len());
            let pre_activation = |s: usize, j: usize| {
                let weight = self.network.weight(number);
                let products =
                    (0..features).map(|i| weight[j * features + i] * x[s * features + i]);
                products.sum::<f64>() + self.network.bias(number).map_or(0.0, |bias| bias[j])
            };
            let mut z: Vec<f64> = (0..SAMPLES * units)
                .map(|index| pre_activation(index / units, index % units))
                .collect();
            if layer.activation() == Activation::Relu && z.iter().any(|z| z.abs() < KINK) {
                return false;
            }
            layer.activation().forward(&mut z);
            let factors = chain.activation(
                At {
                    id: number,
                    step: STEP,
                },
                SAMPLES,
            );
            z.iter_mut()
                .zip(factors.into_iter().flatten())
                .for_each(|(y, factor)| *y *= *factor);
            x = z;
        }
        true
    }

    fn assert_gradients_are_central_differences(&mut self, what: &str) {
        let mut workspace = Workspace::new(&self.network, SAMPLES, Threads::one());
        self.differentiate(&mut workspace);
        let gradients = workspace.gradients().clone();
        for (id, gradient) in gradients.iter().enumerate() {
            for (index, found) in gradient.iter().enumerate() {
                let w = self.network.params().get(id)[index];
                let mut at = |value: f64| {
                    self.network.params_mut().get_mut(id)[index] = value;
                    self.differentiate(&mut workspace)
                };
                let (above, below) = (at(w + H), at(w - H));
                at(w);
                let expected = (above - below) / (2.0 * H);
                let error = (found - expected).abs() / found.abs().max(expected.abs()).max(1e-3);
                assert!(
                    error < 1e-6,
                    "{what}, array {id}, number {index}: {found} instead of {expected}, off by {error}"
                );
            }
        }
    }
}

/// Every depth and bias with these hidden and output layers, with and without dropout.
fn check(activation: Activation, loss: Loss, output_activation: Activation) {
    for depth in 1..=3 {
        for has_bias in [true, false] {
            for rules in [vec![], vec!["dropout:dropout_rate=0.3".parse().unwrap()]] {
                let sizes = SIZES[SIZES.len() - 1 - depth..].to_vec();
                let initializer = Initializer::Uniform(1.0);
                let config = NetworkConfig {
                    sizes,
                    layers: Vec::new(),
                    activation,
                    output_activation,
                    loss,
                    initializer,
                    bias_initializer: BiasInitializer::Zeros,
                    has_bias,
                    image: None,
                };
                let drawn = (0..100)
                    .map(|seed| Case::draw(&config, &rules, seed))
                    .find(Case::is_smooth);
                let what = format!("{config:?} with {} rules", rules.len());
                drawn
                    .expect("one seed in 100 keeps away from kinks")
                    .assert_gradients_are_central_differences(&what);
            }
        }
    }
}

#[test]
fn gradients_of_cross_entropy_are_central_differences() {
    for activation in Activation::ALL {
        check(activation, Loss::CrossEntropy, Activation::Identity);
    }
}

#[test]
fn gradients_of_mean_squared_error_are_central_differences() {
    for activation in Activation::ALL {
        for output_activation in Activation::ALL {
            check(activation, Loss::MeanSquaredError, output_activation);
        }
    }
}
