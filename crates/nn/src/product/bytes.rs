//! What a layer is given, numbers or pixels, and the products of a layer whose inputs are pixels.
//!
//! Pixels stay bytes. The class `exact` multiplies them as integers; the class `f32` widens them to
//! `byte / 255` first. Standardized pixels are the same products with their constants folded in,
//! see `standardizer`.

use crate::product::exact::{Exact, MOST_TERMS};
#[cfg(target_arch = "x86_64")]
use crate::product::sparse::{Encoding, Sparse};
use crate::product::{Layout, product};
use crate::standardizer::Folded;
use crate::{Kernel, Pixels, Real, Threads};

/// What a layer is given.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a, S> {
    /// `[samples, features]`, row-major.
    Numbers(&'a [S]),
    /// Bytes that stand for `byte / 255`.
    Pixels(Pixels<'a>),
}

impl<S> Inputs<'_, S> {
    /// Numbers in all: samples times features.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Pixels(pixels) => pixels.len() * pixels.features,
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Samples from which on leaving zeros out pays, whose weights and gradients are turned over for
/// every batch.
#[cfg(target_arch = "x86_64")]
const FEWEST_SPARSE: usize = 32;

/// Products of a layer with pixels, and their buffers; nothing is allocated before the first pixels
/// come.
#[derive(Clone, Debug)]
pub(crate) struct ByteProducts<S> {
    /// Resolved.
    pub(crate) kernel: Kernel,
    most: usize,
    /// Constants of standardized pixels, with what they make of a batch.
    pub(crate) folded: Option<Folded<S>>,
    exact: Option<Exact>,
    widened: Vec<S>,
    /// Products that leave zeros out, from bytes.
    #[cfg(target_arch = "x86_64")]
    sparse: Sparse,
    /// Whether the last batch has enough of them; it is not widened then.
    is_sparse: bool,
    /// Samples in `widened`, if the last batch was widened.
    used: Option<usize>,
    /// The largest magnitude of the weights that were split for this batch, and of the gradient, as
    /// far as the exact products tell.
    pub(crate) largest_weight: Option<f32>,
    pub(crate) largest_gradient: Option<f32>,
}

impl<S: Real> ByteProducts<S> {
    pub(crate) fn new(kernel: Kernel, most: usize) -> Self {
        Self {
            kernel,
            most,
            folded: None,
            exact: None,
            widened: Vec::new(),
            #[cfg(target_arch = "x86_64")]
            sparse: Sparse::default(),
            is_sparse: false,
            used: None,
            largest_weight: None,
            largest_gradient: None,
        }
    }

    /// Forgets the last batch.
    pub(crate) fn clear(&mut self) {
        self.used = None;
        self.is_sparse = false;
        (self.largest_weight, self.largest_gradient) = (None, None);
    }

    /// Takes a batch for a layer of so many units: gathers its pixels, as bytes or as numbers.
    pub(crate) fn take(&mut self, threads: &Threads, pixels: &Pixels<'_>, units: usize) {
        let features = pixels.features;
        self.clear();
        if let Some(folded) = &mut self.folded {
            folded.take(pixels, self.most);
        }
        let allows_exact = self.folded.as_ref().is_none_or(Folded::allows_exact);
        let is_exact = allows_exact
            && self.kernel != Kernel::F32
            && S::single(&[]).is_some()
            && features.max(self.most) <= MOST_TERMS;
        if is_exact {
            let new = || Exact::new(self.kernel, self.most, features, units);
            self.exact.get_or_insert_with(new).gather(threads, pixels);
            return;
        }
        let folded = self.folded.as_ref();
        #[cfg(target_arch = "x86_64")]
        if S::single(&[]).is_some() && pixels.len() >= FEWEST_SPARSE {
            let centres = || {
                folded
                    .and_then(Folded::centres)
                    .map(|centres| Encoding::new(centres, 1.0))
            };
            let encoding =
                || centres().unwrap_or_else(|| Encoding::new(vec![0.0; features], 1.0 / 255.0));
            self.is_sparse = self.sparse.take(pixels, encoding);
        }
        if self.is_sparse {
            return;
        }
        self.widened.resize(self.most * features, S::ZERO);
        self.used = Some(pixels.len() * features);
        threads.pieces(
            &mut self.widened[..pixels.len() * features],
            features,
            |first, rows| {
                for (index, numbers) in rows.chunks_exact_mut(features).enumerate() {
                    let pixels = pixels.row(first + index);
                    if !pulp::Arch::new()
                        .dispatch(|| folded.is_some_and(|folded| folded.centred(pixels, numbers)))
                    {
                        pulp::Arch::new().dispatch(|| widen(pixels, numbers));
                    }
                }
            },
        );
    }

    /// Prepares weights for any number of calls of [`forward`](Self::forward) with pixels.
    pub(crate) fn split(&mut self, threads: &Threads, weight: &[S], features: usize) {
        if let Some(folded) = &mut self.folded {
            folded.split(threads, weight, features);
        }
        if let (Some(exact), Some(weight)) = (&mut self.exact, S::single(weight)) {
            self.largest_weight = Some(exact.split(weight, features));
        }
    }

    /// Pre-activations without biases, `[samples, units]`, for the batch that was taken and the
    /// weights that were split.
    pub(crate) fn forward(
        &mut self,
        threads: &Threads,
        features: usize,
        weight: &[S],
        outputs: &mut [S],
    ) {
        let units = weight.len() / features;
        let folded = self.folded.as_ref();
        let weight = folded.map_or(weight, |folded| folded.weight(weight));
        let numbers = self.used.map(|used| &self.widened[..used]);
        match (numbers, &self.exact, S::single_mut(outputs)) {
            #[cfg(target_arch = "x86_64")]
            (None, _, Some(outputs)) if self.is_sparse => {
                self.sparse
                    .forward(threads, S::single(weight).unwrap_or_default(), outputs);
            }
            (None, Some(exact), Some(outputs)) => exact.forward(threads, outputs),
            (numbers, ..) => {
                let shape = [outputs.len() / units, features, units];
                product(
                    threads,
                    shape,
                    (numbers.unwrap_or_default(), Layout::Plain),
                    (weight, Layout::Transposed),
                    outputs,
                );
            }
        }
        if let Some(folded) = folded {
            folded.forward(outputs);
        }
    }

    /// Gradients of the weights, `[units, features]`, from the error signal `[samples, units]`.
    pub(crate) fn gradient(
        &mut self,
        threads: &Threads,
        features: usize,
        error_signal: &[S],
        weight: &mut [S],
    ) {
        let units = weight.len() / features;
        let Self {
            folded,
            exact,
            widened,
            used,
            most,
            largest_gradient,
            ..
        } = self;
        let error_signal = match folded {
            Some(folded) => folded.backward(error_signal, *most),
            None => error_signal,
        };
        match (*used, exact, S::single(error_signal), S::single_mut(weight)) {
            #[cfg(target_arch = "x86_64")]
            (None, _, Some(error_signal), Some(weight)) if self.is_sparse => {
                self.sparse.gradient(threads, error_signal, weight);
            }
            (None, Some(exact), Some(error_signal), Some(weight)) => {
                *largest_gradient = Some(exact.gradient(threads, error_signal, features, weight));
            }
            (used, ..) => {
                let shape = [units, error_signal.len() / units, features];
                product(
                    threads,
                    shape,
                    (error_signal, Layout::Transposed),
                    (&widened[..used.unwrap_or_default()], Layout::Plain),
                    weight,
                );
            }
        }
        if let Some(folded) = folded {
            folded.gradient(threads, features, weight);
            *largest_gradient = None;
        }
    }

    /// Pixels as the numbers that they stand for, standardized where they are to be.
    pub(crate) fn numbers_of(&self, threads: &Threads, pixels: &Pixels<'_>, numbers: &mut [S]) {
        let features = pixels.features;
        threads.pieces(numbers, features, |first, rows| {
            for (index, numbers) in rows.chunks_exact_mut(features).enumerate() {
                let pixels = pixels.row(first + index);
                pulp::Arch::new().dispatch(|| match &self.folded {
                    Some(folded) => folded.standardized(pixels, numbers),
                    None => widen(pixels, numbers),
                });
            }
        });
    }

    /// The batch as numbers, if it was widened.
    pub(crate) fn numbers(&self) -> Option<&[S]> {
        self.used.map(|used| &self.widened[..used])
    }
}

/// Pixels `0..=255` as numbers in `[0, 1]`.
#[inline]
fn widen<S: Real>(pixels: &[u8], numbers: &mut [S]) {
    let scale = S::from_f64(1.0 / 255.0);
    for (number, pixel) in numbers.iter_mut().zip(pixels) {
        *number = S::from_byte(*pixel) * scale;
    }
}
