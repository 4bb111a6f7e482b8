//! The idx format of MNIST, plain or gzip: reader and writer.
//!
//! ```text
//! offset  size  meaning
//! 0       2     00 00
//! 2       1     element type: 08 = unsigned byte, 09 = signed byte, 0B, 0C = integer of 2, 4 bytes,
//!               0D, 0E = floating-point number of 4, 8 bytes, all big-endian
//! 3       1     number of dimensions: 1 for labels, 3 for images
//! 4       4 n   size of each dimension, big-endian: count, or count, rows, columns
//! 4 + 4n        the elements, first dimension slowest
//! ```
//!
//! Images and labels become unsigned bytes, whatever their type: integers must be in `0..=255`, and
//! so must floating-point numbers, without a fraction, unless all are pixels in `[0, 1]`: these are
//! multiplied by 255 and rounded.
//!
//! The reader validates the header. It must agree with the length of a plain file to the byte; of a
//! gzip file with what so many compressed bytes can hold at all. Memory is reserved after that
//! check and after the caller's [`Limits`], exactly once; a gzip stream is decompressed one byte at
//! most beyond the declared end, then must end there with a good checksum, and the file with it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use crate::error::Error;
use crate::samples::Samples;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const UNSIGNED_BYTE: u8 = 8;
/// The other element types, and the bytes of one element.
const WIDE: [(u8, usize); 5] = [(0x09, 1), (0x0b, 2), (0x0c, 4), (0x0d, 4), (0x0e, 8)];
const LABEL_DIMENSIONS: usize = 1;
const IMAGE_DIMENSIONS: usize = 3;
/// Deflate codes at most 258 bytes in two bits, so one byte never becomes more than this many.
pub(crate) const DEFLATE_RATIO: u64 = 258 * 4;

/// What a reader accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum size in bytes an array may have when decompressed; 256 MiB unless chosen otherwise,
    /// five times the MNIST images.
    pub max_bytes: u64,
    /// `[rows, columns]` that images must have; any shape if `None`, the default.
    pub shape: Option<[usize; 2]>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            shape: None,
        }
    }
}

/// The content of an image file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// All images one after the other, each row by row.
    pub bytes: Vec<u8>,
    /// How many images.
    pub count: usize,
    /// `[rows, columns]` of one image.
    pub shape: [usize; 2],
}

/// Reads an image file, plain or gzip (told by its content, not its name).
///
/// # Errors
///
/// One variant of [`Error`] for each way in which the file is not exactly what its header says, see
/// the module text.
pub fn read_images(path: &Path, limits: &Limits) -> Result<Images, Error> {
    let (mut reader, stored) = open(path)?;
    images_from(&mut reader, &Origin { path, stored }, limits)
}

/// As [`read_images`], from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// As [`read_images`].
pub fn parse_images(mut bytes: &[u8], path: &Path, limits: &Limits) -> Result<Images, Error> {
    let stored = bytes.len() as u64;
    images_from(&mut bytes, &Origin { path, stored }, limits)
}

/// Reads a label file, plain or gzip; every label is below `classes`.
///
/// # Errors
///
/// As [`read_images`], and [`Error::FileLabel`] if a label is not below `classes`.
pub fn read_labels(path: &Path, classes: usize, limits: &Limits) -> Result<Vec<u8>, Error> {
    let (mut reader, stored) = open(path)?;
    labels_from(&mut reader, &Origin { path, stored }, classes, limits)
}

/// As [`read_labels`], from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// As [`read_labels`].
pub fn parse_labels(
    mut bytes: &[u8],
    path: &Path,
    classes: usize,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let stored = bytes.len() as u64;
    labels_from(&mut bytes, &Origin { path, stored }, classes, limits)
}

/// Reads an image file and its label file.
///
/// # Errors
///
/// As [`read_images`] and [`read_labels`], and [`Error::LabelCount`] if the two differ in length.
pub fn read_samples(
    images: &Path,
    labels: &Path,
    classes: usize,
    limits: &Limits,
) -> Result<Samples, Error> {
    let image_array = read_images(images, limits)?;
    let label_array = read_labels(labels, classes, limits)?;
    join(image_array, label_array, images, labels)
}

