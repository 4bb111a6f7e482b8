//! BDNN-dsd: every weight has a bound, the size of its dendritic spine.
//!
//! One step, for every weight `w` with bound `M` and counters `n+`, `n-` (Zhao, Zeng and Bai 2022,
//! Algorithm 1):
//!
//! ```text
//! w' = w - learning_rate * g                                           Eq. (3.2)
//! n+ counts steps with |w'| > M          (the synapse pushes against its bound)
//! n- counts steps with |w'| < |w|        (the synapse decays)
//! n+ >= threshold:  M <- M + bound_step,          n+ <- 0   (the spine appears or grows)
//! n- >= threshold:  M <- max(M - bound_step, 0),  n- <- 0   (the spine shrinks or disappears)
//! w  = min(max(w', -M), M)                                             Eq. (3.3)
//! ```
//!
//! A step without the event resets the counter if counting is *consecutive*, not if *cumulative*;
//! the paper's text says "consecutive", its Algorithm 1 never resets. The defaults (cumulative
//! growth, consecutive shrinking) are closest to the published tables. Initial weights are not
//! clipped; the bounds apply from the first step on. Biases have no bound unless `biases` is set.
//! Use it for small networks and small datasets: it regularizes like dropout and L2 and converges
//! several times faster from wide initial weights.
//!
//! `spine-retraction` is our variant in which bounds shrink by a separate step, several times
//! larger than the growth step: spines grow slowly and retract quickly. Only the line of `n-`
//! changes:
//!
//! ```text
//! n- >= threshold:  M <- max(M - retraction_step, 0),  n- <- 0
//! ```
//!
//! The falling bound soon reaches a decaying weight and pulls it to zero, which it leaves only by
//! pushing against the bound again. Use it like BDNN-dsd, on small datasets. It was selected among
//! other variants by cross-validation; see the design notes.
//!
//! [`Algorithm1`] is the plain form, written as in the paper; [`BdnnDsd`] is the rule, with a fused
//! form that does update, counting, bound change and clipping in one pass. A test checks that both
//! are equal.

mod algorithm_1;
mod fused;

pub use algorithm_1::Algorithm1;

use crate::End::Out;
use crate::saved::Saved;
use crate::{
    At, Error, Make, Memory, Metric, ParamRole, ParamShape, Parameter, Params, Plan, Resolved,
    Rule, RuleEntry, Scalar, Seam, StateEntry, StateValues,
};

const COUNTINGS: &[&str] = &["consecutive", "cumulative"];

const INITIAL_BOUND: Parameter = Parameter::number(
    "initial_bound",
    0.45,
    Out(0.0),
    Out(1e30),
    "initial bound of every weight (R_i in the paper)",
);
const BOUND_STEP: Parameter = Parameter::number(
    "bound_step",
    0.06,
    Out(0.0),
    Out(1e30),
    "amount by which a bound grows or shrinks (R_d)",
);
const THRESHOLD: Parameter = Parameter::count(
    "threshold",
    10,
    [1, 65_535],
    "number of steps a weight must exceed its bound, or decay, before the bound changes (T_num)",
);
const GROWTH_COUNTING: Parameter = Parameter::choice(
    "growth_counting",
    "cumulative",
    COUNTINGS,
    "`consecutive`: a step within the bound resets the growth counter; `cumulative`: it does not",
);
const SHRINK_COUNTING: Parameter = Parameter::choice(
    "shrink_counting",
    "consecutive",
    COUNTINGS,
    "`consecutive`: a step without decay resets the shrink counter; `cumulative`: it does not",
);
const LAYERS: Parameter = Parameter::WEIGHT_LAYERS;
const BIASES: Parameter = Parameter::choice(
    "biases",
    "free",
    BIAS_CHOICES,
    "whether the biases of these layers are bounded too",
);
const BIAS_CHOICES: &[&str] = &["free", "bounded"];

const PARAMETERS: &[Parameter] = &[
    INITIAL_BOUND,
    BOUND_STEP,
    THRESHOLD,
    GROWTH_COUNTING,
    SHRINK_COUNTING,
    LAYERS,
    BIASES,
];

