//! Optimizers against `torch.optim`, whose numbers `oracle/optimizers.py` computed in `f64`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde::Deserialize;
use spinet_rules::{At, Chain, LayerShape, Plan, RuleSettings, Scalar, StateEntry, StateValues};

#[derive(Deserialize)]
struct Constants {
    drive: Drive,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Drive {
    learning_rate: f64,
    initial_weights: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    states: Vec<State>,
}

/// After `step` steps, counted from 1.
#[derive(Deserialize)]
struct State {
    step: usize,
    weights: Vec<f64>,
    biases: Vec<f64>,
}

fn constants() -> Constants {
    serde_json::from_str(include_str!("oracle/optimizers.json")).unwrap()
}

/// A layer of as many units as weights with one input each, so that there are as many biases.
fn chain<S: Scalar>(rule: &str, weights: usize) -> Chain<S> {
    let plan = Plan { layers: vec![LayerShape { outputs: weights, inputs: 1 }], batch: 1, seed: 0 };
    Chain::from_settings(&[rule.parse::<RuleSettings>().unwrap()], &plan).unwrap()
}

fn numbers<S: Scalar>(values: &[f64]) -> Vec<S> {
    values.iter().map(|value| S::from_f64(*value)).collect()
}

/// Drives weights and biases and compares them with every stored state.
fn assert_agrees<S: Scalar>(tolerance: f64) {
    let Constants { drive, cases } = constants();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let mut chain = chain::<S>(&case.rule, drive.initial_weights.len());
        let (mut weights, mut biases) = (numbers::<S>(&drive.initial_weights), numbers::<S>(&drive.initial_weights));
        let mut compared = 0;
        for (index, gradient) in drive.gradients.iter().enumerate() {
            let (at, rate, grad) = (At { layer: 0, step: index as u64 }, S::from_f64(drive.learning_rate), numbers::<S>(gradient));
            chain.update(at, rate, &mut weights, &grad);
            chain.update_bias(at, rate, &mut biases, &grad);
            for state in case.states.iter().filter(|state| state.step == index + 1) {
                for (found, expected) in [(&weights, &state.weights), (&biases, &state.biases)] {
                    for (lane, (found, expected)) in found.iter().zip(expected).enumerate() {
                        let difference = (found.to_f64() - expected).abs();
                        let what = format!("{}, step {}, lane {lane}: {found} instead of {expected}", case.rule, state.step);
                        assert!(difference <= tolerance * expected.abs().max(1.0), "{what}");
                        compared += 1;
                    }
                }
            }
        }
        assert_eq!(compared, 4 * 2 * drive.initial_weights.len(), "{}", case.rule);
    }
}

#[test]
fn every_optimizer_agrees_with_torch() {
    assert_agrees::<f64>(1e-12);
    assert_agrees::<f32>(3e-5);
}

#[test]
fn the_two_forms_of_momentum_are_one_at_a_constant_rate() {
    // v <- 0.9 v + rate g, w <- w - v, as Dellaferrera et al. write it.
    let Drive { learning_rate, initial_weights, gradients } = constants().drive;
    let mut chain = chain::<f64>("momentum", initial_weights.len());
    let (mut weights, mut by_hand, mut velocity) = (initial_weights.clone(), initial_weights.clone(), vec![0.0; initial_weights.len()]);
    for (step, gradient) in gradients.iter().enumerate() {
        chain.update(At { layer: 0, step: step as u64 }, learning_rate, &mut weights, gradient);
        for ((w, v), g) in by_hand.iter_mut().zip(&mut velocity).zip(gradient) {
            *v = 0.9 * *v + learning_rate * g;
            *w -= *v;
        }
    }
    for (found, expected) in weights.iter().zip(&by_hand) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} instead of {expected}");
    }
}

/// Spoils the saved state of a fresh optimizer and gives the message with which it is refused.
fn refusal(rule: &str, spoil: impl FnOnce(&mut Vec<StateEntry<f32>>)) -> String {
    let mut chain = chain::<f32>(rule, 3);
    let mut state = chain.optimizer().state();
    chain.optimizer_mut().restore(&state).unwrap();
    spoil(&mut state);
    chain.optimizer_mut().restore(&state).unwrap_err().to_string()
}

#[test]
fn saved_state_that_does_not_fit_is_refused() {
    for (rule, arrays) in [("momentum", 2), ("nesterov", 2), ("rmsprop", 2), ("adam", 4), ("adamw", 4)] {
        assert_eq!(chain::<f32>(rule, 3).optimizer().state().len(), arrays, "{rule}");
        for index in 0..arrays {
            let lacks = |found: &str| {
                let name = chain::<f32>(rule, 3).optimizer().state()[index].name;
                format!("rule `{rule}`: saved state lacks `{name}` of layer 1 with 3 values (found {found})")
            };
            assert_eq!(refusal(rule, |state| drop(state.remove(index))), lacks("nothing"));
            assert_eq!(refusal(rule, |state| state[index].values = StateValues::Counts(vec![0; 3])), lacks("numbers of another type"));
            assert_eq!(refusal(rule, |state| state[index].values = StateValues::Scalars(vec![0.0; 2])), lacks("2 values"));
            let infinite = refusal(rule, |state| state[index].values = StateValues::Scalars(vec![0.0, f32::INFINITY, 0.0]));
            assert!(infinite.contains("found the value inf, expected a finite number of at least "), "{infinite}");
        }
    }
    let negative = refusal("rmsprop", |state| state[0].values = StateValues::Scalars(vec![0.0, -1.0, 0.0]));
    assert!(negative.ends_with("(found the value -1, expected a finite number of at least 0e0)"), "{negative}");
}

#[test]
fn the_decay_of_adamw_acts_on_weights_alone() {
    let mut chain = chain::<f64>("adamw:weight_decay=0.5", 1);
    let at = At { layer: 0, step: 0 };
    let (mut weight, mut bias) = ([2.0], [2.0]);
    chain.update(at, 0.1, &mut weight, &[0.0]);
    chain.update_bias(at, 0.1, &mut bias, &[0.0]);
    assert_eq!((weight, bias), ([2.0 * (1.0 - 0.1 * 0.5)], [2.0]));
}
