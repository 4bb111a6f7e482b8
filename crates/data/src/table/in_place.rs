//! Large tables of numbers become features in the memory in which they were read.

use std::num::NonZero;
use std::thread;

use super::Table;
use super::encode::{Counts, Encoded, encode};
use super::plan::{Encoding, TablePlan};
use crate::error::Error;
use crate::standardisation::Standardisation;

/// As [`encode`], of all rows in this order; takes the memory of the table over where it can.
pub(crate) fn encode_in_place(
    mut table: Table,
    plan: &TablePlan,
    standardisation: &Standardisation,
    rows: &[u32],
) -> Result<Encoded, Error> {
    let Some(fills) = fills_of_all(&table, plan) else {
        return encode(&table, plan, standardisation, rows);
    };
    table.raw.cells.reorder(rows);
    let path = table.raw.path;
    // Only compact cells have fills.
    let (mut numbers, first) = table.raw.cells.into_compact().unwrap_or_default();
    let width = fills.len();
    let constants: Vec<[f64; 4]> = (0..width)
        .map(|column| {
            let deviation = standardisation.deviation[column];
            let scale = if deviation > 0.0 { deviation } else { 1.0 };
            [
                first[column],
                standardisation.mean[column],
                scale,
                fills[column],
            ]
        })
        .collect();
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(8);
    let size = rows.len().div_ceil(threads).max(1);
    let found: Vec<(Vec<usize>, Option<usize>)> = thread::scope(|scope| {
        let constants = &constants;
        let workers: Vec<_> = numbers
            .chunks_mut(size * width)
            .map(|part| scope.spawn(move || standardize(part, constants)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_default())
            .collect()
    });
    let mut filled = vec![0; width];
    for (index, (part, too_far)) in found.into_iter().enumerate() {
        filled
            .iter_mut()
            .zip(part)
            .for_each(|(sum, count)| *sum += count);
        if let Some(row) = too_far {
            return Err(Error::TooFar {
                path,
                index: rows[index * size + row] as usize,
            });
        }
    }
    Ok(Encoded {
        numbers,
        counts: Counts::of_numbers(filled),
    })
}

/// What missing cells become, for each column, if the features are the columns one by one.
fn fills_of_all(table: &Table, plan: &TablePlan) -> Option<Vec<f64>> {
    let is_same = plan.columns.len() == table.width()
        && plan
            .columns
            .iter()
            .zip(&table.raw.features)
            .all(|(planned, (position, _))| planned.position == *position);
    if table.is_exact() || !is_same || table.columns_of_plan.is_some() {
        return None;
    }
    plan.columns
        .iter()
        .map(|planned| match planned.encoding {
            Encoding::Numeric { fill } | Encoding::Date { fill } if !planned.has_indicator => {
                Some(fill)
            }
            _ => None,
        })
        .collect()
}

/// Standardizes rows; gives the missing cells of each column, and the first row that is too far.
fn standardize(numbers: &mut [f32], constants: &[[f64; 4]]) -> (Vec<usize>, Option<usize>) {
    let mut filled = vec![0; constants.len()];
    let mut too_far = None;
    for (index, row) in numbers.chunks_exact_mut(constants.len()).enumerate() {
        for (column, (stored, [first, mean, scale, fill])) in
            row.iter_mut().zip(constants).enumerate()
        {
            // These columns have no words: what is no number is missing.
            let number = if stored.is_nan() {
                filled[column] += 1;
                *fill
            } else {
                f64::from(*stored) + first
            };
            *stored = ((number - mean) / scale) as f32;
            if !stored.is_finite() {
                too_far.get_or_insert(index);
            }
        }
    }
    (filled, too_far)
}
