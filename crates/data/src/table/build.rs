//! From what was read to a table: kinds of columns, labels, rows that are left out.

use super::describe::TargetInfo;
use super::kinds::{KnownColumn, kinds, yes_no};
use super::labels::{Found, classes, target};
use super::number;
use super::raw::{Facts, Raw, Side};
use super::settings::{ColumnKind, Header, Task};
use super::words::Word;
use super::{A_NUMBER, Table, TableOptions, counted, listed, roles, shown};
use crate::error::Error;
use crate::target::Target;

impl Table {
    /// `mixed` are columns that were read as words and have numbers, with what was met in them
    /// before.
    pub(super) fn build(
        mut raw: Raw,
        options: &TableOptions,
        mixed: &[(usize, Facts)],
    ) -> Result<Self, Error> {
        if options.needs_labels {
            check_groups(&raw)?;
        }
        let (mut changes, mut remarks) = (Vec::new(), Vec::new());
        if let Some((found, _)) = raw
            .head
            .classes
            .as_ref()
            .filter(|(rows, _)| *rows != raw.rows)
        {
            return Err(Error::RowCount {
                path: raw.path.clone(),
                found: raw.rows,
                expected: *found,
            });
        }
        let (mut columns, columns_of_plan) = match &options.plan {
            Some(plan) => {
                let (places, mut extra) = roles::planned(plan, &raw.head, &raw.path, options)?;
                if let (Some((id, _)), Some(_)) = (&raw.group, &options.id) {
                    extra.retain(|place| place != id);
                }
                if !extra.is_empty() {
                    let names: Vec<String> =
                        extra.iter().map(|place| raw.head.shown(*place)).collect();
                    remarks.push(format!(
                        "columns that the model does not use are left out: {}",
                        listed(&names)
                    ));
                }
                if raw.head.names.is_none()
                    && plan.columns.iter().all(|column| column.name.is_some())
                {
                    remarks.push(
                        "the table has no header; its columns are taken in the order of the training table"
                            .to_owned(),
                    );
                }
                let place = |position: usize| {
                    let mut features = raw.features.iter();
                    features.position(|(place, _)| *place == position)
                };
                let places: Vec<usize> = places.into_iter().filter_map(place).collect();
                (as_planned(&raw), Some(places))
            }
            None if options.is_for_model() => (as_planned(&raw), None),
            None => (kinds(&raw, &options.settings, mixed)?, None),
        };
        if columns_of_plan.is_none() {
            changes.extend(left_out(&raw, &columns));
        }
        if raw.head.classes.is_some() {
            remarks.push(
                "the first line has the numbers of rows and features, and the class names"
                    .to_owned(),
            );
        } else if raw.head.names.is_some()
            && raw.head.is_odd
            && options.settings.header == Header::Auto
        {
            remarks.push(
                "the first line is taken as the names of columns (`--header no`: as a row)"
                    .to_owned(),
            );
        }
        if raw.comments > 0 {
            remarks.push(format!(
                "{} skipped",
                counted(raw.comments as usize, "comment line")
            ));
        }
        let constant = constant_numbers(&raw, &columns);
        if !constant.is_empty() && !options.is_for_model() {
            remarks.push(format!("the same in all rows: {}", listed(&constant)));
        }
        let target = find_target(&raw, options)?;
        let (mut labels, class_names) = match (&raw.labels[..], target) {
            ([(_, side)], Some(TargetInfo::Classes)) => {
                let place = |line| raw.place(line);
                classes(side, options.class_names.as_deref(), &raw.path, place)?
            }
            _ => (
                vec![0; raw.rows],
                options.class_names.clone().unwrap_or_default(),
            ),
        };
        let class_names = named(&raw, class_names, options)?;
        let label_words = label_words(&raw, options, target);
        let mut numbers = match target {
            Some(TargetInfo::Numbers) => numbers_of(&raw)?,
            Some(TargetInfo::Labels) => yes_or_no(&raw, &label_words)?,
            _ => Vec::new(),
        };
        if let Some(dropped) = drop_unlabeled(&mut raw, &mut labels, &mut numbers) {
            for (index, column) in columns.iter_mut().enumerate() {
                let rows = 0..raw.rows;
                let is_missing = |row: &usize| raw.cells.get(*row, index) == super::Cell::Missing;
                column.missing = rows.filter(is_missing).count();
            }
            changes.push(format!(
                "{} without a label left out",
                counted(dropped, "row")
            ));
        }
        for (_, side) in &mut raw.labels {
            // They are classes or numbers now.
            (side.rows, side.numbers) = (Vec::new(), None);
        }
        Ok(Self {
            raw,
            columns,
            labels,
            class_names,
            target,
            numbers,
            label_words,
            columns_of_plan,
            changes,
            remarks,
        })
    }
}

