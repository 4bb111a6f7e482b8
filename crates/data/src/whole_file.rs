//! Files that are read whole, so that what is digested is what is then read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::memory;
use crate::table::Source;

/// A regular file at its beginning, and its size in bytes.
///
/// # Errors
///
/// [`Error::Io`], [`Error::NotAFile`].
pub(crate) fn regular_file(path: &Path) -> Result<(File, u64), Error> {
    let metadata = path.metadata().map_err(failed(path))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
        });
    }
    Ok((File::open(path).map_err(failed(path))?, metadata.len()))
}

/// The error of a file that cannot be read.
pub(crate) fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    |source| Error::Io {
        path: path.to_owned(),
        action: "read file",
        source,
    }
}

/// A regular file as the source of a table, and its size in bytes.
pub(crate) fn open_file(path: &Path) -> Result<(Box<dyn Source>, u64), Error> {
    let (file, length) = regular_file(path)?;
    Ok((Box::new(file), length))
}

/// The bytes of a regular file of at most `limit` bytes.
pub(crate) fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let (file, found) = regular_file(path)?;
    if found > limit {
        return Err(Error::FileTooLarge {
            path: path.to_owned(),
            found,
            limit,
        });
    }
    // The file, and what is made of it.
    memory::check(&path.display().to_string(), found.saturating_mul(3))?;
    let mut bytes = Vec::with_capacity(found as usize);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(failed(path))?;
    Ok(bytes)
}
