//! L2 regularization, coupled: the penalty's gradient is added to the loss's gradient.
//!
//! ```text
//! penalty  (weight_decay / 2) * sum of w^2,   g <- g + weight_decay * w      (Krogh and Hertz 1992)
//! ```
//!
//! The factor 1/2 is in the penalty, so the gradient has no factor. Weights are penalized, biases
//! are not. Use it if many inputs contribute a little and none should dominate.

use pulp::Arch;

use crate::End::{In, Out};
use crate::{At, Chosen, Error, Make, Parameter, Plan, Resolved, Rule, RuleEntry, Scalar, Seam};

const DECAY: &str = "L2 coefficient; adds this times w to the gradient (penalty: half of it times the sum of squares)";

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "l2",
    summary: "L2 regularization (weight decay in the gradient, as `weight_decay` of PyTorch's SGD)",
    reference: "Krogh and Hertz 1992",
    seams: &[Seam::Gradient],
    parameters: &[
        Parameter::number("weight_decay", 1e-4, In(0.0), Out(1e30), DECAY),
        Parameter::WEIGHT_LAYERS,
    ],
    make: Make::Rule(
        |o, p| Ok(Box::new(L2::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(L2::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// L2 regularization; has no state.
#[derive(Clone, Debug)]
pub struct L2<S> {
    weight_decay: S,
    weights: Chosen,
}

impl<S: Scalar> L2<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        Ok(Self {
            weight_decay: S::from_f64(options.number("weight_decay")),
            weights: options.weights(plan)?,
        })
    }
}

impl<S: Scalar> Rule<S> for L2<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::Gradient && self.weights.contains(id)
    }

    fn gradient(&mut self, _at: At, weight: &[S], grad: &mut [S]) {
        let weight_decay = self.weight_decay;
        Arch::new().dispatch(move || {
            for (g, w) in grad.iter_mut().zip(weight) {
                *g += weight_decay * *w;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    #[test]
    fn the_gradient_gains_weight_decay_times_the_weight() {
        let plan = Plan::dense(&[3, 1]);
        let mut grad = [1.0, 1.0, 0.0];
        L2::new(&resolve("l2:weight_decay=0.5").unwrap(), &plan)
            .unwrap()
            .gradient(At { id: 0, step: 0 }, &[2.0, -4.0, 0.0], &mut grad);
        assert_eq!(grad, [2.0, -1.0, 0.0]);
    }

    #[test]
    fn a_layer_that_was_not_chosen_is_left_alone() {
        let plan = Plan::dense(&[1, 1, 1]);
        let rule = L2::<f64>::new(&resolve("l2:layers=2").unwrap(), &plan).unwrap();
        assert_eq!(
            [0, 1, 2, 3].map(|id| rule.acts(Seam::Gradient, id)),
            [false, false, true, false],
            "biases are not penalised"
        );
    }

    #[test]
    fn a_layer_that_the_network_lacks_is_refused() {
        let plan = Plan::dense(&[1, 1]);
        let error = L2::<f64>::new(&resolve("l2:layers=3").unwrap(), &plan).unwrap_err();
        assert_eq!(
            error.to_string(),
            "rule `l2`: `layers` includes layer 3, but the network has layers 1 to 1"
        );
    }
}
