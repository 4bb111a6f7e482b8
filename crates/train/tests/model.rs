//! Model files: what is written is read back to the bit, and everything else is refused with its
//! reason.
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use sha2::{Digest, Sha256};
use spinet_data::{Dataset, EvaluatedOn, Samples, Source, Standardisation, Target, Values};
use spinet_nn::{Kernel, Network, NetworkConfig, Threads};
use spinet_rules::StateValues;
use spinet_train::{Error, Model, Scored, Scorer, TrainConfig, Trainer, each_sample};

/// Two classes of 2 x 3 pixels: bright on the left or on the right.
fn data() -> Dataset {
    let pixels: Vec<u8> = (0..20)
        .flat_map(|i: u8| {
            if i.is_multiple_of(2) {
                [200 + i, i, 0, 250, 10, i]
            } else {
                [i, 9, 230, 0, i, 220 + i]
            }
        })
        .collect();
    let samples =
        Samples::new(pixels, (0..20).map(|i| i % 2).collect::<Vec<u8>>(), [2, 3]).unwrap();
    Dataset {
        name: "tiny".to_owned(),
        train: samples.clone(),
        test: samples,
        class_names: vec!["left".to_owned(), "right".to_owned()],
        files: Vec::new(),
        is_verified: true,
        standardisation: None,
        table: None,
        evaluated_on: EvaluatedOn::Test,
        target: Target::Classification,
    }
}

fn trained(rules: &[&str]) -> (Trainer, Dataset) {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let config = TrainConfig {
        data: "tiny".to_owned(),
        hidden: vec![4],
        epochs: 3,
        batch: 8,
        rules,
        ..TrainConfig::default()
    };
    let data = data();
    let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
    trainer.run(&mut |_| {}).unwrap();
    (trainer, data)
}

fn model() -> Model {
    let (trainer, data) = trained(&["bdnn-dsd:threshold=2", "dropout"]);
    Model::of(&trainer, &data)
}

/// The bytes of its file.
fn file_of(model: &Model) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    model.save(&path).unwrap();
    fs::read(path).unwrap()
}

fn refused(bytes: &[u8]) -> String {
    let error = Model::parse(bytes, "a.safetensors".as_ref()).unwrap_err();
    assert!(matches!(error, Error::Model { .. }), "{error:?}");
    error.to_string()
}

/// The same file with another set of tensors, and the checksum as it was.
fn with_tensors(bytes: &[u8], is_kept: impl Fn(&str) -> bool) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let kept: Vec<(String, TensorView<'_>)> = tensors
        .tensors()
        .into_iter()
        .filter(|(name, _)| is_kept(name))
        .collect();
    serialize(kept, header.metadata().clone()).unwrap()
}

#[test]
fn a_model_reads_back_to_the_bit() {
    for rules in [
        &[][..],
        &["l2"],
        &["bdnn-dsd:threshold=2", "dropout"],
        &["bdnn-dsd:layers=2"],
        &["spine-retraction:biases=bounded"],
    ] {
        let (mut trainer, data) = trained(rules);
        let model = Model::of(&trainer, &data);
        let read = Model::parse(&file_of(&model), "a".as_ref()).unwrap();
        let bits = |values: &[f32]| {
            values
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            bits(read.network.params().values()),
            bits(model.network.params().values())
        );
        assert_eq!(read, model);
        assert_eq!(
            model.state.is_empty(),
            !rules
                .iter()
                .any(|rule| rule.starts_with("bdnn-dsd") || rule.starts_with("spine-retraction"))
        );
        let now = trainer.evaluate().unwrap();
        assert_eq!(
            read.score(&data.test, Threads::one()).unwrap(),
            Scored {
                loss: now.test_loss,
                measure: now.measure
            }
        );
    }
}

