//! Experiments: shares, kills and finished runs give the same record.

use std::process::Stdio;
use std::time::Duration;

use crate::Moments;
use crate::bench::Bench;

const EXPERIMENT: &str = "reproduce --hidden 10 --runs 2 --epochs 60";

/// The record of the experiment with its runs in `directory`.
fn record(bench: &Bench, directory: &str) -> String {
    bench.done(&format!("{EXPERIMENT} --json --run-dir {directory}"))
}

/// Starts the command so often and kills it at a random moment, at most `most` milliseconds after
/// it can have begun.
fn kill_again_and_again(bench: &Bench, command: &str, times: usize, most: u64) {
    let (mut moments, mut kills) = (Moments(3), 0);
    for _ in 0..times {
        let mut child = bench
            .command(command)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + moments.next(most)));
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "none of {times} kills came in time: {command}");
}

#[test]
fn shares_and_one_process_give_the_same_record() {
    let bench = Bench::new();
    let whole = record(&bench, "whole");
    for share in ["1/3", "2/3", "3/3"] {
        let text = bench.done(&format!("{EXPERIMENT} --run-dir shared --shard {share}"));
        assert!(text.starts_with(&format!("shard {share}: ")), "{text}");
    }
    assert_eq!(record(&bench, "shared"), whole);
    for (index, place) in ["here", "there"].iter().enumerate() {
        let mut command = bench.command(&format!("{EXPERIMENT} --run-dir {place} --shard auto"));
        command
            .env("JOB_COMPLETION_INDEX", index.to_string())
            .env("JOB_COMPLETIONS", "2");
        assert!(command.output().unwrap().status.success());
    }
    let text = bench.done("merge here there --out merged");
    assert!(text.starts_with("12 runs in merged"), "{text}");
    assert_eq!(record(&bench, "merged"), whole);
    assert!(
        bench
            .done("merge here there --out merged")
            .starts_with("12 runs in merged"),
        "a second merge changes nothing"
    );
}

#[test]
fn an_experiment_killed_again_and_again_gives_the_same_record() {
    let bench = Bench::new();
    let whole = record(&bench, "whole");
    kill_again_and_again(
        &bench,
        &format!("{EXPERIMENT} --json --run-dir killed"),
        8,
        150,
    );
    assert_eq!(record(&bench, "killed"), whole);
}

#[test]
fn a_finished_experiment_trains_nothing_again() {
    let bench = Bench::new();
    let whole = record(&bench, "a");
    let times = || {
        let models = crate::bench::names(&bench.path("a"))
            .into_iter()
            .map(|name| bench.path("a").join(name).join("model.safetensors"));
        models
            .map(|path| path.metadata().unwrap().modified().unwrap())
            .collect::<Vec<_>>()
    };
    let before = times();
    assert_eq!(before.len(), 12);
    assert_eq!(record(&bench, "a"), whole);
    assert_eq!(times(), before);
}

#[test]
fn a_run_of_a_record_repeats_bit_for_bit_from_its_run_file_alone() {
    let bench = Bench::new();
    record(&bench, "runs");
    for name in crate::bench::names(&bench.path("runs"))
        .into_iter()
        .step_by(3)
    {
        bench.done(&format!("train --config runs/{name}/run.toml --out again"));
        for file in ["model.safetensors", "metrics.jsonl"] {
            assert!(
                bench.read(&format!("again/{file}")) == bench.read(&format!("runs/{name}/{file}")),
                "{file} of {name}"
            );
        }
        std::fs::remove_dir_all(bench.path("again")).unwrap();
    }
}

#[test]
fn two_processes_with_the_same_runs_wait_for_each_other_and_give_the_same_record() {
    let bench = Bench::new();
    let whole = record(&bench, "whole");
    let start = || {
        let command = format!("{EXPERIMENT} --json --run-dir both");
        bench
            .command(&command)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    for child in [start(), start(), start()] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert!(output.stdout == whole.as_bytes(), "the same record");
    }
}

