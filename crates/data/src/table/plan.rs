//! Which features the columns of a table become: fitted on training rows, stored in the model, and
//! applied to other tables by the names of columns.

use serde::{Deserialize, Serialize};

use super::raw::Mode;
use super::{ColumnKind, MAX_COLUMNS};

/// How the columns of a table become features. Features have the order of the columns they are made
/// from; [`Encoding`] says which features one column gives.
///
/// Of the data it holds what a model needs: the names of columns, the words of categorical columns,
/// and the values that replace missing cells. It holds no row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TablePlan {
    /// Number of columns of the table it was fitted on, the label column included.
    pub table_columns: usize,
    /// The label column.
    pub label: Option<PlannedLabel>,
    /// The other label columns, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_labels: Vec<PlannedLabel>,
    /// The columns that become features.
    pub columns: Vec<PlannedColumn>,
}

/// The label column of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLabel {
    /// Its name; none in a table without a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its position, counted from 0.
    pub position: usize,
}

/// A column of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedColumn {
    /// Its name; none in a table without a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its position, counted from 0.
    pub position: usize,
    /// What its cells become.
    pub encoding: Encoding,
    /// Whether one more feature is 1 where the cell is missing, else 0.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_indicator: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What the cells of a column become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Encoding {
    /// One feature: the number, standardized.
    Numeric {
        /// What a missing cell becomes: the median of the training rows, or their mean where none of
        /// them lacks the cell.
        fill: f64,
    },
    /// The same, of the days since 1970.
    Date {
        /// As of a numeric column.
        fill: f64,
    },
    /// One feature for each word of the training rows, 1 for that word, else 0. All are 0 for
    /// another word.
    Categorical {
        /// Sorted.
        categories: Vec<String>,
        /// Position of the word that a missing cell becomes: the most frequent one of the training
        /// rows, the first of equals.
        fill: usize,
    },
    /// One feature: 0 for the first word, 1 for the second, 0.5 for another one.
    YesNo {
        /// The two words.
        categories: [String; 2],
        /// As of a categorical column.
        fill: usize,
    },
}

impl Encoding {
    /// Number of features.
    pub fn width(&self) -> usize {
        match self {
            Self::Numeric { .. } | Self::Date { .. } | Self::YesNo { .. } => 1,
            Self::Categorical { categories, .. } => categories.len(),
        }
    }

    /// The kind of column that it is for.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Self::Numeric { .. } => ColumnKind::Numeric,
            Self::Date { .. } => ColumnKind::Date,
            Self::Categorical { .. } => ColumnKind::Categorical,
            Self::YesNo { .. } => ColumnKind::YesNo,
        }
    }

    pub(super) fn mode(&self) -> Mode {
        match self {
            Self::Numeric { .. } => Mode::Auto,
            Self::Date { .. } => Mode::Dates,
            Self::Categorical { .. } | Self::YesNo { .. } => Mode::Words,
        }
    }

    /// Its words, where it has some.
    pub(super) fn categories(&self) -> &[String] {
        match self {
            Self::Numeric { .. } | Self::Date { .. } => &[],
            Self::Categorical { categories, .. } => categories,
            Self::YesNo { categories, .. } => categories,
        }
    }
}

impl PlannedColumn {
    /// How a message names it.
    pub(super) fn shown(&self) -> String {
        match &self.name {
            Some(name) if !name.is_empty() => super::shown(name.as_bytes()),
            _ => format!("column {}", self.position + 1),
        }
    }

    /// Number of features.
    pub fn width(&self) -> usize {
        self.encoding.width() + usize::from(self.has_indicator)
    }
}

impl TablePlan {
    /// Number of features.
    pub fn features(&self) -> usize {
        self.columns.iter().map(PlannedColumn::width).sum()
    }

    /// What is wrong with a plan that was read from a file of a model with so many features, in
    /// words.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn check(&self, features: usize) -> Result<(), String> {
        let widths = self
            .columns
            .iter()
            .try_fold(0_usize, |sum, column| sum.checked_add(column.width()));
        if widths != Some(features) || self.table_columns > MAX_COLUMNS {
            return Err(format!(
                "its columns do not make {features} features as its weights need them"
            ));
        }
        let is_good = |column: &PlannedColumn| match &column.encoding {
            Encoding::Numeric { fill } | Encoding::Date { fill } => fill.is_finite(),
            Encoding::Categorical { categories, fill } => {
                *fill < categories.len() && categories.is_sorted_by(|a, b| a < b)
            }
            Encoding::YesNo { categories, fill } => *fill < 2 && categories[0] != categories[1],
        };
        let label = self.labels().map(|label| label.position);
        let mut positions: Vec<usize> = self.columns.iter().map(|column| column.position).collect();
        positions.extend(label);
        positions.sort_unstable();
        let are_distinct = positions.windows(2).all(|pair| pair[0] < pair[1]);
        let are_inside = positions
            .last()
            .is_none_or(|last| *last < self.table_columns);
        if self.columns.iter().all(is_good) && are_distinct && are_inside {
            Ok(())
        } else {
            Err("its table columns are inconsistent".to_owned())
        }
    }

    /// All label columns.
    pub fn labels(&self) -> impl Iterator<Item = &PlannedLabel> {
        self.label.iter().chain(&self.more_labels)
    }

    /// `3 numeric, 2 categorical (9 features)`.
    pub fn in_words(&self) -> String {
        let count = |kind: ColumnKind| {
            let count = self
                .columns
                .iter()
                .filter(|column| column.encoding.kind() == kind)
                .count();
            (count > 0).then(|| format!("{count} {kind}"))
        };
        let kinds = [
            ColumnKind::Numeric,
            ColumnKind::Categorical,
            ColumnKind::YesNo,
            ColumnKind::Date,
        ];
        let kinds: Vec<String> = kinds.into_iter().filter_map(count).collect();
        format!(
            "{} columns ({} features)",
            kinds.join(", "),
            self.features()
        )
    }
}
