//! A table as it was read, before it is known what of it becomes a feature.

use std::path::PathBuf;

use super::cells::Cells;
use super::number::{self, Decimal};
use super::words::Words;

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// As numbers where they are, else as words.
    Auto,
    /// All as words.
    Words,
    /// As dates, which become numbers.
    Dates,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Skip,
    Feature(Mode),
    /// One of the label columns, by its number among them.
    Label(usize),
    Group,
    /// Numbers of at least 0.
    Weight,
    /// Numbers or dates.
    Order,
}

/// What is known of a table before its rows are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// Names of all columns, if the first line has them; empty where it has none.
    pub(super) names: Option<Vec<String>>,
    /// Whether some of the names are numbers.
    pub(super) is_odd: bool,
    /// Number of columns.
    pub(super) columns: usize,
    /// The classes of labels `0`, `1`, ..., and the number of rows, from a first line as
    /// scikit-learn's files have it.
    pub(super) classes: Option<(usize, Vec<String>)>,
    /// Columns at the right end without name and cells, as a separator at the end of every line
    /// makes them.
    pub(super) empty: usize,
}

impl Head {
    /// The name of a column; none where the header is absent or its cell empty.
    pub(super) fn name(&self, position: usize) -> Option<&str> {
        let name = self.names.as_ref()?.get(position)?;
        (!name.is_empty()).then_some(name.as_str())
    }

    /// The header's cell of a column, if there is a header.
    pub(super) fn cell(&self, position: usize) -> Option<&String> {
        self.names.as_ref()?.get(position)
    }

    /// The name of a column, else `column 3`.
    pub(super) fn plain(&self, position: usize) -> String {
        self.name(position)
            .map_or_else(|| format!("column {}", position + 1), str::to_owned)
    }

    /// How a message names a column.
    pub(super) fn shown(&self, position: usize) -> String {
        match self.name(position) {
            Some(name) => super::shown(name.as_bytes()),
            None => format!("column {}", position + 1),
        }
    }
}

/// What was met in a feature column.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) numbers: usize,
    pub(super) missing: usize,
    pub(super) words: usize,
    first: f64,
    last: f64,
    /// Whether all numbers are the same.
    pub(super) is_same: bool,
    /// Whether each number is the one before it and 1.
    pub(super) is_running: bool,
    /// Line or row of the first cell that is a word, and of the first that is missing.
    pub(super) first_word: Option<u64>,
    pub(super) first_missing: Option<u64>,
    pub(super) list: Words,
}

impl Facts {
    pub(super) fn new() -> Self {
        Self {
            numbers: 0,
            missing: 0,
            words: 0,
            first: 0.0,
            last: 0.0,
            is_same: true,
            is_running: true,
            first_word: None,
            first_missing: None,
            list: Words::new(super::MAX_WORDS),
        }
    }

    #[inline]
    pub(super) fn add_number(&mut self, number: f64) {
        // Once neither can be, the last number tells nothing.
        if self.is_same || self.is_running {
            if self.numbers == 0 {
                self.first = number;
            } else {
                self.is_same &= number == self.first;
                self.is_running &= number == self.last + 1.0;
            }
            self.last = number;
        }
        self.numbers += 1;
    }

    pub(super) fn add_missing(&mut self, line: u64) {
        self.missing += 1;
        self.first_missing.get_or_insert(line);
    }

    pub(super) fn add_word(&mut self, text: &[u8], line: u64) -> u32 {
        self.words += 1;
        self.first_word.get_or_insert(line);
        self.list.number(text, line)
    }

    /// Takes in what was met in a later part, whose lines follow `lines`; the number here of each
    /// word there.
    pub(super) fn merge(&mut self, other: &Self, lines: u64) -> Vec<u32> {
        if self.numbers == 0 {
            (self.first, self.is_same, self.is_running) =
                (other.first, other.is_same, other.is_running);
        } else if other.numbers > 0 {
            self.is_same &= other.is_same && other.first == self.first;
            self.is_running &= other.is_running && other.first == self.last + 1.0;
        }
        if other.numbers > 0 {
            self.last = other.last;
        }
        self.numbers += other.numbers;
        self.missing += other.missing;
        self.words += other.words;
        let later = |line: Option<u64>| line.map(|line| line + lines);
        self.first_word = self.first_word.or(later(other.first_word));
        self.first_missing = self.first_missing.or(later(other.first_missing));
        self.list.merge(&other.list, lines)
    }

    /// The words that were met.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.list.list.iter().map(|word| word.text.as_slice())
    }
}

