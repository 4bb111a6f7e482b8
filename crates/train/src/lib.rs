//! Training: configuration, batches, evaluation, metrics and model files.
//!
//! A [`TrainConfig`] has everything that the results of a run depend on; a [`Trainer`] executes it.
//! Runs with the same configuration and data are bit-identical, regardless of the thread count.
//!
//! # Example
//!
//! ```
//! use spinet_data::{Source, load};
//! use spinet_nn::Threads;
//! use spinet_train::{TrainConfig, Trainer};
//!
//! let data = load("mnist-1200", &Source::default())?;
//! let config = TrainConfig { hidden: vec![10], epochs: 60, rules: vec!["bdnn-dsd".parse()?], ..TrainConfig::default() };
//! let curve = Trainer::new(&config, &data, Threads::one())?.run(&mut |evaluation| {
//!     println!("epoch {}: {:.1} % right", evaluation.epoch, 100.0 * evaluation.score());
//! })?;
//! assert!(curve.last().is_some_and(|evaluation| evaluation.score() > 0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assessment;
mod augment;
mod auto;
mod batches;
mod builder;
mod checkpoint;
mod config;
mod config_file;
mod error;
mod evaluation;
mod lock;
pub mod memory;
mod metrics;
mod model;
mod names;
#[cfg(feature = "onnx")]
mod onnx;
mod presets;
mod run_directory;
mod runs;
mod schedule;
mod scores;
mod sealed;
mod standardize;
mod stop;
mod stopping;
pub mod store;
pub mod text;
mod trainer;
mod weights;

pub use assessment::{Assessment, ClassScore, ClassScores, LabelScores, NumberScore, NumberScores};
pub use batches::group_by_label;
pub use config::TrainConfig;
pub use error::Error;
pub use evaluation::{Evaluation, Measure, Scored, Scorer};
pub use metrics::MetricsLog;
pub use model::{Description, Model, RuleState, RunSeal};
pub use presets::{PRESETS, Preset};
pub use run_directory::{
    EVALUATION_BYTES, MODEL, RunDirectory, Safety, Start, read_run, run_id, run_name, run_path,
};
pub use runs::each_run;
pub use schedule::Schedule;
pub use scores::{Score, each_sample};
pub use standardize::Standardize;
pub use stop::Stop;
pub use stopping::Best;
pub use trainer::{Advance, Position, Trainer};
pub use weights::ClassWeight;

/// Numerics version. It is incremented with every change after which a run of a released version is
/// no longer bit-identical, so that runs from before and after are never mixed.
pub const NUMERICS: u32 = 1;

/// The examples of the README run as they are written there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
