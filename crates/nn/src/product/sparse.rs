//! Products of `f32` on AVX-512 whose left factor are pixels of which most stand for 0, such as
//! those of handwritten digits.
//!
//! Pixels stay bytes until they are packed: each sample becomes the list of its pixels that are not
//! 0 ([`Active`]). The units lie in bands of 32, two vectors, and a band's weights or gradients of
//! all features stay in the nearest caches while all samples meet them:
//!
//! ```text
//! forward:   z_n   = sum_j x_nj w_j        w_j and z_n: a band's units, in registers, x_nj: one number
//! gradient:  G_j  += x_nj e_n              for each sample n in turn
//! ```
//!
//! Adding `0 * b` to a finite sum changes nothing, and the remaining terms keep their order, so the
//! result has the same bits as that of [`crate::product::single`].
#![allow(
    unsafe_code,
    reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks"
)]
#![allow(
    clippy::wildcard_imports,
    reason = "the instructions of one processor family"
)]

use std::arch::x86_64::*;
use std::ops::Range;

use crate::simd::aligned::{Aligned, LINE};
use crate::simd::avx512::{LANES, below, is_available, transpose_words};
use crate::{Pixels, Threads};

/// Samples `[samples, features]` without the pixels that are 0.
#[derive(Clone, Debug, Default)]
struct Active {
    /// `[samples + 1]`: where each sample's list begins and the last one ends.
    starts: Vec<usize>,
    /// Which pixels are listed, rising within a sample.
    features: Vec<u32>,
    /// Their numbers.
    numbers: Vec<f32>,
}

/// Samples after which a batch with too few zeros is given up.
const FIRST_LOOK: usize = 32;

impl Active {
    /// Lists a batch; whether it has enough zeros. If not, the lists are not complete.
    fn list(&mut self, pixels: &Pixels<'_>, encoding: &Encoding) -> bool {
        let share_of = |samples: usize| (MOST_ACTIVE * (samples * pixels.features) as f64) as usize;
        // One more row is listed before it is too many.
        let room = share_of(pixels.len()) + pixels.features + LANES;
        if self.features.len() < room {
            self.features.resize(room, 0);
            self.numbers.resize(room, 0.0);
        }
        self.starts.clear();
        self.starts.push(0);
        let mut count = 0;
        for (row, done) in pixels.rows().zip(1..) {
            if done < pixels.len() {
                // Chosen rows lie anywhere.
                prefetch(pixels.row(done));
            }
            let rest = (&mut self.features[count..], &mut self.numbers[count..]);
            // SAFETY: the CPU has the instructions, and there is room for every pixel of the row
            // and a vector more.
            count += unsafe { list_row(row, encoding, rest) };
            self.starts.push(count);
            if count
                > share_of(if done == FIRST_LOOK {
                    done
                } else {
                    pixels.len()
                })
            {
                return false;
            }
        }
        true
    }

    fn samples(&self) -> usize {
        self.starts.len() - 1
    }

    /// Features and numbers of a sample.
    fn sample(&self, sample: usize) -> List<'_> {
        let range = self.starts[sample]..self.starts[sample + 1];
        List {
            features: &self.features[range.clone()],
            numbers: &self.numbers[range],
        }
    }
}

/// The pixels of one sample that are not 0.
#[derive(Clone, Copy)]
struct List<'a> {
    features: &'a [u32],
    numbers: &'a [f32],
}

impl List<'_> {
    /// Those of some features, out of so many.
    fn within(self, own: &Range<usize>, features: usize) -> Self {
        if own.len() == features {
            return self;
        }
        let [from, to] = [own.start, own.end].map(|end| {
            self.features
                .partition_point(|feature| (*feature as usize) < end)
        });
        Self {
            features: &self.features[from..to],
            numbers: &self.numbers[from..to],
        }
    }
}

/// Which numbers bytes stand for: `(byte - centre) * scale`, each feature with a centre of its own.
#[derive(Clone, Debug)]
pub(crate) struct Encoding {
    /// `[features]`, integers from 0 to 255.
    centre: Vec<f32>,
    scale: f32,
}

