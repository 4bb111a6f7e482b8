//! Experiments: the tables and figures of the BDNN-dsd paper, tuning, and the statistics behind
//! both.
//!
//! An [`Experiment`] is a list of runs and gives a record, such as [`AnyRecord`], from which alone
//! tables and figures are made, so that a stored record shows the same as a fresh run.

mod bench;
mod count;
mod curves;
mod error;
mod escape;
mod experiment;
pub mod figure;
mod html;
mod importance;
mod paper;
mod progress;
mod record;
mod report;
mod runs;
mod scaling;
mod shard;
mod statistics;
mod study;
mod sweep;
mod table;
mod tune;

pub use bench::{
    BENCH_SHAPES, BenchCase, BenchRecord, BenchRow, bench, peak_memory_mb, times_of_f32,
};
pub use count::thousands;
pub use curves::{accuracy_figure, spine_figure};
pub use error::Error;
pub use escape::is_harmful;
pub use experiment::{Advance, Environment, Experiment};
pub use importance::{Importance, Importances};
pub use paper::join::join;
pub use paper::method::Method;
pub use paper::registry::{
    ALL, BUILT_IN, PAPER_TABLES, PaperTable, Setting, table_of, tables_in, words,
};
pub use paper::run::TableRequest;
pub use paper::tuned::Tuned;
pub use paper::{Published, published};
pub use progress::Progress;
pub use record::any_record::AnyRecord;
pub use record::merge::{Merged, merge};
pub use record::results::write_results;
pub use record::seal::is_sealed;
pub use record::{Batch, Curve, Definition, Estimate, Interval, Record, Row, Settings};
pub use report::{Stored, report};
pub use runs::RunStore;
pub use scaling::{Scaling, Sweep, scaling, scaling_figure};
pub use shard::Shard;
pub use statistics::slowness::slowness;
pub use statistics::speedup::speedup;
pub use statistics::{mean, median, paired_interval, standard_deviation};
pub use study::{FigureCurve, FigurePanel, FigureRecord, Study, StudyRequest, figure_svg};
pub use sweep::{
    Control, Reference, SweepColumn, SweepDefinition, SweepFile, SweepPoint, SweepRecord,
    SweepRequest, SweepRow, sweep_figure,
};
pub use table::{Column, Table};
pub use tune::{Grid, Halving, Range, Tried, Tuning};
