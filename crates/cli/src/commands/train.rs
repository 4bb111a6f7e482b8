//! `spinet train`: one run, its files and its result.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use spinet::data::{Background, DatasetEntry, EvaluatedOn, find, load_with};
use spinet::lab::peak_memory_mb;
use spinet::train::{Assessment, Measure, Scored, run_path};
use spinet::{
    Advance, Dataset, Evaluation, Model, RunDirectory, Safety, Samples, TrainConfig, Trainer,
};

use crate::commands::folds::{cross_validate, show_notes};
use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::settings::Settings;
use crate::flags::threads::ThreadCount;
use crate::interrupt::stop_on_signals;
use crate::output::Output;
use crate::show::assessment::in_words as in_words_of_scores;
use crate::show::escape::on_one_line;
use crate::show::network;
use crate::show::number::{duration, file_size, thousands};
use crate::show::sample_counts::both_parts;
use crate::show::spines::{RuleCounts, in_words, over_a_run};
use crate::show::train_bar::TrainBar;
use crate::slow_kernel::warn_if_slow;

const EXAMPLES: &str = "\
Examples:
  spinet train --rule bdnn-dsd
  spinet train --rule bdnn-dsd:threshold=20,bound_step=0.1 --hidden 256,128
  spinet train --rule dropout --activation relu --initializer he
  spinet train --config runs/mnist-1200-100-bdnn-dsd-seed0/run.toml --seed 1
  spinet train --data iris.csv --label species
  spinet train --data prices.csv --loss huber --patience 20 --test-size 0.3
  spinet train --data faults.csv --class-weight balanced
  spinet train --data ~/patients.csv --group patient --ignore id --folds 5
  spinet train --data my-images --train-per-class 100 --rule bdnn-dsd

Your own data:
  A table is a file with one row per sample: .csv, .tsv, .txt or .data (also with
  .gz), .npy, or .npz with the arrays X and y. Numbers are standardized with the
  mean and standard deviation of the training set. Words become categories,
  one-hot encoded. Missing cells (empty, ?, NA, nan) become the median or the most
  frequent word of the training set. Dates, running indexes and identifiers are
  left out. What was done is printed in one line; `--strict` refuses instead.
  `spinet data info FILE` lists the columns with their kinds.
  An image dataset is a folder of idx files: train-images*, train-labels* and
  optionally a test set, t10k-* or test-*; or a folder of folders of PNG or JPEG
  images, one folder per class.
  A dataset has at most 256 classes. A label column of numbers is predicted as
  numbers (regression); `--task classification` makes classes of them. Several
  label columns (`--label` repeated) are numbers that are predicted together, or
  labels that are yes or no.
  Settings that are not given are chosen for the table and printed; `--rule`,
  `--learning-rate`, `--preset` or `--config` turn that off.

Files:
  The run directory contains run.toml (to reproduce the run), metrics.jsonl (one
  line per evaluation) and model.safetensors. Interrupted runs resume when you
  repeat the command.";

