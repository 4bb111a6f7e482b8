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
//! Types are `b1 u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8`, little- or big-endian. Arrays of objects are pickles,
//! which are programs: they are never read. The header must agree with the length of the file to
//! the byte, and is at most 64 KiB long. NaN is a missing cell.

use std::io::Read;
use std::path::Path;

use super::cells::{Cell, Cells};
use super::raw::{Facts, Head, Mode, Raw, Role, Side};
use super::roles::labels_of;
use super::roles::roles;
use super::{
    A_NUMBER, A_WEIGHT, MAX_COLUMNS, MAX_GROUPS, Open, RowPlace, Table, TableOptions, is_number,
    is_weight,
};
use crate::error::Error;
use crate::kind::refuse_kind;
use crate::whole_file::open_file;

const MAGIC: &[u8] = b"\x93NUMPY";
const MAX_HEADER: usize = 1 << 16;
const EXPECTED: &str = "a numeric array written by `numpy.save`";
/// Bytes that are read at once.
const PART: usize = 1 << 20;

/// Reads a table.
///
/// # Errors
///
/// - [`Error::Io`], [`Error::NotAFile`] if the file cannot be read.
/// - As [`parse`].
pub fn read(path: &Path, options: &TableOptions) -> Result<Table, Error> {
    read_from(&mut || open_file(path), path, options)
}

/// Reads a table from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// - [`Error::WrongKind`] for arrays of objects, archives of arrays and other known kinds of files.
/// - [`Error::NpyHeader`] if the header is not that of a two-dimensional array of a known type.
/// - [`Error::NpySize`] if the file has another length than the header declares,
///   [`Error::TooManyNumbers`] above the limit.
/// - [`Error::NoColumn`] if there is no such column.
/// - [`Error::FeatureCount`], [`Error::NoLabels`] if it does not have the columns that the options
///   require.
/// - [`Error::TableCell`] if a number is not finite.
/// - [`Error::TooManyClasses`], [`Error::OneClass`],
///   [`Error::UnknownClass`] if the labels are not those of classes.
pub fn parse(bytes: &[u8], path: &Path, options: &TableOptions) -> Result<Table, Error> {
    let mut open = || Ok(super::in_memory(bytes));
    read_from(&mut open, path, options)
}

/// Reads a table.
pub(super) fn read_from(
    open: &mut Open,
    path: &Path,
    options: &TableOptions,
) -> Result<Table, Error> {
    let (mut source, stored) = open()?;
    let array = Array::open(&mut *source, stored, path)?;
    let [_, columns] = array.table_shape(path, options)?;
    let head = Head {
        columns,
        ..Head::default()
    };
    let roles = roles(&head, path, options)?;
    Table::build(
        array.raw(path, head, &roles, options.max_bytes)?,
        options,
        &[],
    )
}

/// An array that is being read.
pub(super) struct Array<'a> {
    header: Header,
    /// Bytes that were read behind the header.
    begun: Vec<u8>,
    source: &'a mut dyn Read,
}

impl<'a> Array<'a> {
    /// Reads the header of an array in a file of `stored` bytes.
    pub(super) fn open(source: &'a mut dyn Read, stored: u64, path: &Path) -> Result<Self, Error> {
        let mut start = Vec::new();
        source
            .take(MAX_HEADER as u64 + 12)
            .read_to_end(&mut start)
            .map_err(|source| failed(path, source))?;
        let header = Header::parse(&start, stored, path)?;
        let begun = start.split_off(header.start);
        Ok(Self {
            header,
            begun,
            source,
        })
    }

    /// Rows and columns, of an array that has these two dimensions.
    pub(super) fn table_shape(
        &self,
        path: &Path,
        options: &TableOptions,
    ) -> Result<[usize; 2], Error> {
        let refuse = |found, expected| {
            Err(Error::NpyHeader {
                path: path.to_owned(),
                found,
                expected,
            })
        };
        let [rows, columns] = self.header.shape[..] else {
            return refuse(
                format!("{} dimensions", self.header.shape.len()),
                "2, samples and columns",
            );
        };
        let is_for_one = options.features == Some(1)
            || options
                .plan
                .as_ref()
                .is_some_and(|plan| plan.columns.len() == 1);
        let least = if is_for_one { 1 } else { 2 };
        if rows == 0 || columns < least || columns > MAX_COLUMNS || rows > u32::MAX as usize {
            return refuse(
                format!("shape {rows} x {columns}"),
                "at least 1 row and 2 columns, at most 65536 columns",
            );
        }
        Ok([rows, columns])
    }

