//! GRAPES: the error signal of a hidden unit is scaled by the unit's importance, read from the weights around it.
//!
//! ```text
//! I_i = sum_j |W_ij|   (incoming; outgoing: sum_k |V_ki| with the weights V of the next layer)
//! M_i = clip(gain * I_i / max I, least, gain),   e_i <- M_i e_i             (Dellaferrera et al. 2022)
//! ```
//!
//! One factor for a unit, mini-batch and hidden layer; the output layer is not modulated, and nothing is differentiated through
//! `M`. In the propagating form, the default, a changed error signal goes on to the layers below, so factors multiply along the
//! depth; in the local form it changes the unit's own weights alone. With `least = 0` nothing is clipped, as the authors do with
//! feedback alignment. A layer whose weights are all 0 gets factors of 1. The released code computes importance with the dropout
//! mask of the batch's first sample; here, as in the paper's equations, importance is of the weights.
//!
//! At usual initialisations all factors lie near the top of their range: 1.8 to 1.9 of 2. So most of what GRAPES does there is a
//! larger step, more so in deeper layers. `scalar-gain` is the control for that: it scales every unit of a layer by the *mean*
//! of GRAPES' factors, and what is left of a difference between the two is due to importance.
//!
//! Use it for deep networks whose lower layers learn too slowly, and tune the learning rate of what you compare it with.

use pulp::Arch;

use crate::registry::{Make, MakeRule, Role, RuleEntry};
use crate::{At, Error, ErrorSignal, LayerShape, Layers, Parameter, Plan, Propagation, Range, Resolved, Rule, RuleSettings, Scalar, Seam};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "gain",
        summary: "factor of the most important unit of a layer",
        range: Range::Number { default: 2.0, above: 0.0, includes: false, below: 1e6 },
    },
    Parameter {
        name: "least",
        summary: "smallest factor, at most the gain; 0 for no clipping",
        range: Range::Number { default: 1.0, above: 0.0, includes: true, below: 1e6 },
    },
    Parameter {
        name: "importance",
        summary: "which weights make a unit important: those that it receives, or those that it sends",
        range: Range::Choice { default: "incoming", options: &["incoming", "outgoing"] },
    },
    Parameter {
        name: "form",
        summary: "whether a changed error signal also goes to the layers below",
        range: Range::Choice { default: "propagating", options: &["propagating", "local"] },
    },
    Parameter { name: "layers", summary: "the hidden layers whose error signals it scales", range: Range::Layers },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "grapes",
    role: Role::Rule,
    summary: "scales the error signal of each hidden unit by its importance, the sum of its weights' magnitudes",
    reference: "Dellaferrera et al. 2022, Nat. Commun. 13",
    seams: &[Seam::ErrorSignal],
    parameters: PARAMETERS,
    make: Make::Rule(MakeRule { single: make::<f32, false>, double: make::<f64, false> }),
};

/// Registry entry of the control.
pub(crate) const SCALAR_GAIN: RuleEntry = RuleEntry {
    name: "scalar-gain",
    summary: "scales the error signal of each hidden layer by the mean of GRAPES' factors: the control for its larger steps",
    make: Make::Rule(MakeRule { single: make::<f32, true>, double: make::<f64, true> }),
    ..ENTRY
};

fn make<S: Scalar, const IS_MEAN: bool>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Rule<S>>, Error> {
    let config = GrapesConfig {
        gain: resolved.number("gain"),
        least: resolved.number("least"),
        importance: if resolved.choice("importance") == "incoming" { Importance::Incoming } else { Importance::Outgoing },
        propagation: if resolved.choice("form") == "local" { Propagation::Local } else { Propagation::Propagating },
        is_mean: IS_MEAN,
        layers: resolved.layers("layers"),
    };
    Ok(Box::new(Grapes::<S>::new(&config, plan)?))
}

