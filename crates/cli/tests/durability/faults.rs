//! B2, B3 and B5: a kill or an error at every single system call of a run.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

use crate::bench::{Bench, names};
use crate::{FILES, finishes_like};

/// Four steps, each of them saved.
const RUN: &str = "train --hidden 2 --rule bdnn-dsd --epochs 2 --save-every 0 --threads 1";
/// What changes files.
const CALLS: [&str; 5] = ["openat", "write", "fsync", "rename", "unlink"];
const NO_STRACE: &str = "skipped: strace is missing or may not be used here";

/// The program under `strace` with these options, which writes its trace to `trace`; nothing where
/// `strace` cannot be used.
fn traced(bench: &Bench, options: &[&str], words: &str) -> Option<(Output, String)> {
    let command = bench.command(words);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-o", "trace"])
        .args(options)
        .arg(command.get_program())
        .args(command.get_args());
    let output = strace.current_dir(bench.path("")).output().ok()?;
    let trace = String::from_utf8_lossy(&std::fs::read(bench.path("trace")).ok()?).into_owned();
    trace.contains("execve(").then_some((output, trace))
}

/// Disturbs the calls of each kind, the first, the second, ..., one in each run, until none is hit;
/// `check` sees how the program ended, and then the run goes on undisturbed. False where `strace`
/// cannot be used.
fn disturbed(fault: &str, mut check: impl FnMut(&Bench, &Output, &str)) -> bool {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out whole"));
    for call in CALLS {
        let mut hits = 0;
        for number in 1.. {
            let directory = format!("{call}{number}");
            let command = format!("{RUN} --out {directory}");
            let inject = format!("inject={call}:{fault}:when={number}");
            let Some((output, trace)) = traced(
                &bench,
                &["-e", &format!("trace=execve,{call}"), "-e", &inject],
                &command,
            ) else {
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
        assert!(hits > 5, "{call} was hit {hits} times");
    }
    true
}

/// An error of the system is told with its path and its cause, and success means that every file is
/// there.
fn assert_told(bench: &Bench, output: &Output, directory: &str, cause: &str) {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let is_finished = || {
        FILES
            .iter()
            .all(|file| bench.path(directory).join(file).exists())
    };
    match output.status.code() {
        // A lost note on standard error, or a leftover that is cleared away next time, is no
        // failure.
        Some(0) => assert!(
            out.contains("model: ") && is_finished(),
            "{directory}: {out}{err}"
        ),
        // Before the program's own first line: the system could not load it or read its data.
        Some(1 | 2 | 127) if !err.contains("training ") => {
            assert!(!out.contains("model: "), "{directory}: {out}{err}");
        }
        code => {
            assert_eq!(code, Some(3), "{directory}: {out}{err}");
            let last = err.lines().last().unwrap_or_default();
            assert!(last.contains(cause), "{directory}: {out}{err}");
            if last.starts_with("spinet: cannot write to standard output: ") {
                assert!(is_finished(), "{directory}: {out}{err}");
            } else {
                assert!(
                    last.starts_with(&format!("spinet: {directory}")) && !out.contains("model: "),
                    "{directory}: {out}{err}"
                );
            }
        }
    }
}

/// A disturbed run leaves nothing but its own files, and a checkpoint holds the same bytes in every
/// run that left it.
fn assert_same_checkpoints(bench: &Bench, directory: &str, known: &mut BTreeMap<String, Vec<u8>>) {
    if !bench.path(directory).exists() {
        return;
    }
    for name in names(&bench.path(directory)) {
        if name.starts_with("checkpoint-") && name.ends_with(".safetensors") {
            let bytes = bench.read(&format!("{directory}/{name}"));
            assert!(
                *known.entry(name.clone()).or_insert_with(|| bytes.clone()) == bytes,
                "{name} of {directory}"
            );
        } else {
            // A lock that nobody holds is harmless.
            assert!(
                FILES.contains(&name.as_str()) || name == "spinet.lock",
                "{name} is left in {directory}"
            );
        }
    }
}

#[test]
fn a_kill_at_any_system_call_leaves_a_run_that_goes_on() {
    if !disturbed("signal=KILL", |_, _, _| {}) {
        println!("{NO_STRACE}");
    }
}

/// This error at any call is told with its cause, and leaves a run that goes on, with whole
/// checkpoints.
fn assert_survived(error: &str, cause: &str) {
    let mut known = BTreeMap::new();
    let check = |bench: &Bench, output: &Output, directory: &str| {
        assert_told(bench, output, directory, cause);
        assert_same_checkpoints(bench, directory, &mut known);
    };
    if disturbed(&format!("error={error}"), check) {
        assert_eq!(
            known.len(),
            5,
            "the trial save and one after each of 4 steps"
        );
    } else {
        println!("{NO_STRACE}");
    }
}

// Each a test of its own, so that they run side by side.

#[test]
fn a_full_disk_at_any_system_call_is_survived() {
    assert_survived("ENOSPC", "No space left on device");
}

#[test]
fn a_used_up_quota_at_any_system_call_is_survived() {
    assert_survived("EDQUOT", "Disk quota exceeded");
}

#[test]
fn a_failing_device_at_any_system_call_is_survived() {
    assert_survived("EIO", "Input/output error");
}

#[test]
fn a_missing_permission_at_any_system_call_is_survived() {
    assert_survived("EACCES", "Permission denied");
}

#[test]
fn a_file_system_that_turns_read_only_at_any_system_call_is_survived() {
    assert_survived("EROFS", "Read-only file system");
}

#[test]
fn success_is_not_said_where_the_lock_was_lost_when_all_files_were_there() {
    let bench = Bench::new();
    let command = bench.command(&format!("{RUN} --out {}", bench.path("a").display()));
    let mut strace = Command::new("strace");
    // It stands still as soon as it reads its model back, which it does after everything is
    // written.
    strace.args([
        "-f",
        "-o",
        "trace",
        "-e",
        "trace=openat",
        "-e",
        "inject=openat:signal=STOP",
        "-P",
    ]);
    strace
        .arg(bench.path("a/model.safetensors"))
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.path(""));
    let Ok(mut child) = strace.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        println!("{NO_STRACE}");
        return;
    };
    let is_still = || {
        std::fs::read_to_string(bench.path("trace"))
            .is_ok_and(|trace| trace.contains("stopped by SIGSTOP"))
    };
    while !is_still() {
        if child.try_wait().unwrap().is_some() {
            let trace = std::fs::read_to_string(bench.path("trace")).unwrap_or_default();
            assert!(
                !trace.contains("exited with"),
                "it never read its model back"
            );
            println!("{NO_STRACE}");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let process = String::from_utf8(bench.read("a/spinet.lock")).unwrap();
    std::fs::remove_file(bench.path("a/spinet.lock")).unwrap();
    assert!(
        Command::new("kill")
            .args(["-CONT", &process])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    assert!(
        !out.contains("model: ") && err.ends_with("it was removed or replaced during the run\n"),
        "{out}{err}"
    );
    assert_eq!(names(&bench.path("a")), FILES);
}

#[test]
fn every_file_is_synced_then_renamed_then_its_directory_is_synced_and_only_then_older_checkpoints_go()
 {
    let bench = Bench::new();
    let command = RUN.replace("--epochs 2", "--epochs 50") + " --out a";
    let Some((output, trace)) = traced(
        &bench,
        &["-y", "-e", "trace=execve,fsync,rename,unlink"],
        &command,
    ) else {
        println!("{NO_STRACE}");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let is_of_saves = |line: &&str| {
        ["/a>", "checkpoint-"]
            .iter()
            .chain(&FILES)
            .any(|name| line.contains(name))
    };
    let calls: Vec<&str> = trace.lines().filter(is_of_saves).collect();
    let name = |line: &str| {
        line.rsplit("checkpoint-")
            .next()
            .map(|rest| rest[..10].to_owned())
    };
    let (mut saves, mut removals, mut newest, mut others) = (0, 0, None, Vec::new());
    for (index, line) in calls.iter().enumerate() {
        if line.contains("rename(") {
            let target = line
                .rsplit_once("\"a/")
                .unwrap()
                .1
                .split('"')
                .next()
                .unwrap();
            let is_synced = calls[index - 1].contains("fsync(")
                && calls[index - 1].contains(&format!("/{target}."))
                && calls[index - 1].contains(".tmp>");
            assert!(is_synced, "{}\n{line}", calls[index - 1]);
            assert!(
                calls[index + 1].contains("fsync(") && calls[index + 1].contains("/a>"),
                "{line}\n{}",
                calls[index + 1]
            );
            if target.starts_with("checkpoint-") {
                (saves, newest) = (saves + 1, name(line));
            } else {
                others.push(target);
            }
        } else if line.contains("unlink(") && line.contains("checkpoint-") {
            let is_after_sync =
                calls[index - 1].contains("fsync(") && calls[index - 1].contains("/a>");
            assert!(
                is_after_sync || calls[index - 1].contains("unlink("),
                "{}\n{line}",
                calls[index - 1]
            );
            // The finished run needs none, when its model is there.
            let has_model = calls[..index]
                .iter()
                .any(|line| line.contains("rename(") && line.contains("model.safetensors"));
            assert!(
                name(line) < newest || has_model,
                "{line}: the newest is {newest:?}"
            );
            removals += 1;
        }
    }
    assert_eq!(
        (saves, removals),
        (101, 101),
        "the trial save and one after each of 100 steps"
    );
    assert_eq!(
        others,
        [
            "run.toml",
            "metrics.jsonl",
            "metrics.jsonl",
            "model.safetensors"
        ],
        "the metrics at the start and whole at the end"
    );
}
