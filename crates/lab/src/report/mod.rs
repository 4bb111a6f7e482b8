//! A report: records as one HTML file that needs no network and no script.
//!
//! ```text
//! mod.rs       the document: head, contents, overview, one section for each record
//! tables.rs    the parts about the paper's tables: ours beside the paper's, curves, definition
//! repeat.rs    every run: what it gave, its digests, the command that repeats it
//! sweep.rs     the parts about a sweep
//! anchor.rs    names that links lead to
//! ```
//!
//! Everything in it comes from the records, so the same records give the same bytes.

mod anchor;
mod repeat;
mod sweep;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Reverse;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::count::plural;
use crate::escape::harmless;
use crate::html::{code, figure, filled, prose, scroll};
use crate::paper::table::{against_the_best_other, seeds_in_words};
use crate::table::{Column, Table};
use crate::{AnyRecord, FigureRecord, figure_svg, study};

/// A record and the name it is shown with.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Path of its file, as the reader knows it; the record's anchor is made from it, without
    /// `.json`.
    pub name: String,
    /// The record.
    pub record: AnyRecord,
}

const STYLE: &str = include_str!("style.css");
/// Forbids every request and every script; what the page shows is inside it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// A part of a section: the end of its anchor, its heading, and what is in it.
type Part = (&'static str, &'static str, Markup);

/// A record with everything about it.
struct Entry<'a> {
    title: &'a str,
    anchor: String,
    stored: &'a Stored,
    parts: Vec<Part>,
}

/// Records as one HTML document: full experiments, then reduced ones, the largest of each first,
/// then figures and sweeps; what is alike in the given order.
///
/// It asks for nothing outside itself and runs no script; text from the records is escaped. The
/// same records give the same bytes: no clock is read.
pub fn report(records: &[Stored]) -> String {
    let mut records: Vec<&Stored> = records.iter().collect();
    records.sort_by_key(|stored| match &stored.record {
        AnyRecord::Tables(record) => (
            usize::from(stored.record.reduced().is_some()),
            Reverse(record.rows.len()),
        ),
        AnyRecord::Figure(_) => (2, Reverse(0)),
        AnyRecord::Sweep(_) => (3, Reverse(0)),
    });
    let title = |stored: &&'_ Stored| {
        stored
            .name
            .strip_suffix(".json")
            .unwrap_or(&stored.name)
            .len()
    };
    let titles: Vec<&str> = records
        .iter()
        .map(|stored| &stored.name[..title(stored)])
        .collect();
    let anchors = anchor::anchors(titles.iter().copied());
    let entries: Vec<Entry> = records
        .into_iter()
        .zip(titles)
        .zip(anchors)
        .map(|((stored, title), anchor)| {
            let parts = parts(&stored.record, &anchor);
            Entry {
                title,
                anchor,
                stored,
                parts,
            }
        })
        .collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                "\n" title { "spinet report" } "\n"
                style { (PreEscaped(STYLE)) }
            }
            body id="top" {
                a.skip href="#main" { "Skip to the content" }
                div.page {
                    (contents(&entries))
                    main id="main" tabindex="-1" {
                        h1 { "spinet report" }
                        p {
                            "Tables and figures of Zhao, Zeng and Bai 2022, ours beside theirs, and other experiments, from "
                            (plural(entries.len(), "record")) "."
                        }
                        (overview(&entries))
                        @for entry in &entries { (section(entry)) }
                    }
                }
                footer {
                    p {
                        "Made by " code { "spinet report" } " " (env!("CARGO_PKG_VERSION"))
                        ". Every number is in a record; the record names the command that makes it again."
                    }
                    p { a href="#top" { "Back to the top" } }
                }
            }
        }
    };
    harmless(&page.into_string()) + "\n"
}

fn parts(record: &AnyRecord, anchor: &str) -> Vec<Part> {
    match record {
        AnyRecord::Tables(record) => tables::parts(record, anchor),
        AnyRecord::Figure(record) => figure_parts(record),
        AnyRecord::Sweep(record) => sweep::parts(record),
    }
}

/// What a record is about, in a line.
fn subject(record: &AnyRecord) -> String {
    match record {
        AnyRecord::Tables(record) => tables::subject(record),
        AnyRecord::Figure(record) => record.title.clone(),
        AnyRecord::Sweep(record) => sweep::subject(record),
    }
}

