//! BDNN-dsd against reference numbers that `PyTorch` made in `f64`: `oracle/rule.py`.
//!
//! Tolerance: none on the `dyadic` drive, whose every operation is exact in `f32` and `f64`; 1e-12
//! on the `decimal` drive, where both sides do the same operations and only their decimal notation
//! may round. Counters, events and counts are equal.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use serde::Deserialize;
use spinet_rules::{
    Algorithm1, At, Buildable, Chain, Plan, Resolved, RuleSettings, StateValues, resolve,
};

#[derive(Deserialize)]
struct Constants {
    drives: BTreeMap<String, Drive>,
    cases: Vec<Case>,
}

/// What drives the weights: where they start, and a gradient for each weight and step.
#[derive(Deserialize)]
struct Drive {
    learning_rate: f64,
    initial_weights: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    drive: String,
    growth_counting: String,
    shrink_counting: String,
    threshold: u16,
    initial_bound: f64,
    bound_step: f64,
    states: Vec<State>,
    /// Counts of the last state.
    counts: BTreeMap<String, u64>,
}

/// After `step` steps, counted from 1; events are those since the first step.
#[derive(Deserialize)]
struct State {
    step: usize,
    weights: Vec<f64>,
    bounds: Vec<f64>,
    over: Vec<u64>,
    decay: Vec<u64>,
    spine_events: BTreeMap<String, u64>,
}

impl Case {
    fn settings(&self) -> RuleSettings {
        RuleSettings::new("bdnn-dsd")
            .with_number("initial_bound", self.initial_bound)
            .with_number("bound_step", self.bound_step)
            .with_number("threshold", f64::from(self.threshold))
            .with_text("growth_counting", &self.growth_counting)
            .with_text("shrink_counting", &self.shrink_counting)
    }

    fn options(&self) -> Resolved {
        resolve(&self.settings().to_string()).unwrap()
    }

    fn tolerance(&self) -> f64 {
        if self.drive == "dyadic" { 0.0 } else { 1e-12 }
    }
}

fn constants() -> Constants {
    let constants: Constants = serde_json::from_str(include_str!("oracle/bdnn_dsd.json")).unwrap();
    assert_eq!(constants.cases.len(), 10);
    constants
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "{what}[{index}] is {found}, expected {expected}"
        );
    }
}

/// Counts each bound that differs from what it was, by what happened to it.
fn count_events(events: &mut BTreeMap<String, u64>, before: &[f64], after: &[f64]) {
    for (before, after) in before.iter().zip(after) {
        let event = match (after.total_cmp(before), *before == 0.0, *after == 0.0) {
            (std::cmp::Ordering::Equal, ..) => continue,
            (std::cmp::Ordering::Greater, true, _) => "appeared",
            (std::cmp::Ordering::Greater, false, _) => "grew",
            (std::cmp::Ordering::Less, _, true) => "disappeared",
            (std::cmp::Ordering::Less, _, false) => "shrank",
        };
        *events.entry(event.to_owned()).or_default() += 1;
    }
}

#[test]
fn algorithm_1_gives_the_reference_numbers() {
    let Constants { drives, cases } = constants();
    for case in &cases {
        let drive = &drives[&case.drive];
        let mut rule = Algorithm1::new(&case.options(), drive.initial_weights.len());
        let mut weight = drive.initial_weights.clone();
        let mut events = ["appeared", "grew", "shrank", "disappeared"]
            .map(|name| (name.to_owned(), 0))
            .into();
        let mut reached = 0;
        for (step, grad) in drive.gradients.iter().enumerate() {
            let before = rule.bound.clone();
            rule.step(drive.learning_rate, &mut weight, grad);
            count_events(&mut events, &before, &rule.bound);
            if let Some(state) = case.states.iter().find(|state| state.step == step + 1) {
                reached += 1;
                let what = format!("{}, step {}", case.name, state.step);
                assert_near(
                    &weight,
                    &state.weights,
                    case.tolerance(),
                    &format!("{what}: weight"),
                );
                assert_near(
                    &rule.bound,
                    &state.bounds,
                    case.tolerance(),
                    &format!("{what}: bound"),
                );
                assert_eq!(
                    (&rule.over, &rule.decay),
                    (&state.over, &state.decay),
                    "{what}: counters"
                );
                assert_eq!(events, state.spine_events, "{what}: events");
            }
        }
        assert_eq!(
            reached,
            case.states.len(),
            "{}: every stored state is reached",
            case.name
        );
    }
}

