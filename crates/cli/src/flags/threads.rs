//! The flag `--threads`.

use std::thread::available_parallelism;

use spinet::Threads;

use crate::error::Error;

/// More would only cost memory.
const MOST: u64 = 1024;

/// How many threads to use.
#[derive(clap::Args)]
pub(crate) struct ThreadCount {
    /// Number of threads; results do not depend on it [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST), help_heading = "Environment")]
    threads: Option<u64>,
}

impl ThreadCount {
    /// The number asked for, or one for each core.
    pub(crate) fn count(&self) -> usize {
        match self.threads {
            Some(count) => count as usize,
            None => available_parallelism().map_or(1, |cores| cores.get().min(MOST as usize)),
        }
    }

    pub(crate) fn start(&self) -> Result<Threads, Error> {
        Ok(Threads::new(self.count())?)
    }
}
