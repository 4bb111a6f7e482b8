//! User-supplied tables: rows of features, and a column of labels.
//!
//! [`csv`] reads text, [`npy`] and [`npz`] read arrays of NumPy. All give a [`Table`] of typed
//! columns. A [`TablePlan`] is fitted on the training rows: it says which columns become which
//! features, and what missing cells become. It is stored in the model and applied to other tables by
//! the names of their columns.

mod build;
mod cells;
pub mod csv;
mod describe;
mod dialect;
mod encode;
mod in_place;
mod kinds;
mod labels;
mod lines;
mod notes;
pub mod npy;
pub mod npz;
mod number;
mod parts;
mod plan;
mod raw;
mod roles;
mod settings;
mod words;

use std::fmt;
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use std::str::FromStr;

pub use cells::Cell;
pub use describe::{ColumnInfo, TableInfo, TargetInfo};
pub use plan::{Encoding, PlannedColumn, PlannedLabel, TablePlan};
pub use settings::{ColumnKind, DecimalMark, Header, TableSettings, Task};

pub(crate) use encode::{Counts, encode, fit};
pub(crate) use in_place::encode_in_place;
pub(crate) use notes::{check_strict, notes};

use crate::error::Error;
use crate::samples::Samples;
use crate::standardisation::Standardisation;
use crate::target::{NumberTarget, Sides, Target};
use kinds::KnownColumn;
use raw::Raw;

/// Maximum number of columns of a table, the labels included, and of features.
pub const MAX_COLUMNS: usize = 65_536;
/// Different words that are kept of a column; one with more is text.
const MAX_WORDS: usize = 10_000;
/// Different words that become features; a column with more is text.
const MAX_CATEGORIES: usize = 1000;
/// Different cells of the column of groups.
const MAX_GROUPS: usize = 100_000_000;

/// A table that was read: typed columns and labels.
#[derive(Clone, Debug)]
pub struct Table {
    raw: Raw,
    columns: Vec<KnownColumn>,
    labels: Vec<u8>,
    class_names: Vec<String>,
    /// What the labels are, if they are read.
    target: Option<TargetInfo>,
    /// Numbers to predict, or 1 and 0 for labels that are yes or no, `[rows, label columns]`.
    numbers: Vec<f64>,
    /// The two words of each label that is yes or no.
    label_words: Vec<[String; 2]>,
    /// Positions among the feature columns of those of the model that the table is for.
    columns_of_plan: Option<Vec<usize>>,
    /// What was done that the user has to know, and that `strict` forbids.
    changes: Vec<String>,
    /// What the user has to know else.
    remarks: Vec<String>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of columns that were read as features, also those that are left out of a plan.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// One cell of a feature column.
    ///
    /// # Panics
    ///
    /// Like indexing a slice, if `row` or `column` is too large.
    pub fn cell(&self, row: usize, column: usize) -> Cell {
        assert!(column < self.width(), "column {column} of {}", self.width());
        self.raw.cells.get(row, column)
    }

    /// One label for each row; a position in [`class_names`](Self::class_names). All 0 where labels
    /// are not read.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The classes, 2 to 256, without repetition; those that were given, or none, where labels are
    /// not read or are no classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// All rows as samples, by a plan that is fitted on them.
    ///
    /// # Errors
    ///
    /// [`Error::NoFeatures`], [`Error::TooManyFeatures`] if its columns do not make features,
    /// [`Error::TooFar`] if a number is too far from the others for `f32`.
    pub fn samples(&self) -> Result<Samples, Error> {
        let rows: Vec<u32> = (0..self.rows() as u32).collect();
        let (plan, standardisation) = fit(self, &rows, false)?;
        let encoded = encode(self, &plan, &standardisation, &rows)?;
        let sides = self.sides(&self.target(&rows), &rows);
        let (shape, all) = ([1, plan.features()], [rows.len(), 0, 0]);
        let [samples, ..] = Samples::parts_of_numbers(encoded.numbers, &sides, shape, all)?;
        Ok(samples)
    }

