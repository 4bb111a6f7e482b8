//! Pooling: one number of each unit for a window of places.
//!
//! ```text
//! max-pool    y_yxu = max over k, l < size of x_(y s + k, x s + l, u)            (LeCun et al. 1998; Ranzato et al. 2007)
//! avg-pool    y_yxu = mean over k, l < size of x_(y s + k, x s + l, u)           s: stride
//! ```
//!
//! Windows that do not fit are left out, as in PyTorch. The derivative of a maximum goes to the
//! first place of the window that has it. The global forms have one window, the plane.

use std::sync::Arc;

use pulp::Arch;
use spinet_rules::{Parameter, Resolved};

use crate::layer::{Flow, Layer, Step};
use crate::layers::registry::{Below, LayerEntry, Make};
use crate::phase::Phase;
use crate::{Error, Inputs, Operation, Real};

const SIZE: Parameter = Parameter::count("size", 2, [1, 10_000], "edge of the window, in places");
const STRIDE: Parameter = Parameter::count(
    "stride",
    0,
    [0, 10_000],
    "places from a window to the next; 0 is the size of the window",
);

const OF_WINDOWS: LayerEntry = LayerEntry {
    name: "max-pool",
    summary: "maximum over windows of places",
    reference: "Ranzato et al. 2007",
    shapes: "[height, width, channels] -> [(height - size) / stride + 1, (width - size) / stride + 1, channels]",
    parameters: &[SIZE, STRIDE],
    has_weights: false,
    short: |options| format!("p{}", options.count("size")),
    make: Make {
        single: make::<f32>,
        double: make::<f64>,
    },
};

const OF_PLANES: LayerEntry = LayerEntry {
    name: "global-max-pool",
    summary: "maximum of each channel over the plane",
    shapes: "[height, width, channels] -> [channels]",
    parameters: &[],
    short: |_| "g".to_owned(),
    ..OF_WINDOWS
};

pub(crate) const MAX: LayerEntry = OF_WINDOWS;
pub(crate) const AVERAGE: LayerEntry = LayerEntry {
    name: "avg-pool",
    summary: "mean over windows of places",
    reference: "LeCun et al. 1998",
    ..OF_WINDOWS
};
pub(crate) const GLOBAL_MAX: LayerEntry = OF_PLANES;
pub(crate) const GLOBAL_AVERAGE: LayerEntry = LayerEntry {
    name: "global-avg-pool",
    summary: "mean of each channel over the plane",
    reference: "Lin et al. 2014",
    ..OF_PLANES
};

fn make<S: Real>(
    options: &Resolved<LayerEntry>,
    below: &Below<'_>,
) -> Result<Arc<dyn Layer<S>>, Error> {
    let (entry, input) = (options.entry(), below.flow());
    let (window, stride) = if entry.parameters.is_empty() {
        ([input.height, input.width], 1)
    } else {
        let size = options.count("size") as usize;
        let stride = options.count("stride") as usize;
        ([size; 2], if stride == 0 { size } else { stride })
    };
    if window[0] > input.height || window[1] > input.width {
        return Err(below.misfit(
            entry.name,
            format!("a plane of at least {} x {} places", window[0], window[1]),
            input.to_string(),
        ));
    }
    Ok(Arc::new(Pool {
        kind: entry.name,
        is_max: [MAX.name, GLOBAL_MAX.name].contains(&entry.name),
        input,
        window,
        stride,
    }))
}

#[allow(clippy::eq_op, reason = "only NaN differs from itself")]
fn is_nan<S: Real>(number: S) -> bool {
    number != number
}

/// Pooling over windows of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pool {
    kind: &'static str,
    is_max: bool,
    input: Flow,
    /// Height and width.
    window: [usize; 2],
    stride: usize,
}

impl Pool {
    fn flow(&self) -> Flow {
        let places = |edge: usize, window: usize| (edge - window) / self.stride + 1;
        Flow::plane(
            places(self.input.height, self.window[0]),
            places(self.input.width, self.window[1]),
            self.input.units,
        )
    }

