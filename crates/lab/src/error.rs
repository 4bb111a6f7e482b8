//! What can go wrong in an experiment.

use std::path::PathBuf;

use crate::figure::FigureError;

/// Why an experiment could not be run or shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A run.
    #[error(transparent)]
    Train(#[from] spinet_train::Error),
    /// A figure.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// A word that names no table.
    #[error("unknown experiment `{found}`, expected one of {expected}")]
    UnknownTable {
        /// The word given.
        found: String,
        /// The words known.
        expected: String,
    },
    /// A word that names no method.
    #[error(
        "unknown method `{found}`, expected one of baseline, dropout, dropout-tuned, l2, l2-as-published, bdnn-dsd"
    )]
    UnknownMethod {
        /// The word given.
        found: String,
    },
    /// A network that the table does not have.
    #[error("`hidden` must be among {expected} for {experiment}, but is {found}")]
    UnknownHidden {
        /// The experiment.
        experiment: &'static str,
        /// The number given.
        found: usize,
        /// The numbers of the table.
        expected: String,
    },
    /// A method whose option was not chosen for this network yet.
    #[error(
        "{experiment} has no tuned option of `{method}` with {hidden} hidden units\n\nhint: leave it out with `--methods baseline,bdnn-dsd`, or find one with `spinet tune`"
    )]
    NotTuned {
        /// The experiment.
        experiment: &'static str,
        /// The method.
        method: &'static str,
        /// The network.
        hidden: usize,
    },
    /// A grid that would try a point twice.
    #[error("grid of `{parameter}` repeats a value or the option, expected each once")]
    RepeatedGrid {
        /// The parameter.
        parameter: String,
    },
    /// A grid that cannot be read.
    #[error(
        "cannot read grid `{found}`, expected NAME=VALUE,VALUE,... or a range NAME=LOW..HIGH or NAME=LOW..HIGH:log"
    )]
    Grid {
        /// The text given.
        found: String,
    },
    /// A range without random search.
    #[error(
        "grid of `{parameter}` is a range, from which only random search draws\n\nhint: `--random N` tries N points"
    )]
    RangeOfGrid {
        /// The parameter.
        parameter: String,
    },
    /// A setting that is the same for all points of a tuning.
    #[error("`{setting}` cannot be tuned: {reason}")]
    TunedSetting {
        /// The setting.
        setting: String,
        /// Why.
        reason: &'static str,
    },
    /// A value that a setting cannot have.
    #[error("{message}")]
    TunedValue {
        /// The value and what is wrong with it.
        message: String,
    },
    /// A shard of runs that are not known in advance.
    #[error(
        "halving cannot be divided into shards: which runs there are follows from earlier ones"
    )]
    HalvingShard,
    /// An experiment that was asked to stop while it had no run to save: in Figure 5, whose runs
    /// take seconds, or while it waited for a run of another process.
    #[error("interrupted; repeat the command to resume")]
    Stopped,
    /// A file of a sweep that cannot be used.
    #[error("{}: {message}", .path.display())]
    SweepFile {
        /// The file.
        path: PathBuf,
        /// The place, what was found and what was expected.
        message: String,
    },
    /// A number of runs or folds outside its range.
    #[error("`{setting}` must be in [{low}, {high}], but is {found}")]
    Runs {
        /// The setting.
        setting: &'static str,
        /// Smallest.
        low: usize,
        /// Largest.
        high: usize,
        /// The value given.
        found: usize,
    },
    /// A changed rule that would have no effect.
    #[error("rule `{rule}` is {why}, expected at most one for each method that is run")]
    UnusedRule {
        /// The rule.
        rule: String,
        /// `given twice` or `not run`.
        why: &'static str,
    },
    /// The same run with two results.
    #[error("{}: differs from {}, expected the same bytes because both are the same run", .first.display(), .second.display())]
    TwoResults {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Records that do not belong together.
    #[error("{}: {message}", .path.display())]
    Join {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        message: String,
    },
    /// JSON about something else than an experiment.
    #[error("not a record of spinet: it has neither rows nor points nor panels")]
    AnotherKind,
    /// A shard that does not exist.
    #[error(
        "cannot read shard `{found}`, expected INDEX/COUNT with INDEX from 1 to COUNT, as in 1/4"
    )]
    Shard {
        /// The text given.
        found: String,
    },
    /// An environment that does not name the shard to do.
    #[error(
        "no shard in the environment: `{variable}` is {}, expected a number; a Slurm array sets SLURM_ARRAY_TASK_ID, _MIN and _COUNT, an indexed Kubernetes job JOB_COMPLETION_INDEX, to which its manifest adds JOB_COMPLETIONS",
        .found.as_ref().map_or_else(|| "not set".to_owned(), |found| format!("`{found}`"))
    )]
    ShardEnvironment {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: Option<String>,
    },
    /// A record that is not as it was written.
    #[error("changed after it was written: {message}")]
    Changed {
        /// What was found and what was expected.
        message: String,
    },
    /// A record whose contents do not fit together.
    #[error("not a record of spinet: {message}")]
    RecordContent {
        /// What does not fit.
        message: String,
    },
    /// A record that cannot be read.
    #[error("not a record of spinet: {source}")]
    Record {
        /// Why.
        source: serde_json::Error,
    },
}

impl From<spinet_data::Error> for Error {
    fn from(error: spinet_data::Error) -> Self {
        Self::Train(error.into())
    }
}
