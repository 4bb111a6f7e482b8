//! Numbers and labels as targets, weights of samples, early stopping, clipping and warm start: right
//! values, and the same bits at any number of threads and after any interruption.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests write tables in their own temporary directories"
)]

use std::fmt::Write as _;
use std::path::Path;

use spinet_data::{Column, Dataset, Source, Target};
use spinet_nn::{Activation, Initializer, Loss, Threads};
use spinet_train::{
    Advance, Assessment, ClassWeight, Error, Measure, Model, RunDirectory, Safety, TrainConfig,
    Trainer,
};

/// Columns `x`, `z`, `w` (weights), `area` = 1000 + 50 x - 20 z, `side` = x z / 1000, `is_large`,
/// `is_long`, `kind` of three.
fn table(root: &Path) -> Source {
    let mut text = "x,z,w,area,side,is_large,is_long,kind\n".to_owned();
    for row in 0..90_i32 {
        // All pairs of remainders, in no order.
        let (x, z) = (f64::from(row * 7 % 10), f64::from(row * 5 % 9));
        let (area, side) = (1000.0 + 50.0 * x - 20.0 * z, x * z / 1000.0);
        let yes = |is| if is { "yes" } else { "no" };
        let (large, long) = (yes(x > 4.5), yes(z > 3.5));
        let kind = ["a", "b", "c"][usize::from(x > 4.5) + usize::from(x > 4.5 && z > 3.5)];
        let weight = 1 + row % 3;
        writeln!(text, "{x},{z},{weight},{area},{side},{large},{long},{kind}").unwrap();
    }
    std::fs::write(root.join("t.csv"), text).unwrap();
    Source {
        data_dir: Some(root.to_owned()),
        ..Source::default()
    }
}

fn config(labels: &[&str]) -> TrainConfig {
    let columns: Vec<Column> = labels.iter().map(|name| name.parse().unwrap()).collect();
    let all = ["w", "area", "side", "is_large", "is_long", "kind"];
    let others = all.iter().filter(|name| !labels.contains(name));
    let (label, labels) = match &columns[..] {
        [one] => (Some(one.clone()), Vec::new()),
        several => (None, several.to_vec()),
    };
    TrainConfig {
        data: "t.csv".to_owned(),
        label,
        labels,
        ignore: others.map(|name| name.parse().unwrap()).collect(),
        hidden: vec![20],
        activation: Activation::Tanh,
        initializer: Initializer::Xavier,
        learning_rate: 0.02,
        batch: 16,
        epochs: 150,
        rules: vec!["adam".parse().unwrap()],
        ..TrainConfig::default()
    }
}

fn trained(config: &TrainConfig, data: &Dataset, threads: usize) -> (Model, Measure) {
    let mut trainer = Trainer::new(config, data, Threads::new(threads).unwrap()).unwrap();
    let measure = trainer.run(&mut |_| {}).unwrap().pop().unwrap().measure;
    (Model::of(&trainer, data), measure)
}

/// Every kind of target and of what is new in a run.
fn configurations() -> Vec<TrainConfig> {
    let of = |labels: &[&str], loss| TrainConfig {
        loss,
        ..config(labels)
    };
    let numbers = ["area", "side"];
    vec![
        of(&["area"], Loss::MeanSquaredError),
        of(&numbers, Loss::MeanAbsoluteError),
        TrainConfig {
            patience: 5,
            ..of(&numbers, Loss::Huber)
        },
        of(&["is_large", "is_long"], Loss::BinaryCrossEntropy),
        TrainConfig {
            class_weight: ClassWeight::Balanced,
            sample_weight: Some(Column::Name("w".to_owned())),
            ignore: config(&["kind"]).ignore[1..].to_vec(),
            patience: 3,
            clip_norm: 0.5,
            ..config(&["kind"])
        },
    ]
}

