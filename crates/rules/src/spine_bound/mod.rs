//! BDNN-dsd: every weight has a bound, the size of its dendritic spine.
//!
//! One step, for every weight `w` with bound `M` and counters `n+`, `n-` (Zhao, Zeng and Bai 2022, Algorithm 1):
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
//! A miss resets a counter if its counting is *consecutive* and leaves it if *cumulative*; the paper's text says
//! "consecutive", its Algorithm 1 never resets. The defaults (growth cumulative, shrink consecutive) come nearest to
//! the published tables. Weights start where the initialiser put them and meet their bounds in the first step.
//! Biases have no bound. Use it on small networks and little data: it regularises like dropout and L2 and converges
//! several times faster from wide initial weights.
//!
//! [`Algorithm1`] is the plain form that reads like the paper; [`SpineBound`] is the rule, with a fused form that
//! does update, counting, bound change and clamp in one pass. Both are tested equal.

mod algorithm_1;
mod fused;

pub use algorithm_1::Algorithm1;

use crate::registry::{Make, MakeRule, Role, RuleEntry};
use crate::{At, Error, Layers, Measure, Parameter, Plan, Range, Resolved, Rule, RuleSettings, Scalar, Seam, StateEntry, StateValues};

const COUNTINGS: &[&str] = &["consecutive", "cumulative"];

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "initial_bound",
        summary: "bound of every weight at the start (R_i of the paper)",
        range: Range::Number { default: 0.45, above: 0.0, includes: false, below: 1e30 },
    },
    Parameter {
        name: "bound_step",
        summary: "how much a bound grows or shrinks at once (R_d)",
        range: Range::Number { default: 0.06, above: 0.0, includes: false, below: 1e30 },
    },
    Parameter {
        name: "threshold",
        summary: "steps that a weight must exceed its bound, or decay, before the bound changes (T_num)",
        range: Range::Count { default: 10, low: 1, high: 65_535 },
    },
    Parameter {
        name: "growth_counting",
        summary: "whether a step inside the bound resets the growth counter",
        range: Range::Choice { default: "cumulative", options: COUNTINGS },
    },
    Parameter {
        name: "shrink_counting",
        summary: "whether a step without decay resets the shrink counter",
        range: Range::Choice { default: "consecutive", options: COUNTINGS },
    },
    Parameter { name: "layers", summary: "the weight matrices it acts on", range: Range::Layers },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "bdnn-dsd",
    role: Role::Rule,
    summary: "a bound for every weight that grows with use and shrinks without (dendritic spine dynamics)",
    reference: "Zhao, Zeng and Bai 2022, Eqs. (3.1)-(3.3), Algorithm 1",
    seams: &[Seam::AfterUpdate],
    parameters: PARAMETERS,
    make: Make::Rule(MakeRule { single: make::<f32>, double: make::<f64> }),
};

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Rule<S>>, Error> {
    let config = SpineBoundConfig {
        initial_bound: resolved.number("initial_bound"),
        bound_step: resolved.number("bound_step"),
        threshold: resolved.count("threshold") as u16,
        growth_counting: Counting::named(resolved.choice("growth_counting")),
        shrink_counting: Counting::named(resolved.choice("shrink_counting")),
        layers: resolved.layers("layers"),
    };
    Ok(Box::new(SpineBound::<S>::new(&config, plan)?))
}

/// Whether a miss resets a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// A miss resets it: the threshold needs hits in a row.
    Consecutive,
    /// A miss leaves it: the threshold needs hits since the last change.
    Cumulative,
}

impl Counting {
    fn named(name: &str) -> Self {
        if name == "consecutive" { Self::Consecutive } else { Self::Cumulative }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Consecutive => "consecutive",
            Self::Cumulative => "cumulative",
        }
    }
}

/// What a person chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct SpineBoundConfig {
    /// Bound of every weight at the start, `> 0`; 0.45 unless set.
    pub initial_bound: f64,
    /// Change of a bound, `> 0`; 0.06 unless set.
    pub bound_step: f64,
    /// Steps before a bound changes, at least 1; 10 unless set.
    pub threshold: u16,
    /// Counting of steps beyond the bound; cumulative unless set.
    pub growth_counting: Counting,
    /// Counting of steps with decay; consecutive unless set.
    pub shrink_counting: Counting,
    /// The weight matrices it acts on; all unless set.
    pub layers: Layers,
}

