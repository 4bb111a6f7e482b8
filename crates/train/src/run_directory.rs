//! The directory of a run, from which it goes on after any interruption.
//!
//! | file | what |
//! | --- | --- |
//! | `run.toml` | the configuration; repeats the run |
//! | `metrics.jsonl` | one line for each evaluation |
//! | `checkpoint-STEP.safetensors` | the two newest checkpoints while the run goes on |
//! | `model.safetensors` | the trained network; written last, so a directory with it is that of a finished run |
//! | `lock` | held while a process works here |

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use spinet_data::Dataset;

use crate::lock::Lock;
use crate::sealed::hex;
use crate::{Advance, Error, Evaluation, MetricsLog, Model, NUMERICS, Stop, TrainConfig, Trainer, checkpoint, store};

const RUN: &str = "run.toml";
const METRICS: &str = "metrics.jsonl";
/// The name of the model in a run directory.
pub const MODEL: &str = "model.safetensors";
/// Checkpoints that are kept: should the newest be damaged, there is one before it.
const KEPT: usize = 2;
/// More than an evaluation takes in `metrics.jsonl` and in a checkpoint.
pub const EVALUATION_BYTES: u64 = 640;
/// What file systems take for whole blocks of the few files of a run.
const BLOCKS: u64 = 32 << 10;

/// How a run is kept safe.
#[derive(Clone, Debug)]
pub struct Safety {
    /// The wish to stop.
    pub stop: Stop,
    /// Time from one checkpoint to the next; a step that ends later than that is followed by one.
    pub save_every: Duration,
    /// Whether a checkpoint is saved before the first step, so that a full disk is found at once.
    pub is_tried: bool,
}

impl Default for Safety {
    /// A checkpoint before the first step and every minute.
    fn default() -> Self {
        Self { stop: Stop::default(), save_every: Duration::from_mins(1), is_tried: true }
    }
}

/// How a run begins in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The checkpoint from which it goes on; none from the initial weights.
    pub from: Option<PathBuf>,
    /// Newer checkpoints that do not verify, each with the reason.
    pub skipped: Vec<String>,
}

/// A run directory that this process holds.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Held until dropped.
    _lock: Lock,
}

