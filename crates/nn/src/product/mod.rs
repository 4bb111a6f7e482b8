//! The one function for matrix products: `single` for `f32` on AVX-512, else the `gemm` crate. The
//! bits are the same regardless of the thread count.
#![allow(
    unsafe_code,
    reason = "a kernel file: `gemm` takes raw pointers, and tiles of one result are written side by side"
)]

pub(crate) mod bytes;
pub(crate) mod conv;
#[cfg(target_arch = "x86_64")]
mod conv_avx512;
pub(crate) mod exact;
pub(crate) mod kernel;
mod layout;
pub(crate) mod pixels;
#[cfg(target_arch = "x86_64")]
mod sgemm_avx512;
#[cfg(target_arch = "x86_64")]
mod sparse;

pub use layout::Layout;

#[cfg(target_arch = "x86_64")]
use crate::simd::avx512;
use crate::{Real, Threads};

/// Multiplications of a tile that is worth a task of its own.
const TILE_WORK: usize = 8 << 20;
/// Most tiles of a product.
const MOST_TILES: usize = 4;
/// Tile edges are multiples of this, so that the kernels below work on whole vectors.
const EDGE: usize = 48;

/// `result[m, n] = left[m, k] * right[k, n]`, all row-major; `left` and `right` may be given
/// transposed.
///
/// # Panics
///
/// If a slice does not have the length of the shape; callers of this crate derive both from one
/// network.
pub fn product<S: Real>(
    threads: &Threads,
    [m, k, n]: [usize; 3],
    (left, left_layout): (&[S], Layout),
    (right, right_layout): (&[S], Layout),
    result: &mut [S],
) {
    assert!(
        left.len() == m * k && right.len() == k * n && result.len() == m * n,
        "slices do not have the shape of the product"
    );
    #[cfg(target_arch = "x86_64")]
    if m * n * k > 0
        && avx512::is_available()
        && let (Some(left), Some(right), Some(result)) =
            (S::single(left), S::single(right), S::single_mut(result))
    {
        return sgemm_avx512::product(
            threads,
            [m, k, n],
            (left, left_layout),
            (right, right_layout),
            result,
        );
    }
    general(
        threads,
        [m, k, n],
        (left, left_layout),
        (right, right_layout),
        result,
    );
}

/// The same over the `gemm` crate.
///
/// The result is split into tiles whose number and size follow from the shape alone. Each tile is
/// one single-threaded call, and no sum is ever split, so the bits are the same regardless of the
/// thread count.
fn general<S: Real>(
    threads: &Threads,
    [m, k, n]: [usize; 3],
    (left, left_layout): (&[S], Layout),
    (right, right_layout): (&[S], Layout),
    result: &mut [S],
) {
    assert!(
        left.len() == m * k && right.len() == k * n && result.len() == m * n,
        "slices do not have the shape of the product"
    );
    let strides = |layout, rows: usize, columns: usize| match layout {
        Layout::Plain => (columns.cast_signed(), 1),
        Layout::Transposed => (1, rows.cast_signed()),
    };
    let (left_rows, left_columns) = strides(left_layout, m, k);
    let (right_rows, right_columns) = strides(right_layout, k, n);
    // The longer edge of the result is split.
    let is_by_rows = m >= n;
    let (edge, tiles) = tile(m, n, k);
    let target = Target(result.as_mut_ptr());
    threads.each(tiles, |index| {
        let target = &target;
        let (row, column) = if is_by_rows {
            (index * edge, 0)
        } else {
            (0, index * edge)
        };
        let rows = if is_by_rows { edge.min(m - row) } else { m };
        let columns = if is_by_rows { n } else { edge.min(n - column) };
        // SAFETY: the assertion above gives every slice its full shape; `row + rows <= m` and
        // `column + columns <= n`, so each tile lies inside `result`; tiles are disjoint, so no two
        // threads write the same element; `result` is borrowed mutably for the whole call, and
        // `each` returns only when every tile is done.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                k,
                target.0.add(row * n + column),
                1,
                n.cast_signed(),
                false,
                left.as_ptr().offset(row.cast_signed() * left_rows),
                left_columns,
                left_rows,
                right.as_ptr().offset(column.cast_signed() * right_columns),
                right_columns,
                right_rows,
                S::ZERO,
                S::ONE,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    });
}

/// Length of a tile along the split edge, and how many there are; a function of the shape alone.
fn tile(m: usize, n: usize, k: usize) -> (usize, usize) {
    let long = m.max(n).max(1);
    let wanted = (m * n * k / TILE_WORK).clamp(1, MOST_TILES);
    let edge = long.div_ceil(wanted).next_multiple_of(EDGE).min(long);
    (edge, long.div_ceil(edge))
}