/// Train a network.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Train {
    #[command(flatten)]
    settings: Settings,
    /// Run directory [default: runs/DATA-HIDDEN-RULES-seedN, followed by a short hash of the settings
    /// if others than these are changed].
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Cross-validation with N folds instead of a run: prints the accuracy on each fold and writes
    /// no files.
    #[arg(long, value_name = "N", conflicts_with_all = ["out", "force", "validation", "test"], value_parser = clap::value_parser!(u64).range(2..), help_heading = "Split options")]
    folds: Option<u64>,
    /// Overwrite an existing run.
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// Seconds between checkpoints; 0 saves after every step.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds, help_heading = "Output")]
    save_every: f64,
    /// Print the result as JSON.
    #[arg(long, help_heading = "Output")]
    json: bool,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl Train {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let config = self.settings.config()?;
        if let Some(folds) = self.folds {
            let data = config.load_for_folds(&self.source.source())?;
            show_notes(&data, output);
            let config = self.chosen(&config, &data, output)?;
            let threads = self.threads.start()?;
            return cross_validate(&config, &data, folds as usize, &threads, self.json, output);
        }
        let data = load_with(&config.data, &self.source.source(), &config.data_options())?;
        show_notes(&data, output);
        if let Some(text) = mixed_backgrounds(&data) {
            output.note(&text);
        }
        let config = self.chosen(&config, &data, output)?;
        let path = match &self.out {
            Some(path) => path.clone(),
            None => run_path(Path::new("runs"), &config)?,
        };
        let directory = RunDirectory::open(&path)?;
        let started = Instant::now();
        let finished = if self.force {
            None
        } else {
            directory.finished(&config, &data)?
        };
        let (model, curve) = match finished {
            Some(finished) => {
                output.note(&format!(
                    "{}: this run is already finished; `--force` trains it again",
                    path.display()
                ));
                finished
            }
            None => self.train(&config, &data, &directory, output)?,
        };
        let mut result = RunResult::new(&directory, &data, &curve, started.elapsed());
        if let (EvaluatedOn::Validation(_), Some(test)) = (&data.evaluated_on, data.test_set()) {
            let Scored { loss, measure } = model.score(test, self.threads.start()?)?;
            result.test = Some(TestScore { measure, loss });
        }
        let scored = data.test_set().unwrap_or(&data.test);
        result.scores = Some(model.assess(scored, self.threads.start()?)?);
        if self.json {
            return output.json(&result);
        }
        result.show(&model, &data, output)?;
        writeln!(output, "\nnext: {}", self.next(&directory, &data))
    }

    /// The configuration with what is chosen from the data, and with the class of the kernel.
    fn chosen(
        &self,
        config: &TrainConfig,
        data: &Dataset,
        output: &Output,
    ) -> Result<TrainConfig, Error> {
        let chosen = self.settings.chosen(data)?;
        let is_chosen = chosen.is_some();
        let config = chosen.as_ref().unwrap_or(config).for_target(&data.target);
        config.check_target(&data.target)?;
        if !is_chosen {
            return Ok(config.resolved()?);
        }
        output.note(&format!(
            "settings chosen for this table: {}; `--preset bdnn-dsd` has those of the paper",
            config.chosen_in_words()
        ));
        Ok(config.resolved()?)
    }

    /// Trains, from the newest checkpoint if there is one.
    fn train(
        &self,
        config: &TrainConfig,
        data: &Dataset,
        directory: &RunDirectory,
        output: &Output,
    ) -> Result<(Model, Vec<Evaluation>), Error> {
        let mut trainer = Trainer::new(config, data, self.threads.start()?)?;
        if self.force {
            // Now, when nothing is left that would refuse the settings.
            directory.replace(trainer.config(), data)?;
        }
        let start = directory.begin(&mut trainer, data)?;
        output.note(&plan(&trainer, data, self.threads.count()));
        output.note(&cost(&trainer, data, self.threads.count())?);
        warn_if_slow([config.kernel], output)?;
        start
            .skipped
            .iter()
            .for_each(|reason| output.note(&format!("skipped {reason}")));
        if start.from.is_some() {
            let step = thousands(trainer.position().step);
            output.note(&format!(
                "resuming after step {step} (epoch {})",
                thousands(trainer.epoch() as u64 + 1)
            ));
        }
        let safety = Safety {
            stop: stop_on_signals(),
            save_every: Duration::from_secs_f64(self.save_every),
            ..Safety::default()
        };
        let mut bar = TrainBar::new(config.epochs);
        let result = directory.run(&mut trainer, data, &safety, &mut |advance, trainer| {
            // The last step of an epoch after which an evaluation is due is shown with that.
            let is_due =
                advance == Advance::Stepped && trainer.config().is_evaluated(trainer.epoch());
            if let (0, false, Some(newest)) =
                (trainer.position().batch, is_due, trainer.curve().last())
            {
                bar.show(trainer.epoch(), newest, output);
            }
        });
        bar.clear();
        Ok((result?, trainer.curve().to_vec()))
    }

    /// The command that evaluates what was trained.
    fn next(&self, directory: &RunDirectory, data: &Dataset) -> String {
        let quoted = |path: &Path| shell_words::quote(&path.display().to_string()).into_owned();
        let source = self.source.source();
        let leave = if source.allow_unverified && !data.is_verified {
            " --allow-unverified"
        } else {
            ""
        };
        let command = format!("spinet eval {}{leave}", quoted(directory.path()));
        match source.data_dir {
            Some(data_dir) if !find(&data.name).is_ok_and(DatasetEntry::is_embedded) => {
                format!("{command} --data-dir {}", quoted(&data_dir))
            }
            _ => command,
        }
    }
}

/// `training 784-100-10 (79,510 parameters) ...`, before the first step.
fn plan(trainer: &Trainer, data: &Dataset, threads: usize) -> String {
    format!(
        "training {} ({} parameters) with {} on {} ({} samples), {threads} thread{}, kernel {}",
        network::short(trainer.config(), trainer.network()),
        thousands(network::parameters(trainer.network()) as u64),
        rules_in_words(trainer.config()),
        data.name,
        thousands(data.train.len() as u64),
        if threads == 1 { "" } else { "s" },
        trainer.kernel(),
    )
}

/// `2.52 million operations per sample and step, at most 45 MB of memory, about 2 min`.
fn cost(trainer: &Trainer, data: &Dataset, threads: usize) -> Result<String, Error> {
    let bytes = spinet::train::memory::of_run(trainer.config(), data, threads)?;
    let time = trainer.estimated_time()?;
    let time = time.map_or(String::new(), |time| format!(", about {}", duration(time)));
    Ok(format!(
        "{} floating-point operations per sample and step, at most {} of memory{time}",
        network::large(network::operations(trainer.network())),
        file_size(bytes)
    ))
}

