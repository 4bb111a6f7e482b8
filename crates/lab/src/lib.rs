//! Experiments: the tables and figures of the BDNN-dsd paper, tuning, and the statistics behind
//! both.
//!
//! An [`Experiment`] says what is run; [`reproduce`] runs it and gives a [`Record`], from which
//! alone tables and figures are made, so that a stored record shows the same as a fresh run.

mod any_record;
mod bench;
mod count;
mod curves;
mod error;
mod escape;
mod experiment;
pub mod figure;
mod html;
mod jobs;
mod join;
mod merge;
mod method;
mod paper;
mod paper_table;
mod progress;
mod record;
mod report;
mod reproduce;
mod results;
mod runs;
mod scaling;
mod seal;
mod shard;
mod slowness;
mod speedup;
mod statistics;
mod study;
mod summary;
mod sweep;
mod table;
mod tune;
mod tuned;

pub use any_record::AnyRecord;
pub use bench::{
    BENCH_SHAPES, BenchCase, BenchRecord, BenchRow, bench, peak_memory_mb, times_of_f32,
};
pub use count::thousands;
pub use curves::{accuracy_figure, spine_figure};
pub use error::Error;
pub use escape::is_harmful;
pub use experiment::{
    ALL, BUILT_IN, EXPERIMENTS, Experiment, Setting, experiment_of, experiments_in, words,
};
pub use join::join;
pub use merge::{Merged, merge};
pub use method::Method;
pub use paper::{Published, published};
pub use progress::Progress;
pub use record::{Batch, Curve, Definition, Estimate, Interval, Record, Row, Settings};
pub use report::{Stored, report};
pub use reproduce::{Request, reproduce, run_share};
pub use results::write_results;
pub use runs::Keeping;
pub use scaling::{Scaling, Sweep, scaling, scaling_figure};
pub use seal::is_sealed;
pub use shard::Shard;
pub use slowness::slowness;
pub use speedup::speedup;
pub use statistics::{mean, median, paired_interval, standard_deviation};
pub use study::{FigureCurve, FigurePanel, FigureRecord, Study, StudyRequest, figure_svg};
pub use sweep::{
    Control, Reference, SweepColumn, SweepDefinition, SweepFile, SweepPoint, SweepRecord,
    SweepRequest, SweepRow, sweep, sweep_figure, sweep_share,
};
pub use table::{Column, Table};
pub use tune::{Grid, Tried, Tuning, tune, tune_share};
pub use tuned::Tuned;