const SWEEP: &str = "\
seeds = 2
folds = 3
left_out = 2
[base]
epochs = 30
evaluate_every = 10
hidden = [6]
[[product]]
rules = [[], \"bdnn-dsd\"]
[[product]]
rules = [\"bdnn-dsd\"]
bdnn-dsd.threshold = [5, 20]
";

/// The record of the sweep with its runs in `directory`.
fn sweep(bench: &Bench, directory: &str) -> String {
    bench.done(&format!("sweep s.toml --json --run-dir {directory}"))
}

#[test]
fn a_sweep_in_shares_or_killed_gives_the_same_record_and_trains_nothing_twice() {
    let bench = Bench::new();
    bench.write("s.toml", SWEEP);
    let whole = sweep(&bench, "whole");
    let record: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let (points, definition) = (record["points"].as_array().unwrap(), &record["definition"]);
    assert_eq!(
        (
            points.len(),
            points[0]["runs"].as_u64(),
            points[0]["scored"].as_u64()
        ),
        (4, Some(4), Some(400))
    );
    assert_eq!(definition["scored_on"], "validation samples, 2 of 3 folds");
    assert_eq!(definition["file"], SWEEP);
    for share in ["1/2", "2/2"] {
        let text = bench.done(&format!("sweep s.toml --run-dir shared --shard {share}"));
        assert!(
            text.starts_with(&format!("shard {share}: 8 runs in shared")),
            "{text}"
        );
    }
    assert_eq!(sweep(&bench, "shared"), whole);
    kill_again_and_again(&bench, "sweep s.toml --run-dir killed", 5, 100);
    assert_eq!(sweep(&bench, "killed"), whole);

    // More values later: only what is new is trained.
    let count = crate::bench::names(&bench.path("whole")).len();
    bench.write("s.toml", SWEEP.replace("[5, 20]", "[5, 20, 30]"));
    let more: serde_json::Value = serde_json::from_str(&sweep(&bench, "whole")).unwrap();
    assert_eq!(crate::bench::names(&bench.path("whole")).len(), count + 4);
    assert_eq!(more["points"].as_array().unwrap()[..4], points[..]);
}

#[test]
fn a_tuning_in_shares_or_killed_tells_the_same_and_shares_the_runs_of_a_sweep() {
    let bench = Bench::new();
    let tuning = |grid: &str| {
        format!(
            "tune --rule bdnn-dsd --grid threshold={grid} --hidden 6 --epochs 30 --folds 3 --left-out 2"
        )
    };
    let tried =
        |directory: &str| bench.done(&format!("{} --json --run-dir {directory}", tuning("5,10")));
    let whole = tried("whole");
    let told: serde_json::Value = serde_json::from_str(&whole).unwrap();
    assert!(
        told["run_toml"]
            .as_str()
            .is_some_and(|toml| toml.contains("hidden = [6]") && toml.contains("batch = 600")),
        "{whole}"
    );
    for share in ["1/2", "2/2"] {
        let text = bench.done(&format!(
            "{} --run-dir shared --shard {share}",
            tuning("5,10")
        ));
        assert!(
            text.starts_with(&format!("shard {share}: 2 runs in shared")),
            "{text}"
        );
    }
    assert_eq!(tried("shared"), whole);
    kill_again_and_again(
        &bench,
        &format!("{} --run-dir killed", tuning("5,10")),
        5,
        100,
    );
    assert_eq!(tried("killed"), whole);

    // More values later, and a sweep over the same folds: only what is new is trained.
    let runs = || crate::bench::names(&bench.path("whole")).len();
    assert_eq!(runs(), 4);
    bench.done(&format!("{} --run-dir whole", tuning("5,10,30")));
    assert_eq!(runs(), 6);
    let file = "seeds = [0]\nfolds = 3\nleft_out = 2\n[base]\nepochs = 30\nevaluate_every = 30\nhidden = [6]\n[[product]]\nrules = [\"bdnn-dsd\"]\n";
    bench.write(
        "s.toml",
        format!("{file}bdnn-dsd.threshold = [5, 10, 30]\n"),
    );
    sweep(&bench, "whole");
    assert_eq!(runs(), 6);
}
