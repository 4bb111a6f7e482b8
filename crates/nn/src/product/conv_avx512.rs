//! Products of a convolution in `f32` on AVX-512.
//!
//! As in [`crate::product::sgemm_avx512`], 8 rows meet up to three vectors of columns, and for each
//! term 8 broadcast numbers meet them. The rows are patches, which have a pointer each, so they need
//! not be laid out. Weights are laid out once for a pass, in bands of vectors; of a gradient the
//! patches are the right factor, and bands of them are laid out on the stack.
#![allow(
    unsafe_code,
    reason = "a kernel file: instructions of one processor family, and loads and stores without bounds checks"
)]
#![allow(
    clippy::wildcard_imports,
    reason = "the instructions of one processor family"
)]
#![allow(
    clippy::large_stack_arrays,
    reason = "a band is 48 KiB, and a step allocates nothing"
)]

use std::arch::x86_64::*;

use crate::product::conv::Patches;
use crate::product::sgemm_avx512::{Piece, ROWS, TERMS};
use crate::simd::avx512::{LANES, below, is_available};

/// Most vectors of a band.
const VECTORS: usize = 3;
/// Numbers of inputs and outputs that the second cache holds beside a band.
const CACHED: usize = 128 << 10;

/// Bands of columns as even as possible: where each begins and how many vectors it has.
fn bands(columns: usize) -> impl Iterator<Item = [usize; 2]> {
    let vectors = columns.div_ceil(LANES);
    let count = vectors.div_ceil(VECTORS);
    (0..count).map(move |band| {
        let [from, to] = [band, band + 1].map(|band| band * vectors / count);
        [from * LANES, to - from]
    })
}

/// Lays weights `[columns, terms]` out, band after band `[terms, columns of the band]`.
pub(crate) fn pack(terms: usize, weight: &[f32], packed: &mut [f32]) {
    let columns = weight.len() / terms;
    for [column, vectors] in bands(columns) {
        let width = vectors * LANES;
        let lines = &mut packed[column * terms..][..width * terms];
        for (term, line) in lines.chunks_exact_mut(width).enumerate() {
            for (lane, number) in line.iter_mut().enumerate() {
                *number = weight
                    .get((column + lane) * terms + term)
                    .filter(|_| column + lane < columns)
                    .copied()
                    .unwrap_or(0.0);
            }
        }
    }
}

/// Outputs `[samples, places, units]`, as [`crate::product::conv::forward`].
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(crate) fn forward(
    patches: &Patches,
    (input, packed): (&[f32], &[f32]),
    (units, bias): (usize, Option<&[f32]>),
    output: &mut [f32],
) {
    let (places, sample) = (patches.places(), patches.sample());
    assert!(
        is_available()
            && bias.is_none_or(|bias| bias.len() == units)
            && output.len().is_multiple_of(places * units)
            && input.len() >= output.len() / (places * units) * sample
            && packed.len() >= patches.terms() * units.next_multiple_of(LANES)
    );
    let samples = (CACHED / (sample + places * units)).max(1);
    for (chunk, output) in output.chunks_mut(samples * places * units).enumerate() {
        let input = &input[chunk * samples * sample..];
        for band in bands(units) {
            let weights = &packed[band[0] * patches.terms()..];
            // SAFETY: the CPU has the instructions, and the assertion above gives every patch of the
            // samples of `output` its place in `input`.
            unsafe {
                match band[1] {
                    1 => {
                        forward_band::<1>(
                            patches,
                            (input, weights),
                            (units, bias),
                            band[0],
                            output,
                        );
                    }
                    2 => {
                        forward_band::<2>(
                            patches,
                            (input, weights),
                            (units, bias),
                            band[0],
                            output,
                        );
                    }
                    _ => {
                        forward_band::<3>(
                            patches,
                            (input, weights),
                            (units, bias),
                            band[0],
                            output,
                        );
                    }
                }
            }
        }
    }
}

