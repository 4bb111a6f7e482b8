//! `spinet tune`: grid search over rule options with k-fold cross-validation.

use serde_json::json;
use spinet::data::{Dataset, load_with};
use spinet::lab::{Grid, Tried, Tuning, tune, tune_share};

use crate::data_source::DataSource;
use crate::error::Error;
use crate::kept_runs::KeptRuns;
use crate::number::thousands;
use crate::output::Output;
use crate::reproduce_bar::ReproduceBar;
use crate::settings::Settings;
use crate::slow_kernel::warn_if_slow;
use crate::threads::ThreadCount;

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
        let (threads, keeping) = (self.threads.count(), self.kept.keeping());
        let tuning = Tuning {
            config,
            rule,
            grids: self.grids.clone(),
            folds,
            left_out,
            runs: self.runs,
            threads,
            keeping,
        };
        let shard = self.kept.shard()?;
        let work = tuning.work(shard)?;
        warn_if_slow([tuning.config.kernel], output)?;
        let bar = ReproduceBar::new(work);
        let data = load_with(
            &tuning.config.data,
            &self.source.source(),
            &tuning.config.data_options(),
        )?;
        let advance = |work| bar.advance(work, output);
        let result = match shard {
            None => tune(&tuning, &data, &advance).map(Ok),
            Some(shard) => tune_share(&tuning, &data, shard, &advance).map(Err),
        };
        bar.clear();
        match result? {
            Ok(tried) => self.show(&tuning, &data, &tried, output),
            Err(count) => self.kept.tell_share(count, output),
        }
    }

    fn show(
        &self,
        tuning: &Tuning,
        data: &Dataset,
        tried: &[Tried],
        output: &mut Output,
    ) -> Result<(), Error> {
        let Tuning {
            config,
            folds,
            left_out,
            runs,
            ..
        } = tuning;
        if self.json {
            return output.json(&json!({
                "data": config.data, "hidden": config.hidden, "epochs": config.epochs, "folds": folds, "left_out": left_out,
                "runs": runs, "kernel": config.running_kernel()?.class(), "train_sha256": data.train.sha256(), "tried": tried,
                "run_toml": tuning.first_run()?.to_toml()?,
            }));
        }
        writeln!(
            output,
            "{} training samples of {}, {left_out} of {folds} folds used for validation, {} epochs, {runs} run{} per fold; validation accuracy after the last epoch\n",
            thousands(data.train.len() as u64),
            data.name,
            thousands(config.epochs as u64),
            if *runs == 1 { "" } else { "s" }
        )?;
        let width = tried
            .iter()
            .map(|point| point.rule.len())
            .max()
            .unwrap_or(0);
        for point in tried {
            writeln!(
                output,
                "{:width$}  {:6.2} % ± {:.2}",
                point.rule, point.accuracy.mean, point.accuracy.sd
            )?;
        }
        match tried.first() {
            Some(best) => writeln!(output, "\nbest: --rule {}", best.rule),
            None => Ok(()),
        }
    }
}
