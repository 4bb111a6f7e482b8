//! What a text table is like, from its first rows: separators, decimal mark, header.

use std::path::Path;

use super::lines::{Lines, Separator, Text};
use super::number::{self, Decimal, Evidence};
use super::raw::Head;
use super::settings::{DecimalMark, Header, TableSettings};
use crate::error::Error;

/// Rows that are looked at.
const SAMPLE: usize = 1000;
/// In the order of preference.
const SEPARATORS: [u8; 3] = *b"\t;,";

/// What was found out.
pub(super) struct Dialect {
    pub(super) separator: Separator,
    pub(super) decimal: Decimal,
    pub(super) head: Head,
    /// Bytes and lines before the first row.
    pub(super) start: usize,
    pub(super) lines: u64,
}

type Row<'a> = Vec<Text<'a>>;

/// Looks at the beginning of a text; `known` are the columns that a model needs.
pub(super) fn dialect(
    text: &[u8],
    path: &Path,
    settings: &TableSettings,
    known: &[&str],
) -> Result<Dialect, Error> {
    let separator = separator(text);
    let mut lines = Lines::new(text, separator);
    let (mut rows, mut cells, mut ends): (Vec<Row>, _, _) = (Vec::new(), Vec::new(), Vec::new());
    while rows.len() <= SAMPLE {
        match lines.next(&mut cells) {
            Ok(Some(_)) => rows.push(std::mem::take(&mut cells)),
            // The sample may end inside of quotes; if not, the fault is found in reading.
            Ok(None) | Err(_) => break,
        }
        ends.push((text.len() - lines.rest.len(), lines.line));
    }
    // The last line of a sample is seldom whole.
    if rows.len() > 2 && text.last() != Some(&b'\n') {
        rows.pop();
    }
    let decimal = decimal(&rows, path, settings.decimal, separator)?;
    let Some(first) = rows.first() else {
        return Ok(Dialect {
            separator,
            decimal,
            head: Head::default(),
            start: 0,
            lines: 0,
        });
    };
    let rest = &rows[1..];
    let first_line = first_line(first, rest, decimal, path, settings, known)?;
    let width = rest.first().map_or(first.len(), Vec::len);
    let is_odd = first.iter().any(|cell| number::plain(cell).is_some());
    let mut head = Head {
        columns: first.len(),
        is_odd,
        ..Head::default()
    };
    let (start, lines) = match first_line {
        FirstLine::Row => (0, 1),
        FirstLine::Names => {
            let mut names: Vec<String> = first
                .iter()
                .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
                .collect();
            let is_trailing = |row: &Row| row.last().is_some_and(|cell| cell.is_empty());
            // As R writes a table: the column of row names has none itself.
            if names.len() + 1 == width && !rest.iter().all(is_trailing) {
                names.insert(0, String::new());
            }
            head.columns = names.len();
            head.names = Some(names);
            ends[0]
        }
        FirstLine::Classes(classes) => {
            head.columns = width;
            head.classes = Some(classes);
            ends[0]
        }
    };
    head.empty = empty_columns(&head, if start == 0 { &rows } else { rest });
    Ok(Dialect {
        separator,
        decimal,
        head,
        start,
        lines: lines - 1,
    })
}

/// How many columns at the right end have neither a name nor a cell.
fn empty_columns(head: &Head, rows: &[Row]) -> usize {
    let is_empty = |column: &usize| {
        head.name(*column).is_none()
            && !rows.is_empty()
            && rows
                .iter()
                .all(|row| row.get(*column).is_none_or(|cell| cell.is_empty()))
    };
    (0..head.columns).rev().take_while(is_empty).count()
}

/// The separator that fits the first lines best.
fn separator(text: &[u8]) -> Separator {
    let cells = |separator| {
        let (mut lines, mut row, mut counts) =
            (Lines::new(text, separator), Vec::new(), Vec::new());
        while counts.len() < 3 && matches!(lines.next(&mut row), Ok(Some(_))) {
            counts.push(row.len());
        }
        let first = counts.first().copied().unwrap_or(0);
        // The first line may be of another kind than the others.
        let fits = match counts[..] {
            [first, second] => first == second && first > 1,
            [first, second, third] => {
                second > 1 && (first == second || second == third && first > 1)
            }
            _ => false,
        };
        (
            fits,
            counts
                .last()
                .copied()
                .unwrap_or(0)
                .min(if fits { usize::MAX } else { 0 }),
            first,
        )
    };
    // The last of equals; with one line, or none that fits, the most cells of the first.
    let best = SEPARATORS
        .into_iter()
        .rev()
        .map(Separator::Byte)
        .max_by_key(|separator| cells(*separator))
        .unwrap_or(Separator::Byte(b','));
    match (cells(best), cells(Separator::Space)) {
        ((false, _, first), (true, ..)) if first <= 1 => Separator::Space,
        _ => best,
    }
}

