//! A report: records of tables and sweeps as one HTML file that needs no network and no script.
//!
//! ```text
//! page.rs      the document: head, contents, overview, one section a record
//! section.rs   everything about one record
//! numbers.rs   ours beside the paper's
//! sweep.rs     everything about one sweep
//! curves.rs    figures, and the same curves as text
//! repeat.rs    every run: what it gave, its digests, the command that repeats it
//! anchor.rs    names that links lead to
//! escape.rs    text from records, made safe
//! ```
//!
//! Everything in it comes from the records, so the same records give the same bytes.

mod anchor;
mod curves;
mod escape;
mod numbers;
mod page;
mod repeat;
mod section;
mod sweep;
#[cfg(test)]
mod tests;

pub use page::report;

use crate::{Record, SweepRecord};

/// A record and the name it is shown with.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Path of its file, as the reader knows it; the record's anchor is made from it, without `.json`.
    pub name: String,
    /// The record.
    pub record: Record,
}

impl Stored {
    /// The name without the ending that all have.
    fn title(&self) -> &str {
        self.name.strip_suffix(".json").unwrap_or(&self.name)
    }
}

/// The record of a sweep and the name it is shown with.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSweep {
    /// As in [`Stored`].
    pub name: String,
    /// The record.
    pub record: SweepRecord,
}

impl StoredSweep {
    fn title(&self) -> &str {
        self.name.strip_suffix(".json").unwrap_or(&self.name)
    }
}
