//! Samples: images as bytes or rows of numbers, with one label each.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::Error;
use crate::shared::Shared;
use crate::target::Sides;

/// Images or rows of a table, with one label each; cloning shares the memory.
///
/// A sample has `rows x columns` features, stored row by row: bytes in `0..=255`, or finite
/// numbers. A row of a table is one row.
#[derive(Clone, Debug)]
pub struct Samples {
    values: Stored,
    labels: Arc<[u8]>,
    /// Targets that are numbers, `[samples, outputs]`; empty for classes.
    targets: Arc<[f32]>,
    /// One a sample; empty if all are 1.
    weights: Arc<[f32]>,
    shape: [usize; 2],
    channels: usize,
    /// Computed when first asked for.
    digest: Arc<OnceLock<String>>,
}

/// The features of all samples.
#[derive(Clone, Debug, PartialEq)]
enum Stored {
    Bytes(Shared<u8>),
    Numbers(Shared<f32>),
}

/// Features as stored in memory, sample after sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// Each in `0..=255`; a network is given `byte / 255`.
    Bytes(&'a [u8]),
    /// Each finite; a network is given them as they are.
    Numbers(&'a [f32]),
}

impl<'a> Values<'a> {
    /// Number of features.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, if they are bytes.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Numbers(_) => None,
        }
    }

    /// The numbers, if they are numbers.
    pub fn numbers(self) -> Option<&'a [f32]> {
        match self {
            Self::Bytes(_) => None,
            Self::Numbers(numbers) => Some(numbers),
        }
    }
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        (self.shape, &self.labels, &self.values) == (other.shape, &other.labels, &other.values)
            && (&self.targets, &self.weights) == (&other.targets, &other.weights)
    }
}

/// Numbers are finite, so equality is total.
impl Eq for Samples {}

impl Samples {
    /// Joins `bytes` (all samples one after the other) with their `labels`; `shape` is `[rows,
    /// columns]` of one sample.
    ///
    /// # Errors
    ///
    /// - [`Error::EmptyShape`] if a side of `shape` is zero.
    /// - [`Error::SampleValues`] if `bytes` is not `labels x rows x columns` long.
    ///
    /// # Example
    ///
    /// ```
    /// use spinet_data::{Samples, Values};
    ///
    /// let samples = Samples::new([1, 2, 3, 4, 5, 6], [0, 1, 1], [1, 2])?;
    /// assert_eq!(samples.sample(1), Values::Bytes(&[3, 4]));
    /// assert_eq!(samples.labels()[1], 1);
    /// # Ok::<(), spinet_data::Error>(())
    /// ```
    pub fn new(
        bytes: impl Into<Vec<u8>>,
        labels: impl Into<Arc<[u8]>>,
        shape: [usize; 2],
    ) -> Result<Self, Error> {
        Self::of(
            Stored::Bytes(Shared::from(bytes.into())),
            labels.into(),
            shape,
        )
    }

