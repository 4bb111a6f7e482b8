//! Stopped and resumed = never stopped, byte for byte; and checkpoints that do not verify are
//! skipped by name.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests damage files in their own temporary directories"
)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use spinet_data::{Dataset, Source, load};
use spinet_nn::Threads;
use spinet_rules::RULES;
use spinet_train::{Advance, Error, Model, RunDirectory, Safety, Start, TrainConfig, Trainer};

fn data() -> Dataset {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let some: Vec<usize> = (0..100).map(|index| 12 * index).collect();
    Dataset {
        train: data.train.select(&some).unwrap(),
        test: data.test.select(&some).unwrap(),
        ..data
    }
}

/// Every rule of the registry alone, all that fit together, and none.
fn configurations() -> Vec<TrainConfig> {
    let mut chains: Vec<Vec<&str>> = RULES.iter().map(|rule| vec![rule.name]).collect();
    // Those whose defaults are too patient for a run this short.
    chains.extend([
        vec!["synaptic-pruning:weak=0.8,strong=0.5,patience=1"],
        vec!["sd-snn-bounds:threshold=1,warm_up=1"],
        vec!["magnitude-pruning:start=0.2,end=0.8", "grapes"],
    ]);
    chains.extend([
        vec!["bdnn-dsd", "l2", "dropout"],
        vec!["spine-retraction:biases=bounded,threshold=2"],
        Vec::new(),
    ]);
    let config = |rules: Vec<&str>| TrainConfig {
        hidden: vec![5, 4],
        batch: 30,
        epochs: 5,
        evaluate_every: 2,
        rules: rules
            .into_iter()
            .map(|rule| rule.parse().unwrap())
            .collect(),
        ..TrainConfig::default()
    };
    let scheduled = TrainConfig {
        schedule: "cosine".parse().unwrap(),
        warm_up: 2,
        ..config(vec!["momentum"])
    };
    // A residual network with running statistics on images that are moved at random.
    let residual = |rules: Vec<&str>| {
        let layers = [
            "conv2d:channels=3,kernel=5,stride=3,norm=batch",
            "conv2d:channels=3,padding=1,norm=batch",
            "add:from=1",
            "max-pool:size=4",
        ];
        let layers = layers.map(|layer| layer.parse().unwrap());
        let config = TrainConfig {
            shift: 2,
            flip: true,
            ..config(rules)
        };
        config.with_layers(&layers).unwrap()
    };
    let residual = [
        residual(vec!["bdnn-dsd", "adam"]),
        residual(vec!["grapes", "dropout"]),
    ];
    chains
        .into_iter()
        .map(config)
        .chain([scheduled])
        .chain(residual)
        .map(|config| config.resolved().unwrap())
        .collect()
}

fn run(
    directory: &RunDirectory,
    config: &TrainConfig,
    data: &Dataset,
    stop_after: Option<u64>,
) -> (Start, Result<(), Error>) {
    let mut trainer = Trainer::new(config, data, Threads::one()).unwrap();
    let start = directory.begin(&mut trainer, data).unwrap();
    let safety = Safety::default();
    let stop = safety.stop.clone();
    let result = directory.run(&mut trainer, data, &safety, &mut |advance, trainer| {
        if advance == Advance::Stepped && Some(trainer.position().step) == stop_after {
            stop.request();
        }
    });
    (start, result.map(drop))
}

fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap() != "spinet.lock")
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_run_stopped_after_any_step_ends_byte_equal() {
    let data = data();
    let root = tempfile::tempdir().unwrap();
    for (number, config) in configurations().iter().enumerate() {
        let whole = RunDirectory::open(&root.path().join(format!("{number}-whole"))).unwrap();
        run(&whole, config, &data, None).1.unwrap();
        // 4 steps an epoch, 20 in all.
        for step in 1..20 {
            let directory =
                RunDirectory::open(&root.path().join(format!("{number}-{step}"))).unwrap();
            let error = run(&directory, config, &data, Some(step)).1.unwrap_err();
            assert!(
                matches!(error, Error::Interrupted { step: found, .. } if found == step),
                "{error}"
            );
            let (start, result) = run(&directory, config, &data, None);
            result.unwrap();
            assert!(start.from.is_some() && start.skipped.is_empty());
            assert!(
                files(directory.path()) == files(whole.path()),
                "{:?}, step {step}",
                config.rules
            );
        }
    }
}

#[test]
fn damaged_checkpoints_are_skipped_by_name_and_the_one_before_is_taken() {
    let data = data();
    let config = &configurations()[1];
    let root = tempfile::tempdir().unwrap();
    let whole = RunDirectory::open(&root.path().join("whole")).unwrap();
    run(&whole, config, &data, None).1.unwrap();
    for damage in ["cut", "flipped", "empty", "all"] {
        let directory = RunDirectory::open(&root.path().join(damage)).unwrap();
        run(&directory, config, &data, Some(7)).1.unwrap_err();
        let newest = directory.path().join("checkpoint-0000000007.safetensors");
        let first = directory.path().join("checkpoint-0000000000.safetensors");
        let mut bytes = fs::read(&newest).unwrap();
        match damage {
            "cut" => bytes.truncate(bytes.len() - 1),
            "empty" => bytes.clear(),
            _ => *bytes.last_mut().unwrap() ^= 1,
        }
        fs::write(&newest, bytes).unwrap();
        if damage == "all" {
            fs::write(&first, "no checkpoint").unwrap();
        }
        let (start, result) = run(&directory, config, &data, None);
        result.unwrap();
        assert!(
            start.skipped[0].contains("checkpoint-0000000007.safetensors: "),
            "{start:?}"
        );
        assert_eq!(
            (start.from.is_some(), start.skipped.len()),
            if damage == "all" {
                (false, 2)
            } else {
                (true, 1)
            }
        );
        assert!(files(directory.path()) == files(whole.path()), "{damage}");
    }
}

