//! One image from a PNG or JPEG file, as gray bytes, or as three planes of color where samples are
//! that.
//!
//! JPEG is converted as [`png`](crate::png) says. Its decoded bytes may differ in the last digit
//! between decoders.

use std::path::Path;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::Error;
use crate::kind::refuse_kind;
use crate::png::{colour, grey, parse_png};
use crate::whole_file::read_whole;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
const EXPECTED: &str = "a PNG or JPEG image";
/// Largest file that is read, and most pixels of a side.
const MAX_BYTES: u64 = 8 << 20;
const MAX_SIDE: usize = 4096;

/// Reads a PNG or JPEG file of exactly `shape` = `[rows, columns]`, as
/// [`read_png`](crate::read_png) does for PNG.
///
/// # Errors
///
/// As [`read_png`](crate::read_png), and [`Error::WrongKind`], [`Error::JpegDamaged`].
pub fn read_image(path: &Path, shape: [usize; 2]) -> Result<Vec<u8>, Error> {
    parse_image(&read_whole(path, MAX_BYTES)?, path, shape)
}

/// As [`read_image`], from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// As [`read_image`].
pub fn parse_image(bytes: &[u8], path: &Path, shape: [usize; 2]) -> Result<Vec<u8>, Error> {
    if bytes.starts_with(PNG) {
        return parse_png(bytes, path, shape);
    }
    let (found, pixels) = jpeg(bytes, path)?;
    let is_in_color = shape[0] > 0 && [found[0] * 3, found[1]] == shape;
    if found != shape && !is_in_color {
        return Err(Error::PngShape {
            path: path.to_owned(),
            found,
            expected: shape,
        });
    }
    let pixels = || pixels.chunks_exact(3);
    if is_in_color {
        let plane = |plane| pixels().map(move |pixel| colour(pixel)[plane]);
        return Ok((0..3).flat_map(plane).collect());
    }
    Ok(pixels().map(grey).collect())
}

/// Rows and columns, and whether any pixel has a color.
pub(crate) fn inspect(bytes: &[u8], path: &Path) -> Result<([usize; 2], bool), Error> {
    if !bytes.starts_with(PNG) {
        let (shape, pixels) = jpeg(bytes, path)?;
        let is_colored = |pixel: &[u8]| pixel[0] != pixel[1] || pixel[1] != pixel[2];
        return Ok((shape, pixels.chunks_exact(3).any(is_colored)));
    }
    // The header has width and height behind the signature and the name of its part.
    let side = |at: usize| {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes) as usize).filter(|side| (1..=MAX_SIDE).contains(side))
    };
    let (Some(columns), Some(rows)) = (side(16), side(20)) else {
        return Err(Error::ImageSize {
            path: path.to_owned(),
            limit: MAX_SIDE,
        });
    };
    let planes = parse_png(bytes, path, [3 * rows, columns])?;
    let (red, others) = planes.split_at(rows * columns);
    let (green, blue) = others.split_at(rows * columns);
    Ok(([rows, columns], red != green || green != blue))
}

/// Rows and columns, and red, green and blue of each pixel.
fn jpeg(bytes: &[u8], path: &Path) -> Result<([usize; 2], Vec<u8>), Error> {
    if !bytes.starts_with(JPEG) {
        refuse_kind(bytes, path, EXPECTED)?;
        return Err(Error::WrongKind {
            path: path.to_owned(),
            found: "a file of another kind",
            expected: EXPECTED,
        });
    }
    let damaged = || Error::JpegDamaged {
        path: path.to_owned(),
    };
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|_| damaged())?;
    let (columns, rows) = decoder.dimensions().ok_or_else(damaged)?;
    if pixels.len() != rows * columns * 3 {
        return Err(damaged());
    }
    Ok(([rows, columns], pixels))
}
