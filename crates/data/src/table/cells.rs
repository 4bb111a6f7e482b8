//! The cells of the feature columns of a table, row by row in one piece of memory.
//!
//! A cell is a number, a word by its number in the list of its column, or missing. Small tables are
//! kept in `f64`. Tables of more than 4 million cells are kept in `f32`, each number as its
//! difference from the first number of its column, so that a column of large numbers that differ
//! little, such as times, keeps its digits.

use std::ops::Range;
use std::path::Path;

use super::MAX_WORDS;
use crate::error::Error;
use crate::memory;

/// Cells up to which numbers are kept in `f64`: 32 MiB.
pub(super) const EXACT_CELLS: usize = 4 << 20;

/// What one cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Finite, of magnitude below 3.4e38.
    Number(f64),
    /// A word, counted from 0 in the list of the column.
    Word(u32),
    /// Nothing.
    Missing,
}

/// Numbers that are not one: the low bits say which word, counted from 1, or with 0 that there is
/// nothing.
const NOT_F64: u64 = 0x7ff8 << 48;
const NOT_F32: u32 = 0x7fc0 << 16;
/// As many bits as `NOT_F32` leaves.
const CODE: u32 = (1 << 22) - 1;

const _: () = assert!(MAX_WORDS < CODE as usize, "every word has a code");

impl Cell {
    /// As bits of a number, or of no number.
    pub(super) fn to_f64(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Word(word) => f64::from_bits(NOT_F64 | (u64::from(word) + 1)),
            Self::Missing => f64::from_bits(NOT_F64),
        }
    }

    pub(super) fn of_f64(stored: f64) -> Self {
        if !stored.is_nan() {
            return Self::Number(stored);
        }
        Self::of_code(stored.to_bits() as u32 & CODE)
    }

    fn of_code(code: u32) -> Self {
        code.checked_sub(1).map_or(Self::Missing, Self::Word)
    }
}

/// Cells `[rows, width]`, row-major.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    pub(super) width: usize,
    stored: Stored,
}

#[derive(Clone, Debug)]
enum Stored {
    Exact(Vec<f64>),
    /// Differences from the first number of each column.
    Compact {
        numbers: Vec<f32>,
        first: Vec<Option<f64>>,
    },
}

