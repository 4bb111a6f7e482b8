//! A network, drawn: each layer with its output shape, its parameters and its multiplications.

use spinet::nn::{Layer, Network};
use spinet::train::TrainConfig;

use crate::error::Error;
use crate::output::Output;
use crate::show::number::thousands;

/// Layers, parameters and operations of a network in short, as in `784-100-10` or
/// `6c5-p2-16c5-p2-120-84-10`.
pub(crate) fn short(config: &TrainConfig, network: &Network<f32>) -> String {
    let sizes = &network.config().sizes;
    let (input, classes) = (network.config().input(), network.classes());
    if config.layers.is_empty() || !config.hidden.is_empty() {
        let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
        return sizes.join("-");
    }
    let layers = config.layers.iter();
    let names = layers.map(|layer| spinet::nn::short_name(layer).unwrap_or_default());
    let names: Vec<_> = names.collect();
    format!("{input} | {} | {classes}", names.join(" "))
}

/// Trained numbers of a network.
pub(crate) fn parameters(network: &Network<f32>) -> usize {
    let layers = 0..network.layers().len();
    layers.map(|layer| parameters_of(network, layer)).sum()
}

fn parameters_of(network: &Network<f32>, layer: usize) -> usize {
    let trained = network
        .params_of(layer)
        .filter(|id| network.is_trained(*id));
    trained.map(|id| network.params().get(id).len()).sum()
}

/// Floating-point operations of a training step per sample: a product and a sum for each
/// multiplication, forward, to the layer below (but the first), and for the gradients.
pub(crate) fn operations(network: &Network<f32>) -> u64 {
    let of_layer = |(index, layer): (usize, &std::sync::Arc<dyn Layer<f32>>)| {
        let passes = if index == 0 { 2 } else { 3 };
        layer.multiplications().saturating_mul(2 * passes)
    };
    let layers = network.layers().iter().enumerate();
    layers.map(of_layer).fold(0, u64::saturating_add)
}

/// `0.42 million`, `95.3 million`, `1.2 billion`.
pub(crate) fn large(count: u64) -> String {
    match count {
        0..10_000 => thousands(count),
        10_000..1_000_000_000 => format!("{:.2} million", count as f64 / 1e6),
        _ => format!("{:.2} billion", count as f64 / 1e9),
    }
}

/// One line per layer.
pub(crate) fn draw(network: &Network<f32>, output: &mut Output) -> Result<(), Error> {
    let mut rows = vec![[
        "layer".to_owned(),
        "type".to_owned(),
        "output".to_owned(),
        "parameters".to_owned(),
        "multiplications".to_owned(),
    ]];
    let input = network.config().input();
    rows.push(["", "input", &input.to_string(), "", ""].map(str::to_owned));
    for (index, layer) in network.layers().iter().enumerate() {
        let from = layer.skips_from();
        let kind = from.map_or(layer.kind().to_owned(), |from| {
            format!("{}, layer {}", layer.kind(), from + 1)
        });
        let count = parameters_of(network, index);
        let or_empty = |count: u64, text: String| if count == 0 { String::new() } else { text };
        rows.push([
            (index + 1).to_string(),
            kind,
            layer.output().to_string(),
            or_empty(count as u64, thousands(count as u64)),
            or_empty(layer.multiplications(), large(layer.multiplications())),
        ]);
    }
    let all = network.layers().iter().map(|layer| layer.multiplications());
    rows.push([
        String::new(),
        "total".to_owned(),
        String::new(),
        thousands(parameters(network) as u64),
        large(all.fold(0, u64::saturating_add)),
    ]);
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let [layer, kind, shape, count, products] = [0, 1, 2, 3, 4].map(width);
    for [a, b, c, d, e] in &rows {
        let line = format!("{a:>layer$}  {b:<kind$}  {c:<shape$}  {d:>count$}  {e:>products$}");
        writeln!(output, "{}", line.trim_end())?;
    }
    Ok(())
}