/// Stretches of terms: whole kernel rows as far as they fit, else parts of one. Each is the place in
/// a patch, the kernel rows, and the terms of each.
fn stretches(patches: &Patches) -> impl Iterator<Item = [usize; 3]> + use<> {
    let (kernel, stretch, row) = (patches.kernel, patches.stretch(), patches.row());
    let rows = (TERMS / stretch).clamp(1, kernel);
    let terms = stretch.min(TERMS);
    (0..kernel).step_by(rows).flat_map(move |top| {
        (0..stretch).step_by(terms).map(move |from| {
            [
                top * row + from,
                rows.min(kernel - top),
                terms.min(stretch - from),
            ]
        })
    })
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn forward_band<const V: usize>(
    patches: &Patches,
    (input, weights): (&[f32], &[f32]),
    (units, bias): (usize, Option<&[f32]>),
    column: usize,
    output: &mut [f32],
) {
    let rows = output.len() / units;
    let masks: [__mmask16; V] =
        std::array::from_fn(|vector| below(units - column - vector * LANES));
    let start = std::array::from_fn(|vector| {
        bias.map_or(_mm512_setzero_ps(), |bias| {
            let place = bias.as_ptr().wrapping_add(column + vector * LANES);
            // SAFETY: the mask ends at the last unit.
            unsafe { _mm512_maskz_loadu_ps(masks[vector], place) }
        })
    });
    let mut lines = weights.as_ptr();
    for (index, [place, kernel_rows, terms]) in stretches(patches).enumerate() {
        let mut walk = Walk::new(patches);
        for row in (0..rows).step_by(ROWS) {
            let valid = ROWS.min(rows - row);
            // SAFETY: as in `forward`.
            unsafe {
                let mut from = [input.as_ptr(); ROWS];
                for (index, from) in from.iter_mut().enumerate() {
                    *from = input.as_ptr().add(walk.place + place);
                    if index + 1 < valid || row + ROWS < rows {
                        walk.go_on();
                    }
                }
                tile::<V>(
                    &from,
                    [kernel_rows, patches.row(), terms, 1],
                    lines,
                    (output.as_mut_ptr().add(row * units + column), units, valid),
                    masks,
                    (index == 0).then_some(start),
                );
            }
        }
        // SAFETY: the weights of the band are laid out stretch after stretch.
        lines = unsafe { lines.add(kernel_rows * terms * V * LANES) };
    }
}

/// Where patches begin, one after the other.
struct Walk {
    place: usize,
    /// Patches left in the row, and rows left in the sample.
    left: [usize; 2],
    output: [usize; 2],
    /// From a patch to the next, from the last of a row to the next row, and from the last of a
    /// sample to the next sample.
    steps: [usize; 3],
}

impl Walk {
    fn new(patches: &Patches) -> Self {
        let [height, width] = patches.output();
        let step = patches.stride * patches.channels;
        let (row, sample) = (patches.stride * patches.row(), patches.sample());
        Self {
            place: 0,
            left: [width, height],
            output: [width, height],
            steps: [
                step,
                row - (width - 1) * step,
                sample - (height - 1) * row - (width - 1) * step,
            ],
        }
    }

    #[inline]
    fn go_on(&mut self) {
        self.left[0] -= 1;
        if self.left[0] > 0 {
            self.place += self.steps[0];
            return;
        }
        self.left[0] = self.output[0];
        self.left[1] -= 1;
        if self.left[1] > 0 {
            self.place += self.steps[1];
            return;
        }
        self.left[1] = self.output[1];
        self.place += self.steps[2];
    }
}

/// Adds the products of 8 rows with lines of `V` vectors to the first `valid` rows of the result,
/// whose rows are `stride` apart, or sets these to the products and what they start from. The terms of a row are `segments` times `terms` numbers: those of
/// a segment are `step` apart, and segments begin `row` numbers apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn tile<const V: usize>(
    from: &[*const f32; ROWS],
    [segments, row, terms, step]: [usize; 4],
    mut lines: *const f32,
    (result, stride, valid): (*mut f32, usize, usize),
    masks: [__mmask16; V],
    start: Option<[__m512; V]>,
) {
    let mut sums = [start.unwrap_or([_mm512_setzero_ps(); V]); ROWS];
    // Loops of fixed lengths, so that the sums stay in registers.
    let mask = |index: usize, vector: usize| if index < valid { masks[vector] } else { 0 };
    // SAFETY: as the callers say.
    unsafe {
        if start.is_none() {
            for (index, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    let place = result.wrapping_add(index * stride + vector * LANES);
                    *sum = _mm512_maskz_loadu_ps(mask(index, vector), place);
                }
            }
        }
        for segment in 0..segments {
            let mut at = segment * row;
            for _ in 0..terms {
                let line: [__m512; V] =
                    std::array::from_fn(|vector| _mm512_loadu_ps(lines.add(vector * LANES)));
                for (from, sums) in from.iter().zip(&mut sums) {
                    let factor = _mm512_set1_ps(*from.add(at));
                    for (sum, line) in sums.iter_mut().zip(line) {
                        *sum = _mm512_fmadd_ps(factor, line, *sum);
                    }
                }
                lines = lines.add(V * LANES);
                at += step;
            }
        }
        for (index, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                let place = result.wrapping_add(index * stride + vector * LANES);
                _mm512_mask_storeu_ps(place, mask(index, vector), *sum);
            }
        }
    }
}

