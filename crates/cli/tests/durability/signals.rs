//! D4 and D5: Ctrl-C and SIGTERM save, and a closed output is no disturbance.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::{Moments, RUN, finishes_like};

#[test]
fn a_signal_saves_the_last_step_and_the_run_goes_on_from_there() {
    let bench = Bench::new();
    let command =
        |directory: &str| RUN.replace("--save-every 0", "--save-every 1000").replace("--epochs 30", "--epochs 400") + " --out " + directory;
    bench.done(&command("whole"));
    let (mut signals, mut round, mut moments) = (0, 0, Moments(2));
    while signals < 10 {
        let directory = format!("stopped{round}");
        loop {
            let mut child = bench.command(&command(&directory)).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(60 + moments.next(100)));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            let signal = if moments.next(2) == 0 { "-INT" } else { "-TERM" };
            let sent = Instant::now();
            assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8(output.stderr).unwrap();
            match output.status.code() {
                // It came before the handlers were there, or after the last step.
                None | Some(0) => break,
                code => assert_eq!(code, Some(130), "{text}"),
            }
            assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
            assert!(text.contains(&format!("spinet: {directory}: interrupted after step ")), "{text}");
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
fn training_finishes_when_nobody_reads_what_it_says() {
    let bench = Bench::new();
    let command = |directory: &str| format!("{RUN} --out {directory}");
    bench.done(&command("whole"));
    let mut child = bench.command(&command("closed")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    finishes_like(&bench, &command("closed"), "closed", "whole");
}
