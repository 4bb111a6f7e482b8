//! The published numbers: Tables 1 to 10 of Zhao, Zeng and Bai 2022.

pub(crate) mod join;
pub(crate) mod method;
pub(crate) mod registry;
pub(crate) mod run;
pub(crate) mod table;
pub(crate) mod tuned;

use serde::{Deserialize, Serialize};

use crate::Method;

/// Mean and deviation as printed; the deviation is missing where the paper gives none.
pub(crate) type Printed = (f64, Option<f64>);

/// What the paper prints for one network and method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Test accuracy in percent.
    pub accuracy: Option<(f64, Option<f64>)>,
    /// Speed-up L over the initial network.
    pub speedup: Option<(f64, Option<f64>)>,
}

#[derive(Deserialize)]
struct Paper {
    rows: Vec<PaperRow>,
}

#[derive(Deserialize)]
struct PaperRow {
    data: String,
    train: usize,
    hidden: usize,
    accuracy: Columns,
    speedup: Columns,
}

#[derive(Deserialize)]
struct Columns {
    initial: Option<Printed>,
    dropout: Option<Printed>,
    l2: Option<Printed>,
    bdnn_dsd: Option<Printed>,
}

impl Columns {
    fn of(&self, method: Method) -> Option<Printed> {
        match method {
            Method::Initial => self.initial,
            Method::Dropout | Method::DropoutTuned => self.dropout,
            Method::L2 | Method::L2AsPublished => self.l2,
            Method::BdnnDsd => self.bdnn_dsd,
        }
    }
}

/// What the paper prints for this data set, number of training samples, network and method; nothing
/// if it has no such row.
///
/// # Panics
///
/// If the numbers inside this program are not JSON of the expected shape; a test reads them.
pub fn published(data: &str, train: usize, hidden: usize, method: Method) -> Published {
    let paper: Paper = match serde_json::from_str(include_str!("paper-results.json")) {
        Ok(paper) => paper,
        Err(error) => {
            panic!("the published numbers that this program carries cannot be read: {error}")
        }
    };
    let row = paper
        .rows
        .iter()
        .find(|row| row.data == data && row.train == train && row.hidden == hidden);
    row.map_or_else(Published::default, |row| Published {
        accuracy: row.accuracy.of(method),
        speedup: row.speedup.of(method),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_3_and_4_read_as_printed() {
        let found = published("mnist", 1200, 100, Method::BdnnDsd);
        assert_eq!(
            found,
            Published {
                accuracy: Some((89.56, Some(0.13))),
                speedup: Some((9.014, Some(0.74)))
            }
        );
        let found = published("mnist", 1200, 10, Method::Initial);
        assert_eq!(
            found,
            Published {
                accuracy: Some((81.38, Some(1.08))),
                speedup: None
            }
        );
        assert_eq!(
            published("mnist", 60_000, 500, Method::BdnnDsd).speedup,
            Some((3.0, None))
        );
        assert_eq!(
            published("mnist", 1200, 11, Method::Initial),
            Published::default()
        );
    }
}
