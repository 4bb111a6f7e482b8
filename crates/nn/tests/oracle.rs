//! Gradients and training against reference numbers that `PyTorch` made in `f64`:
//! `oracle/gradients.py`, `oracle/training.py`.
//!
//! Tolerance, times `max(1, |expected|)`: 1e-10 in `f64`, where only the order of sums and the
//! library's `exp` differ; 1e-5 in `f32` after 12 steps. Counters, events and counts are equal.
//! Spine bounds are compared in `f64` alone: in `f32` a comparison of the rule may fall to the
//! other side.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use serde::Deserialize;
use spinet_nn::{
    Activation, Batch, BiasInitializer, Initializer, Inputs, Loss, Network, NetworkConfig, Real,
    Targets, Threads, Workspace,
};
use spinet_rules::{At, Buildable, Chain, Rule, RuleEntry, RuleSettings, Seam, StateValues};

const F64_TOLERANCE: f64 = 1e-10;
const F32_TOLERANCE: f64 = 1e-5;

fn to<S: Buildable>(values: &[f64]) -> Vec<S> {
    values.iter().map(|value| S::from_f64(*value)).collect()
}

fn assert_near<S: Buildable>(found: &[S], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found.to_f64() - expected).abs();
        assert!(
            difference <= tolerance * expected.abs().max(1.0),
            "{what}[{index}] is {found}, expected {expected}"
        );
    }
}

#[derive(Deserialize)]
struct GradientCases {
    cases: Vec<GradientCase>,
}

#[derive(Deserialize)]
struct GradientCase {
    name: String,
    sizes: Vec<usize>,
    activation: Activation,
    loss: Loss,
    /// `softmax` with cross-entropy, else an activation.
    output_activation: String,
    bias: bool,
    batch: usize,
    input: Vec<f64>,
    labels: Vec<u8>,
    weights: Vec<Vec<f64>>,
    biases: Vec<Option<Vec<f64>>>,
    logits: Vec<f64>,
    outputs: Vec<f64>,
    loss_value: f64,
    weight_grads: Vec<Vec<f64>>,
    bias_grads: Vec<Option<Vec<f64>>>,
}

impl GradientCase {
    fn network(&self) -> Network<f64> {
        self.with_output(if self.output_activation == "sigmoid" {
            Activation::Sigmoid
        } else {
            Activation::Identity
        })
    }

    fn with_output(&self, output_activation: Activation) -> Network<f64> {
        let config = NetworkConfig {
            sizes: self.sizes.clone(),
            layers: Vec::new(),
            activation: self.activation,
            output_activation,
            loss: self.loss,
            initializer: Initializer::Xavier,
            bias_initializer: BiasInitializer::Zeros,
            has_bias: self.bias,
            image: None,
        };
        let mut network =
            Network::with_weights(&config, |layer, _| self.weights[layer].clone()).unwrap();
        for (layer, bias) in self.biases.iter().enumerate() {
            if let (Some(own), Some(bias)) = (network.bias_mut(layer), bias) {
                own.copy_from_slice(bias);
            }
        }
        network
    }
}

#[test]
fn losses_outputs_and_gradients_are_those_of_automatic_differentiation() {
    let GradientCases { cases } =
        serde_json::from_str(include_str!("oracle/gradients.json")).unwrap();
    assert_eq!(cases.len(), 15);
    for case in &cases {
        let network = case.network();
        let mut workspace = Workspace::new(&network, case.batch, Threads::one());
        let mut chain = Chain::with_gradient_descent(&network.plan(case.batch, 0), Vec::new());
        let near = |found: &[f64], expected: &[f64], what: &str| {
            assert_near(
                found,
                expected,
                F64_TOLERANCE,
                &format!("{}: {what}", case.name),
            );
        };

        let batch = Batch {
            inputs: Inputs::Numbers(&case.input),
            targets: Targets::classes(&case.labels),
        };
        let loss = workspace.differentiate(&network, &mut chain, &batch, 0);
        near(&[loss], &[case.loss_value], "loss");
        for layer in 0..network.layers().len() {
            near(
                workspace.gradients().get(network.weight_id(layer)),
                &case.weight_grads[layer],
                &format!("gradient {layer}"),
            );
            assert_eq!(
                network.bias(layer).is_some(),
                case.bias_grads[layer].is_some(),
                "{}",
                case.name
            );
            if let Some(expected) = &case.bias_grads[layer] {
                near(
                    workspace.gradients().get(network.bias_id(layer)),
                    expected,
                    &format!("bias gradient {layer}"),
                );
            }
        }

        let outputs = workspace.evaluate(&network, &Inputs::Numbers(&case.input));
        case.loss.probabilities(outputs, network.classes());
        near(outputs, &case.outputs, "outputs");
        let sum = workspace.score(&network, [batch])[0].loss;
        near(&[sum / case.batch as f64], &[case.loss_value], "score");
        let network = case.with_output(Activation::Identity);
        near(
            workspace.evaluate(&network, &Inputs::Numbers(&case.input)),
            &case.logits,
            "logits",
        );
    }
}

