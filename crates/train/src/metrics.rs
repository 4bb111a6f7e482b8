//! `metrics.jsonl`: one JSON line for each evaluation, written as it happens.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Evaluation};

/// A file that grows by one line for each evaluation.
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Starts the file anew.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn start(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
        let file = file.map_err(|source| Error::Storage { path: path.to_owned(), action: "start the metrics file", source })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds one line; a line is written by one call, so a kill leaves whole lines and at most one cut one.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub fn add(&mut self, evaluation: &Evaluation) -> Result<(), Error> {
        let storage = |source| Error::Storage { path: self.path.clone(), action: "write", source };
        let mut line = serde_json::to_vec(evaluation).map_err(|error| storage(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(storage)
    }

    /// Reads a metrics file.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if it cannot be read, [`Error::ConfigFile`] with the line that is no evaluation.
    pub fn read(path: &Path) -> Result<Vec<Evaluation>, Error> {
        let text = crate::store::read_text(path)?;
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
