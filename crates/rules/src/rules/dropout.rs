//! Dropout on hidden activations.
//!
//! ```text
//! m_j ~ Bernoulli(1 - dropout_rate),  y_j <- s m_j y_j  in training,  y_j <- t y_j  in evaluation     (Srivastava et al. 2014)
//!
//! scaling = train:  s = 1 / (1 - dropout_rate),  t = 1                    (inverted dropout, as in PyTorch)
//! scaling = test:   s = 1,                       t = 1 - dropout_rate     (as first published)
//! ```
//!
//! `dropout_rate` is the probability of *dropping* a unit. The factors of training also multiply
//! the error signal in the backward pass. There is one mask per sample and step; with `per = channel`
//! a mask of a convolution is the same at all places (Tompson et al. 2015, spatial dropout). Use it
//! on networks with more hidden units than the task needs.

use crate::End::{In, Out};
use crate::{
    At, Chosen, Error, Make, Memory, Parameter, Plan, Purpose, Resolved, Rule, RuleEntry, Scalar,
    Seam, Stream,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "dropout_rate",
        0.5,
        In(0.0),
        Out(1.0),
        "probability of dropping a hidden unit",
    ),
    Parameter::choice(
        "scaling",
        "train",
        &["train", "test"],
        "when activations are scaled: in training (inverted dropout) or at test time",
    ),
    Parameter::choice(
        "per",
        "unit",
        &["unit", "channel"],
        "what is dropped in a convolution: single activations, or channels at all places",
    ),
    Parameter::layers("hidden layers to act on"),
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "dropout",
    summary: "drops random hidden units during training",
    reference: "Srivastava et al. 2014",
    seams: &[Seam::Activation],
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 0,
        other: plan.largest_activation().saturating_mul(8),
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(Dropout::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(Dropout::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Dropout; its masks follow from seed, step and layer, so it has no state to save.
#[derive(Clone, Debug)]
pub struct Dropout<S> {
    seed: u64,
    /// A unit is dropped when its 32 random bits are below this.
    cutoff: u64,
    /// Factor of a kept activation in training, and of all activations in evaluation.
    kept: S,
    evaluated: S,
    hidden: Chosen,
    /// Units of each signal.
    units: Vec<usize>,
    /// Rows of a signal that have one mask.
    rows: Vec<usize>,
    bits: Vec<u32>,
    factors: Vec<S>,
}

impl<S: Scalar> Dropout<S> {
    /// Allocates masks for the widest hidden layer.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewHiddenLayers`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let dropout_rate = options.number("dropout_rate");
        let hidden = options.layers("layers").hidden(ENTRY.name, plan, 1)?;
        let is_of_channels = options.choice("per") == "channel";
        let most = plan.batch
            * plan
                .signals
                .iter()
                .filter(|signal| !signal.is_output)
                .map(|signal| signal.places * signal.units)
                .max()
                .unwrap_or(0);
        let kept = 1.0 - dropout_rate;
        let (kept, evaluated) = if options.choice("scaling") == "test" {
            (1.0, kept)
        } else {
            (1.0 / kept, 1.0)
        };
        Ok(Self {
            seed: plan.seed,
            cutoff: (dropout_rate * 4_294_967_296.0) as u64,
            kept: S::from_f64(kept),
            evaluated: S::from_f64(evaluated),
            hidden,
            units: plan.signals.iter().map(|signal| signal.units).collect(),
            rows: (plan.signals.iter())
                .map(|signal| if is_of_channels { signal.places } else { 1 })
                .collect(),
            bits: vec![0; most],
            factors: vec![S::ZERO; most],
        })
    }
}

impl<S: Scalar> Rule<S> for Dropout<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::Activation && self.hidden.contains(id)
    }

    fn activation(&mut self, at: At, rows: usize) -> Option<&[S]> {
        let (units, alike) = (self.units[at.id], self.rows[at.id]);
        let (count, drawn) = (rows * units, rows * units / alike);
        // 2^16 signals and 2^48 steps have a stream each.
        let mut stream = Stream::new(self.seed, Purpose::Dropout, (at.id as u64) << 48 | at.step);
        stream.fill(&mut self.bits[..drawn]);
        let (cutoff, kept) = (self.cutoff, self.kept);
        let factor = |bits: &u32| {
            if u64::from(*bits) < cutoff {
                S::ZERO
            } else {
                kept
            }
        };
        if alike == 1 {
            let pairs = self.factors[..count].iter_mut().zip(&self.bits);
            pairs.for_each(|(number, bits)| *number = factor(bits));
        } else {
            let samples = self.factors[..count].chunks_exact_mut(units * alike);
            for (sample, bits) in samples.zip(self.bits.chunks_exact(units)) {
                for row in sample.chunks_exact_mut(units) {
                    (row.iter_mut().zip(bits)).for_each(|(number, bits)| *number = factor(bits));
                }
            }
        }
        Some(&self.factors[..count])
    }

    fn evaluation_factor(&self, signal: usize) -> S {
        if self.hidden.contains(signal) {
            self.evaluated
        } else {
            S::ONE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    fn rule(dropout_rate: f64) -> Dropout<f64> {
        scaled(dropout_rate, "train")
    }

    fn scaled(dropout_rate: f64, scaling: &str) -> Dropout<f64> {
        let options = resolve(&format!(
            "dropout:dropout_rate={dropout_rate},scaling={scaling}"
        ))
        .unwrap();
        Dropout::new(
            &options,
            &Plan {
                batch: 50,
                seed: 4,
                ..Plan::dense(&[3, 100, 2])
            },
        )
        .unwrap()
    }

    #[test]
    fn the_dropped_share_is_the_rate_and_the_mean_is_kept() {
        let mut rule = rule(0.3);
        let factors = rule.activation(At { id: 0, step: 0 }, 50).unwrap();
        let dropped = factors.iter().filter(|factor| **factor == 0.0).count() as f64 / 5000.0;
        // 5 standard deviations of a share of 5,000 draws.
        assert!((dropped - 0.3).abs() < 0.033, "{dropped}");
        assert!(
            factors
                .iter()
                .all(|factor| *factor == 0.0 || (*factor - 1.0 / 0.7).abs() < 1e-15)
        );
    }

    #[test]
    fn scaling_at_test_time_drops_the_same_units_and_moves_the_factor_to_evaluation() {
        let (mut inverted, mut plain) = (scaled(0.3, "train"), scaled(0.3, "test"));
        let at = At { id: 0, step: 2 };
        let factors = plain.activation(at, 50).unwrap();
        let pairs = factors.iter().zip(inverted.activation(at, 50).unwrap());
        assert!(
            pairs
                .into_iter()
                .all(|(plain, inverted)| (*plain == 1.0 || *plain == 0.0)
                    && (plain / 0.7 - inverted).abs() < 1e-15)
        );
        assert_eq!(
            [0, 1].map(|signal| plain.evaluation_factor(signal)),
            [0.7, 1.0],
            "outputs of the network are not scaled"
        );
        assert_eq!(inverted.evaluation_factor(0), 1.0);
    }

    #[test]
    fn masks_are_a_function_of_step_and_layer_alone() {
        let (mut one, mut other) = (rule(0.5), rule(0.5));
        let mask = |rule: &mut Dropout<f64>, step| {
            rule.activation(At { id: 0, step }, 2).unwrap().to_vec()
        };
        let first = mask(&mut one, 3);
        mask(&mut other, 0);
        assert_eq!(first, mask(&mut other, 3));
        assert_ne!(first, mask(&mut other, 4));
    }

    #[test]
    fn a_channel_is_dropped_at_all_places_or_at_none() {
        let mut plan = Plan {
            batch: 40,
            seed: 4,
            ..Plan::dense(&[3, 5, 2])
        };
        plan.signals[0].places = 9;
        let new = |options: &str| Dropout::<f64>::new(&resolve(options).unwrap(), &plan).unwrap();
        let (mut channels, mut units) = (new("dropout:per=channel"), new("dropout"));
        let at = At { id: 0, step: 1 };
        let factors = channels.activation(at, 40 * 9).unwrap();
        let mut dropped = 0;
        for sample in factors.chunks_exact(9 * 5) {
            assert!(sample.chunks_exact(5).all(|row| *row == sample[..5]));
            dropped += sample[..5].iter().filter(|factor| **factor == 0.0).count();
        }
        // Of 200 draws, within 4 standard deviations.
        assert!((72..=128).contains(&dropped), "{dropped}");
        let factors = units.activation(at, 40 * 9).unwrap();
        assert!(factors[..5] != factors[5..10] || factors[..5] != factors[10..15]);
    }

    #[test]
    fn a_layer_that_was_not_chosen_is_never_dropped() {
        let options = resolve("dropout:layers=2").unwrap();
        let rule = Dropout::<f64>::new(&options, &Plan::dense(&[3, 5, 4, 2])).unwrap();
        let acts = [0, 1, 2].map(|signal| Rule::acts(&rule, Seam::Activation, signal));
        assert_eq!(acts, [false, true, false]);
    }

    #[test]
    fn a_rate_of_zero_changes_nothing() {
        assert!(
            rule(0.0)
                .activation(At { id: 0, step: 9 }, 50)
                .unwrap()
                .iter()
                .all(|factor| *factor == 1.0)
        );
    }

    #[test]
    fn the_output_layer_is_never_dropped() {
        let rule = rule(0.5);
        assert!(Rule::acts(&rule, Seam::Activation, 0) && !Rule::acts(&rule, Seam::Activation, 1));
    }

    #[test]
    fn a_rate_of_one_is_refused() {
        let error = resolve("dropout:dropout_rate=1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "rule `dropout`: `dropout_rate` must be in [0, 1), but is 1"
        );
    }
}
