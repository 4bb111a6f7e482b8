//! The four methods of the paper's tables.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Plain gradient descent, nothing added.
    Initial,
    /// Dropout on the hidden units.
    Dropout,
    /// L2 regularisation.
    L2,
    /// Dendritic spine dynamics.
    BdnnDsd,
}

impl Method {
    /// Every method, in the order of the tables.
    pub const ALL: [Self; 4] = [Self::Initial, Self::Dropout, Self::L2, Self::BdnnDsd];

    /// Name in flags, records and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Dropout => "dropout",
            Self::L2 => "l2",
            Self::BdnnDsd => "bdnn-dsd",
        }
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| Error::UnknownMethod { found: text.to_owned() })
    }
}
