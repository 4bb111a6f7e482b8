//! `spinet train` and what it leaves.

use serde_json::Value;
use spinet::{Kernel, MetricsLog, TrainConfig};

use crate::bench::{Bench, names};

#[test]
fn train_and_eval_say_the_same() {
    let bench = Bench::new();
    let trained: Value = serde_json::from_str(&bench.train("a", "--json")).unwrap();
    let evaluated: Value = serde_json::from_str(&bench.done("eval a --json")).unwrap();
    for key in ["accuracy", "loss"] {
        assert!(
            trained[key].is_f64() && trained[key] == evaluated[key],
            "{key}: {trained} {evaluated}"
        );
    }
    let of_classes: u64 = evaluated["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["right"].as_u64().unwrap())
        .sum();
    assert_eq!(
        of_classes as f64 / 10_000.0,
        evaluated["accuracy"].as_f64().unwrap(),
        "the confusion matrix counts the same predictions"
    );
    let shown = format!(
        "test accuracy: {:.2} % (loss {:.4})",
        100.0 * trained["accuracy"].as_f64().unwrap(),
        trained["loss"].as_f64().unwrap()
    );
    assert!(bench.train("b", "").contains(&shown));
    assert!(bench.done("eval b/model.safetensors").contains(&shown));
}

#[test]
fn the_same_run_gives_the_same_bytes_at_any_number_of_threads() {
    let bench = Bench::new();
    let files = ["model.safetensors", "metrics.jsonl", "run.toml"];
    bench.train("first", "--threads 1");
    for (directory, threads) in [("again", 1), ("two", 2), ("four", 4)] {
        bench.train(directory, &format!("--threads {threads}"));
        for file in files {
            assert!(
                bench.read(&format!("{directory}/{file}")) == bench.read(&format!("first/{file}")),
                "{file} of {directory}"
            );
        }
    }
    bench.train("other", "--seed 1");
    assert!(bench.read("other/model.safetensors") != bench.read("first/model.safetensors"));
}

#[test]
fn every_rule_and_kind_of_network_repeats_in_another_process_with_other_threads() {
    let bench = Bench::new();
    let kinds = [
        "--hidden none",
        "--hidden 6,5 --activation tanh",
        "--hidden 6 --no-bias --loss mean-squared-error",
    ];
    for (number, rule) in spinet::rules::RULES.iter().enumerate() {
        for (kind, flags) in kinds.iter().enumerate() {
            use spinet::rules::Seam::{Activation, ErrorSignal, Feedback};
            let needs_hidden = rule
                .seams
                .iter()
                .any(|seam| matches!(seam, Activation | ErrorSignal | Feedback))
                || rule.name == "filter-pruning";
            if flags.contains("none") && needs_hidden {
                let message = bench.refused(
                    2,
                    &format!("train --rule {} {flags} --out refused", rule.name),
                );
                assert!(
                    message
                        .contains("acts on hidden layers: the network has 0, expected at least 1"),
                    "{message}"
                );
                continue;
            }
            // 100 steps.
            let train = |directory: &str, threads: usize| {
                let rule = rule.name;
                bench.done(&format!(
                    "train --rule {rule} {flags} --learning-rate 0.01 --epochs 50 --evaluate-every 50 --threads {threads} --out {directory}"
                ));
                bench.read(&format!("{directory}/model.safetensors"))
            };
            let (first, second) = (
                train(&format!("first-{number}-{kind}"), 1),
                train(&format!("second-{number}-{kind}"), 8),
            );
            assert!(first == second, "{} with {flags}", rule.name);
        }
    }
}

#[test]
fn a_run_leaves_three_files_with_one_line_for_each_evaluation() {
    let bench = Bench::new();
    bench.done("train --hidden 10 --rule bdnn-dsd --epochs 7 --evaluate-every 3 --out a");
    assert_eq!(
        names(&bench.path("a")),
        ["metrics.jsonl", "model.safetensors", "run.toml"]
    );
    let curve = MetricsLog::read(&bench.path("a/metrics.jsonl")).unwrap();
    assert_eq!(
        curve
            .iter()
            .map(|evaluation| evaluation.epoch)
            .collect::<Vec<_>>(),
        [0, 3, 6, 7]
    );
    let expected = TrainConfig {
        hidden: vec![10],
        epochs: 7,
        evaluate_every: 3,
        rules: vec!["bdnn-dsd".parse().unwrap()],
        kernel: Kernel::Auto.class(),
        ..TrainConfig::default()
    };
    assert_eq!(
        TrainConfig::read(&bench.path("a/run.toml")).unwrap(),
        expected
    );
    bench.done("train --config a/run.toml --out b");
    assert!(
        bench.read("a/model.safetensors") == bench.read("b/model.safetensors"),
        "run.toml repeats the run"
    );
}

#[test]
fn an_epoch_is_shown_with_its_own_evaluation_and_without_one_with_the_newest() {
    let bench = Bench::new();
    for every in [1, 4] {
        let directory = format!("every-{every}");
        let answer = bench.run(&format!(
            "train --hidden 10 --epochs 10 --evaluate-every {every} --out {directory}"
        ));
        let shown: Vec<&str> = answer
            .stderr
            .lines()
            .filter(|line| line.starts_with("epoch "))
            .collect();
        let curve = MetricsLog::read(&bench.path(&format!("{directory}/metrics.jsonl"))).unwrap();
        let line = |epoch: usize| {
            let newest = curve
                .iter()
                .rfind(|evaluation| evaluation.epoch <= epoch)
                .unwrap();
            let of_epoch = if newest.epoch == epoch {
                String::new()
            } else {
                format!(" after epoch {}", newest.epoch)
            };
            format!(
                "epoch {epoch} of 10: accuracy {:.2} %, loss {:.4}{of_epoch}",
                100.0 * newest.score(),
                newest.test_loss
            )
        };
        assert_eq!(
            shown,
            (1..=10).map(line).collect::<Vec<_>>(),
            "{}",
            answer.stderr
        );
    }
}

#[test]
fn every_setting_is_a_flag_and_flags_win_over_the_file() {
    let bench = Bench::new();
    bench.write(
        "run.toml",
        "hidden = [30]\nepochs = 400\nbias = false\n[[rules]]\nname = \"l2\"\n",
    );
    let flags = "--data mnist-1200 --hidden 12,8 --activation relu --output-activation sigmoid --loss mean-squared-error \
                 --initialiser uniform(0.5) --bias --learning-rate 0.3 --batch 100 --epochs 2 --evaluate-every 2 --seed 9 --kernel f32 \
                 --rule dropout:dropout_rate=0.25 --rule bdnn-dsd:threshold=3,layers=1+2";
    bench.done(&format!("train --config run.toml --out a {flags}"));
    let text = r#"
        hidden = [12, 8]
        activation = "relu"
        output_activation = "sigmoid"
        loss = "mean-squared-error"
        initialiser = "uniform(0.5)"
        learning_rate = 0.3
        batch = 100
        epochs = 2
        evaluate_every = 2
        seed = 9
        kernel = "f32"
        rules = [{ name = "dropout", dropout_rate = 0.25 }, { name = "bdnn-dsd", threshold = 3, layers = "1+2" }]
    "#;
    assert_eq!(
        TrainConfig::read(&bench.path("a/run.toml")).unwrap(),
        TrainConfig::parse(text, "x".as_ref()).unwrap()
    );
    bench.done("train --config run.toml --out b --epochs 1 --no-bias");
    let config = TrainConfig::read(&bench.path("b/run.toml")).unwrap();
    assert_eq!(
        (config.hidden, config.bias, config.rules[0].name.as_str()),
        (vec![30], false, "l2"),
        "what no flag names is the file's"
    );
}

#[test]
fn a_linear_network_trains_into_a_directory_named_after_the_run() {
    let bench = Bench::new();
    let text = bench.done("train --hidden none --epochs 3 --rule bdnn-dsd --rule l2");
    assert!(
        text.contains("model: runs/mnist-1200-linear-bdnn-dsd+l2-seed0-"),
        "{text}"
    );
    assert!(
        text.contains("\nspines: ") && text.contains(" of 7,840 weights at their bound"),
        "{text}"
    );
    let (_, next) = text.rsplit_once("\nnext: spinet ").unwrap();
    bench.done(next.trim());
    let text = bench.done("train --hidden none --epochs 2 --rule bdnn-dsd --rule l2");
    assert!(
        !text.ends_with(next),
        "other settings, another directory: {text}"
    );
}

#[test]
fn a_finished_run_is_shown_again_and_another_run_replaces_it_only_by_force() {
    let bench = Bench::new();
    let trained: Value = serde_json::from_str(&bench.train("a", "--seed 1 --json")).unwrap();
    let before = bench.read("a/model.safetensors");
    let again = bench.run("train --hidden 10 --epochs 5 --rule bdnn-dsd --out a --seed 1 --json");
    assert!(
        again
            .stderr
            .contains("a: this run is already finished; `--force` trains it again"),
        "{}",
        again.stderr
    );
    let shown: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        (&shown["accuracy"], &shown["rules"]),
        (&trained["accuracy"], &trained["rules"])
    );
    let message = bench.refused(2, "train --hidden 10 --epochs 5 --rule bdnn-dsd --out a");
    assert!(
        message.starts_with(
            "spinet: a: contains another run: `seed` is 1 there and 0 here\n\nhint: `--force`"
        ),
        "{message}"
    );
    assert!(bench.read("a/model.safetensors") == before);
    bench.train("a", "--force");
    assert!(bench.read("a/model.safetensors") != before);
}

