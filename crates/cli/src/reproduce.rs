//! `spinet reproduce`: the paper's tables beside the published numbers, its figures, and all other
//! named experiments.

use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use spinet::lab::{
    self, ALL, AnyRecord, BUILT_IN, Experiment, Method, Record, Request, Setting, Study, StudyData,
    StudyRequest, SweepRecord, experiment_of, experiments_in,
};
use spinet::{Kernel, RuleSettings, Source};

use crate::data_source::DataSource;
use crate::error::Error;
use crate::kept_runs::KeptRuns;
use crate::output::Output;
use crate::reproduce_bar::ReproduceBar;
use crate::settings::kernel;
use crate::slow_kernel::warn_if_slow;
use crate::stored_record::{RecordFlags, read_record};
use crate::threads::ThreadCount;

const EXAMPLES: &str = "\
Examples:
  spinet reproduce                      Tables 3 and 4; a minute on two cores
  spinet reproduce --quick              a reduced version; seconds
  spinet reproduce --setting wide       the setting of version 0.1.0
  spinet reproduce table1 --hidden 100 --methods initial,bdnn-dsd --data-dir DIR
  spinet reproduce figure3 figure5 --out results        Figures 3 and 5 as SVG
  spinet reproduce figure4-1200 --out results           minutes
  spinet reproduce grapes-mnist --data-dir DIR          an hour
  spinet reproduce grapes-forgetting --data-dir DIR     minutes
  spinet reproduce all --data-dir DIR --out results     a day
  spinet reproduce all --data-dir DIR --shard 1/4       a quarter of the runs
  spinet reproduce --from results/tables-3-4.json       print a stored record

Interrupted runs resume when you repeat the command, and finished runs are not
trained again. Runs of figure5 and grapes-forgetting are short and not stored.";

/// Runs of `--quick` and their length.
const QUICK: (usize, usize) = (2, 200);

/// Run a named experiment: the tables and figures of the BDNN-dsd paper, and others.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Reproduce {
    /// Experiments: table1 to table10, figure3, figure4, figure4-1200, figure5, or `all` of these;
    /// grapes-mnist, grapes-depth, grapes-optimizers, grapes-forgetting, grapes-forgetting-split;
    /// rules-compared [default: table3 table4].
    #[arg(value_name = "EXPERIMENT")]
    tables: Vec<String>,
    /// Runs per network and method, with seeds 0, 1, 2, ...
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// Choices for what the paper does not specify: `authors`, as inferred from its results, or
    /// `wide`, as in version 0.1.0.
    #[arg(long, value_name = "NAME", default_value_t)]
    setting: Setting,
    /// Number of epochs [default: as defined by the experiment].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Methods of the tables: initial (the baseline, always included), dropout, l2, bdnn-dsd; in
    /// some settings also dropout-tuned and l2-as-published [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    methods: Vec<Method>,
    /// Hidden units of the networks in the tables [default: all].
    #[arg(long, value_name = "UNITS", value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Override the options of a method's rule (repeatable); the table notes it.
    #[arg(long = "rule", value_name = "NAME:OPTION=VALUE,...")]
    rules: Vec<RuleSettings>,
    /// Reduced run, marked as such: two seeds, and 200 epochs for tables or a tenth of the epochs
    /// for other experiments.
    #[arg(long, conflicts_with_all = ["runs", "epochs"])]
    quick: bool,
    #[command(flatten)]
    shown: RecordFlags,
    /// Print a stored record instead of training.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tables", "runs", "epochs", "methods", "hidden", "rules", "quick"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    kept: KeptRuns,
    /// Kernel for matrix products with 8-bit inputs; `exact` and `f32` results differ in the last
    /// digits.
    #[arg(long, value_name = "NAME", value_parser = kernel(), default_value = "auto", help_heading = "Environment")]
    kernel: Kernel,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

/// What was made: the tables' record, and each figure with its data.
#[derive(Default)]
struct Made {
    tables: Option<Record>,
    figures: Vec<StudyData>,
}

