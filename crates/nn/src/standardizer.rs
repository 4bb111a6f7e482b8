//! Standardized pixels: the input of a network instead of `x = byte / 255`.
//!
//! ```text
//! x'_nj = (x_nj - m) / d
//! ```
//!
//! for sample `n` and pixel `j`, with mean `m` and standard deviation `d` of each pixel over the
//! training set, of each image, or of all pixels of all training samples. Bytes stay bytes: the
//! constants are folded into the products of the first layer. With bytes `b_nj`, weights `w_uj`,
//! error signals `e_nu` and a byte `c_j` near the mean of each pixel ([`centre`]):
//!
//! ```text
//! each pixel:    v_uj = w_uj / (255 d_j),   o_j = 255 m_j - c_j
//!                z_nu = sum_j v_uj (b_nj - c_j) - sum_j v_uj o_j
//!                G_uj = (sum_n e_nu (b_nj - c_j) - o_j sum_n e_nu) / (255 d_j)
//! otherwise:     z_nu = (sum_j w_uj x_nj - m_n sum_j w_uj) / d_n
//!                G_uj = sum_n (e_nu / d_n) x_nj - sum_n m_n e_nu / d_n
//! ```
//!
//! This is as accurate as products of standardized `f32` numbers (`tests/standardized.rs`), and
//! dark or bright backgrounds become zeros. The exact products are not used with constants of each
//! pixel: a pixel with one gray level in one of 60,000 samples has `1 / d` near 10,000, and the
//! digits of a unit are relative to its largest `v_uj`.

use pulp::Arch;

use crate::{Error, Pixels, Real, Threads};

/// How pixels are standardized; the constants are those of the training set. A deviation of 0 makes
/// a pixel 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Standardizer {
    /// Per-pixel constants. Products with such pixels are always of the class `f32`.
    Feature {
        /// Mean of `byte / 255`, `[features]`.
        mean: Vec<f64>,
        /// Standard deviation of `byte / 255`, `[features]`.
        deviation: Vec<f64>,
    },
    /// Mean and standard deviation per image; a constant image becomes 0.
    Image,
    /// One mean and one standard deviation for all pixels.
    Global {
        /// Mean of `byte / 255`.
        mean: f64,
        /// Standard deviation of `byte / 255`.
        deviation: f64,
    },
}

impl Standardizer {
    /// Rejects constants of another number of features than the network has.
    pub(crate) fn check(&self, features: usize) -> Result<(), Error> {
        let Self::Feature { mean, deviation } = self else {
            return Ok(());
        };
        match [("mean", mean.len()), ("deviation", deviation.len())]
            .into_iter()
            .find(|(_, found)| *found != features)
        {
            Some((what, found)) => Err(Error::LengthMismatch {
                layer: 1,
                what,
                found,
                expected: features,
            }),
            None => Ok(()),
        }
    }
}

/// 1 over a deviation, or 0.
fn inverse(deviation: f64) -> f64 {
    if deviation > 0.0 {
        1.0 / deviation
    } else {
        0.0
    }
}

/// The byte that becomes 0: black or white where the mean is within two deviations of it, so that
/// backgrounds are zeros, else the byte nearest to the mean. So no number is much larger than the
/// standardized one, and nothing cancels.
fn centre(mean: f64, deviation: f64) -> f64 {
    match [0.0, 1.0]
        .into_iter()
        .find(|end| (mean - end).abs() <= 2.0 * deviation && deviation > 0.0)
    {
        Some(end) => 255.0 * end,
        None => (255.0 * mean).round(),
    }
}

/// Constants of each pixel.
#[derive(Clone, Debug)]
struct Features<S> {
    /// `c_j`.
    centre: Vec<S>,
    /// `o_j`.
    offset: Vec<S>,
    /// `1 / (255 d_j)`.
    scale: Vec<S>,
}

/// A standardizer with what it computes for one batch.
#[derive(Clone, Debug)]
pub(crate) struct Folded<S> {
    standardizer: Standardizer,
    features: Option<Features<S>>,
    /// `[units, features]`: `v_uj`; empty unless each pixel has constants of its own.
    weight: Vec<S>,
    /// `[units]`: what a unit's pre-activations lose.
    shift: Vec<f64>,
    /// `[units]`: what a unit's gradients lose.
    sums: Vec<f64>,
    /// `[batch]`: `m_n` and `1 / d_n`; empty if each pixel has constants of its own.
    rows: Vec<[S; 2]>,
    /// `[batch, units]`: `e_nu / d_n`, likewise.
    error_signal: Vec<S>,
}

