//! What a run survives: kills, full disks, signals, rivals, changed files; and what it leaves
//! alone. Each test runs the built program in a directory of its own.
#![allow(
    clippy::needless_for_each,
    reason = "one line for what is done to every file"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![cfg(unix)]

use spinet_testing::program as bench;
mod experiments;
mod faults;
mod foreign;
mod full_disk;
mod kills;
mod places;
mod sealed;
mod signals;

use bench::{Answer, Bench};
use std::process::Command;

/// A run of 60 steps that saves after every one.
const RUN: &str = "train --hidden 10 --rule bdnn-dsd --rule dropout:dropout_rate=0.1 --epochs 30 --evaluate-every 7 --save-every 0 --threads 1";

/// What a finished run leaves.
const FILES: [&str; 3] = ["metrics.jsonl", "model.safetensors", "run.toml"];

/// Runs the command and checks that every checkpoint it looks at is whole, and that the files of
/// `directory` are then those of the undisturbed run in `whole`.
fn finishes_like(bench: &Bench, command: &str, directory: &str, whole: &str) {
    let answer = bench.run(command);
    assert_eq!(answer.code, 0, "{directory}: {}", answer.stderr);
    assert!(
        !answer
            .stderr
            .lines()
            .any(|line| line.starts_with("skipped ")),
        "a damaged checkpoint in {directory}: {}",
        answer.stderr
    );
    for file in FILES {
        assert!(
            bench.read(&format!("{directory}/{file}")) == bench.read(&format!("{whole}/{file}")),
            "{file} of {directory}"
        );
    }
    assert_eq!(
        bench::names(&bench.path(directory)),
        FILES,
        "nothing else is left"
    );
}

/// Runs the command with a file system in memory mounted at `place`, and something after it; nothing
/// where that is not allowed.
fn with_mount(
    bench: &Bench,
    options: &str,
    place: &str,
    words: &str,
    after: &str,
) -> Option<Answer> {
    let command = bench.command(words);
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_str().unwrap())
        .collect();
    let script = format!(
        "mount -t tmpfs -o {options} tmpfs {place} && : > mounted || exit 99; {}; code=$?; {after}; exit $code",
        words.join(" ")
    );
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .current_dir(bench.path(""))
        .output()
        .ok()?;
    bench.path("mounted").exists().then(|| Answer::of(&output))
}

/// Numbers that look random and are the same in every run of the tests.
struct Moments(u64);

impl Moments {
    /// A number in `[0, below)`.
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}