#[test]
fn numbers_are_predicted_in_their_own_units_and_models_read_back() {
    let root = tempfile::tempdir().unwrap();
    let source = table(root.path());
    let config = config(&["area", "side"]);
    let data = config.load(&source).unwrap();
    let Target::Regression { numbers } = &data.target else {
        panic!("numbers to predict, found {:?}", data.target)
    };
    assert_eq!([&numbers[0].name, &numbers[1].name], ["area", "side"]);
    assert_eq!((data.classes(), data.outputs()), (0, 2));
    let (model, measure) = trained(&config, &data, 1);
    assert!(
        measure.name() == "R2" && measure.value() > 0.99,
        "{measure}"
    );
    let path = root.path().join("m.safetensors");
    model.save(&path).unwrap();
    let model = Model::read(&path).unwrap();
    let (description, threads) = (&model.description, Threads::one());
    assert_eq!(
        (description.version, &description.target),
        (3, &data.target)
    );
    assert_eq!(
        model.score(&data.test, threads.clone()).unwrap().measure,
        measure
    );
    let Assessment::Numbers(scores) = model.assess(&data.test, threads).unwrap() else {
        panic!("scores of numbers")
    };
    assert!((scores.r2 - measure.value()).abs() < 1e-6);
    // The area has a deviation of 150, the side one of 0.02.
    let errors = [scores.numbers[0].rmse, scores.numbers[1].rmse];
    assert!(
        errors[0] < 15.0 && errors[0] > 0.02 && errors[1] < 0.002,
        "{errors:?}"
    );
    let found = model.predict_numbers(data.test.values()).unwrap();
    let (truth, _) = data.test.targets().unwrap();
    let squares: f64 = (found.chunks(2).zip(truth.chunks(2)))
        .map(|(found, truth)| (found[0] - numbers[0].number(truth[0])).powi(2))
        .sum();
    assert!(((squares / data.test.len() as f64).sqrt() - errors[0]).abs() < 1e-6);
}

#[test]
fn labels_that_are_yes_or_no_are_learned_together() {
    let root = tempfile::tempdir().unwrap();
    let config = config(&["is_large", "is_long"]);
    let data = config.load(&table(root.path())).unwrap();
    assert_eq!(data.class_names, ["is_large", "is_long"]);
    let (model, measure) = trained(&config, &data, 1);
    assert_eq!(measure, Measure::Accuracy(1.0));
    assert_eq!(model.description.training.loss, Loss::BinaryCrossEntropy);
    let probabilities = model.predict_proba(data.test.values()).unwrap();
    let (truth, _) = data.test.targets().unwrap();
    let pairs = probabilities.iter().zip(truth);
    assert!(
        pairs
            .into_iter()
            .all(|(found, truth)| (found > &0.5) == (truth > &0.5))
    );
}

#[test]
fn folds_have_constants_of_their_own_training_rows() {
    let root = tempfile::tempdir().unwrap();
    let config = config(&["area"]);
    let source = table(root.path());
    let whole = config.load_for_folds(&source).unwrap();
    let folds = whole.folds(3, &config.folds_key()).unwrap();
    let fold = whole.fold(&folds[0]).unwrap();
    let (standardized, _) = fold.train.targets().unwrap();
    let count = standardized.len() as f64;
    let mean: f64 = standardized
        .iter()
        .map(|number| f64::from(*number))
        .sum::<f64>()
        / count;
    assert!(mean.abs() < 1e-6 && fold.target != whole.target, "{mean}");
    let scores = config.cross_validate(&source, 3).unwrap();
    assert!(
        scores.iter().all(|score| score.value() > 0.95),
        "{scores:?}"
    );
}

#[test]
fn every_target_gives_the_same_bits_at_any_number_of_threads() {
    let root = tempfile::tempdir().unwrap();
    let source = table(root.path());
    for config in configurations() {
        let config = TrainConfig {
            epochs: 12,
            ..config
        };
        let data = config.load(&source).unwrap();
        let (one, measure) = trained(&config, &data, 1);
        let (three, same) = trained(&config, &data, 3);
        assert_eq!(one.arrays_sha256(), three.arrays_sha256());
        assert_eq!(measure, same);
    }
}

