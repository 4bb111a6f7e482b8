//! GRAPES: the error signal of each hidden unit is scaled by the unit's importance, computed from
//! its weights.
//!
//! ```text
//! I_i = sum_j |W_ij|   (incoming; outgoing: sum_k |V_ki| with the weights V of the next layer)
//! M_i = clip(gain * I_i / max I, min_factor, gain),   e_i <- M_i e_i             (Dellaferrera et al. 2022)
//! ```
//!
//! Each unit of a hidden layer has one factor per mini-batch. The output layer is not modulated, and
//! `M` is treated as a constant in backpropagation. In the default form, `propagating`, the modulated
//! error signal is backpropagated, so factors multiply with depth. In the form `local` it changes
//! only the gradient of the unit's own weights. With `min_factor = 0` nothing is clipped, as the authors
//! do with feedback alignment. With *direct* feedback alignment they use the form `weight-wise`,
//! which uses the units at both ends of a weight:
//!
//! ```text
//! P_j = clip(gain * sum_i |W_ij| / max, min_factor, gain)     for the inputs j of a layer
//! dL/dW_ij <- P'_i P_j dL/dW_ij                          with P' of the next layer's inputs, 1 below the output layer
//! ```
//!
//! The weight-wise form acts between hidden layers: the first and the last weight matrix are not
//! modulated, so the network needs two hidden layers. A layer whose weights are all 0 gets factors
//! of 1. The released code computes importance with the dropout mask of the first sample in the
//! batch; here, as in the paper's equations, it depends on the weights only.
//!
//! With common initializations the factors are near the top of their range, 1.8 to 1.9 of 2 on
//! average. So the main effect of GRAPES there is a larger step, more so in lower layers.
//! `scalar-gain` is the control: it scales all units of a layer by the *mean* of the GRAPES factors.
//! Any remaining difference between the two is due to importance.
//!
//! Use it for deep networks whose lower layers learn too slowly, and tune the learning rate of the
//! method you compare it with.

use pulp::Arch;

