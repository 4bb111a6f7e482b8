//! The order of the samples, and the gathering of a batch.

use pulp::Arch;
use spinet_data::Samples;
use spinet_rules::{Purpose, Stream};

/// Batches of one epoch after the other; which samples they hold follows from seed and epoch alone.
pub(crate) struct Batches {
    seed: u64,
    size: usize,
    order: Vec<u32>,
    /// `[size, features]`, pixels as fractions of 255.
    inputs: Vec<f32>,
    labels: Vec<u8>,
}

impl Batches {
    pub(crate) fn new(samples: &Samples, size: usize, seed: u64) -> Self {
        let size = size.min(samples.len());
        let order = (0..samples.len() as u32).collect();
        Self { seed, size, order, inputs: vec![0.0; size * samples.features()], labels: vec![0; size] }
    }

    /// Steps of one epoch.
    pub(crate) fn count(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Draws the order of an epoch.
    pub(crate) fn shuffle(&mut self, epoch: usize) {
        for (index, position) in self.order.iter_mut().zip(0..) {
            *index = position;
        }
        Stream::new(self.seed, Purpose::Shuffle, epoch as u64).shuffle(&mut self.order);
    }

    /// Inputs and labels of one batch of the epoch.
    pub(crate) fn gather(&mut self, samples: &Samples, batch: usize) -> (&[f32], &[u8]) {
        let features = samples.features();
        let start = batch * self.size;
        let chosen = &self.order[start..(start + self.size).min(self.order.len())];
        Arch::new().dispatch(|| {
            for (row, index) in self.inputs.chunks_exact_mut(features).zip(chosen) {
                scale(samples.sample(*index as usize), row);
            }
        });
        for (label, index) in self.labels.iter_mut().zip(chosen) {
            *label = samples.labels()[*index as usize];
        }
        (&self.inputs[..chosen.len() * features], &self.labels[..chosen.len()])
    }
}

/// Pixels `0..=255` as numbers in `[0, 1]`.
#[inline]
pub(crate) fn scale(pixels: &[u8], values: &mut [f32]) {
    for (value, pixel) in values.iter_mut().zip(pixels) {
        *value = f32::from(*pixel) * (1.0 / 255.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(count: u8) -> Samples {
        let bytes: Vec<u8> = (0..count).flat_map(|index| [index, 255]).collect();
        Samples::new(bytes, (0..count).collect::<Vec<_>>(), [1, 2]).unwrap()
    }

    #[test]
    fn an_epoch_holds_every_sample_once_and_the_last_batch_what_is_left() {
        let samples = samples(10);
        let mut batches = Batches::new(&samples, 4, 3);
        batches.shuffle(0);
        let mut seen = Vec::new();
        for batch in 0..batches.count() {
            let (inputs, labels) = batches.gather(&samples, batch);
            for (row, label) in inputs.chunks(2).zip(labels) {
                assert_eq!(row, [f32::from(*label) * (1.0 / 255.0), 1.0], "the label belongs to its sample");
            }
            seen.push(labels.to_vec());
        }
        assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        let mut all = seen.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_follows_from_seed_and_epoch_and_not_from_history() {
        let samples = samples(50);
        let order = |seed, epochs: &[usize]| {
            let mut batches = Batches::new(&samples, 50, seed);
            for epoch in epochs {
                batches.shuffle(*epoch);
            }
            batches.order
        };
        assert_eq!(order(1, &[0, 1, 2]), order(1, &[2]));
        assert_ne!(order(1, &[2]), order(1, &[1]));
        assert_ne!(order(1, &[2]), order(2, &[2]));
    }

    #[test]
    fn a_batch_larger_than_the_data_is_the_data() {
        let samples = samples(3);
        let mut batches = Batches::new(&samples, 600, 0);
        assert_eq!((batches.count(), batches.gather(&samples, 0).1.len()), (1, 3));
    }
}