#[test]
fn a_model_is_scored_by_the_fastest_kernel_whatever_it_was_trained_with() {
    let data = spinet_data::load("mnist-1200", &Source::default()).unwrap();
    let config = TrainConfig {
        hidden: vec![20],
        epochs: 1,
        ..TrainConfig::default()
    };
    let trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
    let mut model = Model::of(&trainer, &data);
    let test = data.test.select(&(0..300).collect::<Vec<_>>()).unwrap();
    let by = |kernel| {
        Scorer::new(&model.network, Threads::one(), kernel)
            .unwrap()
            .score(&model.network, &test)
            .unwrap()
    };
    let (fastest, classes) = (by(Kernel::Auto), [by(Kernel::F32), by(Kernel::Portable)]);
    assert!(
        classes[0] != classes[1] && classes.contains(&fastest),
        "{classes:?}"
    );
    for kernel in [Kernel::F32, Kernel::Exact, Kernel::Portable] {
        model.description.training.kernel = kernel;
        assert_eq!(
            model.score(&test, Threads::one()).unwrap(),
            fastest,
            "{kernel}"
        );
        let mut loss = 0.0;
        let labels = test.labels();
        each_sample(&model, test.values(), Threads::one(), |index, scores| {
            loss -= f64::from(scores[usize::from(labels[index])]).ln() / labels.len() as f64;
            Ok::<_, Error>(())
        })
        .unwrap();
        assert!(
            (loss - fastest.loss).abs() < 1e-5,
            "{kernel}: {loss} {}",
            fastest.loss
        );
    }
}

#[test]
fn the_same_model_is_the_same_bytes() {
    let first = file_of(&model());
    for _ in 0..20 {
        assert!(file_of(&model()) == first);
    }
}

#[test]
fn every_prefix_and_every_longer_file_is_refused() {
    let bytes = file_of(&model());
    for length in 0..bytes.len() {
        refused(&bytes[..length]);
    }
    refused(&[&bytes[..], &[0]].concat());
    refused(&[&bytes[..], &bytes[..]].concat());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let mut bytes = file_of(&model());
    // One bit of every 16, each time the next of them.
    for bit in (0..8 * bytes.len() / 16).map(|pair| 16 * pair + pair % 16) {
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused(&bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    Model::parse(&bytes, "a".as_ref()).unwrap();
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let mut model = model();
    // Version 2 says what a table's columns are, version 3 which numbers are predicted; models of
    // images need no more than 1.
    let version = 3;
    model.description.version = version + 1;
    let expected = format!(
        "a.safetensors: model format version {}, this program reads up to {version}",
        version + 1
    );
    assert_eq!(refused(&file_of(&model)), expected);
}

#[test]
fn a_missing_tensor_is_named() {
    // The weights of a network of another kind.
    let of = |network: &Network<f32>, config: &NetworkConfig| {
        Network::with_weights(config, |layer, _| network.weight(layer).to_vec()).unwrap()
    };
    let mut without_bias = model();
    let config = without_bias.network.config().clone();
    without_bias.network = of(
        &without_bias.network,
        &NetworkConfig {
            has_bias: false,
            ..config.clone()
        },
    );
    assert_eq!(
        refused(&file_of(&without_bias)),
        "a.safetensors: missing tensor `layer1.bias`, expected F32 [4]"
    );
    let mut without_layer = model();
    without_layer.network = of(
        &without_layer.network,
        &NetworkConfig {
            sizes: config.sizes[..2].to_vec(),
            ..config
        },
    );
    without_layer.state.retain(|state| state.layer == 0);
    assert_eq!(
        refused(&file_of(&without_layer)),
        "a.safetensors: missing tensor `layer2.weight`, expected F32 [2, 4]"
    );
    let mut of_other_size = model();
    of_other_size.description.training.hidden = vec![5];
    assert_eq!(
        refused(&file_of(&of_other_size)),
        "a.safetensors: `layer1.weight` is F32 [4, 6], expected F32 [5, 6]"
    );
}

#[test]
fn a_tensor_taken_away_behind_our_back_is_noticed() {
    let bytes = file_of(&model());
    assert!(with_tensors(&bytes, |_| true).len() == bytes.len());
    Model::parse(&with_tensors(&bytes, |_| true), "a".as_ref()).unwrap();
    for name in [
        "layer1.weight",
        "layer2.bias",
        "layer1.bdnn-dsd.bound",
        "layer2.bdnn-dsd.over",
    ] {
        let message = refused(&with_tensors(&bytes, |known| known != name));
        assert!(
            message
                .starts_with("a.safetensors: the file is corrupted: SHA-256 of its contents is "),
            "{name}: {message}"
        );
    }
}

#[test]
fn numbers_that_are_not_finite_are_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut in_weight = model();
        in_weight.network.weight_mut(1)[3] = bad;
        let mut in_bias = model();
        in_bias.network.bias_mut(0).unwrap()[0] = bad;
        let mut in_state = model();
        let bound = in_state
            .state
            .iter_mut()
            .find(|state| state.name == "bound" && state.layer == 0)
            .unwrap();
        bound.values = StateValues::Scalars(vec![bad; 24]);
        for (model, name) in [
            (in_weight, "layer2.weight"),
            (in_bias, "layer1.bias"),
            (in_state, "layer1.bdnn-dsd.bound"),
        ] {
            let message = model.save(&path).unwrap_err().to_string();
            assert!(
                message.ends_with(&format!(": not saved: `{name}` contains NaN or infinity")),
                "{message}"
            );
            assert_eq!(
                fs::read_dir(directory.path()).unwrap().count(),
                0,
                "nothing is left"
            );
        }
    }
}

