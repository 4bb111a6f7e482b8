//! Tables as text: CSV with `,`, `;`, tabs or spaces between the cells, plain or gzip.
//!
//! The separator is the one that gives the first lines the same number of cells, more than one;
//! where several do, the one that gives most, and then tab before `;` before `,`; spaces separate
//! where nothing else does. Cells may stand in double quotes, a quote inside them is doubled; space
//! around cells is left out. Blank lines and lines that begin with `#` are skipped. A row has as
//! many cells as the first line, and may have a separator at its end. Text is UTF-8.
//!
//! The first line is a header if none of its cells is a number, or if it differs in kind from the
//! rows below it; where that is uncertain, the table is refused with a question. Numbers have a
//! decimal point, or a decimal comma where the first cells show one; `,`, `.`, spaces or `'` may
//! stand between thousands. Empty cells, `?`, `NA`, `nan`, `null` and the like are missing.
//!
//! The text is read in parts that end with a row, and the parts are parsed on several threads; only
//! the numbers are kept. The format has no length and no checksum, so a file that was cut at the end
//! of a line looks whole.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use super::cells::{Cell, Cells};
use super::dialect::dialect;
use super::lines::{Lines, Separator, whole_rows};
use super::number::{self, Decimal};
use super::parts::in_parts;
use super::raw::{Facts, Head, Mode, Raw, Role, Side};
use super::roles::{labels_of, roles};
use super::settings::TableSettings;
use super::{
    A_DATE, A_NUMBER, A_WEIGHT, MAX_COLUMNS, MAX_GROUPS, Open, RowPlace, Table, TableOptions,
    is_number, is_weight, kinds, shown,
};
use crate::error::Error;
use crate::kind::refuse_kind;
use crate::whole_file::open_file;

const EXPECTED: &str = "a text table with cells separated by `,`, `;`, tabs or spaces";
const A_LABEL: &str = "a label: UTF-8 text or an integer";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes of a part; longer ones where a row is longer.
const PART: usize = 1 << 19;

/// Says what each column is for, once the first lines are known.
type Roles<'a> = dyn Fn(&Head) -> Result<Vec<Role>, Error> + 'a;

/// A text that is to be read.
struct Source<'a> {
    bytes: &'a mut dyn Read,
    /// How many there are, as stored.
    stored: u64,
    path: &'a Path,
    /// Largest number of bytes of the unpacked text, and of the cells in memory.
    most: u64,
}

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
/// - [`Error::WrongKind`] for what is no text but another known kind of file.
/// - [`Error::TableColumns`], [`Error::TableEmpty`], [`Error::TableRow`], [`Error::TableQuote`] if
///   rows are not those of one table.
/// - [`Error::TableCell`] if a cell of a column of numbers is a word, or not finite.
/// - [`Error::NoColumn`], [`Error::MissingColumns`] if there is no such column.
/// - [`Error::UncertainHeader`], [`Error::DecimalMark`] where a question has to be answered.
/// - [`Error::FeatureCount`], [`Error::NoLabels`] if it does not have the columns that the options
///   require.
/// - [`Error::TooManyClasses`], [`Error::OneClass`],
///   [`Error::UnknownClass`] if its labels are not those of classes.
/// - [`Error::TooManyNumbers`], [`Error::FileTooLarge`] if the table is larger than the limit.
///
/// # Example
///
/// ```
/// use spinet_data::table::{Cell, TableOptions, csv};
///
/// let text = b"width;color;kind\n1.5;red;cat\n3;?;ant\n";
/// let table = csv::parse(text, "t.csv".as_ref(), &TableOptions::default())?;
/// assert_eq!((table.cell(1, 0), table.cell(1, 1)), (Cell::Number(3.0), Cell::Missing));
/// assert_eq!((table.labels(), table.class_names()), (&[1, 0][..], &["ant".to_owned(), "cat".to_owned()][..]));
/// # Ok::<(), spinet_data::Error>(())
/// ```
pub fn parse(bytes: &[u8], path: &Path, options: &TableOptions) -> Result<Table, Error> {
    let mut open = || Ok(super::in_memory(bytes));
    read_from(&mut open, path, options)
}

