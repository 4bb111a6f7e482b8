//! The search for files that a reader does not bear, guided by the code they reach; see
//! `crates/testing/src/readers.rs`.
//!
//! A reader must not panic, read out of bounds, take a second for a file, or 512 MiB. What is
//! searched in one run helps the next (`fuzz/corpus/`, not kept in the repository).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::program::{line, program, succeed, works};
use crate::tree;
use crate::verdict::Verdict;

const TARGETS: &str = "fuzz/fuzz_targets";
const SECONDS_FOR_A_FILE: u32 = 1;
const MEMORY_MIB: u32 = 512;
/// Readers promise themselves 1 MiB; one request beyond this is a header that was believed.
const REQUEST_MIB: u32 = 32;
const MAX_BYTES: u32 = 1 << 15;
/// Where no number is given; all readers take a quarter of an hour.
pub(crate) const SECONDS: u32 = 60;

/// Searches `seconds` for each reader, or for the one that is named.
pub(crate) fn run(root: &Path, seconds: u32, reader: Option<&str>) -> Result<Verdict, Error> {
    let mut readers = readers(root)?;
    if let Some(reader) = reader {
        if !readers.iter().any(|known| known == reader) {
            return Err(Error::UnknownReader {
                found: reader.to_owned(),
                expected: readers.join(", "),
            });
        }
        readers.retain(|known| known == reader);
    }
    if !works(cargo_fuzz(root).arg("--version")) {
        return Err(Error::Tool {
            command: line(&cargo_fuzz(root)),
            hint: "it needs `rustup toolchain install nightly`, `cargo install cargo-fuzz` and a C++ compiler",
        });
    }
    succeed(cargo_fuzz(root).arg("build").args(reader))?;
    let mut complaints = Vec::new();
    for reader in &readers {
        complaints.extend(search(root, reader, seconds)?);
    }
    Ok(Verdict::of(
        complaints,
        format!("nothing found, {seconds} s each"),
    ))
}

/// The names of all readers, sorted.
fn readers(root: &Path) -> Result<Vec<String>, Error> {
    let programs = tree::files(root, TARGETS, "rs")?;
    Ok(programs
        .iter()
        .filter_map(|path| path.file_stem())
        .map(|stem| stem.to_string_lossy().into_owned())
        .collect())
}

/// `cargo fuzz` needs what only a nightly compiler does; the cargo that runs this task is another.
fn cargo_fuzz(root: &Path) -> Command {
    let mut command = program(root, "cargo");
    command.args(["+nightly", "fuzz"]);
    command
}

/// Searches, prints how far it came, and says what it found.
fn search(root: &Path, reader: &str, seconds: u32) -> Result<Option<String>, Error> {
    let corpus = format!("fuzz/corpus/{reader}");
    fs::create_dir_all(root.join(&corpus)).map_err(Error::file(Path::new(&corpus)))?;
    let mut command = cargo_fuzz(root);
    command.args([
        "run",
        reader,
        &corpus,
        &format!("fuzz/seeds/{reader}"),
        "--",
        "-print_final_stats=1",
    ]);
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-max_len={MAX_BYTES}"),
        format!("-timeout={SECONDS_FOR_A_FILE}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-malloc_limit_mb={REQUEST_MIB}"),
    ]);
    let output = command.output().map_err(|source| Error::Start {
        command: line(&command),
        source,
    })?;
    let text = String::from_utf8_lossy(&output.stderr);
    if let (true, Some(files)) = (
        output.status.success(),
        statistic(&text, "number_of_executed_units"),
    ) {
        println!(
            "  {reader}: {files} files, {} MiB at most",
            statistic(&text, "peak_rss_mb").unwrap_or("?")
        );
        return Ok(None);
    }
    eprintln!("{text}");
    match text
        .lines()
        .find_map(|line| line.split_once("Test unit written to "))
    {
        Some((_, file)) => Ok(Some(format!(
            "{reader} crashes on {file}: move it to fuzz/seeds/{reader}/found-WHAT, where a test reads it"
        ))),
        None => Err(Error::Status {
            command: line(&command),
            status: output.status,
        }),
    }
}

/// A number of libFuzzer's summary, which has lines as `stat::peak_rss_mb:             288`.
fn statistic<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| {
        line.strip_prefix("stat::")?
            .strip_prefix(name)?
            .strip_prefix(':')
            .map(str::trim)
    };
    text.lines().find_map(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statistic_is_found_by_its_whole_name() {
        let text = "#19214\tDONE\nstat::number_of_executed_units: 19214\nstat::average_exec_per_sec:     468\nstat::peak_rss_mb:              323\n";
        assert_eq!(statistic(text, "number_of_executed_units"), Some("19214"));
        assert_eq!(statistic(text, "peak_rss_mb"), Some("323"));
        assert_eq!(statistic(text, "peak"), None);
    }

    #[test]
    fn an_unknown_reader_is_refused_with_the_list() {
        let message = run(&tree::root(), 1, Some("cvs")).unwrap_err().to_string();
        assert!(
            message.starts_with("unknown reader `cvs`: expected one of archive, checkpoint, "),
            "{message}"
        );
    }
}
