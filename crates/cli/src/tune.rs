//! `spinet tune`: chooses rule parameters on validation folds of the training data.

use serde_json::json;
use spinet::data::load_with;
use spinet::lab::{Grid, Progress, Tuning, tune};

use crate::data_source::DataSource;
use crate::error::Error;
use crate::output::Output;
use crate::reproduce_bar::ReproduceBar;
use crate::settings::Settings;
use crate::threads::ThreadCount;

const EXAMPLES: &str = "\
Examples:
  spinet tune --rule dropout --grid dropout_rate=0.1,0.2,0.3 --epochs 500
  spinet tune --rule bdnn-dsd --grid threshold=5,10,20 --grid bound_step=0.03,0.06 --hidden 10

Every point of the grid is trained on all but one fold of the training samples and scored on that fold, for every
fold. The test samples are never looked at.";

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
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
}

impl Tune {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let mut config = self.settings.config()?;
        let rule = config.rules.pop().ok_or(Error::NoRuleToTune)?;
        let left_out = self.left_out.unwrap_or(self.folds);
        let tuning = Tuning { config, rule, grids: self.grids.clone(), folds: self.folds, left_out, runs: self.runs };
        let bar = ReproduceBar::new(tuning.count()? as u64);
        let data = load_with(&tuning.config.data, &self.source.source(), &tuning.config.data_options())?;
        let tried = tune(&tuning, &data, self.threads.count(), &|| bar.advance(Progress::Done(1), output));
        bar.clear();
        let tried = tried?;
        if self.json {
            return output.json(&json!({
                "data": tuning.config.data, "hidden": tuning.config.hidden, "epochs": tuning.config.epochs, "folds": tuning.folds, "left_out": left_out,
                "runs": tuning.runs, "kernel": tuning.config.kernel.class(), "train_sha256": data.train.sha256(), "tried": tried,
            }));
        }
        writeln!(
            output,
            "{} training samples of {} in {} folds, {} left out in turn, {} epochs, {} run{} a fold; validation accuracy after the last epoch\n",
            data.train.len(),
            data.name,
            tuning.folds,
            left_out,
            tuning.config.epochs,
            tuning.runs,
            if tuning.runs == 1 { "" } else { "s" }
        )?;
        let width = tried.iter().map(|point| point.rule.len()).max().unwrap_or(0);
        for point in &tried {
            writeln!(output, "{:width$}  {:6.2} % ± {:.2}", point.rule, point.accuracy.mean, point.accuracy.sd)?;
        }
        match tried.first() {
            Some(best) => writeln!(output, "\nbest: --rule {}", best.rule),
            None => Ok(()),
        }
    }
}
