//! `spinet eval`: evaluates a model, overall and per class.

use std::path::{Path, PathBuf};

use serde::Serialize;
use spinet::data::{Column, Limits, Purpose, read_images_of};
use spinet::train::{Assessment, ClassScore, ClassScores, Measure};
use spinet::{Model, Samples, Threads, Values};

use crate::commands::folds::show_notes;
use crate::commands::train::rules_in_words;
use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::threads::ThreadCount;
use crate::model_data::{ModelData, background_warning, data_for};
use crate::model_file::ModelFile;
use crate::output::Output;
use crate::show::assessment::in_words;
use crate::show::escape::{on_one_line, shortened};
use crate::show::number::{percent, thousands};
use crate::show::sample_counts::test_part;

const EXAMPLES: &str = "\
Examples:
  spinet eval runs/mnist-1200-100-bdnn-dsd-seed0
  spinet eval model.safetensors --data mnist --data-dir ~/data
  spinet eval model.safetensors --images images.idx --labels labels.idx --json
  spinet eval iris --data new.csv

The last example evaluates all rows of another table, standardized with the
constants stored in the model.

The fastest available kernel is used, whichever the model was trained with
(`spinet train --kernel`). The last digits of the loss depend on it.";

/// Evaluate a model: accuracy, loss, scores of every class, confusion matrix; R2, RMSE and MAE of
/// numbers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Eval {
    /// Model file, or run directory.
    model: PathBuf,
    /// Dataset whose test set is used (all samples, for another table or a folder without a test
    /// set) [default: the training dataset].
    #[arg(long, value_name = "NAME", conflicts_with = "images")]
    data: Option<String>,
    /// Label column of a table, by name or number [default: as in training].
    #[arg(long, value_name = "COLUMN", conflicts_with = "images")]
    label: Option<Column>,
    /// Images in idx format (plain or gzip) instead of a dataset.
    #[arg(long, value_name = "FILE", requires = "labels")]
    images: Option<PathBuf>,
    /// Labels of these images in idx format.
    #[arg(long, value_name = "FILE", requires = "images")]
    labels: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl Eval {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let ModelFile { path, model, .. } = ModelFile::read(&self.model)?;
        let chosen = self.samples(&model, output)?;
        let warning = background_warning(&model, &chosen.name, &chosen.samples);
        if let Some(text) = warning {
            output.note(&text);
        }
        let result = EvalResult::new(&model, path, chosen, &self.threads.start()?)?;
        if self.json {
            output.json(&result)
        } else {
            result.show(&model, output)
        }
    }

    fn samples(&self, model: &Model, output: &Output) -> Result<Chosen, Error> {
        if let (Some(images), Some(labels)) = (&self.images, &self.labels) {
            model.description.accepts(Values::Bytes(&[]))?;
            let limits = Limits {
                shape: Some(model.description.shape),
                ..Limits::default()
            };
            let samples = read_images_of(images, labels, &model.description.classes, &limits)?;
            let count = format!("{} samples", thousands(samples.len() as u64));
            return Ok(Chosen {
                name: images.display().to_string(),
                samples,
                count,
                is_verified: None,
                is_changed: false,
                kind: "test",
            });
        }
        let found = data_for(
            model,
            self.data.as_deref(),
            self.label.as_ref(),
            Purpose::Test,
            &self.source.source(),
        )?;
        found.warning().iter().for_each(|text| output.note(text));
        show_notes(&found.data, output);
        let ModelData { data, is_changed } = found;
        Ok(Chosen {
            count: test_part(&data),
            is_verified: Some(data.is_verified),
            is_changed,
            kind: data.evaluated_on.name(),
            name: data.name,
            samples: data.test,
        })
    }
}

/// The samples that are scored.
struct Chosen {
    name: String,
    samples: Samples,
    /// How many, in words.
    count: String,
    /// Whether the files of a dataset are the official ones.
    is_verified: Option<bool>,
    /// Whether they may be samples that the model was trained on.
    is_changed: bool,
    /// Test, validation or training samples.
    kind: &'static str,
}

/// The evaluation of a model.
#[derive(Serialize)]
struct EvalResult {
    model: PathBuf,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_verified: Option<bool>,
    /// Whether the data have changed since the model was trained, so that it may have been trained
    /// on these samples.
    #[serde(skip_serializing_if = "is_false")]
    is_changed: bool,
    /// What kind of samples they are, if not test samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluated_on: Option<&'static str>,
    samples: usize,
    /// The same in words.
    #[serde(skip)]
    count: String,
    loss: f64,
    #[serde(flatten)]
    scores: Assessment,
}

