//! One image from a PNG file, as gray bytes, or as three planes of color where samples are that.
//!
//! The conversion is written out here so that a prediction can be repeated elsewhere: color becomes
//! `(299 R + 587 G + 114 B + 500) / 1000` (integers, rounded; the luma weights of ITU-R BT.601), 16
//! bits keep their upper 8, and a transparent pixel is laid over black, the background of MNIST:
//! `(grey * alpha + 127) / 255`.

use std::io::{Cursor, Read};
use std::path::Path;

use ::png::{Decoder, DecodingError, Limits, Transformations};

use crate::error::Error;
use crate::whole_file::{failed, regular_file};

/// Largest PNG file read, and most memory its decoder may use for what the file says: 8 MiB.
const MAX_PNG_BYTES: u64 = 8 << 20;

/// Reads a PNG file of exactly `shape` = `[rows, columns]` as `rows x columns` gray bytes, row by
/// row.
///
/// A image with a third of the rows becomes its red, green and blue plane stacked vertically, as
/// CIFAR-10 has them.
///
/// Gray, color and palette images of any bit depth are accepted, with or without transparency.
///
/// # Errors
///
/// - [`Error::Io`], [`Error::NotAFile`], [`Error::FileTooLarge`] if the file cannot be read or is
///   larger than 8 MiB.
/// - [`Error::PngShape`] if the image has another size; it is not decoded then.
/// - [`Error::PngDamaged`] if the file is not a complete PNG image.
pub fn read_png(path: &Path, shape: [usize; 2]) -> Result<Vec<u8>, Error> {
    let (file, found) = regular_file(path)?;
    if found > MAX_PNG_BYTES {
        return Err(Error::FileTooLarge {
            path: path.to_owned(),
            found,
            limit: MAX_PNG_BYTES,
        });
    }
    let mut bytes = Vec::new();
    file.take(MAX_PNG_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed(path))?;
    parse_png(&bytes, path, shape)
}

/// As [`read_png`], from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// As [`read_png`].
pub fn parse_png(bytes: &[u8], path: &Path, shape: [usize; 2]) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new_with_limits(
        Cursor::new(bytes),
        Limits {
            bytes: MAX_PNG_BYTES as usize,
        },
    );
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let damaged = |source| Error::PngDamaged {
        path: path.to_owned(),
        expected: shape,
        source,
    };
    let header = decoder.read_header_info().map_err(damaged)?;
    let found = [header.height as usize, header.width as usize];
    let is_in_colour = shape[0] > 0 && [found[0].saturating_mul(3), found[1]] == shape;
    if found != shape && !is_in_colour {
        return Err(Error::PngShape {
            path: path.to_owned(),
            found,
            expected: shape,
        });
    }
    decode(decoder, is_in_colour).map_err(damaged)
}

fn decode(decoder: Decoder<Cursor<&[u8]>>, is_in_colour: bool) -> Result<Vec<u8>, DecodingError> {
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![
        0;
        reader
            .output_buffer_size()
            .ok_or(DecodingError::LimitsExceeded)?
    ];
    let frame = reader.next_frame(&mut pixels)?;
    // To the end of the file, so that a cut one is noticed.
    reader.finish()?;
    let pixels = || pixels.chunks_exact(frame.color_type.samples());
    if is_in_colour {
        return Ok((0..3)
            .flat_map(|plane| pixels().map(move |pixel| colour(pixel)[plane]))
            .collect());
    }
    Ok(pixels().map(grey).collect())
}

/// Red, green and blue; a gray pixel has three times the same.
pub(crate) fn colour(pixel: &[u8]) -> [u8; 3] {
    match *pixel {
        [red, green, blue] => [red, green, blue],
        [red, green, blue, alpha] => [red, green, blue].map(|value| over_black(value, alpha)),
        _ => [grey(pixel); 3],
    }
}

pub(crate) fn grey(pixel: &[u8]) -> u8 {
    match *pixel {
        [grey] => grey,
        [grey, alpha] => over_black(grey, alpha),
        [red, green, blue] => luma(red, green, blue),
        [red, green, blue, alpha] => over_black(luma(red, green, blue), alpha),
        _ => 0,
    }
}

fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000) as u8
}

