//! The `.tar.gz` that CIFAR's binary files come in, read as a stream: nothing is unpacked to disk.
//!
//! Members are known by the bytes of their header alone: `FOLDER/NAME`, exactly. Nothing else in
//! the archive has a meaning, so there is no path to leave a folder by; long names of GNU tar and
//! headers of PAX are entries like any other. Each wanted member must be there once, as a regular
//! file. The size in its header is compared with what the limit leaves, with what so many
//! compressed bytes can hold, and with whole records, before memory is reserved. The gzip stream is
//! read to its end, must pass its checksum, and must be the only one; the SHA-256 is that of the
//! file as stored.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType};

use crate::cifar::{self, Failure, Layout, Records};
use crate::digest::hex;
use crate::entry::{CifarFiles, NamedFile};
use crate::error::Error;
use crate::idx::DEFLATE_RATIO;
use crate::samples::Samples;

/// Maximum number of entries that an archive may have; that of CIFAR-10 has nine.
pub const MAX_ENTRIES: usize = 10_000;

/// Reads the training and the test set of an archive that unpacks to at most `max_bytes`; members
/// may have any number of whole records.
///
/// # Errors
///
/// - [`Error::NotAFile`], [`Error::Io`] if it cannot be read.
/// - [`Error::ArchiveDamaged`], [`Error::GzipTrailing`] if it is not one complete gzip stream of
///   tar entries.
/// - [`Error::ArchiveTooLarge`], [`Error::MemberTooLarge`], [`Error::TooManyEntries`] if it is more
///   than is allowed.
/// - [`Error::MissingMembers`], [`Error::MemberTwice`], [`Error::MemberKind`] if a member is not
///   there once as a file.
/// - [`Error::PartialRecord`], [`Error::RecordsCut`], [`Error::FileLabel`] if a member is not made
///   of whole records.
pub fn read(
    path: &Path,
    files: &CifarFiles,
    layout: &Layout,
    max_bytes: u64,
) -> Result<[Samples; 2], Error> {
    let request = Request {
        files,
        layout,
        max_bytes,
        is_official: false,
    };
    Ok(ArchiveFile::open(path)?.unpack(&request)?.samples)
}

/// As [`read()`], from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// As [`read()`].
pub fn parse(
    bytes: &[u8],
    path: &Path,
    files: &CifarFiles,
    layout: &Layout,
    max_bytes: u64,
) -> Result<[Samples; 2], Error> {
    let request = Request {
        files,
        layout,
        max_bytes,
        is_official: false,
    };
    let archive = ArchiveFile {
        path,
        stored: bytes.len() as u64,
        reader: bytes,
    };
    Ok(archive.unpack(&request)?.samples)
}

/// What is wanted from an archive.
pub(crate) struct Request<'a> {
    pub(crate) files: &'a CifarFiles,
    pub(crate) layout: &'a Layout,
    /// Maximum size in bytes of the whole archive when decompressed.
    pub(crate) max_bytes: u64,
    /// Whether each member must have its official number of records.
    pub(crate) is_official: bool,
}

/// What an archive held.
pub(crate) struct Unpacked {
    /// Training and test samples.
    pub(crate) samples: [Samples; 2],
    /// SHA-256 of the archive as stored.
    pub(crate) sha256: String,
}

/// A stored archive: the name for errors, its length, and its bytes.
pub(crate) struct ArchiveFile<'a, R> {
    path: &'a Path,
    pub(crate) stored: u64,
    reader: R,
}

impl<'a> ArchiveFile<'a, BufReader<File>> {
    pub(crate) fn open(path: &'a Path) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            action: "open file",
            source,
        };
        // Looked at before it is opened, because opening a pipe waits for somebody to write to it.
        if !path.metadata().map_err(failed)?.is_file() {
            return Err(Error::NotAFile {
                path: path.to_owned(),
            });
        }
        let file = File::open(path).map_err(failed)?;
        let stored = file.metadata().map_err(failed)?.len();
        Ok(Self {
            path,
            stored,
            reader: BufReader::with_capacity(1 << 16, file),
        })
    }
}

impl<R: BufRead> ArchiveFile<'_, R> {
    /// Reads the archive to its end.
    pub(crate) fn unpack(self, request: &Request) -> Result<Unpacked, Error> {
        let (path, stored) = (self.path, self.stored);
        let hashed = Hashed {
            reader: self.reader,
            digest: Sha256::new(),
            is_broken: false,
        };
        let mut archive = Archive::new(Bounded {
            reader: GzDecoder::new(hashed),
            count: 0,
            limit: request.max_bytes,
            is_over: false,
        });
        let parts = members(&mut archive, path, stored, request);
        let mut stream = archive.into_inner();
        // What follows the last entry has no meaning, but the checksum stands at its end.
        let parts = parts.and_then(|parts| {
            io::copy(&mut stream, &mut io::sink())?;
            Ok(parts)
        });
        let Bounded {
            reader,
            count,
            limit,
            is_over,
        } = stream;
        let mut hashed = reader.into_inner();
        let mut parts = parts.map_err(|failure| match failure {
            Failure::Content(error) => error,
            Failure::Stream(_) if is_over => Error::ArchiveTooLarge {
                path: path.to_owned(),
                limit,
            },
            Failure::Stream(source) if hashed.is_broken => Error::Io {
                path: path.to_owned(),
                action: "read file",
                source,
            },
            Failure::Stream(source) => Error::ArchiveDamaged {
                path: path.to_owned(),
                found: count,
                source,
            },
        })?;
        let rest = hashed.fill_buf().map_err(|source| Error::Io {
            path: path.to_owned(),
            action: "read file",
            source,
        })?;
        if !rest.is_empty() {
            return Err(Error::GzipTrailing {
                path: path.to_owned(),
                found: rest[..rest.len().min(4)].to_vec(),
            });
        }
        let test =
            cifar::join(parts.split_off(request.files.train.len())).into_samples(request.layout)?;
        let train = cifar::join(parts).into_samples(request.layout)?;
        Ok(Unpacked {
            samples: [train, test],
            sha256: hex(&hashed.digest.finalize()),
        })
    }
}

