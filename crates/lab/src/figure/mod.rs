//! Charts as SVG text: curves with error bands ([`render`]), histograms ([`render_histograms`]) and
//! ranges under each other ([`render_ranges`]).
//!
//! The charts are made for print and for every reader: dark lines on white, the palette of Okabe
//! and Ito (which colour-blind people can tell apart), and a dash pattern and a marker per series,
//! so that a grey copy still says which line is which. The legend stands below the panels, never on
//! the data. A `<title>` and a `<desc>` speak to screen readers.
//!
//! The same figure gives the same bytes: nothing is measured with the fonts of the machine, no
//! clock is read, nothing is random.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};

mod curve;
mod document;
mod error;
mod frame;
mod histogram;
mod layout;
mod legend;
mod palette;
mod ranges;
mod scale;
mod text;

pub use error::FigureError;
pub use histogram::{Bars, Histograms, render_histograms};
pub use ranges::{Ranges, render_ranges};

/// The area plotters draws on, in units of the drawing.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Units of the drawing per pixel of the picture: plotters rounds every coordinate to a whole unit,
/// and a whole pixel makes curves jagged.
const UNIT: i32 = 4;

/// One line of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub label: String,
    /// The points `(x, y)` in the order in which they are joined. A point that is not finite, or
    /// not above 0 on a logarithmic axis, is left out and the line is interrupted there.
    pub points: Vec<(f64, f64)>,
    /// `(low, high)` for each point, drawn as a translucent band behind the lines; empty for no
    /// band.
    pub band: Vec<(f64, f64)>,
    /// Colour, dash pattern and marker: 0 is black and solid (the initial network), then blue,
    /// vermillion, bluish green, orange, reddish purple, sky blue and grey; 8 is 0 again.
    pub style: usize,
}

impl Series {
    /// A line without a band.
    pub fn new(label: impl Into<String>, points: Vec<(f64, f64)>, style: usize) -> Self {
        Self {
            label: label.into(),
            points,
            band: Vec::new(),
            style,
        }
    }
}

/// One axis of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Name with unit, such as `test accuracy (%)`.
    pub label: String,
    /// First and last value; `None` takes them from the data. What lies outside is cut off at the
    /// edge.
    pub range: Option<(f64, f64)>,
    /// Whether equal distances are equal ratios.
    pub is_logarithmic: bool,
}

impl Axis {
    /// An axis whose range is that of the data.
    pub fn new(label: &str, is_logarithmic: bool) -> Self {
        let label = label.to_owned();
        Self {
            label,
            range: None,
            is_logarithmic,
        }
    }
}

/// One pair of axes with its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Heading of the panel; may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// The lines, drawn in this order.
    pub series: Vec<Series>,
}

/// One picture: panels in a row, or in a grid when they would become too narrow.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Heading of the picture, and its name for screen readers.
    pub title: String,
    /// What there is to see, in words, for readers who cannot see it.
    pub description: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Width and height in pixels; 900 x 420 suits two panels.
    pub size: (u32, u32),
}

/// Height in pixels of a figure that is 900 wide, with so many panels, three beside each other.
pub(crate) fn height_of(panels: usize) -> u32 {
    90 + 320 * panels.div_ceil(3) as u32
}

/// Draws curves as one SVG document.
///
/// One legend serves all panels when they use each style for the same label; otherwise each panel
/// has its own.
///
/// # Errors
///
/// - [`FigureError::NoPanels`], [`FigureError::NoSeries`], [`FigureError::EmptySeries`] when there
///   is nothing to draw.
/// - [`FigureError::BandLength`] if a band has not one pair per point.
/// - [`FigureError::InvalidRange`] if an axis has a fixed range that is empty, not finite, or not
///   above 0 on a logarithmic axis.
/// - [`FigureError::TooSmall`] if the size leaves no room for the panels beside titles, labels and
///   legend.
///
/// # Determinism
///
/// The same figure gives the same bytes.
///
/// # Example
///
/// ```
/// use spinet_lab::figure::{Axis, Figure, Panel, Series, render};
///
/// let axis = |label| Axis::new(label, false);
/// let line = Series::new("baseline", vec![(1.0, 62.5), (2.0, 80.0)], 0);
/// let panel = Panel { title: String::new(), x: axis("epoch"), y: axis("test accuracy (%)"), series: vec![line] };
/// let figure = Figure { title: "Training".to_owned(), description: "Accuracy rises.".to_owned(), panels: vec![panel], size: (480, 320) };
/// assert!(render(&figure)?.contains("<title>Training</title>"));
/// # Ok::<(), spinet_lab::figure::FigureError>(())
/// ```
pub fn render(figure: &Figure) -> Result<String, FigureError> {
    check(figure)?;
    let shared = legend::entries(&figure.panels);
    document::draw(&figure.title, &figure.description, figure.size, |root| {
        if legend::is_unambiguous(&shared) {
            let (body, foot) =
                layout::cut_bottom(root, legend::height(&shared, layout::width(root)));
            legend::draw(&foot, &shared)?;
            let cells = layout::cells(&body, figure.panels.len());
            return cells
                .iter()
                .zip(&figure.panels)
                .try_for_each(|(cell, panel)| curve::draw_panel(root, cell, panel));
        }
        let cells = layout::cells(root, figure.panels.len());
        let keys: Vec<_> = figure
            .panels
            .iter()
            .map(|panel| legend::entries(std::slice::from_ref(panel)))
            .collect();
        // The tallest legend decides for all, so that the panels of a row end at the same height.
        let height = cells
            .iter()
            .zip(&keys)
            .map(|(cell, key)| legend::height(key, layout::width(cell)))
            .max()
            .unwrap_or(0);
        for ((cell, panel), key) in cells.iter().zip(&figure.panels).zip(&keys) {
            let (plot, foot) = layout::cut_bottom(cell, height);
            curve::draw_panel(root, &plot, panel)?;
            legend::draw(&foot, key)?;
        }
        Ok(())
    })
}

/// Refuses a figure in which something is missing or does not fit together.
fn check(figure: &Figure) -> Result<(), FigureError> {
    if figure.panels.is_empty() {
        return Err(FigureError::NoPanels {
            figure: figure.title.clone(),
        });
    }
    for panel in &figure.panels {
        if panel.series.is_empty() {
            return Err(FigureError::NoSeries {
                panel: panel.title.clone(),
            });
        }
        for series in &panel.series {
            if !series
                .points
                .iter()
                .any(|(x, y)| x.is_finite() && y.is_finite())
            {
                return Err(FigureError::EmptySeries {
                    panel: panel.title.clone(),
                    label: series.label.clone(),
                    points: series.points.len(),
                });
            }
            if !series.band.is_empty() && series.band.len() != series.points.len() {
                return Err(FigureError::BandLength {
                    panel: panel.title.clone(),
                    label: series.label.clone(),
                    found: series.band.len(),
                    expected: series.points.len(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
