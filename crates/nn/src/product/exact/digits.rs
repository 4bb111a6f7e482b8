//! The right factor of an exact product: numbers as three signed digits to the base 256.
//!
//! ```text
//! w = u q + error,   q = 2^16 d2 + 2^8 d1 + d0,   d in -128..=127,   u = max |w| / 8355710,   |error| <= u / 2
//! ```
//!
//! with one unit `u` for each column of the factor (a unit of the layer): 24 bits, as many as `f32`
//! has.

use pulp::Arch;

use crate::Kernel;
use crate::product::exact::left::GROUP;
use crate::simd::aligned::Aligned;

/// Digits of a number.
pub(super) const DIGITS: usize = 3;
/// Columns of a block.
pub(super) const LANES: usize = 16;
/// Words of a block for one group of terms; a word holds one digit of the four terms of a column,
/// the first in its lowest byte.
pub(super) const PANEL: usize = DIGITS * LANES;

/// The largest `q`: one less than the three digits 127 hold, so that rounding cannot pass it.
const LARGEST: f32 = 8_355_710.0;
/// Numbers below it have no `f32` inverse; a column of such numbers counts as zeros.
const SMALLEST: f32 = 1e-30;
/// Groups of terms in a step of the widest kernel: panels are padded to whole steps.
const STEP_GROUPS: usize = 16;

/// Numbers `[terms, columns]` as digits, blocks of 16 columns: `[block][group of 4
/// terms][digit][column]` words of four terms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digits {
    #[cfg(target_arch = "x86_64")]
    has_avx512: bool,
    pub(super) columns: usize,
    /// Words from one block to the next.
    stride: usize,
    words: Aligned<u32>,
    /// The unit of each column, over 255; NaN where a number of the column is not finite.
    units: Vec<f32>,
    /// Inverse of the unit of each column.
    inverses: Vec<f32>,
    /// Bits of the maximum magnitude of each column.
    largest: Vec<u32>,
}

impl Digits {
    /// A buffer for `columns` columns of at most `terms` numbers.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(unused_variables, reason = "there is one form only")
    )]
    pub(super) fn new(kernel: Kernel, terms: usize, columns: usize) -> Self {
        let blocks = columns.div_ceil(LANES);
        let terms = terms.next_multiple_of(GROUP * STEP_GROUPS);
        let stride = terms / GROUP * PANEL;
        let lanes = blocks * LANES;
        Self {
            #[cfg(target_arch = "x86_64")]
            has_avx512: kernel != Kernel::Portable,
            columns,
            stride,
            words: Aligned::zeros(blocks * stride),
            units: vec![0.0; lanes],
            inverses: vec![0.0; lanes],
            largest: vec![0; lanes],
        }
    }

    /// The largest magnitude of all numbers, NaN if there is one.
    pub(super) fn largest(&self) -> f32 {
        f32::from_bits(self.largest.iter().copied().max().unwrap_or_default())
    }

    /// How many blocks hold the columns.
    pub(super) fn blocks(&self) -> usize {
        self.columns.div_ceil(LANES)
    }

    /// The digits of a block.
    pub(super) fn block(&self, block: usize) -> &[u32] {
        &self.words.get()[block * self.stride..][..self.stride]
    }

    /// The unit of each column of a block, over 255.
    pub(super) fn units(&self, block: usize) -> &[f32; LANES] {
        self.units[block * LANES..]
            .first_chunk()
            .unwrap_or(&[0.0; LANES])
    }

    /// Takes numbers whose columns lie one after the other: `[columns, terms]`, such as a layer's
    /// weights.
    pub(super) fn split_rows(&mut self, numbers: &[f32], terms: usize) {
        for (largest, column) in self.largest.iter_mut().zip(numbers.chunks_exact(terms)) {
            *largest =
                Arch::new().dispatch(|| column.iter().map(|w| w.abs().to_bits()).fold(0, u32::max));
        }
        self.set_units();
        #[cfg(target_arch = "x86_64")]
        if self.has_avx512 {
            return super::avx512::split_rows(numbers, terms, &self.inverses, self.words.get_mut());
        }
        self.split(terms, |term, column| numbers[column * terms + term]);
    }

    /// Takes numbers whose rows lie one after the other: `[terms, columns]`, such as a layer's
    /// error signals.
    pub(super) fn split_columns(&mut self, numbers: &[f32], terms: usize) {
        let columns = self.columns;
        self.largest.fill(0);
        let largest = &mut self.largest[..columns];
        Arch::new().dispatch(move || {
            for row in numbers.chunks_exact(columns).take(terms) {
                largest
                    .iter_mut()
                    .zip(row)
                    .for_each(|(largest, e)| *largest = (*largest).max(e.abs().to_bits()));
            }
        });
        self.set_units();
        #[cfg(target_arch = "x86_64")]
        if self.has_avx512 {
            return super::avx512::split_columns(
                &numbers[..terms * columns],
                columns,
                &self.inverses,
                self.words.get_mut(),
            );
        }
        self.split(terms, |term, column| numbers[term * columns + column]);
    }

    /// The plain form: one word after the other.
    fn split(&mut self, terms: usize, number: impl Fn(usize, usize) -> f32) {
        let (columns, inverses, stride) = (self.columns, &self.inverses, self.stride);
        let words = self.words.get_mut();
        for (column, inverse) in inverses.iter().enumerate().take(columns) {
            for group in 0..terms.div_ceil(GROUP) {
                let term = |index: usize| {
                    if index < terms {
                        digits(number(index, column), *inverse).to_le_bytes()
                    } else {
                        [0; 4]
                    }
                };
                let four: [[u8; 4]; GROUP] =
                    std::array::from_fn(|index| term(group * GROUP + index));
                for digit in 0..DIGITS {
                    words[column / LANES * stride
                        + group * PANEL
                        + digit * LANES
                        + column % LANES] = u32::from_le_bytes(four.map(|bytes| bytes[digit]));
                }
            }
        }
    }

    fn set_units(&mut self) {
        for ((unit, inverse), largest) in self
            .units
            .iter_mut()
            .zip(&mut self.inverses)
            .zip(&self.largest)
        {
            let largest = f32::from_bits(*largest);
            (*inverse, *unit) = if largest < SMALLEST {
                (0.0, 0.0)
            } else if largest.is_finite() {
                let inverse = LARGEST / largest;
                (inverse, (1.0 / (255.0 * f64::from(inverse))) as f32)
            } else {
                (0.0, f32::NAN)
            };
        }
    }
}

