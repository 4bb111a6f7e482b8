//! How one series differs from another: colour, dash pattern, marker.
//!
//! The colours are those of Okabe and Ito without the yellow, which is too light on white paper,
//! and with black and grey.

use plotters::element::{Circle, PathElement, Polygon};
use plotters::prelude::{Color, RGBColor, WHITE};

use super::{Area, FigureError, UNIT};

/// The looks of one series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Colour of line, marker and band.
    pub colour: RGBColor,
    /// Pixels of stroke and of gap; `None` for a solid line.
    dash: Option<(i32, i32)>,
    marker: Marker,
}

/// The shape at some of a line's points.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Ring,
    OpenSquare,
    OpenTriangle,
    OpenDiamond,
}

/// Width of a line, in units of the drawing.
const LINE_WIDTH: u32 = 7;

const BLACK: RGBColor = RGBColor(0, 0, 0);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const VERMILLION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
const GREY: RGBColor = RGBColor(0x70, 0x70, 0x70);

const LOOKS: [Look; 8] = [
    new(BLACK, None, Marker::Disc),
    new(BLUE, Some((10, 4)), Marker::Square),
    new(VERMILLION, Some((4, 3)), Marker::Triangle),
    new(GREEN, Some((18, 5)), Marker::Diamond),
    new(ORANGE, None, Marker::Ring),
    new(PURPLE, Some((10, 4)), Marker::OpenSquare),
    new(SKY, Some((4, 3)), Marker::OpenTriangle),
    new(GREY, Some((18, 5)), Marker::OpenDiamond),
];

const fn new(colour: RGBColor, dash: Option<(i32, i32)>, marker: Marker) -> Look {
    Look {
        colour,
        dash,
        marker,
    }
}

/// Adds their dash patterns to the lines of a drawing.
///
/// plotters draws each dash as an element of its own, which makes a noisy line ten times as long as
/// its points; SVG has an attribute for it. A line is known by its colour together with its width,
/// which nothing else has.
pub(super) fn dashed(mut drawing: String) -> String {
    for look in LOOKS {
        let (RGBColor(red, green, blue), Some((solid, gap))) = (look.colour, look.dash) else {
            continue;
        };
        let stroke =
            format!("stroke=\"#{red:02X}{green:02X}{blue:02X}\" stroke-width=\"{LINE_WIDTH}\"");
        drawing = drawing.replace(
            &stroke,
            &format!(
                "{stroke} stroke-dasharray=\"{} {}\"",
                solid * UNIT,
                gap * UNIT
            ),
        );
    }
    drawing
}

/// The looks of a style; styles repeat after the last.
pub(super) fn look(style: usize) -> Look {
    LOOKS[style % LOOKS.len()]
}

impl Look {
    /// Draws a line through points in units of the drawing.
    pub(super) fn draw_line(
        &self,
        area: &Area<'_>,
        points: Vec<(i32, i32)>,
    ) -> Result<(), FigureError> {
        area.draw(&PathElement::new(
            points,
            self.colour.stroke_width(LINE_WIDTH),
        ))?;
        Ok(())
    }

    /// Draws a marker around a point in units of the drawing.
    pub(super) fn draw_marker(
        &self,
        area: &Area<'_>,
        (x, y): (i32, i32),
    ) -> Result<(), FigureError> {
        let corners: &[(i32, i32)] = match self.marker {
            Marker::Disc | Marker::Ring => {
                let fill = if self.marker == Marker::Disc {
                    self.colour
                } else {
                    WHITE
                };
                area.draw(&Circle::new((x, y), 13, fill.filled()))?;
                if self.marker == Marker::Ring {
                    area.draw(&Circle::new((x, y), 13, self.colour.stroke_width(5)))?;
                }
                return Ok(());
            }
            Marker::Square | Marker::OpenSquare => &[(-12, -12), (12, -12), (12, 12), (-12, 12)],
            Marker::Triangle | Marker::OpenTriangle => &[(0, -17), (16, 12), (-16, 12)],
            Marker::Diamond | Marker::OpenDiamond => &[(0, -18), (16, 0), (0, 18), (-16, 0)],
        };
        let mut outline: Vec<_> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
        let is_open = matches!(
            self.marker,
            Marker::OpenSquare | Marker::OpenTriangle | Marker::OpenDiamond
        );
        area.draw(&Polygon::new(
            outline.clone(),
            if is_open { WHITE } else { self.colour }.filled(),
        ))?;
        if is_open {
            outline.push(outline[0]);
            area.draw(&PathElement::new(outline, self.colour.stroke_width(5)))?;
        }
        Ok(())
    }
}
