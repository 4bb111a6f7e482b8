//! Two-dimensional arrays of NumPy, as `numpy.save` writes them.
//!
//! ```text
//! offset  size  meaning
//! 0       6     93 "NUMPY"
//! 6       2     version: 1.0, 2.0 or 3.0
//! 8       2, 4  length of the header text, little-endian; 4 bytes from version 2.0
//! 10, 12        text: {'descr': '<f4', 'fortran_order': False, 'shape': (150, 5), }, spaces, end of line
//!               the numbers, row by row, or column by column if the order is Fortran's
//! ```
//!
//! Types are `u1 i1 u2 i2 u4 i4 i8 f4 f8`, little- or big-endian. Arrays of objects are pickles,
//! which are programs: they are never read. The header must agree with the length of the file to
//! the byte, and is at most 64 KiB long.

use std::path::Path;

use super::labels::{Labels, whole};
use super::{A_NUMBER, Column, MAX_COLUMNS, RowPlace, Table, TableOptions, is_number};
use crate::error::Error;
use crate::kind::refuse_kind;
use crate::whole_file::read_whole;

const MAGIC: &[u8] = b"\x93NUMPY";
const MAX_HEADER: usize = 1 << 16;
const EXPECTED: &str = "a numeric array written by `numpy.save`";

/// Reads a table.
///
/// # Errors
///
/// - [`Error::Io`], [`Error::NotAFile`], [`Error::FileTooLarge`] if the file cannot be read.
/// - As [`parse`].
pub fn read(path: &Path, options: &TableOptions) -> Result<Table, Error> {
    parse(&read_whole(path, options.max_bytes)?, path, options)
}

/// Reads a table from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// - [`Error::WrongKind`] for arrays of objects, archives of arrays and other known kinds of files.
/// - [`Error::NpyHeader`] if the header is not that of a two-dimensional array of a known type.
/// - [`Error::NpySize`] if the file has another length than the header declares,
///   [`Error::TooManyNumbers`] above the limit.
/// - [`Error::NoColumn`] if there is no such label column.
/// - [`Error::FeatureCount`], [`Error::NoLabels`] if it does not have the columns that the options
///   require.
/// - [`Error::TableCell`] if a number is not finite, or a label not whole.
/// - [`Error::TooManyClasses`], [`Error::OneClass`], [`Error::UnknownClass`] if the labels are not
///   those of classes.
pub fn parse(bytes: &[u8], path: &Path, options: &TableOptions) -> Result<Table, Error> {
    let header = Header::parse(bytes, path, options.least_columns())?;
    let [rows, columns] = header.shape;
    let label = match &options.label {
        _ if options.features == Some(columns) => None,
        None => Some(columns - 1),
        Some(Column::Number(number)) if (1..=columns).contains(number) => Some(number - 1),
        Some(column) => {
            let expected = "a number from 1 to the number of columns; arrays have no column names";
            return Err(Error::NoColumn {
                path: path.to_owned(),
                column: super::shown(column.to_string().as_bytes()),
                expected,
            });
        }
    };
    options.check_columns(columns, label, path)?;
    let features = columns - usize::from(label.is_some());
    let promised = (rows as u64)
        .saturating_mul(features as u64)
        .saturating_mul(8);
    if promised > options.max_bytes {
        return Err(Error::TooManyNumbers {
            path: path.to_owned(),
            promised,
            limit: options.max_bytes,
        });
    }
    let (mut numbers, mut labels) = (Vec::new(), Labels::default());
    if numbers.try_reserve_exact(rows * features).is_err() || !labels.reserve(rows) {
        return Err(Error::OutOfMemory {
            path: path.to_owned(),
            promised: promised as usize,
        });
    }
    for row in 0..rows {
        for column in 0..columns {
            let number = header.number(row, column);
            let place = RowPlace::Row(row as u64 + 1);
            let refuse = |expected| {
                let (path, found) = (path.to_owned(), format!("`{number}`"));
                Err(Error::TableCell {
                    path,
                    place,
                    column: column + 1,
                    found,
                    expected,
                })
            };
            if Some(column) == label {
                if !options.needs_labels {
                    continue;
                }
                match whole(number) {
                    Some(number) => labels.add(&number.to_string(), place, path)?,
                    None => return refuse("an integer label"),
                }
            } else if is_number(number) {
                numbers.push(number);
            } else {
                return refuse(A_NUMBER);
            }
        }
    }
    let (labels, class_names) = if options.needs_labels {
        labels.finish(options.class_names.as_deref(), path)?
    } else {
        options.unread(rows)
    };
    Ok(Table {
        numbers,
        features,
        labels,
        class_names,
    })
}

