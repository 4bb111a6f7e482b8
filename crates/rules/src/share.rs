//! A fraction of a count, in decimal arithmetic.
//!
//! 0.07 of 100 is 7, but in binary `0.07 * 100.0` is 7.000000000000001, and `0.29 * 100.0` is
//! 28.999999999999996. A product within rounding error of an integer (or of a half) is taken as
//! that number.

/// Larger than the relative error of the product, and smaller than any difference that a user would
/// write.
const NEAR: f64 = 1e-12;

/// The fraction of `count`, rounded up.
pub(crate) fn rounded_up(share: f64, count: usize) -> usize {
    (share * count as f64 * (1.0 - NEAR)).ceil() as usize
}

/// The fraction of `count`, rounded down.
pub(crate) fn rounded_down(share: f64, count: usize) -> usize {
    (share * count as f64 * (1.0 + NEAR)).floor() as usize
}

/// The fraction of `count`, rounded to the nearest integer, halves up.
pub(crate) fn rounded(share: f64, count: u64) -> u64 {
    (share * count as f64 * (1.0 + NEAR)).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_decimal_arithmetic() {
        for thousandths in 0..=1000_usize {
            let share = format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
                .parse()
                .unwrap();
            for count in (0..=1000).chain([9999, 78_400, 1_000_000_000]) {
                let exact = thousandths * count;
                let what = format!("{share} of {count}");
                assert_eq!(rounded_up(share, count), exact.div_ceil(1000), "{what}, up");
                assert_eq!(rounded_down(share, count), exact / 1000, "{what}, down");
                assert_eq!(
                    rounded(share, count as u64),
                    ((exact + 500) / 1000) as u64,
                    "{what}, nearest"
                );
            }
        }
    }
}
