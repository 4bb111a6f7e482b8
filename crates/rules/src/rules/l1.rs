//! L1 regularisation: the penalty's gradient is added to the loss's gradient.
//!
//! ```text
//! penalty  l1_penalty * sum of |w|,   g <- g + l1_penalty * sign(w)      (Tibshirani 1996)
//! ```
//!
//! `sign(0)` is 0, so a weight at 0 is left to the loss. Weights are penalised, biases are not. Every weight loses the same amount
//! whatever its size, so small ones vanish first; plain gradient descent leaves them going to and fro about 0 within a step.
//! Use it when few of the inputs should matter.

use pulp::Arch;

use crate::End::{In, Out};
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::layers::Chosen;
use crate::{At, Error, Layers, Parameter, Plan, Range, Resolved, Rule, RuleSettings, Scalar, Seam};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "l1_penalty",
        summary: "coefficient of the sign of w in the gradient",
        range: Range::Number { default: 1e-5, low: In(0.0), high: Out(1e30) },
    },
    Parameter { name: "layers", summary: "the weight matrices it acts on", range: Range::Layers },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "l1",
    role: Role::Rule,
    summary: "L1 regularisation: every weight is drawn to 0 with the same force",
    reference: "Tibshirani 1996",
    seams: &[Seam::Gradient],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: Memory::NONE,
    make: Make::Rule(make::<f32>, make::<f64>),
};

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Rule<S>>, Error> {
    let config = L1Config { l1_penalty: resolved.number("l1_penalty"), layers: resolved.layers("layers") };
    Ok(Box::new(L1::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct L1Config {
    /// Coefficient of the weight's sign in the gradient, in `[0, 1e30)`; 0.00001 unless set.
    pub l1_penalty: f64,
    /// The weight matrices it acts on.
    pub layers: Layers,
}

impl Default for L1Config {
    fn default() -> Self {
        Self { l1_penalty: 1e-5, layers: Layers::All }
    }
}

impl L1Config {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(ENTRY.name).with_number("l1_penalty", self.l1_penalty).with_text("layers", &self.layers.to_string())
    }
}

/// L1 regularisation; has no state.
#[derive(Clone, Debug)]
pub struct L1<S> {
    l1_penalty: S,
    weights: Chosen,
}

impl<S: Scalar> L1<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::NoSuchLayer`].
    pub fn new(config: &L1Config, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        Ok(Self { l1_penalty: S::from_f64(config.l1_penalty), weights: config.layers.weights(ENTRY.name, plan)? })
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

    #[test]
    fn the_gradient_gains_the_penalty_with_the_sign_of_the_weight() {
        let plan = Plan::dense(&[4, 1]);
        let config = L1Config { l1_penalty: 0.25, ..L1Config::default() };
        let mut grad = [1.0, 1.0, 1.0, 1.0];
        L1::new(&config, &plan).unwrap().gradient(At { id: 0, step: 0 }, &[7.0, -0.001, 0.0, -0.0], &mut grad);
        assert_eq!(grad, [1.25, 0.75, 1.0, 1.0]);
    }

    #[test]
    fn a_layer_that_was_not_chosen_is_left_alone() {
        let plan = Plan::dense(&[1, 1, 1]);
        let rule = L1::<f64>::new(&L1Config { l1_penalty: 0.5, layers: Layers::Only(vec![1]) }, &plan).unwrap();
        assert_eq!([0, 1, 2, 3].map(|id| rule.acts(Seam::Gradient, id)), [false, false, true, false]);
    }
}