use crate::End::{In, Out};
use crate::lanes;
use crate::{
    At, Chosen, Error, Layers, Make, ParamShape, Parameter, Params, Plan, Propagation, Resolved,
    Rule, RuleEntry, Scalar, Seam, SignalShape,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "gain",
        2.0,
        Out(0.0),
        Out(1e6),
        "modulation factor of the most important unit of a layer",
    ),
    Parameter::number(
        "min_factor",
        1.0,
        In(0.0),
        Out(1e6),
        "lower clip of the modulation factor, at most the gain (0 = no clipping)",
    )
    .with_key("least"),
    Parameter::choice(
        "importance",
        "incoming",
        &["incoming", "outgoing"],
        "weights that determine the importance of a unit: `incoming` or `outgoing` (`weight-wise` always uses outgoing weights)",
    ),
    Parameter::choice(
        "form",
        "propagating",
        &["propagating", "local", "weight-wise"],
        "`propagating`: the modulated error is also backpropagated; `local`: it changes only this layer's gradient; `weight-wise`: scale each weight's gradient by the factors of both its units",
    ),
    Parameter::layers(
        "hidden layers whose error signals (or, if weight-wise, gradients) are scaled",
    ),
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "grapes",
    summary: "scales the error signal of each hidden unit by its importance, the sum of the magnitudes of its weights",
    reference: "Dellaferrera et al. 2022, Nat. Commun. 13",
    seams: &[Seam::ErrorSignal],
    decides: Some("the scaling of error signals"),
    parameters: PARAMETERS,
    make: Make::Rule(
        |o, p| Ok(Box::new(Grapes::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(Grapes::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Registry entry of the control.
pub(crate) const SCALAR_GAIN: RuleEntry = RuleEntry {
    name: "scalar-gain",
    summary: "scales the error signal of each hidden layer by the mean of the GRAPES factors: a control for the larger steps of GRAPES",
    ..ENTRY
};

/// Which weights make a unit important.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Importance {
    /// Those that it receives (postsynaptic grouping).
    Incoming,
    /// Those that it sends (presynaptic grouping).
    Outgoing,
}

/// Where the factors act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// On an error signal and what becomes of it in the layers below.
    Propagating,
    /// On a unit's own weights alone.
    Local,
    /// On each weight between hidden layers, by the importance of both of its ends.
    WeightWise,
}

/// What the factors are made of.
#[derive(Clone, Copy, Debug)]
struct Clip {
    gain: f64,
    min_factor: f64,
    /// Whether every unit of a layer gets the mean of the layer's factors.
    is_mean: bool,
}

/// GRAPES and its control; factors follow from the weights, so there is no state to save.
#[derive(Clone)]
pub struct Grapes<S> {
    entry: &'static RuleEntry,
    clip: Clip,
    importance: Importance,
    form: Form,
    /// The signals whose errors it scales, and the arrays whose gradients.
    signals: Chosen,
    arrays: Chosen,
    plan: Plan,
    factors: Vec<S>,
}

impl<S: Scalar> Grapes<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for parameters that do not fit each other, [`Error::NoSuchLayer`],
    /// [`Error::TooFewHiddenLayers`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let (entry, layers) = (options.entry(), options.layers("layers"));
        let [gain, min_factor] = ["gain", "min_factor"].map(|name| options.number(name));
        if min_factor > gain {
            return Err(options.refuse("min_factor", format!("at most the gain, {gain}")));
        }
        let form = match options.choice("form") {
            "local" => Form::Local,
            "weight-wise" => Form::WeightWise,
            _ => Form::Propagating,
        };
        let is_weight_wise = form == Form::WeightWise;
        let hidden = layers.hidden(entry.name, plan, if is_weight_wise { 2 } else { 1 })?;
        if is_weight_wise && layers != Layers::All && layers.contains(0) {
            return Err(options.refuse(
                "layers",
                "layers from 2 on if `form` is weight-wise".to_owned(),
            ));
        }
        let output = plan.layers() - 1;
        let (signals, arrays) = if is_weight_wise {
            let lies_between = |signal: &SignalShape| {
                signal.layer > 0 && signal.layer + 1 < output && layers.contains(signal.layer)
            };
            let is_scaled = |param: &ParamShape| {
                param.role.is_weight()
                    && param.layer > 0
                    && param.layer < output
                    && layers.contains(param.layer)
            };
            (
                Chosen(plan.signals.iter().map(lies_between).collect()),
                Chosen(plan.params.iter().map(is_scaled).collect()),
            )
        } else {
            (hidden, Chosen(Vec::new()))
        };
        let importance = if options.choice("importance") == "incoming" {
            Importance::Incoming
        } else {
            Importance::Outgoing
        };
        let clip = Clip {
            gain,
            min_factor,
            is_mean: entry.name == SCALAR_GAIN.name,
        };
        Ok(Self {
            entry,
            clip,
            importance,
            form,
            signals,
            arrays,
            plan: plan.clone(),
            factors: vec![S::ZERO; plan.widest()],
        })
    }

    /// The factors of a hidden signal's units.
    pub fn factors(&mut self, signal: usize, params: &(impl Params<S> + ?Sized)) -> &[S] {
        let SignalShape {
            units,
            incoming,
            outgoing,
            ..
        } = &self.plan.signals[signal];
        let sums = &mut self.factors[..*units];
        sums.fill(S::ZERO);
        if self.importance == Importance::Outgoing || self.form == Form::WeightWise {
            for id in outgoing {
                add_column_sums(params.param(*id), sums);
            }
        } else {
            for id in incoming {
                add_row_sums(params.param(*id), self.plan.params[*id].columns, sums);
            }
        }
        clipped(self.clip, sums)
    }
}

