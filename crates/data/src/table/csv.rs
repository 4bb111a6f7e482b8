//! Tables as text: CSV with `,`, `;` or tabs between the cells.
//!
//! The separator is the one that gives the first two lines the same number of cells, more than one;
//! where several do, the one that gives most, and then tab before `;` before `,`. The first line is
//! a header if none of its cells is a number. Cells may stand in double quotes, a quote inside them
//! is doubled; space around others is left out. A row has as many cells as the first line. Text is
//! UTF-8. Nothing is guessed for a cell that is missing or no number: it is rejected with its
//! place.
//!
//! The format has no length and no checksum, so a file that was cut at the end of a line looks
//! whole.

use std::borrow::Cow;
use std::path::Path;

use super::labels::Labels;
use super::{A_NUMBER, Column, MAX_COLUMNS, RowPlace, Table, TableOptions, is_number, shown};
use crate::error::Error;
use crate::kind::refuse_kind;
use crate::whole_file::read_whole;

const EXPECTED: &str = "a text table with cells separated by `,`, `;` or tabs";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// In the order of preference.
const SEPARATORS: [u8; 3] = *b"\t;,";

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
/// - [`Error::WrongKind`] for what is no text but another known kind of file.
/// - [`Error::TableColumns`], [`Error::TableEmpty`], [`Error::TableRow`], [`Error::TableQuote`] if
///   rows are not those of one table.
/// - [`Error::TableCell`] if a cell is missing, not a number, or not finite.
/// - [`Error::NoColumn`] if there is no such label column.
/// - [`Error::FeatureCount`], [`Error::NoLabels`] if it does not have the columns that the options
///   require.
/// - [`Error::TooManyClasses`], [`Error::OneClass`], [`Error::UnknownClass`] if its labels are not
///   those of classes.
/// - [`Error::TooManyNumbers`] if the table is larger than the limit.
///
/// # Example
///
/// ```
/// use spinet_data::table::{TableOptions, csv};
///
/// let text = b"width;height;kind\n1.5;2;cat\n3;4e-1;ant\n";
/// let table = csv::parse(text, "t.csv".as_ref(), &TableOptions::default())?;
/// assert_eq!((table.row(1), table.labels[1]), (&[3.0, 0.4][..], 0));
/// assert_eq!(table.class_names, ["ant", "cat"]);
/// # Ok::<(), spinet_data::Error>(())
/// ```
pub fn parse(bytes: &[u8], path: &Path, options: &TableOptions) -> Result<Table, Error> {
    refuse_kind(bytes, path, EXPECTED)?;
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut lines = Lines::new(text, separator(text), path);
    let mut first = Vec::new();
    if lines.next(&mut first)?.is_none() {
        return Err(Error::TableEmpty {
            path: path.to_owned(),
        });
    }
    let columns = first.len();
    if !(options.least_columns()..=MAX_COLUMNS).contains(&columns) {
        return Err(Error::TableColumns {
            path: path.to_owned(),
            found: columns,
            limit: MAX_COLUMNS,
        });
    }
    let has_header = first.iter().all(|cell| as_number(cell).is_none());
    let is_named = has_header
        && matches!(&options.label, Some(Column::Name(name)) if first.iter().any(|cell| **cell == *name.as_bytes()));
    let has_labels = is_named || options.features != Some(columns);
    let label = if has_labels {
        Some(label_column(
            options.label.as_ref(),
            &first,
            has_header,
            path,
        )?)
    } else {
        None
    };
    options.check_columns(columns, label, path)?;
    if !has_header {
        lines = Lines::new(text, lines.separator, path);
    }
    Reading {
        lines,
        columns,
        label,
        path,
        options,
    }
    .table()
}

/// The rows after the header.
struct Reading<'a> {
    lines: Lines<'a>,
    columns: usize,
    /// Absent if the table has only features.
    label: Option<usize>,
    path: &'a Path,
    options: &'a TableOptions,
}

