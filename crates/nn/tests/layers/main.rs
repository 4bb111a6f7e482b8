//! What every kind of layer must do, tried on every entry of the registry: shapes, gradients
//! against a tape and against differences, the same bits at any number of threads, no allocation. A
//! new kind adds one row to [`ROWS`](rows::ROWS).
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod rows;
mod tape;

use allocation_counter::measure;
use rows::{ROWS, Row};
use spinet_nn::{
    Batch, Flow, Initializer, Inputs, LAYERS, LayerEntry, LayerSettings, Network, NetworkConfig,
    Pixels, Real, Targets, Threads, Workspace, units,
};
use spinet_rules::{Chain, Purpose, Resolved, Stream};
use tape::Tape;

/// Numbers of a sample for layers that do not act on images.
const FEATURES: usize = 5;
const CLASSES: usize = 3;
const LABELS: [u8; 4] = [2, 0, 1, 0];

/// The defaults and every other setting of every row.
fn every_setting() -> Vec<(&'static Row, LayerSettings)> {
    let of_row = |row: &'static Row| {
        let others = row.settings.iter().map(|text| text.parse().unwrap());
        std::iter::once(LayerSettings::new(row.name))
            .chain(others)
            .map(move |settings| (row, settings))
            .collect::<Vec<_>>()
    };
    ROWS.iter().flat_map(of_row).collect()
}

/// What the row puts below it, and two layers of these settings, one on the other.
fn stack(row: &Row, settings: &LayerSettings) -> Vec<LayerSettings> {
    let below = row.below.iter().map(|text| text.parse().unwrap());
    below.chain([settings.clone(), settings.clone()]).collect()
}

fn input(row: &Row) -> Flow {
    row.image
        .map_or(Flow::row(FEATURES), |[height, width, channels]| {
            Flow::image(height, width, channels)
        })
}

/// A network of these layers and an output layer.
fn network_of(layers: Vec<LayerSettings>, input: Flow) -> NetworkConfig {
    let sizes = [
        vec![input.len()],
        units(&layers, input).unwrap(),
        vec![CLASSES],
    ]
    .concat();
    NetworkConfig {
        layers,
        image: (input.places() > 1).then_some([input.height, input.width, input.units]),
        ..NetworkConfig::dense(&sizes)
    }
}

fn normal(count: usize, index: u64) -> Vec<f64> {
    let mut stream = Stream::new(5, Purpose::Noise, index);
    (0..count).map(|_| stream.normal()).collect()
}

/// A network with biases that are not 0.
fn network(row: &Row, settings: &LayerSettings) -> Network<f64> {
    let config = network_of(stack(row, settings), input(row));
    let mut network = Network::new(&config, 3).unwrap();
    for id in 0..network.params().len() {
        let numbers = normal(network.params().get(id).len(), id as u64);
        let spread = (numbers.len() as f64).sqrt().recip();
        network
            .params_mut()
            .get_mut(id)
            .iter_mut()
            .zip(numbers)
            .for_each(|(own, number)| *own += spread * number);
    }
    network
}

/// Mean loss and gradients by hand-written passes.
fn differentiated(network: &Network<f64>, inputs: &[f64]) -> (f64, Vec<Vec<f64>>) {
    let mut chain = Chain::with_gradient_descent(&network.plan(LABELS.len(), 0), Vec::new());
    let mut workspace = Workspace::new(network, LABELS.len(), Threads::one());
    let batch = Batch {
        inputs: Inputs::Numbers(inputs),
        targets: Targets::classes(&LABELS),
    };
    let loss = workspace.differentiate(network, &mut chain, &batch, 0);
    (
        loss,
        workspace.gradients().iter().map(<[f64]>::to_vec).collect(),
    )
}

