//! What every AVX-512 kernel needs: whether the CPU has it, masks for remainders, and squares
//! turned over.
#![allow(
    clippy::wildcard_imports,
    reason = "the instructions of one processor family"
)]

use std::arch::x86_64::*;

/// Numbers of a vector.
pub(crate) const LANES: usize = 16;

/// Whether the CPU has the instructions that the kernels use.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("popcnt")
}

/// Lanes below `count` of 16.
pub(crate) fn below(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// A square of 16 x 16 words turned over its diagonal.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn transpose_words(square: &[__m512i; LANES]) -> [__m512i; LANES] {
    let zero = _mm512_setzero_si512();
    let (mut pairs, mut fours, mut result) = ([zero; LANES], [zero; LANES], [zero; LANES]);
    for i in 0..LANES / 2 {
        pairs[2 * i] = _mm512_unpacklo_epi32(square[2 * i], square[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi32(square[2 * i], square[2 * i + 1]);
    }
    for i in 0..LANES / 4 {
        fours[4 * i] = _mm512_unpacklo_epi64(pairs[4 * i], pairs[4 * i + 2]);
        fours[4 * i + 1] = _mm512_unpackhi_epi64(pairs[4 * i], pairs[4 * i + 2]);
        fours[4 * i + 2] = _mm512_unpacklo_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
        fours[4 * i + 3] = _mm512_unpackhi_epi64(pairs[4 * i + 1], pairs[4 * i + 3]);
    }
    // `fours[4 i + j]` has, in quarter q, word 4 q + j of the rows 4 i to 4 i + 3.
    for j in 0..4 {
        let quarters = transpose_quarters([fours[j], fours[4 + j], fours[8 + j], fours[12 + j]]);
        for (quarter, words) in quarters.into_iter().enumerate() {
            result[4 * quarter + j] = words;
        }
    }
    result
}

/// Quarter `i` of the `q`-th is quarter `q` of the `i`-th given.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn transpose_quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let even = [
        _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b),
        _mm512_shuffle_i32x4::<0b10_00_10_00>(c, d),
    ];
    let odd = [
        _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(c, d),
    ];
    [
        _mm512_shuffle_i32x4::<0b10_00_10_00>(even[0], even[1]),
        _mm512_shuffle_i32x4::<0b10_00_10_00>(odd[0], odd[1]),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(even[0], even[1]),
        _mm512_shuffle_i32x4::<0b11_01_11_01>(odd[0], odd[1]),
    ]
}
