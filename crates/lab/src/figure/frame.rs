//! The frame of a panel: title, axes, ticks and grid.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::prelude::{BLACK, Cartesian2d, Color, RGBColor, SVGBackend};

use super::scale::Scale;
use super::text::{self, LABEL, PANEL_TITLE};
use super::{Area, Axis, FigureError, UNIT, layout};

/// The chart of a panel, on which places become units of the drawing.
pub(super) type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Scale, Scale>>;

/// Pixels above a panel that hold its title.
const TITLE_HEIGHT: i32 = 24;
/// Pixels below a panel that hold the ticks' labels and the axis's label.
const X_LABELS: i32 = 40;
/// Pixels of a tick.
const TICK: i32 = 4;
/// Pixels free at the left.
const LEFT: i32 = 8;
/// Pixels free at the right, for half of the last tick's label.
const RIGHT: i32 = 26;
/// Pixels free below the axis's label.
const BELOW: i32 = 8;
/// Least pixels for the data, either way.
const LEAST: i32 = 60;

/// Draws the frame of a panel and returns its chart.
pub(super) fn draw<'a>(
    area: &Area<'a>,
    title: &str,
    (x_axis, mut x): (&Axis, Scale),
    (y_axis, mut y): (&Axis, Scale),
) -> Result<Chart<'a>, FigureError> {
    let (head, body) = layout::cut_top(area, if title.is_empty() { 6 } else { TITLE_HEIGHT });
    text::draw_heading(&head, title, PANEL_TITLE)?;

    let (width, height) = body.dim_in_pixel();
    let height = height.cast_signed() / UNIT - X_LABELS - BELOW;
    y.set_ticks(f64::from(height), |_| 2.5 * LABEL);
    let widest = y
        .labels()
        .map(|label| text::width(label, LABEL))
        .fold(0.0, f64::max);
    let y_labels = widest.ceil() as i32 + 2 * TICK + LABEL as i32 + 8;
    let width = width.cast_signed() / UNIT - LEFT - y_labels - RIGHT;
    if width < LEAST || height < LEAST {
        return Err(FigureError::TooSmall {
            panel: title.to_owned(),
            width,
            height,
        });
    }
    x.set_ticks(f64::from(width), |label| {
        text::width(label, LABEL) + 1.5 * LABEL
    });

    let mut chart = ChartBuilder::on(&body)
        .margin_left(LEFT * UNIT)
        .margin_right(RIGHT * UNIT)
        .margin_bottom(BELOW * UNIT)
        .y_label_area_size(y_labels * UNIT)
        .x_label_area_size(X_LABELS * UNIT)
        .build_cartesian_2d(x, y)?;
    let longest = text::width(&x_axis.label, LABEL) / f64::from(width).max(1.0);
    let tallest = text::width(&y_axis.label, LABEL) / f64::from(height).max(1.0);
    let name_size = (LABEL / longest.max(tallest).max(1.0)).max(7.0).round();
    chart
        .configure_mesh()
        .x_desc(&x_axis.label)
        .y_desc(&y_axis.label)
        .axis_desc_style(text::style(name_size, false))
        .label_style(text::style(LABEL, false))
        .set_all_tick_mark_size(TICK * UNIT)
        .axis_style(BLACK.stroke_width(4))
        .bold_line_style(RGBColor(0xD8, 0xD8, 0xD8).stroke_width(3))
        .light_line_style(RGBColor(0xF0, 0xF0, 0xF0).stroke_width(3))
        .draw()?;
    Ok(chart)
}
