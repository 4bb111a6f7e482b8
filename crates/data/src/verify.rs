//! Checking stored files against their official digests without reading the data.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::digest::{sha256_hex, sha256_of_reader};
use crate::error::Error;
use crate::registry::{DatasetEntry, FileEntry};
use crate::source::locate;

/// The state of one of the four files of a data set.
#[derive(Debug)]
pub struct FileCheck {
    /// Name of the file found, or of the published form if none was found.
    pub file: String,
    /// Where it was found; `None` if it is missing or built in.
    pub path: Option<PathBuf>,
    /// What was found.
    pub status: FileStatus,
}

/// Whether a file is the official one.
#[derive(Debug)]
pub enum FileStatus {
    /// It is.
    Verified {
        /// Its SHA-256.
        sha256: String,
    },
    /// It is another file of the same name.
    Differs {
        /// Its SHA-256.
        found: String,
        /// The official SHA-256.
        expected: &'static str,
    },
    /// It is in none of the folders.
    Missing,
    /// It is there, but cannot be read.
    Unreadable(Error),
}

impl FileStatus {
    /// Whether the file is the official one.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified { .. })
    }
}

/// Checks the four files of a data set, looked for as in [`load`](crate::load); for a built-in set the built-in files.
pub fn verify(entry: &DatasetEntry, data_dir: &Path) -> Vec<FileCheck> {
    if let Some(embedded) = entry.embedded {
        let checks = entry.files.iter().zip(embedded);
        return checks
            .map(|(file, bytes)| FileCheck { file: file.gz_name(), path: None, status: status(Ok(sha256_hex(bytes)), file.gz.sha256) })
            .collect();
    }
    entry.files.iter().map(|file| check(entry, file, data_dir)).collect()
}

pub(crate) fn check(entry: &DatasetEntry, file: &FileEntry, data_dir: &Path) -> FileCheck {
    match locate(entry, file, data_dir) {
        None => FileCheck { file: file.gz_name(), path: None, status: FileStatus::Missing },
        Some(located) => {
            let status = status(sha256_of_file(&located.path), located.expected);
            FileCheck { file: located.name, path: Some(located.path), status }
        }
    }
}

fn status(digest: Result<String, Error>, expected: &'static str) -> FileStatus {
    match digest {
        Ok(sha256) if sha256 == expected => FileStatus::Verified { sha256 },
        Ok(found) => FileStatus::Differs { found, expected },
        Err(error) => FileStatus::Unreadable(error),
    }
}

fn sha256_of_file(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Io { path: path.to_owned(), action: "read file", source };
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    File::open(path).and_then(|mut file| sha256_of_reader(&mut file)).map_err(failed)
}
