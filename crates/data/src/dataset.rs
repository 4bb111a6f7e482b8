//! A dataset: training and test samples, class names and the digests of the files they came from.

use std::sync::Arc;

use crate::error::Error;
use crate::samples::Samples;
use crate::source::own_table;
use crate::split::{Fold, balanced_folds};
use crate::standardisation::Standardisation;
use crate::table::{Table, TablePlan};
use crate::target::Target;

/// A loaded dataset; cloning shares the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name in the registry, the relative name of the user file or folder, or one chosen by the
    /// caller.
    pub name: String,
    /// The training set, also split for cross-validation.
    pub train: Samples,
    /// What a run is evaluated on: see `evaluated_on`.
    pub test: Samples,
    /// What `test` is.
    pub evaluated_on: EvaluatedOn,
    /// One name per class; the label of a sample is a position in this list. Or the names of labels
    /// that are yes or no; none where numbers are predicted.
    pub class_names: Vec<String>,
    /// What is predicted.
    pub target: Target,
    /// The files it was read from, with the digests they had, for the record of a run.
    pub files: Vec<FileDigest>,
    /// Whether every file had its official digest; files of the user have none.
    pub is_verified: bool,
    /// How the numbers of a table became the features; `None` for images.
    pub standardisation: Option<Standardisation>,
    /// How the columns of a table became features; `None` for images.
    pub table: Option<TableRecord>,
}

/// The samples that a run is evaluated on.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum EvaluatedOn {
    /// A test set.
    #[default]
    Test,
    /// A validation set, beside this test set, which is empty if there is none.
    Validation(Samples),
    /// The training set, because there is no other.
    Training,
}

impl EvaluatedOn {
    /// The word for it in front of `accuracy`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation(_) => "validation",
            Self::Training => "training",
        }
    }
}

/// How a table became samples.
#[derive(Clone, Debug)]
pub struct TableRecord {
    /// What its columns became.
    pub plan: TablePlan,
    /// What was done that the user has to know, one sentence each.
    pub notes: Vec<String>,
    /// The table itself, unless it is large.
    pub(crate) kept: Option<Arc<KeptTable>>,
}

impl PartialEq for TableRecord {
    /// The table says nothing that the samples do not.
    fn eq(&self, other: &Self) -> bool {
        (&self.plan, &self.notes) == (&other.plan, &other.notes)
    }
}

/// A table and what folds need to know of it.
#[derive(Debug)]
pub(crate) struct KeptTable {
    pub(crate) table: Table,
    /// The rows of the training set.
    pub(crate) train: Vec<u32>,
    pub(crate) has_indicators: bool,
}

impl Dataset {
    /// Splits the training set for cross-validation, stratified by class, see
    /// [`balanced_folds`]. The rows of a group are in one validation set; rows that have an order
    /// are validated with later rows than those that are trained on, in `count` steps.
    ///
    /// # Errors
    ///
    /// As [`balanced_folds`], and [`Error::FoldGroups`] if there are fewer groups or rows than folds.
    pub fn folds(&self, count: usize, key: &str) -> Result<Vec<Fold>, Error> {
        match self.table.as_ref().and_then(|table| table.kept.as_ref()) {
            Some(kept) if kept.table.groups().is_some() || kept.table.order().is_some() => {
                own_table::folds(kept, count, key)
            }
            _ => {
                let strata = if self.target.is_classification() {
                    self.classes()
                } else {
                    1
                };
                balanced_folds(self.train.labels(), strata, count, key)
            }
        }
    }

    /// The data of one fold: its validation set in place of the test set. What is computed from a
    /// table, such as the constants of standardization, is computed from the training rows of the
    /// fold alone.
    ///
    /// # Errors
    ///
    /// [`Error::TableNotKept`] for a large table that was not loaded for folds,
    /// [`Error::IndexOutOfRange`] for a fold of another set.
    pub fn fold(&self, fold: &Fold) -> Result<Self, Error> {
        if let Some(kept) = self.table.as_ref().and_then(|table| table.kept.as_ref()) {
            return own_table::fold(self, kept, fold);
        }
        if self.table.is_some() {
            return Err(Error::TableNotKept {
                data: self.name.clone(),
            });
        }
        Ok(Self {
            train: self.train.select(&fold.train)?,
            test: self.train.select(&fold.validation)?,
            evaluated_on: EvaluatedOn::Validation(self.train.select(&[])?),
            ..self.clone()
        })
    }

    /// The test set, if there is one, also of a run that is evaluated on a validation set.
    pub fn test_set(&self) -> Option<&Samples> {
        match &self.evaluated_on {
            EvaluatedOn::Test => Some(&self.test),
            EvaluatedOn::Validation(test) => Some(test).filter(|test| !test.is_empty()),
            EvaluatedOn::Training => None,
        }
    }

    /// Number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// Outputs that a network for it has: classes, labels, or numbers to predict.
    pub fn outputs(&self) -> usize {
        self.target.outputs(self.classes())
    }
}

/// A file's name, without its folder, and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// The file's name, for example `train-images-idx3-ubyte.gz`.
    pub file: String,
    /// SHA-256 of the file as stored, 64 lower-case hexadecimal digits.
    pub sha256: String,
}
