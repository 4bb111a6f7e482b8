//! Downloading the official files; the only part of this crate that uses the network.
//!
//! A file goes to `NAME.gz.PID-NUMBER.tmp` first, is read up to its known size and not a byte
//! further, checked by size and SHA-256, synced to disk, and only then renamed to `NAME.gz`; the
//! folder is synced after it. So a file with its final name is complete and official, whenever the
//! program was stopped.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::entry::{CifarFiles, Content, DatasetEntry, FileEntry, StoredForm};
use crate::error::Error;
use crate::source::cifar_set::{Places, places};
use crate::source::locate::{cifar_folders, idx_folders};
use crate::verify::{FileCheck, FileStatus, check, check_located};

/// Progress of the download of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchProgress<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Bytes received.
    pub received: u64,
    /// Total bytes.
    pub total: u64,
}

/// An official file that is now in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedFile {
    /// Name of the file.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether this call downloaded it; false if it was there and verified.
    pub is_new: bool,
}

/// Downloads the missing files of a dataset to `data_dir/NAME/`, where [`load`](crate::load) looks
/// first.
///
/// A file that is there, in any of the folders that `load` knows, and has its official digest is
/// left alone. The addresses of the entry are tried in their order; if all fail, the error is that
/// of the first. `progress` is called at the start of each file and about every 64 KiB. A built-in
/// set has nothing to fetch, and the answer is empty. For a set that is drawn from another one, the
/// files of that one are fetched. Binary files of CIFAR come as their archive, unless all of them
/// are there.
///
/// # Errors
///
/// - [`Error::NotOverwritten`] if a file of that name in `data_dir/NAME/` is another one,
///   [`Error::InTheWay`] if it is none.
/// - [`Error::Download`], [`Error::HttpStatus`], [`Error::DownloadSize`], [`Error::DownloadDigest`]
///   if it cannot be had.
/// - [`Error::Io`] if it cannot be stored.
///
/// After an error no file is changed, and files that were complete before it are kept.
pub fn fetch(
    entry: &DatasetEntry,
    data_dir: &Path,
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<Vec<FetchedFile>, Error> {
    let entry = entry.origin();
    if entry.is_embedded() {
        return Ok(Vec::new());
    }
    let folder = data_dir.join(entry.name);
    fs::create_dir_all(&folder).map_err(|source| Error::Io {
        path: folder.clone(),
        action: "create folder",
        source,
    })?;
    let mut fetcher = Fetcher {
        entry,
        folder,
        progress,
    };
    let files = match &entry.content {
        Content::Idx(files) => {
            let folders = idx_folders(entry.name, files);
            let one = |file: &FileEntry| {
                fetcher.fetch(
                    check(&folders, &file.forms(), data_dir),
                    &file.gz_name(),
                    file.gz,
                )
            };
            files.files.iter().map(one).collect()
        }
        Content::Cifar(files) => fetcher.fetch_cifar(files, data_dir),
        // An origin is no draw.
        Content::Draw(_) => Ok(Vec::new()),
    }?;
    // Somebody may have cleared the folder while the last of them came.
    match files.iter().find(|file| !file.path.is_file()) {
        Some(file) => Err(Error::Gone {
            path: file.path.clone(),
        }),
        None => Ok(files),
    }
}

/// Fetches files of one set into its folder.
struct Fetcher<'a> {
    entry: &'a DatasetEntry,
    folder: PathBuf,
    progress: &'a mut dyn FnMut(FetchProgress),
}

impl Fetcher<'_> {
    /// The archive, unless all files that would come before it are there.
    fn fetch_cifar(
        &mut self,
        files: &CifarFiles,
        data_dir: &Path,
    ) -> Result<Vec<FetchedFile>, Error> {
        if let Ok(Places::Files(located)) = places(self.entry, files, data_dir) {
            return located
                .into_iter()
                .map(|file| unpacked(check_located(file)))
                .collect();
        }
        let forms = files.archive.forms();
        let found = check(&cifar_folders(self.entry.name, files), &forms, data_dir);
        Ok(vec![self.fetch(
            found,
            files.archive.name,
            files.archive.form,
        )?])
    }

    /// The file called `name`, unless what was `found` is it.
    fn fetch(
        &mut self,
        found: FileCheck,
        name: &str,
        form: StoredForm,
    ) -> Result<FetchedFile, Error> {
        match (found.status, found.path) {
            (FileStatus::Verified { .. }, Some(path)) => {
                return Ok(FetchedFile {
                    file: found.file,
                    path,
                    is_new: false,
                });
            }
            // Elsewhere it may belong to another set; the new file comes before it in the order of
            // search.
            (FileStatus::Differs { found, expected }, Some(path))
                if path.parent() == Some(&self.folder) =>
            {
                return Err(Error::NotOverwritten {
                    path,
                    found,
                    expected,
                });
            }
            (FileStatus::Unreadable(error), _) => return Err(error),
            _ => {}
        }
        let path = self.folder.join(name);
        // A link that leads nowhere, for one: it was not found above.
        if path.symlink_metadata().is_ok() {
            return Err(Error::InTheWay { path });
        }
        let mut first_error = None;
        for base in self.entry.addresses {
            let mut download = Download {
                address: format!("{base}{name}"),
                file: name,
                form,
                progress: self.progress,
            };
            match download.store(&path) {
                Ok(()) => {
                    return Ok(FetchedFile {
                        file: name.to_owned(),
                        path,
                        is_new: true,
                    });
                }
                // Another address does not help against a full disk.
                Err(error @ Error::Io { .. }) => return Err(error),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(Error::NoAddress {
            dataset: self.entry.name,
        }))
    }
}

