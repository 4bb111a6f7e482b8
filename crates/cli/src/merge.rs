//! `spinet merge`: collects the finished runs of several directories.

use std::path::PathBuf;

use serde_json::json;
use spinet::lab::merge;

use crate::error::Error;
use crate::output::Output;

const EXAMPLES: &str = "\
Example, two machines that did a share each:
  spinet reproduce all --data-dir DIR --shard 1/2 --run-dir first        on one
  spinet reproduce all --data-dir DIR --shard 2/2 --run-dir second       on the other
  spinet merge first second --out runs
  spinet reproduce all --data-dir DIR --run-dir runs --out results       trains nothing, makes the record";

/// Collect the finished runs of several directories in one.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Merge {
    /// Directories with run directories.
    #[arg(value_name = "DIR", required = true)]
    from: Vec<PathBuf>,
    /// The directory that gets them.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Merge {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let merged = merge(&self.from, &self.out)?;
        if self.json {
            return output.json(&json!({ "copied": merged.copied, "present": merged.present, "unfinished": merged.unfinished }));
        }
        let all = merged.copied + merged.present;
        writeln!(output, "{all} runs are in {} ({} copied, {} were there already)", self.out.display(), merged.copied, merged.present)?;
        for path in &merged.unfinished {
            output.note(&format!("left out, not finished: {}", path.display()));
        }
        Ok(())
    }
}
