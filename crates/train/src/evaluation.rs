//! Evaluation: accuracy or R2, loss, and the metrics of the rules.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use spinet_data::{Samples, Values};
use spinet_nn::{
    Batch, Flow, Inputs, Kernel, Layer, Loss, Network, Pixels, Standardizer, Tally, Targets,
    Threads, Workspace,
};

use crate::Error;

/// The state of a run after some epochs. One JSON line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Completed epochs.
    pub epoch: usize,
    /// Completed steps.
    pub step: u64,
    /// Mean training loss over the last epoch, before each update; absent before the first.
    pub train_loss: Option<f64>,
    /// Mean loss on the test set.
    pub test_loss: f64,
    /// Test accuracy or R2, by its name.
    #[serde(flatten)]
    pub measure: Measure,
    /// By rule and name: counts over all layers since the last evaluation, or of the present state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Evaluation {
    /// The test accuracy or R2; see [`Measure::value`].
    pub fn score(&self) -> f64 {
        self.measure.value()
    }
}

/// How good predictions are: 1 is best.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Fraction of the samples whose class, or whose every label, is predicted right; in `[0, 1]`.
    Accuracy(f64),
    /// Of numbers: 1 less the sum of the squared errors over that of the differences from the mean,
    /// mean over the outputs; at most 1.
    R2(f64),
}

impl Measure {
    /// Its value.
    pub fn value(self) -> f64 {
        match self {
            Self::Accuracy(value) | Self::R2(value) => value,
        }
    }

    /// `accuracy` or `R2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy(_) => "accuracy",
            Self::R2(_) => "R2",
        }
    }

    /// Of what this kind is, such a value.
    #[must_use]
    pub fn with(self, value: f64) -> Self {
        match self {
            Self::Accuracy(_) => Self::Accuracy(value),
            Self::R2(_) => Self::R2(value),
        }
    }
}

/// `93.33 %`, or `0.9934`.
impl fmt::Display for Measure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accuracy(value) => write!(out, "{:.2} %", 100.0 * value),
            Self::R2(value) => write!(out, "{value:.4}"),
        }
    }
}

/// Mean loss and score on some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Mean loss.
    pub loss: f64,
    /// Accuracy or R2.
    pub measure: Measure,
}

/// `1 - errors / spread`, from the sum of the squared errors and that of the squared differences
/// from the mean. Where all numbers are the same, 1 if there is no error, else 0.
pub(crate) fn r2_of(errors: f64, spread: f64) -> f64 {
    match (spread > 0.0, errors > 0.0) {
        (true, _) => 1.0 - errors / spread,
        (false, true) => 0.0,
        (false, false) => 1.0,
    }
}

/// R2, mean over the outputs, from the squared errors of each.
fn r2((numbers, outputs): (&[f32], usize), squares: &[f64]) -> f64 {
    let samples = numbers.len() / outputs;
    let of_output = |output: usize| {
        let own = || {
            numbers
                .iter()
                .skip(output)
                .step_by(outputs)
                .map(|number| f64::from(*number))
        };
        let mean = own().sum::<f64>() / samples as f64;
        let spread: f64 = own().map(|number| (number - mean).powi(2)).sum();
        r2_of(squares[output], spread)
    };
    (0..outputs).map(of_output).sum::<f64>() / outputs as f64
}

/// Most samples of one forward pass: enough for fast products, small enough for the cache.
const MOST_SAMPLES: usize = 256;
/// Most numbers of a layer's outputs in one forward pass, where there are places.
const MOST_NUMBERS: usize = 4 << 20;

/// Samples of one forward pass through these layers.
pub(crate) fn chunk(layers: &[Arc<dyn Layer<f32>>]) -> usize {
    let flows = layers.iter().map(|layer| layer.output());
    let widest = flows.filter(|flow| flow.places() > 1).map(Flow::len).max();
    widest.map_or(MOST_SAMPLES, |widest| {
        (MOST_NUMBERS / widest).clamp(16, MOST_SAMPLES)
    })
}

/// Scores networks on samples, on all threads of a run, with buffers allocated once.
pub struct Scorer {
    threads: Threads,
    /// Samples of one forward pass.
    chunk: usize,
    lanes: Vec<Mutex<Lane>>,
}

/// What one thread needs.
struct Lane {
    workspace: Workspace<f32>,
    /// Of the chunks that this lane did.
    results: Vec<Tally>,
}

impl Scorer {
    /// Buffers for networks of the shape of `network`; `kernel` computes the first layer's
    /// products.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if this CPU cannot run the kernel.
    pub fn new(network: &Network<f32>, threads: Threads, kernel: Kernel) -> Result<Self, Error> {
        Self::standardized(network, threads, kernel, None)
    }

