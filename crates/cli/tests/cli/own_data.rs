//! Data of a person's own: tables and folders, from the first training to the use of the model on
//! new samples.

use std::fmt::Write;

use serde_json::{Value, json};
use spinet::TrainConfig;
use spinet::data::idx::{encode_images, encode_labels};
use spinet::data::{Column, Part};

use crate::bench::{Answer, Bench};

/// 60 rows of three kinds that two numbers tell apart.
fn kinds(separator: &str) -> String {
    (0..60).fold(
        format!("width{separator}kind{separator}height\n"),
        |mut text, row| {
            let (kind, step) = (row % 3, f64::from(row / 3));
            let (width, height) = (
                100.0 * f64::from(kind) + step,
                f64::from(kind * kind) - 0.01 * step,
            );
            writeln!(
                text,
                "{width}{separator}{}{separator}{height}",
                ["cow", "ant", "bee"][kind as usize]
            )
            .unwrap();
            text
        },
    )
}

fn trained() -> Bench {
    let bench = Bench::new();
    bench.write("kinds.csv", kinds(";"));
    bench.done("train --data ./kinds.csv --label kind --test-part 15 --hidden 6 --epochs 300 --batch 9 --split-seed 4 --out run");
    bench
}

#[test]
fn a_table_is_trained_evaluated_and_repeated_from_its_run_file() {
    let bench = trained();
    let config = TrainConfig::read(&bench.path("run/run.toml")).unwrap();
    assert_eq!(
        (config.data.as_str(), config.label, config.test_part),
        (
            "kinds.csv",
            Some(Column::Name("kind".to_owned())),
            Some(Part::Count(15))
        )
    );
    assert_eq!((config.split_seed, config.train_per_class), (4, None));
    let result: Value = serde_json::from_str(&bench.done("eval run --json")).unwrap();
    assert_eq!(
        (&result["data"], &result["samples"], &result["accuracy"]),
        (&json!("kinds.csv"), &json!(15), &json!(1.0))
    );
    let classes: Vec<_> = result["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["class"].as_str().unwrap())
        .collect();
    assert_eq!(classes, ["ant", "bee", "cow"]);
    bench.done("train --config run/run.toml --out again");
    assert!(
        bench.read("run/model.safetensors") == bench.read("again/model.safetensors"),
        "run.toml repeats the run"
    );
    assert!(
        bench
            .done("inspect run")
            .contains("\ninput       2 table columns, standardized\n")
    );

    // Other samples of the same table are another test.
    let text = bench.done(
        "train --config run/run.toml --split-seed 5 --train-per-class 10 --epochs 2 --out other",
    );
    assert!(
        text.starts_with("data: kinds.csv, 30 training and 15 test samples\n"),
        "{text}"
    );
    let message = bench.refused(2, "train --config run/run.toml --split-seed 5 --out run");
    assert!(
        message.contains("`split_seed` is 4 there and 5 here"),
        "{message}"
    );
}

#[test]
fn a_model_of_a_table_is_used_on_all_samples_of_another() {
    let bench = trained();
    // In another order of classes, with one of them missing, and with other separators.
    let new = "kind,height,width\nbee,4,200\ncow,0,3\nbee,3.9,204\n"
        .replace("kind,height,width", "width,kind,height");
    let new = new
        .replace("bee,4,200", "200,bee,4")
        .replace("cow,0,3", "3,cow,0")
        .replace("bee,3.9,204", "204,bee,3.9");
    bench.write("new.csv", new);
    let result: Value =
        serde_json::from_str(&bench.done("eval run --data new.csv --json")).unwrap();
    assert_eq!(
        (&result["samples"], &result["right"]),
        (&json!(3), &json!(3)),
        "{result}"
    );
    let text = bench.done("predict run --data new.csv");
    let classes: Vec<_> = text
        .lines()
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(classes, ["bee", "cow", "bee"], "{text}");
    // By a path that is the same file: still only the samples it was not trained on.
    assert!(
        bench
            .done("eval run --data ././kinds.csv")
            .contains("\ndata: kinds.csv, 15 samples\n")
    );
    bench.write("new.csv", "width;kind;height\n1;dog;2\n3;cow;4\n");
    let message = bench.refused(2, "eval run --data new.csv");
    assert_eq!(
        message,
        "spinet: new.csv: line 2 has label `dog`, expected a known class\n"
    );
    let message = bench.refused(2, "eval run --data mnist-1200");
    assert!(
        message.contains("dataset `mnist-1200` has 10 classes, expected at most 3"),
        "{message}"
    );
    bench.write("rows.csv", "200,4\n3,0\n");
    let text = bench.done("predict run rows.csv");
    assert!(
        text.starts_with("rows.csv[0]: bee  ") && text.contains("\nrows.csv[1]: cow  "),
        "{text}"
    );
    let object: Value = serde_json::from_str(
        bench
            .done("predict run --data rows.csv --json")
            .lines()
            .next()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&object["class"], &object["table"], &object["index"]),
        (&json!("bee"), &json!("rows.csv"), &json!(0))
    );
    let message = bench.refused(2, "eval run --data rows.csv --label 2");
    assert!(
        message
            .starts_with("spinet: rows.csv: missing label column; table has 2 columns, one per "),
        "{message}"
    );
    assert!(
        message.ends_with("\n\nhint: `spinet predict` needs no labels\n"),
        "{message}"
    );
    bench.write("digit.png", b"\x89PNG");
    let message = bench.refused(2, "predict run digit.png");
    assert_eq!(
        message,
        "spinet: the model expects numbers of a table, but the samples are images\n"
    );
    bench.train("images", "");
    let message = bench.refused(2, "eval images --data kinds.csv --label 2");
    assert!(message.contains("expected a known class"), "{message}");
    bench.write("digits.csv", "1;0\n2;1\n");
    for words in ["eval images --data digits.csv", "predict images digits.csv"] {
        let message = bench.refused(2, words);
        assert_eq!(
            message,
            "spinet: the model expects images, but the samples are numbers of a table\n"
        );
    }
}

