//! A convolution over places: every unit receives the same patch of inputs at each place, through
//! the same weights.
//!
//! ```text
//! z_yxu = sum_k sum_l sum_c W_uklc x_(y s + k - p, x s + l - p, c) + b_u        s: stride, p: padding of zeros
//! y     = f(z),  or f(batch normalization of z)                                 (LeCun et al. 1998; Ioffe and Szegedy 2015)
//!
//! x: [height, width, channels],  W: [units, kernel, kernel, channels],  b: [units]
//! y: [(height + 2 p - kernel) / s + 1, (width + 2 p - kernel) / s + 1, units]
//! ```
//!
//! With batch normalization the shift takes the place of the bias.

use std::sync::Arc;

use spinet_rules::{ParamRole, Parameter, Plan, Resolved, WeightedLayer};

use crate::layer::{Flow, Layer, LayerArrays, Step};
use crate::layers::batch_norm::{self, BatchNorm};
use crate::layers::registry::{Below, LayerEntry, Make};
use crate::layers::unit_sums;
use crate::phase::Phase;
use crate::product::conv::{self, Patches};
use crate::{Activation, Error, Inputs, Operation, Real, Threads};

pub(crate) const ENTRY: LayerEntry = LayerEntry {
    name: "conv2d",
    summary: "convolution over an image, with or without batch normalization",
    reference: "LeCun et al. 1998",
    shapes: "[height, width, channels] -> [(height + 2 padding - kernel) / stride + 1, likewise, units]; weight [units, kernel x kernel x channels]; bias, or scale and shift, [units]",
    parameters: &[
        Parameter::count("channels", 16, [1, 1_000_000], "output channels"),
        Parameter::count("kernel", 3, [1, 1000], "edge of the kernel, in places"),
        Parameter::count(
            "stride",
            1,
            [1, 1000],
            "places from an output place to the next",
        ),
        Parameter::count(
            "padding",
            0,
            [0, 999],
            "zeros around the image on each side, fewer than the kernel's edge",
        ),
        Parameter::choice(
            "norm",
            "none",
            &["none", "batch"],
            "normalization before the activation function",
        ),
        Activation::option(Activation::Relu),
    ],
    has_weights: true,
    short: |options| format!("{}c{}", options.count("channels"), options.count("kernel")),
    make: Make {
        single: make::<f32>,
        double: make::<f64>,
    },
};

fn make<S: Real>(
    options: &Resolved<LayerEntry>,
    below: &Below<'_>,
) -> Result<Arc<dyn Layer<S>>, Error> {
    let count = |name: &str| options.count(name) as usize;
    let (input, kernel, padding) = (below.flow(), count("kernel"), count("padding"));
    if padding >= kernel {
        return Err(below.misfit(
            ENTRY.name,
            format!("`padding` below `kernel`, {kernel}"),
            format!("padding = {padding}"),
        ));
    }
    let least = kernel.saturating_sub(2 * padding).max(1);
    if input.height < least || input.width < least {
        return Err(below.misfit(
            ENTRY.name,
            format!("a plane of at least {least} x {least} places"),
            input.to_string(),
        ));
    }
    Ok(Arc::new(Conv2d {
        input,
        units: count("channels"),
        padding,
        patches: Patches {
            input: [input.height + 2 * padding, input.width + 2 * padding],
            channels: input.units,
            kernel,
            stride: count("stride"),
        },
        has_norm: options.choice("norm") == "batch",
        has_bias: below.has_bias,
        activation: Activation::of(options),
        is_first: below.outputs.is_empty(),
    }))
}

/// A convolution; its weights `[units, kernel, kernel, channels]` and its numbers per unit are
/// arrays of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Conv2d {
    input: Flow,
    units: usize,
    padding: usize,
    patches: Patches,
    has_norm: bool,
    has_bias: bool,
    activation: Activation,
    /// Whether its input is that of the network.
    is_first: bool,
}

