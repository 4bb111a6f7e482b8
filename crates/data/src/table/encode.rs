//! From cells to features: a plan is fitted on the training rows, and gives the features of any row.
//!
//! ```text
//! numeric       (number - mean) / deviation, a missing cell as the fill of the column
//! categorical   1 for the word, 0 for the others
//! ```

use std::num::NonZero;
use std::thread;

use super::cells::Cell;
use super::kinds::yes_no;
use super::plan::{Encoding, PlannedColumn, PlannedLabel, TablePlan};
use super::{ColumnKind, MAX_COLUMNS, Table};
use crate::error::Error;
use crate::standardisation::Standardisation;

/// Features of some rows, and what was done to get them.
pub(crate) struct Encoded {
    /// `[rows, features]`, row-major.
    pub(crate) numbers: Vec<f32>,
    pub(crate) counts: Counts,
}

/// What was done to cells, for each column of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Missing cells that were filled in.
    pub(super) filled: Vec<usize>,
    /// Words that the training rows do not have.
    pub(super) unseen: Vec<usize>,
}

impl Counts {
    pub(super) fn of_numbers(filled: Vec<usize>) -> Self {
        Self {
            unseen: vec![0; filled.len()],
            filled,
        }
    }

    /// Both together.
    pub(crate) fn add(&mut self, other: &Self) {
        for (counts, others) in [
            (&mut self.filled, &other.filled),
            (&mut self.unseen, &other.unseen),
        ] {
            counts.resize(others.len().max(counts.len()), 0);
            counts
                .iter_mut()
                .zip(others)
                .for_each(|(sum, count)| *sum += count);
        }
    }
}

/// How the cells of one column of a plan are found in a table.
struct Finder<'a> {
    /// Position among the columns that were read.
    column: usize,
    planned: &'a PlannedColumn,
    /// The category of each word of the table.
    category: Vec<Option<u32>>,
}

impl<'a> Finder<'a> {
    fn all(table: &Table, plan: &'a TablePlan, columns: &[usize]) -> Vec<Self> {
        plan.columns
            .iter()
            .zip(columns)
            .map(|(planned, column)| {
                let categories = planned.encoding.categories();
                let category = |word: &String| {
                    let place = categories.iter().position(|category| category == word)?;
                    u32::try_from(place).ok()
                };
                let category = table.columns[*column].words.iter().map(category).collect();
                Finder {
                    column: *column,
                    planned,
                    category,
                }
            })
            .collect()
    }
}

/// The columns of a table that a plan of its own has, as positions among those that were read.
fn own_columns(table: &Table, plan: &TablePlan) -> Vec<usize> {
    let place = |column: &PlannedColumn| {
        let mut features = table.raw.features.iter();
        features.position(|(position, _)| *position == column.position)
    };
    plan.columns.iter().filter_map(place).collect()
}

/// The plan of the columns of a table that are used, fitted on these rows, and the constants of its
/// features. Of a table that is for a model it is the model's.
pub(crate) fn fit(
    table: &Table,
    rows: &[u32],
    has_indicators: bool,
) -> Result<(TablePlan, Standardisation), Error> {
    let used = || (0..table.width()).filter(|column| table.columns[*column].is_used);
    let mut columns = Vec::new();
    for column in used() {
        if let Some(planned) = planned(table, column, rows, has_indicators) {
            columns.push(planned);
        }
    }
    let head = &table.raw.head;
    let mut labels = table.raw.labels.iter().map(|(position, _)| PlannedLabel {
        name: head.cell(*position).cloned(),
        position: *position,
    });
    let plan = TablePlan {
        table_columns: head.columns,
        label: labels.next(),
        more_labels: labels.collect(),
        columns,
    };
    let features = plan.features();
    if features == 0 {
        return Err(Error::NoFeatures {
            path: table.raw.path.clone(),
        });
    }
    if features > MAX_COLUMNS {
        return Err(Error::TooManyFeatures {
            path: table.raw.path.clone(),
            found: features,
            limit: MAX_COLUMNS,
        });
    }
    let (plan, standardisation) = constants(table, plan, rows);
    Ok((plan, standardisation))
}

