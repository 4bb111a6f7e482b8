//! Text in a chart: sizes without fonts.
//!
//! The reader's machine chooses the font, so widths are estimates, on the safe side: 0.6 of the
//! size per character.

use plotters::prelude::{BLACK, Color, FontFamily, FontStyle, IntoFont, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, FigureError, UNIT};

/// Size of labels, in pixels.
pub(super) const LABEL: f64 = 12.0;
/// Size of a panel's title, in pixels.
pub(super) const PANEL_TITLE: f64 = 13.0;
/// Size of the figure's title, in pixels.
pub(super) const TITLE: f64 = 16.0;

/// Estimated width in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    0.6 * size * text.chars().count() as f64
}

/// The largest size, at most `size`, at which the text is estimated to be no wider than `room`
/// pixels; never below 7, which nobody can read.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> f64 {
    (size * (room / width(text, size).max(1.0)).min(1.0))
        .max(7.0)
        .round()
}

/// Black sans-serif text of a size in pixels.
pub(super) fn style(size: f64, is_bold: bool) -> TextStyle<'static> {
    // plotters writes 1 / 1.24 of the size it is given.
    let font = (FontFamily::SansSerif, size * f64::from(UNIT) * 1.24).into_font();
    font.style(if is_bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    })
    .color(&BLACK.to_rgba())
}

/// Writes bold text in the middle of an area, smaller if it would not fit.
pub(super) fn draw_heading(area: &Area<'_>, text: &str, size: f64) -> Result<(), FigureError> {
    if text.is_empty() {
        return Ok(());
    }
    let (width, height) = area.dim_in_pixel();
    let size = fitted(text, size, f64::from(width) / f64::from(UNIT));
    let style = style(size, true).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw_text(
        text,
        &style,
        (width.cast_signed() / 2, height.cast_signed() / 2),
    )?;
    Ok(())
}
