//! Figures of a record: accuracy over the epochs with bands over the seeds, and spine counts over
//! time.

use crate::count::thousands;
use crate::figure::{Axis, Figure, Panel, Series, height_of, render};
use crate::{Curve, Error, Method, Record, Row};

/// What an accuracy figure shows.
const ACCURACY_DESCRIPTION: &str = "Accuracy on the test samples over the epochs for each method; bands: one standard deviation over the seeds";
/// What a figure of spine events shows.
const SPINE_DESCRIPTION: &str = "How many weight bounds grew, shrank, appeared (left zero) and disappeared (reached zero) in an epoch, mean over \
                                 the seeds and over the epochs since the evaluation before";
/// What a figure of spine states shows.
const STATE_DESCRIPTION: &str = "How many weights stood at their bound (saturated), how many bounds and how many weights were zero, at each evaluation, mean over the seeds";

/// Spine events by the names of their counts.
pub(crate) const EVENTS: [&str; 4] = ["grew", "shrank", "appeared", "disappeared"];
/// Spine states: the name of the count, and what it counts.
pub(crate) const STATES: [(&str, &str); 3] = [
    ("saturated", "saturated weights"),
    ("zero_bounds", "bounds at zero"),
    ("zero_weights", "weights at zero"),
];

/// Width and height of a figure that shows one network.
const ONE_NETWORK: (u32, u32) = (520, 380);

/// Accuracy over the epochs, one panel a network, one line a method, with bands of one standard
/// deviation over the seeds.
///
/// # Errors
///
/// [`Error::Figure`] if the record has no curves.
pub fn accuracy_figure(record: &Record) -> Result<String, Error> {
    let panels = networks(record)
        .into_iter()
        .map(|rows| accuracy_panel(&rows, panel_title(record, rows[0])));
    of_networks(
        "Test accuracy while training",
        ACCURACY_DESCRIPTION,
        panels.collect(),
    )
}

/// Spine events over the epochs, one panel a network.
///
/// # Errors
///
/// [`Error::Figure`] if no row of the record has spine counts.
pub fn spine_figure(record: &Record) -> Result<String, Error> {
    let with_spines = record
        .rows
        .iter()
        .filter(|row| row.curve.counts.contains_key("grew"));
    let panels = with_spines.map(|row| spine_panel(row, panel_title(record, row)));
    of_networks(
        "What the spines do while training with BDNN-dsd",
        SPINE_DESCRIPTION,
        panels.collect(),
    )
}

/// Draws the panels of all networks, three beside each other.
fn of_networks(title: &str, description: &str, panels: Vec<Panel>) -> Result<String, Error> {
    let height = match panels.len() {
        0..=3 => 420,
        more => height_of(more),
    };
    Ok(render(&Figure {
        title: title.to_owned(),
        description: description.to_owned(),
        panels,
        size: (900, height),
    })?)
}

/// What a network is among those of its record.
fn panel_title(record: &Record, row: &Row) -> String {
    let is_alone = record
        .rows
        .iter()
        .all(|other| (&other.data, other.train) == (&row.data, row.train));
    if is_alone {
        format!("{} hidden units", row.hidden)
    } else {
        format!(
            "{} {}, {} units",
            thousands(row.train as u64),
            row.data,
            row.hidden
        )
    }
}

/// A figure about one network: what it shows, and its drawing.
pub(crate) struct Chart {
    /// What there is to see, in words.
    pub(crate) description: &'static str,
    /// The SVG document.
    pub(crate) svg: String,
}

/// Accuracy of one network's methods over the epochs; nothing if there is no curve.
pub(crate) fn accuracy_chart(rows: &[&Row]) -> Result<Option<Chart>, Error> {
    let title = format!("Test accuracy, {} hidden units", rows[0].hidden);
    one_network(
        title,
        ACCURACY_DESCRIPTION,
        accuracy_panel(rows, String::new()),
    )
}

/// Spine events of one row over the epochs; nothing if it has none.
pub(crate) fn spine_chart(row: &Row) -> Result<Option<Chart>, Error> {
    let title = format!("Changes of the bounds, {} hidden units", row.hidden);
    one_network(title, SPINE_DESCRIPTION, spine_panel(row, String::new()))
}

/// Spine states of one row over the epochs; nothing if it has none.
pub(crate) fn state_chart(row: &Row) -> Result<Option<Chart>, Error> {
    let line = |(style, (name, label)): (usize, &(&str, &str))| {
        let counts = row.curve.counts.get(*name)?;
        let measured = row.curve.epoch.iter().zip(counts);
        let points = measured.filter(|(epoch, _)| **epoch > 0);
        let points = points.map(|(epoch, count)| (*epoch as f64, *count));
        Some(Series::new(*label, points.collect(), style))
    };
    let panel = Panel {
        title: String::new(),
        x: epochs(),
        y: axis("weights", None),
        series: STATES.iter().enumerate().filter_map(line).collect(),
    };
    let title = format!("State of the bounds, {} hidden units", row.hidden);
    one_network(title, STATE_DESCRIPTION, panel)
}

/// Draws a panel alone, without the lines that have no point.
fn one_network(
    title: String,
    description: &'static str,
    mut panel: Panel,
) -> Result<Option<Chart>, Error> {
    panel.series.retain(|series| !series.points.is_empty());
    if panel.series.is_empty() {
        return Ok(None);
    }
    let figure = Figure {
        title,
        description: description.to_owned(),
        panels: vec![panel],
        size: ONE_NETWORK,
    };
    Ok(Some(Chart {
        description,
        svg: render(&figure)?,
    }))
}