impl Default for SpineBoundConfig {
    fn default() -> Self {
        Self {
            initial_bound: 0.45,
            bound_step: 0.06,
            threshold: 10,
            growth_counting: Counting::Cumulative,
            shrink_counting: Counting::Consecutive,
            layers: Layers::All,
        }
    }
}

impl SpineBoundConfig {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(ENTRY.name)
            .with_number("initial_bound", self.initial_bound)
            .with_number("bound_step", self.bound_step)
            .with_number("threshold", f64::from(self.threshold))
            .with_text("growth_counting", self.growth_counting.name())
            .with_text("shrink_counting", self.shrink_counting.name())
            .with_text("layers", &self.layers.to_string())
    }
}

/// The numbers of the rule in the engine's number type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constants<S> {
    pub(crate) initial_bound: S,
    pub(crate) bound_step: S,
    pub(crate) threshold: u16,
    pub(crate) growth_counting: Counting,
    pub(crate) shrink_counting: Counting,
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

/// State of one weight matrix; every array has its shape, `[outputs, inputs]`.
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
        Self { bound: vec![initial_bound; weights], over: vec![0; weights], decay: vec![0; weights], events: SpineEvents::default() }
    }
}

/// The rule with its state.
#[derive(Clone, Debug)]
pub struct SpineBound<S> {
    constants: Constants<S>,
    /// One state for each layer; `None` where the rule does not act.
    states: Vec<Option<SpineState<S>>>,
}

impl<S: Scalar> SpineBound<S> {
    /// Checks the configuration and allocates bounds and counters.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::NoSuchLayer`].
    pub fn new(config: &SpineBoundConfig, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        config.layers.check(ENTRY.name, plan.layers.len())?;
        let constants = Constants {
            initial_bound: S::from_f64(config.initial_bound),
            bound_step: S::from_f64(config.bound_step),
            threshold: config.threshold,
            growth_counting: config.growth_counting,
            shrink_counting: config.shrink_counting,
        };
        let state = |(layer, shape): (usize, &crate::LayerShape)| {
            config.layers.contains(layer).then(|| SpineState::new(shape.weights(), constants.initial_bound))
        };
        Ok(Self { constants, states: plan.layers.iter().enumerate().map(state).collect() })
    }

    /// The bounds of a layer's weights, `[outputs, inputs]`; none where the rule does not act.
    pub fn bound(&self, layer: usize) -> Option<&[S]> {
        self.states.get(layer)?.as_ref().map(|state| state.bound.as_slice())
    }
}

impl<S: Scalar> Rule<S> for SpineBound<S> {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn acts(&self, seam: Seam, layer: usize) -> bool {
        seam == Seam::AfterUpdate && self.is_fused(layer)
    }

    fn after_update(&mut self, at: At, before: &[S], weight: &mut [S]) {
        if let Some(state) = &mut self.states[at.layer] {
            fused::after_update(&self.constants, state, before, weight);
        }
    }

    fn is_fused(&self, layer: usize) -> bool {
        self.states.get(layer).is_some_and(Option::is_some)
    }

    fn fused_update(&mut self, at: At, learning_rate: S, weight: &mut [S], grad: &[S]) {
        if let Some(state) = &mut self.states[at.layer] {
            fused::update(&self.constants, state, learning_rate, weight, grad);
        }
    }

    fn measures(&mut self, weights: &[&[S]]) -> Vec<Measure> {
        let events: Vec<SpineEvents> =
            self.states.iter_mut().map(|state| state.as_mut().map(|state| std::mem::take(&mut state.events)).unwrap_or_default()).collect();
        let of_events = |name, count: fn(&SpineEvents) -> u64| Measure { name, per_layer: events.iter().map(count).collect() };
        let of_weights = |name, is_counted: fn(S, S) -> bool| Measure {
            name,
            per_layer: self
                .states
                .iter()
                .zip(weights)
                .map(|(state, weight)| {
                    let bounds = state.as_ref().map_or([].as_slice(), |state| state.bound.as_slice());
                    weight.iter().zip(bounds).filter(|(w, bound)| is_counted(**w, **bound)).count() as u64
                })
                .collect(),
        };
        vec![
            of_events("appeared", |events| events.appeared),
            of_events("grew", |events| events.grew),
            of_events("shrank", |events| events.shrank),
            of_events("disappeared", |events| events.disappeared),
            // A weight that was not stepped yet may lie beyond its bound.
            of_weights("saturated", |w, bound| bound > S::ZERO && w.abs() >= bound),
            of_weights("zero_weights", |w, _| w == S::ZERO),
            of_weights("zero_bounds", |_, bound| bound == S::ZERO),
        ]
    }

