//! What every registry entry must do, tried on every entry. A new rule adds one row to
//! [`ROWS`](rows::ROWS).
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod course;
mod rows;

use spinet_rules::{
    Algorithm1, At, BdnnDsd, Buildable, Chain, End, Error, GradientDescent, L2, Plan, Purpose,
    RULES, Range, Role, RuleEntry, RuleSettings, Seam, Setting, StateValues, resolve,
};

use course::{Course, bits, random};
use rows::{ROWS, Row};

const SIZES: [usize; 3] = [4, 5, 3];
const BATCH: usize = 6;
const LEARNING_RATE: f64 = 0.2;

fn plan() -> Plan {
    Plan {
        batch: BATCH,
        seed: 3,
        epochs: 40,
        ..Plan::dense(&SIZES)
    }
}

/// Weights of a layer.
fn count(layer: usize) -> usize {
    SIZES[layer] * SIZES[layer + 1]
}

/// The defaults and every other setting of every row.
fn every_setting() -> Vec<RuleSettings> {
    let of_row = |row: &Row| {
        let others = row.settings.iter().map(|text| text.parse().unwrap());
        std::iter::once(RuleSettings::new(row.name))
            .chain(others)
            .collect::<Vec<_>>()
    };
    ROWS.iter().flat_map(of_row).collect()
}

#[test]
fn every_entry_has_a_row_and_every_row_an_entry() {
    let rows: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    let entries: Vec<_> = RULES.iter().map(|entry| entry.name).collect();
    assert_eq!(rows, entries);
    for row in ROWS {
        let names: Vec<_> = row
            .settings
            .iter()
            .map(|text| text.parse::<RuleSettings>().unwrap().name)
            .collect();
        assert!(
            names.iter().all(|name| name == row.name),
            "{}: {names:?}",
            row.name
        );
    }
}

#[test]
fn every_entry_is_documented_and_its_defaults_are_in_range() {
    let is_line = |text: &str| !text.is_empty() && !text.ends_with('.') && !text.contains('\n');
    for entry in RULES {
        assert!(
            is_line(entry.summary),
            "{}: summary `{}`",
            entry.name,
            entry.summary
        );
        assert!(
            entry
                .reference
                .contains(|character: char| character.is_ascii_digit()),
            "{}: `{}`",
            entry.name,
            entry.reference
        );
        for parameter in entry.parameters {
            let default = parameter.range.default_text();
            let settings: RuleSettings = format!("{}:{}={default}", entry.name, parameter.name)
                .parse()
                .unwrap();
            let resolved = entry
                .resolve(&settings)
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                resolved,
                entry.resolve(&RuleSettings::new(entry.name)).unwrap(),
                "{}: {settings}",
                entry.name
            );
        }
    }
}

/// The entry with its defaults, as a person would write them.
fn written(entry: &RuleEntry) -> String {
    let parameters = entry.parameters.iter();
    let options = parameters.map(|known| format!("{}={}", known.name, known.range.default_text()));
    let options = options.collect::<Vec<_>>().join(",");
    format!("{}:{options}", entry.name)
        .trim_end_matches(':')
        .to_owned()
}

/// As run directories and records have them.
#[test]
fn options_are_stored_by_the_keys_they_always_had_and_read_by_either_name() {
    for (named, stored) in [
        ("grapes:min_factor=0", "grapes:least=0"),
        (
            "scalar-gain:gain=3,min_factor=2",
            "scalar-gain:gain=3,least=2",
        ),
        (
            "neuroplastic:max_factor=3,min_factor=1",
            "neuroplastic:least=1,most=3",
        ),
        ("meprop:keep_fraction=0.5", "meprop:kept_share=0.5"),
    ] {
        let [read, known] = [named, stored].map(|text| text.parse::<RuleSettings>().unwrap());
        assert_eq!((&read, read.to_string().as_str()), (&known, stored));
        assert_eq!(resolve(named).unwrap(), resolve(stored).unwrap());
    }
    let table = |text: &str| serde_json::from_str::<RuleSettings>(text).map_err(|e| e.to_string());
    let named = table("{\"name\": \"meprop\", \"keep_fraction\": 0.5}").unwrap();
    assert_eq!(named.to_string(), "meprop:kept_share=0.5");
    let both = "{\"name\": \"grapes\", \"least\": 1, \"min_factor\": 1}";
    assert_eq!(
        table(both).unwrap_err(),
        "`grapes` has both `least` and its other name, expected one of them"
    );
}

