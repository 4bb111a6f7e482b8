//! `spinet tune`: chooses rule parameters on validation folds of the training data.

use serde_json::json;
use spinet::data::{Dataset, load_with};
use spinet::lab::{Column, Estimate, Grid, Table, Tried, Tuning, tune, tune_share};

use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::kept_runs::KeptRuns;
use crate::flags::settings::Settings;
use crate::flags::threads::ThreadCount;
use crate::output::Output;
use crate::show::number::thousands;
use crate::slow_kernel::warn_if_slow;

const EXAMPLES: &str = "\
Examples:
  spinet tune --rule dropout --grid dropout_rate=0.1,0.2,0.3 --epochs 500
  spinet tune --rule bdnn-dsd --grid threshold=5,10,20 --grid bound_step=0.03,0.06 --hidden 10

Every point of the grid is trained on all but one fold of the training samples and scored on that fold, for every
fold. The test samples are never looked at.

Every run is kept in a directory of its own. A tuning that was interrupted or killed goes on when the same command is given
again, and a finished run is not trained again, even if the grid has got more values since.";

/// Choose rule parameters on validation folds of the training data.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Tune {
    /// Values of a parameter of the last `--rule`, repeatable: every combination is tried.
    #[arg(long = "grid", value_name = "PARAMETER=VALUE,...", required = true)]
    grids: Vec<Grid>,
    /// Parts of the training samples; each is left out once.
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
    /// Leave out only the first N parts, which takes less time [default: all].
    #[arg(long, value_name = "N")]
    left_out: Option<usize>,
    /// Runs of every fold, with the seeds `--seed`, `--seed` + 1, ...
    #[arg(long, value_name = "N", default_value_t = 1)]
    runs: usize,
    /// Print JSON instead of the table.
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
        let data = load_with(
            &tuning.config.data,
            &self.source.source(),
            &tuning.config.data_options(),
        )?;
        let tried = self.kept.done(
            shard,
            work,
            output,
            |advance| tune(&tuning, &data, advance),
            |shard, advance| tune_share(&tuning, &data, shard, advance),
        )?;
        tried.map_or(Ok(()), |tried| self.show(&tuning, &data, &tried, output))
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
                "runs": runs, "kernel": config.kernel()?.class(), "train_sha256": data.train.sha256(), "tried": tried,
                "run_toml": tuning.first_run()?.to_toml()?,
            }));
        }
        writeln!(
            output,
            "{} training samples of {} in {folds} folds, {left_out} left out in turn, {} epochs, {runs} run{} a fold; validation accuracy after the last epoch\n",
            thousands(data.train.len() as u64),
            data.name,
            thousands(config.epochs as u64),
            if *runs == 1 { "" } else { "s" }
        )?;
        let cells = |tried: &Tried| {
            let Estimate { mean, sd, .. } = &tried.accuracy;
            vec![tried.rule.clone(), format!("{mean:.2} ± {sd:.2}")]
        };
        let columns = [("rule", Column::Word), ("accuracy %", Column::Number)];
        let table = Table::new("", columns, tried.iter().map(cells));
        write!(output, "{}", table.text())?;
        match tried.first() {
            Some(best) => writeln!(output, "\nbest: --rule {}", best.rule),
            None => Ok(()),
        }
    }
}