impl Cells {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            stored: Stored::Exact(Vec::new()),
        }
    }

    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        match &self.stored {
            Stored::Exact(numbers) => numbers.len(),
            Stored::Compact { numbers, .. } => numbers.len(),
        }
    }

    /// Whether they are kept as they were read.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self.stored, Stored::Exact(_))
    }

    /// Takes memory for about so many cells at once, as far as it is there: a table that grows step by
    /// step leaves holes behind. Pages that are not used take none.
    pub(super) fn expect(&mut self, cells: usize) {
        if self.is_exact() && cells > EXACT_CELLS + EXACT_CELLS / 4 {
            self.make_compact();
            let more = cells + cells / 50;
            if let Stored::Compact { numbers, .. } = &mut self.stored
                && memory::check("", (more * size_of::<f32>()) as u64).is_ok()
            {
                // What cannot be reserved is reserved step by step, or refused there.
                let _ = numbers.try_reserve_exact(more);
            }
        }
    }

    /// Takes memory for more cells, step by step, so that what does not fit is refused before the
    /// system ends the program.
    pub(super) fn reserve(&mut self, more: usize, path: &Path, most: u64) -> Result<(), Error> {
        let wanted = self.len() + more;
        if self.is_exact() && wanted > EXACT_CELLS {
            self.make_compact();
        }
        let (capacity, size) = match &self.stored {
            Stored::Exact(numbers) => (numbers.capacity(), size_of::<f64>()),
            Stored::Compact { numbers, .. } => (numbers.capacity(), size_of::<f32>()),
        };
        let promised = (wanted * size) as u64;
        if promised > most {
            return Err(Error::TooManyNumbers {
                path: path.to_owned(),
                promised,
                limit: most,
            });
        }
        if wanted <= capacity {
            return Ok(());
        }
        let (len, next) = (self.len(), wanted.max(capacity + capacity / 2));
        memory::check(&path.display().to_string(), ((next - len) * size) as u64)?;
        let reserved = match &mut self.stored {
            Stored::Exact(numbers) => numbers.try_reserve_exact(next - len),
            Stored::Compact { numbers, .. } => numbers.try_reserve_exact(next - len),
        };
        reserved.map_err(|_| Error::OutOfMemory {
            path: path.to_owned(),
            promised: next * size,
        })
    }

    /// Makes so many rows, whose cells are then set.
    pub(super) fn fill(&mut self, rows: usize) {
        let cells = rows * self.width;
        match &mut self.stored {
            Stored::Exact(numbers) => numbers.resize(cells, 0.0),
            Stored::Compact { numbers, .. } => numbers.resize(cells, 0.0),
        }
    }

    pub(super) fn set(&mut self, row: usize, column: usize, cell: Cell) {
        let index = row * self.width + column;
        match &mut self.stored {
            Stored::Exact(numbers) => numbers[index] = cell.to_f64(),
            Stored::Compact { numbers, first } => {
                numbers[index] = compact(cell, &mut first[column]);
            }
        }
    }

    /// Gives back what was taken and is not needed.
    pub(super) fn shrink(&mut self) {
        match &mut self.stored {
            Stored::Exact(numbers) => numbers.shrink_to_fit(),
            Stored::Compact { numbers, .. } => numbers.shrink_to_fit(),
        }
    }

    /// Adds whole rows; `word_of` gives the word of this table for a word in these rows.
    pub(super) fn extend(&mut self, rows: &[f64], word_of: impl Fn(usize, u32) -> u32) {
        let width = self.width;
        let translated = |(index, stored): (usize, &f64)| match Cell::of_f64(*stored) {
            Cell::Word(word) => Cell::Word(word_of(index % width, word)),
            cell => cell,
        };
        match &mut self.stored {
            Stored::Exact(numbers) => {
                numbers.extend(
                    rows.iter()
                        .enumerate()
                        .map(|cell| translated(cell).to_f64()),
                );
            }
            Stored::Compact { numbers, first } => {
                for row in rows.chunks_exact(width) {
                    numbers.extend(row.iter().zip(first.iter_mut()).enumerate().map(
                        |(column, (stored, first))| {
                            if stored.is_nan() {
                                compact(translated((column, stored)), first)
                            } else {
                                (stored - *first.get_or_insert(*stored)) as f32
                            }
                        },
                    ));
                }
            }
        }
    }

    fn make_compact(&mut self) {
        let Stored::Exact(exact) = &self.stored else {
            return;
        };
        let mut first = vec![None; self.width];
        let mut numbers = Vec::with_capacity(exact.len());
        for row in exact.chunks_exact(self.width) {
            numbers.extend(
                row.iter()
                    .zip(&mut first)
                    .map(|(stored, first)| compact(Cell::of_f64(*stored), first)),
            );
        }
        self.stored = Stored::Compact { numbers, first };
    }

    pub(super) fn get(&self, row: usize, column: usize) -> Cell {
        let index = row * self.width + column;
        match &self.stored {
            Stored::Exact(numbers) => Cell::of_f64(numbers[index]),
            Stored::Compact { numbers, first } => {
                let stored = numbers[index];
                if stored.is_nan() {
                    Cell::of_code(stored.to_bits() & CODE)
                } else {
                    Cell::Number(f64::from(stored) + first[column].unwrap_or(0.0))
                }
            }
        }
    }

    /// The numbers of these columns of a row; NaN for what is no number.
    #[inline]
    pub(super) fn numbers(&self, row: usize, columns: Range<usize>, numbers: &mut Vec<f64>) {
        let start = row * self.width;
        let range = start + columns.start..start + columns.end;
        numbers.clear();
        match &self.stored {
            Stored::Exact(exact) => numbers.extend_from_slice(&exact[range]),
            Stored::Compact {
                numbers: compact,
                first,
            } => numbers.extend(
                compact[range]
                    .iter()
                    .zip(&first[columns])
                    .map(|(stored, first)| f64::from(*stored) + first.unwrap_or(0.0)),
            ),
        }
    }

    /// Puts the row `order[i]` in place `i`, for every row, in place; `order` has every row once, or
    /// fewer of them: the others are dropped.
    pub(super) fn reorder(&mut self, order: &[u32]) {
        let width = self.width;
        match &mut self.stored {
            Stored::Exact(numbers) => reorder(numbers, width, order),
            Stored::Compact { numbers, .. } => reorder(numbers, width, order),
        }
    }

    /// The memory of compact cells, for what is computed from them in place; gives the numbers and
    /// what is to be added to each column.
    pub(super) fn into_compact(self) -> Result<(Vec<f32>, Vec<f64>), Self> {
        match self.stored {
            Stored::Compact { numbers, first } => Ok((
                numbers,
                first
                    .into_iter()
                    .map(|first| first.unwrap_or(0.0))
                    .collect(),
            )),
            Stored::Exact(_) => Err(self),
        }
    }
}

fn compact(cell: Cell, first: &mut Option<f64>) -> f32 {
    match cell {
        Cell::Number(number) => (number - *first.get_or_insert(number)) as f32,
        Cell::Word(word) => f32::from_bits(NOT_F32 | (word + 1)),
        Cell::Missing => f32::from_bits(NOT_F32),
    }
}

/// Numbers that are moved beside the table at once: 4 MiB of `f32`.
const BLOCK: usize = 1 << 20;

/// The rows of `order`, in place where it has a few runs of ascending rows, as the parts of a table
/// are.
fn reorder<T: Copy>(values: &mut Vec<T>, width: usize, order: &[u32]) {
    let rows = values.len().checked_div(width).unwrap_or(0);
    // Rows that are dropped are behind all others.
    let mut run_of = vec![u8::MAX; rows];
    let mut run = 0_u8;
    let mut is_few = true;
    for (place, row) in order.iter().enumerate() {
        if place > 0 && order[place - 1] > *row {
            is_few &= run < u8::MAX - 1;
            run = run.saturating_add(1);
        }
        run_of[*row as usize] = run;
    }
    if is_few {
        sort_runs(values, width, &mut run_of, &mut Vec::new());
        values.truncate(order.len() * width);
    } else {
        let row = |row: &u32| &values[*row as usize * width..][..width];
        *values = order.iter().flat_map(row).copied().collect();
    }
}

