//! Convolutional networks against reference numbers that `PyTorch` made in `f64`
//! (`oracle/layers.py`): outputs, gradients, ten training steps, and evaluation with the running
//! statistics.
//!
//! Tolerance, times `max(1, |expected|)`: 1e-10 in `f64`, where only the order of sums and the
//! library's `exp` differ; 1e-4 in `f32` after ten steps.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde::Deserialize;
use spinet_nn::{
    Activation, Batch, Flow, Initializer, Inputs, LayerSettings, Network, NetworkConfig, Real,
    Targets, Threads, Workspace, units,
};
use spinet_rules::Chain;

#[derive(Deserialize)]
struct Cases {
    learning_rate: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Height, width and channels.
    image: [usize; 3],
    layers: Vec<String>,
    input: Vec<f64>,
    labels: Vec<u8>,
    /// All arrays, with the running statistics.
    before: Vec<Vec<f64>>,
    /// Of the first step.
    outputs: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    losses: Vec<f64>,
    after: Vec<Vec<f64>>,
    /// Outputs after the last step, with running statistics.
    evaluated: Vec<f64>,
}

const CLASSES: usize = 3;

impl Case {
    fn network<S: Real>(&self) -> Network<S> {
        let layers: Vec<LayerSettings> = (self.layers.iter())
            .map(|text| text.parse().unwrap())
            .collect();
        let [height, width, channels] = self.image;
        let flow = Flow::image(height, width, channels);
        let sizes = [
            vec![flow.len()],
            units(&layers, flow).unwrap(),
            vec![CLASSES],
        ]
        .concat();
        let config = NetworkConfig {
            layers,
            image: Some(self.image),
            activation: Activation::Sigmoid,
            initializer: Initializer::Xavier,
            ..NetworkConfig::dense(&sizes)
        };
        let mut arrays = self.before.iter();
        Network::with_arrays(&config, |_| to(arrays.next().unwrap())).unwrap()
    }

    fn check<S: Real>(&self, learning_rate: f64, tolerance: f64) {
        let of = |what: &str| format!("{}, {what}", self.name);
        let (mut network, inputs) = (self.network::<S>(), to::<S>(&self.input));
        let samples = self.labels.len();
        let mut workspace = Workspace::new(&network, samples, Threads::new(2).unwrap());
        let mut chain = Chain::with_gradient_descent(&network.plan(samples, 0), Vec::new());
        let batch = Batch {
            inputs: Inputs::Numbers(&inputs),
            targets: Targets::classes(&self.labels),
        };
        for (step, expected) in self.losses.iter().enumerate() {
            let found = workspace
                .step(&mut network, &mut chain, &batch, learning_rate, step as u64)
                .unwrap();
            assert_near(&[found], &[*expected], tolerance, &of("loss"));
            if step == 0 {
                let trained = (0..network.params().len()).filter(|id| network.is_trained(*id));
                for (id, expected) in trained.zip(&self.gradients) {
                    let found = workspace.gradients().get(id);
                    assert_near(found, expected, tolerance, &of("gradient"));
                }
            }
        }
        for (found, expected) in network.params().iter().zip(&self.after) {
            assert_near(found, expected, tolerance, &of("array after ten steps"));
        }
        let found = workspace.evaluate(&network, &batch.inputs);
        assert_near(found, &self.evaluated, 10.0 * tolerance, &of("evaluation"));
        // Without normalization training and evaluation are the same pass.
        if !self.layers.iter().any(|layer| layer.contains("norm")) {
            let found = workspace.evaluate(&self.network(), &batch.inputs).to_vec();
            assert_near(&found, &self.outputs, tolerance, &of("outputs"));
        }
    }
}

fn to<S: Real>(values: &[f64]) -> Vec<S> {
    values.iter().map(|value| S::from_f64(*value)).collect()
}

fn assert_near<S: Real>(found: &[S], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found.to_f64() - expected).abs();
        assert!(
            difference <= tolerance * expected.abs().max(1.0),
            "{what}[{index}] is {found}, expected {expected}"
        );
    }
}

#[test]
fn networks_train_as_those_of_pytorch() {
    let cases: Cases = serde_json::from_str(include_str!("oracle/layers.json")).unwrap();
    assert_eq!(cases.cases.len(), 4);
    for case in cases.cases {
        case.check::<f64>(cases.learning_rate, 1e-10);
        case.check::<f32>(cases.learning_rate, 1e-4);
    }
}