/// Links to every record and its parts.
fn contents(entries: &[Entry]) -> Markup {
    html! {
        nav id="contents" aria-label="Contents" {
            ul {
                li { a href="#overview" { "Overview" } }
                @for Entry { title, anchor, stored, parts } in entries {
                    li {
                        a href={ "#" (anchor) } { (title) }
                        @if stored.record.reduced().is_some() { " " span.tag { "reduced" } }
                        ul {
                            @for (name, heading, _) in parts {
                                li { a href={ "#" (anchor) "." (name) } { (heading) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One line for each record: what it is, whether it is all of it, and what came out.
fn overview(entries: &[Entry]) -> Markup {
    let extent = |record: &AnyRecord| match (record.reduced(), record) {
        (Some(_), _) => html! { strong { "NOT the full " (record.kind()) } },
        (None, AnyRecord::Tables(_)) => html! { "full experiment" },
        (None, _) => html! { (record.kind()) },
    };
    let verdicts = |record: &AnyRecord| match record {
        AnyRecord::Tables(record) => against_the_best_other(record),
        AnyRecord::Figure(_) => Vec::new(),
        AnyRecord::Sweep(record) => sweep::highest(record).into_iter().collect(),
    };
    let table = html! {
        table.words {
            caption { "All records" }
            thead { tr {
                th scope="col" { "record" }
                th scope="col" { "experiment" }
                th scope="col" { "extent" }
                th scope="col" {
                    "bdnn-dsd minus the best of the others [95 % CI, paired]; in a sweep the highest configuration"
                }
            } }
            tbody {
                @for Entry { title, anchor, stored, .. } in entries {
                    @let verdicts = verdicts(&stored.record);
                    tr {
                        th scope="row" { a href={ "#" (anchor) } { (title) } }
                        td { (subject(&stored.record)) }
                        td { (extent(&stored.record)) }
                        td.verdicts {
                            @if verdicts.is_empty() { (filled("")) }
                            @for (index, line) in verdicts.iter().enumerate() {
                                @if index > 0 { br; }
                                (line)
                            }
                        }
                    }
                    "\n"
                }
            }
        }
    };
    html! {
        section id="overview" aria-labelledby="overview.title" {
            h2 id="overview.title" { "Overview" }
            (scroll("All records", &table))
            p { "This page again, from the same folder:" }
            (code("spinet report DIR"))
        }
    }
}

/// Everything about one record.
fn section(
    Entry {
        title,
        anchor,
        stored,
        parts,
    }: &Entry,
) -> Markup {
    html! {
        section id=(anchor) aria-labelledby={ (anchor) ".title" } {
            h2 id={ (anchor) ".title" } { (title) }
            p.subject { (subject(&stored.record)) ". From " code { (stored.name) } "." }
            @for (fact, details) in stored.record.warnings() {
                p.reduced { strong { (fact) ":" } " " (prose(&details)) "." }
            }
            p { "Made by" }
            (code(stored.record.command()))
            @for (name, heading, part) in parts {
                h3 id={ (anchor) "." (name) } { (heading) }
                (part)
            }
        }
    }
}

/// The parts about a figure that is not a sweep.
fn figure_parts(record: &FigureRecord) -> Vec<Part> {
    let drawing = figure_svg(record).map(|svg| (svg, record.description.clone()));
    let mut table = study::table(record);
    "What sums the panels up, mean over the runs".clone_into(&mut table.caption);
    table.columns.insert(1, ("rules".to_owned(), Column::Code));
    for (row, panel) in table.rows.iter_mut().zip(&record.panels) {
        row.insert(
            1,
            if panel.rules.is_empty() {
                "none".to_owned()
            } else {
                panel.rules.join(" + ")
            },
        );
    }
    let definition = html! {
        p {
            (seeds_in_words(&record.seeds)) ", program version " (record.program) ", kernel class "
            (record.kernel) "."
        }
    };
    vec![
        ("figure", "Figure", figure(drawing, &record.title, true)),
        ("numbers", "Numbers", table.html(&[])),
        ("definition", "Definition", definition),
    ]
}

/// What a run gave: its seed, some numbers, and what a repetition must meet.
fn runs_table<'a>(
    caption: String,
    numbers: &[(&str, &[f64])],
    texts: [&'a [String]; 2],
    seed: impl Fn(usize) -> String,
) -> Table {
    let digest = |texts: &'a [String], run: usize| texts.get(run).cloned().unwrap_or_default();
    let rows = (0..numbers.first().map_or(0, |(_, values)| values.len())).map(|run| {
        let numbers = numbers.iter().map(|(_, values)| {
            values
                .get(run)
                .map_or_else(String::new, |value| format!("{value:.2}"))
        });
        let texts = texts.map(|texts| digest(texts, run));
        std::iter::once(seed(run))
            .chain(numbers)
            .chain(texts)
            .collect()
    });
    let columns = std::iter::once(("seed", Column::Word))
        .chain(numbers.iter().map(|(name, _)| (*name, Column::Number)))
        .chain([
            ("run", Column::Code),
            ("SHA-256 of the trained arrays", Column::Code),
        ]);
    Table::new(caption, columns, rows)
}