    /// The outputs of a sample, and the place in its window of each maximum.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "only what is inlined into a dispatch becomes vector code"
    )]
    fn sample<S: Real>(&self, input: &[S], output: &mut [S], places: &mut [S]) {
        let (flow, [row, column, channel]) = (self.flow(), self.input.strides());
        let share = S::from_f64(1.0 / (self.window[0] * self.window[1]) as f64);
        for (index, output) in output.chunks_exact_mut(flow.units).enumerate() {
            let (y, x) = (index / flow.width, index % flow.width);
            let first = y * self.stride * row + x * self.stride * column;
            let mut places = places.get_mut(index * flow.units..(index + 1) * flow.units);
            for place in 0..self.window[0] * self.window[1] {
                let (k, l) = (place / self.window[1], place % self.window[1]);
                let input = &input[first + k * row + l * column..];
                if !self.is_max {
                    if place == 0 {
                        output.fill(S::ZERO);
                    }
                    // Vector code only without steps.
                    if channel == 1 {
                        (output.iter_mut().zip(input)).for_each(|(y, x)| *y += share * *x);
                    } else {
                        let input = input.iter().step_by(channel);
                        (output.iter_mut().zip(input)).for_each(|(y, x)| *y += share * *x);
                    }
                    continue;
                }
                let number = S::from_f64(place as f64);
                for (unit, y) in output.iter_mut().enumerate() {
                    let x = input[unit * channel];
                    // NaN must pass, which equals nothing.
                    if place == 0 || x > *y || is_nan(x) {
                        *y = x;
                        if let Some(places) = &mut places {
                            places[unit] = number;
                        }
                    }
                }
            }
        }
    }

    /// Adds the derivatives at the outputs of a sample to those at its inputs.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as above")]
    fn sample_back<S: Real>(&self, error: &[S], places: &[S], upstream: &mut [S]) {
        let (flow, [row, column, channel]) = (self.flow(), self.input.strides());
        let share = S::from_f64(1.0 / (self.window[0] * self.window[1]) as f64);
        for (index, error) in error.chunks_exact(flow.units).enumerate() {
            let (y, x) = (index / flow.width, index % flow.width);
            let first = y * self.stride * row + x * self.stride * column;
            if self.is_max {
                let places = &places[index * flow.units..];
                for (unit, (error, place)) in error.iter().zip(places).enumerate() {
                    let place = place.to_f64() as usize;
                    let (k, l) = (place / self.window[1], place % self.window[1]);
                    upstream[first + k * row + l * column + unit * channel] += *error;
                }
                continue;
            }
            for place in 0..self.window[0] * self.window[1] {
                let (k, l) = (place / self.window[1], place % self.window[1]);
                let upstream = &mut upstream[first + k * row + l * column..];
                if channel == 1 {
                    (upstream.iter_mut().zip(error)).for_each(|(x, e)| *x += share * *e);
                } else {
                    let upstream = upstream.iter_mut().step_by(channel);
                    upstream.zip(error).for_each(|(x, e)| *x += share * *e);
                }
            }
        }
    }
}

impl<S: Real> Layer<S> for Pool {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn input(&self) -> Flow {
        self.input
    }

    fn output(&self) -> Flow {
        self.flow()
    }

    /// The place of each maximum, or the input as numbers if it came as pixels: nothing goes back
    /// then.
    fn buffer(&self, samples: usize, _: bool) -> usize {
        samples * self.input.len()
    }

    fn operations(&self) -> Vec<Operation> {
        vec![Operation::Pool {
            is_max: self.is_max,
            window: self.window,
            stride: self.stride,
        }]
    }

    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]) {
        let (length, of_output) = (self.input.len(), self.flow().len());
        let (numbers, places) = match input {
            Inputs::Numbers(numbers) => (*numbers, &mut step.buffer[..output.len()]),
            Inputs::Pixels(pixels) => {
                let numbers = &mut step.buffer[..pixels.len() * length];
                step.products.numbers_of(step.threads, pixels, numbers);
                (&*numbers, <&mut [S]>::default())
            }
        };
        let input = |sample: usize| &numbers[sample * length..][..length];
        if places.is_empty() || !self.is_max {
            step.threads.pieces(output, of_output, |first, samples| {
                for (index, output) in samples.chunks_exact_mut(of_output).enumerate() {
                    Arch::new().dispatch(|| self.sample(input(first + index), output, &mut []));
                }
            });
        } else {
            let both = [output, places];
            step.threads
                .pairs(both, of_output, |first, [output, places]| {
                    let samples = output.chunks_exact_mut(of_output);
                    let samples = samples.zip(places.chunks_exact_mut(of_output));
                    for (index, (output, places)) in samples.enumerate() {
                        Arch::new().dispatch(|| self.sample(input(first + index), output, places));
                    }
                });
        }
        step.watch.done(Phase::Activation);
    }

    fn upstream(&self, step: &mut Step<'_, S>, error: &[S], upstream: &mut [S]) {
        let (length, of_output) = (self.input.len(), self.flow().len());
        let places = &*step.buffer;
        step.threads.pieces(upstream, length, |first, samples| {
            samples.fill(S::ZERO);
            for (index, upstream) in samples.chunks_exact_mut(length).enumerate() {
                let [error, places] =
                    [error, places].map(|all| &all[(first + index) * of_output..][..of_output]);
                Arch::new().dispatch(|| self.sample_back(error, places, upstream));
            }
        });
    }
}