/// What the header says, once it agrees with the file, and the numbers behind it.
struct Header<'a> {
    kind: Kind,
    is_big_endian: bool,
    is_fortran: bool,
    shape: [usize; 2],
    data: &'a [u8],
}

/// Types of numbers.
#[derive(Clone, Copy)]
enum Kind {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) => size,
        }
    }
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8], path: &Path, least_columns: usize) -> Result<Self, Error> {
        let refuse = |found: String, expected| Error::NpyHeader {
            path: path.to_owned(),
            found,
            expected,
        };
        if !bytes.starts_with(MAGIC) {
            refuse_kind(bytes, path, EXPECTED)?;
            return Err(refuse(
                format!("{} bytes of another format", bytes.len()),
                "a file that starts with 93 `NUMPY`",
            ));
        }
        let (start, length) = match bytes[MAGIC.len()..] {
            [1, 0, low, high, ..] => (10, usize::from(u16::from_le_bytes([low, high]))),
            [2 | 3, 0, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            [1..=3, 0, ..] | [] | [_] => {
                return Err(refuse(
                    format!("{} bytes", bytes.len()),
                    "a complete header",
                ));
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
            return Err(refuse(
                format!("{} bytes", bytes.len()),
                "a complete header",
            ));
        };
        let fields = Fields::parse(text).ok_or_else(|| {
            refuse(
                "another format".to_owned(),
                "`{'descr': ..., 'fortran_order': ..., 'shape': ...}`",
            )
        })?;
        let (kind, is_big_endian) = number_type(fields.descr, path)?;
        let [rows, columns] = fields.shape[..] else {
            return Err(refuse(
                format!("{} dimensions", fields.shape.len()),
                "2, samples and columns",
            ));
        };
        if rows == 0 || columns < least_columns as u64 || columns > MAX_COLUMNS as u64 {
            return Err(refuse(
                format!("shape {rows} x {columns}"),
                "at least 1 row and 2 columns, at most 65536 columns",
            ));
        }
        let data = &bytes[start + length..];
        let promised = u128::from(rows) * u128::from(columns) * kind.size() as u128;
        if promised != data.len() as u128 {
            let shape = [rows, columns];
            return Err(Error::NpySize {
                path: path.to_owned(),
                shape,
                size: kind.size(),
                promised,
                found: data.len() as u64,
            });
        }
        // As many bytes are in memory, so the numbers fit.
        Ok(Self {
            kind,
            is_big_endian,
            is_fortran: fields.is_fortran,
            shape: [rows as usize, columns as usize],
            data,
        })
    }

    fn number(&self, row: usize, column: usize) -> f64 {
        let [rows, columns] = self.shape;
        let index = if self.is_fortran {
            column * rows + row
        } else {
            row * columns + column
        };
        let size = self.kind.size();
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&self.data[index * size..][..size]);
        if self.is_big_endian {
            bytes[..size].reverse();
        }
        let bits = u64::from_le_bytes(bytes);
        match self.kind {
            Kind::Unsigned(_) => bits as f64,
            // Up to the sign bit, and back again.
            Kind::Signed(size) => (bits.cast_signed() << (64 - 8 * size) >> (64 - 8 * size)) as f64,
            Kind::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Kind::Float(_) => f64::from_bits(bits),
        }
    }
}

