//! The course of training: figures of each network, and the same numbers as text.

use std::collections::BTreeSet;

use super::numbers::{filled, open_scroll};
use crate::count::thousands;
use crate::curves::{Chart, EVENTS, STATES, accuracy_chart, networks, spine_chart, state_chart};
use crate::escape::escaped;
use crate::table::network_of;
use crate::{Error, Record, Row};

/// Rows of a curve that is given as text.
const MOST_ROWS: usize = 25;

/// Accuracy of every network.
pub(super) fn accuracy(record: &Record) -> String {
    let parts = networks(record).into_iter().map(|rows| {
        let network = network_of(rows[0]);
        let head: Vec<String> = rows
            .iter()
            .map(|row| row.method.name().to_owned())
            .collect();
        let value = |row: &Row, index: usize| match (
            row.curve.accuracy.get(index),
            row.curve.accuracy_sd.get(index),
        ) {
            (Some(mean), Some(sd)) if row.runs > 1 => format!("{mean:.2} ± {sd:.2}"),
            (Some(mean), _) => format!("{mean:.2}"),
            _ => String::new(),
        };
        let cells = |epoch: usize| {
            let cell = |row: &&Row| {
                row.curve
                    .epoch
                    .binary_search(&epoch)
                    .map_or_else(|_| String::new(), |index| value(row, index))
            };
            rows.iter().map(cell).collect()
        };
        let caption =
            format!("Test accuracy (%) of {network}, mean ± standard deviation over the runs");
        let figure = figure(accuracy_chart(&rows), &network);
        format!(
            "<div>\n{figure}{}</div>\n",
            table(&caption, &head, &epochs(&rows), &cells)
        )
    });
    format!(
        "<div class=\"course\">\n{}</div>\n",
        parts.collect::<String>()
    )
}

/// Spine counts of every row that has them; empty if none has.
pub(super) fn spines(record: &Record) -> String {
    let parts = record
        .rows
        .iter()
        .filter(|row| !row.curve.counts.is_empty())
        .map(|row| {
            let network = network_of(row);
            let events = EVENTS.map(|name| (name, format!("{name} an epoch"), true));
            let states = STATES.map(|(name, label)| (name, label.to_owned(), false));
            let columns: Vec<_> = events
                .into_iter()
                .chain(states)
                .filter(|(name, ..)| row.curve.counts.contains_key(*name))
                .collect();
            let head: Vec<String> = columns.iter().map(|(_, label, _)| label.clone()).collect();
            let cells = |epoch: usize| {
                columns
                    .iter()
                    .map(|(name, _, is_event)| count(row, name, *is_event, epoch))
                    .collect()
            };
            let caption = format!("Spine counts of {network}, mean over the runs");
            let figures = figure(spine_chart(row), &network) + &figure(state_chart(row), &network);
            format!(
                "<div class=\"course\">\n{figures}{}</div>\n",
                table(&caption, &head, &epochs(&[row]), &cells)
            )
        });
    parts.collect()
}

/// A count at an epoch; an event's for each epoch since the evaluation before.
fn count(row: &Row, name: &str, is_event: bool, epoch: usize) -> String {
    let Ok(index) = row.curve.epoch.binary_search(&epoch) else {
        return String::new();
    };
    let Some(count) = row
        .curve
        .counts
        .get(name)
        .and_then(|counts| counts.get(index))
    else {
        return String::new();
    };
    if !is_event {
        return format!("{count:.1}");
    }
    let before = index
        .checked_sub(1)
        .and_then(|before| row.curve.epoch.get(before));
    before.map_or_else(String::new, |before| {
        format!("{:.1}", count / (epoch - before) as f64)
    })
}

/// A drawing with its words; a record without curves has none, and one that cannot be drawn says
/// why.
fn figure(chart: Result<Option<Chart>, Error>, network: &str) -> String {
    match chart {
        Ok(Some(Chart { description, svg })) => {
            let label = format!("Figure, {network}");
            format!(
                "<figure>\n{}{}</div>\n<figcaption>{}. {}.</figcaption>\n</figure>\n",
                open_scroll(&label).replace("\"scroll\"", "\"scroll surface\""),
                svg.trim_end(),
                escaped(network),
                escaped(description)
            )
        }
        Ok(None) => String::new(),
        Err(error) => format!(
            "<p>The figure of {} cannot be drawn: {}.</p>\n",
            escaped(network),
            escaped(&error.to_string())
        ),
    }
}

/// All epochs at which any of the rows was evaluated, thinned.
fn epochs(rows: &[&Row]) -> Vec<usize> {
    let all: BTreeSet<usize> = rows
        .iter()
        .flat_map(|row| row.curve.epoch.iter().copied())
        .collect();
    thinned(&all.into_iter().collect::<Vec<_>>(), MOST_ROWS)
}

/// At most `most` values at equal distances in the list, with the first and the last.
fn thinned(values: &[usize], most: usize) -> Vec<usize> {
    if values.len() <= most {
        return values.to_vec();
    }
    (0..most)
        .map(|index| values[index * (values.len() - 1) / (most - 1)])
        .collect()
}

/// A curve as text, folded away.
fn table(
    caption: &str,
    head: &[String],
    epochs: &[usize],
    cells: &dyn Fn(usize) -> Vec<String>,
) -> String {
    if epochs.is_empty() {
        return "<p>This record has no curve.</p>\n".to_owned();
    }
    let head = head
        .iter()
        .map(|name| format!("<th scope=\"col\" class=\"number\">{}</th>", escaped(name)))
        .collect::<Vec<_>>()
        .concat();
    let rows = epochs.iter().map(|epoch| {
        let cells = cells(*epoch)
            .iter()
            .map(|cell| format!("<td>{}</td>", filled(cell)))
            .collect::<Vec<_>>()
            .concat();
        format!(
            "<tr><th scope=\"row\" class=\"number\">{}</th>{cells}</tr>\n",
            thousands(*epoch as u64)
        )
    });
    format!(
        "<details>\n<summary>{caption}</summary>\n{}<table>\n<caption>{caption}</caption>\n\
         <thead><tr><th scope=\"col\" class=\"number\">epoch</th>{head}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n</details>\n",
        open_scroll(caption),
        rows.collect::<String>(),
        caption = escaped(caption),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_is_thinned_to_its_ends_and_what_is_between() {
        let long: Vec<usize> = (0..=1500).step_by(10).collect();
        let found = thinned(&long, 25);
        assert_eq!((found.len(), found[0], found[24]), (25, 0, 1500));
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(thinned(&long[..25], 25), &long[..25]);
        assert_eq!(thinned(&[], 25), [0; 0]);
    }
}
