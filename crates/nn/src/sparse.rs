//! Products of `f32` on AVX-512 whose left factor is mostly zeros, such as the pixels of handwritten digits.
//!
//! Rows of the left factor are taken in blocks of 8. For each block, [`Active`] lists the terms in which any of the 8 numbers is not
//! 0; the other terms are left out. Adding `0 * b` to a finite sum changes nothing, and the remaining terms keep their order, so the
//! result has the same bits as that of [`crate::single`].
#![allow(unsafe_code, reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks")]
#![allow(clippy::wildcard_imports, reason = "the instructions of one processor family")]
#![allow(clippy::many_single_char_names, reason = "the letters of C = A B, with m rows, k terms and n columns")]
#![allow(clippy::large_stack_arrays, reason = "a piece is 48 KiB, and a step allocates nothing")]

use std::arch::x86_64::*;

use crate::Threads;
use crate::avx512::{LANES, below, is_available};
use crate::product::Layout;
use crate::single::{Piece, ROWS, TERMS, WIDTH, fill};

/// A left factor `[m, k]` without the terms that are 0 in all 8 rows of a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Active {
    /// `[blocks, terms]`: which terms are left, rising; the first `counts` of each block are used.
    lists: Vec<u32>,
    /// `[blocks, terms, 8]`: their numbers in the 8 rows of the block.
    numbers: Vec<f32>,
    counts: Vec<usize>,
    terms: usize,
}

impl Active {
    fn clear(&mut self, rows: usize, terms: usize) {
        let blocks = rows.div_ceil(ROWS);
        self.terms = terms;
        self.counts.clear();
        self.counts.resize(blocks, 0);
        if self.lists.len() < blocks * terms {
            self.lists.resize(blocks * terms, 0);
            self.numbers.resize(blocks * terms * ROWS, 0.0);
        }
    }

    /// For the factor `[m, k]` in `numbers`.
    pub(crate) fn of_rows(&mut self, numbers: &[f32], k: usize) {
        assert!(is_available());
        self.clear(numbers.len() / k, k);
        let places = self.lists.chunks_exact_mut(k).zip(self.numbers.chunks_exact_mut(k * ROWS));
        for ((rows, (list, packed)), count) in numbers.chunks(ROWS * k).zip(places).zip(&mut self.counts) {
            // SAFETY: the processor has the instructions.
            *count = unsafe { list_terms(rows, list) };
            for (term, packed) in list[..*count].iter().zip(packed.chunks_exact_mut(ROWS)) {
                let column = rows[*term as usize..].iter().step_by(k);
                packed.iter_mut().zip(column).for_each(|(packed, number)| *packed = *number);
            }
        }
    }

    /// For the factor `[k, m]` in `numbers`, which is `[m, k]` transposed.
    pub(crate) fn of_columns(&mut self, numbers: &[f32], k: usize) {
        assert!(is_available());
        let m = numbers.len() / k;
        self.clear(m, k);
        for (row, term) in numbers.chunks_exact(m).zip(0_u32..) {
            // SAFETY: the processor has the instructions; each block has `k` places, of which `term` are used at most.
            unsafe { list_term(row, term, (&mut self.lists, &mut self.numbers), k, &mut self.counts) };
        }
    }

    /// Share of the terms that are left.
    pub(crate) fn share(&self) -> f64 {
        self.counts.iter().sum::<usize>() as f64 / (self.counts.len() * self.terms).max(1) as f64
    }

    /// The terms of a block, and their numbers.
    fn block(&self, block: usize) -> (&[u32], &[[f32; ROWS]]) {
        let (start, count) = (block * self.terms, self.counts[block]);
        (&self.lists[start..][..count], &self.numbers.as_chunks().0[start..][..count])
    }
}

/// Lists the columns of a block of rows that are not all 0; returns how many there are.
#[target_feature(enable = "avx512f,avx512bw")]
fn list_terms(rows: &[f32], list: &mut [u32]) -> usize {
    let (k, mut count) = (list.len(), 0);
    for term in (0..k).step_by(LANES) {
        let mask = below(k - term);
        let mut bits = _mm512_setzero_si512();
        for row in rows.chunks_exact(k) {
            // SAFETY: the mask ends the row.
            bits = _mm512_or_si512(bits, unsafe { _mm512_maskz_loadu_epi32(mask, row.as_ptr().add(term).cast()) });
        }
        // The sign is left out: -0 is 0.
        let found = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(i32::MAX));
        let places = _mm512_add_epi32(_mm512_set1_epi32(term.cast_signed() as i32), PLACES.load());
        // SAFETY: at most as many places are written as there are terms up to here.
        unsafe { _mm512_mask_compressstoreu_epi32(list.as_mut_ptr().add(count).cast(), found, places) };
        count += found.count_ones() as usize;
    }
    count
}

