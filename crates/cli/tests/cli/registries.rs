//! `spinet rules`, `spinet layers`, `spinet data` and `spinet completions`.

use serde_json::Value;
use spinet::{DATASETS, LAYERS, RULES};

use crate::bench::Bench;

#[test]
fn rules_are_listed_with_typed_defaults() {
    let bench = Bench::new();
    let all: Value = serde_json::from_str(&bench.done("rules --json")).unwrap();
    let rules = all["rules"].as_array().unwrap();
    assert_eq!(
        rules
            .iter()
            .map(|rule| rule["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        RULES.iter().map(|rule| rule.name).collect::<Vec<_>>()
    );
    for rule in rules {
        assert!(["rule", "optimizer"].contains(&rule["role"].as_str().unwrap()));
        assert!(
            ["summary", "reference"]
                .iter()
                .all(|key| rule[key].is_string())
                && rule["seams"].is_array(),
            "{rule}"
        );
        for parameter in rule["parameters"].as_array().unwrap() {
            assert!(
                ["name", "summary", "range"]
                    .iter()
                    .all(|key| parameter[key].is_string()),
                "{parameter}"
            );
            assert!(
                parameter["default"].is_number() || parameter["default"].is_string(),
                "{parameter}"
            );
        }
    }
    let one: Value = serde_json::from_str(&bench.done("rules bdnn-dsd --json")).unwrap();
    let parameter = |name: &str| {
        let parameters = one["rules"][0]["parameters"].as_array().unwrap();
        parameters
            .iter()
            .find(|parameter| parameter["name"] == name)
            .unwrap()["default"]
            .clone()
    };
    assert_eq!(parameter("initial_bound"), 0.45);
    assert_eq!(parameter("threshold"), 10);
    assert_eq!(parameter("growth_counting"), "cumulative");
    assert_eq!(one["rules"][0]["seams"][0], "after-update");
    let text = bench.done("rules");
    assert!(
        RULES
            .iter()
            .all(|rule| text.contains(rule.summary) && text.contains(rule.reference)),
        "{text}"
    );
}

#[test]
fn layers_are_listed_with_shapes_and_a_network_of_them_is_trained_and_named_again() {
    let bench = Bench::new();
    let all: Value = serde_json::from_str(&bench.done("layers --json")).unwrap();
    let layers = all["layers"].as_array().unwrap();
    assert_eq!(layers.len(), LAYERS.len());
    for (layer, entry) in layers.iter().zip(LAYERS) {
        assert_eq!(layer["name"], entry.name);
        assert!(
            ["summary", "reference", "shapes"]
                .iter()
                .all(|key| layer[key].is_string()),
            "{layer}"
        );
        assert!(
            layer["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .all(|parameter| parameter["range"].is_string()),
            "{layer}"
        );
    }
    let text = bench.done("layers dense");
    assert!(
        text.contains("units = 100") && text.contains("weight [units, inputs]"),
        "{text}"
    );
    let flags = "--layer dense:units=20,activation=relu --layer dense:units=10,activation=tanh";
    bench.done(&format!(
        "train {flags} --rule bdnn-dsd --epochs 2 --out run"
    ));
    let text = bench.done("inspect run/model.safetensors");
    assert!(
        [
            "784 inputs -> 20 units, relu",
            "20 inputs -> 10 units, tanh",
            "10 inputs -> 10 units, identity"
        ]
        .iter()
        .all(|line| text.contains(line)),
        "{text}"
    );
    let run = std::fs::read_to_string(bench.path("run/run.toml")).unwrap();
    assert!(
        run.contains("[[layers]]\nname = \"dense\"\nactivation = \"relu\"\nunits = 20"),
        "{run}"
    );
    bench.done("train --config run/run.toml --out again");
    let model = |run: &str| std::fs::read(bench.path(&format!("{run}/model.safetensors"))).unwrap();
    assert_eq!(model("run"), model("again"));
    // What the short form says as well is the same run.
    bench.done("train --layer dense:units=20 --layer dense:units=10 --epochs 1 --out long");
    bench.done("train --hidden 20,10 --epochs 1 --out short");
    assert_eq!(model("long"), model("short"));
}

#[test]
fn data_sets_are_listed_described_and_checked() {
    let bench = Bench::new();
    let text = bench.done("data list");
    assert!(
        DATASETS.iter().all(|entry| text.contains(entry.summary)),
        "{text}"
    );
    let list: Value = serde_json::from_str(&bench.done("data list --json")).unwrap();
    assert_eq!(list["datasets"].as_array().unwrap().len(), DATASETS.len());
    let info: Value = serde_json::from_str(&bench.done("data info mnist-1200 --json")).unwrap();
    assert_eq!(
        (&info["train"], &info["is_built_in"]),
        (&1200.into(), &true.into())
    );
    assert!(
        bench
            .done("data info fashion-mnist")
            .contains("classes: T-shirt/top, Trouser")
    );
    assert_eq!(
        bench.done("data verify mnist-1200").matches("ok  ").count(),
        4
    );
    assert!(bench.done("data fetch mnist-1200").contains("built in"));
}

#[test]
fn damaged_files_of_a_set_are_refused_before_the_first_step() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("data")).unwrap();
    for name in [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ] {
        bench.write(&format!("data/{name}"), "something else");
    }
    for words in [
        "train --data mnist --data-dir data --out runs/a",
        "reproduce table1 --methods initial --data-dir data",
    ] {
        let message = bench.refused(2, words);
        let (found, expected) = message.split_once(", expected ").unwrap();
        let digest = found
            .strip_prefix("spinet: data/train-images-idx3-ubyte: sha256 is ")
            .unwrap();
        assert!(
            digest.len() == 64 && expected.lines().next().unwrap().len() == 64,
            "{message}"
        );
        assert!(!bench.path("runs").exists(), "nothing was begun");
    }
    // A run tells the samples that it was made from.
    bench.train("good", "");
    let toml = String::from_utf8(bench.read("good/run.toml")).unwrap();
    assert_eq!(
        toml.lines()
            .filter(|line| line.contains(" samples: SHA-256 "))
            .count(),
        2,
        "{toml}"
    );
}

#[test]
fn files_that_are_not_the_official_ones_are_named_with_exit_code_2() {
    let bench = Bench::new();
    bench.write("t10k-labels-idx1-ubyte", "something else");
    let answer = bench.run("data verify mnist --data-dir .");
    assert_eq!(answer.code, 2);
    assert_eq!(
        answer
            .stdout
            .lines()
            .filter(|line| line.starts_with("missing     "))
            .count(),
        3,
        "{}",
        answer.stdout
    );
    assert!(
        answer
            .stdout
            .contains("differs     ./t10k-labels-idx1-ubyte\n            found sha256    "),
        "{}",
        answer.stdout
    );
    assert!(
        answer
            .stderr
            .starts_with("spinet: 4 of the 4 files of dataset `mnist` failed verification"),
        "{}",
        answer.stderr
    );
    let answer = bench.run("data verify mnist --data-dir . --json");
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (
            answer.code,
            &report["is_verified"],
            &report["files"][3]["status"]
        ),
        (2, &false.into(), &"differs".into())
    );
}

#[test]
fn completions_know_every_subcommand() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.done(&format!("completions {shell}"));
        assert!(
            ["train", "inspect", "learning-rate"]
                .iter()
                .all(|word| script.contains(word)),
            "{shell}"
        );
    }
    assert!(
        bench
            .refused(2, "completions tcsh")
            .contains("possible values")
    );
}
