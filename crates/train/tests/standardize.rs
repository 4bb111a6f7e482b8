//! Standardized pixels and scaling at test time, from training to the model file.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use spinet_data::{Dataset, EvaluatedOn, Samples, Source, Standardisation, Target, load};
use spinet_nn::{BiasInitializer, Initializer, Kernel, Threads};
use spinet_train::{Error, Model, Scored, Standardize, TrainConfig, Trainer, each_sample, store};

fn config(standardize: Standardize) -> TrainConfig {
    TrainConfig {
        hidden: vec![12],
        epochs: 20,
        evaluate_every: 20,
        batch: 200,
        initializer: Initializer::GlorotSigmoid,
        bias_initializer: BiasInitializer::AsWeights,
        standardize,
        ..TrainConfig::default()
    }
}

fn data() -> Dataset {
    let mut data = load("mnist-1200", &Source::default()).unwrap();
    data.test = data.test.select(&(0..500).collect::<Vec<_>>()).unwrap();
    data
}

/// A trained model, and the accuracy and loss of its last evaluation.
fn trained(config: &TrainConfig, data: &Dataset) -> (Model, [f64; 2]) {
    let mut trainer = Trainer::new(config, data, Threads::one()).unwrap();
    let last = trainer.run(&mut |_| {}).unwrap().pop().unwrap();
    (Model::of(&trainer, data), [last.test_loss, last.score()])
}

/// The same model by way of a file.
fn stored(model: &Model) -> Result<Model, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m");
    model.save(&path)?;
    Model::parse(
        &store::read_at_most(&path, 1 << 24).unwrap(),
        Path::new("m"),
    )
}

