//! `metrics.jsonl`: one JSON line per evaluation, written immediately.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use spinet_data::sha256_hex;

use crate::text::{MAX_RECORD, Notation};
use crate::{Error, Evaluation, store};

/// Maximum size in bytes of one evaluation.
const MAX_LINE: u64 = 1 << 20;

/// A file that grows by one line for each evaluation.
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Starts the file anew with the evaluations so far.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn resume(path: &Path, curve: &[Evaluation]) -> Result<Self, Error> {
        Self::write(path, curve)?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|source| Error::Storage {
            path: path.to_owned(),
            action: "open",
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Writes the whole file.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub(crate) fn write(path: &Path, curve: &[Evaluation]) -> Result<(), Error> {
        store::write_atomically(path, &lines(curve))
    }

    /// SHA-256 of the file with these evaluations.
    pub(crate) fn sha256(curve: &[Evaluation]) -> String {
        sha256_hex(&lines(curve))
    }

    /// Adds one line; a line is written by one call, so a kill leaves whole lines and at most one
    /// cut one.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn add(&mut self, evaluation: &Evaluation) -> Result<(), Error> {
        let line = lines(std::slice::from_ref(evaluation));
        self.file.write_all(&line).map_err(|source| Error::Storage {
            path: self.path.clone(),
            action: "write",
            source,
        })
    }

    /// Reads a metrics file.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if it cannot be read, else as [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Vec<Evaluation>, Error> {
        Self::parse(&store::read_text(path, MAX_RECORD)?, path)
    }

    /// Reads the text of a metrics file; `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigFile`] with the line that is not an evaluation.
    pub fn parse(text: &str, path: &Path) -> Result<Vec<Evaluation>, Error> {
        let parse = |(index, line): (usize, &str)| {
            let parsed = Notation::Json
                .check(line, MAX_LINE)
                .and_then(|()| serde_json::from_str(line).map_err(|error| error.to_string()));
            parsed.map_err(|error| Error::ConfigFile {
                path: path.to_owned(),
                line: index + 1,
                message: format!("not an evaluation: {error}"),
                suggestion: None,
            })
        };
        text.lines().enumerate().map(parse).collect()
    }
}

/// The file with these evaluations. Every evaluation has a JSON form: its keys are texts, and a
/// non-finite number is `null`.
fn lines(curve: &[Evaluation]) -> Vec<u8> {
    let line = |evaluation| serde_json::to_string(evaluation).unwrap_or_default() + "\n";
    curve.iter().map(line).collect::<String>().into_bytes()
}
