//! Files that users of such programs stumble over, in `crates/testing/cases`: each gives the right
//! numbers, or one clear sentence.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bench::Bench;

/// A directory with a copy of these files.
fn with(names: &[&str]) -> Bench {
    let bench = Bench::new();
    for name in names {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../testing/cases")
            .join(name);
        bench.write(name, fs::read(file).unwrap());
    }
    bench
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_table_that_has_grown_since_the_training_is_not_called_a_test() {
    let bench = with(&["wood.csv", "wood-grown.csv"]);
    bench.done(
        "train --data wood.csv --hidden 10 --epochs 100 --batch-size 16 --out run --threads 1",
    );
    let same = bench.run("eval run");
    assert_eq!((same.code, same.stderr.as_str()), (0, ""));
    assert!(
        same.stdout.contains("\ntest accuracy: 100.00 %"),
        "{}",
        same.stdout
    );

    bench.write("wood.csv", bench.read("wood-grown.csv"));
    for command in ["eval run", "predict run --data wood.csv"] {
        let grown = bench.run(command);
        assert_eq!(grown.code, 0, "{}", grown.stderr);
        assert_eq!(
            grown.stderr,
            "warning: wood.csv is not the data that the model was trained on: it has changed since. \
             All of its 90 samples are used; the model may have been trained on some of them\n"
        );
        assert!(!grown.stdout.contains("test accuracy"), "{}", grown.stdout);
    }
    let result = json_of(&bench.done("eval run --json"));
    assert_eq!(
        (&result["samples"], &result["is_changed"]),
        (&json!(90), &json!(true))
    );
}

#[test]
fn a_label_of_any_length_and_any_text_is_shown_by_its_beginning() {
    let bench = Bench::new();
    let long = "x".repeat(66_000);
    let rows = format!("1,2,{long}\n9,8,\u{202e}ash\n").repeat(30);
    bench.write("long.csv", format!("a,b,wood\n{rows}"));
    let shown = format!("{}...", "x".repeat(40));
    let text = bench.done("data info long.csv");
    assert!(
        text.contains(&format!("  {shown}       24 + 6\n")),
        "{text}"
    );
    bench.done("train --data long.csv --hidden 4 --epochs 2 --out run");
    for command in [
        "eval run",
        "inspect run",
        "predict run --data long.csv --top 2",
    ] {
        let text = bench.done(command);
        assert!(
            text.contains(&shown) && text.len() < 4_000,
            "{command}: {text}"
        );
        assert!(text.contains("\\u{202e}ash"), "{command}: {text}");
    }
}
