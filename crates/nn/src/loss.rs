//! Losses: value and derivative at the last pre-activation.
//!
//! ```text
//! cross-entropy          L = -1/n sum_s w_s log softmax(a_s)[label_s],    dL/da = w (softmax(a) - onehot) / n
//! binary cross-entropy   l = -t log f(a) - (1 - t) log(1 - f(a)),         dl/da = f(a) - t
//! mean squared error     l = (y - t)^2,                                   dl/dy = 2 (y - t)
//! mean absolute error    l = |y - t|,                                     dl/dy = sign(y - t)
//! Huber                  l = d^2/2 where |d| < 1, else |d| - 1/2,         dl/dy = d within [-1, 1], d = y - t
//! ```
//!
//! with `n` samples, `c` outputs, and `f` the logistic function. All but the first are means over
//! the outputs, `L = 1/(n c) sum_s w_s sum_j l(y_sj, t_sj)`; of a class, `t` is 1 for its own output
//! and 0 for the others. The weights `w` of samples are 1 unless given. Softmax and `f` belong to
//! the loss, so that its derivative needs no division.

use pulp::Arch;
use serde::{Deserialize, Serialize};

use crate::Real;

/// Loss function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Softmax and cross-entropy, mean over the samples; for classes.
    CrossEntropy,
    /// Logistic function and cross-entropy of each output alone; for labels that are yes or no.
    BinaryCrossEntropy,
    /// Squared difference to the target, or to the one-hot label, mean over samples and outputs.
    MeanSquaredError,
    /// Absolute difference to the target, mean over samples and outputs.
    MeanAbsoluteError,
    /// Half the squared difference where it is below 1, else the absolute difference less a half.
    Huber,
}

/// What a network is to give for the samples of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a, S> {
    values: TargetValues<'a, S>,
    /// `[samples]`, at least 0; all 1 if absent.
    weights: Option<&'a [S]>,
}

/// The targets themselves.
#[derive(Clone, Copy, Debug)]
pub enum TargetValues<'a, S> {
    /// One class a sample, each below the number of outputs.
    Classes(&'a [u8]),
    /// Numbers, `[samples, outputs]`, row by row.
    Numbers {
        /// All of them.
        numbers: &'a [S],
        /// How many there are of each sample.
        outputs: usize,
    },
}

impl<'a, S: Real> Targets<'a, S> {
    /// One class for each sample.
    pub fn classes(labels: &'a [u8]) -> Self {
        Self {
            values: TargetValues::Classes(labels),
            weights: None,
        }
    }

    /// `outputs` numbers for each sample, row by row.
    ///
    /// # Panics
    ///
    /// If they are not a whole number of rows.
    pub fn numbers(numbers: &'a [S], outputs: usize) -> Self {
        assert!(
            outputs > 0 && numbers.len().is_multiple_of(outputs),
            "the targets are no whole number of samples"
        );
        Self {
            values: TargetValues::Numbers { numbers, outputs },
            weights: None,
        }
    }

    /// The same with a weight for each sample, by which its loss is multiplied.
    ///
    /// # Panics
    ///
    /// If there is not one weight a sample.
    #[must_use]
    pub fn weighted(self, weights: Option<&'a [S]>) -> Self {
        assert!(
            weights.is_none_or(|weights| weights.len() == self.len()),
            "there is not one weight a sample"
        );
        Self { weights, ..self }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        match self.values {
            TargetValues::Classes(labels) => labels.len(),
            TargetValues::Numbers { numbers, outputs } => numbers.len() / outputs,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets without weights.
    pub fn values(&self) -> TargetValues<'a, S> {
        self.values
    }

    /// Whether they are for a network with so many outputs.
    pub(crate) fn is_of(&self, width: usize) -> bool {
        match self.values {
            TargetValues::Classes(labels) => labels.iter().all(|label| usize::from(*label) < width),
            TargetValues::Numbers { outputs, .. } => outputs == width,
        }
    }

    fn weight(&self, sample: usize) -> S {
        self.weights.map_or(S::ONE, |weights| weights[sample])
    }

    /// The target of one output of a sample, by its number.
    fn of_output(&self, sample: usize, output: usize) -> S {
        match self.values {
            TargetValues::Classes(labels) if usize::from(labels[sample]) == output => S::ONE,
            TargetValues::Classes(_) => S::ZERO,
            TargetValues::Numbers { numbers, outputs } => numbers[sample * outputs + output],
        }
    }
}

impl Loss {
    /// All variants.
    pub const ALL: [Self; 5] = [
        Self::CrossEntropy,
        Self::BinaryCrossEntropy,
        Self::MeanSquaredError,
        Self::MeanAbsoluteError,
        Self::Huber,
    ];