/// Adds a term to the lists of the blocks of 8 columns that are not all 0 in its row.
///
/// # Safety
///
/// `lists` must have `k` places for each of `counts`, which are below `k`, and `numbers` 8 for each of them.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn list_term(row: &[f32], term: u32, (lists, numbers): (&mut [u32], &mut [f32]), k: usize, counts: &mut [usize]) {
    for (index, counts) in counts.chunks_mut(LANES / ROWS).enumerate() {
        let column = index * LANES;
        // SAFETY: the mask ends the row.
        let bits = unsafe { _mm512_maskz_loadu_epi32(below(row.len() - column), row.as_ptr().add(column).cast()) };
        let found = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(i32::MAX));
        for (half, count) in counts.iter_mut().enumerate() {
            let place = (index * (LANES / ROWS) + half) * k + *count;
            let words = _mm512_castsi512_pd(bits);
            let half_of = if half == 0 { _mm512_castpd512_pd256(words) } else { _mm512_extractf64x4_pd::<1>(words) };
            // SAFETY: as the caller promises. A place that is not counted is written again by the next term.
            unsafe {
                *lists.get_unchecked_mut(place) = term;
                _mm256_storeu_pd(numbers.as_mut_ptr().add(place * ROWS).cast(), half_of);
            }
            *count += usize::from(found >> (half * ROWS) & 0xff != 0);
        }
    }
}

