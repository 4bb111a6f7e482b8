//! `spinet tune`: settings, random search, halving.

use serde_json::Value;

use crate::bench::{Bench, names};

fn bench() -> Bench {
    let bench = Bench::new();
    let rows = (0..90).fold("x,y,kind\n".to_owned(), |text, row| {
        let kind = row % 3;
        text + &format!("{},{},k{kind}\n", kind * 10 + row % 7, row * 5 % 13)
    });
    bench.write("kinds.csv", rows);
    bench
}

const TUNE: &str = "tune --data kinds.csv --epochs 20 --batch-size 8 --hidden 4 --folds 3";

#[test]
fn any_setting_is_tuned_and_the_best_is_told_as_flags() {
    let bench = bench();
    let text = bench.done(&format!(
        "{TUNE} --grid learning_rate=0.00001,0.5 --grid hidden=5-4 --grid rules=none,l2 --grid l2.weight_decay=0.9"
    ));
    let lines: Vec<&str> = text.lines().collect();
    let cells = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>();
    assert_eq!(
        cells(2),
        [
            "hidden",
            "l2.weight_decay",
            "learning_rate",
            "rules",
            "accuracy",
            "%"
        ]
    );
    // The option of a rule that the point does not have is left out.
    assert_eq!(cells(4)[..3], ["5-4", "0.5", "none"], "{text}");
    assert_eq!(
        lines.last(),
        Some(&"best: --hidden 5,4 --learning-rate 0.5"),
        "{text}"
    );
    // What was found is what these flags give.
    bench.done("train --data kinds.csv --epochs 2 --hidden 5,4 --learning-rate 0.5");
    for (grid, expected) in [
        (
            "data=kinds.csv,a.csv",
            "`data` cannot be tuned: it chooses the data",
        ),
        (
            "hidden=a",
            "hidden = a: expected units such as `64`, `64-32`, or `none`",
        ),
        ("learning_rate=0.1..1", "hint: `--random N` tries N points"),
    ] {
        let message = bench.refused(2, &format!("{TUNE} --grid {grid}"));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn random_search_with_halving_resumes_and_is_the_same_at_any_number_of_threads() {
    let bench = bench();
    let search = format!(
        "{TUNE} --grid learning_rate=0.0001..1:log --grid batch_size=4..16 --random 6 --halving --json"
    );
    let tried = |words: &str| -> Value { serde_json::from_str(&bench.done(words)).unwrap() };
    let first = tried(&format!("{search} --threads 1 --run-dir one"));
    let folds: Vec<usize> = first["tried"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| point["accuracy"]["values"].as_array().unwrap().len())
        .collect();
    assert_eq!(folds, [3, 3, 2, 1, 1, 1]);
    assert_eq!(names(&bench.path("one")).len(), 6 + 3 + 2);
    let second = tried(&format!("{search} --threads 2 --run-dir two"));
    assert_eq!(first["tried"], second["tried"]);
    // A run that is missing is done again, the others are found.
    let runs = names(&bench.path("one"));
    std::fs::remove_dir_all(bench.path("one").join(&runs[0])).unwrap();
    let again = tried(&format!("{search} --threads 2 --run-dir one"));
    assert_eq!(
        (again["tried"].clone(), names(&bench.path("one"))),
        (first["tried"].clone(), runs)
    );
    let message = bench.refused(2, &format!("{search} --shard 1/2"));
    assert!(message.contains("--shard"), "{message}");
}