    fn counted(&self) -> Vec<u64> {
        let events = self.states.iter().flatten().map(|state| state.events);
        events.flat_map(|events| [events.appeared, events.grew, events.shrank, events.disappeared]).collect()
    }

    fn set_counted(&mut self, counted: &[u64]) {
        for (state, counts) in self.states.iter_mut().flatten().zip(counted.chunks_exact(4)) {
            state.events = SpineEvents { appeared: counts[0], grew: counts[1], shrank: counts[2], disappeared: counts[3] };
        }
    }

    fn state(&self) -> Vec<StateEntry<S>> {
        let entries = |(layer, state): (usize, &Option<SpineState<S>>)| {
            state.as_ref().map(|state| {
                [
                    StateEntry { name: "bound", layer, values: StateValues::Scalars(state.bound.clone()) },
                    StateEntry { name: "over", layer, values: StateValues::Counts(state.over.clone()) },
                    StateEntry { name: "decay", layer, values: StateValues::Counts(state.decay.clone()) },
                ]
            })
        };
        self.states.iter().enumerate().filter_map(entries).flatten().collect()
    }

    fn restore(&mut self, entries: &[StateEntry<S>]) -> Result<(), Error> {
        for (layer, state) in self.states.iter_mut().enumerate() {
            let Some(state) = state else { continue };
            let expected = state.bound.len();
            let missing = |entry, found: String| Error::State { rule: ENTRY.name, entry, layer: layer + 1, expected, found };
            let find = |name: &'static str| {
                let found = entries.iter().find(|entry| entry.name == name && entry.layer == layer);
                found.map(|entry| &entry.values).ok_or_else(|| missing(name, "nothing".to_owned()))
            };
            let threshold = self.constants.threshold;
            let counts = |name: &'static str| match find(name)? {
                StateValues::Counts(values) if values.len() == expected => match values.iter().find(|count| **count >= threshold) {
                    Some(count) => Err(missing(name, format!("the count {count}, expected below the threshold {threshold}"))),
                    None => Ok(values.clone()),
                },
                StateValues::Counts(values) => Err(missing(name, format!("{} values", values.len()))),
                StateValues::Scalars(_) => Err(missing(name, "numbers of another type".to_owned())),
            };
            let bound = match find("bound")? {
                StateValues::Scalars(values) if values.len() == expected => values.clone(),
                StateValues::Scalars(values) => return Err(missing("bound", format!("{} values", values.len()))),
                StateValues::Counts(_) => return Err(missing("bound", "numbers of another type".to_owned())),
            };
            if let Some(value) = bound.iter().find(|value| !(value.is_finite() && **value >= S::ZERO)) {
                return Err(missing("bound", format!("the bound {value}, expected [0, inf)")));
            }
            *state = SpineState { bound, over: counts("over")?, decay: counts("decay")?, events: SpineEvents::default() };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, LayerShape};

    const AT: At = At { layer: 0, step: 0 };

    fn plan(inputs: usize) -> Plan {
        Plan { layers: vec![LayerShape { outputs: 1, inputs }], batch: 1, seed: 0 }
    }

    fn config(threshold: u16) -> SpineBoundConfig {
        SpineBoundConfig { initial_bound: 0.5, bound_step: 0.25, threshold, ..SpineBoundConfig::default() }
    }

    fn counts(rule: &mut SpineBound<f64>, weight: &[f64]) -> Vec<(&'static str, u64)> {
        rule.measures(&[weight]).into_iter().map(|measure| (measure.name, measure.total())).collect()
    }

    #[test]
    fn a_weight_that_keeps_pushing_gets_more_room_and_one_that_keeps_decaying_loses_it() {
        let mut rule = SpineBound::<f64>::new(&config(2), &plan(3)).unwrap();
        let mut weight = [0.5, 0.4, 0.1];
        for _ in 0..2 {
            rule.fused_update(AT, 1.0, &mut weight, &[-0.125, 0.125, 0.0]);
        }
        assert_eq!(rule.bound(0).unwrap(), [0.75, 0.25, 0.5]);
        assert_eq!(weight, [0.625, 0.150_000_000_000_000_02, 0.1]);
        let found = counts(&mut rule, &weight);
        assert_eq!(found[..4], [("appeared", 0), ("grew", 1), ("shrank", 1), ("disappeared", 0)]);
        assert_eq!(counts(&mut rule, &weight)[1], ("grew", 0), "events are counted since the last report");
        rule.set_counted(&[0, 3, 0, 0]);
        assert_eq!(rule.counted(), [0, 3, 0, 0]);
        assert_eq!(counts(&mut rule, &weight)[1], ("grew", 3), "a report between two evaluations goes on after a restart");
    }

    #[test]
    fn a_spine_disappears_holds_its_weight_at_zero_and_appears_again() {
        let mut rule = SpineBound::<f64>::new(&SpineBoundConfig { bound_step: 0.5, ..config(1) }, &plan(1)).unwrap();
        let mut weight = [0.25];
        rule.fused_update(AT, 1.0, &mut weight, &[0.125]);
        assert_eq!((weight, rule.bound(0).unwrap()), ([0.0], [0.0].as_slice()));
        let found = counts(&mut rule, &weight);
        assert_eq!(found[3..], [("disappeared", 1), ("saturated", 0), ("zero_weights", 1), ("zero_bounds", 1)]);
        rule.fused_update(AT, 1.0, &mut weight, &[-0.125]);
        assert_eq!((weight, rule.bound(0).unwrap()), ([0.125], [0.5].as_slice()));
        assert_eq!(counts(&mut rule, &weight)[0], ("appeared", 1));
    }

    #[test]
    fn the_first_step_clamps_weights_that_start_beyond_their_bound() {
        let mut rule = SpineBound::<f64>::new(&config(10), &plan(2)).unwrap();
        let mut weight = [0.9, -0.9];
        rule.fused_update(AT, 0.1, &mut weight, &[0.0, 0.0]);
        assert_eq!(weight, [0.5, -0.5]);
        assert_eq!(counts(&mut rule, &weight)[4], ("saturated", 2));
    }

    #[test]
    fn the_rule_acts_on_chosen_layers_alone() {
        let plan = Plan { layers: vec![LayerShape { outputs: 1, inputs: 1 }; 2], batch: 1, seed: 0 };
        let config = SpineBoundConfig { layers: Layers::Only(vec![0]), ..config(1) };
        let mut chain = Chain::with_gradient_descent(&plan, vec![Box::new(SpineBound::<f64>::new(&config, &plan).unwrap())]);
        let (mut first, mut second) = ([2.0], [2.0]);
        chain.update(At { layer: 0, step: 0 }, 1.0, &mut first, &[0.0]);
        chain.update(At { layer: 1, step: 0 }, 1.0, &mut second, &[0.0]);
        assert_eq!((first, second), ([0.75], [2.0]));
    }

    #[test]
    fn out_of_range_parameters_are_refused_with_value_and_range() {
        let refused = |config: SpineBoundConfig| SpineBound::<f32>::new(&config, &plan(1)).unwrap_err().to_string();
        assert_eq!(
            refused(SpineBoundConfig { initial_bound: 0.0, ..config(1) }),
            "rule `bdnn-dsd`: `initial_bound` must be in (0, 1e30), but is 0"
        );
        assert_eq!(
            refused(SpineBoundConfig { bound_step: f64::NAN, ..config(1) }),
            "rule `bdnn-dsd`: `bound_step` must be in (0, 1e30), but is NaN"
        );
        assert_eq!(refused(config(0)), "rule `bdnn-dsd`: `threshold` must be a whole number in [1, 65535], but is 0");
    }

    #[test]
    fn state_with_a_missing_array_is_refused_by_name() {
        let mut rule = SpineBound::<f64>::new(&config(1), &plan(3)).unwrap();
        let mut state = rule.state();
        state.retain(|entry| entry.name != "decay");
        let error = rule.restore(&state).unwrap_err();
        assert_eq!(error.to_string(), "rule `bdnn-dsd`: saved state lacks `decay` of layer 1 with 3 values (found nothing)");
    }
}
