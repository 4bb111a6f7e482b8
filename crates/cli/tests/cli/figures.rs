//! `spinet reproduce figure3 figure5`: drawings and records of the paper's figures.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bench::{Bench, names, unsealed};

#[test]
fn figures_are_drawn_stored_shown_again_and_stand_in_the_report() {
    let bench = Bench::new();
    let text = bench.done("reproduce figure3 figure5 --runs 2 --epochs 45 --out results");
    assert!(
        text.contains("NOT the full figure: 2 runs instead of 5, 45 epochs instead of 500."),
        "{text}"
    );
    for name in ["figure-3", "figure-5"] {
        let svg = String::from_utf8(bench.read(&format!("results/{name}-reduced.svg"))).unwrap();
        assert!(svg.contains("<title>Figure "), "{name}");
        let shown = bench.done(&format!("reproduce --from results/{name}-reduced.json"));
        assert!(text.contains(&shown), "{shown}");
    }
    // Four shrinkings of five epochs bring a bound of 0.21 to zero, not one of 0.45; then threshold
    // pushes are needed to leave it.
    let record: Value =
        serde_json::from_slice(&bench.read("results/figure-5-reduced.json")).unwrap();
    let first = |panel: usize| {
        record["panels"][panel]["summary"]["first epoch with any, in any run (0: none)"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(
        (first(1), first(3)),
        (40.0, 20.0),
        "zero bounds, stated and needed"
    );
    let curve = |index: usize| {
        record["panels"][3]["curves"][index]["mean"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&curve(0)[20], &curve(0)[21]),
        (&curve(1)[20], &curve(1)[21]),
        "what is zero stays so for some epochs"
    );

    // Runs of Figure 3 are kept, and the same as those of the tables.
    let runs = names(&bench.path("runs")).len();
    assert_eq!(runs, 8);
    bench.done("reproduce --hidden 100 --methods dropout,l2,bdnn-dsd --runs 2 --epochs 45");
    assert_eq!(names(&bench.path("runs")).len(), runs);
    assert!(bench.done("report").ends_with(": 2 records\n"));
    let all: Value =
        serde_json::from_str(&bench.done("reproduce figure3 --runs 2 --epochs 45 --json")).unwrap();
    assert_eq!(
        (&all["tables"], &all["figures"][0]["figure"]),
        (&Value::Null, &json!("figure-3"))
    );
    let counts: f64 = all["figures"][0]["panels"][0]["counts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_f64)
        .sum();
    assert!(
        (counts - 79_400.0).abs() < 5.0,
        "every weight is counted once: {counts}"
    );
}

#[test]
fn figure_4_is_a_sweep_with_the_other_methods_as_level_lines() {
    let bench = Bench::new();
    let text = bench.done("reproduce figure4-1200 --runs 1 --epochs 20 --out results");
    assert!(
        text.starts_with("Sweep figure-4-1200: 20 configurations, 1 run each;"),
        "{text}"
    );
    assert!(
        text.contains("NOT the full sweep: 1 run instead of 5, 20 epochs instead of 1500."),
        "{text}"
    );
    let svg = String::from_utf8(bench.read("results/figure-4-1200-reduced.svg")).unwrap();
    for word in [
        "threshold",
        "bound_step",
        "initial_bound",
        "speed-up L",
        "dropout:dropout_rate=0.2",
    ] {
        assert!(svg.contains(word), "{word}");
    }
    // The default of each parameter is one point of each line, and one run.
    assert_eq!(names(&bench.path("runs")).len(), 18);
    // A smaller figure never takes the place of the whole one.
    bench.done("sweep --from results/figure-4-1200-reduced.json --out again");
    assert_eq!(
        names(&bench.path("again")),
        ["figure-4-1200-reduced.json", "figure-4-1200-reduced.svg"]
    );
    for (words, text) in [
        (
            "figure4-1200 --runs 0 --shard 1/2",
            "`runs` must be in [1, 10000], but is 0",
        ),
        (
            "figure4-1200 --runs 18446744073709551615",
            "`runs` must be in [1, 10000], but is 1844",
        ),
        (
            "figure5 --epochs 0",
            "`epochs` must be at least 1, but is 0",
        ),
        ("figure3 --rule l2", "`--rule` applies to tables"),
        ("figure3 --methods l2", "`--methods` applies to tables"),
    ] {
        let message = bench.refused(2, &format!("reproduce {words}"));
        assert!(message.contains(text), "{words}: {message}");
    }
    let record = String::from_utf8(bench.read("results/figure-4-1200-reduced.json")).unwrap();
    bench.write(
        "evil.json",
        unsealed(&record).replace("\"sweep\": \"figure-4-1200\"", "\"sweep\": \"../evil\""),
    );
    let message = bench.refused(2, "sweep --from evil.json --out again");
    assert!(
        message.contains("its name is `../evil`, expected that of a file"),
        "{message}"
    );
    let message = bench.refused(2, "reproduce figure9");
    assert!(
        message.contains("unknown experiment `figure9`, expected one of table"),
        "{message}"
    );
}

#[test]
fn stored_figures_are_what_the_stored_experiments_draw() {
    let bench = Bench::new();
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results");
    let with_end = |folder: &Path, end: &str| -> Vec<String> {
        names(folder)
            .into_iter()
            .filter(|name| name.strip_suffix(end).is_some())
            .collect()
    };
    for record in with_end(&results, ".json") {
        fs::copy(results.join(&record), bench.path(&record)).unwrap();
        bench.done(&format!("reproduce --from {record} --out drawn"));
    }
    let figures = with_end(&results, ".svg");
    assert_eq!(with_end(&bench.path("drawn"), ".svg"), figures);
    for figure in figures {
        assert!(
            bench.read(&format!("drawn/{figure}")) == fs::read(results.join(&figure)).unwrap(),
            "{figure} is of another record"
        );
    }
}
