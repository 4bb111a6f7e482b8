//! `spinet explain`: which columns a model uses.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spinet::data::{Column as LabelColumn, Purpose};
use spinet::lab::{Column, Importance, Importances, Interval, Table};

use crate::commands::folds::show_notes;
use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::threads::ThreadCount;
use crate::model_data::data_for;
use crate::model_file::ModelFile;
use crate::output::{Output, refuse_existing};
use crate::show::escape::shortened;
use crate::show::number::{percent, thousands};
use crate::show::sample_counts::test_part;

const EXAMPLES: &str = "\
Examples:
  spinet explain runs/iris.csv-20-bdnn-dsd-seed0
  spinet explain model.safetensors new.csv --repeats 30 --json
  spinet explain model.safetensors --figure importance.svg

Permutation importance: the values of one column are shuffled among the rows, and
the model is evaluated again. The column is important if the accuracy
(or R2) falls. All
features made from a column, such as its categories, are shuffled together.

Columns that carry the same information share it: each of them may look
unimportant. The interval covers the random order of the shuffles, not the choice
of the rows.";

/// Show which columns of a table a model uses: permutation importance on rows it was not trained on.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// Model file, or run directory.
    model: PathBuf,
    /// Table with labels; all of its rows are used [default: the test set of the training table].
    file: Option<PathBuf>,
    /// Label column, by name or number [default: as in training].
    #[arg(long, value_name = "COLUMN")]
    label: Option<LabelColumn>,
    /// Shuffles of each column.
    #[arg(long, value_name = "N", default_value_t = 10)]
    repeats: usize,
    /// Random seed of the shuffles.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write a figure to an SVG file. An existing file is not overwritten.
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl Explain {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let ModelFile { path, model, .. } = ModelFile::read(&self.model)?;
        let Some(plan) = &model.description.columns else {
            return Err(Error::NoColumns { path });
        };
        if let Some(figure) = &self.figure {
            refuse_existing(figure)?;
        }
        let name = self.file.as_ref().map(|file| file.display().to_string());
        let found = data_for(
            &model,
            name.as_deref(),
            self.label.as_ref(),
            Purpose::Test,
            &self.source.source(),
        )?;
        found.warning().iter().for_each(|text| output.note(text));
        show_notes(&found.data, output);
        let data = &found.data;
        let threads = self.threads.start()?;
        let importances =
            Importances::of(&model, plan, &data.test, self.repeats, self.seed, &threads)?;
        if let Some(figure) = &self.figure {
            let svg = importances.figure(&format!("Columns of {}", shortened(&data.name)))?;
            spinet::store::write_atomically(figure, svg.as_bytes())?;
        }
        if self.json {
            return output.json(&object(&path, &data.name, &importances));
        }
        writeln!(
            output,
            "data: {}, {}",
            shortened(&data.name),
            test_part(data)
        )?;
        writeln!(
            output,
            "{} {}: {} (loss {:.4}); {} shuffles per column\n",
            data.evaluated_on.name(),
            importances.measure,
            match importances.measure {
                "accuracy" => percent(importances.score),
                _ => format!("{:.4}", importances.score),
            },
            importances.loss,
            thousands(self.repeats as u64)
        )?;
        write!(output, "{}", table(&importances).text())?;
        match &self.figure {
            Some(figure) => writeln!(output, "\nfigure: {}", figure.display()),
            None => Ok(()),
        }
    }
}

fn table(importances: &Importances) -> Table {
    let interval = |interval: &Interval, digits: usize| {
        let Interval { mean, low, high } = interval;
        vec![
            format!("{mean:+.digits$}"),
            format!("[{low:+.digits$}, {high:+.digits$}]"),
        ]
    };
    let cells = |column: &Importance| {
        let mut cells = vec![shortened(&column.column)];
        // A rise of the score is negative.
        let digits = if importances.measure == "accuracy" {
            2
        } else {
            4
        };
        cells.extend(interval(&column.score_drop, digits));
        cells.extend(interval(&column.loss_rise, 4));
        cells
    };
    let drop = format!("{} drop", importances.measure);
    let columns = [
        ("column", Column::Word),
        (drop.as_str(), Column::Number),
        ("95 % CI", Column::Number),
        ("loss rise", Column::Number),
        ("95 % CI", Column::Number),
    ];
    Table::new("", columns, importances.columns.iter().map(cells))
}

fn object(model: &Path, data: &str, importances: &Importances) -> Value {
    let mut object = json!({ "model": model, "data": data });
    if let (Some(object), Ok(Value::Object(more))) =
        (object.as_object_mut(), serde_json::to_value(importances))
    {
        object.extend(more);
    }
    object
}
