//! Dividing samples as options say.

use crate::error::Error;
use crate::options::{DataOptions, Purpose, SplitOptions};
use crate::samples::Samples;
use crate::split::{Parts, balanced_draw, balanced_parts};

impl DataOptions {
    /// Rejects a label column for a set that has none.
    pub(super) fn refuse_label(&self, data: &str) -> Result<(), Error> {
        let found = "has no columns";
        if self.label.is_some() {
            Err(Error::OptionWithout {
                data: data.to_owned(),
                found,
                option: "label",
            })
        } else {
            Ok(())
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
    pub(super) fn parts(&self, labels: &[u8], classes: usize) -> Result<Parts, Error> {
        if self.purpose != Purpose::Training {
            return Ok(Parts {
                train: Vec::new(),
                test: (0..labels.len()).collect(),
            });
        }
        let split = &self.split;
        let test = split.test.unwrap_or(SplitOptions::DEFAULT_TEST);
        let Parts { train, test } = balanced_parts(labels, classes, test, &split.test_key())?;
        let Some(per_class) = split.train_per_class else {
            return Ok(Parts { train, test });
        };
        let train_labels: Vec<u8> = train.iter().map(|index| labels[*index]).collect();
        let chosen = balanced_draw(&train_labels, classes, per_class, &split.train_key())?;
        Ok(Parts {
            train: chosen.into_iter().map(|position| train[position]).collect(),
            test,
        })
    }
}

/// The training samples, or as many of each class as asked for.
pub(super) fn drawn(
    train: Samples,
    classes: usize,
    split: &SplitOptions,
) -> Result<Samples, Error> {
    match split.train_per_class {
        Some(per_class) => train.select(&balanced_draw(
            train.labels(),
            classes,
            per_class,
            &split.train_key(),
        )?),
        None => Ok(train),
    }
}
