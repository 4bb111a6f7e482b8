//! The header of an array: the type of its elements, their order and their number.

use std::path::Path;

use super::element::{Kind, number_type};
use super::python::Fields;
use super::{EXPECTED, MAGIC, MAX_HEADER};
use crate::error::Error;
use crate::kind::refuse_kind;

/// What the header says, once it agrees with the file.
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) is_big_endian: bool,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
    /// Number of elements.
    pub(super) count: u64,
    /// Where the elements begin.
    pub(super) start: usize,
}

impl Header {
    pub(super) fn parse(bytes: &[u8], stored: u64, path: &Path) -> Result<Self, Error> {
        let refuse = |found: String, expected| Error::NpyHeader {
            path: path.to_owned(),
            found,
            expected,
        };
        if !bytes.starts_with(MAGIC) {
            refuse_kind(bytes, path, EXPECTED)?;
            return Err(refuse(
                format!("{stored} bytes of another format"),
                "a file that starts with 93 `NUMPY`",
            ));
        }
        let (start, length) = match bytes[MAGIC.len()..] {
            [1, 0, low, high, ..] => (10, usize::from(u16::from_le_bytes([low, high]))),
            [2 | 3, 0, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            [1..=3, 0, ..] | [] | [_] => {
                return Err(refuse(format!("{stored} bytes"), "a complete header"));
            }
            [major, minor, ..] => {
                return Err(refuse(
                    format!("version {major}.{minor}"),
                    "version 1.0, 2.0 or 3.0",
                ));
            }
        };
        if length > MAX_HEADER {
            return Err(refuse(
                format!("a length of {length} bytes"),
                "at most 65536",
            ));
        }
        let Some(text) = bytes.get(start..start + length) else {
            return Err(refuse(format!("{stored} bytes"), "a complete header"));
        };
        let fields = Fields::parse(text).ok_or_else(|| {
            refuse(
                "another format".to_owned(),
                "`{'descr': ..., 'fortran_order': ..., 'shape': ...}`",
            )
        })?;
        let (kind, is_big_endian) = number_type(fields.descr, path)?;
        let count: u128 = fields
            .shape
            .iter()
            .try_fold(1_u128, |product, side| {
                product.checked_mul(u128::from(*side))
            })
            .unwrap_or(u128::MAX);
        let found = stored.saturating_sub((start + length) as u64);
        let promised = count.saturating_mul(kind.size() as u128);
        if promised != u128::from(found) {
            return Err(Error::NpySize {
                path: path.to_owned(),
                shape: fields.shape,
                size: kind.size(),
                promised,
                found,
            });
        }
        Ok(Self {
            kind,
            is_big_endian,
            is_fortran: fields.is_fortran,
            // As many bytes are in the file, so the numbers fit.
            shape: fields.shape.iter().map(|side| *side as usize).collect(),
            count: count as u64,
            start: start + length,
        })
    }
}