impl RunDirectory {
    /// Makes the directory if it is not there, takes its lock and clears away what a killed process left half written.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if another process works in it, [`Error::Storage`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        store::make_directory(path)?;
        let lock = Lock::take(path)?;
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "tmp") {
                // A leftover does no harm; the next start tries again.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the evaluations are.
    pub fn metrics(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// Where the trained network is, once the run is finished.
    pub fn model(&self) -> PathBuf {
        self.path.join(MODEL)
    }

    /// The model and the evaluations of this run, if it is finished.
    ///
    /// # Errors
    ///
    /// [`Error::OtherRun`] if the directory holds another run, [`Error::Model`] if its model is damaged.
    pub fn finished(&self, config: &TrainConfig, data: &Dataset) -> Result<Option<(Model, Vec<Evaluation>)>, Error> {
        self.check(config, data)?;
        if !self.model().exists() {
            return Ok(None);
        }
        let (model, curve) = (Model::read(&self.model())?, MetricsLog::read(&self.metrics())?);
        let is_whole = curve.last().is_some_and(|last| last.epoch == config.epochs);
        if model.description.training != *config || model.description.epoch != config.epochs || !is_whole {
            let difference = "its model or metrics are not those of run.toml".to_owned();
            return Err(Error::OtherRun { directory: self.path.clone(), difference });
        }
        // A process that was killed between its model and this left them.
        self.prune(0)?;
        Ok(Some((model, curve)))
    }

    /// Refuses a directory that holds another run than this one.
    fn check(&self, config: &TrainConfig, data: &Dataset) -> Result<(), Error> {
        let path = self.path.join(RUN);
        if !path.exists() {
            return Ok(());
        }
        let text = store::read_text(&path)?;
        let found = TrainConfig::parse(&text, &path)?;
        let other = |difference| Err(Error::OtherRun { directory: self.path.clone(), difference });
        if let Some(difference) = difference(&found, config)? {
            return other(difference);
        }
        if !digests(data).iter().all(|digest| text.contains(digest.as_str())) {
            return other("it was started with other data".to_owned());
        }
        if !text.contains(&numerics()) {
            return other(format!("it was started by a program with another version of the numbers than {NUMERICS}"));
        }
        Ok(())
    }

    /// Takes away the run that is there.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn clear(&self) -> Result<(), Error> {
        let storage = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Storage { path, action: "remove", source }
        };
        let known = [MODEL, METRICS, RUN].map(|name| self.path.join(name));
        for path in known.into_iter().filter(|path| path.exists()).chain(checkpoint::list(&self.path)?) {
            fs::remove_file(&path).map_err(storage(&path))?;
        }
        Ok(())
    }

    /// Prepares the directory for a new trainer, or the trainer for what the directory holds: the newest checkpoint that verifies.
    ///
    /// # Errors
    ///
    /// [`Error::OtherRun`], [`Error::Storage`].
    pub fn begin(&self, trainer: &mut Trainer, data: &Dataset) -> Result<Start, Error> {
        let config = trainer.config().clone();
        self.check(&config, data)?;
        let path = self.path.join(RUN);
        if !path.exists() {
            store::write_atomically(&path, run_file(&config, data)?.as_bytes())?;
        }
        let mut start = Start::default();
        for path in checkpoint::list(&self.path)? {
            match checkpoint::restore(trainer, &path, &digests(data)) {
                Ok(()) => return Ok(Start { from: Some(path), ..start }),
                Err(error @ (Error::Checkpoint { .. } | Error::Storage { .. })) => start.skipped.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(start)
    }

    /// Trains to the end; `watch` is told of every evaluation and step. Leaves the finished run in the directory.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] after a checkpoint was saved because someone asked to stop; [`Error::Diverged`];
    /// [`Error::Storage`], which leaves older checkpoints as they were.
    pub fn run(
        &self,
        trainer: &mut Trainer,
        data: &Dataset,
        safety: &Safety,
        watch: &mut dyn FnMut(Advance, &Trainer),
    ) -> Result<Model, Error> {
        let digests = digests(data);
        let mut log = MetricsLog::resume(&self.metrics(), trainer.curve())?;
        if safety.is_tried {
            let checkpoint = checkpoint::bytes(trainer, &digests)?;
            store::need_space(&self.path, self.needed(trainer.config(), checkpoint.len() as u64)?)?;
            if trainer.position().step == 0 {
                self.keep(0, &checkpoint)?;
            }
        }
        let mut saved = Instant::now();
        loop {
            let advance = trainer.advance()?;
            match advance {
                Advance::Evaluated => trainer.curve().last().map_or(Ok(()), |evaluation| log.add(evaluation))?,
                Advance::Stepped => {}
                Advance::Finished => break,
            }
            watch(advance, trainer);
            let is_asked = safety.stop.is_requested();
            if is_asked || (advance == Advance::Stepped && saved.elapsed() >= safety.save_every) {
                self.save(trainer, &digests)?;
                saved = Instant::now();
            }
            if is_asked {
                let position = trainer.position();
                return Err(Error::Interrupted { directory: self.path.clone(), epoch: position.epoch, step: position.step });
            }
        }
        log.finish()?;
        let model = Model::of(trainer, data);
        model.save(&self.model())?;
        self.prune(0)?;
        Ok(model)
    }

    /// Bytes that the rest of the run takes at most: two checkpoints, a third or the model while it is written, and the metrics. A
    /// checkpoint of now has so many bytes.
    fn needed(&self, config: &TrainConfig, checkpoint: u64) -> Result<u64, Error> {
        let evaluations = (config.epochs / config.evaluate_every) as u64;
        let log = evaluations.saturating_mul(EVALUATION_BYTES);
        let checkpoint = log.saturating_add(checkpoint);
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.len());
        let there: u64 = checkpoint::list(&self.path)?.iter().map(size).sum();
        let files = checkpoint.saturating_mul(KEPT as u64 + 1).saturating_add(log).saturating_add(BLOCKS);
        Ok(files.saturating_sub(there))
    }

    /// Saves a checkpoint, then removes older ones.
    fn save(&self, trainer: &Trainer, digests: &[String; 2]) -> Result<(), Error> {
        self.keep(trainer.position().step, &checkpoint::bytes(trainer, digests)?)
    }

    fn keep(&self, step: u64, checkpoint: &[u8]) -> Result<(), Error> {
        store::write_atomically(&self.path.join(checkpoint::file_name(step)), checkpoint)?;
        self.prune(KEPT)
    }

    /// Removes all checkpoints but the newest.
    fn prune(&self, kept: usize) -> Result<(), Error> {
        for path in checkpoint::list(&self.path)?.into_iter().skip(kept) {
            fs::remove_file(&path).map_err(|source| Error::Storage { path: path.clone(), action: "remove", source })?;
        }
        Ok(())
    }
}

/// SHA-256 of training and test samples.
fn digests(data: &Dataset) -> [String; 2] {
    [data.train.sha256(), data.test.sha256()]
}

fn numerics() -> String {
    format!("# numbers: version {NUMERICS}\n")
}

/// The text of `run.toml`.
fn run_file(config: &TrainConfig, data: &Dataset) -> Result<String, Error> {
    let (version, [train, test]) = (env!("CARGO_PKG_VERSION"), digests(data));
    let head = format!("# spinet {version}; `spinet train --config run.toml --out DIR` repeats this run\n");
    let data = format!("# training samples: SHA-256 {train}\n# test samples: SHA-256 {test}\n");
    Ok(head + &numerics() + &data + "\n" + &config.to_toml()?)
}