#[test]
fn a_folder_of_images_is_trained_and_named_by_its_relative_path() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("data/my/shapes")).unwrap();
    let pixels: Vec<u8> = (0..40)
        .flat_map(|index: u8| {
            if index.is_multiple_of(2) {
                [250, 3, index]
            } else {
                [5, 240, index]
            }
        })
        .collect();
    let labels: [u8; 40] = std::array::from_fn(|index| (index % 2) as u8);
    bench.write(
        "data/my/shapes/train-images-idx3-ubyte",
        encode_images(&pixels, [1, 3]).unwrap(),
    );
    bench.write(
        "data/my/shapes/train-labels-idx1-ubyte",
        encode_labels(&labels).unwrap(),
    );
    let text =
        bench.done("train --data my/shapes --data-dir data --hidden 4 --epochs 200 --batch 8");
    assert!(
        text.starts_with(
            "data: my/shapes, 32 training and 8 test samples\ntest accuracy: 100.00 %"
        ),
        "{text}"
    );
    let (_, next) = text.rsplit_once("\nnext: spinet ").unwrap();
    assert!(
        next.starts_with("eval runs/my-shapes-4-plain-seed0-")
            && next.ends_with(" --data-dir data\n"),
        "{text}"
    );
    assert!(
        bench
            .done(next.trim())
            .contains("\ndata: my/shapes, 8 samples\n")
    );
    bench.done("tune --data my/shapes --data-dir data --rule l2 --grid weight_decay=0.01,0.1 --folds 2 --hidden 2 --epochs 2");
    bench.done("bench --data my/shapes --data-dir data --hidden 3 --steps 2");

    // Labels of files may be any bytes; whoever is told about a class is told that label.
    bench.write(
        "data/my/shapes/train-labels-idx1-ubyte",
        encode_labels(&labels.map(|label| 7 + 10 * label)).unwrap(),
    );
    bench.done(
        "train --data my/shapes --data-dir data --hidden 4 --epochs 200 --batch 8 --out gaps",
    );
    let files = "--images data/my/shapes/train-images-idx3-ubyte --labels data/my/shapes/train-labels-idx1-ubyte";
    for data in ["--data-dir data", files] {
        let text = bench.done(&format!("eval gaps {data}"));
        assert!(
            text.contains("test accuracy: 100.00 %") && text.contains(" 7  17\n7 "),
            "{text}"
        );
    }
    let text = bench.done("predict gaps data/my/shapes/train-images-idx3-ubyte");
    assert!(text.lines().nth(1).unwrap().contains("[1]: 17  "), "{text}");
}