/// A pointer that several threads write through, each to its own tile.
struct Target<S>(*mut S);
// SAFETY: the tiles written through it are disjoint, see `product`.
unsafe impl<S: Send> Sync for Target<S> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, in the order of the indices.
    fn plain(m: usize, k: usize, n: usize, left: &[f64], right: &[f64]) -> Vec<f64> {
        let element = |i: usize, j: usize| (0..k).map(|l| left[i * k + l] * right[l * n + j]).sum();
        (0..m * n)
            .map(|index| element(index / n, index % n))
            .collect()
    }

    fn transposed(rows: usize, columns: usize, values: &[f64]) -> Vec<f64> {
        (0..rows * columns)
            .map(|index| values[(index % rows) * columns + index / rows])
            .collect()
    }

    fn numbers(count: usize, seed: u64) -> Vec<f64> {
        let mut stream = spinet_rules::Stream::new(seed, spinet_rules::Purpose::Noise, 0);
        (0..count).map(|_| stream.normal()).collect()
    }

    /// Wide ones, narrow ones with every remainder, and empty ones.
    const SHAPES: [[usize; 3]; 12] = [
        [1, 1, 1],
        [2, 3, 4],
        [7, 5, 3],
        [61, 17, 130],
        [61, 300, 10],
        [600, 130, 16],
        [61, 10, 130],
        [600, 3, 65],
        [10, 61, 130],
        [15, 600, 33],
        [0, 3, 2],
        [3, 0, 2],
    ];

    #[test]
    fn every_layout_agrees_with_the_definition() {
        for [m, k, n] in SHAPES {
            let (left, right) = (numbers(m * k, 1), numbers(k * n, 2));
            let expected = plain(m, k, n, &left, &right);
            let (left_t, right_t) = (transposed(m, k, &left), transposed(k, n, &right));
            for (left, left_layout) in [(&left, Layout::Plain), (&left_t, Layout::Transposed)] {
                for (right, right_layout) in
                    [(&right, Layout::Plain), (&right_t, Layout::Transposed)]
                {
                    let mut result = vec![f64::NAN; m * n];
                    product(
                        &Threads::one(),
                        [m, k, n],
                        (left, left_layout),
                        (right, right_layout),
                        &mut result,
                    );
                    for (found, expected) in result.iter().zip(&expected) {
                        assert!(
                            (found - expected).abs() < 1e-12,
                            "{m} x {k} x {n}, {left_layout:?}, {right_layout:?}"
                        );
                    }
                    let single = |values: &[f64]| {
                        values.iter().map(|value| *value as f32).collect::<Vec<_>>()
                    };
                    let (left, right, mut result) =
                        (single(left), single(right), vec![f32::NAN; m * n]);
                    product(
                        &Threads::new(2).unwrap(),
                        [m, k, n],
                        (&left, left_layout),
                        (&right, right_layout),
                        &mut result,
                    );
                    for (found, expected) in result.iter().zip(&expected) {
                        assert!(
                            (f64::from(*found) - expected).abs() < 1e-4,
                            "{m} x {k} x {n}, {left_layout:?}, {right_layout:?}, f32"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() {
        let [m, k, n] = [600, 300, 130];
        assert!(tile(m, n, k).1 > 1, "the shape must have several tiles");
        let to_single = |values: Vec<f64>| {
            values
                .into_iter()
                .map(|value| value as f32)
                .collect::<Vec<_>>()
        };
        let (left, right) = (to_single(numbers(m * k, 3)), to_single(numbers(k * n, 4)));
        for by in [product::<f32>, general::<f32>] {
            let on = |threads: usize| {
                let mut result = vec![0.0_f32; m * n];
                let threads = Threads::new(threads).unwrap();
                by(
                    &threads,
                    [m, k, n],
                    (&left, Layout::Plain),
                    (&right, Layout::Plain),
                    &mut result,
                );
                result
                    .iter()
                    .map(|value| value.to_bits())
                    .collect::<Vec<_>>()
            };
            let one = on(1);
            for threads in [2, 3, 4, 8] {
                assert_eq!(one, on(threads), "{threads} threads");
            }
        }
    }

    #[test]
    fn tiles_cover_the_longer_edge_exactly() {
        for (m, n, k) in [
            (600, 100, 784),
            (100, 784, 600),
            (600, 500, 3072),
            (10, 784, 600),
            (1, 1, 1),
            (0, 5, 5),
        ] {
            let (edge, tiles) = tile(m, n, k);
            let long = m.max(n).max(1);
            assert!(
                (tiles - 1) * edge < long && tiles * edge >= long && tiles <= MOST_TILES,
                "{m} {n} {k}: {edge} x {tiles}"
            );
        }
    }
}
