//! What is drawn at random: every mask and every feedback weight is its own, whatever the layer,
//! the step, the seed and the rule.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use spinet_rules::{At, Chain, Feedback, Plan, Purpose, RULES, RuleSettings, Seam, Stream};

/// Every layer is square and as large as the batch, so that nothing differs for its size alone.
const SIZE: usize = 12;
const LAYERS: usize = 4;
const STEPS: u64 = 3;
const SEEDS: [u64; 3] = [0, 1, 7];
/// Feedback weights are drawn once for a run.
const FIXED: &str = "feedback";

/// What a rule gave: seam, seed, layer and step.
type Place = (&'static str, u64, usize, u64);

/// Everything that a rule gives without having seen anything random.
fn given(name: &str) -> BTreeMap<Place, Vec<f64>> {
    let mut given = BTreeMap::new();
    for seed in SEEDS {
        let plan = Plan {
            batch: SIZE,
            seed,
            epochs: 10,
            ..Plan::dense(&[SIZE; LAYERS + 1])
        };
        let mut chain = Chain::<f64>::from_settings(&[RuleSettings::new(name)], &plan).unwrap();
        let ones = vec![1.0; SIZE * SIZE];
        for step in 0..STEPS {
            for layer in 0..LAYERS {
                let activation = chain
                    .activation(At { id: layer, step }, SIZE)
                    .map(<[f64]>::to_vec);
                let at = At {
                    id: 2 * layer,
                    step,
                };
                let mut view = ones.clone();
                let view = chain.weight_view(at, &ones, &mut view).then_some(view);
                let feedback = chain.feedback(at).map(|feedback| match feedback {
                    Feedback::Layer(values) | Feedback::Output(values) => values.to_vec(),
                });
                for (seam, values) in [
                    ("activation", activation),
                    ("weight view", view),
                    (FIXED, feedback),
                ] {
                    given.extend(values.map(|values| ((seam, seed, layer, step), values)));
                }
                if chain.acts(Seam::AfterUpdate, at.id) || chain.acts(Seam::Gradient, at.id) {
                    // So that rules with epochs see some.
                    chain.update(at, 0.1, &mut ones.clone(), &ones);
                }
            }
        }
    }
    given
}

/// Which values are above their mean: the same draw in another scale is the same pattern.
fn pattern(values: &[f64]) -> Vec<bool> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| *value > mean).collect()
}

#[test]
fn draws_differ_between_layers_steps_seeds_and_rules() {
    let mut drawing = BTreeSet::new();
    let mut known: BTreeMap<Vec<bool>, (&str, Place)> = BTreeMap::new();
    for entry in RULES {
        let given = given(entry.name);
        // What follows the seed is drawn.
        let is_drawn = |(seam, _, layer, step): &Place| {
            SEEDS
                .iter()
                .map(|seed| &given[&(*seam, *seed, *layer, *step)])
                .collect::<Vec<_>>()
                .windows(2)
                .any(|pair| pair[0] != pair[1])
        };
        for (place, values) in given.iter().filter(|(place, _)| is_drawn(place)) {
            let (seam, seed, layer, step) = *place;
            drawing.insert((entry.name, seam));
            if seam == FIXED && step > 0 {
                assert!(
                    *values == given[&(seam, seed, layer, 0)],
                    "{}: {place:?} changed within a run",
                    entry.name
                );
                continue;
            }
            if let Some((other, same)) = known.insert(pattern(values), (entry.name, *place)) {
                // Two rules of which a network has only one may draw the same.
                let excluded = other != entry.name
                    && other.ends_with("feedback-alignment")
                    && entry.name.ends_with("feedback-alignment");
                assert!(
                    excluded,
                    "{} at {place:?} draws what {other} draws at {same:?}",
                    entry.name
                );
            }
        }
        let is_some = |seam| given.keys().any(|place| place.0 == seam);
        for seam in ["activation", "weight view", FIXED]
            .into_iter()
            .filter(|seam| is_some(*seam))
        {
            let is_whole = given.keys().filter(|place| place.0 == seam).all(is_drawn);
            assert!(
                is_whole,
                "{} draws the same with every seed somewhere at the seam {seam}",
                entry.name
            );
        }
    }
    let expected = [
        ("direct-feedback-alignment", FIXED),
        ("drop-connect", "weight view"),
        ("dropout", "activation"),
        ("feedback-alignment", FIXED),
    ];
    assert_eq!(drawing.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn streams_of_another_seed_purpose_or_index_are_others() {
    let purposes = [
        Purpose::Init,
        Purpose::Shuffle,
        Purpose::Dropout,
        Purpose::DropConnect,
        Purpose::Feedback,
        Purpose::Noise,
        Purpose::Split,
    ];
    let mut seen = BTreeSet::new();
    for seed in [0, 1, u64::MAX] {
        for purpose in purposes {
            for index in [0, 1, 1 << 48, u64::MAX] {
                let mut stream = Stream::new(seed, purpose, index);
                assert!(
                    seen.insert([stream.bits(), stream.bits(), stream.bits()]),
                    "{seed}, {purpose:?}, {index}"
                );
            }
        }
    }
}