    /// The numbers of an array of two dimensions as a table.
    pub(super) fn raw(
        self,
        path: &Path,
        head: Head,
        roles: &[Role],
        most: u64,
    ) -> Result<Raw, Error> {
        let (rows, columns) = (self.header.shape[0], roles.len());
        let is_fortran = self.header.is_fortran;
        let features: Vec<usize> = (0..columns)
            .filter(|column| matches!(roles[*column], Role::Feature(_)))
            .collect();
        if let Some(column) = roles
            .iter()
            .position(|role| *role == Role::Feature(Mode::Dates))
        {
            return Err(Error::TableCell {
                path: path.to_owned(),
                place: RowPlace::Row(1),
                column: column + 1,
                found: "a number".to_owned(),
                expected: super::A_DATE,
            });
        }
        let feature_of: Vec<usize> = (0..columns)
            .map(|column| features.partition_point(|feature| *feature < column))
            .collect();
        let mut cells = Cells::new(features.len());
        cells.reserve(rows * features.len(), path, most)?;
        cells.fill(rows);
        let mut facts: Vec<Facts> = features.iter().map(|_| Facts::new()).collect();
        let label_columns = labels_of(roles);
        let mut labels: Vec<Side> = label_columns
            .iter()
            .map(|_| Side::of_labels(super::number::Decimal::Point))
            .collect();
        let mut group = Side::new(MAX_GROUPS);
        let (mut order, mut weight) = (Vec::new(), Vec::new());
        self.each(path, |index, number| {
            let (row, column) = if is_fortran {
                (index % rows, index / rows)
            } else {
                (index / columns, index % columns)
            };
            let line = row as u64 + 1;
            let refuse = |expected| Error::TableCell {
                path: path.to_owned(),
                place: RowPlace::Row(line),
                column: column + 1,
                found: format!("`{number}`"),
                expected,
            };
            match roles[column] {
                Role::Skip => {}
                Role::Label(index) => labels[index].add_number(number, line),
                Role::Group => group.add_number(number, line),
                Role::Order if is_number(number) => order.push(number),
                Role::Order => return Err(refuse(A_NUMBER)),
                Role::Weight if is_weight(number) => weight.push(number),
                Role::Weight => return Err(refuse(A_WEIGHT)),
                Role::Feature(mode) => {
                    let feature = feature_of[column];
                    let facts = &mut facts[feature];
                    let cell = if number.is_nan() {
                        facts.add_missing(line);
                        Cell::Missing
                    } else if !is_number(number) {
                        return Err(refuse(A_NUMBER));
                    } else if mode == Mode::Words {
                        Cell::Word(facts.add_word(number.to_string().as_bytes(), line))
                    } else {
                        facts.add_number(number);
                        Cell::Number(number)
                    };
                    cells.set(row, feature, cell);
                }
            }
            Ok(())
        })?;
        let position = |wanted: Role| roles.iter().position(|role| *role == wanted);
        Ok(Raw {
            path: path.to_owned(),
            head,
            features: features.into_iter().zip(facts).collect(),
            cells,
            rows,
            labels: label_columns.into_iter().zip(labels).collect(),
            weight: position(Role::Weight).map(|position| (position, weight)),
            group: position(Role::Group).map(|position| (position, group)),
            order: position(Role::Order).map(|position| (position, order)),
            comments: 0,
            decimal: super::number::Decimal::Point,
            is_text: false,
        })
    }

    /// The cells of an array of one dimension, of numbers or text.
    pub(super) fn labels(self, path: &Path) -> Result<Side, Error> {
        let mut side = Side::of_labels(super::number::Decimal::Point);
        if self.header.shape.len() != 1 {
            return Err(Error::NpyHeader {
                path: path.to_owned(),
                found: format!("{} dimensions of labels", self.header.shape.len()),
                expected: "1",
            });
        }
        let mut line = 0;
        if let kind @ (Kind::Text(_) | Kind::Bytes(_)) = self.header.kind {
            let is_big_endian = self.header.is_big_endian;
            self.each_bytes(path, |bytes| {
                line += 1;
                let text = text_of(bytes, kind, is_big_endian);
                let text = text.trim().as_bytes();
                let is_missing = super::number::is_missing(text);
                side.add((!is_missing).then_some(text), line);
                Ok(())
            })?;
        } else {
            self.each(path, |_, number| {
                line += 1;
                side.add_number(number, line);
                Ok(())
            })?;
        }
        Ok(side)
    }

