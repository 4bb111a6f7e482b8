//! Adam: the running mean of gradients divided by the root of their running mean square, both
//! bias-corrected.
//!
//! ```text
//! m <- beta1 * m + (1 - beta1) * g,   s <- beta2 * s + (1 - beta2) * g^2
//! w <- w - learning_rate * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)       t = 1, 2, ...   (Kingma and Ba 2015)
//! AdamW, before that:  w <- w - learning_rate * weight_decay * w                                (Loshchilov and Hutter 2019)
//! ```
//!
//! The decay of `AdamW` is decoupled: it is not scaled by the mean square. It acts on weights, not
//! on biases, as all penalties here. Steps are about as large as the learning rate, so good rates
//! are about a hundred times below those of plain gradient descent. Use Adam if the scale of
//! gradients is unknown, `AdamW` if weights should also stay small.

use pulp::Arch;

use crate::End::{In, Out};
use crate::optimizers::{Slots, flushed, most};
use crate::{
    At, Chosen, Error, Layers, Make, Memory, Optimizer, Parameter, Plan, Resolved, RuleEntry,
    Scalar, StateEntry,
};

const BETA1: Parameter = Parameter::number(
    "beta1",
    0.9,
    In(0.0),
    Out(1.0),
    "decay rate of the first-moment estimate",
);
const BETA2: Parameter = Parameter::number(
    "beta2",
    0.999,
    In(0.0),
    Out(1.0),
    "decay rate of the second-moment estimate",
);
const EPSILON: Parameter = Parameter::number(
    "epsilon",
    1e-8,
    In(1e-30),
    Out(1.0),
    "added to the denominator for numerical stability",
);
const WEIGHT_DECAY: Parameter = Parameter::number(
    "weight_decay",
    0.01,
    In(0.0),
    Out(1.0),
    "decoupled weight-decay coefficient, multiplied by the learning rate",
);

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "adam",
    summary: "adaptive moment estimation",
    reference: "Kingma and Ba 2015",
    parameters: &[BETA1, BETA2, EPSILON],
    memory: |plan| Memory {
        saved: 8 * plan.parameters(),
        other: 0,
    },
    make: Make::Optimizer(
        |o, p| Ok(Box::new(Adam::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(Adam::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::OPTIMIZER
};

/// Registry entry with decoupled weight decay.
pub(crate) const ADAM_W: RuleEntry = RuleEntry {
    name: "adamw",
    summary: "Adam with decoupled weight decay",
    reference: "Loshchilov and Hutter 2019",
    parameters: &[BETA1, BETA2, EPSILON, WEIGHT_DECAY],
    ..ENTRY
};

/// Adam, and `AdamW` if it has a decay; the state is a mean gradient and a mean square for each
/// weight and bias.
#[derive(Clone)]
pub struct Adam<S> {
    entry: &'static RuleEntry,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    /// The weights that `AdamW` decays.
    weight_decay: Option<(S, Chosen)>,
    mean: Slots<S>,
    square: Slots<S>,
}

impl<S: Scalar> Adam<S> {
    /// Allocates the state for a network.
    ///
    /// # Errors
    ///
    /// None: every value in its range is valid.
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let entry = options.entry();
        let [beta1, beta2, epsilon] =
            ["beta1", "beta2", "epsilon"].map(|name| options.number(name));
        let weight_decay = if entry.name == ADAM_W.name {
            Some((
                S::from_f64(options.number("weight_decay")),
                Layers::All.weights(entry.name, plan)?,
            ))
        } else {
            None
        };
        let (mean, square) = (Slots::new("mean", plan), Slots::new("square", plan));
        Ok(Self {
            entry,
            beta1,
            beta2,
            epsilon,
            weight_decay,
            mean,
            square,
        })
    }
}

impl<S: Scalar> Optimizer<S> for Adam<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.entry
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        if let Some((weight_decay, weights)) = &self.weight_decay
            && weights.contains(at.id)
        {
            let kept = S::ONE - learning_rate * *weight_decay;
            Arch::new().dispatch(|| values.iter_mut().for_each(|w| *w *= kept));
        }
        let Self {
            beta1,
            beta2,
            epsilon,
            ..
        } = *self;
        // 1 - beta^t in f64, where it is exact enough for a beta close to 1; beyond 2^31 steps it
        // is 1 anyway.
        let corrections = [beta1, beta2]
            .map(|beta| 1.0 - beta.powi(i32::try_from(at.step + 1).unwrap_or(i32::MAX)));
        let [over_mean, over_root] =
            [1.0 / corrections[0], 1.0 / corrections[1].sqrt()].map(S::from_f64);
        let [keep_mean, take_mean, keep_square, take_square, epsilon] =
            [beta1, 1.0 - beta1, beta2, 1.0 - beta2, epsilon].map(S::from_f64);
        let most = most(S::ONE);
        let (mean, square) = (self.mean.of(at.id), self.square.of(at.id));
        Arch::new().dispatch(move || {
            for (((w, m), s), g) in values.iter_mut().zip(mean).zip(square).zip(grad) {
                *m = flushed(keep_mean * *m + take_mean * *g);
                *s = flushed(keep_square * *s + take_square * (*g * *g).min(most));
                *w = *w - learning_rate * (*m * over_mean) / (s.sqrt() * over_root + epsilon);
            }
        });
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        self.mean.state().chain(self.square.state()).collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let square = self.square.restored(self.entry.name, entries, S::ZERO)?;
        (self.mean, self.square) = (
            self.mean.restored(self.entry.name, entries, -S::MAX)?,
            square,
        );
        Ok(())
    }
}
