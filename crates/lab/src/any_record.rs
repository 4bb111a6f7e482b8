//! Telling the three kinds of stored records apart.

use serde_json::Value;

use crate::{Error, FigureRecord, Record, SweepRecord};

/// A stored record of any kind.
#[derive(Clone, Debug)]
pub enum AnyRecord {
    /// The paper's tables.
    Tables(Record),
    /// One of the paper's figures.
    Figure(FigureRecord),
    /// A sweep.
    Sweep(SweepRecord),
}

impl AnyRecord {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`Error::AnotherKind`] for JSON about something else; [`Error::Record`] and [`Error::RecordContent`] for a damaged record and
    /// for what is no JSON.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let value: Value = serde_json::from_str(text).map_err(|source| Error::Record { source })?;
        let has = |keys: [&str; 2]| keys.into_iter().all(|key| value.get(key).is_some());
        if has(["panels", "figure"]) {
            return FigureRecord::parse(text).map(Self::Figure);
        }
        if has(["points", "definition"]) {
            return SweepRecord::parse(text).map(Self::Sweep);
        }
        if has(["rows", "definition"]) {
            return Record::parse(text).map(Self::Tables);
        }
        Err(Error::AnotherKind)
    }
}
