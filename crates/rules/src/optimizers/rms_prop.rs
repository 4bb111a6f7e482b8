//! `RMSprop`: each gradient is divided by the root of its running mean square.
//!
//! ```text
//! s <- decay * s + (1 - decay) * g^2,   w <- w - learning_rate * g / (sqrt(s) + epsilon)      (Hinton 2012, lecture 6e)
//! ```
//!
//! The form of `torch.optim.RMSprop`, with the decay of Dellaferrera et al. 2022 as default. Steps
//! are about as large as the learning rate regardless of the gradient magnitude, so good rates are
//! far below those of plain gradient descent. Use it if gradients of different layers differ by
//! orders of magnitude.

use pulp::Arch;

use crate::End::{In, Out};
use crate::optimizers::{Slots, flushed, most};
use crate::{
    At, Error, Make, Memory, Optimizer, Parameter, Plan, Resolved, RuleEntry, Scalar, StateEntry,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "decay",
        0.9,
        In(0.0),
        Out(1.0),
        "decay rate of the running mean of squared gradients",
    ),
    Parameter::number(
        "epsilon",
        1e-8,
        In(1e-30),
        Out(1.0),
        "added to the denominator for numerical stability",
    ),
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "rmsprop",
    summary: "divides each gradient by the root of its running mean square",
    reference: "Hinton 2012, lecture 6e",
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 4 * plan.parameters(),
        other: 0,
    },
    make: Make::Optimizer(
        |o, p| Ok(Box::new(RmsProp::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(RmsProp::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::OPTIMIZER
};

/// `RMSprop`; the state is a mean square for each weight and bias.
#[derive(Clone, Debug)]
pub struct RmsProp<S> {
    decay: f64,
    epsilon: f64,
    square: Slots<S>,
}

impl<S: Scalar> RmsProp<S> {
    /// Allocates the state for a network.
    ///
    /// # Errors
    ///
    /// None: every value in its range is valid.
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        Ok(Self {
            decay: options.number("decay"),
            epsilon: options.number("epsilon"),
            square: Slots::new("square", plan),
        })
    }
}

impl<S: Scalar> Optimizer<S> for RmsProp<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let [decay, rest, epsilon] = [self.decay, 1.0 - self.decay, self.epsilon].map(S::from_f64);
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