const RETRACTION_PARAMETERS: &[Parameter] = &[
    INITIAL_BOUND,
    Parameter::number(
        "bound_step",
        0.09,
        Out(0.0),
        Out(1e30),
        "amount by which a bound grows",
    ),
    Parameter::number(
        "retraction_step",
        0.36,
        Out(0.0),
        Out(1e30),
        "amount by which a bound shrinks",
    ),
    THRESHOLD,
    GROWTH_COUNTING,
    SHRINK_COUNTING,
    LAYERS,
    BIASES,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "bdnn-dsd",
    summary: "gives each weight a bound that grows with use and shrinks with disuse (dendritic spine dynamics)",
    reference: "Zhao, Zeng and Bai 2022, Eqs. (3.1)-(3.3), Algorithm 1",
    seams: &[Seam::AfterUpdate],
    decides: Some("the bounds of weights"),
    has_fused_update: true,
    parameters: PARAMETERS,
    memory: |plan| Memory {
        saved: 8 * plan.parameters(),
        other: 0,
    },
    make: Make::Rule(
        |o, p| Ok(Box::new(BdnnDsd::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(BdnnDsd::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Registry entry of the variant with a step of its own for shrinking.
pub(crate) const RETRACTION: RuleEntry = RuleEntry {
    name: "spine-retraction",
    summary: "variant of bdnn-dsd whose bounds grow slowly and shrink quickly",
    reference: "this project; after Zhao, Zeng and Bai 2022, Algorithm 1",
    parameters: RETRACTION_PARAMETERS,
    ..ENTRY
};

/// Whether a miss resets a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// A miss resets it: the threshold needs hits in a row.
    Consecutive,
    /// A miss leaves it: the threshold needs hits since the last change.
    Cumulative,
}

impl Counting {
    fn named(name: &str) -> Self {
        if name == "consecutive" {
            Self::Consecutive
        } else {
            Self::Cumulative
        }
    }
}

/// The numbers of the rule in the engine's number type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constants<S> {
    pub(crate) initial_bound: S,
    pub(crate) bound_step: S,
    /// The same in BDNN-dsd, another in `spine-retraction`.
    pub(crate) shrink_step: S,
    pub(crate) threshold: u16,
    pub(crate) growth_counting: Counting,
    pub(crate) shrink_counting: Counting,
}

impl<S: Scalar> Constants<S> {
    fn of(options: &Resolved) -> Self {
        let number = |name| S::from_f64(options.number(name));
        let counting = |name| Counting::named(options.choice(name));
        Self {
            initial_bound: number("initial_bound"),
            bound_step: number("bound_step"),
            shrink_step: number(if options.entry().name == RETRACTION.name {
                "retraction_step"
            } else {
                "bound_step"
            }),
            threshold: options.count("threshold") as u16,
            growth_counting: counting("growth_counting"),
            shrink_counting: counting("shrink_counting"),
        }
    }
}

/// How often bounds changed: each bound is compared before and after a whole step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpineEvents {
    /// Bounds that left zero.
    pub(crate) appeared: u64,
    /// Bounds that rose from above zero.
    pub(crate) grew: u64,
    /// Bounds that fell and stayed above zero.
    pub(crate) shrank: u64,
    /// Bounds that reached zero.
    pub(crate) disappeared: u64,
}

/// State of one trained array; every array of it has the same shape.
#[derive(Clone, Debug)]
pub(crate) struct SpineState<S> {
    /// Largest allowed magnitude of each weight, `[0, inf)`.
    pub(crate) bound: Vec<S>,
    /// Growth counter, below the threshold between steps.
    pub(crate) over: Vec<u16>,
    /// Shrink counter, below the threshold between steps.
    pub(crate) decay: Vec<u16>,
    /// Changes since the last report.
    pub(crate) events: SpineEvents,
}

impl<S: Scalar> SpineState<S> {
    fn new(weights: usize, initial_bound: S) -> Self {
        Self {
            bound: vec![initial_bound; weights],
            over: vec![0; weights],
            decay: vec![0; weights],
            events: SpineEvents::default(),
        }
    }
}

/// The rule with its state.
#[derive(Clone)]
pub struct BdnnDsd<S> {
    entry: &'static RuleEntry,
    constants: Constants<S>,
    plan: Plan,
    /// One state for each trained array; `None` where the rule does not act.
    states: Vec<Option<SpineState<S>>>,
}

impl<S> std::fmt::Debug for BdnnDsd<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.entry.name).finish_non_exhaustive()
    }
}

