//! The flags that say where the runs of an experiment are kept, and which share of them is done.

use std::path::PathBuf;

use spinet::Safety;
use spinet::lab::{self, Progress, RunStore, Shard};

use crate::error::Error;
use crate::interrupt::stop_on_signals;
use crate::output::Output;
use crate::show::reproduce_bar::ReproduceBar;

/// Where runs are kept, and the share to do.
#[derive(clap::Args)]
#[command(next_help_heading = "Runs")]
pub(crate) struct KeptRuns {
    /// Directory for the runs; interrupted runs resume from it.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    run_dir: PathBuf,
    /// Do only one shard of the runs, such as `1/4`; `auto` reads the shard from a Slurm array job
    /// or an indexed Kubernetes job.
    #[arg(long, value_name = "INDEX/COUNT")]
    shard: Option<String>,
}

impl KeptRuns {
    pub(crate) fn keeping(&self) -> RunStore {
        // Runs of an experiment start often: their first checkpoint comes with the first minute.
        let safety = Safety {
            stop: stop_on_signals(),
            is_tried: false,
            ..Safety::default()
        };
        RunStore {
            directory: Some(self.run_dir.clone()),
            safety,
        }
    }

    pub(crate) fn shard(&self) -> Result<Option<Shard>, Error> {
        Ok(match self.shard.as_deref() {
            None => None,
            Some("auto") => Some(Shard::of_environment(|name| std::env::var(name).ok())?),
            Some(text) => Some(text.parse()?),
        })
    }

    /// Does all runs, or says how many are done of the share that was asked for.
    pub(crate) fn done<T>(
        &self,
        shard: Option<Shard>,
        work: u64,
        output: &mut Output,
        all: impl FnOnce(&Advance) -> Result<T, lab::Error>,
        part: impl FnOnce(Shard, &Advance) -> Result<usize, lab::Error>,
    ) -> Result<Option<T>, Error> {
        let bar = ReproduceBar::new(work);
        let advance = |work| bar.advance(work, output);
        let result = match shard {
            None => all(&advance).map(Ok),
            Some(shard) => part(shard, &advance).map(Err),
        };
        bar.clear();
        let count = match result? {
            Ok(made) => return Ok(Some(made)),
            Err(count) => count,
        };
        let (shard, directory) = (self.shard.as_deref(), self.run_dir.display());
        writeln!(
            output,
            "shard {}: {count} runs in {directory}\n\nnext: once all shards are done, repeat the command without `--shard`; `spinet merge` collects runs from other machines",
            shard.unwrap_or_default()
        )?;
        Ok(None)
    }
}

/// Hears how much was done, from any thread.
pub(crate) type Advance<'a> = dyn Fn(Progress) + Sync + 'a;