    /// What is to be predicted; numbers with their constants over these rows.
    pub(crate) fn target(&self, rows: &[u32]) -> Target {
        let names = (self.raw.labels.iter()).map(|(position, _)| self.raw.head.plain(*position));
        match self.target {
            Some(TargetInfo::Numbers) => {
                let outputs = self.raw.labels.len();
                let number = |(index, name)| {
                    let numbers = rows
                        .iter()
                        .map(move |row| self.numbers[*row as usize * outputs + index]);
                    NumberTarget::of(name, numbers)
                };
                Target::Regression {
                    numbers: names.enumerate().map(number).collect(),
                }
            }
            Some(TargetInfo::Labels) => Target::MultiLabel {
                words: self.label_words.clone(),
            },
            Some(TargetInfo::Classes) | None => Target::Classification,
        }
    }

    /// The classes, or the columns of labels that are yes or no.
    pub(crate) fn names_of_labels(&self) -> Vec<String> {
        match self.target {
            Some(TargetInfo::Labels) => (self.raw.labels.iter())
                .map(|(position, _)| self.raw.head.plain(*position))
                .collect(),
            _ => self.class_names.clone(),
        }
    }

    /// In how many kinds rows are to be divided evenly: classes, else one.
    pub(crate) fn strata(&self) -> usize {
        self.class_names.len().max(1)
    }

    /// Labels, numbers to predict and weights of some rows.
    pub(crate) fn sides(&self, target: &Target, rows: &[u32]) -> Sides {
        let labels = rows.iter().map(|row| self.labels[*row as usize]).collect();
        let outputs = self.raw.labels.len();
        let of_row = |row: &u32| {
            let numbers = &self.numbers[*row as usize * outputs..][..outputs];
            let number = |(index, number): (usize, &f64)| match target.numbers().get(index) {
                Some(constants) => constants.standardized(*number),
                None => *number as f32,
            };
            numbers.iter().enumerate().map(number).collect::<Vec<f32>>()
        };
        let numbers = if self.numbers.is_empty() {
            Vec::new()
        } else {
            rows.iter().flat_map(of_row).collect()
        };
        let weights = self
            .raw
            .weight
            .iter()
            .flat_map(|(_, weights)| rows.iter().map(|row| weights[*row as usize] as f32));
        Sides {
            labels,
            numbers,
            weights: weights.collect(),
        }
    }

    /// The number of the group of each row, if there is a column of groups.
    pub(crate) fn groups(&self) -> Option<&[u32]> {
        self.raw
            .group
            .as_ref()
            .map(|(_, side)| side.rows.as_slice())
    }

    /// A number for each row, if there is a column by which rows are ordered.
    pub(crate) fn order(&self) -> Option<&[f64]> {
        self.raw.order.as_ref().map(|(_, order)| order.as_slice())
    }

    /// The name and the cells of the column that identifies rows, if there is one.
    pub(crate) fn ids(&self) -> Option<(String, Vec<String>)> {
        let (position, side) = self.raw.group.as_ref()?;
        let name = match self.raw.head.name(*position) {
            Some(name) => name.to_owned(),
            None => format!("column {}", position + 1),
        };
        let cell = |row: &u32| {
            let word = side.words.list.get(*row as usize);
            word.map_or(String::new(), |word| {
                String::from_utf8_lossy(&word.text).into_owned()
            })
        };
        Some((name, side.rows.iter().map(cell).collect()))
    }

    /// The names of the groups, by their numbers.
    pub(crate) fn group_names(&self) -> Vec<&[u8]> {
        let side = self.raw.group.iter();
        side.flat_map(|(_, side)| &side.words.list)
            .map(|word| word.text.as_slice())
            .collect()
    }

    /// What is known of the table without its cells.
    pub(crate) fn without_rows(&self) -> Self {
        Self {
            raw: self.raw.without_rows(),
            columns: self.columns.clone(),
            labels: Vec::new(),
            class_names: self.class_names.clone(),
            target: self.target,
            numbers: Vec::new(),
            label_words: self.label_words.clone(),
            columns_of_plan: self.columns_of_plan.clone(),
            changes: self.changes.clone(),
            remarks: self.remarks.clone(),
        }
    }

    /// The plan of a model that stored none: every column is a number.
    pub(crate) fn plain_plan(&self, constants: &Standardisation) -> TablePlan {
        let columns = self.raw.features.iter().zip(&constants.mean);
        TablePlan {
            table_columns: self.raw.head.columns,
            label: None,
            more_labels: Vec::new(),
            columns: columns
                .map(|((position, _), mean)| PlannedColumn {
                    name: self.raw.head.cell(*position).cloned(),
                    position: *position,
                    encoding: Encoding::Numeric { fill: *mean },
                    has_indicator: false,
                })
                .collect(),
        }
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.raw.cells.is_exact()
    }
}

