//! Every run: what it gave, the digests that a repetition must meet, and the command that repeats
//! it.

use maud::{Markup, html};
use shell_words::quote as quoted;

use super::anchor::slug;
use super::runs_table;
use crate::html::code;
use crate::paper::table::experiment_behind;
use crate::{Method, Record, Row, Setting, Settings};

/// Where the runs of a row stand; rows that are alike in a record are numbered.
pub(super) fn anchor(record: &Record, record_anchor: &str, row: &Row) -> String {
    let name = |row: &Row| {
        format!(
            "{}-{}-{}-{}",
            slug(&row.data),
            row.train,
            row.hidden,
            row.method.name()
        )
    };
    let before = record
        .rows
        .iter()
        .take_while(|other| !std::ptr::eq(*other, row));
    let alike = before.filter(|other| name(other) == name(row)).count();
    let number = if alike == 0 {
        String::new()
    } else {
        format!("-{}", alike + 1)
    };
    format!("{record_anchor}.{}{number}", name(row))
}

/// The runs of every row, each folded away; left out in print while all of them are folded.
pub(super) fn runs(record: &Record, anchor: &str) -> Markup {
    html! { div.runs { @for row in &record.rows { (runs_of(record, anchor, row)) } } }
}

fn runs_of(record: &Record, record_anchor: &str, row: &Row) -> Markup {
    let title = format!("{} hidden units, {}", row.hidden, row.method.name());
    let rules = if row.rules.is_empty() {
        "none: plain gradient descent".to_owned()
    } else {
        row.rules.join(" + ")
    };
    let seed = |run: usize| {
        let seed = record.definition.seeds.get(run);
        seed.map_or_else(|| format!("run {}", run + 1), ToString::to_string)
    };
    let numbers: [(&str, &[f64]); 3] = [
        ("accuracy (%)", &row.accuracy.values),
        ("best on the way (%)", &row.peak_accuracy.values),
        (
            "speed-up",
            row.speedup.as_ref().map_or(&[], |speedup| &speedup.values),
        ),
    ];
    let texts = [row.ids.as_slice(), &row.arrays_sha256];
    let table = runs_table(format!("Runs with {title}"), &numbers, texts, seed);
    html! {
        details {
            summary { (title) }
            div id=(anchor(record, record_anchor, row)) {
                p { "Rules: " code { (rules) } }
                @if let Some(command) = command_of_row(record, row) {
                    p { "The means of this row, and its runs:" }
                    (code(&command))
                }
                @if let Some(command) = command_of_run(record, row) {
                    p { "One of its runs; another has another seed:" }
                    (code(&command))
                }
                (table.html(&[]))
            }
        }
    }
}

/// The command that makes the numbers of one row again: its method and the initial networks it is
/// compared with.
fn command_of_row(record: &Record, row: &Row) -> Option<String> {
    let experiment = experiment_behind(record, row)?;
    let mut words = vec![
        "spinet reproduce".to_owned(),
        (*experiment.words.first()?).to_owned(),
    ];
    if experiment.setting != Setting::default() {
        words.push(format!("--setting {}", experiment.setting));
    }
    words.push(format!(
        "--hidden {} --methods {}",
        row.hidden,
        row.method.name()
    ));
    words.push(format!(
        "--runs {} --epochs {} --kernel {}",
        row.runs,
        row.epochs,
        quoted(&record.definition.kernel_of(experiment))
    ));
    if row.method != Method::Initial {
        let optimizer = experiment.optimizer().map(|rule| rule.to_string());
        let of_method = row
            .rules
            .iter()
            .filter(|rule| Some(*rule) != optimizer.as_ref());
        words.extend(of_method.map(|rule| format!("--rule {}", quoted(rule))));
    }
    Some(words.join(" "))
}

/// The command that trains the first of a row's runs again.
fn command_of_run(record: &Record, row: &Row) -> Option<String> {
    let experiment = experiment_behind(record, row)?;
    let definition = &record.definition;
    let every = row
        .curve
        .epoch
        .windows(2)
        .next()
        .map_or(experiment.evaluate_every, |pair| pair[1] - pair[0]);
    let mut words = vec![format!(
        "spinet train --data {} --hidden {}",
        experiment.data, row.hidden
    )];
    words.extend(
        row.rules
            .iter()
            .map(|rule| format!("--rule {}", quoted(rule))),
    );
    words.push(format!("--epochs {} --evaluate-every {every}", row.epochs));
    // A record of several experiments names every batch and law; each experiment has one.
    let is_one = definition.experiments.len() == 1;
    let Settings {
        batch,
        initializer,
        standardize,
        ..
    } = if is_one {
        definition.settings.clone()
    } else {
        Settings::of(&[experiment])
    };
    words.push(format!(
        "--learning-rate {} --batch {batch}",
        definition.learning_rate
    ));
    words.extend(standardize.map(|name| format!("--standardize {}", quoted(&name))));
    words.push(format!(
        "--initialiser {} --kernel {}",
        quoted(&initializer),
        quoted(&record.definition.kernel_of(experiment))
    ));
    words.push(format!("--seed {}", definition.seeds.first()?));
    Some(words.join(" "))
}
