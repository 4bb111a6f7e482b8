//! Same seed, same bits, whatever the number of threads; and the test samples change nothing that
//! is trained.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Dataset, Samples, Source, load};
use spinet_nn::Threads;
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
        clean.0.last().map(|last| last.accuracy),
        spoiled.0.last().map(|last| last.accuracy)
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
