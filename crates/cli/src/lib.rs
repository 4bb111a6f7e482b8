//! Train neural networks with brain-inspired learning rules.
//!
//! The learning rules are BDNN-dsd, in which each weight has its own bound, the size of a dendritic
//! spine (Zhao, Zeng and Bai 2022); GRAPES, which scales error signals by the importance of units
//! (Dellaferrera et al. 2022); and those they are compared with. [`RULES`] lists them all.
//!
//! # Example
//!
//! 1,200 handwritten digits, which are built in:
//!
//! ```
//! use spinet::TrainConfig;
//!
//! let data = spinet::load("mnist-1200")?;
//! let model = TrainConfig::new().hidden([10]).epochs(50).rule("bdnn-dsd")?.fit(&data)?;
//! println!("{}", model.evaluate(&data.test)?);
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("model.safetensors");
//! # let path = path.as_path();
//! # /*
//! let path = "model.safetensors".as_ref();
//! # */
//! model.save(path)?;
//! let stored = spinet::Model::read(path)?;
//! assert_eq!(stored.arrays_sha256(), model.arrays_sha256());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`TrainConfig`] has every other setting; [`DATASETS`] lists the data sets, and a table of your
//! own is a data set as well. [`Trainer`] has the training loop for those who want to watch it, and
//! [`RunDirectory`] keeps a run that resumes after an interruption. The same settings, data and
//! seed give the same bits, for any number of [`Threads`].
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `cli` (default) | the command `spinet`, with all below |
//! | `lab` | sweeps, statistics, the tables and figures of the paper: `spinet::lab` |
//! | `fetch` | downloads of data sets: `spinet::data::fetch` |
//! | `onnx` | models as ONNX files: `Model::to_onnx` |
//!
//! `cargo add spinet --no-default-features` is the library alone. The rules on slices, for an
//! engine of your own, are the crate `spinet-rules`.

pub use spinet_data as data;
#[cfg(feature = "lab")]
pub use spinet_lab as lab;
pub use spinet_nn as nn;
pub use spinet_rules as rules;
pub use spinet_train as train;

pub use spinet_data::{DATASETS, Dataset, Samples, Source, Values};
pub use spinet_nn::{
    Activation, BiasInitializer, Initializer, Kernel, LAYERS, LayerSettings, Loss, Network, Threads,
};
pub use spinet_rules::{RULES, RuleSettings};
pub use spinet_train::store;
pub use spinet_train::{
    Advance, Description, Error, Evaluation, MetricsLog, Model, RunDirectory, Safety, Schedule,
    Score, Scorer, Standardize, Start, Stop, TrainConfig, Trainer, each_run, each_sample,
};

/// Loads a data set: one of [`DATASETS`] that is built in, or a file or folder in the current
/// folder, such as `iris.csv`.
///
/// A table's labels are its last column, and a fifth of its rows is held out for testing,
/// stratified by class. [`TrainConfig::load`] loads data divided in another way, or from another
/// folder.
///
/// # Errors
///
/// As [`spinet_data::load_with`].
pub fn load(name: &str) -> Result<Dataset, Error> {
    TrainConfig::new().data(name).load(&Source::default())
}

/// The examples of this package's README run as they are written there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
