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
    /// Of the rows with these indices, in that order; `row` gives the `features` numbers of one.
    ///
    /// Sums are added in the order of the rows, so the bits are the same on every machine. Without
    /// rows everything is 0.
    pub(crate) fn of<'a>(
        features: usize,
        rows: &[usize],
        row: impl Fn(usize) -> &'a [f64],
    ) -> Self {
        let count = rows.len().max(1) as f64;
        let mean_of = |term: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; features];
            for index in rows {
                for (feature, (sum, number)) in sums.iter_mut().zip(row(*index)).enumerate() {
                    *sum += term(feature, *number);
                }
            }
            sums.into_iter()
                .map(|sum| sum / count)
                .collect::<Vec<f64>>()
        };
        let mut mean = mean_of(&|_, number| number);
        // The rounded mean of equal numbers may differ from them in the last digit; the deviation
        // has to be 0 then, to the bit.
        if let Some(first) = rows.first().map(|index| row(*index)) {
            for (feature, mean) in mean.iter_mut().enumerate() {
                if rows
                    .iter()
                    .all(|index| row(*index)[feature] == first[feature])
                {
                    *mean = first[feature];
                }
            }
        }
        let variance =
            mean_of(&|feature, number| (number - mean[feature]) * (number - mean[feature]));
        Self {
            deviation: variance.into_iter().map(f64::sqrt).collect(),
            mean,
        }
    }

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

    /// The features of one row of numbers.
    ///
    /// A number far outside what the training samples had may give a feature beyond the range of
    /// `f32`: infinity.
    pub fn apply<'a>(&'a self, numbers: &'a [f64]) -> impl Iterator<Item = f32> + 'a {
        let constants = self.mean.iter().zip(&self.deviation);
        numbers
            .iter()
            .zip(constants)
            .map(|(number, (mean, deviation))| {
                let scale = if *deviation > 0.0 { *deviation } else { 1.0 };
                ((number - mean) / scale) as f32
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_always_the_same_becomes_0_whatever_its_number() {
        for number in [0.1, 1e-30, 123_456.789, 1.0 / 3.0] {
            let standardisation = Standardisation::of(1, &(0..1000).collect::<Vec<_>>(), |_| {
                std::slice::from_ref(&number)
            });
            assert_eq!(
                standardisation,
                Standardisation {
                    mean: vec![number],
                    deviation: vec![0.0]
                }
            );
        }
    }

    #[test]
    fn features_have_mean_0_and_deviation_1_over_the_rows_they_were_made_from() {
        // Rows 0 and 2: means 2 and 5, deviations 1 and 0.
        let rows = [[1.0, 5.0], [100.0, 7.0], [3.0, 5.0]];
        let standardisation = Standardisation::of(2, &[0, 2], |index| &rows[index]);
        assert_eq!(
            standardisation,
            Standardisation {
                mean: vec![2.0, 5.0],
                deviation: vec![1.0, 0.0]
            }
        );
        let features = |index: usize| standardisation.apply(&rows[index]).collect::<Vec<f32>>();
        assert_eq!(
            (features(0), features(1), features(2)),
            (vec![-1.0, 0.0], vec![98.0, 2.0], vec![1.0, 0.0])
        );
    }
}
