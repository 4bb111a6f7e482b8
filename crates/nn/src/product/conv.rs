//! Products of a convolution: of the patches of padded inputs with weights, and with error signals.
//!
//! ```text
//! forward    z_nyxu = sum_k patch_nyxk w_uk           k: kernel row, kernel column, channel
//! gradient   G_uk   = sum_nyx e_nyxu patch_nyxk
//! ```
//!
//! No patch is ever laid out: a kernel row of a patch is a stretch of `kernel x channels` numbers of
//! the padded input, and neighbouring patches overlap. The way back to the inputs is a forward
//! product too, see [`Patches::of_errors`].
#![allow(
    unsafe_code,
    reason = "a kernel file: `gemm` takes raw pointers, since patches overlap"
)]

#[cfg(target_arch = "x86_64")]
use crate::product::conv_avx512;
#[cfg(target_arch = "x86_64")]
use crate::simd::avx512;
use crate::{Real, Threads};

/// Parts of a batch whose gradients are summed apart, so that the order of every sum is the same at
/// any number of threads.
pub(crate) const PARTS: usize = 16;

/// The patches of inputs `[samples, height, width, channels]`, to which the padding belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patches {
    /// Height and width of the padded input.
    pub(crate) input: [usize; 2],
    pub(crate) channels: usize,
    /// Edge of a patch.
    pub(crate) kernel: usize,
    /// Places from a patch to the next.
    pub(crate) stride: usize,
}

impl Patches {
    /// Patches of a column, and of a row.
    pub(crate) fn output(&self) -> [usize; 2] {
        self.input
            .map(|edge| (edge - self.kernel) / self.stride + 1)
    }

    /// Patches of a sample.
    pub(crate) fn places(&self) -> usize {
        let [height, width] = self.output();
        height * width
    }

    /// Numbers of a padded input.
    pub(crate) fn sample(&self) -> usize {
        self.input[0] * self.input[1] * self.channels
    }

    /// Numbers from a row of the padded input to the next.
    pub(crate) fn row(&self) -> usize {
        self.input[1] * self.channels
    }

    /// Numbers of a kernel row.
    pub(crate) fn stretch(&self) -> usize {
        self.kernel * self.channels
    }

    /// Numbers of a patch.
    pub(crate) fn terms(&self) -> usize {
        self.kernel * self.stretch()
    }

    /// The patches of error signals of so many units that meet the turned weights
    /// ([`turned`]) on the way back to inputs of this height and width (without padding):
    ///
    /// ```text
    /// dL/dx_yxc = sum_(k l u) e_((y + p - k)/s, (x + p - l)/s, u) w_uklc
    /// ```
    pub(crate) fn of_errors(&self, units: usize, [height, width]: [usize; 2]) -> Self {
        Self {
            input: [height, width].map(|edge| edge + self.kernel - 1),
            channels: units,
            kernel: self.kernel,
            stride: 1,
        }
    }
}

/// Numbers of a buffer for the weights of so many units as the products read them.
pub(crate) fn packed(patches: &Patches, units: usize) -> usize {
    patches.terms() * units.next_multiple_of(16)
}

/// Lays weights `[units, terms]` out for [`forward`].
pub(crate) fn pack<S: Real>(patches: &Patches, weight: &[S], packed: &mut [S]) {
    #[cfg(target_arch = "x86_64")]
    if avx512::is_available()
        && let (Some(weight), Some(packed)) = (S::single(weight), S::single_mut(packed))
    {
        return conv_avx512::pack(patches.terms(), weight, packed);
    }
    // The products of the `gemm` crate read them as they are.
    debug_assert!(weight.len().is_multiple_of(patches.terms()));
    packed[..weight.len()].copy_from_slice(weight);
}

/// Weights `[units, kernel, kernel, channels]` turned for the way back, `[channels, kernel, kernel,
/// units]` with both edges of the kernel reversed.
pub(crate) fn turned<S: Real>(patches: &Patches, weight: &[S], turned: &mut [S]) {
    let (channels, area) = (patches.channels, patches.kernel * patches.kernel);
    let units = weight.len() / patches.terms();
    for (channel, target) in turned.chunks_exact_mut(area * units).enumerate() {
        for (place, target) in target.chunks_exact_mut(units).enumerate() {
            let source = (area - 1 - place) * channels + channel;
            for (unit, number) in target.iter_mut().enumerate() {
                *number = weight[unit * patches.terms() + source];
            }
        }
    }
}

