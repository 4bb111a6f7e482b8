//! The phases of a step, for timing. The numerical code reads no clock; the watcher does.

use std::sync::Arc;

/// A phase of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Gathering the batch.
    Gather,
    /// Matrix products, with what they need of their factors.
    Products,
    /// Biases, activations and their derivatives, factors and error signals of rules.
    Activation,
    /// The loss and its derivative.
    Loss,
    /// Checking for non-finite numbers.
    Check,
    /// Rules on gradients, the optimizer, rules after the update.
    Update,
}

impl Phase {
    /// All phases, in the order of a step.
    pub const ALL: [Self; 6] = [
        Self::Gather,
        Self::Products,
        Self::Activation,
        Self::Loss,
        Self::Check,
        Self::Update,
    ];

    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gather => "gather",
            Self::Products => "products",
            Self::Activation => "activation",
            Self::Loss => "loss",
            Self::Check => "check",
            Self::Update => "update",
        }
    }
}

/// The callback for finished phases; none by default.
#[derive(Clone, Default)]
pub(crate) struct PhaseTimer(Option<Arc<dyn Fn(Phase) + Send + Sync>>);

impl PhaseTimer {
    pub(crate) fn new(watch: impl Fn(Phase) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watch)))
    }

    /// Reports that the time since the last call was spent in `part`.
    pub(crate) fn done(&self, part: Phase) {
        if let Some(watch) = &self.0 {
            watch(part);
        }
    }
}

impl std::fmt::Debug for PhaseTimer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "PhaseTimer(set)"
        } else {
            "PhaseTimer(none)"
        })
    }
}
