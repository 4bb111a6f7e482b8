//! `NeuroPlastic`: each gradient component is scaled by its activity, magnitude and stability.
//!
//! For each weight matrix and each bias (Jiang et al. 2026, as the published code of the paper
//! computes it), with `N(x) = x / (mean(x) + 1e-8)`:
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
//! The running means start at 0 without bias correction. A scale of 0 gives the authors' ablation,
//! which differs from plain gradient descent: it still scales each component by its relative
//! magnitude. Their weight decay, applied after the factors, is omitted. Use it as one more
//! optimizer to compare with; its authors call its gain on MNIST marginal.

use pulp::Arch;

use crate::End::{In, Out};
use crate::lanes::sum;
use crate::optimizers::{Slots, flushed, most};
use crate::{
    At, Error, Make, Memory, Optimizer, ParamShape, Parameter, Plan, Resolved, RuleEntry, Scalar,
    StateEntry,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "scale",
        2.0,
        In(0.0),
        Out(10.0),
        "weight of the activity and stability terms relative to the gradient magnitude",
    ),
    Parameter::count(
        "warm_up",
        2,
        [0, 1_000_000_000],
        "epochs of linear warm-up of these terms",
    ),
    Parameter::number(
        "min_factor",
        0.2,
        In(0.0),
        Out(10.0),
        "lower clip of the factor, at most `max_factor`",
    )
    .with_key("least"),
    Parameter::number(
        "max_factor",
        2.0,
        Out(0.0),
        Out(10.0),
        "upper clip of the factor",
    )
    .with_key("most"),
    Parameter::number(
        "max_norm",
        1.0,
        Out(0.0),
        Out(1e6),
        "maximum L2 norm of the update of a weight matrix or bias, before the learning rate",
    ),
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "neuroplastic",
    summary: "scales each gradient component by its activity, relative magnitude and stability, and clips the update norm",
    reference: "Jiang et al. 2026, arXiv 2604.26297",
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 12 * plan.parameters(),
        other: 4 * plan.largest_param(),
    },
    make: Make::Optimizer(
        |o, p| Ok(Box::new(NeuroPlastic::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(NeuroPlastic::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::OPTIMIZER
};

/// `NeuroPlastic`; the state is an activity, a mean gradient and a mean square for each weight and
/// bias.
#[derive(Clone, Debug)]
pub struct NeuroPlastic<S> {
    scale: f64,
    warm_up: u64,
    least: f64,
    most: f64,
    max_norm: f64,
    epoch_steps: u64,
    activity: Slots<S>,
    mean: Slots<S>,
    square: Slots<S>,
    /// The update of the slot at hand.
    change: Vec<S>,
}

impl<S: Scalar> NeuroPlastic<S> {
    /// Allocates the state for a network.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for parameters that do not fit each other.
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let [scale, least, most, max_norm] =
            ["scale", "min_factor", "max_factor", "max_norm"].map(|name| options.number(name));
        if least > most {
            return Err(options.refuse("min_factor", format!("at most `max_factor`, {most}")));
        }
        let largest = plan.params.iter().map(ParamShape::len).max().unwrap_or(0);
        let slots = |name| Slots::new(name, plan);
        let (activity, mean, square) = (slots("activity"), slots("mean"), slots("square"));
        Ok(Self {
            scale,
            warm_up: options.count("warm_up"),
            least,
            most,
            max_norm,
            epoch_steps: plan.epoch_steps,
            activity,
            mean,
            square,
            change: vec![S::ZERO; largest],
        })
    }

    /// How much of `scale` counts in this step.
    fn gate(&self, step: u64) -> f64 {
        let (done, warm_up) = (step / self.epoch_steps, self.warm_up);
        if done >= warm_up {
            1.0
        } else {
            done as f64 / warm_up as f64
        }
    }
}

impl<S: Scalar> Optimizer<S> for NeuroPlastic<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        let n = S::from_f64;
        let tiny = n(1e-8);
        let [scale, least, largest, max_norm] = [
            self.gate(at.step) * self.scale,
            self.least,
            self.most,
            self.max_norm,
        ]
        .map(n);
        let clip = move |factor: S| factor.max(least).min(largest);
        let (count, most_square) = (values.len(), most(S::ONE));
        let [activity, mean, square] =
            [&mut self.activity, &mut self.mean, &mut self.square].map(|slots| slots.of(at.id));
        let change = &mut self.change[..count];
        // Before the sum, which could overflow.
        let over_count = n(1.0 / count as f64);
        Arch::new().dispatch(move || {
            for ((((a, m), v), r), g) in activity
                .iter_mut()
                .zip(mean)
                .zip(square)
                .zip(&mut *change)
                .zip(grad)
            {
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
            let steepest = grad
                .iter()
                .fold(S::ZERO, |steepest, g| steepest.max(g.abs()));
            if steepest == S::ZERO {
                return;
            }
            for ((change, a), g) in change.iter_mut().zip(&*activity).zip(grad) {
                let size = g.abs() * over_gradient;
                let full = clip(
                    n(0.4) * (*a * over_activity)
                        + n(0.4) * size
                        + n(0.2) * (*change * over_steadiness),
                );
                let plain = clip(size);
                *change = (plain + scale * (full - plain)) * (*g / steepest);
            }
            let shape = sum(change, |u| u * u).sqrt();
            if shape > S::ZERO {
                // |u| = shape * steepest, which may be beyond all numbers.
                let length = (max_norm / shape).min(steepest);
                let root_mean_square = length * shape * over_count.sqrt();
                let steady = (S::ONE + n(0.01) * (n(0.02) - root_mean_square))
                    .max(n(0.5))
                    .min(n(1.5));
                for (w, u) in values.iter_mut().zip(&*change) {
                    *w = *w - learning_rate * (*u * length * steady);
                }
            }
        });
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        self.activity
            .state()
            .chain(self.mean.state())
            .chain(self.square.state())
            .collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let (rule, least) = (ENTRY.name, -S::MAX);
        let (activity, square) = (
            self.activity.restored(rule, entries, S::ZERO)?,
            self.square.restored(rule, entries, S::ZERO)?,
        );
        (self.mean, self.activity, self.square) =
            (self.mean.restored(rule, entries, least)?, activity, square);
        Ok(())
    }
}
