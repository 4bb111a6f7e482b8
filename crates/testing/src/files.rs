//! A run of a few steps with its checkpoint and model, and whether it goes on from another
//! checkpoint.

use std::fs;
use std::path::PathBuf;

use spinet_data::{Dataset, EvaluatedOn, Samples, Target};
use spinet_nn::Threads;
use spinet_train::{Advance, Error, Model, RunDirectory, Safety, TrainConfig, Trainer};

fn data() -> Dataset {
    let pixels: Vec<u8> = (0..60).map(|index| (index * 37 % 251) as u8).collect();
    let samples = Samples::new(
        pixels,
        (0..10).map(|index| index % 2).collect::<Vec<u8>>(),
        [2, 3],
    )
    .unwrap();
    Dataset {
        name: "tiny".to_owned(),
        train: samples.clone(),
        test: samples,
        class_names: vec!["a".to_owned(), "b".to_owned()],
        files: Vec::new(),
        is_verified: true,
        standardisation: None,
        table: None,
        evaluated_on: EvaluatedOn::Test,
        target: Target::Classification,
    }
}

pub fn config(hidden: usize) -> TrainConfig {
    let rules = ["bdnn-dsd:threshold=2,biases=bounded", "momentum"]
        .map(|rule| rule.parse().unwrap())
        .into();
    let config = TrainConfig {
        data: "tiny".to_owned(),
        hidden: vec![hidden],
        batch: 4,
        epochs: 4,
        evaluate_every: 2,
        rules,
        ..TrainConfig::default()
    };
    config.resolved().unwrap()
}

/// The files of a run: its directory after five steps of twelve, its checkpoint, and its model.
pub struct Files {
    pub root: tempfile::TempDir,
    pub config: TrainConfig,
    pub data: Dataset,
    pub name: PathBuf,
    pub checkpoint: Vec<u8>,
    pub model: Vec<u8>,
}

impl Files {
    pub fn new(hidden: usize) -> Self {
        let (root, config, data) = (tempfile::tempdir().unwrap(), config(hidden), data());
        let directory = RunDirectory::open(root.path()).unwrap();
        let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
        directory.begin(&mut trainer, &data).unwrap();
        let safety = Safety {
            is_tried: false,
            ..Safety::default()
        };
        let stop = safety.stop.clone();
        let error = directory.run(&mut trainer, &data, &safety, &mut |_, trainer| {
            if trainer.position().step == 5 {
                stop.request();
            }
        });
        assert!(matches!(error.unwrap_err(), Error::Interrupted { .. }));
        drop(directory);
        let is_checkpoint = |path: &PathBuf| {
            path.extension()
                .is_some_and(|extension| extension == "safetensors")
        };
        let name = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(is_checkpoint)
            .unwrap();
        let checkpoint = fs::read(&name).unwrap();
        let path = root.path().join("model");
        Model::of(&trainer, &data).save(&path).unwrap();
        Self {
            root,
            config,
            data,
            name,
            checkpoint,
            model: fs::read(path).unwrap(),
        }
    }

    pub fn trainer(&self) -> Trainer {
        Trainer::new(&self.config, &self.data, Threads::one()).unwrap()
    }

    /// Whether a checkpoint is taken.
    pub fn is_taken(&self, trainer: &mut Trainer, checkpoint: &[u8]) -> bool {
        fs::write(&self.name, checkpoint).unwrap();
        let directory = RunDirectory::open(self.root.path()).unwrap();
        directory
            .begin(trainer, &self.data)
            .is_ok_and(|start| start.from.is_some())
    }

    /// The same; a run that takes one must be able to go on.
    pub fn goes_on_from(&self, checkpoint: &[u8]) -> bool {
        let mut trainer = self.trainer();
        let is_taken = self.is_taken(&mut trainer, checkpoint);
        if is_taken {
            // A rule's state may be strange, but the run ends or says why not.
            while !matches!(
                trainer.advance(),
                Ok(Advance::Finished) | Err(Error::Diverged { .. })
            ) {}
        }
        is_taken
    }
}
