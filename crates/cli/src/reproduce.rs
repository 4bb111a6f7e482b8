//! `spinet reproduce`: the paper's tables, ours beside the published numbers.

use std::path::{Path, PathBuf};

use spinet::lab::{self, ALL, EXPERIMENTS, Experiment, Method, Record, Request, experiment_of};
use spinet::{Kernel, RuleSettings, Source, store};

use crate::data_source::DataSource;
use crate::error::Error;
use crate::kept_runs::KeptRuns;
use crate::output::Output;
use crate::reproduce_bar::ReproduceBar;
use crate::settings::kernel;
use crate::threads::ThreadCount;

const EXAMPLES: &str = "\
Examples:
  spinet reproduce                          Tables 3 and 4 in full, a minute on two cores
  spinet reproduce --quick                  a smaller run of them, seconds
  spinet reproduce table1 --hidden 100 --methods initial,bdnn-dsd --data-dir DIR
  spinet reproduce all --data-dir DIR --out results   every table; hours
  spinet reproduce all --data-dir DIR --shard 1/4     a quarter of the runs, for one of four machines
  spinet reproduce --from results/tables-3-4.json     the table of a stored record

Every run is kept in a directory of its own. A run that was interrupted or killed goes on when the same command is given
again, and a finished run is not trained again.";

/// Runs of `--quick` and their length.
const QUICK: (usize, usize) = (2, 200);

/// Run the experiments behind the paper's tables and show ours beside the published numbers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Reproduce {
    /// Tables to make [default: table3 table4].
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Runs of each network and method, with the seeds 0, 1, 2, ...
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// Another number of epochs than the experiment's own.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Methods: initial, dropout, l2, bdnn-dsd; the initial network is always run.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    methods: Vec<Method>,
    /// Networks of the tables, by hidden units [default: all].
    #[arg(long, value_name = "UNITS", value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Another setting of a method's rule than the experiment's own, repeatable; the table says so.
    #[arg(long = "rule", value_name = "NAME:PARAMETER=VALUE,...")]
    rules: Vec<RuleSettings>,
    /// A smaller run that takes seconds; the table says so.
    #[arg(long, conflicts_with_all = ["runs", "epochs"])]
    quick: bool,
    /// Print the record as JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Print the table as Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Also write the record and its figures into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Show a stored record instead of running anything.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tables", "runs", "epochs", "methods", "hidden", "rules", "quick"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    kept: KeptRuns,
    /// How products with pixels are computed; `exact` and `f32` differ in the last digits.
    #[arg(long, value_name = "NAME", value_parser = kernel(), default_value = "auto", help_heading = "This machine")]
    kernel: Kernel,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl Reproduce {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let record = match &self.from {
            Some(path) => {
                Record::parse(&store::read_text(path)?).map_err(|source| Error::Record { path: path.clone(), source: Box::new(source) })?
            }
            None => match self.make(output)? {
                Some(record) => record,
                None => return Ok(()),
            },
        };
        if let Some(directory) = &self.out {
            write(&record, directory)?;
        }
        if self.json {
            output.bytes(record.to_json()?.as_bytes())
        } else if self.markdown {
            write!(output, "{}", lab::markdown(&record))
        } else {
            write!(output, "{}", lab::text(&record))
        }
    }

    /// The record; none if only a share of the runs was asked for.
    fn make(&self, output: &mut Output) -> Result<Option<Record>, Error> {
        let (request, shard) = (self.request(self.source.source())?, self.kept.shard()?);
        let bar = ReproduceBar::new(request.work(shard)?);
        let advance = |work| bar.advance(work, output);
        let result = match shard {
            None => lab::reproduce(&request, &advance).map(Ok),
            Some(shard) => lab::run_share(&request, shard, &advance).map(Err),
        };
        bar.clear();
        match result? {
            Ok(record) => Ok(Some(record)),
            Err(count) => {
                self.kept.tell_share(count, output)?;
                Ok(None)
            }
        }
    }

    fn request(&self, source: Source) -> Result<Request, Error> {
        let mut experiments: Vec<&'static Experiment> = Vec::new();
        for word in &self.tables {
            if word == ALL {
                experiments = EXPERIMENTS.iter().collect();
                break;
            }
            let experiment = experiment_of(word)?;
            if !experiments.iter().any(|known| known.name == experiment.name) {
                experiments.push(experiment);
            }
        }
        if experiments.is_empty() {
            experiments.push(&EXPERIMENTS[0]);
        }
        let (runs, epochs) = if self.quick { (QUICK.0, Some(QUICK.1)) } else { (self.runs, self.epochs) };
        Ok(Request {
            experiments,
            runs,
            epochs,
            methods: if self.methods.is_empty() { Method::ALL.to_vec() } else { self.methods.clone() },
            rules: self.rules.clone(),
            hidden: self.hidden.clone(),
            kernel: self.kernel,
            threads: self.threads.count(),
            keeping: self.kept.keeping(),
            source,
            command: self.command(),
        })
    }

    /// The command as a record names it: what the numbers depend on, and no paths.
    fn command(&self) -> String {
        let mut words = vec!["spinet reproduce".to_owned()];
        words.extend(self.tables.iter().cloned());
        if self.quick {
            words.push("--quick".to_owned());
        } else if self.runs != 5 {
            words.push(format!("--runs {}", self.runs));
        }
        if let Some(epochs) = self.epochs {
            words.push(format!("--epochs {epochs}"));
        }
        if !self.methods.is_empty() {
            words.push(format!("--methods {}", self.methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(",")));
        }
        if !self.hidden.is_empty() {
            words.push(format!("--hidden {}", self.hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")));
        }
        if self.kernel != Kernel::Auto {
            words.push(format!("--kernel {}", self.kernel.class()));
        }
        words.extend(self.rules.iter().map(|rule| format!("--rule {rule}")));
        words.join(" ")
    }
}

/// Writes a record and its figures: `NAME.json`, `NAME-accuracy.svg` and, with spine counts, `NAME-spines.svg`;
/// a record of less than the full experiments is called `NAME-reduced`.
fn write(record: &Record, directory: &Path) -> Result<(), Error> {
    store::make_directory(directory)?;
    let figure = lab::accuracy_figure(record)?;
    let has_spines = record.rows.iter().any(|row| !row.curve.counts.is_empty());
    let spines = if has_spines { Some(lab::spine_figure(record)?) } else { None };
    let reduced = if record.definition.reduced.is_some() { "-reduced" } else { "" };
    let is_all = record.definition.experiments.len() == EXPERIMENTS.len();
    let name = if is_all { "paper-tables".to_owned() } else { record.definition.experiments.join("-") } + reduced;
    store::write_atomically(&directory.join(format!("{name}.json")), record.to_json()?.as_bytes())?;
    store::write_atomically(&directory.join(format!("{name}-accuracy.svg")), figure.as_bytes())?;
    if let Some(spines) = spines {
        store::write_atomically(&directory.join(format!("{name}-spines.svg")), spines.as_bytes())?;
    }
    Ok(())
}
