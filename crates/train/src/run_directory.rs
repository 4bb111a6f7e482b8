//! The directory of a run, from which it continues after any interruption.
//!
//! | file | what |
//! | --- | --- |
//! | `run.toml` | the configuration; repeats the run |
//! | `metrics.jsonl` | one line for each evaluation |
//! | `checkpoint-STEP.safetensors` | the two newest checkpoints while the run goes on |
//! | `model.safetensors` | the trained network; written last, so a directory with it is that of a finished run |
//! | `spinet.lock` | held while a process works here |
//!
//! Nothing else in it is ever overwritten or removed but what a killed process left of these:
//! `NAME.PROCESS-NUMBER.tmp`. A directory with one of these files and no `run.toml` of this program
//! is somebody else's, and rejected.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use spinet_data::{Dataset, Task, sha256_hex};
use spinet_rules::RuleSettings;

use crate::lock::Lock;
use crate::text::MAX_SETTINGS;
use crate::{
    Advance, Description, Error, Evaluation, MetricsLog, Model, NUMERICS, Stop, TrainConfig,
    Trainer, checkpoint, store,
};

/// The first words of every `run.toml` of this program.
const HEADING: &str = "# spinet ";
/// Maximum size of models and metrics.
const MAX_BYTES: u64 = 4 << 30;

const RUN: &str = "run.toml";
const METRICS: &str = "metrics.jsonl";
/// The name of the model in a run directory.
pub const MODEL: &str = "model.safetensors";
/// Checkpoints that are kept: should the newest be corrupted, there is one before it.
const KEPT: usize = 2;
/// More than an evaluation takes in `metrics.jsonl` and in a checkpoint.
pub const EVALUATION_BYTES: u64 = 640;
/// What file systems take for whole blocks of the few files of a run.
const BLOCKS: u64 = 32 << 10;

/// How a run is saved.
#[derive(Clone, Debug)]
pub struct Safety {
    /// The stop request.
    pub stop: Stop,
    /// Time between checkpoints; one is saved after the first step that ends later than that.
    pub save_every: Duration,
    /// Whether a checkpoint is saved before the first step, so that a full disk is detected at
    /// once.
    pub is_tried: bool,
}

impl Default for Safety {
    /// A checkpoint before the first step and every minute.
    fn default() -> Self {
        Self {
            stop: Stop::default(),
            save_every: Duration::from_mins(1),
            is_tried: true,
        }
    }
}

/// How a run starts in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The checkpoint from which it continues; none from the initial weights.
    pub from: Option<PathBuf>,
    /// Newer checkpoints that do not verify, each with the reason.
    pub skipped: Vec<String>,
}

/// A run directory locked by this process.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Held until dropped.
    lock: Lock,
}

