//! Train neural networks with brain-inspired learning rules.
//!
//! This crate is the library and the command `spinet`. The library is the same engine under one
//! roof: configuration, data, training, evaluation and model files, each documented in the crate it
//! comes from ([`rules`], [`nn`], [`data`], [`train`]).
//!
//! # Example
//!
//! BDNN-dsd, the spine bounds of Zhao, Zeng and Bai 2022, on 1,200 handwritten digits; the data is
//! built in.
//!
//! ```
//! use spinet::{Model, Source, Threads, TrainConfig, Trainer, load};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("model.safetensors");
//! # /*
//! let path = "model.safetensors".as_ref();
//! # */
//! # let path = path.as_ref();
//! let data = load("mnist-1200", &Source::default())?;
//! let config = TrainConfig { epochs: 20, rules: vec!["bdnn-dsd".parse()?], ..TrainConfig::default() };
//! let mut trainer = Trainer::new(&config, &data, Threads::one())?;
//! trainer.run(&mut |now| println!("epoch {}: {:.2} % right", now.epoch, 100.0 * now.accuracy))?;
//! Model::of(&trainer, &data).save(path)?;
//!
//! let (loss, accuracy) = Model::read(path)?.score(&data.test, Threads::one())?;
//! assert_eq!((loss, accuracy), trainer.evaluate().map(|now| (now.test_loss, now.accuracy))?);
//! # assert!(accuracy > 0.6, "{accuracy}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Any other run is another [`TrainConfig`]; [`RULES`] and [`DATASETS`] list what its names may be.
//! A run with the same configuration and data gives the same bits, whatever the number of
//! [`Threads`].

pub use spinet_data as data;
pub use spinet_lab as lab;
pub use spinet_nn as nn;
pub use spinet_rules as rules;
pub use spinet_train as train;

pub use spinet_data::{DATASETS, Dataset, Samples, Source, Values, load};
pub use spinet_nn::{
    Activation, BiasInitializer, Initialiser, Kernel, LAYERS, LayerSettings, Loss, Network, Threads,
};
pub use spinet_rules::{RULES, RuleSettings};
pub use spinet_train::store;
pub use spinet_train::{
    Advance, Description, Error, Evaluation, MetricsLog, Model, RunDirectory, Safety, Schedule,
    Scorer, Standardize, Start, Stop, TrainConfig, Trainer, each_run, each_sample,
};

/// The README's example runs as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