/// The plan of a column; none where the rows have nothing in it. The fill of a column without
/// missing cells is set with its mean.
fn planned(
    table: &Table,
    column: usize,
    rows: &[u32],
    has_indicators: bool,
) -> Option<PlannedColumn> {
    let known = &table.columns[column];
    let (position, _) = &table.raw.features[column];
    let (mut numbers, mut missing) = (Vec::new(), 0);
    let mut of_word = vec![0_usize; known.words.len()];
    if known.words.is_empty() && known.missing == 0 {
        // Nothing to count.
    } else {
        for row in rows {
            match table.raw.cells.get(*row as usize, column) {
                Cell::Number(number) => numbers.push(number),
                Cell::Word(word) => {
                    if let Some(count) = of_word.get_mut(word as usize) {
                        *count += 1;
                    }
                }
                Cell::Missing => missing += 1,
            }
        }
    }
    let encoding = if known.words.is_empty() {
        if missing > 0 && numbers.is_empty() {
            return None;
        }
        let fill = if missing > 0 {
            median(&mut numbers)
        } else {
            0.0
        };
        match known.kind {
            ColumnKind::Date => Encoding::Date { fill },
            _ => Encoding::Numeric { fill },
        }
    } else {
        categories(known.kind, &known.words, &of_word)?
    };
    Some(PlannedColumn {
        name: table.raw.head.cell(*position).cloned(),
        position: *position,
        encoding,
        has_indicator: has_indicators && missing > 0,
    })
}

/// The encoding of a column of words, of which the rows have these counts.
fn categories(kind: ColumnKind, words: &[String], counts: &[usize]) -> Option<Encoding> {
    let mut found: Vec<(&String, usize)> = words
        .iter()
        .zip(counts.iter().copied())
        .filter(|(_, count)| *count > 0)
        .collect();
    found.sort_unstable();
    let most = found.iter().map(|(_, count)| *count).max()?;
    let frequent = found.iter().find(|(_, count)| *count == most)?.0;
    let mut all: Vec<String> = words.to_vec();
    all.sort_unstable();
    if kind == ColumnKind::YesNo && all.len() == 2 {
        let pair = yes_no(&all).unwrap_or_else(|| [all[0].clone(), all[1].clone()]);
        return Some(Encoding::YesNo {
            fill: usize::from(pair[1] == *frequent),
            categories: pair,
        });
    }
    Some(Encoding::Categorical {
        fill: found.iter().position(|(word, _)| *word == frequent)?,
        categories: found.into_iter().map(|(word, _)| word.clone()).collect(),
    })
}

/// The middle one, or the mean of the two in the middle.
fn median(numbers: &mut [f64]) -> f64 {
    let middle = numbers.len() / 2;
    let is_odd = numbers.len() % 2 == 1;
    let (below, upper, _) = numbers.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if is_odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower / 2.0 + upper / 2.0
}

/// Mean and deviation of each feature over these rows, with missing cells filled in; 0 and 1 for
/// features that are 0 or 1, which stay so. Sums are added in the order of the rows.
fn constants(table: &Table, mut plan: TablePlan, rows: &[u32]) -> (TablePlan, Standardisation) {
    let columns = own_columns(table, &plan);
    let fill = |planned: &PlannedColumn| match planned.encoding {
        Encoding::Numeric { fill } | Encoding::Date { fill } => Some(fill),
        _ => None,
    };
    let numeric: Vec<(usize, f64)> = plan
        .columns
        .iter()
        .zip(&columns)
        .filter_map(|(planned, column)| Some((*column, fill(planned)?)))
        .collect();
    let number =
        |row: u32, (column, fill): (usize, f64)| match table.raw.cells.get(row as usize, column) {
            Cell::Number(number) => number,
            _ => fill,
        };
    let mut mean = means(table, rows, &numeric, |_, number| number);
    // The rounded mean of equal numbers may differ from them in the last digit; the deviation has
    // to be 0 then, to the bit.
    if let Some(first) = rows.first() {
        for (column, mean) in numeric.iter().zip(&mut mean) {
            let first = number(*first, *column);
            if rows.iter().all(|row| number(*row, *column) == first) {
                *mean = first;
            }
        }
    }
    let variance = means(table, rows, &numeric, |index, number| {
        (number - mean[index]) * (number - mean[index])
    });
    let mut all = Standardisation {
        mean: Vec::new(),
        deviation: Vec::new(),
    };
    let mut of_numeric = mean.into_iter().zip(variance.into_iter().map(f64::sqrt));
    for (planned, column) in plan.columns.iter_mut().zip(&columns) {
        let is_complete = table.columns[*column].missing == 0;
        let mut width = planned.width();
        if let Encoding::Numeric { fill } | Encoding::Date { fill } = &mut planned.encoding {
            let (mean, deviation) = of_numeric.next().unwrap_or((0.0, 0.0));
            if is_complete || planned_is_complete(table, *column, rows) {
                *fill = mean;
            }
            all.mean.push(mean);
            all.deviation.push(deviation);
            width -= 1;
        }
        all.mean.resize(all.mean.len() + width, 0.0);
        all.deviation.resize(all.deviation.len() + width, 1.0);
    }
    (plan, all)
}

