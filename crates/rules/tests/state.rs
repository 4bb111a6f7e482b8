//! Saved state that does not fit a rule is refused; the contract test holds that state that fits
//! goes on bit-equal.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_rules::{BdnnDsd, Plan, Rule, StateEntry, StateValues, resolve};

/// Spoils the saved state of a fresh rule and gives the message with which it is refused.
fn refusal(spoil: impl FnOnce(&mut Vec<StateEntry<f32>>)) -> String {
    let plan = Plan::dense(&[4, 5, 3]);
    let mut rule = BdnnDsd::<f32>::new(&resolve("bdnn-dsd:threshold=4").unwrap(), &plan).unwrap();
    let mut state = rule.state();
    rule.restore(&state).unwrap();
    spoil(&mut state);
    rule.restore(&state).unwrap_err().to_string()
}

#[test]
fn saved_state_that_does_not_fit_is_refused_with_array_layer_and_reason() {
    let lacks = |entry: &str, layer: usize, values: usize, found: &str| {
        format!(
            "rule `bdnn-dsd`: missing state `{entry}` of layer{layer}.weight with {values} values (found {found})"
        )
    };
    for (index, (entry, layer, values)) in [
        ("bound", 1, 20),
        ("over", 1, 20),
        ("decay", 1, 20),
        ("bound", 2, 15),
        ("over", 2, 15),
        ("decay", 2, 15),
    ]
    .into_iter()
    .enumerate()
    {
        let missing = refusal(|state| drop(state.remove(index)));
        assert_eq!(missing, lacks(entry, layer, values, "nothing"));
        let short = refusal(|state| match &mut state[index].values {
            StateValues::Scalars(values) => values.truncate(3),
            StateValues::Counts(counts) => counts.truncate(3),
        });
        assert_eq!(short, lacks(entry, layer, values, "3 values"));
        let other = refusal(|state| {
            state[index].values = match &state[index].values {
                StateValues::Scalars(values) => StateValues::Counts(vec![0; values.len()]),
                StateValues::Counts(counts) => StateValues::Scalars(vec![0.0; counts.len()]),
            }
        });
        assert_eq!(
            other,
            lacks(entry, layer, values, "numbers of another type")
        );
        // A counter at its threshold cannot be saved by a step, and one at 65,535 would overflow in
        // the next.
        if entry != "bound" {
            let large = refusal(|state| state[index].values = StateValues::Counts(vec![4; values]));
            assert_eq!(
                large,
                lacks(entry, layer, values, "the count 4, expected at most 3")
            );
        }
    }
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.5] {
        let message = refusal(|state| {
            let StateValues::Scalars(values) = &mut state[3].values else {
                panic!("bounds are numbers")
            };
            values[14] = bad;
        });
        assert_eq!(
            message,
            lacks(
                "bound",
                2,
                15,
                &format!("the value {bad}, expected a finite number of at least 0e0")
            )
        );
    }
}