fn over_black(grey: u8, alpha: u8) -> u8 {
    ((u32::from(grey) * u32::from(alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use ::png::{BitDepth, ColorType, Encoder};

    use super::*;

    /// A image of one row.
    fn row(
        color: ColorType,
        depth: BitDepth,
        width: u32,
        data: &[u8],
        palette: Option<&[u8]>,
    ) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if let Some(palette) = palette {
            encoder.set_palette(palette.to_vec());
            encoder.set_trns([255, 51].as_slice());
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn a_picture_with_a_third_of_the_rows_becomes_three_planes() {
        let path = Path::new("x.png");
        let two = row(
            ColorType::Rgb,
            BitDepth::Eight,
            2,
            &[1, 2, 3, 4, 5, 6],
            None,
        );
        assert_eq!(parse_png(&two, path, [3, 2]).unwrap(), [1, 4, 2, 5, 3, 6]);
        let clear = row(ColorType::Rgba, BitDepth::Eight, 1, &[10, 20, 30, 51], None);
        assert_eq!(parse_png(&clear, path, [3, 1]).unwrap(), [2, 4, 6]);
        let grey = row(ColorType::Grayscale, BitDepth::Eight, 1, &[9], None);
        assert_eq!(
            (
                parse_png(&grey, path, [3, 1]).unwrap(),
                parse_png(&grey, path, [1, 1]).unwrap()
            ),
            (vec![9; 3], vec![9])
        );
        assert!(parse_png(&two, path, [6, 2]).is_err());
    }

    #[test]
    fn every_kind_of_picture_becomes_grey_bytes() {
        use BitDepth::{Eight, One, Sixteen};
        let cases: [(&str, Vec<u8>, [u8; 2]); 7] = [
            (
                "grey",
                row(ColorType::Grayscale, Eight, 2, &[7, 200], None),
                [7, 200],
            ),
            (
                "grey, 1 bit",
                row(ColorType::Grayscale, One, 2, &[0b0100_0000], None),
                [0, 255],
            ),
            (
                "grey, 16 bits",
                row(ColorType::Grayscale, Sixteen, 2, &[7, 255, 200, 0], None),
                [7, 200],
            ),
            (
                "grey with alpha",
                row(
                    ColorType::GrayscaleAlpha,
                    Eight,
                    2,
                    &[200, 255, 200, 51],
                    None,
                ),
                [200, 40],
            ),
            // 0.299 x 255 = 76.245, 0.587 x 255 = 149.685
            (
                "colour",
                row(ColorType::Rgb, Eight, 2, &[255, 0, 0, 0, 255, 0], None),
                [76, 150],
            ),
            // 0.114 x 255 = 29.07; fully transparent is black
            (
                "colour with alpha",
                row(
                    ColorType::Rgba,
                    Eight,
                    2,
                    &[0, 0, 255, 255, 255, 255, 255, 0],
                    None,
                ),
                [29, 0],
            ),
            (
                "palette",
                row(
                    ColorType::Indexed,
                    Eight,
                    2,
                    &[1, 0],
                    Some(&[9, 9, 9, 100, 100, 100]),
                ),
                [20, 9],
            ),
        ];
        for (name, file, expected) in cases {
            assert_eq!(
                parse_png(&file, "a.png".as_ref(), [1, 2]).unwrap(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn another_size_is_refused_with_both_sizes() {
        let file = row(ColorType::Grayscale, BitDepth::Eight, 3, &[1, 2, 3], None);
        let text = parse_png(&file, "a.png".as_ref(), [28, 28])
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "a.png: image has 1 rows x 3 columns, expected 28 x 28"
        );
    }

    #[test]
    fn every_prefix_of_a_picture_is_refused() {
        let file = row(ColorType::Grayscale, BitDepth::Eight, 3, &[1, 2, 3], None);
        for length in 0..file.len() {
            let result = parse_png(&file[..length], "a.png".as_ref(), [1, 3]);
            assert!(
                matches!(result, Err(Error::PngDamaged { .. })),
                "{length} of {} bytes: {result:?}",
                file.len()
            );
        }
        assert_eq!(
            parse_png(&file, "a.png".as_ref(), [1, 3]).unwrap(),
            [1, 2, 3]
        );
    }

    #[test]
    fn a_picture_is_read_from_a_file_and_a_folder_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seven.png");
        #[allow(clippy::disallowed_methods, reason = "a test's own temporary folder")]
        std::fs::write(
            &path,
            row(ColorType::Grayscale, BitDepth::Eight, 2, &[7, 200], None),
        )
        .unwrap();
        assert_eq!(read_png(&path, [1, 2]).unwrap(), [7, 200]);
        assert!(matches!(
            read_png(folder.path(), [1, 2]),
            Err(Error::NotAFile { .. })
        ));
        let text = read_png(&folder.path().join("absent.png"), [1, 2])
            .unwrap_err()
            .to_string();
        assert!(text.ends_with("absent.png: cannot read file"), "{text}");
    }
}
