//! The flag `--threads`.

use spinet::Threads;

use crate::error::Error;

/// More would only cost memory.
const MAX_THREADS: u64 = 1024;

/// How many threads to use.
#[derive(clap::Args)]
pub(crate) struct ThreadCount {
    /// Number of threads; results do not depend on it [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MAX_THREADS), help_heading = "Environment")]
    threads: Option<u64>,
}

impl ThreadCount {
    /// The number asked for, or one for each core.
    pub(crate) fn count(&self) -> usize {
        self.threads
            .map_or_else(Threads::available, |count| count as usize)
    }

    pub(crate) fn start(&self) -> Result<Threads, Error> {
        Ok(Threads::new(self.count())?)
    }
}