/// 0 to 15.
struct Places([i32; LANES]);
const PLACES: Places = Places([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

impl Places {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(&self) -> __m512i {
        // SAFETY: there are 16 of them.
        unsafe { _mm512_loadu_epi32(self.0.as_ptr()) }
    }
}

/// The two products of a layer whose inputs are mostly zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sparse {
    samples: Active,
    features: Active,
    /// `[features, units]`.
    turned: Vec<f32>,
}

/// Share of terms above which leaving the others out does not pay.
const MOST_ACTIVE: f64 = 0.7;

impl Sparse {
    /// Takes inputs `[samples, features]`; whether they have enough zeros.
    pub(crate) fn take(&mut self, inputs: &[f32], features: usize) -> bool {
        self.samples.of_rows(inputs, features);
        self.samples.share() < MOST_ACTIVE
    }

    /// `Z = X W^T`: pre-activations `[samples, units]` of the inputs that were taken.
    pub(crate) fn forward(&self, threads: &Threads, weight: &[f32], outputs: &mut [f32]) {
        let features = self.samples.terms;
        let units = weight.len() / features;
        let shape = [outputs.len() / units, features, units];
        product(threads, shape, &self.samples, (weight, Layout::Transposed), outputs);
    }

    /// `G = E^T X`: gradients `[units, features]` from error signals `[samples, units]`.
    pub(crate) fn gradient(&mut self, threads: &Threads, inputs: &[f32], error_signal: &[f32], gradient: &mut [f32]) {
        let features = self.samples.terms;
        let samples = inputs.len() / features;
        let units = error_signal.len() / samples;
        self.features.of_columns(inputs, samples);
        self.turned.resize(gradient.len(), 0.0);
        let shape = [features, samples, units];
        product(threads, shape, &self.features, (error_signal, Layout::Plain), &mut self.turned);
        // In bands of 16 features, whose lines stay in the cache.
        for (band, lines) in self.turned.chunks(LANES * units).enumerate() {
            for (unit, row) in gradient.chunks_exact_mut(features).enumerate() {
                let numbers = lines[unit..].iter().step_by(units);
                row[band * LANES..].iter_mut().zip(numbers).for_each(|(number, found)| *number = *found);
            }
        }
    }
}

/// `result[m, n] = left[m, k] * right[k, n]`, as [`crate::product`].
///
/// # Panics
///
/// If a slice does not have the length that the shape says, or the processor does not have the instructions.
pub(crate) fn product(threads: &Threads, [m, k, n]: [usize; 3], left: &Active, (right, layout): (&[f32], Layout), result: &mut [f32]) {
    assert!(is_available() && right.len() == k * n && result.len() == m * n);
    assert!(left.terms == k && left.counts.len() == m.div_ceil(ROWS));
    threads.pieces_of(result, n, ROWS, |first, result| {
        // SAFETY: the processor has the instructions; `left` has a block for each 8 rows of `result` from its `first` row on, which
        // begins a block, its terms are below `k`, and `right` has `n` columns of `k` terms.
        unsafe { rows((left, first / ROWS), (right, layout), result, [k, n]) }
    });
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn rows((left, first_block): (&Active, usize), (right, layout): (&[f32], Layout), result: &mut [f32], [k, n]: [usize; 2]) {
    let (m, first) = (result.len() / n, result.as_mut_ptr());
    let mut piece = Piece::ZERO;
    for column in (0..n).step_by(WIDTH) {
        let width = WIDTH.min(n - column);
        for start in (0..k).step_by(TERMS) {
            let terms = TERMS.min(k - start);
            // SAFETY: columns and terms lie inside `right`.
            unsafe { fill(&mut piece, right, layout, [k, n], [start, terms, column, width]) };
            for (index, row) in (0..m).step_by(ROWS).enumerate() {
                let (list, numbers) = left.block(first_block + index);
                let [from, to] = [start, start + terms].map(|end| list.partition_point(|term| (*term as usize) < end));
                // SAFETY: the row lies inside the result.
                let c = unsafe { first.add(row * n + column) };
                let tile = Tile { list: &list[from..to], numbers: &numbers[from..to], piece: &piece, start, c, n, width };
                // SAFETY: the terms lie inside the piece, and as many rows as are asked for inside the result, whose ends are masked.
                unsafe {
                    match width.div_ceil(LANES) {
                        3 => add::<3>(&tile, ROWS.min(m - row)),
                        2 => add::<2>(&tile, ROWS.min(m - row)),
                        _ => add::<1>(&tile, ROWS.min(m - row)),
                    }
                }
            }
        }
    }
}

/// Where one block meets a piece.
struct Tile<'a> {
    /// Terms of the block that lie in the piece, and their numbers.
    list: &'a [u32],
    numbers: &'a [[f32; ROWS]],
    /// Terms of the right factor from `start` on.
    piece: &'a Piece,
    start: usize,
    /// The block's first number of the result, of which each row has `n`; `width` of them are added to.
    c: *mut f32,
    n: usize,
    width: usize,
}

/// Adds the terms of a block to its `rows` rows of `V` vectors; the first piece starts from 0.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn add<const V: usize>(tile: &Tile<'_>, rows: usize) {
    let Tile { list, numbers, piece, start, c, n, width } = *tile;
    let masks: [__mmask16; V] = std::array::from_fn(|vector| below(width - vector * LANES));
    let mut sums = [[_mm512_setzero_ps(); V]; ROWS];
    // SAFETY: as in `rows`.
    unsafe {
        if start > 0 {
            for (row, sums) in sums.iter_mut().enumerate().take(rows) {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_maskz_loadu_ps(masks[vector], c.add(row * n + vector * LANES));
                }
            }
        }
        for (term, numbers) in list.iter().zip(numbers) {
            let line = piece.0.get_unchecked(*term as usize - start);
            let line: [__m512; V] = std::array::from_fn(|vector| _mm512_loadu_ps(line.as_ptr().add(vector * LANES)));
            for (sums, number) in sums.iter_mut().zip(numbers) {
                let factor = _mm512_set1_ps(*number);
                for (sum, line) in sums.iter_mut().zip(line) {
                    *sum = _mm512_fmadd_ps(factor, line, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate().take(rows) {
            for (vector, sum) in sums.iter().enumerate() {
                _mm512_mask_storeu_ps(c.add(row * n + vector * LANES), masks[vector], *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::single;

    /// Numbers of which most are 0.
    fn sparse(count: usize, seed: u64) -> Vec<f32> {
        let mut stream = spinet_rules::Stream::new(seed, spinet_rules::Purpose::Noise, 0);
        (0..count).map(|_| if stream.unit() < 0.1 { stream.normal() as f32 } else { 0.0 }).collect()
    }

    #[test]
    fn leaving_zeros_out_changes_no_bit() {
        if !is_available() {
            println!("skipped: this processor has no AVX-512");
            return;
        }
        let mut stream = spinet_rules::Stream::new(7, spinet_rules::Purpose::Noise, 0);
        for [m, k, n] in [[1, 1, 1], [61, 300, 10], [600, 784, 100], [13, 600, 48], [8, 257, 33], [3, 5, 130]] {
            let left = sparse(m * k, 1);
            let right: Vec<f32> = (0..k * n).map(|_| stream.normal() as f32).collect();
            for layout in [Layout::Plain, Layout::Transposed] {
                let mut active = Active::default();
                match layout {
                    Layout::Plain => active.of_rows(&left, k),
                    Layout::Transposed => active.of_columns(&left, k),
                }
                assert!(m * k < 1000 || active.share() < 0.7, "{}", active.share());
                for right_layout in [Layout::Plain, Layout::Transposed] {
                    let [mut found, mut expected] = [vec![f32::NAN; m * n], vec![f32::NAN; m * n]];
                    for threads in [1, 3] {
                        let threads = Threads::new(threads).unwrap();
                        product(&threads, [m, k, n], &active, (&right, right_layout), &mut found);
                        single::product(&threads, [m, k, n], (&left, layout), (&right, right_layout), &mut expected);
                        let same = found.iter().zip(&expected).all(|(found, expected)| found.to_bits() == expected.to_bits());
                        assert!(same, "{m} x {k} x {n}, {layout:?}, {right_layout:?}");
                    }
                }
            }
        }
    }
}
