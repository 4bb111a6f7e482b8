//! Sums in lanes, whose order of additions is the same on every CPU.

use crate::Scalar;

/// Sums that are added side by side; more are not faster, because the compiler then keeps them in
/// memory.
const LANES: usize = 16;

/// The sum of `f` over a row.
#[allow(
    clippy::inline_always,
    reason = "only what is inlined into a dispatch becomes vector code"
)]
#[inline(always)]
pub(crate) fn sum<S: Scalar>(row: &[S], f: impl Fn(S) -> S + Copy) -> S {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [S::ZERO; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f(*value);
        }
    }
    let rest = rest.iter().fold(S::ZERO, |sum, value| sum + f(*value));
    lanes.iter().fold(rest, |sum, lane| sum + *lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_row_is_added_once() {
        for count in [0_u32, 1, 15, 16, 17, 784, 1000] {
            let row: Vec<f64> = (0..count).map(f64::from).collect();
            assert_eq!(
                sum(&row, |value| 2.0 * value),
                f64::from(count * count.saturating_sub(1)),
                "{count}"
            );
        }
    }
}