/// What the user has to know about images of their own of which a few have the opposite colors of
/// the others.
fn mixed_backgrounds(data: &Dataset) -> Option<String> {
    let [dark, light] = Background::counts(&data.train);
    let (few, many) = (dark.min(light), dark.max(light));
    let name = |is_dark: bool| if is_dark { "dark" } else { "light" };
    let is_odd = find(&data.name).is_err() && few > 0 && 10 * few <= many;
    is_odd.then(|| {
        format!(
            "warning: {}: {} of the training images {} a {} background, the others a {} one; their colors may be inverted",
            on_one_line(&data.name),
            thousands(few as u64),
            if few == 1 { "has" } else { "have" },
            name(dark == few),
            name(dark != few)
        )
    })
}

/// The rules of a run, or what it is without them.
pub(crate) fn rules_in_words(config: &TrainConfig) -> String {
    let rules: Vec<_> = config.rules.iter().map(ToString::to_string).collect();
    if rules.is_empty() {
        "plain gradient descent".to_owned()
    } else {
        rules.join(" + ")
    }
}

/// The evaluation of a test set.
#[derive(Serialize)]
struct TestScore {
    #[serde(flatten)]
    measure: Measure,
    loss: f64,
}

/// The highest accuracy or R2.
#[derive(Serialize)]
enum Best {
    #[serde(rename = "best_accuracy")]
    Accuracy(f64),
    #[serde(rename = "best_r2")]
    R2(f64),
}

impl From<Measure> for Best {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Accuracy(value) => Self::Accuracy(value),
            Measure::R2(value) => Self::R2(value),
        }
    }
}

/// What came out of a run.
#[derive(Serialize)]
struct RunResult {
    directory: PathBuf,
    model: PathBuf,
    data: String,
    train_samples: usize,
    test_samples: usize,
    /// What the run was evaluated on, if not on a test set.
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluated_on: Option<&'static str>,
    /// The evaluation of the test set, after a run that was evaluated on a validation set.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<TestScore>,
    /// Whether all files had their official digests.
    is_verified: bool,
    epochs: usize,
    steps: u64,
    #[serde(flatten)]
    measure: Measure,
    loss: f64,
    #[serde(flatten)]
    best: Best,
    best_epoch: usize,
    /// All scores of the test set, else of what the run was evaluated on.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<Assessment>,
    rules: RuleCounts,
    seconds: f64,
    /// Of the process, in MB; absent where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_mb: Option<f64>,
}

impl RunResult {
    fn new(directory: &RunDirectory, data: &Dataset, curve: &[Evaluation], time: Duration) -> Self {
        let last = &curve[curve.len() - 1];
        // The first of equals.
        let best = curve
            .iter()
            .rev()
            .max_by(|a, b| a.score().total_cmp(&b.score()))
            .unwrap_or(last);
        Self {
            directory: directory.path().to_owned(),
            model: directory.model(),
            data: data.name.clone(),
            train_samples: data.train.len(),
            test_samples: data.test_set().map_or(0, Samples::len),
            evaluated_on: Some(data.evaluated_on.name()).filter(|name| *name != "test"),
            test: None,
            is_verified: data.is_verified,
            epochs: last.epoch,
            steps: last.step,
            measure: last.measure,
            loss: last.test_loss,
            best: best.measure.into(),
            best_epoch: best.epoch,
            scores: None,
            rules: over_a_run(curve),
            seconds: time.as_secs_f64(),
            peak_memory_mb: peak_memory_mb(),
        }
    }

    fn show(&self, model: &Model, data: &Dataset, output: &mut Output) -> Result<(), Error> {
        writeln!(output, "data: {}", both_parts(data))?;
        writeln!(
            output,
            "{} {}: {} (loss {:.4})",
            data.evaluated_on.name(),
            self.measure.name(),
            self.measure,
            self.loss
        )?;
        if let Some(TestScore { measure, loss }) = &self.test {
            writeln!(
                output,
                "test {}: {measure} (loss {loss:.4})",
                measure.name()
            )?;
        }
        if let Some(scores) = &self.scores {
            writeln!(output, "{}", in_words_of_scores(scores))?;
        }
        let best = match self.best {
            Best::Accuracy(value) | Best::R2(value) => self.measure.with(value),
        };
        writeln!(
            output,
            "best: {best} after epoch {}",
            thousands(self.best_epoch as u64)
        )?;
        for line in in_words(&self.rules, model) {
            writeln!(output, "{line}")?;
        }
        writeln!(
            output,
            "time: {}",
            duration(Duration::from_secs_f64(self.seconds))
        )?;
        writeln!(output, "model: {}", self.model.display())
    }
}

/// A time from one checkpoint to the next.
fn seconds(text: &str) -> Result<f64, String> {
    let found = text
        .parse()
        .ok()
        .filter(|seconds| (0.0..=MOST_SECONDS).contains(seconds));
    found.ok_or_else(|| format!("expected seconds from 0 to {MOST_SECONDS}"))
}

/// A week.
const MOST_SECONDS: f64 = 604_800.0;
