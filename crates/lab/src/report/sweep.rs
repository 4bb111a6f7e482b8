//! Everything about one sweep: its points, its figure, its runs, and the file that makes it again.

use super::StoredSweep;
use super::figure::wide_figure;
use super::numbers::{filled, open_scroll};
use super::repeat::{code, together};
use crate::count::{plural, thousands};
use crate::escape::{escaped, prose};
use crate::sweep::{cells, chart, notes};
use crate::{SweepRecord, SweepRow};

/// Parts of a section: the end of the anchor, and the heading.
pub(super) const PARTS: [(&str, &str); 4] = [
    ("points", "Points"),
    ("figure", "Along each axis"),
    ("runs", "Runs and how to repeat them"),
    ("definition", "Definition"),
];

/// What a sweep is about, in a line.
pub(super) fn subject(record: &SweepRecord) -> String {
    let (points, runs) = (
        plural(record.points.len(), "point"),
        plural(record.points[0].runs, "run"),
    );
    format!(
        "Sweep over {}: {points}, {runs} each, scored on {}",
        axes_in_words(&record.axes()),
        record.definition.scored_on
    )
}

/// The first axes by name, because a sweep over the parameters of many rules has a long list; the
/// table of points has them all.
fn axes_in_words(axes: &[&str]) -> String {
    const NAMED: usize = 4;
    match axes.len() {
        0 => "nothing".to_owned(),
        count if count <= NAMED + 1 => axes.join(", "),
        count => format!("{} and {} more", axes[..NAMED].join(", "), count - NAMED),
    }
}

/// The point with the highest mean accuracy, in words; nothing where points have nothing to
/// compare.
pub(super) fn highest(record: &SweepRecord) -> String {
    record.best().map_or_else(String::new, |best| {
        format!(
            "highest: {:.2} % with {}",
            best.accuracy.mean,
            best.in_words()
        )
    })
}

/// The section of a sweep.
pub(super) fn section(stored: &StoredSweep, anchor: &str) -> String {
    let (record, definition) = (&stored.record, &stored.record.definition);
    let mut html = format!(
        "<section id=\"{anchor}\" aria-labelledby=\"{anchor}.title\">\n<h2 id=\"{anchor}.title\">{}</h2>\n<p class=\"subject\">{}. From <code>{}</code>.</p>\n",
        escaped(stored.title()),
        escaped(&subject(record)),
        escaped(&stored.name)
    );
    if let Some(reduced) = &definition.reduced {
        html += &format!(
            "<p class=\"reduced\"><strong>NOT the full sweep:</strong> {}.</p>\n",
            prose(reduced)
        );
    }
    if !definition.unverified.is_empty() {
        let sets = prose(&definition.unverified.join("; "));
        html +=
            &format!("<p class=\"reduced\"><strong>NOT the official files:</strong> {sets}.</p>\n");
    }
    html += &format!("<p>Made by</p>\n{}", code(&definition.command));
    for (name, heading) in PARTS {
        html += &format!("<h3 id=\"{anchor}.{name}\">{heading}</h3>\n");
        html += &match name {
            "points" => points(record),
            "figure" => figure(record),
            "runs" => together(
                record
                    .points
                    .iter()
                    .enumerate()
                    .map(|(index, point)| runs(record, index, point)),
            ),
            _ => format!(
                "<p>The file <code>{}.toml</code>:</p>\n{}<p>Program version {}, kernel class {}.</p>\n",
                escaped(&definition.sweep),
                code(&definition.file),
                escaped(&definition.program),
                escaped(&definition.kernel)
            ),
        };
    }
    html + "</section>\n"
}

fn points(record: &SweepRecord) -> String {
    let (head, rows) = cells(record);
    let axes = record.axes().len();
    let column = |index: usize| {
        if index < axes {
            ""
        } else {
            " class=\"number\""
        }
    };
    let head = head
        .iter()
        .enumerate()
        .map(|(index, name)| format!("<th scope=\"col\"{}>{}</th>", column(index), escaped(name)));
    let rows = rows.iter().map(|row| {
        let cell = |(index, cell): (usize, &String)| {
            let (tag, kind) = if index < axes {
                ("th", " scope=\"row\"")
            } else {
                ("td", "")
            };
            format!("<{tag}{kind}>{}</{tag}>", filled(cell))
        };
        format!(
            "<tr>{}</tr>\n",
            row.iter().enumerate().map(cell).collect::<String>()
        )
    });
    let caption = format!(
        "Every point; accuracy on {} {}",
        thousands(record.points[0].scored as u64),
        record.definition.scored_on
    );
    let notes = notes(record)
        .lines()
        .map(|line| format!("<p class=\"subject\">{}</p>\n", prose(line)))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "{}<table>\n<caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>\n{notes}",
        open_scroll(&caption),
        escaped(&caption),
        head.collect::<String>(),
        rows.collect::<String>()
    )
}

fn figure(record: &SweepRecord) -> String {
    match chart(record) {
        Ok(Some((svg, description))) => wide_figure("Figure of the sweep", &svg, &description),
        Ok(None) => "<p>No axis of this sweep has numbers to draw, or it has more lines than a reader can follow; the points above are all of it.</p>\n"
            .to_owned(),
        Err(error) => format!("<p>The figure cannot be drawn: {}.</p>\n", escaped(&error.to_string())),
    }
}

/// The runs of a point, folded away.
fn runs(record: &SweepRecord, index: usize, point: &SweepRow) -> String {
    let title = format!("Point {}: {}", index + 1, point.in_words());
    let caption = format!("Runs of point {}", index + 1);
    let folds = (point.runs / record.definition.seeds.len().max(1)).max(1);
    let line = |run: usize| {
        let seed = record
            .definition
            .seeds
            .get(run / folds)
            .map_or_else(|| format!("run {}", run + 1), ToString::to_string);
        let name = if folds > 1 {
            format!("{seed}, fold {}", run % folds + 1)
        } else {
            seed
        };
        let accuracy = point
            .accuracy
            .values
            .get(run)
            .map_or_else(String::new, |value| format!("{value:.2}"));
        let text = |values: &[String]| filled(values.get(run).map_or("", String::as_str));
        format!(
            "<tr><th scope=\"row\">{name}</th><td>{}</td><td class=\"digest\"><code>{}</code></td><td class=\"digest\"><code>{}</code></td></tr>\n",
            filled(&accuracy),
            text(&point.ids),
            text(&point.arrays_sha256)
        )
    };
    format!(
        "<details>\n<summary>{}</summary>\n<p>The <code>run.toml</code> of its first run, for <code>spinet train --config</code>{}:</p>\n{}{}<table>\n\
         <caption>{caption}</caption>\n<thead><tr><th scope=\"col\">seed</th><th scope=\"col\" class=\"number\">accuracy (%)</th><th scope=\"col\">run</th>\
         <th scope=\"col\">SHA-256 of the trained arrays</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n</details>\n",
        escaped(&title),
        if folds > 1 {
            " (which has all training samples, so its numbers are others)"
        } else {
            ""
        },
        code(point.run_toml.trim_end()),
        open_scroll(&caption),
        (0..point.runs.min(point.accuracy.values.len()))
            .map(line)
            .collect::<String>()
    )
}
