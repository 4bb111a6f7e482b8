//! Sealed files: arrays, a JSON description and a checksum over both, in one safetensors file.
//!
//! The one metadata key says what the file is; its value is JSON with `description`, and `sha256`,
//! the digest of that text and of every array's name, type, shape and bytes. Any tool that reads
//! safetensors can use the arrays.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::text::Notation;

/// A description as it was written, and the digest over it and the arrays.
#[derive(Serialize, Deserialize)]
struct Seal {
    sha256: String,
    description: Box<RawValue>,
}

/// An array as it stands in the file.
pub(crate) struct Array {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Array {
    pub(crate) fn of_floats(name: String, shape: Vec<usize>, values: &[f32]) -> Self {
        Self {
            name,
            dtype: Dtype::F32,
            shape,
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }

    pub(crate) fn of_counts(name: String, shape: Vec<usize>, values: &[u16]) -> Self {
        Self {
            name,
            dtype: Dtype::U16,
            shape,
            bytes: values
                .iter()
                .flat_map(|count| count.to_le_bytes())
                .collect(),
        }
    }

    /// The values of an `F32` array.
    pub(crate) fn floats(&self) -> Vec<f32> {
        self.bytes
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect()
    }

    /// The values of a `U16` array.
    pub(crate) fn counts(&self) -> Vec<u16> {
        self.bytes
            .chunks_exact(2)
            .map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
            .collect()
    }
}

/// What a kind of file is called, and up to which version it is read.
pub(crate) struct Kind {
    /// The metadata key.
    pub(crate) key: &'static str,
    /// In messages: `a spinet model`.
    pub(crate) name: &'static str,
    /// The newest version that this program knows.
    pub(crate) version: u32,
}

/// What every description has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

/// Maximum size in bytes of a description, as of all names and descriptions together in the format.
const MAX_DESCRIPTION: u64 = 100 << 20;

/// A file that was opened and verified.
pub(crate) struct Opened {
    /// The description as JSON.
    pub(crate) text: String,
    /// Sorted by name.
    pub(crate) arrays: Vec<Array>,
}

impl Kind {
    /// The bytes of a file; the text says why there are none.
    pub(crate) fn seal(
        &self,
        description: &impl Serialize,
        mut arrays: Vec<Array>,
    ) -> Result<Vec<u8>, String> {
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(name) = not_finite(&arrays) {
            return Err(format!("not saved: `{name}` contains NaN or infinity"));
        }
        let text = serde_json::to_string(description).map_err(|error| error.to_string())?;
        let description = RawValue::from_string(text).map_err(|error| error.to_string())?;
        let seal = Seal {
            sha256: digest(description.get(), &arrays),
            description,
        };
        let seal = serde_json::to_string(&seal).map_err(|error| error.to_string())?;
        // One key only: the library writes several in an order that differs from call to call.
        let metadata = [(self.key.to_owned(), seal)];
        let views = arrays.iter().map(|array| {
            let view = TensorView::new(array.dtype, array.shape.clone(), &array.bytes);
            view.map(|view| (array.name.clone(), view))
                .map_err(|error| error.to_string())
        });
        let views = views.collect::<Result<Vec<_>, _>>()?;
        serialize(views, Some(metadata.into_iter().collect())).map_err(|error| error.to_string())
    }

    /// Opens a file and checks all of it; the text says what is wrong.
    pub(crate) fn open(&self, bytes: &[u8]) -> Result<Opened, String> {
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|error| format!("not a safetensors file: {error}"))?;
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| format!("not a safetensors file: {error}"))?;
        let metadata = header.metadata().iter().flatten();
        let mut found = metadata
            .filter(|(name, _)| name.as_str() == self.key)
            .map(|(_, text)| text.as_str());
        let (key, name) = (self.key, self.name);
        let seal = found.next().ok_or_else(|| {
            format!("a safetensors file, but not {name}: missing metadata `{key}`")
        })?;
        let seal: Seal = serde_json::from_str(seal)
            .map_err(|error| format!("cannot parse its metadata `{key}`: {error}"))?;
        let text = seal.description.get();
        let mut arrays: Vec<Array> = tensors
            .iter()
            .map(|(name, view)| Array {
                name: name.to_owned(),
                dtype: view.dtype(),
                shape: view.shape().to_vec(),
                bytes: view.data().to_vec(),
            })
            .collect();
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        Notation::Json.check(text, MAX_DESCRIPTION)?;
        let version = serde_json::from_str::<Versioned>(text)
            .ok()
            .map(|found| found.version);
        if let Some(version) = version.filter(|version| *version > u64::from(self.version)) {
            let what = name.rsplit(' ').next().unwrap_or(name);
            return Err(format!(
                "{what} format version {version}, this program reads up to {}",
                self.version
            ));
        }
        let found = digest(text, &arrays);
        if found != seal.sha256 {
            return Err(format!(
                "the file is corrupted: SHA-256 of its contents is {found}, expected {}",
                seal.sha256
            ));
        }
        if let Some(name) = not_finite(&arrays) {
            return Err(format!(
                "`{}` contains NaN or infinity, expected finite numbers",
                name.escape_default()
            ));
        }
        Ok(Opened {
            text: text.to_owned(),
            arrays,
        })
    }
}

/// The first array with a non-finite number.
fn not_finite(arrays: &[Array]) -> Option<&str> {
    let mut floats = arrays.iter().filter(|array| array.dtype == Dtype::F32);
    floats
        .find(|array| !array.floats().iter().all(|value| value.is_finite()))
        .map(|array| array.name.as_str())
}

/// SHA-256 of a text and of every array, sorted by name.
pub(crate) fn digest(text: &str, arrays: &[Array]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(text.as_bytes());
    for array in arrays {
        hasher.update(format!(
            "\n{} {:?} {:?}\n",
            array.name, array.dtype, array.shape
        ));
        hasher.update(&array.bytes);
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