/// Whether [`scatter`] is the faster way back.
pub(crate) fn scatters<S: Real>(patches: &Patches) -> bool {
    #[cfg(target_arch = "x86_64")]
    return avx512::is_available()
        && S::single(&[]).is_some()
        && patches.channels <= conv_avx512::FEW_CHANNELS;
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = patches;
        false
    }
}

/// Derivatives at padded inputs from error signals `[samples, places, units]` and weights `[units,
/// terms]`, where [`scatters`] says so; `packed` has room for the weights as the products read
/// them.
pub(crate) fn scatter<S: Real>(
    threads: &Threads,
    patches: &Patches,
    (error, weight): (&[S], &[S]),
    packed: &mut [S],
    sums: &mut [S],
) {
    let units = weight.len() / patches.terms();
    #[cfg(target_arch = "x86_64")]
    if let (Some(weight), Some(packed)) = (S::single(weight), S::single_mut(packed)) {
        conv_avx512::pack_terms(patches.terms(), weight, packed);
    }
    let packed = &*packed;
    threads.pieces(sums, patches.sample(), |first, sums| {
        #[cfg(target_arch = "x86_64")]
        if let (Some(error), Some(packed), Some(sums)) = (
            S::single(&error[first * patches.places() * units..]),
            S::single(packed),
            S::single_mut(sums),
        ) {
            conv_avx512::scatter(patches, (error, packed), units, sums);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (first, sums, packed, error, units);
    });
}

/// Pre-activations `[samples, places, units]` of padded inputs, weights that were packed, and
/// biases, if there are any.
pub(crate) fn forward<S: Real>(
    threads: &Threads,
    patches: &Patches,
    (input, packed): (&[S], &[S]),
    (units, bias): (usize, Option<&[S]>),
    output: &mut [S],
) {
    let sample = patches.places() * units;
    assert!(
        input.len() * sample == output.len() * patches.sample()
            && output.len().is_multiple_of(sample),
        "as many samples in as out"
    );
    threads.pieces(output, sample, |first, output| {
        let input = &input[first * patches.sample()..];
        #[cfg(target_arch = "x86_64")]
        if avx512::is_available()
            && let (Some(input), Some(packed), Some(output)) =
                (S::single(input), S::single(packed), S::single_mut(output))
        {
            let bias = bias.and_then(S::single);
            return conv_avx512::forward(patches, (input, packed), (units, bias), output);
        }
        match bias {
            Some(bias) => {
                (output.chunks_exact_mut(units)).for_each(|row| row.copy_from_slice(bias));
            }
            None => output.fill(S::ZERO),
        }
        forward_of_rows(patches, (input, packed), units, output);
    });
}

/// Adds a product for each row of the output and of the kernel.
fn forward_of_rows<S: Real>(
    patches: &Patches,
    (input, weight): (&[S], &[S]),
    units: usize,
    output: &mut [S],
) {
    let ([height, width], stretch) = (patches.output(), patches.stretch());
    for (line, output) in output.chunks_exact_mut(width * units).enumerate() {
        for row in 0..patches.kernel {
            let top = line / height * patches.sample()
                + (line % height * patches.stride + row) * patches.row();
            multiply(
                [width, stretch, units],
                (&input[top..], [patches.stride * patches.channels, 1]),
                (&weight[row * stretch..], [1, patches.terms()]),
                (output, units),
            );
        }
    }
}

/// Numbers of a buffer for the sums of a batch's parts.
pub(crate) fn partial_sums(patches: &Patches, units: usize, samples: usize) -> usize {
    patches.terms() * units * PARTS.min(samples)
}

/// Gradients of weights `[units, terms]` from padded inputs and error signals `[samples, places,
/// units]`.
pub(crate) fn gradient<S: Real>(
    threads: &Threads,
    patches: &Patches,
    (input, error): (&[S], &[S]),
    partial: &mut [S],
    gradient: &mut [S],
) {
    let samples = input.len() / patches.sample();
    let parts = PARTS.min(samples);
    let from = |part: usize| part * samples / parts;
    let numbers = error.len() / samples;
    let partial = &mut partial[..parts * gradient.len()];
    threads.each_row(partial, gradient.len(), |part, sums| {
        let (input, error) = (
            &input[from(part) * patches.sample()..from(part + 1) * patches.sample()],
            &error[from(part) * numbers..from(part + 1) * numbers],
        );
        sums.fill(S::ZERO);
        #[cfg(target_arch = "x86_64")]
        if avx512::is_available()
            && let (Some(input), Some(error), Some(sums)) =
                (S::single(input), S::single(error), S::single_mut(sums))
        {
            return conv_avx512::add_gradient(patches, (input, error), sums);
        }
        add_gradient_of_rows(patches, (input, error), sums);
    });
    let partial = &*partial;
    threads.pieces(gradient, 1, |first, sums| {
        let length = partial.len() / parts;
        sums.copy_from_slice(&partial[first..][..sums.len()]);
        for part in 1..parts {
            let others = &partial[part * length + first..][..sums.len()];
            pulp::Arch::new().dispatch(|| {
                (sums.iter_mut().zip(others)).for_each(|(sum, other)| *sum += *other);
            });
        }
    });
}

/// Adds gradients by a product for each row of the output and of the kernel.
fn add_gradient_of_rows<S: Real>(patches: &Patches, (input, error): (&[S], &[S]), sums: &mut [S]) {
    let ([height, width], stretch) = (patches.output(), patches.stretch());
    let units = sums.len() / patches.terms();
    for (line, error) in error.chunks_exact(width * units).enumerate() {
        for row in 0..patches.kernel {
            let top = line / height * patches.sample()
                + (line % height * patches.stride + row) * patches.row();
            multiply(
                [units, width, stretch],
                (error, [1, units]),
                (&input[top..], [patches.stride * patches.channels, 1]),
                (&mut sums[row * stretch..], patches.terms()),
            );
        }
    }
}

/// `result[m, n] += left[m, k] * right[k, n]` of matrices with any distances from row to row and
/// from column to column; those of a row of the result are 1 apart.
fn multiply<S: Real>(
    [m, k, n]: [usize; 3],
    (left, left_strides): (&[S], [usize; 2]),
    (right, right_strides): (&[S], [usize; 2]),
    (result, stride): (&mut [S], usize),
) {
    let last = |[rows, columns]: [usize; 2], strides: [usize; 2]| {
        (rows - 1) * strides[0] + (columns - 1) * strides[1]
    };
    assert!(
        m * k * n > 0
            && last([m, k], left_strides) < left.len()
            && last([k, n], right_strides) < right.len()
            && last([m, n], [stride, 1]) < result.len()
            && n <= stride,
        "slices do not have the shape of the product"
    );
    let [left_strides, right_strides] =
        [left_strides, right_strides].map(|strides| strides.map(usize::cast_signed));
    // SAFETY: the last number of each matrix lies in its slice, and `result` is borrowed mutably.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            result.as_mut_ptr(),
            1,
            stride.cast_signed(),
            true,
            left.as_ptr(),
            left_strides[1],
            left_strides[0],
            right.as_ptr(),
            right_strides[1],
            right_strides[0],
            S::ONE,
            S::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use spinet_rules::{Purpose, Stream};

    use super::*;

    /// Patches with every remainder, and of many terms.
    const CASES: [(Patches, usize); 7] = [
        (patches([5, 6], 1, 3, 1), 6),
        (patches([9, 7], 3, 5, 2), 17),
        (patches([12, 12], 6, 5, 1), 16),
        (patches([3, 3], 2, 3, 1), 1),
        (patches([6, 8], 100, 3, 1), 50),
        (patches([4, 4], 64, 1, 1), 70),
        (patches([7, 7], 300, 2, 3), 5),
    ];

    const fn patches(input: [usize; 2], channels: usize, kernel: usize, stride: usize) -> Patches {
        Patches {
            input,
            channels,
            kernel,
            stride,
        }
    }

    fn numbers(count: usize, seed: u64) -> Vec<f64> {
        let mut stream = Stream::new(seed, Purpose::Noise, 0);
        (0..count).map(|_| stream.normal()).collect()
    }

    /// Calls `see` with the output, the weight and the input of every product of the definition.
    fn each_term(patches: &Patches, units: usize, samples: usize, mut see: impl FnMut([usize; 3])) {
        let [height, width] = patches.output();
        let (stride, kernel, channels) = (patches.stride, patches.kernel, patches.channels);
        for place in 0..samples * height * width {
            let (sample, y, x) = (
                place / (height * width),
                place / width % height,
                place % width,
            );
            for unit in 0..units {
                for term in 0..patches.terms() {
                    let (row, column, channel) = (
                        term / channels / kernel,
                        term / channels % kernel,
                        term % channels,
                    );
                    let at = (y * stride + row) * patches.input[1] + x * stride + column;
                    see([
                        place * units + unit,
                        unit * patches.terms() + term,
                        sample * patches.sample() + at * channels + channel,
                    ]);
                }
            }
        }
    }

    fn as_single(numbers: &[f64]) -> Vec<f32> {
        numbers.iter().map(|number| *number as f32).collect()
    }

    fn assert_close<S: Real>(found: &[S], expected: &[f64], tolerance: f64, of: &str) {
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found.to_f64() - expected).abs() < tolerance,
                "{of}: {found:?} instead of {expected}"
            );
        }
    }

    fn of_forward<S: Real>(
        threads: usize,
        (patches, units): (Patches, usize),
        samples: usize,
        [input, weight]: [&[S]; 2],
    ) -> Vec<S> {
        let mut laid_out = vec![S::ZERO; packed(&patches, units)];
        let mut output = vec![S::from_f64(f64::NAN); samples * patches.places() * units];
        pack(&patches, weight, &mut laid_out);
        let threads = Threads::new(threads).unwrap();
        let bias: Vec<S> = (0..units).map(|unit| S::from_f64(unit as f64)).collect();
        let factors = (input, &*laid_out);
        forward(
            &threads,
            &patches,
            factors,
            (units, Some(&bias)),
            &mut output,
        );
        output
    }

    fn of_gradient<S: Real>(
        threads: usize,
        (patches, units): (Patches, usize),
        samples: usize,
        [input, error]: [&[S]; 2],
    ) -> Vec<S> {
        let mut partial = vec![S::ZERO; partial_sums(&patches, units, samples)];
        let mut sums = vec![S::from_f64(f64::NAN); units * patches.terms()];
        let threads = Threads::new(threads).unwrap();
        gradient(&threads, &patches, (input, error), &mut partial, &mut sums);
        sums
    }

    #[test]
    fn products_agree_with_the_definition_and_have_the_same_bits_at_any_number_of_threads() {
        for (case, samples) in CASES.into_iter().zip([3, 20, 64, 1, 18, 5, 33]) {
            let (patches, units) = case;
            let of = format!("{case:?}, {samples} samples");
            let input = numbers(samples * patches.sample(), 1);
            let weight = numbers(units * patches.terms(), 2);
            let error = numbers(samples * patches.places() * units, 3);
            let mut output: Vec<_> = (0..error.len()).map(|z| (z % units) as f64).collect();
            let mut sums = vec![0.0; weight.len()];
            each_term(&patches, units, samples, |[z, w, x]| {
                output[z] += weight[w] * input[x];
                sums[w] += error[z] * input[x];
            });
            let found = of_forward::<f64>(1, case, samples, [&input, &weight]);
            assert_close(&found, &output, 1e-11, &of);
            let found = of_gradient::<f64>(1, case, samples, [&input, &error]);
            assert_close(&found, &sums, 1e-11, &of);
            let [input, weight, error] = [input, weight, error].map(|all| as_single(&all));
            let found = of_forward::<f32>(1, case, samples, [&input, &weight]);
            assert_close(&found, &output, 1e-3, &of);
            let sums_found = of_gradient::<f32>(1, case, samples, [&input, &error]);
            assert_close(&sums_found, &sums, 2e-3, &of);
            for threads in [2, 3, 8] {
                assert_eq!(
                    of_forward(threads, case, samples, [&input, &weight]),
                    found,
                    "{of}"
                );
                assert_eq!(
                    of_gradient(threads, case, samples, [&input, &error]),
                    sums_found,
                    "{of}"
                );
            }
        }
    }
}