/// Sorts rows by their runs. Rows of a run keep their order. Every step goes through memory from
/// one end to the other: rows that are fetched one by one, each from its place, take ten times as
/// long.
fn sort_runs<T: Copy>(values: &mut [T], width: usize, run_of: &mut [u8], beside: &mut Vec<T>) {
    if run_of.is_sorted() {
        return;
    }
    if values.len() <= BLOCK {
        beside.clear();
        beside.extend_from_slice(values);
        let mut places: Vec<usize> = (0..run_of.len()).collect();
        places.sort_by_key(|row| run_of[*row]);
        for (to, from) in values.chunks_exact_mut(width).zip(places) {
            to.copy_from_slice(&beside[from * width..][..width]);
        }
        run_of.sort_unstable();
        return;
    }
    let middle = run_of.len() / 2;
    {
        let (left, right) = values.split_at_mut(middle * width);
        let (left_runs, right_runs) = run_of.split_at_mut(middle);
        sort_runs(left, width, left_runs, beside);
        sort_runs(right, width, right_runs, beside);
    }
    // Both halves have the rows of the first run, then those of the next: those of the right half
    // change places with what is behind the run in the left half.
    let (mut start, mut end) = (0, middle);
    while start < end && end < run_of.len() {
        let run = run_of[start].min(run_of[end]);
        start += run_of[start..end].partition_point(|other| *other == run);
        let same = run_of[end..].partition_point(|other| *other == run);
        run_of[start..end + same].rotate_right(same);
        values[start * width..(end + same) * width].rotate_right(same * width);
        (start, end) = (start + same, end + same);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rows: &[[Cell; 2]]) -> Cells {
        let mut cells = Cells::new(2);
        let stored: Vec<f64> = rows.iter().flatten().map(|cell| cell.to_f64()).collect();
        cells.extend(&stored, |_, word| word);
        cells
    }

    #[test]
    fn numbers_words_and_nothing_are_kept_in_both_forms() {
        let rows = [
            [Cell::Number(1.5), Cell::Word(0)],
            [Cell::Missing, Cell::Word(4_000_000)],
            [Cell::Number(-2.0), Cell::Missing],
        ];
        let mut table = cells(&rows);
        for is_exact in [true, false] {
            assert_eq!(table.is_exact(), is_exact);
            for (row, expected) in rows.iter().enumerate() {
                assert_eq!(&[table.get(row, 0), table.get(row, 1)], expected);
            }
            table.make_compact();
        }
    }

    #[test]
    fn large_numbers_that_differ_little_keep_their_digits() {
        let second = |step: u32| Cell::Number(1.7e9 + f64::from(step));
        let mut table = cells(&[[second(0), second(1)], [second(2), second(3)]]);
        table.make_compact();
        assert_eq!(
            [
                table.get(0, 0),
                table.get(0, 1),
                table.get(1, 0),
                table.get(1, 1)
            ],
            [second(0), second(1), second(2), second(3)]
        );
    }

    #[test]
    fn rows_are_reordered_in_place_and_dropped() {
        let number = |row: u32| [Cell::Number(f64::from(row)), Cell::Number(-f64::from(row))];
        let rows: Vec<[Cell; 2]> = (0..7).map(number).collect();
        for order in [
            &[0, 1, 2, 3, 4, 5, 6][..],
            &[6, 2, 0, 1, 5, 3, 4],
            &[1, 4, 6, 0],
            &[],
        ] {
            let mut table = cells(&rows);
            table.reorder(order);
            assert_eq!(table.len(), 2 * order.len());
            for (place, row) in order.iter().enumerate() {
                assert_eq!([table.get(place, 0), table.get(place, 1)], number(*row));
            }
        }
    }

    #[test]
    fn rows_of_a_large_table_are_put_in_the_order_of_its_parts() {
        let rows = 700_000;
        let part = |row: &u32| row.wrapping_mul(2_654_435_761) % 10;
        let of = |parts: [u32; 2]| {
            (0..rows).filter(move |row| (parts[0]..parts[1]).contains(&part(row)))
        };
        for parts in [&[[0, 8], [8, 10]][..], &[[0, 6], [6, 7], [7, 9]]] {
            let order: Vec<u32> = parts.iter().flat_map(|range| of(*range)).collect();
            let mut values: Vec<u32> = (0..rows).flat_map(|row| [row, !row]).collect();
            assert!(values.len() > BLOCK, "more than is moved at once");
            reorder(&mut values, 2, &order);
            let expected: Vec<u32> = order.iter().flat_map(|row| [*row, !row]).collect();
            assert!(values == expected, "{parts:?}");
        }
        let backwards: Vec<u32> = (0..1000).rev().collect();
        let mut values: Vec<u32> = (0..1000).collect();
        reorder(&mut values, 1, &backwards);
        assert_eq!(values, backwards);
    }
}
