//! User-supplied tables: rows of numbers, and a column of labels.
//!
//! [`csv`] reads text with `,`, `;` or tabs between the cells, [`npy`] reads two-dimensional arrays
//! of NumPy. Both give a [`Table`]: the numbers as in the file, and labels `0, 1, ...` in the order
//! of the class names. Labels that are all integers are sorted as numbers, others as text; there
//! are at most 256 classes, and at least 2.

pub mod csv;
mod labels;
pub mod npy;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::Error;
use crate::idx::Limits;

/// Maximum number of columns of a table, the labels included.
pub const MAX_COLUMNS: usize = 65_536;

/// Rows of numbers with one label each.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// `[rows, features]`, row-major; all finite and within the range of `f32`.
    pub numbers: Vec<f64>,
    /// Numbers of a row.
    pub features: usize,
    /// One label for each row; a position in `class_names`.
    pub labels: Vec<u8>,
    /// The classes, 2 to 256, without repetition; those that were given, or none, where labels are
    /// not read.
    pub class_names: Vec<String>,
}

impl Table {
    /// The numbers of one row.
    ///
    /// # Panics
    ///
    /// Like indexing a slice, if `index` is not below the number of labels.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.numbers[index * self.features..][..self.features]
    }
}

/// How a table is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// The label column; the last if `None`.
    pub label: Option<Column>,
    /// The classes there may be, in their order, for example those of a model; what is found if
    /// `None`.
    pub class_names: Option<Vec<String>>,
    /// How many features a row must have, for example those that a model takes; any number if
    /// `None`. A table with so many columns has no labels.
    pub features: Option<usize>,
    /// Whether labels are read. If not, all are 0, and a table may have none.
    pub needs_labels: bool,
    /// Maximum size in bytes of the file, and of its numbers in memory, eight each; 256 MiB unless
    /// chosen otherwise.
    pub max_bytes: u64,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            label: None,
            class_names: None,
            features: None,
            needs_labels: true,
            max_bytes: Limits::default().max_bytes,
        }
    }
}

impl TableOptions {
    /// Minimum number of columns of a table: features and labels, or one feature alone.
    fn least_columns(&self) -> usize {
        if self.features == Some(1) { 1 } else { 2 }
    }

    /// Rejects a table with another number of features, or without labels where they are needed.
    fn check_columns(&self, found: usize, label: Option<usize>, path: &Path) -> Result<(), Error> {
        let Some(features) = self.features else {
            return Ok(());
        };
        if found - usize::from(label.is_some()) != features {
            return Err(Error::FeatureCount {
                path: path.to_owned(),
                found,
                features,
                needs_labels: self.needs_labels,
            });
        }
        if label.is_none() && self.needs_labels {
            return Err(Error::NoLabels {
                path: path.to_owned(),
                found,
            });
        }
        Ok(())
    }

    /// What stands for the labels and class names of so many rows where they are not read.
    fn unread(&self, rows: usize) -> (Vec<u8>, Vec<String>) {
        (vec![0; rows], self.class_names.clone().unwrap_or_default())
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
