//! Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019): how much worse a model
//! becomes on rows that it was not trained on, when the cells of one column change places.
//!
//! ```text
//! importance of column c = score(rows) - mean over r of score(rows, c permuted with random order r)
//! ```
//!
//! A column is permuted with all features that are made from it: the categories of a word column
//! and the indicator of missing cells stay together. Columns that say the same as others look
//! unimportant, because the others still say it.

use serde::Serialize;
use spinet_data::{Samples, TablePlan};
use spinet_nn::Threads;
use spinet_rules::{Purpose, Stream};
use spinet_train::{Measure, Model, Scored};

use crate::figure::{Axis, Ranges, render_ranges};
use crate::{Error, Interval, paired_interval};

/// Most columns in a figure.
const MOST_SHOWN: usize = 30;

/// How much a model uses one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importance {
    /// The name of the column, or `column 3` in a table without a header.
    pub column: String,
    /// Its position in the training table, counted from 0.
    pub position: usize,
    /// By how much the score falls, the accuracy in percentage points: the mean over the repeats with
    /// its 95 % confidence interval, which tells how far other random orders would lead elsewhere.
    pub score_drop: Interval,
    /// By how much the mean loss rises.
    pub loss_rise: Interval,
}

/// The columns of a model's table, those whose permutation costs the score most first; of equals,
/// those that raise the loss most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importances {
    /// Rows that were predicted.
    pub samples: usize,
    /// Random orders of each column.
    pub repeats: usize,
    /// Seed of the random orders.
    pub seed: u64,
    /// What the score is: `accuracy`, or `R2` of numbers.
    pub measure: &'static str,
    /// The score without permutation, at most 1.
    pub score: f64,
    /// Mean loss without permutation.
    pub loss: f64,
    /// One for each column that the model uses.
    pub columns: Vec<Importance>,
}

impl Importances {
    /// Permutes each column of a plan `repeats` times, at least twice. The result does not depend on
    /// the number of threads.
    ///
    /// # Errors
    ///
    /// [`Error::Runs`] if `repeats` is not in 2 to 1000; as [`Model::score`] if the samples are not
    /// those of the model.
    pub fn of(
        model: &Model,
        plan: &TablePlan,
        samples: &Samples,
        repeats: usize,
        seed: u64,
        threads: &Threads,
    ) -> Result<Self, Error> {
        if !(2..=1000).contains(&repeats) {
            return Err(Error::Runs {
                setting: "repeats",
                low: 2,
                high: 1000,
                found: repeats,
            });
        }
        let Scored { loss, measure } = model.score(samples, threads.clone())?;
        let unit = match measure {
            Measure::Accuracy(_) => 100.0,
            Measure::R2(_) => 1.0,
        };
        let numbers = samples.values().numbers().unwrap_or_default();
        let width = samples.features();
        let mut permuted = numbers.to_vec();
        let (mut start, mut columns) = (0, Vec::new());
        for (index, planned) in plan.columns.iter().enumerate() {
            let features = start..start + planned.width();
            start = features.end;
            let (mut scores, mut losses) = (Vec::new(), Vec::new());
            for repeat in 0..repeats {
                let mut order: Vec<u32> = (0..samples.len() as u32).collect();
                let number = (index * repeats + repeat) as u64;
                Stream::new(seed, Purpose::Noise, number).shuffle(&mut order);
                for (row, from) in order.iter().enumerate() {
                    permuted[row * width..][features.clone()]
                        .copy_from_slice(&numbers[*from as usize * width..][features.clone()]);
                }
                let changed = samples
                    .with_numbers(permuted)
                    .map_err(spinet_train::Error::from)?;
                let Scored { loss, measure } = model.score(&changed, threads.clone())?;
                scores.push(unit * measure.value());
                losses.push(loss);
                permuted = changed.values().numbers().unwrap_or_default().to_vec();
            }
            for row in 0..samples.len() {
                let place = row * width + features.start..row * width + features.end;
                permuted[place.clone()].copy_from_slice(&numbers[place]);
            }
            columns.push(Importance {
                column: planned
                    .name
                    .clone()
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| format!("column {}", planned.position + 1)),
                position: planned.position,
                score_drop: difference(&vec![unit * measure.value(); repeats], &scores),
                loss_rise: difference(&losses, &vec![loss; repeats]),
            });
        }
        columns.sort_by(|a, b| {
            let by = |of: fn(&Importance) -> f64| of(b).total_cmp(&of(a));
            by(|column| column.score_drop.mean).then_with(|| by(|column| column.loss_rise.mean))
        });
        Ok(Self {
            samples: samples.len(),
            repeats,
            seed,
            measure: measure.name(),
            score: measure.value(),
            loss,
            columns,
        })
    }

    /// The most important columns, at most 30, as one SVG document.
    ///
    /// # Errors
    ///
    /// [`Error::Figure`] if there is nothing to draw.
    pub fn figure(&self, title: &str) -> Result<String, Error> {
        let shown = &self.columns[..self.columns.len().min(MOST_SHOWN)];
        let rows = shown.iter().map(|column| {
            let Interval { mean, low, high } = column.score_drop;
            (column.column.clone(), mean, low, high)
        });
        let first = shown.first().map_or("", |column| column.column.as_str());
        Ok(render_ranges(&Ranges {
            title: title.to_owned(),
            description: format!(
                "The fall of the {} when one column is permuted, mean and 95 % confidence interval over {} repeats; largest for {first}.",
                self.measure, self.repeats
            ),
            x: Axis::new(
                match self.measure {
                    "accuracy" => "fall of accuracy when permuted (percentage points)",
                    _ => "fall of R2 when permuted",
                },
                false,
            ),
            rows: rows.collect(),
            width: 700,
        })?)
    }
}

fn difference(ours: &[f64], theirs: &[f64]) -> Interval {
    paired_interval(ours, theirs).unwrap_or(Interval {
        mean: 0.0,
        low: 0.0,
        high: 0.0,
    })
}