/// Which weights make a unit important.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Importance {
    /// Those that it receives (postsynaptic grouping).
    #[default]
    Incoming,
    /// Those that it sends (presynaptic grouping).
    Outgoing,
}

/// What a person chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct GrapesConfig {
    /// Factor of the most important unit of a layer, in `(0, 1e6)`; 2 unless set.
    pub gain: f64,
    /// Smallest factor, in `[0, gain]`; 1 unless set, 0 for no clipping.
    pub least: f64,
    /// Which weights make a unit important.
    pub importance: Importance,
    /// Whether a changed error signal also goes to the layers below.
    pub propagation: Propagation,
    /// Whether every unit of a layer gets the mean of the layer's factors, as in `scalar-gain`.
    pub is_mean: bool,
    /// The hidden layers whose error signals are scaled.
    pub layers: Layers,
}

impl Default for GrapesConfig {
    fn default() -> Self {
        let (importance, propagation) = (Importance::default(), Propagation::default());
        Self { gain: 2.0, least: 1.0, importance, propagation, is_mean: false, layers: Layers::All }
    }
}

impl GrapesConfig {
    fn entry(&self) -> &'static RuleEntry {
        if self.is_mean { &SCALAR_GAIN } else { &ENTRY }
    }

    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(self.entry().name)
            .with_number("gain", self.gain)
            .with_number("least", self.least)
            .with_text("importance", if self.importance == Importance::Incoming { "incoming" } else { "outgoing" })
            .with_text("form", if self.propagation == Propagation::Local { "local" } else { "propagating" })
            .with_text("layers", &self.layers.to_string())
    }
}

/// GRAPES and its control; factors follow from the weights, so there is no state to save.
#[derive(Clone, Debug)]
pub struct Grapes<S> {
    config: GrapesConfig,
    shapes: Vec<LayerShape>,
    factors: Vec<S>,
}

