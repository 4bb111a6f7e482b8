//! What surrounds the exact sums, on AVX-512: splitting numbers, transposing bytes, rounding and
//! storing a tile.
//!
//! Every function has a plain twin in `digits`, `left` or `mod` that is bit-identical; tests
//! compare them through the kernels that use them.
#![allow(
    unsafe_code,
    reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks"
)]
#![allow(
    clippy::wildcard_imports,
    reason = "the instructions of one processor family"
)]

use std::arch::x86_64::*;

use super::digits::{DIGITS, PANEL};
use super::left::GROUP;
use super::{MOST_ROWS, Order, Sums, Target, vnni};
use crate::simd::avx512::{LANES, below, is_available, transpose_quarters, transpose_words};

/// `q + 0x808080 ^ 0x808080` with `q` the nearest integer to `number * inverse`: its three digits
/// in its bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn digits(numbers: __m512, inverses: __m512) -> __m512i {
    let offset = _mm512_set1_epi32(0x0080_8080);
    _mm512_xor_si512(
        _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(numbers, inverses)), offset),
        offset,
    )
}

/// As the loop of `Digits::split_columns`: `numbers` are `[terms, columns]`.
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(super) fn split_columns(numbers: &[f32], columns: usize, inverses: &[f32], words: &mut [u32]) {
    let (terms, blocks) = (numbers.len() / columns, columns.div_ceil(LANES));
    let stride = words.len() / blocks;
    assert!(
        is_available()
            && inverses.len() >= blocks * LANES
            && terms.div_ceil(GROUP) * PANEL <= stride
    );
    // SAFETY: the CPU has the instructions. Rows `0..terms` and columns below `columns` are read,
    // the latter held by the mask; `PANEL` words of each group are written, which the assertion
    // gives to each block.
    unsafe {
        columns_of(
            numbers.as_ptr(),
            [terms, columns, stride],
            inverses.as_ptr(),
            words.as_mut_ptr(),
        );
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn columns_of(
    numbers: *const f32,
    [terms, columns, stride]: [usize; 3],
    inverses: *const f32,
    words: *mut u32,
) {
    let byte = _mm512_set1_epi32(0xFF);
    for block in 0..columns.div_ceil(LANES) {
        let mask = below(columns - block * LANES);
        // SAFETY: see `split_columns`.
        let inverse = unsafe { _mm512_loadu_ps(inverses.add(block * LANES)) };
        for group in 0..terms.div_ceil(GROUP) {
            let term = |index: usize| {
                let row = group * GROUP + index;
                // SAFETY: see `split_columns`; a row beyond the last is read as zeros and not at
                // all.
                let numbers = unsafe {
                    _mm512_maskz_loadu_ps(
                        if row < terms { mask } else { 0 },
                        numbers.wrapping_add(row * columns + block * LANES),
                    )
                };
                digits(numbers, inverse)
            };
            let [t0, t1, t2, t3] = [term(0), term(1), term(2), term(3)];
            // Digit d of the four terms: byte d of each, moved to its place.
            let low = join([
                _mm512_and_si512(t0, byte),
                _mm512_slli_epi32::<8>(_mm512_and_si512(t1, byte)),
                _mm512_slli_epi32::<16>(_mm512_and_si512(t2, byte)),
                _mm512_slli_epi32::<24>(t3),
            ]);
            let middle = join([
                _mm512_and_si512(_mm512_srli_epi32::<8>(t0), byte),
                _mm512_and_si512(t1, _mm512_slli_epi32::<8>(byte)),
                _mm512_slli_epi32::<8>(_mm512_and_si512(t2, _mm512_slli_epi32::<8>(byte))),
                _mm512_slli_epi32::<24>(_mm512_srli_epi32::<8>(t3)),
            ]);
            let high = join([
                _mm512_and_si512(_mm512_srli_epi32::<16>(t0), byte),
                _mm512_slli_epi32::<8>(_mm512_and_si512(_mm512_srli_epi32::<16>(t1), byte)),
                _mm512_and_si512(t2, _mm512_slli_epi32::<16>(byte)),
                _mm512_slli_epi32::<24>(_mm512_srli_epi32::<16>(t3)),
            ]);
            for (digit, plane) in [low, middle, high].into_iter().enumerate() {
                // SAFETY: see `split_columns`.
                unsafe {
                    _mm512_storeu_si512(
                        words
                            .add(block * stride + group * PANEL + digit * LANES)
                            .cast(),
                        plane,
                    );
                };
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn join(parts: [__m512i; 4]) -> __m512i {
    _mm512_or_si512(
        _mm512_or_si512(parts[0], parts[1]),
        _mm512_or_si512(parts[2], parts[3]),
    )
}

/// As the loop of `Digits::split_rows`: `numbers` are `[columns, terms]`.
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(super) fn split_rows(numbers: &[f32], terms: usize, inverses: &[f32], words: &mut [u32]) {
    let columns = numbers.len() / terms;
    let blocks = columns.div_ceil(LANES);
    let stride = words.len() / blocks;
    assert!(
        is_available()
            && inverses.len() >= columns
            && terms.div_ceil(LANES) * (LANES / GROUP) * PANEL <= stride
    );
    // SAFETY: the CPU has the instructions. Rows `0..columns` and terms below `terms` are read, the
    // latter held by the mask; four panels of each 16 terms are written, which the assertion gives
    // to each block.
    unsafe {
        rows_of(
            numbers.as_ptr(),
            [terms, columns, stride],
            inverses,
            words.as_mut_ptr(),
        );
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn rows_of(
    numbers: *const f32,
    [terms, columns, stride]: [usize; 3],
    inverses: &[f32],
    words: *mut u32,
) {
    // Within four terms: byte d of each of them becomes word d.
    let by_digit = _mm512_broadcast_i32x4(_mm_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    ));
    for block in 0..columns.div_ceil(LANES) {
        let height = LANES.min(columns - block * LANES);
        for start in (0..terms).step_by(LANES) {
            let mask = below(terms - start);
            let mut square = [_mm512_setzero_si512(); LANES];
            for (lane, line) in square.iter_mut().enumerate().take(height) {
                let column = block * LANES + lane;
                // SAFETY: see `split_rows`.
                let numbers =
                    unsafe { _mm512_maskz_loadu_ps(mask, numbers.add(column * terms + start)) };
                *line = _mm512_shuffle_epi8(
                    digits(numbers, _mm512_set1_ps(inverses[column])),
                    by_digit,
                );
            }
            // Now line `lane` has word `4 * group + digit` of its column; turned, word by word, it
            // is the panels' order.
            let square = transpose_words(&square);
            for group in 0..LANES / GROUP {
                for digit in 0..DIGITS {
                    let place = block * stride + (start / GROUP + group) * PANEL + digit * LANES;
                    // SAFETY: see `split_rows`.
                    unsafe {
                        _mm512_storeu_si512(words.add(place).cast(), square[group * GROUP + digit]);
                    };
                }
            }
        }
    }
}

/// Those of the first `count` steps of a tile that are not all 0; returns how many they are.
///
/// `tile` is rows of a tile and terms of a step, 8 and 4 or 16 and 64; `strides` are those of
/// [`super::Left`].
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(super) fn steps(
    bytes: &[u8],
    tile: [usize; 2],
    strides: [usize; 2],
    count: usize,
    found: &mut [u16],
) -> usize {
    assert!(is_available() && found.len() >= count.next_multiple_of(LANES));
    let end = (tile[0] - 1) * strides[0] + count * tile[1];
    if strides[0] == GROUP {
        assert!(
            count == 0
                || (count - 1) * strides[1] + tile[0] * GROUP <= bytes.len()
                    && tile == [vnni::ROWS, GROUP]
        );
        // SAFETY: the CPU has the instructions; 32 bytes of each step lie inside `bytes`.
        unsafe { steps_of_lines(bytes, strides[1], count, found.as_mut_ptr()) }
    } else {
        assert!(
            end <= bytes.len() && (count * tile[1]).is_multiple_of(64) && strides[1] == tile[1]
        );
        // SAFETY: the CPU has the instructions; whole lines of 64 bytes of every row lie inside
        // `bytes`; at most 16 numbers are written behind those that count, for which there is room.
        unsafe {
            steps_of_rows(
                bytes,
                tile,
                strides[0],
                count * tile[1] / 64,
                found.as_mut_ptr(),
            )
        }
    }
}

/// Eight rows of four terms side by side, 32 bytes.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn steps_of_lines(bytes: &[u8], stride: usize, count: usize, found: *mut u16) -> usize {
    let mut kept = 0;
    for step in 0..count {
        // SAFETY: see `steps`.
        let line = unsafe { _mm256_loadu_si256(bytes.as_ptr().add(step * stride).cast()) };
        // Written in any case, and kept if a byte is not 0: no branch to guess. At most `step` were
        // kept before.
        // SAFETY: see `steps`.
        unsafe { *found.add(kept) = step as u16 };
        kept += usize::from(_mm256_testz_si256(line, line) == 0);
    }
    kept
}

/// Rows one after the other.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn steps_of_rows(
    bytes: &[u8],
    [rows, terms]: [usize; 2],
    stride: usize,
    lines: usize,
    found: *mut u16,
) -> usize {
    let mut numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let mut count = 0;
    for line in 0..lines {
        let mut any = _mm512_setzero_si512();
        for row in 0..rows {
            // SAFETY: see `steps`.
            any = _mm512_or_si512(any, unsafe {
                _mm512_loadu_si512(bytes.as_ptr().add(row * stride + 64 * line).cast())
            });
        }
        let mask = _mm512_test_epi32_mask(any, any);
        if terms == GROUP {
            let kept = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(mask, numbers));
            // SAFETY: see `steps`.
            unsafe { _mm256_storeu_si256(found.add(count).cast(), kept) };
            count += mask.count_ones() as usize;
            numbers = _mm512_add_epi32(numbers, _mm512_set1_epi32(16));
        } else {
            // SAFETY: see `steps`.
            unsafe { *found.add(count) = line as u16 };
            count += usize::from(mask != 0);
        }
    }
    count
}

/// `to[group][column][row] = from[4 * group + row][column]` for the first `groups` of four rows.
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(super) fn interleave(from: &[u8], stride: usize, to: &mut [u8], groups: usize) {
    let end = groups * GROUP * stride;
    assert!(is_available() && stride.is_multiple_of(64) && end <= from.len() && end <= to.len());
    // SAFETY: the CPU has the instructions; four rows of `stride` bytes of each group lie inside
    // both slices.
    unsafe { interleave_rows(from.as_ptr(), stride, to.as_mut_ptr(), groups) }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn interleave_rows(from: *const u8, stride: usize, to: *mut u8, groups: usize) {
    for group in 0..groups {
        for column in (0..stride).step_by(64) {
            // SAFETY: see `interleave`.
            let [a, b, c, d] = std::array::from_fn(|row| unsafe {
                _mm512_loadu_si512(from.add((group * GROUP + row) * stride + column).cast())
            });
            let [ab, cd] = [[a, b], [c, d]]
                .map(|[a, b]| [_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b)]);
            // Quarter q of the i-th has the columns 16 q + 4 i and the three after it.
            let fours = [
                _mm512_unpacklo_epi16(ab[0], cd[0]),
                _mm512_unpackhi_epi16(ab[0], cd[0]),
                _mm512_unpacklo_epi16(ab[1], cd[1]),
                _mm512_unpackhi_epi16(ab[1], cd[1]),
            ];
            for (quarter, bytes) in transpose_quarters(fours).into_iter().enumerate() {
                // SAFETY: see `interleave`.
                unsafe {
                    _mm512_storeu_si512(
                        to.add(GROUP * (group * stride + column) + 64 * quarter)
                            .cast(),
                        bytes,
                    );
                };
            }
        }
    }
}

/// Edge of the squares in which bytes are transposed: their lines are whole cache lines, so that
/// none is written twice.
pub(super) const PIECE: usize = 64;

/// `to[column][row] = from[row][column]` for whole squares of 64 x 64 bytes.
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(super) fn transpose(
    from: &[u8],
    from_stride: usize,
    to: &mut [u8],
    to_stride: usize,
    [rows, columns]: [usize; 2],
) {
    assert!(is_available() && rows.is_multiple_of(PIECE) && columns.is_multiple_of(PIECE));
    assert!(
        columns <= from_stride
            && rows * from_stride <= from.len()
            && rows <= to_stride
            && columns * to_stride <= to.len()
    );
    // SAFETY: the CPU has the instructions, and the assertions put every piece inside both slices.
    unsafe {
        transpose_bytes(
            from.as_ptr(),
            from_stride,
            to.as_mut_ptr(),
            to_stride,
            [rows, columns],
        );
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn transpose_bytes(
    from: *const u8,
    from_stride: usize,
    to: *mut u8,
    to_stride: usize,
    [rows, columns]: [usize; 2],
) {
    let mut turned = [[_mm_setzero_si128(); 4]; PIECE];
    for left in (0..columns).step_by(PIECE) {
        for top in (0..rows).step_by(PIECE) {
            for (part, first) in (top..top + PIECE).step_by(16).enumerate() {
                let mut lines = [_mm512_setzero_si512(); 16];
                for (row, line) in lines.iter_mut().enumerate() {
                    // SAFETY: see `transpose`.
                    *line = unsafe {
                        _mm512_loadu_si512(from.add((first + row) * from_stride + left).cast())
                    };
                }
                // Interleaving the two halves four times turns each quarter, a square of 16 x 16
                // bytes, over its diagonal.
                for _ in 0..4 {
                    let halves = lines;
                    for i in 0..8 {
                        lines[2 * i] = _mm512_unpacklo_epi8(halves[i], halves[i + 8]);
                        lines[2 * i + 1] = _mm512_unpackhi_epi8(halves[i], halves[i + 8]);
                    }
                }
                for (column, line) in lines.into_iter().enumerate() {
                    let quarters = [
                        _mm512_castsi512_si128(line),
                        _mm512_extracti32x4_epi32::<1>(line),
                        _mm512_extracti32x4_epi32::<2>(line),
                        _mm512_extracti32x4_epi32::<3>(line),
                    ];
                    for (quarter, bytes) in quarters.into_iter().enumerate() {
                        turned[16 * quarter + column][part] = bytes;
                    }
                }
            }
            for (column, line) in turned.iter().enumerate() {
                // SAFETY: see `transpose`.
                unsafe {
                    _mm512_storeu_si512(
                        to.add((left + column) * to_stride + top).cast(),
                        _mm512_loadu_si512(line.as_ptr().cast()),
                    );
                };
            }
        }
    }
}

/// Rounds, adds and stores the sums of a tile of 16 rows.
///
/// # Panics
///
/// If the CPU lacks the instructions.
///
/// # Safety
///
/// As [`Target::write`].
pub(super) unsafe fn write_sums(
    target: &Target,
    at: [usize; 2],
    sums: &Sums,
    units: &[f32; LANES],
) {
    assert!(is_available(), "the processor has no AVX-512");
    // Vectors of 16 numbers each, aligned as they are.
    let vectors = (&raw const *sums).cast::<[[__m512i; DIGITS]; MOST_ROWS]>();
    // SAFETY: the CPU has the instructions; the target is as the caller promises.
    unsafe { write(target, at, &*vectors, units) }
}

/// Rounds, adds and stores the sums of 8 or 16 rows.
///
/// # Safety
///
/// As [`Target::write`]; the CPU must have the instructions.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn write<const ROWS: usize>(
    target: &Target,
    [row, column]: [usize; 2],
    sums: &[[__m512i; DIGITS]; ROWS],
    units: &[f32; LANES],
) {
    // SAFETY: an array of 16 numbers.
    let units = unsafe { _mm512_loadu_ps(units.as_ptr()) };
    let (base, square) = (_mm512_set1_ps(256.0), _mm512_set1_ps(65536.0));
    let (magnitude, mut largest) = (_mm512_set1_epi32(i32::MAX), _mm512_setzero_si512());
    let mut values = [_mm512_setzero_ps(); ROWS];
    for (value, sums) in values.iter_mut().zip(sums) {
        let [low, middle, high] = [
            _mm512_cvtepi32_ps(sums[0]),
            _mm512_cvtepi32_ps(sums[1]),
            _mm512_cvtepi32_ps(sums[2]),
        ];
        let sum = _mm512_add_ps(
            _mm512_mul_ps(high, square),
            _mm512_add_ps(_mm512_mul_ps(middle, base), low),
        );
        *value = _mm512_mul_ps(sum, units);
        // Rows and columns beyond the result are 0, or NaN as the rest of their column.
        largest = _mm512_max_epu32(
            largest,
            _mm512_and_si512(_mm512_castps_si512(*value), magnitude),
        );
    }
    target.has(_mm512_reduce_max_epu32(largest));
    let (height, width) = (
        ROWS.min(target.rows - row),
        LANES.min(target.columns - column),
    );
    match target.order {
        Order::Rows => {
            for (index, value) in values.into_iter().enumerate().take(height) {
                // SAFETY: the line lies inside the result, and the mask ends it there.
                unsafe {
                    _mm512_mask_storeu_ps(
                        target.first.add((row + index) * target.columns + column),
                        below(width),
                        value,
                    );
                };
            }
        }
        Order::Columns => {
            let mut lines = [_mm512_setzero_si512(); LANES];
            for (line, value) in lines.iter_mut().zip(values) {
                *line = _mm512_castps_si512(value);
            }
            for (lane, line) in transpose_words(&lines).into_iter().enumerate().take(width) {
                // SAFETY: the line lies inside the result, and the mask ends it there.
                unsafe {
                    let place = target.first.add((column + lane) * target.rows + row);
                    _mm512_mask_storeu_ps(place, below(height), _mm512_castsi512_ps(line));
                }
            }
        }
    }
}
