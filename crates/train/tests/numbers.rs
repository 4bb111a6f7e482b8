//! Samples of numbers train like pixels: the same bits where the numbers are those that pixels
//! stand for.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Dataset, Samples, Source, load};
use spinet_nn::{Kernel, Threads};
use spinet_train::{Error, Evaluation, Model, TrainConfig, Trainer, each_sample};

/// Small enough for a test.
fn pixels() -> Dataset {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let test = data.test.select(&(0..700).collect::<Vec<_>>()).unwrap();
    Dataset { test, ..data }
}

/// The same samples as numbers.
fn numbers(data: &Dataset) -> Dataset {
    let widened = |samples: &Samples| {
        let numbers: Vec<f32> = samples
            .bytes()
            .unwrap()
            .iter()
            .map(|byte| f32::from(*byte) * (1.0 / 255.0))
            .collect();
        Samples::of_numbers(numbers, samples.labels().to_vec(), samples.shape()).unwrap()
    };
    Dataset {
        train: widened(&data.train),
        test: widened(&data.test),
        ..data.clone()
    }
}

fn trained(data: &Dataset, threads: usize, kernel: Kernel) -> (Trainer, Vec<Evaluation>, Vec<u32>) {
    let rules = vec!["bdnn-dsd".parse().unwrap()];
    let config = TrainConfig {
        hidden: vec![30],
        epochs: 4,
        batch: 256,
        seed: 3,
        rules,
        kernel,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(&config, data, Threads::new(threads).unwrap()).unwrap();
    let curve = trainer.run(&mut |_| {}).unwrap();
    let weights = trainer
        .network()
        .weights()
        .concat()
        .iter()
        .map(|weight| weight.to_bits())
        .collect();
    (trainer, curve, weights)
}

#[test]
fn the_numbers_that_pixels_stand_for_train_the_same_bits_as_pixels() {
    let data = pixels();
    let (_, curve_of_pixels, of_pixels) = trained(&data, 1, Kernel::F32);
    let (_, curve, of_numbers) = trained(&numbers(&data), 1, Kernel::F32);
    assert_eq!(of_pixels, of_numbers);
    for (a, b) in curve_of_pixels.iter().zip(&curve) {
        assert_eq!((a.train_loss, a.measure), (b.train_loss, b.measure));
        // Pixels are scored class by class, numbers in their order: the sum is rounded elsewhere.
        assert!(
            (a.test_loss - b.test_loss).abs() < 1e-9 * a.test_loss,
            "{} {}",
            a.test_loss,
            b.test_loss
        );
    }
}

#[test]
fn bits_of_numbers_depend_neither_on_threads_nor_on_the_kernel_for_pixels() {
    let data = numbers(&pixels());
    let (_, curve, weights) = trained(&data, 1, Kernel::F32);
    for (threads, kernel) in [(2, Kernel::F32), (3, Kernel::F32), (2, Kernel::Portable)] {
        let other = trained(&data, threads, kernel);
        assert_eq!(
            (&curve, &weights),
            (&other.1, &other.2),
            "{threads} threads, {kernel}"
        );
    }
}

#[test]
fn each_sample_predicts_what_the_score_counts() {
    let data = numbers(&pixels());
    let (trainer, curve, _) = trained(&data, 1, Kernel::F32);
    let model = Model::of(&trainer, &data);
    let mut right = 0;
    each_sample(
        &model,
        data.test.values(),
        Threads::one(),
        |index, scores| {
            let best = (0..scores.len())
                .max_by(|a, b| scores[*a].total_cmp(&scores[*b]))
                .unwrap();
            right += usize::from(best == usize::from(data.test.labels()[index]));
            Ok::<(), Error>(())
        },
    )
    .unwrap();
    assert_eq!(right as f64 / 700.0, curve.last().unwrap().score());
}
