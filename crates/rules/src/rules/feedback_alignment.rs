//! Feedback alignment: the error signal goes upstream through fixed random weights instead of the network's own.
//!
//! ```text
//! e_(l-1) = (e_l B_l) * f'(a_(l-1))                B_l: [outputs, inputs] of layer l       (Lillicrap et al. 2016)
//! direct:  e_(l-1) = (e_L B_l) * f'(a_(l-1))       B_l: [classes, inputs], e_L of the output layer     (Nøkland 2016)
//! ```
//!
//! `B` is drawn once, from `U(-a, a)` with `a = scale * sqrt(6 / n)` and `n` the units of the layer that gets the error signal (the
//! choice of Dellaferrera et al. 2022 for He-uniform networks). It follows from the seed, so there is no state to save. Use it to
//! learn without the transport of weights, which no synapse could do; expect it to need more epochs, and the direct form to be the
//! better of the two in deep networks.

use crate::End::Out;
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::{
    At, Error, Feedback, Layers, ParamRole, ParamShape, Parameter, Plan, Purpose, Range, Resolved, Rule, RuleSettings, Scalar, Seam, Stream,
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "scale",
    summary: "width of the random weights, as a multiple of sqrt(6 / units)",
    range: Range::Number { default: 1.0, low: Out(0.0), high: Out(1e6) },
}];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "feedback-alignment",
    role: Role::Rule,
    summary: "sends error signals upstream through fixed random weights",
    reference: "Lillicrap et al. 2016",
    seams: &[Seam::Feedback],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: |plan| Memory { saved: 0, other: 4 * plan.parameters() },
    make: Make::Rule(make::<f32, false>, make::<f64, false>),
};

/// Registry entry of the direct form.
pub(crate) const DIRECT: RuleEntry = RuleEntry {
    name: "direct-feedback-alignment",
    summary: "sends the output's error signal to every hidden layer through fixed random weights",
    reference: "Nøkland 2016",
    memory: |plan| Memory { saved: 0, other: 4 * plan.classes() as u64 * plan.units() },
    make: Make::Rule(make::<f32, true>, make::<f64, true>),
    ..ENTRY
};

fn make<S: Scalar, const IS_DIRECT: bool>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Rule<S>>, Error> {
    let config = FeedbackAlignmentConfig { scale: resolved.number("scale"), is_direct: IS_DIRECT };
    Ok(Box::new(FeedbackAlignment::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeedbackAlignmentConfig {
    /// Width of the random weights as a multiple of `sqrt(6 / units)`, in `(0, 1e6)`; 1 unless set.
    pub scale: f64,
    /// Whether every hidden layer gets the output's error signal.
    pub is_direct: bool,
}

impl Default for FeedbackAlignmentConfig {
    fn default() -> Self {
        Self { scale: 1.0, is_direct: false }
    }
}

impl FeedbackAlignmentConfig {
    fn entry(&self) -> &'static RuleEntry {
        if self.is_direct { &DIRECT } else { &ENTRY }
    }

    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(self.entry().name).with_number("scale", self.scale)
    }
}

/// Feedback alignment and its direct form.
#[derive(Clone, Debug)]
pub struct FeedbackAlignment<S> {
    config: FeedbackAlignmentConfig,
    /// For each array, the weights through which its layer's error signal reaches the layer below; none at the first layer.
    feedback: Vec<Vec<S>>,
}

impl<S: Scalar> FeedbackAlignment<S> {
    /// Checks the configuration and draws the random weights.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::TooFewHiddenLayers`].
    pub fn new(config: &FeedbackAlignmentConfig, plan: &Plan) -> Result<Self, Error> {
        let entry = config.entry();
        entry.resolve(&config.settings())?;
        Layers::All.hidden(entry.name, plan, 1)?;
        let draw = |(param, number): (&ParamShape, u64)| {
            if param.layer == 0 || param.role != ParamRole::Weight {
                return Vec::new();
            }
            let rows = if config.is_direct { plan.classes() } else { param.rows };
            let width = config.scale * (6.0 / param.senders as f64).sqrt();
            let mut stream = Stream::new(plan.seed, Purpose::Feedback, number);
            (0..rows * param.columns).map(|_| S::from_f64(width * (2.0 * stream.unit() - 1.0))).collect()
        };
        Ok(Self { config: *config, feedback: plan.params.iter().zip(plan.weight_numbers()).map(draw).collect() })
    }
}

impl<S: Scalar> Rule<S> for FeedbackAlignment<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.config.entry()
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::Feedback && self.feedback.get(id).is_some_and(|weights| !weights.is_empty())
    }

    fn feedback(&mut self, at: At) -> Option<Feedback<'_, S>> {
        let weights = self.feedback.get(at.id)?;
        Some(if self.config.is_direct { Feedback::Output(weights) } else { Feedback::Layer(weights) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 4] = [7, 20, 30, 4];

    fn rule(is_direct: bool, seed: u64) -> FeedbackAlignment<f64> {
        let config = FeedbackAlignmentConfig { scale: 0.5, is_direct };
        FeedbackAlignment::new(&config, &Plan { seed, ..Plan::dense(&SIZES) }).unwrap()
    }

    #[test]
    fn weights_have_the_shape_of_the_layer_or_of_the_classes_and_the_stated_width() {
        for is_direct in [false, true] {
            let mut rule = rule(is_direct, 3);
            assert!(!rule.acts(Seam::Feedback, 0));
            for layer in 1..3 {
                let [inputs, outputs] = [SIZES[layer], SIZES[layer + 1]];
                let (weights, rows) = match rule.feedback(At { id: 2 * layer, step: 0 }).unwrap() {
                    Feedback::Layer(weights) if !is_direct => (weights, outputs),
                    Feedback::Output(weights) if is_direct => (weights, 4),
                    _ => panic!("the other form"),
                };
                assert_eq!(weights.len(), rows * inputs);
                let width = 0.5 * (6.0 / inputs as f64).sqrt();
                let largest = weights.iter().fold(0.0_f64, |largest, w| largest.max(w.abs()));
                assert!(largest <= width && largest > 0.9 * width, "layer {layer}: {largest} of {width}");
            }
        }
    }

    #[test]
    fn weights_follow_from_the_seed_and_never_change() {
        let weights = |rule: &mut FeedbackAlignment<f64>, step| match rule.feedback(At { id: 2, step }) {
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
        let config = FeedbackAlignmentConfig { is_direct: true, ..FeedbackAlignmentConfig::default() };
        let message = FeedbackAlignment::<f32>::new(&config, &plan).unwrap_err().to_string();
        assert_eq!(message, "rule `direct-feedback-alignment` acts on hidden layers: the network has 0, expected at least 1");
    }
}
