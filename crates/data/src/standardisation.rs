//! How the numbers of a table become features: each less the mean of its column, over the deviation of its column.

use serde::{Deserialize, Serialize};

/// Mean and deviation of each feature over the training samples.
///
/// ```text
/// feature = (number - mean) / deviation
/// ```
///
/// The deviation is that of the samples themselves (the sum of squares is divided by their number). A column in which all
/// numbers are equal has deviation 0; its features are 0 for that number, and the difference from it for others.
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
    /// Sums are added in the order of the rows, so the bits are the same on every machine. Without rows everything is 0.
    pub(crate) fn of<'a>(features: usize, rows: &[usize], row: impl Fn(usize) -> &'a [f64]) -> Self {
        let count = rows.len().max(1) as f64;
        let mean_of = |term: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; features];
            for index in rows {
                for (feature, (sum, number)) in sums.iter_mut().zip(row(*index)).enumerate() {
                    *sum += term(feature, *number);
                }
            }
            sums.into_iter().map(|sum| sum / count).collect::<Vec<f64>>()
        };
        let mut mean = mean_of(&|_, number| number);
        // The rounded mean of equal numbers may differ from them in the last digit; the deviation has to be 0 then, to the bit.
        if let Some(first) = rows.first().map(|index| row(*index)) {
            for (feature, mean) in mean.iter_mut().enumerate() {
                if rows.iter().all(|index| row(*index)[feature] == first[feature]) {
                    *mean = first[feature];
                }
            }
        }
        let variance = mean_of(&|feature, number| (number - mean[feature]) * (number - mean[feature]));
        Self { deviation: variance.into_iter().map(f64::sqrt).collect(), mean }
    }

    /// How many features it is for.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// The features of one row of numbers.
    ///
    /// A number far outside what the training samples had may give a feature beyond the range of `f32`: infinity.
    pub fn apply<'a>(&'a self, numbers: &'a [f64]) -> impl Iterator<Item = f32> + 'a {
        let constants = self.mean.iter().zip(&self.deviation);
        numbers.iter().zip(constants).map(|(number, (mean, deviation))| {
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
            let standardisation = Standardisation::of(1, &(0..1000).collect::<Vec<_>>(), |_| std::slice::from_ref(&number));
            assert_eq!(standardisation, Standardisation { mean: vec![number], deviation: vec![0.0] });
        }
    }

    #[test]
    fn features_have_mean_0_and_deviation_1_over_the_rows_they_were_made_from() {
        // Rows 0 and 2: means 2 and 5, deviations 1 and 0.
        let rows = [[1.0, 5.0], [100.0, 7.0], [3.0, 5.0]];
        let standardisation = Standardisation::of(2, &[0, 2], |index| &rows[index]);
        assert_eq!(standardisation, Standardisation { mean: vec![2.0, 5.0], deviation: vec![1.0, 0.0] });
        let features = |index: usize| standardisation.apply(&rows[index]).collect::<Vec<f32>>();
        assert_eq!((features(0), features(1), features(2)), (vec![-1.0, 0.0], vec![98.0, 2.0], vec![1.0, 0.0]));
    }
}
