//! `spinet predict`: the class of every image or row of a table, or its numbers.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use spinet::data::image::parse_image;
use spinet::data::{Column, Limits, Purpose, RowSource, Target, idx, is_table, read_image};
use spinet::{Model, Samples, Values};

use crate::commands::folds::{show_notes, show_sentences};
use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::threads::ThreadCount;
use crate::model_data::{background_warning, data_for};
use crate::model_file::ModelFile;
use crate::output::{Output, refuse_existing};
use crate::show::escape::{on_one_line, shortened};
use crate::show::number::{percent, thousands};
use crate::show::predictions::Predictions;
use crate::show::scores::{kind, ranked};

const EXAMPLES: &str = "\
Examples:
  spinet predict model.safetensors digit.png
  spinet predict model.safetensors t10k-images-idx3-ubyte.gz --top 3
  spinet predict model.safetensors --data mnist-1200 --json > predictions.jsonl
  spinet predict iris new.csv
  spinet predict iris new.csv --out predictions.csv --proba --id patient
  zcat new.csv.gz | spinet predict model.safetensors - --out -

Images must have the size of the training images and look like them: for MNIST,
bright strokes on a dark background. `--invert` makes such images of dark strokes
on paper; a warning says where it seems to be missing. Tables may have a label column; it is
ignored.

The fastest available kernel is used, whichever the model was trained with
(`spinet train --kernel`). The last digits of the probabilities depend on it.";

/// Predict the classes of images or table rows, or numbers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Predict {
    /// Model file, or run directory.
    model: PathBuf,
    /// PNG or JPEG images, idx image files (plain or gzip), or tables; `-` reads standard input (for
    /// a table, as CSV).
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
    /// Column that identifies the rows, by name or number; it is shown in place of their numbers.
    #[arg(long, value_name = "COLUMN", conflicts_with = "data")]
    id: Option<Column>,
    /// Write the predictions to a CSV file, one line per sample in the order of the input; `-` writes
    /// to standard output. An existing file is not overwritten.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "top"])]
    out: Option<PathBuf>,
    /// Add a column with the probability of each class to the CSV file.
    #[arg(long, requires = "out")]
    proba: bool,
    /// Invert images: dark becomes light and light becomes dark.
    #[arg(long)]
    invert: bool,
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
    /// The name of the column that identifies the rows, and its cells.
    ids: Option<(String, Vec<String>)>,
    /// Whether it is one image, so that its number says nothing.
    is_single: bool,
}

impl Batch {
    /// What identifies its samples.
    fn id_name(&self) -> &str {
        self.ids.as_ref().map_or("index", |(name, _)| name)
    }

    /// What identifies a sample.
    fn id(&self, index: usize) -> String {
        match &self.ids {
            Some((_, ids)) => ids[index].clone(),
            None => index.to_string(),
        }
    }
}

impl Predict {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let model = ModelFile::read(&self.model)?.model;
        let threads = self.threads.start()?;
        if let Some(path) = self.out.as_ref().filter(|path| !is_standard(path)) {
            refuse_existing(path)?;
        }
        // All files are read before the first line is printed: a wrong one is refused before any
        // answer.
        let mut batches = self.batches(&model, output)?;
        if self.invert {
            model.description.accepts(Values::Bytes(&[]))?;
            for batch in &mut batches {
                batch.samples = batch.samples.inverted();
            }
        }
        let mut csv = self.out.as_ref().map(|_| {
            let ids: Vec<&str> = batches.iter().map(Batch::id_name).collect();
            Predictions::new(&model, &ids, self.proba)
        });
        for batch in &batches {
            let warning = background_warning(&model, &batch.name, &batch.samples);
            if let Some(text) = warning {
                output.note(&text);
            }
            spinet::each_sample(
                &model,
                batch.samples.values(),
                threads.clone(),
                |index, scores| {
                    if let Some(csv) = &mut csv {
                        csv.add(&batch.name, &batch.id(index), scores);
                        Ok(())
                    } else if self.json {
                        output.json(&self.object(&model, batch, index, scores))
                    } else {
                        self.show(&model, batch, index, scores, output)
                    }
                },
            )?;
        }
        match (csv, &self.out) {
            (Some(csv), Some(path)) if is_standard(path) => output.bytes(csv.text().as_bytes()),
            (Some(csv), Some(path)) => {
                spinet::store::write_atomically(path, csv.text().as_bytes())?;
                let count: usize = batches.iter().map(|batch| batch.samples.len()).sum();
                let (count, path) = (thousands(count as u64), path.display());
                writeln!(output, "{count} predictions written to {path}")
            }
            _ => Ok(()),
        }
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
            ids: None,
            is_single: false,
        }])
    }

    fn read(&self, model: &Model, path: &Path, output: &Output) -> Result<Batch, Error> {
        let description = &model.description;
        let is_of_table = is_table(path) || is_standard(path) && description.is_of_table();
        if !is_of_table {
            if self.id.is_some() {
                return Err(Error::IdOfImages {
                    path: path.to_owned(),
                });
            }
            description.accepts(Values::Bytes(&[]))?;
            return read_images(path, description.shape);
        }
        let (name, text);
        let source = if is_standard(path) {
            (name, text) = (STANDARD_INPUT.to_owned(), standard_input()?);
            RowSource::Text(&text, STANDARD_INPUT)
        } else {
            name = path.display().to_string();
            RowSource::File(path)
        };
        let rows = model.read_rows(source, self.label.as_ref(), self.id.as_ref())?;
        show_sentences(&name, &rows.notes, output);
        Ok(Batch {
            name,
            samples: rows.samples,
            ids: rows.ids,
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
            format!("{name}[{}]", on_one_line(&batch.id(index)))
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
        if batch.ids.is_some() {
            object.insert("id".to_owned(), json!(batch.id(index)));
        }
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

/// What messages call it.
const STANDARD_INPUT: &str = "standard input";

/// Whether a path stands for standard input or output.
fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// All of standard input.
fn standard_input() -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(Error::Input)?;
    Ok(bytes)
}

/// Images of this shape from a PNG or JPEG file or an idx file, told apart by content.
fn read_images(path: &Path, shape: [usize; 2]) -> Result<Batch, Error> {
    let limits = Limits {
        shape: Some(shape),
        ..Limits::default()
    };
    let (name, is_single, bytes);
    if is_standard(path) {
        name = STANDARD_INPUT.to_owned();
        let file = standard_input()?;
        is_single = is_image_file(&file);
        bytes = if is_single {
            parse_image(&file, Path::new(STANDARD_INPUT), shape)?
        } else {
            idx::parse_images(&file, Path::new(STANDARD_INPUT), &limits)?.bytes
        };
    } else {
        name = path.display().to_string();
        is_single = is_image(path);
        bytes = if is_single {
            read_image(path, shape)?
        } else {
            idx::read_images(path, &limits)?.bytes
        };
    }
    // Their labels are what is asked for.
    let labels = vec![0; bytes.len() / (shape[0] * shape[1])];
    Ok(Batch {
        name,
        samples: Samples::new(bytes, labels, shape)?,
        ids: None,
        is_single,
    })
}

fn is_image_file(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xff\xd8\xff")
}

fn is_image(path: &Path) -> bool {
    let mut first = [0; 4];
    let is_signed = File::open(path)
        .and_then(|mut file| file.read_exact(&mut first))
        .is_ok()
        && is_image_file(&first);
    is_signed
        || path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| {
                ["png", "jpg", "jpeg"].contains(&extension.to_ascii_lowercase().as_str())
            })
}