fn to<S: Buildable>(values: &[f64]) -> Vec<S> {
    values.iter().map(|value| S::from_f64(*value)).collect()
}

fn from<S: Buildable>(values: &[S]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// Bounds and counters as the rule would save them.
fn saved<S: Buildable>(chain: &Chain<S>) -> (Vec<f64>, Vec<u64>, Vec<u64>) {
    let state = chain.rules()[0].state();
    let values = |name: &str| {
        &state
            .iter()
            .find(|entry| entry.name == name)
            .unwrap()
            .values
    };
    let counts = |name: &str| match values(name) {
        StateValues::Counts(counts) => counts.iter().map(|count| u64::from(*count)).collect(),
        StateValues::Scalars(_) => panic!("{name} must be counts"),
    };
    let StateValues::Scalars(bound) = values("bound") else {
        panic!("bounds must be numbers")
    };
    (from(bound), counts("over"), counts("decay"))
}

fn assert_rule_gives_the_reference_numbers<S: Buildable>(
    case: &Case,
    drive: &Drive,
    is_fused: bool,
) {
    let plan = Plan::dense(&[drive.initial_weights.len(), 1]);
    let chain = Chain::<S>::from_settings(&[case.settings()], &plan).unwrap();
    let mut chain = if is_fused {
        chain
    } else {
        chain.unfused(&plan)
    };
    let mut weight = to::<S>(&drive.initial_weights);
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    let mut reached = 0;
    for (step, grad) in drive.gradients.iter().enumerate() {
        chain.update(
            At {
                id: 0,
                step: step as u64,
            },
            S::from_f64(drive.learning_rate),
            &mut weight,
            &to::<S>(grad),
        );
        let Some(state) = case.states.iter().find(|state| state.step == step + 1) else {
            continue;
        };
        reached += 1;
        let what = format!("{}, step {}, fused {is_fused}", case.name, state.step);
        let (bound, over, decay) = saved(&chain);
        assert_near(
            &from(&weight),
            &state.weights,
            case.tolerance(),
            &format!("{what}: weight"),
        );
        assert_near(
            &bound,
            &state.bounds,
            case.tolerance(),
            &format!("{what}: bound"),
        );
        assert_eq!(
            (&over, &decay),
            (&state.over, &state.decay),
            "{what}: counters"
        );
        // A report counts since the report before it; the reference counts since the first step.
        for measure in chain.metrics(&vec![weight.as_slice(), &[]]).remove(0).1 {
            let total = totals.entry(measure.name).or_default();
            *total = measure.total()
                + if state.spine_events.contains_key(measure.name) {
                    *total
                } else {
                    0
                };
        }
        for (name, expected) in &state.spine_events {
            assert_eq!(totals[name.as_str()], *expected, "{what}: {name}");
        }
    }
    assert_eq!(
        reached,
        case.states.len(),
        "{}: every stored state is reached",
        case.name
    );
    for (name, expected) in &case.counts {
        assert_eq!(totals[name.as_str()], *expected, "{}: {name}", case.name);
    }
}

#[test]
fn the_rule_gives_the_reference_numbers_in_f64_fused_or_not() {
    let Constants { drives, cases } = constants();
    for case in &cases {
        for is_fused in [true, false] {
            assert_rule_gives_the_reference_numbers::<f64>(case, &drives[&case.drive], is_fused);
        }
    }
}

#[test]
fn the_rule_is_exact_in_f32_where_the_numbers_are_dyadic() {
    let Constants { drives, cases } = constants();
    let dyadic: Vec<_> = cases.iter().filter(|case| case.drive == "dyadic").collect();
    assert_eq!(dyadic.len(), 6);
    for case in dyadic {
        for is_fused in [true, false] {
            assert_rule_gives_the_reference_numbers::<f32>(case, &drives[&case.drive], is_fused);
        }
    }
}