impl<S: Scalar> Grapes<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::NoSuchLayer`], [`Error::NoHiddenLayer`].
    pub fn new(config: &GrapesConfig, plan: &Plan) -> Result<Self, Error> {
        let entry = config.entry();
        entry.resolve(&config.settings())?;
        if config.least > config.gain {
            let (found, expected) = (config.least.to_string(), format!("at most the gain, {}", config.gain));
            return Err(Error::OutOfRange { rule: entry.name, parameter: "least", found, expected });
        }
        config.layers.check_hidden(entry.name, plan.layers.len())?;
        let widest = plan.layers.iter().map(|shape| shape.outputs).max().unwrap_or(0);
        Ok(Self { config: config.clone(), shapes: plan.layers.clone(), factors: vec![S::ZERO; widest] })
    }

    /// The factors of a hidden layer's units from its weights `[outputs, inputs]` and those of the next layer.
    pub fn factors(&mut self, incoming: &[S], outgoing: Option<&[S]>, units: usize) -> &[S] {
        let factors = &mut self.factors[..units];
        match (self.config.importance, outgoing) {
            (Importance::Outgoing, Some(outgoing)) => column_sums(outgoing, factors),
            _ => row_sums(incoming, factors),
        }
        let largest = factors.iter().fold(S::ZERO, |largest, sum| largest.max(*sum));
        let [gain, least] = [self.config.gain, self.config.least].map(S::from_f64);
        for factor in &mut *factors {
            *factor = if largest > S::ZERO { (gain * (*factor / largest)).max(least) } else { S::ONE };
        }
        if self.config.is_mean {
            let sum = factors.iter().fold(S::ZERO, |sum, factor| sum + *factor);
            factors.fill(sum / S::from_f64(units as f64));
        }
        factors
    }
}

/// Sums that are added side by side, so that the order of additions is the same on every processor.
const LANES: usize = 16;

/// `sums[i] = sum over j of |weight[i][j]|`.
fn row_sums<S: Scalar>(weight: &[S], sums: &mut [S]) {
    let inputs = weight.len() / sums.len();
    Arch::new().dispatch(move || {
        for (sum, row) in sums.iter_mut().zip(weight.chunks_exact(inputs)) {
            let (chunks, rest) = row.as_chunks::<LANES>();
            let mut lanes = [S::ZERO; LANES];
            for chunk in chunks {
                for (lane, weight) in lanes.iter_mut().zip(chunk) {
                    *lane += weight.abs();
                }
            }
            *sum = lanes.iter().chain(rest).fold(S::ZERO, |sum, value| sum + value.abs());
        }
    });
}

/// `sums[i] = sum over k of |weight[k][i]|`.
fn column_sums<S: Scalar>(weight: &[S], sums: &mut [S]) {
    sums.fill(S::ZERO);
    Arch::new().dispatch(move || {
        for row in weight.chunks_exact(sums.len()) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += weight.abs();
            }
        }
    });
}

impl<S: Scalar> Rule<S> for Grapes<S> {
    fn name(&self) -> &'static str {
        self.config.entry().name
    }

    fn acts(&self, seam: Seam, layer: usize) -> bool {
        seam == Seam::ErrorSignal && layer + 1 < self.shapes.len() && self.config.layers.contains(layer)
    }

    fn propagation(&self) -> Propagation {
        self.config.propagation
    }

    fn error_signal(&mut self, at: At, signal: &mut ErrorSignal<'_, S>) {
        if !self.acts(Seam::ErrorSignal, at.layer) {
            return;
        }
        let units = self.shapes[at.layer].outputs;
        let factors = self.factors(signal.incoming, signal.outgoing, units);
        let values = &mut *signal.values;
        Arch::new().dispatch(move || {
            for sample in values.chunks_exact_mut(units) {
                for (e, factor) in sample.iter_mut().zip(factors) {
                    *e *= *factor;
                }
            }
        });
    }

    fn stays_finite(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, Stream};

    const SHAPES: [LayerShape; 3] =
        [LayerShape { outputs: 37, inputs: 50 }, LayerShape { outputs: 5, inputs: 37 }, LayerShape { outputs: 3, inputs: 5 }];

    fn plan() -> Plan {
        Plan { layers: SHAPES.to_vec(), batch: 2, seed: 0 }
    }

    fn weights(layer: usize) -> Vec<f64> {
        let mut stream = Stream::new(5, Purpose::Init, layer as u64);
        (0..SHAPES[layer].weights()).map(|_| stream.normal()).collect()
    }

    /// The equations as they stand in the paper.
    fn by_hand(importance: &[f64], gain: f64, least: f64) -> Vec<f64> {
        let largest = importance.iter().copied().fold(0.0, f64::max);
        importance.iter().map(|i| (gain * i / largest).clamp(least, gain)).collect()
    }

    fn incoming(layer: usize) -> Vec<f64> {
        weights(layer).chunks(SHAPES[layer].inputs).map(|row| row.iter().map(|w| w.abs()).sum()).collect()
    }

    fn outgoing(layer: usize) -> Vec<f64> {
        let (units, next) = (SHAPES[layer].outputs, weights(layer + 1));
        (0..units).map(|unit| next.iter().skip(unit).step_by(units).map(|w| w.abs()).sum()).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12, "{found} instead of {expected}");
        }
    }

    #[test]
    fn factors_are_those_of_the_equations() {
        for (gain, least) in [(2.0, 1.0), (2.0, 0.0), (3.0, 2.9), (1.0, 1.0)] {
            for (layer, shape) in SHAPES.iter().enumerate().take(2) {
                let (units, own, next) = (shape.outputs, weights(layer), weights(layer + 1));
                let config = GrapesConfig { gain, least, ..GrapesConfig::default() };
                let mut grapes = Grapes::new(&config, &plan()).unwrap();
                let expected = by_hand(&incoming(layer), gain, least);
                assert_close(grapes.factors(&own, Some(&next), units), &expected);
                let mut control = Grapes::new(&GrapesConfig { is_mean: true, ..config.clone() }, &plan()).unwrap();
                let mean = expected.iter().sum::<f64>() / units as f64;
                assert_close(control.factors(&own, Some(&next), units), &vec![mean; units]);
                let mut sending = Grapes::new(&GrapesConfig { importance: Importance::Outgoing, ..config }, &plan()).unwrap();
                assert_close(sending.factors(&own, Some(&next), units), &by_hand(&outgoing(layer), gain, least));
            }
        }
    }

    #[test]
    fn every_sample_is_scaled_by_the_factors_and_the_output_layer_by_none() {
        let mut rule = Grapes::new(&GrapesConfig::default(), &plan()).unwrap();
        let own = weights(1);
        let expected = by_hand(&incoming(1), 2.0, 1.0);
        let mut values = [vec![1.0; 5], vec![-3.0; 5]].concat();
        let next = weights(2);
        let mut signal = ErrorSignal { values: &mut values, incoming: &own, outgoing: Some(&next) };
        rule.error_signal(At { layer: 1, step: 0 }, &mut signal);
        assert_close(&values[..5], &expected);
        assert_close(&values[5..], &expected.iter().map(|factor| -3.0 * factor).collect::<Vec<_>>());
        assert!(Rule::acts(&rule, Seam::ErrorSignal, 1) && !Rule::acts(&rule, Seam::ErrorSignal, 2));
        let (mut values, output) = (vec![1.0; 6], weights(2));
        rule.error_signal(At { layer: 2, step: 0 }, &mut ErrorSignal { values: &mut values, incoming: &output, outgoing: None });
        assert_eq!(values, [1.0; 6]);
    }

    #[test]
    fn a_layer_without_weights_other_than_zero_is_left_as_it_is() {
        let mut rule = Grapes::<f32>::new(&GrapesConfig::default(), &plan()).unwrap();
        assert_eq!(rule.factors(&[0.0; 185], None, 5), [1.0; 5]);
    }

    #[test]
    fn the_mean_factor_at_a_usual_start_is_what_the_authors_own_networks_have() {
        // 784 -> 256, uniform: 1.90 (three draws of an independent program).
        let mut stream = Stream::new(1, Purpose::Init, 0);
        let weight: Vec<f64> = (0..784 * 256).map(|_| 2.0 * stream.unit() - 1.0).collect();
        let plan =
            Plan { layers: vec![LayerShape { outputs: 256, inputs: 784 }, LayerShape { outputs: 10, inputs: 256 }], batch: 1, seed: 0 };
        let mut rule = Grapes::new(&GrapesConfig { is_mean: true, ..GrapesConfig::default() }, &plan).unwrap();
        let mean = rule.factors(&weight, None, 256)[0];
        assert!((mean - 1.90).abs() < 0.03, "{mean}");
    }

    #[test]
    fn what_it_cannot_do_is_refused() {
        let refused = |config: GrapesConfig, layers: usize| {
            let plan = Plan { layers: SHAPES[..layers].to_vec(), batch: 1, seed: 0 };
            Grapes::<f32>::new(&config, &plan).unwrap_err().to_string()
        };
        let crossed = GrapesConfig { gain: 1.5, least: 1.6, ..GrapesConfig::default() };
        assert_eq!(refused(crossed, 3), "rule `grapes`: `least` must be at most the gain, 1.5, but is 1.6");
        let output = GrapesConfig { layers: Layers::Only(vec![0, 2]), is_mean: true, ..GrapesConfig::default() };
        let expected = "rule `scalar-gain`: `layers` names layer 3, the output layer, expected hidden layers, 1 to 2";
        assert_eq!(refused(output, 3), expected);
        assert_eq!(refused(GrapesConfig::default(), 1), "rule `grapes` acts on hidden layers, but the network has none");
    }
}
