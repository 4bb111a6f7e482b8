//! Loading a set of CIFAR's binary files.

use std::path::Path;

use super::locate::{Located, cifar_folders, locate, names};
use super::{Loaded, Source, data_dir};
use crate::archive::{ArchiveFile, Request, Unpacked};
use crate::cifar::{self, Layout, RecordFile, Records};
use crate::dataset::FileDigest;
use crate::entry::{CifarFiles, DatasetEntry};
use crate::error::Error;

/// Maximum size in bytes that the records of a set may have together, and that its archive may
/// unpack to; the records of CIFAR-10 are 184,380,000.
const MAX_BYTES: u64 = 256 << 20;

/// Where the samples are.
pub(crate) enum Places {
    /// Each of the files, training before test.
    Files(Vec<Located>),
    /// The archive that holds all of them.
    Archive(Located),
}

/// All of the files if they are there, otherwise the archive.
///
/// # Errors
///
/// [`Error::MissingFiles`] if there is neither.
pub(crate) fn places(
    entry: &DatasetEntry,
    files: &CifarFiles,
    data_dir: &Path,
) -> Result<Places, Error> {
    let folders = cifar_folders(entry.name, files);
    let found: Vec<_> = files
        .files()
        .map(|file| (file.name, locate(&folders, &file.forms(), data_dir)))
        .collect();
    let all = found.len();
    let missing: Vec<_> = found
        .iter()
        .filter(|(_, place)| place.is_none())
        .map(|&(name, _)| name)
        .collect();
    if missing.is_empty() {
        return Ok(Places::Files(
            found.into_iter().filter_map(|(_, place)| place).collect(),
        ));
    }
    if let Some(archive) = locate(&folders, &files.archive.forms(), data_dir) {
        return Ok(Places::Archive(archive));
    }
    let (data_dir, archive) = (data_dir.to_owned(), Some(files.archive.name));
    Err(Error::MissingFiles {
        dataset: entry.name,
        data_dir,
        all,
        missing,
        archive,
        looked_in: names(folders),
    })
}

/// Channels of an image: red, green and blue.
const CHANNELS: usize = 3;

/// Reads the set.
pub(super) fn load(
    entry: &DatasetEntry,
    files: &CifarFiles,
    source: &Source,
) -> Result<Loaded, Error> {
    let layout = Layout {
        shape: entry.shape,
        classes: entry.class_names.len(),
    };
    match places(entry, files, data_dir(entry, source)?)? {
        Places::Files(located) => load_files(&located, files.train.len(), &layout, source),
        Places::Archive(located) => load_archive(&located, files, &layout, source),
    }
    .and_then(|loaded| {
        Ok(Loaded {
            train: loaded.train.with_channels(CHANNELS)?,
            test: loaded.test.with_channels(CHANNELS)?,
            ..loaded
        })
    })
}

/// The samples of the archive, once it is the official one or another is allowed.
fn load_archive(
    located: &Located,
    files: &CifarFiles,
    layout: &Layout,
    source: &Source,
) -> Result<Loaded, Error> {
    let (path, expected) = (&located.path, located.form);
    let file = ArchiveFile::open(path)?;
    if !source.allow_unverified && file.stored != expected.bytes {
        return Err(Error::OfficialSize {
            path: path.clone(),
            found: file.stored,
            expected: expected.bytes,
        });
    }
    let request = Request {
        files,
        layout,
        max_bytes: MAX_BYTES,
        is_official: !source.allow_unverified,
    };
    let Unpacked {
        samples: [train, test],
        sha256,
    } = file.unpack(&request)?;
    let is_verified = sha256 == expected.sha256;
    if !is_verified && !source.allow_unverified {
        return Err(Error::DigestMismatch {
            path: path.clone(),
            found: sha256,
            expected: expected.sha256,
        });
    }
    Ok(Loaded {
        train,
        test,
        files: vec![FileDigest {
            file: located.name.clone(),
            sha256,
        }],
        is_verified,
    })
}

fn load_files(
    located: &[Located],
    train_files: usize,
    layout: &Layout,
    source: &Source,
) -> Result<Loaded, Error> {
    let (mut train, mut test, mut digests, mut is_verified) =
        (Vec::new(), Vec::new(), Vec::new(), true);
    let mut room = MAX_BYTES;
    for (number, file) in located.iter().enumerate() {
        let (records, sha256) = checked(file, layout, room, source)?;
        room = room.saturating_sub(records.bytes());
        is_verified &= sha256 == file.form.sha256;
        digests.push(FileDigest {
            file: file.name.clone(),
            sha256,
        });
        if number < train_files {
            train.push(records);
        } else {
            test.push(records);
        }
    }
    let samples = |parts| cifar::join(parts).into_samples(layout);
    Ok(Loaded {
        train: samples(train)?,
        test: samples(test)?,
        files: digests,
        is_verified,
    })
}

/// The records of a file, once it is the official one or another is allowed.
fn checked(
    located: &Located,
    layout: &Layout,
    room: u64,
    source: &Source,
) -> Result<(Records, String), Error> {
    let path = &located.path;
    let mut file = RecordFile::open(path)?;
    file.check_length(layout, room)?;
    if !source.allow_unverified && file.length != located.form.bytes {
        let [found, expected] =
            [file.length, located.form.bytes].map(|bytes| bytes / layout.record());
        return Err(Error::RecordCount {
            path: path.clone(),
            found,
            expected,
        });
    }
    let (records, found) = file.read(layout)?;
    if !source.allow_unverified && found != located.form.sha256 {
        return Err(Error::DigestMismatch {
            path: path.clone(),
            found,
            expected: located.form.sha256,
        });
    }
    records.check_labels(path, layout)?;
    Ok((records, found))
}