/// The mean over these rows of a term of each number, for columns with their fills. Sums are added
/// in the order of the rows.
fn means(
    table: &Table,
    rows: &[u32],
    columns: &[(usize, f64)],
    term: impl Fn(usize, f64) -> f64 + Sync,
) -> Vec<f64> {
    in_groups(columns, |group, start| {
        // Columns ascend.
        let (Some((first, _)), Some((last, _))) = (group.first(), group.last()) else {
            return Vec::new();
        };
        let (mut sums, mut numbers) = (vec![0.0; group.len()], Vec::new());
        for row in rows {
            let cells = &table.raw.cells;
            cells.numbers(*row as usize, *first..last + 1, &mut numbers);
            for (index, (sum, (column, fill))) in sums.iter_mut().zip(group).enumerate() {
                let number = numbers[column - first];
                let number = if number.is_nan() { *fill } else { number };
                *sum += term(start + index, number);
            }
        }
        let count = rows.len().max(1) as f64;
        sums.into_iter().map(|sum| sum / count).collect()
    })
}

fn planned_is_complete(table: &Table, column: usize, rows: &[u32]) -> bool {
    rows.iter()
        .all(|row| table.raw.cells.get(*row as usize, column) != Cell::Missing)
}

/// Computes on groups of items on several threads, and joins the results in order.
fn in_groups<T: Sync, R: Send>(
    items: &[T],
    compute: impl Fn(&[T], usize) -> Vec<R> + Sync,
) -> Vec<R> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(8);
    let size = items.len().div_ceil(threads).max(1);
    if items.len() <= size {
        return compute(items, 0);
    }
    thread::scope(|scope| {
        let compute = &compute;
        let groups: Vec<_> = items
            .chunks(size)
            .enumerate()
            .map(|(index, group)| scope.spawn(move || compute(group, index * size)))
            .collect();
        groups
            .into_iter()
            .flat_map(|group| group.join().unwrap_or_default())
            .collect()
    })
}

/// The features of these rows by a plan whose columns are at these positions among those that were
/// read. Fails with the position in `rows` of one that is too far from the training rows.
pub(crate) fn encode(
    table: &Table,
    plan: &TablePlan,
    standardisation: &Standardisation,
    rows: &[u32],
) -> Result<Encoded, Error> {
    let columns = match &table.columns_of_plan {
        Some(columns) => columns.clone(),
        None => own_columns(table, plan),
    };
    let finders = Finder::all(table, plan, &columns);
    let features = plan.features();
    let mut counts = Counts {
        filled: vec![0; plan.columns.len()],
        unseen: vec![0; plan.columns.len()],
    };
    let wanted = rows.len() * features;
    let mut numbers = Vec::new();
    crate::memory::check(&table.raw.path.display().to_string(), 4 * wanted as u64)?;
    numbers
        .try_reserve_exact(wanted)
        .map_err(|_| Error::OutOfMemory {
            path: table.raw.path.clone(),
            promised: 4 * wanted,
        })?;
    for row in rows {
        let start = numbers.len();
        for (index, finder) in finders.iter().enumerate() {
            let cell = table.raw.cells.get(*row as usize, finder.column);
            let at = numbers.len();
            let constants = (
                standardisation.mean[at - start],
                standardisation.deviation[at - start],
            );
            counts.filled[index] += usize::from(cell == Cell::Missing);
            counts.unseen[index] += usize::from(finder.push(cell, constants, &mut numbers));
        }
        if numbers[start..].iter().any(|number| !number.is_finite()) {
            return Err(Error::TooFar {
                path: table.raw.path.clone(),
                index: *row as usize,
            });
        }
    }
    Ok(Encoded { numbers, counts })
}

impl Finder<'_> {
    /// Adds the features of a cell; whether it is a word that the training rows do not have.
    fn push(&self, cell: Cell, constants: (f64, f64), numbers: &mut Vec<f32>) -> bool {
        let category = |fill: usize| match cell {
            Cell::Word(word) => self.category.get(word as usize).copied().flatten(),
            _ => u32::try_from(fill).ok(),
        };
        let mut is_unseen = false;
        match &self.planned.encoding {
            Encoding::Numeric { fill } | Encoding::Date { fill } => {
                let number = if let Cell::Number(number) = cell {
                    number
                } else {
                    *fill
                };
                numbers.push(standardized(number, constants));
            }
            Encoding::Categorical { categories, fill } => {
                let (start, found) = (numbers.len(), category(*fill));
                numbers.resize(start + categories.len(), 0.0);
                match found {
                    Some(place) => numbers[start + place as usize] = 1.0,
                    None => is_unseen = true,
                }
            }
            Encoding::YesNo { fill, .. } => {
                let found = category(*fill);
                is_unseen = found.is_none();
                numbers.push(found.map_or(0.5, |place| place as f32));
            }
        }
        if self.planned.has_indicator {
            numbers.push(f32::from(u8::from(cell == Cell::Missing)));
        }
        is_unseen
    }
}