impl Reproduce {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let made = match &self.from {
            Some(path) => from_file(path, output)?,
            None => match self.make(output)? {
                Some(made) => made,
                None => return Ok(()),
            },
        };
        if self.shown.json {
            output.bytes(made.json()?.as_bytes())?;
        } else {
            self.show(&made, output)?;
        }
        // Last, so that a file that cannot be written hides no numbers.
        let Some(directory) = &self.shown.out else {
            return Ok(());
        };
        made.tables
            .iter()
            .try_for_each(|record| write_tables(record, directory).map(drop))?;
        made.figures
            .iter()
            .try_for_each(|figure| write_figure(figure, directory))
    }

    /// Prints the tables and what figures show in words.
    fn show(&self, made: &Made, output: &mut Output) -> Result<(), Error> {
        let record = made.tables.iter().map(if self.shown.markdown {
            lab::markdown
        } else {
            lab::text
        });
        let figure = |figure: &StudyData| match figure {
            StudyData::Figure(record) if self.shown.markdown => lab::figure_markdown(record),
            StudyData::Figure(record) => lab::figure_text(record),
            StudyData::Sweep(record) if self.shown.markdown => lab::sweep_markdown(record),
            StudyData::Sweep(record) => lab::sweep_text(record),
        };
        let parts: Vec<String> = record.chain(made.figures.iter().map(figure)).collect();
        write!(output, "{}", parts.join("\n"))?;
        if self.shown.out.is_none() && !made.figures.is_empty() && self.from.is_none() {
            writeln!(
                output,
                "\nnext: repeat the command with `--out DIR` to write records and figures; finished runs are not trained again"
            )?;
        }
        Ok(())
    }

    /// What was asked for; nothing to show if only a share of the runs was.
    fn make(&self, output: &mut Output) -> Result<Option<Made>, Error> {
        let (experiments, figures) = self.words()?;
        let (request, shard) = (
            self.request(experiments, self.source.source()),
            self.kept.shard()?,
        );
        let of_figures = self.figure_request();
        let sweeps = figures
            .iter()
            .map(|figure| of_figures.sweep(*figure))
            .collect::<Result<Vec<_>, _>>()?;
        let sweeps: Vec<_> = sweeps.into_iter().flatten().collect();
        let has_tables = !request.experiments.is_empty();
        let of_tables = if has_tables { request.work(shard)? } else { 0 };
        // Figures that are no sweep are in no share.
        let of_others = match shard {
            Some(_) => sweeps
                .iter()
                .map(|sweep| sweep.work(shard))
                .collect::<Result<Vec<_>, _>>()?,
            None => figures
                .iter()
                .map(|figure| of_figures.work(*figure))
                .collect::<Result<Vec<_>, _>>()?,
        };
        warn_if_slow([self.kernel], output)?;
        let bar = ReproduceBar::new(of_others.into_iter().fold(of_tables, u64::saturating_add));
        let advance = |work| bar.advance(work, output);
        let result = (|| {
            if let Some(shard) = shard {
                let mut count = if has_tables {
                    lab::run_share(&request, shard, &advance)?
                } else {
                    0
                };
                for sweep in &sweeps {
                    count += lab::sweep_share(sweep, shard, &advance)?;
                }
                return Ok(Err(count));
            }
            let tables = if has_tables {
                Some(lab::reproduce(&request, &advance)?)
            } else {
                None
            };
            let figures = figures
                .iter()
                .map(|figure| of_figures.make(*figure, &advance))
                .collect::<Result<Vec<_>, _>>()?;
            Ok::<_, lab::Error>(Ok(Made { tables, figures }))
        })();
        bar.clear();
        match result? {
            Ok(made) => Ok(Some(made)),
            Err(count) => {
                self.kept.tell_share(count, output)?;
                Ok(None)
            }
        }
    }

    /// The experiments and figures that were asked for, each once.
    fn words(&self) -> Result<(Vec<&'static Experiment>, Vec<Study>), Error> {
        if self.tables.iter().any(|word| word == ALL) {
            return Ok((
                experiments_in(self.setting).collect(),
                Study::FIGURES.to_vec(),
            ));
        }
        let (mut experiments, mut figures) = (Vec::<&'static Experiment>::new(), Vec::new());
        for word in &self.tables {
            if let Some(figure) = Study::of_word(word) {
                if !figures.contains(&figure) {
                    figures.push(figure);
                }
                continue;
            }
            let experiment = experiment_of(word, self.setting)?;
            if !experiments
                .iter()
                .any(|known| known.name == experiment.name)
            {
                experiments.push(experiment);
            }
        }
        if experiments.is_empty() && !figures.is_empty() {
            let given = [
                ("--methods", !self.methods.is_empty()),
                ("--hidden", !self.hidden.is_empty()),
                ("--rule", !self.rules.is_empty()),
            ];
            if let Some((flag, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
                return Err(Error::FlagOfTables { flag });
            }
        }
        if experiments.is_empty() && figures.is_empty() {
            experiments.push(experiment_of(BUILT_IN.words[0], self.setting)?);
        }
        Ok((experiments, figures))
    }

    fn figure_request(&self) -> StudyRequest {
        let (runs, epochs) = self.extent();
        StudyRequest {
            runs,
            epochs,
            is_limit: self.quick,
            kernel: self.kernel,
            threads: self.threads.count(),
            keeping: self.kept.keeping(),
            source: self.source.source(),
            command: self.command(),
        }
    }

    /// Runs, and another number of epochs.
    fn extent(&self) -> (usize, Option<usize>) {
        if self.quick {
            (QUICK.0, Some(QUICK.1))
        } else {
            (self.runs, self.epochs)
        }
    }

    fn request(&self, experiments: Vec<&'static Experiment>, source: Source) -> Request {
        let (runs, epochs) = self.extent();
        Request {
            experiments,
            runs,
            epochs,
            methods: if self.methods.is_empty() {
                Method::ALL.to_vec()
            } else {
                self.methods.clone()
            },
            rules: self.rules.clone(),
            hidden: self.hidden.clone(),
            kernel: self.kernel,
            threads: self.threads.count(),
            keeping: self.kept.keeping(),
            source,
            command: self.command(),
        }
    }

    /// The command as a record names it: what the numbers depend on, and no paths.
    fn command(&self) -> String {
        let mut words = vec!["spinet reproduce".to_owned()];
        words.extend(self.tables.iter().cloned());
        if self.setting != Setting::default() {
            words.push(format!("--setting {}", self.setting));
        }
        if self.quick {
            words.push("--quick".to_owned());
        } else if self.runs != 5 {
            words.push(format!("--runs {}", self.runs));
        }
        if let Some(epochs) = self.epochs {
            words.push(format!("--epochs {epochs}"));
        }
        if !self.methods.is_empty() {
            words.push(format!(
                "--methods {}",
                self.methods
                    .iter()
                    .map(|method| method.name())
                    .collect::<Vec<_>>()
                    .join(",")
            ));
        }
        if !self.hidden.is_empty() {
            words.push(format!(
                "--hidden {}",
                self.hidden
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(",")
            ));
        }
        if self.kernel != Kernel::Auto {
            words.push(format!("--kernel {}", self.kernel.class()));
        }
        words.extend(self.rules.iter().map(|rule| format!("--rule {rule}")));
        words.join(" ")
    }
}

impl Made {
    /// The record; with figures, one object with everything.
    fn json(&self) -> Result<String, Error> {
        if let (Some(record), true) = (&self.tables, self.figures.is_empty()) {
            return Ok(record.to_json()?);
        }
        let raw = |text: String| {
            RawValue::from_string(text).map_err(|source| lab::Error::Record { source })
        };
        let tables = self
            .tables
            .as_ref()
            .map(|record| raw(record.to_json()?))
            .transpose()?;
        let figure = |figure: &StudyData| match figure {
            StudyData::Figure(record) => raw(record.to_json()?),
            StudyData::Sweep(record) => raw(record.to_json()?),
        };
        let figures = self
            .figures
            .iter()
            .map(figure)
            .collect::<Result<Vec<_>, lab::Error>>()?;
        let all =
            serde_json::to_string(&serde_json::json!({ "tables": tables, "figures": figures }));
        Ok(all.map_err(|source| lab::Error::Record { source })? + "\n")
    }
}

/// A stored record, of tables or of a figure.
fn from_file(path: &Path, output: &Output) -> Result<Made, Error> {
    Ok(match read_record(path, AnyRecord::parse, output)? {
        AnyRecord::Tables(record) => Made {
            tables: Some(record),
            ..Made::default()
        },
        AnyRecord::Figure(record) => Made {
            figures: vec![StudyData::Figure(record)],
            ..Made::default()
        },
        AnyRecord::Sweep(record) => Made {
            figures: vec![StudyData::Sweep(record)],
            ..Made::default()
        },
    })
}

/// Writes a figure and its record.
fn write_figure(figure: &StudyData, directory: &Path) -> Result<(), Error> {
    match figure {
        StudyData::Sweep(record) => write_sweep(record, directory),
        StudyData::Figure(record) => {
            let svg = lab::figure_svg(record)?;
            write_pair(
                directory,
                &record.figure,
                record.reduced.is_some(),
                &record.to_json()?,
                Some(&svg),
            )
        }
    }
}

/// Writes a sweep and its figure, if it has one.
pub(crate) fn write_sweep(record: &SweepRecord, directory: &Path) -> Result<(), Error> {
    let (definition, svg) = (&record.definition, lab::sweep_figure(record)?);
    write_pair(
        directory,
        &definition.sweep,
        definition.reduced.is_some(),
        &record.to_json()?,
        svg.as_deref(),
    )
}

/// `NAME.json` and `NAME.svg`, or `NAME-reduced` where it is smaller than what it is known for.
fn write_pair(
    directory: &Path,
    name: &str,
    is_reduced: bool,
    json: &str,
    svg: Option<&str>,
) -> Result<(), Error> {
    let name = format!("{name}{}", if is_reduced { "-reduced" } else { "" });
    let at = |end: &str| directory.join(format!("{name}.{end}"));
    let files: Vec<_> = [(at("json"), json)]
        .into_iter()
        .chain(svg.map(|svg| (at("svg"), svg)))
        .collect();
    Ok(lab::write_results(&files)?)
}

/// Writes a record and its figures: `NAME.json`, `NAME-accuracy.svg` and, with spine counts,
/// `NAME-spines.svg`; a record of less than the full experiments is called `NAME-reduced`. Gives
/// the path of the record.
pub(crate) fn write_tables(record: &Record, directory: &Path) -> Result<PathBuf, Error> {
    let figure = lab::accuracy_figure(record)?;
    let has_spines = record.rows.iter().any(|row| !row.curve.counts.is_empty());
    let spines = if has_spines {
        Some(lab::spine_figure(record)?)
    } else {
        None
    };
    let reduced = if record.definition.reduced.is_some() {
        "-reduced"
    } else {
        ""
    };
    let is_all = record.definition.experiments.len() == experiments_in(Setting::default()).count();
    let name = if is_all {
        "paper-tables".to_owned()
    } else {
        record.definition.experiments.join("-")
    } + reduced;
    let at = |end: &str| directory.join(name.clone() + end);
    let json = record.to_json()?;
    let mut files = vec![(at(".json"), json.as_str()), (at("-accuracy.svg"), &figure)];
    files.extend(spines.as_deref().map(|spines| (at("-spines.svg"), spines)));
    lab::write_results(&files)?;
    Ok(at(".json"))
}
