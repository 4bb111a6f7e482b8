//! Random changes of training images: shifts and horizontal flips.
//!
//! ```text
//! x'_(y, x) = x_(y - dy, x - dx)          dy, dx ~ U{-shift, ..., shift}, 0 outside of the image
//! x'_(y, x) = x_(y, width - 1 - x)        with probability 1/2, before the shift
//! ```
//!
//! What happens to a sample follows from the seed, the epoch and its number, whatever batch it comes
//! in.

use spinet_rules::{Purpose, Stream};

/// The changes of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Augment {
    pub(crate) seed: u64,
    /// Pixels.
    pub(crate) shift: usize,
    pub(crate) flips: bool,
    /// Height, width and channels, which are stored one after the other.
    pub(crate) image: [usize; 3],
}

impl Augment {
    /// A sample as it is in an epoch.
    pub(crate) fn apply(&self, epoch: usize, sample: u32, source: &[u8], target: &mut [u8]) {
        let index = (epoch as u64) << 32 | u64::from(sample);
        let mut stream = Stream::new(self.seed, Purpose::Augment, index);
        let mut shift = || {
            let draw = stream.below(2 * self.shift as u32 + 1) as usize;
            draw.cast_signed() - self.shift.cast_signed()
        };
        let by = [shift(), shift()];
        let is_flipped = self.flips && stream.below(2) == 1;
        self.move_by(by, is_flipped, source, target);
    }

    fn move_by(&self, [dy, dx]: [isize; 2], is_flipped: bool, source: &[u8], target: &mut [u8]) {
        let [height, width, _] = self.image;
        let planes = target.chunks_exact_mut(height * width);
        for (target, source) in planes.zip(source.chunks_exact(height * width)) {
            for (y, row) in target.chunks_exact_mut(width).enumerate() {
                let from = y.checked_add_signed(-dy).filter(|from| *from < height);
                let Some(source) = from.map(|from| &source[from * width..][..width]) else {
                    row.fill(0);
                    continue;
                };
                for (x, pixel) in row.iter_mut().enumerate() {
                    let from = x.checked_add_signed(-dx).filter(|from| *from < width);
                    *pixel = from.map_or(0, |from| {
                        source[if is_flipped { width - 1 - from } else { from }]
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: [u8; 12] = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];

    fn augment(shift: usize, flips: bool) -> Augment {
        Augment {
            seed: 3,
            shift,
            flips,
            image: [2, 3, 2],
        }
    }

    #[test]
    fn every_channel_is_moved_and_flipped_alike() {
        let moved = |by, is_flipped| {
            let mut target = [9; 12];
            augment(1, true).move_by(by, is_flipped, &SOURCE, &mut target);
            target
        };
        assert_eq!(moved([0, 0], false), SOURCE);
        assert_eq!(
            moved([1, -1], false),
            [0, 0, 0, 2, 3, 0, 0, 0, 0, 12, 13, 0]
        );
        assert_eq!(
            moved([0, 0], true),
            [3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14]
        );
        assert_eq!(moved([-2, 0], false), [0; 12]);
    }

    #[test]
    fn draws_differ_by_epoch_and_sample_and_reach_every_shift_and_flip() {
        let augment = augment(1, true);
        let of = |epoch, sample| {
            let mut target = [0; 12];
            augment.apply(epoch, sample, &SOURCE, &mut target);
            target
        };
        assert_eq!(of(4, 7), of(4, 7));
        let mut seen: Vec<_> = (0..40)
            .flat_map(|epoch| (0..40).map(move |sample| (epoch, sample)))
            .map(|(epoch, sample)| of(epoch, sample))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9 * 2, "nine shifts, flipped or not");
    }
}
