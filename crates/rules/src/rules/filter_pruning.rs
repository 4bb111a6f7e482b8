//! Filter pruning: whole units of hidden layers are removed, the output channels (filters) of
//! convolutions and the units of dense layers.
//!
//! At the end of every epoch from `start` to `end`, with the share `r` of the pruning that is to be
//! done by then (`pruning_course`), the `floor(r * amount * units)` units with the smallest score are
//! removed. With the incoming weights `w_u` of unit `u`, a row of the weight matrix:
//!
//! ```text
//! criterion = l1                   s_u = sum_k |w_uk|                      (Li et al. 2017)
//! criterion = l2                   s_u = sqrt(sum_k w_uk^2)                (He et al. 2018)
//! criterion = geometric-median     s_u = sum_v sqrt(sum_k (w_uk - w_vk)^2) (He et al. 2019, Eq. (4): the filters nearest to the geometric median)
//!
//! removal = permanent     a removed unit has no incoming weight, bias, scale or shift after any later step
//! removal = soft          it is set to 0 and goes on training; at the end of each later epoch the units are chosen anew (He et al. 2018)
//! ```
//!
//! Sums over `v` are over the units that are left. Among equal scores the first are removed. A unit
//! whose activation function is 0 at 0 (relu, tanh) then puts out 0; one with a sigmoid puts out
//! 0.5, as a bias of the next layer.

use crate::End::{In, Out};
use crate::lanes::sum;
use crate::pruning_course::{Course, END, START};
use crate::saved::Saved;
use crate::share::rounded_down;
use crate::{
    At, Error, Make, Memory, Metric, ParamRole, Parameter, Params, Plan, Resolved, Rule, RuleEntry,
    Scalar, Seam, StateEntry, StateValues,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::choice(
        "criterion",
        "l1",
        &["l1", "l2", "geometric-median"],
        "which units are removed: `l1` or `l2`, those with the smallest norm; `geometric-median`, those most like the others",
    ),
    Parameter::number(
        "amount",
        0.3,
        In(0.0),
        Out(1.0),
        "fraction of the units of each layer to remove",
    ),
    Parameter::choice(
        "removal",
        "permanent",
        &["permanent", "soft"],
        "`soft`: removed units go on training and are chosen anew in every epoch",
    ),
    START,
    END,
    Parameter::layers("hidden layers to act on"),
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "filter-pruning",
    summary: "prunes whole units, such as the filters of convolutions, at once or gradually",
    reference: "Li et al. 2017; He et al. 2018 (soft); He et al. 2019 (geometric median)",
    seams: &[Seam::AfterUpdate],
    decides: Some("which weights are pruned"),
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 2 * plan.parameters(),
        other: 4 * plan.largest_param(),
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(FilterPruning::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(FilterPruning::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// What the score of a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Criterion {
    L1,
    L2,
    GeometricMedian,
}

/// Filter pruning; the state says of each weight whether its unit is removed.
#[derive(Clone, Debug)]
pub struct FilterPruning<S> {
    criterion: Criterion,
    amount: f64,
    is_soft: bool,
    course: Course,
    plan: Plan,
    /// For each array, the weights of its layer, by their number; none where the rule does not act.
    weights: Vec<Option<usize>>,
    /// For each array of weights, 1 where a unit is removed; empty where the rule does not act.
    removed: Vec<Vec<u16>>,
    scores: Vec<S>,
    difference: Vec<S>,
}

impl<S: Scalar> FilterPruning<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for parameters that do not fit each other; [`Error::NoSuchLayer`],
    /// [`Error::OutputLayer`], [`Error::TooFewHiddenLayers`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let chosen = (options.layers("layers")).hidden(ENTRY.name, plan, 1)?;
        let acts_on = |layer: usize| {
            let mut signals = plan.signals.iter().enumerate();
            signals.any(|(id, signal)| signal.layer == layer && chosen.contains(id))
        };
        let weights: Vec<Option<usize>> = (plan.params.iter())
            .map(|param| {
                let is_trained = acts_on(param.layer) && param.role.is_trained();
                plan.param(param.layer, ParamRole::Weight)
                    .filter(|_| is_trained)
            })
            .collect();
        let removed = |(id, of): (usize, &Option<usize>)| {
            let units = plan.params[id].units;
            vec![0; if *of == Some(id) { units } else { 0 }]
        };
        Ok(Self {
            criterion: match options.choice("criterion") {
                "l1" => Criterion::L1,
                "l2" => Criterion::L2,
                _ => Criterion::GeometricMedian,
            },
            amount: options.number("amount"),
            is_soft: options.choice("removal") == "soft",
            course: Course::of(options)?,
            plan: plan.clone(),
            removed: weights.iter().enumerate().map(removed).collect(),
            weights,
            scores: Vec::new(),
            difference: Vec::new(),
        })
    }

    /// Chooses the units to remove when this share of the pruning is done.
    fn choose(&mut self, id: usize, ramp: f64, weight: &[S]) {
        let columns = self.plan.params[id].columns;
        if self.is_soft {
            self.removed[id].fill(0);
        }
        let before = self.removed[id].iter().filter(|unit| **unit != 0).count();
        let count = rounded_down(ramp * self.amount, self.removed[id].len());
        if count <= before {
            return;
        }
        self.score(id, columns, weight);
        let removed = &mut self.removed[id];
        let mut left: Vec<usize> = (0..removed.len())
            .filter(|unit| removed[*unit] == 0)
            .collect();
        // The sort is stable: of equal scores the first go.
        let scores = &self.scores;
        left.sort_by(|a, b| {
            let order = scores[*a].partial_cmp(&scores[*b]);
            order.unwrap_or(std::cmp::Ordering::Equal)
        });
        for unit in &left[..count - before] {
            removed[*unit] = 1;
        }
    }

    /// The score of each unit that is left.
    fn score(&mut self, id: usize, columns: usize, weight: &[S]) {
        let removed = &self.removed[id];
        let row = |unit: usize| &weight[unit * columns..][..columns];
        self.scores.clear();
        self.scores.resize(removed.len(), S::ZERO);
        for unit in (0..removed.len()).filter(|unit| removed[*unit] == 0) {
            match self.criterion {
                Criterion::L1 => self.scores[unit] = sum(row(unit), S::abs),
                Criterion::L2 => self.scores[unit] = sum(row(unit), |w| w * w).sqrt(),
                Criterion::GeometricMedian => {
                    for other in (0..unit).filter(|other| removed[*other] == 0) {
                        self.difference.clear();
                        let pairs = row(unit).iter().zip(row(other));
                        self.difference.extend(pairs.map(|(a, b)| *a - *b));
                        let distance = sum(&self.difference, |d| d * d).sqrt();
                        self.scores[unit] += distance;
                        self.scores[other] += distance;
                    }
                }
            }
        }
    }
}

