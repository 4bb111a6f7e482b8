//! Errors in training and in its files.

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
    /// A configuration file that cannot be parsed.
    #[error("{}:{line}: {message}{}", .path.display(), hint(.suggestion.as_deref()))]
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
        /// The nearest known name, if one is close.
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
    #[error("dataset `{data}` has no {what} samples, expected at least 1")]
    NoSamples {
        /// The dataset.
        data: String,
        /// `training` or `test`.
        what: &'static str,
    },
    /// NaN or infinity in a step; the weights before that step are kept.
    #[error("training diverged at epoch {}, step {}: loss is {loss}; first non-finite value in {place}\n\nhint: try a learning rate below {learning_rate:?}", epoch + 1, step + 1)]
    Diverged {
        /// The epoch, counted from 0 (shown from 1).
        epoch: usize,
        /// The step since the start, counted from 0 (shown from 1).
        step: u64,
        /// The loss of that step.
        loss: f64,
        /// The first array with a non-finite value.
        place: String,
        /// The learning rate of the run.
        learning_rate: f64,
    },
    /// A file that could not be read or written.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Storage {
        /// The file or directory.
        path: PathBuf,
        /// The operation.
        action: &'static str,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A file that is not a spinet model, or a corrupted one.
    #[error("{}: {message}", .path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A model of numbers or of several labels as an ONNX file.
    #[error(
        "the model predicts numbers or several labels, expected one class: other models have no ONNX form yet"
    )]
    TargetForOnnx,
    /// A model that does not fit into an ONNX file.
    #[error("the model takes {found} bytes as an ONNX file, which holds at most {most}")]
    TooLargeForOnnx {
        /// Bytes that it takes.
        found: usize,
        /// Bytes that there is room for.
        most: usize,
    },
    /// A file that is not a checkpoint, is corrupted, or belongs to another run.
    #[error("{}: {message}", .path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A result file that was changed after its run, or that cannot be verified.
    #[error(
        "{}: {message}\n\nhint: `spinet train --force` trains the run again; use another directory to keep this one; `spinet eval` evaluates its model",
        .path.display()
    )]
    Unverified {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
    /// A file with the name of a run's file that this program did not write; it is neither
    /// overwritten nor removed.
    #[error("{}: not written by spinet, so it is not overwritten\n\nhint: choose another name or directory, or move the file away", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A run directory that another process is using.
    #[error("{}: run directory is in use by another process (process {holder})\n\nhint: wait for it, or choose another directory", .directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// The process that holds the lock, as it wrote it down.
        holder: String,
    },
    /// A run directory that contains another run.
    #[error(
        "{}: contains another run: {difference}\n\nhint: `--force` overwrites it; use another directory to keep it",
        .directory.display()
    )]
    OtherRun {
        /// The directory.
        directory: PathBuf,
        /// How the runs differ.
        difference: String,
    },
    /// A run that was interrupted; its checkpoint is saved.
    #[error("{}: interrupted after step {step} (epoch {}); repeat the command to resume", .directory.display(), epoch + 1)]
    Interrupted {
        /// The directory of the run.
        directory: PathBuf,
        /// Completed epochs.
        epoch: usize,
        /// Completed steps.
        step: u64,
    },
    /// Samples of another kind than the training data.
    #[error("the model expects {expected}, but the samples are {found}")]
    InputKind {
        /// What the samples are.
        found: &'static str,
        /// What the model takes.
        expected: &'static str,
    },
    /// Samples of another shape than the training data.
    #[error("the model expects {expected} features per sample, but the samples have {found}")]
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
