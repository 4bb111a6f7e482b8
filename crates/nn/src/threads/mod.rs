//! Threads of a network.

use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
mod thread_pool;

use thread_pool::ThreadPool;

/// Most threads that are started unasked; more would only cost memory.
const MAX_CORES: usize = 1024;

/// The threads of one run. Results do not depend on their number.
#[derive(Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

impl Threads {
    /// The calling thread alone.
    pub fn one() -> Self {
        Self(None)
    }

    /// `count` threads; 1 is the calling thread alone.
    ///
    /// # Errors
    ///
    /// [`Error::NoThreads`] if `count` is 0, [`Error::Threads`] if the system gives none.
    pub fn new(count: usize) -> Result<Self, Error> {
        match count {
            0 => Err(Error::NoThreads),
            1 => Ok(Self::one()),
            _ => ThreadPool::new(count)
                .map(|team| Self(Some(Arc::new(team))))
                .map_err(|source| Error::Threads { count, source }),
        }
    }

    /// One thread for each core that this process may use.
    ///
    /// # Errors
    ///
    /// [`Error::Threads`] if the system gives none.
    pub fn all() -> Result<Self, Error> {
        Self::new(Self::available())
    }

    /// How many cores this process may use, at most 1024: more threads would only cost memory.
    pub fn available() -> usize {
        std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_CORES))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, |team| team.count())
    }

    /// Calls `task` with every number below `count`, on these threads, in any order.
    ///
    /// # Panics
    ///
    /// If a task does.
    pub fn each(&self, count: usize, task: impl Fn(usize) + Sync) {
        match &self.0 {
            Some(team) => team.each(count, &task),
            None => (0..count).for_each(task),
        }
    }

    /// Calls `task` with pieces of whole rows of `values` and the number of each piece's first row,
    /// on these threads; a few thousand numbers are one piece.
    pub(crate) fn pieces<T: Send>(
        &self,
        values: &mut [T],
        width: usize,
        task: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let count = self.count().min(values.len() / PIECE).min(MOST_PIECES);
        if count <= 1 {
            return task(0, values);
        }
        let rows = (values.len() / width).div_ceil(count);
        let mut left = values.chunks_mut(rows * width);
        // A place for each piece, from which its task takes it.
        let pieces: [_; MOST_PIECES] = std::array::from_fn(|_| Mutex::new(left.next()));
        self.each(count, |index| {
            if let Some(piece) = pieces[index]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
            {
                task(index * rows, piece);
            }
        });
    }

    /// The same with the rows of two slices of the same length.
    pub(crate) fn pairs<T: Send>(
        &self,
        [left, right]: [&mut [T]; 2],
        width: usize,
        task: impl Fn(usize, [&mut [T]; 2]) + Sync,
    ) {
        let count = self.count().min(left.len() / PIECE).clamp(1, MOST_PIECES);
        let rows = (left.len() / width).div_ceil(count).max(1);
        let mut both = (left.chunks_mut(rows * width)).zip(right.chunks_mut(rows * width));
        let pieces: [_; MOST_PIECES] = std::array::from_fn(|_| Mutex::new(both.next()));
        self.each(count, |index| {
            if let Some((left, right)) = pieces[index]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
            {
                task(index * rows, [left, right]);
            }
        });
    }

    /// Calls `task` with each of at most 16 rows of `values` and its number, on these threads.
    pub(crate) fn each_row<T: Send>(
        &self,
        values: &mut [T],
        width: usize,
        task: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let mut left = values.chunks_exact_mut(width);
        let count = left.len().min(MOST_PIECES);
        let rows: [_; MOST_PIECES] = std::array::from_fn(|_| Mutex::new(left.next()));
        self.each(count, |index| {
            if let Some(row) = rows[index]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
            {
                task(index, row);
            }
        });
    }
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Threads({})", self.count())
    }
}

/// Numbers that are worth a task of their own.
const PIECE: usize = 4096;
/// Most pieces that are made.
const MOST_PIECES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_rows_and_cover_all_values_once() {
        for threads in [1, 2, 3, 20] {
            let threads = Threads::new(threads).unwrap();
            for (rows, width) in [(1, 3), (1000, 10), (7, 9000), (5000, 1), (100_000, 3)] {
                let mut values = vec![0_u32; rows * width];
                threads.pieces(&mut values, width, |first, piece| {
                    assert!(piece.len().is_multiple_of(width));
                    piece
                        .iter_mut()
                        .zip(first * width..)
                        .for_each(|(value, index)| *value += index as u32);
                });
                assert!(
                    (0..)
                        .zip(&values)
                        .all(|(index, value): (u32, _)| index == *value),
                    "{threads:?}, {rows} x {width}"
                );
            }
        }
    }
}
