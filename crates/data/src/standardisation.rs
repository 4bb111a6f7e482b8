//! How the numbers of a table become features: each less the mean of its column, over the deviation
//! of its column.

use serde::{Deserialize, Serialize};

/// Mean and deviation of each feature over the training set.
///
/// ```text
/// feature = (number - mean) / deviation
/// ```
///
/// The deviation is that of the samples themselves (the sum of squares is divided by their number).
/// A column in which all numbers are equal has deviation 0; its features are 0 for that number, and
/// the difference from it for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    /// One for each feature.
    pub mean: Vec<f64>,
    /// One for each feature, at least 0.
    pub deviation: Vec<f64>,
}

impl Standardisation {
    /// Of `byte / 255` for each of `features` features, over all samples of `bytes`; for 1 feature
    /// over all bytes.
    ///
    /// Sums of bytes are exact, so a feature that is always the same has deviation 0 to the bit.
    ///
    /// # Panics
    ///
    /// If `bytes` is not a whole number of samples, or `features` is 0.
    ///
    /// ```
    /// use spinet_data::Standardisation;
    ///
    /// let constants = Standardisation::of_bytes(&[0, 51, 255, 51], 2);
    /// assert_eq!(constants, Standardisation { mean: vec![0.5, 0.2], deviation: vec![0.5, 0.0] });
    /// ```
    pub fn of_bytes(bytes: &[u8], features: usize) -> Self {
        assert!(
            bytes.len().is_multiple_of(features),
            "the bytes are not a whole number of samples"
        );
        let count = (bytes.len() / features).max(1);
        let (mut sums, mut squares) = (vec![0_u64; features], vec![0_u64; features]);
        for row in bytes.chunks_exact(features) {
            for ((sum, square), byte) in sums.iter_mut().zip(&mut squares).zip(row) {
                *sum += u64::from(*byte);
                *square += u64::from(*byte) * u64::from(*byte);
            }
        }
        let scale = 255.0 * count as f64;
        // The variance times the square of 255 and of the number of samples.
        let spread = |(sum, square): (&u64, &u64)| {
            count as u128 * u128::from(*square) - u128::from(*sum) * u128::from(*sum)
        };
        Self {
            deviation: sums
                .iter()
                .zip(&squares)
                .map(|pair| (spread(pair) as f64).sqrt() / scale)
                .collect(),
            mean: sums.iter().map(|sum| *sum as f64 / scale).collect(),
        }
    }

    /// How many features it is for.
    pub fn features(&self) -> usize {
        self.mean.len()
    }
}
