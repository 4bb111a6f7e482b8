//! Looking up a rule's arrays among those of a checkpoint.

use crate::{Error, Scalar, StateEntry, StateValues};

/// The arrays of one rule or optimizer, and how its messages call the owner of an array.
pub(crate) struct Saved<'a, S> {
    rule: &'static str,
    entries: &'a [StateEntry<S>],
    /// The layer, counted from 1, of an array's index.
    layer_of: fn(usize) -> usize,
}

impl<'a, S: Scalar> Saved<'a, S> {
    /// Arrays of layers.
    pub(crate) fn of_layers(rule: &'static str, entries: &'a [StateEntry<S>]) -> Self {
        Self { rule, entries, layer_of: |layer| layer + 1 }
    }

    /// Arrays of an optimizer's slots, two for each layer.
    pub(crate) fn of_slots(rule: &'static str, entries: &'a [StateEntry<S>]) -> Self {
        Self { rule, entries, layer_of: |slot| slot / 2 + 1 }
    }

    fn refuse(&self, entry: &'static str, index: usize, expected: usize, found: String) -> Error {
        Error::State { rule: self.rule, entry, layer: (self.layer_of)(index), expected, found }
    }

    fn find(&self, name: &'static str, index: usize, expected: usize) -> Result<&'a StateValues<S>, Error> {
        match self.entries.iter().find(|entry| entry.name == name && entry.layer == index).map(|entry| &entry.values) {
            None => Err(self.refuse(name, index, expected, "nothing".to_owned())),
            Some(values) if values.len() != expected => Err(self.refuse(name, index, expected, format!("{} values", values.len()))),
            Some(values) => Ok(values),
        }
    }

    /// So many finite numbers of at least `least`.
    ///
    /// # Errors
    ///
    /// [`Error::State`].
    pub(crate) fn scalars(&self, name: &'static str, index: usize, expected: usize, least: S) -> Result<Vec<S>, Error> {
        let refuse = |found| Err(self.refuse(name, index, expected, found));
        match self.find(name, index, expected)? {
            StateValues::Counts(_) => refuse("numbers of another type".to_owned()),
            StateValues::Scalars(values) => match values.iter().find(|value| !(value.is_finite() && **value >= least)) {
                Some(value) => refuse(format!("the value {value}, expected a finite number of at least {least:e}")),
                None => Ok(values.clone()),
            },
        }
    }

    /// So many counts of at most `most`.
    ///
    /// # Errors
    ///
    /// [`Error::State`].
    pub(crate) fn counts(&self, name: &'static str, index: usize, expected: usize, most: u16) -> Result<Vec<u16>, Error> {
        let refuse = |found| Err(self.refuse(name, index, expected, found));
        match self.find(name, index, expected)? {
            StateValues::Scalars(_) => refuse("numbers of another type".to_owned()),
            StateValues::Counts(values) => match values.iter().find(|count| **count > most) {
                Some(count) => refuse(format!("the count {count}, expected at most {most}")),
                None => Ok(values.clone()),
            },
        }
    }
}
