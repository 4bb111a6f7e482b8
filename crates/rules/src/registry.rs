//! The list of all rules. It drives the command line, help texts, documentation tables and the
//! contract tests.

use crate::error::nearest;
use crate::{Error, Resolved, RuleEntry, RuleSettings, optimizers, rules};

/// All rules, in listing order.
pub const RULES: &[&RuleEntry] = &[
    &optimizers::gradient_descent::ENTRY,
    &optimizers::momentum::ENTRY,
    &optimizers::momentum::NESTEROV,
    &optimizers::rms_prop::ENTRY,
    &optimizers::adam::ENTRY,
    &optimizers::adam::ADAM_W,
    &optimizers::neuroplastic::ENTRY,
    &rules::bdnn_dsd::ENTRY,
    &rules::bdnn_dsd::RETRACTION,
    &rules::sd_snn_bounds::ENTRY,
    &rules::grapes::ENTRY,
    &rules::grapes::SCALAR_GAIN,
    &rules::feedback_alignment::ENTRY,
    &rules::feedback_alignment::DIRECT,
    &rules::dropout::ENTRY,
    &rules::drop_connect::ENTRY,
    &rules::l2::ENTRY,
    &rules::l1::ENTRY,
    &rules::max_norm::ENTRY,
    &rules::weight_range::ENTRY,
    &rules::meprop::ENTRY,
    &rules::magnitude_pruning::ENTRY,
    &rules::filter_pruning::ENTRY,
    &rules::synaptic_pruning::ENTRY,
];

/// Finds an entry by name.
///
/// # Errors
///
/// [`Error::UnknownRule`], with the nearest known name.
pub fn find(name: &str) -> Result<&'static RuleEntry, Error> {
    RULES
        .iter()
        .copied()
        .find(|entry| entry.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = RULES.iter().map(|entry| entry.name).collect();
            Error::UnknownRule {
                found: name.to_owned(),
                expected: names.join(", "),
                suggestion: nearest(name, names.into_iter()),
            }
        })
}

/// Parses a rule as written on a command line, such as `bdnn-dsd:threshold=20`, and checks its
/// options.
///
/// # Errors
///
/// [`Error::Syntax`], [`Error::UnknownRule`], [`Error::UnknownParameter`], [`Error::OutOfRange`].
pub fn resolve(text: &str) -> Result<Resolved, Error> {
    let settings: RuleSettings = text.parse()?;
    find(&settings.name)?.resolve(&settings)
}
