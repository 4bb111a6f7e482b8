//! Parts of a table whose rows have groups or an order: rows of one patient, or of the future, do
//! not get into the training set.

use sha2::{Digest, Sha256};

use super::divide::Division;
use crate::error::Error;
use crate::options::{DataOptions, Part, SplitOptions};
use crate::split::{Fold, share};
use crate::table::Table;

/// The parts of a table.
pub(super) fn parts(table: &Table, options: &DataOptions) -> Result<Division, Error> {
    let (labels, classes) = (table.labels(), table.strata());
    if table.groups().is_none() && table.order().is_none() {
        return options.parts(labels, classes);
    }
    let split = &options.split;
    let test_part = split.test.unwrap_or(SplitOptions::DEFAULT_TEST);
    let all: Vec<usize> = (0..labels.len()).collect();
    let (rest, test) = take(table, all, test_part, &split.test_key())?;
    let (mut train, validation) = match split.validation {
        Some(part) => take(table, rest, part, &split.validation_key())?,
        None => (rest, Vec::new()),
    };
    if let Some(per_class) = split.train_per_class {
        train = options.drawn_rows(&train, labels, classes, per_class)?;
    }
    check_classes(table, &train)?;
    Ok(Division {
        train,
        validation,
        test,
    })
}

/// Every class needs a training row.
fn check_classes(table: &Table, train: &[usize]) -> Result<(), Error> {
    let mut has_row = vec![false; table.class_names().len()];
    for row in train {
        has_row[usize::from(table.labels()[*row])] = true;
    }
    match has_row.iter().position(|has| !has) {
        Some(class) => Err(Error::ClassNotTrained {
            class: table.class_names()[class].clone(),
        }),
        None => Ok(()),
    }
}

/// Takes a part of these rows; gives the others and the part, both ascending.
fn take(
    table: &Table,
    rows: Vec<usize>,
    part: Part,
    key: &str,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let wanted = match part {
        Part::Count(count) => count,
        Part::Fraction(fraction) => share(fraction, rows.len()),
    };
    if part == Part::Count(0) {
        return Ok((rows, Vec::new()));
    }
    let is_taken = match (table.order(), table.groups()) {
        (Some(order), _) => latest(order, &rows, wanted),
        (None, Some(groups)) => whole_groups(table, groups, &rows, wanted, key),
        (None, None) => Vec::new(),
    };
    let (mut taken, mut others) = (Vec::new(), Vec::new());
    for (row, is_taken) in rows.iter().zip(is_taken) {
        if is_taken {
            taken.push(*row);
        } else {
            others.push(*row);
        }
    }
    if wanted == 0 || taken.is_empty() || others.is_empty() {
        return Err(Error::PartSize {
            found: wanted,
            most: rows.len().saturating_sub(1),
            samples: rows.len(),
        });
    }
    Ok((others, taken))
}

/// The last rows by their order; rows of equal order stay together, in the part.
fn latest(order: &[f64], rows: &[usize], wanted: usize) -> Vec<bool> {
    let mut sorted: Vec<f64> = rows.iter().map(|row| order[*row]).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let first = sorted[sorted.len() - wanted.clamp(1, sorted.len())];
    rows.iter().map(|row| order[*row] >= first).collect()
}

/// Whole groups in the order of the SHA-256 of `{key} {name}`, as long as they bring the part nearer
/// to its size.
fn whole_groups(
    table: &Table,
    groups: &[u32],
    rows: &[usize],
    wanted: usize,
    key: &str,
) -> Vec<bool> {
    let mut is_taken = vec![false; table.group_names().len()];
    let mut taken = 0;
    for (group, size) in sizes(table, groups, rows, key) {
        if (taken + size).abs_diff(wanted) < wanted.abs_diff(taken) {
            taken += size;
            is_taken[group as usize] = true;
        }
    }
    rows.iter()
        .map(|row| is_taken[groups[*row] as usize])
        .collect()
}

/// The groups of these rows and their numbers of rows, in the order of their digests.
fn sizes(table: &Table, groups: &[u32], rows: &[usize], key: &str) -> Vec<(u32, usize)> {
    let names = table.group_names();
    let mut sizes = vec![0; names.len()];
    for row in rows {
        sizes[groups[*row] as usize] += 1;
    }
    let mut keyed: Vec<_> = names
        .iter()
        .zip(0..)
        .map(|(name, group)| {
            let digest = Sha256::digest([key.as_bytes(), b" ", name].concat());
            (digest, group)
        })
        .collect();
    keyed.sort_unstable();
    keyed
        .into_iter()
        .map(|(_, group): (_, u32)| (group, sizes[group as usize]))
        .filter(|(_, size)| *size > 0)
        .collect()
}

/// Folds of these rows, as positions among them.
pub(super) fn folds(
    table: &Table,
    rows: &[u32],
    count: usize,
    key: &str,
) -> Result<Vec<Fold>, Error> {
    if count < 2 {
        return Err(Error::FoldCount { found: count });
    }
    match (table.order(), table.groups()) {
        (Some(order), _) => ordered_folds(order, rows, count),
        (None, Some(groups)) => grouped_folds(table, groups, rows, count, key),
        (None, None) => Ok(Vec::new()),
    }
}

/// `count + 1` blocks from the first row to the last; each but the first is validated by what was
/// trained on the blocks before it.
fn ordered_folds(order: &[f64], rows: &[u32], count: usize) -> Result<Vec<Fold>, Error> {
    let value = |place: &usize| order[rows[*place] as usize];
    let mut sorted: Vec<usize> = (0..rows.len()).collect();
    sorted.sort_by(|a, b| value(a).total_cmp(&value(b)));
    // A block begins with the first of equal rows.
    let start = |block: usize| {
        let place = rows.len() * block / (count + 1);
        match sorted.get(place) {
            Some(first) => sorted.partition_point(|other| value(other) < value(first)),
            None => rows.len(),
        }
    };
    let fold = |block: usize| {
        let [begin, end] = [
            start(block),
            if block == count {
                rows.len()
            } else {
                start(block + 1)
            },
        ];
        let (mut train, mut validation) = (sorted[..begin].to_vec(), sorted[begin..end].to_vec());
        train.sort_unstable();
        validation.sort_unstable();
        Fold { train, validation }
    };
    let folds: Vec<Fold> = (1..=count).map(fold).collect();
    checked(folds, count)
}

/// Whole groups, the largest first, each to the fold with the fewest rows.
fn grouped_folds(
    table: &Table,
    groups: &[u32],
    rows: &[u32],
    count: usize,
    key: &str,
) -> Result<Vec<Fold>, Error> {
    let all: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
    let mut sizes = sizes(table, groups, &all, key);
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let (mut fold_of, mut filled) = (vec![0; table.group_names().len()], vec![0; count]);
    for (group, size) in sizes {
        let fewest = (0..count).min_by_key(|fold| filled[*fold]).unwrap_or(0);
        fold_of[group as usize] = fewest;
        filled[fewest] += size;
    }
    let fold = |number| {
        let (validation, train) = (0..rows.len())
            .partition(|place| fold_of[groups[rows[*place] as usize] as usize] == number);
        Fold { train, validation }
    };
    checked((0..count).map(fold).collect(), count)
}

fn checked(folds: Vec<Fold>, count: usize) -> Result<Vec<Fold>, Error> {
    let is_good = |fold: &Fold| !fold.train.is_empty() && !fold.validation.is_empty();
    if folds.iter().all(is_good) {
        Ok(folds)
    } else {
        Err(Error::FoldGroups { folds: count })
    }
}
