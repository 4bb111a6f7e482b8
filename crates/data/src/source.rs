//! Loading a data set by name: find its files, check their digests, read them.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::dataset::{Dataset, FileDigest};
use crate::digest::sha256_hex;
use crate::error::Error;
use crate::idx::{self, Limits};
use crate::registry::{DatasetEntry, FileEntry, find};
use crate::samples::Samples;

/// Where data sets are read from, and whether unknown versions are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Folder with the files; a built-in set needs none. This crate reads no environment variable.
    pub data_dir: Option<PathBuf>,
    /// Use files whose digest is not the official one; [`Dataset::is_verified`] is then false.
    pub allow_unverified: bool,
}

/// Loads the data set called `name`.
///
/// With `D` the data folder and `NAME` the set, each of the four files is looked for, with `.gz` and without, in
/// `D/NAME`, `D/NAME/raw`, the folder of torchvision (for example `D/MNIST/raw`) and `D`, in this order. Files must have
/// the official SHA-256 unless `source` allows others; what is digested is what is then read, from memory.
///
/// # Errors
///
/// - [`Error::UnknownDataset`], [`Error::NoDataDir`], [`Error::MissingFiles`] if there is nothing to read.
/// - [`Error::DigestMismatch`] if a file is not the official one.
/// - Any error of [`idx`] for a file that is used unverified.
pub fn load(name: &str, source: &Source) -> Result<Dataset, Error> {
    load_entry(find(name)?, source)
}

/// As [`load`], for an entry that need not be in the registry.
///
/// # Errors
///
/// As [`load`].
pub fn load_entry(entry: &DatasetEntry, source: &Source) -> Result<Dataset, Error> {
    let limits = Limits { shape: Some(entry.shape), ..Limits::default() };
    let mut loader = Loader { entry, places: places(entry, source)?, source, limits, files: Vec::new(), is_verified: true };
    let train = loader.samples(0)?;
    let test = loader.samples(2)?;
    Ok(Dataset {
        name: entry.name.to_owned(),
        train,
        test,
        class_names: entry.class_names.iter().map(|&name| name.to_owned()).collect(),
        files: loader.files,
        is_verified: loader.is_verified,
    })
}

/// A file found in one of the folders.
pub(crate) struct Located {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) expected: &'static str,
}

/// The first place where `file` exists, `.gz` before plain within a folder.
pub(crate) fn locate(entry: &DatasetEntry, file: &FileEntry, data_dir: &Path) -> Option<Located> {
    folders(entry).into_iter().find_map(|folder| {
        let forms = [(file.gz_name(), file.gz.sha256), (file.name.to_owned(), file.plain.sha256)];
        forms.into_iter().find_map(|(name, expected)| {
            let path = data_dir.join(&folder).join(&name);
            path.exists().then_some(Located { path, name, expected })
        })
    })
}

/// The folders looked in below the data folder. Its own folder comes first, because sets share their file names.
fn folders(entry: &DatasetEntry) -> Vec<String> {
    let torchvision = entry.torchvision_folder.map(str::to_owned);
    [entry.name.to_owned(), format!("{}/raw", entry.name)].into_iter().chain(torchvision).chain([String::new()]).collect()
}

/// Where the four files come from.
enum Places {
    Embedded([&'static [u8]; 4]),
    Files([Located; 4]),
}

fn places(entry: &DatasetEntry, source: &Source) -> Result<Places, Error> {
    if let Some(embedded) = entry.embedded {
        return Ok(Places::Embedded(embedded));
    }
    let data_dir = source.data_dir.as_deref().ok_or(Error::NoDataDir { dataset: entry.name })?;
    match entry.files.each_ref().map(|file| locate(entry, file, data_dir)) {
        [Some(a), Some(b), Some(c), Some(d)] => Ok(Places::Files([a, b, c, d])),
        found => {
            let missing = entry.files.iter().zip(&found).filter(|(_, place)| place.is_none());
            let missing = missing.map(|(file, _)| file.name).collect();
            let looked_in = folders(entry).into_iter().map(|folder| if folder.is_empty() { ".".to_owned() } else { folder }).collect();
            Err(Error::MissingFiles { dataset: entry.name, data_dir: data_dir.to_owned(), missing, looked_in })
        }
    }
}

/// Reads the files one after the other and keeps what is known about them.
struct Loader<'a> {
    entry: &'a DatasetEntry,
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
        let labels = idx::parse_labels(&bytes, &label_path, self.entry.class_names.len(), &self.limits)?;
        idx::join(images, labels, &image_path, &label_path)
    }

    /// The bytes of file `number`, once their digest is the official one or another is allowed.
    fn checked(&mut self, number: usize) -> Result<(PathBuf, Cow<'static, [u8]>), Error> {
        let (path, name, expected, bytes) = match &self.places {
            Places::Embedded(files) => {
                let file = &self.entry.files[number];
                let label = PathBuf::from(format!("built-in {}/{}", self.entry.name, file.gz_name()));
                (label, file.gz_name(), file.gz.sha256, Cow::Borrowed(files[number]))
            }
            Places::Files(located) => {
                let file = &located[number];
                (file.path.clone(), file.name.clone(), file.expected, Cow::Owned(read_whole(&file.path, self.limits.max_bytes)?))
            }
        };
        let found = sha256_hex(&bytes);
        if found != expected {
            if !self.source.allow_unverified {
                return Err(Error::DigestMismatch { path, found, expected });
            }
            self.is_verified = false;
        }
        self.files.push(FileDigest { file: name, sha256: found });
        Ok((path, bytes))
    }
}

fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io { path: path.to_owned(), action: "read file", source };
    let metadata = path.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    let found = metadata.len();
    if found > limit {
        return Err(Error::FileTooLarge { path: path.to_owned(), found, limit });
    }
    let mut bytes = Vec::with_capacity(found as usize);
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}
