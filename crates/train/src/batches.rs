//! Shuffling, and the batches of an epoch.

use spinet_data::{Samples, Values};
use spinet_nn::{Batch, Inputs, Pixels, Targets};
use spinet_rules::{Purpose, Stream};

use crate::TrainConfig;
use crate::augment::Augment;

/// Batches of one epoch after the other; which samples they hold follows from seed and epoch alone.
pub(crate) struct Batches {
    seed: u64,
    size: usize,
    order: Vec<u32>,
    labels: Vec<u8>,
    /// Targets of one batch that are numbers, and the weights of its samples.
    targets: Vec<f32>,
    weights: Vec<f32>,
    /// One for each sample; none if all are 1.
    all_weights: Option<Vec<f32>>,
    /// The numbers of one batch; nothing where samples are bytes, which stay where they are.
    numbers: Vec<f32>,
    /// Random changes of images, and the pixels of one batch after them.
    augment: Option<Augment>,
    pixels: Vec<u8>,
    epoch: usize,
}

impl Batches {
    pub(crate) fn new(samples: &Samples, size: usize, seed: u64) -> Self {
        let size = size.min(samples.len());
        let order = (0..samples.len() as u32).collect();
        let numbers = samples
            .values()
            .numbers()
            .map_or(0, |_| size * samples.features());
        Self {
            seed,
            size,
            order,
            labels: vec![0; size],
            targets: vec![0.0; samples.targets().map_or(0, |(_, outputs)| size * outputs)],
            weights: Vec::new(),
            all_weights: None,
            numbers: vec![0.0; numbers],
            augment: None,
            pixels: Vec::new(),
            epoch: 0,
        }
    }

    /// The same with the random changes of images that the configuration asks for.
    pub(crate) fn augmented(mut self, config: &TrainConfig, image: [usize; 3]) -> Self {
        if config.augments() {
            self.pixels = vec![0; self.size * image.iter().product::<usize>()];
            self.augment = Some(Augment {
                seed: config.seed,
                shift: config.shift,
                flips: config.flip,
                image,
            });
        }
        self
    }

    /// The same with a weight for each sample.
    pub(crate) fn weighted(mut self, weights: Option<Vec<f32>>) -> Self {
        self.weights = vec![0.0; weights.as_ref().map_or(0, |_| self.size)];
        self.all_weights = weights;
        self
    }

    /// Steps of one epoch.
    pub(crate) fn count(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Draws the order of an epoch.
    pub(crate) fn shuffle(&mut self, epoch: usize) {
        self.epoch = epoch;
        for (index, position) in self.order.iter_mut().zip(0..) {
            *index = position;
        }
        Stream::new(self.seed, Purpose::Shuffle, epoch as u64).shuffle(&mut self.order);
    }

    /// One batch of the epoch; bytes stay where they are, numbers are gathered.
    pub(crate) fn batch<'a>(&'a mut self, samples: &'a Samples, batch: usize) -> Batch<'a, f32> {
        let start = batch * self.size;
        let end = (start + self.size).min(self.order.len());
        let chosen = &mut self.order[start..end];
        group_by_label(chosen, samples.labels());
        let chosen = &*chosen;
        for (label, index) in self.labels.iter_mut().zip(chosen) {
            *label = samples.labels()[*index as usize];
        }
        let targets = match samples.targets() {
            Some((numbers, outputs)) => {
                let gathered = &mut self.targets[..chosen.len() * outputs];
                for (row, index) in gathered.chunks_exact_mut(outputs).zip(chosen) {
                    row.copy_from_slice(&numbers[*index as usize * outputs..][..outputs]);
                }
                Targets::numbers(gathered, outputs)
            }
            None => Targets::classes(&self.labels[..chosen.len()]),
        };
        let weights = self.all_weights.as_ref().map(|all| {
            let gathered = &mut self.weights[..chosen.len()];
            for (weight, index) in gathered.iter_mut().zip(chosen) {
                *weight = all[*index as usize];
            }
            &*gathered
        });
        let features = samples.features();
        let inputs = match samples.values() {
            Values::Bytes(bytes) => match self.augment {
                None => Inputs::Pixels(Pixels::chosen(bytes, features, chosen)),
                Some(augment) => {
                    let changed = &mut self.pixels[..chosen.len() * features];
                    for (row, index) in changed.chunks_exact_mut(features).zip(chosen) {
                        let source = &bytes[*index as usize * features..][..features];
                        augment.apply(self.epoch, *index, source, row);
                    }
                    Inputs::Pixels(Pixels::all(changed, features))
                }
            },
            Values::Numbers(numbers) => {
                let gathered = &mut self.numbers[..chosen.len() * features];
                for (row, index) in gathered.chunks_exact_mut(features).zip(chosen) {
                    row.copy_from_slice(&numbers[*index as usize * features..][..features]);
                }
                Inputs::Numbers(gathered)
            }
        };
        Batch {
            inputs,
            targets: targets.weighted(weights),
        }
    }
}

/// Orders samples by class. The order within a batch only affects the rounding of sums, and images
/// of one class are dark in the same places, which the exact products skip.
pub fn group_by_label(chosen: &mut [u32], labels: &[u8]) {
    chosen.sort_unstable_by_key(|index| (labels[*index as usize], *index));
}

#[cfg(test)]
mod tests {
    use spinet_nn::TargetValues;

    use super::*;

    fn classes<'a>(targets: &Targets<'a, f32>) -> &'a [u8] {
        match targets.values() {
            TargetValues::Classes(labels) => labels,
            TargetValues::Numbers { .. } => panic!("classes"),
        }
    }

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
            let Batch {
                inputs: Inputs::Pixels(pixels),
                targets,
            } = batches.batch(&samples, batch)
            else {
                panic!("pixels stay bytes")
            };
            let labels = classes(&targets);
            assert!(labels.is_sorted(), "samples of one class stand together");
            for (row, label) in pixels.rows().zip(labels) {
                assert_eq!(row, [*label, 255], "the label belongs to its sample");
            }
            seen.push(labels.to_vec());
        }
        assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        let mut all = seen.concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn batches_of_numbers_hold_the_same_samples_as_batches_of_bytes() {
        let bytes = samples(10);
        let numbers: Vec<f32> = bytes
            .bytes()
            .unwrap()
            .iter()
            .map(|byte| f32::from(*byte))
            .collect();
        let numbers = Samples::of_numbers(numbers, bytes.labels().to_vec(), [1, 2]).unwrap();
        let (mut of_bytes, mut of_numbers) =
            (Batches::new(&bytes, 4, 3), Batches::new(&numbers, 4, 3));
        of_bytes.shuffle(1);
        of_numbers.shuffle(1);
        for batch in 0..3 {
            let Batch {
                inputs: Inputs::Pixels(pixels),
                targets: labels,
            } = of_bytes.batch(&bytes, batch)
            else {
                panic!("pixels stay bytes")
            };
            let Batch {
                inputs: Inputs::Numbers(rows),
                targets: same,
            } = of_numbers.batch(&numbers, batch)
            else {
                panic!("numbers")
            };
            assert_eq!(
                rows,
                pixels
                    .rows()
                    .flatten()
                    .map(|byte| f32::from(*byte))
                    .collect::<Vec<_>>()
            );
            assert_eq!(classes(&labels), classes(&same));
        }
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
        assert_eq!(
            (batches.count(), batches.batch(&samples, 0).targets.len()),
            (1, 3)
        );
    }
}
