//! Model files: used by `eval`, `predict` and `inspect`, and refused where they are none.

use std::fs;

use serde_json::{Value, json};
use spinet::data::idx::{encode_images, encode_labels};
use spinet::{Source, data::load};

use crate::bench::Bench;

#[test]
fn a_damaged_model_is_refused() {
    let bench = Bench::new();
    bench.train("a", "");
    let whole = bench.read("a/model.safetensors");
    for (name, position) in [
        ("tensor.safetensors", whole.len() - 100),
        ("header.safetensors", 60),
        ("length.safetensors", 1),
    ] {
        let mut bytes = whole.clone();
        bytes[position] ^= 1;
        bench.write(name, &bytes);
        for command in ["eval", "inspect"] {
            let message = bench.refused(2, &format!("{command} {name}"));
            assert!(
                message.starts_with(&format!("spinet: {name}: ")) && message.lines().count() == 1,
                "{message}"
            );
        }
    }
    bench.write("cut.safetensors", &whole[..whole.len() - 1]);
    bench.refused(2, "eval cut.safetensors");
}

#[test]
fn other_kinds_of_files_are_refused_by_kind_in_one_sentence() {
    let bench = Bench::new();
    let kinds: [(&str, &[u8], &str); 9] = [
        (
            "model.pkl",
            b"\x80\x04\x95\x10\0\0\0\0\0\0\0cos\nsystem\n",
            "a Python pickle",
        ),
        (
            "model.pt",
            b"PK\x03\x04\0\0\x08\x08",
            "a zip archive, as PyTorch and Keras write it",
        ),
        ("model.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (
            "object.npy",
            b"\x93NUMPY\x01\0v\0{'descr': '|O'",
            "a NumPy array",
        ),
        ("picture.png", b"\x89PNG\r\n\x1a\n", "a PNG image"),
        ("data.gz", b"\x1f\x8b\x08\0", "a gzip file"),
        (
            "labels.idx",
            b"\0\0\x08\x01\0\0\0\x01\x05",
            "an idx file of labels",
        ),
        ("run.toml", b"hidden = [10]\n", "a text file"),
        ("nothing", b"", "an empty file"),
    ];
    for (name, bytes, kind) in kinds {
        bench.write(name, bytes);
        for command in ["eval", "predict --data mnist-1200", "inspect"] {
            let message = bench.refused(2, &format!("{command} {name}"));
            assert_eq!(
                message,
                format!(
                    "spinet: {name}: found {kind}, expected a spinet model file (safetensors)\n"
                )
            );
        }
    }
    bench.write("noise", [0xff; 64]);
    assert!(
        bench
            .refused(2, "eval noise")
            .starts_with("spinet: noise: not a safetensors file: ")
    );
    let header = br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    bench.write(
        "foreign",
        [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat(),
    );
    assert!(
        bench
            .refused(2, "eval foreign")
            .contains("a safetensors file, but not a spinet model")
    );
}

#[test]
fn names_that_lead_nowhere_say_so() {
    let bench = Bench::new();
    assert!(
        bench
            .refused(2, "eval absent")
            .starts_with("spinet: absent: cannot open: ")
    );
    fs::create_dir(bench.path("empty")).unwrap();
    let message = bench.refused(2, "eval empty");
    assert_eq!(
        message,
        "spinet: empty: does not contain `model.safetensors`, expected a model file or the directory of a finished run\n"
    );
}

#[test]
fn own_images_are_evaluated_and_predicted_like_the_data_set_they_come_from() {
    let bench = Bench::new();
    bench.train("a", "");
    let test = load("mnist-1200", &Source::default())
        .unwrap()
        .test
        .select(&(0..300).collect::<Vec<_>>())
        .unwrap();
    bench.write(
        "images.idx",
        encode_images(test.bytes().unwrap(), test.shape()).unwrap(),
    );
    bench.write("labels.idx", encode_labels(test.labels()).unwrap());
    let evaluated: Value =
        serde_json::from_str(&bench.done("eval a --images images.idx --labels labels.idx --json"))
            .unwrap();
    let lines = bench.done("predict a images.idx --top 2 --json");
    let predictions: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(predictions.len(), 300);
    let is_right = |(prediction, label): &(&Value, &u8)| prediction["label"] == **label;
    assert_eq!(
        predictions
            .iter()
            .zip(test.labels())
            .filter(is_right)
            .count() as u64,
        evaluated["right"].as_u64().unwrap()
    );
    for prediction in &predictions {
        let top = prediction["top"].as_array().unwrap();
        assert_eq!((top.len(), &top[0]["class"]), (2, &prediction["class"]));
        assert!(top[0]["probability"].as_f64() >= top[1]["probability"].as_f64());
    }
    let of_the_set = bench.done("predict a --data mnist-1200");
    let of_the_file = bench.done("predict a images.idx");
    assert_eq!(of_the_set.lines().count(), 10_000);
    for (index, (set, file)) in of_the_set.lines().zip(of_the_file.lines()).enumerate() {
        assert_eq!(
            set.strip_prefix(&format!("mnist-1200[{index}]: ")),
            file.strip_prefix(&format!("images.idx[{index}]: "))
        );
    }
}

#[test]
fn images_of_another_shape_are_refused() {
    let bench = Bench::new();
    bench.train("a", "");
    bench.write("small.idx", encode_images(&[1, 2, 3, 4], [2, 2]).unwrap());
    assert_eq!(
        bench.refused(2, "predict a small.idx"),
        "spinet: small.idx: images are 2 x 2, expected 28 x 28\n"
    );
    bench.write("a.png", b"no picture");
    assert_eq!(
        bench.refused(2, "predict a a.png"),
        "spinet: a.png: found a file of another kind, expected a PNG or JPEG image\n"
    );
    let message = bench.refused(2, "predict a");
    assert_eq!(
        message,
        "spinet: missing input, expected PNG, JPEG, idx, CSV or NPY files, `-` for standard input, or `--data NAME`\n"
    );
}

#[test]
fn inspect_counts_what_the_model_holds() {
    let bench = Bench::new();
    let trained: Value = serde_json::from_str(&bench.train("a", "--json")).unwrap();
    let report: Value = serde_json::from_str(&bench.done("inspect a --json")).unwrap();
    let layers = report["layers"].as_array().unwrap();
    assert_eq!(
        layers
            .iter()
            .map(|layer| layer["weights"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [7840, 100]
    );
    let saturated: u64 = layers
        .iter()
        .map(|layer| layer["bounds"]["saturated"].as_u64().unwrap())
        .sum();
    assert_eq!(
        trained["rules"]["bdnn-dsd"]["saturated"], saturated,
        "the file's bounds are those of the end of training"
    );
    for layer in layers {
        for histogram in [&layer["histogram"], &layer["bounds"]["histogram"]] {
            let counts = histogram["counts"].as_array().unwrap();
            assert_eq!(counts.len(), 15);
            assert_eq!(
                counts
                    .iter()
                    .map(|count| count.as_u64().unwrap())
                    .sum::<u64>(),
                layer["weights"].as_u64().unwrap()
            );
        }
    }
    assert_eq!(report["bytes"], bench.read("a/model.safetensors").len());
    let text = bench.done("inspect a");
    assert!(
        text.contains("layer 1: 784 inputs -> 10 units, sigmoid\n  7,840 weights, 10 biases; "),
        "{text}"
    );
    assert!(
        text.contains(report["sha256"].as_str().unwrap()) && text.contains('█'),
        "{text}"
    );
    assert!(
        text.contains(report["arrays_sha256"].as_str().unwrap()),
        "{text}"
    );
}

#[test]
fn a_run_of_a_stored_record_is_repeated_to_the_bit_by_its_run_toml_alone() {
    let record =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/sweeps/parts.json");
    let record: Value = serde_json::from_str(&std::fs::read_to_string(record).unwrap()).unwrap();
    let has =
        |point: &Value, wanted: &Value| point["settings"].as_array().unwrap().contains(wanted);
    let wanted = [
        json!(["data", "mnist-1200"]),
        json!(["hidden", "10"]),
        json!(["rules", "bdnn-dsd"]),
    ];
    let point = record["points"]
        .as_array()
        .unwrap()
        .iter()
        .find(|point| wanted.iter().all(|wanted| has(point, wanted)))
        .unwrap();
    let bench = Bench::new();
    bench.write("run.toml", point["run_toml"].as_str().unwrap());
    bench.done("train --config run.toml --out again");
    let report: Value = serde_json::from_str(&bench.done("inspect again --json")).unwrap();
    assert_eq!(report["arrays_sha256"], point["arrays_sha256"][0]);
}

#[test]
fn names_with_spaces_and_other_scripts_work_everywhere() {
    let bench = Bench::new();
    let name = "my runs/Übung 数字 'a'";
    let flags = ["train", "--hidden", "10", "--epochs", "1", "--out", name];
    let text = crate::bench::Answer::of(&bench.command_of(&flags).output().unwrap()).done();
    assert!(
        text.ends_with("next: spinet eval 'my runs/Übung 数字 '\\''a'\\'''\n"),
        "{text}"
    );
    for command in ["eval", "inspect"] {
        let text =
            crate::bench::Answer::of(&bench.command_of(&[command, name]).output().unwrap()).done();
        assert!(
            text.contains(&format!("{name}/model.safetensors")),
            "{text}"
        );
    }
}

#[test]
fn a_model_is_exported_with_its_inputs_and_outputs_named_and_no_file_of_others_is_lost() {
    let bench = Bench::new();
    bench.write("points.csv", "x,y,side\n0,1,a\n1,0,b\n0.2,1.1,a\n1.2,0.1,b\n0,0.9,a\n1,0.2,b\n0.1,1,a\n1.1,0,b\n0.3,1,a\n1,0.3,b\n");
    bench.done("train --data points.csv --epochs 1 --out points");
    bench.done("train --layer conv2d:channels=2 --epochs 1 --out digits");
    assert_eq!(
        bench.done("export points --onnx points.onnx"),
        "points.onnx: input float64 [samples, 2], outputs probabilities [samples, 2] and label [samples]\n"
    );
    assert_eq!(
        bench.done("export digits --onnx digits.onnx"),
        "digits.onnx: input float32 [samples, 1, 28, 28], outputs probabilities [samples, 10] and label [samples]\n"
    );
    let said: Value =
        serde_json::from_str(&bench.done("export digits --onnx digits.onnx --json")).unwrap();
    assert_eq!(said["input"]["shape"], serde_json::json!([1, 28, 28]));
    bench.write("thesis.onnx", "my thesis");
    let answer = bench.run("export digits --onnx thesis.onnx");
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .starts_with("spinet: thesis.onnx: not written by spinet, so it is not overwritten"),
        "{}",
        answer.stderr
    );
    assert_eq!(
        std::fs::read(bench.path("thesis.onnx")).unwrap(),
        b"my thesis"
    );
}
