//! How good a network is on some samples, as sums that can be added.

use crate::loss::{TargetValues, Targets};
use crate::workspace::largest;
use crate::{Loss, Real};

/// How good a network is on some samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// The loss, summed over the samples.
    pub loss: f64,
    /// Samples whose class has the largest output, or whose labels are all above 0 where they are
    /// set, and only there.
    pub right: usize,
    /// Of targets that are numbers: the squared difference of each output, summed over the samples.
    pub squares: Vec<f64>,
}

impl Tally {
    /// Adds those of other samples.
    pub fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.right += other.right;
        self.squares
            .resize(other.squares.len().max(self.squares.len()), 0.0);
        for (sum, square) in self.squares.iter_mut().zip(&other.squares) {
            *sum += square;
        }
    }
}

impl Tally {
    /// That of these outputs, `[samples, width]`, which are spoiled.
    pub(crate) fn of<S: Real>(
        loss: Loss,
        outputs: &mut [S],
        targets: Targets<'_, S>,
        width: usize,
    ) -> Self {
        let (right, squares) = match targets.values() {
            TargetValues::Classes(labels) => {
                let rows = outputs.chunks_exact(width).zip(labels);
                let right = rows.filter(|(row, label)| largest(row) == **label);
                (right.count(), Vec::new())
            }
            TargetValues::Numbers { numbers, .. } => {
                let mut right = 0;
                let mut squares = vec![0.0; width];
                for (row, wanted) in outputs.chunks_exact(width).zip(numbers.chunks_exact(width)) {
                    let pairs = || row.iter().zip(wanted);
                    right += usize::from(pairs().all(|pair| is_right_label(*pair.0, *pair.1)));
                    for (sum, (output, wanted)) in squares.iter_mut().zip(pairs()) {
                        *sum += (output.to_f64() - wanted.to_f64()).powi(2);
                    }
                }
                (right, squares)
            }
        };
        Self {
            loss: loss.sum(outputs, targets, width),
            right,
            squares,
        }
    }
}

/// Whether a pre-activation says of a label, 1 or 0, what it is.
fn is_right_label<S: Real>(output: S, wanted: S) -> bool {
    (output > S::ZERO) == (wanted > S::ZERO)
}
