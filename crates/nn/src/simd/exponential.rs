//! `e^x` in `f32`, without branches or calls, so that loops over it become vector code and are
//! bit-identical everywhere.
//!
//! ```text
//! x = n ln 2 + r,  |r| <= ln 2 / 2,  e^x = 2^n e^r,  e^r = 1 + r + r^2 p(r)
//! ```
//!
//! `p` is the degree-4 polynomial nearest to `(e^r - 1 - r) / r^2` on that interval in the sense of
//! the largest error.

/// `ln 2` in two parts: `n * HIGH` is exact for `|n| < 2^9`.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Adding and subtracting it rounds to the nearest integer.
const ROUND: f32 = 12_582_912.0;

/// Above it the result is infinite: 2^127 is the largest power that `2^n` can be.
const LARGEST: f32 = 88.376;
/// Below it the result is 0: no denormal numbers.
const SMALLEST: f32 = -87.336;

/// `e^x`; infinite above 88.376, 0 below -87.336, NaN for NaN.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_6e-1;
    let p = p * r + 0.5;
    let power = p * (r * r) + r + 1.0;
    // n + 127 is the biased exponent of 2^n; lanes where it does not fit are replaced below.
    let scale = f32::from_bits(((n + (127.0 + 8_388_608.0)).to_bits() & 0xFF) << 23);
    let result = power * scale;
    let result = if x > LARGEST { f32::INFINITY } else { result };
    let result = if x < SMALLEST { 0.0 } else { result };
    if x.is_nan() { x } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relative_error_is_below_two_ten_millionths_over_the_whole_range() {
        let mut worst = (0.0_f64, 0.0_f32);
        for i in 0..2_000_000 {
            let x = -87.3 + i as f32 * (88.37 + 87.3) / 2e6;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            if error > worst.0 {
                worst = (error, x);
            }
        }
        assert!(worst.0 < 2e-7, "{worst:?}");
    }

    #[test]
    fn the_ends_are_what_ieee_says() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-200.0), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(89.0), f32::INFINITY);
        assert!(exp(88.37).is_finite());
        assert!(exp(f32::NAN).is_nan());
    }
}
