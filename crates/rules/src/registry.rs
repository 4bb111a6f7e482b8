//! The one list of rules. It drives the command line, help texts, documentation tables and the contract tests.

use crate::error::nearest;
use crate::scalar::Made;
use crate::{Error, Optimizer, Parameter, Plan, Resolved, Rule, RuleSettings, Scalar, Seam};
use crate::{
    adam, drop_connect, dropout, feedback_alignment, gradient_descent, grapes, lasso, magnitude_pruning, max_norm, meprop, momentum,
    neuroplastic, rms_prop, sd_snn_bounds, spine_bound, synaptic_pruning, weight_decay,
};

/// Every rule, in the order in which they are listed.
pub const RULES: &[&RuleEntry] = &[
    &gradient_descent::ENTRY,
    &momentum::ENTRY,
    &momentum::NESTEROV,
    &rms_prop::ENTRY,
    &adam::ENTRY,
    &adam::ADAM_W,
    &neuroplastic::ENTRY,
    &spine_bound::ENTRY,
    &spine_bound::RETRACTION,
    &sd_snn_bounds::ENTRY,
    &grapes::ENTRY,
    &grapes::SCALAR_GAIN,
    &feedback_alignment::ENTRY,
    &feedback_alignment::DIRECT,
    &dropout::ENTRY,
    &drop_connect::ENTRY,
    &weight_decay::ENTRY,
    &lasso::ENTRY,
    &max_norm::ENTRY,
    &meprop::ENTRY,
    &magnitude_pruning::ENTRY,
    &synaptic_pruning::ENTRY,
];

/// What a registry entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Turns gradients into updates; a chain has one.
    Optimizer,
    /// Acts at one or more seams; a chain has any number.
    Rule,
}

/// One rule as the registry knows it.
pub struct RuleEntry {
    /// Name in settings, flags and records.
    pub name: &'static str,
    /// Optimizer or rule.
    pub role: Role,
    /// What it does, one line.
    pub summary: &'static str,
    /// Where its equations stand.
    pub reference: &'static str,
    /// Where it acts.
    pub seams: &'static [Seam],
    /// What a person can set.
    pub parameters: &'static [Parameter],
    /// What it keeps in a run with this plan; an upper estimate, whatever its parameters are.
    pub memory: fn(&Plan) -> Memory,
    pub(crate) make: Make,
}

/// Bytes that a rule or a chain takes in a run with `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// State that a checkpoint saves.
    pub saved: u64,
    /// The rest.
    pub other: u64,
}

impl Memory {
    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self { saved: self.saved.saturating_add(more.saved), other: self.other.saturating_add(more.other) }
    }
}

type Builder<T> = fn(&Resolved, &Plan) -> Result<Box<T>, Error>;

/// Builds an entry's rule in either number type.
#[doc(hidden)]
pub enum Make {
    Rule(MakeRule),
    Optimizer(MakeOptimizer),
}

/// How a rule is built.
#[doc(hidden)]
pub struct MakeRule {
    pub(crate) single: Builder<dyn Rule<f32>>,
    pub(crate) double: Builder<dyn Rule<f64>>,
}

/// How an optimizer is built.
#[doc(hidden)]
pub struct MakeOptimizer {
    pub(crate) single: Builder<dyn Optimizer<f32>>,
    pub(crate) double: Builder<dyn Optimizer<f64>>,
}

impl RuleEntry {
    /// Checks settings of this rule and fills in the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownParameter`], [`Error::OutOfRange`].
    pub fn resolve(&self, settings: &RuleSettings) -> Result<Resolved, Error> {
        Resolved::new(self, settings)
    }

    pub(crate) fn build<S: Scalar>(&self, settings: &RuleSettings, plan: &Plan) -> Result<Made<S>, Error> {
        S::make(&self.make, &self.resolve(settings)?, plan)
    }
}

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
