//! Loading a dataset by name: find its files, check their digests, read them.
//!
//! A name is that of a set of the registry, or else of a file or folder of the user.

use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, EvaluatedOn, FileDigest};
use crate::entry::{Content, DatasetEntry, Draw};
use crate::error::Error;
use crate::options::DataOptions;
use crate::registry::{DATASETS, find};
use crate::samples::Samples;
use crate::split::balanced_draw;
use crate::target::Target;

pub(crate) mod cifar_set;
mod divide;
mod groups;
mod idx_set;
mod image_folder;
pub(crate) mod locate;
mod own;
mod own_folder;
pub(crate) mod own_table;

pub use own::{is_table, normal_name};
pub use own_folder::read_images_of;
pub use own_table::{RowSource, Rows, read_features, read_rows, read_table};

/// Where datasets are read from, and whether unknown versions are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Folder with the files; a built-in set needs none. This crate reads no environment variable.
    pub data_dir: Option<PathBuf>,
    /// Use files whose digest is not the official one; [`Dataset::is_verified`] is then false.
    pub allow_unverified: bool,
}

/// Loads the dataset called `name`.
///
/// With `D` the data folder and `NAME` the set, each of the four idx files is looked for, with
/// `.gz` and without, in `D/NAME`, `D/NAME/raw`, the folder of torchvision (for example
/// `D/MNIST/raw`) and `D`, in this order. The binary files of CIFAR are looked for in `D/NAME`,
/// `D/NAME/cifar-10-batches-bin`, `D/cifar-10-batches-bin` and `D`; if not all of them are there,
/// their archive is, and it is read as a stream. A set that is drawn from another one needs the
/// files of that one. Files must have the official SHA-256 unless `source` allows others; what is
/// digested is what is then read.
///
/// # Errors
///
/// - [`Error::UnknownName`], [`Error::NoDataDir`], [`Error::MissingFiles`] if there is nothing to
///   read.
/// - [`Error::DigestMismatch`], [`Error::RecordCount`], [`Error::OfficialSize`] if a file is not
///   the official one.
/// - Any error of [`idx`](crate::idx), [`cifar`](crate::cifar) or [`archive`](crate::archive) for a
///   file that is used unverified.
/// - [`Error::ClassTooSmall`] if a set used unverified has too few samples to draw from.
pub fn load(name: &str, source: &Source) -> Result<Dataset, Error> {
    load_with(name, source, &DataOptions::default())
}

/// As [`load`], with the choices a person can make about data of their own.
///
/// A `name` that the registry does not know is that of a file or folder in the data folder, or in
/// the current folder if there is none:
///
/// | what | is read as |
/// | --- | --- |
/// | a folder | idx images and labels, plain or `.gz`: `train-images...`, `train-labels...`, and if they are there `t10k-...` or `test-...` |
/// | a folder of folders | PNG or JPEG images, `class/name.png`, or `train/class/name.png` and `test/...` |
/// | `NAME.csv`, `.tsv`, `.txt`, `.data`, `.dat`, also with `.gz` behind | a [table](crate::table::csv) |
/// | `NAME.npy` | a [table](crate::table::npy) |
/// | `NAME.npz` | a [table](crate::table::npz) |
///
/// Without test files a part of the samples is drawn as such, see
/// [`SplitOptions`](crate::SplitOptions); stratified of it. Numbers of a table become features by
/// the [`Standardisation`](crate::Standardisation) of the training set.
///
/// # Errors
///
/// As [`load`], and:
///
/// - [`Error::DataName`], [`Error::NoSuchData`], [`Error::NoTable`], [`Error::NoIdxFile`],
///   [`Error::AmbiguousFiles`] if a name leads to nothing of the user.
/// - Any error of [`idx`](crate::idx) or [`table`](crate::table).
/// - [`Error::OptionWithout`] if an option has no meaning for the set, [`Error::PartSize`],
///   [`Error::ClassTooSmall`] if it cannot be divided so.
/// - [`Error::FeatureCount`], [`Error::TooFar`] if a table is not one for the model that `options`
///   describe.
pub fn load_with(name: &str, source: &Source, options: &DataOptions) -> Result<Dataset, Error> {
    if DATASETS.iter().any(|entry| entry.name == name) {
        return known(load_entry(find(name)?, source)?, options);
    }
    own::find(name, source)?.load(options, source)
}

/// A set of the registry, of which options may draw some training samples.
fn known(data: Dataset, options: &DataOptions) -> Result<Dataset, Error> {
    options.refuse_columns(&data.name)?;
    options.refuse_test_part(&data.name)?;
    divide::of_official(data, options)
}

/// As [`load`], for an entry that need not be in the registry.
///
/// # Errors
///
/// As [`load`].
pub fn load_entry(entry: &DatasetEntry, source: &Source) -> Result<Dataset, Error> {
    let loaded = match &entry.content {
        Content::Idx(files) => idx_set::load(entry, files, source)?,
        Content::Cifar(files) => cifar_set::load(entry, files, source)?,
        Content::Draw(draw) => drawn(draw, source)?,
    };
    Ok(Dataset {
        name: entry.name.to_owned(),
        train: loaded.train,
        test: loaded.test,
        class_names: entry
            .class_names
            .iter()
            .map(|&name| name.to_owned())
            .collect(),
        target: Target::Classification,
        files: loaded.files,
        is_verified: loaded.is_verified,
        standardisation: None,
        table: None,
        evaluated_on: EvaluatedOn::Test,
    })
}

/// What was read, before it has a name.
struct Loaded {
    train: Samples,
    test: Samples,
    files: Vec<FileDigest>,
    is_verified: bool,
}

/// Some of the training set of another set, and all of its test samples.
fn drawn(draw: &Draw, source: &Source) -> Result<Loaded, Error> {
    let Dataset {
        train,
        test,
        files,
        is_verified,
        class_names,
        ..
    } = load_entry(draw.from, source)?;
    let indices = balanced_draw(train.labels(), class_names.len(), draw.per_class, draw.key)?;
    Ok(Loaded {
        train: train.select(&indices)?,
        test,
        files,
        is_verified,
    })
}

/// The data folder, for a set that needs one.
fn data_dir<'a>(entry: &DatasetEntry, source: &'a Source) -> Result<&'a Path, Error> {
    source.data_dir.as_deref().ok_or(Error::NoDataDir {
        dataset: entry.name,
    })
}
