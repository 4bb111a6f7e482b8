//! The step that runs the tests of the thread pool under Miri, an interpreter that finds undefined
//! behaviour, data races and use of freed memory, and tries other interleavings of threads.

use std::path::Path;

use crate::error::Error;
use crate::program::{program, succeed, works};
use crate::verdict::Verdict;

/// Seeds of interleavings.
const SEEDS: &str = "-Zmiri-disable-isolation -Zmiri-many-seeds=0..4";

/// Is skipped where no nightly toolchain with Miri is installed.
pub(crate) fn check_if_possible(root: &Path) -> Result<Verdict, Error> {
    let miri = |arguments: &[&str]| {
        let mut command = program(root, "rustup");
        command
            .args(["run", "nightly", "cargo", "miri"])
            .args(arguments);
        command
    };
    if !works(&mut miri(&["--version"])) {
        return Ok(Verdict::Skipped(
            "Miri is not installed (`rustup toolchain install nightly --component miri`)"
                .to_owned(),
        ));
    }
    succeed(
        miri(&["test", "--package", "spinet-nn", "--lib", "thread_pool::"]).env("MIRIFLAGS", SEEDS),
    )?;
    Ok(Verdict::Passed(
        "the thread pool, four interleavings".to_owned(),
    ))
}