/// Most channels with which derivatives at the inputs are scattered: products with as few columns
/// as these would leave lanes empty, those with the terms of a patch do not.
pub(crate) const FEW_CHANNELS: usize = LANES - 1;

/// Lays weights `[units, terms]` out for [`scatter`], band after band `[units, terms of the band]`.
pub(crate) fn pack_terms(terms: usize, weight: &[f32], packed: &mut [f32]) {
    let units = weight.len() / terms;
    for [column, vectors] in bands(terms) {
        let width = (vectors * LANES).min(terms - column);
        let lines = packed[column * units..].chunks_exact_mut(vectors * LANES);
        for (line, weight) in lines.zip(weight.chunks_exact(terms)) {
            line[..width].copy_from_slice(&weight[column..][..width]);
            line[width..].fill(0.0);
        }
    }
}

/// Derivatives at padded inputs from error signals: the product of each place's errors with all
/// weights is added where its patch lies.
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(crate) fn scatter(
    patches: &Patches,
    (error, packed): (&[f32], &[f32]),
    units: usize,
    sums: &mut [f32],
) {
    let (places, sample, terms) = (patches.places(), patches.sample(), patches.terms());
    assert!(
        is_available()
            && sums.len().is_multiple_of(sample)
            && error.len() >= sums.len() / sample * places * units
            && packed.len() >= units * terms.next_multiple_of(LANES)
    );
    sums.fill(0.0);
    let errors = error.chunks_exact(places * units);
    for (sums, error) in sums.chunks_exact_mut(sample).zip(errors) {
        for [column, vectors] in bands(terms) {
            let weights = &packed[column * units..];
            // SAFETY: the CPU has the instructions, and the assertion above gives every patch its
            // place in `sums` and its error signals.
            unsafe {
                match vectors {
                    1 => scatter_band::<1>(patches, error, weights, column, sums),
                    2 => scatter_band::<2>(patches, error, weights, column, sums),
                    _ => scatter_band::<3>(patches, error, weights, column, sums),
                }
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn scatter_band<const V: usize>(
    patches: &Patches,
    error: &[f32],
    weights: &[f32],
    column: usize,
    sums: &mut [f32],
) {
    let (places, stretch) = (patches.places(), patches.stretch());
    let units = error.len() / places;
    let width = (V * LANES).min(patches.terms() - column);
    let mut products = [[0.0_f32; VECTORS * LANES]; ROWS];
    let mut walk = Walk::new(patches);
    for first in (0..places).step_by(ROWS) {
        let valid = ROWS.min(places - first);
        // SAFETY: a row beyond the last place repeats it and is not added; the terms of a band that
        // belong to one kernel row lie side by side in the patch.
        unsafe {
            let from =
                std::array::from_fn(|row| error.as_ptr().add((first + row.min(valid - 1)) * units));
            tile::<V>(
                &from,
                [1, 0, units, 1],
                weights.as_ptr(),
                (products.as_mut_ptr().cast(), VECTORS * LANES, ROWS),
                [!0; V],
                Some([_mm512_setzero_ps(); V]),
            );
            for (index, products) in products.iter().enumerate().take(valid) {
                let mut done = 0;
                while done < width {
                    let (row, from) = ((column + done) / stretch, (column + done) % stretch);
                    let length = (stretch - from).min(width - done);
                    let target = sums
                        .as_mut_ptr()
                        .add(walk.place + row * patches.row() + from);
                    for lane in (0..length).step_by(LANES) {
                        let mask = below(length - lane);
                        let own = _mm512_maskz_loadu_ps(mask, products.as_ptr().add(done + lane));
                        let sum = _mm512_maskz_loadu_ps(mask, target.add(lane));
                        _mm512_mask_storeu_ps(target.add(lane), mask, _mm512_add_ps(sum, own));
                    }
                    done += length;
                }
                if first + index + 1 < places {
                    walk.go_on();
                }
            }
        }
    }
}

/// Adds gradients `[units, terms]`, as [`crate::product::conv::gradient`].
///
/// # Panics
///
/// If a slice is too short, or the CPU lacks the instructions.
pub(crate) fn add_gradient(patches: &Patches, (input, error): (&[f32], &[f32]), sums: &mut [f32]) {
    let (units, places) = (sums.len() / patches.terms(), patches.places());
    assert!(
        is_available()
            && units > 0
            && sums.len() == units * patches.terms()
            && error.len().is_multiple_of(places * units)
            && input.len() >= error.len() / (places * units) * patches.sample()
    );
    let mut piece = Piece::ZERO;
    let mut walk = Walk::new(patches);
    let mut starts = [0; TERMS];
    let rows = error.len() / units;
    for (first, error) in (0..rows).step_by(TERMS).zip(error.chunks(TERMS * units)) {
        let terms = TERMS.min(rows - first);
        for (index, start) in starts[..terms].iter_mut().enumerate() {
            *start = walk.place;
            if first + index + 1 < rows {
                walk.go_on();
            }
        }
        let mut part = Part {
            patches,
            input,
            starts: &starts[..terms],
            error,
            piece: &mut piece,
        };
        for [column, vectors] in bands(patches.terms()) {
            // SAFETY: the CPU has the instructions, and the assertion above gives every patch its
            // place in `input` and every place of them its error signals.
            unsafe {
                match vectors {
                    1 => gradient_band::<1>(&mut part, column, sums),
                    2 => gradient_band::<2>(&mut part, column, sums),
                    _ => gradient_band::<3>(&mut part, column, sums),
                }
            }
        }
    }
}

/// Patches whose gradients are added at once.
struct Part<'a> {
    patches: &'a Patches,
    input: &'a [f32],
    /// Where each patch begins in the input.
    starts: &'a [usize],
    /// `[patches, units]`.
    error: &'a [f32],
    /// A band of the patches, laid out.
    piece: &'a mut Piece,
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn gradient_band<const V: usize>(part: &mut Part<'_>, column: usize, sums: &mut [f32]) {
    let Part {
        patches,
        input,
        starts,
        error,
        piece,
    } = part;
    let (columns, stretch) = (patches.terms(), patches.stretch());
    let units = sums.len() / columns;
    let width = (V * LANES).min(columns - column);
    let lines = piece.0.as_flattened_mut().as_mut_ptr();
    // The columns of a band belong to one kernel row or several.
    let mut done = 0;
    while done < width {
        let (row, from) = ((column + done) / stretch, (column + done) % stretch);
        let length = (stretch - from).min(width - done);
        let offset = row * patches.row() + from;
        for (index, start) in starts.iter().enumerate() {
            // SAFETY: `length` numbers of the patch from `offset` on lie in one kernel row.
            unsafe {
                let source = input.as_ptr().add(start + offset);
                let target = lines.add(index * V * LANES + done);
                for lane in (0..length).step_by(LANES) {
                    let mask = below(length - lane);
                    let numbers = _mm512_maskz_loadu_ps(mask, source.add(lane));
                    _mm512_mask_storeu_ps(target.add(lane), mask, numbers);
                }
            }
        }
        done += length;
    }
    let masks: [__mmask16; V] =
        std::array::from_fn(|vector| below(columns - column - vector * LANES));
    for unit in (0..units).step_by(ROWS) {
        let valid = ROWS.min(units - unit);
        // SAFETY: a row beyond the last unit repeats it and is not stored.
        unsafe {
            let from = std::array::from_fn(|row| error.as_ptr().add(unit + row.min(valid - 1)));
            tile::<V>(
                &from,
                [1, 0, starts.len(), units],
                lines,
                (
                    sums.as_mut_ptr().add(unit * columns + column),
                    columns,
                    valid,
                ),
                masks,
                None,
            );
        }
    }
}
