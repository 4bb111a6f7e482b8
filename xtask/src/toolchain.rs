//! The steps that cargo's own tools do: formatting, lints and documentation.

use std::path::Path;

use crate::error::Error;
use crate::program::{cargo, program, succeed, works};
use crate::verdict::Verdict;

/// `cargo fmt --all --check`.
pub(crate) fn formatting(root: &Path) -> Result<Verdict, Error> {
    ensure(root, "fmt", "rustfmt")?;
    succeed(cargo(root).args(["fmt", "--all", "--check"]))?;
    Ok(Verdict::Passed(String::new()))
}

/// `cargo clippy` on everything, with warnings as errors.
pub(crate) fn lints(root: &Path) -> Result<Verdict, Error> {
    ensure(root, "clippy", "clippy")?;
    succeed(cargo(root).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Verdict::Passed(String::new()))
}

/// `cargo doc` on our crates, with warnings as errors.
pub(crate) fn documentation(root: &Path) -> Result<Verdict, Error> {
    succeed(
        cargo(root)
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    Ok(Verdict::Passed(String::new()))
}

/// Adds the toolchain component behind `cargo SUBCOMMAND` when it is missing.
fn ensure(root: &Path, subcommand: &str, component: &'static str) -> Result<(), Error> {
    if works(cargo(root).args([subcommand, "--version"])) {
        return Ok(());
    }
    println!("  adding the missing toolchain component {component}");
    succeed(program(root, "rustup").args(["component", "add", component])).map_err(|source| {
        Error::Component {
            name: component,
            source: Box::new(source),
        }
    })
}
