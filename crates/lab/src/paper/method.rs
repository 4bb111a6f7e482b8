//! The four methods of the paper's tables, and two variants of them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Plain gradient descent, nothing added: the paper's "initial network".
    Initial,
    /// Dropout on the hidden units.
    Dropout,
    /// Dropout with a rate that was tuned, where [`Dropout`](Self::Dropout) has a fixed one.
    DropoutTuned,
    /// L2 regularization with a tuned coefficient.
    L2,
    /// L2 regularization with the coefficient that comes nearest to the published accuracy, where
    /// that is another one.
    L2AsPublished,
    /// Dendritic spine dynamics.
    BdnnDsd,
}

impl Method {
    /// Every method, in the order of the tables.
    pub const ALL: [Self; 6] = [
        Self::Initial,
        Self::Dropout,
        Self::DropoutTuned,
        Self::L2,
        Self::L2AsPublished,
        Self::BdnnDsd,
    ];

    /// The methods of the paper, without variants.
    pub const PAPER: [Self; 4] = [Self::Initial, Self::Dropout, Self::L2, Self::BdnnDsd];

    /// Name in flags and tables. Records call the baseline `initial`, which flags read too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "baseline",
            Self::Dropout => "dropout",
            Self::DropoutTuned => "dropout-tuned",
            Self::L2 => "l2",
            Self::L2AsPublished => "l2-as-published",
            Self::BdnnDsd => "bdnn-dsd",
        }
    }

    /// The method of the paper that it is, or that it is a variant of; the name of its rule is that
    /// method's.
    #[must_use]
    pub fn in_paper(self) -> Self {
        match self {
            Self::DropoutTuned => Self::Dropout,
            Self::L2AsPublished => Self::L2,
            _ => self,
        }
    }

    /// Whether it is a variant of a method of the paper.
    pub fn is_variant(self) -> bool {
        self != self.in_paper()
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = if text == "initial" { "baseline" } else { text };
        let mut methods = Self::ALL.into_iter();
        methods
            .find(|method| method.name() == text)
            .ok_or_else(|| Error::UnknownMethod {
                found: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_keeps_its_name_in_records_and_both_names_are_read() {
        assert_eq!("initial".parse::<Method>().unwrap(), Method::Initial);
        for method in Method::ALL {
            assert_eq!(method.name().parse::<Method>().unwrap(), method);
        }
        let stored = serde_json::to_string(&Method::Initial).unwrap();
        assert_eq!(stored, "\"initial\"");
    }
}