impl Encoding {
    /// Of these centres, integers from 0 to 255.
    pub(crate) fn new(centre: Vec<f32>, scale: f32) -> Self {
        Self { centre, scale }
    }
}

/// Asks for bytes that will be read soon.
fn prefetch(bytes: &[u8]) {
    for line in bytes.chunks(LINE) {
        // SAFETY: any address may be asked for.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

/// Lists the pixels of a sample that are not at their centre; returns how many there are.
///
/// # Safety
///
/// There must be room for every pixel and a vector more.
#[target_feature(enable = "avx512f,avx512bw,popcnt")]
unsafe fn list_row(
    row: &[u8],
    encoding: &Encoding,
    (features, numbers): (&mut [u32], &mut [f32]),
) -> usize {
    let (scale, mut count) = (_mm512_set1_ps(encoding.scale), 0);
    for feature in (0..row.len()).step_by(LANES) {
        let mask = below(row.len() - feature);
        // SAFETY: the mask ends the pixels and the centres; `count` is at most `feature`, so a
        // vector fits.
        unsafe {
            let bytes = _mm512_castsi512_si128(_mm512_maskz_loadu_epi8(
                mask.into(),
                row.as_ptr().add(feature).cast(),
            ));
            let centre = _mm512_maskz_loadu_ps(mask, encoding.centre.as_ptr().add(feature));
            let offsets = _mm512_sub_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)), centre);
            let found = _mm512_mask_cmpneq_ps_mask(mask, offsets, _mm512_setzero_ps());
            let index = _mm512_add_epi32(
                _mm512_set1_epi32(feature.cast_signed() as i32),
                PLACES.load(),
            );
            _mm512_storeu_epi32(
                features.as_mut_ptr().add(count).cast(),
                _mm512_maskz_compress_epi32(found, index),
            );
            let values = _mm512_maskz_compress_ps(found, _mm512_mul_ps(offsets, scale));
            _mm512_storeu_ps(numbers.as_mut_ptr().add(count), values);
            count += found.count_ones() as usize;
        }
    }
    count
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
    active: Active,
    /// `[bands][features, units of the band]`: weights or gradients.
    lines: Aligned<f32>,
}

/// Share of pixels that are not 0 above which leaving the others out does not pay.
const MOST_ACTIVE: f64 = 0.33;
/// Samples whose sums grow side by side, since each waits for the multiplication before.
const SIDE_BY_SIDE: usize = 4;
/// Vectors of a band: what is read for each pixel beside the lines is read once for both.
const VECTORS: usize = 2;

/// 32 units of a layer, or 16 where no more are left.
#[derive(Clone, Copy)]
struct Band {
    /// The first unit, and how many there are.
    unit: usize,
    units: usize,
    /// Vectors of a line.
    vectors: usize,
}

impl Band {
    /// The bands of so many units.
    fn all(units: usize) -> impl Iterator<Item = Self> {
        (0..units).step_by(VECTORS * LANES).map(move |unit| {
            let own = (units - unit).min(VECTORS * LANES);
            Self {
                unit,
                units: own,
                vectors: own.div_ceil(LANES),
            }
        })
    }

    /// Where its lines lie.
    fn lines(self, features: usize) -> Range<usize> {
        self.unit * features..(self.unit + self.vectors * LANES) * features
    }
}

impl Sparse {
    /// Takes a batch; whether it has enough zeros.
    pub(crate) fn take(
        &mut self,
        pixels: &Pixels<'_>,
        encoding: impl FnOnce() -> Encoding,
    ) -> bool {
        is_available()
            && self
                .active
                .list(pixels, self.encoding.get_or_insert_with(encoding))
    }

    /// Lines of so many units and features, with what is left in them.
    fn prepare(&mut self, units: usize, features: usize) {
        let length = units.next_multiple_of(LANES) * features;
        if self.lines.get().len() != length {
            self.lines = Aligned::zeros(length);
        }
    }

