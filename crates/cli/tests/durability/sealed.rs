//! What is told as a result comes from sealed files: a number that was changed in one that is not
//! is refused by name, everywhere.

use std::fs;

use serde_json::Value;

use crate::bench::Bench;

const SWEEP: &str =
    "seeds = 1\n[base]\nepochs = 3\nhidden = [10]\n[[product]]\nlearning_rate = [0.1]\n";

/// Every way in which a finished run becomes a result; all keep their runs in `runs` or in a
/// directory below it.
const COMMANDS: [&str; 5] = [
    "train --hidden 4 --epochs 3 --threads 1 --out runs/one --json",
    "sweep s.toml --run-dir runs --json",
    "reproduce --hidden 10 --runs 1 --epochs 3 --methods initial --run-dir runs --json",
    "tune --rule l2 --grid weight_decay=0.1 --hidden 4 --epochs 3 --folds 2 --left-out 1 --run-dir runs --json",
    "merge runs --out merged",
];

/// A damage to the metrics of a run: its name, and the text that it makes.
type Damage = (&'static str, fn(&str) -> String);

const DAMAGES: [Damage; 5] = [
    ("one digit of the last accuracy", |text| {
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let accuracy = format!("\"accuracy\":{}", last["accuracy"]);
        assert!(text.contains(&accuracy));
        text.replace(&accuracy, "\"accuracy\":0.9999")
    }),
    ("an accuracy on the way", |text| {
        text.replacen("\"accuracy\":0.", "\"accuracy\":0.9", 1)
    }),
    ("a line less", |text| {
        text.split_once('\n').unwrap().1.to_owned()
    }),
    ("a space that means nothing", |text| {
        text.replacen(':', ": ", 1)
    }),
    ("nothing left", |_| String::new()),
];

#[test]
fn changed_metrics_become_no_result_by_any_command() {
    let bench = Bench::new();
    bench.write("s.toml", SWEEP);
    for words in COMMANDS {
        bench.done(words);
        let (runs, merged) = (bench.path("runs"), bench.path("merged"));
        let whole: Vec<_> = fs::read_dir(&runs)
            .unwrap()
            .map(|run| run.unwrap().path().join("metrics.jsonl"))
            .collect();
        let whole: Vec<_> = whole
            .into_iter()
            .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
            .collect();
        let _ = fs::remove_dir_all(&merged);
        for (what, damage) in DAMAGES {
            whole
                .iter()
                .for_each(|(path, text)| fs::write(path, damage(text)).unwrap());
            let message = bench.refused(2, words);
            let expected = "/metrics.jsonl: changed after the run: SHA-256 is ";
            assert!(
                message.contains(expected) && message.contains("\n\nhint: "),
                "{what}, {words}: {message}"
            );
            // What was changed is not put right behind anybody's back.
            whole.iter().for_each(|(path, text)| {
                assert_eq!(
                    fs::read_to_string(path).unwrap(),
                    damage(text),
                    "{what}, {words}"
                );
            });
        }
        whole
            .iter()
            .for_each(|(path, _)| fs::remove_file(path).unwrap());
        assert!(
            bench
                .refused(2, words)
                .contains("/metrics.jsonl: cannot open: "),
            "{words}"
        );
        whole
            .iter()
            .for_each(|(path, text)| fs::write(path, text).unwrap());
        bench.done(words);
        if words.starts_with("train") {
            whole
                .iter()
                .for_each(|(path, text)| fs::write(path, DAMAGES[0].1(text)).unwrap());
            bench.done(&format!("{words} --force"));
            whole.iter().for_each(|(path, text)| {
                assert_eq!(
                    fs::read_to_string(path).unwrap(),
                    *text,
                    "trained again to the same bits"
                );
            });
        }
        if !words.starts_with("merge") && !words.starts_with("tune") {
            fs::remove_dir_all(&runs).unwrap();
        }
    }
}
