//! Optimizers: between the seams "gradient" and "weight after the update".

pub(crate) mod adam;
pub(crate) mod gradient_descent;
pub(crate) mod momentum;
pub(crate) mod neuroplastic;
pub(crate) mod rms_prop;

pub use adam::Adam;
pub use gradient_descent::GradientDescent;
pub use momentum::Momentum;
pub use neuroplastic::NeuroPlastic;
pub use rms_prop::RmsProp;

use crate::saved::Saved;
use crate::{Arrays, At, Error, ParamShape, Plan, RuleEntry, Scalar, StateEntry, StateValues};

/// Turns gradients into updates and applies them.
pub trait Optimizer<S: Scalar>: Send {
    /// Its registry entry.
    fn entry(&self) -> &'static RuleEntry;

    /// Updates a trained array from its gradient.
    fn update(&mut self, at: At, learning_rate: S, values: &mut [S], grad: &[S]);

    /// Whether [`update`](Self::update) is exactly `w <- w - learning_rate * grad`, so that a rule
    /// may do it in its own pass.
    fn is_gradient_descent(&self) -> bool {
        false
    }

    /// State for a checkpoint.
    fn state(&self) -> Vec<StateEntry<S>> {
        Vec::new()
    }

    /// Restores what [`state`](Self::state) gave.
    ///
    /// # Errors
    ///
    /// [`Error::State`] if an array is missing or has another length.
    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let _ = entries;
        Ok(())
    }
}

/// A number for each trained number, 0 at the start of training, in one allocation: one quantity of
/// an optimizer's state.
#[derive(Clone, Debug)]
pub(crate) struct Slots<S> {
    name: &'static str,
    params: Vec<ParamShape>,
    arrays: Arrays<S>,
}

impl<S: Scalar> Slots<S> {
    pub(crate) fn new(name: &'static str, plan: &Plan) -> Self {
        Self {
            name,
            params: plan.params.clone(),
            arrays: Arrays::zeros(plan),
        }
    }

    /// The numbers of one trained array.
    pub(crate) fn of(&mut self, param: usize) -> &mut [S] {
        self.arrays.get_mut(param)
    }

    /// State for a checkpoint.
    pub(crate) fn state(&self) -> impl Iterator<Item = StateEntry<S>> + '_ {
        let entry = |(param, values): (usize, &[S])| StateEntry {
            name: self.name,
            param,
            values: StateValues::Scalars(values.to_vec()),
        };
        let trained = |(param, _): &(usize, &[S])| self.params[*param].role.is_trained();
        self.arrays.iter().enumerate().filter(trained).map(entry)
    }

    /// What was saved, where every value is finite and at least `least`.
    ///
    /// # Errors
    ///
    /// [`Error::State`].
    pub(crate) fn restored(
        &self,
        rule: &'static str,
        entries: &[StateEntry<S>],
        least: S,
    ) -> Result<Self, Error> {
        let saved = Saved {
            rule,
            entries,
            params: &self.params,
        };
        let mut restored = self.clone();
        let trained = |param: &usize| self.params[*param].role.is_trained();
        for param in (0..self.arrays.len()).filter(trained) {
            restored
                .arrays
                .get_mut(param)
                .copy_from_slice(&saved.scalars(self.name, param, least)?);
        }
        Ok(restored)
    }
}

/// The largest magnitude of a running mean or sum: with it the update stays finite, whose gradient
/// the divergence check let pass.
#[inline]
pub(crate) fn most<S: Scalar>(learning_rate: S) -> S {
    S::MAX / (S::from_f64(8.0) * learning_rate.max(S::ONE))
}

/// 0 in place of a number so small that it has lost precision. A running mean whose gradients are 0
/// falls among these and stays there, and CPUs take a hundred times as long with them: Adam's step
/// on MNIST, with its dark borders, took 1.8 times as long.
#[allow(
    clippy::inline_always,
    reason = "only what is inlined into a dispatch becomes vector code"
)]
#[inline(always)]
pub(crate) fn flushed<S: Scalar>(value: S) -> S {
    if value.abs() < S::SMALLEST_NORMAL {
        S::ZERO
    } else {
        value
    }
}
