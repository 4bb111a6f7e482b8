//! `spinet predict`: the class of every image or row of a table, or its numbers.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use spinet::data::{Column, Limits, Purpose, Target, idx, is_table, read_image};
use spinet::{Model, Samples, Values};

use crate::commands::folds::{show_notes, show_sentences};
use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::threads::ThreadCount;
use crate::model_data::data_for;
use crate::model_file::ModelFile;
use crate::output::Output;
use crate::show::escape::{on_one_line, shortened};
use crate::show::number::percent;
use crate::show::scores::{kind, ranked};

const EXAMPLES: &str = "\
Examples:
  spinet predict model.safetensors digit.png
  spinet predict model.safetensors t10k-images-idx3-ubyte.gz --top 3
  spinet predict model.safetensors --data mnist-1200 --json > predictions.jsonl
  spinet predict iris new.csv

Images must have the size of the training images and look like them: for MNIST,
bright strokes on a dark background. Tables may have a label column; it is
ignored.

The fastest available kernel is used, whichever the model was trained with
(`spinet train --kernel`). The last digits of the probabilities depend on it.";

/// Predict the classes of images or table rows, or numbers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Predict {
    /// Model file, or run directory.
    model: PathBuf,
    /// PNG or JPEG images, idx image files (plain or gzip), or tables.
    files: Vec<PathBuf>,
    /// Predict the test set of a dataset (all rows, for a table other than the training data).
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    data: Option<String>,
    /// Label column to ignore, by name or number [default: as in training, else the last column].
    #[arg(long, value_name = "COLUMN")]
    label: Option<Column>,
    /// Show the N most probable classes per sample.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    top: u64,
    /// Print one JSON object per sample.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

/// Samples of one file or dataset.
struct Batch {
    name: String,
    samples: Samples,
    /// Whether it is one image, so that its number says nothing.
    is_single: bool,
}

