//! Momentum: the update follows a running sum of gradients, the velocity.
//!
//! ```text
//! v <- momentum * v + g,   w <- w - learning_rate * v                         (Polyak 1964; Sutskever et al. 2013)
//! Nesterov:                w <- w - learning_rate * (g + momentum * v)        (Nesterov 1983)
//! ```
//!
//! With a constant learning rate this is `v <- momentum * v + learning_rate * g, w <- w - v`. In
//! the second form the weights of the network *are* the look-ahead weights `w - learning_rate *
//! momentum * v`: forward and backward pass, evaluation, and whatever rules read from the weights,
//! such as importance, use them. Both forms are those of `torch.optim.SGD`. Use it where plain
//! gradient descent is slow along a narrow valley.

use pulp::Arch;

use crate::End::{In, Out};
use crate::optimizers::{Slots, flushed, most};
use crate::{
    At, Error, Make, Memory, Optimizer, Parameter, Plan, Resolved, RuleEntry, Scalar, StateEntry,
};

const PARAMETERS: &[Parameter] = &[Parameter::number(
    "momentum",
    0.9,
    In(0.0),
    Out(1.0),
    "momentum coefficient",
)];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "momentum",
    summary: "SGD with momentum",
    reference: "Polyak 1964; Sutskever et al. 2013",
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 4 * plan.parameters(),
        other: 0,
    },
    make: Make::Optimizer(
        |o, p| Ok(Box::new(Momentum::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(Momentum::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::OPTIMIZER
};

/// Registry entry of the look-ahead form.
pub(crate) const NESTEROV: RuleEntry = RuleEntry {
    name: "nesterov",
    summary: "SGD with Nesterov momentum",
    reference: "Nesterov 1983; Sutskever et al. 2013",
    ..ENTRY
};

/// Momentum and Nesterov's form of it; the state is a velocity for each weight and bias.
#[derive(Clone)]
pub struct Momentum<S> {
    entry: &'static RuleEntry,
    kept: S,
    velocity: Slots<S>,
}

impl<S: Scalar> Momentum<S> {
    /// Allocates the state for a network.
    ///
    /// # Errors
    ///
    /// None: every value in its range is valid.
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let kept = S::from_f64(options.number("momentum"));
        Ok(Self {
            entry: options.entry(),
            kept,
            velocity: Slots::new("velocity", plan),
        })
    }
}

impl<S: Scalar> Optimizer<S> for Momentum<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.entry
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let (momentum, most, is_nesterov) = (
            self.kept,
            most(learning_rate),
            self.entry.name == NESTEROV.name,
        );
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
        self.velocity = self.velocity.restored(self.entry.name, entries, -S::MAX)?;
        Ok(())
    }
}
