//! The document: head, contents, overview, one section a record.

use super::anchor::anchors;
use super::escape::escaped;
use super::numbers::open_scroll;
use super::section::{parts, section, subject};
use super::{Stored, StoredSweep, repeat, sweep};
use crate::count::plural;
use crate::table::against_the_best_other;

const STYLE: &str = include_str!("style.css");

/// Forbids every request and every script; what the page shows is inside it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Records as one HTML document, the full experiments first, then the smaller ones, then sweeps, otherwise in the given order.
///
/// It asks for nothing outside itself and runs no script; text from the records is escaped. The same records give the same
/// bytes: no clock is read.
pub fn report(records: &[Stored], sweeps: &[StoredSweep]) -> String {
    let mut records: Vec<&Stored> = records.iter().collect();
    records.sort_by_key(|stored| stored.record.definition.reduced.is_some());
    let anchors = anchors(records.iter().map(|stored| stored.title()).chain(sweeps.iter().map(StoredSweep::title)));
    let sweeps: Vec<(&StoredSweep, &str)> = sweeps.iter().zip(anchors[records.len()..].iter().map(String::as_str)).collect();
    let entries: Vec<(&Stored, &str)> = records.into_iter().zip(anchors.iter().map(String::as_str)).collect();
    let sections = entries.iter().map(|(stored, anchor)| section(stored, anchor));
    let sections: String = sections.chain(sweeps.iter().map(|(stored, anchor)| sweep::section(stored, anchor))).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>spinet report</title>\n<style>\n{STYLE}</style>\n</head>\n<body id=\"top\">\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<div class=\"page\">\n{}<main id=\"main\" tabindex=\"-1\">\n\
         <h1>spinet report</h1>\n<p>Tables and figures of Zhao, Zeng and Bai 2022, ours beside theirs, and sweeps, from {}.</p>\n{}{sections}</main>\n</div>\n\
         <footer><p>Made by <code>spinet report</code> {}. Every number stands in a record; the record names the command that makes it again.</p>\
         <p><a href=\"#top\">Back to the top</a></p></footer>\n</body>\n</html>\n",
        contents(&entries, &sweeps),
        plural(entries.len() + sweeps.len(), "record"),
        overview(&entries, &sweeps),
        env!("CARGO_PKG_VERSION"),
    )
}

/// Links to every record and its parts.
fn contents(entries: &[(&Stored, &str)], sweeps: &[(&StoredSweep, &str)]) -> String {
    let links = |anchor: &str, parts: &[(&str, &str)]| {
        parts.iter().map(|(name, heading)| format!("<li><a href=\"#{anchor}.{name}\">{heading}</a></li>\n")).collect::<String>()
    };
    let records = entries.iter().map(|(stored, anchor)| {
        let parts = links(anchor, &parts(&stored.record));
        let reduced = if stored.record.definition.reduced.is_some() { " <span class=\"tag\">reduced</span>" } else { "" };
        let title = escaped(stored.title());
        format!("<li><a href=\"#{anchor}\">{title}</a>{reduced}\n<ul>\n{parts}</ul></li>\n")
    });
    let sweeps = sweeps.iter().map(|(stored, anchor)| {
        let parts = links(anchor, &sweep::PARTS);
        format!("<li><a href=\"#{anchor}\">{}</a>\n<ul>\n{parts}</ul></li>\n", escaped(stored.title()))
    });
    format!(
        "<nav id=\"contents\" aria-label=\"Contents\">\n<ul>\n<li><a href=\"#overview\">Overview</a></li>\n{}</ul>\n</nav>\n",
        records.chain(sweeps).collect::<String>()
    )
}

/// One line a record: what it is, whether it is all of it, and what came out.
fn overview(entries: &[(&Stored, &str)], sweeps: &[(&StoredSweep, &str)]) -> String {
    let rows = entries.iter().map(|(stored, anchor)| {
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
    let rows = rows.chain(sweeps.iter().map(|(stored, anchor)| {
        format!(
            "<tr><th scope=\"row\"><a href=\"#{anchor}\">{}</a></th><td>{}</td><td>sweep</td><td class=\"verdicts\">{}</td></tr>\n",
            escaped(stored.title()),
            escaped(&sweep::subject(&stored.record)),
            escaped(&sweep::highest(&stored.record))
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
