//! Datasets for spinet: readers that validate every header, digests, stratified splits and a
//! bundled small MNIST.
//!
//! A [`Dataset`] is two [`Samples`] (training and test): pixels kept as bytes or rows of numbers,
//! one label each. [`load`] finds a set named in [`DATASETS`] in a folder, checks the SHA-256 of
//! each file and reads it; `mnist-1200` is built in and needs no files. Nothing here uses the
//! network except [`fetch::fetch`], and nothing reads an environment variable or a clock.
//!
//! ```
//! use spinet_data::{Source, load};
//!
//! let dataset = load("mnist-1200", &Source::default())?;
//! assert_eq!(dataset.train.len(), 1200);
//! assert_eq!(dataset.test.len(), 10_000);
//! assert_eq!(dataset.train.shape(), [28, 28]);
//! # Ok::<(), spinet_data::Error>(())
//! ```

pub mod archive;
mod background;
pub mod cifar;
pub mod dataset;
mod digest;
pub mod entry;
pub mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod idx;
pub mod image;
mod kind;
pub mod memory;
pub mod options;
pub mod png;
pub mod registry;
pub mod samples;
mod shared;
pub mod source;
pub mod split;
pub mod standardisation;
pub mod table;
pub mod target;
pub mod verify;
mod whole_file;

pub use background::Background;
pub use dataset::{Dataset, EvaluatedOn, FileDigest, TableRecord};
pub use digest::sha256_hex;
pub use entry::{
    CifarFiles, Content, DatasetEntry, Draw, FileEntry, IdxFiles, NamedFile, PublishedFile,
    StoredForm,
};
pub use error::Error;
#[cfg(feature = "fetch")]
pub use fetch::{FetchProgress, FetchedFile, fetch};
pub use idx::Limits;
pub use image::read_image;
pub use options::{DataOptions, Part, Prior, Purpose, SplitOptions};
pub use png::read_png;
pub use registry::{DATASETS, find};
pub use samples::{Samples, Values};
pub use source::{
    RowSource, Rows, Source, is_table, load, load_entry, load_with, normal_name, read_features,
    read_images_of, read_rows, read_table,
};
pub use split::{Fold, Parts, balanced_draw, balanced_folds, balanced_parts};
pub use standardisation::Standardisation;
pub use table::{
    Column, ColumnKind, DecimalMark, Encoding, Header, PlannedColumn, Table, TableOptions,
    TablePlan, TableSettings, Task,
};
pub use target::{NumberTarget, Target};
pub use verify::{FileCheck, FileStatus, verify};

/// The examples of the README run as they are written there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
