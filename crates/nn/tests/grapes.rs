//! GRAPES in a deep network against autograd with the stop-gradient trick, whose numbers `oracle/grapes.py` computed in `f64`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde::Deserialize;
use spinet_nn::{Activation, Batch, Inputs, Network, NetworkConfig, Real, Threads, Workspace};
use spinet_rules::{Chain, RuleSettings};

#[derive(Deserialize)]
struct Constants {
    sizes: Vec<usize>,
    activation: Activation,
    weights: Vec<Vec<f64>>,
    biases: Vec<Vec<f64>>,
    inputs: Vec<f64>,
    labels: Vec<u8>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    loss: f64,
    weights: Vec<Vec<f64>>,
    biases: Vec<Vec<f64>>,
}

fn numbers<S: Real>(values: &[f64]) -> Vec<S> {
    values.iter().map(|value| S::from_f64(*value)).collect()
}

fn assert_agrees<S: Real>(tolerance: f64) {
    let given: Constants = serde_json::from_str(include_str!("oracle/grapes.json")).unwrap();
    assert_eq!(given.cases.len(), 9);
    let config = NetworkConfig { activation: given.activation, ..NetworkConfig::dense(&given.sizes) };
    let mut network = Network::<S>::with_weights(&config, |layer, _| numbers(&given.weights[layer])).unwrap();
    for (dense, bias) in network.layers.iter_mut().zip(&given.biases) {
        dense.bias = Some(numbers(bias));
    }
    let (samples, inputs) = (given.labels.len(), numbers::<S>(&given.inputs));
    for case in &given.cases {
        let settings: RuleSettings = case.rule.parse().unwrap();
        let mut chain = Chain::from_settings(&[settings], &network.plan(samples, 0)).unwrap();
        let mut workspace = Workspace::new(&network, samples, Threads::one());
        let batch = Batch { inputs: Inputs::Numbers(&inputs), labels: &given.labels };
        let loss = workspace.differentiate(&network, &mut chain, &batch, 0);
        assert!((loss - case.loss).abs() <= tolerance, "{}: loss {loss} instead of {}", case.rule, case.loss);
        let found = workspace.gradients();
        let biases = found.biases.iter().map(|bias| bias.as_ref().unwrap());
        let pairs = found.weights.iter().zip(&case.weights).chain(biases.zip(&case.biases));
        let mut compared = 0;
        for (found, expected) in pairs {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found.to_f64() - expected).abs() <= tolerance, "{}: {found} instead of {expected}", case.rule);
                compared += 1;
            }
        }
        // 6 x 7 + 7 x 5 + 5 x 4 + 4 x 3 weights and 19 biases.
        assert_eq!(compared, 109 + 19, "{}", case.rule);
    }
}

#[test]
fn gradients_are_those_of_autograd() {
    assert_agrees::<f64>(1e-12);
    assert_agrees::<f32>(1e-6);
}

#[test]
fn every_case_differs_from_every_other() {
    let given: Constants = serde_json::from_str(include_str!("oracle/grapes.json")).unwrap();
    for (index, case) in given.cases.iter().enumerate() {
        assert!(given.cases[..index].iter().all(|other| other.weights[0] != case.weights[0]), "{}", case.rule);
    }
}
