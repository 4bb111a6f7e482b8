//! The SVG document around a chart: size, words for screen readers, background, title.

use plotters::prelude::WHITE;

use super::text::{self, TITLE};
use super::{Area, FigureError, IntoDrawingArea, SVGBackend, UNIT, layout, palette};
use crate::escape::{escaped, harmless};
use crate::record::results::SVG;

/// Pixels above the panels that hold the title.
const TITLE_HEIGHT: i32 = 34;

/// Draws a document of `size` pixels; `draw_body` gets the area below the title, and adds the rest.
pub(super) fn draw(
    title: &str,
    description: &str,
    size: (u32, u32),
    draw_body: impl FnOnce(&Area<'_>) -> Result<(), FigureError>,
) -> Result<String, FigureError> {
    let mut drawing = String::new();
    let unit = UNIT.unsigned_abs();
    let units = (size.0.saturating_mul(unit), size.1.saturating_mul(unit));
    let root = SVGBackend::with_string(&mut drawing, units).into_drawing_area();
    root.fill(&WHITE)?;
    let (head, body) = layout::cut_top(&root, if title.is_empty() { 8 } else { TITLE_HEIGHT });
    text::draw_heading(&head, title, TITLE)?;
    draw_body(&body)?;
    root.present()?;
    drop((head, body, root));
    // Whatever text got into the drawing by whatever way; plotters escapes markup only.
    let drawing = harmless(&palette::dashed(drawing));
    // The first line is plotters' own `<svg>` element, which knows neither the size in pixels nor
    // the words.
    let elements = drawing.split_once('\n').map_or("", |(_, rest)| rest);
    Ok(format!(
        "{SVG}{}\" height=\"{}\" viewBox=\"0 0 {} {}\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{elements}",
        size.0,
        size.1,
        units.0,
        units.1,
        escaped(title),
        escaped(description)
    ))
}
