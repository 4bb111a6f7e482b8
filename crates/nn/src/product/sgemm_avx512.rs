//! Products of `f32` on AVX-512.
//!
//! A piece of the right factor, up to 48 columns of up to 256 terms, is laid out term after term on
//! the stack; then 8 rows of the left factor at a time meet it: 24 sums of 16 lanes stay in
//! registers, and for each term three vectors meet 8 broadcast numbers, so that loads never limit
//! the 24 multiplications. Nothing is allocated.
//!
//! Every number of the result is one sum over the terms in their order, in stretches of 256, so
//! pieces of rows may follow the threads, and a narrow side (an output layer with ten units) only
//! means fewer vectors.
#![allow(
    unsafe_code,
    reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks"
)]
#![allow(
    clippy::wildcard_imports,
    reason = "the instructions of one processor family"
)]
#![allow(
    clippy::many_single_char_names,
    reason = "the letters of C = A B, with m rows, k terms and n columns"
)]
#![allow(
    clippy::large_stack_arrays,
    reason = "a piece is 48 KiB, and a step allocates nothing"
)]

use std::arch::x86_64::*;

use crate::Threads;
use crate::product::layout::Layout;
use crate::simd::avx512::{LANES, below, is_available, transpose_words};

/// Vectors of a piece's line.
const VECTORS: usize = 3;
/// Columns of a piece.
pub(crate) const WIDTH: usize = VECTORS * LANES;
/// Terms of a piece.
pub(crate) const TERMS: usize = 256;
/// Rows that share a piece's loads.
pub(crate) const ROWS: usize = 8;

/// A piece of the right factor, `[term][column]`.
#[repr(align(64))]
pub(crate) struct Piece(pub(crate) [[f32; WIDTH]; TERMS]);

impl Piece {
    pub(crate) const ZERO: Self = Self([[0.0; WIDTH]; TERMS]);
}

/// `result[m, n] = left[m, k] * right[k, n]`, as [`crate::product`].
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(crate) fn product(
    threads: &Threads,
    [m, k, n]: [usize; 3],
    (left, left_layout): (&[f32], Layout),
    (right, right_layout): (&[f32], Layout),
    result: &mut [f32],
) {
    assert!(is_available() && left.len() == m * k && right.len() == k * n && result.len() == m * n);
    let strides = if left_layout == Layout::Plain {
        [k, 1]
    } else {
        [1, m]
    };
    threads.pieces(result, n, |first, result| {
        // SAFETY: the CPU has the instructions; `left` has `k` terms for each row of `result` from
        // its `first` row on, and `right` has `n` columns of `k` terms.
        unsafe {
            rows(
                &left[first * strides[0]..],
                strides,
                (right, right_layout),
                result,
                [k, n],
            );
        }
    });
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn rows(
    left: &[f32],
    strides: [usize; 2],
    (right, layout): (&[f32], Layout),
    result: &mut [f32],
    [k, n]: [usize; 2],
) {
    let m = result.len() / n;
    let mut piece = Piece::ZERO;
    for column in (0..n).step_by(WIDTH) {
        let width = WIDTH.min(n - column);
        for start in (0..k).step_by(TERMS) {
            let terms = TERMS.min(k - start);
            // SAFETY: columns and terms lie inside `right`.
            unsafe {
                fill(
                    &mut piece,
                    right,
                    layout,
                    [k, n],
                    [start, terms, column, width],
                );
            };
            let lines = &piece.0[..terms];
            let mut row = 0;
            while row < m {
                // SAFETY: rows and terms lie inside `left`, and the masks end each row of the
                // result.
                unsafe {
                    let a = (
                        left.as_ptr().add(row * strides[0] + start * strides[1]),
                        strides,
                    );
                    let c = result.as_mut_ptr().add(row * n + column);
                    let is_first = start == 0;
                    row += match (m - row >= ROWS, width.div_ceil(LANES)) {
                        (true, 3) => add::<ROWS, 3>(a, lines, c, [n, width], is_first),
                        (true, 2) => add::<ROWS, 2>(a, lines, c, [n, width], is_first),
                        (true, _) => add::<ROWS, 1>(a, lines, c, [n, width], is_first),
                        (false, 3) => add::<1, 3>(a, lines, c, [n, width], is_first),
                        (false, 2) => add::<1, 2>(a, lines, c, [n, width], is_first),
                        (false, _) => add::<1, 1>(a, lines, c, [n, width], is_first),
                    };
                }
            }
        }
    }
}

/// Lays out a piece.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) unsafe fn fill(
    piece: &mut Piece,
    right: &[f32],
    layout: Layout,
    [k, n]: [usize; 2],
    [start, terms, column, width]: [usize; 4],
) {
    if layout == Layout::Plain {
        for (term, line) in piece.0[..terms].iter_mut().enumerate() {
            line[..width].copy_from_slice(&right[(start + term) * n + column..][..width]);
        }
        return;
    }
    for left in (0..width).step_by(LANES) {
        for top in (0..terms).step_by(LANES) {
            let mask = below(terms - top);
            let mut square = [_mm512_setzero_si512(); LANES];
            for (lane, line) in square.iter_mut().enumerate().take(width - left) {
                // SAFETY: the column is below `n`, and the mask ends its terms.
                *line = _mm512_castps_si512(unsafe {
                    _mm512_maskz_loadu_ps(
                        mask,
                        right.as_ptr().add((column + left + lane) * k + start + top),
                    )
                });
            }
            for (line, words) in piece.0[top..].iter_mut().zip(transpose_words(&square)) {
                // SAFETY: `left` is a whole vector of a line.
                unsafe {
                    _mm512_storeu_ps(line.as_mut_ptr().add(left), _mm512_castsi512_ps(words));
                };
            }
        }
    }
}

/// Adds a piece's terms to `R` rows of `V` vectors; returns `R`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn add<const R: usize, const V: usize>(
    (a, strides): (*const f32, [usize; 2]),
    lines: &[[f32; WIDTH]],
    c: *mut f32,
    [n, width]: [usize; 2],
    is_first: bool,
) -> usize {
    let masks: [__mmask16; V] = std::array::from_fn(|vector| below(width - vector * LANES));
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    // SAFETY: as in `rows`.
    unsafe {
        if !is_first {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_maskz_loadu_ps(masks[vector], c.add(row * n + vector * LANES));
                }
            }
        }
        for (term, line) in lines.iter().enumerate() {
            let line: [__m512; V] =
                std::array::from_fn(|vector| _mm512_loadu_ps(line.as_ptr().add(vector * LANES)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = _mm512_set1_ps(*a.add(row * strides[0] + term * strides[1]));
                for (sum, line) in sums.iter_mut().zip(line) {
                    *sum = _mm512_fmadd_ps(factor, line, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                _mm512_mask_storeu_ps(c.add(row * n + vector * LANES), masks[vector], *sum);
            }
        }
    }
    R
}