impl<S: Real> Folded<S> {
    pub(crate) fn new(standardizer: Standardizer) -> Self {
        let features = match &standardizer {
            Standardizer::Feature { mean, deviation } => {
                let pairs = || {
                    mean.iter()
                        .zip(deviation)
                        .map(|(mean, deviation)| (*mean, *deviation))
                };
                Some(Features {
                    centre: pairs()
                        .map(|(mean, deviation)| S::from_f64(centre(mean, deviation)))
                        .collect(),
                    offset: pairs()
                        .map(|(mean, deviation)| {
                            S::from_f64(255.0 * mean - centre(mean, deviation))
                        })
                        .collect(),
                    scale: pairs()
                        .map(|(_, deviation)| S::from_f64(inverse(deviation) / 255.0))
                        .collect(),
                })
            }
            Standardizer::Image | Standardizer::Global { .. } => None,
        };
        let (weight, shift, sums, rows, error_signal) = Default::default();
        Self {
            standardizer,
            features,
            weight,
            shift,
            sums,
            rows,
            error_signal,
        }
    }

    /// Whether products may be those of the class `exact`.
    pub(crate) fn allows_exact(&self) -> bool {
        self.features.is_none()
    }

    /// The byte of each pixel that becomes 0, where each has constants of its own.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn centres(&self) -> Option<Vec<f32>> {
        let features = self.features.as_ref()?;
        Some(
            features
                .centre
                .iter()
                .map(|centre| centre.to_f64() as f32)
                .collect(),
        )
    }

    /// Pixels as the numbers that meet the weights, where each has constants of its own.
    pub(crate) fn centred(&self, pixels: &[u8], numbers: &mut [S]) -> bool {
        let Some(Features { centre, .. }) = &self.features else {
            return false;
        };
        for ((number, pixel), centre) in numbers.iter_mut().zip(pixels).zip(centre) {
            *number = S::from_byte(*pixel) - *centre;
        }
        true
    }

    /// A sample's pixels as standardized numbers.
    pub(crate) fn standardized(&self, pixels: &[u8], numbers: &mut [S]) {
        let pairs = numbers.iter_mut().zip(pixels);
        let of = |pixel: u8, mean: f64, inverse: f64| {
            S::from_f64((f64::from(pixel) / 255.0 - mean) * inverse)
        };
        match &self.standardizer {
            Standardizer::Feature { mean, deviation } => {
                for ((number, pixel), (mean, deviation)) in pairs.zip(mean.iter().zip(deviation)) {
                    *number = of(*pixel, *mean, inverse(*deviation));
                }
            }
            Standardizer::Image => {
                let [mean, inverse] = constants::<f64>(pixels);
                pairs.for_each(|(number, pixel)| *number = of(*pixel, mean, inverse));
            }
            Standardizer::Global { mean, deviation } => {
                let inverse = inverse(*deviation);
                pairs.for_each(|(number, pixel)| *number = of(*pixel, *mean, inverse));
            }
        }
    }

    /// Takes a batch of at most `most` samples.
    pub(crate) fn take(&mut self, pixels: &Pixels<'_>, most: usize) {
        if self.allows_exact() {
            self.rows.reserve(most);
        }
        self.rows.clear();
        match &self.standardizer {
            Standardizer::Feature { .. } => {}
            Standardizer::Image => self.rows.extend(pixels.rows().map(constants)),
            Standardizer::Global { mean, deviation } => {
                self.rows.resize(
                    pixels.len(),
                    [S::from_f64(*mean), S::from_f64(inverse(*deviation))],
                );
            }
        }
    }

    /// Takes the weights `[units, features]` of any number of calls of [`forward`](Self::forward).
    pub(crate) fn split(&mut self, threads: &Threads, weight: &[S], features: usize) {
        self.shift.resize(weight.len() / features, 0.0);
        if let Some(Features { offset, scale, .. }) = &self.features {
            self.weight.resize(weight.len(), S::ZERO);
            threads.pieces(&mut self.weight, features, |first, rows| {
                for (row, weight) in rows
                    .chunks_exact_mut(features)
                    .zip(weight[first * features..].chunks_exact(features))
                {
                    let scaled = weight.iter().zip(scale);
                    Arch::new().dispatch(|| {
                        row.iter_mut()
                            .zip(scaled)
                            .for_each(|(v, (w, s))| *v = *w * *s);
                    });
                }
            });
            for (shift, weight) in self
                .shift
                .iter_mut()
                .zip(self.weight.chunks_exact(features))
            {
                *shift = sum_of_products(weight, offset);
            }
        } else {
            for (shift, weight) in self.shift.iter_mut().zip(weight.chunks_exact(features)) {
                *shift = sum(weight);
            }
        }
    }

    /// The weights that meet the pixels.
    pub(crate) fn weight<'a>(&'a self, weight: &'a [S]) -> &'a [S] {
        if self.allows_exact() {
            weight
        } else {
            &self.weight
        }
    }

    /// Makes pre-activations `[batch, units]` of the products.
    pub(crate) fn forward(&self, outputs: &mut [S]) {
        let units = self.shift.len();
        for (index, row) in outputs.chunks_exact_mut(units).enumerate() {
            let [mean, inverse] = self.rows.get(index).copied().unwrap_or([S::ONE; 2]);
            let (pairs, mean, inverse) = (
                row.iter_mut().zip(&self.shift),
                mean.to_f64(),
                inverse.to_f64(),
            );
            Arch::new().dispatch(move || {
                pairs.for_each(|(z, shift)| {
                    *z = S::from_f64((z.to_f64() - mean * *shift) * inverse);
                });
            });
        }
    }

    /// The error signal that meets the pixels; what the gradients of each unit lose is kept.
    pub(crate) fn backward<'a>(&'a mut self, error_signal: &'a [S], most: usize) -> &'a [S] {
        let units = self.shift.len();
        self.sums.clear();
        self.sums.resize(units, 0.0);
        if self.allows_exact() {
            self.error_signal.resize(most * units, S::ZERO);
            let rows = error_signal
                .chunks_exact(units)
                .zip(self.error_signal.chunks_exact_mut(units))
                .zip(&self.rows);
            for ((error_signal, scaled), [mean, inverse]) in rows {
                for ((sum, scaled), error) in self.sums.iter_mut().zip(scaled).zip(error_signal) {
                    *scaled = *error * *inverse;
                    *sum += mean.to_f64() * scaled.to_f64();
                }
            }
            &self.error_signal[..error_signal.len()]
        } else {
            for row in error_signal.chunks_exact(units) {
                let pairs = self.sums.iter_mut().zip(row);
                Arch::new().dispatch(|| pairs.for_each(|(sum, error)| *sum += error.to_f64()));
            }
            error_signal
        }
    }

    /// Makes gradients `[units, features]` of the products of what [`backward`](Self::backward)
    /// gave.
    pub(crate) fn gradient(&self, threads: &Threads, features: usize, grad: &mut [S]) {
        threads.pieces(grad, features, |first, rows| {
            for (row, sum) in rows.chunks_exact_mut(features).zip(&self.sums[first..]) {
                let sum = S::from_f64(*sum);
                match &self.features {
                    Some(Features { offset, scale, .. }) => {
                        let pixels = row.iter_mut().zip(offset.iter().zip(scale));
                        Arch::new().dispatch(move || {
                            pixels.for_each(|(g, (o, s))| *g = (*g - *o * sum) * *s);
                        });
                    }
                    None => row.iter_mut().for_each(|g| *g = *g - sum),
                }
            }
        });
    }
}