#[test]
fn the_points_of_a_sweep_see_the_data_that_their_settings_say() {
    let bench = Bench::new();
    bench.write("kinds.csv", kinds("\t"));
    let file = "[base]\ndata = \"kinds.csv\"\nlabel = \"kind\"\nepochs = 2\nhidden = [3]\n[[product]]\ntrain_per_class = [5, 10]\n";
    bench.write("small.toml", file);
    bench.done("sweep small.toml --out results");
    let record: Value = serde_json::from_slice(&bench.read("results/small.json")).unwrap();
    let samples = |point: usize| {
        (
            record["points"][point]["train"].clone(),
            record["points"][point]["scored"].clone(),
        )
    };
    assert_eq!(
        (samples(0), samples(1)),
        ((json!(15), json!(12)), (json!(30), json!(12)))
    );
    let digests: Vec<_> = record["definition"]["digests"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(
        digests,
        [
            "kinds.csv (label = kind, train_per_class = 10)",
            "kinds.csv (label = kind, train_per_class = 5)"
        ]
    );
    assert!(
        record["definition"].get("unverified").is_none(),
        "own data have no official files"
    );
}

#[test]
fn own_data_are_listed_and_described() {
    let bench = Bench::new();
    bench.write("my kinds.csv", kinds(","));
    assert!(
        bench
            .done("data list")
            .contains("\nyour own data: pass the path of a table or of a folder of images")
    );
    let text = Answer::of(
        &bench
            .command_of(&["data", "info", "my kinds.csv", "--label", "kind"])
            .output()
            .unwrap(),
    )
    .done();
    assert!(
        text.starts_with(
            "my kinds.csv: table\nrows: 60\ncolumns: 3\n      1  width   numeric\n      2  kind    label, 3 different\n      3  height  numeric\n\
             samples: 48 training, 12 test, 2 features\n"
        ),
        "{text}"
    );
    assert!(text.contains("\n  ant       16 + 4\n"), "{text}");
    assert!(
        text.ends_with("\nnext: spinet train --data 'my kinds.csv' --label kind\n"),
        "{text}"
    );
    std::fs::rename(bench.path("my kinds.csv"), bench.path("kinds.csv")).unwrap();
    let info: Value =
        serde_json::from_str(&bench.done("data info kinds.csv --label 2 --data-dir . --json"))
            .unwrap();
    assert_eq!(
        (&info["train"], &info["shape"], &info["test_of_class"]),
        (&json!(48), &json!([1, 2]), &json!([4, 4, 4]))
    );
    assert!(
        bench
            .refused(2, "data info kinds")
            .ends_with("or folder in the current directory\n\nhint: did you mean `kinds.csv`?\n")
    );
    assert!(
        bench
            .refused(2, "data info mnist-1200 --label 2")
            .contains("dataset `mnist-1200` has no columns")
    );
}

#[test]
fn names_and_settings_that_lead_nowhere_are_refused_with_what_to_do() {
    let bench = trained();
    let directory = bench.path("kinds.csv").display().to_string();
    let answer = bench.run(&format!(
        "train --data {directory} --out b --loss binary-cross-entropy"
    ));
    assert!(
        answer.code == 2
            && answer.stderr.contains(
                "\nspinet: `loss` must be mean-squared-error, mean-absolute-error or huber for numbers"
            ),
        "{}",
        answer.stderr
    );
    assert!(
        !bench.path("b").exists(),
        "nothing is written for a run that cannot start"
    );
    for (words, text) in [
        (
            "--data ../kinds.csv",
            "../kinds.csv: found no file or folder, expected a table",
        ),
        (
            "--data kind.csv",
            "kind.csv: found no file or folder, expected a table (`.csv`, `.tsv`, `.txt`, `.data`, also with `.gz`, `.npy` or `.npz`) or a folder of images",
        ),
        (
            "--data kinds.csv --label sort",
            "kinds.csv: label column is `sort`, expected a name from the first line",
        ),
        (
            "--data mnist-1200 --label 3",
            "dataset `mnist-1200` has no columns, expected no `label`",
        ),
        (
            "--data mnist-1200 --test-part 0.1",
            "dataset `mnist-1200` already has a test set, expected no `test_size`",
        ),
        (
            "--data kinds.csv --label kind --test-part 58",
            "test set has 58 samples, expected 1 to 57 of the 60",
        ),
        (
            "--data kinds.csv --label kind --train-per-class 17",
            "class 0 has 16 samples, expected at least 17",
        ),
        (
            "--data kinds.csv --test-part 1.5",
            "expected a fraction in (0, 1), or a number of samples (0 for none)",
        ),
        (
            "--data kinds.csv --train-per-class 0",
            "`train_per_class` must be at least 1, but is 0",
        ),
    ] {
        let message = bench.refused(2, &format!("train {words} --out b"));
        assert!(message.contains(text), "{words}: {message}");
    }
}
