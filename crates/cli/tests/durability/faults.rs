//! B2, B3 and B5: a kill or an error at every single system call of a run.

use std::process::{Command, Output};

use crate::bench::Bench;
use crate::finishes_like;

/// Four steps, each of them saved.
const RUN: &str = "train --hidden 2 --rule bdnn-dsd --epochs 2 --save-every 0 --threads 1";
/// What changes files.
const CALLS: [&str; 5] = ["openat", "write", "fsync", "rename", "unlink"];

/// The program under `strace` with these options, which writes its trace to `trace`; nothing where `strace` cannot be used.
fn traced(bench: &Bench, options: &[&str], words: &str) -> Option<(Output, String)> {
    let command = bench.command(words);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "trace"]).args(options).arg(command.get_program()).args(command.get_args());
    let output = strace.current_dir(bench.path("")).output().ok()?;
    let trace = String::from_utf8_lossy(&std::fs::read(bench.path("trace")).ok()?).into_owned();
    trace.contains("execve(").then_some((output, trace))
}

/// Disturbs the n-th call, n = 1, 2, ..., until none is hit; `check` sees how the program ended.
fn at_every_call(fault: &str, check: impl Fn(&Output, &str)) {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out whole"));
    for call in CALLS {
        let mut hits = 0;
        for number in 1.. {
            let directory = format!("{call}{number}");
            let command = format!("{RUN} --out {directory}");
            let inject = format!("inject={call}:{fault}:when={number}");
            let Some((output, trace)) = traced(&bench, &["-e", &format!("trace=execve,{call}"), "-e", &inject], &command) else {
                println!("skipped: strace is missing or may not be used here");
                return;
            };
            let is_hit = trace.contains("INJECTED") || trace.contains("killed by SIGKILL");
            if !is_hit {
                break;
            }
            hits += 1;
            check(&output, &directory);
            finishes_like(&bench, &command, &directory, "whole");
            std::fs::remove_dir_all(bench.path(&directory)).unwrap();
        }
        assert!(hits > 2, "{call} was hit {hits} times");
    }
}

#[test]
fn a_kill_at_any_system_call_leaves_a_run_that_goes_on() {
    at_every_call("signal=KILL", |_, _| {});
}

#[test]
fn a_full_disk_at_any_system_call_is_told_and_leaves_a_run_that_goes_on() {
    at_every_call("error=ENOSPC", |output, directory| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            // A lost note on standard error, or a leftover that is cleared away next time, is no failure.
            Some(0) => assert!(out.contains("model: "), "{directory}: {out}{err}"),
            // Before the program's own first line: the system could not load it or read its data.
            Some(1 | 2 | 101 | 127) if !err.contains("training ") => assert!(!out.contains("model: "), "{directory}: {out}{err}"),
            code => {
                assert_eq!(code, Some(3), "{directory}: {out}{err}");
                let is_output = err.contains("spinet: cannot write to standard output: ");
                assert!(is_output || err.contains("spinet: ") && !out.contains("model: "), "{directory}: {out}{err}");
            }
        }
    });
}

#[test]
fn a_checkpoint_is_synced_then_renamed_then_its_directory_is_synced_and_only_then_older_ones_go() {
    let bench = Bench::new();
    let command = RUN.replace("--epochs 2", "--epochs 50") + " --out a";
    let Some((output, trace)) = traced(&bench, &["-y", "-e", "trace=execve,fsync,rename,unlink"], &command) else {
        println!("skipped: strace is missing or may not be used here");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let calls: Vec<&str> = trace.lines().filter(|line| line.contains("/a>") || line.contains("checkpoint-")).collect();
    let mut saves = 0;
    for (index, line) in calls.iter().enumerate().filter(|(_, line)| line.contains("rename(") && line.contains("checkpoint-")) {
        assert!(calls[index - 1].contains("fsync(") && calls[index - 1].contains(".tmp>"), "{}\n{line}", calls[index - 1]);
        assert!(calls[index + 1].contains("fsync(") && calls[index + 1].contains("/a>"), "{line}\n{}", calls[index + 1]);
        saves += 1;
    }
    let removals = calls.iter().filter(|line| line.contains("unlink(") && line.contains("checkpoint-")).count();
    assert_eq!((saves, removals), (101, 101), "the trial save and one after each of 100 steps");
}
