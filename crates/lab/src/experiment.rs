//! An experiment: a list of runs, and a record of what they gave together. Tables of the paper,
//! sweeps, tunings and figures differ in these two; how runs are done is the same for all of them:
//! as many at once as there are threads, each kept, all of them or a shard.

use std::path::Path;

use spinet_data::{Dataset, Fold, Source};
use spinet_nn::{Kernel, Threads};
use spinet_train::memory::check_runs;
use spinet_train::{TrainConfig, each_run};

use crate::runs::{Outcome, check_kept};
use crate::{Error, Progress, RunStore, Shard};

/// Hears from any thread how much was done since its last call.
pub type Advance<'a> = dyn Fn(Progress) + Sync + 'a;

/// Where and how the runs of an experiment are done.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Threads in all.
    pub threads: usize,
    /// Where runs are kept; in memory by default.
    pub store: RunStore,
    /// Where data sets are.
    pub source: Source,
    /// Another kernel for products with 8-bit inputs than the experiment's own.
    pub kernel: Option<Kernel>,
    /// The command, as the record names it.
    pub command: String,
}

/// Runs that are done together, and the record of what they give.
pub trait Experiment<Record>: Sync {
    /// The work of all runs of a shard, in epochs times hidden units: a measure of time, for a
    /// progress bar.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    fn work(&self, shard: Option<Shard>) -> Result<u64, Error>;

    /// Does all runs. `advance` hears of the [work](Self::work).
    ///
    /// # Errors
    ///
    /// What is wrong with the request, data that is missing, a run that was interrupted or cannot be
    /// kept, or that diverged where that is not reported in the record.
    fn run(&self, advance: &Advance<'_>) -> Result<Record, Error>;

    /// Does the runs of one shard and gives their number. Once every shard is done in one
    /// directory, [`run`](Self::run) makes the record there without training anything. Runs that
    /// are not kept are in no shard.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    fn run_shard(&self, shard: Shard, advance: &Advance<'_>) -> Result<usize, Error>;
}

/// One run to do.
pub(crate) struct Job {
    pub(crate) config: TrainConfig,
    /// Index of its data set.
    pub(crate) data: usize,
    /// Index of the fold that it leaves out, where there are folds.
    pub(crate) fold: usize,
}

impl Job {
    /// A run on all training samples of a data set.
    pub(crate) fn new(config: TrainConfig, data: usize) -> Self {
        Self {
            config,
            data,
            fold: 0,
        }
    }

    /// All hidden units, at least one.
    fn units(&self) -> usize {
        self.config.work()
    }

    /// A measure of the time that it takes: epochs times hidden units.
    fn work(&self) -> u64 {
        (self.config.epochs as u64).saturating_mul(self.units() as u64)
    }
}

/// A data set with the parts of it that runs see: itself, or its folds.
pub(crate) struct Parts {
    pub(crate) whole: Dataset,
    /// Those that are left out in turn; none where runs are scored on test samples.
    folds: Vec<Fold>,
}

impl Parts {
    /// All training samples, scored on the test samples.
    pub(crate) fn whole(whole: Dataset) -> Self {
        Self {
            whole,
            folds: Vec::new(),
        }
    }

    /// The training samples in so many folds, of which the first `left_out` are left out in turn.
    pub(crate) fn folds(
        whole: Dataset,
        count: usize,
        left_out: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut folds = whole.folds(count, &format!("spinet tune {seed}"))?;
        folds.truncate(left_out);
        Ok(Self { whole, folds })
    }

    /// What a run sees that leaves this fold out and is scored on it.
    pub(crate) fn part(&self, index: usize) -> Result<Dataset, Error> {
        Ok(match self.folds.get(index) {
            None => self.whole.clone(),
            Some(fold) => self.whole.fold(fold)?,
        })
    }

