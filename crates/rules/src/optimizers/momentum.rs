//! Momentum: the update follows a running sum of gradients, the velocity.
//!
//! ```text
//! v <- momentum * v + g,   w <- w - learning_rate * v                         (Polyak 1964; Sutskever et al. 2013)
//! Nesterov:                w <- w - learning_rate * (g + momentum * v)        (Nesterov 1983)
//! ```
//!
//! With a constant learning rate this is `v <- momentum * v + learning_rate * g, w <- w - v`. In the second form the weights of
//! the network *are* the look-ahead weights `w - learning_rate * momentum * v`: forward and backward pass, and what rules read of
//! the weights, such as importance, are computed from them, and so is an evaluation. Both forms are those of `torch.optim.SGD`.
//! Use it where plain gradient descent crawls along a valley.

use pulp::Arch;

use crate::End::{In, Out};
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::optimizers::{Slots, flushed, most};
use crate::{At, Error, Optimizer, Parameter, Plan, Range, Resolved, RuleSettings, Scalar, StateEntry};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "momentum",
    summary: "what is left of the velocity after a step",
    range: Range::Number { default: 0.9, low: In(0.0), high: Out(1.0) },
}];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "momentum",
    role: Role::Optimizer,
    summary: "gradient descent along a running sum of gradients",
    reference: "Polyak 1964; Sutskever et al. 2013",
    seams: &[],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: |plan| Memory { saved: 4 * plan.parameters(), other: 0 },
    make: Make::Optimizer(make::<f32, false>, make::<f64, false>),
};

/// Registry entry of the look-ahead form.
pub(crate) const NESTEROV: RuleEntry = RuleEntry {
    name: "nesterov",
    summary: "momentum with gradients at the place to which the velocity leads",
    reference: "Nesterov 1983; Sutskever et al. 2013",
    memory: |plan| Memory { saved: 4 * plan.parameters(), other: 0 },
    make: Make::Optimizer(make::<f32, true>, make::<f64, true>),
    ..ENTRY
};

fn make<S: Scalar, const IS_NESTEROV: bool>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Optimizer<S>>, Error> {
    let config = MomentumConfig { momentum: resolved.number("momentum"), is_nesterov: IS_NESTEROV };
    Ok(Box::new(Momentum::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumConfig {
    /// What is left of the velocity after a step, in `[0, 1)`; 0.9 unless set.
    pub momentum: f64,
    /// Whether gradients are those at the place to which the velocity leads.
    pub is_nesterov: bool,
}

impl Default for MomentumConfig {
    fn default() -> Self {
        Self { momentum: 0.9, is_nesterov: false }
    }
}

impl MomentumConfig {
    fn entry(&self) -> &'static RuleEntry {
        if self.is_nesterov { &NESTEROV } else { &ENTRY }
    }

    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(self.entry().name).with_number("momentum", self.momentum)
    }
}

/// Momentum and Nesterov's form of it; the state is a velocity for each weight and bias.
#[derive(Clone, Debug)]
pub struct Momentum<S> {
    config: MomentumConfig,
    velocity: Slots<S>,
}

impl<S: Scalar> Momentum<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`].
    pub fn new(config: &MomentumConfig, plan: &Plan) -> Result<Self, Error> {
        config.entry().resolve(&config.settings())?;
        Ok(Self { config: *config, velocity: Slots::new("velocity", plan) })
    }
}

impl<S: Scalar> Optimizer<S> for Momentum<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.config.entry()
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let (momentum, most, is_nesterov) = (S::from_f64(self.config.momentum), most(learning_rate), self.config.is_nesterov);
        let velocity = self.velocity.of(at.id);
        Arch::new().dispatch(move || {
            for ((w, v), g) in values.iter_mut().zip(velocity).zip(grad) {
                *v = flushed((momentum * *v + *g).min(most).max(-most));
                let move_along = if is_nesterov { *g + momentum * *v } else { *v };
                *w = *w - learning_rate * move_along;
            }
        });
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        self.velocity.state().collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        self.velocity = self.velocity.restored(self.config.entry().name, entries, -S::MAX)?;
        Ok(())
    }
}
