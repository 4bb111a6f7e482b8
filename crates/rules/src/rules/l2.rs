//! L2 regularisation, coupled: the penalty's gradient is added to the loss's gradient.
//!
//! ```text
//! penalty  (weight_decay / 2) * sum of w^2,   g <- g + weight_decay * w      (Krogh and Hertz 1992)
//! ```
//!
//! The factor 1/2 *is* in the penalty, so none is in the gradient. Weights are penalised, biases are not. Use it when
//! there are many small influences and none should dominate.

use pulp::Arch;

use crate::End::{In, Out};
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::layers::Chosen;
use crate::{At, Error, Layers, Parameter, Plan, Range, Resolved, Rule, RuleSettings, Scalar, Seam};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "weight_decay",
        summary: "coefficient of w in the gradient; the penalty is half of it times the sum of squares",
        range: Range::Number { default: 1e-4, low: In(0.0), high: Out(1e30) },
    },
    Parameter { name: "layers", summary: "the weight matrices it acts on", range: Range::Layers },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "l2",
    role: Role::Rule,
    summary: "L2 regularisation, coupled, with the factor 1/2 in the penalty",
    reference: "Krogh and Hertz 1992",
    seams: &[Seam::Gradient],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: Memory::NONE,
    make: Make::Rule(make::<f32>, make::<f64>),
};

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Rule<S>>, Error> {
    let config = L2Config { weight_decay: resolved.number("weight_decay"), layers: resolved.layers("layers") };
    Ok(Box::new(L2::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct L2Config {
    /// Coefficient of the weight in the gradient, in `[0, inf)`; 0.0001 unless set.
    pub weight_decay: f64,
    /// The weight matrices it acts on.
    pub layers: Layers,
}

impl Default for L2Config {
    fn default() -> Self {
        Self { weight_decay: 1e-4, layers: Layers::All }
    }
}

impl L2Config {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(ENTRY.name).with_number("weight_decay", self.weight_decay).with_text("layers", &self.layers.to_string())
    }
}

/// L2 regularisation; has no state.
#[derive(Clone, Debug)]
pub struct L2<S> {
    weight_decay: S,
    weights: Chosen,
}

impl<S: Scalar> L2<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::NoSuchLayer`].
    pub fn new(config: &L2Config, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        Ok(Self { weight_decay: S::from_f64(config.weight_decay), weights: config.layers.weights(ENTRY.name, plan)? })
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

    #[test]
    fn the_gradient_gains_weight_decay_times_the_weight() {
        let plan = Plan::dense(&[3, 1]);
        let config = L2Config { weight_decay: 0.5, ..L2Config::default() };
        let mut grad = [1.0, 1.0, 0.0];
        L2::new(&config, &plan).unwrap().gradient(At { id: 0, step: 0 }, &[2.0, -4.0, 0.0], &mut grad);
        assert_eq!(grad, [2.0, -1.0, 0.0]);
    }

    #[test]
    fn a_layer_that_was_not_chosen_is_left_alone() {
        let plan = Plan::dense(&[1, 1, 1]);
        let config = L2Config { weight_decay: 0.5, layers: Layers::Only(vec![1]) };
        let rule = L2::<f64>::new(&config, &plan).unwrap();
        assert_eq!([0, 1, 2, 3].map(|id| rule.acts(Seam::Gradient, id)), [false, false, true, false], "biases are not penalised");
    }

    #[test]
    fn a_layer_that_the_network_lacks_is_refused() {
        let plan = Plan::dense(&[1, 1]);
        let config = L2Config { layers: Layers::Only(vec![2]), ..L2Config::default() };
        let error = L2::<f64>::new(&config, &plan).unwrap_err();
        assert_eq!(error.to_string(), "rule `l2`: `layers` names layer 3, but the network has layers 1 to 1");
    }
}
