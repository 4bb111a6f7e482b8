//! The legend: which look stands for which series, below the data.

use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::text::{self, LABEL};
use super::{Area, FigureError, Panel, UNIT, layout, palette};

/// Pixels of a sample of the line.
const SAMPLE: f64 = 44.0;
/// Pixels between the sample and its label.
const GAP: f64 = 7.0;
/// Pixels between one entry and the next.
const SPACING: f64 = 24.0;
/// Pixels from one row to the next.
const ROW: f64 = 20.0;

/// One line of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    label: String,
    style: usize,
}

impl Entry {
    fn width(&self) -> f64 {
        SAMPLE + GAP + text::width(&self.label, LABEL)
    }
}

/// The different entries of some panels, in order of appearance.
pub(super) fn entries(panels: &[Panel]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for series in panels.iter().flat_map(|panel| &panel.series) {
        let entry = Entry {
            label: series.label.clone(),
            style: series.style,
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// Whether no two entries share a style or a label.
pub(super) fn is_unambiguous(entries: &[Entry]) -> bool {
    let clash = |i: usize, entry: &Entry| {
        entries[..i]
            .iter()
            .any(|before| before.style == entry.style || before.label == entry.label)
    };
    !entries.iter().enumerate().any(|(i, entry)| clash(i, entry))
}

/// Pixels that the legend needs from top to bottom when it has `width` pixels.
pub(super) fn height(entries: &[Entry], width: f64) -> i32 {
    (rows(entries, width).len() as f64 * ROW) as i32 + 10
}

/// Draws the legend, each row in the middle.
pub(super) fn draw(area: &Area<'_>, entries: &[Entry]) -> Result<(), FigureError> {
    let width = layout::width(area);
    let unit = f64::from(UNIT);
    let label_style = text::style(LABEL, false).pos(Pos::new(HPos::Left, VPos::Center));
    for (i, row) in rows(entries, width).iter().enumerate() {
        let y = ((i as f64 + 0.5) * ROW * unit) as i32;
        let mut x = ((width - row_width(row)) / 2.0).max(4.0);
        for entry in *row {
            let at = |pixels: f64| ((x + pixels) * unit).round() as i32;
            let look = palette::look(entry.style);
            look.draw_line(area, vec![(at(0.0), y), (at(SAMPLE), y)])?;
            look.draw_marker(area, (at(SAMPLE / 2.0), y))?;
            area.draw_text(&entry.label, &label_style, (at(SAMPLE + GAP), y))?;
            x += entry.width() + SPACING;
        }
    }
    Ok(())
}

/// The entries in rows no wider than `width` pixels, each with at least one entry.
fn rows(entries: &[Entry], width: f64) -> Vec<&[Entry]> {
    let mut rows = Vec::new();
    let mut first = 0;
    for end in 1..=entries.len() {
        if end == entries.len() || row_width(&entries[first..=end]) > width {
            rows.push(&entries[first..end]);
            first = end;
        }
    }
    rows
}

fn row_width(row: &[Entry]) -> f64 {
    row.iter().map(Entry::width).sum::<f64>() + SPACING * row.len().saturating_sub(1) as f64
}