#[test]
fn hostile_names_are_escaped() {
    let whole = file_of(&model());
    for (name, shown) in [
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("../../a\nb", "../../a\\nb"),
        ("layer0.a\0.b", "layer0.a\\u{0}.b"),
        ("", ""),
    ] {
        assert_eq!(
            refused(&with_foreign_tensor(&whole, name)),
            format!("a.safetensors: unexpected tensor `{shown}`")
        );
    }
    let long = "x".repeat(1 << 20);
    assert!(refused(&with_foreign_tensor(&whole, &long)).contains("unexpected tensor `xxx"));
}

/// The same model with one more tensor and a checksum that fits.
fn with_foreign_tensor(bytes: &[u8], name: &str) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    // `{"sha256":"...","description":{...}}`
    let (_, description) = metadata["spinet"].split_once("\"description\":").unwrap();
    let description = description.strip_suffix('}').unwrap().to_owned();
    let value = 1.0_f32.to_le_bytes();
    let foreign = (
        name.to_owned(),
        TensorView::new(Dtype::F32, vec![1], &value).unwrap(),
    );
    let mut tensors: Vec<_> = SafeTensors::deserialize(bytes)
        .unwrap()
        .tensors()
        .into_iter()
        .chain([foreign])
        .collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let mut digest = Sha256::new();
    digest.update(&description);
    for (name, tensor) in &tensors {
        digest.update(format!(
            "\n{name} {:?} {:?}\n",
            tensor.dtype(),
            tensor.shape()
        ));
        digest.update(tensor.data());
    }
    let checksum = digest
        .finalize()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    metadata.insert(
        "spinet".to_owned(),
        format!("{{\"sha256\":\"{checksum}\",\"description\":{description}}}"),
    );
    serialize(tensors, Some(metadata)).unwrap()
}

#[test]
fn constants_of_a_table_come_back_to_the_bit_and_are_one_pair_a_feature() {
    let mut model = model();
    assert!(
        !String::from_utf8_lossy(&file_of(&model)).contains("standardisation"),
        "a model of images has none"
    );
    let mut with = |mean: Vec<f64>, deviation: Vec<f64>| {
        model.description.standardisation = Some(Standardisation { mean, deviation });
        file_of(&model)
    };
    let mean = vec![0.1 + 0.2, -1e-300, 1.0 / 3.0, 3e38, 5e-324, 0.0];
    let read = Model::parse(&with(mean.clone(), vec![0.0; 6]), "a".as_ref()).unwrap();
    assert_eq!(
        read.description.standardisation,
        Some(Standardisation {
            mean: mean.clone(),
            deviation: vec![0.0; 6]
        })
    );
    assert_eq!(
        read.description.prior().standardisation,
        read.description.standardisation
    );
    read.description.accepts(Values::Numbers(&[])).unwrap();
    let text = read
        .description
        .accepts(Values::Bytes(&[]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "the model expects numbers of a table, but the samples are images"
    );

    let expected = "deviations, expected 6 finite ones of each";
    assert_eq!(
        refused(&with(mean[1..].to_vec(), vec![1.0; 6])),
        format!("a.safetensors: standardization has 5 means and 6 {expected}")
    );
    assert_eq!(
        refused(&with(mean.clone(), vec![1.0; 7])),
        format!("a.safetensors: standardization has 6 means and 7 {expected}")
    );
    assert!(refused(&with(mean, vec![-1.0; 6])).contains("standardization has 6 means"));
}
