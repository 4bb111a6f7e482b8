//! Which layers of a network a rule acts on.

use crate::{Error, Plan};

/// All layers, or some of them by number.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Layers {
    /// Every layer that the rule can act on.
    #[default]
    All,
    /// These layers, counted from 0.
    Only(Vec<usize>),
}

impl Layers {
    /// Whether `layer` (counted from 0) is among them.
    pub fn contains(&self, layer: usize) -> bool {
        match self {
            Self::All => true,
            Self::Only(layers) => layers.contains(&layer),
        }
    }

    /// The weight matrices of these layers.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub(crate) fn weights(&self, rule: &'static str, plan: &Plan) -> Result<Chosen, Error> {
        self.check(rule, plan.layers())?;
        Ok(Chosen(
            plan.params
                .iter()
                .map(|param| param.role.is_weight() && self.contains(param.layer))
                .collect(),
        ))
    }

    /// The hidden signals of these layers, of a network with at least so many hidden layers.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`], [`Error::OutputLayer`], [`Error::TooFewHiddenLayers`].
    pub(crate) fn hidden(
        &self,
        rule: &'static str,
        plan: &Plan,
        least: usize,
    ) -> Result<Chosen, Error> {
        let count = plan.layers();
        self.check(rule, count)?;
        if count <= least {
            return Err(Error::TooFewHiddenLayers {
                rule,
                found: count.saturating_sub(1),
                expected: least,
            });
        }
        match self {
            Self::Only(layers) if layers.contains(&(count - 1)) => Err(Error::OutputLayer {
                rule,
                layers: count,
            }),
            _ => Ok(Chosen(
                plan.signals
                    .iter()
                    .map(|signal| !signal.is_output && self.contains(signal.layer))
                    .collect(),
            )),
        }
    }

    /// Rejects layers that a network with `count` layers does not have.
    fn check(&self, rule: &'static str, count: usize) -> Result<(), Error> {
        match self {
            Self::Only(layers) => match layers.iter().find(|layer| **layer >= count) {
                Some(layer) => Err(Error::NoSuchLayer {
                    rule,
                    found: layer + 1,
                    layers: count,
                }),
                None => Ok(()),
            },
            Self::All => Ok(()),
        }
    }

    /// Reads `all` or numbers from 1 separated by `+`, as in `1+3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        let mut layers = Vec::new();
        for number in text.split('+') {
            let layer = number.trim().parse::<usize>().ok()?.checked_sub(1)?;
            if !layers.contains(&layer) {
                layers.push(layer);
            }
        }
        layers.sort_unstable();
        Some(Self::Only(layers))
    }
}

/// Of the arrays of a plan, or of its signals, those that a rule acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen(pub(crate) Vec<bool>);

impl Chosen {
    /// Whether this one, by its number, is among them.
    pub(crate) fn contains(&self, id: usize) -> bool {
        self.0.get(id).copied().unwrap_or(false)
    }
}

impl std::fmt::Display for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(layers) => {
                let numbers: Vec<String> =
                    layers.iter().map(|layer| (layer + 1).to_string()).collect();
                f.write_str(&numbers.join("+"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_read_back_as_they_are_shown() {
        for text in ["all", "1", "1+3"] {
            assert_eq!(
                Layers::parse(text)
                    .map(|layers| layers.to_string())
                    .as_deref(),
                Some(text)
            );
        }
        assert_eq!(Layers::parse("3+1+3"), Some(Layers::Only(vec![0, 2])));
    }

    #[test]
    fn layer_zero_and_words_are_refused() {
        for text in ["0", "", "first", "1,2", "-1"] {
            assert_eq!(Layers::parse(text), None, "{text}");
        }
    }
}