/// How a table is read.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// The label column; the last if `None`.
    pub label: Option<Column>,
    /// Everything else that can be set.
    pub settings: TableSettings,
    /// A column whose cells identify the rows, in place of a column of groups.
    pub id: Option<Column>,
    /// The classes there may be, in their order, for example those of a model; what is found if
    /// `None`.
    pub class_names: Option<Vec<String>>,
    /// The plan of a model that the table is for: its columns are found by their names.
    pub plan: Option<TablePlan>,
    /// Without a plan, how many features a row must have, as for models of versions that stored no
    /// plan; any number if `None`. A table with so many columns has no labels.
    pub features: Option<usize>,
    /// Whether labels are read. If not, all are 0, and a table may have none.
    pub needs_labels: bool,
    /// What a model predicts that the table is for; found if `None`.
    pub target: Option<Target>,
    /// Maximum number of bytes of the unpacked text, and of its cells in memory; without limit but
    /// the memory of the machine unless chosen otherwise.
    pub max_bytes: u64,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            label: None,
            settings: TableSettings::default(),
            id: None,
            class_names: None,
            plan: None,
            features: None,
            needs_labels: true,
            target: None,
            max_bytes: 1 << 40,
        }
    }
}

impl TableOptions {
    /// Whether the table is for a model.
    fn is_for_model(&self) -> bool {
        self.plan.is_some() || self.features.is_some()
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Counted from 1, from the left.
    Number(usize),
    /// Its name in the first line.
    Name(String),
}

impl FromStr for Column {
    type Err = std::convert::Infallible;

    /// An integer is a number; anything else is a name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Number))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Where a cell is, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPlace {
    /// A line of a text file, counted from 1.
    Line(u64),
    /// A row of an array, counted from 1.
    Row(u64),
    /// A sample of an idx file, counted from 0.
    Sample(u64),
}

impl fmt::Display for RowPlace {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
            Self::Sample(index) => write!(f, "sample {index}"),
        }
    }
}

/// What a feature must be; the range leaves room for sums of squares and for `f32`.
pub(crate) const A_NUMBER: &str = "a finite number of magnitude below 3.4e38";
const A_DATE: &str = "a date such as 2026-01-31";

/// What a weight must be.
const A_WEIGHT: &str = "a weight: a number of at least 0";

fn is_weight(number: f64) -> bool {
    number >= 0.0 && is_number(number)
}

/// Whether a number is one that a table may hold.
fn is_number(number: f64) -> bool {
    number.abs() <= f64::from(f32::MAX)
}

/// Text of a file as part of a message: short, on one line, and without anything that a terminal
/// obeys.
fn shown(text: &[u8]) -> String {
    const MOST: usize = 40;
    if text.is_empty() {
        return "empty".to_owned();
    }
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * MOST)]).into_owned();
    let short: String = text
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    let dots = if text.chars().count() > MOST {
        "..."
    } else {
        ""
    };
    format!("`{short}{dots}`")
}

/// A name as part of a message.
pub(crate) fn shown_name(name: &str) -> String {
    shown(name.as_bytes())
}

/// Names in a message: the first few.
pub(crate) fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    let shown = names
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        format!("{shown} and {} more", names.len() - MOST)
    } else {
        shown
    }
}

/// `1 row`, `2 rows`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// What a reader of tables does with the bytes of a file.
pub(crate) fn read_from(
    open: &mut Open,
    path: &Path,
    options: &TableOptions,
) -> Result<Table, Error> {
    match extension(path).as_deref() {
        Some("npy") => npy::read_from(open, path, options),
        Some("npz") => npz::read_from(open, path, options),
        _ => csv::read_from(open, path, options),
    }
}

/// Opens the bytes of a table, at their beginning, and says how many there are; a table may be read
/// twice.
pub(crate) type Open<'a> = dyn FnMut() -> Result<(Box<dyn Source + 'a>, u64), Error> + 'a;

/// The bytes of a table.
pub(crate) trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// Bytes in memory as those of a table.
fn in_memory(bytes: &[u8]) -> (Box<dyn Source + '_>, u64) {
    (Box::new(Cursor::new(bytes)), bytes.len() as u64)
}

/// The extension of a name in lower case, without `.gz`.
pub(crate) fn extension(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_owned())
}
