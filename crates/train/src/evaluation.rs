//! What a network is worth on samples: accuracy, loss, and what its rules counted.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use spinet_data::Samples;
use spinet_nn::{Batch, Network, Threads, Workspace};

use crate::Error;
use crate::batches::scale;

/// The state of a run after some epochs. One JSON line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Epochs done.
    pub epoch: usize,
    /// Steps done.
    pub step: u64,
    /// Mean training loss over the last epoch, before each update; absent before the first.
    pub train_loss: Option<f64>,
    /// Mean loss on the test samples.
    pub test_loss: f64,
    /// Fraction of the test samples that are right, in `[0, 1]`.
    pub accuracy: f64,
    /// By rule and name: counts over all layers since the last evaluation, or of the present state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Samples of one forward pass: enough for fast products, small enough for the cache.
pub(crate) const CHUNK: usize = 250;

/// Scores networks on samples, on all threads of a run, with buffers allocated once.
pub struct Scorer {
    threads: Threads,
    lanes: Vec<Mutex<Lane>>,
}

/// What one thread needs.
struct Lane {
    workspace: Workspace<f32>,
    inputs: Vec<f32>,
    /// `(chunk, loss, right)` of the chunks that this lane did.
    results: Vec<(usize, f64, usize)>,
}

impl Scorer {
    /// Buffers for networks of the shape of `network`.
    pub fn new(network: &Network<f32>, threads: Threads) -> Self {
        let lane = || {
            let workspace = Workspace::new(network, CHUNK, Threads::one());
            Mutex::new(Lane { workspace, inputs: vec![0.0; CHUNK * network.inputs()], results: Vec::new() })
        };
        let lanes = (0..threads.count()).map(|_| lane()).collect();
        Self { threads, lanes }
    }

    /// Mean loss and accuracy.
    ///
    /// Samples are taken in fixed chunks whose sums are added in order, so the bits do not depend on the threads.
    ///
    /// # Errors
    ///
    /// [`Error::Features`] if the samples have another shape than the network's input.
    pub fn score(&self, network: &Network<f32>, samples: &Samples) -> Result<(f64, f64), Error> {
        let features = samples.features();
        if features != network.inputs() {
            return Err(Error::Features { expected: network.inputs(), found: features });
        }
        let chunks = samples.len().div_ceil(CHUNK);
        self.threads.each(self.lanes.len(), |index| {
            let mut lane = self.lanes[index].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let Lane { workspace, inputs, results } = &mut *lane;
            results.clear();
            for chunk in (index..chunks).step_by(self.lanes.len()) {
                let (start, end) = (chunk * CHUNK, samples.len().min((chunk + 1) * CHUNK));
                let inputs = &mut inputs[..(end - start) * features];
                pulp::Arch::new().dispatch(|| scale(&samples.bytes()[start * features..end * features], inputs));
                let (loss, right) = workspace.score(network, &Batch { inputs, labels: &samples.labels()[start..end] });
                results.push((chunk, loss, right));
            }
        });
        let mut results: Vec<_> = Vec::with_capacity(chunks);
        for lane in &self.lanes {
            results.extend_from_slice(&lane.lock().unwrap_or_else(std::sync::PoisonError::into_inner).results);
        }
        results.sort_unstable_by_key(|(chunk, ..)| *chunk);
        let (loss, right) = results.iter().fold((0.0, 0), |(loss, right), result| (loss + result.1, right + result.2));
        Ok((loss / samples.len() as f64, right as f64 / samples.len() as f64))
    }
}
