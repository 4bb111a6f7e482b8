//! What a study that is no sweep shows, as numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::record::any_record::of_record;
use crate::record::seal;
use crate::statistics::rounded;
use crate::{Error, mean, standard_deviation};

/// One panel: either a histogram or curves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FigurePanel {
    /// Its heading.
    pub title: String,
    /// The rules of its runs, as given to `spinet train --rule`.
    pub rules: Vec<String>,
    /// Edges of the bins, rising, one more than bins; none for curves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<f64>,
    /// Mean count of each bin over the runs; none for curves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<f64>,
    /// Standard deviation of each count over the runs; none for curves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts_sd: Vec<f64>,
    /// Numbers that sum the panel up, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub summary: BTreeMap<String, f64>,
    /// Epochs of the curves; none for a histogram.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epoch: Vec<usize>,
    /// The curves; none for a histogram.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<FigureCurve>,
}

/// One curve of a panel: a value for each epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureCurve {
    /// What it counts.
    pub label: String,
    /// Mean over the runs.
    pub mean: Vec<f64>,
    /// Standard deviation over the runs.
    pub sd: Vec<f64>,
}

impl FigureCurve {
    /// Mean and deviation over the runs of the value that a run has at each of so many places, to so
    /// many decimals.
    pub(super) fn over_runs<R>(
        label: impl Into<String>,
        runs: &[R],
        places: usize,
        decimals: i32,
        value: impl Fn(&R, usize) -> f64,
    ) -> Self {
        let at_each = |fold: fn(&[f64]) -> f64| {
            let values = |place| runs.iter().map(|run| value(run, place)).collect::<Vec<_>>();
            let folded = (0..places).map(|place| rounded(fold(&values(place)), decimals));
            folded.collect()
        };
        Self {
            label: label.into(),
            mean: at_each(mean),
            sd: at_each(standard_deviation),
        }
    }
}

/// A figure's numbers with everything needed to make them again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FigureRecord {
    /// The panels.
    pub panels: Vec<FigurePanel>,
    /// Name of the study, such as `figure-3`.
    pub figure: String,
    /// Its heading.
    pub title: String,
    /// What there is to see, in words.
    pub description: String,
    /// What lies along the axes of curves, horizontal and vertical; epochs and synapses if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<[String; 2]>,
    /// The command that makes this record.
    pub command: String,
    /// Version of the program.
    pub program: String,
    /// How it is smaller than the figure, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced: Option<String>,
    /// Class of the kernel that computed the products with pixels.
    pub kernel: String,
    /// Seeds, one a run of every panel.
    pub seeds: Vec<u64>,
    /// SHA-256 of training and test samples, by data set.
    pub digests: BTreeMap<String, [String; 2]>,
}

impl FigureRecord {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], [`Error::RecordContent`], [`Error::Changed`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let record: Self = of_record(text)?;
        let refuse = |message: String| Err(Error::RecordContent { message });
        if super::Study::ALL
            .iter()
            .all(|known| known.name() != record.figure)
        {
            return refuse(format!(
                "unknown figure `{}`",
                record.figure.escape_default()
            ));
        }
        if record.panels.is_empty() {
            return refuse("it has no panels, expected at least one".to_owned());
        }
        for panel in &record.panels {
            let bins = panel.edges.len().saturating_sub(1);
            if (panel.counts.len(), panel.counts_sd.len()) != (bins, bins)
                || bins == 0 && panel.curves.is_empty()
            {
                return refuse(format!(
                    "panel `{}` has {} counts for {bins} bins",
                    panel.title.escape_default(),
                    panel.counts.len()
                ));
            }
            let lengths = panel
                .curves
                .iter()
                .flat_map(|curve| [curve.mean.len(), curve.sd.len()]);
            if let Some(length) = lengths
                .into_iter()
                .find(|length| *length != panel.epoch.len())
            {
                return refuse(format!(
                    "a curve has {length} values, expected {}, one for each epoch",
                    panel.epoch.len()
                ));
            }
        }
        Ok(record)
    }

    /// The names of what sums the panels up, sorted, each once.
    pub(crate) fn summary_names(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self
            .panels
            .iter()
            .flat_map(|panel| panel.summary.keys())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The record as JSON, with its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], for numbers that JSON does not have.
    pub fn to_json(&self) -> Result<String, Error> {
        Ok(seal::sealed(
            &serde_json::to_string(self).map_err(|source| Error::Record { source })?,
        ))
    }
}
