//! Optimizers against `torch.optim`, and `NeuroPlastic` against its description, whose numbers
//! `oracle/optimizers.py` computed in `f64`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod driven;

use driven::{Constants, Drive, assert_agrees};
use spinet_rules::{At, Buildable, Chain, StateEntry, StateValues};

fn constants() -> Constants {
    serde_json::from_str(include_str!("oracle/optimizers.json")).unwrap()
}

fn chain<S: Buildable>(rule: &str, weights: usize) -> Chain<S> {
    driven::chain(rule, weights, 1)
}

#[test]
fn every_optimizer_agrees_with_its_oracle() {
    // Twelve cases, four states of weights and biases each.
    assert_eq!(assert_agrees::<f64>(&constants(), 1e-12), 12 * 4 * 2);
    assert_eq!(assert_agrees::<f32>(&constants(), 3e-5), 12 * 4 * 2);
}

#[test]
fn the_two_forms_of_momentum_are_one_at_a_constant_rate() {
    // v <- 0.9 v + rate g, w <- w - v, as Dellaferrera et al. write it.
    let Drive {
        learning_rate,
        initial_weights,
        gradients,
        ..
    } = constants().drive;
    let mut chain = chain::<f64>("momentum", initial_weights.len());
    let (mut weights, mut by_hand, mut velocity) = (
        initial_weights.clone(),
        initial_weights.clone(),
        vec![0.0; initial_weights.len()],
    );
    for (step, gradient) in gradients.iter().enumerate() {
        chain.update(
            At {
                id: 0,
                step: step as u64,
            },
            learning_rate,
            &mut weights,
            gradient,
        );
        for ((w, v), g) in by_hand.iter_mut().zip(&mut velocity).zip(gradient) {
            *v = 0.9 * *v + learning_rate * g;
            *w -= *v;
        }
    }
    for (found, expected) in weights.iter().zip(&by_hand) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
            "{found} instead of {expected}"
        );
    }
}

/// Spoils the saved state of a fresh optimizer and gives the message with which it is refused.
fn refusal(rule: &str, spoil: impl FnOnce(&mut Vec<StateEntry<f32>>)) -> String {
    let mut chain = chain::<f32>(rule, 3);
    let mut state = chain.optimizer().state();
    chain.optimizer_mut().restore(&state).unwrap();
    spoil(&mut state);
    chain
        .optimizer_mut()
        .restore(&state)
        .unwrap_err()
        .to_string()
}

#[test]
fn saved_state_that_does_not_fit_is_refused() {
    for (rule, arrays) in [
        ("momentum", 2),
        ("nesterov", 2),
        ("rmsprop", 2),
        ("adam", 4),
        ("adamw", 4),
        ("neuroplastic", 6),
    ] {
        assert_eq!(
            chain::<f32>(rule, 3).optimizer().state().len(),
            arrays,
            "{rule}"
        );
        for index in 0..arrays {
            let array = if index % 2 == 0 { "weight" } else { "bias" };
            let lacks = |found: &str| {
                let name = chain::<f32>(rule, 3).optimizer().state()[index].name;
                format!(
                    "rule `{rule}`: missing state `{name}` of layer1.{array} with 3 values (found {found})"
                )
            };
            assert_eq!(
                refusal(rule, |state| drop(state.remove(index))),
                lacks("nothing")
            );
            assert_eq!(
                refusal(rule, |state| state[index].values =
                    StateValues::Counts(vec![0; 3])),
                lacks("numbers of another type")
            );
            assert_eq!(
                refusal(rule, |state| state[index].values =
                    StateValues::Scalars(vec![0.0; 2])),
                lacks("2 values")
            );
            let infinite = refusal(rule, |state| {
                state[index].values = StateValues::Scalars(vec![0.0, f32::INFINITY, 0.0]);
            });
            assert!(
                infinite.contains("found the value inf, expected a finite number of at least "),
                "{infinite}"
            );
        }
    }
    let negative = refusal("rmsprop", |state| {
        state[0].values = StateValues::Scalars(vec![0.0, -1.0, 0.0]);
    });
    assert!(
        negative.ends_with("(found the value -1, expected a finite number of at least 0e0)"),
        "{negative}"
    );
}

#[test]
fn the_decay_of_adamw_acts_on_weights_alone() {
    let mut chain = chain::<f64>("adamw:weight_decay=0.5", 1);
    let at = At { id: 0, step: 0 };
    let (mut weight, mut bias) = ([2.0], [2.0]);
    chain.update(at, 0.1, &mut weight, &[0.0]);
    chain.update(At { id: 1, ..at }, 0.1, &mut bias, &[0.0]);
    assert_eq!((weight, bias), ([2.0 * (1.0 - 0.1 * 0.5)], [2.0]));
}