#[test]
fn a_diverging_run_ends_with_code_1_and_names_layer_and_step() {
    let bench = Bench::new();
    let words = "train --hidden 10 --epochs 5 --activation relu --loss mean-squared-error --learning-rate 1e29 --out a";
    let message = bench.run(words);
    assert_eq!(message.code, 1, "{}", message.stderr);
    let line = message
        .stderr
        .lines()
        .find(|line| line.starts_with("spinet: "))
        .unwrap();
    assert!(
        line.starts_with("spinet: training diverged at epoch 1, step 2: loss is "),
        "{line}"
    );
    assert!(line.contains(" of layer "), "{line}");
    assert_eq!(message.stdout, "");
    let left = [
        "checkpoint-0000000000.safetensors",
        "metrics.jsonl",
        "run.toml",
    ];
    assert_eq!(names(&bench.path("a")), left, "no model is stored");
    bench.done("train --hidden 10 --epochs 1 --out a --force");
}

#[test]
fn files_of_a_run_tell_nothing_about_the_machine() {
    let bench = Bench::new();
    bench.train("a", "");
    let directory = bench.path("a").display().to_string();
    for file in names(&bench.path("a")) {
        let bytes = bench.read(&format!("a/{file}"));
        assert!(
            !bytes
                .windows(directory.len())
                .any(|window| window == directory.as_bytes()),
            "{file}"
        );
    }
}

#[test]
fn kernels_of_one_class_give_one_model_and_a_run_names_its_class() {
    let bench = Bench::new();
    for (directory, kernel) in [
        ("portable", "portable"),
        ("exact", "exact"),
        ("single", "f32"),
    ] {
        bench.train(directory, &format!("--kernel {kernel}"));
    }
    assert!(
        bench.read("portable/model.safetensors") == bench.read("exact/model.safetensors"),
        "one class, one result"
    );
    assert!(bench.read("exact/model.safetensors") != bench.read("single/model.safetensors"));
    for (directory, class) in [("portable", "exact"), ("exact", "exact"), ("single", "f32")] {
        let text = String::from_utf8(bench.read(&format!("{directory}/run.toml"))).unwrap();
        assert!(text.contains(&format!("kernel = \"{class}\"")), "{text}");
    }
    let portable = bench.read("portable/metrics.jsonl");
    assert!(portable == bench.read("exact/metrics.jsonl"));
}
