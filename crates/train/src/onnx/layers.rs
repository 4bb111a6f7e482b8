//! The layers of a network as nodes of a graph.

use spinet_nn::{Activation, Flow, Network, Operation};
use spinet_rules::ParamRole;

use super::graph::{Builder, Setting};

/// The output of a node: an image `[samples, units, height, width]`, or a row `[samples, units]`.
#[derive(Clone)]
struct Output {
    name: String,
    is_image: bool,
}

impl Output {
    /// As an image of this shape.
    fn image(self, graph: &mut Builder, flow: Flow) -> Self {
        if self.is_image {
            return self;
        }
        let shape = [flow.units, flow.height, flow.width].map(|length| length as i64);
        let shape = graph.integers(&format!("{}_as", self.name), &[&[-1], &shape[..]].concat());
        Self {
            name: graph.node("Reshape", &[&self.name, &shape], Vec::new()),
            is_image: true,
        }
    }

    /// As a row, in the order that a dense layer takes it in.
    fn row(self, graph: &mut Builder, flow: Flow) -> Self {
        if !self.is_image {
            return self;
        }
        // Those of the network's input are in the order of ONNX already.
        let is_turned = flow.places() > 1 && flow.units > 1 && !flow.is_planar;
        let name = if is_turned {
            let order = vec![("perm", Setting::Ints(vec![0, 2, 3, 1]))];
            graph.node("Transpose", &[&self.name], order)
        } else {
            self.name
        };
        Self {
            name: graph.node("Flatten", &[&name], vec![("axis", Setting::Int(1))]),
            is_image: false,
        }
    }
}

/// Adds all layers on top of an input; gives the name of what the last puts out, `[samples, classes]`.
pub(super) fn push(
    graph: &mut Builder,
    network: &Network<f32>,
    input: String,
    is_image: bool,
) -> String {
    let mut outputs: Vec<Output> = Vec::new();
    let mut now = Output {
        name: input,
        is_image,
    };
    for (place, layer) in network.layers().iter().enumerate() {
        let (below, above) = (layer.input(), layer.output());
        for operation in layer.operations() {
            now = match operation {
                Operation::Dense | Operation::Flatten => now.row(graph, below),
                Operation::Add { .. } => now,
                _ => now.image(graph, below),
            };
            now.name = match operation {
                Operation::Flatten => now.name,
                Operation::Dense => {
                    let shape = [above.units, below.len()];
                    let weight = constant(graph, network, place, ParamRole::Weight, &shape);
                    let bias = constant(graph, network, place, ParamRole::Bias, &[above.units]);
                    let options = vec![("transB", Setting::Int(1))];
                    graph.node("Gemm", &inputs(&now, &[weight, bias]), options)
                }
                Operation::Convolution {
                    kernel,
                    stride,
                    padding,
                } => {
                    let shape = [above.units, below.units, kernel, kernel];
                    let weight = constant(graph, network, place, ParamRole::Weight, &shape);
                    let bias = constant(graph, network, place, ParamRole::Bias, &[above.units]);
                    let mut options = windows([kernel; 2], stride);
                    options.push(("pads", Setting::Ints(vec![padding as i64; 4])));
                    graph.node("Conv", &inputs(&now, &[weight, bias]), options)
                }
                Operation::BatchNorm { epsilon } => {
                    let constants = [
                        ParamRole::Scale,
                        ParamRole::Shift,
                        ParamRole::RunningMean,
                        ParamRole::RunningVariance,
                    ]
                    .map(|role| constant(graph, network, place, role, &[above.units]));
                    let options = vec![("epsilon", Setting::Float(epsilon as f32))];
                    graph.node("BatchNormalization", &inputs(&now, &constants), options)
                }
                Operation::Pool {
                    is_max,
                    window,
                    stride,
                } => {
                    let operator = if is_max { "MaxPool" } else { "AveragePool" };
                    graph.node(operator, &[&now.name], windows(window, stride))
                }
                Operation::Add { from } => {
                    let other = outputs[from].clone();
                    graph.node("Add", &[&now.name, &other.name], Vec::new())
                }
            };
        }
        let operator = match layer.activation() {
            Activation::Sigmoid => Some("Sigmoid"),
            Activation::Tanh => Some("Tanh"),
            Activation::Relu => Some("Relu"),
            Activation::Identity => None,
        };
        if let Some(operator) = operator {
            now.name = graph.node(operator, &[&now.name], Vec::new());
        }
        // Outputs of one shape have one form, so that they can be added.
        if above.places() == 1 {
            now = now.row(graph, above);
        }
        outputs.push(now.clone());
    }
    let last = network
        .layers()
        .last()
        .map_or(Flow::row(0), |layer| layer.output());
    now.row(graph, last).name
}

/// A node's inputs: an output, and those constants that there are.
fn inputs<'a>(now: &'a Output, constants: &'a [Option<String>]) -> Vec<&'a str> {
    let constants = constants.iter().flatten().map(String::as_str);
    std::iter::once(now.name.as_str())
        .chain(constants)
        .collect()
}

/// A layer's array as a constant of this shape, if it has one; kernels are turned over.
fn constant(
    graph: &mut Builder,
    network: &Network<f32>,
    place: usize,
    role: ParamRole,
    shape: &[usize],
) -> Option<String> {
    let params = network.plan(1, 0).params;
    let id = (network.params_of(place)).find(|id| params[*id].role == role)?;
    let (name, numbers) = (&params[id].name, network.params().get(id));
    Some(match shape {
        [_, channels, height, width] => {
            let turned = turned(numbers, *channels, height * width);
            graph.floats(name, shape, &turned)
        }
        _ => graph.floats(name, shape, numbers),
    })
}

/// `[units, places, channels]` as `[units, channels, places]`.
fn turned(numbers: &[f32], channels: usize, places: usize) -> Vec<f32> {
    let of_unit = |unit: &[f32]| -> Vec<f32> {
        let at = |index: usize| unit[index % places * channels + index / places];
        (0..unit.len()).map(at).collect()
    };
    numbers
        .chunks_exact(channels * places)
        .flat_map(of_unit)
        .collect()
}

fn windows([height, width]: [usize; 2], stride: usize) -> Vec<(&'static str, Setting)> {
    vec![
        (
            "kernel_shape",
            Setting::Ints(vec![height as i64, width as i64]),
        ),
        ("strides", Setting::Ints(vec![stride as i64; 2])),
    ]
}
