//! A figure's record as SVG, and as a table of what sums it up.

use super::{FigurePanel, FigureRecord};
use crate::figure::{
    Axis, Bars, Figure, Histograms, Panel, Series, height_of, render, render_histograms,
};
use crate::paper::table::seeds_in_words;
use crate::table::{Column, Table};
use crate::{Error, Method};

/// The figure as one SVG document.
///
/// # Errors
///
/// [`Error::Figure`] if the record cannot be drawn.
pub fn figure_svg(record: &FigureRecord) -> Result<String, Error> {
    let axis = Axis::new;
    let (title, description) = (record.title.clone(), record.description.clone());
    if record.panels.iter().all(|panel| !panel.counts.is_empty()) {
        let bars = record.panels.iter().map(|panel| Bars {
            title: shown_title(panel).to_owned(),
            edges: panel.edges.clone(),
            counts: panel
                .counts
                .iter()
                .map(|count| count.round().max(0.0) as u64)
                .collect(),
        });
        let (x, y) = (axis("weight", false), axis("weights per bin", true));
        return Ok(render_histograms(&Histograms {
            title,
            description,
            x,
            y,
            panels: bars.collect(),
            size: (900, 620),
        })?);
    }
    let [x, y] = record.axes.as_ref().map_or(["epoch", "synapses"], |axes| {
        axes.each_ref().map(String::as_str)
    });
    // The same for all panels where there is a whole.
    let range = y.ends_with("(%)").then_some((0.0, 100.0));
    let panel = |panel: &super::FigurePanel| {
        let series = panel.curves.iter().enumerate().map(|(style, curve)| {
            let points = panel
                .epoch
                .iter()
                .zip(&curve.mean)
                .map(|(epoch, mean)| (*epoch as f64, *mean));
            let band = curve
                .mean
                .iter()
                .zip(&curve.sd)
                .map(|(mean, sd)| (mean - sd, mean + sd));
            let band = if record.seeds.len() > 1 {
                band.collect()
            } else {
                Vec::new()
            };
            Series {
                label: curve.label.clone(),
                points: points.collect(),
                band,
                style: style + 1,
            }
        });
        Panel {
            title: panel.title.clone(),
            x: axis(x, false),
            y: Axis {
                range,
                ..axis(y, false)
            },
            series: series.collect(),
        }
    };
    let panels: Vec<Panel> = record.panels.iter().map(panel).collect();
    let height = height_of(panels.len());
    Ok(render(&Figure {
        title,
        description,
        panels,
        size: (900, height),
    })?)
}

/// A panel of a method has the name that tables have, also in earlier records.
fn shown_title(panel: &FigurePanel) -> &str {
    match panel.title.parse::<Method>() {
        Ok(method) => method.name(),
        Err(_) => &panel.title,
    }
}

/// What sums the panels up, one row each.
pub(crate) fn table(record: &FigureRecord) -> Table {
    let names = record.summary_names();
    let rows = record.panels.iter().map(|panel| {
        let values = names.iter().map(|name| {
            panel
                .summary
                .get(*name)
                .map_or_else(String::new, |value| short(*value))
        });
        std::iter::once(shown_title(panel).to_owned())
            .chain(values)
            .collect()
    });
    let columns = names.iter().map(|name| (name.as_str(), Column::Number));
    Table::new(
        record.title.clone(),
        [("panel", Column::Word)].into_iter().chain(columns),
        rows,
    )
}

/// How the numbers were made.
pub(crate) fn notes(record: &FigureRecord) -> String {
    let seeds = seeds_in_words(&record.seeds);
    format!("Mean over the runs, {seeds}, kernel {}.\n", record.kernel)
}

/// Whole numbers without decimals, others with three.
fn short(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}
