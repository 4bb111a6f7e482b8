//! The weight bounds of SD-SNN: each weight has a range that widens by the weight's excess over it,
//! once per epoch.
//!
//! `r+` starts, at the end of the first epoch, as the layer's largest weight, and `r-` as its
//! negative. At the end of every later epoch, for each weight (Zhao et al. 2022, as its published
//! code computes it):
//!
//! ```text
//! pushes:  w >= r+;    falls:  |w| is smaller than at the end of the epoch before
//! n+ <- n+ + 1, s+ <- s+ + (w - r+)  if w pushes now and did an epoch before, else n+ <- 0, s+ <- 0
//! n+ >= threshold:  r+ <- r+ + s+ / threshold,  n+ <- 0, s+ <- 0      (the same below r-, with its sign)
//! d  <- d + 1  if w falls now and did an epoch before, else d <- 0
//! d  >= threshold:  r+ <- shrink_factor * r+,  r- <- shrink_factor * r-,  d <- 0
//! after more than `warm_up` epochs:  w <- min(max(w, r-), r+)
//! ```
//!
//! The comparisons use the weights before clipping.
//!
//! The direct successor of [`bdnn-dsd`](crate::BdnnDsd): it shrinks ranges by a factor instead of a
//! step, and acts once per epoch instead of every step. A layer without a positive weight starts
//! from its maximum magnitude. Biases have no bounds. Use it to compare the two, in long runs:
//! nothing happens in the first epochs.

