//! The outputs of a model for samples: class probabilities, or plain outputs where the loss gives
//! no probabilities.

use std::fmt;
use std::path::Path;

use spinet_data::{Column, RowSource, Rows, Samples, Values, read_rows};
use spinet_nn::{Inputs, Pixels, Threads, Workspace, largest};

use crate::evaluation::chunk;
use crate::{Error, Measure, Model, Scored, memory};

/// How good a model is on samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean loss.
    pub loss: f64,
    /// Accuracy of classes, R2 of numbers.
    pub measure: Measure,
    /// How many samples there were.
    pub samples: usize,
}

impl fmt::Display for Score {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            loss,
            measure,
            samples,
        } = self;
        let name = measure.name();
        write!(out, "{name} {measure}, loss {loss:.4}, {samples} samples")
    }
}

impl Score {
    /// The accuracy or R2; see [`Measure::value`].
    pub fn value(&self) -> f64 {
        self.measure.value()
    }
}

impl Model {
    /// Accuracy or R2, and mean loss on labeled samples, on all cores.
    ///
    /// # Errors
    ///
    /// As [`score`](Self::score).
    pub fn evaluate(&self, samples: &Samples) -> Result<Score, Error> {
        let Scored { loss, measure } = self.score(samples, Threads::all()?)?;
        Ok(Score {
            loss,
            measure,
            samples: samples.len(),
        })
    }

    /// The rows of a table file, as features as in training, for [`predict`](Self::predict). Columns
    /// are found by their names; others are left out. Labels are not read and may be missing;
    /// `label` is their column, that of the training unless given.
    ///
    /// # Errors
    ///
    /// [`Error::InputKind`] for a model of images, [`Error::Data`] as
    /// [`read_features`](spinet_data::read_features).
    pub fn read_table(&self, path: &Path, label: Option<&Column>) -> Result<Samples, Error> {
        self.read_rows(RowSource::File(path), label, None)
            .map(|rows| rows.samples)
    }

    /// As [`read_table`](Self::read_table), from a file or from memory, with what was done that the
    /// user has to know (cells that were filled in, columns that were left out), and the cells of the
    /// column `id`.
    ///
    /// # Errors
    ///
    /// As [`read_table`](Self::read_table).
    pub fn read_rows(
        &self,
        rows: RowSource<'_>,
        label: Option<&Column>,
        id: Option<&Column>,
    ) -> Result<Rows, Error> {
        self.description.accepts(Values::Numbers(&[]))?;
        // The label of the training table is in the plan, by its name.
        let label = label.or(self
            .description
            .training
            .label
            .as_ref()
            .filter(|_| self.description.columns.is_none()));
        Ok(read_rows(rows, label, id, self.description.prior())?)
    }

    /// The numbers that are predicted for each sample, `[samples, numbers]`, in the units of their
    /// columns; none for a model of classes. `values` as of [`predict`](Self::predict).
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_numbers(&self, values: Values<'_>) -> Result<Vec<f64>, Error> {
        let targets = self.description.target.numbers();
        let mut numbers = Vec::new();
        if targets.is_empty() {
            return Ok(numbers);
        }
        self.each(values, |outputs| {
            let pairs = targets.iter().zip(outputs);
            numbers.extend(pairs.map(|(target, output)| target.number(*output)));
        })?;
        Ok(numbers)
    }

    /// The class of each sample, by name; of labels that are yes or no, the most probable one; none
    /// for a model that predicts numbers. `values` are `[samples, features]`, row by row:
    /// [`Samples::values`] of data of the same kind.
    ///
    /// # Errors
    ///
    /// [`Error::InputKind`], [`Error::Features`].
    ///
    /// # Example
    ///
    /// ```
    /// # use spinet_data::{Source, load};
    /// # use spinet_train::TrainConfig;
    /// # let data = load("mnist-1200", &Source::default())?;
    /// # let model = TrainConfig::new().hidden([10]).epochs(50).rule("bdnn-dsd")?.fit(&data)?;
    /// let classes = model.predict(data.test.sample(0))?;
    /// println!("the first test image shows a {}", classes[0]);
    /// # assert_eq!(classes, ["7"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn predict(&self, values: Values<'_>) -> Result<Vec<&str>, Error> {
        let mut classes = Vec::new();
        if !self.description.target.numbers().is_empty() {
            return Ok(classes);
        }
        self.each(values, |scores| {
            classes.push(self.description.classes[usize::from(largest(scores))].as_str());
        })?;
        Ok(classes)
    }

    /// Class probabilities `[samples, classes]`, row by row, in the order of
    /// [`Description::classes`](crate::Description::classes); the outputs themselves where the loss
    /// is the mean squared error.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_proba(&self, values: Values<'_>) -> Result<Vec<f32>, Error> {
        let mut probabilities = Vec::new();
        self.each(values, |scores| probabilities.extend_from_slice(scores))?;
        Ok(probabilities)
    }

    fn each(&self, values: Values<'_>, mut each: impl FnMut(&[f32])) -> Result<(), Error> {
        self.description.accepts(values)?;
        each_sample(self, values, Threads::all()?, |_, scores| {
            each(scores);
            Ok(())
        })
    }
}

/// Calls `each` with the number and the scores `[classes]` of every sample.
///
/// Scores are probabilities with cross-entropy, and the outputs themselves with mean squared error.
/// Samples are taken in the same chunks as by [`Model::score`], with the same kernel, so that every
/// product is the same.
///
/// # Errors
///
/// [`Error::Features`] if there is not a whole number of samples of the model's shape, or what `each`
/// returns.
pub fn each_sample<E: From<Error>>(
    model: &Model,
    values: Values<'_>,
    threads: Threads,
    mut each: impl FnMut(usize, &[f32]) -> Result<(), E>,
) -> Result<(), E> {
    let (network, classes) = (&model.network, model.network.classes());
    let features = network.inputs();
    if !values.len().is_multiple_of(features) {
        return Err(Error::Features {
            expected: features,
            found: values.len() % features,
        }
        .into());
    }
    let standardizer = model.description.standardizer();
    memory::check_evaluation(network, standardizer.as_ref(), values.bytes().is_some(), 1)?;
    let most = chunk(network.layers());
    let mut workspace = Workspace::new(network, most, threads)
        .standardized(network, standardizer)
        .map_err(Error::from)?;
    let samples = values.len() / features;
    for start in (0..samples).step_by(most) {
        let part = start * features..samples.min(start + most) * features;
        let inputs = match values {
            Values::Bytes(bytes) => Inputs::Pixels(Pixels::all(&bytes[part], features)),
            Values::Numbers(numbers) => Inputs::Numbers(&numbers[part]),
        };
        let outputs = workspace.evaluate(network, &inputs);
        network.config().loss.probabilities(outputs, classes);
        for (index, scores) in outputs.chunks_exact(classes).enumerate() {
            each(start + index, scores)?;
        }
    }
    Ok(())
}
