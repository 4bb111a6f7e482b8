//! Looking up a rule's arrays among those of a checkpoint.

use crate::{Error, ParamShape, Scalar, StateEntry, StateValues};

/// The arrays of one rule or optimizer, and the trained arrays that they belong to.
pub(crate) struct Saved<'a, S> {
    pub(crate) rule: &'static str,
    pub(crate) entries: &'a [StateEntry<S>],
    pub(crate) params: &'a [ParamShape],
}

impl<'a, S: Scalar> Saved<'a, S> {
    fn refuse(&self, entry: &'static str, param: usize, found: String) -> Error {
        let shape = &self.params[param];
        Error::State {
            rule: self.rule,
            entry,
            param: shape.name.clone(),
            expected: shape.len(),
            found,
        }
    }

    fn find(&self, name: &'static str, param: usize) -> Result<&'a StateValues<S>, Error> {
        match self
            .entries
            .iter()
            .find(|entry| entry.name == name && entry.param == param)
            .map(|entry| &entry.values)
        {
            None => Err(self.refuse(name, param, "nothing".to_owned())),
            Some(values) if values.len() != self.params[param].len() => {
                Err(self.refuse(name, param, format!("{} values", values.len())))
            }
            Some(values) => Ok(values),
        }
    }

    /// Finite numbers of at least `least`, one for each of the array.
    ///
    /// # Errors
    ///
    /// [`Error::State`].
    pub(crate) fn scalars(
        &self,
        name: &'static str,
        param: usize,
        least: S,
    ) -> Result<Vec<S>, Error> {
        let refuse = |found| Err(self.refuse(name, param, found));
        match self.find(name, param)? {
            StateValues::Counts(_) => refuse("numbers of another type".to_owned()),
            StateValues::Scalars(values) => match values
                .iter()
                .find(|value| !(value.is_finite() && **value >= least))
            {
                Some(value) => refuse(format!(
                    "the value {value}, expected a finite number of at least {least:e}"
                )),
                None => Ok(values.clone()),
            },
        }
    }

    /// Counts of at most `most`, likewise.
    ///
    /// # Errors
    ///
    /// [`Error::State`].
    pub(crate) fn counts(
        &self,
        name: &'static str,
        param: usize,
        most: u16,
    ) -> Result<Vec<u16>, Error> {
        let refuse = |found| Err(self.refuse(name, param, found));
        match self.find(name, param)? {
            StateValues::Scalars(_) => refuse("numbers of another type".to_owned()),
            StateValues::Counts(values) => match values.iter().find(|count| **count > most) {
                Some(count) => refuse(format!("the count {count}, expected at most {most}")),
                None => Ok(values.clone()),
            },
        }
    }
}
