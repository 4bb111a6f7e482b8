//! A report: records of tables and sweeps as one HTML file that needs no network and no script.
//!
//! ```text
//! page.rs      the document: head, contents, overview, one section a record
//! section.rs   everything about one record
//! numbers.rs   ours beside the paper's
//! sweep.rs     everything about one sweep
//! figure.rs    a figure of the paper
//! curves.rs    figures, and the same curves as text
//! repeat.rs    every run: what it gave, its digests, the command that repeats it
//! anchor.rs    names that links lead to
//! ```
//!
//! Everything in it comes from the records, so the same records give the same bytes.

mod anchor;
mod curves;
mod figure;
mod numbers;
mod page;
mod repeat;
mod section;
mod sweep;
#[cfg(test)]
mod tests;

pub use page::report;

use crate::{FigureRecord, Record, SweepRecord};

/// Everything that a report shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// Records of tables.
    pub tables: Vec<Stored>,
    /// Figures of the paper.
    pub figures: Vec<StoredFigure>,
    /// Sweeps.
    pub sweeps: Vec<StoredSweep>,
}

impl Reported {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.tables.len() + self.figures.len() + self.sweeps.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A record and the name it is shown with.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAs<R> {
    /// Path of its file, as the reader knows it; the record's anchor is made from it, without
    /// `.json`.
    pub name: String,
    /// The record.
    pub record: R,
}

/// A record of tables.
pub type Stored = StoredAs<Record>;
/// A figure of the paper.
pub type StoredFigure = StoredAs<FigureRecord>;
/// A sweep.
pub type StoredSweep = StoredAs<SweepRecord>;

impl<R> StoredAs<R> {
    /// The name without the ending that all have.
    fn title(&self) -> &str {
        self.name.strip_suffix(".json").unwrap_or(&self.name)
    }
}