impl<S: Scalar> BdnnDsd<S> {
    /// Allocates bounds and counters.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let (constants, weights, layers) = (
            Constants::of(options),
            options.weights(plan)?,
            options.layers("layers"),
        );
        let are_biases_bounded = options.choice("biases") == "bounded";
        let is_bounded_bias = |param: &ParamShape| {
            are_biases_bounded && param.role == ParamRole::Bias && layers.contains(param.layer)
        };
        let state = |(id, param): (usize, &ParamShape)| {
            (weights.contains(id) || is_bounded_bias(param))
                .then(|| SpineState::new(param.len(), constants.initial_bound))
        };
        Ok(Self {
            entry: options.entry(),
            constants,
            plan: plan.clone(),
            states: plan.params.iter().enumerate().map(state).collect(),
        })
    }

    /// The bounds of a trained array, by its number in the plan; none where the rule does not act.
    pub fn bound(&self, param: usize) -> Option<&[S]> {
        self.states
            .get(param)?
            .as_ref()
            .map(|state| state.bound.as_slice())
    }

    /// The states of weight matrices, whose events are counted.
    fn of_weights(&self) -> impl Iterator<Item = &SpineState<S>> {
        self.states
            .iter()
            .zip(&self.plan.params)
            .filter(|(_, param)| param.role.is_weight())
            .filter_map(|(state, _)| state.as_ref())
    }

    /// The same, to change them.
    fn of_weights_mut(&mut self) -> impl Iterator<Item = &mut SpineState<S>> {
        let states = self.states.iter_mut().zip(&self.plan.params);
        states
            .filter(|(_, param)| param.role.is_weight())
            .filter_map(|(state, _)| state.as_mut())
    }
}

