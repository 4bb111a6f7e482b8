//! What can keep a task from being done; what a check *finds* is a
//! [`Verdict`](crate::verdict::Verdict) instead.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// A reason why a task could not be done.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A file or folder could not be read or written.
    File {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started or its output not be read.
    Start {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended with another status than success.
    Status {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program printed something that is not the JSON it promised.
    Json {
        /// The command line.
        command: String,
        /// Where the text stops being JSON.
        source: serde_json::Error,
    },
    /// A component of the Rust toolchain is missing and could not be added.
    Component {
        /// Its name, as `rustup` knows it.
        name: &'static str,
        /// Why adding it failed.
        source: Box<Error>,
    },
    /// A tool that no toolchain brings along is missing or does not run.
    Tool {
        /// Its command line.
        command: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// There is no reader of that name.
    UnknownReader {
        /// What was asked for.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A Markdown file has an opening marker without its closing one, or the other way round.
    Marker {
        /// The Markdown file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// A check that ran as a task of its own found something.
    Complaints {
        /// The task.
        task: &'static str,
        /// How many complaints were printed.
        count: usize,
    },
}

impl Error {
    /// For `map_err` on anything that touches `path`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Start { command, source } => write!(f, "`{command}` could not be run: {source}"),
            Self::Status { command, status } => write!(f, "`{command}` failed with {status}"),
            Self::Json { command, source } => {
                write!(f, "`{command}` printed something other than JSON: {source}")
            }
            Self::Component { name, source } => write!(
                f,
                "the toolchain component `{name}` is missing and could not be added: {source}"
            ),
            Self::Tool { command, hint } => write!(f, "`{command}` cannot be run: {hint}"),
            Self::UnknownReader { found, expected } => {
                write!(f, "unknown reader `{found}`: expected one of {expected}")
            }
            Self::Marker {
                path,
                line,
                problem,
            } => write!(f, "{}:{line}: {problem}", path.display()),
            Self::Complaints { task, count } => write!(f, "`{task}` found {count} problems"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Start { source, .. } => Some(source),
            Self::Json { source, .. } => Some(source),
            Self::Component { source, .. } => Some(source),
            Self::Status { .. }
            | Self::Tool { .. }
            | Self::UnknownReader { .. }
            | Self::Marker { .. }
            | Self::Complaints { .. } => None,
        }
    }
}
