//! Histograms side by side, with one range of values for all so that widths can be compared.

use plotters::element::{PathElement, Polygon};
use plotters::prelude::Color;

use super::scale::Scale;
use super::{Area, Axis, FigureError, document, frame, layout, palette};

/// One histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// Heading of the panel.
    pub title: String,
    /// Edges of the bins, rising; one more than bins.
    pub edges: Vec<f64>,
    /// Count of each bin.
    pub counts: Vec<u64>,
}

/// A picture of histograms.
#[derive(Debug, Clone, PartialEq)]
pub struct Histograms {
    /// Heading of the picture, and its name for screen readers.
    pub title: String,
    /// What there is to see, in words, for readers who cannot see it.
    pub description: String,
    /// The values, for all panels; `None` as range takes the first and last edge of all panels.
    pub x: Axis,
    /// The counts; `None` as range lets each panel have its own. A bin of 0 is empty on a
    /// logarithmic axis too, which then starts below 1.
    pub y: Axis,
    /// The histograms, row by row.
    pub panels: Vec<Bars>,
    /// Width and height in pixels; 900 x 560 suits four panels.
    pub size: (u32, u32),
}

/// Draws histograms as one SVG document.
///
/// # Errors
///
/// - [`FigureError::NoPanels`] if there is no histogram.
/// - [`FigureError::EdgeCount`], [`FigureError::EdgeOrder`] if the edges do not fit the counts, do
///   not rise or are not finite.
/// - [`FigureError::InvalidRange`], [`FigureError::TooSmall`] as for [`render`](super::render).
///
/// # Determinism
///
/// The same histograms give the same bytes.
pub fn render_histograms(figure: &Histograms) -> Result<String, FigureError> {
    if figure.panels.is_empty() {
        return Err(FigureError::NoPanels {
            figure: figure.title.clone(),
        });
    }
    figure.panels.iter().try_for_each(check)?;
    let x = Scale::new(
        &figure.x,
        figure
            .panels
            .iter()
            .flat_map(|bars| bars.edges.iter().copied()),
        false,
    )?;
    document::draw(&figure.title, &figure.description, figure.size, |root| {
        for (cell, bars) in layout::cells(root, figure.panels.len())
            .iter()
            .zip(&figure.panels)
        {
            draw_bars(root, cell, (&figure.x, &x), &figure.y, bars)?;
        }
        Ok(())
    })
}

fn check(bars: &Bars) -> Result<(), FigureError> {
    let (edges, counts) = (bars.edges.len(), bars.counts.len());
    if counts == 0 || edges != counts + 1 {
        return Err(FigureError::EdgeCount {
            panel: bars.title.clone(),
            edges,
            counts,
        });
    }
    let is_wrong =
        |i: usize| !bars.edges[i].is_finite() || (i > 0 && bars.edges[i] <= bars.edges[i - 1]);
    match (0..edges).find(|&i| is_wrong(i)) {
        Some(index) => Err(FigureError::EdgeOrder {
            panel: bars.title.clone(),
            index,
            value: bars.edges[index],
        }),
        None => Ok(()),
    }
}

/// Draws one histogram as a filled outline: bars one by one would show seams between them.
fn draw_bars<'a>(
    root: &Area<'a>,
    cell: &Area<'a>,
    (x_axis, x): (&Axis, &Scale),
    y_axis: &Axis,
    bars: &Bars,
) -> Result<(), FigureError> {
    let counts = || bars.counts.iter().map(|&count| count as f64);
    // Half a count shows a bin of one as a bar and not as nothing.
    let (floor, headroom) = if y_axis.is_logarithmic {
        (0.5, 1.4)
    } else {
        (0.0, 1.04)
    };
    let y = Scale::new(
        y_axis,
        counts()
            .map(|count| (count * headroom).max(floor))
            .chain([floor]),
        false,
    )?;
    let chart = frame::draw(cell, &bars.title, (x_axis, x.clone()), (y_axis, y.clone()))?;
    let bottom = y.ends().0;
    let mut outline = Vec::with_capacity(2 * bars.edges.len() + 2);
    for (pair, count) in bars.edges.windows(2).zip(counts()) {
        let (Some(left), Some(right), Some(top)) = (
            x.place_inside(pair[0]),
            x.place_inside(pair[1]),
            y.place_inside(count),
        ) else {
            continue;
        };
        if outline.is_empty() {
            outline.push(chart.backend_coord(&(left, bottom)));
        }
        outline.extend([
            chart.backend_coord(&(left, top)),
            chart.backend_coord(&(right, top)),
        ]);
    }
    if let Some(&(end, _)) = outline.last() {
        let base = outline[0].1;
        outline.push((end, base));
    }
    let canvas = root.use_screen_coord();
    let colour = palette::look(1).colour;
    outline.dedup();
    canvas.draw(&Polygon::new(outline.clone(), colour.mix(0.45)))?;
    canvas.draw(&PathElement::new(outline, colour.stroke_width(5)))?;
    Ok(())
}
