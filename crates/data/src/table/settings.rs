//! How a table is read: what its first line is, which columns are features of which kind, and what
//! is done about missing cells.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Column;

/// Settings of a table beside its label column. The default finds out everything by itself and says
/// what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSettings {
    /// Whether the first line of a text table has the names of the columns.
    pub header: Header,
    /// The decimal mark.
    pub decimal: DecimalMark,
    /// What the label column is for.
    pub task: Task,
    /// Several label columns in place of one: numbers that are predicted together, or labels that
    /// are yes or no.
    pub labels: Vec<Column>,
    /// Column with a weight of each row, by which its loss is multiplied in training. It is not a
    /// feature.
    pub weight: Option<Column>,
    /// Columns that are not features.
    pub ignore: Vec<Column>,
    /// The only columns that may be features; all if empty.
    pub only: Vec<Column>,
    /// Kinds of columns, by their name, or by their number counted from 1.
    pub kinds: BTreeMap<String, ColumnKind>,
    /// Whether a column with missing cells gets a second feature, 1 where the cell is missing.
    pub indicators: bool,
    /// Whether a table is refused that needs more than numbers to be standardized: missing cells,
    /// words, columns to leave out.
    pub strict: bool,
    /// Column whose equal cells belong together, such as a patient: a group is in one part only. It
    /// is not a feature.
    pub group: Option<Column>,
    /// Column of numbers or dates by which rows are ordered: the last ones are the test set. It is
    /// not a feature.
    pub order: Option<Column>,
}

/// Declares an enum of settings with the word of each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $expected:literal, $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// What it may be, in words.
            pub const EXPECTED: &str = $expected;

            /// Its word in files and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.name() == text)
                    .ok_or_else(|| format!("expected {}", Self::EXPECTED))
            }
        }
    };
}

words! {
    #[derive(Default)]
    /// Whether the first line of a text table is a header.
    Header: "yes, no or auto",
    /// It has the names of the columns.
    Yes = "yes",
    /// It is the first row.
    No = "no",
    #[default]
    /// A header is recognized; where that is uncertain, the table is refused.
    Auto = "auto",
}

words! {
    #[derive(Default)]
    /// The decimal mark of the numbers of a text table.
    DecimalMark: "point, comma or auto",
    /// `1234.5`, with `,` between thousands.
    Point = "point",
    /// `1234,5`, with `.` between thousands.
    Comma = "comma",
    #[default]
    /// As the cells show it; where they do not, the table is refused.
    Auto = "auto",
}

words! {
    #[derive(Default)]
    /// What the label column is for.
    Task: "auto, classification or regression",
    #[default]
    /// Classes if the labels are words, or at most 20 different whole numbers; else a number to
    /// predict.
    Auto = "auto",
    /// Each different label is a class.
    Classification = "classification",
    /// The labels are numbers to predict.
    Regression = "regression",
}

words! {
    /// The kind of a feature column.
    ColumnKind: "numeric, categorical, yes/no, date, id or constant",
    /// Numbers, which are standardized.
    Numeric = "numeric",
    /// Words, each of which becomes a feature that is 0 or 1.
    Categorical = "categorical",
    /// Two words such as `yes` and `no`: one feature that is 0 or 1.
    YesNo = "yes/no",
    /// Dates: left out, unless asked for; then the days since 1970 as a number.
    Date = "date",
    /// A running index, an identifier, or text that differs in most rows: left out.
    Id = "id",
    /// The same value in all rows. Words are left out.
    Constant = "constant",
}

impl TableSettings {
    /// What was said about the kind of the column with this name at this position, counted from 0.
    pub(super) fn kind_of(&self, name: Option<&str>, position: usize) -> Option<ColumnKind> {
        name.and_then(|name| self.kinds.get(name))
            .or_else(|| self.kinds.get(&(position + 1).to_string()))
            .copied()
    }
}
