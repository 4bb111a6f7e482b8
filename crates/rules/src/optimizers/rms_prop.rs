//! `RMSprop`: every gradient is divided by the root of its running mean square.
//!
//! ```text
//! s <- decay * s + (1 - decay) * g^2,   w <- w - learning_rate * g / (sqrt(s) + epsilon)      (Hinton 2012, lecture 6e)
//! ```
//!
//! The form of `torch.optim.RMSprop`, with the decay of Dellaferrera et al. 2022 as default. Steps have about the size of the
//! learning rate however small gradients are, so good rates are far below those of plain gradient descent. Use it where
//! gradients of different layers differ by orders of magnitude.

use pulp::Arch;

use crate::End::{In, Out};
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::optimizers::{Slots, flushed, most};
use crate::{At, Error, Optimizer, Parameter, Plan, Range, Resolved, RuleSettings, Scalar, StateEntry};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "decay",
        summary: "what is left of the mean square after a step",
        range: Range::Number { default: 0.9, low: In(0.0), high: Out(1.0) },
    },
    Parameter {
        name: "epsilon",
        summary: "added to the root, so that a vanishing gradient is not blown up",
        range: Range::Number { default: 1e-8, low: In(1e-30), high: Out(1.0) },
    },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "rmsprop",
    role: Role::Optimizer,
    summary: "every gradient divided by the root of its running mean square",
    reference: "Hinton 2012, lecture 6e",
    seams: &[],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: |plan| Memory { saved: 4 * plan.parameters(), other: 0 },
    make: Make::Optimizer(make::<f32>, make::<f64>),
};

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Optimizer<S>>, Error> {
    let config = RmsPropConfig { decay: resolved.number("decay"), epsilon: resolved.number("epsilon") };
    Ok(Box::new(RmsProp::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropConfig {
    /// What is left of the mean square after a step, in `[0, 1)`; 0.9 unless set.
    pub decay: f64,
    /// Added to the root, in `[1e-30, 1)`; 1e-8 unless set.
    pub epsilon: f64,
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { decay: 0.9, epsilon: 1e-8 }
    }
}

impl RmsPropConfig {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(ENTRY.name).with_number("decay", self.decay).with_number("epsilon", self.epsilon)
    }
}

/// `RMSprop`; the state is a mean square for each weight and bias.
#[derive(Clone, Debug)]
pub struct RmsProp<S> {
    config: RmsPropConfig,
    square: Slots<S>,
}

impl<S: Scalar> RmsProp<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`].
    pub fn new(config: &RmsPropConfig, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        Ok(Self { config: *config, square: Slots::new("square", plan) })
    }
}

impl<S: Scalar> Optimizer<S> for RmsProp<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let [decay, rest, epsilon] = [self.config.decay, 1.0 - self.config.decay, self.config.epsilon].map(S::from_f64);
        let most = most(S::ONE);
        let square = self.square.of(at.id);
        Arch::new().dispatch(move || {
            for ((w, s), g) in values.iter_mut().zip(square).zip(grad) {
                *s = flushed(decay * *s + rest * (*g * *g).min(most));
                *w = *w - learning_rate * *g / (s.sqrt() + epsilon);
            }
        });
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        self.square.state().collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        self.square = self.square.restored(ENTRY.name, entries, S::ZERO)?;
        Ok(())
    }
}
