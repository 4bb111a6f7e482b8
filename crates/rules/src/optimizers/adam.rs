//! Adam: the running mean of gradients over the root of their running mean square, both corrected for their start at 0.
//!
//! ```text
//! m <- beta1 * m + (1 - beta1) * g,   s <- beta2 * s + (1 - beta2) * g^2
//! w <- w - learning_rate * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)       t = 1, 2, ...   (Kingma and Ba 2015)
//! AdamW, before that:  w <- w - learning_rate * weight_decay * w                                (Loshchilov and Hutter 2019)
//! ```
//!
//! The decay of `AdamW` is decoupled: it does not go through the mean square. It acts on weights, not on biases, as all penalties
//! here. Steps have about the size of the learning rate, so good rates are some hundred times below those of plain gradient
//! descent. Use Adam where nothing is known of the sizes of gradients, `AdamW` if such a network should also stay small.

use pulp::Arch;

use crate::End::{In, Out};
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::layers::Chosen;
use crate::optimizers::{Slots, flushed, most};
use crate::{At, Error, Layers, Optimizer, Parameter, Plan, Range, Resolved, RuleSettings, Scalar, StateEntry};

const BETA1: Parameter = Parameter {
    name: "beta1",
    summary: "what is left of the mean gradient after a step",
    range: Range::Number { default: 0.9, low: In(0.0), high: Out(1.0) },
};
const BETA2: Parameter = Parameter {
    name: "beta2",
    summary: "what is left of the mean square after a step",
    range: Range::Number { default: 0.999, low: In(0.0), high: Out(1.0) },
};
const EPSILON: Parameter = Parameter {
    name: "epsilon",
    summary: "added to the root, so that a vanishing gradient is not blown up",
    range: Range::Number { default: 1e-8, low: In(1e-30), high: Out(1.0) },
};
const WEIGHT_DECAY: Parameter = Parameter {
    name: "weight_decay",
    summary: "what a step takes from each weight, as a fraction of it and of the learning rate",
    range: Range::Number { default: 0.01, low: In(0.0), high: Out(1.0) },
};

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "adam",
    role: Role::Optimizer,
    summary: "running mean of gradients over the root of their running mean square",
    reference: "Kingma and Ba 2015",
    seams: &[],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: &[BETA1, BETA2, EPSILON],
    memory: |plan| Memory { saved: 8 * plan.parameters(), other: 0 },
    make: Make::Optimizer(make::<f32>, make::<f64>),
};

/// Registry entry with decoupled weight decay.
pub(crate) const ADAM_W: RuleEntry = RuleEntry {
    name: "adamw",
    summary: "Adam with weight decay beside it instead of in the gradient",
    reference: "Loshchilov and Hutter 2019",
    parameters: &[BETA1, BETA2, EPSILON, WEIGHT_DECAY],
    memory: |plan| Memory { saved: 8 * plan.parameters(), other: 0 },
    make: Make::Optimizer(make_with_decay::<f32>, make_with_decay::<f64>),
    ..ENTRY
};

impl AdamConfig {
    fn of(resolved: &Resolved) -> Self {
        Self { beta1: resolved.number("beta1"), beta2: resolved.number("beta2"), epsilon: resolved.number("epsilon") }
    }
}

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Optimizer<S>>, Error> {
    Ok(Box::new(Adam::<S>::new(&AdamConfig::of(resolved), plan)?))
}

fn make_with_decay<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Optimizer<S>>, Error> {
    let config = AdamWConfig { adam: AdamConfig::of(resolved), weight_decay: resolved.number("weight_decay") };
    Ok(Box::new(AdamW::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig {
    /// What is left of the mean gradient after a step, in `[0, 1)`; 0.9 unless set.
    pub beta1: f64,
    /// What is left of the mean square after a step, in `[0, 1)`; 0.999 unless set.
    pub beta2: f64,
    /// Added to the root, in `[1e-30, 1)`; 1e-8 unless set.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl AdamConfig {
    fn as_settings_of(&self, entry: &RuleEntry) -> RuleSettings {
        let settings = RuleSettings::new(entry.name).with_number("beta1", self.beta1).with_number("beta2", self.beta2);
        settings.with_number("epsilon", self.epsilon)
    }

    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        self.as_settings_of(&ENTRY)
    }
}

/// Adam; the state is a mean gradient and a mean square for each weight and bias.
#[derive(Clone, Debug)]
pub struct Adam<S> {
    config: AdamConfig,
    mean: Slots<S>,
    square: Slots<S>,
}

impl<S: Scalar> Adam<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`].
    pub fn new(config: &AdamConfig, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        Ok(Self { config: *config, mean: Slots::new("mean", plan), square: Slots::new("square", plan) })
    }

    fn restored(&self, rule: &'static str, entries: &[StateEntry<S>]) -> Result<Self, Error> {
        let (mean, square) = (self.mean.restored(rule, entries, -S::MAX)?, self.square.restored(rule, entries, S::ZERO)?);
        Ok(Self { config: self.config, mean, square })
    }
}

impl<S: Scalar> Optimizer<S> for Adam<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let AdamConfig { beta1, beta2, epsilon } = self.config;
        // 1 - beta^t in f64, where it is exact enough for a beta close to 1; beyond 2^31 steps it is 1 anyway.
        let corrections = [beta1, beta2].map(|beta| 1.0 - beta.powi(i32::try_from(at.step + 1).unwrap_or(i32::MAX)));
        let [over_mean, over_root] = [1.0 / corrections[0], 1.0 / corrections[1].sqrt()].map(S::from_f64);
        let [keep_mean, take_mean, keep_square, take_square, epsilon] = [beta1, 1.0 - beta1, beta2, 1.0 - beta2, epsilon].map(S::from_f64);
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
        *self = self.restored(ENTRY.name, entries)?;
        Ok(())
    }
}

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// The parameters of Adam.
    pub adam: AdamConfig,
    /// What a step takes from each weight, as a fraction of it and of the learning rate, in `[0, 1)`; 0.01 unless set.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { adam: AdamConfig::default(), weight_decay: 0.01 }
    }
}

impl AdamWConfig {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        self.adam.as_settings_of(&ADAM_W).with_number("weight_decay", self.weight_decay)
    }
}

/// Adam with decoupled weight decay; the state is that of Adam.
#[derive(Clone, Debug)]
pub struct AdamW<S> {
    adam: Adam<S>,
    weight_decay: S,
    decays: Chosen,
}

impl<S: Scalar> AdamW<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`].
    pub fn new(config: &AdamWConfig, plan: &Plan) -> Result<Self, Error> {
        ADAM_W.resolve(&config.settings())?;
        Ok(Self {
            adam: Adam::new(&config.adam, plan)?,
            weight_decay: S::from_f64(config.weight_decay),
            decays: Layers::All.weights(ADAM_W.name, plan)?,
        })
    }
}

impl<S: Scalar> Optimizer<S> for AdamW<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ADAM_W
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        if self.decays.contains(at.id) {
            let kept = S::ONE - learning_rate * self.weight_decay;
            Arch::new().dispatch(|| values.iter_mut().for_each(|w| *w *= kept));
        }
        self.adam.update(at, learning_rate, values, grad);
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        self.adam.state()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        self.adam = self.adam.restored(ADAM_W.name, entries)?;
        Ok(())
    }
}
