//! What a finished run gives as its result: nothing that its model does not vouch for.
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

use spinet_data::{Dataset, EvaluatedOn, Samples, Target};
use spinet_nn::Threads;
use spinet_train::{
    Error, Evaluation, Model, NUMERICS, RunDirectory, Safety, Scored, TrainConfig, Trainer,
    read_run,
};

use spinet_testing::reseal::resealed;

/// Two classes; `shift` makes others of them.
fn data(shift: u8) -> Dataset {
    let samples = |count: u8| {
        let pixels: Vec<u8> = (0..6 * u32::from(count))
            .map(|index| ((index * 37 + u32::from(shift)) % 251) as u8)
            .collect();
        Samples::new(
            pixels,
            (0..count).map(|index| index % 2).collect::<Vec<u8>>(),
            [2, 3],
        )
        .unwrap()
    };
    Dataset {
        name: "tiny".to_owned(),
        train: samples(20),
        test: samples(10),
        class_names: vec!["a".to_owned(), "b".to_owned()],
        files: Vec::new(),
        is_verified: true,
        standardisation: None,
        table: None,
        evaluated_on: EvaluatedOn::Test,
        target: Target::Classification,
    }
}

fn config() -> TrainConfig {
    let config = TrainConfig {
        data: "tiny".to_owned(),
        hidden: vec![3],
        batch: 8,
        epochs: 4,
        evaluate_every: 2,
        ..TrainConfig::default()
    };
    config.resolved().unwrap()
}

/// Trains to the end in a directory.
fn train(path: &Path, data: &Dataset) -> Vec<Evaluation> {
    let directory = RunDirectory::open(path).unwrap();
    let mut trainer = Trainer::new(&config(), data, Threads::one()).unwrap();
    directory.begin(&mut trainer, data).unwrap();
    directory
        .run(&mut trainer, data, &Safety::default(), &mut |_, _| {})
        .unwrap();
    trainer.curve().to_vec()
}

fn finished(path: &Path, data: &Dataset) -> Result<Option<(Model, Vec<Evaluation>)>, Error> {
    RunDirectory::open(path).unwrap().finished(&config(), data)
}

/// Gives the model another description, under a checksum that fits.
fn redescribe(path: &Path, change: impl Fn(&str) -> String) {
    let file = path.join("model.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(
        &file,
        resealed(&bytes, &mut |text| change(text), &mut |_, _| {}).unwrap(),
    )
    .unwrap();
}

#[test]
fn a_finished_run_is_read_with_the_evaluations_that_its_model_vouches_for() {
    let (root, data) = (tempfile::tempdir().unwrap(), data(0));
    assert!(
        read_run(root.path()).unwrap().is_none() && finished(root.path(), &data).unwrap().is_none(),
        "nothing is there"
    );
    let curve = train(root.path(), &data);
    let (model, read) = finished(root.path(), &data).unwrap().unwrap();
    assert!(
        read == curve
            && model.score(&data.test, Threads::one()).unwrap()
                == Scored {
                    loss: curve[2].test_loss,
                    measure: curve[2].measure
                }
    );
    let seal = model.description.run.unwrap();
    assert_eq!(
        (seal.numerics, seal.test_sha256),
        (NUMERICS, data.test.sha256())
    );
    assert_eq!(
        seal.metrics_sha256,
        spinet_data::sha256_hex(&fs::read(root.path().join("metrics.jsonl")).unwrap())
    );
}

#[test]
fn a_run_of_a_version_that_sealed_no_evaluations_gives_no_result_but_its_model_is_readable() {
    let (root, data) = (tempfile::tempdir().unwrap(), data(0));
    let curve = train(root.path(), &data);
    redescribe(root.path(), |text| {
        let (before, seal) = text.split_once(",\"run\":").unwrap();
        assert!(seal.contains("metrics_sha256"), "{seal}");
        before.to_owned() + "}"
    });
    let message = finished(root.path(), &data).unwrap_err().to_string();
    let expected = "metrics.jsonl: cannot be verified: the model was written by an earlier version, which stored no digest of the evaluations\n\nhint: ";
    assert!(message.contains(expected), "{message}");
    let model = Model::read(&root.path().join("model.safetensors")).unwrap();
    assert_eq!(model.description.run, None);
    assert_eq!(
        model.score(&data.test, Threads::one()).unwrap().measure,
        curve[2].measure
    );
}

#[test]
fn a_model_of_other_data_or_other_numbers_is_of_another_run() {
    let (root, data, other) = (tempfile::tempdir().unwrap(), data(0), data(1));
    let refused = |data: &Dataset| match finished(root.path(), data).unwrap_err() {
        error @ Error::OtherRun { .. } => error.to_string(),
        error => panic!("{error}"),
    };
    train(root.path(), &data);
    assert!(refused(&other).contains("it was trained on other data"));
    // Somebody makes run.toml fit, by a digest that is added or put in place of another.
    let text = fs::read_to_string(root.path().join("run.toml")).unwrap();
    let added = format!(
        "{text}# {}\n# {}\n",
        other.train.sha256(),
        other.test.sha256()
    );
    fs::write(root.path().join("run.toml"), added).unwrap();
    assert!(refused(&other).contains("its model was trained on other data"));
    let replaced = text
        .replace(&data.train.sha256(), &other.train.sha256())
        .replace(&data.test.sha256(), &other.test.sha256());
    fs::write(root.path().join("run.toml"), replaced).unwrap();
    assert!(refused(&other).contains("it was trained on other data"));
    fs::write(
        root.path().join("run.toml"),
        text.replace("seed = 0", "seed = 1"),
    )
    .unwrap();
    assert!(refused(&data).contains("`seed` is 1 there and 0 here"));
    fs::write(root.path().join("run.toml"), &text).unwrap();
    finished(root.path(), &data).unwrap().unwrap();
    // The same for what the model says.
    let whole = fs::read(root.path().join("model.safetensors")).unwrap();
    let numbers = format!("\"numerics\":{NUMERICS}");
    for (from, to) in [
        (numbers.as_str(), "\"numerics\":999"),
        ("\"seed\":0", "\"seed\":1"),
        ("\"epoch\":4", "\"epoch\":2"),
    ] {
        redescribe(root.path(), |text| {
            assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
            text.replace(from, to)
        });
        refused(&data);
        fs::write(root.path().join("model.safetensors"), &whole).unwrap();
    }
    finished(root.path(), &data).unwrap().unwrap();
}

#[test]
fn changed_evaluations_are_refused_with_both_digests() {
    let (root, data) = (tempfile::tempdir().unwrap(), data(0));
    train(root.path(), &data);
    let path = root.path().join("metrics.jsonl");
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(
            matches!(finished(root.path(), &data), Err(Error::Unverified { .. })),
            "byte {place}"
        );
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(
            matches!(finished(root.path(), &data), Err(Error::Unverified { .. })),
            "{length} bytes"
        );
    }
}
