//! `spinet inspect`: what is in a model file.

use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};
use spinet::data::Standardisation;
use spinet::nn::Network;
use spinet::{Model, Schedule, Standardize, TrainConfig};

use crate::commands::train::rules_in_words;
use crate::error::Error;
use crate::model_file::ModelFile;
use crate::output::Output;
use crate::show::escape::{on_one_line, shortened};
use crate::show::histogram::Histogram;
use crate::show::network;
use crate::show::number::{file_size, percent, thousands};
use crate::show::spines::bounds;

const EXAMPLES: &str = "\
Example:
  spinet inspect runs/mnist-1200-100-bdnn-dsd-seed0";

/// Describe a model file: training options, layers, weights and weight bounds.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    /// Model file, or run directory.
    model: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let report = Report::new(ModelFile::read(&self.model)?);
        if self.json {
            output.json(&report)
        } else {
            report.show(output)
        }
    }
}

/// What is in a model file.
#[derive(Serialize)]
struct Report {
    path: PathBuf,
    bytes: usize,
    sha256: String,
    /// Of the arrays alone, as records and reports name it: equal for runs that gave the same bits.
    arrays_sha256: String,
    version: u32,
    program: String,
    training: TrainConfig,
    epoch: usize,
    shape: [usize; 2],
    classes: Vec<String>,
    train_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    standardisation: Option<Standardisation>,
    layers: Vec<Layer>,
    #[serde(skip)]
    network: Network<f32>,
}

/// One layer with its weights.
#[derive(Serialize)]
struct Layer {
    /// What comes in and goes out, in words.
    #[serde(skip)]
    shapes: String,
    outputs: usize,
    inputs: usize,
    activation: &'static str,
    weights: usize,
    biases: usize,
    mean_weight: f64,
    largest_weight: f64,
    zero_weights: usize,
    histogram: Histogram,
    bounds: Option<Bounds>,
}

/// The weight bounds of one layer.
#[derive(Serialize)]
struct Bounds {
    mean: f64,
    largest: f64,
    zero: usize,
    /// Weights at their bound, where that is above zero.
    saturated: usize,
    histogram: Histogram,
}

impl Report {
    fn new(file: ModelFile) -> Self {
        let ModelFile { path, bytes, model } = file;
        let layers = (0..model.network.weighted_layers())
            .map(|index| Layer::new(&model, index))
            .collect();
        let arrays_sha256 = model.arrays_sha256();
        let description = model.description;
        let sha256 = Sha256::digest(&bytes)
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Self {
            path,
            bytes: bytes.len(),
            sha256,
            arrays_sha256,
            version: description.version,
            program: description.program,
            training: description.training,
            epoch: description.epoch,
            shape: description.shape,
            classes: description.classes,
            train_sha256: description.train_sha256,
            standardisation: description.standardisation,
            layers,
            network: model.network,
        }
    }

    fn input(&self) -> String {
        let [rows, columns] = self.shape;
        if let Some([height, width, channels]) = self.network.config().image {
            let standardize = self.training.standardize;
            let standardized = if standardize.is_none() {
                String::new()
            } else {
                format!(", standardized: {standardize}")
            };
            return format!("{height} x {width} pixels, {channels} channels{standardized}");
        }
        match self.training.standardize {
            Standardize::None if self.standardisation.is_some() => {
                format!("{} table columns, standardized", thousands(columns as u64))
            }
            Standardize::None => format!("{rows} x {columns} pixels"),
            standardize => format!("{rows} x {columns} pixels, standardized: {standardize}"),
        }
    }

