//! Cutting the picture into rows and columns.

use super::{Area, UNIT};

/// A panel narrower than this many pixels goes to the next row.
const NARROWEST: u32 = 280;

/// Width of an area in pixels.
pub(super) fn width(area: &Area<'_>) -> f64 {
    f64::from(area.dim_in_pixel().0) / f64::from(UNIT)
}

/// The top `pixels` of an area, and the rest.
pub(super) fn cut_top<'a>(area: &Area<'a>, pixels: i32) -> (Area<'a>, Area<'a>) {
    area.split_vertically(pixels * UNIT)
}

/// An area without its lowest `pixels`, and those.
pub(super) fn cut_bottom<'a>(area: &Area<'a>, pixels: i32) -> (Area<'a>, Area<'a>) {
    area.split_vertically((area.dim_in_pixel().1.cast_signed() - pixels * UNIT).max(0))
}

/// One area per panel, row by row: as few rows as the width allows, each with the same number of
/// places.
pub(super) fn cells<'a>(area: &Area<'a>, panels: usize) -> Vec<Area<'a>> {
    let most = (area.dim_in_pixel().0 / (NARROWEST * UNIT.unsigned_abs())).max(1) as usize;
    let rows = panels.div_ceil(most).max(1);
    area.split_evenly((rows, panels.div_ceil(rows).max(1)))
}
