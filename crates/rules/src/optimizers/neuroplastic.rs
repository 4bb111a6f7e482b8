//! `NeuroPlastic`: each part of a gradient is scaled by how active, how large and how steady it is.
//!
//! For each weight matrix and each bias (Jiang et al. 2026, as the published code of the paper computes it), with
//! `N(x) = x / (mean(x) + 1e-8)`:
//!
//! ```text
//! a <- 0.95 a + 0.05 |g|,   m <- 0.9 m + 0.1 g,   v <- 0.99 v + 0.01 g^2
//! full  = clip(0.4 N(a) + 0.4 N(|g|) + 0.2 N(|m| / (sqrt(v) + 1e-8)), least, most)
//! plain = clip(N(|g|), least, most)
//! alpha = plain + min(epochs done / warm_up, 1) * scale * (full - plain)
//! u = alpha g,   u <- u / |u| * max_norm if |u| > max_norm,   u <- u * clip(1 + 0.01 (0.02 - rms(u)), 0.5, 1.5)
//! w <- w - learning_rate * u
//! ```
//!
//! The running means start at 0 and are not corrected for it. With a scale of 0 it is the authors' ablation, which is no plain
//! gradient descent either: it already scales each part by its relative size. Their weight decay, which comes after the factors, is left
//! out. Use it as one more optimizer to compare with; its authors call its gain on MNIST marginal.

use pulp::Arch;