/// `clip(gain * I / max I, min_factor, gain)` in place of the sums `I`.
fn clipped<S: Scalar>(clip: Clip, factors: &mut [S]) -> &[S] {
    let largest = factors
        .iter()
        .fold(S::ZERO, |largest, sum| largest.max(*sum));
    let [gain, min_factor] = [clip.gain, clip.min_factor].map(S::from_f64);
    for factor in &mut *factors {
        *factor = if largest > S::ZERO {
            (gain * (*factor / largest)).max(min_factor)
        } else {
            S::ONE
        };
    }
    if clip.is_mean {
        let sum = factors.iter().fold(S::ZERO, |sum, factor| sum + *factor);
        factors.fill(sum / S::from_f64(factors.len() as f64));
    }
    factors
}

/// `sums[u] += sum over j of |weight[r][j]|` over the rows `r` of each unit `u`.
fn add_row_sums<S: Scalar>(weight: &[S], columns: usize, sums: &mut [S]) {
    Arch::new().dispatch(move || {
        for rows in weight.chunks(columns * sums.len()) {
            for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(columns)) {
                *sum += lanes::sum(row, Scalar::abs);
            }
        }
    });
}

/// `sums[u] += sum over k of |weight[k][c]|` over the columns `c` of each unit `u`.
fn add_column_sums<S: Scalar>(weight: &[S], sums: &mut [S]) {
    Arch::new().dispatch(move || {
        for row in weight.chunks_exact(sums.len()) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += weight.abs();
            }
        }
    });
}

/// Multiplies every row of values by the factors, one for each column.
fn scale_rows<S: Scalar>(values: &mut [S], factors: &[S]) {
    Arch::new().dispatch(move || {
        for row in values.chunks_exact_mut(factors.len()) {
            for (value, factor) in row.iter_mut().zip(factors) {
                *value *= *factor;
            }
        }
    });
}