/// A column that is not a feature: each row has the number of its word.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) words: Words,
    /// One for each row; [`Side::MISSING`] if there is nothing.
    pub(super) rows: Vec<u32>,
    /// Rows without a cell.
    pub(super) missing: usize,
    /// Line or row of the first cell that is missing.
    pub(super) first_missing: Option<u64>,
    /// Of a label column whose cells are all numbers: one for each row, NaN if there is nothing.
    pub(super) numbers: Option<Vec<f64>>,
    decimal: Decimal,
}

impl Side {
    pub(super) const MISSING: u32 = u32::MAX;

    pub(super) fn new(most: usize) -> Self {
        Self {
            words: Words::new(most),
            rows: Vec::new(),
            missing: 0,
            first_missing: None,
            numbers: None,
            decimal: Decimal::Point,
        }
    }

    /// Of a label column, whose cells may be numbers to predict.
    pub(super) fn of_labels(decimal: Decimal) -> Self {
        Self {
            numbers: Some(Vec::new()),
            decimal,
            ..Self::new(super::MAX_WORDS)
        }
    }

    pub(super) fn add(&mut self, text: Option<&[u8]>, line: u64) {
        if let Some(numbers) = &mut self.numbers {
            let number = text.map_or(Some(f64::NAN), |text| {
                number::number(text, self.decimal).filter(|number| super::is_number(*number))
            });
            match number {
                Some(number) => numbers.push(number),
                None => self.numbers = None,
            }
        }
        self.add_text(text, line);
    }

    fn add_text(&mut self, text: Option<&[u8]>, line: u64) {
        let number = if let Some(text) = text {
            self.words.number(text, line)
        } else {
            self.first_missing.get_or_insert(line);
            self.missing += 1;
            Self::MISSING
        };
        self.rows.push(number);
    }

    pub(super) fn add_number(&mut self, number: f64, line: u64) {
        match &mut self.numbers {
            Some(numbers) if number.is_nan() || super::is_number(number) => numbers.push(number),
            _ => self.numbers = None,
        }
        if number.is_nan() {
            self.add_text(None, line);
        } else {
            self.add_text(Some(number.to_string().as_bytes()), line);
        }
    }

    pub(super) fn merge(&mut self, other: &Self, lines: u64) {
        let numbers = self.words.merge(&other.words, lines);
        let number = |number: &u32| {
            numbers
                .get(*number as usize)
                .copied()
                .unwrap_or(Self::MISSING)
        };
        self.rows.extend(other.rows.iter().map(number));
        self.numbers = match (self.numbers.take(), &other.numbers) {
            (Some(mut numbers), Some(others)) => {
                numbers.extend_from_slice(others);
                Some(numbers)
            }
            _ => None,
        };
        self.missing += other.missing;
        self.first_missing = self
            .first_missing
            .or(other.first_missing.map(|line| line + lines));
    }
}

/// A table as it was read.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) path: PathBuf,
    pub(super) head: Head,
    /// Position in the file and facts of each feature column.
    pub(super) features: Vec<(usize, Facts)>,
    /// `[rows, features]`.
    pub(super) cells: Cells,
    pub(super) rows: usize,
    /// Position and cells of each label column.
    pub(super) labels: Vec<(usize, Side)>,
    pub(super) group: Option<(usize, Side)>,
    /// A number for each row.
    pub(super) order: Option<(usize, Vec<f64>)>,
    /// A weight for each row.
    pub(super) weight: Option<(usize, Vec<f64>)>,
    /// Comment lines that were skipped.
    pub(super) comments: u64,
    pub(super) decimal: super::number::Decimal,
    /// Whether places are lines of a text, not rows of an array.
    pub(super) is_text: bool,
}

impl Raw {
    /// What is known without the cells.
    pub(super) fn without_rows(&self) -> Self {
        let without = |(position, side): &(usize, Side)| {
            let side = Side {
                missing: side.missing,
                first_missing: side.first_missing,
                ..Side::new(0)
            };
            (*position, side)
        };
        Self {
            path: self.path.clone(),
            head: self.head.clone(),
            features: Vec::new(),
            cells: Cells::new(0),
            rows: 0,
            labels: self.labels.iter().map(without).collect(),
            group: self.group.as_ref().map(without),
            order: None,
            weight: None,
            comments: self.comments,
            decimal: self.decimal,
            is_text: self.is_text,
        }
    }

    pub(super) fn place(&self, number: u64) -> super::RowPlace {
        if self.is_text {
            super::RowPlace::Line(number)
        } else {
            super::RowPlace::Row(number)
        }
    }
}
