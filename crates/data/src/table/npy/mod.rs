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

mod element;
mod header;
mod python;

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
use crate::whole_file::open_file;
use element::{Kind, text_of};
use header::Header;

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