#[test]
fn a_checkpoint_of_another_run_is_never_taken() {
    let data = data();
    let configurations = configurations();
    let root = tempfile::tempdir().unwrap();
    let [one, other] =
        ["one", "other"].map(|name| RunDirectory::open(&root.path().join(name)).unwrap());
    run(&one, &configurations[1], &data, Some(3)).1.unwrap_err();
    run(
        &other,
        &TrainConfig {
            seed: 1,
            ..configurations[1].clone()
        },
        &data,
        Some(5),
    )
    .1
    .unwrap_err();
    let name = "checkpoint-0000000005.safetensors";
    fs::copy(other.path().join(name), one.path().join(name)).unwrap();
    let (start, result) = run(&one, &configurations[1], &data, None);
    result.unwrap();
    assert!(
        start.skipped[0].contains("belongs to another run"),
        "{start:?}"
    );
    let message = other
        .finished(&configurations[1], &data)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("contains another run: `seed` is 1 there and 0 here"),
        "{message}"
    );
    let less = Dataset {
        train: data.train.select(&[0, 1, 2]).unwrap(),
        ..data.clone()
    };
    assert!(
        one.finished(&configurations[1], &less)
            .unwrap_err()
            .to_string()
            .contains("it was trained on other data")
    );
}

#[test]
fn saving_often_or_never_changes_no_bit() {
    let data = data();
    let root = tempfile::tempdir().unwrap();
    let config = &configurations()[1];
    let mut all = Vec::new();
    for (name, save_every) in [("often", Duration::ZERO), ("never", Duration::MAX)] {
        let directory = RunDirectory::open(&root.path().join(name)).unwrap();
        let mut trainer = Trainer::new(config, &data, Threads::one()).unwrap();
        directory.begin(&mut trainer, &data).unwrap();
        let safety = Safety {
            save_every,
            is_tried: false,
            ..Safety::default()
        };
        directory
            .run(&mut trainer, &data, &safety, &mut |_, _| {})
            .unwrap();
        all.push(files(directory.path()));
    }
    assert!(all[0] == all[1]);
}

/// As it happens when somebody clears a folder up while a run goes on, or moves another one there.
#[cfg(unix)]
#[test]
fn no_checkpoint_is_saved_into_a_directory_that_took_the_place_of_the_one_that_is_held() {
    let data = data();
    let config = TrainConfig {
        hidden: vec![5],
        batch: 30,
        epochs: 2,
        ..TrainConfig::default()
    }
    .resolved()
    .unwrap();
    // At every step, and only when someone asks the run to stop.
    for save_every in [Duration::ZERO, Duration::MAX] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run");
        let directory = RunDirectory::open(&path).unwrap();
        let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
        directory.begin(&mut trainer, &data).unwrap();
        let safety = Safety {
            save_every,
            ..Safety::default()
        };
        let result = directory.run(&mut trainer, &data, &safety, &mut |advance, trainer| {
            if advance == Advance::Stepped && trainer.position().step == 2 {
                fs::remove_dir_all(&path).unwrap();
                fs::create_dir(&path).unwrap();
                fs::write(path.join("mine"), "mine").unwrap();
                if save_every > Duration::ZERO {
                    safety.stop.request();
                }
            }
        });
        let message = result.unwrap_err().to_string();
        assert!(
            message.ends_with(
                "run: cannot save in this directory: it was removed or replaced during the run"
            ),
            "{message}"
        );
        assert_eq!(
            files(&path),
            [("mine".to_owned(), b"mine".to_vec())],
            "saved every {save_every:?}"
        );
    }
}

#[test]
fn a_reader_during_1000_saves_sees_one_whole_model_or_the_other() {
    let (data, config) = (data(), configurations().remove(0));
    let models: Vec<Model> = (0..2)
        .map(|seed| {
            Model::of(
                &Trainer::new(
                    &TrainConfig {
                        seed,
                        ..config.clone()
                    },
                    &data,
                    Threads::one(),
                )
                .unwrap(),
                &data,
            )
        })
        .collect();
    let digests: Vec<String> = models.iter().map(Model::arrays_sha256).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    models[0].save(&path).unwrap();
    let is_saving = AtomicBool::new(true);
    let mut seen = [0, 0];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..1000 {
                models[number % 2].save(&path).unwrap();
            }
            is_saving.store(false, Ordering::Release);
        });
        while is_saving.load(Ordering::Acquire) {
            let found = Model::read(&path).unwrap().arrays_sha256();
            seen[digests.iter().position(|digest| *digest == found).unwrap()] += 1;
        }
    });
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
}

#[test]
fn a_huge_seed_hides_no_other_run() {
    let data = data();
    let root = tempfile::tempdir().unwrap();
    let directory = RunDirectory::open(root.path()).unwrap();
    let config = TrainConfig {
        seed: u64::MAX,
        ..configurations().remove(0)
    };
    let error = run(&directory, &config, &data, Some(3)).1.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }));
    let before = files(directory.path());
    let other = TrainConfig {
        learning_rate: 0.2,
        ..config.clone()
    };
    let mut trainer = Trainer::new(&other, &data, Threads::one()).unwrap();
    let message = directory
        .begin(&mut trainer, &data)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`learning_rate` is 0.1 there and 0.2 here"),
        "{message}"
    );
    assert!(files(directory.path()) == before);
    run(&directory, &config, &data, None).1.unwrap();
}