/// Joins images with their labels; the paths name both files in the error.
pub(crate) fn join(
    images: Images,
    labels: Vec<u8>,
    image_path: &Path,
    label_path: &Path,
) -> Result<Samples, Error> {
    if labels.len() != images.count {
        let (labels_file, images_file) = (label_path.to_owned(), image_path.to_owned());
        return Err(Error::LabelCount {
            labels: labels_file,
            images: images_file,
            found: labels.len(),
            expected: images.count,
        });
    }
    Samples::new(images.bytes, labels, images.shape)
}

/// Images as an idx file; `bytes` holds whole images of `[rows, columns]`.
///
/// # Errors
///
/// - [`Error::PartialImage`] if `bytes` is not a whole number of images.
/// - [`Error::IdxDimensions`] if there is no image, a side is zero, or one of the three numbers
///   needs more than 32 bits.
///
/// # Example
///
/// ```
/// use spinet_data::idx;
///
/// let file = idx::encode_images(&[1, 2, 3, 4, 5, 6, 7, 8], [2, 2])?;
/// let images = idx::parse_images(&file, "two.idx".as_ref(), &idx::Limits::default())?;
/// assert_eq!((images.count, images.shape), (2, [2, 2]));
/// # Ok::<(), spinet_data::Error>(())
/// ```
pub fn encode_images(bytes: &[u8], shape: [usize; 2]) -> Result<Vec<u8>, Error> {
    let [rows, columns] = shape;
    let features = rows.saturating_mul(columns);
    if features == 0 {
        return Err(Error::IdxDimensions {
            dimensions: vec![0, rows, columns],
        });
    }
    if !bytes.len().is_multiple_of(features) {
        return Err(Error::PartialImage {
            found: bytes.len(),
            rows,
            columns,
        });
    }
    encode([bytes.len() / features, rows, columns], bytes)
}

/// Labels as an idx file.
///
/// # Errors
///
/// [`Error::IdxDimensions`] if there is no label, or more than fit in 32 bits.
pub fn encode_labels(labels: &[u8]) -> Result<Vec<u8>, Error> {
    encode([labels.len()], labels)
}

fn encode<const N: usize>(dimensions: [usize; N], elements: &[u8]) -> Result<Vec<u8>, Error> {
    let mut file = Vec::with_capacity(header_length::<N>() + elements.len());
    file.extend([0, 0, UNSIGNED_BYTE, N as u8]);
    for dimension in dimensions {
        match u32::try_from(dimension) {
            Ok(size @ 1..) => file.extend(size.to_be_bytes()),
            _ => {
                return Err(Error::IdxDimensions {
                    dimensions: dimensions.to_vec(),
                });
            }
        }
    }
    file.extend_from_slice(elements);
    Ok(file)
}

/// Where the bytes come from: the name for errors, and how many are stored there.
struct Origin<'a> {
    path: &'a Path,
    stored: u64,
}

/// An array of unsigned bytes; the product of the dimensions is the number of elements.
struct Array<const N: usize> {
    dimensions: [u32; N],
    elements: Vec<u8>,
}

fn open(path: &Path) -> Result<(BufReader<File>, u64), Error> {
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
    Ok((BufReader::with_capacity(1 << 16, file), stored))
}

fn images_from(
    reader: &mut dyn BufRead,
    origin: &Origin,
    limits: &Limits,
) -> Result<Images, Error> {
    let array = read_stored::<IMAGE_DIMENSIONS>(reader, origin, limits)?;
    let [count, rows, columns] = array.dimensions.map(|size| size as usize);
    Ok(Images {
        bytes: array.elements,
        count,
        shape: [rows, columns],
    })
}

fn labels_from(
    reader: &mut dyn BufRead,
    origin: &Origin,
    classes: usize,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let labels = read_stored::<LABEL_DIMENSIONS>(reader, origin, limits)?.elements;
    match labels
        .iter()
        .position(|&label| usize::from(label) >= classes)
    {
        Some(index) => Err(Error::FileLabel {
            path: origin.path.to_owned(),
            index,
            found: labels[index],
            classes,
        }),
        None => Ok(labels),
    }
}