/// Its arrays, in the order in which it declares them: with normalization or without.
const WEIGHT: usize = 0;
const BIAS: usize = 1;
const SCALE: usize = 1;
const SHIFT: usize = 2;
const MEAN: usize = 3;
const VARIANCE: usize = 4;

/// The parts of its buffer.
struct Buffer<'a, S> {
    /// The input with its padding, `[samples, height, width, channels]`.
    padded: &'a mut [S],
    /// Weights as the products read them.
    packed: &'a mut [S],
    /// That of batch normalization, or room for sums over the rows.
    norm: &'a mut [S],
    /// Pixels as numbers; the error signals as inputs of the way back; sums of a batch's parts.
    scratch: &'a mut [S],
    /// The weights turned for the way back, and as the products read them then.
    turned: &'a mut [S],
    turned_packed: &'a mut [S],
}

impl Conv2d {
    /// The patches of error signals on the way back.
    fn back(&self) -> Patches {
        let Flow { height, width, .. } = self.input;
        self.patches.of_errors(self.units, [height, width])
    }

    /// Whether the products read the input as it is.
    fn is_plain(&self) -> bool {
        self.padding == 0 && !self.is_first
    }

    /// The lengths of the parts of its buffer.
    fn lengths(&self, samples: usize, is_training: bool) -> [usize; 6] {
        let padded = if self.is_plain() {
            0
        } else {
            samples * self.patches.sample()
        };
        let norm = if self.has_norm {
            let rows = samples * self.patches.places();
            batch_norm::buffer(rows, self.units, is_training)
        } else {
            unit_sums::PARTS * self.units
        };
        let packed = conv::packed(&self.patches, self.units);
        let mut scratch = if self.is_first {
            samples * self.input.len()
        } else {
            0
        };
        if !is_training {
            return [padded, packed, norm, scratch, 0, 0];
        }
        scratch = scratch.max(conv::partial_sums(&self.patches, self.units, samples));
        if self.is_first {
            return [padded, packed, norm, scratch, 0, 0];
        }
        let back = self.back();
        scratch = scratch.max(samples * back.sample().max(self.patches.sample()));
        let weights = self.units * self.patches.terms();
        let turned = conv::packed(&back, self.patches.channels)
            .max(self.units * self.patches.terms().next_multiple_of(16));
        [padded, packed, norm, scratch, weights, turned]
    }

    fn split<'a, S>(
        &self,
        buffer: &'a mut [S],
        samples: usize,
        is_training: bool,
    ) -> Buffer<'a, S> {
        let mut rest = buffer;
        let mut next = |length: usize| {
            let (part, others) = std::mem::take(&mut rest).split_at_mut(length);
            rest = others;
            part
        };
        let [padded, packed, norm, scratch, turned, turned_packed] =
            self.lengths(samples, is_training).map(&mut next);
        Buffer {
            padded,
            packed,
            norm,
            scratch,
            turned,
            turned_packed,
        }
    }

    /// Lays inputs out with their padding.
    fn pad<S: Real>(&self, threads: &Threads, input: &[S], padded: &mut [S]) {
        let (length, [row, column, channel]) = (self.input.len(), self.input.strides());
        let (channels, of_row) = (self.input.units, self.patches.row());
        threads.pieces(padded, self.patches.sample(), |first, samples| {
            samples.fill(S::ZERO);
            let input = input[first * length..].chunks_exact(length);
            for (sample, input) in samples.chunks_exact_mut(self.patches.sample()).zip(input) {
                for y in 0..self.input.height {
                    let start = (y + self.padding) * of_row + self.padding * channels;
                    let target = &mut sample[start..][..self.input.width * channels];
                    let source = &input[y * row..];
                    if !self.input.is_planar {
                        target.copy_from_slice(&source[..target.len()]);
                        continue;
                    }
                    for (x, target) in target.chunks_exact_mut(channels).enumerate() {
                        for (c, number) in target.iter_mut().enumerate() {
                            *number = source[x * column + c * channel];
                        }
                    }
                }
            }
        });
    }

    /// Takes the padding away.
    fn crop<S: Real>(&self, threads: &Threads, padded: &[S], cropped: &mut [S]) {
        let (of_row, width) = (self.patches.row(), self.input.width * self.input.units);
        threads.pieces(cropped, self.input.len(), |first, samples| {
            let samples = samples.chunks_exact_mut(self.input.len());
            for (sample, padded) in
                samples.zip(padded[first * self.patches.sample()..].chunks(self.patches.sample()))
            {
                for (y, row) in sample.chunks_exact_mut(width).enumerate() {
                    let start = (y + self.padding) * of_row + self.padding * self.input.units;
                    row.copy_from_slice(&padded[start..][..width]);
                }
            }
        });
    }

    /// Lays error signals out as inputs of the way back: apart by the stride, with zeros around.
    fn spread<S: Real>(&self, threads: &Threads, error: &[S], spread: &mut [S]) {
        let (back, [height, width], units) = (self.back(), self.patches.output(), self.units);
        let (before, stride) = (self.patches.kernel - 1 - self.padding, self.patches.stride);
        threads.pieces(spread, back.sample(), |first, samples| {
            samples.fill(S::ZERO);
            let error =
                error[first * height * width * units..].chunks_exact(height * width * units);
            for (sample, error) in samples.chunks_exact_mut(back.sample()).zip(error) {
                for (y, error) in error.chunks_exact(width * units).enumerate() {
                    let target = &mut sample[(before + y * stride) * back.row() + before * units..];
                    if stride == 1 {
                        target[..width * units].copy_from_slice(error);
                        continue;
                    }
                    for (x, error) in error.chunks_exact(units).enumerate() {
                        target[x * stride * units..][..units].copy_from_slice(error);
                    }
                }
            }
        });
    }
}

