//! Products with a narrow side, such as those of an output layer with ten units, for which general kernels waste most of
//! their lanes and much of their time on packing. On AVX-512, for `f32`; elsewhere the general product serves.
//!
//! ```text
//! inner    C_ij = sum_k A_ik B_jk      B has at most 16 rows: one vector holds a row of the result
//! outer    C_ij = sum_k A_ik B_kj      A has at most 16 rows, or at most 16 terms
//! ```
//!
//! Every number of the result is one sum, term after term, so pieces of rows may follow the threads.
#![allow(unsafe_code, reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks")]
#![allow(clippy::wildcard_imports, reason = "the instructions of one processor family")]
#![allow(clippy::many_single_char_names, reason = "the letters of the equations above: C = A B, with k terms and n columns")]

use std::arch::x86_64::*;

use crate::Threads;

/// Sides up to this length are narrow.
pub(crate) const NARROW: usize = 16;
/// Numbers of a vector.
const LANES: usize = 16;
/// Terms of [`inner`] that are turned at once.
const CHUNK: usize = 128;

/// Whether the processor has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
}

/// `result[m, n] = left[m, k] * right[n, k]^T` for `n` up to 16.
///
/// # Panics
///
/// If a slice is too short, or the processor has not the instructions.
pub(crate) fn inner(threads: &Threads, [k, n]: [usize; 2], left: &[f32], right: &[f32], result: &mut [f32]) {
    assert!(is_available() && n <= NARROW && left.len() * n == result.len() * k && right.len() == n * k);
    threads.pieces(result, n, |first, result| {
        // SAFETY: the processor has the instructions, and `left` has `k` numbers for each row of `result`.
        unsafe { inner_rows(&left[first * k..], right, result, [k, n]) }
    });
}

#[target_feature(enable = "avx512f")]
unsafe fn inner_rows(left: &[f32], right: &[f32], result: &mut [f32], [k, n]: [usize; 2]) {
    let (rows, mask) = (result.len() / n, below(n));
    let mut turned = [_mm512_setzero_ps(); CHUNK];
    for start in (0..k).step_by(CHUNK) {
        let terms = CHUNK.min(k - start);
        let lines = right.chunks_exact(k).map(|line| &line[start..start + terms]);
        let mut columns = [[0.0; LANES]; CHUNK];
        for (lane, line) in lines.enumerate() {
            columns.iter_mut().zip(line).for_each(|(column, number)| column[lane] = *number);
        }
        for (turned, column) in turned.iter_mut().zip(&columns[..terms]) {
            // SAFETY: an array of 16 numbers.
            *turned = unsafe { _mm512_loadu_ps(column.as_ptr()) };
        }
        let mut row = 0;
        while row < rows {
            let height = if rows - row >= 8 { 8 } else { 1 };
            // SAFETY: rows `row..row + height` lie inside `left` and `result`, terms inside a row, and the mask ends each
            // row of the result.
            unsafe {
                let (a, c) = (left.as_ptr().add(row * k + start), result.as_mut_ptr().add(row * n));
                if height == 8 {
                    add_terms::<8>(a, k, &turned[..terms], c, n, mask, start == 0);
                } else {
                    add_terms::<1>(a, k, &turned[..terms], c, n, mask, start == 0);
                }
            }
            row += height;
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
#[expect(clippy::too_many_arguments, reason = "an inner loop: pointers and strides of three matrices")]
unsafe fn add_terms<const R: usize>(
    a: *const f32,
    stride: usize,
    turned: &[__m512],
    c: *mut f32,
    n: usize,
    mask: __mmask16,
    is_first: bool,
) {
    // SAFETY: as in `inner_rows`.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); R];
        if !is_first {
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_maskz_loadu_ps(mask, c.add(row * n));
            }
        }
        for (term, column) in turned.iter().enumerate() {
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_ps(_mm512_set1_ps(*a.add(row * stride + term)), *column, *sum);
            }
        }
        for (row, sum) in sums.iter().enumerate() {
            _mm512_mask_storeu_ps(c.add(row * n), mask, *sum);
        }
    }
}

/// `result[m, n] = left * right[k, n]`, with element `(i, l)` of `left` at `i * strides[0] + l * strides[1]`.
///
/// # Panics
///
/// If a slice is too short, or the processor has not the instructions.
pub(crate) fn outer(threads: &Threads, [k, n]: [usize; 2], (left, strides): (&[f32], [usize; 2]), right: &[f32], result: &mut [f32]) {
    let last = (result.len() / n - 1) * strides[0] + (k - 1) * strides[1];
    assert!(is_available() && last < left.len() && right.len() == k * n && result.len().is_multiple_of(n));
    threads.pieces(result, n, |first, result| {
        // SAFETY: the processor has the instructions, and the last element of `left` lies inside it.
        unsafe { outer_rows(&left[first * strides[0]..], strides, right, result, [k, n]) }
    });
}

#[target_feature(enable = "avx512f")]
unsafe fn outer_rows(left: &[f32], strides: [usize; 2], right: &[f32], result: &mut [f32], [k, n]: [usize; 2]) {
    let rows = result.len() / n;
    for column in (0..n).step_by(4 * LANES) {
        let masks = std::array::from_fn(|vector| below((n - column).saturating_sub(vector * LANES)));
        let mut row = 0;
        while row < rows {
            // SAFETY: rows and terms lie inside `left`, and the masks end each row of `right` and `result`.
            unsafe {
                let (a, b, c) =
                    (left.as_ptr().add(row * strides[0]), right.as_ptr().add(column), result.as_mut_ptr().add(row * n + column));
                if rows - row >= 4 {
                    square::<4>((a, strides), b, c, [k, n], masks);
                    row += 4;
                } else {
                    square::<1>((a, strides), b, c, [k, n], masks);
                    row += 1;
                }
            }
        }
    }
}

/// `R` rows of four vectors.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn square<const R: usize>(
    (a, strides): (*const f32, [usize; 2]),
    b: *const f32,
    c: *mut f32,
    [k, n]: [usize; 2],
    masks: [__mmask16; 4],
) {
    // SAFETY: as in `outer_rows`; addresses behind a mask of zeros are not touched.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); 4]; R];
        for term in 0..k {
            let line: [__m512; 4] =
                std::array::from_fn(|vector| _mm512_maskz_loadu_ps(masks[vector], b.wrapping_add(term * n + vector * LANES)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = _mm512_set1_ps(*a.add(row * strides[0] + term * strides[1]));
                for (sum, line) in sums.iter_mut().zip(line) {
                    *sum = _mm512_fmadd_ps(factor, line, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                _mm512_mask_storeu_ps(c.wrapping_add(row * n + vector * LANES), masks[vector], *sum);
            }
        }
    }
}

/// Lanes below `count` of 16.
fn below(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}