/// Mean and 1 over the standard deviation of an image's `byte / 255`, from exact sums of bytes.
fn constants<S: Real>(row: &[u8]) -> [S; 2] {
    let (count, sum) = (
        row.len() as f64,
        row.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
    );
    let squares = row
        .iter()
        .map(|byte| u64::from(*byte) * u64::from(*byte))
        .sum::<u64>();
    let variance =
        (u128::from(squares) * row.len() as u128 - u128::from(sum) * u128::from(sum)) as f64;
    let inverse = if variance > 0.0 {
        255.0 * count / variance.sqrt()
    } else {
        0.0
    };
    [
        S::from_f64(sum as f64 / (255.0 * count)),
        S::from_f64(inverse),
    ]
}

/// Numbers that are added side by side, so that the order of a sum is the same on every CPU.
const LANES: usize = 8;

fn sum<S: Real>(values: &[S]) -> f64 {
    let mut sums = [0.0; LANES];
    for (index, value) in values.iter().enumerate() {
        sums[index % LANES] += value.to_f64();
    }
    sums.iter().sum()
}

fn sum_of_products<S: Real>(left: &[S], right: &[S]) -> f64 {
    Arch::new().dispatch(move || {
        let mut sums = [0.0; LANES];
        for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
            for ((sum, a), b) in sums.iter_mut().zip(left).zip(right) {
                *sum += a.to_f64() * b.to_f64();
            }
        }
        sums.iter().sum()
    })
}
