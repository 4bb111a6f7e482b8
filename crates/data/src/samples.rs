//! Samples: images or feature rows kept as bytes, with one label each.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::Error;
use crate::shared::Shared;

/// Images or feature rows as bytes, with one label each; cloning shares the memory.
///
/// A sample has `rows x columns` features, stored row by row, each in `0..=255`. A plain feature vector is one row.
#[derive(Clone, Debug)]
pub struct Samples {
    bytes: Shared<u8>,
    labels: Arc<[u8]>,
    shape: [usize; 2],
    /// Computed when first asked for.
    digest: Arc<OnceLock<String>>,
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        (self.shape, &self.labels, &self.bytes) == (other.shape, &other.labels, &other.bytes)
    }
}

impl Eq for Samples {}

impl Samples {
    /// Joins `bytes` (all samples one after the other) with their `labels`; `shape` is `[rows, columns]` of one sample.
    ///
    /// # Errors
    ///
    /// - [`Error::EmptyShape`] if a side of `shape` is zero.
    /// - [`Error::SampleBytes`] if `bytes` is not `labels x rows x columns` long.
    ///
    /// # Example
    ///
    /// ```
    /// use spinet_data::Samples;
    ///
    /// let samples = Samples::new([1, 2, 3, 4, 5, 6], [0, 1, 1], [1, 2])?;
    /// assert_eq!(samples.sample(1), [3, 4]);
    /// assert_eq!(samples.labels()[1], 1);
    /// # Ok::<(), spinet_data::Error>(())
    /// ```
    pub fn new(bytes: impl Into<Vec<u8>>, labels: impl Into<Arc<[u8]>>, shape: [usize; 2]) -> Result<Self, Error> {
        let (bytes, labels) = (Shared::from(bytes.into()), labels.into());
        let [rows, columns] = shape;
        if rows == 0 || columns == 0 {
            return Err(Error::EmptyShape { rows, columns });
        }
        let expected = rows.checked_mul(columns).and_then(|features| features.checked_mul(labels.len()));
        if expected != Some(bytes.len()) {
            return Err(Error::SampleBytes { labels: labels.len(), rows, columns, found: bytes.len() });
        }
        Ok(Self { bytes, labels, shape, digest: Arc::default() })
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Features of one sample: rows times columns.
    pub fn features(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// `[rows, columns]` of one sample.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// All features: `len x features` bytes, row-major.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The features of one sample.
    ///
    /// # Panics
    ///
    /// Like indexing a slice, if `index` is not below [`len`](Self::len).
    pub fn sample(&self, index: usize) -> &[u8] {
        let features = self.features();
        &self.bytes[index * features..][..features]
    }

    /// One label for each sample.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The samples at `indices`, in that order; an index may occur more than once.
    ///
    /// # Errors
    ///
    /// [`Error::IndexOutOfRange`] if an index is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Result<Self, Error> {
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(Error::IndexOutOfRange { index, len: self.len() });
        }
        let mut bytes = Vec::with_capacity(indices.len() * self.features());
        for &index in indices {
            bytes.extend_from_slice(self.sample(index));
        }
        let labels: Vec<u8> = indices.iter().map(|&index| self.labels[index]).collect();
        Ok(Self { bytes: bytes.into(), labels: labels.into(), shape: self.shape, digest: Arc::default() })
    }

    /// SHA-256 over the text `{len} {rows} {columns}\n`, then all feature bytes, then all labels.
    ///
    /// The text in front keeps two sets apart that hold the same bytes in another shape.
    pub fn sha256(&self) -> String {
        let digest = self.digest.get_or_init(|| {
            let [rows, columns] = self.shape;
            let mut digest = Sha256::new();
            digest.update(format!("{} {rows} {columns}\n", self.len()));
            digest.update(&self.bytes);
            digest.update(&self.labels);
            hex(&digest.finalize())
        });
        digest.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Samples {
        Samples::new([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [0, 1, 2], [2, 2]).unwrap()
    }

    #[test]
    fn a_sample_is_its_own_bytes_and_label() {
        let samples = three();
        assert_eq!((samples.len(), samples.features(), samples.shape()), (3, 4, [2, 2]));
        assert_eq!(samples.sample(2), [9, 10, 11, 12]);
        assert_eq!(samples.labels(), [0, 1, 2]);
        assert!(!samples.is_empty());
    }

    #[test]
    fn counts_that_do_not_match_are_refused_with_both_numbers() {
        let text = Samples::new([0; 11], [0, 1, 2], [2, 2]).unwrap_err().to_string();
        assert_eq!(text, "samples have 11 bytes, expected 3 labels x 2 x 2 = 12");
        let text = Samples::new([0; 0], [0, 1], [usize::MAX, 2]).unwrap_err().to_string();
        assert!(text.contains("expected 2 labels x 18446744073709551615 x 2"), "{text}");
        assert!(matches!(Samples::new([], [], [0, 2]), Err(Error::EmptyShape { rows: 0, columns: 2 })));
    }

    #[test]
    fn selecting_keeps_order_and_repeats() {
        let chosen = three().select(&[2, 0, 2]).unwrap();
        assert_eq!(chosen.bytes(), [9, 10, 11, 12, 1, 2, 3, 4, 9, 10, 11, 12]);
        assert_eq!(chosen.labels(), [2, 0, 2]);
        assert!(three().select(&[]).unwrap().is_empty());
    }

    #[test]
    fn selecting_beyond_the_end_is_refused() {
        let text = three().select(&[1, 3]).unwrap_err().to_string();
        assert_eq!(text, "sample index is 3, expected below 3");
    }

    #[test]
    fn digest_covers_shape_bytes_and_labels() {
        let base = Samples::new([1, 2, 3, 4], [0, 1], [1, 2]).unwrap();
        // printf '2 1 2\n\001\002\003\004\000\001' | sha256sum
        assert_eq!(base.sha256(), "94e3fb35e006ceb9ddbfb2dd9f50d12eea4919fa26cf3ef9043db68bc00b83df");
        let others = [
            Samples::new([1, 2, 3, 4], [0, 1], [2, 1]).unwrap(),
            Samples::new([1, 2, 3, 5], [0, 1], [1, 2]).unwrap(),
            Samples::new([1, 2, 3, 4], [1, 1], [1, 2]).unwrap(),
        ];
        assert!(others.iter().all(|other| other.sha256() != base.sha256()));
    }
}
