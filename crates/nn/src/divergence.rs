//! Where a training step first met NaN or infinity.

use pulp::Arch;
use spinet_rules::Scalar;

/// A step that was stopped before its update because a number in it is not finite; the weights are those before it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("training diverged at step {}: loss is {loss}; first non-finite value in {place}", step + 1)]
pub struct Diverged {
    /// The step, counted from 0 (shown from 1).
    pub step: u64,
    /// The loss of that step.
    pub loss: f64,
    /// The first array, in the order of the computation, with such a number.
    pub place: String,
}

/// Whether every number of `values` has a magnitude of at most `limit`; false for NaN.
pub(crate) fn is_within<S: Scalar>(values: &[S], limit: S) -> bool {
    let beyond = Arch::new().dispatch(|| values.iter().map(|value| u32::from(!is_at_most(value.abs(), limit))).fold(0, |a, b| a | b));
    beyond == 0
}

/// `magnitude <= limit`, false for NaN.
#[inline]
fn is_at_most<S: Scalar>(magnitude: S, limit: S) -> bool {
    magnitude <= limit
}

/// Whether an array holds NaN or infinity.
pub(crate) fn is_spoiled<S: Scalar>(values: &[S]) -> bool {
    !is_within(values, S::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_infinity_and_large_numbers_are_beyond_a_limit_wherever_they_stand() {
        for length in [1, 15, 16, 17, 100] {
            let mut values = vec![1.0_f32; length];
            assert!(is_within(&values, 1.0));
            for position in [0, length / 2, length - 1] {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.5, -1.5] {
                    values[position] = bad;
                    assert!(!is_within(&values, 1.0), "{bad} at {position} of {length}");
                    assert_eq!(is_spoiled(&values), !bad.is_finite());
                    values[position] = 1.0;
                }
            }
        }
    }
}
