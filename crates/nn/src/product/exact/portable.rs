//! The plain form of the exact sums: what every other kernel must give, bit by bit.

use super::digits::{DIGITS, LANES, PANEL};
use super::left::GROUP;
use super::vnni::ROWS;
use super::{Factors, Sums};

/// `sums[row][digit][column] = sum over steps and terms of byte[row][term] * digit[term][column]`.
pub(super) fn sum(factors: &Factors<'_>, sums: &mut Sums) {
    let Factors {
        bytes,
        strides,
        steps,
        digits,
        ..
    } = *factors;
    pulp::Arch::new().dispatch(move || {
        for (row, sums) in sums.0[..ROWS].iter_mut().enumerate() {
            *sums = [[0; LANES]; DIGITS];
            for step in steps {
                let group = usize::from(*step);
                let four = &bytes[row * strides[0] + group * strides[1]..][..GROUP];
                let panel = &digits[group * PANEL..][..PANEL];
                for (sums, plane) in sums.iter_mut().zip(panel.chunks_exact(LANES)) {
                    for (sum, word) in sums.iter_mut().zip(plane) {
                        let terms = four.iter().zip(word.to_le_bytes());
                        let products = terms
                            .map(|(byte, digit)| i32::from(*byte) * i32::from(digit.cast_signed()));
                        *sum += products.sum::<i32>();
                    }
                }
            }
        }
    });
}