/// The first setting in which two runs differ, in words.
fn difference(found: &TrainConfig, expected: &TrainConfig) -> Result<Option<String>, Error> {
    // Not by way of TOML, whose tables hold no number above 2^63.
    let table = |config: &TrainConfig| match serde_json::to_value(config) {
        Ok(serde_json::Value::Object(table)) => Ok(table),
        other => Err(Error::OutOfRange { setting: "configuration", expected: "settings by name", found: format!("{other:?}") }),
    };
    let (there, here) = (table(found)?, table(expected)?);
    let value = |table: &serde_json::Map<_, _>, key: &str| table.get(key).map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let differing = here.keys().chain(there.keys()).find(|key| here.get(*key) != there.get(*key));
    Ok(differing.map(|key| format!("`{key}` is {} there and {} here", value(&there, key), value(&here, key))))
}

/// A short name for everything that a run's numbers depend on: eight hexadecimal digits.
///
/// # Errors
///
/// [`Error::OutOfRange`] if a number of the configuration has no TOML form.
pub fn run_id(config: &TrainConfig, data_sha256: &[String; 2]) -> Result<String, Error> {
    let [train, test] = data_sha256;
    let everything = format!("{}{train}\n{test}\n{}", numerics(), config.to_toml()?);
    Ok(hex(&Sha256::digest(everything))[..8].to_owned())
}

/// Longest name of a run, in bytes: with an id behind it, it is still a name that every file system takes.
const MAX_NAME: usize = 200;

/// `DATA-HIDDEN-RULES-seedN`, as in `mnist-1200-256x128-bdnn-dsd+l2-seed0`; a `/` in the name of one's own data becomes `-`. A name of more
/// than 200 bytes ends in eight digits of its SHA-256 instead.
pub fn run_name(config: &TrainConfig) -> String {
    let join = |parts: Vec<String>, between: &str, none: &str| if parts.is_empty() { none.to_owned() } else { parts.join(between) };
    let hidden = join(config.hidden.iter().map(ToString::to_string).collect(), "x", "linear");
    let rules = join(config.rules.iter().map(|rule| rule.name.clone()).collect(), "+", "plain");
    let parts = config.data.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
    let data = join(parts.map(str::to_owned).collect(), "-", "data");
    shortened(format!("{data}-{hidden}-{rules}-seed{}", config.seed))
}

/// The name, or its beginning and a hash of all of it.
fn shortened(name: String) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let hash = &hex(&Sha256::digest(&name))[..8];
    format!("{}-{hash}", &name[..name.floor_char_boundary(MAX_NAME - 1 - hash.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_after_what_sets_it_apart() {
        assert_eq!(run_name(&TrainConfig::default()), "mnist-1200-100-plain-seed0");
        let rules = vec!["bdnn-dsd:threshold=20".parse().unwrap(), "l2".parse().unwrap()];
        let config = TrainConfig { hidden: vec![256, 128], rules, seed: 7, ..TrainConfig::default() };
        assert_eq!(run_name(&config), "mnist-1200-256x128-bdnn-dsd+l2-seed7");
        assert_eq!(run_name(&TrainConfig { hidden: vec![], ..TrainConfig::default() }), "mnist-1200-linear-plain-seed0");
        assert_eq!(run_name(&TrainConfig { data: "./my/iris.csv".to_owned(), ..TrainConfig::default() }), "my-iris.csv-100-plain-seed0");
    }

    #[test]
    fn a_long_name_is_cut_and_stays_the_name_of_one_run() {
        let named = |hidden: Vec<usize>, seed| run_name(&TrainConfig { hidden, seed, ..TrainConfig::default() });
        let whole = named(vec![10; 59], 10);
        assert!(whole.len() == MAX_NAME && whole.ends_with("x10-plain-seed10"), "{whole}");
        let [first, other] = [0, 1].map(|seed| named(vec![100; 500], seed));
        assert!(first.len() == MAX_NAME && first.starts_with("mnist-1200-100x100x") && first != other, "{first}, {other}");
        for data in ["ä".repeat(300), format!("x{}", "ä".repeat(300))] {
            let name = run_name(&TrainConfig { data, ..TrainConfig::default() });
            assert!((MAX_NAME - 1..=MAX_NAME).contains(&name.len()), "{name}");
        }
    }

    #[test]
    fn an_id_covers_configuration_and_data() {
        let id = |config: &TrainConfig, data: &str| run_id(config, &[data.to_owned(), "test".to_owned()]).unwrap();
        let config = TrainConfig::default();
        let others = [id(&TrainConfig { seed: 1, ..config.clone() }, "a"), id(&config, "b")];
        assert_eq!(id(&config, "a"), id(&config.clone(), "a"));
        assert!(others.iter().all(|other| *other != id(&config, "a")), "{others:?}");
    }

    #[test]
    fn what_sets_two_runs_apart_is_named() {
        let config = TrainConfig::default();
        let other = TrainConfig { batch: 7, ..config.clone() };
        assert_eq!(difference(&config, &other).unwrap().unwrap(), "`batch` is 600 there and 7 here");
        assert_eq!(difference(&config, &config).unwrap(), None);
        let [huge, other] = [0.1, 0.2].map(|learning_rate| TrainConfig { seed: u64::MAX, learning_rate, ..TrainConfig::default() });
        assert_eq!(difference(&huge, &other).unwrap().unwrap(), "`learning_rate` is 0.1 there and 0.2 here");
    }
}
