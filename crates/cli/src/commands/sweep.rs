//! `spinet sweep`: a grid of configurations, each with several seeds.

use std::path::{Path, PathBuf};

use spinet::lab::{self, AnyRecord, SweepFile, SweepRecord, SweepRequest};
use spinet::train::text::MAX_SETTINGS;
use spinet::{Kernel, store};

use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::kept_runs::KeptRuns;
use crate::flags::settings::kernel;
use crate::flags::stored_record::{RecordFlags, read_record};
use crate::flags::threads::ThreadCount;
use crate::output::Output;
use crate::slow_kernel::warn_if_slow;

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
    kept: KeptRuns,
    /// Kernel for matrix products with 8-bit inputs, overriding the file; `exact` and `f32` results
    /// differ in the last digits.
    #[arg(long, value_name = "NAME", value_parser = kernel(), help_heading = "Environment")]
    kernel: Option<Kernel>,
    #[command(flatten)]
    threads: ThreadCount,
    #[command(flatten)]
    source: DataSource,
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

    /// The record; none if only a share of the runs was asked for.
    fn make(&self, path: &Path, output: &mut Output) -> Result<Option<AnyRecord>, Error> {
        let text = store::read_text(path, MAX_SETTINGS)?;
        let name = path.file_stem().map_or_else(
            || "sweep".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let file = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let kernel = self.kernel.map_or_else(String::new, |kernel| {
            format!(" --kernel {}", kernel.class())
        });
        let request = SweepRequest {
            file: SweepFile::parse(&text, path)?,
            command: format!("spinet sweep {}{kernel}", shell_words::quote(&file)),
            name,
            text,
            reduced: None,
            kernel: self.kernel,
            threads: self.threads.count(),
            keeping: self.kept.keeping(),
            source: self.source.source(),
        };
        let shard = self.kept.shard()?;
        let work = request.work(shard)?;
        let kernels = request
            .file
            .points
            .iter()
            .map(|point| request.kernel.unwrap_or(point.config.kernel));
        warn_if_slow(kernels, output)?;
        let record = self.kept.done(
            shard,
            work,
            output,
            |advance| lab::sweep(&request, advance),
            |shard, advance| lab::sweep_share(&request, shard, advance),
        )?;
        Ok(record.map(AnyRecord::from))
    }
}