impl<S: Scalar> Rule<S> for BdnnDsd<S> {
    fn entry(&self) -> &'static RuleEntry {
        self.entry
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.states.get(id).is_some_and(Option::is_some)
    }

    fn after_update(&mut self, at: At, before: &[S], weight: &mut [S]) {
        if let Some(state) = &mut self.states[at.id] {
            fused::after_update(&self.constants, state, before, weight);
        }
    }

    fn fused_update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        if let Some(state) = &mut self.states[at.id] {
            fused::update(&self.constants, state, learning_rate, weight, grad);
        }
    }

    fn metrics(&mut self, params: &dyn Params<S>) -> Vec<Metric> {
        let of_events = |name, count: fn(&SpineEvents) -> u64| {
            let count = |id: usize| {
                self.states[id]
                    .as_ref()
                    .map_or(0, |state| count(&state.events))
            };
            Metric {
                name,
                per_layer: self.plan.per_layer(count),
            }
        };
        let of_weights = |name, is_counted: fn(S, S) -> bool| {
            let count = |id: usize| {
                let bounds = self.bound(id).unwrap_or_default();
                params
                    .param(id)
                    .iter()
                    .zip(bounds)
                    .filter(|(w, bound)| is_counted(**w, **bound))
                    .count() as u64
            };
            Metric {
                name,
                per_layer: self.plan.per_layer(count),
            }
        };
        let metrics = vec![
            of_events("appeared", |events| events.appeared),
            of_events("grew", |events| events.grew),
            of_events("shrank", |events| events.shrank),
            of_events("disappeared", |events| events.disappeared),
            // A weight that was not stepped yet may lie beyond its bound.
            of_weights("saturated", |w, bound| bound > S::ZERO && w.abs() >= bound),
            of_weights("zero_weights", |w, _| w == S::ZERO),
            of_weights("zero_bounds", |_, bound| bound == S::ZERO),
        ];
        self.states
            .iter_mut()
            .flatten()
            .for_each(|state| state.events = SpineEvents::default());
        metrics
    }

    fn counted(&self) -> Vec<u64> {
        self.of_weights()
            .flat_map(|state| {
                [
                    state.events.appeared,
                    state.events.grew,
                    state.events.shrank,
                    state.events.disappeared,
                ]
            })
            .collect()
    }

    fn set_counted(&mut self, counted: &[u64]) {
        // More than any run counts: what was read from a file may not overflow later.
        let sane = |count: u64| count.min(1 << 48);
        for (state, counts) in self.of_weights_mut().zip(counted.chunks_exact(4)) {
            let [appeared, grew, shrank, disappeared] =
                [counts[0], counts[1], counts[2], counts[3]].map(sane);
            state.events = SpineEvents {
                appeared,
                grew,
                shrank,
                disappeared,
            };
        }
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        let entries = |(param, state): (usize, &Option<SpineState<S>>)| {
            state.as_ref().map(|state| {
                [
                    StateEntry {
                        name: "bound",
                        param,
                        values: StateValues::Scalars(state.bound.clone()),
                    },
                    StateEntry {
                        name: "over",
                        param,
                        values: StateValues::Counts(state.over.clone()),
                    },
                    StateEntry {
                        name: "decay",
                        param,
                        values: StateValues::Counts(state.decay.clone()),
                    },
                ]
            })
        };
        self.states
            .iter()
            .enumerate()
            .filter_map(entries)
            .flatten()
            .collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        let saved = Saved {
            rule: self.entry.name,
            entries,
            params: &self.plan.params,
        };
        // A counter at its threshold cannot be saved by a step.
        let most = self.constants.threshold - 1;
        for (param, state) in self
            .states
            .iter_mut()
            .enumerate()
            .filter_map(|(param, state)| Some((param, state.as_mut()?)))
        {
            let (bound, over, decay) = (
                saved.scalars("bound", param, S::ZERO)?,
                saved.counts("over", param, most)?,
                saved.counts("decay", param, most)?,
            );
            *state = SpineState {
                bound,
                over,
                decay,
                events: SpineEvents::default(),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, resolve};

    const AT: At = At { id: 0, step: 0 };

    fn plan(inputs: usize) -> Plan {
        Plan::dense(&[inputs, 1])
    }

    /// The rule with a bound of 0.5, a step of 0.25 and these options.
    fn rule(options: &str, plan: &Plan) -> BdnnDsd<f64> {
        BdnnDsd::new(
            &resolve(&format!("bdnn-dsd:initial_bound=0.5,{options}")).unwrap(),
            plan,
        )
        .unwrap()
    }

    fn counts(rule: &mut BdnnDsd<f64>, weight: &[f64]) -> Vec<(&'static str, u64)> {
        rule.metrics(&vec![weight, &[0.0]])
            .into_iter()
            .map(|measure| (measure.name, measure.total()))
            .collect()
    }

    #[test]
    fn a_weight_that_keeps_pushing_gets_more_room_and_one_that_keeps_decaying_loses_it() {
        let mut rule = rule("bound_step=0.25,threshold=2", &plan(3));
        let mut weight = [0.5, 0.4, 0.1];
        for _ in 0..2 {
            rule.fused_update(AT, 1.0, &mut weight, &[-0.125, 0.125, 0.0]);
        }
        assert_eq!(rule.bound(0).unwrap(), [0.75, 0.25, 0.5]);
        assert_eq!(weight, [0.625, 0.150_000_000_000_000_02, 0.1]);
        let found = counts(&mut rule, &weight);
        assert_eq!(
            found[..4],
            [
                ("appeared", 0),
                ("grew", 1),
                ("shrank", 1),
                ("disappeared", 0)
            ]
        );
        assert_eq!(
            counts(&mut rule, &weight)[1],
            ("grew", 0),
            "events are counted since the last report"
        );
        rule.set_counted(&[0, 3, 0, 0]);
        assert_eq!(rule.counted(), [0, 3, 0, 0]);
        assert_eq!(
            counts(&mut rule, &weight)[1],
            ("grew", 3),
            "a report between two evaluations goes on after a restart"
        );
    }

    #[test]
    fn a_spine_disappears_holds_its_weight_at_zero_and_appears_again() {
        let mut rule = rule("bound_step=0.5,threshold=1", &plan(1));
        let mut weight = [0.25];
        rule.fused_update(AT, 1.0, &mut weight, &[0.125]);
        assert_eq!((weight, rule.bound(0).unwrap()), ([0.0], [0.0].as_slice()));
        let found = counts(&mut rule, &weight);
        assert_eq!(
            found[3..],
            [
                ("disappeared", 1),
                ("saturated", 0),
                ("zero_weights", 1),
                ("zero_bounds", 1)
            ]
        );
        rule.fused_update(AT, 1.0, &mut weight, &[-0.125]);
        assert_eq!(
            (weight, rule.bound(0).unwrap()),
            ([0.125], [0.5].as_slice())
        );
        assert_eq!(counts(&mut rule, &weight)[0], ("appeared", 1));
    }

    #[test]
    fn the_first_step_clamps_weights_that_start_beyond_their_bound() {
        let mut rule = rule("bound_step=0.25", &plan(2));
        let mut weight = [0.9, -0.9];
        rule.fused_update(AT, 0.1, &mut weight, &[0.0, 0.0]);
        assert_eq!(weight, [0.5, -0.5]);
        assert_eq!(counts(&mut rule, &weight)[4], ("saturated", 2));
    }

    #[test]
    fn the_rule_acts_on_chosen_layers_alone() {
        let plan = Plan::dense(&[1, 1, 1]);
        let mut chain = Chain::with_gradient_descent(
            &plan,
            vec![Box::new(rule(
                "bound_step=0.25,threshold=1,layers=1",
                &plan,
            ))],
        );
        let (mut first, mut second) = ([2.0], [2.0]);
        chain.update(At { id: 0, step: 0 }, 1.0, &mut first, &[0.0]);
        chain.update(At { id: 2, step: 0 }, 1.0, &mut second, &[0.0]);
        assert_eq!((first, second), ([0.75], [2.0]));
    }

    #[test]
    fn the_variant_shrinks_by_a_step_of_its_own_and_grows_as_before() {
        let options = resolve(
            "spine-retraction:initial_bound=0.5,bound_step=0.25,retraction_step=0.375,threshold=1",
        )
        .unwrap();
        let mut rule = BdnnDsd::<f64>::new(&options, &plan(1)).unwrap();
        let mut weight = [0.5];
        rule.fused_update(AT, 1.0, &mut weight, &[-0.25]);
        assert_eq!(
            (weight, rule.bound(0).unwrap()),
            ([0.75], [0.75].as_slice())
        );
        rule.fused_update(AT, 1.0, &mut weight, &[0.125]);
        assert_eq!(
            (weight, rule.bound(0).unwrap()),
            ([0.375], [0.375].as_slice()),
            "the weight is taken along"
        );
        assert_eq!(rule.entry().name, "spine-retraction");
    }

    #[test]
    fn biases_have_bounds_only_if_that_is_chosen() {
        for (biases, expected) in [("free", [0.75]), ("bounded", [0.5])] {
            let mut rule = rule(&format!("bound_step=0.25,biases={biases}"), &plan(1));
            assert_eq!(rule.acts(Seam::AfterUpdate, 1), biases == "bounded");
            let (state, count) = (rule.state(), if biases == "bounded" { 6 } else { 3 });
            assert_eq!(state.len(), count);
            rule.restore(&state).unwrap();
            let mut chain = Chain::with_gradient_descent(&plan(1), vec![Box::new(rule)]);
            let mut bias = [0.25];
            chain.update(At { id: 1, ..AT }, 1.0, &mut bias, &[-0.5]);
            assert_eq!(bias, expected);
        }
    }

    #[test]
    fn out_of_range_parameters_are_refused_with_value_and_range() {
        let refused = |options: &str| {
            resolve(&format!("bdnn-dsd:{options}"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused("initial_bound=0"),
            "rule `bdnn-dsd`: `initial_bound` must be in (0, 1e30), but is 0"
        );
        assert_eq!(
            refused("bound_step=NaN"),
            "rule `bdnn-dsd`: `bound_step` must be in (0, 1e30), but is NaN"
        );
        assert_eq!(
            refused("threshold=0"),
            "rule `bdnn-dsd`: `threshold` must be an integer in [1, 65535], but is 0"
        );
    }

    #[test]
    fn state_with_a_missing_array_is_refused_by_name() {
        let mut rule = rule("threshold=1", &plan(3));
        let mut state = rule.state();
        state.retain(|entry| entry.name != "decay");
        let error = rule.restore(&state).unwrap_err();
        assert_eq!(
            error.to_string(),
            "rule `bdnn-dsd`: missing state `decay` of layer1.weight with 3 values (found nothing)"
        );
    }
}
