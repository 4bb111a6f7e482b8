//! Every table in the README and the documentation is rendered from a stored result record.
//!
//! The program renders a record as a Markdown table; a block in a page (see [`block`]) holds that
//! table to the letter. `cargo xtask results` writes the tables, `--check` compares them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::block::{self, Block, LoneMarker};
use crate::error::Error;
use crate::program::{cargo, stdout};
use crate::verdict::Verdict;
use crate::{performance, tree};

/// Complains about records that are not JSON and about blocks that differ from what the program
/// renders.
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let records = tree::files(root, "results", "json")?;
    let mut complaints = Vec::new();
    for record in &records {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&tree::read(root, record)?) {
            complaints.push(format!("{}: not JSON: {error}", record.display()));
        }
    }
    let mut count = 0;
    for page in pages(root)? {
        let blocks = block::find(&tree::read(root, &page)?).map_err(marker(&page))?;
        count += blocks.len();
        match tables(root, &blocks) {
            Ok(tables) => {
                for (block, table) in blocks.iter().zip(&tables) {
                    let place = format!("{}:{}", page.display(), block.line);
                    complaints.extend(
                        difference(&block.body, table)
                            .map(|text| format!("{place}: `{}`: {text}", block.record)),
                    );
                }
            }
            Err(error) => complaints.push(format!("{}: {error}", page.display())),
        }
    }
    let blocks = if count == 0 {
        "no page has a block rendered from them yet".to_owned()
    } else {
        format!("{count} blocks match them")
    };
    Ok(Verdict::of(
        complaints,
        format!("{} result records; {blocks}", records.len()),
    ))
}

/// Renders every block anew and writes the pages that changed.
pub(crate) fn remake(root: &Path) -> Result<(), Error> {
    for page in pages(root)? {
        let text = tree::read(root, &page)?;
        let blocks = block::find(&text).map_err(marker(&page))?;
        let tables = tables(root, &blocks)?;
        let new = block::replace(&text, &tables).map_err(marker(&page))?;
        if new != text {
            write(&root.join(&page), &new)?;
        }
        if !blocks.is_empty() {
            println!(
                "{}: {} blocks, {}",
                page.display(),
                blocks.len(),
                if new == text { "unchanged" } else { "written" }
            );
        }
    }
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "a page under version control, and xtask uses no crate of ours: it has to run while they do not compile"
)]
fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::file(path))
}

/// The pages that may have blocks.
fn pages(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut pages = tree::files(root, "docs", "md")?;
    let readme = PathBuf::from("README.md");
    if root.join(&readme).exists() {
        pages.insert(0, readme);
    }
    Ok(pages)
}

/// The tables of a page's blocks, with notes that several have where the first stands.
fn tables(root: &Path, blocks: &[Block]) -> Result<Vec<String>, Error> {
    let tables = blocks.iter().map(|block| {
        let whole = render_record(root, &block.record)?;
        Ok(if block.is_short {
            block::shortened(&whole)
        } else {
            whole
        })
    });
    Ok(block::notes_once(
        &tables.collect::<Result<Vec<_>, Error>>()?,
    ))
}

/// The Markdown table of a record: measurements are rendered here, results of training by the
/// program.
fn render_record(root: &Path, record: &str) -> Result<String, Error> {
    let text = tree::read(root, Path::new(record))?;
    if let Some(table) = serde_json::from_str(&text)
        .ok()
        .and_then(|record| performance::markdown(&record))
    {
        return Ok(table);
    }
    stdout(cargo(root).args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "spinet",
        "--",
        "reproduce",
        "--from",
        record,
        "--markdown",
    ]))
}

fn marker(page: &Path) -> impl FnOnce(LoneMarker) -> Error {
    let path = page.to_owned();
    move |LoneMarker { line, problem }| Error::Marker {
        path,
        line,
        problem,
    }
}

/// Says where the page and the rendered table first differ; blank lines at the ends do not count.
fn difference(page: &str, table: &str) -> Option<String> {
    let (page, table) = (page.trim(), table.trim());
    if page == table {
        return None;
    }
    let mut lines = (1..).zip(
        table
            .lines()
            .map(Some)
            .chain([None])
            .zip(page.lines().map(Some).chain([None])),
    );
    let (line, (expected, found)) = lines
        .find(|(_, (expected, found))| expected != found)
        .unwrap_or((1, (Some(table), Some(page))));
    let show = |text: Option<&str>| text.map_or("the end".to_owned(), |text| format!("`{text}`"));
    Some(format!(
        "expected line {line} to be {}, found {}; run `cargo xtask results`",
        show(expected),
        show(found)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tables_have_no_difference_whatever_surrounds_them() {
        assert_eq!(difference("\n| a |\n| b |\n\n", "| a |\n| b |\n"), None);
    }

    #[test]
    fn the_first_line_that_differs_is_shown_from_both_sides() {
        let text = difference("| a |\n| 98.1 |\n", "| a |\n| 98.2 |\n").unwrap();
        assert_eq!(
            text,
            "expected line 2 to be `| 98.2 |`, found `| 98.1 |`; run `cargo xtask results`"
        );
    }

    #[test]
    fn a_missing_or_extra_row_is_a_difference() {
        assert!(
            difference("| a |", "| a |\n| b |")
                .unwrap()
                .contains("expected line 2 to be `| b |`, found the end")
        );
        assert!(
            difference("| a |\n| b |", "| a |")
                .unwrap()
                .contains("expected line 2 to be the end, found `| b |`")
        );
        assert!(
            difference("", "| a |")
                .unwrap()
                .contains("expected line 1 to be `| a |`, found the end")
        );
    }
}
