//! `spinet sweep`: a grid of configurations, each with several seeds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use spinet::lab::{AnyRecord, SweepFile, SweepRecord, SweepRequest};
use spinet::store;
use spinet::train::text::MAX_SETTINGS;

use crate::error::Error;
use crate::flags::kept_runs::RunFlags;
use crate::flags::stored_record::{RecordFlags, read_record};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  spinet sweep thresholds.toml                 print a table
  spinet sweep thresholds.toml --out results   also write a record and a figure
  spinet sweep thresholds.toml --shard 1/4     a quarter of the runs
  spinet sweep --from results/thresholds.json  print a stored record

Example of a sweep file, thresholds.toml:
  seeds = 5                        # seeds 0 to 4; a list also works
  reference = \"bdnn-dsd\"           # also compare with this, paired by seed
  folds = 5                        # cross-validate (default: use the test set)

  [base]                           # options shared by all runs, as in run.toml
  data = \"mnist-1200\"
  epochs = 500
  rules = [\"bdnn-dsd\"]

  [[product]]                      # grid: every combination of these values
  hidden = [[10], [100]]
  bdnn-dsd.threshold = [5, 10, 20]

  [[product]]                      # another grid, for comparison
  hidden = [[10], [100]]
  rules = [[], [\"dropout:dropout_rate=0.2\", \"l2\"]]

Interrupted sweeps resume when you repeat the command. Finished runs are not
trained again, even if you add values to the file.";

/// Train a grid of configurations with several seeds each, and compare them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sweep {
    /// TOML file with the shared options and the values to combine.
    #[arg(value_name = "FILE", required_unless_present = "from")]
    file: Option<PathBuf>,
    #[command(flatten)]
    shown: RecordFlags,
    /// Print a stored record instead of training.
    #[arg(long, value_name = "RECORD", conflicts_with = "file")]
    from: Option<PathBuf>,
    #[command(flatten)]
    how: RunFlags,
}

impl Sweep {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let record = match (&self.from, &self.file) {
            (Some(path), _) => read_record(path, SweepRecord::parse, output)?.into(),
            (None, Some(file)) => match self.make(file, output)? {
                Some(record) => record,
                None => return Ok(()),
            },
            (None, None) => return Ok(()),
        };
        if self.shown.json {
            output.bytes(record.to_json()?.as_bytes())?;
        } else {
            write!(output, "{}", self.shown.text(&record))?;
        }
        // Last, so that a figure that cannot be drawn hides no numbers.
        self.shown.write(&[record])
    }

    /// The record; none if only a shard of the runs was asked for.
    fn make(&self, path: &Path, output: &mut Output) -> Result<Option<AnyRecord>, Error> {
        let text = store::read_text(path, MAX_SETTINGS)?;
        let words = |part: Option<&OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let file = words(path.file_name()).unwrap_or_default();
        let mut command = format!("spinet sweep {}", shell_words::quote(&file));
        if let Some(kernel) = self.how.kernel {
            command += &format!(" --kernel {}", kernel.class());
        }
        let request = SweepRequest {
            file: SweepFile::parse(&text, path)?,
            name: words(path.file_stem()).unwrap_or_else(|| "sweep".to_owned()),
            text,
            reduced: None,
            environment: self.how.environment(command),
        };
        let points = request.file.points.iter();
        let kernels = points.map(|point| self.how.kernel.unwrap_or(point.config.kernel));
        let records = self.how.kept.done(&[&request], kernels, output)?;
        Ok(records.and_then(|mut records| records.pop()))
    }
}