    /// The same for pixels that are standardized.
    ///
    /// # Errors
    ///
    /// [`Error::Network`], also if the constants do not fit the network.
    pub fn standardized(
        network: &Network<f32>,
        threads: Threads,
        kernel: Kernel,
        standardizer: Option<&Standardizer>,
    ) -> Result<Self, Error> {
        let chunk = chunk(network.layers());
        let lane = |_| {
            let workspace = Workspace::with_kernel(network, chunk, Threads::one(), kernel)?
                .standardized(network, standardizer.cloned())?;
            Ok(Mutex::new(Lane {
                workspace,
                results: Vec::new(),
            }))
        };
        let lanes = (0..threads.count())
            .map(lane)
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            threads,
            chunk,
            lanes,
        })
    }

    /// Mean loss, and accuracy or R2, without the weights of samples.
    ///
    /// Samples are taken in fixed chunks whose sums are added in order, so the bits do not depend
    /// on the threads.
    ///
    /// # Errors
    ///
    /// [`Error::Features`] if the samples have another shape than the network's input.
    pub fn score(&self, network: &Network<f32>, samples: &Samples) -> Result<Scored, Error> {
        let features = samples.features();
        if features != network.inputs() {
            return Err(Error::Features {
                expected: network.inputs(),
                found: features,
            });
        }
        let size = self.chunk;
        let part = |chunk: usize| chunk * size..samples.len().min((chunk + 1) * size);
        match samples.values() {
            Values::Bytes(bytes) => {
                let order = match samples.targets() {
                    Some(_) => (0..samples.len() as u32).collect(),
                    None => by_label(samples.labels()),
                };
                let labels: Vec<u8> = order
                    .iter()
                    .map(|index| samples.labels()[*index as usize])
                    .collect();
                let total = self.total(network, samples.len(), |chunk| {
                    let inputs =
                        Inputs::Pixels(Pixels::chosen(bytes, features, &order[part(chunk)]));
                    let targets = match samples.targets() {
                        Some(_) => targets_of(samples, part(chunk)),
                        None => Targets::classes(&labels[part(chunk)]),
                    };
                    Batch { inputs, targets }
                });
                Ok(scored(samples, &total, network.config().loss))
            }
            Values::Numbers(numbers) => {
                let total = self.total(network, samples.len(), |chunk| {
                    let Range { start, end } = part(chunk);
                    Batch {
                        inputs: Inputs::Numbers(&numbers[start * features..end * features]),
                        targets: targets_of(samples, start..end),
                    }
                });
                Ok(scored(samples, &total, network.config().loss))
            }
        }
    }

    /// The sums over `samples` samples, given their chunks.
    fn total<'a>(
        &self,
        network: &Network<f32>,
        samples: usize,
        batch: impl Fn(usize) -> Batch<'a, f32> + Sync,
    ) -> Tally {
        let (chunks, count) = (samples.div_ceil(self.chunk), self.lanes.len());
        self.threads.each(count, |index| {
            let mut lane = lock(&self.lanes[index]);
            let Lane { workspace, results } = &mut *lane;
            *results = workspace.score(network, (index..chunks).step_by(count).map(&batch));
        });
        let mut total = Tally::default();
        for chunk in 0..chunks {
            total.add(&lock(&self.lanes[chunk % count]).results[chunk / count]);
        }
        total
    }
}

/// The targets of some samples.
fn targets_of(samples: &Samples, part: Range<usize>) -> Targets<'_, f32> {
    match samples.targets() {
        Some((numbers, outputs)) => {
            Targets::numbers(&numbers[part.start * outputs..part.end * outputs], outputs)
        }
        None => Targets::classes(&samples.labels()[part]),
    }
}

/// What the sums over all samples say. A network whose loss gives probabilities of numbers predicts
/// labels.
fn scored(samples: &Samples, total: &Tally, loss: Loss) -> Scored {
    let count = samples.len() as f64;
    let measure = match samples.targets() {
        Some(targets) if loss != Loss::BinaryCrossEntropy => {
            Measure::R2(r2(targets, &total.squares))
        }
        _ => Measure::Accuracy(total.right as f64 / count),
    };
    Scored {
        loss: total.loss / count,
        measure,
    }
}

/// The numbers of all samples, those of one class beside each other: exact products are faster so,
/// see [`group_by_label`](crate::group_by_label).
fn by_label(labels: &[u8]) -> Vec<u32> {
    let mut places = [0; 257];
    for label in labels {
        places[usize::from(*label) + 1] += 1;
    }
    for label in 0..256 {
        places[label + 1] += places[label];
    }
    let mut order = vec![0; labels.len()];
    for (index, label) in (0..).zip(labels) {
        let place = &mut places[usize::from(*label)];
        order[*place] = index;
        *place += 1;
    }
    order
}

/// A lane that a panic left behind is as good as any: it is filled anew.
fn lock(lane: &Mutex<Lane>) -> std::sync::MutexGuard<'_, Lane> {
    lane.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_class_stand_together_in_their_order() {
        assert_eq!(by_label(&[3, 0, 255, 3, 0]), [1, 4, 0, 3, 2]);
        assert!(by_label(&[]).is_empty());
    }
}
