//! What is predicted: one class of several, labels that are yes or no, or numbers.

use serde::{Deserialize, Serialize};

/// What a network is trained to predict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    /// One class of several.
    #[default]
    Classification,
    /// Any number of labels, each of which a sample has or not.
    MultiLabel {
        /// The two words of each label's column, that for "no" first.
        words: Vec<[String; 2]>,
    },
    /// Numbers.
    Regression {
        /// One for each output.
        numbers: Vec<NumberTarget>,
    },
}

/// A number to predict. A network is trained on `(number - mean) / deviation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberTarget {
    /// Its column.
    pub name: String,
    /// Mean over the training rows.
    pub mean: f64,
    /// Standard deviation over the training rows (the sum of squares divided by their number), or 1
    /// where it is 0; above 0.
    pub deviation: f64,
}

impl NumberTarget {
    /// The target of a column with these numbers in the training rows.
    pub fn of(name: String, numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let count = numbers.clone().count().max(1) as f64;
        let mean = numbers.clone().sum::<f64>() / count;
        let squares: f64 = numbers.map(|number| (number - mean).powi(2)).sum();
        let deviation = (squares / count).sqrt();
        Self {
            name,
            mean,
            deviation: if deviation > 0.0 { deviation } else { 1.0 },
        }
    }

    /// What the network is trained on.
    pub fn standardized(&self, number: f64) -> f32 {
        ((number - self.mean) / self.deviation) as f32
    }

    /// The number that an output stands for, in the units of its column.
    pub fn number(&self, output: f32) -> f64 {
        f64::from(output) * self.deviation + self.mean
    }
}

impl Target {
    /// Whether it is one class of several.
    pub fn is_classification(&self) -> bool {
        *self == Self::Classification
    }

    /// The numbers to predict; none unless the task is regression.
    pub fn numbers(&self) -> &[NumberTarget] {
        match self {
            Self::Regression { numbers } => numbers,
            _ => &[],
        }
    }

    /// Outputs of a network for it, given the number of classes or labels.
    pub fn outputs(&self, classes: usize) -> usize {
        match self {
            Self::Regression { numbers } => numbers.len(),
            _ => classes,
        }
    }

    /// What is wrong with one that was read from a file, beside so many class names.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn check(&self, classes: usize) -> Result<(), String> {
        let is_good = |number: &NumberTarget| {
            number.mean.is_finite() && number.deviation.is_finite() && number.deviation > 0.0
        };
        match self {
            Self::Regression { numbers } if numbers.is_empty() || classes > 0 => {
                Err("it predicts numbers, expected at least one and no classes".to_owned())
            }
            Self::Regression { numbers } if !numbers.iter().all(is_good) => Err(
                "its numbers to predict have means or deviations that are not finite or not above 0"
                    .to_owned(),
            ),
            Self::MultiLabel { words } if words.len() != classes => Err(format!(
                "it has words for {} labels, expected {classes}",
                words.len()
            )),
            _ => Ok(()),
        }
    }
}

/// What is known of rows beside their features.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sides {
    /// One class a row; all 0 where there are none.
    pub(crate) labels: Vec<u8>,
    /// Standardized numbers, or 1 and 0 of labels, `[rows, outputs]`; empty for classes.
    pub(crate) numbers: Vec<f32>,
    /// One weight a row; empty if there are none.
    pub(crate) weights: Vec<f32>,
}

impl Sides {
    /// Those of some of the rows.
    pub(crate) fn part(&self, rows: std::ops::Range<usize>) -> Self {
        let outputs = self.numbers.len() / self.labels.len().max(1);
        let weights = if self.weights.is_empty() {
            Vec::new()
        } else {
            self.weights[rows.clone()].to_vec()
        };
        Self {
            labels: self.labels[rows.clone()].to_vec(),
            numbers: self.numbers[rows.start * outputs..rows.end * outputs].to_vec(),
            weights,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_in_its_own_units() {
        let target = NumberTarget::of("price".to_owned(), [1e6, 1e6 + 2.0, 1e6 + 4.0].into_iter());
        assert_eq!(target.mean, 1_000_002.0);
        assert!((target.deviation - (8.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let back = target.number(target.standardized(1e6 + 4.0));
        assert!((back - 1_000_004.0).abs() < 1e-6, "{back}");
        let same = NumberTarget::of("same".to_owned(), [3.0; 4].into_iter());
        assert_eq!((same.deviation, same.standardized(3.0)), (1.0, 0.0));
    }

    #[test]
    fn impossible_targets_of_a_file_are_refused() {
        let number = |deviation| NumberTarget {
            name: "y".to_owned(),
            mean: 0.0,
            deviation,
        };
        let regression = |numbers| Target::Regression { numbers };
        assert_eq!(regression(vec![number(1.0)]).check(0), Ok(()));
        for (target, classes) in [
            (regression(Vec::new()), 0),
            (regression(vec![number(1.0)]), 2),
            (regression(vec![number(0.0)]), 0),
            (regression(vec![number(f64::NAN)]), 0),
            (Target::MultiLabel { words: Vec::new() }, 1),
        ] {
            assert!(target.check(classes).is_err(), "{target:?}");
        }
    }
}
