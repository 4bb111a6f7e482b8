//! The document: head, contents, overview, one section a record.

use std::cmp::Reverse;

use super::anchor::anchors;
use super::numbers::{filled, open_scroll};
use super::section::{parts, section, subject};
use super::{Reported, Stored, StoredFigure, StoredSweep, figure, repeat, sweep};
use crate::count::plural;
use crate::escape::escaped;
use crate::results::TITLE;
use crate::table::against_the_best_other;

const STYLE: &str = include_str!("style.css");

/// Forbids every request and every script; what the page shows is inside it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Records as one HTML document: full experiments, then reduced ones, the largest of each first,
/// then figures and sweeps; what is alike in the given order.
///
/// It asks for nothing outside itself and runs no script; text from the records is escaped. The
/// same records give the same bytes: no clock is read.
pub fn report(reported: &Reported) -> String {
    let mut tables: Vec<&Stored> = reported.tables.iter().collect();
    tables.sort_by_key(|stored| {
        (
            stored.record.definition.reduced.is_some(),
            Reverse(stored.record.rows.len()),
        )
    });
    let titles = tables.iter().map(|stored| stored.title());
    let titles = titles
        .chain(reported.figures.iter().map(StoredFigure::title))
        .chain(reported.sweeps.iter().map(StoredSweep::title));
    let anchors = anchors(titles);
    let mut anchor = anchors.iter().map(String::as_str);
    let entries = Entries {
        tables: tables.into_iter().zip(anchor.by_ref()).collect(),
        figures: reported.figures.iter().zip(anchor.by_ref()).collect(),
        sweeps: reported.sweeps.iter().zip(anchor.by_ref()).collect(),
    };
    let sections = entries
        .tables
        .iter()
        .map(|(stored, anchor)| section(stored, anchor));
    let sections = sections.chain(
        entries
            .figures
            .iter()
            .map(|(stored, anchor)| figure::section(stored, anchor)),
    );
    let sections: String = sections
        .chain(
            entries
                .sweeps
                .iter()
                .map(|(stored, anchor)| sweep::section(stored, anchor)),
        )
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         {TITLE}\n<style>\n{STYLE}</style>\n</head>\n<body id=\"top\">\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<div class=\"page\">\n{}<main id=\"main\" tabindex=\"-1\">\n\
         <h1>spinet report</h1>\n<p>Tables and figures of Zhao, Zeng and Bai 2022, ours beside theirs, and other experiments, from {}.</p>\n{}{sections}</main>\n</div>\n\
         <footer><p>Made by <code>spinet report</code> {}. Every number stands in a record; the record names the command that makes it again.</p>\
         <p><a href=\"#top\">Back to the top</a></p></footer>\n</body>\n</html>\n",
        contents(&entries),
        plural(reported.len(), "record"),
        overview(&entries),
        env!("CARGO_PKG_VERSION"),
    )
}

/// Every record with its anchor.
struct Entries<'a> {
    tables: Vec<(&'a Stored, &'a str)>,
    figures: Vec<(&'a StoredFigure, &'a str)>,
    sweeps: Vec<(&'a StoredSweep, &'a str)>,
}

/// Links to every record and its parts.
fn contents(entries: &Entries) -> String {
    let links = |anchor: &str, parts: &[(&str, &str)]| {
        parts
            .iter()
            .map(|(name, heading)| format!("<li><a href=\"#{anchor}.{name}\">{heading}</a></li>\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    let entry = |anchor: &str, title: &str, is_reduced: bool, parts: &[(&str, &str)]| {
        let reduced = if is_reduced {
            " <span class=\"tag\">reduced</span>"
        } else {
            ""
        };
        format!(
            "<li><a href=\"#{anchor}\">{}</a>{reduced}\n<ul>\n{}</ul></li>\n",
            escaped(title),
            links(anchor, parts)
        )
    };
    let tables = entries.tables.iter().map(|(stored, anchor)| {
        entry(
            anchor,
            stored.title(),
            stored.record.definition.reduced.is_some(),
            &parts(&stored.record),
        )
    });
    let figures = entries.figures.iter().map(|(stored, anchor)| {
        entry(
            anchor,
            stored.title(),
            stored.record.reduced.is_some(),
            &figure::PARTS,
        )
    });
    let sweeps = entries.sweeps.iter().map(|(stored, anchor)| {
        entry(
            anchor,
            stored.title(),
            stored.record.definition.reduced.is_some(),
            &sweep::PARTS,
        )
    });
    format!(
        "<nav id=\"contents\" aria-label=\"Contents\">\n<ul>\n<li><a href=\"#overview\">Overview</a></li>\n{}</ul>\n</nav>\n",
        tables.chain(figures).chain(sweeps).collect::<String>()
    )
}

/// One line a record: what it is, whether it is all of it, and what came out.
fn overview(entries: &Entries) -> String {
    let rows = entries.tables.iter().map(|(stored, anchor)| {
        let definition = &stored.record.definition;
        let extent = definition.reduced.as_ref().map_or("full experiment", |_| "<strong>NOT the full experiment</strong>");
        let verdicts = against_the_best_other(&stored.record);
        let verdicts: Vec<String> = verdicts.iter().map(|line| escaped(line)).collect();
        let verdicts = if verdicts.is_empty() { "<span class=\"none\">–</span>".to_owned() } else { verdicts.join("<br>") };
        format!(
            "<tr><th scope=\"row\"><a href=\"#{anchor}\">{}</a></th><td>{}</td><td>{extent}</td><td class=\"verdicts\">{verdicts}</td></tr>\n",
            escaped(stored.title()),
            escaped(&subject(&stored.record))
        )
    });
    let line = |anchor: &str, title: &str, subject: &str, extent: &str, verdict: &str| {
        format!(
            "<tr><th scope=\"row\"><a href=\"#{anchor}\">{}</a></th><td>{}</td><td>{extent}</td><td class=\"verdicts\">{}</td></tr>\n",
            escaped(title),
            escaped(subject),
            filled(verdict)
        )
    };
    let rows = rows.chain(entries.figures.iter().map(|(stored, anchor)| {
        let extent = if stored.record.reduced.is_some() {
            "<strong>NOT the full figure</strong>"
        } else {
            "figure"
        };
        line(anchor, stored.title(), &stored.record.title, extent, "")
    }));
    let rows = rows.chain(entries.sweeps.iter().map(|(stored, anchor)| {
        let extent = if stored.record.definition.reduced.is_some() {
            "<strong>NOT the full sweep</strong>"
        } else {
            "sweep"
        };
        line(
            anchor,
            stored.title(),
            &sweep::subject(&stored.record),
            extent,
            &sweep::highest(&stored.record),
        )
    }));
    format!(
        "<section id=\"overview\" aria-labelledby=\"overview.title\">\n<h2 id=\"overview.title\">Overview</h2>\n{}<table class=\"words\">\n\
         <caption>All records</caption>\n<thead><tr><th scope=\"col\">record</th><th scope=\"col\">experiment</th><th scope=\"col\">extent</th>\
         <th scope=\"col\">bdnn-dsd minus the best of the others [95 %, paired]; in a sweep the highest point</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n\
         <p>This page again, from the same folder:</p>\n{}</section>\n",
        open_scroll("All records"),
        rows.collect::<String>(),
        repeat::code("spinet report DIR")
    )
}