use crate::End::{In, Out};
use crate::saved::Saved;
use crate::{
    At, Error, Make, Memory, ParamShape, Parameter, Plan, Resolved, Rule, RuleEntry, Scalar, Seam,
    StateEntry, StateValues,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::count(
        "threshold",
        18,
        [1, 65_535],
        "consecutive epochs a weight must exceed its range, or decay, before the range changes",
    ),
    Parameter::number(
        "shrink_factor",
        0.75,
        In(0.0),
        Out(1.0),
        "factor by which a range shrinks",
    ),
    Parameter::count(
        "warm_up",
        19,
        [0, 1_000_000_000],
        "epochs before weights are clipped to their ranges",
    ),
    Parameter::WEIGHT_LAYERS,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "sd-snn-bounds",
    summary: "gives each weight a range that widens by the weight's excess and shrinks by a factor when the weight decays, once per epoch",
    reference: "Zhao et al. 2022 (SD-SNN), published code",
    seams: &[Seam::AfterUpdate],
    decides: Some("the bounds of weights"),
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 28 * plan.parameters(),
        other: 0,
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(SdSnnBounds::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(SdSnnBounds::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Constants of a run.
#[derive(Clone, Copy, Debug)]
struct Constants {
    threshold: u16,
    shrink_factor: f64,
    warm_up: u64,
}

/// What a weight did at the end of the last epoch, one bit each.
const ABOVE: u16 = 1;
const BELOW: u16 = 2;
const FELL: u16 = 4;

/// One end of the ranges of a layer's weights. The lower end is kept with its sign turned, and
/// looks at weights likewise.
#[derive(Clone, Debug)]
struct End<S> {
    range: Vec<S>,
    /// Epochs in a row beyond the end.
    count: Vec<u16>,
    /// How far beyond it, added up.
    excess: Vec<S>,
}

impl<S: Scalar> End<S> {
    fn new(weights: usize) -> Self {
        Self {
            range: vec![S::ZERO; weights],
            count: vec![0; weights],
            excess: vec![S::ZERO; weights],
        }
    }

    /// Counts one weight that is `now`, and widens its range when that is due; tells whether it
    /// pushes.
    fn push(&mut self, index: usize, now: S, has_pushed: bool, threshold: u16) -> bool {
        let (range, count, excess) = (
            &mut self.range[index],
            &mut self.count[index],
            &mut self.excess[index],
        );
        let is_pushing = now >= *range;
        if !(is_pushing && has_pushed) {
            (*count, *excess) = (0, S::ZERO);
            return is_pushing;
        }
        let most = S::MAX / S::from_f64(4.0);
        (*count, *excess) = (*count + 1, (*excess + (now - *range)).min(most));
        if *count >= threshold {
            *range = (*range + *excess / S::from_f64(f64::from(threshold))).min(most);
            (*count, *excess) = (0, S::ZERO);
        }
        is_pushing
    }
}

/// State of one weight matrix; every array has its shape.
#[derive(Clone, Debug)]
struct Ranges<S> {
    upper: End<S>,
    lower: End<S>,
    /// Epochs in a row with decay.
    decay: Vec<u16>,
    /// What each weight did at the end of the last epoch: [`ABOVE`], [`BELOW`], [`FELL`].
    did: Vec<u16>,
    /// Magnitudes at the end of the last epoch, before the clamp.
    last: Vec<S>,
}

impl<S: Scalar> Ranges<S> {
    fn new(weights: usize) -> Self {
        let counts = || vec![0; weights];
        Self {
            upper: End::new(weights),
            lower: End::new(weights),
            decay: counts(),
            did: counts(),
            last: vec![S::ZERO; weights],
        }
    }

    /// What the end of an epoch does, counted from 1.
    fn epoch(&mut self, constants: Constants, epoch: u64, weight: &mut [S]) {
        if epoch == 1 {
            let largest = weight.iter().fold(S::ZERO, |largest, w| largest.max(*w));
            let magnitude = weight
                .iter()
                .fold(S::ZERO, |largest, w| largest.max(w.abs()));
            let start = if largest > S::ZERO {
                largest
            } else {
                magnitude
            };
            self.upper.range.fill(start);
            self.lower.range.fill(start);
        } else {
            let shrink_factor = S::from_f64(constants.shrink_factor);
            for (index, w) in weight.iter().enumerate() {
                let did = self.did[index];
                let is_above = self
                    .upper
                    .push(index, *w, did & ABOVE != 0, constants.threshold);
                let is_below = self
                    .lower
                    .push(index, -*w, did & BELOW != 0, constants.threshold);
                let falls = w.abs() < self.last[index];
                self.did[index] = u16::from(is_above) * ABOVE
                    + u16::from(is_below) * BELOW
                    + u16::from(falls) * FELL;
                let decay = &mut self.decay[index];
                *decay = if falls && did & FELL != 0 {
                    *decay + 1
                } else {
                    0
                };
                if *decay >= constants.threshold {
                    *decay = 0;
                    self.upper.range[index] *= shrink_factor;
                    self.lower.range[index] *= shrink_factor;
                }
            }
        }
        for (last, w) in self.last.iter_mut().zip(&*weight) {
            *last = w.abs();
        }
        if epoch > constants.warm_up {
            for ((w, upper), lower) in weight
                .iter_mut()
                .zip(&self.upper.range)
                .zip(&self.lower.range)
            {
                *w = w.max(-*lower).min(*upper);
            }
        }
    }
}

/// Names of the arrays of both ends: range, count, excess.
const UPPER: [&str; 3] = ["upper", "over", "over_sum"];
const LOWER: [&str; 3] = ["lower", "under", "under_sum"];

/// The rule with its state: both ends of every weight's range, their counters and sums, and what
/// the weight did in the last epoch.
#[derive(Clone, Debug)]
pub struct SdSnnBounds<S> {
    constants: Constants,
    plan: Plan,
    /// One state for each array; none where the rule does not act.
    ranges: Vec<Option<Ranges<S>>>,
}

impl<S: Scalar> SdSnnBounds<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let constants = Constants {
            threshold: options.count("threshold") as u16,
            shrink_factor: options.number("shrink_factor"),
            warm_up: options.count("warm_up"),
        };
        let weights = options.weights(plan)?;
        let state = |(id, param): (usize, &ParamShape)| {
            weights.contains(id).then(|| Ranges::new(param.len()))
        };
        Ok(Self {
            constants,
            plan: plan.clone(),
            ranges: plan.params.iter().enumerate().map(state).collect(),
        })
    }
}

impl<S: Scalar> Rule<S> for SdSnnBounds<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.ranges.get(id).is_some_and(Option::is_some)
    }

    fn after_update(&mut self, at: At, _before: &[S], weight: &mut [S]) {
        if let (Some(ranges), Some(epoch)) =
            (&mut self.ranges[at.id], self.plan.epochs_done(at.step))
        {
            ranges.epoch(self.constants, epoch, weight);
        }
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        let scalars = |name, param, values: &Vec<S>| StateEntry {
            name,
            param,
            values: StateValues::Scalars(values.clone()),
        };
        let counts = |name, param, values: &Vec<u16>| StateEntry {
            name,
            param,
            values: StateValues::Counts(values.clone()),
        };
        let mut entries = Vec::new();
        for (param, ranges) in self
            .ranges
            .iter()
            .enumerate()
            .filter_map(|(param, ranges)| Some((param, ranges.as_ref()?)))
        {
            for (end, [range, count, excess]) in [(&ranges.upper, UPPER), (&ranges.lower, LOWER)] {
                entries.push(scalars(range, param, &end.range));
                entries.push(counts(count, param, &end.count));
                entries.push(scalars(excess, param, &end.excess));
            }
            entries.push(counts("decay", param, &ranges.decay));
            entries.push(counts("did", param, &ranges.did));
            entries.push(scalars("last", param, &ranges.last));
        }
        entries
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let saved = Saved {
            rule: ENTRY.name,
            entries,
            params: &self.plan.params,
        };
        let most = self.constants.threshold - 1;
        for (param, ranges) in self
            .ranges
            .iter_mut()
            .enumerate()
            .filter_map(|(param, ranges)| Some((param, ranges.as_mut()?)))
        {
            let end = |[range, count, excess]: [&'static str; 3]| {
                Ok::<_, Error>(End {
                    range: saved.scalars(range, param, S::ZERO)?,
                    count: saved.counts(count, param, most)?,
                    excess: saved.scalars(excess, param, S::ZERO)?,
                })
            };
            *ranges = Ranges {
                upper: end(UPPER)?,
                lower: end(LOWER)?,
                decay: saved.counts("decay", param, most)?,
                did: saved.counts("did", param, ABOVE + BELOW + FELL)?,
                last: saved.scalars("last", param, S::ZERO)?,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    /// One epoch after another over given weights, one step each; what is left of each after the
    /// clamp.
    fn course(options: &str, weights: &[[f64; 2]]) -> Vec<Vec<f64>> {
        let plan = Plan::dense(&[2, 1]);
        let mut rule = SdSnnBounds::new(
            &resolve(&format!("sd-snn-bounds:{options}")).unwrap(),
            &plan,
        )
        .unwrap();
        let after = |(step, weight): (u64, &[f64; 2])| {
            let mut weight = weight.to_vec();
            rule.after_update(At { id: 0, step }, &[], &mut weight);
            weight
        };
        (0..).zip(weights).map(after).collect()
    }

    #[test]
    fn a_range_starts_at_the_largest_weight_and_widens_by_the_mean_excess() {
        let options = "threshold=2,warm_up=1";
        let found = course(
            options,
            &[
                [1.0, -0.5],
                [1.25, -0.5],
                [1.5, -0.5],
                [1.75, -2.0],
                [1.5, -2.0],
                [2.0, -2.0],
                [3.0, -2.0],
            ],
        );
        // The first pushes from epoch 2 on, so it counts in the epochs 3 and 4: 0.5 and 0.75 beyond
        // 1, half of which is added. In epoch 5 it pushes no more, in epoch 6 again. The second
        // pushes from epoch 4 on and counts 1 in the epochs 5 and 6.
        let expected = [
            [1.0, -0.5],
            [1.0, -0.5],
            [1.625, -1.0],
            [1.5, -1.0],
            [1.625, -2.0],
            [1.625, -2.0],
        ];
        assert_eq!(found[1..], expected.map(Vec::from));
    }

    #[test]
    fn a_range_shrinks_by_its_factor_after_epochs_of_decay() {
        let options = "threshold=2,warm_up=0";
        // Falls in the epochs 2 to 4; the first of them has none before it.
        let found = course(
            options,
            &[[1.0, 0.9], [0.9, 0.9], [0.8, 0.9], [0.79, 0.9], [9.0, -9.0]],
        );
        assert_eq!(found[3..], [[0.75, 0.9], [0.75, -1.0]].map(Vec::from));
    }

    #[test]
    fn nothing_is_clamped_before_the_warm_up_is_over() {
        let options = "threshold=5,warm_up=2";
        assert_eq!(
            course(options, &[[1.0, -2.0], [7.0, -7.0], [7.0, -7.0]]),
            [[1.0, -2.0], [7.0, -7.0], [1.0, -1.0]].map(Vec::from)
        );
    }

    #[test]
    fn a_layer_without_a_positive_weight_starts_from_its_largest_magnitude() {
        let options = "warm_up=0";
        assert_eq!(
            course(options, &[[-0.5, -0.25], [3.0, -3.0]])[1],
            [0.5, -0.5]
        );
    }
}
