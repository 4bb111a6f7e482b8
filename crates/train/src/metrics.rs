//! `metrics.jsonl`: one JSON line for each evaluation, written as it happens.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Evaluation, store};

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
        let lines = curve.iter().map(|evaluation| line(path, evaluation)).collect::<Result<Vec<_>, _>>()?;
        store::write_atomically(path, &lines.concat())?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|source| Error::Storage { path: path.to_owned(), action: "open", source })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds one line; a line is written by one call, so a kill leaves whole lines and at most one cut one.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn add(&mut self, evaluation: &Evaluation) -> Result<(), Error> {
        let line = line(&self.path, evaluation)?;
        self.file.write_all(&line).map_err(|source| Error::Storage { path: self.path.clone(), action: "write", source })
    }

    /// Makes sure that the lines would survive a power cut.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn finish(self) -> Result<(), Error> {
        self.file.sync_all().map_err(|source| Error::Storage { path: self.path, action: "sync", source })
    }

    /// Reads a metrics file.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if it cannot be read, else as [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Vec<Evaluation>, Error> {
        Self::parse(&store::read_text(path)?, path)
    }

    /// Reads the text of a metrics file; `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigFile`] with the line that is no evaluation.
    pub fn parse(text: &str, path: &Path) -> Result<Vec<Evaluation>, Error> {
        let parse = |(index, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| Error::ConfigFile {
                path: path.to_owned(),
                line: index + 1,
                message: format!("not an evaluation: {error}"),
                suggestion: None,
            })
        };
        text.lines().enumerate().map(parse).collect()
    }
}

fn line(path: &Path, evaluation: &Evaluation) -> Result<Vec<u8>, Error> {
    let storage = |error: serde_json::Error| Error::Storage { path: path.to_owned(), action: "write", source: error.into() };
    let mut line = serde_json::to_vec(evaluation).map_err(storage)?;
    line.push(b'\n');
    Ok(line)
}
