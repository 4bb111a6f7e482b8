//! Same seed, same bits, whatever the number of threads; and the test samples change nothing that
//! is trained.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Dataset, Samples, Source, load};
use spinet_nn::{Initializer, Kernel, Threads};
use spinet_rules::RULES;
use spinet_train::{Evaluation, TrainConfig, Trainer};

fn trained(config: &TrainConfig, data: &Dataset, threads: usize) -> (Vec<Evaluation>, Vec<u32>) {
    let mut trainer = Trainer::new(config, data, Threads::new(threads).unwrap()).unwrap();
    let curve = trainer.run(&mut |_| {}).unwrap();
    (
        curve,
        trainer
            .network()
            .params()
            .iter()
            .flatten()
            .map(|value| value.to_bits())
            .collect(),
    )
}

fn config(rules: &[&str]) -> TrainConfig {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    TrainConfig {
        hidden: vec![100, 30],
        epochs: 4,
        batch: 256,
        seed: 3,
        rules,
        ..TrainConfig::default()
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    for rules in [vec![], vec!["bdnn-dsd"], vec!["dropout", "l2"]] {
        let one = trained(&config(&rules), &data, 1);
        for threads in [2, 3, 4] {
            assert_eq!(
                one,
                trained(&config(&rules), &data, threads),
                "{rules:?} on {threads} threads"
            );
        }
    }
}

/// A network with every type of layer on moved images.
fn convolutional(rules: &[&str]) -> TrainConfig {
    let layers = [
        "conv2d:channels=6,kernel=5,padding=2,stride=2,norm=batch",
        "max-pool",
        "conv2d:channels=6,padding=1,activation=tanh",
        "add:from=2",
        "avg-pool:size=3,stride=2",
        "flatten",
        "dense:units=12,activation=relu",
    ];
    let config = TrainConfig {
        epochs: 1,
        batch: 300,
        shift: 1,
        learning_rate: 0.01,
        initializer: Initializer::Xavier,
        ..config(rules)
    };
    let layers = layers.map(|layer| layer.parse().unwrap());
    config.with_layers(&layers).unwrap()
}

#[test]
fn every_rule_acts_on_convolutional_networks_with_the_same_bits_at_any_number_of_threads() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let plain = trained(&convolutional(&[]), &data, 1);
    let other_forms = [
        "grapes:form=local",
        "grapes:form=weight-wise",
        "grapes:importance=outgoing",
    ];
    for rule in RULES.iter().map(|rule| rule.name).chain(other_forms) {
        let one = trained(&convolutional(&[rule]), &data, 1);
        for threads in [2, 3, 4, 8] {
            assert_eq!(
                one,
                trained(&convolutional(&[rule]), &data, threads),
                "{rule} on {threads} threads"
            );
        }
        // These change nothing within four steps.
        let may_equal = [
            "gradient-descent",
            "max-norm",
            "synaptic-pruning",
            "sd-snn-bounds",
            "weight-range",
        ];
        assert!(one != plain || may_equal.contains(&rule), "{rule}");
    }
}

#[test]
fn a_network_that_does_not_begin_with_a_dense_layer_runs_with_single_precision_and_says_so() {
    let of = |kernel, layer: &str| {
        let config = TrainConfig::new().kernel(kernel).layers([layer]).unwrap();
        config.running_kernel().map_err(|error| error.to_string())
    };
    assert_eq!(of(Kernel::Auto, "conv2d"), Ok(Kernel::F32));
    assert_eq!(of(Kernel::Portable, "dense"), Ok(Kernel::Portable));
    assert_eq!(
        of(Kernel::Portable, "max-pool").unwrap_err(),
        "`kernel` must be f32 or auto with a first layer that is not dense, because other layers have no exact products, but is portable"
    );
}

#[test]
fn what_does_not_fit_on_an_image_or_a_table_is_refused_by_layer_and_shape() {
    let images = load("mnist-1200", &Source::default()).unwrap();
    let numbers = vec![0.5; 12];
    let rows = Samples::of_numbers(numbers, vec![0, 1, 0], [1, 4]).unwrap();
    let table = Dataset {
        train: rows.clone(),
        test: rows,
        ..images.clone()
    };
    let refused = |layers: &[&str], data: &Dataset| {
        let layers: Vec<_> = layers.iter().map(|layer| layer.parse().unwrap()).collect();
        let config = config(&[]).with_layers(&layers).unwrap();
        let trainer = Trainer::new(&config, data, Threads::one());
        trainer.err().unwrap().to_string()
    };
    assert_eq!(
        refused(&["conv2d:kernel=5", "max-pool:size=25"], &images),
        "layer 2 (max-pool) expects a plane of at least 25 x 25 places, found 24 x 24 x 16"
    );
    assert_eq!(
        refused(&["conv2d:padding=3"], &images),
        "layer 1 (conv2d) expects `padding` below `kernel`, 3, found padding = 3"
    );
    assert_eq!(
        refused(&["conv2d"], &table),
        "layer 1 (conv2d) expects a plane of at least 3 x 3 places, found 4"
    );
    assert_eq!(
        refused(&["conv2d", "conv2d", "add:from=1"], &images),
        "layer 3 (add) expects the shape of the layer below it, 24 x 24 x 16, found 26 x 26 x 16 from layer 1"
    );
    assert_eq!(
        refused(&["conv2d", "add:from=1"], &images),
        "layer 2 (add) expects at least two layers below it, found from = 1"
    );
    let moved = TrainConfig {
        shift: 1,
        ..config(&[])
    };
    let error = Trainer::new(&moved, &table, Threads::one()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "`shift` must be left out for data that are not images, but is set for `mnist-1200`"
    );
}

#[test]
fn another_seed_gives_another_network() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let other = TrainConfig {
        seed: 4,
        ..config(&[])
    };
    assert_ne!(
        trained(&config(&[]), &data, 1).1,
        trained(&other, &data, 1).1
    );
}

#[test]
fn poisoned_test_labels_change_no_weight() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let labels: Vec<u8> = data.test.labels().iter().map(|label| 9 - label).collect();
    let test = Samples::new(data.test.bytes().unwrap(), labels, data.test.shape()).unwrap();
    let poisoned = Dataset {
        test,
        ..data.clone()
    };
    let (clean, spoiled) = (
        trained(&config(&["bdnn-dsd"]), &data, 1),
        trained(&config(&["bdnn-dsd"]), &poisoned, 1),
    );
    assert_eq!(clean.1, spoiled.1);
    assert_ne!(
        clean.0.last().map(|last| last.measure),
        spoiled.0.last().map(|last| last.measure)
    );
}

#[test]
fn dropout_changes_neither_initial_weights_nor_the_order_of_samples() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let start = |rules: &[&str]| {
        let trainer = Trainer::new(&config(rules), &data, Threads::one()).unwrap();
        trainer.network().weights().concat()
    };
    assert_eq!(start(&["dropout"]), start(&[]));
    // A rate of 0 draws as many random numbers as any other, and drops nothing: the course is that
    // without dropout.
    let (with, without) = (
        trained(&config(&["dropout:dropout_rate=0"]), &data, 1),
        trained(&config(&[]), &data, 1),
    );
    assert_eq!(with.1, without.1);
}
