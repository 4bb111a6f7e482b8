//! Losses: value and derivative at the last pre-activation.
//!
//! ```text
//! cross-entropy       L = -1/n sum_s log softmax(a_s)[label_s],        dL/da = (softmax(a) - onehot) / n
//! mean squared error  L = 1/(n c) sum_s sum_j (y_sj - onehot_sj)^2,    dL/dy = 2 (y - onehot) / (n c)
//! ```
//!
//! with `n` samples and `c` classes. Softmax belongs to the loss, so that its derivative needs no
//! division.

use pulp::Arch;
use serde::{Deserialize, Serialize};

use crate::Real;

/// Loss function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Softmax and cross-entropy, mean over the samples.
    CrossEntropy,
    /// Squared difference to the one-hot label, mean over samples and classes.
    MeanSquaredError,
}

impl Loss {
    /// Name in config files and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::MeanSquaredError => "mean-squared-error",
        }
    }

    /// Turns outputs `[batch, classes]` into the derivative of the loss, in place, and returns the
    /// loss.
    ///
    /// For cross-entropy `outputs` are pre-activations, and so is the derivative; for mean squared
    /// error both are at the outputs. Labels are below `classes`.
    pub fn derivative<S: Real>(self, outputs: &mut [S], labels: &[u8], classes: usize) -> f64 {
        match self {
            Self::CrossEntropy => cross_entropy(outputs, labels, classes),
            Self::MeanSquaredError => mean_squared_error(outputs, labels, classes),
        }
    }

    /// The loss alone, summed over the samples instead of averaged; spoils `outputs`.
    pub(crate) fn sum<S: Real>(self, outputs: &mut [S], labels: &[u8], classes: usize) -> f64 {
        self.derivative(outputs, labels, classes) * labels.len() as f64
    }

    /// Turns outputs into class probabilities, in place; with mean squared error outputs are left
    /// as they are.
    pub fn probabilities<S: Real>(self, outputs: &mut [S], classes: usize) {
        if self == Self::CrossEntropy {
            softmax(outputs, classes, |_, _| {});
        }
    }
}

/// Softmax of every row, in place; `each` sees the row's number and the logarithm of its sum of
/// exponentials, counted from its largest value, before the division.
fn softmax<S: Real>(values: &mut [S], classes: usize, mut each: impl FnMut(usize, S)) {
    for row in values.chunks_exact_mut(classes) {
        let largest = row[1..]
            .iter()
            .fold(row[0], |largest, value| largest.max(*value));
        for value in row {
            *value = *value - largest;
        }
    }
    Arch::new().dispatch(|| values.iter_mut().for_each(|value| *value = value.exp()));
    for (index, row) in values.chunks_exact_mut(classes).enumerate() {
        let sum = row.iter().fold(S::ZERO, |sum, value| sum + *value);
        each(index, sum);
        for value in row {
            *value = *value / sum;
        }
    }
}

fn cross_entropy<S: Real>(outputs: &mut [S], labels: &[u8], classes: usize) -> f64 {
    let samples = S::from_f64(labels.len() as f64);
    // log softmax(a)[label] = (a[label] - largest) - log sum; the first part is taken before the
    // exponentials.
    let mut loss = 0.0;
    for (row, label) in outputs.chunks_exact(classes).zip(labels) {
        let largest = row[1..]
            .iter()
            .fold(row[0], |largest, value| largest.max(*value));
        loss += (largest - row[usize::from(*label)]).to_f64();
    }
    softmax(outputs, classes, |_, sum| loss += sum.ln().to_f64());
    for (row, label) in outputs.chunks_exact_mut(classes).zip(labels) {
        let own = &mut row[usize::from(*label)];
        *own = *own - S::ONE;
    }
    for value in outputs {
        *value = *value / samples;
    }
    loss / labels.len() as f64
}

fn mean_squared_error<S: Real>(outputs: &mut [S], labels: &[u8], classes: usize) -> f64 {
    let factor = S::from_f64(2.0 / (labels.len() * classes) as f64);
    let mut loss = 0.0;
    for (row, label) in outputs.chunks_exact_mut(classes).zip(labels) {
        row[usize::from(*label)] = row[usize::from(*label)] - S::ONE;
        for value in row {
            let difference = value.to_f64();
            loss += difference * difference;
            *value *= factor;
        }
    }
    loss / (labels.len() * classes) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_of_equal_outputs_is_the_logarithm_of_the_classes() {
        let mut outputs = [0.0_f64; 8];
        let loss = Loss::CrossEntropy.derivative(&mut outputs, &[1, 3], 4);
        assert!((loss - 4.0_f64.ln()).abs() < 1e-15);
        assert_eq!(
            outputs,
            [0.125, -0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375]
        );
    }

    #[test]
    fn cross_entropy_does_not_overflow() {
        let mut outputs = [1000.0_f32, -1000.0];
        let loss = Loss::CrossEntropy.derivative(&mut outputs, &[1], 2);
        assert_eq!(loss, 2000.0);
        assert_eq!(outputs, [1.0, -1.0]);
    }

    #[test]
    fn mean_squared_error_is_the_mean_over_samples_and_classes() {
        let mut outputs = [0.5_f64, 0.5, 1.0, 0.0];
        let loss = Loss::MeanSquaredError.derivative(&mut outputs, &[0, 1], 2);
        assert_eq!(loss, (0.25 + 0.25 + 1.0 + 1.0) / 4.0);
        assert_eq!(outputs, [-0.25, 0.25, 0.5, -0.5]);
    }

    #[test]
    fn a_nan_reaches_the_loss() {
        for loss in [Loss::CrossEntropy, Loss::MeanSquaredError] {
            for position in 0..3 {
                let mut outputs = [0.0_f32; 3];
                outputs[position] = f32::NAN;
                assert!(
                    loss.derivative(&mut outputs, &[1], 3).is_nan(),
                    "{} {position}",
                    loss.name()
                );
            }
        }
    }
}
