//! A sweep as text for a terminal and as Markdown.

use super::{SweepRecord, SweepRow};
use crate::columns::aligned;
use crate::count::{plural, thousands};
use crate::table::{estimate, estimate_to, interval, interval_to, seeds_in_words};

/// Digits of a slowness: a fast network's is a few hundredths of an epoch.
const SLOWNESS_DIGITS: usize = 4;

/// A column of a table: its name and its cell for a point; empty where the point has no such
/// number.
struct Column {
    name: String,
    cell: fn(&SweepRow) -> String,
}

/// Every column after the axes, in order, as far as any point has it.
fn columns(record: &SweepRecord) -> Vec<Column> {
    let reference = record.definition.reference.as_deref().unwrap_or_default();
    let control = record.definition.control.as_deref().unwrap_or_default();
    let all = [
        Column {
            name: "accuracy %".to_owned(),
            cell: accuracy,
        },
        Column {
            name: "over initial [95 %]".to_owned(),
            cell: |point| shown(point.over_initial.as_ref(), interval),
        },
        Column {
            name: format!("over {reference} [95 %]"),
            cell: if has_other_reference(record) {
                |point| shown(point.over_reference.as_ref(), interval)
            } else {
                |_| String::new()
            },
        },
        Column {
            name: format!("over {control} in its place [95 %]"),
            cell: |point| shown(point.over_control.as_ref(), interval),
        },
        Column {
            name: "L".to_owned(),
            cell: |point| {
                shown(point.speedup.as_ref(), |speedup| {
                    estimate(speedup, point.runs)
                })
            },
        },
        Column {
            name: "slowness".to_owned(),
            cell: |point| {
                shown(point.slowness.as_ref(), |slowness| {
                    estimate_to(SLOWNESS_DIGITS, slowness, point.runs)
                })
            },
        },
        Column {
            name: format!("slowness over {reference} [95 %]"),
            cell: |point| {
                shown(point.slowness_over_reference.as_ref(), |slowness| {
                    interval_to(SLOWNESS_DIGITS, slowness)
                })
            },
        },
        Column {
            name: format!("slowness over {control} in its place [95 %]"),
            cell: |point| {
                shown(point.slowness_over_control.as_ref(), |slowness| {
                    interval_to(SLOWNESS_DIGITS, slowness)
                })
            },
        },
        Column {
            name: "weights left %".to_owned(),
            cell: |point| {
                shown(point.weights_left.as_ref(), |left| {
                    estimate(left, point.runs)
                })
            },
        },
        Column {
            name: "seconds".to_owned(),
            cell: |point| shown(point.seconds.as_ref(), |seconds| format!("{seconds:.1}")),
        },
    ];
    all.into_iter()
        .filter(|column| {
            record
                .points
                .iter()
                .any(|point| !(column.cell)(point).is_empty())
        })
        .collect()
}

/// Whether the reference tells more than the network without rules, which may be the reference of
/// every point.
fn has_other_reference(record: &SweepRecord) -> bool {
    record
        .points
        .iter()
        .any(|point| point.over_reference.is_some() && point.over_reference != point.over_initial)
}

fn shown<T>(value: Option<&T>, cell: impl Fn(&T) -> String) -> String {
    value.map_or_else(String::new, cell)
}

/// Head and rows: a column for each axis, then accuracy, differences and the rest, as far as any
/// point has them.
pub(crate) fn cells(record: &SweepRecord) -> (Vec<String>, Vec<Vec<String>>) {
    let (axes, columns) = (record.axes(), columns(record));
    let row = |point: &SweepRow| {
        let axes = axes
            .iter()
            .map(|axis| point.value(axis).unwrap_or("").to_owned());
        axes.chain(columns.iter().map(|column| (column.cell)(point)))
            .collect()
    };
    let head = axes
        .iter()
        .map(|axis| (*axis).to_owned())
        .chain(columns.iter().map(|column| column.name.clone()))
        .collect();
    (head, record.points.iter().map(row).collect())
}

fn accuracy(point: &SweepRow) -> String {
    let diverged = if point.diverged > 0 {
        format!(", {} diverged", point.diverged)
    } else {
        String::new()
    };
    estimate(&point.accuracy, point.runs) + &diverged
}