impl<S: Scalar> Rule<S> for FilterPruning<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.weights.get(id).is_some_and(Option::is_some)
    }

    fn after_update(&mut self, at: At, _before: &[S], values: &mut [S]) {
        let Some(weight) = self.weights[at.id] else {
            return;
        };
        let epochs = self.plan.epochs;
        let epoch = self.plan.epochs_done(at.step);
        let ramp = epoch.and_then(|epoch| self.course.ramp(epoch, epochs));
        // A layer's weights come before its other arrays.
        if let (Some(ramp), true) = (ramp, weight == at.id) {
            self.choose(weight, ramp, values);
        }
        if self.is_soft && ramp.is_none() {
            return;
        }
        let (removed, columns) = (&self.removed[weight], self.plan.params[at.id].columns);
        for (unit, row) in values.chunks_exact_mut(columns).enumerate() {
            if removed[unit % removed.len()] != 0 {
                row.fill(S::ZERO);
            }
        }
    }

    fn metrics(&mut self, _params: &dyn Params<S>) -> Vec<Metric> {
        let count = |id: usize| (self.removed[id].iter().filter(|unit| **unit != 0)).count() as u64;
        vec![Metric {
            name: "pruned_units",
            per_layer: self.plan.per_layer(count),
        }]
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        let entry = |(param, removed): (usize, &Vec<u16>)| {
            let columns = self.plan.params[param].columns;
            let of_weights = removed
                .iter()
                .flat_map(|unit| std::iter::repeat_n(*unit, columns));
            StateEntry {
                name: "pruned",
                param,
                values: StateValues::Counts(of_weights.collect()),
            }
        };
        (self.removed.iter().enumerate())
            .filter(|(_, removed)| !removed.is_empty())
            .map(entry)
            .collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let saved = Saved {
            rule: ENTRY.name,
            entries,
            params: &self.plan.params,
        };
        for (param, removed) in self.removed.iter_mut().enumerate() {
            if !removed.is_empty() {
                let of_weights = saved.counts("pruned", param, 1)?;
                let columns = self.plan.params[param].columns;
                *removed = of_weights.into_iter().step_by(columns).collect();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    /// Four hidden units of two inputs, two steps per epoch.
    fn rule(options: &str) -> FilterPruning<f64> {
        let plan = Plan {
            epoch_steps: 2,
            epochs: 10,
            ..Plan::dense(&[2, 4, 1])
        };
        FilterPruning::new(
            &resolve(&format!("filter-pruning:{options}")).unwrap(),
            &plan,
        )
        .unwrap()
    }

    /// The units that are 0 after a step.
    fn zeros(rule: &mut FilterPruning<f64>, step: u64, weight: [[f64; 2]; 4]) -> Vec<usize> {
        let mut weight = weight.concat();
        rule.after_update(At { id: 0, step }, &[], &mut weight);
        let mut bias = [1.0; 4];
        rule.after_update(At { id: 1, step }, &[], &mut bias);
        let zeros: Vec<usize> = (0..4)
            .filter(|unit| weight[2 * unit..][..2] == [0.0; 2])
            .collect();
        let of_bias: Vec<usize> = (0..4).filter(|unit| bias[*unit] == 0.0).collect();
        assert_eq!(zeros, of_bias);
        zeros
    }

    const WEIGHTS: [[f64; 2]; 4] = [[3.0, 0.0], [1.5, -1.6], [2.0, 1.2], [2.3, 0.6]];

    #[test]
    fn units_go_by_their_score_at_the_end_of_the_epoch_and_for_good() {
        for (criterion, first, second) in [
            // 3, 3.1, 3.2, 2.9.
            ("l1", 3, 0),
            // 3, 2.19, 2.33, 2.38.
            ("l2", 1, 2),
            // Sums of distances: 4.7, 7.4, 5.1, 3.9.
            ("geometric-median", 3, 0),
        ] {
            let options = format!("criterion={criterion},amount=0.5,start=0.2,end=0.2");
            let mut rule = rule(&options);
            for step in 0..3 {
                assert_eq!(
                    zeros(&mut rule, step, WEIGHTS),
                    [0; 0],
                    "{criterion} {step}"
                );
            }
            let mut expected = [first, second];
            expected.sort_unstable();
            assert_eq!(zeros(&mut rule, 3, WEIGHTS), expected, "{criterion}");
            let of_others = [[9.0, 9.0], [8.0, 8.0], [7.0, 7.0], [6.0, 6.0]];
            assert_eq!(zeros(&mut rule, 4, of_others), expected, "{criterion}");
            assert_eq!(zeros(&mut rule, 5, of_others), expected, "{criterion}");
        }
    }

    #[test]
    fn the_geometric_median_is_that_of_the_units_that_are_left() {
        let weights = [[5.0, 5.5], [4.0, 3.0], [6.0, 3.0], [5.0, 5.0]];
        // Sums of distances 5.9, 6.9, 6.9 and 5.0; without the last unit 5.4, 4.7 and 4.7.
        let mut at_once = rule("criterion=geometric-median,amount=0.5,start=0.1,end=0.1");
        assert_eq!(zeros(&mut at_once, 1, weights), [0, 3]);
        let mut gradually = rule("criterion=geometric-median,amount=0.5,start=0.1,end=0.3");
        let found = [1, 3, 5].map(|step| zeros(&mut gradually, step, weights));
        assert_eq!(found, [vec![], vec![3], vec![1, 3]]);
    }

    #[test]
    fn soft_removal_lets_units_train_on_and_chooses_anew() {
        let mut rule = rule("amount=0.25,removal=soft,start=0.1,end=0.1");
        assert_eq!(zeros(&mut rule, 0, WEIGHTS), [0; 0]);
        assert_eq!(zeros(&mut rule, 1, WEIGHTS), [3]);
        assert_eq!(zeros(&mut rule, 2, WEIGHTS), [0; 0]);
        let mut others = WEIGHTS;
        others[0] = [0.1, 0.1];
        assert_eq!(zeros(&mut rule, 3, others), [0]);
        assert_eq!(zeros(&mut rule, 19, WEIGHTS), [3]);
    }

    #[test]
    fn the_output_layer_is_kept() {
        let rule = rule("amount=0.5");
        assert_eq!(
            [0, 1, 2, 3].map(|id| rule.acts(Seam::AfterUpdate, id)),
            [true, true, false, false]
        );
        let options = resolve("filter-pruning:layers=2").unwrap();
        let error = FilterPruning::<f32>::new(&options, &Plan::dense(&[2, 4, 1])).unwrap_err();
        assert!(matches!(error, Error::OutputLayer { .. }), "{error}");
    }
}
