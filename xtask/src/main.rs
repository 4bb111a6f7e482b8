//! The project's own tasks, one command for each: `cargo xtask test`, `cargo xtask check`, `cargo
//! xtask bench`, `cargo xtask oracle`, `cargo xtask results`, `cargo xtask fuzz`.
//!
//! | file | idea |
//! | --- | --- |
//! | `words` | what was typed, and what it asks for |
//! | `test` | the steps that a change has to pass, in order |
//! | `verdict` | what one step found, and the sum over all steps |
//! | `toolchain`, `suite` | the steps that cargo does: formatting, lints, documentation; the tests |
//! | `budget`, `rooms`, `kernels`, `links`, `changelog` | the house checks, one file each |
//! | `dependencies` | known holes, licences and sources of what the crates depend on, by cargo-deny |
//! | `oracle` | the reference constants computed by `PyTorch` |
//! | `browser` | the report as a browser shows it |
//! | `bench`, `performance` | measurements, and their tables |
//! | `fuzz` | the search for files that a reader does not bear |
//! | `results`, `block` | the tables in Markdown files that are rendered from result records |
//! | `program`, `tree`, `source`, `error` | running programs, walking the repository, reading Rust source, what can go wrong |
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "xtask is a program for people; what it prints is its whole purpose"
)]

mod bench;
mod block;
mod browser;
mod budget;
mod changelog;
mod dependencies;
mod error;
mod fuzz;
mod kernels;
mod links;
mod miri;
mod oracle;
mod performance;
mod program;
mod results;
mod rooms;
mod source;
mod suite;
mod targets;
mod test;
mod toolchain;
mod tree;
mod verdict;
mod words;

use std::path::Path;
use std::process::ExitCode;

use error::Error;
use words::{Mode, Task};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let task = match words::parse(&words) {
        Ok(task) => task,
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            return ExitCode::from(2);
        }
    };
    let root = tree::root();
    match task {
        Task::Help => {
            println!("{}", words::HELP);
            ExitCode::SUCCESS
        }
        Task::Test { filter: None } => test::run(&root, &test::STEPS),
        Task::Test { filter: Some(name) } => test::run_tests(&root, &name),
        Task::Check => test::run(&root, &test::STEPS[..test::QUICK]),
        Task::Bench(measure) => finish(bench::run(&root, measure)),
        Task::Oracle(mode) => finish(oracle::run(&root, mode)),
        Task::Fuzz { seconds, reader } => finish(
            fuzz::run(&root, seconds, reader.as_deref())
                .and_then(|verdict| verdict.into_result("fuzz")),
        ),
        Task::Results(mode) => finish(results_task(&root, mode)),
    }
}

/// Runs `results` as a task of its own: complaints are printed and make the task fail.
fn results_task(root: &Path, mode: Mode) -> Result<(), Error> {
    match mode {
        Mode::Remake => results::remake(root),
        Mode::Check => results::check(root)?.into_result("results"),
    }
}

/// Prints the error of a failed task and turns it into the exit code.
fn finish(outcome: Result<(), Error>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
