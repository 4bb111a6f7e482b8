//! Where a training step first produced NaN or infinity.

use pulp::Arch;
use spinet_rules::{ParamRole, Scalar};

use crate::layer::Layer;
use crate::{Batch, Inputs, Network, Real, Workspace};

/// A step that was stopped before its update because of a non-finite number; the weights are
/// unchanged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("training diverged at step {}: loss is {loss}; first non-finite value in {place}", step + 1)]
pub struct Diverged {
    /// The step, counted from 0 (shown from 1).
    pub step: u64,
    /// The loss of that step.
    pub loss: f64,
    /// The first array, in the order of the computation, with such a number.
    pub place: String,
}

impl<S: Real> Workspace<S> {
    /// Stops a step with a non-finite number, or too large for the update, and finds where it came
    /// from.
    pub(crate) fn refuse_divergence(
        &self,
        network: &Network<S>,
        batch: &Batch<'_, S>,
        learning_rate: f64,
        loss: f64,
        step: u64,
    ) -> Result<(), Diverged> {
        let limits = Limits::of(learning_rate);
        let is_known = |largest: Option<f32>, limit: S| {
            largest.is_some_and(|largest| S::from_f64(f64::from(largest)) <= limit)
        };
        let is_fine = |index: usize| {
            // What exact products have seen of a layer's weights need not be read again.
            let (ids, products) = (network.params_of(index), &self.products[index]);
            let (first, knows) = (
                ids.start,
                [
                    is_known(products.largest_gradient, limits.gradient),
                    is_known(products.largest_weight, limits.array),
                ],
            );
            // Saturated units hide an infinite weight from loss and gradients, so weights are
            // looked at themselves.
            ids.into_iter().all(|id| {
                let [knows_gradient, knows_array] = knows.map(|knows| knows && id == first);
                (knows_gradient || is_within(self.gradients.get(id), limits.gradient))
                    && (knows_array || is_within(network.params().get(id), limits.array))
            })
        };
        if loss.is_finite()
            && self.non_finite_view.is_none()
            && (0..network.layers().len()).all(is_fine)
        {
            return Ok(());
        }
        Err(Diverged {
            step,
            loss,
            place: self.first_spoiled(network, batch, &limits),
        })
    }

    /// The first array with NaN or infinity, in the order of the computation.
    fn first_spoiled(
        &self,
        network: &Network<S>,
        batch: &Batch<'_, S>,
        limits: &Limits<S>,
    ) -> String {
        let samples = batch.targets.len();
        let input = if let Inputs::Numbers(numbers) = batch.inputs {
            Some(numbers)
        } else {
            self.products[0].numbers()
        };
        if input.is_some_and(is_non_finite) {
            return "the input".to_owned();
        }
        if let Some(id) = self.non_finite_view {
            return format!("the weight view of {}", network.place(network.layer_of(id)));
        }
        let used = |layer: &dyn Layer<S>, buffer: usize| {
            &self.arena.get(buffer)[..samples * layer.output().len()]
        };
        for (index, layer) in network.layers().iter().enumerate() {
            let arrays = network
                .params_of(index)
                .map(|id| (network.role(id).name(), network.params().get(id)));
            let output = std::iter::once(("output", used(&**layer, self.buffers[index].output)));
            let factors = self.buffers[index]
                .passed
                .map(|[_, factors]| ("activation factors", used(&**layer, factors)));
            if let Some((what, _)) = arrays
                .chain(output)
                .chain(factors)
                .find(|(_, values)| is_non_finite(values))
            {
                return format!("the {what} of {}", network.place(index));
            }
        }
        for (index, layer) in network.layers().iter().enumerate().rev() {
            let error = self.buffers[index]
                .error
                .map(|error| ("error signal".to_owned(), used(&**layer, error)));
            let gradients = network
                .params_of(index)
                .map(|id| (of_gradient(network.role(id)), self.gradients.get(id)));
            if let Some((what, _)) = error
                .into_iter()
                .chain(gradients)
                .find(|(_, values)| is_non_finite(values))
            {
                return format!("the {what} of {}", network.place(index));
            }
        }
        self.first_too_large(network, limits)
    }

    /// The first array whose numbers are finite but so large that the update may not be.
    fn first_too_large(&self, network: &Network<S>, limits: &Limits<S>) -> String {
        for index in 0..network.layers().len() {
            let ids = network.params_of(index);
            let arrays = ids.clone().map(|id| {
                (
                    network.role(id).name().to_owned(),
                    network.params().get(id),
                    limits.array,
                )
            });
            let gradients = ids.map(|id| {
                (
                    of_gradient(network.role(id)),
                    self.gradients.get(id),
                    limits.gradient,
                )
            });
            if let Some((what, ..)) = arrays
                .chain(gradients)
                .find(|(_, values, most)| !is_within(values, *most))
            {
                return format!(
                    "the update of {}, whose {what} is too large for it",
                    network.place(index)
                );
            }
        }
        "the loss".to_owned()
    }
}

/// The gradient of an array of this role, in words.
fn of_gradient(role: ParamRole) -> String {
    if role == ParamRole::Weight {
        "gradient".to_owned()
    } else {
        format!("{} gradient", role.name())
    }
}

/// The maximum magnitudes with which the update stays finite: a quarter of the range is left for it
/// and half of it for the array.
struct Limits<S> {
    gradient: S,
    array: S,
}

impl<S: Real> Limits<S> {
    fn of(learning_rate: f64) -> Self {
        let most = S::MAX.to_f64();
        Self {
            gradient: S::from_f64(most / (4.0 * learning_rate.max(1.0))),
            array: S::from_f64(most / 2.0),
        }
    }
}

/// Whether every number of `values` has a magnitude of at most `limit`; false for NaN.
pub(crate) fn is_within<S: Scalar>(values: &[S], limit: S) -> bool {
    let beyond = Arch::new().dispatch(|| {
        values
            .iter()
            .map(|value| u32::from(!is_at_most(value.abs(), limit)))
            .fold(0, |a, b| a | b)
    });
    beyond == 0
}

/// `magnitude <= limit`, false for NaN.
#[inline]
fn is_at_most<S: Scalar>(magnitude: S, limit: S) -> bool {
    magnitude <= limit
}

/// Whether an array contains NaN or infinity.
pub(crate) fn is_non_finite<S: Scalar>(values: &[S]) -> bool {
    !is_within(values, S::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_infinity_and_large_numbers_are_beyond_a_limit_wherever_they_stand() {
        for length in [1, 15, 16, 17, 100] {
            let mut values = vec![1.0_f32; length];
            assert!(is_within(&values, 1.0));
            for position in [0, length / 2, length - 1] {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.5, -1.5] {
                    values[position] = bad;
                    assert!(!is_within(&values, 1.0), "{bad} at {position} of {length}");
                    assert_eq!(is_non_finite(&values), !bad.is_finite());
                    values[position] = 1.0;
                }
            }
        }
    }
}
