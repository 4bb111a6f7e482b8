//! Dividing samples as options say.

use crate::dataset::{Dataset, EvaluatedOn};
use crate::error::Error;
use crate::options::{DataOptions, Part, Purpose, SplitOptions};
use crate::samples::Samples;
use crate::split::{Parts, balanced_draw, balanced_parts};
use crate::table::{DecimalMark, Header, Task};

impl DataOptions {
    /// Rejects options of tables for a set that has no columns.
    pub(super) fn refuse_columns(&self, data: &str) -> Result<(), Error> {
        let settings = &self.table;
        let options = [
            ("label", self.label.is_some()),
            ("header", settings.header != Header::Auto),
            ("decimal", settings.decimal != DecimalMark::Auto),
            ("task", settings.task != Task::Auto),
            ("ignore", !settings.ignore.is_empty()),
            ("only", !settings.only.is_empty()),
            ("columns", !settings.kinds.is_empty()),
            ("missing_indicators", settings.indicators),
            ("strict", settings.strict),
            ("group", settings.group.is_some()),
            ("order", settings.order.is_some()),
            ("labels", !settings.labels.is_empty()),
            ("sample_weight", settings.weight.is_some()),
            ("test", self.test_file.is_some()),
        ];
        match options.into_iter().find(|(_, is_set)| *is_set) {
            Some((option, _)) => Err(Error::OptionWithout {
                data: data.to_owned(),
                found: "has no columns",
                option,
            }),
            None => Ok(()),
        }
    }

    /// Rejects to choose a test set for a set that has one.
    pub(super) fn refuse_test_part(&self, data: &str) -> Result<(), Error> {
        let found = "already has a test set";
        if self.split.test.is_some() {
            Err(Error::OptionWithout {
                data: data.to_owned(),
                found,
                option: "test_size",
            })
        } else {
            Ok(())
        }
    }

    /// The parts of a set that has no test set of its own.
    pub(super) fn parts(&self, labels: &[u8], classes: usize) -> Result<Division, Error> {
        if self.purpose != Purpose::Training {
            return Ok(Division {
                test: (0..labels.len()).collect(),
                ..Division::default()
            });
        }
        let split = &self.split;
        let (rest, test) = match split.test.unwrap_or(SplitOptions::DEFAULT_TEST) {
            Part::Count(0) => ((0..labels.len()).collect(), Vec::new()),
            part => {
                let Parts { train, test } =
                    balanced_parts(labels, classes, part, &split.test_key())?;
                (train, test)
            }
        };
        self.train_parts(rest, test, labels, classes)
    }

    /// Divides what is not the test set.
    pub(super) fn train_parts(
        &self,
        rest: Vec<usize>,
        test: Vec<usize>,
        labels: &[u8],
        classes: usize,
    ) -> Result<Division, Error> {
        let split = &self.split;
        let (mut train, validation) = match split.validation {
            None => (rest, Vec::new()),
            Some(part) => take(rest, labels, classes, part, &split.validation_key())?,
        };
        if let Some(per_class) = split.train_per_class {
            train = self.drawn_rows(&train, labels, classes, per_class)?;
        }
        Ok(Division {
            train,
            validation,
            test,
        })
    }

    /// So many rows of each class.
    pub(super) fn drawn_rows(
        &self,
        train: &[usize],
        labels: &[u8],
        classes: usize,
        per_class: usize,
    ) -> Result<Vec<usize>, Error> {
        let of_train: Vec<u8> = train.iter().map(|index| labels[*index]).collect();
        let chosen = balanced_draw(&of_train, classes, per_class, &self.split.train_key())?;
        Ok(chosen.into_iter().map(|position| train[position]).collect())
    }
}

/// Rows of a set, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) train: Vec<usize>,
    pub(super) validation: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// Takes a part of these rows, stratified by class; gives the others and the part.
fn take(
    rows: Vec<usize>,
    labels: &[u8],
    classes: usize,
    part: Part,
    key: &str,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    if part == Part::Count(0) {
        return Ok((rows, Vec::new()));
    }
    let of_rows: Vec<u8> = rows.iter().map(|row| labels[*row]).collect();
    let Parts { train, test } = balanced_parts(&of_rows, classes, part, key)?;
    let pick = |places: Vec<usize>| places.into_iter().map(|place| rows[place]).collect();
    Ok((pick(train), pick(test)))
}

/// Samples that were divided, as a set that is evaluated on what there is.
pub(super) fn divided(
    all: &Samples,
    division: &Division,
) -> Result<(Samples, Samples, EvaluatedOn), Error> {
    let (train, test) = (all.select(&division.train)?, all.select(&division.test)?);
    if !division.validation.is_empty() {
        let validation = all.select(&division.validation)?;
        return Ok((train, validation, EvaluatedOn::Validation(test)));
    }
    Ok(evaluated(train, test))
}

/// The training set itself in place of a test set that is empty.
pub(super) fn evaluated(train: Samples, test: Samples) -> (Samples, Samples, EvaluatedOn) {
    if test.is_empty() {
        (train.clone(), train, EvaluatedOn::Training)
    } else {
        (train, test, EvaluatedOn::Test)
    }
}

/// A set with a test set of its own, whose training set is divided as options say.
pub(super) fn of_official(data: Dataset, options: &DataOptions) -> Result<Dataset, Error> {
    let split = &options.split;
    if split.validation.is_none() && split.train_per_class.is_none() {
        return Ok(data);
    }
    let rows = (0..data.train.len()).collect();
    let classes = data.class_names.len();
    let division = options.train_parts(rows, Vec::new(), data.train.labels(), classes)?;
    let (train, validation) = (
        data.train.select(&division.train)?,
        data.train.select(&division.validation)?,
    );
    Ok(if validation.is_empty() {
        Dataset { train, ..data }
    } else {
        Dataset {
            train,
            test: validation,
            evaluated_on: EvaluatedOn::Validation(data.test),
            ..data
        }
    })
}
