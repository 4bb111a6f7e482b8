//! The steps that a change has to pass, in order; every step runs, also after one that failed.

use std::path::Path;
use std::process::ExitCode;

use crate::error::Error;
use crate::verdict::{Report, Verdict};
use crate::{
    browser, budget, changelog, dependencies, kernels, links, miri, oracle, results, rooms, suite,
    targets, toolchain,
};

/// A step's name and what it does.
pub(crate) type Step = (&'static str, fn(&Path) -> Result<Verdict, Error>);

pub(crate) const STEPS: [Step; 15] = [
    ("formatting", toolchain::formatting),
    ("lints", toolchain::lints),
    ("house: budgets", budget::check),
    ("house: crates", rooms::check),
    ("house: unsafe code", kernels::check),
    ("house: links", links::check),
    ("house: changelog", changelog::check),
    ("dependencies", dependencies::check_if_possible),
    ("tests", |root| suite::run(root, None)),
    ("documentation", toolchain::documentation),
    ("other targets", targets::check),
    ("thread pool", miri::check_if_possible),
    ("oracle", oracle::check_if_possible),
    ("results", results::check),
    ("browser", browser::check_if_possible),
];

/// So many steps at the front take less than a minute together.
pub(crate) const QUICK: usize = 8;

/// Runs these steps and prints the sum as the last line.
pub(crate) fn run(root: &Path, steps: &[Step]) -> ExitCode {
    let mut report = Report::default();
    for (name, step) in steps {
        report.step(name, || step(root));
    }
    finish(&report)
}

/// Runs the tests whose name contains this text, and no other step.
pub(crate) fn run_tests(root: &Path, name: &str) -> ExitCode {
    let mut report = Report::default();
    report.step("tests", || suite::run(root, Some(name)));
    finish(&report)
}

fn finish(report: &Report) -> ExitCode {
    if !report.failed_steps.is_empty() {
        println!("failed: {}", report.failed_steps.join(", "));
    }
    println!("spinet: {}", report.tally);
    if report.tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
