//! GRAPES in a deep network against autograd with the stop-gradient trick, whose numbers
//! `oracle/grapes.py` computed in `f64`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde::Deserialize;
use spinet_nn::{
    Activation, Batch, Inputs, Network, NetworkConfig, Real, Targets, Threads, Workspace,
};
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
    let config = NetworkConfig {
        activation: given.activation,
        ..NetworkConfig::dense(&given.sizes)
    };
    let mut network =
        Network::<S>::with_weights(&config, |layer, _| numbers(&given.weights[layer])).unwrap();
    for (layer, bias) in given.biases.iter().enumerate() {
        network
            .bias_mut(layer)
            .unwrap()
            .copy_from_slice(&numbers(bias));
    }
    let (samples, inputs) = (given.labels.len(), numbers::<S>(&given.inputs));
    for case in &given.cases {
        let settings: RuleSettings = case.rule.parse().unwrap();
        let mut chain = Chain::from_settings(&[settings], &network.plan(samples, 0)).unwrap();
        let mut workspace = Workspace::new(&network, samples, Threads::one());
        let batch = Batch {
            inputs: Inputs::Numbers(&inputs),
            targets: Targets::classes(&given.labels),
        };
        let loss = workspace.differentiate(&network, &mut chain, &batch, 0);
        assert!(
            (loss - case.loss).abs() <= tolerance,
            "{}: loss {loss} instead of {}",
            case.rule,
            case.loss
        );
        let found = workspace.gradients();
        let (weights, biases) = (
            case.weights.iter().enumerate(),
            case.biases.iter().enumerate(),
        );
        let pairs = weights.map(|(layer, expected)| (found.get(2 * layer), expected));
        let pairs =
            pairs.chain(biases.map(|(layer, expected)| (found.get(2 * layer + 1), expected)));
        let mut compared = 0;
        for (found, expected) in pairs {
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found.to_f64() - expected).abs() <= tolerance,
                    "{}: {found} instead of {expected}",
                    case.rule
                );
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
        assert!(
            given.cases[..index]
                .iter()
                .all(|other| other.weights[0] != case.weights[0]),
            "{}",
            case.rule
        );
    }
}

/// With Nesterov's momentum importance is that of the look-ahead weights: two copies, `W` and `W -
/// momentum v`, as the specification of the method has them, with the factors read from the second.
#[test]
fn importance_is_that_of_the_look_ahead_weights() {
    const RATE: f64 = 0.3;
    let given: Constants = serde_json::from_str(include_str!("oracle/grapes.json")).unwrap();
    let config = NetworkConfig {
        activation: given.activation,
        ..NetworkConfig::dense(&given.sizes)
    };
    let fresh =
        || Network::<f64>::with_weights(&config, |layer, _| given.weights[layer].clone()).unwrap();
    let chain_of = |rules: &[&str], network: &Network<f64>| {
        let settings: Vec<RuleSettings> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Chain::from_settings(&settings, &network.plan(given.labels.len(), 0)).unwrap()
    };
    let batch = Batch {
        inputs: Inputs::Numbers(&given.inputs),
        targets: Targets::classes(&given.labels),
    };
    let mut network = fresh();
    let mut chain = chain_of(&["nesterov", "grapes"], &network);
    let mut workspace = Workspace::new(&network, given.labels.len(), Threads::one());
    let mut ahead = fresh();
    let mut weights: Vec<Vec<f64>> = given.weights.clone();
    let mut velocities: Vec<Vec<f64>> = weights
        .iter()
        .map(|weight| vec![0.0; weight.len()])
        .collect();
    let mut by_hand = Workspace::new(&ahead, given.labels.len(), Threads::one());
    for step in 0..3 {
        by_hand.differentiate(&ahead, &mut chain_of(&["grapes"], &ahead), &batch, step);
        for (layer, (weight, velocity)) in weights.iter_mut().zip(&mut velocities).enumerate() {
            for ((w, v), g) in weight
                .iter_mut()
                .zip(velocity.iter_mut())
                .zip(by_hand.gradients().get(2 * layer))
            {
                *v = 0.9 * *v + RATE * g;
                *w -= *v;
            }
            ahead
                .weight_mut(layer)
                .iter_mut()
                .zip(weight.iter().zip(&*velocity))
                .for_each(|(ahead, (w, v))| *ahead = w - 0.9 * v);
        }
        workspace
            .step(&mut network, &mut chain, &batch, RATE, step)
            .unwrap();
        for layer in 0..network.layers().len() {
            // Biases take no part in importance.
            ahead
                .bias_mut(layer)
                .unwrap()
                .copy_from_slice(network.bias(layer).unwrap());
            for (found, expected) in network.weight(layer).iter().zip(ahead.weight(layer)) {
                assert!(
                    (found - expected).abs() <= 1e-12,
                    "step {step}: {found} instead of {expected}"
                );
            }
        }
    }
}
