//! What wrong use is answered with: exit code 2 for use and input, 3 for storage.

use std::fs;

use crate::bench::{Answer, Bench, names};

#[test]
fn a_slip_in_a_configuration_file_gets_its_line_and_a_suggestion() {
    let bench = Bench::new();
    bench.write("run.toml", "hidden = [10]\nlerning_rate = 0.5\n");
    let message = bench.refused(2, "train --config run.toml");
    assert!(
        message.starts_with("spinet: run.toml:2: unknown field `lerning_rate`, expected one of "),
        "{message}"
    );
    assert!(
        message.ends_with("\n\nhint: did you mean `learning_rate`?\n"),
        "{message}"
    );
    assert!(
        bench
            .refused(2, "train --config absent.toml")
            .starts_with("spinet: absent.toml: cannot open: ")
    );
}

#[test]
fn settings_that_do_not_exist_or_are_out_of_range_are_refused_before_anything_is_written() {
    let bench = Bench::new();
    for (flags, expected) in [
        ("--rule bdnn", "unknown rule `bdnn`, expected one of "),
        (
            "--rule bdnn-dsd:treshold=3",
            "rule `bdnn-dsd`: unknown option `treshold`, expected one of ",
        ),
        (
            "--rule bdnn-dsd:threshold=0",
            "rule `bdnn-dsd`: `threshold` must be an integer in [1, 65535], but is 0\n",
        ),
        (
            "--rule bdnn-dsd:layers=3",
            "rule `bdnn-dsd`: `layers` includes layer 3, but the network has layers 1 to 2\n",
        ),
        (
            "--rule dropout --rule dropout",
            "rule `dropout` is given twice, expected at most once\n",
        ),
        (
            "--learning-rate -1",
            "`learning_rate` must be in (1e-30, 1e30), but is -1.0\n",
        ),
        (
            "--learning-rate nan",
            "`learning_rate` must be in (1e-30, 1e30), but is NaN\n",
        ),
        ("--epochs 0", "`epochs` must be at least 1, but is 0\n"),
        ("--batch 0", "`batch_size` must be at least 1, but is 0\n"),
        ("--data minst", "unknown dataset `minst`, expected one of "),
        (
            "--output-activation relu",
            "loss `cross-entropy` applies softmax, so `output_activation` must be identity, but is relu\n",
        ),
        (
            "--hidden ten",
            "invalid value 'ten' for '--hidden <UNITS>': expected whole numbers from 1",
        ),
        (
            "--activation rel",
            "invalid value 'rel' for '--activation <NAME>'",
        ),
        (
            "--loss crossentropy",
            "invalid value 'crossentropy' for '--loss <NAME>'",
        ),
        (
            "--initialiser uniform(0)",
            "invalid value 'uniform(0)' for '--initializer <NAME>': initializer `uniform` must have a width in (0, 1e30)",
        ),
        ("--threads 0", "invalid value '0' for '--threads <N>'"),
        ("--epoch 3", "unexpected argument '--epoch' found"),
    ] {
        let message = bench.refused(2, &format!("train {flags}"));
        assert!(
            message.starts_with(&format!("spinet: {expected}")),
            "{flags}: {message}"
        );
        assert_eq!(names(&bench.path("")), [""; 0], "{flags}");
    }
    assert!(
        bench
            .refused(2, "train --rule bdnn")
            .ends_with("hint: did you mean `bdnn-dsd`?\n")
    );
}

#[test]
fn a_data_set_without_its_files_says_how_to_get_them() {
    let bench = Bench::new();
    let message = bench.refused(2, "train --data mnist");
    assert!(
        message.contains("`--data-dir DIR` or the variable `SPINET_DATA`"),
        "{message}"
    );
    assert!(
        message.contains("\n\nhint: `spinet data fetch mnist --data-dir DIR`"),
        "{message}"
    );
    let message = bench.refused(2, "train --data mnist --data-dir nowhere");
    assert!(
        message.starts_with("spinet: nowhere: found 0 of the 4 files of dataset `mnist`"),
        "{message}"
    );
    let from_environment = bench
        .command("train --data mnist")
        .env("SPINET_DATA", "elsewhere")
        .output()
        .unwrap();
    assert!(
        Answer::of(&from_environment)
            .stderr
            .starts_with("spinet: elsewhere: found 0 of the 4 files")
    );
    let empty = bench
        .command("train --data mnist")
        .env("SPINET_DATA", "")
        .output()
        .unwrap();
    assert!(
        Answer::of(&empty)
            .stderr
            .contains("needs files, expected `--data-dir DIR`"),
        "an empty variable is no directory"
    );
    let built_in = bench
        .command("train --hidden none --epochs 1")
        .env("SPINET_DATA", "")
        .output()
        .unwrap();
    Answer::of(&built_in).done();
}

#[test]
fn a_directory_that_cannot_be_written_is_a_storage_error() {
    let bench = Bench::new();
    bench.write("file", "kept");
    for out in ["file", "file/below"] {
        let message = bench.refused(3, &format!("train --epochs 1 --out {out}"));
        assert!(
            message.starts_with(&format!("spinet: {out}: cannot create this directory: ")),
            "{message}"
        );
    }
    assert_eq!(bench.read("file"), b"kept");
    fs::create_dir_all(bench.path("occupied/metrics.jsonl")).unwrap();
    let message = bench.refused(2, "train --epochs 1 --out occupied");
    assert!(
        message.starts_with(
            "spinet: occupied/metrics.jsonl: not written by spinet, so it is not overwritten"
        ),
        "{message}"
    );
    #[cfg(target_os = "linux")]
    bench.refused(3, "train --epochs 1 --out /proc/spinet");
}

#[test]
fn terminal_codes_in_names_are_shown_and_not_obeyed() {
    let bench = Bench::new();
    let answer = Answer::of(
        &bench
            .command_of(&["eval", "a\u{1b}[31mb\rc"])
            .output()
            .unwrap(),
    );
    assert_eq!(answer.code, 2);
    assert!(
        answer
            .stderr
            .starts_with("spinet: a\\u{1b}[31mb\\rc: cannot open: "),
        "{}",
        answer.stderr
    );
}

#[test]
fn the_program_without_words_shows_its_help() {
    let bench = Bench::new();
    let answer = bench.run("");
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    assert!(
        answer.stderr.starts_with("Train neural networks")
            && answer.stderr.contains("Usage: spinet <COMMAND>"),
        "{}",
        answer.stderr
    );
    assert_eq!(
        bench.done("--version"),
        format!("spinet {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(bench.refused(2, "trian").contains("'train'"));
}
