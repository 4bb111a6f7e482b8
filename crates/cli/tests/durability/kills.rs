//! B1 and B7: a killed run goes on, and one process at a time works in a directory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::{Moments, RUN, finishes_like};

/// The command; what it says on standard error, such as what it skips, goes to the file `said`.
fn start(bench: &Bench, words: &str) -> Child {
    let said = File::create(bench.path("said")).unwrap();
    bench
        .command(words)
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .unwrap()
}

#[test]
fn a_run_killed_at_twenty_random_moments_ends_like_an_undisturbed_one() {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out whole"));
    let (mut kills, mut round, mut moments) = (0, 0, Moments(1));
    while kills < 20 {
        let (directory, mut alive) = (format!("killed{round}"), true);
        let command = format!("{RUN} --out {directory}");
        while alive && kills < 20 {
            let mut child = start(&bench, &command);
            std::thread::sleep(Duration::from_millis(20 + moments.next(400)));
            alive = child.try_wait().unwrap().is_none();
            child.kill().unwrap();
            child.wait().unwrap();
            let said = String::from_utf8(bench.read("said")).unwrap();
            assert!(
                !said.lines().any(|line| line.starts_with("skipped ")),
                "a damaged checkpoint in {directory}: {said}"
            );
            kills += usize::from(alive);
        }
        finishes_like(&bench, &command, &directory, "whole");
        round += 1;
    }
}

#[test]
fn of_twenty_processes_in_one_directory_one_trains_and_a_kill_frees_it() {
    let bench = Bench::new();
    let mut fastest = Duration::MAX;
    for round in 0..10 {
        let begin = Instant::now();
        let command = format!(
            "train --hidden 2 --epochs 1000000 --evaluate-every 100000 --threads 1 --out run{round}"
        );
        let mut children: Vec<Child> = (0..20)
            .map(|_| {
                bench
                    .command(&command)
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let mut losers = Vec::new();
        while losers.len() < 19 {
            for mut child in std::mem::take(&mut children) {
                match child.try_wait().unwrap() {
                    Some(_) => losers.push(child.wait_with_output().unwrap()),
                    None => children.push(child),
                }
            }
            assert!(!children.is_empty(), "a process works: {losers:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        fastest = fastest.min(begin.elapsed());
        let mut winner = children.pop().unwrap();
        let holder = format!(
            "run directory is in use by another process (process {})",
            winner.id()
        );
        for loser in losers {
            let text = String::from_utf8(loser.stderr).unwrap();
            assert_eq!(loser.status.code(), Some(3), "{text}");
            assert!(text.contains(&holder), "not `{holder}`: {text}");
        }
        winner.kill().unwrap();
        winner.wait().unwrap();
        // What it says first tells whether it got the directory; waiting for more would only make
        // the rounds longer.
        let mut next = bench
            .command(&command)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(next.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        next.kill().unwrap();
        next.wait().unwrap();
        assert!(
            line.starts_with("training "),
            "it does not start at once after a kill: {line}"
        );
    }
    // The fastest of ten, because other tests may hold the processor.
    assert!(
        fastest < Duration::from_secs(1),
        "nineteen were refused after {fastest:?}"
    );
}