    /// `Z = X W^T`: pre-activations `[samples, units]` of the batch from weights `[units,
    /// features]`.
    pub(crate) fn forward(&mut self, threads: &Threads, weight: &[f32], outputs: &mut [f32]) {
        let units = outputs.len() / self.active.samples();
        let features = weight.len() / units;
        assert!(
            is_available()
                && weight.len() == units * features
                && outputs.len() == units * self.active.samples()
        );
        self.prepare(units, features);
        for band in Band::all(units) {
            let lines = &mut self.lines.get_mut()[band.lines(features)];
            let weight = &weight[band.unit * features..][..band.units * features];
            threads.pieces(lines, band.vectors * LANES, |first, lines| {
                // SAFETY: the CPU has the instructions.
                unsafe { to_lines(weight, first, lines, band.vectors, features) };
            });
        }
        let Self { active, lines, .. } = self;
        threads.pieces(outputs, units, |first, rows| {
            for band in Band::all(units) {
                let lines = &lines.get()[band.lines(features)];
                for (group, rows) in rows.chunks_mut(SIDE_BY_SIDE * units).enumerate() {
                    let sample = |index: usize| active.sample(first + group * SIDE_BY_SIDE + index);
                    // SAFETY: the CPU has the instructions, and a band has a line for each feature.
                    unsafe {
                        match (rows.len() / units, band.vectors) {
                            (SIDE_BY_SIDE, VECTORS) => {
                                sums::<SIDE_BY_SIDE, VECTORS>(sample, lines, rows, band);
                            }
                            (SIDE_BY_SIDE, _) => sums::<SIDE_BY_SIDE, 1>(sample, lines, rows, band),
                            (_, vectors) => {
                                for (index, row) in rows.chunks_exact_mut(units).enumerate() {
                                    match vectors {
                                        VECTORS => {
                                            sums::<1, VECTORS>(|_| sample(index), lines, row, band);
                                        }
                                        _ => sums::<1, 1>(|_| sample(index), lines, row, band),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        });
    }

    /// `G = E^T X`: gradients `[units, features]` from error signals `[samples, units]`.
    pub(crate) fn gradient(
        &mut self,
        threads: &Threads,
        error_signal: &[f32],
        gradient: &mut [f32],
    ) {
        let units = error_signal.len() / self.active.samples();
        let features = gradient.len() / units;
        assert!(
            is_available()
                && gradient.len() == units * features
                && error_signal.len() == units * self.active.samples()
        );
        self.prepare(units, features);
        let Self { active, lines, .. } = self;
        for band in Band::all(units) {
            let lines = &mut lines.get_mut()[band.lines(features)];
            threads.pieces(lines, band.vectors * LANES, |first, lines| {
                lines.fill(0.0);
                let own = first..first + lines.len() / (band.vectors * LANES);
                for (sample, errors) in error_signal.chunks_exact(units).enumerate() {
                    let (list, errors) = (
                        active.sample(sample).within(&own, features),
                        &errors[band.unit..][..band.units],
                    );
                    // SAFETY: the CPU has the instructions, and each feature of the list has a
                    // line.
                    unsafe {
                        match band.vectors {
                            VECTORS => add::<VECTORS>(list, errors, lines, first),
                            _ => add::<1>(list, errors, lines, first),
                        }
                    }
                }
            });
            let lines = &*lines;
            let gradient = &mut gradient[band.unit * features..][..band.units * features];
            threads.pieces(gradient, features, |first, rows| {
                // SAFETY: the CPU has the instructions.
                unsafe { from_lines(lines, first, rows, band.vectors, features) };
            });
        }
    }
}

/// Lays out weights `[units, features]` as lines `[features, units]` from feature `first` on; units
/// that are not there become 0.
#[target_feature(enable = "avx512f,avx512bw")]
fn to_lines(weight: &[f32], first: usize, lines: &mut [f32], vectors: usize, features: usize) {
    let width = vectors * LANES;
    for (vector, weight) in weight.chunks(LANES * features).enumerate() {
        for (top, lines) in (first..features)
            .step_by(LANES)
            .zip(lines.chunks_mut(LANES * width))
        {
            let mask = below(features - top);
            let mut square = [_mm512_setzero_si512(); LANES];
            for (words, row) in square.iter_mut().zip(weight.chunks_exact(features)) {
                // SAFETY: the mask ends the row.
                *words = _mm512_castps_si512(unsafe {
                    _mm512_maskz_loadu_ps(mask, row.as_ptr().add(top))
                });
            }
            for (line, words) in lines.chunks_exact_mut(width).zip(transpose_words(&square)) {
                let line = &mut line[vector * LANES..][..LANES];
                // SAFETY: it is a vector.
                unsafe { _mm512_storeu_ps(line.as_mut_ptr(), _mm512_castsi512_ps(words)) };
            }
        }
    }
}

/// The way back, for the rows `[units, features]` from unit `first` on.
#[target_feature(enable = "avx512f,avx512bw")]
fn from_lines(lines: &[f32], first: usize, rows: &mut [f32], vectors: usize, features: usize) {
    let width = vectors * LANES;
    let mut unit = first;
    while let Some(rows) = rows
        .get_mut((unit - first) * features..)
        .filter(|rows| !rows.is_empty())
    {
        let (vector, skipped) = (unit / LANES, unit % LANES);
        for (top, lines) in (0..features)
            .step_by(LANES)
            .zip(lines.chunks(LANES * width))
        {
            let mut square = [_mm512_setzero_si512(); LANES];
            for (words, line) in square.iter_mut().zip(lines.chunks_exact(width)) {
                let line = &line[vector * LANES..][..LANES];
                // SAFETY: it is a vector.
                *words = _mm512_castps_si512(unsafe { _mm512_loadu_ps(line.as_ptr()) });
            }
            for (row, words) in rows
                .chunks_exact_mut(features)
                .zip(&transpose_words(&square)[skipped..])
            {
                // SAFETY: the mask ends the row.
                unsafe {
                    _mm512_mask_storeu_ps(
                        row.as_mut_ptr().add(top),
                        below(features - top),
                        _mm512_castsi512_ps(*words),
                    );
                };
            }
        }
        unit += LANES - skipped;
    }
}

/// Writes the sums of some samples over the lines of a band to their rows `[SAMPLES, units]`.
///
/// # Safety
///
/// Every feature of the lists must have a line.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn sums<'a, const SAMPLES: usize, const V: usize>(
    sample: impl Fn(usize) -> List<'a>,
    lines: &[f32],
    rows: &mut [f32],
    band: Band,
) {
    let lists: [List<'a>; SAMPLES] = std::array::from_fn(sample);
    let mut sums = [[_mm512_setzero_ps(); V]; SAMPLES];
    let add = |sums: &mut [__m512; V], list: &List<'_>, index: usize| {
        // SAFETY: `index` is below the length of the list, whose features have lines.
        unsafe {
            let line = lines
                .as_ptr()
                .add(*list.features.get_unchecked(index) as usize * V * LANES);
            let number = _mm512_set1_ps(*list.numbers.get_unchecked(index));
            for (vector, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_ps(number, _mm512_loadu_ps(line.add(vector * LANES)), *sum);
            }
        }
    };
    let common = lists
        .iter()
        .map(|list| list.features.len())
        .min()
        .unwrap_or(0);
    for index in 0..common {
        for (sums, list) in sums.iter_mut().zip(&lists) {
            add(sums, list, index);
        }
    }
    let units = rows.len() / SAMPLES;
    for ((sums, list), row) in sums
        .iter_mut()
        .zip(&lists)
        .zip(rows.chunks_exact_mut(units))
    {
        for index in common..list.features.len() {
            add(sums, list, index);
        }
        for (part, sum) in row[band.unit..][..band.units].chunks_mut(LANES).zip(sums) {
            // SAFETY: the mask ends the part.
            unsafe { _mm512_mask_storeu_ps(part.as_mut_ptr(), below(part.len()), *sum) };
        }
    }
}

/// Adds a sample's numbers times its error signals to lines of which the first is that of feature
/// `first`.
///
/// # Safety
///
/// Every feature of the list must have a line.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn add<const V: usize>(list: List<'_>, errors: &[f32], lines: &mut [f32], first: usize) {
    let mut parts = errors.chunks(LANES);
    // SAFETY: the mask ends the part.
    let vector = |part: &[f32]| unsafe { _mm512_maskz_loadu_ps(below(part.len()), part.as_ptr()) };
    let errors: [__m512; V] = std::array::from_fn(|_| vector(parts.next().unwrap_or_default()));
    let lines = lines.as_mut_ptr();
    for (feature, number) in list.features.iter().zip(list.numbers) {
        // SAFETY: the caller promises the line.
        unsafe {
            let (line, number) = (
                lines.add((*feature as usize - first) * V * LANES),
                _mm512_set1_ps(*number),
            );
            for (vector, errors) in errors.iter().enumerate() {
                let line = line.add(vector * LANES);
                _mm512_storeu_ps(
                    line,
                    _mm512_fmadd_ps(number, *errors, _mm512_loadu_ps(line)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{Layout, sgemm_avx512};

    #[test]
    fn leaving_zeros_out_changes_no_bit() {
        if !is_available() {
            println!("skipped: this processor has no AVX-512");
            return;
        }
        let mut stream = spinet_rules::Stream::new(7, spinet_rules::Purpose::Noise, 0);
        for [m, k, n] in [
            [1, 1, 1],
            [61, 300, 10],
            [600, 784, 100],
            [13, 600, 48],
            [8, 257, 33],
            [3, 5, 130],
        ] {
            // Pixels of which most are black, or white where the centre is.
            let centre: Vec<f32> = (0..k)
                .map(|feature| if feature % 5 == 1 { 255.0 } else { 0.0 })
                .collect();
            let mut byte = |index: usize| {
                if stream.unit() < 0.05 {
                    stream.below(256) as u8
                } else {
                    centre[index % k] as u8
                }
            };
            let bytes: Vec<u8> = (0..m * k).map(&mut byte).collect();
            for scale in [1.0, 1.0 / 255.0] {
                let encoding = Encoding::new(centre.clone(), scale);
                let number =
                    |(index, byte): (usize, &u8)| (f32::from(*byte) - centre[index % k]) * scale;
                let numbers: Vec<f32> = bytes.iter().enumerate().map(number).collect();
                let chosen: Vec<u32> = (0..m as u32).collect();
                let (pixels, mut sparse) = (Pixels::chosen(&bytes, k, &chosen), Sparse::default());
                assert!(sparse.take(&pixels, || encoding) || m * k < 1000);
                let mut normal = |count: usize| {
                    (0..count)
                        .map(|_| stream.normal() as f32)
                        .collect::<Vec<_>>()
                };
                let (weight, error) = (normal(n * k), normal(m * n));
                for threads in [1, 3] {
                    let threads = Threads::new(threads).unwrap();
                    let [mut found, mut expected] = [vec![f32::NAN; m * n], vec![f32::NAN; m * n]];
                    sparse.forward(&threads, &weight, &mut found);
                    sgemm_avx512::product(
                        &threads,
                        [m, k, n],
                        (&numbers, Layout::Plain),
                        (&weight, Layout::Transposed),
                        &mut expected,
                    );
                    assert_eq!(found, expected, "{m} x {k} x {n}");
                    let [mut found, mut expected] = [vec![f32::NAN; n * k], vec![f32::NAN; n * k]];
                    sparse.gradient(&threads, &error, &mut found);
                    sgemm_avx512::product(
                        &threads,
                        [n, m, k],
                        (&error, Layout::Transposed),
                        (&numbers, Layout::Plain),
                        &mut expected,
                    );
                    assert_eq!(found, expected, "{m} x {k} x {n}, gradient");
                }
            }
        }
    }
}
