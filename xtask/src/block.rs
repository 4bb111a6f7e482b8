//! The blocks in a Markdown file that are rendered from a result record.
//!
//! ```text
//! <!-- results: results/NAME.json -->
//! | method | accuracy |
//! <!-- /results -->
//! ```
//!
//! With `<!-- results: FILE, short -->` the block has the tables and the legend of their columns
//! only. Each marker is alone on its line; markers inside a fenced code block are plain text.

/// One block: the record it is rendered from and where its body stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The record, as a path from the root of the repository.
    pub(crate) record: String,
    /// Whether it has the tables and their legend only.
    pub(crate) is_short: bool,
    /// The line of the opening marker, counted from 1.
    pub(crate) line: usize,
    /// The lines between the markers, as they stand in the file.
    pub(crate) body: String,
}

/// A marker without its partner.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoneMarker {
    /// Counted from 1.
    pub(crate) line: usize,
    /// What is wrong there.
    pub(crate) problem: &'static str,
}

/// A part of the text: a line outside every block, or a whole block.
enum Part<'a> {
    /// With its end.
    Line(&'a str),
    /// The markers' lines, and what is between them.
    Block {
        opening: &'a str,
        closing: &'a str,
        block: Block,
    },
}

/// Whether a line opens or closes code.
pub(crate) fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// All blocks of the text in order.
pub(crate) fn find(text: &str) -> Result<Vec<Block>, LoneMarker> {
    let blocks = parts(text)?.into_iter().filter_map(|part| match part {
        Part::Block { block, .. } => Some(block),
        Part::Line(_) => None,
    });
    Ok(blocks.collect())
}

/// The text with the bodies of its blocks replaced, one of `bodies` for each block in order.
///
/// A body that differs in blank lines at its ends only stays as it is; so does a block without a
/// partner in `bodies`.
pub(crate) fn replace(text: &str, bodies: &[String]) -> Result<String, LoneMarker> {
    let mut bodies = bodies.iter();
    let mut replaced = String::with_capacity(text.len());
    for part in parts(text)? {
        match part {
            Part::Line(line) => replaced.push_str(line),
            Part::Block {
                opening,
                closing,
                block,
            } => {
                replaced.push_str(opening);
                match bodies.next().map(|body| body.trim()) {
                    Some(body) if body != block.body.trim() => {
                        replaced.push_str(body);
                        replaced.push('\n');
                    }
                    _ => replaced.push_str(&block.body),
                }
                replaced.push_str(closing);
            }
        }
    }
    Ok(replaced)
}

/// Cuts the text into parts that put together again are the text.
fn parts(text: &str) -> Result<Vec<Part<'_>>, LoneMarker> {
    let mut parts = Vec::new();
    let mut open: Option<(&str, Block)> = None;
    let mut in_fence = false;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let trimmed = line.trim();
        if let Some((opening, mut block)) = open.take() {
            if trimmed == CLOSING {
                parts.push(Part::Block {
                    opening,
                    closing: line,
                    block,
                });
            } else if opened_record(trimmed).is_some() {
                return Err(LoneMarker {
                    line: block.line,
                    problem: "this block is still open where the next one starts",
                });
            } else {
                block.body.push_str(line);
                open = Some((opening, block));
            }
            continue;
        }
        in_fence ^= is_fence(line);
        match opened_record(trimmed) {
            Some((record, is_short)) if !in_fence => {
                open = Some((
                    line,
                    Block {
                        record: record.to_owned(),
                        is_short,
                        line: number,
                        body: String::new(),
                    },
                ));
            }
            _ if trimmed == CLOSING && !in_fence => {
                return Err(LoneMarker {
                    line: number,
                    problem: "this marker closes a block that was never opened",
                });
            }
            _ => parts.push(Part::Line(line)),
        }
    }
    match open {
        Some((_, block)) => Err(LoneMarker {
            line: block.line,
            problem: "this block is never closed",
        }),
        None => Ok(parts),
    }
}

const CLOSING: &str = "<!-- /results -->";

/// The record that an opening marker names, and whether the block is short.
fn opened_record(line: &str) -> Option<(&str, bool)> {
    let named = line
        .strip_prefix("<!-- results:")?
        .strip_suffix("-->")?
        .trim();
    Some(match named.strip_suffix(", short") {
        Some(record) => (record, true),
        None => (named, false),
    })
}

/// The tables of a rendered record with their titles, and the paragraph after the last of them,
/// which explains the columns.
pub(crate) fn shortened(rendered: &str) -> String {
    let paragraphs: Vec<&str> = rendered.trim().split("\n\n").collect();
    let is_of_table = |text: &&&str| text.starts_with(['|', '*']);
    let count = paragraphs.iter().take_while(is_of_table).count();
    paragraphs[..paragraphs.len().min(count + 1)].join("\n\n")
}

/// The bodies of a page's blocks without the notes that one before has too: a note is a line under
/// a table, or a point of a list with the lines that continue it. What differs from block to block
/// by its nature stays.
pub(crate) fn notes_once(bodies: &[String]) -> Vec<String> {
    let mut known = std::collections::BTreeSet::new();
    let mut shortened = Vec::new();
    for body in bodies {
        let mut notes: Vec<String> = Vec::new();
        for line in body.trim().lines() {
            match notes.last_mut() {
                Some(note) if note.starts_with("- ") && line.starts_with("  ") => {
                    *note += &format!("\n{line}");
                }
                _ => notes.push(line.to_owned()),
            }
        }
        let count = notes.len();
        notes.retain(|note| is_own(note) || !known.contains(note));
        let is_shorter = notes.len() < count;
        known.extend(notes.iter().filter(|note| !is_own(note)).cloned());
        let mut kept: Vec<String> = Vec::new();
        for note in notes {
            // Two empty lines, or a heading without a list, are what is left of notes.
            let is_list = note.starts_with("- ") || note.is_empty();
            while kept
                .last()
                .is_some_and(|last| last.is_empty() && note.is_empty())
                || !is_list
                    && kept
                        .iter()
                        .rfind(|last| !last.is_empty())
                        .is_some_and(|last| is_heading(last))
            {
                kept.pop();
            }
            kept.push(note);
        }
        while kept
            .last()
            .is_some_and(|last| last.is_empty() || is_heading(last))
        {
            kept.pop();
        }
        if is_shorter {
            kept.push("\nOther notes: as above.".to_owned());
        }
        shortened.push(kept.join("\n") + "\n");
    }
    shortened
}

