//! Synaptic pruning with regrowth: a synapse that stays weak for several epochs is removed, and
//! regrows if it would be strong.
//!
//! A removed weight stays 0 and accumulates the updates it would receive. At the end of every epoch,
//! with the mean magnitude `m` of the layer's remaining weights:
//!
//! ```text
//! left:     n <- n + 1 if |w| < weak * m,   else 0;    n >= patience: w <- 0, c <- 0, n <- 0     (removed)
//! removed:  n <- n + 1 if |c| > strong * m, else 0;    n >= patience: w <- c, n <- 0             (regrown)
//! every step, removed:  c <- c + w,  w <- 0
//! ```
//!
//! After Zhao and Zeng 2021, who remove connections with repeated low activation. Their equations
//! were not accessible, so the criterion (relative to the layer, per epoch) is our choice. Regrowth
//! follows SD-SNN (Zhao et al. 2022): a removed synapse regrows when its weight would stay large for
//! several epochs. That weight is the sum `c` of its optimizer updates. Biases are kept. Use it to
//! let a network find its own size; with `strong` = 1e6 nothing regrows in a layer that has weights
//! left.

use crate::End::{In, Out};
use crate::lanes::sum;
use crate::saved::Saved;
use crate::{
    At, Error, Make, Memory, Metric, ParamShape, Parameter, Params, Plan, Resolved, Rule,
    RuleEntry, Scalar, Seam, StateEntry, StateValues,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "weak",
        0.1,
        Out(0.0),
        Out(1e6),
        "a weight is weak if its magnitude is below this multiple of its layer's mean magnitude",
    ),
    Parameter::number(
        "strong",
        1.0,
        Out(0.0),
        In(1e6),
        "a removed weight is regrown if it would exceed this multiple of its layer's mean magnitude",
    ),
    Parameter::count(
        "patience",
        10,
        [1, 65_535],
        "consecutive epochs a weight must be weak before it is removed, or strong before it is regrown",
    ),
    Parameter::WEIGHT_LAYERS,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "synaptic-pruning",
    summary: "removes synapses that stay weak for several epochs and regrows those that would be strong",
    reference: "after Zhao and Zeng 2021; Zhao et al. 2022 (SD-SNN)",
    seams: &[Seam::AfterUpdate],
    decides: Some("which weights are pruned"),
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 8 * plan.parameters(),
        other: 0,
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(SynapticPruning::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(SynapticPruning::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// What is weak and what is strong, as multiples of a layer's mean magnitude, and for how many
/// epochs.
#[derive(Clone, Copy, Debug)]
struct Judgement {
    weak: f64,
    strong: f64,
    patience: u16,
}

/// State of one weight matrix; every array has its shape.
#[derive(Clone, Debug)]
struct Synapses<S> {
    /// 1 where a synapse is removed.
    pruned: Vec<u16>,
    /// Epochs in a row that a synapse was weak, or would have been strong.
    streak: Vec<u16>,
    /// The updates of a removed synapse since then, added up.
    collected: Vec<S>,
    /// Removed and regrown since the last report.
    events: [u64; 2],
}

impl<S: Scalar> Synapses<S> {
    fn new(weights: usize) -> Self {
        Self {
            pruned: vec![0; weights],
            streak: vec![0; weights],
            collected: vec![S::ZERO; weights],
            events: [0; 2],
        }
    }

    /// What every step does.
    fn collect(&mut self, weight: &mut [S]) {
        let most = S::MAX / S::from_f64(4.0);
        for ((w, collected), pruned) in weight.iter_mut().zip(&mut self.collected).zip(&self.pruned)
        {
            if *pruned != 0 {
                *collected = (*collected + *w).max(-most).min(most);
                *w = S::ZERO;
            }
        }
    }

    /// What the end of an epoch does.
    fn judge(&mut self, judgement: Judgement, weight: &mut [S]) {
        let left = self.pruned.iter().filter(|pruned| **pruned == 0).count();
        let over_left = S::from_f64(1.0 / left.max(1) as f64);
        // Removed weights are 0 and add nothing.
        let mean = sum(weight, |w| w.abs() * over_left);
        let [weak, strong] = [judgement.weak, judgement.strong]
            .map(|multiple| (S::from_f64(multiple) * mean).min(S::MAX));
        let synapses = self
            .pruned
            .iter_mut()
            .zip(&mut self.streak)
            .zip(&mut self.collected);
        for (w, ((pruned, streak), collected)) in weight.iter_mut().zip(synapses) {
            let is_due = if *pruned == 0 {
                w.abs() < weak
            } else {
                collected.abs() > strong
            };
            *streak = if is_due { *streak + 1 } else { 0 };
            if *streak < judgement.patience {
                continue;
            }
            *streak = 0;
            if *pruned == 0 {
                (*pruned, *w, *collected) = (1, S::ZERO, S::ZERO);
                self.events[0] += 1;
            } else {
                (*pruned, *w, *collected) = (0, *collected, S::ZERO);
                self.events[1] += 1;
            }
        }
    }
}

/// Synaptic pruning; the state says of each synapse whether it is removed, for how long it was due,
/// and what it would weigh.
#[derive(Clone, Debug)]
pub struct SynapticPruning<S> {
    judgement: Judgement,
    plan: Plan,
    /// One state for each array; none where the rule does not act.
    synapses: Vec<Option<Synapses<S>>>,
}

impl<S: Scalar> SynapticPruning<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let judgement = Judgement {
            weak: options.number("weak"),
            strong: options.number("strong"),
            patience: options.count("patience") as u16,
        };
        let weights = options.weights(plan)?;
        let state = |(id, param): (usize, &ParamShape)| {
            weights.contains(id).then(|| Synapses::new(param.len()))
        };
        Ok(Self {
            judgement,
            plan: plan.clone(),
            synapses: plan.params.iter().enumerate().map(state).collect(),
        })
    }
}

