//! The left factor of an exact product: rows of bytes, and which of their terms are not 0.

use crate::aligned::{Aligned, LINE};
use crate::{Kernel, Pixels};

/// Terms that one instruction adds up.
pub(super) const GROUP: usize = 4;

/// Rows of bytes, padded with zeros to whole tiles, and the steps of each tile that are not all zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    has_avx512: bool,
    pub(super) rows: usize,
    /// Bytes from one row to the next, a whole number of cache lines.
    pub(super) stride: usize,
    bytes: Aligned<u8>,
    /// Rows of a tile and terms of a step.
    tile: [usize; 2],
    /// For each tile, its steps with a byte that is not 0, from `ends[tile]` to `ends[tile + 1]`.
    steps: Vec<u16>,
    /// The bytes of a tile's rows, or-ed.
    any: Vec<u8>,
    ends: Vec<u32>,
}

impl Left {
    /// A buffer for at most `rows` rows of `terms` bytes.
    pub(super) fn new(kernel: Kernel, rows: usize, terms: usize) -> Self {
        let tile = kernel.tile();
        // Whole pieces of the fastest transpose, which are whole tiles of every kernel.
        let tiles = rows.next_multiple_of(LINE) / tile[0];
        let stride = terms.next_multiple_of(LINE);
        Self {
            has_avx512: kernel != Kernel::Portable,
            rows: 0,
            stride,
            bytes: Aligned::zeros(tiles * tile[0] * stride),
            tile,
            any: vec![0; stride],
            // A vector more than can be needed: whole vectors are written at the end.
            steps: vec![0; tiles * stride / tile[1] + LINE],
            ends: Vec::with_capacity(tiles + 1),
        }
    }

    /// Copies the chosen samples, one a row.
    pub(super) fn gather(&mut self, pixels: &Pixels<'_>) {
        self.rows = pixels.len();
        let (features, stride) = (pixels.features, self.stride);
        let bytes = self.bytes.get_mut();
        for (row, sample) in bytes.chunks_exact_mut(stride).zip(pixels.rows()) {
            row[..features].copy_from_slice(sample);
        }
        bytes[self.rows * stride..].fill(0);
        self.find_steps();
    }

    /// Takes the transpose of another left factor with `terms` bytes a row.
    pub(super) fn transpose(&mut self, other: &Self, terms: usize) {
        self.rows = terms;
        let (from, to, stride) = (other.bytes.get(), self.bytes.get_mut(), self.stride);
        #[cfg(target_arch = "x86_64")]
        if self.has_avx512 {
            let [rows, columns] = [other.rows, terms].map(|edge| edge.next_multiple_of(super::avx512::PIECE));
            super::avx512::transpose(from, other.stride, to, stride, [rows, columns]);
            // What an earlier, larger batch left behind the rows.
            to.chunks_exact_mut(stride).take(columns).for_each(|line| line[rows..].fill(0));
            return self.find_steps();
        }
        to.fill(0);
        for (row, line) in from.chunks_exact(other.stride).enumerate().take(other.rows) {
            line[..terms].iter().enumerate().for_each(|(column, byte)| to[column * stride + row] = *byte);
        }
        self.find_steps();
    }

    /// How many tiles hold the rows.
    pub(super) fn tiles(&self) -> usize {
        self.rows.div_ceil(self.tile[0])
    }

    /// The bytes of a tile's rows and its steps that are not all zeros.
    pub(super) fn tile(&self, tile: usize) -> (&[u8], &[u16]) {
        let size = self.tile[0] * self.stride;
        (&self.bytes.get()[tile * size..][..size], &self.steps[self.ends[tile] as usize..self.ends[tile + 1] as usize])
    }

    fn find_steps(&mut self) {
        let ([rows, terms], stride) = (self.tile, self.stride);
        let tiles = self.bytes.get().chunks_exact(rows * stride).take(self.rows.div_ceil(rows));
        self.ends.clear();
        self.ends.push(0);
        let mut count = 0;
        for tile in tiles {
            #[cfg(target_arch = "x86_64")]
            if self.has_avx512 {
                count += super::avx512::steps(tile, stride, terms, &mut self.steps[count..]);
                self.ends.push(count as u32);
                continue;
            }
            let any = &mut self.any;
            any.fill(0);
            for row in tile.chunks_exact(stride) {
                any.iter_mut().zip(row).for_each(|(any, byte)| *any |= *byte);
            }
            for (step, any) in any.chunks_exact(terms).enumerate() {
                if any.iter().any(|byte| *byte != 0) {
                    self.steps[count] = step as u16;
                    count += 1;
                }
            }
            self.ends.push(count as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|index| if index % 3 == 0 { 0 } else { (index * 37 % 251) as u8 }).collect()
    }

    #[test]
    fn the_transpose_has_rows_and_columns_swapped_and_zeros_around_them() {
        for (rows, features) in [(1, 1), (5, 3), (16, 16), (17, 70), (33, 128)] {
            let data = bytes(rows * features);
            let mut left = Left::new(Kernel::Portable, rows + 3, features);
            left.gather(&Pixels::all(&data, features));
            let mut turned = Left::new(Kernel::Portable, features, rows + 3);
            turned.bytes.get_mut().fill(9);
            turned.transpose(&left, features);
            for (index, row) in turned.bytes.get().chunks(turned.stride).enumerate() {
                for (column, found) in row.iter().enumerate() {
                    let expected = if index < features && column < rows { data[column * features + index] } else { 0 };
                    assert_eq!(*found, expected, "{rows} x {features}: row {index}, column {column}");
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
        for (kernel, expected) in [(Kernel::Portable, [vec![2], vec![], vec![17]]), (Kernel::Amx, [vec![0], vec![1], vec![]])] {
            let mut left = Left::new(kernel, 20, features);
            left.gather(&Pixels::all(&data, features));
            let found: Vec<_> = (0..left.tiles()).map(|tile| left.tile(tile).1.to_vec()).collect();
            assert_eq!(found, expected[..left.tiles()], "{kernel:?}");
        }
    }

    #[test]
    fn a_smaller_batch_leaves_nothing_of_a_larger_one() {
        let mut left = Left::new(Kernel::Portable, 9, 4);
        left.gather(&Pixels::all(&[1; 36], 4));
        left.gather(&Pixels::all(&[0; 4], 4));
        assert_eq!((left.tiles(), left.tile(0).1), (1, [].as_slice()));
        assert!(left.bytes.get().iter().all(|byte| *byte == 0));
    }
}