/// Reads a table; a second time, if columns turn out to be words that began as numbers.
pub(super) fn read_from(
    open: &mut Open,
    path: &Path,
    options: &TableOptions,
) -> Result<Table, Error> {
    let plan = options.plan.as_ref();
    let known: Vec<&str> = plan
        .iter()
        .flat_map(|plan| &plan.columns)
        .filter_map(|column| column.name.as_deref())
        .collect();
    let mut read = |as_words: &[usize]| {
        let (mut bytes, stored) = open()?;
        let source = Source {
            bytes: &mut bytes,
            stored,
            path,
            most: options.max_bytes,
        };
        read_raw(source, &options.settings, &known, &|head| {
            let mut roles = roles(head, path, options)?;
            for position in as_words {
                roles[*position] = Role::Feature(Mode::Words);
            }
            Ok(roles)
        })
    };
    let raw = read(&[])?;
    let mixed = kinds::mixed(&raw, options)?;
    if mixed.is_empty() {
        return Table::build(raw, options, &[]);
    }
    let is_mixed = |(position, _): &(usize, Facts)| mixed.contains(position);
    let before: Vec<_> = raw
        .features
        .iter()
        .filter(|column| is_mixed(column))
        .cloned()
        .collect();
    drop(raw);
    Table::build(read(&mixed)?, options, &before)
}

/// Reads a text. `known` are the names of columns that a model needs.
fn read_raw(
    source: Source,
    settings: &TableSettings,
    known: &[&str],
    roles: &Roles,
) -> Result<Raw, Error> {
    let Source {
        bytes,
        stored,
        path,
        most,
    } = source;
    let mut magic = [0; 2];
    let length = fill(bytes, &mut magic, path)?;
    let whole = (&magic[..length]).chain(bytes);
    let open = Opening {
        path,
        most,
        settings,
        known,
        roles,
    };
    if magic == GZIP {
        open.reading(MultiGzDecoder::new(whole), PART)?.table(0)
    } else {
        open.reading(whole, PART.min(stored as usize + 1))?
            .table(stored)
    }
}

/// Fills the buffer as far as the source goes.
fn fill(source: &mut dyn Read, buffer: &mut [u8], path: &Path) -> Result<usize, Error> {
    let mut length = 0;
    while length < buffer.len() {
        match source.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(Error::Io {
                    path: path.to_owned(),
                    action: "read file",
                    source,
                });
            }
        }
    }
    Ok(length)
}

/// What is known before the first byte.
struct Opening<'a> {
    path: &'a Path,
    most: u64,
    settings: &'a TableSettings,
    known: &'a [&'a str],
    roles: &'a Roles<'a>,
}

impl<'a> Opening<'a> {
    /// Looks at the first `sample` bytes.
    fn reading<R: Read>(&self, mut source: R, sample: usize) -> Result<Reading<'a, R>, Error> {
        let path = self.path;
        let mut text = vec![0; sample];
        let length = fill(&mut source, &mut text, path)?;
        text.truncate(length);
        refuse_kind(&text, path, EXPECTED)?;
        if text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        let dialect = dialect(&text, path, self.settings, self.known)?;
        let head = dialect.head;
        match head.columns {
            0 => {
                return Err(Error::TableEmpty {
                    path: path.to_owned(),
                });
            }
            1..=MAX_COLUMNS => {}
            found => {
                return Err(Error::TableColumns {
                    path: path.to_owned(),
                    found,
                    limit: MAX_COLUMNS,
                });
            }
        }
        text.drain(..dialect.start);
        Ok(Reading {
            source,
            path,
            text,
            is_end: length < sample,
            length: length as u64,
            most: self.most,
            rows: Rows {
                separator: dialect.separator,
                decimal: dialect.decimal,
                roles: (self.roles)(&head)?,
            },
            head,
            lines: dialect.lines,
        })
    }
}

/// A text that is being read.
struct Reading<'a, R> {
    source: R,
    path: &'a Path,
    /// What was read and is not parsed yet; it begins with a row.
    text: Vec<u8>,
    is_end: bool,
    /// Bytes read so far.
    length: u64,
    most: u64,
    head: Head,
    rows: Rows,
    /// Lines before `text`.
    lines: u64,
}