    /// Every number in the order of the file, with its index.
    fn each(
        self,
        path: &Path,
        mut each: impl FnMut(usize, f64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (kind, is_big_endian) = (self.header.kind, self.header.is_big_endian);
        if let Kind::Text(_) | Kind::Bytes(_) = kind {
            return Err(Error::NpyHeader {
                path: path.to_owned(),
                found: "text".to_owned(),
                expected: "numbers",
            });
        }
        let mut index = 0;
        self.each_bytes(path, |bytes| {
            each(index, kind.number(bytes, is_big_endian))?;
            index += 1;
            Ok(())
        })
    }

    /// The bytes of every element.
    fn each_bytes(
        self,
        path: &Path,
        mut each: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let size = self.header.kind.size();
        let mut source = (&self.begun[..]).chain(self.source);
        let mut left = self.header.count as usize * size;
        let mut buffer = vec![0; (PART / size).max(1) * size];
        while left > 0 {
            let part = left.min(buffer.len());
            source
                .read_exact(&mut buffer[..part])
                .map_err(|source| failed(path, source))?;
            buffer[..part].chunks_exact(size).try_for_each(&mut each)?;
            left -= part;
        }
        Ok(())
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        action: "read file",
        source,
    }
}

fn text_of(bytes: &[u8], kind: Kind, is_big_endian: bool) -> String {
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

/// What the header says, once it agrees with the file.
struct Header {
    kind: Kind,
    is_big_endian: bool,
    is_fortran: bool,
    shape: Vec<usize>,
    /// Number of elements.
    count: u64,
    /// Where the elements begin.
    start: usize,
}

/// Types of elements.
#[derive(Clone, Copy)]
enum Kind {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
    /// So many characters of four bytes.
    Text(usize),
    /// So many characters of one byte.
    Bytes(usize),
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) | Self::Bytes(size) => {
                size
            }
            Self::Text(characters) => 4 * characters,
        }
    }

    fn number(self, stored: &[u8], is_big_endian: bool) -> f64 {
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

impl Header {
    fn parse(bytes: &[u8], stored: u64, path: &Path) -> Result<Self, Error> {
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

/// The type of the numbers, and whether they are big-endian.
fn number_type(descr: Descr, path: &Path) -> Result<(Kind, bool), Error> {
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
    let unknown = || refuse(format!("type {}", super::shown(text)));
    let (order, kind) = match text {
        [order @ (b'<' | b'>' | b'|'), kind @ ..] => (*order, kind),
        _ => return Err(refuse(format!("type {}", super::shown(text)))),
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
    use super::super::Column;
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

    /// The numbers and labels of a table.
    fn numbers(table: &Table) -> (Vec<f64>, Vec<u8>) {
        let cells = (0..table.rows()).flat_map(|row| {
            (0..table.width()).map(move |column| match table.cell(row, column) {
                Cell::Number(number) => number,
                other => panic!("{other:?} instead of a number"),
            })
        });
        (cells.collect(), table.labels().to_vec())
    }

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

    #[test]
    fn nan_is_a_missing_cell_and_a_row_without_a_label_is_left_out() {
        let data = [1.0, 0.0, f64::NAN, 1.0, 3.0, f64::NAN, 4.0, 0.0].map(f64::to_le_bytes);
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2), }";
        let table = read(&file(text, &data.concat())).unwrap();
        assert_eq!((table.rows(), table.labels()), (3, &[0, 1, 0][..]));
        assert_eq!(table.cell(1, 0), Cell::Missing);
        assert_eq!(table.cell(2, 0), Cell::Number(4.0));
    }

    #[test]
    fn every_type_in_either_byte_order_is_read() {
        let values = [1_i8, -2, 0, 3, 100, 1];
        let unsigned = [1_u8, 2, 0, 3, 200, 1];
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
        let expected = numbers(&of_type("|u1", &[1, 2, 0, 3, 4, 1]));
        let text = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
        let table = read(&file(text, &[1, 3, 2, 4, 0, 1])).unwrap();
        assert_eq!(numbers(&table), expected);
        for version in [2, 3] {
            let text = "{\"shape\": (2,3),'descr':'|u1','fortran_order':False}\n";
            let head = [MAGIC, &[version, 0], &(text.len() as u32).to_le_bytes()].concat();
            let bytes = [&head, text.as_bytes(), &[1, 2, 0, 3, 4, 1]].concat();
            assert_eq!(numbers(&read(&bytes).unwrap()), expected, "{version}");
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
            (numbers(&table), table.class_names().join(" ")),
            ((vec![1.0, 2.0, 3.0, 4.0], vec![1, 0]), "5 9".to_owned())
        );
        let text = labelled(Column::Name("kind".to_owned()))
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "t.npy: label column is `kind`, expected a number, because the table has no header"
        );
    }
}
