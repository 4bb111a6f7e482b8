//! D4 and D5: Ctrl-C, SIGTERM and a closed terminal save, and a closed output is no disturbance.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Bench, names};
use crate::{Moments, RUN, finishes_like};

fn start(bench: &Bench, words: &str) -> Child {
    bench
        .command(words)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends these signals, one after the other.
fn send(child: &Child, signals: &[&str]) {
    for signal in signals {
        assert!(
            Command::new("kill")
                .args([*signal, &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }
}

/// Waits until it is so, as long as the program works.
fn wait_until(child: &mut Child, is_so: impl Fn() -> bool) {
    while !is_so() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the program ended too early"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_signal_saves_the_last_step_and_the_run_goes_on_from_there() {
    let bench = Bench::new();
    let command = |directory: &str| {
        RUN.replace("--save-every 0", "--save-every 1000")
            .replace("--epochs 30", "--epochs 400")
            + " --out "
            + directory
    };
    bench.done(&command("whole"));
    let (mut signals, mut round, mut moments) = (0, 0, Moments(2));
    while signals < 10 {
        let directory = format!("stopped{round}");
        loop {
            let mut child = start(&bench, &command(&directory));
            std::thread::sleep(Duration::from_millis(60 + moments.next(100)));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            let signal = ["-INT", "-TERM", "-HUP"][moments.next(3) as usize];
            let sent = Instant::now();
            send(&child, &[signal]);
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            match output.status.code() {
                // It came before the handlers were there, or after the last step.
                None | Some(0) => break,
                code => assert_eq!(code, Some(130), "{text}"),
            }
            assert!(
                sent.elapsed() < Duration::from_secs(2),
                "{:?}",
                sent.elapsed()
            );
            let said = format!("spinet: {directory}: interrupted after step ");
            let step = text
                .split_once(&said)
                .and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
            let Some(step) = step else { panic!("{text}") };
            assert!(
                bench
                    .path(&format!("{directory}/checkpoint-{step:010}.safetensors"))
                    .exists(),
                "{text}"
            );
            signals += 1;
            if signals == 10 {
                break;
            }
        }
        finishes_like(&bench, &command(&directory), &directory, "whole");
        round += 1;
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let bench = Bench::new();
    // Large enough that a step and its save take far longer than the end of a process.
    let command = |directory: &str| {
        format!(
            "train --hidden 300 --rule bdnn-dsd --epochs 10 --evaluate-every 10 --save-every 0 --threads 1 --out {directory}"
        )
    };
    bench.done(&command("whole"));
    let mut fastest = Duration::MAX;
    for (directory, [first, second]) in [("a", ["-INT", "-TERM"]), ("b", ["-TERM", "-INT"])] {
        let mut child = start(&bench, &command(directory));
        let path = bench.path(directory);
        let is_late = |name: &String| {
            name.starts_with("checkpoint-") && name.as_str() > "checkpoint-0000000002"
        };
        wait_until(&mut child, || {
            path.exists() && names(&path).iter().any(is_late)
        });
        // While the process stands still both signals wait for it, so no step lies between them.
        send(&child, &["-STOP", first, second, "-CONT"]);
        let sent = Instant::now();
        let output = child.wait_with_output().unwrap();
        fastest = fastest.min(sent.elapsed());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(
            !text.contains("interrupted"),
            "after one signal it saves and says so, after two it does not: {text}"
        );
        finishes_like(&bench, &command(directory), directory, "whole");
    }
    // The faster of two, because other tests may hold the processor for a moment.
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}

/// Starts a run that would take long, and waits for its first checkpoint.
fn begun(bench: &Bench, directory: &str, is_nohup: bool) -> (Child, String) {
    let words = format!(
        "train --hidden 10 --epochs 400 --evaluate-every 100 --save-every 1000 --threads 1 --out {directory}"
    );
    let mut command = bench.command(&words);
    if is_nohup {
        let mut outer = Command::new("sh");
        outer
            .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(bench.path(""));
        command = outer;
    }
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let checkpoint = bench
        .path(directory)
        .join("checkpoint-0000000000.safetensors");
    wait_until(&mut child, || checkpoint.exists());
    (child, words)
}

#[test]
fn a_closed_terminal_saves_however_often_it_is_told_unless_the_run_was_started_to_outlive_it() {
    let bench = Bench::new();
    let (child, words) = begun(&bench, "whole", true);
    send(&child, &["-HUP"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(bench.path("whole/model.safetensors").exists(), "{words}");

    let (mut child, words) = begun(&bench, "closed", false);
    // The system and the shell both send it, one after the other.
    for _ in 0..20 {
        let _ = Command::new("kill")
            .args(["-HUP", &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
    }
    // A terminal that is gone can be written to no more.
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // On a busy machine it may come before the first step is done.
    assert!(
        names(&bench.path("closed"))
            .iter()
            .any(|name| name.starts_with("checkpoint-"))
    );
    finishes_like(&bench, &words, "closed", "whole");
}

const SWEEP: &str = "\
seeds = 4
[base]
epochs = 80
evaluate_every = 10
hidden = [10]
[[product]]
rules = [[], \"bdnn-dsd\"]
";

#[test]
fn an_experiment_a_sweep_and_a_tuning_stop_at_a_signal_and_go_on() {
    let bench = Bench::new();
    bench.write("s.toml", SWEEP);
    let commands = [
        (
            "reproduce",
            "reproduce --hidden 10 --runs 2 --epochs 80 --threads 2 --json",
        ),
        ("sweep", "sweep s.toml --threads 2 --json"),
        (
            "tune",
            "tune --rule l2 --grid weight_decay=0.001,0.01 --hidden 10 --epochs 800 --left-out 4 --threads 2 --json",
        ),
    ];
    for (name, words) in commands {
        let whole = bench.done(&format!("{words} --run-dir {name}-whole"));
        let directory = format!("{name}-stopped");
        let command = format!("{words} --run-dir {directory}");
        let runs = || std::fs::read_dir(bench.path(&directory)).map_or(0, Iterator::count);
        for signal in ["-INT", "-HUP"] {
            let before = runs();
            let mut child = start(&bench, &command);
            // It makes the directory of a run only when it listens to signals.
            wait_until(&mut child, || runs() > before);
            send(&child, &[signal]);
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(130), "{command}: {text}");
            let ends = [
                "; repeat the command to resume",
                "; the same command goes on ",
            ];
            assert!(
                text.contains("interrupted") && ends.iter().any(|end| text.contains(end)),
                "{command}: {text}"
            );
        }
        assert_eq!(bench.done(&command), whole, "{command}");
    }
}

#[test]
fn training_finishes_when_nobody_reads_what_it_says() {
    let bench = Bench::new();
    let command = |directory: &str| format!("{RUN} --out {directory}");
    bench.done(&command("whole"));
    let mut child = bench
        .command(&command("closed"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    finishes_like(&bench, &command("closed"), "closed", "whole");
}
