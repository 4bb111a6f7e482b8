//! `spinet sweep`: every combination of some values, each with several seeds.

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
  spinet sweep thresholds.toml                   the table
  spinet sweep thresholds.toml --out results     also the record and its figure, for `spinet report`
  spinet sweep thresholds.toml --shard 1/4       a quarter of the runs, for one of four machines
  spinet sweep --from results/thresholds.json    the table of a stored record

A file, thresholds.toml:
  seeds = 5                        # seeds 0 to 4; a list is possible too
  reference = \"bdnn-dsd\"           # compare with it too, paired by seed
  folds = 5                        # score on validation folds; without it on the test samples

  [base]                           # what every run has, as in run.toml
  data = \"mnist-1200\"
  epochs = 500
  rules = [\"bdnn-dsd\"]

  [[product]]                      # every combination of these values
  hidden = [[10], [100]]
  bdnn-dsd.threshold = [5, 10, 20]

  [[product]]                      # and of these, to compare with
  hidden = [[10], [100]]
  rules = [[], [\"dropout:dropout_rate=0.2\", \"l2\"]]

Every run is kept in a directory of its own. A sweep that was interrupted or killed goes on when the same command is given
again, and a finished run is not trained again, even if the file has got more values since.";

/// Train every combination of some values, each with several seeds, and compare.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Sweep {
    /// TOML file with what every run has and the values to combine.
    #[arg(value_name = "FILE", required_unless_present = "from")]
    file: Option<PathBuf>,
    #[command(flatten)]
    shown: RecordFlags,
    /// Show a stored record instead of running anything.
    #[arg(long, value_name = "RECORD", conflicts_with = "file")]
    from: Option<PathBuf>,
    #[command(flatten)]
    kept: KeptRuns,
    /// How products with pixels are computed, instead of what the file says; `exact` and `f32`
    /// differ in the last digits.
    #[arg(long, value_name = "NAME", value_parser = kernel(), help_heading = "This machine")]
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
