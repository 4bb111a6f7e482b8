//! The search for files that a reader does not bear, guided by the code they reach; see `fuzz/src/lib.rs`.
//!
//! A reader must not panic, read out of bounds, take a second for a file, or 512 MiB. What is searched in one run helps the next
//! (`fuzz/corpus/`, not kept in the repository).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::program::{line, program, succeed, works};
use crate::verdict::Verdict;

const TARGETS: &str = "fuzz/fuzz_targets";
const SECONDS_FOR_A_FILE: u32 = 1;
const MEMORY_MIB: u32 = 512;
/// How a run is asked for where none is named: long enough for a look at every reader in a quarter of an hour.
pub(crate) const SECONDS: u32 = 60;

/// Searches `seconds` for each reader, or for the one that is named.
pub(crate) fn run(root: &Path, seconds: u32, reader: Option<&str>) -> Result<Verdict, Error> {
    let mut readers = readers(root)?;
    if let Some(reader) = reader {
        if !readers.iter().any(|known| known == reader) {
            return Ok(Verdict::Failed(vec![format!("unknown reader `{reader}`: expected one of {}", readers.join(", "))]));
        }
        readers.retain(|known| known == reader);
    }
    if !works(cargo_fuzz(root).arg("--version")) {
        return Ok(Verdict::Failed(vec![
            "cargo-fuzz is missing: `rustup toolchain install nightly`, `cargo install cargo-fuzz`, and a C++ compiler".to_owned(),
        ]));
    }
    succeed(cargo_fuzz(root).arg("build"))?;
    let mut complaints = Vec::new();
    for reader in &readers {
        complaints.extend(search(root, reader, seconds)?);
    }
    let note = format!("{} readers, {seconds} s each: nothing found", readers.len());
    Ok(Verdict::of(complaints, note))
}

/// The names of all readers, sorted.
fn readers(root: &Path) -> Result<Vec<String>, Error> {
    let folder = root.join(TARGETS);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
        let path = entry.map_err(Error::file(&folder))?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// `cargo fuzz` needs what only a nightly compiler does.
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
    command.args(["run", reader, &corpus, &format!("fuzz/seeds/{reader}"), "--", "-print_final_stats=1"]);
    command.args([format!("-max_total_time={seconds}"), format!("-timeout={SECONDS_FOR_A_FILE}"), format!("-rss_limit_mb={MEMORY_MIB}")]);
    let output = command.output().map_err(|source| Error::Start { command: line(&command), source })?;
    let text = String::from_utf8_lossy(&output.stderr);
    let files = statistic(&text, "number_of_executed_units");
    println!("  {reader}: {files} files, {} MiB at most", statistic(&text, "peak_rss_mb"));
    if output.status.success() && files != "0" {
        return Ok(None);
    }
    eprintln!("{text}");
    Ok(Some(format!(
        "`{}` found a file, or failed: see above; a found file goes to fuzz/seeds/{reader}/found-WHAT, where a test reads it for ever",
        line(&command)
    )))
}

/// A number of libFuzzer's summary, which has lines as `stat::peak_rss_mb:             288`; 0 where there is none.
fn statistic<'a>(text: &'a str, name: &str) -> &'a str {
    let value = |line: &'a str| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':').map(str::trim);
    text.lines().find_map(value).unwrap_or("0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn a_statistic_is_found_by_its_whole_name() {
        let text = "#19214\tDONE\nstat::number_of_executed_units: 19214\nstat::average_exec_per_sec:     468\nstat::peak_rss_mb:              323\n";
        assert_eq!(statistic(text, "number_of_executed_units"), "19214");
        assert_eq!(statistic(text, "peak_rss_mb"), "323");
        assert_eq!(statistic(text, "peak"), "0");
    }

    #[test]
    fn an_unknown_reader_is_refused_with_the_list() {
        let Verdict::Failed(complaints) = run(&tree::root(), 1, Some("cvs")).unwrap() else { panic!("it ran") };
        assert!(complaints[0].starts_with("unknown reader `cvs`: expected one of archive, checkpoint, "), "{complaints:?}");
    }
}
