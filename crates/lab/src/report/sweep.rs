//! The parts about a sweep: its configurations, its figure, its runs, and the file that makes it
//! again.

use maud::{Markup, html};

use super::{Part, runs_table};
use crate::count::{plural, thousands};
use crate::html::{code, figure, prose};
use crate::sweep::{chart, notes, table};
use crate::{SweepRecord, SweepRow};

/// What a sweep is about, in a line.
pub(super) fn subject(record: &SweepRecord) -> String {
    format!(
        "Sweep over {}: {}, {} each, scored on {}",
        axes_in_words(&record.axes()),
        plural(record.points.len(), "configuration"),
        plural(record.points[0].runs, "run"),
        record.definition.scored_on
    )
}

/// The first axes by name, because a sweep over the parameters of many rules has a long list; the
/// table of configurations has them all.
fn axes_in_words(axes: &[&str]) -> String {
    const NAMED: usize = 4;
    match axes.len() {
        0 => "nothing".to_owned(),
        count if count <= NAMED + 1 => axes.join(", "),
        count => format!("{} and {} more", axes[..NAMED].join(", "), count - NAMED),
    }
}

/// The configuration with the highest mean accuracy, in words; none where there is nothing to
/// compare.
pub(super) fn highest(record: &SweepRecord) -> Option<String> {
    let best = record.best()?;
    Some(format!(
        "highest: {:.2} % with {}",
        best.accuracy.mean,
        best.in_words()
    ))
}

/// The parts of its section.
pub(super) fn parts(record: &SweepRecord) -> Vec<Part> {
    let definition = &record.definition;
    let mut table = table(record);
    table.caption = format!(
        "Every configuration; {} on {} {}",
        record.measure(),
        thousands(record.points[0].scored as u64),
        definition.scored_on
    );
    let configurations = html! {
        (table.html(&[]))
        @for line in notes(record).lines() { p.subject { (prose(line)) } }
    };
    let drawing = html! {
        @if let Some(drawing) = chart(record).transpose() {
            (figure(drawing, "The figure of the sweep", true))
        } @else {
            p { "No axis of this sweep has numbers to draw, or it has more lines than a reader can follow; the configurations above are all of it." }
        }
    };
    let all_runs = html! {
        div.runs {
            @for (index, row) in record.points.iter().enumerate() { (runs(record, index, row)) }
        }
    };
    let definition = html! {
        p { "The file " code { (definition.sweep) ".toml" } ":" }
        (code(&definition.file))
        p { "Program version " (definition.program) ", kernel class " (definition.kernel) "." }
    };
    vec![
        ("points", "Configurations", configurations),
        ("figure", "Along each axis", drawing),
        ("runs", "Runs and how to repeat them", all_runs),
        ("definition", "Definition", definition),
    ]
}

/// The runs of a configuration, folded away.
fn runs(record: &SweepRecord, index: usize, row: &SweepRow) -> Markup {
    let seeds = &record.definition.seeds;
    let folds = (row.runs / seeds.len().max(1)).max(1);
    let seed = |run: usize| {
        let seed = seeds.get(run / folds);
        let seed = seed.map_or_else(|| format!("run {}", run + 1), ToString::to_string);
        if folds > 1 {
            format!("{seed}, fold {}", run % folds + 1)
        } else {
            seed
        }
    };
    let values = &row.accuracy.values[..row.runs.min(row.accuracy.values.len())];
    let caption = format!("Runs of configuration {}", index + 1);
    let texts = [row.ids.as_slice(), &row.arrays_sha256];
    let title = format!("{} (%)", record.measure());
    let table = runs_table(caption, &[(title.as_str(), values)], texts, seed);
    html! {
        details {
            summary { "Configuration " (index + 1) ": " (row.in_words()) }
            p {
                "The " code { "run.toml" } " of its first run, for " code { "spinet train --config" }
                @if folds > 1 { " (which has all training samples, so its numbers are others)" }
                ":"
            }
            (code(row.run_toml.trim_end()))
            (table.html(&[]))
        }
    }
}
