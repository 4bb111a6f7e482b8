//! Two weight matrices that learn under one rule, without a network.

use spinet_rules::{At, Buildable, Chain, Purpose, RuleSettings, StateEntry, Stream};

use super::{BATCH, LEARNING_RATE, count, plan};

/// Two weight matrices under one rule.
pub(crate) struct Course<S: Buildable> {
    pub(crate) chain: Chain<S>,
    pub(crate) weights: Vec<Vec<S>>,
    /// All factors of seam 1 so far.
    pub(crate) factors: Vec<S>,
}

impl<S: Buildable> Course<S> {
    pub(crate) fn new(settings: &RuleSettings) -> Self {
        let chain = Chain::from_settings(std::slice::from_ref(settings), &plan()).unwrap();
        let draw = |layer: usize| random::<S>(count(layer), Purpose::Init, layer as u64, 1.0);
        Self {
            chain,
            weights: (0..2).map(draw).collect(),
            factors: Vec::new(),
        }
    }

    /// One step through the seams that need no network; `gradient` gives that of a layer from its
    /// weights.
    pub(crate) fn step(
        &mut self,
        step: u64,
        learning_rate: f64,
        mut gradient: impl FnMut(usize, &[S]) -> Vec<S>,
    ) {
        for (layer, weight) in self.weights.iter_mut().enumerate() {
            self.factors.extend(
                self.chain
                    .activation(At { id: layer, step }, BATCH)
                    .unwrap_or_default(),
            );
            // Biases lie between the weights.
            let at = At {
                id: 2 * layer,
                step,
            };
            let mut grad = gradient(layer, weight);
            self.chain.gradient(at, weight, &mut grad);
            self.chain
                .update(at, S::from_f64(learning_rate), weight, &grad);
        }
    }

    /// Steps with random gradients that push one way for a while, so that counters reach their
    /// thresholds.
    pub(crate) fn wander(&mut self, steps: std::ops::Range<u64>) {
        for step in steps {
            self.step(step, LEARNING_RATE, |layer, weight| {
                let noise = random::<S>(weight.len(), Purpose::Noise, 2 * step + layer as u64, 1.0);
                let push = random::<S>(
                    weight.len(),
                    Purpose::Shuffle,
                    2 * (step / 7) + layer as u64,
                    1.5,
                );
                noise
                    .iter()
                    .zip(push)
                    .map(|(noise, push)| *noise + push)
                    .collect()
            });
        }
    }

    pub(crate) fn state(&self) -> Vec<StateEntry<S>> {
        let of_rules = self.chain.rules().iter().flat_map(|rule| rule.state());
        of_rules.chain(self.chain.optimizer().state()).collect()
    }

    pub(crate) fn metrics(&mut self) -> Vec<(&'static str, Vec<spinet_rules::Metric>)> {
        self.chain.metrics(&vec![
            self.weights[0].as_slice(),
            &[],
            &self.weights[1],
            &[],
        ])
    }
}

/// Numbers in `(-width, width)`.
pub(crate) fn random<S: Buildable>(
    count: usize,
    purpose: Purpose,
    index: u64,
    width: f64,
) -> Vec<S> {
    let mut stream = Stream::new(11, purpose, index);
    (0..count)
        .map(|_| S::from_f64(width * (2.0 * stream.unit() - 1.0)))
        .collect()
}

/// Every number exactly; a zero's sign counts, too.
pub(crate) fn bits<S: Buildable>(arrays: &[Vec<S>]) -> Vec<u64> {
    arrays
        .iter()
        .flatten()
        .map(|value| value.to_f64().to_bits())
        .collect()
}
