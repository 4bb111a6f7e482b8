//! `spinet reproduce`: the paper's tables beside the published numbers, its figures, and all other
//! named experiments.

use std::path::PathBuf;

use serde_json::value::RawValue;
use spinet::lab::{
    self, ALL, AnyRecord, BUILT_IN, Experiment, Method, PaperTable, Setting, Study, StudyRequest,
    TableRequest, table_of, tables_in,
};
use spinet::{Kernel, RuleSettings};

use crate::error::Error;
use crate::flags::kept_runs::RunFlags;
use crate::flags::stored_record::{RecordFlags, read_record};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  spinet reproduce                      Tables 3 and 4; a minute on two cores
  spinet reproduce --quick              a reduced version; seconds
  spinet reproduce --setting wide       the setting of version 0.1.0
  spinet reproduce table1 --hidden 100 --methods baseline,bdnn-dsd --data-dir DIR
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
    /// Methods of the tables: baseline (always included), dropout, l2, bdnn-dsd; in some settings
    /// also dropout-tuned and l2-as-published [default: all].
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
    how: RunFlags,
}

impl Reproduce {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let made = match &self.from {
            Some(path) => vec![read_record(path, AnyRecord::parse, output)?],
            None => match self.make(output)? {
                Some(made) => made,
                None => return Ok(()),
            },
        };
        if self.shown.json {
            output.bytes(json(&made)?.as_bytes())?;
        } else {
            let parts: Vec<String> = made.iter().map(|record| self.shown.text(record)).collect();
            write!(output, "{}", parts.join("\n"))?;
            let has_figures = made.iter().any(|record| !is_of_tables(record));
            if self.shown.out.is_none() && self.from.is_none() && has_figures {
                writeln!(
                    output,
                    "\nnext: the same with `--out DIR` writes records and figures; finished runs that are kept are not trained again"
                )?;
            }
        }
        // Last, so that a file that cannot be written hides no numbers.
        self.shown.write(&made)
    }

    /// What was asked for; nothing to show if only a shard of the runs was.
    fn make(&self, output: &mut Output) -> Result<Option<Vec<AnyRecord>>, Error> {
        let (tables, studies) = self.words()?;
        let environment = self.how.environment(self.command());
        let (runs, epochs) = if self.quick {
            (QUICK.0, Some(QUICK.1))
        } else {
            (self.runs, self.epochs)
        };
        let mut experiments: Vec<Box<dyn Experiment<AnyRecord>>> = Vec::new();
        if !tables.is_empty() {
            let all = Some(Method::ALL.to_vec()).filter(|_| self.methods.is_empty());
            experiments.push(Box::new(TableRequest {
                tables,
                runs,
                epochs,
                methods: all.unwrap_or_else(|| self.methods.clone()),
                rules: self.rules.clone(),
                hidden: self.hidden.clone(),
                environment: environment.clone(),
            }));
        }
        for study in studies {
            let request = StudyRequest {
                study,
                runs,
                epochs,
                is_limit: self.quick,
                environment: environment.clone(),
            };
            experiments.push(request.experiment()?);
        }
        let experiments: Vec<_> = experiments.iter().map(AsRef::as_ref).collect();
        let kernel = self.how.kernel.unwrap_or_default();
        self.how.kept.done(&experiments, [kernel], output)
    }

    /// The tables and studies that were asked for, each once.
    fn words(&self) -> Result<(Vec<&'static PaperTable>, Vec<Study>), Error> {
        if self.tables.iter().any(|word| word == ALL) {
            return Ok((tables_in(self.setting).collect(), Study::FIGURES.to_vec()));
        }
        let (mut tables, mut studies) = (Vec::<&'static PaperTable>::new(), Vec::new());
        for word in &self.tables {
            if let Some(study) = Study::of_word(word) {
                if !studies.contains(&study) {
                    studies.push(study);
                }
                continue;
            }
            let table = table_of(word, self.setting)?;
            if !tables.iter().any(|known| known.name == table.name) {
                tables.push(table);
            }
        }
        if tables.is_empty() && studies.is_empty() {
            tables.push(table_of(BUILT_IN.words[0], self.setting)?);
        }
        let given = [
            ("--methods", !self.methods.is_empty()),
            ("--hidden", !self.hidden.is_empty()),
            ("--rule", !self.rules.is_empty()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) if tables.is_empty() => Err(Error::FlagOfTables { flag }),
            _ => Ok((tables, studies)),
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
        let methods: Vec<&str> = self.methods.iter().map(|method| method.name()).collect();
        let hidden: Vec<String> = self.hidden.iter().map(ToString::to_string).collect();
        for (flag, list) in [("methods", methods.join(",")), ("hidden", hidden.join(","))] {
            words.extend((!list.is_empty()).then(|| format!("--{flag} {list}")));
        }
        let kernel = self.how.kernel.filter(|kernel| *kernel != Kernel::Auto);
        words.extend(kernel.map(|kernel| format!("--kernel {}", kernel.class())));
        words.extend(self.rules.iter().map(|rule| format!("--rule {rule}")));
        words.join(" ")
    }
}

fn is_of_tables(record: &AnyRecord) -> bool {
    matches!(record, AnyRecord::Tables(_))
}

/// One record of tables as it is, others in lists.
fn json(made: &[AnyRecord]) -> Result<String, Error> {
    if let [record @ AnyRecord::Tables(_)] = made {
        return Ok(record.to_json()?);
    }
    let failed = |source| lab::Error::Record { source };
    let raw = |record: &AnyRecord| RawValue::from_string(record.to_json()?).map_err(failed);
    let (tables, figures): (Vec<_>, Vec<_>) = made.iter().partition(|record| is_of_tables(record));
    let tables = tables.first().map(|record| raw(record)).transpose()?;
    let figures = figures
        .into_iter()
        .map(raw)
        .collect::<Result<Vec<_>, _>>()?;
    let all = serde_json::json!({ "tables": tables, "figures": figures });
    Ok(serde_json::to_string(&all).map_err(failed)? + "\n")
}
