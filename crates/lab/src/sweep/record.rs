//! What a sweep found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::record::any_record::{in_lines, of_record};
use crate::{Curve, Error, Estimate, Interval};

/// One point of a sweep with its runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepRow {
    /// Axis and value.
    pub settings: Vec<(String, String)>,
    /// Training samples of a run.
    pub train: usize,
    /// Samples that a run is scored on.
    pub scored: usize,
    /// Runs: seeds times folds.
    pub runs: usize,
    /// How many runs diverged; each counts as an accuracy of 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub diverged: usize,
    /// Accuracy in percent after the last epoch, by seed, and within a seed by fold.
    pub accuracy: Estimate,
    /// Best accuracy in percent of all evaluated epochs.
    pub peak_accuracy: Estimate,
    /// Speed-up L over the same network without rules, if that is a point of the sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup: Option<Estimate>,
    /// Accuracy minus that of the same network without rules, paired by seed and fold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_initial: Option<Interval>,
    /// Accuracy minus that of the reference, if the sweep has one, paired likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_reference: Option<Interval>,
    /// Slowness in epochs, where the file asks for it and no run diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowness: Option<Estimate>,
    /// Slowness minus that of the reference, paired likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowness_over_reference: Option<Interval>,
    /// Accuracy minus that of the point with the control in place of the rule, if the sweep has
    /// one, paired likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_control: Option<Interval>,
    /// Slowness minus that of the same point, paired likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowness_over_control: Option<Interval>,
    /// Weights that are not 0 after training, in percent, where the file asks for it and no run
    /// diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_left: Option<Estimate>,
    /// Seconds of a run's steps on one thread of the machine that made the record, where the file
    /// asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The run.toml of the first run.
    pub run_toml: String,
    /// By run: what ends the name of its directory; empty for a run that diverged.
    pub ids: Vec<String>,
    /// By run: SHA-256 over the arrays of its model; empty for a run that diverged.
    pub arrays_sha256: Vec<String>,
    /// Accuracy over the epochs, at no more than some fifty of them.
    pub curve: Curve,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// How a sweep was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepDefinition {
    /// Its name: that of the file, without its ending.
    pub sweep: String,
    /// The command that makes this record.
    pub command: String,
    /// Version of the program.
    pub program: String,
    /// How it is smaller than what it is known for, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced: Option<String>,
    /// Class of the kernel that computed the products with pixels.
    pub kernel: String,
    /// Seeds, one a run of every point.
    pub seeds: Vec<u64>,
    /// What accuracies are of: `test samples`, or `validation samples, 5 of 5 folds`.
    pub scored_on: String,
    /// The score reported instead of the accuracy, where numbers are predicted: `R2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// Rules of the points that others are compared with, if chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The rule that stands in place of another for a control, if any does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Settings in which compared points may differ, beside the rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    /// What the file wants a reader of the table to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The text of the sweep's file.
    pub file: String,
    /// Data sets made from other than the official files, each with its numbers of samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<String>,
    /// SHA-256 of training and test samples, by data set.
    pub digests: BTreeMap<String, [String; 2]>,
}

impl SweepRecord {
    /// `accuracy`, or what stands in its place.
    pub(crate) fn measure(&self) -> &str {
        self.definition.measure.as_deref().unwrap_or("accuracy")
    }
}

/// The numbers of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// One for each point.
    pub points: Vec<SweepRow>,
    /// How they were made.
    pub definition: SweepDefinition,
}

/// Most axes of a record.
pub(super) const MOST_AXES: usize = 64;

impl SweepRecord {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], [`Error::RecordContent`], [`Error::Changed`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let record: Self = of_record(text)?;
        let refuse = |message| Err(Error::RecordContent { message });
        if record.points.is_empty() {
            return refuse("it has no configurations, expected at least one".to_owned());
        }
        let name = &record.definition.sweep;
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
            let name = name.escape_default();
            return refuse(format!("its name is `{name}`, expected that of a file"));
        }
        let axes = record.axes().len();
        if axes > MOST_AXES {
            return refuse(format!("it has {axes} axes, expected at most {MOST_AXES}"));
        }
        for (number, point) in (1..).zip(&record.points) {
            point
                .curve
                .check()
                .map_err(|message| Error::RecordContent {
                    message: format!("configuration {number}: {message}"),
                })?;
        }
        Ok(record)
    }

    /// The record as JSON, one line a point, with its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], for numbers that JSON does not have.
    pub fn to_json(&self) -> Result<String, Error> {
        in_lines("points", &self.points, &self.definition)
    }

    /// The axes, in the order in which points name them.
    pub fn axes(&self) -> Vec<&str> {
        let mut axes: Vec<&str> = Vec::new();
        for (axis, _) in self.points.iter().flat_map(|point| &point.settings) {
            if !axes.contains(&axis.as_str()) {
                axes.push(axis);
            }
        }
        axes
    }

    /// The point with the highest mean accuracy, the first of equals; none if points are of
    /// different data or networks, which have nothing to compare.
    pub fn best(&self) -> Option<&SweepRow> {
        let is_one_task = ["data", "hidden"].iter().all(|axis| {
            let mut values = self.points.iter().map(|point| point.value(axis));
            let first = values.next();
            values.all(|value| Some(value) == first)
        });
        let best = self
            .points
            .iter()
            .rev()
            .max_by(|a, b| a.accuracy.mean.total_cmp(&b.accuracy.mean));
        best.filter(|_| is_one_task && self.points.len() > 1)
    }
}

impl SweepRow {
    /// Its settings in words.
    pub fn in_words(&self) -> String {
        let settings = self.settings.iter();
        let settings: Vec<String> = settings
            .map(|(axis, value)| format!("{axis} = {value}"))
            .collect();
        if settings.is_empty() {
            "the base alone".to_owned()
        } else {
            settings.join(", ")
        }
    }

    /// The value on an axis, if the point has one.
    pub fn value(&self, axis: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(name, _)| name == axis)
            .map(|(_, value)| value.as_str())
    }
}