/// The same by the tape.
fn taped(
    row: &Row,
    settings: &LayerSettings,
    network: &Network<f64>,
    inputs: &[f64],
) -> (f64, Vec<Vec<f64>>) {
    let tape = Tape::default();
    let params: Vec<_> = network
        .params()
        .iter()
        .map(|values| tape.leaves(values))
        .collect();
    let input = input(row);
    let samples = inputs.chunks(input.len()).map(|sample| tape.leaves(sample));
    let mut signals = vec![(samples.collect::<Vec<_>>(), input)];
    let output: LayerSettings = "dense:activation=identity".parse().unwrap();
    let layers = stack(row, settings).into_iter().chain([output]);
    for (index, settings) in layers.enumerate() {
        let row = ROWS.iter().find(|row| row.name == settings.name).unwrap();
        let params = &params[network.params_of(index)];
        let outputs = (row.forward)(&tape, &settings, params, &signals);
        let flow = network.layers()[index].output();
        assert!(
            outputs.iter().all(|sample| sample.len() == flow.len()),
            "{settings}"
        );
        signals.push((outputs, flow));
    }
    let outputs = signals.last().unwrap().0.iter().zip(LABELS);
    let losses = outputs.map(|(output, label)| tape.cross_entropy(output, label.into()));
    let loss = tape.scaled(
        tape.sum(losses.collect::<Vec<_>>()),
        1.0 / LABELS.len() as f64,
    );
    let derivative = tape.derivatives(loss);
    (
        tape.value(loss),
        params
            .iter()
            .map(|numbers| numbers.iter().map(|number| derivative(*number)).collect())
            .collect(),
    )
}

#[test]
fn every_entry_has_a_row_and_is_documented_and_its_defaults_are_in_range() {
    assert_eq!(
        ROWS.iter().map(|row| row.name).collect::<Vec<_>>(),
        LAYERS.iter().map(|entry| entry.name).collect::<Vec<_>>()
    );
    let is_line = |text: &str| !text.is_empty() && !text.ends_with('.') && !text.contains('\n');
    for entry in LAYERS {
        assert!(
            is_line(entry.summary) && is_line(entry.shapes),
            "{}",
            entry.name
        );
        assert!(
            entry
                .reference
                .contains(|character: char| character.is_ascii_digit()),
            "{}: `{}`",
            entry.name,
            entry.reference
        );
        for parameter in entry.parameters {
            let settings: LayerSettings = format!(
                "{}:{}={}",
                entry.name,
                parameter.name,
                parameter.range.default_text()
            )
            .parse()
            .unwrap();
            let defaults = Resolved::new(*entry, &LayerSettings::new(entry.name)).unwrap();
            assert_eq!(
                Resolved::new(*entry, &settings).unwrap(),
                defaults,
                "{settings}"
            );
        }
    }
}

#[test]
fn names_and_options_that_do_not_exist_are_refused() {
    let refused = |text: &str| {
        units(&[text.parse().unwrap()], Flow::row(FEATURES))
            .unwrap_err()
            .to_string()
    };
    for entry in LAYERS {
        assert!(
            refused(&format!("{}:qqqq=1", entry.name))
                .starts_with(&format!("layer `{}`: unknown option `qqqq`", entry.name))
        );
        assert!(
            LayerEntry::find(&format!("{}s", entry.name))
                .is_err_and(|error| error.to_string().contains(entry.name))
        );
    }
    let mismatched = NetworkConfig {
        sizes: vec![FEATURES, 9, CLASSES],
        ..network_of(
            stack(&ROWS[0], &LayerSettings::new("dense")),
            Flow::row(FEATURES),
        )
    };
    let error = Network::<f32>::new(&mismatched, 0).unwrap_err().to_string();
    assert_eq!(
        error,
        "`layers` have [100, 100] units, but the hidden sizes are [9]"
    );
}

#[test]
fn trained_arrays_have_the_roles_and_shapes_of_the_row() {
    for (row, settings) in every_setting() {
        let network = network(row, &settings);
        let plan = network.plan(1, 0);
        let first = row.below.len();
        for index in first..first + 2 {
            let layer = &network.layers()[index];
            let declared = &plan.params[network.params_of(index)];
            let found: Vec<_> = declared
                .iter()
                .map(|param| (param.role.name(), [param.rows, param.columns]))
                .collect();
            assert_eq!(found, (row.params)(&settings, layer.input()), "{settings}");
            let number = declared.first().map_or(0, |param| param.layer + 1);
            let names = found
                .iter()
                .map(|(role, _)| format!("layer{number}.{role}"));
            assert_eq!(
                declared
                    .iter()
                    .map(|param| param.name.clone())
                    .collect::<Vec<_>>(),
                names.collect::<Vec<_>>()
            );
            assert_eq!(layer.kind(), row.name);
        }
    }
}

