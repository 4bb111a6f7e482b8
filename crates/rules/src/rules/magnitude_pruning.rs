//! Magnitude pruning: the smallest weights are removed permanently and training continues.
//!
//! At the end of every epoch from `start` to `end`, with the share `r` of the pruning that is to be
//! done by then (`pruning_course`), for each layer:
//!
//! ```text
//! criterion = share:      the floor(r * amount * n) smallest of the layer's n weights are removed
//! criterion = deviation:  weights with |w| < r * amount * sigma are removed      (Han et al. 2015)
//! ```
//!
//! `sigma` is the standard deviation of the layer's remaining weights. If `start` equals `end`,
//! the default, `r` is 1: one-shot pruning and retraining, one iteration of Han et al. A removed weight
//! is 0 after every later step. Among equal magnitudes the first are removed. Biases are kept. Use
//! it to make a network sparse during training, with enough epochs before and after pruning.

use crate::End::Out;
use crate::lanes::sum;
use crate::pruning_course::{Course, END, START};
use crate::saved::Saved;
use crate::share::rounded_down;
use crate::{
    At, Error, Make, Memory, Metric, ParamShape, Parameter, Params, Plan, Resolved, Rule,
    RuleEntry, Scalar, Seam, StateEntry, StateValues,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::choice(
        "criterion",
        "share",
        &["share", "deviation"],
        "unit of `amount`: `share`, a fraction of the layer's weights; `deviation`, a threshold in standard deviations of the weights",
    ),
    Parameter::number(
        "amount",
        0.5,
        Out(0.0),
        Out(100.0),
        "final sparsity: the fraction of weights to remove (below 1), or the threshold in standard deviations",
    ),
    START,
    END,
    Parameter::WEIGHT_LAYERS,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "magnitude-pruning",
    summary: "prunes the weights of smallest magnitude in each layer, one-shot or gradually",
    reference: "Han et al. 2015; Zhu and Gupta 2017, Eq. (1)",
    seams: &[Seam::AfterUpdate],
    decides: Some("which weights are pruned"),
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 2 * plan.parameters(),
        other: 4 * plan.largest_param(),
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(MagnitudePruning::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(MagnitudePruning::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// What the amount of pruning is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Criterion {
    /// A share of the layer's weights.
    Share,
    /// A threshold in standard deviations of the layer's weights.
    Deviation,
}

/// Magnitude pruning; the state says of each weight whether it is removed.
#[derive(Clone, Debug)]
pub struct MagnitudePruning<S> {
    criterion: Criterion,
    amount: f64,
    course: Course,
    plan: Plan,
    /// For each array, 1 where a weight is removed; empty where the rule does not act.
    pruned: Vec<Vec<u16>>,
    magnitudes: Vec<S>,
}

impl<S: Scalar> MagnitudePruning<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for parameters that do not fit each other, [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let amount = options.number("amount");
        let criterion = if options.choice("criterion") == "share" {
            Criterion::Share
        } else {
            Criterion::Deviation
        };
        if criterion == Criterion::Share && amount >= 1.0 {
            return Err(options.refuse(
                "amount",
                "a fraction below 1 (or set `criterion` to `deviation`)".to_owned(),
            ));
        }
        let weights = options.weights(plan)?;
        let pruned = |(id, param): (usize, &ParamShape)| {
            vec![0; if weights.contains(id) { param.len() } else { 0 }]
        };
        Ok(Self {
            criterion,
            amount,
            course: Course::of(options)?,
            plan: plan.clone(),
            pruned: plan.params.iter().enumerate().map(pruned).collect(),
            magnitudes: Vec::new(),
        })
    }

    /// Marks what has to go when this share of the pruning is done.
    fn prune(&mut self, id: usize, ramp: f64, weight: &[S]) {
        let (pruned, amount) = (&mut self.pruned[id], ramp * self.amount);
        match self.criterion {
            Criterion::Share => {
                let count = rounded_down(amount, weight.len());
                let more =
                    count.saturating_sub(pruned.iter().filter(|pruned| **pruned != 0).count());
                if more == 0 {
                    return;
                }
                self.magnitudes.clear();
                self.magnitudes.extend(
                    weight
                        .iter()
                        .zip(&*pruned)
                        .filter(|(_, pruned)| **pruned == 0)
                        .map(|(w, _)| w.abs()),
                );
                let ascending =
                    |a: &S, b: &S| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
                let (smaller, threshold, _) =
                    self.magnitudes.select_nth_unstable_by(more - 1, ascending);
                let threshold = *threshold;
                let mut equal = more
                    - smaller
                        .iter()
                        .filter(|magnitude| **magnitude < threshold)
                        .count();
                for (pruned, w) in pruned
                    .iter_mut()
                    .zip(weight)
                    .filter(|(pruned, _)| **pruned == 0)
                {
                    if w.abs() < threshold {
                        *pruned = 1;
                    } else if w.abs() == threshold && equal > 0 {
                        (*pruned, equal) = (1, equal - 1);
                    }
                }
            }
            Criterion::Deviation => {
                self.magnitudes.clear();
                self.magnitudes.extend(
                    weight
                        .iter()
                        .zip(&*pruned)
                        .filter(|(_, pruned)| **pruned == 0)
                        .map(|(w, _)| *w),
                );
                if self.magnitudes.is_empty() {
                    return;
                }
                let over_count = S::from_f64(1.0 / self.magnitudes.len() as f64);
                let mean = sum(&self.magnitudes, |w| w * over_count);
                let deviation =
                    sum(&self.magnitudes, |w| (w - mean) * over_count * (w - mean)).sqrt();
                let threshold = S::from_f64(amount) * deviation;
                for (pruned, w) in pruned.iter_mut().zip(weight) {
                    *pruned |= u16::from(w.abs() < threshold);
                }
            }
        }
    }
}

impl<S: Scalar> Rule<S> for MagnitudePruning<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.pruned.get(id).is_some_and(|pruned| !pruned.is_empty())
    }

    fn after_update(&mut self, at: At, _before: &[S], weight: &mut [S]) {
        let epochs = self.plan.epochs;
        let epoch =
            (self.plan.epochs_done(at.step)).filter(|epoch| !self.course.is_over(*epoch, epochs));
        if let Some(ramp) = epoch.and_then(|epoch| self.course.ramp(epoch, epochs)) {
            self.prune(at.id, ramp, weight);
        }
        weight
            .iter_mut()
            .zip(&self.pruned[at.id])
            .for_each(|(w, pruned)| *w = if *pruned == 0 { *w } else { S::ZERO });
    }

    fn metrics(&mut self, _params: &dyn Params<S>) -> Vec<Metric> {
        let count = |id: usize| {
            self.pruned[id]
                .iter()
                .filter(|pruned| **pruned != 0)
                .count() as u64
        };
        vec![Metric {
            name: "pruned",
            per_layer: self.plan.per_layer(count),
        }]
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        let entry = |(param, pruned): (usize, &Vec<u16>)| StateEntry {
            name: "pruned",
            param,
            values: StateValues::Counts(pruned.clone()),
        };
        self.pruned
            .iter()
            .enumerate()
            .filter(|(_, pruned)| !pruned.is_empty())
            .map(entry)
            .collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let saved = Saved {
            rule: ENTRY.name,
            entries,
            params: &self.plan.params,
        };
        for (param, pruned) in self
            .pruned
            .iter_mut()
            .enumerate()
            .filter(|(_, pruned)| !pruned.is_empty())
        {
            *pruned = saved.counts("pruned", param, 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    fn rule(options: &str, inputs: usize) -> MagnitudePruning<f64> {
        let plan = Plan {
            epoch_steps: 2,
            epochs: 100,
            ..Plan::dense(&[inputs, 1])
        };
        MagnitudePruning::new(
            &resolve(&format!("magnitude-pruning:{options}")).unwrap(),
            &plan,
        )
        .unwrap()
    }

    fn after(rule: &mut MagnitudePruning<f64>, step: u64, weight: &[f64]) -> Vec<f64> {
        let mut weight = weight.to_vec();
        rule.after_update(At { id: 0, step }, &[], &mut weight);
        weight
    }

    #[test]
    fn one_shot_removes_the_smallest_share_at_the_end_of_its_epoch_and_for_good() {
        let mut rule = rule("amount=0.5,start=0.03,end=0.03", 5);
        let weight = [0.3, -0.1, 0.2, -0.4, 0.1];
        for step in 0..5 {
            assert_eq!(after(&mut rule, step, &weight), weight, "step {step}");
        }
        // floor(0.5 * 5) = 2: the second and, of equal magnitude, the fifth.
        assert_eq!(after(&mut rule, 5, &weight), [0.3, 0.0, 0.2, -0.4, 0.0]);
        assert_eq!(after(&mut rule, 6, &[9.0; 5]), [9.0, 0.0, 9.0, 9.0, 0.0]);
        assert_eq!(
            after(&mut rule, 7, &[0.1; 5]),
            [0.1, 0.0, 0.1, 0.1, 0.0],
            "nothing more is removed"
        );
    }

    #[test]
    fn weights_that_another_rule_made_zero_do_not_make_it_remove_more() {
        let mut rule = rule("amount=0.6,start=0.01,end=0.03", 10);
        let mut left = Vec::new();
        for step in 0..6 {
            // Half of the weights are 0 already, each time others.
            let weight: Vec<f64> = (0..10)
                .map(|index| if (index + step) % 2 == 0 { 0.0 } else { 1.0 })
                .collect();
            after(&mut rule, step, &weight);
            left.push(rule.pruned[0].iter().filter(|pruned| **pruned == 0).count());
        }
        // 0.6 (1 - (1 - k/2)^3) of ten: 0, then 5.25, then 6.
        assert_eq!(left, [10, 10, 10, 5, 5, 4]);
    }

    #[test]
    fn the_share_grows_by_the_cubic_of_zhu_and_gupta() {
        let mut rule = rule("amount=0.8,start=0.02,end=0.06", 1000);
        let weight: Vec<f64> = (1..=1000).map(|index| 0.001 * f64::from(index)).collect();
        let mut found = Vec::new();
        for step in 0..16 {
            let left = after(&mut rule, step, &weight)
                .iter()
                .filter(|w| **w != 0.0)
                .count();
            if step % 2 == 1 {
                found.push(1000 - left);
            }
        }
        // 800 (1 - (1 - k/4)^3), rounded down.
        assert_eq!(found, [0, 0, 462, 700, 787, 800, 800, 800]);
    }

    #[test]
    fn a_threshold_is_a_multiple_of_the_deviation_of_the_weights_that_are_left() {
        let mut rule = rule("criterion=deviation,amount=1,start=0.01,end=0.02", 4);
        // Mean 0, deviation sqrt(5) = 2.236; in epoch 1 the ramp is 0.
        assert_eq!(
            after(&mut rule, 1, &[-3.0, 1.0, -1.0, 3.0]),
            [-3.0, 1.0, -1.0, 3.0]
        );
        assert_eq!(
            after(&mut rule, 3, &[-3.0, 1.0, -1.0, 3.0]),
            [-3.0, 0.0, 0.0, 3.0]
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |amount: f64, start: f64, end: f64| {
            let options = resolve(&format!(
                "magnitude-pruning:amount={amount},start={start},end={end}"
            ))
            .unwrap();
            MagnitudePruning::<f32>::new(&options, &Plan::default())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(1.5, 0.1, 0.2),
            "rule `magnitude-pruning`: `amount` must be a fraction below 1 (or set `criterion` to `deviation`), but is 1.5"
        );
        assert_eq!(
            refused(0.5, 0.7, 0.6),
            "rule `magnitude-pruning`: `end` must be at least `start`, 0.7, but is 0.6"
        );
    }
}
