//! `spinet sweep`: files, tables, stored records, and what is refused.

use crate::bench::Bench;

const FILE: &str = "\
seeds = [3, 8]
reference = \"bdnn-dsd\"
[base]
epochs = 4
hidden = [5]
[[product]]
rules = [[], \"bdnn-dsd\"]
bdnn-dsd.threshold = [5, 10]
[[product]]
learning_rate = [1e29]
loss = [\"mean-squared-error\"]
activation = [\"identity\"]
";

#[test]
fn a_sweep_is_shown_stored_and_shown_again_from_its_record() {
    let bench = Bench::new();
    bench.write("small.toml", FILE);
    let text = bench.done("sweep small.toml --out results");
    assert!(
        text.starts_with(
            "Sweep small: 4 configurations, 2 runs each; accuracy on 10,000 test samples\n\n"
        ),
        "{text}"
    );
    assert!(
        text.contains(", 2 diverged\n"),
        "a point that diverges ends nothing: {text}"
    );
    assert!(text.contains(" vs. bdnn-dsd [95 % CI] "), "{text}");
    assert!(text.contains("1e29 "), "{text}");
    assert!(text.contains("Settings: seeds 3, 8, kernel"), "{text}");
    assert!(
        text.contains("\nScored on test samples: good for reporting, not for choosing."),
        "{text}"
    );
    assert_eq!(bench.done("sweep --from results/small.json"), text);
    assert!(
        bench
            .done("sweep --from results/small.json --markdown")
            .contains("\n|:--|")
    );
    assert!(
        bench.read("results/small.svg").starts_with(b"<?xml")
            || bench.read("results/small.svg").starts_with(b"<svg")
    );
    let record: serde_json::Value =
        serde_json::from_slice(&bench.read("results/small.json")).unwrap();
    let over = |point: usize| &record["points"][point]["over_reference"];
    assert!(
        over(0)["mean"].is_number()
            && over(1).is_null()
            && over(2)["mean"].is_number()
            && over(3).is_null(),
        "{record}"
    );
    let toml = record["points"][1]["run_toml"].as_str().unwrap();
    assert!(
        toml.contains("seed = 3\n") && toml.contains("threshold = 5.0\n"),
        "{toml}"
    );

    // What is not a sweep is refused by name.
    bench.write("results/small.json", "{}");
    let message = bench.refused(2, "sweep --from results/small.json");
    assert!(
        message.contains("results/small.json: not a record of spinet: missing field `points`"),
        "{message}"
    );
}

#[test]
fn points_with_settings_of_their_own_are_compared_all_the_same() {
    let bench = Bench::new();
    let file = |own: &str| {
        format!(
            "seeds = 2\nreference = \"l2\"\n{own}[base]\nepochs = 4\nhidden = [5]\n[[product]]\nrules = [[]]\nlearning_rate = [0.3]\n\
             [[product]]\nrules = [\"l2\"]\nlearning_rate = [0.2]\n[[product]]\nrules = [\"bdnn-dsd\"]\nlearning_rate = [0.1]\n"
        )
    };
    bench.write("apart.toml", file(""));
    let text = bench.done("sweep apart.toml");
    assert!(
        !text.contains("vs. l2") && !text.contains("vs. baseline"),
        "{text}"
    );
    bench.write("own.toml", file("own = [\"learning_rate\"]\n"));
    let text = bench.done("sweep own.toml --out results");
    assert!(
        text.contains(" vs. baseline [95 % CI] ") && text.contains(" vs. l2 [95 % CI] "),
        "{text}"
    );
    assert!(
        text.contains("\nCompared configurations may differ in learning_rate: each has its own.\n"),
        "{text}"
    );
    assert_eq!(bench.done("sweep --from results/own.json"), text);
    let record: serde_json::Value =
        serde_json::from_slice(&bench.read("results/own.json")).unwrap();
    let number = |point: usize, path: &str| {
        record["points"][point]
            .pointer(path)
            .and_then(serde_json::Value::as_f64)
            .unwrap()
    };
    let difference = |other: usize| number(2, "/accuracy/mean") - number(other, "/accuracy/mean");
    assert!(
        (number(2, "/over_initial/mean") - difference(0)).abs() < 1e-5,
        "{record}"
    );
    assert!(
        (number(2, "/over_reference/mean") - difference(1)).abs() < 1e-5,
        "{record}"
    );

    for name in ["rules", "epochs", "l2.weight_decay"] {
        bench.write("own.toml", file(&format!("per_method = [\"{name}\"]\n")));
        let message = bench.refused(2, "sweep own.toml");
        assert!(
            message.contains(&format!(
                "`per_method` has `{name}`, expected settings of the products other than the rules"
            )),
            "{message}"
        );
    }
}

#[test]
fn columns_that_a_file_asks_for_are_in_the_table_and_in_the_record() {
    let bench = Bench::new();
    let file = "seeds = 2\nreference = \"l2\"\ncolumns = [\"slowness\", \"weights-left\", \"seconds\"]\n[base]\nepochs = 6\nhidden = [5]\n\
                [[product]]\nrules = [\"l2\", \"magnitude-pruning:amount=0.25\"]\n";
    bench.write("left.toml", file);
    let text = bench.done("sweep left.toml --out results");
    let head = text.lines().nth(2).unwrap();
    assert_eq!(
        head.split("  ")
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>(),
        [
            "rules",
            "accuracy %",
            "vs. l2 [95 % CI]",
            "epochs to plateau (s)",
            "epochs to plateau (s) vs. l2 [95 % CI]",
            "weights left %",
            "seconds"
        ]
    );
    assert!(
        text.contains("epochs to plateau (s): s of the fit"),
        "{text}"
    );
    let record: serde_json::Value =
        serde_json::from_slice(&bench.read("results/left.json")).unwrap();
    let points = record["points"].as_array().unwrap();
    let left = |point: usize| points[point]["weights_left"]["mean"].as_f64().unwrap();
    // floor(0.25 * 3,920) and floor(0.25 * 50) of 3,970 weights are gone, and no other is 0.
    assert!(
        left(0) == 100.0 && (left(1) - 100.0 * (1.0 - 992.0 / 3970.0)).abs() < 1e-5,
        "{record}"
    );
    for point in points {
        assert!(
            point["slowness"]["mean"].as_f64().unwrap() > 0.0
                && point["seconds"].as_f64().unwrap() > 0.0,
            "{point}"
        );
    }
    assert!(
        points[0]["slowness_over_reference"].is_null()
            && points[1]["slowness_over_reference"]["mean"].is_number(),
        "{record}"
    );
    // A rule beside its control: with equal factors there is no difference.
    let file = "seeds = 2\nwithout = [\"grapes\", \"scalar-gain\"]\ncontrol = { grapes = \"scalar-gain\" }\nnote = \"Six epochs are few\"\n\
                columns = [\"slowness\"]\n[base]\nepochs = 6\nhidden = [5]\n\
                [[product]]\nrules = [[], \"grapes:gain=2,least=2\", \"scalar-gain:gain=2,least=2\"]\n";
    bench.write("control.toml", file);
    let text = bench.done("sweep control.toml --out results");
    assert!(
        text.contains("vs. scalar-gain in its place [95 % CI]")
            && text.contains("\nSix epochs are few.\n"),
        "{text}"
    );
    let record: serde_json::Value =
        serde_json::from_slice(&bench.read("results/control.json")).unwrap();
    let over = |point: usize, key: &str| record["points"][point][key].clone();
    for key in ["over_control", "slowness_over_control"] {
        assert!(
            over(0, key).is_null()
                && over(2, key).is_null()
                && over(1, key)["mean"].as_f64() == Some(0.0),
            "{record}"
        );
    }
    assert_ne!(
        over(1, "over_reference")["mean"].as_f64(),
        Some(0.0),
        "{record}"
    );
    bench.write("bad.toml", "columns = [\"swiftness\"]\n");
    let message = bench.refused(2, "sweep bad.toml");
    assert!(
        message.contains("bad.toml: line 1: unknown variant `swiftness`, expected one of `slowness`, `weights-left`, `seconds`"),
        "{message}"
    );
}

#[test]
fn files_that_make_no_sense_are_refused_before_anything_is_trained() {
    let bench = Bench::new();
    assert!(
        bench
            .refused(2, "sweep none.toml")
            .contains("none.toml: cannot open")
    );
    bench.write("bad.toml", "[[product]]\nbdnn-dsd.treshold = [5]\n");
    let message = bench.refused(2, "sweep bad.toml");
    assert!(
        message.starts_with("spinet: bad.toml: product 1: `bdnn-dsd.treshold` changes nothing"),
        "{message}"
    );
    bench.write(
        "bad.toml",
        "[base]\nrules = [\"bdnn-dsd\"]\n[[product]]\nbdnn-dsd.treshold = [5]\n",
    );
    let message = bench.refused(2, "sweep bad.toml");
    assert!(
        message.contains("unknown option `treshold`")
            && message.contains("did you mean `threshold`?"),
        "{message}"
    );
    assert!(!bench.path("runs").exists());
}