use crate::End::{In, Out};
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::lanes::sum;
use crate::optimizers::{Slots, flushed, most};
use crate::{At, Error, Optimizer, ParamShape, Parameter, Plan, Range, Resolved, RuleSettings, Scalar, StateEntry};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "scale",
        summary: "how much activity and steadiness count beside the relative size of a gradient",
        range: Range::Number { default: 2.0, low: In(0.0), high: Out(10.0) },
    },
    Parameter {
        name: "warm_up",
        summary: "epochs until they count in full",
        range: Range::Count { default: 2, low: 0, high: 1_000_000_000 },
    },
    Parameter {
        name: "least",
        summary: "smallest factor before scaling, at most `most`",
        range: Range::Number { default: 0.2, low: In(0.0), high: Out(10.0) },
    },
    Parameter {
        name: "most",
        summary: "largest factor before scaling",
        range: Range::Number { default: 2.0, low: Out(0.0), high: Out(10.0) },
    },
    Parameter {
        name: "max_norm",
        summary: "largest length of the update of a weight matrix or bias, before the learning rate",
        range: Range::Number { default: 1.0, low: Out(0.0), high: Out(1e6) },
    },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "neuroplastic",
    role: Role::Optimizer,
    summary: "scales each part of a gradient by its activity, relative size and steadiness, and limits the length of an update",
    reference: "Jiang et al. 2026, arXiv 2604.26297",
    seams: &[],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: |plan| Memory { saved: 12 * plan.parameters(), other: 4 * plan.largest_param() },
    make: Make::Optimizer(make::<f32>, make::<f64>),
};

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Optimizer<S>>, Error> {
    let [scale, least, most, max_norm] = ["scale", "least", "most", "max_norm"].map(|name| resolved.number(name));
    let config = NeuroPlasticConfig { scale, warm_up: resolved.count("warm_up"), least, most, max_norm };
    Ok(Box::new(NeuroPlastic::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeuroPlasticConfig {
    /// How much activity and steadiness count, in `[0, 10)`; 2 unless set.
    pub scale: f64,
    /// Epochs until they count in full; 2 unless set.
    pub warm_up: u64,
    /// Smallest factor before scaling, in `[0, most]`; 0.2 unless set.
    pub least: f64,
    /// Largest factor before scaling, in `(0, 10)`; 2 unless set.
    pub most: f64,
    /// Largest length of an update before the learning rate, in `(0, 1e6)`; 1 unless set.
    pub max_norm: f64,
}

impl Default for NeuroPlasticConfig {
    fn default() -> Self {
        Self { scale: 2.0, warm_up: 2, least: 0.2, most: 2.0, max_norm: 1.0 }
    }
}

impl NeuroPlasticConfig {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        let settings = RuleSettings::new(ENTRY.name).with_number("scale", self.scale).with_number("warm_up", self.warm_up as f64);
        settings.with_number("least", self.least).with_number("most", self.most).with_number("max_norm", self.max_norm)
    }
}

/// `NeuroPlastic`; the state is an activity, a mean gradient and a mean square for each weight and bias.
#[derive(Clone, Debug)]
pub struct NeuroPlastic<S> {
    config: NeuroPlasticConfig,
    epoch_steps: u64,
    activity: Slots<S>,
    mean: Slots<S>,
    square: Slots<S>,
    /// The update of the slot at hand.
    change: Vec<S>,
}

impl<S: Scalar> NeuroPlastic<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`].
    pub fn new(config: &NeuroPlasticConfig, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        if config.least > config.most {
            let (found, expected) = (config.least.to_string(), format!("at most `most`, {}", config.most));
            return Err(Error::OutOfRange { rule: ENTRY.name, parameter: "least", found, expected });
        }
        let largest = plan.params.iter().map(ParamShape::len).max().unwrap_or(0);
        let slots = |name| Slots::new(name, plan);
        let (activity, mean, square) = (slots("activity"), slots("mean"), slots("square"));
        Ok(Self { config: *config, epoch_steps: plan.epoch_steps, activity, mean, square, change: vec![S::ZERO; largest] })
    }

    /// How much of `scale` counts in this step.
    fn gate(&self, step: u64) -> f64 {
        let (done, warm_up) = (step / self.epoch_steps, self.config.warm_up);
        if done >= warm_up { 1.0 } else { done as f64 / warm_up as f64 }
    }
}

impl<S: Scalar> Optimizer<S> for NeuroPlastic<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let n = S::from_f64;
        let tiny = n(1e-8);
        let [scale, least, largest, max_norm] =
            [self.gate(at.step) * self.config.scale, self.config.least, self.config.most, self.config.max_norm].map(n);
        let clip = move |factor: S| factor.max(least).min(largest);
        let (count, most_square) = (values.len(), most(S::ONE));
        let [activity, mean, square] = [&mut self.activity, &mut self.mean, &mut self.square].map(|slots| slots.of(at.id));
        let change = &mut self.change[..count];
        // Before the sum, which could overflow.
        let over_count = n(1.0 / count as f64);
        Arch::new().dispatch(move || {
            for ((((a, m), v), r), g) in activity.iter_mut().zip(mean).zip(square).zip(&mut *change).zip(grad) {
                *a = flushed(n(0.95) * *a + n(0.05) * g.abs());
                *m = flushed(n(0.9) * *m + n(0.1) * *g);
                *v = flushed(n(0.99) * *v + n(0.01) * (*g * *g).min(most_square));
                *r = (m.abs() / (v.sqrt() + tiny)).min(most_square);
            }
            let normal = |mean: S| S::ONE / (mean + tiny);
            let over_activity = normal(sum(activity, |a| a * over_count));
            let over_gradient = normal(sum(grad, |g| g.abs() * over_count));
            let over_steadiness = normal(sum(change, |r| r * over_count));
            // Gradients and factors over the largest gradient cannot overflow.
            let steepest = grad.iter().fold(S::ZERO, |steepest, g| steepest.max(g.abs()));
            if steepest == S::ZERO {
                return;
            }
            for ((change, a), g) in change.iter_mut().zip(&*activity).zip(grad) {
                let size = g.abs() * over_gradient;
                let full = clip(n(0.4) * (*a * over_activity) + n(0.4) * size + n(0.2) * (*change * over_steadiness));
                let plain = clip(size);
                *change = (plain + scale * (full - plain)) * (*g / steepest);
            }
            let shape = sum(change, |u| u * u).sqrt();
            if shape > S::ZERO {
                // |u| = shape * steepest, which may be beyond all numbers.
                let length = (max_norm / shape).min(steepest);
                let root_mean_square = length * shape * over_count.sqrt();
                let steady = (S::ONE + n(0.01) * (n(0.02) - root_mean_square)).max(n(0.5)).min(n(1.5));
                for (w, u) in values.iter_mut().zip(&*change) {
                    *w = *w - learning_rate * (*u * length * steady);
                }
            }
        });
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        self.activity.state().chain(self.mean.state()).chain(self.square.state()).collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let (rule, least) = (ENTRY.name, -S::MAX);
        let (activity, square) = (self.activity.restored(rule, entries, S::ZERO)?, self.square.restored(rule, entries, S::ZERO)?);
        (self.mean, self.activity, self.square) = (self.mean.restored(rule, entries, least)?, activity, square);
        Ok(())
    }
}