/// The decimal mark, as the cells of these rows show it.
fn decimal(
    rows: &[Row],
    path: &Path,
    asked: DecimalMark,
    separator: Separator,
) -> Result<Decimal, Error> {
    match asked {
        DecimalMark::Point => return Ok(Decimal::Point),
        DecimalMark::Comma => return Ok(Decimal::Comma),
        DecimalMark::Auto => {}
    }
    let mut either = None;
    let (mut has_point, mut has_comma) = (false, false);
    for cell in rows.iter().flatten() {
        match number::evidence(cell) {
            Some(Evidence::Point) => has_point = true,
            Some(Evidence::Comma) => has_comma = true,
            Some(Evidence::Either) => either = either.or(Some(cell)),
            None => {}
        }
    }
    match (has_point, has_comma, either) {
        (false, true, _) => Ok(Decimal::Comma),
        (false, false, Some(cell)) if separator != Separator::Byte(b',') => {
            Err(Error::DecimalMark {
                path: path.to_owned(),
                found: super::shown(cell),
            })
        }
        _ => Ok(Decimal::Point),
    }
}

/// What the first line is.
enum FirstLine {
    Row,
    Names,
    /// The number of rows, and the names of the classes.
    Classes((usize, Vec<String>)),
}

fn first_line(
    first: &Row,
    rest: &[Row],
    decimal: Decimal,
    path: &Path,
    settings: &TableSettings,
    known: &[&str],
) -> Result<FirstLine, Error> {
    match settings.header {
        Header::Yes => return Ok(FirstLine::Names),
        Header::No => return Ok(FirstLine::Row),
        Header::Auto => {}
    }
    let has = |name: &&str| first.iter().any(|cell| **cell == *name.as_bytes());
    if !known.is_empty() && known.iter().all(has) {
        return Ok(FirstLine::Names);
    }
    if let Some(classes) = classes_line(first, rest) {
        return Ok(FirstLine::Classes(classes));
    }
    let as_number = |cell: &Text| number::number(cell, decimal);
    let numbers: Vec<f64> = first.iter().filter_map(as_number).collect();
    let is_word = |cell: &Text| !number::is_missing(cell) && as_number(cell).is_none();
    if numbers.is_empty() {
        return Ok(FirstLine::Names);
    }
    // A name among numbers is one only where everything else is in order.
    let is_trailing =
        |row: &Row| row.len() == first.len() + 1 && row.last().is_some_and(|cell| cell.is_empty());
    if !rest
        .iter()
        .all(|row| row.len() == first.len() || is_trailing(row))
    {
        return Ok(FirstLine::Row);
    }
    let column = |index: usize| rest.iter().filter_map(move |row| row.get(index));
    // Words on top of a column tell most: a name is not among the cells below it.
    let words: Vec<usize> = (0..first.len())
        .filter(|index| is_word(&first[*index]))
        .collect();
    let is_repeated = |index: &usize| column(*index).any(|cell| *cell == first[*index]);
    if words.iter().any(is_repeated) || rest.is_empty() {
        return Ok(FirstLine::Row);
    }
    let is_over_numbers = |index: &usize| {
        column(*index).all(|cell| as_number(cell).is_some() || number::is_missing(cell))
            && column(*index).any(|cell| as_number(cell).is_some())
    };
    if words.iter().any(is_over_numbers) {
        return Ok(FirstLine::Names);
    }
    let is_whole = |number: f64| number.fract() == 0.0;
    let are_whole = numbers.iter().all(|number| is_whole(*number));
    let has_fractions = (0..first.len())
        .filter(|index| as_number(&first[*index]).is_some())
        .any(|index| {
            column(index)
                .filter_map(as_number)
                .any(|number| !is_whole(number))
        });
    let counts_up = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    // Below a name, words usually repeat.
    let stands_out = rest.len() >= 4
        && words.iter().any(|index| {
            let mut below: Vec<&Text> = column(*index).collect();
            below.sort_unstable();
            below.chunk_by(|a, b| a == b).all(|equal| equal.len() > 1)
        });
    let is_range = words.is_empty()
        && numbers.len() + 1 >= first.len()
        && counts_up
        && (numbers[0] == 0.0 && numbers.len() >= 4 || numbers[0] == 1.0 && numbers.len() >= 8);
    let is_years = counts_up && numbers.len() > 1 && (1900.0..2100.0).contains(&numbers[0]);
    if is_range || stands_out && are_whole && (has_fractions || is_years) {
        return Ok(FirstLine::Names);
    }
    if stands_out && are_whole {
        return Err(Error::UncertainHeader {
            path: path.to_owned(),
            found: super::shown(first[words[0]].as_ref()),
            column: words[0] + 1,
        });
    }
    Ok(FirstLine::Row)
}

/// `150,4,setosa,versicolor,virginica`: rows, features and class names, as the files of
/// scikit-learn begin.
fn classes_line(first: &Row, rest: &[Row]) -> Option<(usize, Vec<String>)> {
    let whole = |cell: &Text| std::str::from_utf8(cell).ok()?.parse::<usize>().ok();
    let (rows, features) = (whole(first.first()?)?, whole(first.get(1)?)?);
    let names = first[2..]
        .iter()
        .map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned))
        .collect::<Option<Vec<_>>>()?;
    let is_one = names.len() >= 2
        && rows > 0
        && rest.first()?.len() == features.checked_add(1)?
        && names
            .iter()
            .all(|name| number::plain(name.as_bytes()).is_none())
        && rest.iter().all(|row| {
            row.last()
                .and_then(whole)
                .is_some_and(|label| label < names.len())
        });
    is_one.then_some((rows, names))
}
