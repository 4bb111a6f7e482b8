//! The binary version of CIFAR-10: records of one label byte and the pixels, nothing before,
//! between or after them.
//!
//! ```text
//! offset  size  meaning, of each record
//! 0       1     label
//! 1       1024  red, 32 rows of 32
//! 1025    1024  green
//! 2049    1024  blue
//! ```
//!
//! The format has no header, so the length of a file is all that it says about itself: it must be
//! a whole number of records. The planes of a sample are kept as they are, stacked vertically: 96 rows
//! of 32.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::Error;
use crate::samples::Samples;

/// What the records of a file are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `[rows, columns]` of one sample, all planes stacked vertically: `[96, 32]` for CIFAR-10.
    pub shape: [usize; 2],
    /// Every label is below it.
    pub classes: usize,
}

impl Layout {
    /// Bytes of one sample without its label.
    pub(crate) fn features(&self) -> usize {
        self.shape[0].saturating_mul(self.shape[1])
    }

    /// Bytes of one sample with its label.
    pub(crate) fn record(&self) -> u64 {
        (self.features() as u64).saturating_add(1)
    }
}

/// Reads a file of records of at most `max_bytes`.
///
/// # Errors
///
/// - [`Error::NotAFile`], [`Error::Io`] if it cannot be read.
/// - [`Error::NotRecords`] if it begins like a Python pickle, gzip, a zip archive or a web page.
/// - [`Error::PartialRecord`] if its length is not a whole number of records, or zero.
/// - [`Error::TooManyRecords`] if it is longer than `max_bytes`.
/// - [`Error::FileLabel`] if a label is not below the number of classes.
pub fn read(path: &Path, layout: &Layout, max_bytes: u64) -> Result<Samples, Error> {
    let mut file = RecordFile::open(path)?;
    file.check_length(layout, max_bytes)?;
    let (records, _) = file.read(layout)?;
    records.check_labels(path, layout)?;
    records.into_samples(layout)
}

/// As [`read()`], from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// As [`read()`].
///
/// # Example
///
/// ```
/// use spinet_data::cifar::{Layout, parse};
///
/// let layout = Layout { shape: [1, 2], classes: 10 };
/// let samples = parse(&[7, 20, 21, 0, 30, 31], "two.bin".as_ref(), &layout, 1 << 20)?;
/// assert_eq!((samples.labels(), samples.bytes()), (&[7, 0][..], Some(&[20, 21, 30, 31][..])));
/// # Ok::<(), spinet_data::Error>(())
/// ```
pub fn parse(bytes: &[u8], path: &Path, layout: &Layout, max_bytes: u64) -> Result<Samples, Error> {
    let mut file = RecordFile {
        path,
        length: bytes.len() as u64,
        reader: bytes,
    };
    file.check_length(layout, max_bytes)?;
    let (records, _) = file.read(layout)?;
    records.check_labels(path, layout)?;
    records.into_samples(layout)
}

/// Why records could not be read from a stream; only the owner of the stream can say what its
/// failure means.
pub(crate) enum Failure {
    /// The stream failed.
    Stream(io::Error),
    /// What it yielded is not what it should be.
    Content(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Content(error)
    }
}

/// Where records come from: the name for errors, the length, and the bytes.
pub(crate) struct RecordFile<'a, R> {
    pub(crate) path: &'a Path,
    pub(crate) length: u64,
    pub(crate) reader: R,
}

impl<'a> RecordFile<'a, BufReader<File>> {
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
        let length = file.metadata().map_err(failed)?.len();
        Ok(Self {
            path,
            length,
            reader: BufReader::with_capacity(1 << 16, file),
        })
    }
}

impl<R: io::BufRead> RecordFile<'_, R> {
    /// Rejects other kinds of files, parts of records, and more than `max_bytes`; nothing is
    /// reserved before.
    pub(crate) fn check_length(&mut self, layout: &Layout, max_bytes: u64) -> Result<(), Error> {
        let start = self
            .reader
            .fill_buf()
            .map_err(|source| io_error(self.path, source))?;
        if let Some(found) = other_kind(start) {
            return Err(Error::NotRecords {
                path: self.path.to_owned(),
                found,
                features: layout.features(),
            });
        }
        check_length(self.path, self.length, layout, max_bytes)
    }

    /// All records and the SHA-256 of the file; the length has been checked, the labels have not.
    pub(crate) fn read(mut self, layout: &Layout) -> Result<(Records, String), Error> {
        Records::read(&mut self.reader, self.length, layout, self.path).map_err(|failure| {
            match failure {
                Failure::Stream(source) => io_error(self.path, source),
                Failure::Content(error) => error,
            }
        })
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        action: "read file",
        source,
    }
}

