//! The same numbers, bit by bit, at any number of threads and every time.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_nn::{
    Activation, Batch, Initializer, Inputs, Kernel, Loss, Network, NetworkConfig, Pixels, Tally,
    Targets, Threads, Workspace,
};
use spinet_rules::{Chain, Purpose, RULES, Stream};

const SAMPLES: usize = 600;

/// Settings under which a rule has much to do in few steps, where its defaults are too mild for
/// that.
const EAGER: [&str; 8] = [
    "bdnn-dsd:threshold=3",
    "spine-retraction:threshold=3,biases=bounded",
    "l2:weight_decay=0.01",
    "max-norm:max_norm=1",
    "sd-snn-bounds:threshold=2,warm_up=1",
    "magnitude-pruning:start=0,end=0",
    "filter-pruning:start=0,end=0",
    "synaptic-pruning:weak=0.5,patience=1",
];

/// Every rule of the registry.
fn rules() -> Vec<&'static str> {
    let eager = |name: &'static str| {
        EAGER
            .into_iter()
            .find(|rule| rule.split(':').next() == Some(name))
            .unwrap_or(name)
    };
    RULES.iter().map(|entry| eager(entry.name)).collect()
}

fn samples(features: usize, classes: u32) -> (Vec<f32>, Vec<u8>) {
    let mut stream = Stream::new(2, Purpose::Noise, 0);
    let inputs = (0..SAMPLES * features)
        .map(|_| stream.unit() as f32)
        .collect();
    (
        inputs,
        (0..SAMPLES).map(|_| stream.below(classes) as u8).collect(),
    )
}

/// Bits of everything that a run leaves: all parameters, the losses, predictions and scores.
fn bits_after(config: &NetworkConfig, rule: &str, steps: u64, threads: usize) -> Vec<u32> {
    let mut network = Network::<f32>::new(config, 4).unwrap();
    let (inputs, labels) = samples(network.inputs(), network.classes() as u32);
    let batch = Batch {
        inputs: Inputs::Numbers(&inputs),
        targets: Targets::classes(&labels),
    };
    let mut chain =
        Chain::from_settings(&[rule.parse().unwrap()], &network.plan(SAMPLES, 4)).unwrap();
    let mut workspace = Workspace::new(&network, SAMPLES, Threads::new(threads).unwrap());
    let mut bits = Vec::new();
    let mut push =
        |value: f64| bits.extend([(value.to_bits() >> 32) as u32, value.to_bits() as u32]);
    for step in 0..steps {
        push(
            workspace
                .step(&mut network, &mut chain, &batch, 0.1, step)
                .unwrap(),
        );
    }
    let Tally { loss, right, .. } = workspace.score(&network, [batch])[0].clone();
    push(loss);
    bits.push(right as u32);
    bits.extend(
        workspace
            .predict(&network, &inputs)
            .into_iter()
            .map(u32::from),
    );
    bits.extend(
        network
            .params()
            .iter()
            .flatten()
            .map(|value| value.to_bits()),
    );
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
        assert_same(
            &one,
            &bits_after(config, rule, steps, threads),
            &format!("{rule}, {threads} threads"),
        );
    }
}

#[test]
fn every_rule_changes_the_course() {
    let last = |rule| bits_after(&NetworkConfig::dense(&[20, 10, 8, 3]), rule, 50, 1);
    let courses: Vec<_> = rules().into_iter().map(|rule| (rule, last(rule))).collect();
    for (index, (rule, course)) in courses.iter().enumerate() {
        assert!(
            courses[..index].iter().all(|(_, other)| course != other),
            "{rule}"
        );
    }
}

#[test]
fn every_rule_gives_the_same_bits_at_any_number_of_threads() {
    for rule in rules() {
        assert_threads_do_not_matter(&NetworkConfig::dense(&[150, 70, 10]), rule, 20);
    }
}

#[test]
fn the_network_of_the_paper_gives_the_same_bits_at_any_number_of_threads() {
    assert_threads_do_not_matter(&NetworkConfig::dense(&[784, 100, 10]), EAGER[0], 50);
}

#[test]
fn a_deep_relu_network_with_squared_error_gives_the_same_bits_at_any_number_of_threads() {
    let config = NetworkConfig {
        activation: Activation::Relu,
        loss: Loss::MeanSquaredError,
        initializer: Initializer::He,
        ..NetworkConfig::dense(&[784, 100, 64, 48, 10])
    };
    assert_threads_do_not_matter(&config, EAGER[0], 20);
}

/// Bits of the weights after some steps on pixels, by kernel and number of threads.
fn weights_after_pixels(kernel: Kernel, threads: usize, steps: u64) -> Vec<u32> {
    let config = NetworkConfig::dense(&[784, 100, 10]);
    let mut network = Network::<f32>::new(&config, 4).unwrap();
    let mut stream = Stream::new(2, Purpose::Noise, 0);
    let pixels: Vec<u8> = (0..SAMPLES * 784)
        .map(|_| {
            if stream.unit() < 0.2 {
                1 + stream.below(255) as u8
            } else {
                0
            }
        })
        .collect();
    let labels: Vec<u8> = (0..SAMPLES).map(|_| stream.below(10) as u8).collect();
    let mut chain =
        Chain::from_settings(&["bdnn-dsd".parse().unwrap()], &network.plan(SAMPLES, 4)).unwrap();
    let mut workspace =
        Workspace::with_kernel(&network, SAMPLES, Threads::new(threads).unwrap(), kernel).unwrap();
    let order: Vec<u32> = (0..SAMPLES as u32).rev().collect();
    for step in 0..steps {
        // Every seventh batch is a smaller one, as at the end of an epoch.
        let size = if step % 7 == 6 { 433 } else { SAMPLES };
        let inputs = Inputs::Pixels(Pixels::chosen(&pixels, 784, &order[..size]));
        workspace
            .step(
                &mut network,
                &mut chain,
                &Batch {
                    inputs,
                    targets: Targets::classes(&labels[..size]),
                },
                0.1,
                step,
            )
            .unwrap();
    }
    network
        .params()
        .iter()
        .flatten()
        .map(|value| value.to_bits())
        .collect()
}

#[test]
fn every_kernel_class_gives_the_same_weights_at_any_number_of_threads() {
    let exact = weights_after_pixels(Kernel::Exact, 1, 200);
    let single = weights_after_pixels(Kernel::F32, 1, 200);
    assert!(exact != single, "the classes differ in the last digits");
    for (kernel, one) in [
        (Kernel::F32, &single),
        (Kernel::Vnni, &exact),
        (Kernel::Amx, &exact),
    ] {
        if !kernel.is_available() {
            println!("skipped: this processor has no {kernel}");
            continue;
        }
        for threads in [1, 2, 3, 4, 8] {
            assert_same(
                one,
                &weights_after_pixels(kernel, threads, 200),
                &format!("{kernel}, {threads} threads"),
            );
        }
    }
    // The plain form takes its time.
    assert_same(
        &weights_after_pixels(Kernel::Exact, 1, 20),
        &weights_after_pixels(Kernel::Portable, 2, 20),
        "portable",
    );
}
