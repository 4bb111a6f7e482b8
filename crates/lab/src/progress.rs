//! How much of an experiment is behind it, for progress bars.

/// A piece of work that is behind an experiment, in epochs, or where networks differ in epochs
/// times hidden units: a measure of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Done since the last call.
    Done(u64),
    /// Found done by an earlier process, in the directory of a run.
    Found(u64),
}

impl Progress {
    /// The piece, whoever did it.
    pub fn work(self) -> u64 {
        match self {
            Self::Done(work) | Self::Found(work) => work,
        }
    }

    /// So many times as much.
    pub(crate) fn times(self, factor: usize) -> Self {
        let times = |work: u64| work.saturating_mul(factor as u64);
        match self {
            Self::Done(work) => Self::Done(times(work)),
            Self::Found(work) => Self::Found(times(work)),
        }
    }
}
