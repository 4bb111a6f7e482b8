//! `spinet report`: stored records as one HTML page.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use spinet::lab::{self, AnyRecord, Record, Stored, SweepRecord};

use crate::error::Error;
use crate::flags::stored_record::read_record;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  spinet reproduce --quick --out results
  spinet report                              writes results/report.html
  spinet report DIR --out page.html

The page is self-contained: it needs no network and runs no scripts. The same
records always give the same page, byte for byte.";

/// Write an HTML page with the tables, figures, runs and commands of stored records.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Report {
    /// Folder with records from `spinet reproduce --out` and `spinet sweep --out`, searched
    /// recursively.
    #[arg(value_name = "DIR", default_value = "results")]
    directory: PathBuf,
    /// File to write [default: DIR/report.html].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print a JSON object with the output path and the records used.
    #[arg(long)]
    json: bool,
}

impl Report {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let mut files = Files::default();
        files.gather(&self.directory)?;
        files.records.sort();
        let name = |path: &Path| {
            path.strip_prefix(&self.directory)
                .unwrap_or(path)
                .to_string_lossy()
                .replace('\\', "/")
        };
        let mut found = Vec::new();
        let mut others: Vec<(String, Error)> = files
            .closed
            .into_iter()
            .map(|(path, why)| (name(&path), why.into()))
            .collect();
        for path in &files.records {
            let name = name(path);
            match read_record(path, AnyRecord::parse, output) {
                Ok(record) => found.push(Stored { name, record }),
                Err(why) => others.push((name, why)),
            }
        }
        self.tell_others(&others, output);
        if found.is_empty() {
            return Err(Error::NoRecords {
                directory: self.directory.clone(),
            });
        }
        let path = self
            .out
            .clone()
            .unwrap_or_else(|| self.directory.join("report.html"));
        lab::write_results(&[(path.clone(), &lab::report(&found))])?;
        if self.json {
            let (mut tables, mut figures, mut sweeps) = (Vec::new(), Vec::new(), Vec::new());
            for Stored { name, record } in &found {
                match record {
                    AnyRecord::Tables(Record { rows, definition }) => tables.push(json!({
                        "file": name, "experiments": definition.experiments, "rows": rows.len(), "reduced": definition.reduced,
                    })),
                    AnyRecord::Figure(record) => {
                        figures.push(json!({ "file": name, "figure": record.figure }));
                    }
                    AnyRecord::Sweep(SweepRecord { points, definition }) => sweeps.push(json!({
                        "file": name, "sweep": definition.sweep, "points": points.len(),
                    })),
                }
            }
            return output.json(&json!({
                "report": path, "directory": self.directory, "records": tables, "figures": figures, "sweeps": sweeps,
                "left_out": others.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            }));
        }
        let count = found.len();
        writeln!(
            output,
            "{}: {count} record{}",
            path.display(),
            if count == 1 { "" } else { "s" }
        )
    }

    /// Names the files that are no records: those of another kind on one line, damaged ones and
    /// those that cannot be read with the reason.
    fn tell_others(&self, others: &[(String, Error)], output: &Output) {
        let is_of_another_kind = |why: &Error| match why {
            Error::Record { source, .. } => matches!(**source, lab::Error::AnotherKind),
            _ => false,
        };
        for (_, why) in others.iter().filter(|(_, why)| !is_of_another_kind(why)) {
            // It names the file itself.
            output.note(&format!("skipped {why}"));
        }
        let of_another_kind = others.iter().filter(|(_, why)| is_of_another_kind(why));
        let names: Vec<&str> = of_another_kind.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            output.note(&format!(
                "skipped in {}, not records of runs: {}",
                self.directory.display(),
                in_short(&names)
            ));
        }
    }
}

/// A few names as they are, many as their number in each folder.
fn in_short(names: &[&str]) -> String {
    if names.len() <= 6 {
        return names.join(", ");
    }
    let folder = |name: &str| {
        name.rsplit_once('/')
            .map_or_else(|| "this folder".to_owned(), |(folder, _)| folder.to_owned())
    };
    let groups = names.chunk_by(|a, b| folder(a) == folder(b));
    groups
        .map(|group| format!("{} in {}", group.len(), folder(group[0])))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What there is in a folder and below.
#[derive(Default)]
struct Files {
    /// Every JSON file.
    records: Vec<PathBuf>,
    /// Folders below that cannot be read.
    closed: Vec<(PathBuf, spinet::Error)>,
}

impl Files {
    /// Adds every JSON file in a folder and below; links to folders are not followed, so that this
    /// ends.
    fn gather(&mut self, directory: &Path) -> Result<(), spinet::Error> {
        let failed = |source| spinet::Error::Storage {
            path: directory.to_owned(),
            action: "read",
            source,
        };
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() {
                if let Err(why) = self.gather(&path) {
                    self.closed.push((path, why));
                }
            } else if path.extension() == Some(OsStr::new("json")) {
                self.records.push(path);
            }
        }
        Ok(())
    }
}