impl<S: Scalar> Rule<S> for Grapes<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.entry
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        match seam {
            Seam::ErrorSignal => self.signals.contains(id),
            Seam::Gradient => self.arrays.contains(id),
            _ => false,
        }
    }

    fn propagation(&self) -> Propagation {
        if self.form == Form::Propagating {
            Propagation::Propagating
        } else {
            Propagation::Local
        }
    }

    fn error_signal(&mut self, at: At, values: &mut [S], params: &dyn Params<S>) {
        scale_rows(values, self.factors(at.id, params));
    }

    fn gradient(&mut self, at: At, weight: &[S], grad: &mut [S]) {
        let sums = &mut self.factors[..self.plan.params[at.id].senders];
        sums.fill(S::ZERO);
        add_column_sums(weight, sums);
        scale_rows(grad, clipped(self.clip, sums));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, Stream, WeightedLayer, resolve};

    const SIZES: [usize; 4] = [50, 37, 5, 3];

    fn plan() -> Plan {
        Plan {
            batch: 2,
            ..Plan::dense(&SIZES)
        }
    }

    fn rule_of(text: &str, plan: &Plan) -> Grapes<f64> {
        Grapes::new(&resolve(text).unwrap(), plan).unwrap()
    }

    /// The arrays of a network: weights are drawn, biases are 0.
    fn network(plan: &Plan) -> Vec<Vec<f64>> {
        let draw = |param: &crate::ParamShape| {
            let mut stream = Stream::new(5, Purpose::Init, param.layer as u64);
            (0..param.len())
                .map(|_| {
                    if param.role.is_weight() {
                        stream.normal()
                    } else {
                        0.0
                    }
                })
                .collect()
        };
        plan.params.iter().map(draw).collect()
    }

    fn weights(layer: usize) -> Vec<f64> {
        network(&plan()).swap_remove(2 * layer)
    }

    /// The equations as printed in the paper.
    fn by_hand(importance: &[f64], gain: f64, least: f64) -> Vec<f64> {
        let largest = importance.iter().copied().fold(0.0, f64::max);
        importance
            .iter()
            .map(|i| (gain * i / largest).clamp(least, gain))
            .collect()
    }

    fn incoming(layer: usize) -> Vec<f64> {
        weights(layer)
            .chunks(SIZES[layer])
            .map(|row| row.iter().map(|w| w.abs()).sum())
            .collect()
    }

    fn outgoing(layer: usize) -> Vec<f64> {
        let (units, next) = (SIZES[layer + 1], weights(layer + 1));
        (0..units)
            .map(|unit| next.iter().skip(unit).step_by(units).map(|w| w.abs()).sum())
            .collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-12,
                "{found} instead of {expected}"
            );
        }
    }

    #[test]
    fn factors_are_those_of_the_equations() {
        for (gain, least) in [(2.0, 1.0), (2.0, 0.0), (3.0, 2.9), (1.0, 1.0)] {
            let params = network(&plan());
            for layer in 0..2 {
                let units = SIZES[layer + 1];
                let of = |rule: &str| rule_of(&format!("{rule}gain={gain},least={least}"), &plan());
                let mut grapes = of("grapes:");
                let expected = by_hand(&incoming(layer), gain, least);
                assert_close(grapes.factors(layer, &params), &expected);
                let mut control = of("scalar-gain:");
                let mean = expected.iter().sum::<f64>() / units as f64;
                assert_close(control.factors(layer, &params), &vec![mean; units]);
                let mut sending = of("grapes:importance=outgoing,");
                assert_close(
                    sending.factors(layer, &params),
                    &by_hand(&outgoing(layer), gain, least),
                );
            }
        }
    }

    #[test]
    fn a_convolution_has_a_factor_for_each_output_channel() {
        let mut plan = Plan::default();
        let conv = |units, kernel: usize, senders: usize, places| WeightedLayer {
            units,
            columns: kernel * kernel * senders,
            senders,
            inputs: places * senders,
            places,
            per_unit: &[],
            is_output: false,
        };
        plan.push(&conv(4, 3, 2, 36), &[]);
        plan.push(&conv(5, 2, 4, 25), &[0]);
        plan.push(&conv(3, 5, 5, 1), &[1]);
        plan.signals[2].is_output = true;
        let params = network(&plan);
        let sum = |weights: &[f64], of: &dyn Fn(usize) -> bool| -> f64 {
            let chosen = weights.iter().enumerate().filter(|(index, _)| of(*index));
            chosen.map(|(_, weight)| weight.abs()).sum()
        };
        // All weights of the output channel: every kernel place and input channel.
        let incoming: Vec<_> = (0..5)
            .map(|unit| sum(&params[1], &|index| index / 16 == unit))
            .collect();
        let mut rule = rule_of("grapes", &plan);
        let expected = by_hand(&incoming, 2.0, 1.0);
        assert_close(rule.factors(1, &params), &expected);
        let mut values = vec![1.0; 2 * 25 * 5];
        rule.error_signal(At { id: 1, step: 0 }, &mut values, &params);
        values
            .chunks(5)
            .for_each(|place| assert_close(place, &expected));
        // All weights of the next layer that this channel sends through.
        let outgoing: Vec<_> = (0..5)
            .map(|unit| sum(&params[2], &|index| index % 5 == unit))
            .collect();
        let mut rule = rule_of("grapes:importance=outgoing", &plan);
        assert_close(rule.factors(1, &params), &by_hand(&outgoing, 2.0, 1.0));
    }

    #[test]
    fn every_sample_is_scaled_by_the_factors_and_the_output_layer_by_none() {
        let mut rule = rule_of("grapes", &plan());
        let expected = by_hand(&incoming(1), 2.0, 1.0);
        let mut values = [vec![1.0; 5], vec![-3.0; 5]].concat();
        rule.error_signal(At { id: 1, step: 0 }, &mut values, &network(&plan()));
        assert_close(&values[..5], &expected);
        assert_close(
            &values[5..],
            &expected
                .iter()
                .map(|factor| -3.0 * factor)
                .collect::<Vec<_>>(),
        );
        assert!(
            Rule::acts(&rule, Seam::ErrorSignal, 1) && !Rule::acts(&rule, Seam::ErrorSignal, 2)
        );
    }

    #[test]
    fn a_layer_without_weights_other_than_zero_is_left_as_it_is() {
        let mut rule = Grapes::<f32>::new(&resolve("grapes").unwrap(), &plan()).unwrap();
        let zeros: Vec<Vec<f32>> = plan()
            .params
            .iter()
            .map(|param| vec![0.0; param.len()])
            .collect();
        assert_eq!(rule.factors(1, &zeros), [1.0; 5]);
    }

    #[test]
    fn the_mean_factor_at_a_usual_start_is_what_the_authors_own_networks_have() {
        // 784 -> 256, uniform: 1.90 (three draws of an independent program).
        let mut stream = Stream::new(1, Purpose::Init, 0);
        let weight: Vec<f64> = (0..784 * 256).map(|_| 2.0 * stream.unit() - 1.0).collect();
        let plan = Plan::dense(&[784, 256, 10]);
        let mut rule = rule_of("scalar-gain", &plan);
        let mean = rule.factors(0, &vec![weight])[0];
        assert!((mean - 1.90).abs() < 0.03, "{mean}");
    }

    #[test]
    fn the_weight_wise_form_counts_both_ends_of_a_synapse() {
        // Four hidden layers: matrices 2 to 4 lie between them.
        let sizes = [6, 4, 5, 3, 7, 2];
        let plan = Plan::dense(&sizes);
        let params = network(&plan);
        let mut rule = rule_of("grapes:form=weight-wise,least=0", &plan);
        // P of a matrix: one value an input.
        let of_inputs = |layer: usize| {
            let inputs = sizes[layer];
            by_hand(
                &(0..inputs)
                    .map(|j| {
                        params[2 * layer]
                            .iter()
                            .skip(j)
                            .step_by(inputs)
                            .map(|w| w.abs())
                            .sum()
                    })
                    .collect::<Vec<_>>(),
                2.0,
                0.0,
            )
        };
        for layer in 0..5 {
            let [inputs, units] = [sizes[layer], sizes[layer + 1]];
            // One sample with an error signal of 1 for each unit and an input of 1: the gradient is
            // the product of the factors.
            let mut values = vec![1.0; units];
            if rule.acts(Seam::ErrorSignal, layer) {
                rule.error_signal(At { id: layer, step: 0 }, &mut values, &params);
            }
            let mut grad: Vec<f64> = values.iter().flat_map(|e| vec![*e; inputs]).collect();
            if rule.acts(Seam::Gradient, 2 * layer) {
                rule.gradient(
                    At {
                        id: 2 * layer,
                        step: 0,
                    },
                    &params[2 * layer],
                    &mut grad,
                );
            }
            let above = if (1..3).contains(&layer) {
                of_inputs(layer + 1)
            } else {
                vec![1.0; units]
            };
            let below = if (1..4).contains(&layer) {
                of_inputs(layer)
            } else {
                vec![1.0; inputs]
            };
            let expected: Vec<f64> = above
                .iter()
                .flat_map(|above| below.iter().map(move |below| above * below))
                .collect();
            assert_close(&grad, &expected);
        }
        assert_eq!(Rule::<f64>::propagation(&rule), Propagation::Local);
    }

    #[test]
    fn what_it_cannot_do_is_refused() {
        let refused = |text: &str, layers: usize| {
            let plan = Plan::dense(&SIZES[..=layers]);
            Grapes::<f32>::new(&resolve(text).unwrap(), &plan)
                .err()
                .unwrap()
                .to_string()
        };
        assert_eq!(
            refused("grapes:gain=1.5,least=1.6", 3),
            "rule `grapes`: `min_factor` must be at most the gain, 1.5, but is 1.6"
        );
        let expected = "rule `scalar-gain`: `layers` includes layer 3, the output layer, expected hidden layers, 1 to 2";
        assert_eq!(refused("scalar-gain:layers=1+3", 3), expected);
        assert_eq!(
            refused("grapes", 1),
            "rule `grapes` acts on hidden layers: the network has 0, expected at least 1"
        );
    }
}