/// Trains in a directory, and stops after every so many steps until it is finished.
fn in_pieces(path: &Path, config: &TrainConfig, data: &Dataset, steps: u64) -> (Vec<u8>, usize) {
    let directory = RunDirectory::open(path).unwrap();
    for pieces in 0.. {
        let mut trainer = Trainer::new(config, data, Threads::one()).unwrap();
        directory.begin(&mut trainer, data).unwrap();
        let safety = Safety::default();
        let (stop, begun) = (safety.stop.clone(), trainer.position().step);
        let result = directory.run(&mut trainer, data, &safety, &mut |advance, trainer| {
            if advance == Advance::Stepped && trainer.position().step >= begun + steps {
                stop.request();
            }
        });
        match result {
            Ok(_) => return (std::fs::read(directory.model()).unwrap(), pieces),
            Err(Error::Interrupted { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("a run ends")
}

#[test]
fn every_target_gives_the_same_file_after_any_interruption() {
    let root = tempfile::tempdir().unwrap();
    let source = table(root.path());
    for (number, config) in configurations().into_iter().enumerate() {
        let config = TrainConfig {
            epochs: 40,
            ..config.resolved().unwrap()
        };
        let data = config.load(&source).unwrap();
        let at = |name: &str| root.path().join(format!("{number}-{name}"));
        let (whole, pieces) = in_pieces(&at("whole"), &config, &data, u64::MAX);
        assert_eq!(pieces, 0);
        let (same, pieces) = in_pieces(&at("pieces"), &config, &data, 7);
        assert!(pieces > 2 && whole == same, "{number}: {pieces} pieces");
        let again = RunDirectory::open(&at("pieces")).unwrap();
        assert!(again.finished(&config, &data).unwrap().is_some());
    }
}

#[test]
fn early_stopping_keeps_the_weights_of_the_best_epoch() {
    let root = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        patience: 4,
        learning_rate: 0.3,
        epochs: 500,
        ..config(&["area"])
    };
    let data = config.load(&table(root.path())).unwrap();
    let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
    let (mut losses, mut networks) = (Vec::new(), Vec::new());
    loop {
        match trainer.advance().unwrap() {
            Advance::Evaluated => {
                let best = trainer.position().best.unwrap();
                losses.push((trainer.epoch(), best));
                networks.push(trainer.network().clone());
            }
            Advance::Stepped => {}
            Advance::Finished => break,
        }
    }
    let (last, best) = *losses.last().unwrap();
    assert!(
        trainer.has_stopped() && last < 500 && last == best.epoch + 4,
        "{last} {best:?}"
    );
    assert_eq!(
        trainer.network(),
        &networks[best.epoch],
        "the best weights are back"
    );
    let curve = trainer.curve();
    assert_eq!(
        curve.last().unwrap().measure,
        curve[best.epoch].measure,
        "the last evaluation is that of the model"
    );
    // A tenth of the 72 training rows is held out, so 65 are left: 5 steps an epoch.
    assert_eq!(trainer.position().step, 5 * last as u64);
}

#[test]
fn a_run_may_begin_with_the_weights_of_another() {
    let root = tempfile::tempdir().unwrap();
    let config = config(&["area"]);
    let data = config.load(&table(root.path())).unwrap();
    let (model, _) = trained(&config, &data, 1);
    let path = root.path().join("m.safetensors");
    model.save(&path).unwrap();
    let warm = |hidden: usize, digest: Option<&str>| {
        let config = TrainConfig {
            init: Some(path.display().to_string()),
            init_sha256: digest.map(str::to_owned),
            hidden: vec![hidden],
            ..config.clone()
        };
        Trainer::new(&config, &data, Threads::one())
    };
    let same = warm(20, Some(&model.arrays_sha256())).unwrap();
    assert_eq!(same.network().params(), model.network.params());
    // The output bias alone has the same shape.
    let other = warm(7, None).unwrap();
    assert_eq!(other.network().bias(1), model.network.bias(1));
    assert_ne!(other.network().weight(0)[..3], model.network.weight(0)[..3]);
    let refused = warm(20, Some("00")).err().unwrap().to_string();
    assert!(
        refused.ends_with("is not the model that the run was started from"),
        "{refused}"
    );
}

#[test]
fn a_loss_that_is_not_for_the_targets_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let source = table(root.path());
    for (label, loss, message) in [
        (
            "kind",
            Loss::Huber,
            "`loss` must be cross-entropy or mean-squared-error for classes, but is huber",
        ),
        (
            "area",
            Loss::BinaryCrossEntropy,
            "`loss` must be mean-squared-error, mean-absolute-error or huber for numbers, but is binary-cross-entropy",
        ),
    ] {
        let config = TrainConfig {
            loss,
            ..config(&[label])
        };
        let data = config.load(&source).unwrap();
        let error = Trainer::new(&config, &data, Threads::one()).err().unwrap();
        assert_eq!(error.to_string(), message);
    }
    let weighted = TrainConfig {
        class_weight: ClassWeight::Balanced,
        ..config(&["area"])
    };
    let data = weighted.load(&source).unwrap();
    let error = Trainer::new(&weighted, &data, Threads::one())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "`class_weight` must be none for a task that is no classification, but is balanced"
    );
}

#[test]
fn a_gradient_above_the_limit_is_scaled_down_to_it() {
    let root = tempfile::tempdir().unwrap();
    let plain = TrainConfig {
        rules: Vec::new(),
        learning_rate: 1.0,
        ..config(&["area"])
    };
    let data = plain.load(&table(root.path())).unwrap();
    let moved = |clip_norm| {
        let config = TrainConfig {
            clip_norm,
            ..plain.clone()
        };
        let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
        let before = trainer.network().clone();
        while trainer.position().step == 0 {
            trainer.advance().unwrap();
        }
        let arrays = (0..before.params().len()).flat_map(|id| {
            let pair = [before.params().get(id), trainer.network().params().get(id)];
            (pair[0].iter().zip(pair[1]))
                .map(|(a, b)| f64::from(a - b).powi(2))
                .collect::<Vec<_>>()
        });
        arrays.sum::<f64>().sqrt()
    };
    let whole = moved(0.0);
    assert!((moved(whole / 4.0) - whole / 4.0).abs() < 1e-5 * whole);
    assert!((moved(4.0 * whole) - whole).abs() < 1e-9);
}
