//! Plain gradient descent.
//!
//! ```text
//! w <- w - learning_rate * g                                          (Zhao et al. 2022, Eq. (3.2))
//! ```
//!
//! Mini-batch gradient descent without momentum: the *initial* network of the BDNN-dsd paper uses
//! nothing else. Use it as the baseline of a comparison.

use pulp::Arch;

use crate::{At, Make, Optimizer, RuleEntry, Scalar};

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "gradient-descent",
    summary: "plain mini-batch SGD, the default optimizer",
    reference: "Zhao, Zeng and Bai 2022, Eq. (3.2)",
    parameters: &[],
    make: Make::Optimizer(
        |_, _| Ok(Box::new(GradientDescent)),
        |_, _| Ok(Box::new(GradientDescent)),
    ),
    ..RuleEntry::OPTIMIZER
};

/// Plain gradient descent; has no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct GradientDescent;

impl<S: Scalar> Optimizer<S> for GradientDescent {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn update(&mut self, _at: At, learning_rate: S, values: &mut [S], grad: &[S]) {
        Arch::new().dispatch(move || {
            for (value, g) in values.iter_mut().zip(grad) {
                *value = *value - learning_rate * *g;
            }
        });
    }

    fn is_gradient_descent(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_moves_against_the_gradient() {
        let mut weight = [1.0, -2.0, 0.5];
        GradientDescent.update(At { id: 0, step: 0 }, 0.5, &mut weight, &[2.0, 1.0, 0.0]);
        assert_eq!(weight, [0.0, -2.5, 0.5]);
    }
}