impl EvalResult {
    fn new(model: &Model, path: PathBuf, chosen: Chosen, threads: &Threads) -> Result<Self, Error> {
        let Chosen {
            name: data,
            samples,
            count,
            is_verified,
            is_changed,
            kind,
        } = chosen;
        let loss = model.score(&samples, threads.clone())?.loss;
        let scores = model.assess(&samples, threads.clone())?;
        Ok(Self {
            model: path,
            data,
            is_verified,
            is_changed,
            evaluated_on: Some(kind).filter(|kind| *kind != "test"),
            samples: samples.len(),
            count,
            loss,
            scores,
        })
    }

    fn show(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let training = &model.description.training;
        writeln!(
            output,
            "model: {} (trained on {} with {})",
            shown(&self.model),
            on_one_line(&training.data),
            on_one_line(&rules_in_words(training))
        )?;
        writeln!(output, "data: {}, {}", self.data, self.count)?;
        let (score, right) = match &self.scores {
            Assessment::Classes(scores) => (Measure::Accuracy(scores.accuracy), Some(scores.right)),
            Assessment::Labels(scores) => (Measure::Accuracy(scores.accuracy), Some(scores.right)),
            Assessment::Numbers(scores) => (Measure::R2(scores.r2), None),
        };
        writeln!(
            output,
            "{}{}: {score} (loss {:.4}){}",
            match self.evaluated_on {
                _ if self.is_changed => String::new(),
                kind => format!("{} ", kind.unwrap_or("test")),
            },
            score.name(),
            self.loss,
            right.map_or_else(String::new, |right| format!(
                ", {} correct",
                thousands(right as u64)
            ))
        )?;
        writeln!(output, "{}", in_words(&self.scores))?;
        match &self.scores {
            Assessment::Classes(scores) => {
                show_classes("class", &scores.classes, output)?;
                show_confusion(scores, output)
            }
            Assessment::Labels(scores) => show_classes("label", &scores.labels, output),
            Assessment::Numbers(_) => Ok(()),
        }
    }
}

/// A table of classes or labels with their samples and scores.
fn show_classes(title: &str, classes: &[ClassScore], output: &mut Output) -> Result<(), Error> {
    let names = names(classes);
    let width = width(&names).max(title.len());
    writeln!(
        output,
        "\n{title:width$}  samples  correct  accuracy  precision      F1"
    )?;
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), percent);
    for (name, class) in names.iter().zip(classes) {
        let f1 = class.f1.map_or("-".to_owned(), |f1| format!("{f1:.4}"));
        writeln!(
            output,
            "{name:width$}  {:>7}  {:>7}  {:>8}  {:>9}  {f1:>6}",
            thousands(class.samples as u64),
            thousands(class.right as u64),
            shown(class.accuracy),
            shown(class.precision)
        )?;
    }
    Ok(())
}

fn show_confusion(scores: &ClassScores, output: &mut Output) -> Result<(), Error> {
    writeln!(
        output,
        "\nconfusion matrix (rows: true class, columns: predicted class):"
    )?;
    let (names, short) = (names(&scores.classes), short_names(&scores.classes));
    let width = width(&names).max("class".len());
    let labels = short.iter().map(String::len).max().unwrap_or(1);
    let cell = scores
        .confusion
        .iter()
        .flatten()
        .max()
        .map_or(1, |most| most.to_string().len())
        .max(labels);
    let line = |cells: Vec<String>| {
        cells
            .into_iter()
            .fold(String::new(), |line, text| format!("{line}  {text:>cell$}"))
    };
    writeln!(output, "{:width$}{}", "", line(short))?;
    for (name, row) in names.iter().zip(&scores.confusion) {
        let shown = |count: &usize| {
            if *count == 0 {
                ".".to_owned()
            } else {
                count.to_string()
            }
        };
        let cells = row.iter().map(shown).collect();
        writeln!(output, "{name:width$}{}", line(cells))?;
    }
    Ok(())
}

fn names(classes: &[ClassScore]) -> Vec<String> {
    let short = short_names(classes);
    let named = classes.iter().zip(&short);
    named
        .map(|(class, short)| row_name(short, &class.class))
        .collect()
}

fn width(names: &[String]) -> usize {
    let widths = names.iter().map(|name| name.chars().count());
    widths.max().unwrap_or(0)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

fn shown(path: &Path) -> String {
    on_one_line(&path.display().to_string())
}

/// Numbers for classes: their names if these are numbers, else their positions.
fn short_names(classes: &[ClassScore]) -> Vec<String> {
    let are_numbers = classes
        .iter()
        .all(|class| class.class.parse::<i64>().is_ok());
    let name = |(label, class): (usize, &ClassScore)| {
        if are_numbers {
            class.class.clone()
        } else {
            label.to_string()
        }
    };
    classes.iter().enumerate().map(name).collect()
}

/// `3`, or `3 Dress` where the name says more than the number.
fn row_name(short: &str, name: &str) -> String {
    if name == short {
        name.to_owned()
    } else {
        format!("{short} {}", shortened(name))
    }
}
