//! Products of bytes with numbers whose sums are exact.
//!
//! A network's inputs are often pixels, `x = p / 255` with a byte `p`. Numbers are split into three
//! signed digits ([`Digits`]), and then every sum is a sum of integers, without rounding and in any
//! order:
//!
//! ```text
//! sum_k x_k w_k = u / 255 * (2^16 sum_k p_k d2_k + 2^8 sum_k p_k d1_k + sum_k p_k d0_k)
//! ```
//!
//! `|sum_k p_k d_k| <= K * 255 * 128` fits 32 bits for up to [`MOST_TERMS`] terms. The three sums
//! are rounded to `f32` and added; nothing else is rounded. So the bits depend neither on the
//! kernel (`portable`, `vnni`, `amx`) nor on tiles or threads, steps whose bytes are all 0 can be
//! left out, and the result is closer to the true product than that of a chain of `f32` additions.
//! Both large products of a first layer have this form: `Z = X W^T` with the digits of the weights,
//! and `G^T = X^T E` with those of the error signal.
#![allow(
    unsafe_code,
    reason = "a kernel file: tiles of one result are written side by side by several threads"
)]

use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod digits;
mod left;
mod portable;
pub(crate) mod vnni;

pub(crate) use digits::Digits;
pub(crate) use left::Left;

use digits::{DIGITS, LANES};

use crate::{Kernel, Pixels, Threads};

/// Most terms of a sum: `65_793 * 255 * 128 < 2^31`.
pub(crate) const MOST_TERMS: usize = 65_793;

/// Most rows of a tile, of all kernels.
const MOST_ROWS: usize = 16;

/// Maximum size in bytes of the tiles that take turns with all blocks of digits: they and a block
/// stay in the second-level cache.
const CACHED: usize = 768 << 10;

/// Sums of a tile, `[row][digit][column]`, aligned to whole cache lines.
#[repr(C, align(64))]
struct Sums([[[i32; LANES]; DIGITS]; MOST_ROWS]);

impl Sums {
    const ZERO: Self = Self([[[0; LANES]; DIGITS]; MOST_ROWS]);
}

/// Where the result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// `[rows, columns]`.
    Rows,
    /// `[columns, rows]`.
    Columns,
}

/// Buffers of the two exact products of a layer whose inputs are pixels.
#[derive(Clone, Debug)]
pub(crate) struct Exact {
    kernel: Kernel,
    inputs: Left,
    weight: Digits,
    /// The factors of the gradient: the inputs turned, and the error signals. An evaluation needs
    /// none.
    backward: Option<(Left, Digits)>,
    /// Most samples.
    most: usize,
}

impl Exact {
    /// Buffers for at most `samples` samples; `kernel` is resolved and of the class `exact`.
    pub(crate) fn new(kernel: Kernel, samples: usize, features: usize, units: usize) -> Self {
        Self {
            kernel,
            inputs: Left::new(kernel, samples, features),
            weight: Digits::new(kernel, features, units),
            backward: None,
            most: samples,
        }
    }

    /// Takes a batch.
    pub(crate) fn gather(&mut self, threads: &Threads, pixels: &Pixels<'_>) {
        self.inputs.gather(threads, pixels);
    }

    /// Splits the weights `[units, features]` for any number of calls of
    /// [`forward`](Self::forward); gives their largest magnitude, NaN if there is one.
    pub(crate) fn split(&mut self, weight: &[f32], features: usize) -> f32 {
        self.weight.split_rows(weight, features);
        self.weight.largest()
    }

    /// `Z = X W^T`: pre-activations `[samples, units]` without biases.
    pub(crate) fn forward(&self, threads: &Threads, outputs: &mut [f32]) {
        multiply(
            self.kernel,
            threads,
            &self.inputs,
            &self.weight,
            Order::Rows,
            outputs,
        );
    }

    /// `G = E^T X`: gradients `[units, features]` from error signals `[samples, units]`; gives
    /// their largest magnitude, NaN if there is one.
    pub(crate) fn gradient(
        &mut self,
        threads: &Threads,
        error_signal: &[f32],
        features: usize,
        gradient: &mut [f32],
    ) -> f32 {
        let new = || {
            (
                Left::turned(self.kernel, features, self.most),
                Digits::new(self.kernel, self.most, self.weight.columns),
            )
        };
        let (inputs_turned, error) = self.backward.get_or_insert_with(new);
        error.split_columns(error_signal, self.inputs.rows);
        inputs_turned.turn(&self.inputs, features);
        multiply(
            self.kernel,
            threads,
            inputs_turned,
            error,
            Order::Columns,
            gradient,
        )
    }
}