/// Rejects a length that is not a whole number of records, zero, or above `max_bytes`.
pub(crate) fn check_length(
    path: &Path,
    length: u64,
    layout: &Layout,
    max_bytes: u64,
) -> Result<(), Error> {
    let (path, record) = (path.to_owned(), layout.record());
    if layout.features() == 0 {
        return Err(Error::EmptyShape {
            rows: layout.shape[0],
            columns: layout.shape[1],
        });
    }
    if length == 0 || !length.is_multiple_of(record) {
        return Err(Error::PartialRecord {
            path,
            found: length,
            record,
        });
    }
    if length > max_bytes {
        return Err(Error::TooManyRecords {
            path,
            promised: length,
            limit: max_bytes,
        });
    }
    Ok(())
}

/// What a file of another kind is. None of these begins with a label below 10.
pub(crate) fn other_kind(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x80, 2..=5, ..] => Some("a Python pickle"),
        [0x1f, 0x8b, ..] => Some("gzip"),
        [b'P', b'K', ..] => Some("a zip archive"),
        [b'<', ..] => Some("a web page"),
        _ => None,
    }
}

/// Records taken apart: `count x features` bytes and `count` labels.
pub(crate) struct Records {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Records {
    /// Reads `length` bytes, a whole number of records, and their SHA-256.
    pub(crate) fn read(
        reader: &mut dyn Read,
        length: u64,
        layout: &Layout,
        path: &Path,
    ) -> Result<(Self, String), Failure> {
        let out_of_memory = || Error::OutOfMemory {
            path: path.to_owned(),
            promised: usize::try_from(length).unwrap_or(usize::MAX),
        };
        let (features, count) = (
            layout.features(),
            usize::try_from(length / layout.record()).map_err(|_| out_of_memory())?,
        );
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        let bytes = count.checked_mul(features).ok_or_else(out_of_memory)?;
        pixels
            .try_reserve_exact(bytes)
            .map_err(|_| out_of_memory())?;
        labels
            .try_reserve_exact(count)
            .map_err(|_| out_of_memory())?;
        let (mut digest, mut record) = (Sha256::new(), vec![0; 1 + features]);
        for index in 0..count as u64 {
            let filled = fill(reader, &mut record)?;
            if filled < record.len() {
                let found = index * layout.record() + filled as u64;
                return Err(Error::RecordsCut {
                    path: path.to_owned(),
                    found,
                    expected: length,
                }
                .into());
            }
            digest.update(&record);
            labels.push(record[0]);
            pixels.extend_from_slice(&record[1..]);
        }
        Ok((Self { pixels, labels }, hex(&digest.finalize())))
    }

    /// How many bytes were read.
    pub(crate) fn bytes(&self) -> u64 {
        (self.pixels.len() + self.labels.len()) as u64
    }

    /// Rejects the first label that is not below the number of classes.
    pub(crate) fn check_labels(&self, path: &Path, layout: &Layout) -> Result<(), Error> {
        match self
            .labels
            .iter()
            .position(|&label| usize::from(label) >= layout.classes)
        {
            Some(index) => Err(Error::FileLabel {
                path: path.to_owned(),
                index,
                found: self.labels[index],
                classes: layout.classes,
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn into_samples(self, layout: &Layout) -> Result<Samples, Error> {
        Samples::new(self.pixels, self.labels, layout.shape)
    }
}

/// All `parts` one after the other; each is given back to the system as soon as it is copied.
pub(crate) fn join(parts: Vec<Records>) -> Records {
    let count = parts.iter().map(|part| part.labels.len()).sum();
    let bytes = parts.iter().map(|part| part.pixels.len()).sum();
    let mut all = Records {
        pixels: Vec::with_capacity(bytes),
        labels: Vec::with_capacity(count),
    };
    for part in parts {
        all.pixels.extend(part.pixels);
        all.labels.extend(part.labels);
    }
    all
}

/// Reads until `buffer` is full or the stream ends; how many bytes were read.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
