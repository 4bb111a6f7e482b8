//! Kinds of feature columns: found from their cells, or as they were set.

use super::number;
use super::raw::{Facts, Raw};
use super::settings::{ColumnKind, TableSettings};
use super::{A_NUMBER, MAX_CATEGORIES, TableOptions, roles, shown};
use crate::error::Error;

/// A feature column and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct KnownColumn {
    pub(super) kind: ColumnKind,
    /// Its words, in the order of their numbers.
    pub(super) words: Vec<String>,
    pub(super) missing: usize,
    /// Whether it becomes features.
    pub(super) is_used: bool,
}

/// Words of which the second means 1.
const YES_NO: [[&str; 2]; 8] = [
    ["no", "yes"],
    ["n", "y"],
    ["false", "true"],
    ["f", "t"],
    ["off", "on"],
    ["absent", "present"],
    ["negative", "positive"],
    ["-", "+"],
];

/// The two words of a column in the order of 0 and 1, if they are such a pair.
pub(super) fn yes_no(words: &[String]) -> Option<[String; 2]> {
    let [a, b] = words else { return None };
    let is = |no: &String, yes: &String| {
        YES_NO
            .iter()
            .any(|pair| no.eq_ignore_ascii_case(pair[0]) && yes.eq_ignore_ascii_case(pair[1]))
    };
    if is(a, b) {
        Some([a.clone(), b.clone()])
    } else if is(b, a) {
        Some([b.clone(), a.clone()])
    } else {
        None
    }
}

/// Columns with numbers and words that are to be read again as words; refuses those that look like
/// numbers with a fault, and all that a model takes as numbers.
pub(super) fn mixed(raw: &Raw, options: &TableOptions) -> Result<Vec<usize>, Error> {
    let settings = &options.settings;
    let mut again = Vec::new();
    for (index, (position, facts)) in raw.features.iter().enumerate() {
        if options.is_for_model() && facts.words > 0 && is_to_be_numbers(options, index, raw) {
            return Err(no_number(raw, index));
        }
        if facts.words == 0 || facts.numbers == 0 {
            continue;
        }
        let is_set = settings
            .kind_of(raw.head.name(*position), *position)
            .is_some();
        if is_set || facts.words * 10 < facts.words + facts.numbers {
            return Err(no_number(raw, index));
        }
        again.push(*position);
    }
    Ok(again)
}

/// Whether a model takes the column as numbers.
fn is_to_be_numbers(options: &TableOptions, index: usize, raw: &Raw) -> bool {
    let Some(plan) = &options.plan else {
        return true;
    };
    let Ok((places, _)) = roles::planned(plan, &raw.head, &raw.path, options) else {
        return true;
    };
    let column = places
        .iter()
        .position(|place| *place == raw.features[index].0);
    column.is_none_or(|column| plan.columns[column].encoding.categories().is_empty())
}

/// The first cell of a column that is no number.
pub(super) fn no_number(raw: &Raw, index: usize) -> Error {
    let (position, facts) = &raw.features[index];
    no_number_of(raw, *position, facts)
}

/// What is known of each feature column; `mixed` are those that also have numbers and were read
/// as words.
pub(super) fn kinds(
    raw: &Raw,
    settings: &TableSettings,
    mixed: &[(usize, Facts)],
) -> Result<Vec<KnownColumn>, Error> {
    (0..raw.features.len())
        .map(|index| known(raw, index, settings, mixed))
        .collect()
}