    /// Samples that a run trains on, and those that it is scored on.
    pub(crate) fn lengths(&self) -> (usize, usize) {
        match self.folds.first() {
            Some(fold) => (fold.train.len(), fold.validation.len()),
            None => (self.whole.train.len(), self.whole.test.len()),
        }
    }
}

/// What a run gave.
pub(crate) trait Finished: Send {
    /// Its directory, if it is kept.
    fn directory(&self) -> Option<&Path> {
        None
    }
}

/// None of a run that diverged.
impl Finished for Option<Outcome> {
    fn directory(&self) -> Option<&Path> {
        self.as_ref()?.directory.as_deref()
    }
}

/// What experiments differ in; whatever has it is an [`Experiment`].
pub(crate) trait Plan: Sync {
    /// What one run gives.
    type Run: Finished;
    /// What all of them give together.
    type Record;

    fn environment(&self) -> &Environment;

    /// Every run; those of a configuration follow one another.
    fn jobs(&self) -> Result<Vec<Job>, Error>;

    /// The data sets, in the order in which jobs count them.
    fn data(&self) -> Result<Vec<Parts>, Error>;

    /// Does one run; `advance` hears of its epochs.
    fn train(
        &self,
        job: &Job,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Self::Run, Error>;

    /// The record, from what the jobs gave, in their order.
    fn record(
        &self,
        jobs: &[Job],
        data: &[Parts],
        runs: &[Self::Run],
    ) -> Result<Self::Record, Error>;

    /// Whether runs are kept in directories, and so can be shared between machines.
    fn is_kept(&self) -> bool {
        true
    }
}

impl<Record, P: Plan<Record = Record>> Experiment<Record> for P {
    fn work(&self, shard: Option<Shard>) -> Result<u64, Error> {
        let jobs = jobs_of(self, shard)?;
        Ok(jobs.iter().map(Job::work).fold(0, u64::saturating_add))
    }

    fn run(&self, advance: &Advance<'_>) -> Result<Record, Error> {
        let (jobs, data) = (self.jobs()?, self.data()?);
        let runs = done(self, &jobs, &data, advance)?;
        self.record(&jobs, &data, &runs)
    }

    fn run_shard(&self, shard: Shard, advance: &Advance<'_>) -> Result<usize, Error> {
        let jobs = jobs_of(self, Some(shard))?;
        if !jobs.is_empty() {
            done(self, &jobs, &self.data()?, advance)?;
        }
        Ok(jobs.len())
    }
}

/// The jobs of a shard; all of them without one.
fn jobs_of(plan: &impl Plan, shard: Option<Shard>) -> Result<Vec<Job>, Error> {
    let is_chosen = |number| shard.is_none_or(|shard| plan.is_kept() && shard.has(number));
    let jobs = plan.jobs()?.into_iter().enumerate();
    let chosen = jobs.filter(|(number, _)| is_chosen(*number));
    Ok(chosen.map(|(_, job)| job).collect())
}

/// Does these jobs, the largest first so that the threads end together; the results are in the
/// order of the jobs.
pub(crate) fn done<P: Plan>(
    plan: &P,
    jobs: &[Job],
    data: &[Parts],
    advance: &Advance<'_>,
) -> Result<Vec<P::Run>, Error> {
    let Environment { threads, store, .. } = plan.environment();
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(jobs[*index].work()));
    let sets = || jobs.iter().map(|job| (&job.config, &data[job.data].whole));
    let has_folds = data.iter().any(|parts| !parts.folds.is_empty());
    check_runs(sets(), has_folds, *threads)?;
    if plan.is_kept() {
        let sizes = sets().map(|(config, data)| (config, (data.train.image(), data.outputs())));
        store.need_space(sizes, *threads)?;
    }
    let runs = each_run(*threads, jobs.len(), |index, threads| {
        let job = &jobs[order[index]];
        let part = data[job.data].part(job.fold)?;
        let mut tell = |epochs: Progress| advance(epochs.times(job.units()));
        plan.train(job, &part, threads, &mut tell)
    })?;
    let mut directories = runs.iter().filter_map(Finished::directory);
    directories.try_for_each(check_kept)?;
    let mut numbered: Vec<_> = order.into_iter().zip(runs).collect();
    numbered.sort_by_key(|(index, _)| *index);
    Ok(numbered.into_iter().map(|(_, run)| run).collect())
}
