//! A stored record of any kind: telling the kinds apart, and what all of them have.

use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use spinet_train::text::{MAX_RECORD, Notation};

use crate::paper::table as paper_table;
use crate::record::seal;
use crate::table::Table;
use crate::{
    Error, FigureRecord, Record, Setting, SweepRecord, accuracy_figure, figure_svg, spine_figure,
    study, sweep, sweep_figure, tables_in, write_results,
};

/// A stored record of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyRecord {
    /// The paper's tables.
    Tables(Record),
    /// A figure that is not a sweep.
    Figure(FigureRecord),
    /// A sweep.
    Sweep(SweepRecord),
}

impl AnyRecord {
    /// Reads a record and tells by its keys what it is.
    ///
    /// # Errors
    ///
    /// [`Error::AnotherKind`], [`Error::Record`], [`Error::RecordContent`], [`Error::Changed`].
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

    /// The record as JSON with its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Record`], for numbers that JSON does not have.
    pub fn to_json(&self) -> Result<String, Error> {
        match self {
            Self::Tables(record) => record.to_json(),
            Self::Figure(record) => record.to_json(),
            Self::Sweep(record) => record.to_json(),
        }
    }

    /// What it is a record of.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Tables(_) => "experiment",
            Self::Figure(_) => "figure",
            Self::Sweep(_) => "sweep",
        }
    }

    /// How it is smaller than what its name stands for.
    pub fn reduced(&self) -> Option<&str> {
        match self {
            Self::Tables(record) => record.definition.reduced.as_deref(),
            Self::Figure(record) => record.reduced.as_deref(),
            Self::Sweep(record) => record.definition.reduced.as_deref(),
        }
    }

    /// The command that makes it.
    pub(crate) fn command(&self) -> &str {
        match self {
            Self::Tables(record) => &record.definition.command,
            Self::Figure(record) => &record.command,
            Self::Sweep(record) => &record.definition.command,
        }
    }

    /// What sets it apart from the full experiment on the official files: the fact, and the details.
    pub(crate) fn warnings(&self) -> Vec<(String, String)> {
        let unverified = match self {
            Self::Tables(record) => record.definition.unverified.join("; "),
            Self::Figure(_) => String::new(),
            Self::Sweep(record) => record.definition.unverified.join("; "),
        };
        let full = format!("NOT the full {}", self.kind());
        let reduced = self.reduced().unwrap_or_default().to_owned();
        let unofficial = "NOT the official files".to_owned();
        let mut warnings = vec![(full, reduced), (unofficial, unverified)];
        warnings.retain(|(_, details)| !details.is_empty());
        warnings
    }

    fn shown(&self, table: fn(&Table) -> String) -> String {
        let (tables, notes) = match self {
            Self::Tables(record) => (paper_table::tables(record), paper_table::notes(record)),
            Self::Figure(record) => (vec![study::table(record)], study::notes(record)),
            Self::Sweep(record) => (vec![sweep::table(record)], sweep::notes(record)),
        };
        let tables = tables.iter().map(|one| table(one) + "\n");
        let warnings = self.warnings();
        let warnings = warnings
            .iter()
            .map(|(fact, details)| format!("{fact}: {details}.\n\n"));
        tables.chain(warnings).chain([notes]).collect()
    }

    /// Its tables for a terminal, with what a reader must know.
    pub fn text(&self) -> String {
        self.shown(Table::text)
    }

    /// The same as Markdown.
    pub fn markdown(&self) -> String {
        self.shown(Table::markdown)
    }

    /// Its figures, each with the end of its file's name.
    fn figures(&self) -> Result<Vec<(&'static str, String)>, Error> {
        Ok(match self {
            Self::Tables(record) => {
                let mut figures = vec![("-accuracy.svg", accuracy_figure(record)?)];
                if record.rows.iter().any(|row| !row.curve.counts.is_empty()) {
                    figures.push(("-spines.svg", spine_figure(record)?));
                }
                figures
            }
            Self::Figure(record) => vec![(".svg", figure_svg(record)?)],
            Self::Sweep(record) => sweep_figure(record)?
                .into_iter()
                .map(|figure| (".svg", figure))
                .collect(),
        })
    }

    /// Writes the record and its figures: `NAME.json` and `NAME.svg`, for tables
    /// `NAME-accuracy.svg` and, with spine counts, `NAME-spines.svg`; a record of less than what its
    /// name stands for is called `NAME-reduced`. Gives the path of the record.
    ///
    /// # Errors
    ///
    /// What is wrong with a figure or a file, as [`write_results`].
    pub fn write(&self, directory: &Path) -> Result<PathBuf, Error> {
        let name = match self {
            Self::Tables(record) => {
                let experiments = &record.definition.experiments;
                if experiments.len() == tables_in(Setting::default()).count() {
                    "paper-tables".to_owned()
                } else {
                    experiments.join("-")
                }
            }
            Self::Figure(record) => record.figure.clone(),
            Self::Sweep(record) => record.definition.sweep.clone(),
        };
        let name = name + self.reduced().map_or("", |_| "-reduced");
        let (json, figures) = (self.to_json()?, self.figures()?);
        let figures = figures.iter().map(|(end, svg)| (*end, svg));
        let texts = std::iter::once((".json", &json)).chain(figures);
        let files: Vec<(PathBuf, &str)> = texts
            .map(|(end, text)| (directory.join(name.clone() + end), text.as_str()))
            .collect();
        write_results(&files)?;
        Ok(directory.join(name + ".json"))
    }
}

impl From<Record> for AnyRecord {
    fn from(record: Record) -> Self {
        Self::Tables(record)
    }
}

impl From<FigureRecord> for AnyRecord {
    fn from(record: FigureRecord) -> Self {
        Self::Figure(record)
    }
}

impl From<SweepRecord> for AnyRecord {
    fn from(record: SweepRecord) -> Self {
        Self::Sweep(record)
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

/// A record as JSON with its digest: one line for each of its rows, then its definition.
pub(crate) fn in_lines(
    key: &str,
    rows: &[impl Serialize],
    definition: &impl Serialize,
) -> Result<String, Error> {
    let rows = rows
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<Vec<_>, _>>();
    let json = rows.and_then(|rows| {
        let (rows, definition) = (rows.join(",\n"), serde_json::to_string_pretty(definition)?);
        Ok(format!(
            "{{\"{key}\": [\n{rows}\n],\n\"definition\": {definition}}}"
        ))
    });
    Ok(seal::sealed(
        &json.map_err(|source| Error::Record { source })?,
    ))
}
