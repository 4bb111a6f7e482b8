//! Reading the model that the user named, and naming the kind of a file that is not one.

use std::path::{Path, PathBuf};

use spinet::train::MODEL;
use spinet::train::store::read_at_most;
use spinet::{Error as TrainError, Model};

use crate::error::Error;

/// First bytes of files that people may take for a model.
const KINDS: [(&[u8], &str); 12] = [
    (b"PK", "a zip archive, as PyTorch and Keras write it"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF model"),
    (b"\x89PNG", "a PNG image"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\0\0\x08\x01", "an idx file of labels"),
    (b"\0\0\x08\x03", "an idx file of images"),
];

/// Largest file that is read.
const MAX_BYTES: u64 = 4 << 30;

/// The model in a file or in the directory of a run, where it lies, and its bytes.
pub(crate) struct ModelFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) model: Model,
}

impl ModelFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let path = match path.is_dir() {
            true if path.join(MODEL).exists() => path.join(MODEL),
            true => {
                return Err(Error::NoModel {
                    directory: path.to_owned(),
                });
            }
            false => path.to_owned(),
        };
        let bytes = read_at_most(&path, MAX_BYTES)?;
        match Model::parse(&bytes, &path) {
            Ok(model) => Ok(Self { path, bytes, model }),
            Err(error @ TrainError::Model { .. }) => {
                Err(kind(&bytes).map_or(error.into(), |found| Error::NotAModel { path, found }))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What these bytes are, if they are of a known kind other than safetensors.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    let by_first_bytes = KINDS
        .iter()
        .find(|(first, _)| bytes.starts_with(first))
        .map(|(_, kind)| *kind);
    let is_text = || !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    match by_first_bytes {
        _ if bytes.is_empty() => Some("an empty file"),
        None if is_text() => Some("a text file"),
        found => found,
    }
}
