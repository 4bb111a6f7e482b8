//! Exported models give the same outputs in `onnxruntime`, and files of others are not overwritten.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use spinet_data::{Source, Values, load};
use spinet_train::{Error, Model, TrainConfig};

/// Networks whose layers, options and standardization cover all that is exported.
const OF_IMAGES: [(&str, &str, &[&str]); 7] = [
    ("dense", "", &["dense:units=20"]),
    (
        "dense-feature",
        "standardize = 'feature'\nbias = false\n",
        &["dense:units=20,activation=relu"],
    ),
    (
        "dense-image",
        "standardize = 'image'\n",
        &["dense:units=20,activation=tanh", "dense:units=10"],
    ),
    (
        "squared",
        "loss = 'mean-squared-error'\n",
        &["dense:units=20"],
    ),
    (
        "convolution",
        "standardize = 'global'\n",
        &[
            "conv2d:channels=6,kernel=5,padding=2,stride=2",
            "max-pool:size=3,stride=2",
            "conv2d:channels=5,kernel=3,activation=tanh",
            "avg-pool",
            "flatten",
            "dense:units=12,activation=relu",
        ],
    ),
    (
        "residual",
        "",
        &[
            "conv2d:channels=8,padding=1,stride=2,norm=batch",
            "conv2d:channels=8,padding=1,norm=batch",
            "conv2d:channels=8,padding=1",
            "add:from=1,activation=relu",
            "max-pool",
            "conv2d:channels=12,kernel=2",
            "global-avg-pool",
        ],
    ),
    (
        "pooled-first",
        "",
        &[
            "avg-pool",
            "dense:units=16",
            "dense:units=16",
            "dense:units=16",
            "add:from=2",
            "conv2d:channels=9,kernel=1",
        ],
    ),
];

#[test]
fn exported_models_give_the_same_outputs_in_onnxruntime() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pythons = ["target/onnx-venv/bin/python", "python3"];
    let Some(python) = pythons.into_iter().find(|python| {
        let mut import = Command::new(python);
        import.args(["-c", "import onnxruntime"]).current_dir(&root);
        import.output().is_ok_and(|output| output.status.success())
    }) else {
        println!("skipped: no Python with onnxruntime (pip install onnxruntime)");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    for (name, settings, layers) in OF_IMAGES {
        let data = load("mnist-1200", &Source::default()).unwrap();
        let (model, values) = (trained(settings, layers), data.test.values());
        let pixels = values.bytes().unwrap().iter();
        let input = pixels.flat_map(|byte| (f32::from(*byte) / 255.0).to_le_bytes());
        export(
            &model,
            values,
            input.collect(),
            &directory.path().join(name),
        );
    }
    table(directory.path());
    let mut compare = Command::new(python);
    compare
        .arg("crates/train/tests/onnx_outputs.py")
        .arg(directory.path());
    let output = compare.current_dir(&root).output().unwrap();
    let [said, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{said}{errors}");
    assert_eq!(said.lines().count(), OF_IMAGES.len() + 1, "{said}");
}

fn trained(settings: &str, layers: &[&str]) -> Model {
    let text = format!("data = 'mnist-1200'\nepochs = 2\nlearning_rate = 0.1\n{settings}");
    let config = TrainConfig::parse(&text, Path::new("run.toml")).unwrap();
    let config = config.layers(layers.iter().copied()).unwrap();
    let data = config.load(&Source::default()).unwrap();
    config.fit(&data).unwrap()
}

/// A table with a column of large numbers and one of words, whose features are what is written here.
fn table(directory: &Path) {
    let (mut text, mut features) = ("size,year,colour,kind\n".to_owned(), Vec::new());
    for row in 0..200_u32 {
        let (size, year) = (f64::from(row * 37 % 101) / 8.0, 1900 + row * 17 % 120);
        let colour = ["blue", "green", "red"][row as usize % 3];
        let kind = if row % 3 == 2 || year > 1980 {
            "new"
        } else {
            "old"
        };
        text += &format!("{size},{year},{colour},{kind}\n");
        features.extend([size, f64::from(year)]);
        features.extend([0, 1, 2].map(|word| f64::from(u8::from(row % 3 == word))));
    }
    let path = directory.join("things.csv");
    fs::write(&path, text).unwrap();
    let config = format!("data = '{}'\nepochs = 20\nhidden = [8]\n", path.display());
    let config = TrainConfig::parse(&config, Path::new("run.toml")).unwrap();
    let data = config.load(&Source::default()).unwrap();
    let model = config.fit(&data).unwrap();
    let samples = model.read_table(&path, None).unwrap();
    let input = features.into_iter().flat_map(f64::to_le_bytes);
    export(
        &model,
        samples.values(),
        input.collect(),
        &directory.join("table"),
    );
}

/// Writes a model, an input, and what the model makes of it.
fn export(model: &Model, values: Values<'_>, input: Vec<u8>, path: &Path) {
    model.save_onnx(&path.with_extension("onnx")).unwrap();
    fs::write(path.with_extension("input"), input).unwrap();
    let scores = model.predict_proba(values).unwrap();
    let bytes: Vec<u8> = scores
        .iter()
        .flat_map(|score| score.to_le_bytes())
        .collect();
    fs::write(path.with_extension("scores"), bytes).unwrap();
    let classes = &model.description.classes;
    let label = |name: &str| classes.iter().position(|class| class == name).unwrap() as u64;
    let labels = model.predict(values).unwrap().into_iter().map(label);
    let bytes: Vec<u8> = labels.flat_map(u64::to_le_bytes).collect();
    fs::write(path.with_extension("label"), bytes).unwrap();
}

#[test]
fn an_onnx_file_is_made_anew_and_no_other_file_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.onnx");
    let model = trained("", &["dense:units=5"]);
    model.save_onnx(&path).unwrap();
    model.save_onnx(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), model.to_onnx().unwrap());
    // One of another program: the same format, another producer.
    let others = b"\x08\x08\x12\x07pytorch".as_slice();
    for found in [others, b"", b"my thesis"] {
        fs::write(&path, found).unwrap();
        let error = model.save_onnx(&path).unwrap_err();
        assert!(matches!(error, Error::NotOurs { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), found);
    }
}
