//! A dataset: training and test samples, class names and the digests of the files they came from.

use crate::samples::Samples;
use crate::standardisation::Standardisation;

/// A loaded dataset; cloning shares the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its name in the registry, the relative name of the user file or folder, or one chosen by the
    /// caller.
    pub name: String,
    /// The training set, also split for cross-validation.
    pub train: Samples,
    /// The test set.
    pub test: Samples,
    /// One name per class; the label of a sample is a position in this list.
    pub class_names: Vec<String>,
    /// The files it was read from, with the digests they had, for the record of a run.
    pub files: Vec<FileDigest>,
    /// Whether every file had its official digest; files of the user have none.
    pub is_verified: bool,
    /// How the numbers of a table became the features; `None` for images.
    pub standardisation: Option<Standardisation>,
}

impl Dataset {
    /// Number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }
}

/// A file's name, without its folder, and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// The file's name, for example `train-images-idx3-ubyte.gz`.
    pub file: String,
    /// SHA-256 of the file as stored, 64 lower-case hexadecimal digits.
    pub sha256: String,
}
