//! Every run: what it gave, the digests that a repetition must meet, and the command that repeats
//! it.

use super::anchor::slug;
use super::numbers::{filled, open_scroll};
use crate::escape::escaped;
use crate::table::experiment_behind;
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

/// The runs of every row, each folded away.
pub(super) fn runs(record: &Record, record_anchor: &str) -> String {
    together(
        record
            .rows
            .iter()
            .map(|row| runs_of(record, record_anchor, row)),
    )
}

/// The runs of a section as one part, which is left out in print while all of it is folded.
pub(super) fn together(runs: impl Iterator<Item = String>) -> String {
    format!("<div class=\"runs\">\n{}</div>\n", runs.collect::<String>())
}

fn runs_of(record: &Record, record_anchor: &str, row: &Row) -> String {
    let title = format!("{} hidden units, {}", row.hidden, row.method.name());
    let rules = if row.rules.is_empty() {
        "none: plain gradient descent".to_owned()
    } else {
        row.rules.join(" + ")
    };
    let mut html = format!(
        "<details>\n<summary>{title}</summary>\n<div id=\"{}\">\n<p>Rules: <code>{}</code></p>\n",
        anchor(record, record_anchor, row),
        escaped(&rules),
        title = escaped(&title),
    );
    if let Some(command) = command_of_row(record, row) {
        html += &format!(
            "<p>The means of this row, and its runs:</p>\n{}",
            code(&command)
        );
    }
    if let Some(command) = command_of_run(record, row) {
        html += &format!(
            "<p>One of its runs; another has another seed:</p>\n{}",
            code(&command)
        );
    }
    html + &table(record, row, &title) + "</div>\n</details>\n"
}

/// One line for each seed.
fn table(record: &Record, row: &Row, title: &str) -> String {
    let value = |values: &[f64], index: usize| {
        filled(
            &values
                .get(index)
                .map_or_else(String::new, |value| format!("{value:.2}")),
        )
    };
    let digest = |values: &[String], index: usize| match values.get(index) {
        Some(text) => format!("<td class=\"digest\"><code>{}</code></td>", escaped(text)),
        None => "<td class=\"digest\">not recorded</td>".to_owned(),
    };
    let lines = (0..row.accuracy.values.len()).map(|index| {
        let seed = record.definition.seeds.get(index).map_or_else(|| format!("run {}", index + 1), ToString::to_string);
        let speedup = row.speedup.as_ref().map_or([].as_slice(), |speedup| &speedup.values);
        format!(
            "<tr><th scope=\"row\" class=\"number\">{seed}</th><td>{}</td><td>{}</td><td>{}</td>{}{}</tr>\n",
            value(&row.accuracy.values, index),
            value(&row.peak_accuracy.values, index),
            value(speedup, index),
            digest(&row.ids, index),
            digest(&row.arrays_sha256, index),
        )
    });
    let caption = format!("Runs with {title}");
    format!(
        "{}<table>\n<caption>{}</caption>\n<thead><tr><th scope=\"col\" class=\"number\">seed</th><th scope=\"col\" class=\"number\">accuracy (%)</th>\
         <th scope=\"col\" class=\"number\">best on the way (%)</th><th scope=\"col\" class=\"number\">L</th><th scope=\"col\">run</th>\
         <th scope=\"col\">SHA-256 of the trained arrays</th></tr></thead>\n<tbody>\n{}</tbody></table></div>\n",
        open_scroll(&caption),
        escaped(&caption),
        lines.collect::<String>()
    )
}

/// A command to copy; a long one is wrapped, which copying undoes.
pub(super) fn code(command: &str) -> String {
    format!("<pre><code>{}</code></pre>\n", escaped(command))
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
        initialiser,
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
        quoted(&initialiser),
        quoted(&record.definition.kernel_of(experiment))
    ));
    words.push(format!("--seed {}", definition.seeds.first()?));
    Some(words.join(" "))
}

/// A word as it is typed in a shell.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-+=,:@%".contains(c));
    if is_plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
