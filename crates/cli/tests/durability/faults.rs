//! B2, B3 and B5: a kill or an error at every single system call of a run.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use crate::bench::{Bench, names};
use crate::{FILES, finishes_like};

/// Four steps, each of them saved.
const RUN: &str = "train --hidden 2 --rule bdnn-dsd --epochs 2 --save-every 0 --threads 1";
/// What changes files.
const CALLS: [&str; 5] = ["openat", "write", "fsync", "rename", "unlink"];
/// What makes a save.
const SAVING: [&str; 4] = ["openat", "write", "fsync", "rename"];
const NO_STRACE: &str = "skipped: strace is missing or may not be used here";

/// The program under `strace` with these options, which writes its trace to `trace`; nothing where `strace` cannot be used.
fn traced(bench: &Bench, options: &[&str], words: &str) -> Option<(Output, String)> {
    let command = bench.command(words);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "trace"]).args(options).arg(command.get_program()).args(command.get_args());
    let output = strace.current_dir(bench.path("")).output().ok()?;
    let trace = String::from_utf8_lossy(&std::fs::read(bench.path("trace")).ok()?).into_owned();
    trace.contains("execve(").then_some((output, trace))
}

/// Disturbs the calls `first`, `first + every`, ... of each kind, one in each run, until none is hit; `check` sees how the program
/// ended, and then the run goes on undisturbed. False where `strace` cannot be used.
fn disturbed(calls: &[&str], fault: &str, (first, every): (usize, usize), mut check: impl FnMut(&Bench, &Output, &str)) -> bool {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out whole"));
    for call in calls {
        let mut hits = 0;
        for number in (first..).step_by(every) {
            let directory = format!("{call}{number}");
            let command = format!("{RUN} --out {directory}");
            let inject = format!("inject={call}:{fault}:when={number}");
            let Some((output, trace)) = traced(&bench, &["-e", &format!("trace=execve,{call}"), "-e", &inject], &command) else {
                return false;
            };
            let is_hit = trace.contains("INJECTED") || trace.contains("killed by SIGKILL");
            if !is_hit {
                break;
            }
            hits += 1;
            check(&bench, &output, &directory);
            finishes_like(&bench, &command, &directory, "whole");
            std::fs::remove_dir_all(bench.path(&directory)).unwrap();
        }
        assert!(hits * every > 5, "{call} was hit {hits} times");
    }
    true
}

/// An error of the system is told with its path and its cause, and success means that every file is there.
fn assert_told(bench: &Bench, output: &Output, directory: &str, cause: &str) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let is_finished = || FILES.iter().all(|file| bench.path(directory).join(file).exists());
    match output.status.code() {
        // A lost note on standard error, or a leftover that is cleared away next time, is no failure.
        Some(0) => assert!(out.contains("model: ") && is_finished(), "{directory}: {out}{err}"),
        // Before the program's own first line: the system could not load it or read its data.
        Some(1 | 2 | 127) if !err.contains("training ") => assert!(!out.contains("model: "), "{directory}: {out}{err}"),
        code => {
            assert_eq!(code, Some(3), "{directory}: {out}{err}");
            let last = err.lines().last().unwrap_or_default();
            assert!(last.contains(cause), "{directory}: {out}{err}");
            if last.starts_with("spinet: cannot write to standard output: ") {
                assert!(is_finished(), "{directory}: {out}{err}");
            } else {
                assert!(last.starts_with(&format!("spinet: {directory}")) && !out.contains("model: "), "{directory}: {out}{err}");
            }
        }
    }
}

/// A disturbed run leaves nothing but its own files, and a checkpoint holds the same bytes in every run that left it.
fn assert_same_checkpoints(bench: &Bench, directory: &str, known: &mut BTreeMap<String, Vec<u8>>) {
    if !bench.path(directory).exists() {
        return;
    }
    for name in names(&bench.path(directory)) {
        if name.starts_with("checkpoint-") && name.ends_with(".safetensors") {
            let bytes = bench.read(&format!("{directory}/{name}"));
            assert!(*known.entry(name.clone()).or_insert_with(|| bytes.clone()) == bytes, "{name} of {directory}");
        } else {
            // A lock that nobody holds is harmless.
            assert!(FILES.contains(&name.as_str()) || name == "lock", "{name} is left in {directory}");
        }
    }
}

#[test]
fn a_kill_at_any_system_call_leaves_a_run_that_goes_on() {
    if !disturbed(&CALLS, "signal=KILL", (1, 1), |_, _, _| {}) {
        println!("{NO_STRACE}");
    }
}

#[test]
fn a_full_disk_at_any_system_call_is_told_and_leaves_a_run_that_goes_on() {
    let check = |bench: &Bench, output: &Output, directory: &str| assert_told(bench, output, directory, "No space left on device");
    if !disturbed(&CALLS, "error=ENOSPC", (1, 1), check) {
        println!("{NO_STRACE}");
    }
}

#[test]
fn other_errors_of_the_system_are_no_success_and_keep_older_checkpoints() {
    // One error at every call, and each of the others at every third, so that together they are at every call once more.
    let faults = [
        ("EIO", "Input/output error", (1, 1)),
        ("EDQUOT", "Disk quota exceeded", (1, 3)),
        ("EACCES", "Permission denied", (2, 3)),
        ("EROFS", "Read-only file system", (3, 3)),
    ];
    let mut known = BTreeMap::new();
    for (error, cause, numbers) in faults {
        let check = |bench: &Bench, output: &Output, directory: &str| {
            assert_told(bench, output, directory, cause);
            assert_same_checkpoints(bench, directory, &mut known);
        };
        if !disturbed(&SAVING, &format!("error={error}"), numbers, check) {
            println!("{NO_STRACE}");
            return;
        }
    }
    assert_eq!(known.len(), 5, "the trial save and one after each of 4 steps");
}

#[test]
fn a_checkpoint_is_synced_then_renamed_then_its_directory_is_synced_and_only_then_older_ones_go() {
    let bench = Bench::new();
    let command = RUN.replace("--epochs 2", "--epochs 50") + " --out a";
    let Some((output, trace)) = traced(&bench, &["-y", "-e", "trace=execve,fsync,rename,unlink"], &command) else {
        println!("{NO_STRACE}");
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