impl<S: Scalar> Rule<S> for SynapticPruning<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.synapses.get(id).is_some_and(Option::is_some)
    }

    fn after_update(&mut self, at: At, _before: &[S], weight: &mut [S]) {
        if let Some(synapses) = &mut self.synapses[at.id] {
            synapses.collect(weight);
            if self.plan.epochs_done(at.step).is_some() {
                synapses.judge(self.judgement, weight);
            }
        }
    }

    fn metrics(&mut self, _params: &dyn Params<S>) -> Vec<Metric> {
        let of = |count: fn(&Synapses<S>) -> u64| {
            self.plan
                .per_layer(|id| self.synapses[id].as_ref().map_or(0, count))
        };
        let metrics = vec![
            Metric {
                name: "removed",
                per_layer: of(|synapses| synapses.events[0]),
            },
            Metric {
                name: "regrown",
                per_layer: of(|synapses| synapses.events[1]),
            },
            Metric {
                name: "pruned",
                per_layer: of(|synapses| {
                    synapses
                        .pruned
                        .iter()
                        .filter(|pruned| **pruned != 0)
                        .count() as u64
                }),
            },
        ];
        self.synapses
            .iter_mut()
            .flatten()
            .for_each(|synapses| synapses.events = [0; 2]);
        metrics
    }

    fn counted(&self) -> Vec<u64> {
        self.synapses
            .iter()
            .flatten()
            .flat_map(|synapses| synapses.events)
            .collect()
    }

    fn set_counted(&mut self, counted: &[u64]) {
        for (synapses, counts) in self
            .synapses
            .iter_mut()
            .flatten()
            .zip(counted.as_chunks::<2>().0)
        {
            // More than any run counts: what was read from a file may not overflow later.
            synapses.events = counts.map(|count| count.min(1 << 48));
        }
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        let entries = |(param, synapses): (usize, &Option<Synapses<S>>)| {
            synapses.as_ref().map(
                |Synapses {
                     pruned,
                     streak,
                     collected,
                     ..
                 }| {
                    [
                        StateEntry {
                            name: "pruned",
                            param,
                            values: StateValues::Counts(pruned.clone()),
                        },
                        StateEntry {
                            name: "streak",
                            param,
                            values: StateValues::Counts(streak.clone()),
                        },
                        StateEntry {
                            name: "collected",
                            param,
                            values: StateValues::Scalars(collected.clone()),
                        },
                    ]
                },
            )
        };
        self.synapses
            .iter()
            .enumerate()
            .filter_map(entries)
            .flatten()
            .collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let saved = Saved {
            rule: ENTRY.name,
            entries,
            params: &self.plan.params,
        };
        for (param, synapses) in self
            .synapses
            .iter_mut()
            .enumerate()
            .filter_map(|(param, synapses)| Some((param, synapses.as_mut()?)))
        {
            *synapses = Synapses {
                pruned: saved.counts("pruned", param, 1)?,
                streak: saved.counts("streak", param, self.judgement.patience - 1)?,
                collected: saved.scalars("collected", param, -S::MAX)?,
                events: [0; 2],
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    /// A layer of four weights under updates that are given, two steps an epoch.
    struct Course {
        rule: SynapticPruning<f64>,
        weight: Vec<f64>,
        step: u64,
    }

    impl Course {
        fn new(patience: u16, weight: [f64; 4]) -> Self {
            let plan = Plan {
                epoch_steps: 2,
                ..Plan::dense(&[2, 2])
            };
            let options = resolve(&format!(
                "synaptic-pruning:weak=0.5,strong=1,patience={patience}"
            ))
            .unwrap();
            Self {
                rule: SynapticPruning::new(&options, &plan).unwrap(),
                weight: weight.to_vec(),
                step: 0,
            }
        }

        fn epoch(&mut self, update: [f64; 4]) -> &[f64] {
            for _ in 0..2 {
                self.weight
                    .iter_mut()
                    .zip(update)
                    .for_each(|(w, update)| *w += update);
                self.rule.after_update(
                    At {
                        id: 0,
                        step: self.step,
                    },
                    &[],
                    &mut self.weight,
                );
                self.step += 1;
            }
            &self.weight
        }
    }

    #[test]
    fn a_weight_that_stays_weak_is_removed_and_one_that_recovers_is_not() {
        let mut course = Course::new(3, [2.0, 2.0, -0.125, 0.125]);
        let mean = |weights: &[f64]| weights.iter().map(|w| w.abs()).sum::<f64>() / 4.0;
        assert!(mean(&course.weight) * 0.5 > 0.5);
        course.epoch([0.0; 4]);
        course.epoch([0.0, 0.0, 0.0, 0.5]);
        assert_eq!(
            course.epoch([0.0, 0.0, 0.0, -0.5]),
            [2.0, 2.0, 0.0, 0.125],
            "the fourth was strong once"
        );
        course.epoch([0.0; 4]);
        assert_eq!(course.epoch([0.0; 4]), [2.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn a_removed_weight_collects_its_updates_and_comes_back_with_them() {
        let mut course = Course::new(1, [2.0, 2.0, 2.0, 0.1]);
        assert_eq!(course.epoch([0.0; 4]), [2.0, 2.0, 2.0, 0.0]);
        // The mean of those left is 2.
        assert_eq!(course.epoch([0.0, 0.0, 0.0, -0.5]), [2.0, 2.0, 2.0, 0.0]);
        assert_eq!(
            course.epoch([0.0, 0.0, 0.0, -0.5]),
            [2.0, 2.0, 2.0, 0.0],
            "2 is not more than 2"
        );
        assert_eq!(course.epoch([0.0, 0.0, 0.0, -0.5]), [2.0, 2.0, 2.0, -3.0]);
        let counts: Vec<_> = course
            .rule
            .metrics(&Vec::<Vec<f64>>::new())
            .iter()
            .map(|measure| (measure.name, measure.total()))
            .collect();
        assert_eq!(counts, [("removed", 1), ("regrown", 1), ("pruned", 0)]);
        assert_eq!(
            course.rule.counted(),
            [0, 0],
            "counted since the last report"
        );
    }

    #[test]
    fn a_layer_without_weights_left_is_no_trouble() {
        let mut course = Course::new(1, [0.0; 4]);
        assert_eq!(
            course.epoch([0.0; 4]),
            [0.0; 4],
            "nothing is weaker than a mean of 0"
        );
        let mut course = Course::new(1, [1e300; 4]);
        course.rule.synapses[0].as_mut().unwrap().pruned.fill(1);
        course.epoch([1e300; 4]);
        assert!(
            course.weight.iter().all(|w| w.is_finite() && *w > 0.0),
            "{:?}",
            course.weight
        );
    }
}
