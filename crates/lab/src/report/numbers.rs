//! Ours beside the paper's: the table that a reader came for.

use super::repeat;
use crate::Record;
use crate::escape::{escaped, prose};
use crate::table::{
    AFTER_THE_PAPERS_EPOCHS, AGAINST_THE_BEST, after_the_papers_epochs, against_the_best_other,
    cells, sections,
};

const HEAD: &str = "\
<thead>
<tr><th scope=\"col\" rowspan=\"2\" class=\"number\">hidden units</th><th scope=\"col\" rowspan=\"2\">method</th>\
<th scope=\"colgroup\" colspan=\"4\">test accuracy (%)</th><th scope=\"colgroup\" colspan=\"3\">speed-up L</th></tr>
<tr><th scope=\"col\" class=\"number\">ours</th><th scope=\"col\" class=\"number\">paper</th><th scope=\"col\" class=\"number\">difference</th>\
<th scope=\"col\" class=\"number\">over initial [95 %]</th><th scope=\"col\" class=\"number\">ours</th><th scope=\"col\" class=\"number\">paper</th>\
<th scope=\"col\" class=\"number\">difference</th></tr>
</thead>
";

const NOTES: &str = "\
<dl class=\"notes\">
<dt>ours</dt><dd>mean ± standard deviation over the runs, on the test samples after the last epoch</dd>
<dt>difference</dt><dd>ours minus the paper’s</dd>
<dt>over initial</dt><dd>mean difference to the initial network of the same seed, with its 95 % confidence interval (paired)</dd>
<dt>L</dt><dd>how many times faster than the initial network of the same seed, at the accuracy level with the largest difference in time</dd>
</dl>
";

/// Tables of all rows, what the columns mean, and the verdicts.
pub(super) fn numbers(record: &Record, anchor: &str) -> String {
    let mut html = String::new();
    for (title, rows) in sections(record) {
        html += &format!(
            "{}<table>\n<caption>{}</caption>\n{HEAD}",
            open_scroll(&title),
            escaped(&title)
        );
        for group in rows.chunk_by(|a, b| a.hidden == b.hidden) {
            html += "<tbody>\n";
            for row in group {
                let [hidden, method, values @ ..] = cells(row);
                let link = format!(
                    "<a href=\"#{}\">{}</a>",
                    repeat::anchor(record, anchor, row),
                    escaped(&method)
                );
                let values = values
                    .iter()
                    .map(|value| format!("<td>{}</td>", filled(value)))
                    .collect::<Vec<_>>()
                    .concat();
                html +=
                    &format!("<tr><td>{hidden}</td><th scope=\"row\">{link}</th>{values}</tr>\n");
            }
            html += "</tbody>\n";
        }
        html += "</table></div>\n";
    }
    html += NOTES;
    for (title, lines) in [
        (AGAINST_THE_BEST, against_the_best_other(record)),
        (AFTER_THE_PAPERS_EPOCHS, after_the_papers_epochs(record)),
    ] {
        if !lines.is_empty() {
            html += &format!("<h4>{}</h4>\n{}", escaped(title), list(&lines));
        }
    }
    html
}

/// The start of a box in which a wide table scrolls, for the mouse and for the keyboard.
pub(super) fn open_scroll(label: &str) -> String {
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">",
        escaped(label)
    )
}

/// Points as a list.
pub(super) fn list(points: &[String]) -> String {
    let points = points
        .iter()
        .map(|point| format!("<li>{}</li>\n", prose(point)))
        .collect::<Vec<_>>()
        .concat();
    format!("<ul>\n{points}</ul>\n")
}

/// A cell without a value says so.
pub(super) fn filled(value: &str) -> String {
    if value.is_empty() {
        "<span class=\"none\">–</span>".to_owned()
    } else {
        escaped(value)
    }
}
