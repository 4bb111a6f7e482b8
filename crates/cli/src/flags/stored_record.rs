//! How a record is shown and kept, and reading one that was.

use std::path::{Path, PathBuf};

use spinet::lab::AnyRecord;
use spinet::train::text::MAX_RECORD;
use spinet::{lab, store};

use crate::error::Error;
use crate::output::Output;

/// How a record is shown, and where it is kept.
#[derive(clap::Args)]
pub(crate) struct RecordFlags {
    /// Print the record as JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print a Markdown table.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Also write the record and its figures to this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl RecordFlags {
    /// The record as it was asked for.
    pub(crate) fn text(&self, record: &AnyRecord) -> String {
        if self.markdown {
            record.markdown()
        } else {
            record.text()
        }
    }

    /// Writes the records and their figures, if that was asked for.
    pub(crate) fn write(&self, records: &[AnyRecord]) -> Result<(), Error> {
        if let Some(directory) = &self.out {
            for record in records {
                record.write(directory)?;
            }
        }
        Ok(())
    }
}

/// Reads a stored record. Errors name its path.
pub(crate) fn read_record<R>(
    path: &Path,
    parse: fn(&str) -> Result<R, lab::Error>,
    output: &Output,
) -> Result<R, Error> {
    let text = store::read_text(path, MAX_RECORD)?;
    let record = parse(&text).map_err(|source| Error::Record {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    if !lab::is_sealed(&text) {
        output.note(&format!(
            "{}: has no digest, so its numbers cannot be verified; written by an earlier version",
            path.display()
        ));
    }
    Ok(record)
}
