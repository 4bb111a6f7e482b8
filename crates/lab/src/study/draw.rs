//! A figure's record as SVG, and in a few lines of text.

use super::FigureRecord;
use crate::Error;
use crate::columns::aligned;
use crate::figure::{
    Axis, Bars, Figure, Histograms, Panel, Series, height_of, render, render_histograms,
};

/// The figure as one SVG document.
///
/// # Errors
///
/// [`Error::Figure`] if the record cannot be drawn.
pub fn figure_svg(record: &FigureRecord) -> Result<String, Error> {
    let axis = |label: &str, is_logarithmic| Axis {
        label: label.to_owned(),
        range: None,
        is_logarithmic,
    };
    let (title, description) = (record.title.clone(), record.description.clone());
    if record.panels.iter().all(|panel| !panel.counts.is_empty()) {
        let bars = record.panels.iter().map(|panel| Bars {
            title: panel.title.clone(),
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

/// What sums the panels up: the head of a table, and a row for each panel.
fn cells(record: &FigureRecord) -> (Vec<String>, Vec<Vec<String>>) {
    let names = record.summary_names();
    let row = |panel: &super::FigurePanel| {
        let values = names.iter().map(|name| {
            panel
                .summary
                .get(*name)
                .map_or_else(String::new, |value| short(*value))
        });
        std::iter::once(panel.title.clone()).chain(values).collect()
    };
    let head = std::iter::once("panel".to_owned())
        .chain(names.iter().map(|name| (*name).clone()))
        .collect();
    (head, record.panels.iter().map(row).collect())
}

/// Title, and for each panel what sums it up.
pub fn figure_text(record: &FigureRecord) -> String {
    let (head, rows) = cells(record);
    let reduced = record.reduced.as_ref().map_or_else(String::new, |reduced| {
        format!("\nNOT the full figure: {reduced}.\n")
    });
    let seeds = crate::table::seeds_in_words(&record.seeds);
    format!(
        "{}\n\n{}{reduced}\nMean over the runs, {seeds}, kernel {}.\n",
        record.title,
        aligned(&head, &rows, 1),
        record.kernel
    )
}

/// The same as a Markdown table.
pub fn figure_markdown(record: &FigureRecord) -> String {
    let (head, rows) = cells(record);
    let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
    let reduced = record.reduced.as_ref().map_or_else(String::new, |reduced| {
        format!("\nNOT the full figure: {reduced}.\n")
    });
    format!(
        "**{}**\n\n{}|:--|{}\n{}{reduced}\nMean over the runs, {}, kernel {}.\n",
        record.title,
        line(&head),
        "--:|".repeat(head.len() - 1),
        rows.iter().map(line).collect::<String>(),
        crate::table::seeds_in_words(&record.seeds),
        record.kernel
    )
}

/// Whole numbers without decimals, others with three.
pub(crate) fn short(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}