impl Predict {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let model = ModelFile::read(&self.model)?.model;
        let threads = self.threads.start()?;
        // All files are read before the first line is printed: a wrong one is refused before any
        // answer.
        for batch in self.batches(&model, output)? {
            spinet::each_sample(
                &model,
                batch.samples.values(),
                threads.clone(),
                |index, scores| {
                    if self.json {
                        output.json(&self.object(&model, &batch, index, scores))
                    } else {
                        self.show(&model, &batch, index, scores, output)
                    }
                },
            )?;
        }
        Ok(())
    }

    fn batches(&self, model: &Model, output: &Output) -> Result<Vec<Batch>, Error> {
        if self.data.is_none() && self.files.is_empty() {
            return Err(Error::NoSamples);
        }
        let Some(name) = &self.data else {
            return self
                .files
                .iter()
                .map(|path| self.read(model, path, output))
                .collect();
        };
        let found = data_for(
            model,
            Some(name),
            self.label.as_ref(),
            Purpose::Prediction,
            &self.source.source(),
        )?;
        found.warning().iter().for_each(|text| output.note(text));
        show_notes(&found.data, output);
        let test = found.data.test;
        if test.features() != model.network.inputs() {
            return Err(spinet::Error::Features {
                expected: model.network.inputs(),
                found: test.features(),
            }
            .into());
        }
        Ok(vec![Batch {
            name: name.clone(),
            samples: test,
            is_single: false,
        }])
    }

    fn read(&self, model: &Model, path: &Path, output: &Output) -> Result<Batch, Error> {
        let description = &model.description;
        if !is_table(path) {
            description.accepts(Values::Bytes(&[]))?;
            return read_images(path, description.shape);
        }
        let name = path.display().to_string();
        let (samples, notes) = model.read_table_with_notes(path, self.label.as_ref())?;
        show_sentences(&name, &notes, output);
        Ok(Batch {
            name,
            samples,
            is_single: false,
        })
    }

    fn show(
        &self,
        model: &Model,
        batch: &Batch,
        index: usize,
        scores: &[f32],
        output: &mut Output,
    ) -> Result<(), Error> {
        let name = on_one_line(&batch.name);
        let name = if batch.is_single {
            name
        } else {
            format!("{name}[{index}]")
        };
        let description = &model.description;
        let labels = description.classes.iter().zip(scores);
        match &description.target {
            Target::Classification => {}
            Target::Regression { numbers } => {
                let numbers: Vec<String> = (numbers.iter().zip(scores))
                    .map(|(target, output)| target.number(*output).to_string())
                    .collect();
                return writeln!(output, "{name}: {}", numbers.join(",  "));
            }
            Target::MultiLabel { .. } => {
                let labels: Vec<String> = labels
                    .filter(|(_, score)| **score > 0.5)
                    .map(|(label, score)| {
                        format!("{}  {}", shortened(label), percent(f64::from(*score)))
                    })
                    .collect();
                return writeln!(output, "{name}: {}", labels.join(",  "));
            }
        }
        let is_probability = kind(model) == "probability";
        let one = |label: usize| {
            let score = f64::from(scores[label]);
            let score = if is_probability {
                percent(score)
            } else {
                format!("{score:.4}")
            };
            format!("{}  {score}", shortened(&model.description.classes[label]))
        };
        let classes: Vec<_> = ranked(scores)
            .into_iter()
            .take(self.top as usize)
            .map(one)
            .collect();
        writeln!(output, "{name}: {}", classes.join(",  "))
    }

    fn object(&self, model: &Model, batch: &Batch, index: usize, scores: &[f32]) -> Value {
        let one = |label: usize| {
            let mut object = Map::new();
            object.insert("class".to_owned(), json!(model.description.classes[label]));
            object.insert("label".to_owned(), json!(label));
            object.insert(kind(model).to_owned(), json!(scores[label]));
            object
        };
        let ranked = ranked(scores);
        let description = &model.description;
        let mut object = match &description.target {
            Target::Classification => one(ranked[0]),
            Target::Regression { numbers } => {
                let all = numbers.iter().zip(scores);
                let all: Map<String, Value> = all
                    .map(|(target, output)| (target.name.clone(), json!(target.number(*output))))
                    .collect();
                Map::from_iter([("predicted".to_owned(), Value::Object(all))])
            }
            Target::MultiLabel { .. } => {
                let all = description.classes.iter().zip(scores);
                let all = all.map(|(label, score)| (label.clone(), json!(score)));
                Map::from_iter([("probabilities".to_owned(), Value::Object(all.collect()))])
            }
        };
        let name = if batch.samples.bytes().is_some() {
            "image"
        } else {
            "table"
        };
        object.insert(name.to_owned(), json!(batch.name));
        object.insert("index".to_owned(), json!(index));
        if self.top > 1 && description.target.is_classification() {
            object.insert(
                "top".to_owned(),
                ranked
                    .into_iter()
                    .take(self.top as usize)
                    .map(one)
                    .collect(),
            );
        }
        Value::Object(object)
    }
}

/// Images of this shape from a PNG or JPEG file or an idx file, told apart by content.
fn read_images(path: &Path, shape: [usize; 2]) -> Result<Batch, Error> {
    let is_single = is_image(path);
    let bytes = if is_single {
        read_image(path, shape)?
    } else {
        idx::read_images(
            path,
            &Limits {
                shape: Some(shape),
                ..Limits::default()
            },
        )?
        .bytes
    };
    // Their labels are what is asked for.
    let labels = vec![0; bytes.len() / (shape[0] * shape[1])];
    Ok(Batch {
        name: path.display().to_string(),
        samples: Samples::new(bytes, labels, shape)?,
        is_single,
    })
}

fn is_image(path: &Path) -> bool {
    let mut first = [0; 4];
    let is_signed = File::open(path)
        .and_then(|mut file| file.read_exact(&mut first))
        .is_ok()
        && (first == *b"\x89PNG" || first.starts_with(b"\xff\xd8\xff"));
    is_signed
        || path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| {
                ["png", "jpg", "jpeg"].contains(&extension.to_ascii_lowercase().as_str())
            })
}
