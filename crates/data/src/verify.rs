//! Checking stored files against their official digests without reading the data.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::digest::{sha256_hex, sha256_of_reader};
use crate::entry::{Content, DatasetEntry, FileEntry, IdxFiles, StoredForm};
use crate::error::Error;
use crate::source::cifar_set::{Places, places};
use crate::source::locate::{Located, cifar_folders, idx_folders, locate};

/// The state of one of the files of a dataset.
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

/// Checks the files of a dataset, looked for as in [`load`](crate::load): the built-in files of a
/// built-in set, the files of the set drawn from for a draw, and of binary files the archive where
/// it is used in place of them.
pub fn verify(entry: &DatasetEntry, data_dir: &Path) -> Vec<FileCheck> {
    match &entry.content {
        Content::Idx(IdxFiles {
            files,
            embedded: Some(embedded),
            ..
        }) => {
            let built_in = |(file, bytes): (&FileEntry, &&[u8])| FileCheck {
                file: file.gz_name(),
                path: None,
                status: status(Ok(sha256_hex(bytes)), file.gz.sha256),
            };
            files.iter().zip(embedded).map(built_in).collect()
        }
        Content::Idx(files) => {
            let folders = idx_folders(entry.name, files);
            files
                .files
                .iter()
                .map(|file| check(&folders, &file.forms(), data_dir))
                .collect()
        }
        Content::Cifar(files) => match places(entry, files, data_dir) {
            Ok(Places::Files(located)) => located.into_iter().map(check_located).collect(),
            Ok(Places::Archive(located)) => vec![check_located(located)],
            Err(_) => {
                let folders = cifar_folders(entry.name, files);
                files
                    .files()
                    .map(|file| check(&folders, &file.forms(), data_dir))
                    .collect()
            }
        },
        Content::Draw(draw) => verify(draw.from, data_dir),
    }
}

/// Checks the first file found of one of the names in one of the folders; the first name stands for
/// a missing one.
pub(crate) fn check(
    folders: &[String],
    forms: &[(String, StoredForm)],
    data_dir: &Path,
) -> FileCheck {
    match locate(folders, forms, data_dir) {
        Some(located) => check_located(located),
        None => FileCheck {
            file: forms
                .first()
                .map(|(name, _)| name.clone())
                .unwrap_or_default(),
            path: None,
            status: FileStatus::Missing,
        },
    }
}

pub(crate) fn check_located(located: Located) -> FileCheck {
    let status = status(sha256_of_file(&located.path), located.form.sha256);
    FileCheck {
        file: located.name,
        path: Some(located.path),
        status,
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
    let failed = |source| Error::Io {
        path: path.to_owned(),
        action: "read file",
        source,
    };
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
        });
    }
    File::open(path)
        .and_then(|mut file| sha256_of_reader(&mut file))
        .map_err(failed)
}