#[test]
fn loss_and_gradients_are_those_of_the_tape_and_of_central_differences() {
    const H: f64 = 1e-5;
    for (row, settings) in every_setting() {
        let mut network = network(row, &settings);
        let inputs = normal(input(row).len() * LABELS.len(), 99);
        let (loss, gradients) = differentiated(&network, &inputs);
        let (expected_loss, expected) = taped(row, &settings, &network, &inputs);
        assert!(
            (loss - expected_loss).abs() < 1e-12,
            "{settings}: {loss} instead of {expected_loss}"
        );
        for (id, (found, expected)) in gradients.iter().zip(&expected).enumerate() {
            assert_eq!(found.len(), expected.len(), "{settings}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{settings}, array {id}: {found} instead of {expected}"
                );
            }
            // Some numbers of each array by differences, which know nothing of either.
            for index in (0..found.len()).step_by(1 + found.len() / 7) {
                let own = network.params().get(id)[index];
                let mut at = |value: f64| {
                    network.params_mut().get_mut(id)[index] = value;
                    differentiated(&network, &inputs).0
                };
                let difference = (at(own + H) - at(own - H)) / (2.0 * H);
                at(own);
                assert!(
                    (found[index] - difference).abs() < 1e-8 * (1.0 + difference.abs()),
                    "{settings}, array {id}: {} instead of {difference}",
                    found[index]
                );
            }
        }
    }
}

/// Steps of a network of these layers on 784 pixels; what each allocates.
fn run<S: Real>(row: &Row, settings: &LayerSettings, threads: usize) -> (Vec<u64>, Vec<u64>) {
    const BATCH: usize = 60;
    let mut stream = Stream::new(8, Purpose::Noise, 0);
    let bytes: Vec<u8> = (0..BATCH * 784)
        .map(|_| {
            if stream.unit() < 0.3 {
                stream.below(256) as u8
            } else {
                0
            }
        })
        .collect();
    let labels: Vec<u8> = (0..BATCH)
        .map(|_| stream.below(CLASSES as u32) as u8)
        .collect();
    let batch = Batch {
        inputs: Inputs::Pixels(Pixels::all(&bytes, 784)),
        targets: Targets::classes(&labels),
    };
    let input = if row.image.is_some() {
        Flow::image(28, 28, 1)
    } else {
        Flow::row(784)
    };
    let config = NetworkConfig {
        initializer: Initializer::Xavier,
        ..network_of(stack(row, settings), input)
    };
    let mut network = Network::<S>::new(&config, 3).unwrap();
    let mut chain = Chain::from_settings(
        &["bdnn-dsd".parse().unwrap(), "dropout".parse().unwrap()],
        &network.plan(BATCH, 0),
    )
    .unwrap();
    let mut workspace = Workspace::new(&network, BATCH, Threads::new(threads).unwrap());
    let mut step = |step| {
        measure(|| {
            workspace
                .step(&mut network, &mut chain, &batch, 0.1, step)
                .unwrap();
        })
        .count_total
    };
    let allocations = (0..4).map(&mut step).collect();
    (
        network
            .params()
            .values()
            .iter()
            .map(|value| value.to_f64().to_bits())
            .collect(),
        allocations,
    )
}

#[test]
fn steps_give_the_same_bits_at_any_number_of_threads() {
    for (row, settings) in every_setting() {
        let one = run::<f32>(row, &settings, 1).0;
        for threads in 2..=8 {
            assert_eq!(
                run::<f32>(row, &settings, threads).0,
                one,
                "{settings}, {threads} threads"
            );
        }
    }
}

#[test]
fn a_step_after_the_first_allocates_nothing() {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("popcnt")
    {
        for (row, settings) in every_setting() {
            let allocations = run::<f32>(row, &settings, 1).1;
            assert_eq!(allocations[1..], [0; 3], "{settings}");
        }
        return;
    }
    println!("skipped: on this processor the products of another crate allocate their own buffers");
}
