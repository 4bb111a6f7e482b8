//! The options for user data: the label column, and how samples are divided.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::standardisation::Standardisation;
use crate::table::{Column, TablePlan, TableSettings};
use crate::target::Target;

/// How a dataset is read and split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataOptions {
    /// The column of a table that holds the labels; the last if `None`. Only tables have columns.
    pub label: Option<Column>,
    /// How a table is read beside that.
    pub table: TableSettings,
    /// File of the test set of a table, read as the table is; its path is found like that of the
    /// table.
    pub test_file: Option<String>,
    /// How samples are split.
    pub split: SplitOptions,
    /// Whether the cells of a table of any size stay in memory, for [`Dataset::fold`]; those of
    /// small tables always do.
    ///
    /// [`Dataset::fold`]: crate::Dataset::fold
    pub keeps_table: bool,
    /// What a model was trained with, if the samples are for it.
    pub prior: Option<Prior>,
    /// What the samples are for.
    pub purpose: Purpose,
}

/// The purpose of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Training and testing.
    #[default]
    Training,
    /// To test a model that has not seen them: of a set without a test set of its own, all are test
    /// samples, and the training set is empty.
    Test,
    /// As [`Test`](Self::Test), but labels of a table are not read, and their column may be
    /// missing. All labels are 0.
    Prediction,
}

/// How samples are split.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SplitOptions {
    /// The test set; a fifth of the samples if `None`, no test set if 0. Only for sets without a
    /// test set of their own.
    pub test: Option<Part>,
    /// Part of the other samples on which the run is evaluated in place of the test set.
    pub validation: Option<Part>,
    /// Training samples per class; all if `None`.
    pub train_per_class: Option<usize>,
    /// Random seed of the split.
    pub seed: u64,
}

impl SplitOptions {
    /// The test set where none is chosen.
    pub const DEFAULT_TEST: Part = Part::Fraction(0.2);

    /// Key of the draw of the test set; see [`balanced_parts`](crate::balanced_parts).
    pub fn test_key(&self) -> String {
        format!("spinet test part {}", self.seed)
    }

    /// Key of the draw of the validation set.
    pub fn validation_key(&self) -> String {
        format!("spinet validation part {}", self.seed)
    }

    /// Key of the draw of the training set; see [`balanced_draw`](crate::balanced_draw).
    pub fn train_key(&self) -> String {
        format!("spinet training part {}", self.seed)
    }
}

/// What a model stores about its training data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prior {
    /// Its classes, in their order; labels are positions in this list.
    pub class_names: Vec<String>,
    /// How it standardizes table columns.
    pub standardisation: Option<Standardisation>,
    /// What the columns of a table become; none in models of versions that did not store it.
    pub plan: Option<TablePlan>,
    /// What it predicts.
    pub target: Target,
}

/// The size of a part of the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// A fraction of all samples, in (0, 1).
    Fraction(f64),
    /// A number of samples; 0 for none.
    Count(usize),
}

impl From<f64> for Part {
    fn from(fraction: f64) -> Self {
        Self::Fraction(fraction)
    }
}

impl From<usize> for Part {
    fn from(samples: usize) -> Self {
        Self::Count(samples)
    }
}

impl Part {
    /// What a part may be, in words.
    pub const RANGE: &str = "a fraction in (0, 1), or a number of samples (0 for none)";

    /// Whether it is within its range.
    pub fn is_valid(self) -> bool {
        match self {
            Self::Fraction(fraction) => fraction > 0.0 && fraction < 1.0,
            Self::Count(_) => true,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Fraction(fraction) => write!(f, "{fraction:?}"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    /// An integer counts samples; a number with a point is a fraction.
    fn from_str(text: &str) -> Result<Self, String> {
        let part = text
            .parse()
            .map(Self::Count)
            .ok()
            .or_else(|| text.parse().map(Self::Fraction).ok());
        part.filter(|part| part.is_valid())
            .ok_or_else(|| format!("expected {}", Self::RANGE))
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fraction(fraction) => serializer.serialize_f64(*fraction),
            Self::Count(count) => serializer.serialize_u64(*count as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        impl Visitor<'_> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(Part::RANGE)
            }

            fn visit_f64<E: de::Error>(self, fraction: f64) -> Result<Part, E> {
                Ok(Part::Fraction(fraction))
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Part, E> {
                usize::try_from(count)
                    .map(Part::Count)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(count), &self))
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Part, E> {
                usize::try_from(count)
                    .map(Part::Count)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(count), &self))
            }
        }

        deserializer.deserialize_any(PartVisitor)
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number as u64),
            Self::Name(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ColumnVisitor;

        impl Visitor<'_> for ColumnVisitor {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a column name or number")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Column, E> {
                Ok(Column::Name(name.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Column, E> {
                usize::try_from(number)
                    .map(Column::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Column, E> {
                usize::try_from(number)
                    .map(Column::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }
        }

        deserializer.deserialize_any(ColumnVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_counts_and_one_with_a_point_is_a_fraction() {
        assert_eq!("30".parse(), Ok(Part::Count(30)));
        assert_eq!("0.25".parse(), Ok(Part::Fraction(0.25)));
        assert_eq!("0".parse(), Ok(Part::Count(0)));
        for text in ["1.0", "0.0", "-1", "1.5", "nan", "half", ""] {
            assert_eq!(
                text.parse::<Part>(),
                Err(
                    "expected a fraction in (0, 1), or a number of samples (0 for none)".to_owned()
                ),
                "{text}"
            );
        }
        assert_eq!(
            (
                Part::Count(30).to_string(),
                Part::Fraction(0.25).to_string()
            ),
            ("30".to_owned(), "0.25".to_owned())
        );
    }
}