    /// Name in config files and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::BinaryCrossEntropy => "binary-cross-entropy",
            Self::MeanSquaredError => "mean-squared-error",
            Self::MeanAbsoluteError => "mean-absolute-error",
            Self::Huber => "huber",
        }
    }

    /// Whether it turns outputs into probabilities, so that the output layer has no activation of
    /// its own.
    pub fn has_probabilities(self) -> bool {
        matches!(self, Self::CrossEntropy | Self::BinaryCrossEntropy)
    }

    /// Turns outputs `[batch, width]` into the derivative of the loss, in place, and returns the
    /// loss.
    ///
    /// For the cross-entropies `outputs` are pre-activations, and so is the derivative; for the
    /// others both are at the outputs. Classes are below `width`.
    ///
    /// # Panics
    ///
    /// If the targets are not those of the outputs, or numbers with cross-entropy.
    pub fn derivative<S: Real>(
        self,
        outputs: &mut [S],
        targets: Targets<'_, S>,
        width: usize,
    ) -> f64 {
        match self {
            Self::CrossEntropy => {
                let TargetValues::Classes(labels) = targets.values else {
                    panic!("cross-entropy of numbers, expected classes")
                };
                cross_entropy(outputs, labels, &targets, width)
            }
            Self::BinaryCrossEntropy => {
                each(outputs, &targets, width, 1.0, |output, target| {
                    // log(1 + e^-|a|) keeps the digits that log f(a) would lose.
                    let positive = if output < S::ZERO { S::ZERO } else { output };
                    let small = (S::ZERO - output.max(S::ZERO - output)).exp();
                    let loss = positive - output * target + (S::ONE + small).ln();
                    let probability = logistic(output, small);
                    (loss.to_f64(), probability - target)
                })
            }
            Self::MeanSquaredError => each(outputs, &targets, width, 2.0, |output, target| {
                let difference = output - target;
                (difference.to_f64() * difference.to_f64(), difference)
            }),
            Self::MeanAbsoluteError => each(outputs, &targets, width, 1.0, |output, target| {
                let difference = output - target;
                let slope = if difference > S::ZERO {
                    S::ONE
                } else if difference < S::ZERO {
                    S::ZERO - S::ONE
                } else {
                    // 0, or NaN.
                    difference
                };
                (difference.to_f64().abs(), slope)
            }),
            Self::Huber => each(outputs, &targets, width, 1.0, |output, target| {
                let difference = output - target;
                let size = difference.to_f64().abs();
                if size > 1.0 {
                    let one = if difference > S::ZERO {
                        S::ONE
                    } else {
                        S::ZERO - S::ONE
                    };
                    (size - 0.5, one)
                } else {
                    (0.5 * size * size, difference)
                }
            }),
        }
    }

    /// The loss alone, summed over the samples instead of averaged; spoils `outputs`.
    pub(crate) fn sum<S: Real>(
        self,
        outputs: &mut [S],
        targets: Targets<'_, S>,
        width: usize,
    ) -> f64 {
        self.derivative(outputs, targets, width) * targets.len() as f64
    }

    /// Turns outputs into probabilities, in place; with a loss that has none they are left as they
    /// are.
    pub fn probabilities<S: Real>(self, outputs: &mut [S], width: usize) {
        match self {
            Self::CrossEntropy => softmax(outputs, width, |_, _| {}),
            Self::BinaryCrossEntropy => {
                for output in outputs {
                    let small = (S::ZERO - output.max(S::ZERO - *output)).exp();
                    *output = logistic(*output, small);
                }
            }
            _ => {}
        }
    }
}

