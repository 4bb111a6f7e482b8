//! The same numbers, bit by bit, at any number of threads and every time.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_nn::{Activation, Batch, Initialiser, Loss, Network, NetworkConfig, Threads, Workspace};
use spinet_rules::{Chain, Purpose, RULES, Stream};

const SAMPLES: usize = 600;

/// The registry's rules, each with settings under which it has much to do in 50 steps.
const TRIED: [(&str, &str); 4] = [
    ("gradient-descent", "gradient-descent"),
    ("bdnn-dsd", "bdnn-dsd:threshold=3"),
    ("dropout", "dropout:dropout_rate=0.3"),
    ("l2", "l2:weight_decay=0.01"),
];

fn samples(features: usize, classes: u32) -> (Vec<f32>, Vec<u8>) {
    let mut stream = Stream::new(2, Purpose::Noise, 0);
    let inputs = (0..SAMPLES * features).map(|_| stream.unit() as f32).collect();
    (inputs, (0..SAMPLES).map(|_| stream.below(classes) as u8).collect())
}

/// Bits of everything that a run leaves: all parameters, the losses, predictions and scores.
fn bits_after(config: &NetworkConfig, rule: &str, steps: u64, threads: usize) -> Vec<u32> {
    let mut network = Network::<f32>::new(config, 4).unwrap();
    let (inputs, labels) = samples(network.inputs(), network.classes() as u32);
    let batch = Batch { inputs: &inputs, labels: &labels };
    let mut chain = Chain::from_settings(&[rule.parse().unwrap()], &network.plan(SAMPLES, 4)).unwrap();
    let mut workspace = Workspace::new(&network, SAMPLES, Threads::new(threads).unwrap());
    let mut bits = Vec::new();
    let mut push = |value: f64| bits.extend([(value.to_bits() >> 32) as u32, value.to_bits() as u32]);
    for step in 0..steps {
        push(workspace.step(&mut network, &mut chain, &batch, 0.1, step).unwrap());
    }
    let (loss, right) = workspace.score(&network, &batch);
    push(loss);
    bits.push(right as u32);
    bits.extend(workspace.predict(&network, &inputs).into_iter().map(u32::from));
    for layer in &network.layers {
        bits.extend(layer.weight.iter().chain(layer.bias.iter().flatten()).map(|value| value.to_bits()));
    }
    bits
}

/// Compares without printing hundreds of thousands of numbers.
fn assert_same(one: &[u32], other: &[u32], what: &str) {
    assert_eq!(one.len(), other.len(), "{what}");
    let first = one.iter().zip(other).position(|(one, other)| one != other);
    assert_eq!(first, None, "{what}: the place of the first difference");
}

fn assert_threads_do_not_matter(config: &NetworkConfig, rule: &str, steps: u64) {
    let one = bits_after(config, rule, steps, 1);
    for threads in [1, 2, 3, 4, 8] {
        assert_same(&one, &bits_after(config, rule, steps, threads), &format!("{rule}, {threads} threads"));
    }
}

#[test]
fn every_rule_of_the_registry_is_tried_here() {
    let tried: Vec<_> = TRIED.iter().map(|(name, _)| *name).collect();
    let known: Vec<_> = RULES.iter().map(|entry| entry.name).collect();
    assert_eq!(tried, known);
    let last = |rule| bits_after(&NetworkConfig::dense(&[20, 10, 3]), rule, 50, 1);
    for (index, (_, rule)) in TRIED.iter().enumerate() {
        assert!(TRIED[..index].iter().all(|(_, other)| last(rule) != last(other)), "{rule} must change the course");
    }
}

#[test]
fn gradient_descent_gives_the_same_bits_at_any_number_of_threads() {
    assert_threads_do_not_matter(&NetworkConfig::dense(&[784, 100, 10]), TRIED[0].1, 50);
}

#[test]
fn bdnn_dsd_gives_the_same_bits_at_any_number_of_threads() {
    assert_threads_do_not_matter(&NetworkConfig::dense(&[784, 100, 10]), TRIED[1].1, 50);
}

#[test]
fn dropout_gives_the_same_bits_at_any_number_of_threads() {
    assert_threads_do_not_matter(&NetworkConfig::dense(&[784, 100, 10]), TRIED[2].1, 50);
}

#[test]
fn l2_gives_the_same_bits_at_any_number_of_threads() {
    assert_threads_do_not_matter(&NetworkConfig::dense(&[784, 100, 10]), TRIED[3].1, 50);
}

#[test]
fn a_deep_relu_network_with_squared_error_gives_the_same_bits_at_any_number_of_threads() {
    let config = NetworkConfig {
        activation: Activation::Relu,
        loss: Loss::MeanSquaredError,
        initialiser: Initialiser::He,
        ..NetworkConfig::dense(&[784, 100, 64, 48, 10])
    };
    assert_threads_do_not_matter(&config, TRIED[1].1, 20);
}