/// `result = left * right / 255`, with `left` as numbers and `right` in its units; gives the
/// maximum magnitude of the result, NaN if it has one.
fn multiply(
    kernel: Kernel,
    threads: &Threads,
    left: &Left,
    right: &Digits,
    order: Order,
    result: &mut [f32],
) -> f32 {
    let (rows, columns, tiles) = (left.rows, right.columns, left.tiles());
    assert_eq!(
        result.len(),
        rows * columns,
        "the result has not the shape of the product"
    );
    let target = Target {
        first: result.as_mut_ptr(),
        rows,
        columns,
        order,
        largest: AtomicU32::new(0),
    };
    let group = (CACHED / left.tile_bytes.max(1)).max(1);
    // Sums are exact, so the split may follow the threads.
    let share = tiles.div_ceil(threads.count()).max(1);
    threads.each(tiles.div_ceil(share), |index| {
        let tiles = index * share..tiles.min((index + 1) * share);
        let run = || {
            let mut sums = Sums::ZERO;
            for first in tiles.clone().step_by(group) {
                for block in 0..right.blocks() {
                    for tile in first..tiles.end.min(first + group) {
                        // SAFETY: `result` has `rows * columns` numbers and is borrowed for the
                        // whole call; every tile and block is written by one task, and no two of
                        // them share an element.
                        unsafe { tile_of(kernel, left, right, [tile, block], &target, &mut sums) };
                    }
                }
            }
        };
        if kernel == Kernel::Amx {
            amx::with_tiles(run);
        } else {
            run();
        }
    });
    f32::from_bits(target.largest.into_inner())
}

/// Computes one tile and block and stores it.
///
/// # Safety
///
/// As [`Target::write`].
unsafe fn tile_of(
    kernel: Kernel,
    left: &Left,
    right: &Digits,
    [tile, block]: [usize; 2],
    target: &Target,
    sums: &mut Sums,
) {
    let (bytes, steps) = left.tile(tile);
    let factors = Factors {
        bytes,
        strides: left.strides,
        steps,
        digits: right.block(block),
        units: right.units(block),
    };
    let at = [tile * kernel.tile()[0], block * LANES];
    if kernel == Kernel::Vnni {
        // SAFETY: as the caller promises.
        return unsafe { vnni::tile(&factors, target, at) };
    }
    #[cfg(target_arch = "x86_64")]
    if kernel == Kernel::Amx {
        amx::sum(&factors, sums);
        // SAFETY: as the caller promises; AMX is available, and so AVX-512.
        return unsafe { avx512::write_sums(target, at, sums, factors.units) };
    }
    portable::sum(&factors, sums);
    // SAFETY: as the caller promises.
    unsafe { target.write(at, sums, factors.units, kernel.tile()[0]) };
}

/// What one tile is computed from.
#[derive(Clone, Copy)]
struct Factors<'a> {
    /// The bytes from the tile's first row on.
    bytes: &'a [u8],
    /// Bytes from one row to the next, and from one step to the next.
    strides: [usize; 2],
    /// The steps to take, rising.
    steps: &'a [u16],
    /// The block's digits.
    digits: &'a [u32],
    /// The unit of each column of the block, over 255.
    units: &'a [f32; LANES],
}

#[cfg(target_arch = "x86_64")]
impl Factors<'_> {
    /// The largest step, or 0 if there is none.
    fn last_step(&self) -> usize {
        self.steps.last().map_or(0, |step| usize::from(*step))
    }

    /// Where the bytes of a step end in the last of the tile's rows.
    fn end(&self, step: usize, rows: usize, terms: usize) -> usize {
        (rows - 1) * self.strides[0] + step * self.strides[1] + terms
    }
}

/// The result, which several threads write, each its own tiles.
struct Target {
    first: *mut f32,
    rows: usize,
    columns: usize,
    order: Order,
    /// Bits of the maximum magnitude so far. Bits of magnitudes are ordered as they are, with NaN
    /// above all.
    largest: AtomicU32,
}
// SAFETY: tiles written through it are disjoint, see `multiply`.
unsafe impl Sync for Target {}

impl Target {
    /// Rounds and adds the sums of the tile at `(row, column)` and stores what lies inside the
    /// result.
    ///
    /// # Safety
    ///
    /// `first` must point to `rows * columns` numbers, and no other thread may write this tile.
    unsafe fn write(
        &self,
        [row, column]: [usize; 2],
        sums: &Sums,
        units: &[f32; LANES],
        tile_rows: usize,
    ) {
        let (height, width) = (
            tile_rows.min(self.rows - row),
            LANES.min(self.columns - column),
        );
        let mut largest = 0;
        for (index, [low, middle, high]) in sums.0.iter().enumerate().take(height) {
            for lane in 0..width {
                let [low, middle, high] =
                    [low[lane], middle[lane], high[lane]].map(|sum| sum as f32);
                let value = (high * 65536.0 + (middle * 256.0 + low)) * units[lane];
                largest = largest.max(value.abs().to_bits());
                let place = match self.order {
                    Order::Rows => (row + index) * self.columns + column + lane,
                    Order::Columns => (column + lane) * self.rows + row + index,
                };
                // SAFETY: `row + index < rows` and `column + lane < columns`.
                unsafe { *self.first.add(place) = value };
            }
        }
        self.has(largest);
    }

    /// Takes note of a magnitude, by its bits.
    fn has(&self, magnitude: u32) {
        if magnitude > self.largest.load(Ordering::Relaxed) {
            self.largest.fetch_max(magnitude, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
