//! The step that runs the tests of every crate: unit, contract, property, gradient, oracle,
//! command-line and documentation tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::program::{cargo, line};
use crate::verdict::{Tally, Verdict};

/// Runs all tests, or only those whose name contains `filter`, and counts them.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> Result<Verdict, Error> {
    let mut command = cargo(root);
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(filter)
        .args(["--", "--show-output"]);
    let (mut tally, success) = count_while_running(&mut command, |line| println!("{line}"))?;
    if !success && tally.failed == 0 {
        println!(
            "  `{}` failed without a failed test: something did not compile, or a test program was stopped",
            line(&command)
        );
        tally.failed = 1;
    }
    if tally.total() == 0 {
        return Ok(Verdict::Failed(vec![match filter {
            Some(filter) => format!("no test name contains `{filter}`"),
            None => "no tests found".to_owned(),
        }]));
    }
    Ok(Verdict::Counted(tally))
}

/// Shows the output line by line and adds up the summaries in it.
fn count_while_running(command: &mut Command, show: impl Fn(&str)) -> Result<(Tally, bool), Error> {
    let text = line(command);
    let start_error = |source| Error::Start {
        command: text.clone(),
        source,
    };
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start_error)?;
    let (mut tally, mut skipped, mut is_counted) = (Tally::default(), 0, false);
    if let Some(stdout) = child.stdout.take() {
        // Test programs may print bytes that are not UTF-8, so lines are cut as bytes.
        for bytes in BufReader::new(stdout).split(b'\n') {
            let bytes = bytes.map_err(start_error)?;
            let line = String::from_utf8_lossy(&bytes);
            show(&line);
            tally.add(summary(&line));
            // A test that finds no data or no tool says so in lines of its own, and its program
            // counts it as passed.
            if line.starts_with("---- ") {
                is_counted = false;
            } else if line.starts_with("skipped: ") && !is_counted {
                (is_counted, skipped) = (true, skipped + 1);
            }
        }
    }
    tally.passed = tally.passed.saturating_sub(skipped);
    tally.skipped += skipped;
    let status = child.wait().map_err(start_error)?;
    Ok((tally, status.success()))
}

/// The counts of a line `test result: ok. 3 passed; 0 failed; 1 ignored; ...`; zeros for any other
/// line.
fn summary(line: &str) -> Tally {
    let mut tally = Tally::default();
    let Some(counts) = line.strip_prefix("test result: ") else {
        return tally;
    };
    let words: Vec<&str> = counts.split_whitespace().collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse() else {
            continue;
        };
        match pair[1] {
            "passed;" => tally.passed = number,
            "failed;" => tally.failed = number,
            "ignored;" => tally.skipped = number,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_a_test_program_is_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.02s";
        assert_eq!(
            summary(line),
            Tally {
                passed: 12,
                failed: 3,
                skipped: 1
            }
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            summary("test bound_is_never_exceeded ... ok"),
            Tally::default()
        );
        assert_eq!(
            summary("all doctests ran in 1.20s; merged doctests compilation took 0.90s"),
            Tally::default()
        );
    }

    #[test]
    fn every_line_of_a_program_is_counted_and_its_status_is_kept() {
        let print = "printf 'skipped: no data\\ntest result: ok. 2 passed; 0 failed; 0 ignored;\\n\\377\\ntest result: ok. 1 passed; 0 failed; 4 ignored;'; exit 3";
        let mut command = Command::new("sh");
        command.args(["-c", print]);
        assert_eq!(
            count_while_running(&mut command, |_| {}).unwrap(),
            (
                Tally {
                    passed: 2,
                    failed: 0,
                    skipped: 5
                },
                false
            )
        );
    }

    #[test]
    fn a_test_that_skips_several_things_counts_once() {
        let output = "---- a stdout ----\nskipped: no mnist\nskipped: no cifar-10\n\n---- b stdout ----\nskipped: no mnist\n\n\
                      ---- c stdout ----\nnothing special\n\ntest result: ok. 9 passed; 0 failed; 1 ignored;\n";
        let mut command = Command::new("printf");
        command.args(["%s", output]);
        assert_eq!(
            count_while_running(&mut command, |_| {}).unwrap(),
            (
                Tally {
                    passed: 7,
                    failed: 0,
                    skipped: 3
                },
                true
            )
        );
    }
}
