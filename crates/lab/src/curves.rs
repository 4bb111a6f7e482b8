//! Figures of a record: accuracy over the epochs with bands over the seeds, and spine counts over time.

use crate::figure::{Axis, Figure, Panel, Series, render};
use crate::{Curve, Error, Method, Record, Row};

/// Accuracy over the epochs, one panel a network, one line a method, with bands of one standard deviation over the seeds.
///
/// # Errors
///
/// [`Error::Figure`] if the record has no curves.
pub fn accuracy_figure(record: &Record) -> Result<String, Error> {
    let panels = networks(record).into_iter().map(|rows| Panel {
        title: format!("{} hidden units", rows[0].hidden),
        x: epochs(),
        y: axis("test accuracy (%)", Some((accuracy_floor(&rows), 100.0))),
        series: rows.iter().map(|row| accuracy_series(row)).collect(),
    });
    let figure = Figure {
        title: "Test accuracy while training".to_owned(),
        description: "Accuracy on the test samples over the epochs for each method; bands: one standard deviation over the seeds"
            .to_owned(),
        panels: panels.collect(),
        size: (900, 420),
    };
    Ok(render(&figure)?)
}

/// Spine events over the epochs, one panel a network.
///
/// # Errors
///
/// [`Error::Figure`] if no row of the record has spine counts.
pub fn spine_figure(record: &Record) -> Result<String, Error> {
    let with_spines = record.rows.iter().filter(|row| row.curve.counts.contains_key("grew"));
    let panels = with_spines.map(|row| Panel {
        title: format!("{} hidden units", row.hidden),
        x: epochs(),
        y: Axis { label: "bounds changed an epoch".to_owned(), range: None, is_logarithmic: true },
        series: ["grew", "shrank", "appeared", "disappeared"]
            .iter()
            .enumerate()
            .map(|(style, name)| events(&row.curve, name, style))
            .collect(),
    });
    let figure = Figure {
        title: "What the spines do while training with BDNN-dsd".to_owned(),
        description: "How many weight bounds grew, shrank, appeared (left zero) and disappeared (reached zero) in an epoch, mean over the \
                      seeds and over the epochs since the evaluation before"
            .to_owned(),
        panels: panels.collect(),
        size: (900, 420),
    };
    Ok(render(&figure)?)
}

/// Rows of each network, in the order of the record.
fn networks(record: &Record) -> Vec<Vec<&Row>> {
    let mut networks: Vec<Vec<&Row>> = Vec::new();
    for row in &record.rows {
        match networks.last_mut() {
            Some(rows) if rows[0].hidden == row.hidden && rows[0].data == row.data && rows[0].train == row.train => rows.push(row),
            _ => networks.push(vec![row]),
        }
    }
    networks
}

fn axis(label: &str, range: Option<(f64, f64)>) -> Axis {
    Axis { label: label.to_owned(), range, is_logarithmic: false }
}

fn epochs() -> Axis {
    Axis { label: "epoch".to_owned(), range: None, is_logarithmic: true }
}

/// The accuracy axis starts at a round number below what the networks have after a tenth of the run.
fn accuracy_floor(rows: &[&Row]) -> f64 {
    let early =
        rows.iter().filter_map(|row| row.curve.accuracy.get(row.curve.accuracy.len() / 10)).fold(100.0, |low: f64, &value| low.min(value));
    ((early / 10.0).floor() * 10.0 - 10.0).clamp(0.0, 90.0)
}

fn accuracy_series(row: &Row) -> Series {
    let Curve { epoch, accuracy, accuracy_sd, .. } = &row.curve;
    // Epoch 0 has no place on a logarithmic axis.
    let measured = || epoch.iter().zip(accuracy.iter().zip(accuracy_sd)).filter(|(epoch, _)| **epoch > 0);
    Series {
        label: row.method.name().to_owned(),
        points: measured().map(|(epoch, (accuracy, _))| (*epoch as f64, *accuracy)).collect(),
        band: if row.runs > 1 { measured().map(|(_, (accuracy, sd))| (accuracy - sd, accuracy + sd)).collect() } else { Vec::new() },
        style: Method::ALL.iter().position(|method| *method == row.method).unwrap_or(0),
    }
}

/// Events of one kind for each epoch since the evaluation before.
fn events(curve: &Curve, name: &str, style: usize) -> Series {
    let counts = curve.counts.get(name).map_or([].as_slice(), Vec::as_slice);
    let pairs = curve.epoch.windows(2).zip(counts.iter().skip(1));
    let points = pairs.map(|(epochs, count)| (epochs[1] as f64, count / (epochs[1] - epochs[0]) as f64));
    Series { label: name.to_owned(), points: points.collect(), band: Vec::new(), style }
}
