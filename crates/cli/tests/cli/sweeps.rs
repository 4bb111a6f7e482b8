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
    assert!(text.starts_with("Sweep small: 4 points, 2 runs each; accuracy on 10,000 test samples\n\n"), "{text}");
    assert!(text.contains(", 2 diverged\n"), "a point that diverges ends nothing: {text}");
    assert!(text.contains(" over bdnn-dsd [95 %] "), "{text}");
    assert!(text.contains("1e29 "), "{text}");
    assert!(text.contains("Settings: seeds 3, 8, kernel"), "{text}");
    assert!(text.contains("\nScored on test samples: good for reporting, not for choosing."), "{text}");
    assert_eq!(bench.done("sweep --from results/small.json"), text);
    assert!(bench.done("sweep --from results/small.json --markdown").contains("\n|:--|"));
    assert!(bench.read("results/small.svg").starts_with(b"<?xml") || bench.read("results/small.svg").starts_with(b"<svg"));
    let record: serde_json::Value = serde_json::from_slice(&bench.read("results/small.json")).unwrap();
    let over = |point: usize| &record["points"][point]["over_reference"];
    assert!(over(0)["mean"].is_number() && over(1).is_null() && over(2)["mean"].is_number() && over(3).is_null(), "{record}");
    let toml = record["points"][1]["run_toml"].as_str().unwrap();
    assert!(toml.contains("seed = 3\n") && toml.contains("threshold = 5.0\n"), "{toml}");

    // What is not a sweep is refused by name.
    bench.write("results/small.json", "{}");
    let message = bench.refused(2, "sweep --from results/small.json");
    assert!(message.contains("results/small.json: not a record of this program: missing field `points`"), "{message}");
}

#[test]
fn files_that_make_no_sense_are_refused_before_anything_is_trained() {
    let bench = Bench::new();
    assert!(bench.refused(2, "sweep none.toml").contains("none.toml: cannot open"));
    bench.write("bad.toml", "[[product]]\nbdnn-dsd.treshold = [5]\n");
    let message = bench.refused(2, "sweep bad.toml");
    assert!(message.starts_with("spinet: bad.toml: product 1: `bdnn-dsd.treshold` changes nothing"), "{message}");
    bench.write("bad.toml", "[base]\nrules = [\"bdnn-dsd\"]\n[[product]]\nbdnn-dsd.treshold = [5]\n");
    let message = bench.refused(2, "sweep bad.toml");
    assert!(message.contains("unknown parameter `treshold`") && message.contains("did you mean `threshold`?"), "{message}");
    assert!(!bench.path("runs").exists());
}
