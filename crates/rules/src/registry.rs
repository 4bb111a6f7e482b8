//! The one list of rules. It drives the command line, help texts, documentation tables and the contract tests.

use crate::error::nearest;
use crate::optimizers::{adam, gradient_descent, momentum, neuroplastic, rms_prop};
use crate::rules::{
    bdnn_dsd, drop_connect, dropout, feedback_alignment, grapes, l1, l2, magnitude_pruning, max_norm, meprop, sd_snn_bounds,
    synaptic_pruning,
};
use crate::{Error, Resolved, RuleEntry, RuleSettings};

/// Every rule, in the order in which they are listed.
pub const RULES: &[&RuleEntry] = &[
    &gradient_descent::ENTRY,
    &momentum::ENTRY,
    &momentum::NESTEROV,
    &rms_prop::ENTRY,
    &adam::ENTRY,
    &adam::ADAM_W,
    &neuroplastic::ENTRY,
    &bdnn_dsd::ENTRY,
    &bdnn_dsd::RETRACTION,
    &sd_snn_bounds::ENTRY,
    &grapes::ENTRY,
    &grapes::SCALAR_GAIN,
    &feedback_alignment::ENTRY,
    &feedback_alignment::DIRECT,
    &dropout::ENTRY,
    &drop_connect::ENTRY,
    &l2::ENTRY,
    &l1::ENTRY,
    &max_norm::ENTRY,
    &meprop::ENTRY,
    &magnitude_pruning::ENTRY,
    &synaptic_pruning::ENTRY,
];

/// The entry of that name.
///
/// # Errors
///
/// [`Error::UnknownRule`], with the nearest known name.
pub fn find(name: &str) -> Result<&'static RuleEntry, Error> {
    RULES.iter().copied().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<_> = RULES.iter().map(|entry| entry.name).collect();
        Error::UnknownRule { found: name.to_owned(), expected: names.join(", "), suggestion: nearest(name, names.into_iter()) }
    })
}

/// Reads a rule as written on a command line, such as `bdnn-dsd:threshold=20`, and checks its parameters.
///
/// # Errors
///
/// [`Error::Syntax`], [`Error::UnknownRule`], [`Error::UnknownParameter`], [`Error::OutOfRange`].
pub fn resolve(text: &str) -> Result<Resolved, Error> {
    let settings: RuleSettings = text.parse()?;
    find(&settings.name)?.resolve(&settings)
}