#[test]
fn a_stored_model_scores_what_training_reported_for_every_standardization() {
    let data = data();
    for standardize in Standardize::ALL {
        let (model, last) = trained(&config(standardize), &data);
        let model = stored(&model).unwrap();
        let Scored { loss, measure } = model.score(&data.test, Threads::new(3).unwrap()).unwrap();
        let accuracy = measure.value();
        assert_eq!([loss, accuracy], last, "{standardize}");
        assert!(accuracy > 0.5, "{standardize}: {accuracy}");
        let mut right = 0;
        each_sample::<Error>(
            &model,
            data.test.values(),
            Threads::one(),
            |index, scores| {
                let best = (0..10)
                    .max_by(|a, b| scores[*a].total_cmp(&scores[*b]))
                    .unwrap();
                right += usize::from(best == usize::from(data.test.labels()[index]));
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(right as f64 / 500.0, accuracy, "{standardize}");
        assert!(
            model.description.accepts(data.test.values()).is_ok()
                && model.description.prior().standardisation.is_none()
        );
    }
}

#[test]
fn constants_are_those_of_the_training_samples_alone() {
    let mut data = data();
    let (model, _) = trained(&config(Standardize::Feature), &data);
    let expected = Standardisation::of_bytes(data.train.bytes().unwrap(), 784);
    assert_eq!(model.description.standardisation, Some(expected));
    let inverted: Vec<u8> = data
        .test
        .bytes()
        .unwrap()
        .iter()
        .map(|byte| 255 - byte)
        .collect();
    data.test = Samples::new(inverted, data.test.labels().to_vec(), [28, 28]).unwrap();
    let (other, _) = trained(&config(Standardize::Feature), &data);
    assert_eq!(
        other.arrays_sha256(),
        model.arrays_sha256(),
        "test samples leave no trace"
    );
    let (global, _) = trained(&config(Standardize::Global), &data);
    let Standardisation { mean, deviation } = global.description.standardisation.unwrap();
    assert!(
        mean.len() == 1
            && deviation.len() == 1
            && (mean[0] - 0.13).abs() < 0.01
            && (deviation[0] - 0.31).abs() < 0.01
    );
}

#[test]
fn a_constant_pixel_is_0_or_saturates() {
    let images: Vec<u8> = [[7, 0], [7, 200], [7, 90], [7, 255]].concat();
    let train = Samples::new(images.clone(), [0, 1, 0, 1], [1, 2]).unwrap();
    let test = Samples::new([[8, 0], [8, 200]].concat(), [0, 1], [1, 2]).unwrap();
    let class_names = vec!["a".to_owned(), "b".to_owned()];
    let dataset = |test: &Samples| Dataset {
        name: "tiny".to_owned(),
        train: train.clone(),
        test: test.clone(),
        class_names: class_names.clone(),
        files: Vec::new(),
        is_verified: true,
        standardisation: None,
        table: None,
        evaluated_on: EvaluatedOn::Test,
        target: Target::Classification,
    };
    let same = Samples::new([[7, 0], [7, 200]].concat(), [0, 1], [1, 2]).unwrap();
    let score = |standardize, test: &Samples| {
        trained(
            &TrainConfig {
                batch: 2,
                ..config(standardize)
            },
            &dataset(test),
        )
        .1
    };
    assert_eq!(
        score(Standardize::Feature, &test),
        score(Standardize::Feature, &same),
        "as if nothing was there"
    );
    assert_ne!(
        score(Standardize::FeatureEps, &test),
        score(Standardize::FeatureEps, &same)
    );
    assert_eq!(
        score(Standardize::FeatureEps, &same),
        score(Standardize::Feature, &same),
        "no difference where the pixel does not differ"
    );
}

#[test]
fn constants_that_do_not_fit_the_setting_are_refused_by_number() {
    let data = data();
    let (model, _) = trained(&config(Standardize::Feature), &data);
    let refused = |standardize, standardisation| {
        let mut model = model.clone();
        (
            model.description.training.standardize,
            model.description.standardisation,
        ) = (standardize, standardisation);
        stored(&model).unwrap_err().to_string()
    };
    let constants = |count: usize| {
        Some(Standardisation {
            mean: vec![0.5; count],
            deviation: vec![1.0; count],
        })
    };
    assert_eq!(
        refused(Standardize::Feature, None),
        "m: missing standardization, expected 784 means and deviations"
    );
    assert!(
        refused(Standardize::Feature, constants(783))
            .contains("783 means and 783 deviations, expected 784 finite ones")
    );
    assert!(
        refused(Standardize::Global, constants(784))
            .contains("784 means and 784 deviations, expected 1 finite ones")
    );
    assert!(
        refused(Standardize::Image, constants(1))
            .contains("1 means and 1 deviations, expected none")
    );
}

#[test]
fn a_table_is_standardized_when_it_is_read_and_has_no_exact_kernel_for_features() {
    let numbers = Samples::of_numbers(vec![0.0, 1.0], [0, 1], [1, 1]).unwrap();
    let error = Standardize::Feature
        .constants(&numbers)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "`standardize` must be none for a table, whose columns are always standardized, but is feature"
    );
    assert_eq!(Standardize::None.constants(&numbers).unwrap(), None);
    let config = TrainConfig {
        kernel: Kernel::Exact,
        ..config(Standardize::Feature)
    };
    let error = config.check().unwrap_err().to_string();
    assert!(
        error.starts_with("`kernel` must be f32 or auto with `standardize = \"feature\"`"),
        "{error}"
    );
    assert_eq!(
        TrainConfig {
            kernel: Kernel::Auto,
            ..config
        }
        .resolved()
        .unwrap()
        .kernel,
        Kernel::F32
    );
}

#[test]
fn dropout_that_scales_at_test_time_is_scored_and_stored_with_scaled_weights() {
    let data = data();
    let rules = vec!["dropout:dropout_rate=0.25,scaling=test".parse().unwrap()];
    let config = TrainConfig {
        rules,
        ..config(Standardize::None)
    };
    let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
    let last = trainer.run(&mut |_| {}).unwrap().pop().unwrap();
    let model = stored(&Model::of(&trainer, &data)).unwrap();
    assert_eq!(
        model.score(&data.test, Threads::one()).unwrap(),
        Scored {
            loss: last.test_loss,
            measure: last.measure
        }
    );
    let [first, second] =
        [0, 1].map(|layer| (trainer.network().weight(layer), model.network.weight(layer)));
    assert_eq!(first.0, first.1);
    assert!(
        second
            .0
            .iter()
            .zip(second.1)
            .all(|(trained, stored)| 0.75 * trained == *stored)
    );
}
