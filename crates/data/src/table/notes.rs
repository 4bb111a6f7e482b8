//! What was done to a table, in words.

use super::encode::Counts;
use super::plan::{Encoding, TablePlan};
use super::{Table, counted, listed, shown};
use crate::error::Error;

/// What the user has to know of how a table became features: one sentence each.
pub(crate) fn notes(table: &Table, plan: &TablePlan, counts: &Counts) -> Vec<String> {
    let mut notes = Vec::new();
    if table.columns_of_plan.is_none() && has_words(plan) {
        notes.push(format!("features: {}", in_words(plan)));
    }
    notes.extend(filled(plan, counts));
    notes.extend(unseen(plan, counts));
    notes.extend(table.changes.iter().cloned());
    notes.extend(table.remarks.iter().cloned());
    notes
}

/// Rejects a table that needs more than standardization, if the settings say so.
pub(crate) fn check_strict(table: &Table, plan: &TablePlan, counts: &Counts) -> Result<(), Error> {
    let features = has_words(plan).then(|| format!("words become features: {}", in_words(plan)));
    let found: Vec<String> = features
        .into_iter()
        .chain(filled(plan, counts))
        .chain(table.changes.iter().cloned())
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::Strict {
        path: table.raw.path.clone(),
        found: found.join("; "),
    })
}

fn has_words(plan: &TablePlan) -> bool {
    plan.columns
        .iter()
        .any(|column| !column.encoding.categories().is_empty())
}

/// `2 numeric, 1 categorical columns (5 features): color 3`.
fn in_words(plan: &TablePlan) -> String {
    let names: Vec<String> = plan
        .columns
        .iter()
        .filter(|column| matches!(column.encoding, Encoding::Categorical { .. }))
        .map(|column| format!("{} {}", column.shown(), column.encoding.width()))
        .collect();
    if names.is_empty() {
        plan.in_words()
    } else {
        format!("{}, one-hot: {}", plan.in_words(), listed(&names))
    }
}

/// Which cells were filled in with what.
fn filled(plan: &TablePlan, counts: &Counts) -> Option<String> {
    let columns: Vec<String> = plan
        .columns
        .iter()
        .zip(&counts.filled)
        .filter(|(_, count)| **count > 0)
        .map(|(column, count)| {
            let fill = match &column.encoding {
                Encoding::Numeric { fill } => format!("{fill}"),
                Encoding::Date { fill } => format!("day {fill}"),
                Encoding::Categorical { categories, fill } => shown(categories[*fill].as_bytes()),
                Encoding::YesNo { categories, fill } => shown(categories[*fill].as_bytes()),
            };
            format!("{} {count} with {fill}", column.shown())
        })
        .collect();
    (!columns.is_empty()).then(|| format!("missing cells filled in: {}", listed(&columns)))
}

/// Which words the training rows do not have.
fn unseen(plan: &TablePlan, counts: &Counts) -> Option<String> {
    let columns: Vec<String> = plan
        .columns
        .iter()
        .zip(&counts.unseen)
        .filter(|(_, count)| **count > 0)
        .map(|(column, count)| format!("{} {}", column.shown(), counted(*count, "row")))
        .collect();
    (!columns.is_empty()).then(|| {
        format!(
            "words that the training rows do not have, taken as none of the categories: {}",
            listed(&columns)
        )
    })
}
