//! Registry entries: what each rule or optimizer declares about itself.

use crate::{Error, Optimizer, Parameter, Plan, Resolved, Rule, RuleSettings, Scalar, Seam};

/// What a registry entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Turns gradients into updates; one per chain.
    Optimizer,
    /// Acts at one or more seams; any number per chain.
    Rule,
}

/// One rule as the registry knows it.
pub struct RuleEntry {
    /// Name in config files, flags and records.
    pub name: &'static str,
    /// Optimizer or rule.
    pub role: Role,
    /// One-line description.
    pub summary: &'static str,
    /// Source of its equations.
    pub reference: &'static str,
    /// Where it acts.
    pub seams: &'static [Seam],
    /// What only one rule per layer can determine, in words, if this rule determines such a thing:
    /// two of them are rejected.
    pub decides: Option<&'static str>,
    /// Whether weights and biases stay finite in an update and in the hooks after it, for any
    /// finite input; for an optimizer, for gradients of at most a quarter of the largest number
    /// divided by the learning rate. The contract test enforces this. If false, the new weights are
    /// checked after each step, which needs a copy of the old ones.
    pub stays_finite: bool,
    /// Whether it fuses plain gradient descent and its own update into one pass, bit-identically.
    pub has_fused_update: bool,
    /// Its options.
    pub parameters: &'static [Parameter],
    /// Memory it needs in a run with this plan; an upper bound for any options.
    pub memory: fn(&Plan) -> Memory,
    pub(crate) make: Make,
}

/// Memory of a rule or a chain in a run with `f32`, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// State saved in checkpoints.
    pub saved: u64,
    /// Everything else.
    pub other: u64,
}

impl Memory {
    /// None: a rule without state and buffers.
    pub const NONE: fn(&Plan) -> Self = |_| Self { saved: 0, other: 0 };

    /// The sum of both.
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
    /// Built by its author, outside the registry.
    Elsewhere,
}

/// What a registry entry builds.
#[doc(hidden)]
pub enum Built<S: Scalar> {
    Rule(Box<dyn Rule<S>>),
    Optimizer(Box<dyn Optimizer<S>>),
}

/// A number type in which the registry builds rules: `f32` or `f64`.
pub trait Buildable: Scalar {
    #[doc(hidden)]
    fn make(make: &Make, resolved: &Resolved, plan: &Plan) -> Result<Built<Self>, Error>;
}

impl Buildable for f32 {
    fn make(make: &Make, resolved: &Resolved, plan: &Plan) -> Result<Built<Self>, Error> {
        match make {
            Make::Rule(single, _) => single(resolved, plan).map(Built::Rule),
            Make::Optimizer(single, _) => single(resolved, plan).map(Built::Optimizer),
            Make::Elsewhere => unreachable!("the registry has no such entry"),
        }
    }
}

impl Buildable for f64 {
    fn make(make: &Make, resolved: &Resolved, plan: &Plan) -> Result<Built<Self>, Error> {
        match make {
            Make::Rule(_, double) => double(resolved, plan).map(Built::Rule),
            Make::Optimizer(_, double) => double(resolved, plan).map(Built::Optimizer),
            Make::Elsewhere => unreachable!("the registry has no such entry"),
        }
    }
}

impl RuleEntry {
    /// The common case: a rule that does not conflict with others, stays finite and has no state.
    pub(crate) const RULE: Self = Self {
        stays_finite: true,
        ..Self::own("", &[])
    };

    /// The same for an optimizer.
    pub(crate) const OPTIMIZER: Self = Self {
        role: Role::Optimizer,
        ..Self::RULE
    };

    /// The entry of a user-defined rule, which is not in the registry; a chain needs only its name
    /// and seams.
    ///
    /// ```
    /// use spinet_rules::{RuleEntry, Seam};
    ///
    /// const ENTRY: RuleEntry = RuleEntry::own("sign-descent", &[Seam::Gradient]);
    /// assert!(!ENTRY.stays_finite, "so the weights are checked after each step");
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

    /// Checks the options of this rule and fills in the defaults.
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
    ) -> Result<Built<S>, Error> {
        S::make(&self.make, &self.resolve(settings)?, plan)
    }
}