/// Refuses rows of no group: nobody knows with which others they belong.
fn check_groups(raw: &Raw) -> Result<(), Error> {
    let missing = raw.group.as_ref();
    match missing.and_then(|(position, side)| Some((position, side.first_missing?))) {
        Some((position, line)) => Err(Error::TableCell {
            path: raw.path.clone(),
            place: raw.place(line),
            column: position + 1,
            found: "missing".to_owned(),
            expected: "the name of a group",
        }),
        None => Ok(()),
    }
}

/// Columns whose kinds are known from a model.
fn as_planned(raw: &Raw) -> Vec<KnownColumn> {
    raw.features
        .iter()
        .map(|(_, facts)| KnownColumn {
            kind: ColumnKind::Numeric,
            words: facts
                .texts()
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect(),
            missing: facts.missing,
            is_used: true,
        })
        .collect()
}

/// What is said of columns that are not used.
fn left_out(raw: &Raw, columns: &[KnownColumn]) -> Option<String> {
    let reason = |kind, facts: &Facts| match kind {
        _ if facts.numbers + facts.words == 0 => "empty",
        ColumnKind::Id if facts.words == 0 => "index",
        ColumnKind::Id if facts.list.is_full || facts.list.len() * 2 <= facts.words => "text",
        ColumnKind::Id => "differs in most rows",
        ColumnKind::Date => "date",
        _ => "the same in all rows",
    };
    let names: Vec<String> = raw
        .features
        .iter()
        .zip(columns)
        .filter(|(_, column)| !column.is_used)
        .map(|((position, facts), column)| {
            format!(
                "{} ({})",
                raw.head.shown(*position),
                reason(column.kind, facts)
            )
        })
        .collect();
    (!names.is_empty()).then(|| format!("columns left out: {}", listed(&names)))
}

fn constant_numbers(raw: &Raw, columns: &[KnownColumn]) -> Vec<String> {
    raw.features
        .iter()
        .zip(columns)
        .filter(|(_, column)| column.kind == ColumnKind::Constant && column.is_used)
        .map(|((position, _), _)| raw.head.shown(*position))
        .collect()
}

/// What the labels are.
fn find_target(raw: &Raw, options: &TableOptions) -> Result<Option<TargetInfo>, Error> {
    for (position, side) in &raw.labels {
        if side.missing == raw.rows {
            return Err(Error::NoLabelCells {
                path: raw.path.clone(),
                column: raw.head.shown(*position),
            });
        }
    }
    let task = match &options.target {
        Some(Target::Regression { .. }) => Task::Regression,
        Some(Target::MultiLabel { .. }) => return Ok(Some(TargetInfo::Labels)),
        Some(Target::Classification) => Task::Classification,
        None if options.class_names.is_some() => Task::Classification,
        None => options.settings.task,
    };
    match &raw.labels[..] {
        [] => Ok(None),
        [(_, side)] => Ok(Some(match target(side, task, raw.decimal) {
            Found::Classes => TargetInfo::Classes,
            Found::Numbers(_) => TargetInfo::Numbers,
        })),
        several => {
            let have_two = several.iter().all(|(_, side)| side.words.len() <= 2);
            Ok(Some(match task {
                Task::Regression => TargetInfo::Numbers,
                Task::Auto if !have_two => TargetInfo::Numbers,
                Task::Auto | Task::Classification => TargetInfo::Labels,
            }))
        }
    }
}

/// The numbers of all label columns, `[rows, columns]`; NaN where there is none.
fn numbers_of(raw: &Raw) -> Result<Vec<f64>, Error> {
    let mut columns = Vec::new();
    for (position, side) in &raw.labels {
        let Some(numbers) = &side.numbers else {
            let is_number =
                |text: &[u8]| number::number(text, raw.decimal).is_some_and(super::is_number);
            let word = side.words.list.iter().find(|word| !is_number(&word.text));
            return Err(Error::TableCell {
                path: raw.path.clone(),
                place: raw.place(word.map_or(1, |word| word.line)),
                column: position + 1,
                found: word.map_or_else(|| "a word".to_owned(), |word| shown(&word.text)),
                expected: A_NUMBER,
            });
        };
        columns.push(numbers);
    }
    let row = |row: usize| columns.iter().map(move |numbers| numbers[row]);
    Ok((0..raw.rows).flat_map(row).collect())
}

