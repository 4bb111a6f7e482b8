//! How many threads one network may use.

use std::sync::Arc;

use crate::Error;

/// The threads of one run. Results do not depend on their number; only the time does.
#[derive(Clone, Debug, Default)]
pub struct Threads(Option<Arc<rayon::ThreadPool>>);

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
            _ => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
                pool.map(|pool| Self(Some(Arc::new(pool)))).map_err(|source| Error::Threads { count, source })
            }
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, |pool| pool.current_num_threads())
    }

    /// Calls `task` with every number below `count`, on these threads, in any order.
    pub fn each(&self, count: usize, task: impl Fn(usize) + Sync) {
        match &self.0 {
            Some(pool) if count > 1 => pool.in_place_scope(|scope| {
                let task = &task;
                for index in 1..count {
                    scope.spawn(move |_| task(index));
                }
                task(0);
            }),
            _ => (0..count).for_each(task),
        }
    }

    /// Calls `task` with pieces of whole rows of `values` and the number of each piece's first row, on these threads; a
    /// few thousand numbers are one piece.
    pub(crate) fn pieces<T: Send>(&self, values: &mut [T], width: usize, task: impl Fn(usize, &mut [T]) + Sync) {
        let pieces = self.count().min(values.len() / PIECE);
        match &self.0 {
            Some(pool) if pieces > 1 => pool.in_place_scope(|scope| {
                let rows = (values.len() / width).div_ceil(pieces);
                let task = &task;
                let mut pieces = values.chunks_mut(rows * width).enumerate();
                let first = pieces.next();
                for (index, piece) in pieces {
                    scope.spawn(move |_| task(index * rows, piece));
                }
                if let Some((index, piece)) = first {
                    task(index, piece);
                }
            }),
            _ => task(0, values),
        }
    }
}

/// Numbers that are worth a task of their own.
const PIECE: usize = 4096;
