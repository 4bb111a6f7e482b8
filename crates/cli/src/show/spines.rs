//! What rules counted in a run, in words.

use std::collections::BTreeMap;

use spinet::rules::StateValues;
use spinet::train::RuleState;
use spinet::{Evaluation, Model};

use crate::show::number::thousands;

/// Counts of changes since the last evaluation, which add up; other counts are of the present
/// state.
const CHANGES: [&str; 4] = ["appeared", "grew", "shrank", "disappeared"];

/// By rule and name: changes over the whole run, and the state at its end.
pub(crate) type RuleCounts = BTreeMap<String, BTreeMap<String, u64>>;

pub(crate) fn over_a_run(curve: &[Evaluation]) -> RuleCounts {
    let mut counts = RuleCounts::new();
    for (rule, measures) in curve.iter().flat_map(|evaluation| &evaluation.rules) {
        let totals = counts.entry(rule.clone()).or_default();
        for (name, count) in measures {
            let total = totals.entry(name.clone()).or_default();
            *total = if CHANGES.contains(&name.as_str()) {
                total.saturating_add(*count)
            } else {
                *count
            };
        }
    }
    counts
}

/// The bounds of one layer, in the order of its weights.
pub(crate) fn bounds(model: &Model, layer: usize) -> Option<&[f32]> {
    let is_bound = |state: &&RuleState| state.name == "bound" && state.layer == layer;
    match &model.state.iter().find(is_bound)?.values {
        StateValues::Scalars(bounds) => Some(bounds),
        StateValues::Counts(_) => None,
    }
}

/// One line for each rule: `spines: 1,234 grew, 5 appeared; 951 of 79,400 weights at their bound`.
pub(crate) fn in_words(counts: &RuleCounts, model: &Model) -> Vec<String> {
    let bounded: usize = (0..model.network.weighted_layers())
        .filter_map(|layer| bounds(model, layer))
        .map(<[f32]>::len)
        .sum();
    let line = |(rule, counts): (&String, &BTreeMap<String, u64>)| {
        let count = |name: &str| counts.get(name).map(|count| thousands(*count));
        let Some(saturated) = count("saturated") else {
            let all: Vec<_> = counts
                .iter()
                .map(|(name, count)| format!("{} {name}", thousands(*count)))
                .collect();
            return format!("{rule}: {}", all.join(", "));
        };
        let changes: Vec<_> = CHANGES
            .iter()
            .filter_map(|name| Some(format!("{} {name}", count(name)?)))
            .collect();
        format!(
            "spines: {}; {saturated} of {} weights at their bound",
            changes.join(", "),
            thousands(bounded as u64)
        )
    };
    counts.iter().map(line).collect()
}