    /// Joins `numbers` with their `labels`, as [`new`](Self::new) does for bytes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`Error::NotFinite`] if a number is NaN or infinite.
    pub fn of_numbers(
        numbers: impl Into<Vec<f32>>,
        labels: impl Into<Arc<[u8]>>,
        shape: [usize; 2],
    ) -> Result<Self, Error> {
        let numbers = numbers.into();
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(Error::NotFinite {
                index,
                found: numbers[index],
            });
        }
        Self::of(Stored::Numbers(Shared::from(numbers)), labels.into(), shape)
    }

    /// The same samples with other features, of which there are as many; labels, targets and weights
    /// stay.
    ///
    /// # Errors
    ///
    /// As [`of_numbers`](Self::of_numbers).
    pub fn with_numbers(&self, numbers: impl Into<Vec<f32>>) -> Result<Self, Error> {
        let changed = Self::of_numbers(numbers, Arc::clone(&self.labels), self.shape)?;
        Ok(Self {
            values: changed.values,
            digest: changed.digest,
            ..self.clone()
        })
    }

    /// As [`of_numbers`](Self::of_numbers), as three sets of these sizes, which share the memory.
    pub(crate) fn parts_of_numbers(
        numbers: Vec<f32>,
        beside: &Sides,
        shape: [usize; 2],
        sizes: [usize; 3],
    ) -> Result<[Self; 3], Error> {
        let features = shape[0] * shape[1];
        let [first, second, _] = sizes;
        let (numbers_of_first, others) = Shared::from(numbers).split_at(first * features);
        let (numbers_of_second, numbers_of_third) = others.split_at(second * features);
        let of = |numbers, rows: Range<usize>| {
            let Sides {
                labels,
                numbers: targets,
                weights,
            } = beside.part(rows);
            let samples = Self::of(Stored::Numbers(numbers), labels.into(), shape)?;
            samples.with_targets(targets)?.with_weights(weights)
        };
        Ok([
            of(numbers_of_first, 0..first)?,
            of(numbers_of_second, first..first + second)?,
            of(numbers_of_third, first + second..beside.labels.len())?,
        ])
    }

    /// The same with targets that are numbers, as many for each sample, row by row; labels then say
    /// nothing. None if empty.
    ///
    /// # Errors
    ///
    /// [`Error::SampleValues`] if they are no whole number a sample, [`Error::NotFinite`] if one is
    /// NaN or infinite.
    pub fn with_targets(self, targets: impl Into<Arc<[f32]>>) -> Result<Self, Error> {
        let targets = targets.into();
        self.check_sides(&targets)?;
        Ok(Self {
            targets,
            digest: Arc::default(),
            ..self
        })
    }

    /// The same with a weight for each sample, at least 0, by which its loss is multiplied in
    /// training. None if empty.
    ///
    /// # Errors
    ///
    /// [`Error::SampleValues`] if there is not one a sample, [`Error::NotFinite`] if one is NaN or
    /// infinite.
    pub fn with_weights(self, weights: impl Into<Arc<[f32]>>) -> Result<Self, Error> {
        let weights = weights.into();
        self.check_sides(&weights)?;
        if !weights.is_empty() && weights.len() != self.len() {
            return Err(Error::SampleValues {
                labels: self.len(),
                rows: 1,
                columns: 1,
                found: weights.len(),
            });
        }
        Ok(Self {
            weights,
            digest: Arc::default(),
            ..self
        })
    }

    fn check_sides(&self, numbers: &[f32]) -> Result<(), Error> {
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(Error::NotFinite {
                index,
                found: numbers[index],
            });
        }
        if numbers.is_empty() || numbers.len().is_multiple_of(self.len()) {
            Ok(())
        } else {
            Err(Error::SampleValues {
                labels: self.len(),
                rows: 1,
                columns: 1,
                found: numbers.len(),
            })
        }
    }

    /// Targets that are numbers, `[samples, outputs]`, and how many there are of each sample; none
    /// for classes.
    pub fn targets(&self) -> Option<(&[f32], usize)> {
        let outputs = self.targets.len() / self.len().max(1);
        (outputs > 0).then_some((&self.targets, outputs))
    }

    /// One weight a sample, if they have weights.
    pub fn weights(&self) -> Option<&[f32]> {
        (!self.weights.is_empty()).then_some(&self.weights)
    }

    fn of(values: Stored, labels: Arc<[u8]>, shape: [usize; 2]) -> Result<Self, Error> {
        let [rows, columns] = shape;
        if rows == 0 || columns == 0 {
            return Err(Error::EmptyShape { rows, columns });
        }
        let samples = Self {
            values,
            labels,
            targets: Arc::default(),
            weights: Arc::default(),
            shape,
            channels: 1,
            digest: Arc::default(),
        };
        let (found, labels) = (samples.values().len(), samples.len());
        if rows
            .checked_mul(columns)
            .and_then(|features| features.checked_mul(labels))
            != Some(found)
        {
            return Err(Error::SampleValues {
                labels,
                rows,
                columns,
                found,
            });
        }
        Ok(samples)
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Features of one sample: rows times columns.
    pub fn features(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// The same as color images, whose rows are those of the first channel, then those of the next.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyShape`] if the rows are not those of so many channels.
    pub fn with_channels(self, channels: usize) -> Result<Self, Error> {
        let [rows, columns] = self.shape;
        if channels == 0 || !rows.is_multiple_of(channels) {
            return Err(Error::EmptyShape { rows: 0, columns });
        }
        Ok(Self { channels, ..self })
    }

    /// Height, width and channels of a sample as an image.
    pub fn image(&self) -> [usize; 3] {
        let [rows, columns] = self.shape;
        [rows / self.channels, columns, self.channels]
    }

    /// `[rows, columns]` of one sample.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// All features: `len x features` values, row-major.
    pub fn values(&self) -> Values<'_> {
        match &self.values {
            Stored::Bytes(bytes) => Values::Bytes(bytes),
            Stored::Numbers(numbers) => Values::Numbers(numbers),
        }
    }

    /// All features, if they are bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.values().bytes()
    }

    /// The features of one sample.
    ///
    /// # Panics
    ///
    /// Like indexing a slice, if `index` is not below [`len`](Self::len).
    pub fn sample(&self, index: usize) -> Values<'_> {
        let (start, features) = (index * self.features(), self.features());
        match self.values() {
            Values::Bytes(bytes) => Values::Bytes(&bytes[start..][..features]),
            Values::Numbers(numbers) => Values::Numbers(&numbers[start..][..features]),
        }
    }

    /// One label per sample.
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
            return Err(Error::IndexOutOfRange {
                index,
                len: self.len(),
            });
        }
        let values = match self.values() {
            Values::Bytes(bytes) => Stored::Bytes(chosen(bytes, self.features(), indices)),
            Values::Numbers(numbers) => Stored::Numbers(chosen(numbers, self.features(), indices)),
        };
        let labels: Vec<u8> = indices.iter().map(|&index| self.labels[index]).collect();
        let sides = |numbers: &[f32], width: usize| -> Arc<[f32]> {
            let rows = indices
                .iter()
                .map(|index| &numbers[index * width..][..width]);
            rows.flatten().copied().collect()
        };
        Ok(Self {
            values,
            labels: labels.into(),
            targets: self
                .targets()
                .map_or_else(Arc::default, |(numbers, width)| sides(numbers, width)),
            weights: self
                .weights()
                .map_or_else(Arc::default, |weights| sides(weights, 1)),
            shape: self.shape,
            channels: self.channels,
            digest: Arc::default(),
        })
    }

    /// The same images with dark and light exchanged; the same numbers.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let values = match self.values() {
            Values::Bytes(bytes) => {
                let inverted: Vec<u8> = bytes.iter().map(|byte| 255 - byte).collect();
                Stored::Bytes(Shared::from(inverted))
            }
            Values::Numbers(_) => self.values.clone(),
        };
        Self {
            values,
            digest: Arc::default(),
            ..self.clone()
        }
    }

    /// The same samples with other labels, one for each.
    pub(crate) fn relabelled(self, labels: Vec<u8>) -> Self {
        debug_assert_eq!(labels.len(), self.len(), "one label a sample");
        Self {
            labels: labels.into(),
            digest: Arc::default(),
            ..self
        }
    }

    /// SHA-256 over the text `{len} {rows} {columns}\n`, then all feature bytes, then all labels.
    ///
    /// The text in front keeps two sets apart that hold the same bytes in another shape. For
    /// numbers it is `{len} {rows} {columns} f32\n`, and each number is four little-endian bytes.
    /// Behind the labels stand targets that are numbers, as `targets {count}\n` and such bytes, and
    /// weights, as `weights {count}\n` and such bytes, where there are any.
    pub fn sha256(&self) -> String {
        let digest = self.digest.get_or_init(|| {
            let [rows, columns] = self.shape;
            let mut digest = Sha256::new();
            digest.update(format!("{} {rows} {columns}", self.len()));
            match self.values() {
                Values::Bytes(bytes) => {
                    digest.update("\n");
                    digest.update(bytes);
                }
                Values::Numbers(numbers) => {
                    digest.update(" f32\n");
                    for number in numbers {
                        digest.update(number.to_le_bytes());
                    }
                }
            }
            digest.update(&self.labels);
            for (name, numbers) in [("targets", &self.targets), ("weights", &self.weights)] {
                if !numbers.is_empty() {
                    digest.update(format!("{name} {}\n", numbers.len()));
                    (numbers.iter()).for_each(|number| digest.update(number.to_le_bytes()));
                }
            }
            hex(&digest.finalize())
        });
        digest.clone()
    }
}