fn known(
    raw: &Raw,
    index: usize,
    settings: &TableSettings,
    mixed: &[(usize, Facts)],
) -> Result<KnownColumn, Error> {
    let (position, facts) = &raw.features[index];
    let words: Vec<String> = facts
        .texts()
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .collect();
    let set = settings.kind_of(raw.head.name(*position), *position);
    if set == Some(ColumnKind::Numeric) && facts.words > 0 {
        return Err(no_number(raw, index));
    }
    if set == Some(ColumnKind::YesNo) && words.len() > 2 {
        return Err(Error::NotYesNo {
            path: raw.path.clone(),
            column: raw.head.shown(*position),
            found: words.len(),
        });
    }
    let kind = set.unwrap_or_else(|| found(raw, index, &words));
    let first = mixed.iter().find(|(place, _)| place == position);
    if let (ColumnKind::Categorical | ColumnKind::Constant, Some((_, first))) = (kind, first)
        && first.numbers >= first.words
    {
        return Err(no_number_of(raw, *position, first));
    }
    let is_empty = facts.numbers + facts.words == 0;
    let is_used = match kind {
        ColumnKind::Numeric | ColumnKind::Categorical | ColumnKind::YesNo => !is_empty,
        ColumnKind::Date => set.is_some() && !is_empty,
        ColumnKind::Id => false,
        ColumnKind::Constant => facts.words == 0 && !is_empty,
    };
    Ok(KnownColumn {
        kind,
        words,
        missing: facts.missing,
        is_used,
    })
}

fn no_number_of(raw: &Raw, position: usize, facts: &Facts) -> Error {
    let text = facts.texts().next().unwrap_or_default();
    let has_comma = number::evidence(text) == Some(number::Evidence::Comma);
    Error::TableCell {
        path: raw.path.clone(),
        place: raw.place(facts.first_word.unwrap_or(0)),
        column: position + 1,
        found: shown(text),
        expected: if has_comma {
            "a number with a decimal point, not a comma"
        } else {
            A_NUMBER
        },
    }
}

/// Names of columns that count rows.
const COUNTER_NAMES: [&str; 9] = [
    "index", "idx", "row", "rowid", "row_id", "rownames", "number", "no", "nr",
];

/// Fewest rows of which text that differs in most of them is an identifier, not a category.
const FEWEST: usize = 20;

fn found(raw: &Raw, index: usize, words: &[String]) -> ColumnKind {
    let (position, facts) = &raw.features[index];
    let name = raw.head.name(*position);
    if facts.words == 0 {
        let lower = name.unwrap_or_default().to_ascii_lowercase();
        let counts_rows = COUNTER_NAMES.contains(&lower.as_str()) || lower.starts_with("unnamed: ");
        let names_rows =
            lower == "id" || ["_id", " id", ".id"].iter().any(|end| lower.ends_with(end));
        let is_nameless = raw.head.names.is_some() && name.is_none();
        let counts = facts.is_running && facts.numbers > 2 && facts.missing == 0;
        let is_id = counts && (counts_rows || names_rows || is_nameless)
            || names_rows && most_differ(raw, index, raw.rows / 2)
            || is_nameless && most_differ(raw, index, raw.rows - 1);
        return if is_id {
            ColumnKind::Id
        } else if facts.is_same {
            ColumnKind::Constant
        } else {
            ColumnKind::Numeric
        };
    }
    let rows = facts.words + facts.numbers;
    if words
        .iter()
        .all(|word| number::date(word.as_bytes()).is_some())
    {
        ColumnKind::Date
    } else if words.len() == 1 {
        ColumnKind::Constant
    } else if yes_no(words).is_some() {
        ColumnKind::YesNo
    } else if facts.list.is_full
        || words.len() > MAX_CATEGORIES
        || rows >= FEWEST && 2 * words.len() > rows
    {
        ColumnKind::Id
    } else {
        ColumnKind::Categorical
    }
}

/// Whether a column has whole numbers, more than `limit` different ones.
fn most_differ(raw: &Raw, index: usize, limit: usize) -> bool {
    let mut numbers = Vec::with_capacity(raw.rows);
    for row in 0..raw.rows {
        match raw.cells.get(row, index) {
            super::Cell::Number(number) if number.fract() == 0.0 => numbers.push(number),
            _ => return false,
        }
    }
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.dedup();
    numbers.len() > limit
}
