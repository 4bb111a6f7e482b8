//! B3 and B4: real full disks, as small file systems in memory.

use std::time::{Duration, Instant};

use crate::bench::{Answer, Bench};
use crate::with_mount;

const RUN: &str =
    "train --hidden 10 --rule bdnn-dsd --epochs 5 --save-every 0 --threads 1 --out small/run";

/// Runs the command with a file system of this size mounted at `small`, and copies what it left to
/// `copy`; nothing where that is not allowed.
fn in_small_space(bench: &Bench, kibibytes: usize, words: &str) -> Option<Answer> {
    let (options, copied) = (
        format!("size={kibibytes}k"),
        "rm -rf copy; cp -r small copy",
    );
    with_mount(bench, &options, "small", words, copied)
}

#[test]
fn a_disk_that_is_too_small_is_found_before_the_first_step() {
    let bench = Bench::new();
    bench.done(&RUN.replace("small/run", "whole"));
    std::fs::create_dir(bench.path("small")).unwrap();
    let (mut refused, mut finished, mut fastest) = (0, 0, Duration::MAX);
    for kibibytes in (16..=512).step_by(16) {
        let begin = Instant::now();
        let Some(output) = in_small_space(&bench, kibibytes, RUN) else {
            println!("skipped: this system lets nobody mount a file system in memory");
            return;
        };
        let (out, err) = (&output.stdout, &output.stderr);
        if output.code == 0 {
            finished += 1;
            for file in ["run.toml", "metrics.jsonl", "model.safetensors"] {
                assert!(
                    bench.read(&format!("copy/run/{file}")) == bench.read(&format!("whole/{file}")),
                    "{kibibytes} KiB: {file}"
                );
            }
            continue;
        }
        refused += 1;
        fastest = fastest.min(begin.elapsed());
        assert_eq!(output.code, 3, "{kibibytes} KiB: {err}");
        assert!(!out.contains("model: "), "{kibibytes} KiB: {out}{err}");
        // Found before anything was trained, not when the second or third checkpoint is written.
        assert!(
            err.contains(": needs ") && err.contains(" are free"),
            "{kibibytes} KiB: {err}"
        );
        let names = std::fs::read_dir(bench.path("copy"))
            .unwrap()
            .flat_map(|run| std::fs::read_dir(run.unwrap().path()).into_iter().flatten());
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(
            names.all(|name| name == "run.toml" || name == "metrics.jsonl"),
            "{kibibytes} KiB: something was saved"
        );
        let metrics = bench.path("copy/run/metrics.jsonl");
        assert!(
            !metrics.exists() || bench.read("copy/run/metrics.jsonl").is_empty(),
            "{kibibytes} KiB: nothing was evaluated"
        );
    }
    assert!(
        refused > 3 && finished > 1,
        "{refused} refused, {finished} finished"
    );
    assert!(
        fastest < Duration::from_secs(5),
        "refused after {fastest:?}"
    );
}

#[test]
fn an_experiment_that_would_not_fit_begins_nothing() {
    let bench = Bench::new();
    bench.write(
        "sweep.toml",
        "[base]\nhidden = [10]\nepochs = 3\n[[product]]\nlearning_rate = [0.1, 0.2]\n",
    );
    std::fs::create_dir(bench.path("small")).unwrap();
    for words in [
        "reproduce --hidden 10 --runs 2 --epochs 40 --run-dir small",
        "sweep sweep.toml --run-dir small",
    ] {
        let Some(output) = in_small_space(&bench, 64, words) else {
            println!("skipped: this system lets nobody mount a file system in memory");
            return;
        };
        let err = &output.stderr;
        assert_eq!(output.code, 3, "{words}: {err}");
        assert!(
            err.contains("spinet: small: cannot store the files of this run: ")
                && err.contains(": needs "),
            "{words}: {err}"
        );
        assert_eq!(
            std::fs::read_dir(bench.path("copy")).unwrap().count(),
            0,
            "{words}: no run was begun"
        );
        assert_eq!(
            in_small_space(&bench, 8192, words).unwrap().code,
            0,
            "{words}"
        );
    }
}