#[derive(Deserialize)]
struct Training {
    sizes: Vec<usize>,
    batch: usize,
    learning_rate: f64,
    initial_weights: Vec<Vec<f64>>,
    inputs: Vec<Vec<f64>>,
    labels: Vec<Vec<u8>>,
    cases: Vec<TrainingCase>,
}

#[derive(Deserialize)]
struct TrainingCase {
    name: String,
    #[serde(flatten)]
    method: Method,
    losses: Vec<f64>,
    states: Vec<State>,
    /// Counts of the last state, with spine bounds.
    #[serde(default)]
    counts: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
enum Method {
    GradientDescent,
    L2 {
        weight_decay: f64,
    },
    Dropout {
        dropout_rate: f64,
        masks: Vec<Vec<f64>>,
    },
    #[serde(rename = "spine-bound")]
    BdnnDsd {
        growth_counting: String,
        shrink_counting: String,
        layers: String,
        threshold: u16,
        initial_bound: f64,
        bound_step: f64,
    },
}

/// After `step` steps, counted from 1; the fields after the biases are those of spine bounds.
#[derive(Deserialize)]
struct State {
    step: u64,
    weights: Vec<Vec<f64>>,
    biases: Vec<Vec<f64>>,
    #[serde(default)]
    bounds: Vec<Option<Vec<f64>>>,
    #[serde(default)]
    over: Vec<Option<Vec<u16>>>,
    #[serde(default)]
    decay: Vec<Option<Vec<u16>>>,
    #[serde(default)]
    spine_events: BTreeMap<String, u64>,
}

/// Dropout with given masks instead of drawn ones.
struct StoredMasks<S>(Vec<Vec<S>>);

impl<S: Buildable> Rule<S> for StoredMasks<S> {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("stored-masks", &[Seam::Activation]) }
    }

    fn acts(&self, seam: Seam, _: usize) -> bool {
        seam == Seam::Activation
    }

    fn activation(&mut self, at: At, rows: usize) -> Option<&[S]> {
        let factors = &self.0[at.step as usize];
        assert!(factors.len().is_multiple_of(rows));
        Some(factors)
    }
}

impl Method {
    fn rule<S: Buildable>(&self, plan: &spinet_rules::Plan) -> Chain<S> {
        let settings = match self {
            Self::GradientDescent => RuleSettings::new("gradient-descent"),
            Self::L2 { weight_decay } => {
                RuleSettings::new("l2").with_number("weight_decay", *weight_decay)
            }
            Self::Dropout {
                dropout_rate,
                masks,
            } => {
                let factors = |mask: &Vec<f64>| {
                    mask.iter()
                        .map(|kept| S::from_f64(kept / (1.0 - dropout_rate)))
                        .collect()
                };
                return Chain::with_gradient_descent(
                    plan,
                    vec![Box::new(StoredMasks(masks.iter().map(factors).collect()))],
                );
            }
            Self::BdnnDsd {
                growth_counting,
                shrink_counting,
                layers,
                threshold,
                initial_bound,
                bound_step,
            } => RuleSettings::new("bdnn-dsd")
                .with_number("initial_bound", *initial_bound)
                .with_number("bound_step", *bound_step)
                .with_number("threshold", f64::from(*threshold))
                .with_text("growth_counting", growth_counting)
                .with_text("shrink_counting", shrink_counting)
                .with_text("layers", if layers == "first" { "1" } else { "all" }),
        };
        Chain::from_settings(&[settings], plan).unwrap()
    }
}

