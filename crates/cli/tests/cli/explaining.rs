//! `spinet explain`: which columns a model uses.

use serde_json::{Value, json};

use crate::bench::Bench;

/// A model of a table in which the color decides, and a number adds nothing.
fn trained() -> Bench {
    let bench = Bench::new();
    let rows = (0..120).fold("noise,color,size,kind\n".to_owned(), |text, row| {
        let color = ["red", "green", "blue"][row % 3];
        // Red is one kind, blue the other; of green things the size tells.
        let size = row * 5 % 8;
        let kind = match color {
            "red" => "ant",
            "blue" => "bee",
            _ if size > 3 => "bee",
            _ => "ant",
        };
        text + &format!("{},{color},{size},{kind}\n", row * 37 % 11)
    });
    bench.write("things.csv", rows);
    bench.done("train --data things.csv --hidden 12 --epochs 300 --batch-size 8 --learning-rate 0.3 --out run");
    bench
}

#[test]
fn the_columns_that_tell_the_class_come_first() {
    let bench = trained();
    let answer = bench.run("explain run --json --figure columns.svg --threads 1");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let result: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&result["samples"], &result["score"], &result["repeats"]),
        (&json!(24), &json!(1.0), &json!(10))
    );
    let columns = result["columns"].as_array().unwrap();
    let names: Vec<_> = columns.iter().map(|column| &column["column"]).collect();
    assert_eq!(names, ["color", "size", "noise"]);
    let drop = |at: usize, what: &str| columns[at]["score_drop"][what].as_f64().unwrap();
    assert!(
        drop(0, "mean") > 20.0 && drop(1, "mean") > 5.0,
        "{columns:?}"
    );
    // One of the 24 rows is 4.2 points.
    assert!(drop(2, "mean") < 5.0, "{columns:?}");
    assert!(
        (0..3)
            .all(|at| drop(at, "low") <= drop(at, "mean") && drop(at, "mean") <= drop(at, "high"))
    );
    assert!(columns[0]["loss_rise"]["mean"].as_f64().unwrap() > 0.5);
    let svg = String::from_utf8(bench.read("columns.svg")).unwrap();
    assert!(
        svg.starts_with("<svg ")
            && svg.contains("<title>Columns of things.csv</title>")
            && ["color", "size", "noise"]
                .iter()
                .all(|name| svg.contains(&format!("\n{name}\n"))),
        "{svg}"
    );
    // The same at another number of threads, with another seed nearly.
    let same = bench.done("explain run --json --threads 2");
    assert_eq!(same, answer.stdout);
    let other: Value = serde_json::from_str(&bench.done("explain run --json --seed 1")).unwrap();
    assert_ne!(other["columns"], result["columns"]);
    assert_eq!(other["columns"][0]["column"], "color");

    let text = bench.done("explain run");
    assert!(
        text.starts_with("data: things.csv, 24 samples\ntest accuracy: 100.00 % (loss ")
            && text.contains("; 10 shuffles per column\n\ncolumn  accuracy drop  "),
        "{text}"
    );
    // All rows of another table.
    bench.write(
        "new.csv",
        "kind,size,color,noise\nbee,1,blue,2\nant,2,red,3\nant,7,red,4\n",
    );
    let text = bench.done("explain run new.csv --repeats 2");
    assert!(text.starts_with("data: new.csv, 3 samples\n"), "{text}");
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let bench = trained();
    bench.train("images", "");
    for (words, expected) in [
        (
            "explain images",
            "images/model.safetensors: the model stores no columns, expected one that was trained on a table",
        ),
        (
            "explain run --repeats 1",
            "`repeats` must be in [2, 1000], but is 1",
        ),
        (
            "explain run --figure things.csv",
            "things.csv: already exists and is not overwritten",
        ),
    ] {
        let message = bench.refused(2, words);
        assert!(message.contains(expected), "{words}: {message}");
    }
}
