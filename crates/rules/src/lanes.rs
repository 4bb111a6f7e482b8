//! Sums in lanes, whose order of additions is the same on every processor.

use crate::Scalar;

/// Sums that are added side by side.
const LANES: usize = 16;

/// The sum of `f` over a row.
#[inline]
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
