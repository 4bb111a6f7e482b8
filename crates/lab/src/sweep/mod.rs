//! Sweeps: every combination of some values, over data, network, rules and their parameters, each
//! with several seeds.
//!
//! ```text
//! file.rs      what is asked for: a TOML file, and the points it stands for
//! product.rs   every combination of the values of its axes
//! run.rs       runs every point, as durable and as divisible as the paper's tables
//! column.rs    what can be shown beside the accuracy
//! record.rs    what came out, for the tables, figures and reports
//! table.rs     as text and Markdown
//! chart.rs     accuracy and L along each axis of numbers
//! ```

mod chart;
mod column;
mod file;
mod product;
mod record;
mod run;
mod table;

pub use chart::sweep_figure;
pub use column::SweepColumn;
pub use file::{Control, Reference, SweepFile, SweepPoint};
pub use record::{SweepDefinition, SweepRecord, SweepRow};
pub use run::SweepRequest;

pub(crate) use chart::chart;
pub(crate) use product::{as_tables, without_defaults};
pub(crate) use table::{notes, table};
