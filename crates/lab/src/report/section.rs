//! Everything about one record.

use super::Stored;
use super::curves;
use super::numbers::{list, numbers, open_scroll};
use super::repeat;
use crate::escape::{escaped, prose};
use crate::table::{sections, seeds_in_words};
use crate::{Definition, Record};

/// Parts of a section: the end of the anchor, and the heading. [`parts`] leaves out what a record
/// has not.
const NUMBERS: (&str, &str) = ("numbers", "Numbers");
const ACCURACY: (&str, &str) = ("accuracy", "Accuracy over the epochs");
const SPINES: (&str, &str) = ("spines", "Spine counts over the epochs");
const RUNS: (&str, &str) = ("runs", "Runs and how to repeat them");
const DEFINITION: (&str, &str) = ("definition", "Definition");

/// The parts that a record's section has.
pub(super) fn parts(record: &Record) -> Vec<(&'static str, &'static str)> {
    let has_spines = record.rows.iter().any(|row| !row.curve.counts.is_empty());
    [NUMBERS, ACCURACY, SPINES, RUNS, DEFINITION]
        .into_iter()
        .filter(|part| has_spines || *part != SPINES)
        .collect()
}

/// What a record is about: the titles of its tables, each once.
pub(super) fn subject(record: &Record) -> String {
    let mut titles: Vec<String> = Vec::new();
    for (title, _) in sections(record) {
        let title = title
            .split_once(';')
            .map_or(title.as_str(), |(title, _)| title)
            .to_owned();
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles.join("; ")
}

/// The section of a record.
pub(super) fn section(stored: &Stored, anchor: &str) -> String {
    let record = &stored.record;
    let mut html = format!(
        "<section id=\"{anchor}\" aria-labelledby=\"{anchor}.title\">\n<h2 id=\"{anchor}.title\">{}</h2>\n<p class=\"subject\">{}. From <code>{}</code>.</p>\n",
        escaped(stored.title()),
        escaped(&subject(record)),
        escaped(&stored.name)
    );
    if let Some(reduced) = &record.definition.reduced {
        html += &format!(
            "<p class=\"reduced\"><strong>NOT the full experiment:</strong> {}.</p>\n",
            prose(reduced)
        );
    }
    if !record.definition.unverified.is_empty() {
        let sets = prose(&record.definition.unverified.join("; "));
        html +=
            &format!("<p class=\"reduced\"><strong>NOT the official files:</strong> {sets}.</p>\n");
    }
    html += &format!(
        "<p>Made by</p>\n{}",
        repeat::code(&record.definition.command)
    );
    for (name, heading) in parts(record) {
        html += &format!("<h3 id=\"{anchor}.{name}\">{heading}</h3>\n");
        html += &match name {
            "numbers" => numbers(record, anchor),
            "accuracy" => curves::accuracy(record),
            "spines" => curves::spines(record),
            "runs" => repeat::runs(record, anchor),
            _ => definition(&record.definition),
        };
    }
    html + "</section>\n"
}

/// What was run: the settings in the open, long lists folded away.
fn definition(definition: &Definition) -> String {
    let settings = [
        ("experiments", definition.experiments.join(", ")),
        (
            "command",
            format!("`{}`", definition.command.replace('`', "'")),
        ),
        ("program version", definition.program.clone()),
        ("kernel class", definition.kernel.clone()),
        ("seeds", seeds_in_words(&definition.seeds)),
        ("learning rate", definition.learning_rate.to_string()),
        ("batch", definition.settings.batch.to_string()),
        ("initial weights", definition.settings.initialiser.clone()),
        (
            "momentum",
            definition
                .settings
                .momentum
                .clone()
                .unwrap_or_else(|| "0".to_owned()),
        ),
        (
            "pixels standardized by",
            definition
                .settings
                .standardize
                .clone()
                .unwrap_or_else(|| "none".to_owned()),
        ),
    ];
    let settings = settings
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", prose(value)));
    let mut html = format!(
        "<dl class=\"settings\">\n{}</dl>\n",
        settings.collect::<String>()
    );
    for (title, points) in [
        ("Length of a run", &definition.lengths),
        (
            "Tuned on validation folds of the training samples",
            &definition.tuned,
        ),
        (
            "What the paper leaves open, and what was chosen",
            &definition.open_points,
        ),
    ] {
        if !points.is_empty() {
            html += &format!(
                "<details class=\"printed\">\n<summary>{title}</summary>\n{}</details>\n",
                list(points)
            );
        }
    }
    html + &digests(definition)
}

fn digests(definition: &Definition) -> String {
    if definition.digests.is_empty() {
        return String::new();
    }
    let rows = definition.digests.iter().map(|(data, [train, test])| {
        let cell =
            |digest: &str| format!("<td class=\"digest\"><code>{}</code></td>", escaped(digest));
        format!(
            "<tr><th scope=\"row\">{}</th>{}{}</tr>\n",
            escaped(data),
            cell(train),
            cell(test)
        )
    });
    format!(
        "<details class=\"printed\">\n<summary>Digests of the data</summary>\n{}<table>\n<caption>SHA-256 of the samples, by data set</caption>\n\
         <thead><tr><th scope=\"col\">data set</th><th scope=\"col\">training samples</th><th scope=\"col\">test samples</th></tr></thead>\n\
         <tbody>\n{}</tbody></table></div>\n</details>\n",
        open_scroll("Digests of the data"),
        rows.collect::<String>()
    )
}
