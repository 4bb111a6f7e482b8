//! `spinet merge`: collects the finished runs of several directories, or joins records of tables.

use std::path::PathBuf;

use serde_json::json;
use spinet::lab::{self, AnyRecord, Record, merge};

use crate::error::Error;
use crate::flags::stored_record::read_record;
use crate::output::Output;

const EXAMPLES: &str = "\
Example, two machines that did a share each:
  spinet reproduce all --data-dir DIR --shard 1/2 --run-dir first        on one
  spinet reproduce all --data-dir DIR --shard 2/2 --run-dir second       on the other
  spinet merge first second --out runs
  spinet reproduce all --data-dir DIR --run-dir runs --out results       trains nothing, makes the record

Example, records of tables that were made apart, without their runs:
  spinet merge tables-1-2.json tables-3-4.json --out results";

/// Collect the finished runs of several directories in one, or join several records of tables to
/// one.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Merge {
    /// Directories with run directories, or files with records of tables.
    #[arg(value_name = "DIR|FILE", required = true)]
    from: Vec<PathBuf>,
    /// The directory that gets them, or the joined record and its figures.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print one JSON object.
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
            "{all} runs are in {} ({} copied, {} were there already)",
            self.out.display(),
            merged.copied,
            merged.present
        )?;
        for path in &merged.unfinished {
            output.note(&format!("left out, not finished: {}", path.display()));
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