/// The type of the numbers, and whether they are big-endian.
fn number_type(descr: Descr, path: &Path) -> Result<(Kind, bool), Error> {
    let refuse = |found: String| Error::NpyHeader {
        path: path.to_owned(),
        found,
        expected: "one of the types u1, i1, u2, i2, u4, i4, i8, f4 and f8 in either byte order",
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
    let (order, kind) = match text {
        [order @ (b'<' | b'>' | b'|'), kind @ ..] => (*order, kind),
        _ => return Err(refuse(format!("type {}", super::shown(text)))),
    };
    let kind = match (kind, order) {
        (b"u1", _) => Kind::Unsigned(1),
        (b"i1", _) => Kind::Signed(1),
        (b"u2", b'<' | b'>') => Kind::Unsigned(2),
        (b"u4", b'<' | b'>') => Kind::Unsigned(4),
        (b"i2", b'<' | b'>') => Kind::Signed(2),
        (b"i4", b'<' | b'>') => Kind::Signed(4),
        (b"i8", b'<' | b'>') => Kind::Signed(8),
        (b"f4", b'<' | b'>') => Kind::Float(4),
        (b"f8", b'<' | b'>') => Kind::Float(8),
        _ => return Err(refuse(format!("type {}", super::shown(text)))),
    };
    Ok((kind, order == b'>'))
}

/// The type as the header says it.
#[derive(Clone, Copy)]
enum Descr<'a> {
    Text(&'a [u8]),
    /// A list of named fields.
    Structured,
}

/// The three entries of the header text.
struct Fields<'a> {
    descr: Descr<'a>,
    is_fortran: bool,
    shape: Vec<u64>,
}

impl<'a> Fields<'a> {
    /// Reads the text, a dictionary in the syntax of Python; `None` if it is anything else.
    fn parse(text: &'a [u8]) -> Option<Self> {
        let mut text = Text(text);
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        text.take(b"{")?;
        while text.take(b"}").is_none() {
            let key = text.string()?;
            text.take(b":")?;
            let is_new = match key {
                b"descr" => descr.replace(text.descr()?).is_none(),
                b"fortran_order" => is_fortran.replace(text.boolean()?).is_none(),
                b"shape" => shape.replace(text.tuple()?).is_none(),
                _ => false,
            };
            if !is_new {
                return None;
            }
            if text.take(b",").is_none() {
                text.take(b"}")?;
                break;
            }
        }
        text.skip_space();
        let is_end = text.0.is_empty();
        is_end.then_some(Self {
            descr: descr?,
            is_fortran: is_fortran?,
            shape: shape?,
        })
    }
}