#[test]
fn every_default_of_the_registry_is_the_published_one() {
    let defaults: Vec<_> = ROWS.iter().map(|row| row.defaults).collect();
    assert_eq!(
        RULES.iter().map(|entry| written(entry)).collect::<Vec<_>>(),
        defaults
    );
}

#[test]
fn a_rule_acts_at_the_seams_that_its_entry_names_and_at_no_other() {
    for entry in RULES {
        let chain = Chain::<f32>::from_settings(&[RuleSettings::new(entry.name)], &plan()).unwrap();
        // At the output layer rules of hidden layers do nothing.
        let acting: Vec<_> = Seam::ALL
            .into_iter()
            .filter(|seam| (0..plan().params.len()).any(|id| chain.acts(*seam, id)))
            .collect();
        assert_eq!(acting, entry.seams, "{}", entry.name);
        let is_in_chain: Vec<_> = chain.names().collect();
        match entry.role {
            Role::Rule => assert_eq!(is_in_chain, [entry.name]),
            Role::Optimizer => assert_eq!(
                (is_in_chain.len(), chain.optimizer().entry().name),
                (0, entry.name)
            ),
        }
    }
}

#[test]
fn every_entry_is_built_in_both_number_types() {
    for settings in every_setting() {
        Course::<f32>::new(&settings).wander(0..1);
        let mut course = Course::<f64>::new(&settings);
        let before = course.weights.clone();
        course.wander(0..1);
        assert_ne!(before, course.weights, "{settings}: a step changes weights");
    }
}

#[test]
fn settings_read_back_as_they_are_shown() {
    for settings in every_setting() {
        let read: RuleSettings = settings.to_string().parse().unwrap();
        assert_eq!(read, settings);
        assert_eq!(read.to_string(), settings.to_string());
    }
}

#[test]
fn the_order_of_parameters_is_irrelevant() {
    for settings in every_setting() {
        let mut pairs: Vec<_> = settings
            .parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.reverse();
        let turned = if pairs.is_empty() {
            settings.name.clone()
        } else {
            format!("{}:{}", settings.name, pairs.join(","))
        };
        assert_eq!(turned.parse::<RuleSettings>().unwrap(), settings);
    }
}

#[test]
fn an_unknown_parameter_is_refused_and_the_nearest_is_suggested() {
    for entry in RULES {
        let refused = |name: &str| {
            entry
                .resolve(&RuleSettings::new(entry.name).with_number(name, 1.0))
                .unwrap_err()
        };
        for parameter in entry.parameters {
            let slip = format!("{}s", parameter.name);
            match refused(&slip) {
                Error::UnknownParameter {
                    kind,
                    rule,
                    found,
                    expected,
                    suggestion,
                } => {
                    assert_eq!(
                        (kind, rule, found, suggestion.as_deref()),
                        ("rule", entry.name, slip, Some(parameter.name))
                    );
                    assert!(
                        entry
                            .parameters
                            .iter()
                            .all(|known| expected.contains(known.name)),
                        "{expected}"
                    );
                }
                other => panic!("{}: {other}", entry.name),
            }
        }
        assert!(
            !refused("qqqq").to_string().contains("hint"),
            "{}: nothing is near",
            entry.name
        );
    }
    let error = "bdnn-dds"
        .parse()
        .and_then(|one| Chain::<f32>::from_settings(&[one], &plan()).map(|_| ()))
        .unwrap_err();
    let known = RULES
        .iter()
        .map(|entry| entry.name)
        .collect::<Vec<_>>()
        .join(", ");
    assert_eq!(
        error.to_string(),
        format!(
            "unknown rule `bdnn-dds`, expected one of {known}\n\nhint: did you mean `bdnn-dsd`?"
        )
    );
}