/// Reads a whole stored file, plain or gzip.
fn read_stored<const N: usize>(
    reader: &mut dyn BufRead,
    origin: &Origin,
    limits: &Limits,
) -> Result<Array<N>, Error> {
    let failed = |source| Error::Io {
        path: origin.path.to_owned(),
        action: "read file",
        source,
    };
    if !reader.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC) {
        return Source {
            reader,
            origin,
            is_gzip: false,
        }
        .read_array(limits);
    }
    let mut decoder = GzDecoder::new(reader);
    let array = Source {
        reader: &mut decoder,
        origin,
        is_gzip: true,
    }
    .read_array(limits)?;
    let rest = decoder.into_inner().fill_buf().map_err(failed)?;
    if rest.is_empty() {
        Ok(array)
    } else {
        Err(Error::GzipTrailing {
            path: origin.path.to_owned(),
            found: rest[..rest.len().min(4)].to_vec(),
        })
    }
}

/// Elements of another type as unsigned bytes.
fn as_bytes(
    stored: &[u8],
    element: u8,
    size: usize,
    are_pixels: bool,
    path: &Path,
) -> Result<Vec<u8>, Error> {
    let numbers = || {
        stored
            .chunks_exact(size)
            .map(|bytes| number(bytes, element))
    };
    let is_float = element >= 0x0d;
    let scale = if are_pixels && is_float && numbers().all(|number| (0.0..=1.0).contains(&number)) {
        255.0
    } else {
        1.0
    };
    let byte = |(index, number): (usize, f64)| {
        let is_good = scale > 1.0 || number.fract() == 0.0 && (0.0..=255.0).contains(&number);
        if is_good {
            Ok((number * scale).round() as u8)
        } else {
            Err(Error::ElementValue {
                path: path.to_owned(),
                index,
                found: number,
            })
        }
    };
    numbers().enumerate().map(byte).collect()
}

/// An element of one of the [`WIDE`] types.
fn number(bytes: &[u8], element: u8) -> f64 {
    let bits = bytes
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    match element {
        0x09 => f64::from((bits as u8).cast_signed()),
        0x0b => f64::from((bits as u16).cast_signed()),
        0x0c => f64::from((bits as u32).cast_signed()),
        0x0d => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits),
    }
}

const fn header_length<const N: usize>() -> usize {
    4 + 4 * N
}

/// The decompressed bytes of a file.
struct Source<'a> {
    reader: &'a mut dyn Read,
    origin: &'a Origin<'a>,
    is_gzip: bool,
}

