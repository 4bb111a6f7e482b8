//! How a gradient becomes an update: the place between the seams "gradient" and "weight after the update".

use crate::{Error, Scalar, StateEntry};

/// Turns gradients into updates and applies them.
pub trait Optimizer<S: Scalar>: Send {
    /// Name in the registry.
    fn name(&self) -> &'static str;

    /// Moves `values` (the weights or the biases of a layer; each has its own `slot`) against `grad`.
    ///
    /// `slot` is `2 * layer` for weights and `2 * layer + 1` for biases.
    fn update(&mut self, slot: usize, learning_rate: S, values: &mut [S], grad: &[S]);

    /// Whether [`update`](Self::update) is exactly `w <- w - learning_rate * grad`, so that a rule may do it in its own pass.
    fn is_gradient_descent(&self) -> bool {
        false
    }

    /// What a checkpoint saves.
    fn state(&self) -> Vec<StateEntry<S>> {
        Vec::new()
    }

    /// Takes back what [`state`](Self::state) gave.
    ///
    /// # Errors
    ///
    /// [`Error::State`] if an array is missing or has another length.
    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let _ = entries;
        Ok(())
    }
}
