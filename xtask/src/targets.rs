//! The step that compiles the library for processors and systems that this machine is not.
//!
//! The command is left out: the TLS library of its downloads compiles C, which needs a compiler for
//! each target.

use std::path::Path;

use crate::error::Error;
use crate::program::{cargo, program, succeed, works};
use crate::verdict::Verdict;

const TARGETS: [&str; 2] = ["aarch64-unknown-linux-gnu", "aarch64-apple-darwin"];

/// `cargo check` for each target, with warnings as errors. Targets whose standard library is neither
/// installed nor to be had are named and skipped.
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let (there, missing): (Vec<&str>, Vec<&str>) = TARGETS
        .into_iter()
        .partition(|target| works(program(root, "rustup").args(["target", "add", target])));
    for target in &there {
        succeed(
            cargo(root)
                .args(["check", "--package", "spinet", "--no-default-features"])
                .args(["--features", "lab", "--target", target])
                .env("RUSTFLAGS", "-D warnings"),
        )?;
    }
    Ok(if missing.is_empty() {
        Verdict::Passed(format!("the library compiles for {}", there.join(", ")))
    } else {
        Verdict::Skipped(format!(
            "no standard library for {} (`rustup target add`); compiled for {} targets",
            missing.join(", "),
            there.len()
        ))
    })
}
