//! Every example runs to its end and prints what it promises.

use std::path::PathBuf;
use std::process::Command;

/// What an example prints, in a directory of its own.
fn output_of(name: &str) -> String {
    // Built beside this test: `target/debug/examples`.
    let test = std::env::current_exe().unwrap();
    let folder = test
        .ancestors()
        .nth(2)
        .map(PathBuf::from)
        .unwrap()
        .join("examples");
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(folder.join(name))
        .current_dir(&directory)
        .env("TMPDIR", directory.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The number after `words` in a line that begins with `start`.
fn number(text: &str, start: &str, words: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(start));
    let after = line.and_then(|line| line.split_once(words));
    let word = after.and_then(|(_, after)| after.split_whitespace().next());
    word.and_then(|word| word.trim_end_matches(',').parse().ok())
        .unwrap_or_else(|| panic!("no number after `{start}` and `{words}` in\n{text}"))
}

#[test]
fn a_first_run_is_better_with_bounds() {
    let text = output_of("01_first_run");
    let accuracy = |start| number(&text, start, "accuracy ");
    assert!(
        accuracy("BDNN-dsd") > accuracy("gradient descent"),
        "{text}"
    );
}

#[test]
fn an_own_table_gives_classes_of_new_rows() {
    let text = output_of("02_own_table");
    assert!(text.starts_with("48 training and 12 test rows\n"), "{text}");
    assert!(
        text.contains("new rows: oak, pine, ash, oak, pine, ash"),
        "{text}"
    );
}

#[test]
fn an_own_training_loop_sees_every_tenth_epoch() {
    let text = output_of("03_training_loop");
    assert_eq!(text.matches("bounds grew").count(), 7, "{text}");
    assert!(number(&text, "epoch 60", "accuracy ") > number(&text, "epoch  0", "accuracy "));
}

#[test]
fn rules_serve_an_engine_of_ones_own() {
    let text = output_of("04_own_engine");
    assert!(text.contains("8 of 8 points right"), "{text}");
}

#[test]
fn a_rule_of_ones_own_acts_and_the_network_learns() {
    let text = output_of("05_write_a_rule");
    assert!(text.contains("predictions [0, 1, 1, 0]"), "{text}");
    assert!(
        text.contains("weights faded") && !text.contains("\n0 of"),
        "{text}"
    );
}

#[test]
fn a_resumed_run_has_the_same_bits() {
    let text = output_of("06_resume");
    assert!(text.contains("interrupted after step"), "{text}");
    assert!(
        text.contains("/checkpoint-0000000016.safetensors\n"),
        "{text}"
    );
    assert!(
        text.contains("same bits as without the interruption"),
        "{text}"
    );
}

#[test]
fn a_comparison_over_seeds_has_an_interval() {
    let text = output_of("07_compare_over_seeds");
    assert!(text.contains("95 % interval ["), "{text}");
}
