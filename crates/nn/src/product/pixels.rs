//! Samples as stored in memory: one byte per feature.

/// Bytes that stand for the numbers `byte / 255`: rows of a set, all of them or those that are
/// chosen.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    /// `[samples, features]`, row-major.
    bytes: &'a [u8],
    /// The rows to take, in that order; all if there is no choice.
    chosen: Option<&'a [u32]>,
    /// Bytes of a sample.
    pub(crate) features: usize,
}

impl<'a> Pixels<'a> {
    /// All samples of `bytes`.
    ///
    /// # Panics
    ///
    /// If `bytes` is not a whole number of samples.
    pub fn all(bytes: &'a [u8], features: usize) -> Self {
        assert!(
            features > 0 && bytes.len().is_multiple_of(features),
            "the bytes are no whole number of samples"
        );
        Self {
            bytes,
            chosen: None,
            features,
        }
    }

    /// The samples of `bytes` with these numbers.
    ///
    /// # Panics
    ///
    /// If `bytes` is not a whole number of samples; when used, if a number is not below the number of
    /// samples.
    pub fn chosen(bytes: &'a [u8], features: usize, chosen: &'a [u32]) -> Self {
        Self {
            chosen: Some(chosen),
            ..Self::all(bytes, features)
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.chosen
            .map_or(self.bytes.len() / self.features, <[u32]>::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the sample at `row`.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`len`](Self::len).
    pub fn row(&self, row: usize) -> &'a [u8] {
        let index = self.chosen.map_or(row, |chosen| chosen[row] as usize);
        &self.bytes[index * self.features..][..self.features]
    }

    /// The bytes of each sample.
    pub fn rows(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let pixels = *self;
        (0..self.len()).map(move |row| pixels.row(row))
    }
}
