//! Run directories, checkpoints and models that version 0.1.0 wrote are read, and a run that it
//! began ends in the same bits.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use spinet_data::{Source, load};
use spinet_nn::Threads;
use spinet_train::{Model, RunDirectory, Safety, TrainConfig, Trainer};

fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/version-1")
        .join(name)
}

#[test]
fn a_run_that_version_0_1_0_began_ends_as_it_would_have_ended_there() {
    // Bounds of weights and biases with Adam; and momentum without biases, for which that version
    // kept arrays all the same.
    for (name, step) in [("adam-bdnn", 3595), ("momentum-no-bias", 3633)] {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(stored(name)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        let config = TrainConfig::read(&folder.path().join("run.toml")).unwrap();
        let data = load(&config.data, &Source::default()).unwrap();
        let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
        let directory = RunDirectory::open(folder.path()).unwrap();
        let start = directory.begin(&mut trainer, &data).unwrap();
        assert!(
            start.from.is_some() && start.skipped.is_empty() && trainer.position().step == step,
            "{start:?}"
        );
        directory
            .run(&mut trainer, &data, &Safety::default(), &mut |_, _| {})
            .unwrap();
        let finished = Model::read(&stored(&format!("{name}-finished.safetensors"))).unwrap();
        let found = Model::read(&folder.path().join("model.safetensors")).unwrap();
        assert_eq!(found.arrays_sha256(), finished.arrays_sha256(), "{name}");
    }
}
