//! The losses that a run tells: every sample counts once, however the samples are divided into
//! batches and chunks.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Dataset, Source, load};
use spinet_nn::{Loss, Threads};
use spinet_train::{Error, Model, TrainConfig, Trainer, each_sample};

/// 1,000 samples to train on and to evaluate, so that chunks of 256 leave a smaller last one.
fn data() -> Dataset {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let some = data.test.select(&(0..1000).collect::<Vec<_>>()).unwrap();
    Dataset {
        train: some.clone(),
        test: some,
        ..data
    }
}

/// The mean loss of the model on its test samples, one sample after the other.
fn plain_loss(model: &Model, data: &Dataset) -> f64 {
    let (mut sum, loss) = (0.0, model.description.training.loss);
    each_sample(
        model,
        data.test.values(),
        Threads::one(),
        |index, scores| {
            let label = usize::from(data.test.labels()[index]);
            sum += match loss {
                Loss::CrossEntropy => -f64::from(scores[label]).ln(),
                Loss::MeanSquaredError => {
                    let target = |class: usize| if class == label { 1.0 } else { 0.0 };
                    let squares = scores
                        .iter()
                        .enumerate()
                        .map(|(class, score)| (f64::from(*score) - target(class)).powi(2));
                    squares.sum::<f64>() / scores.len() as f64
                }
                _ => panic!("{} is not for classes", loss.name()),
            };
            Ok::<(), Error>(())
        },
    )
    .unwrap();
    sum / data.test.len() as f64
}

#[test]
fn every_sample_has_the_same_weight_in_the_loss_of_an_epoch_and_of_an_evaluation() {
    let data = data();
    for loss in [Loss::CrossEntropy, Loss::MeanSquaredError] {
        let mut means = Vec::new();
        // The last batch has 1,000, 400, 1 and 20 samples.
        for batch in [1000, 600, 333, 70] {
            // A rate too small to change a weight: the loss before each step is that of the initial
            // network.
            let config = TrainConfig {
                hidden: vec![12],
                batch,
                epochs: 2,
                learning_rate: 1e-29,
                loss,
                ..TrainConfig::default()
            };
            let mut trainer = Trainer::new(&config, &data, Threads::new(2).unwrap()).unwrap();
            let before = trainer.network().weights().concat();
            let curve = trainer.run(&mut |_| {}).unwrap();
            assert!(
                trainer.network().weights().concat() == before,
                "nothing was learned"
            );
            let expected = plain_loss(&Model::of(&trainer, &data), &data);
            let is_close = |found: f64| (found - expected).abs() < 1e-5 * expected;
            for evaluation in &curve {
                let told = [Some(evaluation.test_loss), evaluation.train_loss];
                assert!(
                    told.into_iter().flatten().all(is_close),
                    "{loss:?}, batch {batch}: {told:?}, expected {expected}"
                );
            }
            assert!(curve[0].train_loss.is_none() && curve[2].train_loss.is_some());
            means.push(curve[2].train_loss.unwrap());
        }
        assert!(
            means
                .windows(2)
                .all(|pair| (pair[0] - pair[1]).abs() < 1e-5 * pair[0]),
            "{means:?}"
        );
    }
}

/// One step over all samples is the mean of the gradients, whatever their number: twice every
/// sample is the same step.
#[test]
fn every_sample_has_the_same_weight_in_a_step() {
    let data = data();
    let half: Vec<usize> = (0..50).collect();
    let twice: Vec<usize> = half.iter().chain(&half).copied().collect();
    for loss in [Loss::CrossEntropy, Loss::MeanSquaredError] {
        let weights = |chosen: &[usize]| {
            let data = Dataset {
                train: data.train.select(chosen).unwrap(),
                ..data.clone()
            };
            let config = TrainConfig {
                hidden: vec![12],
                batch: 1000,
                epochs: 1,
                loss,
                ..TrainConfig::default()
            };
            let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
            let before = trainer.network().weights().concat();
            trainer.run(&mut |_| {}).unwrap();
            trainer
                .network()
                .weights()
                .concat()
                .iter()
                .zip(&before)
                .map(|(after, before)| f64::from(after - before))
                .collect()
        };
        let (once, twice): (Vec<f64>, Vec<f64>) = (weights(&half), weights(&twice));
        let largest = once
            .iter()
            .fold(0.0_f64, |largest, change| largest.max(change.abs()));
        assert!(
            largest > 1e-4
                && once
                    .iter()
                    .zip(&twice)
                    .all(|(a, b)| (a - b).abs() < 1e-3 * largest),
            "{loss:?}"
        );
    }
}
