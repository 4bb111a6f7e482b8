//! Early stopping: training ends when the loss on a part of the training samples, which is held out
//! for this, has not fallen for some epochs; the weights with the lowest loss are kept.
//!
//! The part is a tenth of the training samples, stratified by class. Where the run is evaluated on a
//! validation set beside a test set, that set is used instead and nothing is held out.

use serde::{Deserialize, Serialize};
use spinet_data::{Dataset, EvaluatedOn, Part, Samples, balanced_parts};
use spinet_nn::Network;

use crate::{Error, TrainConfig};

/// The part of the training samples that is held out.
const PART: Part = Part::Fraction(0.1);

/// The lowest loss so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// After which epoch.
    pub epoch: usize,
    /// The loss on the part that is held out.
    pub loss: f64,
    /// Whether training has ended, and its weights are those of the network.
    pub has_stopped: bool,
}

/// What early stopping keeps during a run.
pub(crate) struct Stopping {
    /// What the loss is computed on.
    pub(crate) samples: Samples,
    /// The network with the lowest loss; none before the first evaluation.
    pub(crate) best: Option<Network<f32>>,
}

/// The samples to train on, and those that say when to stop, if the settings ask for it.
pub(crate) fn divided(
    config: &TrainConfig,
    data: &Dataset,
) -> Result<(Samples, Option<Stopping>), Error> {
    if config.patience == 0 {
        return Ok((data.train.clone(), None));
    }
    let with = |samples| {
        Some(Stopping {
            samples,
            best: None,
        })
    };
    if let EvaluatedOn::Validation(test) = &data.evaluated_on
        && !test.is_empty()
    {
        return Ok((data.train.clone(), with(data.test.clone())));
    }
    let strata = if data.target.is_classification() {
        data.classes()
    } else {
        1
    };
    let key = format!("spinet early stopping {}", config.split_seed);
    let parts =
        balanced_parts(data.train.labels(), strata, PART, &key).map_err(|_| Error::OutOfRange {
            setting: "patience",
            expected: "0 for so few training samples, of which a tenth would be held out",
            found: format!("{} with {}", config.patience, data.train.len()),
        })?;
    let samples = data.train.select(&parts.test)?;
    Ok((data.train.select(&parts.train)?, with(samples)))
}

impl Stopping {
    /// Takes in the loss after an epoch. Gives what is known of the best epoch then, and the network
    /// of that epoch if training is to end.
    pub(crate) fn observe(
        &mut self,
        best: Option<Best>,
        (epoch, loss): (usize, f64),
        network: &Network<f32>,
        (patience, is_last): (usize, bool),
    ) -> (Best, Option<Network<f32>>) {
        let mut best = match best {
            Some(best) if loss >= best.loss || loss.is_nan() => best,
            _ => {
                self.best = Some(network.clone());
                Best {
                    epoch,
                    loss,
                    has_stopped: false,
                }
            }
        };
        best.has_stopped = is_last || epoch - best.epoch >= patience;
        let kept = best.has_stopped.then(|| self.best.take()).flatten();
        (best, kept)
    }
}
