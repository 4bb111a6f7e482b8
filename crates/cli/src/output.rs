//! Where text goes: results to standard output, notes to standard error.
//!
//! A reader that closes the pipe early (`spinet rules | head -1`) ends the program without a word;
//! nothing here panics.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::path::Path;

use serde::Serialize;

use crate::error::Error;
use crate::show::escape::without_controls;

/// Both streams of the program.
pub(crate) struct Output {
    results: BufWriter<Stdout>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            results: BufWriter::new(io::stdout()),
        }
    }

    /// Makes `write!` and `writeln!` work; control characters other than line ends are shown
    /// escaped.
    pub(crate) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.results
            .write_all(without_controls(&text.to_string()).as_bytes())
            .map_err(failed)
    }

    /// One JSON value on a line of its own.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(&mut self.results, value).map_err(|error| failed(error.into()))?;
        self.results.write_all(b"\n").map_err(failed)
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.results.write_all(bytes).map_err(failed)
    }

    /// Hands everything to the system.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.results.flush().map_err(failed)
    }

    /// A line on standard error. Nobody may be listening, and then there is nobody to tell.
    #[allow(clippy::unused_self, reason = "who may write is who holds the output")]
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}", without_controls(text));
    }
}

/// Refuses to write where something is: nothing of the user's is replaced.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Error> {
    if spinet::store::is_there(path) {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn failed(error: io::Error) -> Error {
    if error.kind() == ErrorKind::BrokenPipe {
        Error::ClosedOutput
    } else {
        Error::Output(error)
    }
}
