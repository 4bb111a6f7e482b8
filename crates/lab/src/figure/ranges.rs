//! Ranges under each other: a name, a value and its interval in each row.

use plotters::chart::ChartBuilder;
use plotters::prelude::{BLACK, Color, RGBColor};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::Scale;
use super::text::{self, LABEL};
use super::{Axis, FigureError, UNIT, document, palette};

/// Pixels of a row.
const ROW: u32 = 24;
/// Pixels above and below the rows: title, ticks and the name of the axis.
const AROUND: u32 = 110;
/// Pixels of the axis's labels, and of free space at the sides.
const X_LABELS: i32 = 40;
const SIDE: i32 = 16;
/// Width of an interval, in units of the drawing; lines of a series, which may be dashed, have another.
const INTERVAL_WIDTH: u32 = 8;
/// Most characters of a name; a longer one is cut.
const MOST_CHARACTERS: usize = 32;

/// A picture of ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges {
    /// Heading of the picture, and its name for screen readers.
    pub title: String,
    /// What there is to see, in words, for readers who cannot see it.
    pub description: String,
    /// The values; `None` as range takes them from the rows, and 0.
    pub x: Axis,
    /// Name, value, and both ends of its interval, from top to bottom.
    pub rows: Vec<(String, f64, f64, f64)>,
    /// Width in pixels; the height follows from the number of rows.
    pub width: u32,
}

/// Draws ranges as one SVG document.
///
/// # Errors
///
/// - [`FigureError::NoPanels`] if there is no row.
/// - [`FigureError::InvalidRange`], [`FigureError::TooSmall`] as for [`render`](super::render).
///
/// # Determinism
///
/// The same ranges give the same bytes.
pub fn render_ranges(figure: &Ranges) -> Result<String, FigureError> {
    if figure.rows.is_empty() {
        return Err(FigureError::NoPanels {
            figure: figure.title.clone(),
        });
    }
    let names: Vec<String> = figure.rows.iter().map(|row| short(&row.0)).collect();
    let widths = names.iter().map(|name| text::width(name, LABEL));
    let name_width = widths.fold(0.0, f64::max).ceil() as i32 + SIDE;
    let width = figure.width.cast_signed() - name_width - 2 * SIDE;
    if width < 60 {
        return Err(FigureError::TooSmall {
            panel: figure.title.clone(),
            width,
            height: 0,
        });
    }
    let values = figure.rows.iter().flat_map(|row| [row.1, row.2, row.3]);
    let mut x = Scale::new(&figure.x, values.chain([0.0]), true)?;
    x.set_ticks(f64::from(width), |label| {
        text::width(label, LABEL) + 1.5 * LABEL
    });
    let count = figure.rows.len();
    let y = Scale::new(
        &Axis {
            range: Some((0.0, count as f64)),
            ..Axis::new("", false)
        },
        std::iter::empty(),
        false,
    )?;
    let size = (figure.width, AROUND + ROW * count as u32);
    document::draw(&figure.title, &figure.description, size, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin_left((name_width + SIDE) * UNIT)
            .margin_right(SIDE * UNIT)
            .margin_top(SIDE * UNIT / 2)
            .margin_bottom(SIDE * UNIT / 2)
            .x_label_area_size(X_LABELS * UNIT)
            .build_cartesian_2d(x.clone(), y)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_desc(&figure.x.label)
            .axis_desc_style(text::style(LABEL, false))
            .label_style(text::style(LABEL, false))
            .axis_style(BLACK.stroke_width(4))
            .bold_line_style(RGBColor(0xD8, 0xD8, 0xD8).stroke_width(3))
            .light_line_style(RGBColor(0xF0, 0xF0, 0xF0).stroke_width(3))
            .draw()?;
        let canvas = root.use_screen_coord();
        let (zero, look) = (palette::look(0), palette::look(3));
        let ends = [0.0, count as f64].map(|y| chart.backend_coord(&(0.0, y)));
        zero.draw_line(&canvas, ends.to_vec())?;
        let right = Pos::new(HPos::Right, VPos::Center);
        let style = text::style(LABEL, false).pos(right);
        let left = chart.backend_coord(&(x.ends().0, 0.0)).0 - SIDE * UNIT / 2;
        // Places of lines count from the corner of the picture, those of text from that of the area.
        let (columns, lines) = canvas.get_pixel_range();
        for (index, (name, row)) in names.iter().zip(&figure.rows).enumerate() {
            let height = count as f64 - index as f64 - 0.5;
            let place = |value: f64| {
                let inside = x.place_inside(value).unwrap_or(0.0);
                chart.backend_coord(&(inside, height))
            };
            let middle = place(row.1);
            canvas.draw_text(name, &style, (left - columns.start, middle.1 - lines.start))?;
            canvas.draw(&plotters::element::PathElement::new(
                vec![place(row.2), place(row.3)],
                look.colour.stroke_width(INTERVAL_WIDTH),
            ))?;
            look.draw_marker(&canvas, middle)?;
        }
        Ok(())
    })
}

/// A name by its beginning.
fn short(name: &str) -> String {
    if name.chars().count() <= MOST_CHARACTERS {
        return name.to_owned();
    }
    let start: String = name.chars().take(MOST_CHARACTERS - 3).collect();
    format!("{start}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_at_the_height_of_its_interval() {
        let figure = Ranges {
            title: "Columns".to_owned(),
            description: "two columns".to_owned(),
            x: Axis::new("fall", false),
            rows: vec![
                ("first".to_owned(), 4.0, 3.0, 5.0),
                ("second".to_owned(), 1.0, 0.5, 2.0),
            ],
            width: 700,
        };
        let drawing = render_ranges(&figure).unwrap();
        let lines: Vec<&str> = drawing.lines().collect();
        let of_name = |name: &str| {
            let index = lines.iter().position(|line| *line == name).unwrap();
            let place = lines[index - 1].split("y=\"").nth(1).unwrap();
            place.split('"').next().unwrap().to_owned()
        };
        let width = format!("stroke-width=\"{INTERVAL_WIDTH}\"");
        let intervals: Vec<&str> = (lines.iter().copied())
            .filter(|line| line.contains(&width))
            .collect();
        assert_eq!(intervals.len(), 2);
        for (name, interval) in ["first", "second"].into_iter().zip(intervals) {
            let points = interval.split("points=\"").nth(1).unwrap();
            let heights: Vec<&str> = (points.split_whitespace())
                .filter_map(|point| Some(point.split_once(',')?.1))
                .collect();
            assert_eq!(heights[..2], [of_name(name).as_str(); 2], "{name}");
            assert!(!interval.contains("dasharray"), "{interval}");
        }
    }
}