/// Bounds and counters of every layer against the stored ones; a layer without them must be without
/// them here.
fn assert_bounds(chain: &Chain<f64>, state: &State, what: &str) {
    let saved: Vec<_> = chain.rules().iter().flat_map(|rule| rule.state()).collect();
    assert_eq!(saved.is_empty(), state.bounds.is_empty(), "{what}: bounds");
    for layer in 0..state.bounds.len() {
        let values = |name: &str| {
            saved
                .iter()
                .find(|entry| entry.name == name && entry.param == 2 * layer)
                .map(|entry| &entry.values)
        };
        match (values("bound"), &state.bounds[layer]) {
            (Some(StateValues::Scalars(found)), Some(expected)) => {
                assert_near(
                    found,
                    expected,
                    F64_TOLERANCE,
                    &format!("{what}: bound {layer}"),
                );
            }
            (None, None) => {}
            (found, _) => panic!("{what}: layer {layer} has bounds {found:?}"),
        }
        let counts = |counts: &Option<Vec<u16>>| counts.clone().map(StateValues::Counts);
        assert_eq!(
            values("over"),
            counts(&state.over[layer]).as_ref(),
            "{what}: over {layer}"
        );
        assert_eq!(
            values("decay"),
            counts(&state.decay[layer]).as_ref(),
            "{what}: decay {layer}"
        );
    }
}

/// Trains a case and calls `see` at every stored state; losses are compared on the way.
fn train<S: Real>(
    given: &Training,
    case: &TrainingCase,
    tolerance: f64,
    steps: u64,
    mut see: impl FnMut(&mut Chain<S>, &Network<S>, &State),
) {
    let config = NetworkConfig::dense(&given.sizes);
    let mut network =
        Network::<S>::with_weights(&config, |layer, _| to(&given.initial_weights[layer])).unwrap();
    let mut chain = case.method.rule::<S>(&network.plan(given.batch, 0));
    let mut workspace = Workspace::new(&network, given.batch, Threads::one());
    for step in 0..steps {
        let index = step as usize;
        let (inputs, labels) = (to::<S>(&given.inputs[index]), &given.labels[index]);
        let loss = workspace
            .step(
                &mut network,
                &mut chain,
                &Batch {
                    inputs: Inputs::Numbers(&inputs),
                    targets: Targets::classes(labels),
                },
                given.learning_rate,
                step,
            )
            .unwrap();
        assert_near(
            &[loss],
            &[case.losses[index]],
            tolerance,
            &format!("{}, step {}: loss", case.name, step + 1),
        );
        let Some(state) = case.states.iter().find(|state| state.step == step + 1) else {
            continue;
        };
        for layer in 0..network.layers().len() {
            let what = |array: &str| format!("{}, step {}: {array} {layer}", case.name, step + 1);
            assert_near(
                network.weight(layer),
                &state.weights[layer],
                tolerance,
                &what("weight"),
            );
            assert_near(
                network.bias(layer).unwrap(),
                &state.biases[layer],
                tolerance,
                &what("bias"),
            );
        }
        see(&mut chain, &network, state);
    }
}

fn training() -> Training {
    let training: Training = serde_json::from_str(include_str!("oracle/training.json")).unwrap();
    assert_eq!(training.cases.len(), 11);
    training
}

#[test]
fn training_by_every_method_gives_the_reference_numbers_in_f64() {
    let given = training();
    for case in &given.cases {
        let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
        let mut reached = 0;
        train::<f64>(
            &given,
            case,
            F64_TOLERANCE,
            given.inputs.len() as u64,
            |chain, network, state| {
                reached += 1;
                let what = format!("{}, step {}", case.name, state.step);
                assert_bounds(chain, state, &what);
                // A report counts since the report before it; the reference counts events since the
                // first step.
                for measure in chain
                    .metrics(network.params())
                    .into_iter()
                    .flat_map(|(_, metrics)| metrics)
                {
                    let total = totals.entry(measure.name).or_default();
                    *total = measure.total()
                        + if state.spine_events.contains_key(measure.name) {
                            *total
                        } else {
                            0
                        };
                }
                for (name, expected) in &state.spine_events {
                    assert_eq!(totals[name.as_str()], *expected, "{what}: {name}");
                }
            },
        );
        assert_eq!(reached, 2, "{}", case.name);
        assert_eq!(
            case.counts.is_empty(),
            !matches!(case.method, Method::BdnnDsd { .. }),
            "{}",
            case.name
        );
        for (name, expected) in &case.counts {
            assert_eq!(totals[name.as_str()], *expected, "{}: {name}", case.name);
        }
    }
}

#[test]
fn twelve_steps_in_f32_stay_near_the_reference_numbers() {
    let given = training();
    let smooth: Vec<_> = given
        .cases
        .iter()
        .filter(|case| !matches!(case.method, Method::BdnnDsd { .. }))
        .collect();
    assert_eq!(smooth.len(), 3);
    for case in smooth {
        let mut reached = 0;
        train::<f32>(&given, case, F32_TOLERANCE, 12, |_, _, _| reached += 1);
        assert_eq!(reached, 1, "{}", case.name);
    }
}
