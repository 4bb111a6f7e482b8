//! Closed and full output: nothing panics, and a run is finished and saved.

use std::io::pipe;

use crate::bench::{Answer, Bench};

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let bench = Bench::new();
    bench.train("a", "");
    for words in [
        "rules",
        "rules --json",
        "--help",
        "--version",
        "data list",
        "completions bash",
        "inspect a",
        "eval a",
        "predict a --data mnist-1200",
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let answer = Answer::of(&bench.command(words).stdout(writer).output().unwrap());
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{words}");
    }
}

#[test]
fn training_finishes_and_saves_when_nobody_listens() {
    let bench = Bench::new();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = bench.command("train --hidden 10 --epochs 20 --out a");
    let status = command
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    bench.done("eval a");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_a_storage_error() {
    let bench = Bench::new();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let answer = Answer::of(&bench.command("rules").stdout(full).output().unwrap());
    assert_eq!(answer.code, 3);
    assert!(
        answer
            .stderr
            .starts_with("spinet: cannot write to standard output: "),
        "{}",
        answer.stderr
    );
}

#[cfg(unix)]
#[test]
fn streams_that_were_never_open_do_no_harm() {
    let bench = Bench::new();
    let program = env!("CARGO_BIN_EXE_spinet");
    let script = format!(
        "'{program}' train --hidden 10 --epochs 2 --out a >&- 2>&- && '{program}' rules >&- 2>&-"
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(bench.path(""))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    bench.done("eval a");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_one_column_wide_breaks_nothing() {
    let bench = Bench::new();
    let program = env!("CARGO_BIN_EXE_spinet");
    // A terminal without rows is taken for none, and its width for the usual one.
    let words = format!(
        "stty rows 24 cols 1 && : > narrow && '{program}' train --hidden 10 --epochs 20 --out a && '{program}' help train"
    );
    let mut command = std::process::Command::new("script");
    command
        .args(["-qec", &words, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null());
    let output = command.current_dir(bench.path("")).output().ok();
    let Some(output) = output.filter(|_| bench.path("narrow").exists()) else {
        println!("skipped: `script` is missing or gives no terminal here");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    assert!(bench.path("a/model.safetensors").exists(), "{text}");
    bench.done("eval a");
}
