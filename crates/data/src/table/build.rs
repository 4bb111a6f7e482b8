//! From what was read to a table: kinds of columns, labels, rows that are left out.

use super::describe::TargetInfo;
use super::kinds::{KnownColumn, kinds};
use super::labels::{Target, classes, target};
use super::raw::{Facts, Raw, Side};
use super::settings::{ColumnKind, Header, Task};
use super::{Table, TableOptions, counted, listed, roles};
use crate::error::Error;

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
        let target = check_target(&raw, options)?;
        let (labels, class_names) = match &raw.label {
            Some((_, side)) if target != Some(TargetInfo::Numbers) => {
                let place = |line| raw.place(line);
                classes(side, options.class_names.as_deref(), &raw.path, place)?
            }
            _ => (
                vec![0; raw.rows],
                options.class_names.clone().unwrap_or_default(),
            ),
        };
        let class_names = named(&raw, class_names, options)?;
        let mut labels = labels;
        if let Some(dropped) = drop_unlabeled(&mut raw, &mut labels) {
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
        if let Some((_, side)) = &mut raw.label {
            // They are classes now.
            side.rows = Vec::new();
        }
        Ok(Self {
            raw,
            columns,
            labels,
            class_names,
            target,
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

/// What the labels are, refusing numbers to predict unless they are allowed.
fn check_target(raw: &Raw, options: &TableOptions) -> Result<Option<TargetInfo>, Error> {
    let Some((position, side)) = &raw.label else {
        return Ok(None);
    };
    if side.missing == raw.rows {
        return Err(Error::NoLabelCells {
            path: raw.path.clone(),
            column: raw.head.shown(*position),
        });
    }
    let task = if options.class_names.is_some() {
        Task::Classification
    } else {
        options.settings.task
    };
    match target(side, task, raw.decimal) {
        Target::Classes => Ok(Some(TargetInfo::Classes)),
        Target::Numbers(_) if options.allows_numbers => Ok(Some(TargetInfo::Numbers)),
        Target::Numbers(found) => Err(Error::NumberToPredict {
            path: raw.path.clone(),
            column: raw.head.shown(*position),
            found: match found {
                found if side.words.is_full => format!("more than {}", found - 1),
                found => found.to_string(),
            },
            is_asked: task == Task::Regression,
        }),
    }
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
fn drop_unlabeled(raw: &mut Raw, labels: &mut Vec<u8>) -> Option<usize> {
    let Some((_, side)) = &raw.label else {
        return None;
    };
    let dropped = side.missing;
    if dropped == 0 {
        return None;
    }
    let kept: Vec<u32> = (0..raw.rows as u32)
        .filter(|row| side.rows[*row as usize] != Side::MISSING)
        .collect();
    raw.cells.reorder(&kept);
    pick(labels, &kept);
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
