//! The steps that a change has to pass, in order; every step runs, also after one that failed.

use std::path::Path;
use std::process::ExitCode;

use crate::error::Error;
use crate::verdict::{Report, Verdict};
use crate::{browser, budget, changelog, dependencies, kernels, links, oracle, results, rooms, suite, toolchain};

/// A step's name and what it does.
type Step = (&'static str, fn(&Path) -> Result<Verdict, Error>);

const STEPS: [Step; 13] = [
    ("formatting", toolchain::formatting),
    ("lints", toolchain::lints),
    ("house: budgets", budget::check),
    ("house: rooms", rooms::check),
    ("house: unsafe code", kernels::check),
    ("house: links", links::check),
    ("house: changelog", changelog::check),
    ("dependencies", dependencies::check_if_possible),
    ("tests", |root| suite::run(root, None)),
    ("documentation", toolchain::documentation),
    ("oracle", oracle::check_if_possible),
    ("results", results::check),
    ("browser", browser::check_if_possible),
];

/// Runs every step, or with a filter only the tests whose name contains it, and prints the sum as the last line.
pub(crate) fn run(root: &Path, filter: Option<&str>) -> ExitCode {
    let mut report = Report::default();
    match filter {
        Some(filter) => report.step("tests", || suite::run(root, Some(filter))),
        None => STEPS.iter().for_each(|(name, step)| report.step(name, || step(root))),
    }
    if !report.failed_steps.is_empty() {
        println!("failed: {}", report.failed_steps.join(", "));
    }
    println!("spinet: {}", report.tally);
    if report.tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
