//! Curves: lines that stop where a value is missing and at the edge of the panel, bands behind
//! them, markers on them.

use plotters::element::Polygon;
use plotters::prelude::Color;

use super::frame::{self, Chart};
use super::palette;
use super::scale::Scale;
use super::{Area, FigureError, Panel, Series, UNIT};

/// A pair of places, see [`Scale`].
type Place = (f64, f64);

/// Opacity of a band: light enough that lines and other bands stay visible through it.
const BAND_OPACITY: f64 = 0.18;
/// Pixels between the markers of one line.
const MARKER_SPACING: f64 = 56.0;
/// Lines of no more points have a marker on every point.
const FEW_POINTS: usize = 14;

/// Draws one panel into `area`; `root` is an area of the same picture.
pub(super) fn draw_panel<'a>(
    root: &Area<'a>,
    area: &Area<'a>,
    panel: &Panel,
) -> Result<(), FigureError> {
    let points = || {
        panel
            .series
            .iter()
            .flat_map(|series| &series.points)
            .filter(|point| point.0.is_finite() && point.1.is_finite())
    };
    let bands = panel
        .series
        .iter()
        .flat_map(|series| &series.band)
        .flat_map(|(low, high)| [*low, *high]);
    let x = Scale::new(&panel.x, points().map(|point| point.0), false)?;
    let y = Scale::new(&panel.y, points().map(|point| point.1).chain(bands), true)?;
    let chart = frame::draw(
        area,
        &panel.title,
        (&panel.x, x.clone()),
        (&panel.y, y.clone()),
    )?;
    let canvas = root.use_screen_coord();
    for series in &panel.series {
        draw_band(&canvas, &chart, (&x, &y), series)?;
    }
    for series in &panel.series {
        draw_series(&canvas, &chart, (&x, &y), series)?;
    }
    Ok(())
}

/// Draws the band of a series, if it has one, where the series has points.
fn draw_band(
    canvas: &Area<'_>,
    chart: &Chart<'_>,
    (x, y): (&Scale, &Scale),
    series: &Series,
) -> Result<(), FigureError> {
    let sides = series.points.iter().zip(&series.band).map(|(point, band)| {
        let at = x.place(point.0).filter(|at| within(*at, x.ends()))?;
        y.place(point.1)?;
        Some((at, y.place_inside(band.0)?, y.place_inside(band.1)?))
    });
    for run in runs(sides) {
        let above = run
            .iter()
            .map(|(at, _, high)| chart.backend_coord(&(*at, *high)));
        let below = run
            .iter()
            .rev()
            .map(|(at, low, _)| chart.backend_coord(&(*at, *low)));
        let outline: Vec<_> = above.chain(below).collect();
        canvas.draw(&Polygon::new(
            outline,
            palette::look(series.style).colour.mix(BAND_OPACITY),
        ))?;
    }
    Ok(())
}

/// Draws the line and the markers of a series.
fn draw_series(
    canvas: &Area<'_>,
    chart: &Chart<'_>,
    (x, y): (&Scale, &Scale),
    series: &Series,
) -> Result<(), FigureError> {
    let look = palette::look(series.style);
    let places = series
        .points
        .iter()
        .map(|point| x.place(point.0).zip(y.place(point.1)));
    let runs = runs(places);
    for line in runs
        .iter()
        .flat_map(|run| clipped_lines(run, x.ends(), y.ends()))
    {
        let mut units: Vec<_> = line
            .iter()
            .map(|place| chart.backend_coord(place))
            .collect();
        units.dedup();
        if units.len() > 1 {
            look.draw_line(canvas, units)?;
        }
    }
    let is_inside = |place: &&Place| within(place.0, x.ends()) && within(place.1, y.ends());
    let spacing = if series.points.len() <= FEW_POINTS {
        0.0
    } else {
        MARKER_SPACING * f64::from(UNIT)
    };
    // Markers of different series start at different points, so that they do not cover each other
    // where lines meet.
    let mut travelled = spacing * (0.5 + 0.25 * (series.style % 4) as f64) % spacing.max(1.0);
    let mut last: Option<(i32, i32)> = None;
    for run in &runs {
        for place in run.iter().filter(is_inside) {
            let unit = chart.backend_coord(place);
            travelled += last.map_or(0.0, |last| f64::from(unit.0 - last.0).abs());
            last = Some(unit);
            // A point alone has no line that would show it.
            if travelled >= spacing || run.len() == 1 {
                look.draw_marker(canvas, unit)?;
                travelled = 0.0;
            }
        }
    }
    Ok(())
}

/// The stretches without a missing item.
fn runs<T>(items: impl Iterator<Item = Option<T>>) -> Vec<Vec<T>> {
    let mut runs = vec![Vec::new()];
    for item in items {
        match (item, runs.last_mut()) {
            (Some(item), Some(run)) => run.push(item),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn within(value: f64, (low, high): (f64, f64)) -> bool {
    (low..=high).contains(&value)
}

/// The parts of a line that lie inside the panel.
fn clipped_lines(line: &[Place], x: (f64, f64), y: (f64, f64)) -> Vec<Vec<Place>> {
    let mut parts: Vec<Vec<Place>> = Vec::new();
    for pair in line.windows(2) {
        let Some((start, end)) = clipped(pair[0], pair[1], x, y) else {
            continue;
        };
        match parts.last_mut() {
            Some(part) if part.last() == Some(&start) => part.push(end),
            _ => parts.push(vec![start, end]),
        }
    }
    parts
}

/// The part of a straight line that lies inside the panel: each side of the panel can only shorten
/// it (Liang and Barsky).
fn clipped(start: Place, end: Place, x: (f64, f64), y: (f64, f64)) -> Option<(Place, Place)> {
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (way, room) in [
        (-dx, start.0 - x.0),
        (dx, x.1 - start.0),
        (-dy, start.1 - y.0),
        (dy, y.1 - start.1),
    ] {
        if way < 0.0 {
            enters = enters.max(room / way);
        } else if way > 0.0 {
            leaves = leaves.min(room / way);
        } else if room < 0.0 {
            return None;
        }
    }
    let at = |share: f64| (start.0 + dx * share, start.1 + dy * share);
    let first = if enters > 0.0 { at(enters) } else { start };
    let last = if leaves < 1.0 { at(leaves) } else { end };
    (enters <= leaves).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_leaves_the_panel_and_continues_where_it_returns() {
        let line = [(0.0, 0.5), (1.0, 1.5), (2.0, 0.5), (3.0, 0.5)];
        let parts = clipped_lines(&line, (0.0, 2.5), (0.0, 1.0));
        assert_eq!(
            parts,
            [
                vec![(0.0, 0.5), (0.5, 1.0)],
                vec![(1.5, 1.0), (2.0, 0.5), (2.5, 0.5)]
            ]
        );
    }

    #[test]
    fn a_line_outside_the_panel_is_left_out() {
        assert_eq!(
            clipped((0.0, 2.0), (1.0, 2.0), (0.0, 1.0), (0.0, 1.0)),
            None
        );
        assert_eq!(
            clipped((-1.0, 0.5), (0.5, 2.5), (0.0, 1.0), (0.0, 1.0)),
            None
        );
    }

    #[test]
    fn missing_items_separate_runs() {
        assert_eq!(
            runs([None, Some(1), Some(2), None, None, Some(3), None].into_iter()),
            [vec![1, 2], vec![3]]
        );
    }
}