impl Reading<'_> {
    fn features(&self) -> usize {
        self.columns - usize::from(self.label.is_some())
    }

    fn table(mut self) -> Result<Table, Error> {
        let (mut numbers, mut labels) = self.reserve()?;
        let mut cells = Vec::with_capacity(self.columns);
        while let Some(line) = self.lines.next(&mut cells)? {
            let place = RowPlace::Line(line);
            if cells.len() != self.columns {
                return Err(Error::TableRow {
                    path: self.path.to_owned(),
                    line,
                    found: cells.len(),
                    expected: self.columns,
                });
            }
            for (column, cell) in cells.iter().enumerate() {
                let refuse = |expected| {
                    let (path, found) = (self.path.to_owned(), shown(cell));
                    Err(Error::TableCell {
                        path,
                        place,
                        column: column + 1,
                        found,
                        expected,
                    })
                };
                if Some(column) == self.label {
                    if !self.options.needs_labels {
                        continue;
                    }
                    match std::str::from_utf8(cell) {
                        Ok(text) if !text.trim().is_empty() => {
                            labels.add(text, place, self.path)?;
                        }
                        _ => return refuse("a label: UTF-8 text or an integer"),
                    }
                } else {
                    match as_number(cell).filter(|number| is_number(*number)) {
                        Some(number) => numbers.push(number),
                        None if has_decimal_comma(cell) => {
                            return refuse("a number with a decimal point, not a comma");
                        }
                        None => return refuse(A_NUMBER),
                    }
                }
            }
        }
        if numbers.is_empty() {
            return Err(Error::TableEmpty {
                path: self.path.to_owned(),
            });
        }
        let features = self.features();
        let (labels, class_names) = if self.options.needs_labels {
            labels.finish(self.options.class_names.as_deref(), self.path)?
        } else {
            self.options.unread(numbers.len() / features)
        };
        Ok(Table {
            numbers,
            features,
            labels,
            class_names,
        })
    }

    /// Memory for as many rows as there can be: not more than lines, and each cell takes two bytes
    /// of the file.
    fn reserve(&self) -> Result<(Vec<f64>, Labels), Error> {
        let rest = self.lines.rest;
        let rows = (bytecount(rest, b'\n') + 1).min(rest.len() / (2 * self.columns - 1) + 1);
        let count = rows.saturating_mul(self.features());
        let promised = (count as u64).saturating_mul(8);
        let limit = self.options.max_bytes;
        if promised > limit {
            return Err(Error::TooManyNumbers {
                path: self.path.to_owned(),
                promised,
                limit,
            });
        }
        let (mut numbers, mut labels) = (Vec::new(), Labels::default());
        if numbers.try_reserve_exact(count).is_err() || !labels.reserve(rows) {
            return Err(Error::OutOfMemory {
                path: self.path.to_owned(),
                promised: promised as usize,
            });
        }
        Ok((numbers, labels))
    }
}

fn bytecount(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().map(|byte| usize::from(*byte == wanted)).sum()
}

/// A number, finite or not.
fn as_number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.trim().parse().ok()
}

fn has_decimal_comma(cell: &[u8]) -> bool {
    let commas = bytecount(cell, b',');
    let pointed: Vec<u8> = cell
        .iter()
        .map(|byte| if *byte == b',' { b'.' } else { *byte })
        .collect();
    commas == 1 && as_number(&pointed).is_some()
}

/// The position of the label column, counted from 0.
fn label_column(
    column: Option<&Column>,
    first: &[Cell],
    has_header: bool,
    path: &Path,
) -> Result<usize, Error> {
    let no_column = |column: &Column, expected| Error::NoColumn {
        path: path.to_owned(),
        column: shown(column.to_string().as_bytes()),
        expected,
    };
    match column {
        None => Ok(first.len() - 1),
        Some(Column::Number(number)) if (1..=first.len()).contains(number) => Ok(number - 1),
        Some(column @ Column::Number(_)) => Err(no_column(
            column,
            "a number from 1 to the number of columns",
        )),
        Some(column @ Column::Name(_)) if !has_header => Err(no_column(
            column,
            "a number, because the first line is not a header",
        )),
        Some(column @ Column::Name(name)) => {
            let mut places = first
                .iter()
                .enumerate()
                .filter(|(_, cell)| &***cell == name.as_bytes());
            match (places.next(), places.next()) {
                (Some((place, _)), None) => Ok(place),
                (None, _) => Err(no_column(column, "a name from the first line")),
                (Some(_), Some(_)) => Err(no_column(
                    column,
                    "a name that occurs once in the first line",
                )),
            }
        }
    }
}