/// Values that a range allows, and values that it does not.
fn allowed_and_refused(range: &Range) -> (Vec<Setting>, Vec<Setting>) {
    let numbers = |values: &[f64]| {
        values
            .iter()
            .map(|value| Setting::Number(*value))
            .collect::<Vec<_>>()
    };
    let words = |values: &[&str]| {
        values
            .iter()
            .map(|value| Setting::Text((*value).to_owned()))
            .collect::<Vec<_>>()
    };
    let never = [
        numbers(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        words(&["", "many"]),
    ]
    .concat();
    match range {
        Range::Number { default, low, high } => {
            let (mut allowed, mut refused) = (
                vec![low.at().next_up(), *default, high.at().next_down()],
                vec![low.at().next_down(), high.at().next_up()],
            );
            for end in [low, high] {
                if matches!(end, End::In(_)) {
                    &mut allowed
                } else {
                    &mut refused
                }
                .push(end.at());
            }
            (numbers(&allowed), [numbers(&refused), never].concat())
        }
        Range::Count { default, low, high } => {
            let [default, low, high] = [*default, *low, *high].map(|count| count as f64);
            (
                numbers(&[low, default, high]),
                [numbers(&[low - 1.0, low + 0.5, high + 1.0, -1.0]), never].concat(),
            )
        }
        Range::Choice { options, .. } => (
            words(options),
            [
                words(&[&options[0].to_uppercase()]),
                numbers(&[0.0, 1.0]),
                never,
            ]
            .concat(),
        ),
        Range::Layers => (
            [words(&["all", "1", "1+2", "2+1"]), numbers(&[1.0, 2.0])].concat(),
            [
                words(&["0", "first", "1,2", "1+", "-1"]),
                numbers(&[0.0, -1.0, 1.5]),
                never,
            ]
            .concat(),
        ),
    }
}

#[test]
fn values_outside_a_range_are_refused_and_its_ends_are_kept() {
    for entry in RULES {
        for parameter in entry.parameters {
            let resolve = |value: &Setting| {
                entry.resolve(&RuleSettings::new(entry.name).with(parameter.name, value.clone()))
            };
            let (allowed, refused) = allowed_and_refused(&parameter.range);
            for value in allowed {
                resolve(&value).unwrap_or_else(|error| panic!("{error}"));
            }
            for value in refused {
                let expected = Error::OutOfRange {
                    kind: "rule",
                    rule: entry.name,
                    parameter: parameter.name,
                    found: value.to_string(),
                    expected: parameter.range.to_string(),
                };
                assert_eq!(resolve(&value).unwrap_err(), expected);
            }
        }
    }
}

#[test]
fn layers_that_the_network_lacks_are_refused() {
    for entry in RULES.iter().filter(|entry| {
        entry
            .parameters
            .iter()
            .any(|parameter| parameter.range == Range::Layers)
    }) {
        let settings = RuleSettings::new(entry.name).with_text("layers", "1+3");
        let error = Chain::<f32>::from_settings(&[settings], &plan()).err();
        assert_eq!(
            error,
            Some(Error::NoSuchLayer {
                rule: entry.name,
                found: 3,
                layers: 2
            })
        );
    }
}

#[test]
fn a_chain_takes_every_entry_once() {
    for entry in RULES {
        let twice = [RuleSettings::new(entry.name), RuleSettings::new(entry.name)];
        let expected = match entry.role {
            Role::Rule => Error::Repeated { rule: entry.name },
            Role::Optimizer => Error::TwoOptimizers {
                first: entry.name,
                second: entry.name,
            },
        };
        assert_eq!(
            Chain::<f32>::from_settings(&twice, &plan()).err(),
            Some(expected)
        );
    }
}

#[test]
fn rules_that_exclude_each_other_are_refused_with_the_reason() {
    let chain = |texts: &[&str]| {
        let settings: Vec<RuleSettings> = texts.iter().map(|text| text.parse().unwrap()).collect();
        Chain::<f32>::from_settings(&settings, &plan()).map(|_| ())
    };
    for (texts, layer, what) in [
        (
            ["feedback-alignment", "l2", "direct-feedback-alignment"],
            2,
            "the backward weights",
        ),
        (
            ["grapes", "dropout", "scalar-gain"],
            1,
            "the scaling of error signals",
        ),
        (
            ["bdnn-dsd:layers=2", "l2", "spine-retraction"],
            2,
            "the bounds of weights",
        ),
        (
            ["sd-snn-bounds", "l1", "bdnn-dsd"],
            1,
            "the bounds of weights",
        ),
        (
            ["magnitude-pruning", "max-norm", "synaptic-pruning"],
            1,
            "which weights are pruned",
        ),
    ] {
        let name = |text: &str| text.split(':').next().unwrap().to_owned();
        assert_eq!(
            chain(&texts).unwrap_err().to_string(),
            format!(
                "rules `{}` and `{}` conflict in layer {layer}: both determine {what}",
                name(texts[0]),
                name(texts[2])
            )
        );
    }
    // In different layers, and those that combine.
    for texts in [
        &["bdnn-dsd:layers=1", "spine-retraction:layers=2"][..],
        &[
            "grapes",
            "bdnn-dsd",
            "dropout",
            "l2",
            "magnitude-pruning",
            "adam",
        ],
        &[
            "drop-connect",
            "feedback-alignment",
            "meprop",
            "l1",
            "max-norm",
            "synaptic-pruning",
            "momentum",
        ],
    ] {
        chain(texts).unwrap();
    }
}

#[test]
fn text_that_is_no_rule_is_refused() {
    for text in [
        "",
        ":threshold=1",
        "bdnn-dsd:",
        "bdnn-dsd:threshold",
        "bdnn-dsd:threshold=1,",
    ] {
        assert_eq!(
            text.parse::<RuleSettings>(),
            Err(Error::Syntax {
                found: text.to_owned()
            })
        );
    }
}

/// Follows the gradient of 1/2 (w - target)^2 until nothing moves.
fn descend<S: Buildable>(row: &Row, least: f64) {
    let (learning_rate, tolerance) = (row.descent.0, row.descent.1.max(least));
    let settings = row
        .descends_with
        .map_or_else(|| RuleSettings::new(row.name), |text| text.parse().unwrap());
    let mut course = Course::<S>::new(&settings);
    let target = |index: usize| row.targets[index % row.targets.len()];
    for step in 0..1000 {
        course.step(step, learning_rate, |_, weight| {
            weight
                .iter()
                .enumerate()
                .map(|(i, w)| *w - S::from_f64(target(i)))
                .collect()
        });
    }
    for weight in &course.weights {
        for (index, weight) in weight.iter().enumerate() {
            let rest = (row.rest)(target(index));
            assert!(
                (weight.to_f64() - rest).abs() <= tolerance * rest.abs(),
                "{}: {weight} instead of {rest}",
                row.name
            );
        }
    }
}

#[test]
fn every_entry_converges_on_a_parabola() {
    for row in ROWS {
        descend::<f64>(row, 0.0);
        // Ten units in the last place, where the update gets too small to change the weight.
        descend::<f32>(row, 1e-6);
    }
}

fn assert_resumes<S: Buildable>(settings: &RuleSettings) {
    let mut whole = Course::<S>::new(settings);
    whole.wander(0..30);

    let mut first = Course::<S>::new(settings);
    first.wander(0..15);
    let mut second = Course::<S>::new(settings);
    let saved = first.state();
    second
        .chain
        .rules_mut()
        .iter_mut()
        .for_each(|rule| rule.restore(&saved).unwrap());
    second.chain.optimizer_mut().restore(&saved).unwrap();
    second.weights.clone_from(&first.weights);
    second.wander(15..30);

    assert_eq!(bits(&second.weights), bits(&whole.weights), "{settings}");
    assert_eq!(second.state(), whole.state(), "{settings}");
    assert_eq!(
        second.factors,
        whole.factors[first.factors.len()..],
        "{settings}"
    );
}

#[test]
fn a_rule_restored_from_its_state_goes_on_bit_equal() {
    for settings in every_setting() {
        assert_resumes::<f32>(&settings);
        assert_resumes::<f64>(&settings);
    }
}

#[test]
fn a_learning_rate_of_zero_moves_no_weight_but_as_documented() {
    for row in ROWS {
        let mut course = Course::<f64>::new(&RuleSettings::new(row.name));
        let expected: Vec<Vec<f64>> = course
            .weights
            .iter()
            .map(|weight| weight.iter().map(|w| (row.at_rate_zero)(*w)).collect())
            .collect();
        for step in 0..5 {
            course.step(step, 0.0, |layer, weight| {
                random(weight.len(), Purpose::Noise, step + layer as u64, 1.0)
            });
        }
        assert_eq!(course.weights, expected, "{}", row.name);
    }
}

#[test]
fn every_entry_promises_finite_numbers_so_that_no_step_is_copied() {
    for settings in every_setting() {
        let settings = [settings];
        let plan = plan();
        assert!(
            !Chain::<f32>::from_settings(&settings, &plan)
                .unwrap()
                .may_be_non_finite(),
            "{}",
            settings[0]
        );
        assert!(
            !Chain::<f64>::from_settings(&settings, &plan)
                .unwrap()
                .may_be_non_finite(),
            "{}",
            settings[0]
        );
    }
}

#[test]
fn finite_numbers_stay_finite() {
    for settings in every_setting() {
        let mut course = Course::<f32>::new(&settings);
        for step in 0..58 {
            let magnitude = 10_f64.powi(step as i32 - 20);
            course.step(step, 0.1, |layer, weight| {
                random(weight.len(), Purpose::Noise, step + layer as u64, magnitude)
            });
            assert!(
                course
                    .weights
                    .iter()
                    .flatten()
                    .chain(&course.factors)
                    .all(|value| value.is_finite()),
                "{settings}, step {step}"
            );
            for entry in course.state() {
                if let StateValues::Scalars(values) = entry.values {
                    assert!(
                        values.iter().all(|value| value.is_finite()),
                        "{settings}, step {step}: {}",
                        entry.name
                    );
                }
            }
        }
    }
}

#[test]
fn what_a_rule_keeps_of_a_weight_without_gradient_falls_to_zero_and_not_to_numbers_that_are_slow() {
    // Slow means are near the smallest numbers in the end only if they start near them.
    for (settings, start) in every_setting()
        .into_iter()
        .flat_map(|settings| [1.0, 1e-17].map(|start| (settings.clone(), start)))
    {
        let mut course = Course::<f32>::new(&settings);
        for step in 0..1500 {
            let width = if step < 3 { start } else { 0.0 };
            course.step(step, 0.01, |layer, weight| {
                random(weight.len(), Purpose::Noise, step + layer as u64, width)
            });
        }
        for entry in course.state() {
            if let StateValues::Scalars(values) = entry.values {
                assert!(
                    values.iter().all(|value| !value.is_subnormal()),
                    "{settings}: {}",
                    entry.name
                );
            }
        }
    }
}

fn assert_fused_is_unfused<S: Buildable>(settings: &RuleSettings) {
    let mut fused = Course::<S>::new(settings);
    let mut plain = Course::<S>::new(settings);
    plain.chain = plain.chain.unfused(&plan());
    for step in 0..60 {
        fused.wander(step..step + 1);
        plain.wander(step..step + 1);
        assert_eq!(
            bits(&fused.weights),
            bits(&plain.weights),
            "{settings}, step {step}"
        );
        assert_eq!(fused.state(), plain.state(), "{settings}, step {step}");
    }
    let metrics = fused.metrics();
    assert_eq!(metrics, plain.metrics(), "{settings}");
    let counts = [
        "bdnn-dsd",
        "spine-retraction",
        "magnitude-pruning",
        "filter-pruning",
        "synaptic-pruning",
    ]
    .contains(&settings.name.as_str());
    assert_eq!(
        metrics.is_empty(),
        !counts,
        "{settings}: bounds and removed weights are counted"
    );
    for (_, metrics) in &metrics {
        let events: u64 = metrics
            .iter()
            .take(4)
            .map(spinet_rules::Metric::total)
            .sum();
        // Some defaults are too patient for a course this short.
        assert!(
            events > 0 || settings.parameters.is_empty(),
            "{settings}: the course must make something happen"
        );
    }
}

#[test]
fn the_fused_pass_is_bit_equal_to_the_separate_hooks() {
    for settings in every_setting() {
        assert_fused_is_unfused::<f32>(&settings);
        assert_fused_is_unfused::<f64>(&settings);
    }
}

#[test]
fn a_layer_that_was_not_chosen_goes_the_way_of_plain_gradient_descent() {
    for (text, free) in [
        ("bdnn-dsd:layers=2", 0),
        ("bdnn-dsd:layers=1", 1),
        ("l2:weight_decay=0.5,layers=1", 1),
        ("l1:l1_penalty=0.5,layers=2", 0),
        ("max-norm:max_norm=0.1,layers=1", 1),
    ] {
        let mut course = Course::<f32>::new(&text.parse().unwrap());
        let mut plain = Course::<f32>::new(&RuleSettings::new("gradient-descent"));
        course.wander(0..20);
        plain.wander(0..20);
        assert_eq!(course.weights[free], plain.weights[free], "{text}");
        assert_ne!(course.weights[1 - free], plain.weights[1 - free], "{text}");
    }
}

#[test]
fn l2_and_bdnn_dsd_together_are_the_two_done_by_hand() {
    let (weight_decay, bdnn) = (0.3, "bdnn-dsd:threshold=2");
    for is_turned in [false, true] {
        let mut settings: Vec<RuleSettings> = ["l2:weight_decay=0.3", bdnn]
            .map(|text| text.parse().unwrap())
            .to_vec();
        if is_turned {
            settings.reverse();
        }
        let mut course = Course::<f64>::new(&settings[0]);
        course.chain = Chain::from_settings(&settings, &plan()).unwrap();
        let mut by_hand = course.weights.clone();
        let mut bounds = [0, 1].map(|layer| Algorithm1::new(&resolve(bdnn).unwrap(), count(layer)));
        for step in 0..40 {
            course.step(step, LEARNING_RATE, |layer, weight| {
                random(
                    weight.len(),
                    Purpose::Noise,
                    2 * (step / 4) + layer as u64,
                    2.0,
                )
            });
            for (layer, weight) in by_hand.iter_mut().enumerate() {
                let noise: Vec<f64> = random(
                    weight.len(),
                    Purpose::Noise,
                    2 * (step / 4) + layer as u64,
                    2.0,
                );
                let grad: Vec<f64> = noise
                    .iter()
                    .zip(weight.iter())
                    .map(|(g, w)| g + weight_decay * w)
                    .collect();
                bounds[layer].step(LEARNING_RATE, weight, &grad);
            }
            assert_eq!(course.weights, by_hand, "step {step}, turned {is_turned}");
        }
    }
}

#[test]
fn two_rules_at_one_seam_act_one_after_the_other() {
    let decay = |weight_decay| {
        L2::<f64>::new(
            &resolve(&format!("l2:weight_decay={weight_decay}")).unwrap(),
            &plan(),
        )
        .unwrap()
    };
    let bound = |initial_bound| {
        BdnnDsd::<f64>::new(
            &resolve(&format!("bdnn-dsd:initial_bound={initial_bound}")).unwrap(),
            &plan(),
        )
        .unwrap()
    };
    let rules: Vec<Box<dyn spinet_rules::Rule<f64>>> = vec![
        Box::new(decay(0.5)),
        Box::new(bound(0.4)),
        Box::new(decay(0.25)),
        Box::new(bound(0.2)),
    ];
    let mut chain = Chain::new(&plan(), rules, Box::new(GradientDescent));
    let at = At { id: 0, step: 0 };
    let (mut weight, mut grad) = (vec![1.0; 20], vec![0.0; 20]);
    chain.gradient(at, &weight, &mut grad);
    assert_eq!(grad, [0.75; 20]);
    chain.update(at, 0.1, &mut weight, &grad);
    assert_eq!(weight, [0.2; 20]);
    let counted: Vec<_> = chain
        .metrics(&vec![weight.as_slice(), &[], &[], &[]])
        .iter()
        .map(|(name, metrics)| (*name, metrics[4].total()))
        .collect();
    assert_eq!(
        counted,
        [("bdnn-dsd", 0), ("bdnn-dsd", 20)],
        "both saw the weight, the second clamped it"
    );
}
