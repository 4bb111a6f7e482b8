//! Rules that act once an epoch against `oracle/epochs.py`, which computed them in `f64`, with
//! masks of `torch.nn.utils.prune`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod driven;

use driven::{Constants, assert_agrees, chain};
use spinet_rules::StateValues;

#[test]
fn every_rule_that_acts_once_an_epoch_agrees_with_its_description() {
    let constants: Constants = serde_json::from_str(include_str!("oracle/epochs.json")).unwrap();
    // Seven cases, five states each.
    assert_eq!(assert_agrees::<f64>(&constants, 1e-12), 7 * 5);
    assert_eq!(assert_agrees::<f32>(&constants, 2e-6), 7 * 5);
}

#[test]
fn saved_state_that_does_not_fit_is_refused() {
    for (rule, arrays) in [
        ("magnitude-pruning", 1),
        ("sd-snn-bounds", 9),
        ("synaptic-pruning", 3),
    ] {
        let fresh = || chain::<f32>(rule, 3, 1);
        assert_eq!(fresh().rules()[0].state().len(), arrays, "{rule}");
        for index in 0..arrays {
            let name = fresh().rules()[0].state()[index].name;
            let refused = |values: StateValues<f32>| {
                let mut state = fresh().rules()[0].state();
                state[index].values = values;
                fresh().rules_mut()[0]
                    .restore(&state)
                    .unwrap_err()
                    .to_string()
            };
            let lacks = |found: &str| {
                format!(
                    "rule `{rule}`: missing state `{name}` of layer1.weight with 3 values (found {found})"
                )
            };
            let (other, spoiled) = match fresh().rules()[0].state()[index].values {
                StateValues::Scalars(_) => (
                    StateValues::Counts(vec![0; 3]),
                    StateValues::Scalars(vec![0.0, f32::NAN, 0.0]),
                ),
                StateValues::Counts(_) => (
                    StateValues::Scalars(vec![0.0; 3]),
                    StateValues::Counts(vec![0, u16::MAX, 0]),
                ),
            };
            assert_eq!(refused(other), lacks("numbers of another type"));
            assert_eq!(refused(StateValues::Counts(vec![0; 2])), lacks("2 values"));
            let message = refused(spoiled);
            assert!(
                message.contains("found the value NaN")
                    || message.contains("found the count 65535"),
                "{message}"
            );
            let mut state = fresh().rules()[0].state();
            drop(state.remove(index));
            assert_eq!(
                fresh().rules_mut()[0]
                    .restore(&state)
                    .unwrap_err()
                    .to_string(),
                lacks("nothing")
            );
        }
    }
}