    fn show(&self, output: &mut Output) -> Result<(), Error> {
        let training = &self.training;
        let classes: Vec<_> = self.classes.iter().map(|class| shortened(class)).collect();
        let lines = [
            ("model", on_one_line(&self.path.display().to_string())),
            (
                "file",
                format!(
                    "{}, format version {}, written by spinet {}",
                    file_size(self.bytes as u64),
                    self.version,
                    on_one_line(&self.program)
                ),
            ),
            ("sha256", self.sha256.clone()),
            (
                "arrays",
                format!(
                    "SHA-256 {} (`arrays_sha256` of records and reports)",
                    self.arrays_sha256
                ),
            ),
            ("input", self.input()),
            ("classes", classes.join(", ")),
            (
                "trained on",
                format!(
                    "{} (SHA-256 of the training set {})",
                    on_one_line(&training.data),
                    on_one_line(&self.train_sha256)
                ),
            ),
            ("rules", on_one_line(&rules_in_words(training))),
            ("loss", training.loss.name().to_owned()),
            ("weights", training.initializer.to_string()),
            (
                "training",
                format!(
                    "{} of {} epochs, batch size {}, learning rate {}{}{}, seed {}",
                    thousands(self.epoch as u64),
                    thousands(training.epochs as u64),
                    thousands(training.batch as u64),
                    training.learning_rate,
                    if training.schedule == Schedule::Constant {
                        String::new()
                    } else {
                        format!(", {}", training.schedule)
                    },
                    if training.warm_up == 0 {
                        String::new()
                    } else {
                        format!(", {} epochs of warm-up", training.warm_up)
                    },
                    training.seed
                ),
            ),
        ];
        for (name, value) in lines {
            writeln!(output, "{name:<10}  {value}")?;
        }
        writeln!(output)?;
        network::draw(&self.network, output)?;
        for (index, layer) in self.layers.iter().enumerate() {
            writeln!(output)?;
            layer.show(index + 1, output)?;
        }
        Ok(())
    }
}

impl Layer {
    fn new(model: &Model, index: usize) -> Self {
        let place = model.network.layer_of(model.network.weight_id(index));
        let (layer, weight) = (&model.network.layers()[place], model.network.weight(index));
        let (mean_weight, largest_weight) = magnitudes(weight);
        let shapes = match layer.kind() {
            "dense" => {
                let [inputs, units] =
                    [layer.input(), layer.output()].map(|flow| thousands(flow.len() as u64));
                format!("{inputs} inputs -> {units} units")
            }
            kind => format!("{kind}, {} -> {}", layer.input(), layer.output()),
        };
        Self {
            shapes,
            outputs: layer.output().len(),
            inputs: layer.input().len(),
            activation: layer.activation().name(),
            weights: weight.len(),
            biases: model.network.bias(index).map_or(0, <[f32]>::len),
            mean_weight,
            largest_weight,
            zero_weights: weight.iter().filter(|weight| **weight == 0.0).count(),
            histogram: Histogram::new(weight, -largest_weight, largest_weight),
            bounds: bounds(model, index).map(|bounds| Bounds::new(weight, bounds)),
        }
    }

    fn show(&self, number: usize, output: &mut Output) -> Result<(), Error> {
        let count = |count: usize| {
            format!(
                "{} ({})",
                thousands(count as u64),
                percent(count as f64 / self.weights as f64)
            )
        };
        writeln!(
            output,
            "layer {number}: {}, {}",
            self.shapes, self.activation
        )?;
        writeln!(
            output,
            "  {} weights, {} biases; {} zero weights",
            thousands(self.weights as u64),
            thousands(self.biases as u64),
            count(self.zero_weights)
        )?;
        writeln!(
            output,
            "  weights: mean magnitude {:.4}, maximum {:.4}",
            self.mean_weight, self.largest_weight
        )?;
        self.histogram.show(output)?;
        let Some(bounds) = &self.bounds else {
            return Ok(());
        };
        writeln!(
            output,
            "  bounds (spine sizes): mean {:.4}, maximum {:.4}",
            bounds.mean, bounds.largest
        )?;
        writeln!(
            output,
            "  {} weights at their bound, {} zero bounds (no spine)",
            count(bounds.saturated),
            count(bounds.zero)
        )?;
        bounds.histogram.show(output)
    }
}

impl Bounds {
    fn new(weights: &[f32], bounds: &[f32]) -> Self {
        let (mean, largest) = magnitudes(bounds);
        let is_saturated =
            |(weight, bound): &(&f32, &f32)| **bound > 0.0 && weight.abs() >= **bound;
        Self {
            mean,
            largest,
            zero: bounds.iter().filter(|bound| **bound == 0.0).count(),
            saturated: weights.iter().zip(bounds).filter(is_saturated).count(),
            histogram: Histogram::new(bounds, 0.0, largest),
        }
    }
}

/// Mean and largest magnitude.
fn magnitudes(values: &[f32]) -> (f64, f64) {
    let magnitudes = values.iter().map(|value| f64::from(value.abs()));
    (
        magnitudes.clone().sum::<f64>() / values.len() as f64,
        magnitudes.fold(0.0, f64::max),
    )
}