/// Memory that is used again: a new piece for each part would be cleared by the system each time.
struct Spare<T>(Mutex<Vec<Vec<T>>>);

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Spare<T> {
    /// An empty vector.
    fn take(&self) -> Vec<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.pop().unwrap_or_default()
    }

    fn give(&self, mut used: Vec<T>) {
        used.clear();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(used);
    }
}

impl<R: Read> Reading<'_, R> {
    /// The next part: whole rows.
    fn part(&mut self, spare: &Spare<u8>) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if self.length > self.most {
                return Err(Error::FileTooLarge {
                    path: self.path.to_owned(),
                    found: self.length,
                    limit: self.most,
                });
            }
            let whole = if self.is_end {
                self.text.len()
            } else {
                whole_rows(&self.text, self.rows.separator)
            };
            if whole > 0 {
                let mut rest = spare.take();
                rest.extend_from_slice(&self.text[whole..]);
                self.text.truncate(whole);
                return Ok(Some(std::mem::replace(&mut self.text, rest)));
            }
            if self.is_end {
                return Ok(None);
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> Result<(), Error> {
        let start = self.text.len();
        if start >= PART {
            // A row, or a quoted cell, of that length.
            crate::memory::check(&self.path.display().to_string(), 2 * start as u64)?;
        }
        let wanted = PART.max(start);
        self.text.resize(start + wanted, 0);
        let read = fill(&mut self.source, &mut self.text[start..], self.path)?;
        self.text.truncate(start + read);
        self.length += read as u64;
        self.is_end = read < wanted;
        Ok(())
    }

    /// Reads all rows; the text has about so many bytes, or 0 if that is unknown.
    fn table(mut self, stored: u64) -> Result<Raw, Error> {
        let rows = self.rows.clone();
        let (path, most) = (self.path, self.most);
        let mut lines = self.lines;
        let mut whole = rows.empty();
        let mut cells = Cells::new(whole.facts.len());
        let (texts, numbers) = (Spare::default(), Spare::default());
        in_parts(
            &mut || self.part(&texts),
            &|text: Vec<u8>| {
                let part = rows.parse(&text, numbers.take());
                texts.give(text);
                part
            },
            &mut |mut part: Part| {
                if let Some(fault) = part.fault.take() {
                    return Err(fault.error(path, lines, rows.roles.len()));
                }
                if whole.rows == 0 && part.bytes > 0 {
                    cells.expect(
                        (stored as f64 / part.bytes as f64 * part.cells.len() as f64) as usize,
                    );
                }
                cells.reserve(part.cells.len(), path, most)?;
                let words = whole.merge(&part, lines);
                cells.extend(&part.cells, |column, word| words[column][word as usize]);
                lines += part.lines;
                numbers.give(part.cells);
                Ok(())
            },
        )?;
        if whole.rows == 0 {
            return Err(Error::TableEmpty {
                path: path.to_owned(),
            });
        }
        if u32::try_from(whole.rows).is_err() {
            return Err(Error::TooManyNumbers {
                path: path.to_owned(),
                promised: whole.rows as u64,
                limit: u64::from(u32::MAX),
            });
        }
        cells.shrink();
        let position = |wanted: Role| rows.roles.iter().position(|role| *role == wanted);
        let is_feature = |(_, role): &(usize, &Role)| matches!(role, Role::Feature(_));
        let features = rows.roles.iter().enumerate().filter(is_feature);
        let features = features
            .map(|(position, _)| position)
            .zip(whole.facts)
            .collect();
        Ok(Raw {
            path: path.to_owned(),
            features,
            cells,
            rows: whole.rows,
            labels: labels_of(&rows.roles)
                .into_iter()
                .zip(whole.labels)
                .collect(),
            weight: position(Role::Weight).zip(whole.weight),
            group: position(Role::Group).zip(whole.group),
            order: position(Role::Order).zip(whole.order),
            comments: whole.comments,
            decimal: rows.decimal,
            head: self.head,
            is_text: true,
        })
    }
}

/// How rows are parsed.
#[derive(Clone)]
struct Rows {
    separator: Separator,
    decimal: Decimal,
    roles: Vec<Role>,
}

