//! What a rule or an optimizer says of itself: one entry for each, in the list of the registry.

use crate::{Error, Optimizer, Parameter, Plan, Resolved, Rule, RuleSettings, Scalar, Seam};

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
    /// What only one rule of a layer can decide, in words, if this one decides such a thing: two
    /// that do are refused.
    pub decides: Option<&'static str>,
    /// Whether weights and biases stay finite in an update and in the hooks after it, whatever
    /// finite numbers they get; for an optimizer, with every gradient of at most a quarter of the
    /// largest number over the learning rate. The contract test holds every entry to it; after a
    /// step of any other the new weights are looked at, for which a copy of the old ones is kept.
    pub stays_finite: bool,
    /// Whether it does plain gradient descent and its own update in one pass, with the same bits.
    pub has_fused_update: bool,
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
    /// None at all: what a rule without state and buffers takes.
    pub const NONE: fn(&Plan) -> Self = |_| Self { saved: 0, other: 0 };

    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            saved: self.saved.saturating_add(more.saved),
            other: self.other.saturating_add(more.other),
        }
    }
}

type Builder<T> = fn(&Resolved, &Plan) -> Result<Box<T>, Error>;

/// Builds an entry's rule, or optimizer, in either number type.
#[doc(hidden)]
pub enum Make {
    Rule(Builder<dyn Rule<f32>>, Builder<dyn Rule<f64>>),
    Optimizer(Builder<dyn Optimizer<f32>>, Builder<dyn Optimizer<f64>>),
    /// Built by whoever wrote it.
    Elsewhere,
}

/// What a registry entry builds.
#[doc(hidden)]
pub enum Made<S: Scalar> {
    Rule(Box<dyn Rule<S>>),
    Optimizer(Box<dyn Optimizer<S>>),
}

/// A number type in which the registry builds rules: `f32` or `f64`.
pub trait Buildable: Scalar {
    #[doc(hidden)]
    fn make(make: &Make, resolved: &Resolved, plan: &Plan) -> Result<Made<Self>, Error>;
}

impl Buildable for f32 {
    fn make(make: &Make, resolved: &Resolved, plan: &Plan) -> Result<Made<Self>, Error> {
        match make {
            Make::Rule(single, _) => single(resolved, plan).map(Made::Rule),
            Make::Optimizer(single, _) => single(resolved, plan).map(Made::Optimizer),
            Make::Elsewhere => unreachable!("the registry has no such entry"),
        }
    }
}

impl Buildable for f64 {
    fn make(make: &Make, resolved: &Resolved, plan: &Plan) -> Result<Made<Self>, Error> {
        match make {
            Make::Rule(_, double) => double(resolved, plan).map(Made::Rule),
            Make::Optimizer(_, double) => double(resolved, plan).map(Made::Optimizer),
            Make::Elsewhere => unreachable!("the registry has no such entry"),
        }
    }
}

impl RuleEntry {
    /// What most rules say of themselves: they act wherever others do, stay finite and have no
    /// state.
    pub(crate) const RULE: Self = Self {
        stays_finite: true,
        ..Self::own("", &[])
    };

    /// The same of an optimizer.
    pub(crate) const OPTIMIZER: Self = Self {
        role: Role::Optimizer,
        ..Self::RULE
    };

    /// The entry of a rule of your own, which the registry does not have; name and seams are all
    /// that a chain needs.
    ///
    /// ```
    /// use spinet_rules::{RuleEntry, Seam};
    ///
    /// const ENTRY: RuleEntry = RuleEntry::own("sign-descent", &[Seam::Gradient]);
    /// assert!(!ENTRY.stays_finite, "so the weights are looked at after each step");
    /// ```
    pub const fn own(name: &'static str, seams: &'static [Seam]) -> Self {
        Self {
            name,
            role: Role::Rule,
            summary: "",
            reference: "",
            seams,
            decides: None,
            stays_finite: false,
            has_fused_update: false,
            parameters: &[],
            memory: Memory::NONE,
            make: Make::Elsewhere,
        }
    }

    /// Checks settings of this rule and fills in the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownParameter`], [`Error::OutOfRange`].
    pub fn resolve(&'static self, settings: &RuleSettings) -> Result<Resolved, Error> {
        Resolved::new(self, settings)
    }

    pub(crate) fn build<S: Buildable>(
        &'static self,
        settings: &RuleSettings,
        plan: &Plan,
    ) -> Result<Made<S>, Error> {
        S::make(&self.make, &self.resolve(settings)?, plan)
    }
}
