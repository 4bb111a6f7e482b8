//! Products of `f32` on AVX-512 whose left factor are pixels of which most stand for 0, such as those of handwritten digits.
//!
//! Pixels stay bytes until they are packed. Rows of the left factor are taken in blocks of 8. For each block, [`Active`] lists the terms in which any of the 8 numbers is not
//! 0; the other terms are left out. Adding `0 * b` to a finite sum changes nothing, and the remaining terms keep their order, so the
//! result has the same bits as that of [`crate::product::single`].
#![allow(unsafe_code, reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks")]
#![allow(clippy::wildcard_imports, reason = "the instructions of one processor family")]
#![allow(clippy::many_single_char_names, reason = "the letters of C = A B, with m rows, k terms and n columns")]
#![allow(clippy::large_stack_arrays, reason = "a piece is 48 KiB, and a step allocates nothing")]

use std::arch::x86_64::*;

use crate::product::layout::Layout;
use crate::product::single::{Piece, ROWS, TERMS, WIDTH, fill};
use crate::simd::avx512::{LANES, below, is_available};
use crate::{Pixels, Threads};

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

    /// For the pixels `[samples, features]`: blocks of 8 samples.
    fn of_samples(&mut self, pixels: &Pixels<'_>, encoding: &Encoding) {
        let k = pixels.features;
        self.clear(pixels.len(), k);
        let places = self.lists.chunks_exact_mut(k).zip(self.numbers.as_chunks_mut().0.chunks_exact_mut(k));
        for ((block, (list, packed)), count) in places.enumerate().zip(&mut self.counts) {
            let first = block * ROWS;
            let height = ROWS.min(pixels.len() - first);
            // Missing rows are the last one again; what they give is not stored.
            let rows: [&[u8]; ROWS] = std::array::from_fn(|row| pixels.row(first + row.min(height - 1)));
            // SAFETY: the processor has the instructions.
            *count = unsafe { list_terms(&rows, &encoding.bytes, list) };
            for (term, packed) in list[..*count].iter().zip(packed) {
                let term = *term as usize;
                *packed = rows.map(|row| encoding.number(row[term], term));
            }
        }
    }

    /// For the pixels transposed: blocks of 8 features.
    fn of_features(&mut self, pixels: &Pixels<'_>, encoding: &Encoding) {
        let k = pixels.len();
        self.clear(pixels.features, k);
        for (row, term) in pixels.rows().zip(0_u32..) {
            // SAFETY: the processor has the instructions; each block has `k` places, of which `term` are used at most.
            unsafe { list_term(row, encoding, term, (&mut self.lists, &mut self.numbers), k, &mut self.counts) };
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

/// Which numbers bytes stand for: `(byte - centre) * scale`, each feature with a centre of its own.
#[derive(Clone, Debug)]
pub(crate) struct Encoding {
    /// `[features]`, as bytes and as numbers.
    bytes: Vec<u8>,
    centre: Vec<f32>,
    scale: f32,
}

impl Encoding {
    /// Of these centres, whole numbers from 0 to 255.
    pub(crate) fn new(centre: Vec<f32>, scale: f32) -> Self {
        Self { bytes: centre.iter().map(|centre| *centre as u8).collect(), centre, scale }
    }

    fn number(&self, byte: u8, feature: usize) -> f32 {
        (f32::from(byte) - self.centre[feature]) * self.scale
    }
}

/// 16 bytes from `start` on, with zeros beyond the end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(bytes: &[u8], start: usize) -> __m128i {
    let mut buffer = [0; LANES];
    let part = if let Some(part) = bytes[start..].first_chunk() {
        part
    } else {
        buffer[..bytes.len() - start].copy_from_slice(&bytes[start..]);
        &buffer
    };
    // SAFETY: there are 16 of them.
    unsafe { _mm_loadu_si128(part.as_ptr().cast()) }
}

/// Lists the columns of a block of rows that are not all at their centre; returns how many there are.
#[target_feature(enable = "avx512f,avx512bw")]
fn list_terms(rows: &[&[u8]; ROWS], centre: &[u8], list: &mut [u32]) -> usize {
    let (k, mut count) = (list.len(), 0);
    for term in (0..k).step_by(LANES) {
        let centre = load(centre, term);
        let bits = rows.iter().fold(_mm_setzero_si128(), |bits, row| _mm_or_si128(bits, _mm_xor_si128(load(row, term), centre)));
        let found = !_mm_movemask_epi8(_mm_cmpeq_epi8(bits, _mm_setzero_si128())) as __mmask16 & below(k - term);
        let places = _mm512_add_epi32(_mm512_set1_epi32(term.cast_signed() as i32), PLACES.load());
        // SAFETY: at most as many places are written as there are terms up to here.
        unsafe { _mm512_mask_compressstoreu_epi32(list.as_mut_ptr().add(count).cast(), found, places) };
        count += found.count_ones() as usize;
    }
    count
}

/// Adds a term to the lists of the blocks of 8 columns that are not all at their centre in its row.
///
/// # Safety
///
/// `lists` must have `k` places for each of `counts`, which are below `k`, and `numbers` 8 for each of them.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn list_term(
    row: &[u8],
    encoding: &Encoding,
    term: u32,
    (lists, numbers): (&mut [u32], &mut [f32]),
    k: usize,
    counts: &mut [usize],
) {
    let scale = _mm512_set1_ps(encoding.scale);
    for (index, counts) in counts.chunks_mut(LANES / ROWS).enumerate() {
        let column = index * LANES;
        let mask = below(row.len() - column);
        // SAFETY: the mask ends the centres.
        let centre = unsafe { _mm512_maskz_loadu_ps(mask, encoding.centre.as_ptr().add(column)) };
        let values = _mm512_mul_ps(_mm512_sub_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load(row, column))), centre), scale);
        let found = _mm512_mask_cmpneq_ps_mask(mask, values, _mm512_setzero_ps());
        for (half, count) in counts.iter_mut().enumerate() {
            let place = (index * (LANES / ROWS) + half) * k + *count;
            let words = _mm512_castps_pd(values);
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

/// The two products of a layer whose inputs are pixels that are mostly at their centre.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sparse {
    encoding: Option<Encoding>,
    samples: Active,
    features: Active,
    /// `[features, units]`.
    turned: Vec<f32>,
}

