//! Result records: the numbers of an experiment with everything needed to make them again.

pub(crate) mod any_record;
pub(crate) mod merge;
pub(crate) mod results;
pub(crate) mod seal;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use spinet_nn::Kernel;

use crate::record::any_record::{in_lines, of_record};
use crate::statistics::rounded;
use crate::{Error, Method, PAPER_TABLES, PaperTable, Published, mean, standard_deviation};

/// A mean over runs with what it was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the runs.
    pub mean: f64,
    /// Standard deviation over the runs (divisor `n - 1`).
    pub sd: f64,
    /// One value a run, in the order of the seeds.
    pub values: Vec<f64>,
}

impl Estimate {
    /// Mean and deviation of these values.
    pub fn of(values: Vec<f64>) -> Self {
        Self {
            mean: rounded(mean(&values), DECIMALS),
            sd: rounded(standard_deviation(&values), DECIMALS),
            values: values
                .into_iter()
                .map(|value| rounded(value, DECIMALS))
                .collect(),
        }
    }
}

/// More decimals than any of these numbers needs, and short in a file.
const DECIMALS: i32 = 6;

/// A mean difference with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Mean of the differences.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The course of a row's runs: means and deviations over the runs at each evaluated epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Epochs done.
    pub epoch: Vec<usize>,
    /// Mean test accuracy in percent.
    pub accuracy: Vec<f64>,
    /// Its standard deviation.
    pub accuracy_sd: Vec<f64>,
    /// By name: mean over the runs of what the rule counted at each evaluation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, Vec<f64>>,
}

impl Curve {
    /// What does not fit together, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let epochs = self.epoch.len();
        let lengths = [self.accuracy.len(), self.accuracy_sd.len()]
            .into_iter()
            .chain(self.counts.values().map(Vec::len));
        if let Some(length) = lengths.into_iter().find(|length| *length != epochs) {
            return Err(format!(
                "a curve has {length} values, expected {epochs}, one for each epoch"
            ));
        }
        if !self.epoch.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err("the epochs of its curve do not increase".to_owned());
        }
        Ok(())
    }
}

/// Records that name no kernel are of versions that had `f32` alone.
fn before_kernels() -> String {
    "f32".to_owned()
}

/// One network and method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Data set.
    pub data: String,
    /// Training samples.
    pub train: usize,
    /// Test samples.
    pub test: usize,
    /// Hidden units.
    pub hidden: usize,
    /// The method.
    pub method: Method,
    /// The rules that it is made of, as given to `spinet train --rule`.
    pub rules: Vec<String>,
    /// Runs, one seed each.
    pub runs: usize,
    /// Epochs of each run.
    pub epochs: usize,
    /// Test accuracy in percent after the last epoch.
    pub accuracy: Estimate,
    /// Best test accuracy in percent of all evaluated epochs.
    pub peak_accuracy: Estimate,
    /// Speed-up L over the initial network of the same seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speedup: Option<Estimate>,
    /// Accuracy minus the initial network's, paired by seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_initial: Option<Interval>,
    /// What the paper prints.
    pub paper: Published,
    /// By seed: a short name for everything that the run's numbers depend on, which ends the name
    /// of its directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// By seed: SHA-256 over the arrays of the trained model; a run that is repeated gives the
    /// same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrays_sha256: Vec<String>,
    /// Accuracy and counts over the epochs.
    pub curve: Curve,
}

/// Samples of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a number of samples, or that of each experiment in words"
)]
pub enum Batch {
    /// In every experiment.
    All(usize),
    /// Where experiments differ, that of each, in words.
    Each(String),
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(samples) => write!(f, "{samples}"),
            Self::Each(text) => f.write_str(text),
        }
    }
}

/// Settings of a run that experiments may have for their own; where they differ, that of each, in
/// words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Samples of a step.
    pub batch: Batch,
    /// Distribution of the initial weights.
    #[serde(rename = "initialiser")]
    pub initializer: String,
    /// Momentum, if there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<String>,
    /// How pixels are standardized, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standardize: Option<String>,
}

/// What was run, for whoever wants the same numbers again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Experiments of the registry.
    pub experiments: Vec<String>,
    /// The command that makes this record.
    pub command: String,
    /// Version of the program.
    pub program: String,
    /// Whether this is the full experiment or a smaller run, and how it is smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduced: Option<String>,
    /// Seeds, one a run.
    pub seeds: Vec<u64>,
    /// Per step.
    pub learning_rate: f64,
    /// Settings that experiments of the registry may have for their own.
    #[serde(flatten)]
    pub settings: Settings,
    /// Class of the kernel that computed the products with pixels: `exact` or `f32`.
    #[serde(default = "before_kernels")]
    pub kernel: String,
    /// For each experiment: length of a run, evaluations, and the reason.
    pub lengths: Vec<String>,
    /// How each tuned parameter was chosen, and by which command.
    pub tuned: Vec<String>,
    /// What the paper leaves open, and what was chosen.
    pub open_points: Vec<String>,
    /// Data sets made from other than the official files, each with its numbers of samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<String>,
    /// SHA-256 of training and test samples, by data set.
    pub digests: BTreeMap<String, [String; 2]>,
}

/// An experiment's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// One for each network and method.
    pub rows: Vec<Row>,
    /// How they were made.
    pub definition: Definition,
}

impl Definition {
    /// The kernel class of an experiment's runs. A record of several experiments may have both
    /// classes: that of each follows from its pixels.
    pub(crate) fn kernel_of(&self, experiment: &PaperTable) -> String {
        if self.kernel.contains(',') {
            experiment
                .standardize
                .kernel(Kernel::Auto)
                .map_or(Kernel::Exact, Kernel::class)
                .to_string()
        } else {
            self.kernel.clone()
        }
    }
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], [`Error::RecordContent`], [`Error::Changed`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let record: Self = of_record(text)?;
        record
            .check()
            .map_err(|message| Error::RecordContent { message })?;
        Ok(record)
    }

    /// What is wrong with the numbers of a record that was read, in words.
    fn check(&self) -> Result<(), String> {
        if let Some(name) = self
            .definition
            .experiments
            .iter()
            .find(|name| PAPER_TABLES.iter().all(|known| known.name != **name))
        {
            return Err(format!("unknown experiment `{}`", name.escape_default()));
        }
        if self.rows.is_empty() || self.definition.experiments.is_empty() {
            return Err(
                "it has no rows or no experiments, expected at least one of each".to_owned(),
            );
        }
        for row in &self.rows {
            let name = format!("{} with {} hidden units", row.method.name(), row.hidden);
            row.curve
                .check()
                .map_err(|message| format!("{name}: {message}"))?;
        }
        Ok(())
    }

    /// The record as JSON, one line a row, with its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], for numbers that JSON does not have.
    pub fn to_json(&self) -> Result<String, Error> {
        in_lines("rows", &self.rows, &self.definition)
    }
}