impl<S: Real> Layer<S> for Conv2d {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }

    fn input(&self) -> Flow {
        self.input
    }

    fn output(&self) -> Flow {
        let [height, width] = self.patches.output();
        Flow::plane(height, width, self.units)
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn operations(&self) -> Vec<Operation> {
        let convolution = Operation::Convolution {
            kernel: self.patches.kernel,
            stride: self.patches.stride,
            padding: self.padding,
        };
        let norm = self.has_norm.then_some(Operation::BatchNorm {
            epsilon: batch_norm::EPSILON,
        });
        std::iter::once(convolution).chain(norm).collect()
    }

    fn declare(&self, plan: &mut Plan, below: &[usize], is_output: bool) {
        use ParamRole::{Bias, RunningMean, RunningVariance, Scale, Shift};
        let layer = WeightedLayer {
            units: self.units,
            columns: self.patches.terms(),
            senders: self.input.units,
            inputs: self.input.len(),
            places: self.patches.places(),
            per_unit: match (self.has_norm, self.has_bias) {
                (true, _) => &[Scale, Shift, RunningMean, RunningVariance],
                (false, true) => &[Bias],
                (false, false) => &[],
            },
            is_output,
        };
        plan.push(&layer, below);
    }

    fn multiplications(&self) -> u64 {
        self.patches.places() as u64 * self.units as u64 * self.patches.terms() as u64
    }

    fn buffer(&self, samples: usize, is_training: bool) -> usize {
        self.lengths(samples, is_training).iter().sum()
    }

    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]) {
        let samples = input.len() / self.input.len();
        let Buffer {
            padded,
            packed,
            norm,
            scratch,
            ..
        } = self.split(&mut *step.buffer, samples, step.is_training);
        let numbers = match input {
            Inputs::Numbers(numbers) => numbers,
            Inputs::Pixels(pixels) => {
                let numbers = &mut scratch[..input.len()];
                step.products.numbers_of(step.threads, pixels, numbers);
                &*numbers
            }
        };
        let numbers = if self.is_plain() {
            numbers
        } else {
            self.pad(step.threads, numbers, padded);
            &*padded
        };
        step.watch.done(Phase::Gather);
        conv::pack(&self.patches, step.params.get(WEIGHT), packed);
        let factors = (numbers, &*packed);
        let units = self.units;
        let bias = (self.has_bias && !self.has_norm).then(|| step.params.get(BIAS));
        conv::forward(step.threads, &self.patches, factors, (units, bias), output);
        step.watch.done(Phase::Products);
        if self.has_norm {
            let mut norm = BatchNorm::new(units, norm);
            let [scale, shift] = [SCALE, SHIFT].map(|index| step.params.get(index));
            if step.is_training {
                norm.forward(step.threads, [scale, shift], output);
            } else {
                let [mean, variance] = [MEAN, VARIANCE].map(|index| step.params.get(index));
                norm.evaluate(step.threads, [scale, shift, mean, variance], output);
            }
        }
        (step.threads).pieces(output, units, |_, rows| self.activation.forward(rows));
    }

    fn upstream(&self, step: &mut Step<'_, S>, error: &[S], upstream: &mut [S]) {
        let samples = upstream.len() / self.input.len();
        let Buffer {
            norm,
            scratch,
            turned,
            turned_packed,
            ..
        } = self.split(&mut *step.buffer, samples, true);
        let error = if self.has_norm {
            let mut norm = BatchNorm::new(self.units, norm);
            norm.backward(step.threads, step.params.get(SCALE), error);
            norm.derivatives(error.len()).0
        } else {
            error
        };
        if conv::scatters::<S>(&self.patches) {
            let factors = (error, step.params.get(WEIGHT));
            if self.padding == 0 {
                conv::scatter(
                    step.threads,
                    &self.patches,
                    factors,
                    turned_packed,
                    upstream,
                );
                return;
            }
            let padded = &mut scratch[..samples * self.patches.sample()];
            conv::scatter(step.threads, &self.patches, factors, turned_packed, padded);
            self.crop(step.threads, padded, upstream);
            return;
        }
        let (back, channels) = (self.back(), self.input.units);
        let spread = &mut scratch[..samples * back.sample()];
        self.spread(step.threads, error, spread);
        conv::turned(&self.patches, step.params.get(WEIGHT), turned);
        conv::pack(&back, turned, turned_packed);
        let factors = (&*spread, &*turned_packed);
        conv::forward(step.threads, &back, factors, (channels, None), upstream);
    }

    fn gradients(
        &self,
        step: &mut Step<'_, S>,
        input: &Inputs<'_, S>,
        error: &[S],
        gradients: &mut LayerArrays<'_, S>,
    ) {
        let samples = input.len() / self.input.len();
        let Buffer {
            padded,
            norm,
            scratch,
            ..
        } = self.split(&mut *step.buffer, samples, true);
        let derivative = if self.has_norm {
            let mut norm = BatchNorm::new(self.units, norm);
            if step.is_new_error {
                norm.backward(step.threads, step.params.get(SCALE), error);
            }
            let (derivative, [of_scale, of_shift]) = norm.derivatives(error.len());
            gradients.get_mut(SCALE).copy_from_slice(of_scale);
            gradients.get_mut(SHIFT).copy_from_slice(of_shift);
            derivative
        } else {
            if self.has_bias {
                let bias = gradients.get_mut(BIAS);
                unit_sums::sums(step.threads, error, norm, bias, |_, _, e| e.to_f64());
            }
            error
        };
        let numbers = match input {
            Inputs::Numbers(numbers) if self.is_plain() => numbers,
            _ => &*padded,
        };
        let sums = gradients.get_mut(WEIGHT);
        conv::gradient(
            step.threads,
            &self.patches,
            (numbers, derivative),
            scratch,
            sums,
        );
        step.watch.done(Phase::Products);
    }

    fn follow(&self, buffer: &[S], samples: usize, arrays: &mut LayerArrays<'_, S>) {
        if !self.has_norm {
            return;
        }
        let [padded, packed, norm, ..] = self.lengths(samples, true);
        let norm = &buffer[padded + packed..][..norm];
        let rows = samples * self.patches.places();
        batch_norm::follow_mean(norm, arrays.get_mut(MEAN));
        batch_norm::follow_variance(norm, rows, arrays.get_mut(VARIANCE));
    }
}
