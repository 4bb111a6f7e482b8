//! What is in a table, column by column.

use super::Table;
use super::kinds::KnownColumn;
use super::raw::Side;
use super::settings::ColumnKind;

/// What is in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// Number of rows, without those that have no label.
    pub rows: usize,
    /// The columns, but for those that were left out unread, in their order.
    pub columns: Vec<ColumnInfo>,
    /// What the labels are, if they were read.
    pub target: Option<TargetInfo>,
    /// What was done that the user has to know, one sentence each.
    pub notes: Vec<String>,
}

/// What labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetInfo {
    /// Each different one is a class.
    Classes,
    /// Labels, each in a column of its own, that are yes or no.
    Labels,
    /// Numbers to predict.
    Numbers,
}

/// What is in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its position, counted from 1.
    pub number: usize,
    /// Its name; none in a table without a header, or where the header has none.
    pub name: Option<String>,
    /// Its kind; none of the label column and those of groups and order.
    pub kind: Option<ColumnKind>,
    /// `feature`, `left out`, `label`, `group`, `order` or `weight`.
    pub role: &'static str,
    /// Cells without a value.
    pub missing: usize,
    /// Number of different words, as far as they are counted, of columns of words and the label
    /// column.
    pub distinct: Option<usize>,
}

impl Table {
    /// What is in the table.
    pub fn info(&self) -> TableInfo {
        let raw = &self.raw;
        let column = |position: usize| ColumnInfo {
            number: position + 1,
            name: raw.head.name(position).map(str::to_owned),
            kind: None,
            role: "feature",
            missing: 0,
            distinct: None,
        };
        let feature = |((position, _), known): (&(usize, _), &KnownColumn)| ColumnInfo {
            kind: Some(known.kind),
            role: if known.is_used { "feature" } else { "left out" },
            missing: known.missing,
            distinct: (!known.words.is_empty()).then_some(known.words.len()),
            ..column(*position)
        };
        let side = |role| {
            move |(position, side): &(usize, Side)| ColumnInfo {
                role,
                missing: side.missing,
                distinct: Some(side.words.len()),
                ..column(*position)
            }
        };
        let numbers = |role| {
            move |(position, _): &(usize, Vec<f64>)| ColumnInfo {
                role,
                ..column(*position)
            }
        };
        let mut columns: Vec<ColumnInfo> = raw
            .features
            .iter()
            .zip(&self.columns)
            .map(feature)
            .chain(raw.labels.iter().map(side("label")))
            .chain(raw.group.iter().map(side("group")))
            .chain(raw.order.iter().map(numbers("order")))
            .chain(raw.weight.iter().map(numbers("weight")))
            .collect();
        columns.sort_by_key(|column| column.number);
        TableInfo {
            rows: self.rows(),
            columns,
            target: self.target,
            notes: self.changes.iter().chain(&self.remarks).cloned().collect(),
        }
    }
}
