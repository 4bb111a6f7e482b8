//! Flags that say how a table is read.

use spinet::TrainConfig;
use spinet::data::{Column, ColumnKind, DecimalMark, Header, Task};

/// How a table is read.
#[derive(clap::Args)]
#[command(next_help_heading = "Table options")]
pub(crate) struct TableFlags {
    /// Label column of a table: its name, or its number counted from 1; repeat for several, which
    /// are numbers to predict together, or labels that are yes or no [default: last column].
    #[arg(long, value_name = "COLUMN")]
    label: Vec<Column>,
    /// Column with a weight of each row, at least 0: its loss is multiplied by it in training.
    #[arg(long, value_name = "COLUMN")]
    sample_weight: Option<Column>,
    /// Leave a column out, by name or number; repeat for more.
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<Column>,
    /// Use only this column as a feature, by name or number; repeat for more.
    #[arg(long, value_name = "COLUMN")]
    only: Vec<Column>,
    /// Treat a column as numbers; repeat for more. Numbers are standardized.
    #[arg(long, value_name = "COLUMN")]
    numeric: Vec<String>,
    /// Treat a column as categories, one-hot encoded; repeat for more.
    #[arg(long, value_name = "COLUMN")]
    categorical: Vec<String>,
    /// Whether the first line has the names of the columns: `yes`, `no` or `auto` [default: auto].
    #[arg(long, value_name = "WHICH")]
    header: Option<Header>,
    /// Decimal mark: `point`, `comma` or `auto` [default: auto].
    #[arg(long, value_name = "MARK")]
    decimal: Option<DecimalMark>,
    /// What to predict: `classification`, `regression`, or `auto`: words and at most 20 different
    /// whole numbers are classes [default: auto].
    #[arg(long, value_name = "TASK")]
    task: Option<Task>,
    /// Column whose equal cells belong together, such as a patient: a group is never both in the
    /// training and in the test set.
    #[arg(long, value_name = "COLUMN")]
    group: Option<Column>,
    /// Column of numbers or dates; the last rows by it are the test set.
    #[arg(long, value_name = "COLUMN", conflicts_with = "group")]
    order: Option<Column>,
    /// Add a feature for each column with missing cells: 1 where the cell is missing, else 0.
    #[arg(long)]
    missing_indicators: bool,
    /// Refuse a table with missing cells, words, or columns to leave out, instead of handling them.
    #[arg(long)]
    strict: bool,
}

impl TableFlags {
    /// Sets what was given.
    pub(crate) fn set(&self, config: &mut TrainConfig) {
        match &self.label[..] {
            [] => {}
            [one] => (config.label, config.labels) = (Some(one.clone()), Vec::new()),
            several => (config.label, config.labels) = (None, several.to_vec()),
        }
        config.sample_weight = self.sample_weight.clone().or(config.sample_weight.take());
        if !self.ignore.is_empty() {
            config.ignore.clone_from(&self.ignore);
        }
        if !self.only.is_empty() {
            config.only.clone_from(&self.only);
        }
        for (names, kind) in [
            (&self.numeric, ColumnKind::Numeric),
            (&self.categorical, ColumnKind::Categorical),
        ] {
            for name in names {
                config.columns.insert(name.clone(), kind);
            }
        }
        config.header = self.header.unwrap_or(config.header);
        config.decimal = self.decimal.unwrap_or(config.decimal);
        config.task = self.task.unwrap_or(config.task);
        config.group = self.group.clone().or(config.group.take());
        config.order = self.order.clone().or(config.order.take());
        config.missing_indicators |= self.missing_indicators;
        config.strict |= self.strict;
    }

    /// The flags as they were given, for a command that follows.
    pub(crate) fn words(&self) -> String {
        let one = |flag: &str, value: Option<String>| {
            value.map(|value| format!(" --{flag} {}", shell_words::quote(&value)))
        };
        let column = |column: &Option<Column>| column.as_ref().map(ToString::to_string);
        let each = |flag: &'static str, values: Vec<String>| {
            values
                .into_iter()
                .filter_map(move |value| one(flag, Some(value)))
                .collect::<String>()
        };
        let names = |columns: &[Column]| columns.iter().map(ToString::to_string).collect();
        let mut words: String = [
            one("sample-weight", column(&self.sample_weight)),
            one("header", self.header.map(|header| header.to_string())),
            one("decimal", self.decimal.map(|decimal| decimal.to_string())),
            one("task", self.task.map(|task| task.to_string())),
            one("group", column(&self.group)),
            one("order", column(&self.order)),
        ]
        .into_iter()
        .flatten()
        .collect();
        words = each("label", names(&self.label)) + &words;
        words += &each("ignore", names(&self.ignore));
        words += &each("only", names(&self.only));
        words += &each("numeric", self.numeric.clone());
        words += &each("categorical", self.categorical.clone());
        for (flag, is_given) in [
            ("missing-indicators", self.missing_indicators),
            ("strict", self.strict),
        ] {
            if is_given {
                words += &format!(" --{flag}");
            }
        }
        words
    }

    /// Whether none was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.words().is_empty()
    }
}
