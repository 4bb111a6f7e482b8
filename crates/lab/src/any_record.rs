//! Telling the three kinds of stored records apart.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use spinet_train::text::{MAX_RECORD, Notation};

use crate::{Error, FigureRecord, Record, SweepRecord, seal};

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
    /// [`Error::AnotherKind`] for JSON about something else; [`Error::Record`] and
    /// [`Error::RecordContent`] for a damaged record and for what is no JSON.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check_json(text)?;
        match of_json(text) {
            Ok(Keys {
                panels: Some(_),
                figure: Some(_),
                ..
            }) => FigureRecord::parse(text).map(Self::Figure),
            Ok(Keys {
                points: Some(_),
                definition: Some(_),
                ..
            }) => SweepRecord::parse(text).map(Self::Sweep),
            Ok(Keys {
                rows: Some(_),
                definition: Some(_),
                ..
            }) => Record::parse(text).map(Self::Tables),
            _ => Err(Error::AnotherKind),
        }
    }
}

/// The keys that the kinds have, whatever is behind them.
#[derive(Deserialize)]
struct Keys {
    definition: Option<IgnoredAny>,
    figure: Option<IgnoredAny>,
    panels: Option<IgnoredAny>,
    points: Option<IgnoredAny>,
    rows: Option<IgnoredAny>,
}

/// Reads a record that is as it was written.
pub(crate) fn of_record<R: DeserializeOwned>(text: &str) -> Result<R, Error> {
    check_json(text)?;
    seal::check(text)?;
    of_json(text)
}

/// Refuses what is larger than a record may be, or is not JSON.
fn check_json(text: &str) -> Result<(), Error> {
    Notation::Json
        .check(text, MAX_RECORD)
        .map_err(|message| Error::RecordContent { message })?;
    of_json::<IgnoredAny>(text).map(|_| ())
}

fn of_json<R: DeserializeOwned>(text: &str) -> Result<R, Error> {
    serde_json::from_str(text).map_err(|source| Error::Record { source })
}
