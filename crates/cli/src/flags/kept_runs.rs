//! The flags that say how the runs of an experiment are done: where they are kept, which shard of
//! them is done, and on what.

use std::path::PathBuf;

use spinet::lab::{Environment, Experiment, RunStore, Shard};
use spinet::{Kernel, Safety};

use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::settings::kernel;
use crate::flags::threads::ThreadCount;
use crate::interrupt::stop_on_signals;
use crate::output::Output;
use crate::show::reproduce_bar::ReproduceBar;
use crate::slow_kernel::warn_if_slow;

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

/// How the runs of an experiment with a kernel of its own are done.
#[derive(clap::Args)]
pub(crate) struct RunFlags {
    #[command(flatten)]
    pub(crate) kept: KeptRuns,
    /// Kernel for matrix products with 8-bit inputs; `exact` and `f32` results differ in the last
    /// digits [default: as in the experiment].
    #[arg(long, value_name = "NAME", value_parser = kernel(), help_heading = "Environment")]
    pub(crate) kernel: Option<Kernel>,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl RunFlags {
    /// For an experiment that this command makes.
    pub(crate) fn environment(&self, command: String) -> Environment {
        Environment {
            threads: self.threads.count(),
            store: self.kept.store(),
            source: self.source.source(),
            kernel: self.kernel,
            command,
        }
    }
}

impl KeptRuns {
    pub(crate) fn store(&self) -> RunStore {
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

    fn shard(&self) -> Result<Option<Shard>, Error> {
        Ok(match self.shard.as_deref() {
            None => None,
            Some("auto") => Some(Shard::of_environment(|name| std::env::var(name).ok())?),
            Some(text) => Some(text.parse()?),
        })
    }

    /// Does all runs of these experiments, or says how many are done of the shard that was asked
    /// for.
    pub(crate) fn done<R>(
        &self,
        experiments: &[&dyn Experiment<R>],
        kernels: impl IntoIterator<Item = Kernel>,
        output: &mut Output,
    ) -> Result<Option<Vec<R>>, Error> {
        let shard = self.shard()?;
        let work = experiments.iter().map(|experiment| experiment.work(shard));
        let work = work.collect::<Result<Vec<u64>, _>>()?.into_iter();
        warn_if_slow(kernels, output)?;
        let bar = ReproduceBar::new(work.fold(0, u64::saturating_add));
        let advance = |work| bar.advance(work, output);
        let experiments = experiments.iter();
        let result = match shard {
            None => experiments
                .map(|experiment| experiment.run(&advance))
                .collect::<Result<Vec<R>, _>>()
                .map(Ok),
            Some(shard) => experiments
                .map(|experiment| experiment.run_shard(shard, &advance))
                .sum::<Result<usize, _>>()
                .map(Err),
        };
        bar.clear();
        let count = match result? {
            Ok(records) => return Ok(Some(records)),
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
