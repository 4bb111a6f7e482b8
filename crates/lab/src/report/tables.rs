//! The parts about the paper's tables: ours beside the paper's, the course of training as figures
//! and as text, the runs, and what was run.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Part, repeat};
use crate::count::thousands;
use crate::curves::{Chart, EVENTS, STATES, accuracy_chart, networks, spine_chart, state_chart};
use crate::html::{figure, list, prose};
use crate::paper::table::{COLUMNS, comparisons, network_of, sections, seeds_in_words, tables};
use crate::table::{Column, Table};
use crate::{Definition, Error, Record, Row};

/// Rows of a curve that is given as text.
const MOST_ROWS: usize = 25;

/// What a record is about: the titles of its tables, each once.
pub(super) fn subject(record: &Record) -> String {
    let mut titles: Vec<String> = Vec::new();
    for (title, _) in sections(record) {
        let title = title.split(';').next().unwrap_or_default().to_owned();
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles.join("; ")
}

/// The parts of its section.
pub(super) fn parts(record: &Record, anchor: &str) -> Vec<Part> {
    let mut parts = vec![
        ("numbers", "Numbers", numbers(record, anchor)),
        ("accuracy", "Accuracy over the epochs", accuracy(record)),
    ];
    if record.rows.iter().any(|row| !row.curve.counts.is_empty()) {
        parts.push(("spines", "Spine counts over the epochs", spines(record)));
    }
    let runs = repeat::runs(record, anchor);
    parts.push(("runs", "Runs and how to repeat them", runs));
    parts.push(("definition", "Definition", definition(&record.definition)));
    parts
}

/// Tables of all rows, what the columns mean, and what they say together.
fn numbers(record: &Record, anchor: &str) -> Markup {
    let mut links = record
        .rows
        .iter()
        .map(|row| repeat::anchor(record, anchor, row));
    html! {
        @for table in tables(record) {
            @let links: Vec<String> = links.by_ref().take(table.rows.len()).collect();
            (table.html(&links))
        }
        dl.notes { @for (name, meaning) in COLUMNS { dt { (name) } dd { (meaning) } } }
        @for (title, lines) in comparisons(record) { h4 { (title) } (list(&lines)) }
    }
}

/// Accuracy of every network.
fn accuracy(record: &Record) -> Markup {
    let network = |rows: &[&Row]| {
        let name = network_of(rows[0]);
        let value = |row: &Row, epoch: usize| {
            let index = row.curve.epoch.binary_search(&epoch).ok()?;
            let (mean, sd) = (
                row.curve.accuracy.get(index)?,
                row.curve.accuracy_sd.get(index),
            );
            let sd = sd.filter(|_| row.runs > 1);
            Some(sd.map_or_else(|| format!("{mean:.2}"), |sd| format!("{mean:.2} ± {sd:.2}")))
        };
        let caption =
            format!("Test accuracy (%) of {name}, mean ± standard deviation over the runs");
        let columns: Vec<&str> = rows.iter().map(|row| row.method.name()).collect();
        let cells = |epoch| rows.iter().map(|row| value(row, epoch)).collect();
        html! {
            div {
                (drawn(accuracy_chart(rows), &name))
                (course(&caption, &columns, &epochs(rows), &cells))
            }
        }
    };
    html! { div.course { @for rows in networks(record) { (network(&rows)) } } }
}

/// Spine counts of every row that has them.
fn spines(record: &Record) -> Markup {
    let counts = |row: &Row| {
        let name = network_of(row);
        let events = EVENTS.map(|name| (name, format!("{name} per epoch"), true));
        let states = STATES.map(|(name, label)| (name, label.to_owned(), false));
        let mut columns: Vec<_> = events.into_iter().chain(states).collect();
        columns.retain(|(name, ..)| row.curve.counts.contains_key(*name));
        let head: Vec<&str> = columns.iter().map(|(_, label, _)| label.as_str()).collect();
        let value = |name: &str, is_event: bool, epoch: usize| {
            let index = row.curve.epoch.binary_search(&epoch).ok()?;
            let count = row.curve.counts.get(name)?.get(index)?;
            if !is_event {
                return Some(format!("{count:.1}"));
            }
            // For each epoch since the evaluation before.
            let before = row.curve.epoch.get(index.checked_sub(1)?)?;
            Some(format!("{:.1}", count / (epoch - before) as f64))
        };
        let cells = |epoch| {
            columns
                .iter()
                .map(|(name, _, is_event)| value(name, *is_event, epoch))
                .collect()
        };
        let caption = format!("Spine counts of {name}, mean over the runs");
        html! {
            div.course {
                (drawn(spine_chart(row), &name))
                (drawn(state_chart(row), &name))
                (course(&caption, &head, &epochs(&[row]), &cells))
            }
        }
    };
    html! { @for row in record.rows.iter().filter(|row| !row.curve.counts.is_empty()) { (counts(row)) } }
}

/// A drawing with its words; a record without curves has none.
fn drawn(chart: Result<Option<Chart>, Error>, network: &str) -> Markup {
    let described = |Chart { description, svg }| (svg, format!("{network}. {description}"));
    html! {
        @if let Some(chart) = chart.transpose() {
            (figure(chart.map(described), &format!("Figure, {network}"), false))
        }
    }
}

/// All epochs at which any of the rows was evaluated; of many some at equal distances in the list,
/// with the first and the last.
fn epochs(rows: &[&Row]) -> Vec<usize> {
    let all: BTreeSet<usize> = rows
        .iter()
        .flat_map(|row| row.curve.epoch.iter().copied())
        .collect();
    let all: Vec<usize> = all.into_iter().collect();
    if all.len() <= MOST_ROWS {
        return all;
    }
    (0..MOST_ROWS)
        .map(|index| all[index * (all.len() - 1) / (MOST_ROWS - 1)])
        .collect()
}

/// A curve as text, folded away.
fn course(
    caption: &str,
    columns: &[&str],
    epochs: &[usize],
    cells: &dyn Fn(usize) -> Vec<Option<String>>,
) -> Markup {
    let rows = epochs.iter().map(|epoch| {
        let cells = cells(*epoch).into_iter().map(Option::unwrap_or_default);
        std::iter::once(thousands(*epoch as u64))
            .chain(cells)
            .collect()
    });
    let columns = columns.iter().map(|name| (*name, Column::Number));
    let table = Table::new(
        caption,
        [("epoch", Column::Word)].into_iter().chain(columns),
        rows,
    );
    html! {
        @if epochs.is_empty() { p { "This record has no curve." } }
        @else { details { summary { (caption) } (table.html(&[])) } }
    }
}

/// What was run: the settings in the open, long lists folded away.
fn definition(definition: &Definition) -> Markup {
    let or = |setting: &Option<String>, none: &str| setting.as_deref().unwrap_or(none).to_owned();
    let settings = [
        ("experiments", definition.experiments.join(", ")),
        (
            "command",
            format!("`{}`", definition.command.replace('`', "'")),
        ),
        ("program version", definition.program.clone()),
        ("kernel class", definition.kernel.clone()),
        ("seeds", seeds_in_words(&definition.seeds)),
        ("learning rate", definition.learning_rate.to_string()),
        ("batch", definition.settings.batch.to_string()),
        ("initial weights", definition.settings.initializer.clone()),
        ("momentum", or(&definition.settings.momentum, "0")),
        (
            "pixels standardized by",
            or(&definition.settings.standardize, "none"),
        ),
    ];
    let digests = definition
        .digests
        .iter()
        .map(|(data, [train, test])| vec![data.clone(), train.clone(), test.clone()]);
    let columns = [
        ("data set", Column::Word),
        ("training samples", Column::Code),
        ("test samples", Column::Code),
    ];
    let digests = Table::new("SHA-256 of the samples, by data set", columns, digests);
    html! {
        dl.settings {
            @for (name, value) in &settings { dt { (name) } dd { (prose(value)) } "\n" }
        }
        @for (title, points) in definition.lists() {
            details.printed { summary { (title) } (list(points)) }
        }
        @if !digests.rows.is_empty() {
            details.printed { summary { "Digests of the data" } (digests.html(&[])) }
        }
    }
}
