//! Numbers in the rendered tables of the pages, and expressions that name them.
//!
//! ```text
//! paper-tables: Tables 1 | 10 & initial | difference     one cell: record, title, the row's first cells, column
//! | * & bdnn-dsd | L                                     the record and title of the expression before; `*` is any cell
//! | 500 & l2 | paper#2                                   the second column of this name
//! | 10 & bdnn-dsd | L@2                                  the second number of the cell
//! mean | * & initial | accuracy %                        over every row that fits; also `min` and `max`
//! | 500 & initial | paper - | 100 & initial | paper      a difference
//! ```

use crate::block::Block;

/// The tables of every block of the pages.
#[derive(Default)]
pub(crate) struct Tables(Vec<Table>);

#[derive(PartialEq)]
struct Table {
    /// The record's path without `results/` and `.json`.
    record: String,
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Tables {
    /// Takes the tables of one block, each with the bold line before it as its title.
    pub(crate) fn add(&mut self, block: &Block) {
        let record = block.record.trim_start_matches("results/").trim_end_matches(".json").to_owned();
        let (mut title, mut is_open) = (String::new(), false);
        for line in block.body.lines().map(str::trim) {
            let Some(row) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
                is_open = false;
                if let Some(bold) = line.strip_prefix("**") {
                    bold.trim_end_matches("**").clone_into(&mut title);
                }
                continue;
            };
            let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
            match self.0.last_mut().filter(|_| is_open) {
                Some(table) if !row.contains(":--") && !row.contains("--:") => table.rows.push(cells),
                Some(_) => {}
                None => self.0.push(Table { record: record.clone(), title: title.clone(), head: cells, rows: Vec::new() }),
            }
            is_open = true;
        }
    }

    /// The value of an expression; `table` is what an expression without a table means, and becomes what this one names.
    pub(crate) fn value(&self, expression: &str, table: &mut String) -> Result<f64, String> {
        match expression.split(" - ").collect::<Vec<_>>().as_slice() {
            [one] => self.term(one.trim(), table),
            [left, right] => Ok(self.term(left.trim(), table)? - self.term(right.trim(), table)?),
            _ => Err(format!("`{}` has more than one minus", expression.trim())),
        }
    }

