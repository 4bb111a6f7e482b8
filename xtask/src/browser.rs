//! The step that opens a report of the stored records in a headless Chromium; see
//! `browser/report.py`.

use std::env;
use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::program::{cargo, program, succeed, works};
use crate::verdict::Verdict;

/// Where a Chromium may be, after what the variable names.
const CHROMIUMS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];
/// A variable for a browser elsewhere.
const VARIABLE: &str = "SPINET_CHROMIUM";
/// Where the page is written.
const FOLDER: &str = "target/browser";

/// Complains about what a reader of the report would; is skipped where no Chromium or no Python is
/// at hand.
pub(crate) fn check_if_possible(root: &Path) -> Result<Verdict, Error> {
    let Some(chromium) = chromium(root) else {
        return Ok(Verdict::Skipped(format!(
            "no Chromium found ({} or the variable {VARIABLE})",
            CHROMIUMS.join(", ")
        )));
    };
    if !works(program(root, "python3").arg("--version")) {
        return Ok(Verdict::Skipped("no python3 found".to_owned()));
    }
    let page = format!("{FOLDER}/report.html");
    fs::create_dir_all(root.join(FOLDER)).map_err(Error::file(Path::new(FOLDER)))?;
    succeed(cargo(root).args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "spinet",
        "--",
        "report",
        "results",
        "--out",
        &page,
    ]))?;
    let looked = succeed(program(root, "python3").args([
        "browser/report.py",
        &page,
        "--chromium",
        &chromium,
    ]));
    match looked {
        Ok(()) => Ok(Verdict::Passed(format!(
            "{page} at three widths, in light and dark, with {chromium}"
        ))),
        Err(failed @ Error::Status { .. }) => Ok(Verdict::Failed(vec![failed.to_string()])),
        Err(other) => Err(other),
    }
}

/// The first that can be run.
fn chromium(root: &Path) -> Option<String> {
    let named = env::var(VARIABLE).ok().filter(|name| !name.is_empty());
    let mut candidates = named.into_iter().chain(CHROMIUMS.map(str::to_owned));
    candidates.find(|name| works(program(root, name).arg("--version")))
}