/// The records of each wanted member, in the order of the set, whatever their order in the archive.
fn members<R: Read>(
    archive: &mut Archive<R>,
    path: &Path,
    stored: u64,
    request: &Request,
) -> Result<Vec<Records>, Failure> {
    let wanted: Vec<(String, &NamedFile)> = request
        .files
        .files()
        .map(|file| (format!("{}/{}", request.files.folder, file.name), file))
        .collect();
    let mut found: Vec<Option<Records>> = wanted.iter().map(|_| None).collect();
    for (number, entry) in archive.entries()?.raw(true).enumerate() {
        let mut entry = entry?;
        if number >= MAX_ENTRIES {
            return Err(Error::TooManyEntries {
                path: path.to_owned(),
                limit: MAX_ENTRIES,
            }
            .into());
        }
        let (name, kind, promised) = (
            entry.path_bytes().into_owned(),
            entry.header().entry_type(),
            entry.size(),
        );
        let position = wanted
            .iter()
            .position(|(member, _)| member.as_bytes() == &*name);
        let member = || String::from_utf8_lossy(&name).into_owned();
        if let Some(position) = position {
            if found[position].is_some() {
                return Err(Error::MemberTwice {
                    path: path.to_owned(),
                    member: member(),
                }
                .into());
            }
            if !kind.is_file() {
                return Err(Error::MemberKind {
                    path: path.to_owned(),
                    member: member(),
                    found: kind_name(kind),
                }
                .into());
            }
        }
        let room = request.max_bytes.saturating_sub(entry.raw_file_position());
        let limit = room.min(stored.saturating_mul(DEFLATE_RATIO));
        if promised > limit {
            return Err(Error::MemberTooLarge {
                path: path.to_owned(),
                member: member(),
                promised,
                limit,
            }
            .into());
        }
        if let Some(position) = position {
            let (member, file) = &wanted[position];
            found[position] = Some(records(
                &mut entry,
                promised,
                &path.join(member),
                file,
                request,
            )?);
        }
    }
    let missing: Vec<_> = wanted
        .iter()
        .zip(&found)
        .filter(|(_, part)| part.is_none())
        .map(|((member, _), _)| member.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Error::MissingMembers {
            path: path.to_owned(),
            missing,
        }
        .into());
    }
    Ok(found.into_iter().flatten().collect())
}

/// The records of one member; `path` names it as if the archive were a folder.
fn records(
    reader: &mut dyn Read,
    promised: u64,
    path: &Path,
    file: &NamedFile,
    request: &Request,
) -> Result<Records, Failure> {
    cifar::check_length(path, promised, request.layout, request.max_bytes)?;
    if request.is_official && promised != file.form.bytes {
        let [found, expected] =
            [promised, file.form.bytes].map(|bytes| bytes / request.layout.record());
        return Err(Error::RecordCount {
            path: path.to_owned(),
            found,
            expected,
        }
        .into());
    }
    let (records, _) = Records::read(reader, promised, request.layout, path)?;
    records.check_labels(path, request.layout)?;
    Ok(records)
}

fn kind_name(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "a symbolic link",
        EntryType::Link => "a hard link",
        EntryType::Directory => "a folder",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        EntryType::GNUSparse => "a sparse file",
        _ => "something else",
    }
}

/// Hashes what is consumed, and remembers whether it was the system that failed.
struct Hashed<R> {
    reader: R,
    digest: Sha256,
    is_broken: bool,
}

impl<R: BufRead> BufRead for Hashed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.is_broken = true;
                    return Err(error);
                }
            }
        }
        // What was just filled is handed out without another look at the file.
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if count > 0
            && let Ok(buffer) = self.reader.fill_buf()
        {
            self.digest.update(&buffer[..count.min(buffer.len())]);
        }
        self.reader.consume(count);
    }
}

impl<R: BufRead> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut buffer = self.fill_buf()?;
        let count = buffer.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

/// Fails where a stream continues beyond its limit.
struct Bounded<R> {
    reader: R,
    count: u64,
    limit: u64,
    is_over: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.limit - self.count).unwrap_or(usize::MAX);
        if room == 0 && !into.is_empty() {
            if self.reader.read(&mut [0])? == 0 {
                return Ok(0);
            }
            self.is_over = true;
            return Err(io::Error::other("the stream goes on beyond its limit"));
        }
        let end = into.len().min(room);
        let count = self.reader.read(&mut into[..end])?;
        self.count += count as u64;
        Ok(count)
    }
}
