//! `spinet tune`: grid search over rule options with k-fold cross-validation.

use serde_json::json;
use spinet::data::{DataOptions, load_with};
use spinet::lab::{Column, Environment, Estimate, Grid, Table, Tried, Tuning};

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

Each configuration is trained on all folds but one and scored on the remaining
fold, for every fold. The test set is never used.

Interrupted searches resume when you repeat the command. Finished runs are not
trained again, even if you add values to the grid.";

/// Grid search over rule options with k-fold cross-validation.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Tune {
    /// Values of an option of the last `--rule`; repeat to search every combination.
    #[arg(long = "grid", value_name = "OPTION=VALUE,...", required = true)]
    grids: Vec<Grid>,
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
        let rule = config.rules.pop().ok_or(Error::NoRuleToTune)?;
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
        let tried = self.kept.done(&[&tuning], [kernel], output)?;
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
        let cells = |tried: &Tried| {
            let Estimate { mean, sd, .. } = &tried.accuracy;
            vec![tried.rule.clone(), format!("{mean:.2} ± {sd:.2}")]
        };
        let score = format!("{measure} %");
        let columns = [("rule", Column::Word), (score.as_str(), Column::Number)];
        let table = Table::new("", columns, tried.iter().map(cells));
        write!(output, "{}", table.text())?;
        match tried.first() {
            Some(best) => writeln!(output, "\nbest: --rule {}", best.rule),
            None => Ok(()),
        }
    }
}