fn chosen<T: Copy>(values: &[T], features: usize, indices: &[usize]) -> Shared<T> {
    let mut selected = Vec::with_capacity(indices.len() * features);
    for &index in indices {
        selected.extend_from_slice(&values[index * features..][..features]);
    }
    selected.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Samples {
        Samples::new([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [0, 1, 2], [2, 2]).unwrap()
    }

    #[test]
    fn a_sample_is_its_own_values_and_label() {
        let samples = three();
        assert_eq!(
            (samples.len(), samples.features(), samples.shape()),
            (3, 4, [2, 2])
        );
        assert_eq!(samples.sample(2), Values::Bytes(&[9, 10, 11, 12]));
        assert_eq!(samples.labels(), [0, 1, 2]);
        assert!(!samples.is_empty());
        let numbers = Samples::of_numbers([0.5, -1.0, 2.0, 3.5], [1, 0], [1, 2]).unwrap();
        assert_eq!(
            (numbers.sample(1), numbers.bytes()),
            (Values::Numbers(&[2.0, 3.5]), None)
        );
    }

    #[test]
    fn counts_that_do_not_match_are_refused_with_both_numbers() {
        let text = Samples::new([0; 11], [0, 1, 2], [2, 2])
            .unwrap_err()
            .to_string();
        assert_eq!(
            text,
            "samples have 11 values, expected 3 labels x 2 x 2 = 12"
        );
        let text = Samples::new([0; 0], [0, 1], [usize::MAX, 2])
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("expected 2 labels x 18446744073709551615 x 2"),
            "{text}"
        );
        assert!(matches!(
            Samples::new([], [], [0, 2]),
            Err(Error::EmptyShape {
                rows: 0,
                columns: 2
            })
        ));
        let text = Samples::of_numbers([0.0; 3], [0, 1], [1, 2])
            .unwrap_err()
            .to_string();
        assert_eq!(text, "samples have 3 values, expected 2 labels x 1 x 2 = 4");
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_with_their_place() {
        for (number, text) in [
            (f32::NAN, "NaN"),
            (f32::INFINITY, "inf"),
            (f32::NEG_INFINITY, "-inf"),
        ] {
            let error = Samples::of_numbers([0.0, 1.0, number], [0], [1, 3]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("value 2 is {text}, expected a finite number")
            );
        }
    }

    #[test]
    fn selecting_keeps_order_and_repeats() {
        let chosen = three().select(&[2, 0, 2]).unwrap();
        assert_eq!(
            chosen.values(),
            Values::Bytes(&[9, 10, 11, 12, 1, 2, 3, 4, 9, 10, 11, 12])
        );
        assert_eq!(chosen.labels(), [2, 0, 2]);
        assert!(three().select(&[]).unwrap().is_empty());
        let numbers = Samples::of_numbers([0.5, 1.5], [3, 4], [1, 1])
            .unwrap()
            .select(&[1, 1, 0])
            .unwrap();
        assert_eq!(
            (numbers.values(), numbers.labels()),
            (Values::Numbers(&[1.5, 1.5, 0.5]), &[4, 4, 3][..])
        );
    }

    #[test]
    fn selecting_beyond_the_end_is_refused() {
        let text = three().select(&[1, 3]).unwrap_err().to_string();
        assert_eq!(text, "sample index is 3, expected below 3");
    }

    #[test]
    fn digest_covers_shape_values_and_labels() {
        let base = Samples::new([1, 2, 3, 4], [0, 1], [1, 2]).unwrap();
        // printf '2 1 2\n\001\002\003\004\000\001' | sha256sum
        assert_eq!(
            base.sha256(),
            "94e3fb35e006ceb9ddbfb2dd9f50d12eea4919fa26cf3ef9043db68bc00b83df"
        );
        let others = [
            Samples::new([1, 2, 3, 4], [0, 1], [2, 1]).unwrap(),
            Samples::new([1, 2, 3, 5], [0, 1], [1, 2]).unwrap(),
            Samples::new([1, 2, 3, 4], [1, 1], [1, 2]).unwrap(),
        ];
        assert!(others.iter().all(|other| other.sha256() != base.sha256()));
        // printf '1 1 2 f32\n\000\000\200\077\000\000\000\300\005' | sha256sum
        let numbers = Samples::of_numbers([1.0, -2.0], [5], [1, 2]).unwrap();
        assert_eq!(
            numbers.sha256(),
            "c1890f19410a55976507308d1d309875345359a8611d01e4e0d52e5082bb4896"
        );
    }
}
