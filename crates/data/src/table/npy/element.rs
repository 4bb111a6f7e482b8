//! Elements of an array: their types, and numbers and texts from their bytes.

use std::path::Path;

use super::EXPECTED;
use super::python::Descr;
use crate::error::Error;

/// Types of elements.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
    /// So many characters of four bytes.
    Text(usize),
    /// So many characters of one byte.
    Bytes(usize),
}

impl Kind {
    pub(super) fn size(self) -> usize {
        match self {
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) | Self::Bytes(size) => {
                size
            }
            Self::Text(characters) => 4 * characters,
        }
    }

    pub(super) fn number(self, stored: &[u8], is_big_endian: bool) -> f64 {
        let size = self.size();
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(stored);
        if is_big_endian {
            bytes[..size].reverse();
        }
        let bits = u64::from_le_bytes(bytes);
        match self {
            Self::Unsigned(_) | Self::Text(_) | Self::Bytes(_) => bits as f64,
            // Up to the sign bit, and back again.
            Self::Signed(size) => (bits.cast_signed() << (64 - 8 * size) >> (64 - 8 * size)) as f64,
            Self::Float(2) => half(bits as u16),
            Self::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Self::Float(_) => f64::from_bits(bits),
        }
    }
}

/// A number of 16 bits: a sign, 5 bits of the exponent, 10 of the fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    }
}

pub(super) fn text_of(bytes: &[u8], kind: Kind, is_big_endian: bool) -> String {
    if let Kind::Bytes(_) = kind {
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |end| end + 1);
        return String::from_utf8_lossy(&bytes[..end]).into_owned();
    }
    let character = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        let code = if is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    let text: String = bytes.chunks_exact(4).map(character).collect();
    text.trim_end_matches('\0').to_owned()
}

/// The type of the numbers, and whether they are big-endian.
pub(super) fn number_type(descr: Descr, path: &Path) -> Result<(Kind, bool), Error> {
    let refuse = |found: String| Error::NpyHeader {
        path: path.to_owned(),
        found,
        expected: "one of the types b1, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4 and f8 in either byte order",
    };
    let text = match descr {
        Descr::Structured => return Err(refuse("named fields".to_owned())),
        Descr::Text(text) => text,
    };
    if matches!(text, [b'|' | b'<' | b'>' | b'=', b'O', ..] | [b'O', ..]) {
        let found = "an array of pickled objects (never loaded, because they can run code)";
        return Err(Error::WrongKind {
            path: path.to_owned(),
            found,
            expected: EXPECTED,
        });
    }
    let unknown = || refuse(format!("type {}", crate::table::shown(text)));
    let (order, kind) = match text {
        [order @ (b'<' | b'>' | b'|'), kind @ ..] => (*order, kind),
        _ => return Err(refuse(format!("type {}", crate::table::shown(text)))),
    };
    let kind = match (kind, order) {
        (b"u1" | b"b1", _) => Kind::Unsigned(1),
        (b"i1", _) => Kind::Signed(1),
        (b"u2", b'<' | b'>') => Kind::Unsigned(2),
        (b"u4", b'<' | b'>') => Kind::Unsigned(4),
        (b"u8", b'<' | b'>') => Kind::Unsigned(8),
        (b"i2", b'<' | b'>') => Kind::Signed(2),
        (b"i4", b'<' | b'>') => Kind::Signed(4),
        (b"i8", b'<' | b'>') => Kind::Signed(8),
        (b"f2", b'<' | b'>') => Kind::Float(2),
        (b"f4", b'<' | b'>') => Kind::Float(4),
        (b"f8", b'<' | b'>') => Kind::Float(8),
        ([b'U', length @ ..], b'<' | b'>') => text_type(length, Kind::Text).ok_or_else(unknown)?,
        ([b'S', length @ ..], _) => text_type(length, Kind::Bytes).ok_or_else(unknown)?,
        _ => return Err(unknown()),
    };
    Ok((kind, order == b'>'))
}

/// Text of up to 1024 characters.
fn text_type(length: &[u8], kind: fn(usize) -> Kind) -> Option<Kind> {
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    (1..=1024).contains(&length).then(|| kind(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_16_bits_are_those_of_the_standard() {
        for (bits, expected) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0400, 6.103_515_625e-5),
            (0x8000, 0.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), expected, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
