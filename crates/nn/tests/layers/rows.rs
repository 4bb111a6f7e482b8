//! What the contract test must know of each kind of layer. A new kind adds one row.
#![allow(
    clippy::many_single_char_names,
    reason = "the letters of the equations"
)]

use spinet_nn::{Flow, LayerSettings};
use spinet_rules::Setting;

use super::tape::{Number, Tape};

/// One kind of layer.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Settings to try beside the defaults.
    pub(crate) settings: &'static [&'static str],
    /// Layers to put below it.
    pub(crate) below: &'static [&'static str],
    /// Height, width and channels of the input, for layers that act on images.
    pub(crate) image: Option<[usize; 3]>,
    /// Trained arrays of a layer of these settings on such an input: role and shape of each.
    pub(crate) params: Params,
    /// Outputs of each sample by the equation, from the trained arrays and what is below: the
    /// network's input and the outputs of every layer so far, with their shapes.
    pub(crate) forward: Forward,
}

/// Numbers of every sample, and their shape.
pub(crate) type Signal = (Vec<Vec<Number>>, Flow);
type Params = fn(&LayerSettings, Flow) -> Vec<(&'static str, [usize; 2])>;
type Forward = fn(&Tape, &LayerSettings, &[Vec<Number>], &[Signal]) -> Vec<Vec<Number>>;

const IMAGE: Option<[usize; 3]> = Some([8, 7, 2]);
const BELOW: &[&str] = &["conv2d:channels=3,kernel=1,activation=identity"];

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "dense",
        settings: &[
            "dense:units=1",
            "dense:units=7,activation=tanh",
            "dense:units=4,activation=relu",
            "dense:units=3,activation=identity",
        ],
        below: &[],
        image: None,
        params: |settings, input| {
            let units = number(settings, "units", 100);
            vec![("weight", [units, input.len()]), ("bias", [units, 1])]
        },
        forward: |tape, settings, params, below| {
            let (inputs, _) = below.last().unwrap();
            let of_sample = |input: &Vec<Number>| {
                let row = |(weights, bias): (&[Number], &Number)| {
                    let sum = product(tape, weights.iter().zip(input));
                    activation(tape, settings, "sigmoid", tape.add(sum, *bias))
                };
                (params[0].chunks(input.len()).zip(&params[1]).map(row)).collect()
            };
            inputs.iter().map(of_sample).collect()
        },
    },
    Row {
        name: "conv2d",
        settings: &[
            "conv2d:channels=3,padding=1,activation=tanh",
            "conv2d:channels=2,kernel=2,stride=2,activation=sigmoid",
            "conv2d:channels=2,kernel=4,padding=2,stride=3,activation=identity",
            "conv2d:channels=1,kernel=1,activation=tanh",
            "conv2d:channels=4,kernel=3,padding=1,norm=batch,activation=tanh",
            "conv2d:channels=3,kernel=2,stride=2,norm=batch",
        ],
        below: &[],
        image: IMAGE,
        params: |settings, input| {
            let (units, kernel) = (
                number(settings, "channels", 16),
                number(settings, "kernel", 3),
            );
            let weight = ("weight", [units, kernel * kernel * input.units]);
            let of_units: &[&str] = if text(settings, "norm") == Some("batch".to_owned()) {
                &["scale", "shift", "running_mean", "running_var"]
            } else {
                &["bias"]
            };
            let of_units = of_units.iter().map(|role| (*role, [units, 1]));
            std::iter::once(weight).chain(of_units).collect()
        },
        forward: |tape, settings, params, below| {
            let (inputs, flow) = below.last().unwrap();
            let mut outputs = convolved(tape, settings, &params[0], inputs, *flow);
            let units = number(settings, "channels", 16);
            for unit in 0..units {
                let mut of_unit: Vec<&mut Number> = outputs
                    .iter_mut()
                    .flat_map(|sample| sample.iter_mut().skip(unit).step_by(units))
                    .collect();
                if params.len() == 2 {
                    let bias = params[1][unit];
                    for z in &mut of_unit {
                        **z = tape.add(**z, bias);
                    }
                } else {
                    normalize(tape, &mut of_unit, [params[1][unit], params[2][unit]]);
                }
                for z in of_unit {
                    *z = activation(tape, settings, "relu", *z);
                }
            }
            outputs
        },
    },
    Row {
        name: "max-pool",
        settings: &["max-pool:size=3,stride=2", "max-pool:size=1,stride=2"],
        below: BELOW,
        image: IMAGE,
        params: |_, _| Vec::new(),
        forward: |tape, settings, _, below| {
            let size = number(settings, "size", 2);
            let stride = number(settings, "stride", size);
            pooled([size, size], stride, below, |window| tape.largest(window))
        },
    },
    Row {
        name: "avg-pool",
        settings: &["avg-pool:size=3,stride=1", "avg-pool:size=1,stride=2"],
        below: BELOW,
        image: IMAGE,
        params: |_, _| Vec::new(),
        forward: |tape, settings, _, below| {
            let size = number(settings, "size", 2);
            let stride = number(settings, "stride", size);
            pooled([size, size], stride, below, |window| tape.mean(window))
        },
    },
    Row {
        name: "global-max-pool",
        settings: &[],
        below: BELOW,
        image: IMAGE,
        params: |_, _| Vec::new(),
        forward: |tape, _, _, below| {
            let flow = below.last().unwrap().1;
            pooled([flow.height, flow.width], 1, below, |window| {
                tape.largest(window)
            })
        },
    },
    Row {
        name: "global-avg-pool",
        settings: &[],
        below: BELOW,
        image: IMAGE,
        params: |_, _| Vec::new(),
        forward: |tape, _, _, below| {
            let flow = below.last().unwrap().1;
            pooled([flow.height, flow.width], 1, below, |window| {
                tape.mean(window)
            })
        },
    },
    Row {
        name: "add",
        settings: &["add:from=1,activation=tanh", "add:from=2,activation=relu"],
        below: &[
            "conv2d:channels=3,kernel=1,activation=tanh",
            "conv2d:channels=3,padding=1,activation=tanh",
            "conv2d:channels=3,padding=1,activation=identity",
        ],
        image: IMAGE,
        params: |_, _| Vec::new(),
        forward: |tape, settings, _, below| {
            let other = &below[number(settings, "from", 1)].0;
            let add = |(x, y): (&Number, &Number)| {
                activation(tape, settings, "identity", tape.add(*x, *y))
            };
            let samples = below.last().unwrap().0.iter().zip(other);
            samples
                .map(|(x, y)| x.iter().zip(y).map(add).collect())
                .collect()
        },
    },
    Row {
        name: "flatten",
        settings: &[],
        below: BELOW,
        image: IMAGE,
        params: |_, _| Vec::new(),
        forward: |_, _, _, below| below.last().unwrap().0.clone(),
    },
];