/// A file that would come before a fetched archive: it is the official one, or in the way.
fn unpacked(found: FileCheck) -> Result<FetchedFile, Error> {
    match (found.status, found.path) {
        (FileStatus::Differs { found, expected }, Some(path)) => Err(Error::NotOverwritten {
            path,
            found,
            expected,
        }),
        (FileStatus::Unreadable(error), _) => Err(error),
        (_, path) => Ok(FetchedFile {
            file: found.file,
            path: path.unwrap_or_default(),
            is_new: false,
        }),
    }
}

/// One file from one address.
struct Download<'a> {
    address: String,
    file: &'a str,
    form: StoredForm,
    progress: &'a mut dyn FnMut(FetchProgress),
}

impl Download<'_> {
    fn store(&mut self, path: &Path) -> Result<(), Error> {
        let mut body = self.request()?;
        let temporary = Temporary::new(path)?;
        self.receive(&mut body, &temporary)?;
        temporary.keep_as(path)
    }

    fn request(&self) -> Result<impl Read + use<>, Error> {
        let config = ureq::Agent::config_builder()
            .https_only(!self.address.starts_with("http://"))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_mins(1)))
            .timeout_per_read(Some(Duration::from_mins(1)))
            .build();
        let response =
            config
                .new_agent()
                .get(&self.address)
                .call()
                .map_err(|error| match error {
                    ureq::Error::StatusCode(found) => Error::HttpStatus {
                        address: self.address.clone(),
                        found,
                    },
                    source => self.broken(source),
                })?;
        match response.status().as_u16() {
            200 => Ok(response.into_body().into_reader()),
            found => Err(Error::HttpStatus {
                address: self.address.clone(),
                found,
            }),
        }
    }

    fn receive(&mut self, body: &mut dyn Read, temporary: &Temporary) -> Result<(), Error> {
        let total = self.form.bytes;
        let (mut received, mut digest, mut buffer) = (0, Sha256::new(), vec![0; 1 << 16]);
        loop {
            (self.progress)(FetchProgress {
                file: self.file,
                received,
                total,
            });
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(ureq::Error::from(error))),
            };
            received += count as u64;
            if received > total {
                break;
            }
            digest.update(&buffer[..count]);
            temporary.write(&buffer[..count])?;
        }
        let (address, expected) = (self.address.clone(), self.form.sha256);
        if received != total {
            return Err(Error::DownloadSize {
                address,
                found: received,
                expected: total,
            });
        }
        let found = hex(&digest.finalize());
        if found == expected {
            Ok(())
        } else {
            Err(Error::DownloadDigest {
                address,
                found,
                expected,
            })
        }
    }

    fn broken(&self, source: ureq::Error) -> Error {
        Error::Download {
            address: self.address.clone(),
            source: Box::new(source),
        }
    }
}

/// A file under a temporary name, removed again unless it is kept.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// Next to `path`, so that the rename stays within one file system; never an existing file.
    fn new(path: &Path) -> Result<Self, Error> {
        let mut number = 0;
        loop {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{}-{number}.tmp", std::process::id()));
            let path = PathBuf::from(name);
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => {
                    return Err(Error::Io {
                        path,
                        action: "create file",
                        source,
                    });
                }
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        (&self.file).write_all(bytes).map_err(|source| Error::Io {
            path: self.path.clone(),
            action: "write file",
            source,
        })
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "this crate knows no other of ours; synced, renamed and synced again right here"
    )]
    fn keep_as(self, path: &Path) -> Result<(), Error> {
        let failed = |action| {
            move |source| Error::Io {
                path: path.to_owned(),
                action,
                source,
            }
        };
        self.file.sync_all().map_err(failed("sync file"))?;
        fs::rename(&self.path, path)
            .map_err(failed("rename the finished download to this file"))?;
        // The name is on disk only when the folder is. Windows has no such call.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed("sync the folder of this file"))?;
        }
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already if it was renamed; and nothing better can be done about a file that cannot
        // be removed.
        let _ = fs::remove_file(&self.path);
    }
}