#[inline]
fn standardized(number: f64, (mean, deviation): (f64, f64)) -> f32 {
    let scale = if deviation > 0.0 { deviation } else { 1.0 };
    ((number - mean) / scale) as f32
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::table::{TableOptions, csv};

    fn table(text: &str) -> Table {
        csv::parse(text.as_bytes(), "t.csv".as_ref(), &TableOptions::default()).unwrap()
    }

    fn features(text: &str, train: &[u32], rows: &[u32]) -> (TablePlan, Vec<f32>, Counts) {
        let table = table(text);
        let (plan, standardisation) = fit(&table, train, false).unwrap();
        let encoded = encode(&table, &plan, &standardisation, rows).unwrap();
        (plan, encoded.numbers, encoded.counts)
    }

    #[test]
    fn a_column_that_is_always_the_same_becomes_0_whatever_its_number() {
        for number in ["0.1", "1e-30", "123456.789", "0.3333333333333333"] {
            let text = (0..1000).fold("x,k\n".to_owned(), |mut text, row| {
                writeln!(text, "{number},{}", ["a", "b"][row % 2]).unwrap();
                text
            });
            let rows: Vec<u32> = (0..1000).collect();
            let (_, standardisation) = fit(&table(&text), &rows, false).unwrap();
            let mean = vec![number.parse().unwrap()];
            let deviation = vec![0.0];
            assert_eq!(standardisation, Standardisation { mean, deviation });
        }
    }

    #[test]
    fn numbers_have_mean_0_and_deviation_1_over_the_training_rows() {
        // Rows 0 and 2: means 2 and 5, deviations 1 and 0.
        let text = "x,y,k\n1,5,a\n100,7,b\n3,5,a\n";
        let (plan, numbers, _) = features(text, &[0, 2], &[0, 1, 2]);
        assert_eq!(numbers, [-1.0, 0.0, 98.0, 2.0, 1.0, 0.0]);
        assert_eq!(plan.columns[0].encoding, Encoding::Numeric { fill: 2.0 });
    }

    #[test]
    fn words_and_fills_come_from_the_training_rows_alone() {
        let text = "x,color,ok,k\n1,red,no,a\n2,blue,yes,b\n9,red,yes,a\n?,green,?,b\n?,?,yes,a\n";
        let (plan, numbers, counts) = features(text, &[0, 1, 2, 4], &[3, 4]);
        let encodings: Vec<&Encoding> =
            plan.columns.iter().map(|column| &column.encoding).collect();
        let word = |words: [&str; 2]| words.map(str::to_owned);
        assert_eq!(
            encodings,
            [
                // Of 1, 2 and 9.
                &Encoding::Numeric { fill: 2.0 },
                &Encoding::Categorical {
                    categories: word(["blue", "red"]).to_vec(),
                    fill: 1
                },
                &Encoding::YesNo {
                    categories: word(["no", "yes"]),
                    fill: 1
                },
            ]
        );
        // Mean of 1, 2, 9 and the fill is 3.5; the squares of the differences sum up to 41.
        let filled = ((2.0 - 3.5) / (41.0_f64 / 4.0).sqrt()) as f32;
        assert_eq!(numbers, [filled, 0.0, 0.0, 1.0, filled, 0.0, 1.0, 1.0]);
        assert_eq!(
            (counts.filled, counts.unseen),
            (vec![2, 1, 1], vec![0, 1, 0])
        );
    }

    #[test]
    fn an_indicator_tells_where_a_cell_was_missing() {
        let table = table("x,k\n1,a\n?,b\n3,a\n");
        let (plan, standardisation) = fit(&table, &[0, 1, 2], true).unwrap();
        let encoded = encode(&table, &plan, &standardisation, &[1, 2]).unwrap();
        assert_eq!(
            (plan.features(), encoded.numbers[1], encoded.numbers[3]),
            (2, 1.0, 0.0)
        );
    }

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        assert_eq!(median(&mut [5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&mut [5.0, 1.0, 3.0, -7.0]), 2.0);
        assert_eq!(median(&mut [4.0]), 4.0);
    }
}
