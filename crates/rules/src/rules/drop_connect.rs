//! `DropConnect` on weights, inverted scaling.
//!
//! ```text
//! m_ij ~ Bernoulli(1 - drop_rate) / (1 - drop_rate),  w_ij <- m_ij w_ij  in this step        (Wan et al. 2013)
//! ```
//!
//! `drop_rate` is the probability of *dropping* a weight. There is one mask per step, shared by all
//! samples; the authors draw one per sample, which needs a separate product per sample. Kept
//! weights are divided by the probability of keeping them, so that evaluation uses the network
//! unchanged; the authors approximate the mean over masks by a normal distribution instead. The
//! gradient of a dropped weight is 0, and biases are never dropped. Use it if dropout of whole
//! units removes too much of a small network.

use pulp::Arch;

use crate::End::{In, Out};
use crate::{
    At, Chosen, Error, Make, Memory, Parameter, Plan, Purpose, Resolved, Rule, RuleEntry, Scalar,
    Seam, Stream,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "drop_rate",
        0.5,
        In(0.0),
        Out(1.0),
        "probability of dropping a weight",
    ),
    Parameter::WEIGHT_LAYERS,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "drop-connect",
    summary: "drops random weights during training (inverted scaling)",
    reference: "Wan et al. 2013",
    seams: &[Seam::WeightView, Seam::Gradient],
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 0,
        other: 4 * plan.parameters() + 4 * plan.largest_param(),
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(DropConnect::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(DropConnect::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// The mask of one layer and step.
#[derive(Clone, Debug, Default)]
struct Mask<S> {
    step: Option<u64>,
    factors: Vec<S>,
}

/// `DropConnect`; its masks follow from seed, step and layer, so it has no state to save.
#[derive(Clone, Debug)]
pub struct DropConnect<S> {
    seed: u64,
    /// A weight is dropped when its 32 random bits are below this.
    cutoff: u64,
    kept: S,
    weights: Chosen,
    /// For each array, the number of its random stream.
    numbers: Vec<u64>,
    masks: Vec<Mask<S>>,
    bits: Vec<u32>,
}

impl<S: Scalar> DropConnect<S> {
    /// Allocates a mask for each weight matrix.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let (drop_rate, weights) = (options.number("drop_rate"), options.weights(plan)?);
        let sizes: Vec<usize> = plan
            .params
            .iter()
            .enumerate()
            .map(|(id, param)| if weights.contains(id) { param.len() } else { 0 })
            .collect();
        let largest = sizes.iter().copied().max().unwrap_or(0);
        Ok(Self {
            seed: plan.seed,
            cutoff: (drop_rate * 4_294_967_296.0) as u64,
            kept: S::from_f64(1.0 / (1.0 - drop_rate)),
            weights,
            numbers: plan.weight_numbers(),
            masks: sizes
                .into_iter()
                .map(|size| Mask {
                    step: None,
                    factors: vec![S::ONE; size],
                })
                .collect(),
            bits: vec![0; largest],
        })
    }

    /// The factors of a layer's weights in this step, drawn once.
    fn factors(&mut self, at: At) -> &[S] {
        let mask = &mut self.masks[at.id];
        if mask.step != Some(at.step) {
            mask.step = Some(at.step);
            let bits = &mut self.bits[..mask.factors.len()];
            // 2^16 layers and 2^48 steps have a stream each.
            Stream::new(
                self.seed,
                Purpose::DropConnect,
                self.numbers[at.id] << 48 | at.step,
            )
            .fill(bits);
            for (factor, bits) in mask.factors.iter_mut().zip(bits) {
                *factor = if u64::from(*bits) < self.cutoff {
                    S::ZERO
                } else {
                    self.kept
                };
            }
        }
        &self.masks[at.id].factors
    }
}

impl<S: Scalar> Rule<S> for DropConnect<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        matches!(seam, Seam::WeightView | Seam::Gradient) && self.weights.contains(id)
    }

    fn weight_view(&mut self, at: At, weight: &[S], view: &mut [S]) {
        let factors = self.factors(at);
        Arch::new().dispatch(|| {
            for ((view, weight), factor) in view.iter_mut().zip(weight).zip(factors) {
                *view = *weight * *factor;
            }
        });
    }

    fn gradient(&mut self, at: At, _weight: &[S], grad: &mut [S]) {
        let factors = self.factors(at);
        Arch::new().dispatch(move || {
            for (g, factor) in grad.iter_mut().zip(factors) {
                *g *= *factor;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    const AT: At = At { id: 0, step: 3 };

    fn rule(drop_rate: f64) -> DropConnect<f64> {
        DropConnect::new(
            &resolve(&format!("drop-connect:drop_rate={drop_rate}")).unwrap(),
            &Plan {
                seed: 4,
                ..Plan::dense(&[100, 50, 2])
            },
        )
        .unwrap()
    }

    fn view(rule: &mut DropConnect<f64>, step: u64, weight: f64) -> Vec<f64> {
        let mut view = vec![f64::NAN; 5000];
        rule.weight_view(At { step, ..AT }, &vec![weight; 5000], &mut view);
        view
    }

    #[test]
    fn the_dropped_share_is_the_rate_and_gradients_have_the_mask_of_the_view() {
        let mut rule = rule(0.3);
        let view = view(&mut rule, AT.step, 2.0);
        let dropped = view.iter().filter(|weight| **weight == 0.0).count() as f64 / 5000.0;
        // 5 standard deviations of a share of 5,000 draws.
        assert!((dropped - 0.3).abs() < 0.033, "{dropped}");
        assert!(
            view.iter()
                .all(|weight| *weight == 0.0 || (*weight - 2.0 / 0.7).abs() < 1e-15)
        );
        let mut grad = vec![2.0; 5000];
        rule.gradient(AT, &vec![2.0; 5000], &mut grad);
        assert_eq!(grad, view);
    }

    #[test]
    fn masks_are_a_function_of_step_and_layer_alone() {
        let (mut one, mut other) = (rule(0.5), rule(0.5));
        let first = view(&mut one, 3, 1.0);
        view(&mut other, 0, 1.0);
        assert_eq!(first, view(&mut other, 3, 1.0));
        assert_ne!(first, view(&mut other, 4, 1.0));
        assert_eq!(view(&mut one, 3, 1.0), first, "twice in one step");
    }

    #[test]
    fn a_rate_of_zero_changes_nothing() {
        assert_eq!(view(&mut rule(0.0), AT.step, 0.7), vec![0.7; 5000]);
    }
}