/// Whether a line belongs to its block though another block may have the same.
fn is_own(line: &str) -> bool {
    const STARTS: [&str; 6] = ["|", "**", "NOT ", "Settings:", "highest:", "Mean over"];
    line.is_empty() || is_heading(line) || STARTS.iter().any(|start| line.starts_with(start))
}

fn is_heading(line: &str) -> bool {
    line.ends_with(':') && !line.starts_with("- ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n\n<!-- results: results/a.json -->\n| x |\n<!-- /results -->\n\ntext\n\n<!-- results: results/b.json -->\n\n| y |\n\n<!-- /results -->\nend";

    #[test]
    fn blocks_are_found_with_their_record_line_and_body() {
        let blocks = find(PAGE).unwrap();
        assert_eq!(
            blocks[0],
            Block {
                record: "results/a.json".to_owned(),
                is_short: false,
                line: 3,
                body: "| x |\n".to_owned()
            }
        );
        assert_eq!(
            blocks[1],
            Block {
                record: "results/b.json".to_owned(),
                is_short: false,
                line: 9,
                body: "\n| y |\n\n".to_owned()
            }
        );
        assert_eq!(blocks.len(), 2);
    }

    #[test]
    fn a_short_block_has_the_tables_and_the_legend_of_their_columns() {
        let blocks = find("<!-- results: results/a.json, short -->\n<!-- /results -->\n").unwrap();
        assert_eq!(
            (blocks[0].record.as_str(), blocks[0].is_short),
            ("results/a.json", true)
        );
        let table = "**A**\n\n| x |\n|--:|\n| 1 |\n\n**B**\n\n| y |\n\nx: the one\ny: the other";
        for rest in ["\n\nSettings: seed 0.\n\n- more\n", "\n", ""] {
            assert_eq!(shortened(&format!("{table}{rest}")), table);
        }
        assert_eq!(shortened("| x |\n"), "| x |");
    }

    #[test]
    fn replacing_changes_the_bodies_that_differ_and_nothing_else() {
        let replaced = replace(
            PAGE,
            &["| new |\n| row |\n\n".to_owned(), "| y |\n".to_owned()],
        )
        .unwrap();
        assert_eq!(replaced, PAGE.replace("| x |", "| new |\n| row |"));
    }

    #[test]
    fn replacing_with_the_same_bodies_gives_the_same_text() {
        for text in [PAGE, "", "no block\n", "no line break at the end"] {
            let bodies: Vec<String> = find(text)
                .unwrap()
                .into_iter()
                .map(|block| block.body)
                .collect();
            assert_eq!(replace(text, &bodies).unwrap(), text);
        }
    }

    #[test]
    fn an_empty_block_is_filled() {
        let text = "<!-- results: r.json -->\n<!-- /results -->\n";
        assert_eq!(
            replace(text, &["| x |".to_owned()]).unwrap(),
            "<!-- results: r.json -->\n| x |\n<!-- /results -->\n"
        );
    }

    #[test]
    fn a_marker_without_its_partner_is_refused_with_its_line() {
        let problem = |text| find(text).unwrap_err();
        assert_eq!(
            problem("\n<!-- results: r.json -->\n"),
            LoneMarker {
                line: 2,
                problem: "this block is never closed"
            }
        );
        assert_eq!(
            problem("<!-- /results -->\n").problem,
            "this marker closes a block that was never opened"
        );
        let nested = "<!-- results: a.json -->\n<!-- results: b.json -->\n<!-- /results -->\n";
        assert_eq!(
            problem(nested),
            LoneMarker {
                line: 1,
                problem: "this block is still open where the next one starts"
            }
        );
    }

    #[test]
    fn markers_in_a_fenced_code_block_are_text() {
        let text = "```text\n<!-- results: r.json -->\n<!-- /results -->\n```\n<!-- results: s.json -->\n<!-- /results -->\n";
        let records: Vec<String> = find(text)
            .unwrap()
            .into_iter()
            .map(|block| block.record)
            .collect();
        assert_eq!(records, ["s.json"]);
    }

    #[test]
    fn a_note_that_stands_above_is_left_out_with_the_heading_of_an_empty_list() {
        let body = |own: &str, point: &str| {
            format!(
                "**T**\n\n| a |\n|--:|\n| {own} |\n\na: {own}.\nb: both.\n\nSettings: x.\n\nOpen:\n\n- {point}\n  more\n"
            )
        };
        let bodies = [body("1", "p"), body("2", "p"), body("3", "q")];
        let short = notes_once(&bodies);
        assert_eq!(short[0], bodies[0]);
        assert_eq!(
            short[1],
            "**T**\n\n| a |\n|--:|\n| 2 |\n\na: 2.\n\nSettings: x.\n\nOther notes: as above.\n"
        );
        assert_eq!(
            short[2],
            "**T**\n\n| a |\n|--:|\n| 3 |\n\na: 3.\n\nSettings: x.\n\nOpen:\n\n- q\n  more\n\nOther notes: as above.\n"
        );
    }
}
