//! Weights of training samples: of their classes, and of a column of the table.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spinet_data::Samples;

use crate::Error;

/// By what the loss of the samples of a class is multiplied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum ClassWeight {
    /// All by 1.
    #[default]
    None,
    /// By `n / (c n_k)` with `n` training samples, `c` classes and `n_k` samples of the class: all
    /// classes count the same.
    Balanced,
    /// By the weight of the class, at least 0, or by 1 for a class that is not in the table.
    Table(BTreeMap<String, f64>),
}

/// The form in files.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a wrong `class_weight`, expected \"balanced\", \"none\", or a table of classes and weights"
)]
enum Written {
    Word(Word),
    Table(BTreeMap<String, f64>),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    None,
    Balanced,
}

impl From<Written> for ClassWeight {
    fn from(written: Written) -> Self {
        match written {
            Written::Word(Word::None) => Self::None,
            Written::Word(Word::Balanced) => Self::Balanced,
            Written::Table(table) => Self::Table(table),
        }
    }
}

impl From<ClassWeight> for Written {
    fn from(weight: ClassWeight) -> Self {
        match weight {
            ClassWeight::None => Self::Word(Word::None),
            ClassWeight::Balanced => Self::Word(Word::Balanced),
            ClassWeight::Table(table) => Self::Table(table),
        }
    }
}

impl FromStr for ClassWeight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => return Ok(Self::None),
            "balanced" => return Ok(Self::Balanced),
            _ => {}
        }
        let one = |entry: &str| {
            let (class, weight) = entry.rsplit_once('=')?;
            let weight = weight
                .trim()
                .parse()
                .ok()
                .filter(|weight| is_weight(*weight))?;
            Some((class.trim().to_owned(), weight))
        };
        let table: Option<BTreeMap<_, _>> = text.split(',').map(one).collect();
        table.map(Self::Table).ok_or_else(|| {
            "expected `balanced`, `none`, or classes with weights of at least 0, as in `a=2,b=0.5`"
                .to_owned()
        })
    }
}

impl fmt::Display for ClassWeight {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => out.write_str("none"),
            Self::Balanced => out.write_str("balanced"),
            Self::Table(table) => {
                let all: Vec<_> = (table.iter())
                    .map(|(class, weight)| format!("{class}={weight}"))
                    .collect();
                out.write_str(&all.join(","))
            }
        }
    }
}

fn is_weight(weight: f64) -> bool {
    (0.0..1e30).contains(&weight)
}

impl ClassWeight {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Rejects weights that are below 0 or not finite.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Table(table) if !table.values().all(|weight| is_weight(*weight)) => {
                refuse("weights in [0, 1e30)", self.to_string())
            }
            _ => Ok(()),
        }
    }

    /// One weight for each class.
    fn of_classes(&self, labels: &[u8], class_names: &[String]) -> Result<Vec<f64>, Error> {
        let classes = class_names.len();
        match self {
            Self::None => Ok(vec![1.0; classes]),
            Self::Balanced => {
                let mut counts = vec![0_usize; classes];
                for label in labels {
                    counts[usize::from(*label)] += 1;
                }
                let weight = |count| labels.len() as f64 / (classes * count) as f64;
                Ok(counts
                    .into_iter()
                    .map(|count| weight(count.max(1)))
                    .collect())
            }
            Self::Table(table) => {
                if let Some(class) = table.keys().find(|class| !class_names.contains(class)) {
                    return refuse("weights of the classes of the data", format!("`{class}`"));
                }
                let weight = |class| table.get(class).copied().unwrap_or(1.0);
                Ok(class_names.iter().map(weight).collect())
            }
        }
    }

    /// One weight for each sample, the weight of its class times its own, with mean 1; none if all
    /// are 1.
    pub(crate) fn of_samples(
        &self,
        samples: &Samples,
        class_names: &[String],
    ) -> Result<Option<Vec<f32>>, Error> {
        if !self.is_none() && (class_names.is_empty() || samples.targets().is_some()) {
            return refuse(
                "none for a task that is no classification",
                self.to_string(),
            );
        }
        if self.is_none() && samples.weights().is_none() {
            return Ok(None);
        }
        let of_classes = if class_names.is_empty() || samples.targets().is_some() {
            vec![1.0]
        } else {
            self.of_classes(samples.labels(), class_names)?
        };
        let own = |index: usize| {
            let weights = samples.weights();
            weights.map_or(1.0, |weights| f64::from(weights[index]))
        };
        let of_sample = |(index, label): (usize, &u8)| of_classes[usize::from(*label)] * own(index);
        let weights: Vec<f64> = samples.labels().iter().enumerate().map(of_sample).collect();
        let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
        if mean <= 0.0 {
            return Err(Error::OutOfRange {
                setting: "sample_weight",
                expected: "weights of which one is above 0",
                found: "0 for all training samples".to_owned(),
            });
        }
        Ok(Some(
            weights
                .into_iter()
                .map(|weight| (weight / mean) as f32)
                .collect(),
        ))
    }
}

fn refuse<T>(expected: &'static str, found: String) -> Result<T, Error> {
    Err(Error::OutOfRange {
        setting: "class_weight",
        expected,
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(labels: &[u8]) -> Samples {
        Samples::of_numbers(vec![0.0; labels.len()], labels.to_vec(), [1, 1]).unwrap()
    }

    #[test]
    fn balanced_classes_count_the_same() {
        let names = ["a".to_owned(), "b".to_owned()];
        let samples = samples(&[0, 0, 0, 1]);
        let of = |weight: &ClassWeight| weight.of_samples(&samples, &names).unwrap().unwrap();
        let third = (2.0_f64 / 3.0) as f32;
        assert_eq!(of(&ClassWeight::Balanced), [third, third, third, 2.0]);
        // A table is scaled so that the mean is 1.
        assert_eq!(of(&"b=5".parse().unwrap()), [0.5, 0.5, 0.5, 2.5]);
        assert_eq!(
            ClassWeight::None.of_samples(&samples, &names).unwrap(),
            None
        );
        let weighted = samples.clone().with_weights([0.0, 2.0, 2.0, 4.0]).unwrap();
        let found = ClassWeight::None.of_samples(&weighted, &names).unwrap();
        assert_eq!(found.unwrap(), [0.0, 1.0, 1.0, 2.0]);
        let unknown = "c=5"
            .parse::<ClassWeight>()
            .unwrap()
            .of_samples(&samples, &names);
        assert_eq!(
            unknown.unwrap_err().to_string(),
            "`class_weight` must be weights of the classes of the data, but is `c`"
        );
    }

    #[test]
    fn words_and_tables_read_back() {
        for text in ["none", "balanced", "a=2,b=0.5"] {
            let weight: ClassWeight = text.parse().unwrap();
            assert_eq!(weight.to_string(), text);
            let json = serde_json::to_string(&weight).unwrap();
            assert_eq!(serde_json::from_str::<ClassWeight>(&json).unwrap(), weight);
        }
        for text in ["balance", "a", "a=-1", "a=x", "a=inf", ""] {
            assert!(text.parse::<ClassWeight>().is_err(), "{text}");
        }
    }
}