fn accuracy_panel(rows: &[&Row], title: String) -> Panel {
    Panel {
        title,
        x: epochs(),
        y: axis("test accuracy (%)", Some(accuracy_range(rows))),
        series: rows
            .iter()
            .filter(|row| !row.method.is_variant())
            .map(|row| accuracy_series(row))
            .collect(),
    }
}

fn spine_panel(row: &Row, title: String) -> Panel {
    Panel {
        title,
        x: epochs(),
        y: Axis::new("bounds changed an epoch", true),
        series: EVENTS
            .iter()
            .enumerate()
            .map(|(style, name)| events(&row.curve, name, style))
            .collect(),
    }
}

/// Rows of each network, in the order of the record.
pub(crate) fn networks(record: &Record) -> Vec<Vec<&Row>> {
    let network = |row: &Row| (row.hidden, row.data.clone(), row.train);
    let networks = record.rows.chunk_by(|a, b| network(a) == network(b));
    networks.map(|rows| rows.iter().collect()).collect()
}

fn axis(label: &str, range: Option<(f64, f64)>) -> Axis {
    Axis {
        range,
        ..Axis::new(label, false)
    }
}

fn epochs() -> Axis {
    Axis::new("epoch", true)
}

/// The accuracy axis goes from a round number below what the networks have after a tenth of the run
/// to one above what they reach.
fn accuracy_range(rows: &[&Row]) -> (f64, f64) {
    let early = rows
        .iter()
        .filter_map(|row| row.curve.accuracy.get(row.curve.accuracy.len() / 10))
        .fold(100.0, |low: f64, &value| low.min(value));
    let highest = rows
        .iter()
        .flat_map(|row| &row.curve.accuracy)
        .fold(0.0, |high: f64, &value| high.max(value));
    (
        ((early / 10.0).floor() * 10.0 - 10.0).clamp(0.0, 90.0),
        ((highest / 5.0).floor() * 5.0 + 5.0).min(100.0),
    )
}

fn accuracy_series(row: &Row) -> Series {
    let Curve {
        epoch,
        accuracy,
        accuracy_sd,
        ..
    } = &row.curve;
    // Epoch 0 has no place on a logarithmic axis.
    let measured = || {
        epoch
            .iter()
            .zip(accuracy.iter().zip(accuracy_sd))
            .filter(|(epoch, _)| **epoch > 0)
    };
    Series {
        label: row.method.name().to_owned(),
        points: measured()
            .map(|(epoch, (accuracy, _))| (*epoch as f64, *accuracy))
            .collect(),
        band: if row.runs > 1 {
            measured()
                .map(|(_, (accuracy, sd))| (accuracy - sd, accuracy + sd))
                .collect()
        } else {
            Vec::new()
        },
        style: Method::PAPER
            .iter()
            .position(|method| *method == row.method)
            .unwrap_or(0),
    }
}

/// Events of one kind for each epoch since the evaluation before.
fn events(curve: &Curve, name: &str, style: usize) -> Series {
    let counts = curve.counts.get(name).map_or([].as_slice(), Vec::as_slice);
    let pairs = curve.epoch.windows(2).zip(counts.iter().skip(1));
    let points =
        pairs.map(|(epochs, count)| (epochs[1] as f64, count / (epochs[1] - epochs[0]) as f64));
    Series::new(name, points.collect(), style)
}

#[cfg(test)]
mod tests {
    use super::{Record, accuracy_figure, accuracy_range, spine_figure};

    #[test]
    fn the_accuracy_axis_holds_the_curves_and_little_more() {
        let mut record: Record =
            serde_json::from_str(include_str!("../../../results/tables-3-4.json")).unwrap();
        let mut range = |accuracies: [f64; 4]| {
            let row = &mut record.rows[0];
            (row.curve.epoch, row.curve.accuracy) = (vec![0, 1, 2, 3], accuracies.to_vec());
            accuracy_range(&[row])
        };
        assert_eq!(range([10.0, 33.0, 45.0, 51.2]), (0.0, 55.0));
        assert_eq!(range([95.0, 99.0, 99.9, 100.0]), (80.0, 100.0));
        assert_eq!(range([0.0; 4]), (0.0, 5.0));
    }

    /// Every table of the paper: twelve networks.
    #[test]
    fn a_record_of_many_networks_has_room_for_all_and_says_which_is_which() {
        let mut record: Record =
            serde_json::from_str(include_str!("../../../results/tables-3-4.json")).unwrap();
        let rows = record.rows.clone();
        for data in ["fashion-mnist", "cifar-10", "mnist-a", "mnist-b", "mnist-c"] {
            let mut more = rows.clone();
            for row in &mut more {
                data.clone_into(&mut row.data);
            }
            record.rows.extend(more);
        }
        for svg in [
            accuracy_figure(&record).unwrap(),
            spine_figure(&record).unwrap(),
        ] {
            assert!(
                svg.contains("1,200 fashion-mnist, 100 units")
                    && svg.contains("1,200 cifar-10, 10 units")
            );
        }
        record.rows.truncate(rows.len());
        assert!(
            accuracy_figure(&record)
                .unwrap()
                .contains(">\n100 hidden units\n<"),
            "one data set needs no name"
        );
    }
}
