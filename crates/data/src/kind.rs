//! Kinds of files that people have lying beside data, told by their first bytes, so that a
//! rejection can name them.

use std::path::Path;

use crate::error::Error;

/// The kind of a file that begins with `first`, if it is a known one.
pub(crate) fn kind_of(first: &[u8]) -> Option<&'static str> {
    Some(match first {
        [0x80, 2..=5, ..] | [b'(', b'd' | b'l', b'p', ..] => {
            "a Python pickle (never loaded, because it can run code)"
        }
        [b'P', b'K', 3, 4, ..] => "a zip archive (such as `.npz`, `.pt` or `.xlsx`)",
        [0x89, b'H', b'D', b'F', ..] => "an HDF5 file",
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => "a NumPy array",
        [0x89, b'P', b'N', b'G', ..] => "a PNG image",
        [0x1f, 0x8b, ..] => "a gzip file",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "an xz file",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "text in UTF-16",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file",
        [0, 0, 8, 1 | 3, ..] => "an idx file",
        [b'<', b'!' | b'h' | b'H' | b'?', ..] => "a web page, probably saved instead of the file",
        _ => return None,
    })
}

/// The rejection of a file of a known kind; `expected` says what is accepted instead.
pub(crate) fn refuse_kind(first: &[u8], path: &Path, expected: &'static str) -> Result<(), Error> {
    match kind_of(first) {
        Some(found) => Err(Error::WrongKind {
            path: path.to_owned(),
            found,
            expected,
        }),
        None => Ok(()),
    }
}