    /// A cell, or the extreme or mean of several.
    fn term(&self, term: &str, table: &mut String) -> Result<f64, String> {
        let (fold, term) = match term.split_once(' ') {
            Some((fold @ ("min" | "max" | "mean"), term)) => (fold, term),
            _ => ("", term),
        };
        let [name, row, column]: [&str; 3] =
            term.split('|').map(str::trim).collect::<Vec<_>>().try_into().map_err(|_| format!("`{term}` is not `TABLE | ROW | COLUMN`"))?;
        if !name.is_empty() {
            name.clone_into(table);
        }
        let values = self.table(table)?.column(row, column)?;
        match (fold, values.as_slice()) {
            (_, []) => Err(format!("no row `{row}` with `{column}` in `{table}`")),
            ("min", _) => Ok(values.iter().copied().fold(f64::INFINITY, f64::min)),
            ("max", _) => Ok(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            ("mean", _) => Ok(values.iter().sum::<f64>() / count(values.len())),
            (_, [value]) => Ok(*value),
            _ => Err(format!("{} rows `{row}` in `{table}`, expected one", values.len())),
        }
    }

    fn table(&self, name: &str) -> Result<&Table, String> {
        let (record, title) = name.split_once(':').map_or((name, ""), |(record, title)| (record.trim(), title.trim()));
        let mut found = self.0.iter().filter(|table| table.record == record && table.title.starts_with(title));
        let table = found.next().ok_or_else(|| format!("no table `{name}`"))?;
        // The same record may stand on two pages.
        match found.find(|other| *other != table) {
            Some(other) => Err(format!("`{name}` may be `{}` or `{}`", table.title, other.title)),
            None => Ok(table),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a table has few rows")]
fn count(rows: usize) -> f64 {
    rows as f64
}

impl Table {
    /// The numbers of a column in every row whose first cells are these; rows where it is empty are left out.
    fn column(&self, row: &str, column: &str) -> Result<Vec<f64>, String> {
        let (column, nth) = ordinal(column, '@')?;
        let (name, occurrence) = ordinal(column, '#')?;
        let mut columns = self.head.iter().enumerate().filter(|(_, head)| *head == name);
        let (index, _) = columns.nth(occurrence).ok_or_else(|| format!("no column `{column}` in `{}`", self.title))?;
        let wanted: Vec<&str> = row.split('&').map(str::trim).collect();
        let fits = |cells: &&Vec<String>| {
            wanted.len() <= cells.len() && wanted.iter().zip(*cells).all(|(want, cell)| *want == "*" || want == cell)
        };
        let cells = self.rows.iter().filter(fits).filter_map(|cells| cells.get(index)).filter(|cell| !cell.is_empty());
        let number = |cell: &String| numbers(cell).get(nth).copied().ok_or_else(|| format!("`{cell}` has no number {}", nth + 1));
        cells.map(number).collect()
    }
}

/// A name and, after the sign, which of several, counted from 1 in the text and from 0 here.
fn ordinal(text: &str, sign: char) -> Result<(&str, usize), String> {
    let Some((name, which)) = text.split_once(sign) else { return Ok((text, 0)) };
    let which = which.trim().parse::<usize>().ok().and_then(|which| which.checked_sub(1));
    which.map(|which| (name.trim(), which)).ok_or_else(|| format!("`{text}`: expected a number from 1 after `{sign}`"))
}

/// The numbers in a cell, `81.85 ± 0.39` as 81.85 and 0.39; `1,200` is one.
fn numbers(cell: &str) -> Vec<f64> {
    let pieces = cell.split(|sign: char| !(sign.is_ascii_digit() || matches!(sign, '.' | '-' | '+' | ',')));
    pieces.filter_map(|piece| piece.replace(',', "").parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Tables {
        let body = "**Tables 1 and 2: MNIST**\n\n| hidden | method | accuracy % | paper | L | paper |\n|--:|:--|--:|--:|--:|--:|\n\
                    | 10 | initial | 92.47 ± 0.48 | 91.6 ± 0.27 |  |  |\n| 10 | l2 | 93.32 ± 0.09 | 92.61 ± 0.3 | 2.15 ± 0.31 | 1.22 |\n\
                    | 100 | initial | 95.90 ± 0.15 | 95.27 ± 0.08 |  |  |\n\nSettings.\n\n**Tables 3 and 4**\n\n| hidden |\n|--:|\n| 10 |\n";
        let mut tables = Tables::default();
        tables.add(&Block { record: "results/all.json".to_owned(), line: 1, body: body.to_owned() });
        tables
    }

    fn value(expression: &str) -> Result<f64, String> {
        tables().value(expression, &mut "all: Tables 1".to_owned())
    }

    #[test]
    fn a_cell_is_found_by_row_and_column() {
        assert_eq!(value("all: Tables 3 | 10 | hidden"), Ok(10.0));
        assert_eq!(value("| 10 & initial | accuracy %"), Ok(92.47));
        assert_eq!(value("| 10 & initial | accuracy %@2"), Ok(0.48));
        assert_eq!(value("| 10 & l2 | paper"), Ok(92.61));
        assert_eq!(value("| * & l2 | paper#2"), Ok(1.22));
    }

    #[test]
    fn cells_are_compared_and_subtracted() {
        assert_eq!(value("min | * & initial | paper"), Ok(91.6));
        assert_eq!(value("max | 10 | accuracy %"), Ok(93.32));
        assert_eq!(value("max | 10 | L"), Ok(2.15), "an empty cell is left out");
        assert!((value("mean | * & initial | accuracy %").unwrap() - 94.185).abs() < 1e-9);
        assert!((value("| 10 & initial | paper - | 100 & initial | paper").unwrap() + 3.67).abs() < 1e-9);
        assert_eq!(numbers("+1,200.5 [-0.25, 3]"), [1200.5, -0.25, 3.0]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let wrong = |expression: &str| value(expression).unwrap_err();
        assert_eq!(wrong("other | 10 | paper"), "no table `other`");
        assert_eq!(wrong("all | 10 | paper"), "`all` may be `Tables 1 and 2: MNIST` or `Tables 3 and 4`");
        assert_eq!(wrong("| 11 | paper"), "no row `11` with `paper` in `all: Tables 1`");
        assert_eq!(wrong("| 10 | paper"), "2 rows `10` in `all: Tables 1`, expected one");
        assert_eq!(wrong("| 10 & l2 | papers"), "no column `papers` in `Tables 1 and 2: MNIST`");
        assert_eq!(wrong("| 10 & l2 | paper#3"), "no column `paper#3` in `Tables 1 and 2: MNIST`");
        assert_eq!(wrong("| 10 & l2 | paper#0"), "`paper#0`: expected a number from 1 after `#`");
        assert_eq!(wrong("| 10 & initial | L"), "no row `10 & initial` with `L` in `all: Tables 1`");
        assert_eq!(wrong("| 10 & initial | paper@3"), "`91.6 ± 0.27` has no number 3");
        assert_eq!(wrong("10 | paper"), "`10 | paper` is not `TABLE | ROW | COLUMN`");
        assert_eq!(wrong("| 10 | L - | 10 | L - | 10 | L"), "`| 10 | L - | 10 | L - | 10 | L` has more than one minus");
        let mut two = tables();
        two.add(&Block { record: "results/all.json".to_owned(), line: 9, body: "**Tables 3 and 4**\n| hidden |\n| 11 |\n".to_owned() });
        assert!(two.value("all: Tables 3 | 11 | hidden", &mut String::new()).is_err(), "two tables of one title");
    }
}
