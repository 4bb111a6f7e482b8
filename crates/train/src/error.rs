//! What can go wrong in training, and with the files around it.

use std::path::PathBuf;

/// Why a run could not start, had to stop, or could not be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule's settings.
    #[error(transparent)]
    Rule(#[from] spinet_rules::Error),
    /// The network's configuration.
    #[error(transparent)]
    Network(#[from] spinet_nn::Error),
    /// The data.
    #[error(transparent)]
    Data(#[from] spinet_data::Error),
    /// A configuration file that cannot be understood.
    #[error("{}:{line}: {message}{}", .path.display(), hint(.suggestion.as_deref()))]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
        /// The known name that is nearest, if one is near.
        suggestion: Option<String>,
    },
    /// A setting outside its range.
    #[error("`{setting}` must be {expected}, but is {found}")]
    OutOfRange {
        /// The setting.
        setting: &'static str,
        /// The range.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// Data without samples to train on or to evaluate.
    #[error("data set `{data}` has no {what} samples, expected at least 1")]
    NoSamples {
        /// The data set.
        data: String,
        /// `training` or `test`.
        what: &'static str,
    },
    /// NaN or infinity in a step; the weights are those before it.
    #[error("training diverged at epoch {}, step {}: loss is {loss}; first non-finite value in {place}\n\nhint: try a learning rate below {learning_rate:?}", epoch + 1, step + 1)]
    Diverged {
        /// The epoch, counted from 0 (shown from 1).
        epoch: usize,
        /// The step since the start, counted from 0 (shown from 1).
        step: u64,
        /// The loss of that step.
        loss: f64,
        /// The first array with such a number.
        place: String,
        /// The learning rate of the run.
        learning_rate: f64,
    },
    /// A file that could not be read or written.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Storage {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file that is not a spinet model, or a damaged one.
    #[error("{}: {message}", .path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A checkpoint that is none, is damaged, or is of another run.
    #[error("{}: {message}", .path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A file that was changed after the run whose result it is, or that nothing vouches for.
    #[error(
        "{}: {message}\n\nhint: `spinet train --force` trains the run again, another directory keeps what is there; `spinet eval` evaluates its model",
        .path.display()
    )]
    Unverified {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A file in the place of one of ours that this program did not make; it is neither overwritten
    /// nor removed.
    #[error("{}: not a file of spinet, so it is left as it is\n\nhint: choose another directory, or move it away", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A run directory in which another process works.
    #[error("{}: another process works in this run directory (process {holder})\n\nhint: wait for it, or choose another directory", .directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// The process that holds the lock, as it wrote it down.
        holder: String,
    },
    /// A run directory that holds another run.
    #[error(
        "{}: holds another run: {difference}\n\nhint: `--force` replaces it, another directory keeps it",
        .directory.display()
    )]
    OtherRun {
        /// The directory.
        directory: PathBuf,
        /// What sets the runs apart.
        difference: String,
    },
    /// A run that was asked to stop; its checkpoint is saved.
    #[error("{}: interrupted after step {step} (epoch {}); the same command goes on from there", .directory.display(), epoch + 1)]
    Interrupted {
        /// The directory of the run.
        directory: PathBuf,
        /// Whole epochs done.
        epoch: usize,
        /// Steps done.
        step: u64,
    },
    /// Samples of another kind than the model was trained on.
    #[error("the model takes {expected}, but the samples are {found}")]
    InputKind {
        /// What the samples are.
        found: &'static str,
        /// What the model takes.
        expected: &'static str,
    },
    /// Samples of another shape than the model was trained on.
    #[error("the model takes {expected} features a sample, but the samples have {found}")]
    Features {
        /// Features of the model.
        expected: usize,
        /// Features of the samples.
        found: usize,
    },
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion
        .map(|name| format!("\n\nhint: did you mean `{name}`?"))
        .unwrap_or_default()
}

impl Error {
    /// Whether storage failed, and not the input or the run.
    pub fn is_storage(&self) -> bool {
        matches!(self, Self::Storage { .. } | Self::Locked { .. })
    }
}
