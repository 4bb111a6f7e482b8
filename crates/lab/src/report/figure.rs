//! A figure of the paper, or another study that is no sweep: its drawing, the numbers that sum it
//! up, and how it was made.

use super::StoredFigure;
use super::numbers::{filled, open_scroll};
use super::repeat::code;
use crate::escape::{escaped, prose};
use crate::study::short;
use crate::table::seeds_in_words;
use crate::{FigurePanel, FigureRecord, figure_svg};

/// Parts of a section: the end of the anchor, and the heading.
pub(super) const PARTS: [(&str, &str); 3] = [
    ("figure", "Figure"),
    ("numbers", "Numbers"),
    ("definition", "Definition"),
];

/// The section of a figure.
pub(super) fn section(stored: &StoredFigure, anchor: &str) -> String {
    let record = &stored.record;
    let mut html = format!(
        "<section id=\"{anchor}\" aria-labelledby=\"{anchor}.title\">\n<h2 id=\"{anchor}.title\">{}</h2>\n<p class=\"subject\">{}. From <code>{}</code>.</p>\n",
        escaped(stored.title()),
        escaped(&record.title),
        escaped(&stored.name)
    );
    if let Some(reduced) = &record.reduced {
        html += &format!(
            "<p class=\"reduced\"><strong>NOT the full figure:</strong> {}.</p>\n",
            prose(reduced)
        );
    }
    html += &format!("<p>Made by</p>\n{}", code(&record.command));
    for (name, heading) in PARTS {
        html += &format!("<h3 id=\"{anchor}.{name}\">{heading}</h3>\n");
        html += &match name {
            "figure" => drawing(record),
            "numbers" => numbers(record),
            _ => format!(
                "<p>{}, program version {}, kernel class {}.</p>\n",
                escaped(&seeds_in_words(&record.seeds)),
                escaped(&record.program),
                escaped(&record.kernel)
            ),
        };
    }
    html + "</section>\n"
}

/// A drawing over the whole width with its words.
pub(super) fn wide_figure(label: &str, svg: &str, description: &str) -> String {
    let surface = open_scroll(label).replace("\"scroll\"", "\"scroll surface\"");
    let (svg, description) = (svg.trim_end(), escaped(description));
    format!(
        "<figure class=\"wide\">\n{surface}{svg}</div>\n<figcaption>{description}.</figcaption>\n</figure>\n"
    )
}

fn drawing(record: &FigureRecord) -> String {
    match figure_svg(record) {
        Ok(svg) => wide_figure(&record.title, &svg, &record.description),
        Err(error) => format!(
            "<p>The figure cannot be drawn: {}.</p>\n",
            escaped(&error.to_string())
        ),
    }
}

/// What sums the panels up, one row a panel.
fn numbers(record: &FigureRecord) -> String {
    let names = record.summary_names();
    let head = names
        .iter()
        .map(|name| format!("<th scope=\"col\" class=\"number\">{}</th>", escaped(name)));
    let row = |panel: &FigurePanel| {
        let cells = names.iter().map(|name| {
            panel
                .summary
                .get(*name)
                .map_or_else(String::new, |value| short(*value))
        });
        let cells = cells
            .map(|cell| format!("<td>{}</td>", filled(&cell)))
            .collect::<Vec<_>>()
            .concat();
        let rules = if panel.rules.is_empty() {
            "none".to_owned()
        } else {
            panel.rules.join(" + ")
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"digest\"><code>{}</code></td>{cells}</tr>\n",
            escaped(&panel.title),
            escaped(&rules)
        )
    };
    let caption = "What sums the panels up, mean over the runs";
    format!(
        "{}<table>\n<caption>{caption}</caption>\n<thead><tr><th scope=\"col\">panel</th><th scope=\"col\">rules</th>{}</tr></thead>\n\
         <tbody>\n{}</tbody></table></div>\n",
        open_scroll(caption),
        head.collect::<Vec<_>>().concat(),
        record.panels.iter().map(row).collect::<Vec<_>>().concat()
    )
}