/// An option that is a whole number.
fn number(settings: &LayerSettings, name: &str, default: usize) -> usize {
    match settings.parameters.get(name) {
        Some(Setting::Number(number)) => *number as usize,
        _ => default,
    }
}

fn text(settings: &LayerSettings, name: &str) -> Option<String> {
    settings.parameters.get(name).map(ToString::to_string)
}

fn activation(tape: &Tape, settings: &LayerSettings, default: &str, a: Number) -> Number {
    match &*text(settings, "activation").unwrap_or_else(|| default.to_owned()) {
        "sigmoid" => tape.sigmoid(a),
        "tanh" => tape.tanh(a),
        "relu" => tape.relu(a),
        _ => a,
    }
}

fn product<'a>(tape: &Tape, pairs: impl Iterator<Item = (&'a Number, &'a Number)>) -> Number {
    tape.sum(pairs.map(|(a, b)| tape.multiply(*a, *b)))
}

/// The number of a place, where it is inside.
fn at(sample: &[Number], flow: Flow, [y, x, unit]: [isize; 3]) -> Option<Number> {
    let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
    let [row, column, of_unit] = flow.strides();
    (y < flow.height && x < flow.width)
        .then(|| sample[y * row + x * column + unit as usize * of_unit])
}

/// Pre-activations without bias, by the equation.
fn convolved(
    tape: &Tape,
    settings: &LayerSettings,
    weight: &[Number],
    inputs: &[Vec<Number>],
    flow: Flow,
) -> Vec<Vec<Number>> {
    let of = |name, default| number(settings, name, default);
    let (kernel, stride, padding) = (of("kernel", 3), of("stride", 1), of("padding", 0));
    let edge = |length: usize| (length + 2 * padding - kernel) / stride + 1;
    let terms = kernel * kernel * flow.units;
    let of_sample = |input: &Vec<Number>| {
        let mut output = Vec::new();
        for place in 0..edge(flow.height) * edge(flow.width) {
            let (y, x) = (place / edge(flow.width), place % edge(flow.width));
            for weights in weight.chunks(terms) {
                let term = |(index, w): (usize, &Number)| {
                    let (k, l, c) = (
                        index / flow.units / kernel,
                        index / flow.units % kernel,
                        index % flow.units,
                    );
                    let place = |at: usize, offset: usize| {
                        (at * stride + offset).cast_signed() - padding.cast_signed()
                    };
                    let x = at(input, flow, [place(y, k), place(x, l), c.cast_signed()])?;
                    Some(tape.multiply(*w, x))
                };
                output.push(tape.sum(weights.iter().enumerate().filter_map(term)));
            }
        }
        output
    };
    inputs.iter().map(of_sample).collect()
}

/// Batch normalization of the numbers of one unit.
fn normalize(tape: &Tape, numbers: &mut [&mut Number], [scale, shift]: [Number; 2]) {
    let all: Vec<Number> = numbers.iter().map(|number| **number).collect();
    let minus_mean = tape.scaled(tape.mean(&all), -1.0);
    let squares = all.iter().map(|z| {
        let difference = tape.add(*z, minus_mean);
        tape.multiply(difference, difference)
    });
    let variance = tape.mean(&squares.collect::<Vec<_>>());
    let deviation = tape.square_root(tape.add(variance, tape.leaf(1e-5)));
    let factor = tape.multiply(scale, tape.reciprocal(deviation));
    for number in numbers {
        let difference = tape.add(**number, minus_mean);
        **number = tape.add(tape.multiply(factor, difference), shift);
    }
}

fn pooled(
    [height, width]: [usize; 2],
    stride: usize,
    below: &[Signal],
    of_window: impl Fn(&[Number]) -> Number,
) -> Vec<Vec<Number>> {
    let (inputs, flow) = below.last().unwrap();
    let of_sample = |input: &Vec<Number>| {
        let mut output = Vec::new();
        for y in (0..=flow.height - height).step_by(stride) {
            for x in (0..=flow.width - width).step_by(stride) {
                for unit in 0..flow.units {
                    let window = (0..height * width).filter_map(|index| {
                        let (k, l) = (index / width, index % width);
                        at(input, *flow, [y + k, x + l, unit].map(usize::cast_signed))
                    });
                    output.push(of_window(&window.collect::<Vec<_>>()));
                }
            }
        }
        output
    };
    inputs.iter().map(of_sample).collect()
}