/// The two words of each label that is yes or no: those of a model, else those that are there.
fn label_words(raw: &Raw, options: &TableOptions, target: Option<TargetInfo>) -> Vec<[String; 2]> {
    match (&options.target, target) {
        (Some(Target::MultiLabel { words }), _) => words.clone(),
        (_, Some(TargetInfo::Labels)) => {
            raw.labels.iter().map(|(_, side)| two_words(side)).collect()
        }
        _ => Vec::new(),
    }
}

/// The two words of a column of labels, that for "no" first: known words of both, else numbers or
/// words in their order.
fn two_words(side: &Side) -> [String; 2] {
    let mut words: Vec<String> = (side.words.list.iter())
        .map(|word| String::from_utf8_lossy(&word.text).into_owned())
        .collect();
    if let Some(words) = yes_no(&words) {
        return words;
    }
    let value = |word: &String| word.parse::<f64>().unwrap_or(f64::NAN);
    words.sort_by(|a, b| value(a).total_cmp(&value(b)).then_with(|| a.cmp(b)));
    match words.as_slice() {
        [one] if ["1", "true", "True", "yes", "Yes"].contains(&one.as_str()) => {
            [String::new(), one.clone()]
        }
        [one] => [one.clone(), String::new()],
        [no, yes, ..] => [no.clone(), yes.clone()],
        [] => Default::default(),
    }
}

/// 1 and 0 for the labels of all columns, `[rows, columns]`; NaN where there is none.
fn yes_or_no(raw: &Raw, words: &[[String; 2]]) -> Result<Vec<f64>, Error> {
    let mut columns = Vec::new();
    for ((position, side), words) in raw.labels.iter().zip(words) {
        let value = |word: &Word| {
            let text = String::from_utf8_lossy(&word.text);
            let is = |known: &String| {
                let equal = |a: f64| known.parse::<f64>().is_ok_and(|b| a == b);
                *known == text || text.parse().is_ok_and(equal)
            };
            match words {
                [_, yes] if is(yes) => Ok(1.0),
                [no, _] if is(no) => Ok(0.0),
                _ => Err(Error::LabelWord {
                    path: raw.path.clone(),
                    place: raw.place(word.line),
                    column: raw.head.shown(*position),
                    found: shown(&word.text),
                }),
            }
        };
        let values: Vec<f64> = side
            .words
            .list
            .iter()
            .map(value)
            .collect::<Result<_, _>>()?;
        let of_row = |row: &u32| values.get(*row as usize).copied().unwrap_or(f64::NAN);
        columns.push(side.rows.iter().map(of_row).collect::<Vec<f64>>());
    }
    let row = |row: usize| {
        columns
            .iter()
            .map(move |values| values[row])
            .collect::<Vec<_>>()
    };
    Ok((0..raw.rows).flat_map(row).collect())
}

/// Class names from the first line of the file, where it has them.
fn named(
    raw: &Raw,
    class_names: Vec<String>,
    options: &TableOptions,
) -> Result<Vec<String>, Error> {
    let Some((_, names)) = &raw.head.classes else {
        return Ok(class_names);
    };
    if options.class_names.is_some() {
        return Ok(class_names);
    }
    class_names
        .iter()
        .map(|number| {
            number
                .parse::<usize>()
                .ok()
                .and_then(|number| names.get(number))
                .cloned()
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Error::RowCount {
            path: raw.path.clone(),
            found: class_names.len(),
            expected: names.len(),
        })
}

/// Takes rows without a label out of all columns; how many there were.
fn drop_unlabeled(raw: &mut Raw, labels: &mut Vec<u8>, numbers: &mut Vec<f64>) -> Option<usize> {
    if raw.labels.iter().all(|(_, side)| side.missing == 0) {
        return None;
    }
    let has_all = |row: &u32| {
        let mut sides = raw.labels.iter();
        sides.all(|(_, side)| side.rows[*row as usize] != Side::MISSING)
    };
    let kept: Vec<u32> = (0..raw.rows as u32).filter(has_all).collect();
    let dropped = raw.rows - kept.len();
    raw.cells.reorder(&kept);
    pick(labels, &kept);
    if !numbers.is_empty() {
        let width = raw.labels.len();
        let row = |row: &u32| &numbers[*row as usize * width..][..width];
        *numbers = kept.iter().flat_map(row).copied().collect();
    }
    if let Some((_, weights)) = &mut raw.weight {
        pick(weights, &kept);
    }
    if let Some((_, side)) = &mut raw.group {
        pick(&mut side.rows, &kept);
    }
    if let Some((_, order)) = &mut raw.order {
        pick(order, &kept);
    }
    raw.rows = kept.len();
    Some(dropped)
}

fn pick<T: Copy>(values: &mut Vec<T>, kept: &[u32]) {
    *values = kept.iter().map(|row| values[*row as usize]).collect();
}