/// Share of terms above which leaving the others out does not pay.
const MOST_ACTIVE: f64 = 0.7;

impl Sparse {
    /// Takes a batch; whether it has enough zeros.
    pub(crate) fn take(&mut self, pixels: &Pixels<'_>, encoding: impl FnOnce() -> Encoding) -> bool {
        if !is_available() {
            return false;
        }
        self.samples.of_samples(pixels, self.encoding.get_or_insert_with(encoding));
        self.samples.share() < MOST_ACTIVE
    }

    /// `Z = X W^T`: pre-activations `[samples, units]` of the batch.
    pub(crate) fn forward(&self, threads: &Threads, weight: &[f32], outputs: &mut [f32]) {
        let features = self.samples.terms;
        let units = weight.len() / features;
        let shape = [outputs.len() / units, features, units];
        product(threads, shape, &self.samples, (weight, Layout::Transposed), outputs);
    }

    /// `G = E^T X`: gradients `[units, features]` from error signals `[samples, units]`; `pixels` is the batch.
    pub(crate) fn gradient(&mut self, threads: &Threads, pixels: &Pixels<'_>, error_signal: &[f32], gradient: &mut [f32]) {
        let Some(encoding) = &self.encoding else { return };
        let (samples, features) = (pixels.len(), pixels.features);
        let units = error_signal.len() / samples;
        self.features.of_features(pixels, encoding);
        self.turned.resize(gradient.len(), 0.0);
        product(threads, [features, samples, units], &self.features, (error_signal, Layout::Plain), &mut self.turned);
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
    use crate::product::single;

    #[test]
    fn leaving_zeros_out_changes_no_bit() {
        if !is_available() {
            println!("skipped: this processor has no AVX-512");
            return;
        }
        let mut stream = spinet_rules::Stream::new(7, spinet_rules::Purpose::Noise, 0);
        for [m, k, n] in [[1, 1, 1], [61, 300, 10], [600, 784, 100], [13, 600, 48], [8, 257, 33], [3, 5, 130]] {
            // Pixels of which most are black, or white where the centre is.
            let centre: Vec<f32> = (0..k).map(|feature| if feature % 5 == 1 { 255.0 } else { 0.0 }).collect();
            let mut byte = |index: usize| if stream.unit() < 0.05 { stream.below(256) as u8 } else { centre[index % k] as u8 };
            let bytes: Vec<u8> = (0..m * k).map(&mut byte).collect();
            for scale in [1.0, 1.0 / 255.0] {
                let encoding = Encoding::new(centre.clone(), scale);
                let numbers: Vec<f32> = bytes.iter().enumerate().map(|(index, byte)| encoding.number(*byte, index % k)).collect();
                let chosen: Vec<u32> = (0..m as u32).collect();
                let (pixels, mut sparse) = (Pixels::chosen(&bytes, k, &chosen), Sparse::default());
                assert!(sparse.take(&pixels, || encoding) || m * k < 1000, "{}", sparse.samples.share());
                let mut normal = |count: usize| (0..count).map(|_| stream.normal() as f32).collect::<Vec<_>>();
                let (weight, error) = (normal(n * k), normal(m * n));
                for threads in [1, 3] {
                    let threads = Threads::new(threads).unwrap();
                    let [mut found, mut expected] = [vec![f32::NAN; m * n], vec![f32::NAN; m * n]];
                    sparse.forward(&threads, &weight, &mut found);
                    single::product(&threads, [m, k, n], (&numbers, Layout::Plain), (&weight, Layout::Transposed), &mut expected);
                    assert_eq!(found, expected, "{m} x {k} x {n}");
                    let [mut found, mut expected] = [vec![f32::NAN; n * k], vec![f32::NAN; n * k]];
                    sparse.gradient(&threads, &pixels, &error, &mut found);
                    single::product(&threads, [n, m, k], (&error, Layout::Transposed), (&numbers, Layout::Plain), &mut expected);
                    assert_eq!(found, expected, "{m} x {k} x {n}, gradient");
                }
            }
        }
    }
}
