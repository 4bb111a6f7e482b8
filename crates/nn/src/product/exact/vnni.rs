//! The exact sums on AVX-512 VNNI: one instruction adds four products of a byte and a signed byte
//! in each of 16 lanes.
//!
//! A tile is 8 rows by one block of 16 columns: 24 sums of 16 lanes stay in registers, and for each
//! group of four terms three vectors of digits meet 8 broadcast groups of bytes, so that loads
//! never limit the 24 multiplications.
#![allow(
    unsafe_code,
    reason = "a kernel file: instructions of one processor family, and loads without bounds checks"
)]

use super::{Factors, Target};

/// Rows of a tile.
pub(crate) const ROWS: usize = 8;
/// Terms of a step.
pub(crate) const TERMS: usize = 4;

/// Whether the CPU has the instructions.
pub(crate) fn is_available() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        crate::simd::avx512::is_available() && is_x86_feature_detected!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Computes and stores one tile; the sums are those of `portable`.
///
/// # Panics
///
/// If the CPU lacks the instructions, or a step lies outside the factors.
///
/// # Safety
///
/// As [`Target::write`].
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn tile(factors: &Factors<'_>, target: &Target, at: [usize; 2]) {
    let last = factors.last_step();
    assert!(
        factors.end(last, ROWS, TERMS) <= factors.bytes.len(),
        "the steps lie outside the bytes"
    );
    assert!(
        (last + 1) * super::digits::PANEL <= factors.digits.len(),
        "the steps lie outside the digits"
    );
    assert!(is_available(), "the processor has no AVX-512 VNNI");
    // SAFETY: the CPU has the instructions; steps rise, so the last one is the largest, and all of
    // them lie inside `bytes` and `digits`; the target is as the caller promises.
    unsafe { x86::tile(factors, target, at) }
}

/// Never called: [`is_available`] is false.
///
/// # Safety
///
/// None is needed.
#[cfg(not(target_arch = "x86_64"))]
pub(super) unsafe fn tile(_: &Factors<'_>, _: &Target, _: [usize; 2]) {}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512,
    };

    use super::super::digits::{DIGITS, LANES, PANEL};
    use super::super::{Factors, Target, avx512};
    use super::ROWS;

    /// # Safety
    ///
    /// The processor must have the instructions; the `TERMS` bytes of each of `ROWS` rows must lie
    /// inside `bytes`, and the panel inside `digits`, for every step; and as [`Target::write`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) unsafe fn tile(factors: &Factors<'_>, target: &Target, at: [usize; 2]) {
        let (bytes, strides, digits) = (
            factors.bytes.as_ptr(),
            factors.strides,
            factors.digits.as_ptr(),
        );
        let mut sums = [[_mm512_setzero_si512(); DIGITS]; ROWS];
        for step in factors.steps {
            let step = usize::from(*step);
            // SAFETY: as the caller promises.
            let planes: [_; DIGITS] = std::array::from_fn(|digit| unsafe {
                _mm512_loadu_si512(digits.add(step * PANEL + digit * LANES).cast())
            });
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as the caller promises.
                let four = unsafe {
                    bytes
                        .add(row * strides[0] + step * strides[1])
                        .cast::<i32>()
                        .read_unaligned()
                };
                let four = _mm512_set1_epi32(four);
                for (sum, plane) in sums.iter_mut().zip(planes) {
                    *sum = _mm512_dpbusd_epi32(*sum, four, plane);
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { avx512::write(target, at, &sums, factors.units) };
    }
}
