//! L1 regularization: the penalty's gradient is added to the loss's gradient.
//!
//! ```text
//! penalty  l1_penalty * sum of |w|,   g <- g + l1_penalty * sign(w)      (Tibshirani 1996)
//! ```
//!
//! `sign(0)` is 0, so the penalty does not act on a weight at 0. Weights are penalized, biases are
//! not. Every weight shrinks by the same amount regardless of its magnitude, so small ones vanish
//! first; with plain gradient descent they then oscillate around 0 within a step. Use it if only
//! few inputs should matter.

use pulp::Arch;

use crate::End::{In, Out};
use crate::{At, Chosen, Error, Make, Parameter, Plan, Resolved, Rule, RuleEntry, Scalar, Seam};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "l1_penalty",
        1e-5,
        In(0.0),
        Out(1e30),
        "L1 coefficient; adds this times sign(w) to the gradient",
    ),
    Parameter::WEIGHT_LAYERS,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "l1",
    summary: "L1 regularization (lasso)",
    reference: "Tibshirani 1996",
    seams: &[Seam::Gradient],
    parameters: PARAMETERS,
    make: Make::Rule(
        |o, p| Ok(Box::new(L1::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(L1::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// L1 regularization; has no state.
#[derive(Clone, Debug)]
pub struct L1<S> {
    l1_penalty: S,
    weights: Chosen,
}

impl<S: Scalar> L1<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        Ok(Self {
            l1_penalty: S::from_f64(options.number("l1_penalty")),
            weights: options.weights(plan)?,
        })
    }
}

impl<S: Scalar> Rule<S> for L1<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::Gradient && self.weights.contains(id)
    }

    fn gradient(&mut self, _at: At, weight: &[S], grad: &mut [S]) {
        let penalty = self.l1_penalty;
        Arch::new().dispatch(move || {
            for (g, w) in grad.iter_mut().zip(weight) {
                let up = if *w > S::ZERO { penalty } else { S::ZERO };
                let down = if *w < S::ZERO { penalty } else { S::ZERO };
                *g += up - down;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    #[test]
    fn the_gradient_gains_the_penalty_with_the_sign_of_the_weight() {
        let plan = Plan::dense(&[4, 1]);
        let mut grad = [1.0, 1.0, 1.0, 1.0];
        L1::new(&resolve("l1:l1_penalty=0.25").unwrap(), &plan)
            .unwrap()
            .gradient(At { id: 0, step: 0 }, &[7.0, -0.001, 0.0, -0.0], &mut grad);
        assert_eq!(grad, [1.25, 0.75, 1.0, 1.0]);
    }

    #[test]
    fn a_layer_that_was_not_chosen_is_left_alone() {
        let plan = Plan::dense(&[1, 1, 1]);
        let rule = L1::<f64>::new(&resolve("l1:layers=2").unwrap(), &plan).unwrap();
        assert_eq!(
            [0, 1, 2, 3].map(|id| rule.acts(Seam::Gradient, id)),
            [false, false, true, false]
        );
    }
}