/// What was in some rows; lines are counted from 1 in them.
struct Part {
    /// Of the text.
    bytes: usize,
    rows: usize,
    lines: u64,
    comments: u64,
    /// `[rows, features]`
    cells: Vec<f64>,
    facts: Vec<Facts>,
    labels: Vec<Side>,
    group: Option<Side>,
    order: Option<Vec<f64>>,
    weight: Option<Vec<f64>>,
    /// What ended the parsing.
    fault: Option<Fault>,
}

impl Part {
    /// Takes in what was met in a later part, but for its cells; gives the numbers here of its
    /// words.
    fn merge(&mut self, other: &Self, lines: u64) -> Vec<Vec<u32>> {
        self.rows += other.rows;
        self.comments += other.comments;
        let sides = self.labels.iter_mut().chain(&mut self.group);
        for (side, later) in sides.zip(other.labels.iter().chain(&other.group)) {
            side.merge(later, lines);
        }
        for (numbers, later) in [
            (&mut self.order, &other.order),
            (&mut self.weight, &other.weight),
        ] {
            if let (Some(numbers), Some(later)) = (numbers, later) {
                numbers.extend_from_slice(later);
            }
        }
        self.facts
            .iter_mut()
            .zip(&other.facts)
            .map(|(facts, later)| facts.merge(later, lines))
            .collect()
    }
}

/// Why a row cannot be read.
struct Fault {
    line: u64,
    kind: FaultKind,
}

enum FaultKind {
    Quote(&'static str),
    /// So many cells.
    Cells(usize),
    Cell {
        column: usize,
        found: String,
        expected: &'static str,
    },
}

impl Fault {
    fn error(self, path: &Path, lines: u64, columns: usize) -> Error {
        let (path, line) = (path.to_owned(), self.line + lines);
        match self.kind {
            FaultKind::Quote(found) => Error::TableQuote { path, line, found },
            FaultKind::Cells(found) => Error::TableRow {
                path,
                line,
                found,
                expected: columns,
            },
            FaultKind::Cell {
                column,
                found,
                expected,
            } => Error::TableCell {
                path,
                place: RowPlace::Line(line),
                column: column + 1,
                found,
                expected,
            },
        }
    }
}

impl Rows {
    fn empty(&self) -> Part {
        let has = |wanted: Role| self.roles.contains(&wanted);
        let features = self
            .roles
            .iter()
            .filter(|role| matches!(role, Role::Feature(_)));
        Part {
            bytes: 0,
            rows: 0,
            lines: 0,
            comments: 0,
            cells: Vec::new(),
            facts: features.map(|_| Facts::new()).collect(),
            labels: labels_of(&self.roles)
                .iter()
                .map(|_| Side::of_labels(self.decimal))
                .collect(),
            weight: has(Role::Weight).then(Vec::new),
            group: has(Role::Group).then(|| Side::new(MAX_GROUPS)),
            order: has(Role::Order).then(Vec::new),
            fault: None,
        }
    }

    /// Parses whole rows, into cells that are empty.
    fn parse(&self, text: &[u8], cells: Vec<f64>) -> Part {
        let mut part = Part {
            cells,
            ..self.empty()
        };
        part.bytes = text.len();
        let mut lines = Lines::new(text, self.separator);
        while lines.start_row() {
            if let Err(fault) = self.row(&mut lines, &mut part) {
                part.fault = Some(fault);
                break;
            }
            part.rows += 1;
        }
        part.lines = lines.line - 1;
        part.comments = lines.comments;
        part
    }