/// The record as a table for a terminal, with what a reader must know.
pub fn sweep_text(record: &SweepRecord) -> String {
    let (head, rows) = cells(record);
    format!(
        "{}\n\n{}\n{}",
        title(record),
        aligned(&head, &rows, record.axes().len()),
        notes(record)
    )
}

/// The record as a Markdown table.
pub fn sweep_markdown(record: &SweepRecord) -> String {
    let (head, rows) = cells(record);
    let axes = record.axes().len();
    let rows = rows.iter().map(|row| format!("| {} |\n", row.join(" | ")));
    let rule = ":--|".repeat(axes) + &"--:|".repeat(head.len() - axes);
    format!(
        "**{}**\n\n| {} |\n|{rule}\n{}\n{}",
        title(record),
        head.join(" | "),
        rows.collect::<String>(),
        notes(record)
    )
}

fn title(record: &SweepRecord) -> String {
    let point = &record.points[0];
    let definition = &record.definition;
    format!(
        "Sweep {}: {}, {} each; accuracy on {} {}",
        definition.sweep,
        plural(record.points.len(), "point"),
        plural(point.runs, "run"),
        thousands(point.scored as u64),
        definition.scored_on
    )
}

/// What a reader must know to believe the numbers.
pub(crate) fn notes(record: &SweepRecord) -> String {
    let definition = &record.definition;
    let mut notes = String::new();
    if let Some(reduced) = &definition.reduced {
        notes += &format!("NOT the full sweep: {reduced}.\n");
    }
    if !definition.unverified.is_empty() {
        notes += &format!(
            "NOT the official files: {}.\n",
            definition.unverified.join("; ")
        );
    }
    if let Some(note) = &definition.note {
        notes += &format!("{note}.\n");
    }
    notes += "accuracy %: mean ± standard deviation over the runs, after the last epoch.\n";
    let difference =
        "mean difference, with its 95 % confidence interval (paired by seed and fold),";
    if record
        .points
        .iter()
        .any(|point| point.over_initial.is_some())
    {
        notes += &format!("over initial: {difference} to the same network without rules.\n");
    }
    if let Some(reference) = definition
        .reference
        .as_ref()
        .filter(|_| has_other_reference(record))
    {
        let which = if reference.starts_with("the same without") {
            "has not these rules"
        } else {
            "has these rules"
        };
        let but = if definition.own.is_empty() {
            String::new()
        } else {
            format!(" but {}", definition.own.join(", "))
        };
        notes += &format!(
            "over {reference}: {difference} to the first point that {which} and is alike in everything else{but}.\n"
        );
    }
    if let Some(control) = definition.control.as_ref().filter(|_| {
        record
            .points
            .iter()
            .any(|point| point.over_control.is_some())
    }) {
        notes += &format!(
            "over {control} in its place: {difference} to the point that has {control} instead of the rule it is a control for.\n"
        );
    }
    if !definition.own.is_empty() {
        notes += &format!(
            "Compared points may differ in {}: each has its own.\n",
            definition.own.join(", ")
        );
    }
    if record.points.iter().any(|point| point.speedup.is_some()) {
        notes += "L: how many times faster than that network, at the accuracy level with the largest difference in time.\n";
    }
    if record.points.iter().any(|point| point.slowness.is_some()) {
        notes += "slowness: epochs s of the fit accuracy_max * X / (s + X) to the first hundred epochs; smaller is faster.\n";
    }
    if record.points.iter().any(|point| point.seconds.is_some()) {
        notes += "seconds: all steps of a run on one thread, without evaluations, from the median of a few steps; they repeat only roughly.\n";
    }
    if definition.scored_on != "test samples"
        && record
            .points
            .iter()
            .any(|point| point.over_initial.is_some() || point.over_reference.is_some())
    {
        notes += "Runs of different folds share training samples, so the intervals are somewhat too narrow.\n";
    }
    if let Some(best) = record.best() {
        notes += &format!("highest: {} % with {}.\n", accuracy(best), best.in_words());
        if definition.scored_on == "test samples" {
            notes += "Scored on test samples: good for reporting, not for choosing. `folds = 5` in the file scores on training samples left out.\n";
        }
    }
    notes
        + &format!(
            "Settings: {}, kernel {}.\n",
            seeds_in_words(&definition.seeds),
            definition.kernel
        )
}