impl RunDirectory {
    /// Makes the directory if it is not there, takes its lock and clears away what a killed process
    /// left half written.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if another process works in it, [`Error::Storage`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        store::make_directory(path)?;
        let lock = Lock::take(path)?;
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry
                .file_name()
                .to_str()
                .and_then(store::unfinished)
                .is_some_and(is_of_a_run)
            {
                // A leftover does no harm; the next start tries again.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
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
    /// [`Error::OtherRun`] if the directory contains another run, [`Error::Model`] if its model is
    /// corrupted, [`Error::Unverified`] if its evaluations do not match the digest in the model,
    /// [`Error::NotOurs`] for files of other programs.
    pub fn finished(
        &self,
        config: &TrainConfig,
        data: &Dataset,
    ) -> Result<Option<(Model, Vec<Evaluation>)>, Error> {
        self.check(config, data)?;
        let Some((model, curve)) = read_run(&self.path)? else {
            return Ok(None);
        };
        if sealed_digests(&model) != Some(digests(data)) {
            return Err(Error::OtherRun {
                directory: self.path.clone(),
                difference: "its model was trained on other data".to_owned(),
            });
        }
        // A process that was killed between its model and this left them.
        self.prune(0)?;
        Ok(Some((model, curve)))
    }

    /// Rejects a directory that holds another run than this one, or files of other programs.
    fn check(&self, config: &TrainConfig, data: &Dataset) -> Result<(), Error> {
        read_run_file(&self.path)?.map_or(Ok(()), |text| {
            check_run_file(
                &self.path,
                &text,
                &config.for_target(&data.target),
                &digests(data),
            )
        })
    }

    /// Replaces the existing run with this one.
    ///
    /// # Errors
    ///
    /// [`Error::NotOurs`] if what is there is not a run of this program, [`Error::Storage`].
    pub fn replace(&self, config: &TrainConfig, data: &Dataset) -> Result<(), Error> {
        if read_run_file(&self.path)?.is_none() {
            return Ok(());
        }
        let known = [MODEL, METRICS].map(|name| self.path.join(name));
        for path in known
            .into_iter()
            .filter(|path| store::is_there(path))
            .chain(checkpoint::list(&self.path)?)
        {
            fs::remove_file(&path).map_err(|source| Error::Storage {
                path: path.clone(),
                action: "remove",
                source,
            })?;
        }
        store::write_atomically(&self.path.join(RUN), run_file(config, data)?.as_bytes())
    }

    /// Prepares the directory for a new trainer, or the trainer for what the directory holds: the
    /// newest checkpoint that verifies.
    ///
    /// # Errors
    ///
    /// [`Error::OtherRun`], [`Error::NotOurs`], [`Error::Storage`].
    pub fn begin(&self, trainer: &mut Trainer, data: &Dataset) -> Result<Start, Error> {
        self.check(trainer.config(), data)?;
        self.write_run_file(trainer.config(), data)?;
        let mut start = Start::default();
        for path in checkpoint::list(&self.path)? {
            match checkpoint::restore(trainer, &path, &digests(data)) {
                Ok(()) => {
                    return Ok(Start {
                        from: Some(path),
                        ..start
                    });
                }
                Err(error @ (Error::Checkpoint { .. } | Error::Storage { .. })) => {
                    start.skipped.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(start)
    }

    /// Writes `run.toml` unless it is there.
    fn write_run_file(&self, config: &TrainConfig, data: &Dataset) -> Result<(), Error> {
        let path = self.path.join(RUN);
        if store::is_there(&path) {
            Ok(())
        } else {
            store::write_atomically(&path, run_file(config, data)?.as_bytes())
        }
    }

    /// Trains to the end; `watch` is told of every evaluation and step. Leaves the finished run in
    /// the directory.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] after a checkpoint was saved because a stop was requested;
    /// [`Error::Diverged`]; [`Error::Storage`], which leaves older checkpoints as they were.
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
            store::need_space(
                &self.path,
                self.needed(trainer.config(), checkpoint.len() as u64)?,
            )?;
            if trainer.position().step == 0 {
                self.keep(0, &checkpoint)?;
            }
        }
        let mut saved = Instant::now();
        loop {
            let advance = trainer.advance()?;
            match advance {
                Advance::Evaluated => trainer
                    .curve()
                    .last()
                    .map_or(Ok(()), |evaluation| log.add(evaluation))?,
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
                return Err(Error::Interrupted {
                    directory: self.path.clone(),
                    epoch: position.epoch,
                    step: position.step,
                });
            }
        }
        self.finish(trainer, data)
    }

    /// Writes what the finished run consists of, the model last, and reads all of it before it says
    /// so: somebody may have cleared the directory meanwhile.
    fn finish(&self, trainer: &Trainer, data: &Dataset) -> Result<Model, Error> {
        self.lock.check()?;
        self.write_run_file(trainer.config(), data)?;
        MetricsLog::write(&self.metrics(), trainer.curve())?;
        Model::of(trainer, data).save(&self.model())?;
        let not_kept = |why: String| {
            let source = std::io::Error::other(why);
            Error::Storage {
                path: self.path.clone(),
                action: "keep the finished run",
                source,
            }
        };
        let found = self
            .finished(trainer.config(), data)
            .map_err(|error| not_kept(error.to_string()))?;
        self.lock.check()?;
        found
            .map(|(model, _)| model)
            .ok_or_else(|| not_kept(format!("{MODEL} was removed")))
    }

    /// Bytes that the rest of the run takes at most: two checkpoints, a third or the model while it
    /// is written, and the metrics. A checkpoint of now has so many bytes.
    fn needed(&self, config: &TrainConfig, checkpoint: u64) -> Result<u64, Error> {
        let evaluations = (config.epochs / config.evaluate_every) as u64;
        let log = evaluations.saturating_mul(EVALUATION_BYTES);
        let checkpoint = log.saturating_add(checkpoint);
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.len());
        let there: u64 = checkpoint::list(&self.path)?.iter().map(size).sum();
        let files = checkpoint
            .saturating_mul(KEPT as u64 + 1)
            .saturating_add(log)
            .saturating_add(BLOCKS);
        Ok(files.saturating_sub(there))
    }

    /// Saves a checkpoint, then removes older ones.
    fn save(&self, trainer: &Trainer, digests: &[String; 2]) -> Result<(), Error> {
        self.keep(
            trainer.position().step,
            &checkpoint::bytes(trainer, digests)?,
        )
    }

    fn keep(&self, step: u64, checkpoint: &[u8]) -> Result<(), Error> {
        self.lock.check()?;
        store::write_atomically(&self.path.join(checkpoint::file_name(step)), checkpoint)?;
        self.prune(KEPT)
    }

    /// Removes all checkpoints but the newest.
    fn prune(&self, kept: usize) -> Result<(), Error> {
        for path in checkpoint::list(&self.path)?.into_iter().skip(kept) {
            fs::remove_file(&path).map_err(|source| Error::Storage {
                path: path.clone(),
                action: "remove",
                source,
            })?;
        }
        Ok(())
    }
}

/// Whether this is the name of a file that belongs to a run.
fn is_of_a_run(name: &str) -> bool {
    [RUN, METRICS, MODEL].contains(&name) || checkpoint::step(name).is_some()
}

/// The text of the `run.toml` in a directory; none if it holds no run.
///
/// # Errors
///
/// [`Error::NotOurs`] if it, or a file that a run would overwrite, is not of this program.
fn read_run_file(directory: &Path) -> Result<Option<String>, Error> {
    let path = directory.join(RUN);
    if !store::is_there(&path) {
        let known = [MODEL, METRICS].map(|name| directory.join(name));
        let mut foreign = known
            .into_iter()
            .filter(|path| store::is_there(path))
            .chain(checkpoint::list(directory)?);
        return foreign
            .next()
            .map_or(Ok(None), |path| Err(Error::NotOurs { path }));
    }
    let text = store::read_text(&path, MAX_SETTINGS)?;
    let is_ours = text.starts_with(HEADING) && text.contains(NUMBERS) && text.contains(SAMPLES);
    if is_ours {
        Ok(Some(text))
    } else {
        Err(Error::NotOurs { path })
    }
}

/// Rejects the `run.toml` of another run.
fn check_run_file(
    directory: &Path,
    text: &str,
    config: &TrainConfig,
    digests: &[String; 2],
) -> Result<(), Error> {
    let found = TrainConfig::parse(text, &directory.join(RUN))?;
    let other = |difference| {
        Err(Error::OtherRun {
            directory: directory.to_owned(),
            difference,
        })
    };
    if let Some(difference) = difference(&found, config)? {
        return other(difference);
    }
    if !digests.iter().all(|digest| text.contains(digest.as_str())) {
        return other("it was trained on other data".to_owned());
    }
    if !text.contains(&numerics()) {
        return other(format!(
            "it was started with another numerics version than {NUMERICS}"
        ));
    }
    Ok(())
}

/// SHA-256 of training and test samples, if the model stores both.
fn sealed_digests(model: &Model) -> Option<[String; 2]> {
    let Description {
        train_sha256, run, ..
    } = &model.description;
    Some([train_sha256.clone(), run.as_ref()?.test_sha256.clone()])
}

/// The finished run in a directory: its model, and the evaluations that match the digest in the
/// model; none if it is not finished. Nothing is taken from a file that is not sealed, unless its
/// digest is.
///
/// # Errors
///
/// [`Error::Unverified`] with the file that was changed, or for a model of a version that stored no
/// digest; [`Error::Model`], [`Error::OtherRun`] if the files are not of one run,
/// [`Error::NotOurs`], [`Error::Storage`].
pub fn read_run(directory: &Path) -> Result<Option<(Model, Vec<Evaluation>)>, Error> {
    let path = directory.join(MODEL);
    let Some(text) = read_run_file(directory)?.filter(|_| path.exists()) else {
        return Ok(None);
    };
    let model = Model::read(&path)?;
    let metrics = directory.join(METRICS);
    let unverified = |message| Error::Unverified {
        path: metrics.clone(),
        message,
    };
    let (Some(seal), Some(digests)) = (&model.description.run, sealed_digests(&model)) else {
        return Err(unverified(
            "cannot be verified: the model was written by an earlier version, which stored no digest of the evaluations".to_owned(),
        ));
    };
    let bytes = store::read_at_most(&metrics, MAX_BYTES)?;
    let (found, expected) = (sha256_hex(&bytes), &seal.metrics_sha256);
    if found != *expected {
        return Err(unverified(format!(
            "changed after the run: SHA-256 is {found}, expected {expected}, as stored in the model"
        )));
    }
    let curve = MetricsLog::parse(&String::from_utf8_lossy(&bytes), &metrics)?;
    let Description {
        training, epoch, ..
    } = &model.description;
    let is_whole = (*epoch == training.epochs || training.patience > 0)
        && curve.last().is_some_and(|last| last.epoch == *epoch);
    if !is_whole || seal.numerics != NUMERICS {
        let difference = format!(
            "its model is from epoch {epoch} of {} with numerics version {}, expected the last epoch and version {NUMERICS}",
            training.epochs, seal.numerics
        );
        return Err(Error::OtherRun {
            directory: directory.to_owned(),
            difference,
        });
    }
    check_run_file(directory, &text, training, &digests)?;
    Ok(Some((model, curve)))
}

/// SHA-256 of training and test samples.
fn digests(data: &Dataset) -> [String; 2] {
    [data.train.sha256(), data.test.sha256()]
}

/// How the lines of `run.toml` begin that say what its numbers depend on beside the settings.
const NUMBERS: &str = "# numbers: version ";
const SAMPLES: &str = "# training samples: SHA-256 ";

fn numerics() -> String {
    format!("{NUMBERS}{NUMERICS}\n")
}

/// The text of `run.toml`.
fn run_file(config: &TrainConfig, data: &Dataset) -> Result<String, Error> {
    let (version, [train, test]) = (env!("CARGO_PKG_VERSION"), digests(data));
    let head = format!(
        "{HEADING}{version}; `spinet train --config run.toml --out DIR` repeats this run\n"
    );
    let data = format!("{SAMPLES}{train}\n# test samples: SHA-256 {test}\n");
    Ok(head + &numerics() + &data + "\n" + &config.to_toml()?)
}

/// The first setting in which two runs differ, in words.
fn difference(found: &TrainConfig, expected: &TrainConfig) -> Result<Option<String>, Error> {
    // Not by way of TOML, whose tables hold no number above 2^63.
    let table = |config: &TrainConfig| match serde_json::to_value(config) {
        Ok(serde_json::Value::Object(mut table)) => {
            // A table that is trained on has its task, whether it was asked for or found: the data say
            // it.
            if config.task != Task::Auto {
                table.remove("task");
            }
            Ok(table)
        }
        other => Err(Error::OutOfRange {
            setting: "configuration",
            expected: "settings by name",
            found: format!("{other:?}"),
        }),
    };
    let (there, here) = (table(found)?, table(expected)?);
    let value = |table: &serde_json::Map<_, _>, key: &str| {
        table
            .get(key)
            .map_or_else(|| "nothing".to_owned(), ToString::to_string)
    };
    let differing = here
        .keys()
        .chain(there.keys())
        .find(|key| here.get(*key) != there.get(*key));
    Ok(differing.map(|key| {
        format!(
            "`{key}` is {} there and {} here",
            value(&there, key),
            value(&here, key)
        )
    }))
}

/// A short identifier of everything that the results of a run depend on: eight hexadecimal digits.
///
/// # Errors
///
/// [`Error::OutOfRange`] if a number of the configuration has no TOML form.
pub fn run_id(config: &TrainConfig, data_sha256: &[String; 2]) -> Result<String, Error> {
    let [train, test] = data_sha256;
    let everything = format!("{}{train}\n{test}\n{}", numerics(), config.to_toml()?);
    Ok(sha256_hex(everything.as_bytes())[..8].to_owned())
}

/// The default directory of a run: `ROOT/NAME`, with [`run_name`]. If settings that are not part of
/// the name differ from the preset `bdnn-dsd`, eight digits of the SHA-256 of the settings are
/// appended, so that runs with different settings have different directories. A run that an earlier
/// version stored without these digits is still found.
///
/// # Errors
///
/// [`Error::OutOfRange`] if a number of the configuration has no TOML form.
pub fn run_path(root: &Path, config: &TrainConfig) -> Result<PathBuf, Error> {
    let name = run_name(config);
    let named = TrainConfig {
        data: config.data.clone(),
        hidden: config.hidden.clone(),
        layers: config.layers.clone(),
        seed: config.seed,
        kernel: config.kernel,
        rules: (config.rules.iter())
            .map(|rule| RuleSettings::new(&rule.name))
            .collect(),
        ..TrainConfig::bdnn_dsd()
    };
    let plain = root.join(&name);
    let is_there = || {
        let found = TrainConfig::read(&plain.join(RUN)).ok()?;
        difference(&found, config).ok()
    };
    if named == *config || is_there() == Some(None) {
        return Ok(plain);
    }
    let hash = sha256_hex(config.to_toml()?.as_bytes());
    Ok(root.join(format!("{name}-{}", &hash[..8])))
}

/// Longest name of a run, in bytes: with an id behind it, it is still a name that every file system
/// takes.
const MAX_NAME: usize = 200;

/// `DATA-HIDDEN-RULES-seedN`, as in `mnist-1200-256x128-bdnn-dsd+l2-seed0`; layers that are not all
/// dense have short names, as in `mnist-6c5-p2-16c5-p2-120-84-plain-seed0`; a `/` in the name of
/// the user data becomes `-`. A name of more than 200 bytes ends in eight digits of its SHA-256
/// instead.
pub fn run_name(config: &TrainConfig) -> String {
    let join = |parts: Vec<String>, between: &str, none: &str| {
        if parts.is_empty() {
            none.to_owned()
        } else {
            parts.join(between)
        }
    };
    let short = |layer| spinet_nn::short_name(layer).unwrap_or_default();
    let hidden = if config.layers.is_empty() || !config.hidden.is_empty() {
        let units = config.hidden.iter().map(ToString::to_string);
        join(units.collect(), "x", "linear")
    } else {
        config
            .layers
            .iter()
            .map(short)
            .collect::<Vec<_>>()
            .join("-")
    };
    let rules = join(
        config.rules.iter().map(|rule| rule.name.clone()).collect(),
        "+",
        "plain",
    );
    let mut parts: Vec<&str> = config
        .data
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    // Of a path from elsewhere the name of the file is enough.
    if config.data.starts_with('/') || parts.contains(&"..") {
        parts.drain(..parts.len() - 1);
    }
    let data = join(parts.into_iter().map(str::to_owned).collect(), "-", "data");
    shortened(format!("{data}-{hidden}-{rules}-seed{}", config.seed))
}

/// The name, or its beginning and a hash of all of it.
fn shortened(name: String) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let hash = &sha256_hex(name.as_bytes())[..8];
    format!(
        "{}-{hash}",
        &name[..name.floor_char_boundary(MAX_NAME - 1 - hash.len())]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_after_what_sets_it_apart() {
        assert_eq!(
            run_name(&TrainConfig::default()),
            "mnist-1200-100-plain-seed0"
        );
        let rules = vec![
            "bdnn-dsd:threshold=20".parse().unwrap(),
            "l2".parse().unwrap(),
        ];
        let config = TrainConfig {
            hidden: vec![256, 128],
            rules,
            seed: 7,
            ..TrainConfig::default()
        };
        assert_eq!(run_name(&config), "mnist-1200-256x128-bdnn-dsd+l2-seed7");
        assert_eq!(
            run_name(&TrainConfig {
                hidden: vec![],
                ..TrainConfig::default()
            }),
            "mnist-1200-linear-plain-seed0"
        );
        assert_eq!(
            run_name(&TrainConfig {
                data: "./my/iris.csv".to_owned(),
                ..TrainConfig::default()
            }),
            "my-iris.csv-100-plain-seed0"
        );
        for data in ["/home/me/iris.csv", "../iris.csv", "a/../iris.csv"] {
            let data = data.to_owned();
            let config = TrainConfig {
                data,
                ..TrainConfig::default()
            };
            assert_eq!(run_name(&config), "iris.csv-100-plain-seed0");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_stays_the_name_of_one_run() {
        let named = |hidden: Vec<usize>, seed| {
            run_name(&TrainConfig {
                hidden,
                seed,
                ..TrainConfig::default()
            })
        };
        let whole = named(vec![10; 59], 10);
        assert!(
            whole.len() == MAX_NAME && whole.ends_with("x10-plain-seed10"),
            "{whole}"
        );
        let [first, other] = [0, 1].map(|seed| named(vec![100; 500], seed));
        assert!(
            first.len() == MAX_NAME && first.starts_with("mnist-1200-100x100x") && first != other,
            "{first}, {other}"
        );
        for data in ["ä".repeat(300), format!("x{}", "ä".repeat(300))] {
            let name = run_name(&TrainConfig {
                data,
                ..TrainConfig::default()
            });
            assert!((MAX_NAME - 1..=MAX_NAME).contains(&name.len()), "{name}");
        }
    }

    #[test]
    fn settings_that_a_name_does_not_say_give_a_hash_unless_the_run_is_there() {
        let root = tempfile::tempdir().unwrap();
        let path = |config: &TrainConfig| run_path(root.path(), config).unwrap();
        let plain = TrainConfig {
            rules: vec!["l2".parse().unwrap()],
            ..TrainConfig::default()
        };
        let name = "mnist-1200-100-l2-seed0";
        assert_eq!(path(&plain), root.path().join(name));
        let others = [
            TrainConfig {
                epochs: 7,
                ..plain.clone()
            },
            TrainConfig {
                rules: vec!["l2:weight_decay=0.5".parse().unwrap()],
                ..plain.clone()
            },
        ];
        let [first, second] = others.each_ref().map(path);
        assert!(first != second && first != path(&plain));
        let shown = first.display().to_string();
        let (start, hash) = shown.rsplit_once('-').unwrap();
        assert!(start.ends_with(name) && hash.len() == 8, "{shown}");
        // What an earlier version began continues where it is.
        fs::create_dir(root.path().join(name)).unwrap();
        let text = others[0].to_toml().unwrap();
        store::write_atomically(&root.path().join(name).join(RUN), text.as_bytes()).unwrap();
        assert_eq!(path(&others[0]), root.path().join(name));
        assert_eq!(path(&others[1]), second);
    }

    #[test]
    fn an_id_covers_configuration_and_data() {
        let id = |config: &TrainConfig, data: &str| {
            run_id(config, &[data.to_owned(), "test".to_owned()]).unwrap()
        };
        let config = TrainConfig::default();
        let others = [
            id(
                &TrainConfig {
                    seed: 1,
                    ..config.clone()
                },
                "a",
            ),
            id(&config, "b"),
        ];
        assert_eq!(id(&config, "a"), id(&config.clone(), "a"));
        assert!(
            others.iter().all(|other| *other != id(&config, "a")),
            "{others:?}"
        );
    }

    #[test]
    fn what_sets_two_runs_apart_is_named() {
        let config = TrainConfig::default();
        let other = TrainConfig {
            batch: 7,
            ..config.clone()
        };
        assert_eq!(
            difference(&config, &other).unwrap().unwrap(),
            "`batch` is 600 there and 7 here"
        );
        assert_eq!(difference(&config, &config).unwrap(), None);
        let [huge, other] = [0.1, 0.2].map(|learning_rate| TrainConfig {
            seed: u64::MAX,
            learning_rate,
            ..TrainConfig::default()
        });
        assert_eq!(
            difference(&huge, &other).unwrap().unwrap(),
            "`learning_rate` is 0.1 there and 0.2 here"
        );
    }
}