/// The three digits of `q = w / u`, the lowest in the lowest byte.
///
/// Adding 128 to every digit makes them digits of a number that is not negative, whose digits are
/// its bytes.
fn digits(number: f32, inverse: f32) -> u32 {
    const OFFSET: u32 = 0x0080_8080;
    let q = (number * inverse).round_ties_even() as i32;
    q.cast_unsigned().wrapping_add(OFFSET) ^ OFFSET
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number that a column's digits stand for.
    fn value(digits: &Digits, term: usize, column: usize) -> f64 {
        let panel = &digits.block(column / LANES)[term / GROUP * PANEL..];
        let word = |digit: usize| panel[digit * LANES + column % LANES].to_le_bytes();
        let digit = |digit: usize| f64::from(word(digit)[term % GROUP].cast_signed());
        let unit = f64::from(digits.units(column / LANES)[column % LANES]) * 255.0;
        (digit(2) * 65536.0 + digit(1) * 256.0 + digit(0)) * unit
    }

    #[test]
    fn digits_stand_for_the_number_to_half_a_unit_in_both_layouts() {
        let (terms, columns) = (70, 19);
        let mut stream = spinet_rules::Stream::new(3, spinet_rules::Purpose::Noise, 0);
        let numbers: Vec<f32> = (0..terms * columns)
            .map(|_| stream.normal() as f32)
            .collect();
        let turned: Vec<f32> = (0..terms * columns)
            .map(|index| numbers[index % columns * terms + index / columns])
            .collect();
        let (mut rows, mut by_columns) = (
            Digits::new(Kernel::Portable, terms, columns),
            Digits::new(Kernel::Portable, terms, columns),
        );
        rows.split_rows(&numbers, terms);
        by_columns.split_columns(&turned, terms);
        for column in 0..columns {
            let own = &numbers[column * terms..][..terms];
            let largest = own.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
            for (term, w) in own.iter().enumerate() {
                let error = (value(&rows, term, column) - f64::from(*w)).abs();
                // Half a unit, and the rounding of the inverse and the unit to `f32`.
                let most = f64::from(largest) * 0.5 / 8_355_710.0 + f64::from(w.abs()) * 1.2e-7;
                assert!(error <= most, "column {column}, term {term}: {error:e}");
                assert_eq!(
                    value(&rows, term, column),
                    value(&by_columns, term, column),
                    "the layouts hold the same digits"
                );
            }
        }
    }

    #[test]
    fn the_largest_number_of_either_sign_fits() {
        for largest in [1.0_f32, 3.7, 0.1, 1e-29, 3e38, 8_355_710.0, 16_777_215.0] {
            let mut digits = Digits::new(Kernel::Portable, 2, 1);
            digits.split_rows(&[largest, -largest], 2);
            for (term, sign) in [1.0, -1.0].into_iter().enumerate() {
                let found = value(&digits, term, 0) / (sign * f64::from(largest));
                assert!((found - 1.0).abs() < 2e-7, "{largest}: {found}");
            }
        }
    }

    #[test]
    fn a_column_with_a_number_that_is_not_finite_has_no_unit() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut digits = Digits::new(Kernel::Portable, 3, 2);
            digits.split_rows(&[1.0, bad, 2.0, 4.0, 5.0, 6.0], 3);
            assert!(digits.units(0)[0].is_nan() && digits.units(0)[1].is_finite());
            digits.split_columns(&[1.0, 4.0, bad, 5.0, 2.0, 6.0], 3);
            assert!(digits.units(0)[0].is_nan() && digits.units(0)[1].is_finite());
        }
    }
}
