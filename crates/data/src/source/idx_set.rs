//! Loading a set of four idx files.

use std::borrow::Cow;
use std::path::PathBuf;

use super::locate::{Located, idx_folders, locate, names};
use super::{Loaded, Source, data_dir};
use crate::dataset::FileDigest;
use crate::digest::sha256_hex;
use crate::entry::{DatasetEntry, IdxFiles};
use crate::error::Error;
use crate::idx::{self, Limits};
use crate::samples::Samples;
use crate::whole_file::read_whole;

/// Reads the set.
pub(super) fn load(
    entry: &DatasetEntry,
    files: &IdxFiles,
    source: &Source,
) -> Result<Loaded, Error> {
    let limits = Limits {
        shape: Some(entry.shape),
        ..Limits::default()
    };
    let places = places(entry, files, source)?;
    let mut loader = Loader {
        entry,
        idx: files,
        places,
        source,
        limits,
        files: Vec::new(),
        is_verified: true,
    };
    let train = loader.samples(0)?;
    let test = loader.samples(2)?;
    Ok(Loaded {
        train,
        test,
        files: loader.files,
        is_verified: loader.is_verified,
    })
}

/// Where the four files come from.
enum Places {
    Embedded([&'static [u8]; 4]),
    Files(Box<[Located; 4]>),
}

fn places(entry: &DatasetEntry, files: &IdxFiles, source: &Source) -> Result<Places, Error> {
    if let Some(embedded) = files.embedded {
        return Ok(Places::Embedded(embedded));
    }
    let data_dir = data_dir(entry, source)?;
    let folders = idx_folders(entry.name, files);
    match files
        .files
        .each_ref()
        .map(|file| locate(&folders, &file.forms(), data_dir))
    {
        [Some(a), Some(b), Some(c), Some(d)] => Ok(Places::Files(Box::new([a, b, c, d]))),
        found => {
            let missing = files
                .files
                .iter()
                .zip(&found)
                .filter(|(_, place)| place.is_none());
            let missing = missing.map(|(file, _)| file.name).collect();
            let data_dir = data_dir.to_owned();
            Err(Error::MissingFiles {
                dataset: entry.name,
                data_dir,
                all: found.len(),
                missing,
                archive: None,
                looked_in: names(folders),
            })
        }
    }
}

/// Reads the files one after the other and keeps what is known about them.
struct Loader<'a> {
    entry: &'a DatasetEntry,
    idx: &'a IdxFiles,
    places: Places,
    source: &'a Source,
    limits: Limits,
    files: Vec<FileDigest>,
    is_verified: bool,
}

impl Loader<'_> {
    /// The samples whose image file has number `first` and whose label file is the next one.
    fn samples(&mut self, first: usize) -> Result<Samples, Error> {
        let (image_path, bytes) = self.checked(first)?;
        let images = idx::parse_images(&bytes, &image_path, &self.limits)?;
        let (label_path, bytes) = self.checked(first + 1)?;
        let labels = idx::parse_labels(
            &bytes,
            &label_path,
            self.entry.class_names.len(),
            &self.limits,
        )?;
        idx::join(images, labels, &image_path, &label_path)
    }

    /// The bytes of file `number`, once their digest is the official one or another is allowed.
    fn checked(&mut self, number: usize) -> Result<(PathBuf, Cow<'static, [u8]>), Error> {
        let (path, name, expected, bytes) = match &self.places {
            Places::Embedded(files) => {
                let file = &self.idx.files[number];
                let label =
                    PathBuf::from(format!("built-in {}/{}", self.entry.name, file.gz_name()));
                (
                    label,
                    file.gz_name(),
                    file.gz.sha256,
                    Cow::Borrowed(files[number]),
                )
            }
            Places::Files(located) => {
                let file = &located[number];
                (
                    file.path.clone(),
                    file.name.clone(),
                    file.form.sha256,
                    Cow::Owned(read_whole(&file.path, self.limits.max_bytes)?),
                )
            }
        };
        let found = sha256_hex(&bytes);
        if found != expected {
            if !self.source.allow_unverified {
                return Err(Error::DigestMismatch {
                    path,
                    found,
                    expected,
                });
            }
            self.is_verified = false;
        }
        self.files.push(FileDigest {
            file: name,
            sha256: found,
        });
        Ok((path, bytes))
    }
}