/// The rest of a header text.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    /// Takes `word` if it comes next.
    fn take(&mut self, word: &[u8]) -> Option<()> {
        self.skip_space();
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// A text in single or double quotes, without escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.skip_space();
        let (quote, rest) = self
            .0
            .split_first()
            .filter(|(quote, _)| b"'\"".contains(quote))?;
        let end = rest.iter().position(|byte| byte == quote)?;
        let (text, rest) = (&rest[..end], &rest[end + 1..]);
        self.0 = rest;
        (!text.contains(&b'\\')).then_some(text)
    }

    fn descr(&mut self) -> Option<Descr<'a>> {
        if self.take(b"[").is_none() {
            return self.string().map(Descr::Text);
        }
        // The list itself says nothing that is of use; the entry after it must still be found.
        let mut depth = 1;
        while depth > 0 {
            let (byte, rest) = self.0.split_first()?;
            match byte {
                b'[' | b'(' => depth += 1,
                b']' | b')' => depth -= 1,
                _ => {}
            }
            self.0 = rest;
        }
        Some(Descr::Structured)
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.take(b"True").is_some() {
            return Some(true);
        }
        self.take(b"False").map(|()| false)
    }

    /// At most 32 numbers, as NumPy has at most.
    fn tuple(&mut self) -> Option<Vec<u64>> {
        const MOST: usize = 32;
        let mut numbers = Vec::new();
        self.take(b"(")?;
        while self.take(b")").is_none() {
            self.skip_space();
            let end = self
                .0
                .iter()
                .position(|byte| !byte.is_ascii_digit())
                .filter(|end| *end > 0)?;
            numbers.push(std::str::from_utf8(&self.0[..end]).ok()?.parse().ok()?);
            self.0 = &self.0[end..];
            if numbers.len() > MOST {
                return None;
            }
            if self.take(b",").is_none() {
                self.take(b")")?;
                break;
            }
        }
        Some(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 1.0 with this header text.
    fn file(text: &str, data: &[u8]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([1, 0]);
        file.extend((text.len() as u16).to_le_bytes());
        file.extend_from_slice(text.as_bytes());
        file.extend_from_slice(data);
        file
    }

    fn read(file: &[u8]) -> Result<Table, Error> {
        parse(file, Path::new("t.npy"), &TableOptions::default())
    }

    fn of_type(descr: &str, data: &[u8]) -> Table {
        read(&file(
            &format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}  \n"),
            data,
        ))
        .unwrap()
    }

    #[test]
    fn every_type_in_either_byte_order_is_read() {
        let values = [1_i8, -2, 0, 3, 100, 1];
        let unsigned = [1_u8, 2, 0, 3, 200, 1];
        let numbers = |table: &Table| (table.numbers.clone(), table.labels.clone());
        let expected = (vec![1.0, -2.0, 3.0, 100.0], vec![0, 1]);
        let bytes = |turn: &dyn Fn(i8) -> Vec<u8>| {
            values
                .iter()
                .flat_map(|value| turn(*value))
                .collect::<Vec<u8>>()
        };
        for (descr, data) in [
            ("|i1", bytes(&|value| value.to_le_bytes().to_vec())),
            (
                "<i2",
                bytes(&|value| i16::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">i2",
                bytes(&|value| i16::from(value).to_be_bytes().to_vec()),
            ),
            (
                "<i4",
                bytes(&|value| i32::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">i4",
                bytes(&|value| i32::from(value).to_be_bytes().to_vec()),
            ),
            (
                "<i8",
                bytes(&|value| i64::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">i8",
                bytes(&|value| i64::from(value).to_be_bytes().to_vec()),
            ),
            (
                "<f4",
                bytes(&|value| f32::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">f4",
                bytes(&|value| f32::from(value).to_be_bytes().to_vec()),
            ),
            (
                "<f8",
                bytes(&|value| f64::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">f8",
                bytes(&|value| f64::from(value).to_be_bytes().to_vec()),
            ),
        ] {
            assert_eq!(numbers(&of_type(descr, &data)), expected, "{descr}");
        }
        let expected = (vec![1.0, 2.0, 3.0, 200.0], vec![0, 1]);
        let bytes = |turn: &dyn Fn(u8) -> Vec<u8>| {
            unsigned
                .iter()
                .flat_map(|value| turn(*value))
                .collect::<Vec<u8>>()
        };
        for (descr, data) in [
            ("|u1", bytes(&|value| vec![value])),
            (
                "<u2",
                bytes(&|value| u16::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">u2",
                bytes(&|value| u16::from(value).to_be_bytes().to_vec()),
            ),
            (
                "<u4",
                bytes(&|value| u32::from(value).to_le_bytes().to_vec()),
            ),
            (
                ">u4",
                bytes(&|value| u32::from(value).to_be_bytes().to_vec()),
            ),
        ] {
            assert_eq!(numbers(&of_type(descr, &data)), expected, "{descr}");
        }
    }

    #[test]
    fn both_orders_and_all_versions_are_read() {
        let expected = of_type("|u1", &[1, 2, 0, 3, 4, 1]);
        let text = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
        assert_eq!(read(&file(text, &[1, 3, 2, 4, 0, 1])).unwrap(), expected);
        for version in [2, 3] {
            let text = "{\"shape\": (2,3),'descr':'|u1','fortran_order':False}\n";
            let head = [MAGIC, &[version, 0], &(text.len() as u32).to_le_bytes()].concat();
            assert_eq!(
                read(&[&head, text.as_bytes(), &[1, 2, 0, 3, 4, 1]].concat()).unwrap(),
                expected,
                "{version}"
            );
        }
    }

    #[test]
    fn the_label_column_is_the_last_or_the_one_with_that_number() {
        let bytes = file(
            "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }",
            &[9, 1, 2, 5, 3, 4],
        );
        let labelled = |label| {
            parse(
                &bytes,
                Path::new("t.npy"),
                &TableOptions {
                    label: Some(label),
                    ..TableOptions::default()
                },
            )
        };
        let table = labelled(Column::Number(1)).unwrap();
        assert_eq!(
            (table.numbers, table.labels, table.class_names.join(" ")),
            (vec![1.0, 2.0, 3.0, 4.0], vec![1, 0], "5 9".to_owned())
        );
        let text = labelled(Column::Name("kind".to_owned()))
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "t.npy: label column is `kind`, expected a number from 1 to the number of columns; arrays have no column names"
        );
    }
}
