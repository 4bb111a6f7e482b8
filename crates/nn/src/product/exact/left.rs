//! The left factor of an exact product: rows of bytes, and which of their terms are not 0.

use crate::simd::aligned::{Aligned, LINE};
use crate::{Kernel, Pixels, Threads};

/// Terms that one instruction adds up.
pub(super) const GROUP: usize = 4;

/// Rows of bytes, padded with zeros to whole tiles, and the steps of each tile that are not all
/// zeros.
///
/// Row `r` and step `s` start at byte `r * strides[0] + s * strides[1]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    #[cfg(target_arch = "x86_64")]
    has_avx512: bool,
    pub(super) rows: usize,
    pub(super) strides: [usize; 2],
    bytes: Aligned<u8>,
    /// Rows of a tile and terms of a step.
    tile: [usize; 2],
    /// Bytes of a tile.
    pub(super) tile_bytes: usize,
    /// For each tile, its steps with a byte that is not 0, from `ends[tile]` to `ends[tile + 1]`.
    steps: Vec<u16>,
    ends: Vec<u32>,
}

impl Left {
    /// A buffer for at most `rows` rows of `terms` bytes, one row after the other.
    pub(super) fn new(kernel: Kernel, rows: usize, terms: usize) -> Self {
        let [rows, stride] = [rows, terms].map(|edge| edge.next_multiple_of(LINE));
        Self::with_strides(kernel, [rows, stride], [stride, kernel.tile()[1]])
    }

    /// A buffer for at most `rows` rows of `terms` bytes that come from the columns of another, see
    /// [`turn`](Self::turn).
    pub(super) fn turned(kernel: Kernel, rows: usize, terms: usize) -> Self {
        if kernel == Kernel::Amx {
            return Self::new(kernel, rows, terms);
        }
        let [rows, terms] = [rows, terms].map(|edge| edge.next_multiple_of(LINE));
        Self::with_strides(kernel, [rows, terms], [GROUP, GROUP * rows])
    }

    fn with_strides(kernel: Kernel, [rows, terms]: [usize; 2], strides: [usize; 2]) -> Self {
        let tile = kernel.tile();
        let (tiles, steps) = (rows / tile[0], terms / tile[1]);
        Self {
            #[cfg(target_arch = "x86_64")]
            has_avx512: kernel != Kernel::Portable,
            rows: 0,
            strides,
            bytes: Aligned::zeros(rows * terms),
            tile,
            tile_bytes: tile[0] * terms,
            // A vector more than can be needed: whole vectors are written at the end.
            steps: vec![0; tiles * steps + LINE],
            ends: Vec::with_capacity(tiles + 1),
        }
    }

    /// Copies the chosen samples, one a row.
    pub(super) fn gather(&mut self, threads: &Threads, pixels: &Pixels<'_>) {
        self.rows = pixels.len();
        let (features, stride) = (pixels.features, self.strides[0]);
        let bytes = self.bytes.get_mut();
        let (used, rest) = bytes.split_at_mut(self.rows * stride);
        threads.pieces(used, stride, |first, rows| {
            for (index, row) in rows.chunks_exact_mut(stride).enumerate() {
                row[..features].copy_from_slice(pixels.row(first + index));
            }
        });
        rest.fill(0);
        self.find_steps(stride / self.tile[1]);
    }

