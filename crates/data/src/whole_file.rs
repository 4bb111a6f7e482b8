//! Files that are read whole, so that what is digested is what is then read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::memory;
use crate::table::Source;

/// A regular file at its beginning, and how many bytes it has.
pub(crate) fn open_file(path: &Path) -> Result<(Box<dyn Source>, u64), Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        action: "read file",
        source,
    };
    let metadata = path.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
        });
    }
    let file = File::open(path).map_err(failed)?;
    Ok((Box::new(file), metadata.len()))
}

/// The bytes of a regular file of at most `limit` bytes.
pub(crate) fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        action: "read file",
        source,
    };
    let metadata = path.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile {
            path: path.to_owned(),
        });
    }
    let found = metadata.len();
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
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(failed)?;
    Ok(bytes)
}
