//! A sweep as a table, and what a reader must know to believe it.

use super::{SweepRecord, SweepRow};
use crate::count::{plural, thousands};
use crate::paper::table::{estimate, estimate_to, interval, interval_to, seeds_in_words};
use crate::table::{Column, Table};

/// Digits of a slowness: a fast network's is a few hundredths of an epoch.
const SLOWNESS_DIGITS: usize = 4;

type Cell = fn(&SweepRow) -> Option<String>;

/// Every column after the axes with its cell for a configuration, as far as any has it.
fn columns(record: &SweepRecord) -> Vec<(String, Cell)> {
    let reference = record.definition.reference.as_deref().unwrap_or_default();
    let control = record.definition.control.as_deref().unwrap_or_default();
    let over_reference: Cell = if has_other_reference(record) {
        |row| row.over_reference.as_ref().map(interval)
    } else {
        |_| None
    };
    let slow_over = |by: &str| format!("{PLATEAU} vs. {by} [95 % CI]");
    let all: [(String, Cell); 10] = [
        (format!("{} %", record.measure()), |row| Some(accuracy(row))),
        ("vs. baseline [95 % CI]".to_owned(), |row| {
            row.over_initial.as_ref().map(interval)
        }),
        (format!("vs. {reference} [95 % CI]"), over_reference),
        (format!("vs. {control} in its place [95 % CI]"), |row| {
            row.over_control.as_ref().map(interval)
        }),
        ("speed-up".to_owned(), |row| {
            Some(estimate(row.speedup.as_ref()?, row.runs))
        }),
        (PLATEAU.to_owned(), |row| {
            Some(estimate_to(
                SLOWNESS_DIGITS,
                row.slowness.as_ref()?,
                row.runs,
            ))
        }),
        (slow_over(reference), |row| {
            Some(interval_to(
                SLOWNESS_DIGITS,
                row.slowness_over_reference.as_ref()?,
            ))
        }),
        (slow_over(&format!("{control} in its place")), |row| {
            Some(interval_to(
                SLOWNESS_DIGITS,
                row.slowness_over_control.as_ref()?,
            ))
        }),
        ("weights left %".to_owned(), |row| {
            Some(estimate(row.weights_left.as_ref()?, row.runs))
        }),
        ("seconds".to_owned(), |row| {
            Some(format!("{:.1}", row.seconds?))
        }),
    ];
    let is_there = |(_, cell): &(_, Cell)| record.points.iter().any(|row| cell(row).is_some());
    all.into_iter().filter(is_there).collect()
}

/// Heading of the slowness.
const PLATEAU: &str = "epochs to plateau (s)";

/// Whether the reference tells more than the network without rules, which may be the reference of
/// every configuration.
fn has_other_reference(record: &SweepRecord) -> bool {
    record
        .points
        .iter()
        .any(|row| row.over_reference.is_some() && row.over_reference != row.over_initial)
}

fn accuracy(row: &SweepRow) -> String {
    let diverged = match row.diverged {
        0 => String::new(),
        count => format!(", {count} diverged"),
    };
    estimate(&row.accuracy, row.runs) + &diverged
}

/// A column for each axis, then accuracy, differences and the rest, as far as any configuration has
/// them.
pub(crate) fn table(record: &SweepRecord) -> Table {
    let (axes, columns, definition) = (record.axes(), columns(record), &record.definition);
    let caption = format!(
        "Sweep {}: {}, {} each; {} on {} {}",
        definition.sweep,
        plural(record.points.len(), "configuration"),
        plural(record.points[0].runs, "run"),
        record.measure(),
        thousands(record.points[0].scored as u64),
        definition.scored_on
    );
    let rows = record.points.iter().map(|row| {
        let axes = axes
            .iter()
            .map(|axis| row.value(axis).unwrap_or_default().to_owned());
        axes.chain(
            columns
                .iter()
                .map(|(_, cell)| cell(row).unwrap_or_default()),
        )
        .collect()
    });
    let words = axes.iter().map(|axis| (*axis, Column::Word));
    let numbers = columns
        .iter()
        .map(|(name, _)| (name.as_str(), Column::Number));
    Table::new(caption, words.chain(numbers), rows)
}

/// What a reader must know to believe the numbers.
pub(crate) fn notes(record: &SweepRecord) -> String {
    let definition = &record.definition;
    let any = |has: fn(&SweepRow) -> bool| record.points.iter().any(has);
    let mut notes = Vec::new();
    notes.extend(definition.note.as_ref().map(|note| format!("{note}.")));
    notes.push(format!(
        "{} %: mean ± standard deviation over the runs, after the last epoch.",
        record.measure()
    ));
    let difference =
        "mean difference, with its 95 % confidence interval (paired by seed and fold),";
    if any(|row| row.over_initial.is_some()) {
        notes.push(format!(
            "vs. baseline: {difference} to the same network without rules."
        ));
    }
    let own = definition.own.join(", ");
    if let Some(reference) = definition
        .reference
        .as_ref()
        .filter(|_| has_other_reference(record))
    {
        let which = if reference.starts_with("the same without") {
            "without these rules that is the same"
        } else {
            "with these rules that is the same"
        };
        let but = if own.is_empty() {
            String::new()
        } else {
            format!(" except {own}")
        };
        notes.push(format!(
            "vs. {reference}: {difference} to the first configuration {which} in everything else{but}."
        ));
    }
    if let Some(control) = &definition.control
        && any(|row| row.over_control.is_some())
    {
        notes.push(format!(
            "vs. {control} in its place: {difference} to the configuration with {control} instead of the rule it is a control for."
        ));
    }
    if !own.is_empty() {
        notes.push(format!(
            "Compared configurations may differ in {own}: each has its own."
        ));
    }
    if any(|row| row.speedup.is_some()) {
        notes.push("speed-up: the paper's L, how many times faster than that network, at the accuracy level with the largest difference in time.".to_owned());
    }
    if any(|row| row.slowness.is_some()) {
        notes.push(format!("{PLATEAU}: s of the fit accuracy_max * X / (s + X) to the first hundred epochs X; smaller is faster."));
    }
    if any(|row| row.seconds.is_some()) {
        notes.push("seconds: all steps of a run on one thread, without evaluations, from the median of a few steps; they repeat only roughly.".to_owned());
    }
    let is_test = definition.scored_on == "test samples";
    if !is_test && any(|row| row.over_initial.is_some() || row.over_reference.is_some()) {
        notes.push("Runs of different folds share training samples, so the intervals are somewhat too narrow.".to_owned());
    }
    if let Some(best) = record.best() {
        notes.push(format!(
            "highest: {} % with {}.",
            accuracy(best),
            best.in_words()
        ));
        if is_test {
            notes.push("Scored on test samples: good for reporting, not for choosing. `folds = 5` in the file scores on held-out training samples.".to_owned());
        }
    }
    let seeds = seeds_in_words(&definition.seeds);
    notes.push(format!(
        "Settings: {seeds}, kernel {}.\n",
        definition.kernel
    ));
    notes.join("\n")
}
