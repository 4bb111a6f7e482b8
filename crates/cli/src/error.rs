//! Errors that end the program, their messages and exit codes.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
use spinet::{data, lab, nn, rules};

use crate::interrupt::INTERRUPTED;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "`{flag}` applies to tables; the options of a figure are fixed\n\nhint: `spinet sweep` compares any configurations"
    )]
    FlagOfTables { flag: &'static str },
    /// Experiments.
    #[error(transparent)]
    Lab(lab::Error),
    /// A file that is no record.
    #[error("{}: {source}", .path.display())]
    Record {
        path: PathBuf,
        source: Box<lab::Error>,
    },
    /// What clap refuses.
    #[error("{}", usage(.0))]
    Usage(clap::Error),
    /// Training, model files and storage.
    #[error(transparent)]
    Train(#[from] spinet::Error),
    /// The reader of standard output went away; it has what it wanted.
    #[error("standard output is closed")]
    ClosedOutput,
    /// Results that cannot be shown.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// A file of a known kind that is no model of spinet.
    #[error("{}: found {found}, expected a spinet model file (safetensors)", .path.display())]
    NotAModel { path: PathBuf, found: &'static str },
    /// A directory without a model.
    #[error("{}: does not contain `model.safetensors`, expected a model file or the directory of a finished run", .directory.display())]
    NoModel { directory: PathBuf },
    /// Nothing to report.
    #[error(
        "{}: found no records, expected at least one in this folder or its subfolders\n\nhint: `spinet reproduce --quick --out {}` writes one in seconds",
        .directory.display(),
        .directory.display()
    )]
    NoRecords { directory: PathBuf },
    /// Nothing to predict.
    #[error(
        "missing input, expected PNG, JPEG, idx, CSV or NPY files, `-` for standard input, or `--data NAME`"
    )]
    NoSamples,
    /// A model without columns to explain.
    #[error(
        "{}: the model stores no columns, expected one that was trained on a table by this version or a later one",
        .path.display()
    )]
    NoColumns { path: PathBuf },
    /// Standard input that cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// A column of something without columns.
    #[error("{}: images have no columns, expected no `--id`", .path.display())]
    IdOfImages { path: PathBuf },
    /// A file that would be replaced.
    #[error("{}: already exists and is not overwritten\n\nhint: choose another name for `--out`", .path.display())]
    Exists { path: PathBuf },
    /// Data with more classes than a model.
    #[error("dataset `{data}` has {found} classes, expected at most {expected}, as the model")]
    Classes {
        data: String,
        found: usize,
        expected: usize,
    },
    /// Files that are not the official ones.
    #[error(
        "{bad} of the {all} files of dataset `{dataset}` failed verification\n\n\
         hint: `spinet data fetch {dataset} --data-dir DIR` downloads missing files"
    )]
    NotVerified {
        dataset: &'static str,
        bad: usize,
        all: usize,
    },
}

impl From<lab::Error> for Error {
    fn from(error: lab::Error) -> Self {
        match error {
            lab::Error::Train(error) => Self::Train(error),
            error => Self::Lab(error),
        }
    }
}

impl From<rules::Error> for Error {
    fn from(error: rules::Error) -> Self {
        Self::Train(error.into())
    }
}

impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Self {
        Self::Train(error.into())
    }
}

impl From<data::Error> for Error {
    fn from(error: data::Error) -> Self {
        Self::Train(error.into())
    }
}

const FAILED: u8 = 1;
const WRONG_INPUT: u8 = 2;
const STORAGE: u8 = 3;

impl Error {
    /// What the program ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        use data::Error::{Download, DownloadDigest, DownloadSize, HttpStatus, Io};
        match self {
            Self::Train(
                spinet::Error::Diverged { .. }
                | spinet::Error::Data(
                    Download { .. }
                    | DownloadDigest { .. }
                    | DownloadSize { .. }
                    | HttpStatus { .. },
                ),
            ) => FAILED,
            Self::Train(
                spinet::Error::Storage {
                    action: "open" | "read",
                    source,
                    ..
                }
                | spinet::Error::Data(Io { source, .. }),
            ) => code_of_reading(source),
            Self::Train(
                spinet::Error::Storage { .. }
                | spinet::Error::Locked { .. }
                | spinet::Error::Data(data::Error::Gone { .. }),
            )
            | Self::Output(_)
            | Self::Input(_) => STORAGE,
            Self::Train(spinet::Error::Interrupted { .. }) | Self::Lab(lab::Error::Stopped) => {
                INTERRUPTED
            }
            _ => WRONG_INPUT,
        }
    }
}

/// A name that leads to no file, or text that is none, is wrong input; the rest is storage.
fn code_of_reading(source: &io::Error) -> u8 {
    match source.kind() {
        ErrorKind::NotFound
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidFilename
        | ErrorKind::Other => WRONG_INPUT,
        _ => STORAGE,
    }
}

/// The error with its causes, as it is shown: `spinet: what happened: why`, then hints as
/// paragraphs of their own.
pub(crate) fn report(error: &Error) -> String {
    let text = error.to_string();
    if matches!(error, Error::Usage(answer) if answer.kind() == DisplayHelpOnMissingArgumentOrSubcommand)
    {
        return text;
    }
    let (what, hints) = text
        .split_once("\n\n")
        .map_or((text.as_str(), None), |(what, hints)| (what, Some(hints)));
    let mut what = what.to_owned();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors say their cause themselves.
        if !what.contains(&cause_text) {
            what = format!("{what}: {cause_text}");
        }
        source = cause.source();
    }
    match hints {
        Some(hints) => format!("spinet: {what}\n\n{hints}"),
        None => format!("spinet: {what}"),
    }
}

/// What clap says, in the form of all other errors.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.trim_end().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once_and_a_hint_comes_last() {
        let path = PathBuf::from("a.bin");
        let io = || io::Error::new(ErrorKind::PermissionDenied, "permission denied");
        let error = Error::from(data::Error::Io {
            path: path.clone(),
            action: "read file",
            source: io(),
        });
        assert_eq!(
            (report(&error).as_str(), error.exit_code()),
            ("spinet: a.bin: cannot read file: permission denied", 3)
        );
        let error = Error::from(spinet::Error::Storage {
            path: path.clone(),
            action: "sync",
            source: io(),
        });
        assert_eq!(
            (report(&error).as_str(), error.exit_code()),
            ("spinet: a.bin: cannot sync: permission denied", 3)
        );
        let error = Error::from(spinet::Error::OtherRun {
            directory: path,
            difference: "`seed` is 0 there and 1 here".to_owned(),
        });
        assert!(
            report(&error).contains("another run: `seed` is 0 there and 1 here\n\nhint: `--force`"),
            "{}",
            report(&error)
        );
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn a_name_that_leads_nowhere_is_wrong_input() {
        let source = io::Error::from(ErrorKind::NotFound);
        assert_eq!(
            Error::from(spinet::Error::Storage {
                path: "a".into(),
                action: "open",
                source
            })
            .exit_code(),
            2
        );
    }
}
