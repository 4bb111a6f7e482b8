//! Evaluation: accuracy, loss, and the metrics of the rules.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use spinet_data::{Samples, Values};
use spinet_nn::{
    Batch, Flow, Inputs, Kernel, Layer, Network, Pixels, Standardizer, Threads, Workspace,
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
    /// Test accuracy, in `[0, 1]`.
    pub accuracy: f64,
    /// By rule and name: counts over all layers since the last evaluation, or of the present state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, BTreeMap<String, u64>>,
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
    /// Loss and correct predictions of the chunks that this lane did.
    results: Vec<(f64, usize)>,
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

    /// Mean loss and accuracy.
    ///
    /// Samples are taken in fixed chunks whose sums are added in order, so the bits do not depend
    /// on the threads.
    ///
    /// # Errors
    ///
    /// [`Error::Features`] if the samples have another shape than the network's input.
    pub fn score(&self, network: &Network<f32>, samples: &Samples) -> Result<(f64, f64), Error> {
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
                let order = by_label(samples.labels());
                let labels: Vec<u8> = order
                    .iter()
                    .map(|index| samples.labels()[*index as usize])
                    .collect();
                Ok(self.mean(network, samples.len(), |chunk| {
                    let inputs =
                        Inputs::Pixels(Pixels::chosen(bytes, features, &order[part(chunk)]));
                    Batch {
                        inputs,
                        labels: &labels[part(chunk)],
                    }
                }))
            }
            Values::Numbers(numbers) => Ok(self.mean(network, samples.len(), |chunk| {
                let Range { start, end } = part(chunk);
                Batch {
                    inputs: Inputs::Numbers(&numbers[start * features..end * features]),
                    labels: &samples.labels()[start..end],
                }
            })),
        }
    }

    /// Mean loss and accuracy of `samples` samples, given their chunks.
    fn mean<'a>(
        &self,
        network: &Network<f32>,
        samples: usize,
        batch: impl Fn(usize) -> Batch<'a, f32> + Sync,
    ) -> (f64, f64) {
        let (chunks, count) = (samples.div_ceil(self.chunk), self.lanes.len());
        self.threads.each(count, |index| {
            let mut lane = lock(&self.lanes[index]);
            let Lane { workspace, results } = &mut *lane;
            *results = workspace.score(network, (index..chunks).step_by(count).map(&batch));
        });
        let result = |chunk: usize| lock(&self.lanes[chunk % count]).results[chunk / count];
        let (loss, right) = (0..chunks)
            .map(result)
            .fold((0.0, 0), |sum, result| (sum.0 + result.0, sum.1 + result.1));
        (loss / samples as f64, right as f64 / samples as f64)
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
