//! Columns that a sweep's file can ask for beside the accuracy.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_train::{Advance, TrainConfig, Trainer};

use crate::{Error, median};

/// A column that is shown where the file asks for it: `columns = ["slowness", "weights-left",
/// "seconds"]`.
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

/// Seconds that the steps of a run take on one thread: those of a few, the median of pieces, times
/// all. None for a run that diverges within these few.
///
/// # Errors
///
/// What is wrong with the configuration.
pub(super) fn seconds(config: &TrainConfig, data: &Dataset) -> Result<Option<f64>, Error> {
    let mut trainer = Trainer::new(
        &TrainConfig {
            evaluate_every: config.epochs,
            ..config.clone()
        },
        data,
        Threads::one(),
    )?;
    let steps = data.train.len().div_ceil(config.batch) as u64 * config.epochs as u64;
    let mut pieces = Vec::new();
    // The first evaluation and a step that allocates come before.
    let mut until = |step: u64| {
        while trainer.position().step < step {
            match trainer.advance() {
                Err(spinet_train::Error::Diverged { .. }) => return Ok(None),
                Ok(Advance::Finished) => break,
                other => drop(other?),
            }
        }
        Ok::<_, Error>(Some(trainer.position().step))
    };
    let Some(mut from) = until(1)? else {
        return Ok(None);
    };
    for _ in 0..PIECES {
        let start = Instant::now();
        let Some(step) = until(from + STEPS)? else {
            return Ok(None);
        };
        if step > from {
            pieces.push(start.elapsed().as_secs_f64() / (step - from) as f64);
        }
        from = step;
    }
    Ok((!pieces.is_empty()).then(|| median(&pieces) * steps as f64))
}