    fn row(&self, lines: &mut Lines, part: &mut Part) -> Result<(), Fault> {
        let line = lines.line;
        let (mut feature, mut is_last) = (0, false);
        for (column, role) in self.roles.iter().enumerate() {
            if is_last {
                let kind = FaultKind::Cells(column);
                return Err(Fault { line, kind });
            }
            if let Role::Feature(Mode::Auto) = role {
                let facts = &mut part.facts[feature];
                feature += 1;
                if let Some((number, length)) = self.number_at(lines.rest) {
                    lines.rest = &lines.rest[length..];
                    is_last = lines.end_cell();
                    facts.add_number(number);
                    part.cells.push(number);
                    continue;
                }
            }
            let cell = lines.cell().map_err(|quote| Fault {
                line: quote.line,
                kind: FaultKind::Quote(quote.found),
            })?;
            is_last = cell.1;
            let text = cell.0.trim_ascii();
            let refuse = |expected| Fault {
                line,
                kind: FaultKind::Cell {
                    column,
                    found: shown(text),
                    expected,
                },
            };
            let is_missing = number::is_missing(text);
            match role {
                Role::Skip => {}
                Role::Label(_) | Role::Group => {
                    let side = match role {
                        Role::Label(index) => part.labels.get_mut(*index),
                        _ => part.group.as_mut(),
                    };
                    if !is_missing && std::str::from_utf8(text).is_err() {
                        return Err(refuse(A_LABEL));
                    }
                    if let Some(side) = side {
                        side.add((!is_missing).then_some(text), line);
                    }
                }
                Role::Order => {
                    let found = number::number(text, self.decimal)
                        .or_else(|| number::date(text))
                        .filter(|number| is_number(*number))
                        .ok_or_else(|| refuse("a number or a date such as 2026-01-31"))?;
                    part.order.iter_mut().for_each(|order| order.push(found));
                }
                Role::Weight => {
                    let found = number::number(text, self.decimal)
                        .filter(|number| is_weight(*number))
                        .ok_or_else(|| refuse(A_WEIGHT))?;
                    (part.weight.iter_mut()).for_each(|weights| weights.push(found));
                }
                Role::Feature(mode) => {
                    if *mode != Mode::Auto {
                        feature += 1;
                    }
                    let facts = &mut part.facts[feature - 1];
                    let found = if is_missing {
                        facts.add_missing(line);
                        Cell::Missing
                    } else {
                        self.cell(text, *mode, facts, line).map_err(refuse)?
                    };
                    part.cells.push(found.to_f64());
                }
            }
        }
        if !is_last {
            self.end(lines, line)?;
        }
        Ok(())
    }

    /// A number that begins a cell and ends with it, and how long it is: most cells.
    #[inline]
    fn number_at(&self, text: &[u8]) -> Option<(f64, usize)> {
        if !text.first()?.is_ascii_digit() && text[0] != b'-' {
            return None;
        }
        let (number, length) = fast_float2::parse_partial::<f64, _>(text).ok()?;
        let ends = match (text.get(length), self.separator) {
            (None | Some(b'\n'), _) => true,
            (Some(b'\r'), _) => text.get(length + 1) == Some(&b'\n'),
            (Some(byte), Separator::Byte(separator)) => *byte == separator,
            (Some(byte), Separator::Space) => matches!(byte, b' ' | b'\t'),
        };
        let is_plain = ends
            && is_number(number)
            && (self.decimal == Decimal::Point || !text[..length].contains(&b'.'));
        let is_windows_end = text.get(length) == Some(&b'\r');
        is_plain.then_some((number, length + usize::from(is_windows_end)))
    }

    fn cell(
        &self,
        text: &[u8],
        mode: Mode,
        facts: &mut Facts,
        line: u64,
    ) -> Result<Cell, &'static str> {
        let number = match mode {
            Mode::Words => None,
            Mode::Auto => number::number(text, self.decimal),
            Mode::Dates => Some(number::date(text).ok_or(A_DATE)?),
        };
        match number {
            Some(number) if is_number(number) => {
                facts.add_number(number);
                Ok(Cell::Number(number))
            }
            Some(_) => Err(A_NUMBER),
            None if std::str::from_utf8(text).is_ok() => Ok(Cell::Word(facts.add_word(text, line))),
            None => Err("UTF-8 text or a number"),
        }
    }

    /// Takes the rest of a row that should be none: one cell without text.
    fn end(&self, lines: &mut Lines, line: u64) -> Result<(), Fault> {
        let (mut found, mut is_empty) = (self.roles.len(), true);
        loop {
            let (cell, is_last) = lines.cell().map_err(|quote| Fault {
                line: quote.line,
                kind: FaultKind::Quote(quote.found),
            })?;
            found += 1;
            is_empty &= cell.is_empty() && found == self.roles.len() + 1;
            if is_last {
                break;
            }
        }
        if is_empty {
            Ok(())
        } else {
            let kind = FaultKind::Cells(found);
            Err(Fault { line, kind })
        }
    }
}
