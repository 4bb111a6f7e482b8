//! The runs of an experiment, which tables, sweeps and tunings do in the same way: as many at once
//! as there are threads, each kept, all of them or a share.

use spinet_data::{Dataset, Fold};
use spinet_train::memory::check_runs;
use spinet_train::{TrainConfig, each_run};

use crate::runs::{Outcome, check_all_kept};
use crate::{Error, Progress, RunStore, Shard};

/// One run to do.
pub(crate) struct Job {
    pub(crate) config: TrainConfig,
    /// Index of its data set.
    pub(crate) data: usize,
    /// Index of the fold that it leaves out, where there are folds.
    pub(crate) fold: usize,
}

impl Job {
    /// All hidden units, at least one.
    fn units(&self) -> usize {
        self.config.work()
    }

    /// A measure of the time that it takes: epochs times hidden units.
    fn work(&self) -> u64 {
        (self.config.epochs as u64).saturating_mul(self.units() as u64)
    }
}

/// The work of all of them, for a progress bar.
pub(crate) fn work<'a>(jobs: impl Iterator<Item = &'a Job>) -> u64 {
    jobs.map(Job::work).fold(0, u64::saturating_add)
}

/// Those of a share; all of them without one.
pub(crate) fn of_shard<T>(jobs: Vec<T>, shard: Option<Shard>) -> Vec<T> {
    let numbered = jobs.into_iter().enumerate();
    let chosen = numbered.filter(|(number, _)| shard.is_none_or(|shard| shard.has(*number)));
    chosen.map(|(_, job)| job).collect()
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

impl RunStore {
    /// Does these runs; none where a run diverged, which is an error unless it may.
    pub(crate) fn outcomes(
        &self,
        jobs: &[&Job],
        data: &[Parts],
        threads: usize,
        may_diverge: bool,
        advance: &(dyn Fn(Progress) + Sync),
    ) -> Result<Vec<Option<Outcome>>, Error> {
        // The largest first, so that the threads end together.
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(jobs[*index].work()));
        let sets = || jobs.iter().map(|job| (&job.config, &data[job.data].whole));
        check_runs(
            sets(),
            data.iter().any(|parts| !parts.folds.is_empty()),
            threads,
        )?;
        let sizes = sets().map(|(config, data)| (config, (data.train.image(), data.classes())));
        self.need_space(sizes, threads)?;
        let done = each_run(threads, jobs.len(), |index, threads| {
            let job = jobs[order[index]];
            let part = data[job.data].part(job.fold)?;
            let mut tell = |epochs: Progress| advance(epochs.times(job.units()));
            if may_diverge {
                self.outcome_unless_diverged(&job.config, &part, threads, &mut tell)
            } else {
                self.outcome(&job.config, &part, threads, &mut tell)
                    .map(Some)
            }
        })?;
        check_all_kept(done.iter().flatten())?;
        let mut numbered: Vec<_> = order.into_iter().zip(done).collect();
        numbered.sort_by_key(|(index, _)| *index);
        Ok(numbered.into_iter().map(|(_, outcome)| outcome).collect())
    }
}
