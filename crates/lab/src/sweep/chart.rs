//! Figures of a sweep: accuracy, and L where it is known, along each axis of numbers.

use super::{SweepRecord, SweepRow};
use crate::figure::{Axis, Figure, Panel, Series, render};
use crate::{Error, Estimate};

/// Lines that a panel can show and a reader can follow.
const MOST_LINES: usize = 8;

/// The record's figure: for each axis of numbers a panel with the accuracy and, if known, one with
/// L.
///
/// Lines join points that differ in nothing else; points without any axis of numbers, such as other
/// rules, are level lines.
///
/// # Errors
///
/// [`Error::Figure`] if it cannot be drawn.
pub fn sweep_figure(record: &SweepRecord) -> Result<Option<String>, Error> {
    Ok(chart(record)?.map(|(svg, _)| svg))
}

/// The figure and what it shows, in words; none if nothing changes along an axis of numbers, or all
/// have more lines than a reader can follow.
pub(crate) fn chart(record: &SweepRecord) -> Result<Option<(String, String)>, Error> {
    let axes: Vec<&str> = record
        .axes()
        .into_iter()
        .filter(|axis| is_numeric(record, axis))
        .collect();
    let accuracy = format!("{} (%)", record.measure());
    let measures: [(&str, Metric); 2] = [
        (&accuracy, |row| Some(&row.accuracy)),
        ("speed-up L", |row| row.speedup.as_ref()),
    ];
    let (mut panels, mut labels) = (Vec::new(), Vec::<String>::new());
    for axis in &axes {
        for (label, measure) in measures {
            let mut series = lines(record, axis, &axes, measure);
            for series in &mut series {
                // The same line looks the same in every panel.
                let known = labels.iter().position(|label| *label == series.label);
                series.style = known.unwrap_or(labels.len());
                if known.is_none() {
                    labels.push(series.label.clone());
                }
            }
            if (1..=MOST_LINES).contains(&series.len()) {
                let (x, y) = (
                    Axis::new(axis, is_wide(record, axis)),
                    Axis::new(label, false),
                );
                panels.push(Panel {
                    title: String::new(),
                    x,
                    y,
                    series,
                });
            }
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    if labels.len() > MOST_LINES {
        // Looks repeat after so many: each panel has its own legend then, with looks of its own.
        for panel in &mut panels {
            panel
                .series
                .iter_mut()
                .enumerate()
                .for_each(|(style, series)| series.style = style);
        }
    }
    let rows = panels.len().div_ceil(2) as u32;
    let description = format!(
        "Accuracy on {} and, where known, speed-up L along {}; bands: one standard deviation over the runs, not below 0; level lines: configurations without these axes",
        record.definition.scored_on,
        axes.join(", ")
    );
    // Below three times the narrowest panel (`figure::layout`), so that accuracy and L of an axis
    // stand side by side.
    let size = (if panels.len() == 1 { 520 } else { 830 }, 90 + 330 * rows);
    let figure = Figure {
        title: format!("Sweep {}", record.definition.sweep),
        description: description.clone(),
        panels,
        size,
    };
    Ok(Some((render(&figure)?, description)))
}

type Metric = fn(&SweepRow) -> Option<&Estimate>;

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether an axis has at least two values, all of them numbers.
fn is_numeric(record: &SweepRecord, axis: &str) -> bool {
    let values = values(record, axis);
    values.len() > 1
        && record
            .points
            .iter()
            .filter_map(|point| point.value(axis))
            .all(|value| number(value).is_some())
}

/// Whether the values of an axis are far enough apart for equal ratios at equal distances.
fn is_wide(record: &SweepRecord, axis: &str) -> bool {
    let values = values(record, axis);
    values
        .first()
        .is_some_and(|low| *low > 0.0 && values.last().is_some_and(|high| high / low >= 20.0))
}

/// The different numbers on an axis, rising.
fn values(record: &SweepRecord, axis: &str) -> Vec<f64> {
    let mut values: Vec<f64> = record
        .points
        .iter()
        .filter_map(|point| number(point.value(axis)?))
        .collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// Level lines first, in the order of the record, then one line for each combination of the other
/// settings; nothing where no line would join two points.
fn lines(record: &SweepRecord, axis: &str, numeric: &[&str], measure: Metric) -> Vec<Series> {
    let varying: Vec<&str> = record
        .axes()
        .into_iter()
        .filter(|name| *name != axis && !is_constant(record, name))
        .collect();
    let others = |point: &SweepRow| {
        let settings = point
            .settings
            .iter()
            .filter(|(name, _)| varying.contains(&name.as_str()));
        let label = settings
            .map(|(name, value)| labelled(name, value))
            .collect::<Vec<_>>()
            .join(", ");
        if label.is_empty() {
            "runs".to_owned()
        } else {
            label
        }
    };
    let values = values(record, axis);
    let (Some(low), Some(high)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    let mut series: Vec<Series> = Vec::new();
    // Neither accuracy nor L is below 0; one run far above the others would draw a band there.
    let band = |Estimate { mean, sd, .. }: &Estimate| ((mean - sd).max(0.0), mean + sd);
    let is_level = |point: &&SweepRow| numeric.iter().all(|axis| point.value(axis).is_none());
    for point in record.points.iter().filter(is_level) {
        if let Some(estimate) = measure(point) {
            series.push(Series {
                label: others(point),
                points: vec![(*low, estimate.mean), (*high, estimate.mean)],
                band: vec![band(estimate); 2],
                style: 0,
            });
        }
    }
    let mut joined: Vec<(String, Vec<(f64, &Estimate)>)> = Vec::new();
    for point in &record.points {
        let (Some(at), Some(estimate)) = (point.value(axis).and_then(number), measure(point))
        else {
            continue;
        };
        let label = others(point);
        match joined.iter_mut().find(|(known, _)| *known == label) {
            Some((_, points)) => points.push((at, estimate)),
            None => joined.push((label, vec![(at, estimate)])),
        }
    }
    if joined.iter().all(|(_, points)| points.len() < 2) {
        return Vec::new();
    }
    for (label, mut points) in joined {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let place = |(at, estimate): &(f64, &Estimate)| (*at, estimate.mean);
        series.push(Series {
            label,
            points: points.iter().map(place).collect(),
            band: points.iter().map(|(_, estimate)| band(estimate)).collect(),
            style: 0,
        });
    }
    series
}

/// A setting in a legend: words speak for themselves, numbers need their name.
fn labelled(axis: &str, value: &str) -> String {
    let name = axis.rsplit('.').next().unwrap_or(axis).replace('_', " ");
    if number(value).is_some() {
        format!("{name} {value}")
    } else {
        value.to_owned()
    }
}

/// Whether every point that has the axis has the same value there.
fn is_constant(record: &SweepRecord, axis: &str) -> bool {
    let mut values = record.points.iter().filter_map(|point| point.value(axis));
    let first = values.next();
    values.all(|value| Some(value) == first)
        && record
            .points
            .iter()
            .all(|point| point.value(axis).is_some())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{SweepRecord, chart, lines};

    fn stored(name: &str) -> SweepRecord {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../results")
            .join(name);
        SweepRecord::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn only_axes_along_which_something_changes_are_drawn() {
        // Every rule at three rates, and every rule at a rate of its own.
        let (svg, _) = chart(&stored("grapes-mnist.json")).unwrap().unwrap();
        assert!(svg.contains("accuracy (%)") && svg.contains("learning_rate"));
        assert!(chart(&stored("grapes-optimizers.json")).unwrap().is_none());
    }

    /// With a threshold of 5, L is below 1 in four runs and 36 in the fifth.
    #[test]
    fn no_band_is_below_zero() {
        let record = stored("figure-4.json");
        let axes = [
            "bdnn-dsd.threshold",
            "bdnn-dsd.bound_step",
            "bdnn-dsd.initial_bound",
        ];
        let series = lines(&record, axes[0], &axes, |row| row.speedup.as_ref());
        let (low, high) = series.last().unwrap().band[0];
        let speedup = record
            .points
            .iter()
            .find(|point| point.value(axes[0]) == Some("5"))
            .unwrap()
            .speedup
            .as_ref()
            .unwrap();
        assert!(speedup.mean < speedup.sd);
        assert_eq!((low, high), (0.0, speedup.mean + speedup.sd));
    }
}
