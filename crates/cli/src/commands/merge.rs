//! `spinet merge`: merges finished runs from several directories, or partial results.

use std::path::PathBuf;

use serde_json::json;
use spinet::lab::{self, AnyRecord, Record, merge};

use crate::error::Error;
use crate::flags::stored_record::read_record;
use crate::output::Output;

const EXAMPLES: &str = "\
Merge the runs of two machines:
  spinet reproduce all --data-dir DIR --shard 1/2 --run-dir first
  spinet reproduce all --data-dir DIR --shard 2/2 --run-dir second
  spinet merge first second --out runs
  spinet reproduce all --data-dir DIR --run-dir runs --out results

The last command finds the runs finished and writes the record.

Merge partial results without their runs:
  spinet merge tables-1-2.json tables-3-4.json --out results";

/// Merge finished runs from several directories, or partial results.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Merge {
    /// Directories of runs, or record files to merge.
    #[arg(value_name = "DIR|FILE", required = true)]
    from: Vec<PathBuf>,
    /// Directory for the merged runs, or for the merged record and its figures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Merge {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        if self.from.iter().any(|path| path.is_file()) {
            return self.join(output);
        }
        let merged = merge(&self.from, &self.out)?;
        if self.json {
            return output.json(&json!({ "copied": merged.copied, "present": merged.present, "unfinished": merged.unfinished }));
        }
        let all = merged.copied + merged.present;
        writeln!(
            output,
            "{all} runs in {} ({} copied, {} already present)",
            self.out.display(),
            merged.copied,
            merged.present
        )?;
        for path in &merged.unfinished {
            output.note(&format!("skipped, not finished: {}", path.display()));
        }
        Ok(())
    }

    /// Joins records.
    fn join(&self, output: &mut Output) -> Result<(), Error> {
        let read = |path: &PathBuf| {
            Ok::<_, Error>((path.clone(), read_record(path, Record::parse, output)?))
        };
        let record = lab::join(&self.from.iter().map(read).collect::<Result<Vec<_>, _>>()?)?;
        let (rows, reduced) = (record.rows.len(), record.definition.reduced.clone());
        let path = AnyRecord::from(record).write(&self.out)?;
        if self.json {
            return output.json(&json!({ "record": path, "rows": rows, "reduced": reduced }));
        }
        writeln!(
            output,
            "{}: {rows} rows{}",
            path.display(),
            reduced
                .as_ref()
                .map_or_else(String::new, |what| format!("; {what}"))
        )
    }
}
