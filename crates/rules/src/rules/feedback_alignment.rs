//! Feedback alignment: errors are backpropagated through fixed random weights instead of the
//! transposed forward weights.
//!
//! ```text
//! e_(l-1) = (e_l B_l) * f'(a_(l-1))                B_l: [outputs, inputs] of layer l       (Lillicrap et al. 2016)
//! direct:  e_(l-1) = (e_L B_l) * f'(a_(l-1))       B_l: [classes, inputs], e_L of the output layer     (Nøkland 2016)
//! ```
//!
//! `B` is drawn once, from `U(-a, a)` with `a = scale * sqrt(6 / n)`, where `n` is the number of
//! columns of `B` (in a dense network the units of the layer that receives the error, as in
//! Dellaferrera et al. 2022 for He-uniform networks). It is derived from the seed, so there is no state to save. Use it to learn without
//! weight transport, which is biologically implausible; expect it to need more epochs, and the
//! direct form to be better in deep networks.

use crate::End::Out;
use crate::{
    At, Error, Feedback, Layers, Make, Memory, ParamRole, ParamShape, Parameter, Plan, Purpose,
    Resolved, Rule, RuleEntry, Scalar, Seam, Stream,
};

const PARAMETERS: &[Parameter] = &[Parameter::number(
    "scale",
    1.0,
    Out(0.0),
    Out(1e6),
    "half-width of the uniform distribution of the random weights, in units of sqrt(6 / inputs)",
)];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "feedback-alignment",
    summary: "backpropagates errors through fixed random weights",
    reference: "Lillicrap et al. 2016",
    seams: &[Seam::Feedback],
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 0,
        other: 4 * plan.parameters(),
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(FeedbackAlignment::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(FeedbackAlignment::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Registry entry of the direct form.
pub(crate) const DIRECT: RuleEntry = RuleEntry {
    name: "direct-feedback-alignment",
    summary: "sends the output error directly to every hidden layer through fixed random weights",
    reference: "Nøkland 2016",
    memory: |plan| Memory {
        saved: 0,
        other: 4 * plan.classes() as u64 * plan.inputs(),
    },
    ..ENTRY
};

/// Whether every hidden layer gets the output's error signal.
fn is_direct(entry: &RuleEntry) -> bool {
    entry.name == DIRECT.name
}

/// Feedback alignment and its direct form.
#[derive(Clone)]
pub struct FeedbackAlignment<S> {
    entry: &'static RuleEntry,
    /// For each array, the weights through which its layer's error signal reaches the layer below;
    /// none at the first layer.
    feedback: Vec<Vec<S>>,
}

impl<S: Scalar> FeedbackAlignment<S> {
    /// Draws the random weights.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewHiddenLayers`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let (entry, scale) = (options.entry(), options.number("scale"));
        Layers::All.hidden(entry.name, plan, 1)?;
        let draw = |(param, number): (&ParamShape, u64)| {
            if param.layer == 0 || param.role != ParamRole::Weight {
                return Vec::new();
            }
            let [rows, columns] = if is_direct(entry) {
                [plan.classes(), param.inputs]
            } else {
                [param.rows, param.columns]
            };
            let width = scale * (6.0 / columns as f64).sqrt();
            let mut stream = Stream::new(plan.seed, Purpose::Feedback, number);
            (0..rows * columns)
                .map(|_| S::from_f64(width * (2.0 * stream.unit() - 1.0)))
                .collect()
        };
        Ok(Self {
            entry,
            feedback: plan
                .params
                .iter()
                .zip(plan.weight_numbers())
                .map(draw)
                .collect(),
        })
    }
}

impl<S: Scalar> Rule<S> for FeedbackAlignment<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.entry
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::Feedback
            && self
                .feedback
                .get(id)
                .is_some_and(|weights| !weights.is_empty())
    }

    fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let weights = self.feedback.get(at.id)?;
        Some(if is_direct(self.entry) {
            Feedback::Output(weights)
        } else {
            Feedback::Layer(weights)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    const SIZES: [usize; 4] = [7, 20, 30, 4];

    fn rule(is_direct: bool, seed: u64) -> FeedbackAlignment<f64> {
        let name = if is_direct {
            "direct-feedback-alignment"
        } else {
            "feedback-alignment"
        };
        FeedbackAlignment::new(
            &resolve(&format!("{name}:scale=0.5")).unwrap(),
            &Plan {
                seed,
                ..Plan::dense(&SIZES)
            },
        )
        .unwrap()
    }

    #[test]
    fn weights_have_the_shape_of_the_layer_or_of_the_classes_and_the_stated_width() {
        for is_direct in [false, true] {
            let mut rule = rule(is_direct, 3);
            assert!(!rule.acts(Seam::Feedback, 0));
            for layer in 1..3 {
                let [inputs, outputs] = [SIZES[layer], SIZES[layer + 1]];
                let (weights, rows) = match rule
                    .feedback(At {
                        id: 2 * layer,
                        step: 0,
                    })
                    .unwrap()
                {
                    Feedback::Layer(weights) if !is_direct => (weights, outputs),
                    Feedback::Output(weights) if is_direct => (weights, 4),
                    _ => panic!("the other form"),
                };
                assert_eq!(weights.len(), rows * inputs);
                let width = 0.5 * (6.0 / inputs as f64).sqrt();
                let largest = weights
                    .iter()
                    .fold(0.0_f64, |largest, w| largest.max(w.abs()));
                assert!(
                    largest <= width && largest > 0.9 * width,
                    "layer {layer}: {largest} of {width}"
                );
            }
        }
    }

    #[test]
    fn weights_follow_from_the_seed_and_never_change() {
        let weights =
            |rule: &mut FeedbackAlignment<f64>, step| match rule.feedback(At { id: 2, step }) {
                Some(Feedback::Layer(weights)) => weights.to_vec(),
                _ => panic!("a layer's weights"),
            };
        let (mut one, mut again, mut other) = (rule(false, 3), rule(false, 3), rule(false, 4));
        assert_eq!(weights(&mut one, 0), weights(&mut again, 99));
        assert_ne!(weights(&mut one, 0), weights(&mut other, 0));
    }

    #[test]
    fn a_network_without_hidden_layers_is_refused() {
        let plan = Plan::dense(&SIZES[..2]);
        let message =
            FeedbackAlignment::<f32>::new(&resolve("direct-feedback-alignment").unwrap(), &plan)
                .err()
                .unwrap()
                .to_string();
        assert_eq!(
            message,
            "rule `direct-feedback-alignment` acts on hidden layers: the network has 0, expected at least 1"
        );
    }
}
