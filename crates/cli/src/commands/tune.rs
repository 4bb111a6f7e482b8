//! `spinet tune`: grid or random search over settings and rule options with cross-validation.

use std::collections::BTreeSet;

use serde_json::json;
use spinet::data::{DataOptions, load_with};
use spinet::lab::{Column, Environment, Estimate, Experiment, Grid, Halving, Table, Tried, Tuning};

use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::kept_runs::KeptRuns;
use crate::flags::settings::Settings;
use crate::flags::threads::ThreadCount;
use crate::output::Output;
use crate::show::number::thousands;

const EXAMPLES: &str = "\
Examples:
  spinet tune --rule dropout --grid dropout_rate=0.1,0.2,0.3 --epochs 500
  spinet tune --rule bdnn-dsd --grid threshold=5,10 --grid bound_step=0.03,0.06
  spinet tune --data iris.csv --grid learning_rate=0.1,0.3 --grid hidden=20,64-32
  spinet tune --data iris.csv --grid rules=none,l2,dropout --grid l2.weight_decay=0.01,0.1
  spinet tune --data iris.csv --random 40 --halving --grid learning_rate=0.001..1:log \
    --grid batch_size=8..64:log --grid hidden=20,50,100

A name is an option of the last `--rule`, an option of another rule as
RULE.OPTION, or a setting as in run.toml, other than those that choose the data.
Units of several layers are separated by `-`, rules by `+`.

Each configuration is trained on all folds but one and scored on the remaining
fold, for every fold. The test set is never used.

Interrupted searches resume when you repeat the command. Finished runs are not
trained again, even if you add values to the grid.";

/// Grid or random search over settings and rule options with k-fold cross-validation.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Tune {
    /// Values of a setting or of an option of the last `--rule`; repeat to search every combination.
    /// With `--random`, also a range: NAME=LOW..HIGH, or NAME=LOW..HIGH:log for log-uniform values.
    #[arg(long = "grid", value_name = "NAME=VALUE,...", required = true)]
    grids: Vec<Grid>,
    /// Try N random points instead of every combination; the seed is `--seed`. A larger N continues a
    /// finished search.
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Discard bad points early: all points are tried on the first fold, the better half of them on
    /// the next, and so on; the two best are tried on all folds.
    #[arg(long, conflicts_with = "shard")]
    halving: bool,
    /// Number of folds.
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
    /// Use only the first N folds for validation [default: all].
    #[arg(long, value_name = "N")]
    left_out: Option<usize>,
    /// Runs per fold, with seeds `--seed`, `--seed` + 1, ...
    #[arg(long, value_name = "N", default_value_t = 1)]
    runs: usize,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    kept: KeptRuns,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl Tune {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let mut config = self.settings.config()?;
        let rule = config.rules.pop();
        let (folds, left_out) = (self.folds, self.left_out.unwrap_or(self.folds));
        let source = self.source.source();
        let options = DataOptions {
            keeps_table: true,
            ..config.data_options()
        };
        let data = load_with(&config.data, &source, &options)?;
        let kernel = config.kernel;
        let tuning = Tuning {
            config,
            rule,
            grids: self.grids.clone(),
            random: self.random,
            folds,
            left_out,
            runs: self.runs,
            data,
            environment: Environment {
                threads: self.threads.count(),
                store: self.kept.store(),
                ..Environment::default()
            },
        };
        let halving;
        let search: &dyn Experiment<Vec<Tried>> = if self.halving {
            halving = Halving(tuning.clone());
            &halving
        } else {
            &tuning
        };
        let tried = self.kept.done(&[search], [kernel], output)?;
        let tried = tried.and_then(|mut tried| tried.pop());
        tried.map_or(Ok(()), |tried| self.show(&tuning, &tried, output))
    }

    fn show(&self, tuning: &Tuning, tried: &[Tried], output: &mut Output) -> Result<(), Error> {
        let Tuning {
            config,
            data,
            folds,
            left_out,
            runs,
            ..
        } = tuning;
        let measure = if data.target.numbers().is_empty() {
            "accuracy"
        } else {
            "R2"
        };
        if self.json {
            return output.json(&json!({
                "data": config.data, "hidden": config.hidden, "epochs": config.epochs, "folds": folds, "left_out": left_out,
                "runs": runs, "kernel": config.running_kernel()?.class(), "train_sha256": data.train.sha256(), "measure": measure, "tried": tried,
                "run_toml": tuning.first_run()?.to_toml()?,
            }));
        }
        writeln!(
            output,
            "{} training samples of {}, {left_out} of {folds} folds used for validation, {} epochs, {runs} run{} per fold; validation {measure} after the last epoch\n",
            thousands(data.train.len() as u64),
            data.name,
            thousands(config.epochs as u64),
            if *runs == 1 { "" } else { "s" }
        )?;
        let names: BTreeSet<&str> = tried
            .iter()
            .flat_map(|tried| tried.settings.keys().map(String::as_str))
            .collect();
        let mut columns: Vec<(&str, Column)> = names
            .into_iter()
            .map(|name| (name, Column::Number))
            .collect();
        let settings = columns.len();
        let has_rule = tried.iter().any(|tried| !tried.rule.is_empty());
        if has_rule {
            columns.insert(0, ("rule", Column::Word));
        }
        let score = format!("{measure} %");
        columns.push((score.as_str(), Column::Number));
        if self.halving {
            columns.push(("folds", Column::Number));
        }
        let cells = |tried: &Tried| {
            let Estimate { mean, sd, values } = &tried.accuracy;
            let mut cells = Vec::new();
            if has_rule {
                cells.push(tried.rule.clone());
            }
            let chosen = columns.iter().skip(usize::from(has_rule)).take(settings);
            cells.extend(chosen.map(|(name, _)| {
                let value = tried.settings.get(*name);
                value.map_or(String::new(), ToString::to_string)
            }));
            cells.push(format!("{mean:.2} ± {sd:.2}"));
            if self.halving {
                cells.push((values.len() / runs).to_string());
            }
            cells
        };
        let rows: Vec<_> = tried.iter().map(cells).collect();
        write!(output, "{}", Table::new("", columns, rows).text())?;
        match tried.first() {
            Some(best) => writeln!(output, "\nbest: {}", flags(best)),
            None => Ok(()),
        }
    }
}

