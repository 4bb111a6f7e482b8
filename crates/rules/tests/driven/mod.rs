//! One layer driven by stored gradients, and the stored weights it must come to.

use serde::Deserialize;
use spinet_rules::{At, Buildable, Chain, Plan, RuleSettings};

#[derive(Deserialize)]
pub(crate) struct Constants {
    pub(crate) drive: Drive,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Drive {
    pub(crate) learning_rate: f64,
    #[serde(default = "one")]
    pub(crate) epoch_steps: u64,
    /// Inputs of a unit.
    #[serde(default = "one_input")]
    pub(crate) inputs: usize,
    pub(crate) initial_weights: Vec<f64>,
    pub(crate) gradients: Vec<Vec<f64>>,
}

fn one() -> u64 {
    1
}

fn one_input() -> usize {
    1
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) rule: String,
    states: Vec<State>,
}

/// After `step` steps, counted from 1.
#[derive(Deserialize)]
struct State {
    step: usize,
    weights: Vec<f64>,
    biases: Option<Vec<f64>>,
}

/// A layer of as many units as weights with one input each, so that there are as many biases.
pub(crate) fn chain<S: Buildable>(rule: &str, weights: usize, epoch_steps: u64) -> Chain<S> {
    layer(rule, &[1, weights], epoch_steps)
}

fn layer<S: Buildable>(rule: &str, sizes: &[usize; 2], epoch_steps: u64) -> Chain<S> {
    let plan = Plan {
        epoch_steps,
        epochs: 40,
        ..Plan::dense(sizes)
    };
    Chain::from_settings(&[rule.parse::<RuleSettings>().unwrap()], &plan).unwrap()
}

fn numbers<S: Buildable>(values: &[f64]) -> Vec<S> {
    values.iter().map(|value| S::from_f64(*value)).collect()
}

/// Drives weights and biases and compares them with every stored state; gives how many states that
/// were.
pub(crate) fn assert_agrees<S: Buildable>(constants: &Constants, tolerance: f64) -> usize {
    let Constants { drive, cases } = constants;
    let mut compared = 0;
    for case in cases {
        let sizes = [drive.inputs, drive.initial_weights.len() / drive.inputs];
        let mut chain = layer::<S>(&case.rule, &sizes, drive.epoch_steps);
        let (mut weights, mut biases) = (
            numbers::<S>(&drive.initial_weights),
            numbers::<S>(&drive.initial_weights),
        );
        for (index, gradient) in drive.gradients.iter().enumerate() {
            let (at, rate, grad) = (
                At {
                    id: 0,
                    step: index as u64,
                },
                S::from_f64(drive.learning_rate),
                numbers::<S>(gradient),
            );
            let mut of_weights = grad.clone();
            chain.gradient(at, &weights, &mut of_weights);
            chain.update(at, rate, &mut weights, &of_weights);
            if drive.inputs == 1 {
                chain.update(At { id: 1, ..at }, rate, &mut biases, &grad);
            }
            for state in case.states.iter().filter(|state| state.step == index + 1) {
                let pairs = std::iter::once((&weights, &state.weights))
                    .chain(state.biases.iter().map(|expected| (&biases, expected)));
                for (found, expected) in pairs {
                    assert_eq!(found.len(), expected.len());
                    for (lane, (found, expected)) in found.iter().zip(expected).enumerate() {
                        let difference = (found.to_f64() - expected).abs();
                        let what = format!(
                            "{}, step {}, lane {lane}: {found} instead of {expected}",
                            case.rule, state.step
                        );
                        assert!(difference <= tolerance * expected.abs().max(1.0), "{what}");
                    }
                    compared += 1;
                }
            }
        }
    }
    compared
}