    /// Takes the columns of another left factor as rows.
    ///
    /// Tiles of AMX read a row's terms side by side, so bytes are transposed. The other kernels
    /// read four terms of a row at a time, for which it is enough to put four rows of the other
    /// beside each other, byte by byte.
    pub(super) fn turn(&mut self, other: &Self, columns: usize) {
        self.rows = columns;
        let (from, to) = (other.bytes.get(), self.bytes.get_mut());
        let [from_stride, to_stride] = [other.strides[0], self.strides[0].max(self.strides[1])];
        #[cfg(target_arch = "x86_64")]
        if self.strides[0] != GROUP {
            let [rows, columns] =
                [other.rows, columns].map(|edge| edge.next_multiple_of(super::avx512::PIECE));
            super::avx512::transpose(from, from_stride, to, to_stride, [rows, columns]);
            return self.find_steps(rows / self.tile[1]);
        }
        let groups = other.rows.div_ceil(GROUP);
        #[cfg(target_arch = "x86_64")]
        if self.has_avx512 {
            super::avx512::interleave(from, from_stride, to, groups);
            return self.find_steps(groups);
        }
        for (four, line) in from
            .chunks_exact(GROUP * from_stride)
            .zip(to.chunks_exact_mut(to_stride))
            .take(groups)
        {
            for (column, bytes) in line.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                *bytes = std::array::from_fn(|row| four[row * from_stride + column]);
            }
        }
        self.find_steps(groups);
    }

    /// How many tiles hold the rows.
    pub(super) fn tiles(&self) -> usize {
        self.rows.div_ceil(self.tile[0])
    }

    /// The bytes from a tile's first row on, and its steps that are not all zeros.
    pub(super) fn tile(&self, tile: usize) -> (&[u8], &[u16]) {
        let steps = &self.steps[self.ends[tile] as usize..self.ends[tile + 1] as usize];
        (
            &self.bytes.get()[tile * self.tile[0] * self.strides[0]..],
            steps,
        )
    }

    /// Looks through the first `count` steps of every tile.
    fn find_steps(&mut self, count: usize) {
        let ([rows, terms], [row_stride, step_stride]) = (self.tile, self.strides);
        self.ends.clear();
        self.ends.push(0);
        let mut found = 0;
        for tile in 0..self.tiles() {
            let bytes = &self.bytes.get()[tile * rows * row_stride..];
            #[cfg(target_arch = "x86_64")]
            if self.has_avx512 {
                found += super::avx512::steps(
                    bytes,
                    self.tile,
                    self.strides,
                    count,
                    &mut self.steps[found..],
                );
                self.ends.push(found as u32);
                continue;
            }
            for step in 0..count {
                let row = |row: usize| &bytes[row * row_stride + step * step_stride..][..terms];
                if (0..rows).any(|index| row(index).iter().any(|byte| *byte != 0)) {
                    self.steps[found] = step as u16;
                    found += 1;
                }
            }
            self.ends.push(found as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        (0..count)
            .map(|index| {
                if index % 3 == 0 {
                    0
                } else {
                    (index * 37 % 251) as u8
                }
            })
            .collect()
    }

    #[test]
    fn turned_rows_are_the_columns_with_zeros_around_them_in_both_layouts() {
        for (rows, features) in [(1, 1), (5, 3), (16, 16), (17, 70), (33, 128), (130, 65)] {
            let data = bytes(rows * features);
            let interleaved = Kernel::ALL
                .into_iter()
                .filter(|kernel| *kernel == Kernel::Portable || kernel.is_available());
            for kernel in interleaved
                .filter(|kernel| kernel.class() == Kernel::Exact && *kernel != Kernel::Exact)
            {
                let mut left = Left::new(kernel, rows + 70, features);
                let mut turned = Left::turned(kernel, features, rows + 70);
                // A larger batch comes first and must leave nothing.
                for (rows, data) in [
                    (rows + 70, vec![9; (rows + 70) * features]),
                    (rows, data.clone()),
                ] {
                    left.gather(&Threads::one(), &Pixels::all(&data, features));
                    turned.turn(&left, features);
                    for tile in 0..turned.tiles() {
                        let (found, steps) = turned.tile(tile);
                        let [height, terms] = kernel.tile();
                        for (step, row) in steps
                            .iter()
                            .flat_map(|step| (0..height).map(|row| (usize::from(*step), row)))
                        {
                            for term in 0..terms {
                                let (sample, feature) = (step * terms + term, tile * height + row);
                                let inside = sample < rows && feature < features;
                                let expected = if inside {
                                    data[sample * features + feature]
                                } else {
                                    0
                                };
                                let byte = found
                                    [row * turned.strides[0] + step * turned.strides[1] + term];
                                assert_eq!(
                                    byte, expected,
                                    "{kernel}, {rows} x {features}: sample {sample}, feature {feature}"
                                );
                            }
                        }
                        let is_dark = |step: &usize| {
                            (0..height * terms).all(|index| {
                                let (sample, feature) =
                                    (step * terms + index % terms, tile * height + index / terms);
                                sample >= rows
                                    || feature >= features
                                    || data[sample * features + feature] == 0
                            })
                        };
                        let expected: Vec<u16> = (0..rows.div_ceil(terms))
                            .filter(|step| !is_dark(step))
                            .map(|step| step as u16)
                            .collect();
                        assert_eq!(
                            steps, expected,
                            "{kernel}, {rows} x {features}, tile {tile}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn steps_without_a_byte_are_left_out() {
        let features = 70;
        let mut data = vec![0; 20 * features];
        data[3 * features + 9] = 1; // row 3, step 2
        data[19 * features + 69] = 1; // row 19, step 17
        for (kernel, expected) in [
            (Kernel::Portable, [vec![2], vec![], vec![17]]),
            (Kernel::Amx, [vec![0], vec![1], vec![]]),
        ] {
            let mut left = Left::new(kernel, 20, features);
            left.gather(&Threads::one(), &Pixels::all(&data, features));
            let found: Vec<_> = (0..left.tiles())
                .map(|tile| left.tile(tile).1.to_vec())
                .collect();
            assert_eq!(found, expected[..left.tiles()], "{kernel:?}");
        }
    }

    #[test]
    fn a_smaller_batch_leaves_nothing_of_a_larger_one() {
        let mut left = Left::new(Kernel::Portable, 9, 4);
        left.gather(&Threads::one(), &Pixels::all(&[1; 36], 4));
        left.gather(&Threads::one(), &Pixels::all(&[0; 4], 4));
        assert_eq!((left.tiles(), left.tile(0).1), (1, [].as_slice()));
        assert!(left.bytes.get().iter().all(|byte| *byte == 0));
    }
}