/// The separator that fits the first two lines best.
fn separator(text: &[u8]) -> u8 {
    let cells = |separator: u8| {
        let (mut lines, mut first, mut second) = (
            Lines::new(text, separator, Path::new("")),
            Vec::new(),
            Vec::new(),
        );
        let is_read = matches!(lines.next(&mut first), Ok(Some(_)))
            && matches!(lines.next(&mut second), Ok(Some(_)));
        (
            is_read && first.len() == second.len() && first.len() > 1,
            first.len(),
        )
    };
    // The last of equals; with one line, or none that fits, the most cells of the first.
    SEPARATORS
        .into_iter()
        .rev()
        .max_by_key(|separator| cells(*separator))
        .unwrap_or(b',')
}

type Cell<'a> = Cow<'a, [u8]>;

/// Lines of text as cells.
struct Lines<'a> {
    rest: &'a [u8],
    separator: u8,
    /// Of the next cell, counted from 1.
    line: u64,
    path: &'a Path,
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8], separator: u8, path: &'a Path) -> Self {
        Self {
            rest: text,
            separator,
            line: 1,
            path,
        }
    }

    /// The cells of the next row, and its line; `None` if only empty lines are left.
    fn next(&mut self, cells: &mut Vec<Cell<'a>>) -> Result<Option<u64>, Error> {
        cells.clear();
        if self.rest.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        let line = self.line;
        while self.cell(cells)? {
            if cells.len() > MAX_COLUMNS {
                return Err(Error::TableColumns {
                    path: self.path.to_owned(),
                    found: cells.len(),
                    limit: MAX_COLUMNS,
                });
            }
        }
        Ok(Some(line))
    }

    /// Takes one cell; whether another one follows in the same row.
    fn cell(&mut self, cells: &mut Vec<Cell<'a>>) -> Result<bool, Error> {
        if self.rest.first() == Some(&b'"') {
            let cell = self.quoted()?;
            cells.push(cell);
        } else {
            let separator = self.separator;
            let end = self
                .rest
                .iter()
                .position(|byte| *byte == separator || *byte == b'\n')
                .unwrap_or(self.rest.len());
            cells.push(Cow::Borrowed(self.rest[..end].trim_ascii()));
            self.rest = &self.rest[end..];
        }
        let (next, rest) = self
            .rest
            .split_first()
            .map_or((b'\n', self.rest), |(next, rest)| (*next, rest));
        self.rest = rest;
        self.line += u64::from(next == b'\n');
        Ok(next == self.separator)
    }

    /// What stands in quotes; leaves the separator or the end of the line as the next byte.
    fn quoted(&mut self) -> Result<Cell<'a>, Error> {
        let start = self.line;
        let refuse = |found| {
            Err(Error::TableQuote {
                path: self.path.to_owned(),
                line: start,
                found,
            })
        };
        let text = &self.rest[1..];
        let (mut at, mut has_doubled) = (0, false);
        let end = loop {
            match text[at..].iter().position(|byte| *byte == b'"') {
                None => return refuse("not closed"),
                Some(place) if text.get(at + place + 1) == Some(&b'"') => {
                    at += place + 2;
                    has_doubled = true;
                }
                Some(place) => break at + place,
            }
        };
        let (cell, after) = (&text[..end], &text[end + 1..]);
        let after = after
            .strip_prefix(b"\r")
            .filter(|after| after.first().is_none_or(|byte| *byte == b'\n'))
            .unwrap_or(after);
        if after
            .first()
            .is_some_and(|byte| *byte != self.separator && *byte != b'\n')
        {
            return refuse("followed by more text");
        }
        self.line += bytecount(cell, b'\n') as u64;
        self.rest = after;
        if !has_doubled {
            return Ok(Cow::Borrowed(cell));
        }
        let mut single = Vec::with_capacity(cell.len());
        let mut is_second = false;
        for byte in cell {
            is_second = *byte == b'"' && !is_second;
            if !is_second {
                single.push(*byte);
            }
        }
        Ok(Cow::Owned(single))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table {
        parse(
            text.as_bytes(),
            Path::new("t.csv"),
            &TableOptions::default(),
        )
        .unwrap()
    }

    fn labelled(text: &str, label: &str) -> Result<Table, Error> {
        let label = label.parse().ok();
        parse(
            text.as_bytes(),
            Path::new("t.csv"),
            &TableOptions {
                label,
                ..TableOptions::default()
            },
        )
    }

    #[test]
    fn the_separator_is_the_one_that_fits() {
        let expected = read("1,2,a\n3,4,b\n");
        assert_eq!(
            (expected.numbers.as_slice(), expected.features),
            (&[1.0, 2.0, 3.0, 4.0][..], 2)
        );
        for text in [
            "1;2;a\n3;4;b\n",
            "1\t2\ta\n3\t4\tb",
            "1 , 2,a \r\n3,4,\"b\"\r\n\r\n",
            "\u{feff}1,2,a\n3,4,b\n \n",
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        // A comma inside the words does not make a separator of it.
        assert_eq!(
            read("x;y, z;kind\n1;2;a, b\n3;4;c").class_names,
            ["a, b", "c"]
        );
        assert_eq!(
            read("x\ty\tk\n1\t2\ta,b\n3\t4\tc,d").class_names,
            ["a,b", "c,d"]
        );
    }

    #[test]
    fn a_first_line_without_numbers_is_a_header() {
        assert_eq!(read("x,y,kind\n1,2,a\n3,4,b\n"), read("1,2,a\n3,4,b\n"));
        assert_eq!(read("x,y,kind\n1,2,0\n3,4,1\n").labels, [0, 1]);
        let text = parse(
            b"1,abc,a\n3,4,b\n",
            Path::new("t.csv"),
            &TableOptions::default(),
        )
        .unwrap_err()
        .to_string();
        let hint =
            "hint: only the label column may contain text; use `--label COLUMN` to select it";
        assert_eq!(
            text,
            format!(
                "t.csv: line 1, column 2 is `abc`, expected a finite number of magnitude below 3.4e38\n\n{hint}"
            )
        );
    }

    #[test]
    fn a_decimal_comma_is_named() {
        let text = parse(
            b"x;k\n1,5;a\n2,5;b\n",
            Path::new("t.csv"),
            &TableOptions::default(),
        )
        .unwrap_err()
        .to_string();
        assert_eq!(
            text,
            "t.csv: line 2, column 1 is `1,5`, expected a number with a decimal point, not a comma"
        );
    }

    #[test]
    fn the_label_column_is_the_last_or_the_one_that_is_named() {
        let (text, expected) = ("kind,x,y\na,1,2\nb,3,4\n", read("1,2,a\n3,4,b\n"));
        for label in ["kind", "1"] {
            assert_eq!(labelled(text, label).unwrap(), expected, "{label}");
        }
        assert_eq!(labelled("x;kind;y\n1;a;2\n3;b;4\n", "2").unwrap(), expected);
        let refused = |text, label| labelled(text, label).unwrap_err().to_string();
        assert_eq!(
            refused(text, "color"),
            "t.csv: label column is `color`, expected a name from the first line"
        );
        assert_eq!(
            refused(text, "4"),
            "t.csv: label column is `4`, expected a number from 1 to the number of columns"
        );
        assert_eq!(
            refused(text, "0"),
            "t.csv: label column is `0`, expected a number from 1 to the number of columns"
        );
        assert_eq!(
            refused("a,a,b\n1,2,3", "a"),
            "t.csv: label column is `a`, expected a name that occurs once in the first line"
        );
        let expected = "t.csv: label column is `kind`, expected a number, because the first line is not a header";
        assert_eq!(refused("1,2,a\n3,4,b", "kind"), expected);
    }

    #[test]
    fn quotes_hold_separators_line_ends_and_doubled_quotes() {
        let table =
            read("\"x, 1\",\"kind\"\n\"1.5\",\"a \"\"b\"\", c\"\n2,\"two\nlines\"\n3,plain\n");
        assert_eq!(table.numbers, [1.5, 2.0, 3.0]);
        assert_eq!(table.class_names, ["a \"b\", c", "plain", "two\nlines"]);
        let text = parse(
            b"x,k\n1,\"a\nb\"\n2,c\n,d\n",
            Path::new("t.csv"),
            &TableOptions::default(),
        )
        .unwrap_err()
        .to_string();
        assert_eq!(
            text,
            "t.csv: line 5, column 1 is empty, expected a finite number of magnitude below 3.4e38"
        );
    }

    #[test]
    fn every_form_of_a_number_is_read() {
        let table = read("-1.5,+2e3,.5,5.,1E-2,0,a\n1,2,3,4,5,6,b\n");
        assert_eq!(table.row(0), [-1.5, 2000.0, 0.5, 5.0, 0.01, 0.0]);
    }
}