/// `1 / (1 + e^-a)`, given `e^-|a|`.
fn logistic<S: Real>(a: S, small: S) -> S {
    if a < S::ZERO {
        small / (S::ONE + small)
    } else {
        S::ONE / (S::ONE + small)
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

fn cross_entropy<S: Real>(
    outputs: &mut [S],
    labels: &[u8],
    targets: &Targets<'_, S>,
    classes: usize,
) -> f64 {
    let samples = S::from_f64(labels.len() as f64);
    // log softmax(a)[label] = (a[label] - largest) - log sum; the first part is taken before the
    // exponentials. A weight of 1 changes no bit.
    let mut loss = 0.0;
    for (sample, (row, label)) in outputs.chunks_exact(classes).zip(labels).enumerate() {
        let largest = row[1..]
            .iter()
            .fold(row[0], |largest, value| largest.max(*value));
        let own = (largest - row[usize::from(*label)]).to_f64();
        loss += targets.weight(sample).to_f64() * own;
    }
    softmax(outputs, classes, |sample, sum| {
        loss += targets.weight(sample).to_f64() * sum.ln().to_f64();
    });
    for (sample, (row, label)) in outputs.chunks_exact_mut(classes).zip(labels).enumerate() {
        let own = &mut row[usize::from(*label)];
        *own = *own - S::ONE;
        let weight = targets.weight(sample);
        for value in row {
            *value = weight * *value / samples;
        }
    }
    loss / labels.len() as f64
}

/// A loss that is a mean over the outputs: `of` gives the loss of an output and its slope, which is
/// multiplied by `factor`.
fn each<S: Real>(
    outputs: &mut [S],
    targets: &Targets<'_, S>,
    width: usize,
    factor: f64,
    of: impl Fn(S, S) -> (f64, S),
) -> f64 {
    let samples = targets.len();
    let factor = S::from_f64(factor / (samples * width) as f64);
    let mut sum = 0.0;
    for (sample, row) in outputs.chunks_exact_mut(width).enumerate() {
        let weight = targets.weight(sample);
        for (output, value) in row.iter_mut().enumerate() {
            let (loss, slope) = of(*value, targets.of_output(sample, output));
            sum += weight.to_f64() * loss;
            *value = weight * (slope * factor);
        }
    }
    sum / (samples * width) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_of_equal_outputs_is_the_logarithm_of_the_classes() {
        let mut outputs = [0.0_f64; 8];
        let loss = Loss::CrossEntropy.derivative(&mut outputs, Targets::classes(&[1, 3]), 4);
        assert!((loss - 4.0_f64.ln()).abs() < 1e-15);
        assert_eq!(
            outputs,
            [0.125, -0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375]
        );
    }

    #[test]
    fn cross_entropy_does_not_overflow() {
        let mut outputs = [1000.0_f32, -1000.0];
        let loss = Loss::CrossEntropy.derivative(&mut outputs, Targets::classes(&[1]), 2);
        assert_eq!(loss, 2000.0);
        assert_eq!(outputs, [1.0, -1.0]);
    }

    #[test]
    fn mean_squared_error_is_the_mean_over_samples_and_classes() {
        let mut outputs = [0.5_f64, 0.5, 1.0, 0.0];
        let loss = Loss::MeanSquaredError.derivative(&mut outputs, Targets::classes(&[0, 1]), 2);
        assert_eq!(loss, (0.25 + 0.25 + 1.0 + 1.0) / 4.0);
        assert_eq!(outputs, [-0.25, 0.25, 0.5, -0.5]);
    }

    #[test]
    fn losses_of_numbers_are_those_of_their_equations() {
        // Differences 0.5, -2, 0, 3.
        let (given, wanted) = ([1.5_f64, -1.0, 2.0, 4.0], [1.0, 1.0, 2.0, 1.0]);
        for (loss, value, derivative) in [
            (
                Loss::MeanSquaredError,
                (0.25 + 4.0 + 9.0) / 4.0,
                [0.25, -1.0, 0.0, 1.5],
            ),
            (Loss::MeanAbsoluteError, 5.5 / 4.0, [0.25, -0.25, 0.0, 0.25]),
            (
                Loss::Huber,
                (0.125 + 1.5 + 2.5) / 4.0,
                [0.125, -0.25, 0.0, 0.25],
            ),
        ] {
            let mut outputs = given;
            let found = loss.derivative(&mut outputs, Targets::numbers(&wanted, 2), 2);
            assert_eq!((found, outputs), (value, derivative), "{}", loss.name());
        }
    }

    #[test]
    fn binary_cross_entropy_does_not_overflow_and_has_the_logistic_function() {
        let mut outputs = [0.0_f64, 1000.0, -1000.0, 2.0];
        let wanted = [1.0, 0.0, 0.0, 1.0];
        let loss =
            Loss::BinaryCrossEntropy.derivative(&mut outputs, Targets::numbers(&wanted, 2), 2);
        let last = 1.0 / (1.0 + (-2.0_f64).exp());
        assert!((loss - (2.0_f64.ln() + 1000.0 - last.ln()) / 4.0).abs() < 1e-12);
        assert_eq!(outputs, [-0.125, 0.25, 0.0, (last - 1.0) / 4.0]);
        let mut outputs = [-2.0_f64, 2.0];
        Loss::BinaryCrossEntropy.probabilities(&mut outputs, 2);
        assert!((outputs[0] + outputs[1] - 1.0).abs() < 1e-15 && outputs[1] == last);
    }

    #[test]
    fn a_weight_multiplies_loss_and_derivative_of_its_sample() {
        for loss in Loss::ALL {
            let targets = || Targets::<f64>::classes(&[0, 1]);
            let outputs = [0.5, -0.25, 1.5, 0.75];
            let (mut plain, mut weighted) = (outputs, outputs);
            loss.derivative(&mut plain, targets(), 2);
            let found = loss.derivative(&mut weighted, targets().weighted(Some(&[2.0, 0.5])), 2);
            let factors = [2.0, 2.0, 0.5, 0.5];
            for ((plain, weighted), factor) in plain.iter().zip(weighted).zip(factors) {
                assert!((plain * factor - weighted).abs() < 1e-15, "{}", loss.name());
            }
            let alone = |sample: usize| {
                let mut row = [outputs[2 * sample], outputs[2 * sample + 1]];
                loss.derivative(&mut row, Targets::classes(&[sample as u8]), 2)
            };
            let expected = f64::midpoint(2.0 * alone(0), 0.5 * alone(1));
            assert!((found - expected).abs() < 1e-15, "{}", loss.name());
        }
    }

    #[test]
    fn a_nan_reaches_the_loss() {
        for loss in Loss::ALL {
            for position in 0..3 {
                let mut outputs = [0.0_f32; 3];
                outputs[position] = f32::NAN;
                assert!(
                    loss.derivative(&mut outputs, Targets::classes(&[1]), 3)
                        .is_nan(),
                    "{} {position}",
                    loss.name()
                );
            }
        }
    }
}