impl Source<'_> {
    fn read_array<const N: usize>(mut self, limits: &Limits) -> Result<Array<N>, Error> {
        let (dimensions, element) = self.read_header::<N>()?;
        if let ([_, rows, columns], Some(expected)) = (&dimensions[..], limits.shape) {
            let found = [*rows, *columns];
            if found.map(|side| side as usize) != expected {
                return Err(Error::ImageShape {
                    path: self.path(),
                    found,
                    expected,
                });
            }
        }
        let size = WIDE
            .iter()
            .find(|(kind, _)| *kind == element)
            .map_or(1, |(_, size)| *size);
        let promised = self.check_size(dimensions, size, limits)?;
        let path = self.origin.path;
        let stored = self.read_elements(dimensions, promised)?;
        let elements = if element == UNSIGNED_BYTE {
            stored
        } else {
            as_bytes(&stored, element, size, N == IMAGE_DIMENSIONS, path)?
        };
        Ok(Array {
            dimensions,
            elements,
        })
    }

    /// Dimensions and element type.
    fn read_header<const N: usize>(&mut self) -> Result<([u32; N], u8), Error> {
        let mut magic = [0; 4];
        self.fill(&mut magic, 0, header_length::<N>())?;
        let path = || self.path();
        let is_known =
            |element| element == UNSIGNED_BYTE || WIDE.iter().any(|(kind, _)| *kind == element);
        match magic {
            [0, 0, element, count] if is_known(element) && usize::from(count) == N => {}
            [0, 0, element, found] if is_known(element) => {
                return Err(Error::DimensionCount {
                    path: path(),
                    found,
                    expected: N as u8,
                });
            }
            [0, 0, found, _] => {
                return Err(Error::ElementType {
                    path: path(),
                    found,
                });
            }
            [first, second, ..] => {
                return Err(Error::NotIdx {
                    path: path(),
                    found: [first, second],
                });
            }
        }
        let mut dimensions = [0; N];
        for (position, size) in dimensions.iter_mut().enumerate() {
            let mut bytes = [0; 4];
            self.fill(&mut bytes, 4 + 4 * position, header_length::<N>())?;
            *size = u32::from_be_bytes(bytes);
        }
        if dimensions.contains(&0) {
            return Err(Error::ZeroDimension {
                path: self.path(),
                dimensions: dimensions.to_vec(),
            });
        }
        Ok((dimensions, magic[2]))
    }

    /// The number of bytes, once the file can hold them and the limit allows them; nothing is
    /// reserved before.
    fn check_size<const N: usize>(
        &self,
        dimensions: [u32; N],
        size: usize,
        limits: &Limits,
    ) -> Result<usize, Error> {
        // At most three factors below 2^32 each, and 8: 128 bits cannot overflow.
        let count: u128 = dimensions.iter().map(|&size| u128::from(size)).product();
        let promised = count * size as u128;
        let (path, header, stored) = (self.path(), header_length::<N>() as u64, self.origin.stored);
        let dimensions = dimensions.to_vec();
        if self.is_gzip {
            let capacity = stored.saturating_mul(DEFLATE_RATIO);
            if promised > u128::from(capacity) {
                return Err(Error::GzipTooSmall {
                    path,
                    dimensions,
                    promised,
                    stored,
                    capacity,
                });
            }
        } else {
            let found = stored.saturating_sub(header);
            if promised > u128::from(found) {
                return Err(Error::Truncated {
                    path,
                    dimensions,
                    promised,
                    found,
                });
            }
            if promised < u128::from(found) {
                return Err(Error::TrailingBytes {
                    path,
                    dimensions,
                    promised,
                    found,
                });
            }
        }
        match usize::try_from(promised) {
            Ok(count) if count as u64 <= limits.max_bytes => Ok(count),
            _ => Err(Error::TooManyBytes {
                path,
                dimensions,
                promised,
                limit: limits.max_bytes,
            }),
        }
    }

    fn read_elements<const N: usize>(
        mut self,
        dimensions: [u32; N],
        promised: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut elements = Vec::new();
        elements
            .try_reserve_exact(promised)
            .map_err(|_| Error::OutOfMemory {
                path: self.path(),
                promised,
            })?;
        let expected = (header_length::<N>() + promised) as u64;
        let end = (&mut *self.reader)
            .take(promised as u64)
            .read_to_end(&mut elements);
        let found = elements.len();
        end.map_err(|source| self.read_error(source, header_length::<N>() + found, expected))?;
        let (path, dimensions, promised) = (self.path(), dimensions.to_vec(), promised as u128);
        if (found as u128) < promised {
            return Err(Error::Truncated {
                path,
                dimensions,
                promised,
                found: found as u64,
            });
        }
        // The byte that must not be there; asking for it also makes the gzip reader check its
        // checksum.
        let more = self
            .read(&mut [0])
            .map_err(|source| self.read_error(source, header_length::<N>() + found, expected))?;
        if more > 0 {
            return Err(Error::TrailingBytes {
                path,
                dimensions,
                promised,
                found: found as u64 + 1,
            });
        }
        Ok(elements)
    }

    /// Fills `part` of the header, which begins at `offset` and belongs to a header of `expected`
    /// bytes.
    fn fill(&mut self, part: &mut [u8], offset: usize, expected: usize) -> Result<(), Error> {
        let mut filled = 0;
        while filled < part.len() {
            match self.read(&mut part[filled..]) {
                Ok(0) => {
                    return Err(Error::HeaderTruncated {
                        path: self.path(),
                        found: offset + filled,
                        expected,
                    });
                }
                Ok(count) => filled += count,
                Err(source) => {
                    return Err(self.read_error(source, offset + filled, expected as u64));
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The cause of a failed read after `found` bytes: of a plain file the system, of a gzip file
    /// its content.
    fn read_error(&self, source: io::Error, found: usize, expected: u64) -> Error {
        let path = self.path();
        let is_content = matches!(
            source.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        );
        if self.is_gzip && is_content {
            Error::GzipDamaged {
                path,
                found: found as u64,
                expected,
                source,
            }
        } else {
            Error::Io {
                path,
                action: "read file",
                source,
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.origin.path.to_owned()
    }
}
