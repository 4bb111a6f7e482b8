//! One run of an experiment: in memory, or in a run directory from which it goes on after any
//! interruption.

use std::path::{Path, PathBuf};
use std::time::Duration;

use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_nn::memory::parameters;
use spinet_train::{
    Advance, EVALUATION_BYTES, Evaluation, MODEL, Model, RunDirectory, Safety, TrainConfig,
    Trainer, run_id, run_name, store,
};

use crate::{Error, Progress};

/// Time from one look at a directory that another process holds to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// More bytes than the finished run takes, and than one of its checkpoints does.
fn run_bytes(config: &TrainConfig, image: [usize; 3], classes: usize) -> Result<u64, Error> {
    /// Of a weight, and of what a rule or optimizer keeps for it.
    const NUMBER: u64 = 4;
    const STATE: u64 = 8;
    /// Descriptions, and whole blocks of a few files.
    const REST: u64 = 16 << 10;
    let network = config.network(image, classes)?;
    let weights = parameters(&network.plan().map_err(spinet_train::Error::from)?);
    let evaluations = (config.epochs / config.evaluate_every.max(1)) as u64 + 2;
    let numbers = weights.saturating_mul(NUMBER + STATE * config.rules.len() as u64);
    Ok(numbers
        .saturating_add(evaluations.saturating_mul(2 * EVALUATION_BYTES))
        .saturating_add(REST))
}

/// Where the runs of an experiment are kept, and how.
#[derive(Clone, Debug, Default)]
pub struct RunStore {
    /// The directory of all run directories; without it runs leave nothing.
    pub directory: Option<PathBuf>,
    /// How a run is kept safe.
    pub safety: Safety,
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Its evaluations.
    pub(crate) curve: Vec<Evaluation>,
    /// A short name for everything that its numbers depend on.
    pub(crate) id: String,
    /// SHA-256 over the arrays of its model.
    pub(crate) arrays_sha256: String,
    /// Percent of its weights that are not 0.
    pub(crate) weights_left: f64,
    /// Its directory, if it is kept.
    pub(crate) directory: Option<PathBuf>,
}

/// Refuses to say that runs are kept in a directory that does not hold one of them any more.
pub(crate) fn check_kept(directory: &Path) -> Result<(), Error> {
    if directory.join(MODEL).exists() {
        return Ok(());
    }
    let source = std::io::Error::other("its files were removed meanwhile");
    Err(spinet_train::Error::Storage {
        path: directory.to_owned(),
        action: "keep the finished run",
        source,
    }
    .into())
}

/// The name of the directory of a run among those of an experiment.
fn directory_name(config: &TrainConfig, id: &str) -> String {
    format!("{}-{id}", run_name(config))
}

impl RunStore {
    /// Refuses to begin runs whose files would not fit on the disk: all of them in a new directory,
    /// and those that are done at once in one where some may be finished. An upper estimate from
    /// the sizes of the networks.
    pub(crate) fn need_space<'a>(
        &self,
        jobs: impl Iterator<Item = (&'a TrainConfig, ([usize; 3], usize))>,
        threads: usize,
    ) -> Result<(), Error> {
        let Some(root) = &self.directory else {
            return Ok(());
        };
        store::make_directory(root)?;
        let is_new = std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none());
        let (mut all, mut largest) = (0_u64, 0);
        for (config, (image, classes)) in jobs {
            let size = run_bytes(config, image, classes)?;
            (all, largest) = (all.saturating_add(size), size.max(largest));
        }
        // Two checkpoints and one that is written, for each run that goes on.
        let at_once = largest.saturating_mul(3 * threads as u64);
        Ok(store::need_space(
            root,
            at_once.saturating_add(if is_new { all } else { 0 }),
        )?)
    }

    /// Trains, resumes, or reads one run. `advance` is called for every epoch, trained or found.
    pub(crate) fn outcome(
        &self,
        config: &TrainConfig,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, Error> {
        let (model, curve, id) = self.trained(config, data, threads, advance)?;
        let directory = self
            .directory
            .as_ref()
            .map(|root| root.join(directory_name(&model.description.training, &id)));
        let weights = model.network.weights().concat();
        let left = weights.iter().filter(|weight| **weight != 0.0).count();
        let weights_left = 100.0 * left as f64 / weights.len() as f64;
        Ok(Outcome {
            curve,
            id,
            arrays_sha256: model.arrays_sha256(),
            weights_left,
            directory,
        })
    }

    /// The same, but none of a run that diverged, whose epochs are then all told.
    pub(crate) fn outcome_unless_diverged(
        &self,
        config: &TrainConfig,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Option<Outcome>, Error> {
        let mut left = config.epochs as u64;
        let mut tell = |epochs: Progress| {
            left = left.saturating_sub(epochs.work());
            advance(epochs);
        };
        match self.outcome(config, data, threads, &mut tell) {
            Ok(outcome) => Ok(Some(outcome)),
            Err(Error::Train(spinet_train::Error::Diverged { .. })) => {
                advance(Progress::Done(left));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The outcome with the trained model: the model, its evaluations, and a short name for
    /// everything they depend on.
    pub(crate) fn trained(
        &self,
        config: &TrainConfig,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<(Model, Vec<Evaluation>, String), Error> {
        let config = config.resolved()?;
        let id = run_id(&config, &[data.train.sha256(), data.test.sha256()])?;
        let mut behind = 0;
        let mut watch = |epoch: usize, piece: fn(u64) -> Progress| {
            if epoch > behind {
                advance(piece((epoch - behind) as u64));
                behind = epoch;
            }
        };
        let Some(root) = &self.directory else {
            let mut trainer = Trainer::new(&config, data, threads)?;
            let curve = trainer.run(&mut |evaluation| watch(evaluation.epoch, Progress::Done))?;
            return Ok((Model::of(&trainer, data), curve, id));
        };
        let directory = self.opened(&root.join(directory_name(&config, &id)))?;
        let (model, curve) = if let Some(finished) = directory.finished(&config, data)? {
            watch(config.epochs, Progress::Found);
            finished
        } else {
            let mut trainer = Trainer::new(&config, data, threads)?;
            directory.begin(&mut trainer, data)?;
            watch(trainer.epoch(), Progress::Found);
            let mut step = |advance, trainer: &Trainer| {
                if advance == Advance::Evaluated {
                    watch(trainer.epoch(), Progress::Done);
                }
            };
            let model = directory.run(&mut trainer, data, &self.safety, &mut step)?;
            (model, trainer.curve().to_vec())
        };
        watch(config.epochs, Progress::Done);
        Ok((model, curve, id))
    }

    /// Takes the directory of a run. A process that works there does the same run: this one waits,
    /// and then finds it finished or goes on with it.
    fn opened(&self, path: &Path) -> Result<RunDirectory, Error> {
        loop {
            match RunDirectory::open(path) {
                Err(spinet_train::Error::Locked { .. }) if self.safety.stop.is_requested() => {
                    return Err(Error::Stopped);
                }
                Err(spinet_train::Error::Locked { .. }) => std::thread::sleep(LOOK_AGAIN),
                other => return Ok(other?),
            }
        }
    }
}
