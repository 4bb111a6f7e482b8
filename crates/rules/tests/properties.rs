//! What holds for BDNN-dsd and dropout whatever the numbers.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use spinet_rules::{
    Algorithm1, At, Buildable, Chain, Dropout, Plan, Rule, RuleSettings, StateValues, resolve,
};

const COUNTINGS: [&str; 2] = ["consecutive", "cumulative"];

/// A rule, where its weights start, and their gradients step by step.
#[derive(Clone, Debug)]
struct Course {
    rule: RuleSettings,
    initial_bound: f64,
    threshold: u64,
    learning_rate: f64,
    weights: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

/// Ordinary numbers, and multiples of 1/8 that meet bounds exactly.
fn number(most: f64) -> impl Strategy<Value = f64> {
    prop_oneof![
        -most..most,
        (-8 * most as i32..=8 * most as i32).prop_map(|eighths| f64::from(eighths) / 8.0)
    ]
}

fn width() -> impl Strategy<Value = f64> {
    prop_oneof![
        0.01..1.0_f64,
        (1..=8_i32).prop_map(|eighths| f64::from(eighths) / 8.0)
    ]
}

/// A rule, its initial bound and its threshold.
fn rule() -> impl Strategy<Value = (RuleSettings, f64, u64)> {
    let countings = (
        prop::sample::select(&COUNTINGS[..]),
        prop::sample::select(&COUNTINGS[..]),
    );
    let steps = (width(), prop::option::of(width()));
    (width(), steps, 1..=6_u64, countings).prop_map(
        |(initial_bound, steps, threshold, (growth_counting, shrink_counting))| {
            let (bound_step, retraction_step) = steps;
            let rule = match retraction_step {
                Some(step) => {
                    RuleSettings::new("spine-retraction").with_number("retraction_step", step)
                }
                None => RuleSettings::new("bdnn-dsd"),
            };
            let rule = rule
                .with_number("initial_bound", initial_bound)
                .with_number("bound_step", bound_step);
            let rule = rule.with_number("threshold", threshold as f64);
            (
                rule.with_text("growth_counting", growth_counting)
                    .with_text("shrink_counting", shrink_counting),
                initial_bound,
                threshold,
            )
        },
    )
}

/// `most` is the largest magnitude of a gradient.
fn course(most: f64) -> impl Strategy<Value = Course> {
    (
        rule(),
        prop_oneof![0.0..1.0, Just(0.5)],
        1..=6_usize,
        1..=40_usize,
    )
        .prop_flat_map(move |(rule, learning_rate, count, steps)| {
            let weights = prop::collection::vec(number(2.0), count);
            let gradients =
                prop::collection::vec(prop::collection::vec(number(most), count), steps);
            (weights, gradients).prop_map(move |(weights, gradients)| {
                let (rule, initial_bound, threshold) = rule.clone();
                Course {
                    rule,
                    initial_bound,
                    threshold,
                    learning_rate,
                    weights,
                    gradients,
                }
            })
        })
}

fn plan(weights: usize) -> Plan {
    Plan::dense(&[weights, 1])
}

/// Bounds and counters after a step, as the rule would save them.
struct Saved {
    bound: Vec<f64>,
    over: Vec<u64>,
    decay: Vec<u64>,
}

fn saved<S: Buildable>(chain: &Chain<S>) -> Saved {
    let mut saved = Saved {
        bound: Vec::new(),
        over: Vec::new(),
        decay: Vec::new(),
    };
    for entry in chain.rules()[0].state() {
        match (entry.name, entry.values) {
            ("bound", StateValues::Scalars(values)) => {
                saved.bound = values.iter().map(|value| value.to_f64()).collect();
            }
            ("over", StateValues::Counts(counts)) => {
                saved.over = counts.iter().map(|count| u64::from(*count)).collect();
            }
            ("decay", StateValues::Counts(counts)) => {
                saved.decay = counts.iter().map(|count| u64::from(*count)).collect();
            }
            other => panic!("unexpected state {other:?}"),
        }
    }
    saved
}

/// Runs the fused rule and shows weights and state after every step.
fn each_step<S: Buildable>(
    course: &Course,
    mut see: impl FnMut(usize, &mut Chain<S>, &[S]) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let to = |values: &[f64]| {
        values
            .iter()
            .map(|value| S::from_f64(*value))
            .collect::<Vec<S>>()
    };
    let mut chain = Chain::<S>::from_settings(
        std::slice::from_ref(&course.rule),
        &plan(course.weights.len()),
    )
    .unwrap();
    let mut weight = to(&course.weights);
    for (step, grad) in course.gradients.iter().enumerate() {
        chain.update(
            At {
                id: 0,
                step: step as u64,
            },
            S::from_f64(course.learning_rate),
            &mut weight,
            &to(grad),
        );
        see(step, &mut chain, &weight)?;
    }
    Ok(())
}

fn holds_its_weights<S: Buildable>(course: &Course) -> Result<(), TestCaseError> {
    let threshold = course.threshold;
    each_step::<S>(course, |step, chain, weight| {
        let Saved { bound, over, decay } = saved(chain);
        for (weight, bound) in weight.iter().zip(&bound) {
            prop_assert!(*bound >= 0.0, "step {step}: bound {bound}");
            prop_assert!(
                weight.to_f64().abs() <= *bound,
                "step {step}: weight {weight} beyond {bound}"
            );
        }
        prop_assert!(
            over.iter().chain(&decay).all(|count| *count < threshold),
            "step {step}: {over:?}, {decay:?}"
        );
        Ok(())
    })
}

proptest! {
    #[test]
    fn bounds_stay_above_zero_weights_inside_and_counters_below_the_threshold(course in course(4.0)) {
        holds_its_weights::<f64>(&course)?;
        holds_its_weights::<f32>(&course)?;
    }

    #[test]
    fn the_same_holds_under_enormous_gradients(course in course(1e8)) {
        holds_its_weights::<f64>(&course)?;
        holds_its_weights::<f32>(&course)?;
    }

    #[test]
    fn the_fused_pass_is_algorithm_1(course in course(4.0)) {
        for (growth_counting, shrink_counting) in COUNTINGS.into_iter().flat_map(|growth| COUNTINGS.map(|shrink| (growth, shrink))) {
            let rule = course.rule.clone().with_text("growth_counting", growth_counting).with_text("shrink_counting", shrink_counting);
            let mut plain = Algorithm1::new(&resolve(&rule.to_string()).unwrap(), course.weights.len());
            let course = Course { rule, ..course.clone() };
            let mut expected = course.weights.clone();
            each_step::<f64>(&course, |step, chain, weight| {
                plain.step(course.learning_rate, &mut expected, &course.gradients[step]);
                let Saved { bound, over, decay } = saved(chain);
                prop_assert_eq!(weight, &expected, "step {}", step);
                prop_assert_eq!(&bound, &plain.bound, "step {}", step);
                prop_assert_eq!((&over, &decay), (&plain.over, &plain.decay), "step {}", step);
                Ok(())
            })?;
        }
    }

    #[test]
    fn spine_events_are_the_changes_of_the_bounds(course in course(4.0)) {
        let mut before = vec![course.initial_bound; course.weights.len()];
        each_step::<f64>(&course, |step, chain, weight| {
            let after = saved(chain).bound;
            let count = |is: fn(f64, f64) -> bool| before.iter().zip(&after).filter(|(old, new)| is(**old, **new)).count() as u64;
            let expected = [
                ("appeared", count(|old, new| old == 0.0 && new > 0.0)),
                ("grew", count(|old, new| old > 0.0 && new > old)),
                ("shrank", count(|old, new| new > 0.0 && new < old)),
                ("disappeared", count(|old, new| old > 0.0 && new == 0.0)),
            ];
            let (_, metrics) = chain.metrics(&vec![weight, &[]]).remove(0);
            for (name, expected) in expected {
                let measure = metrics.iter().find(|measure| measure.name == name).unwrap();
                prop_assert_eq!(measure.total(), expected, "step {}: {}", step, name);
            }
            before = after;
            Ok(())
        })?;
    }

    #[test]
    fn dropout_factors_are_zero_or_one_over_the_share_kept(rate in 0.0..1.0_f64, seed in any::<u64>(), step in 0..1_u64 << 40) {
        let mut rule = Dropout::<f64>::new(&resolve(&format!("dropout:dropout_rate={rate}")).unwrap(), &Plan { batch: 9, seed, ..Plan::dense(&[3, 7, 2]) }).unwrap();
        let factors = rule.activation(At { id: 0, step }, 9).unwrap();
        prop_assert_eq!(factors.len(), 63);
        let kept = 1.0 / (1.0 - rate);
        prop_assert!(factors.iter().all(|factor| *factor == 0.0 || *factor == kept), "{:?} instead of 0 or {}", factors, kept);
    }

    #[test]
    fn settings_read_back_as_they_are_shown((settings, ..) in rule()) {
        let read: RuleSettings = settings.to_string().parse().unwrap();
        let entry = spinet_rules::find(&read.name).unwrap();
        prop_assert_eq!(entry.resolve(&read).unwrap(), entry.resolve(&settings).unwrap());
    }
}
