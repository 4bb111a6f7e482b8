//! A trainer goes on with other samples.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Dataset, Samples, Source, load};
use spinet_nn::Threads;
use spinet_train::{Advance, TrainConfig, Trainer};

fn part(data: &Dataset, every: usize) -> Dataset {
    let some: Vec<usize> = (0..1200 / every).map(|index| every * index).collect();
    Dataset {
        train: data.train.select(&some).unwrap(),
        test: data.test.select(&some).unwrap(),
        ..data.clone()
    }
}

fn epoch(trainer: &mut Trainer) -> u64 {
    let (epoch, step) = (trainer.epoch(), trainer.position().step);
    while trainer.epoch() == epoch && trainer.advance().unwrap() != Advance::Finished {}
    trainer.position().step - step
}

#[test]
fn tasks_of_any_size_have_batches_of_the_size_that_was_chosen() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let config = TrainConfig {
        hidden: vec![5],
        batch: 64,
        epochs: 4,
        evaluate_every: 4,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(&config, &part(&data, 10), Threads::one()).unwrap();
    let steps = [10, 40, 4, 10].map(|every| {
        trainer.go_on_with(&part(&data, every)).unwrap();
        epoch(&mut trainer)
    });
    // 120, 30, 300 and 120 samples.
    assert_eq!(steps, [2, 1, 5, 2]);
}

#[test]
fn going_on_with_the_same_samples_changes_nothing_and_with_others_something() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let (first, second) = (part(&data, 10), part(&data, 7));
    let config = TrainConfig {
        hidden: vec![5],
        epochs: 2,
        schedule: "cosine".parse().unwrap(),
        warm_up: 2,
        ..TrainConfig::default()
    };
    let run = |next: &Dataset| {
        let mut trainer = Trainer::new(&config, &first, Threads::one()).unwrap();
        epoch(&mut trainer);
        trainer.go_on_with(next).unwrap();
        epoch(&mut trainer);
        trainer.network().weights().concat()
    };
    let undisturbed = {
        let mut trainer = Trainer::new(&config, &first, Threads::one()).unwrap();
        trainer.run(&mut |_| {}).unwrap();
        trainer.network().weights().concat()
    };
    assert_eq!(run(&first), undisturbed);
    let other = run(&second);
    assert!(
        other != undisturbed && other.iter().all(|weight| weight.is_finite()),
        "the schedule counts by the first samples"
    );
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let config = TrainConfig {
        hidden: vec![5],
        batch: 64,
        epochs: 2,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(&config, &part(&data, 10), Threads::one()).unwrap();
    let samples = |shape: [usize; 2]| {
        Samples::new(vec![0; 2 * shape[0] * shape[1]], vec![0, 1], shape).unwrap()
    };
    let narrow = Dataset {
        train: samples([2, 2]),
        test: samples([2, 2]),
        ..data.clone()
    };
    assert!(
        trainer
            .go_on_with(&narrow)
            .unwrap_err()
            .to_string()
            .contains("784"),
        "features"
    );
    let mut classes = part(&data, 10);
    classes.class_names.push("ten".to_owned());
    assert_eq!(
        trainer.go_on_with(&classes).unwrap_err().to_string(),
        "`classes` must be at most those of the network, but is 11"
    );
    let none = Dataset {
        train: data.train.select(&[]).unwrap(),
        ..data.clone()
    };
    assert!(
        trainer
            .go_on_with(&none)
            .unwrap_err()
            .to_string()
            .contains("has no training samples")
    );
    while trainer.position().batch != 1 {
        trainer.advance().unwrap();
    }
    let message = trainer.go_on_with(&data).unwrap_err().to_string();
    assert_eq!(
        message,
        "`samples` must be changed between two epochs, but is changed after step 1 of one"
    );
}