/// The flags of `spinet train` for a point.
fn flags(tried: &Tried) -> String {
    let mut flags = Vec::new();
    for (name, value) in &tried.settings {
        let text = value.to_string();
        match (name.as_str(), text.as_str()) {
            ("rules" | "layers", "none") => {}
            ("rules", rules) => {
                let options = |rule: &str| with_options(rule, tried);
                flags.extend(
                    rules
                        .split('+')
                        .map(|rule| format!("--rule {}", options(rule))),
                );
            }
            ("layers", layers) => {
                flags.extend(layers.split('+').map(|layer| format!("--layer {layer}")));
            }
            ("hidden", units) => flags.push(format!("--hidden {}", units.replace('-', ","))),
            ("batch", size) => flags.push(format!("--batch-size {size}")),
            // Options of rules are with their rule.
            (name, _) if name.contains('.') => {}
            (name, "true") => flags.push(format!("--{}", name.replace('_', "-"))),
            (name, "false") => flags.push(format!("--no-{}", name.replace('_', "-"))),
            (name, value) => flags.push(format!("--{} {value}", name.replace('_', "-"))),
        }
    }
    if !tried.rule.is_empty() {
        flags.push(format!("--rule {}", tried.rule));
    }
    flags.join(" ")
}

/// A rule with its options among the settings of a point: `l2:weight_decay=0.1`.
fn with_options(rule: &str, tried: &Tried) -> String {
    let options = tried.settings.iter().filter_map(|(name, value)| {
        let option = name.strip_prefix(rule)?.strip_prefix('.')?;
        Some(format!("{option}={value}"))
    });
    let options: Vec<String> = options.collect();
    if options.is_empty() {
        rule.to_owned()
    } else {
        format!("{rule}:{}", options.join(","))
    }
}
