//! Columns that a sweep's file can ask for beside the accuracy.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_train::{Advance, TrainConfig, Trainer};

use crate::{Error, median};

/// A column that is shown where the file asks for it: `columns = ["slowness", "weights-left", "seconds"]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SweepColumn {
    /// [Slowness](crate::slowness) of the accuracy, in epochs, and its difference to the reference.
    Slowness,
    /// Weights that are not 0 after training, in percent.
    WeightsLeft,
    /// Time of a run's steps on one thread, from a few of them.
    Seconds,
}

/// Pieces that are timed.
const PIECES: usize = 5;
/// Steps of each.
const STEPS: u64 = 10;

/// Seconds that the steps of a run take on one thread: those of a few, the median of pieces, times all.
///
/// # Errors
///
/// What is wrong with the configuration. A run that diverges within these steps has the time until then.
pub(super) fn seconds(config: &TrainConfig, data: &Dataset) -> Result<f64, Error> {
    let mut trainer = Trainer::new(&TrainConfig { evaluate_every: config.epochs, ..config.clone() }, data, Threads::one())?;
    let steps = data.train.len().div_ceil(config.batch) as u64 * config.epochs as u64;
    // The first evaluation, and a step that allocates.
    while trainer.position().step == 0 && trainer.advance()? != Advance::Finished {}
    let mut pieces = Vec::new();
    for _ in 0..PIECES {
        let (start, from) = (Instant::now(), trainer.position().step);
        while trainer.position().step < from + STEPS && matches!(trainer.advance(), Ok(Advance::Stepped)) {}
        let done = trainer.position().step - from;
        if done > 0 {
            pieces.push(start.elapsed().as_secs_f64() / done as f64);
        }
    }
    Ok(if pieces.is_empty() { 0.0 } else { median(&pieces) * steps as f64 })
}
