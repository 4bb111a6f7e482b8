//! Where a step calls the hooks of rules, in which order, with what, and what their answers change.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::{Arc, Mutex};

use spinet_nn::{Arrays, Batch, Inputs, Network, NetworkConfig, Targets, Threads, Workspace};
use spinet_rules::{
    At, Chain, Dropout, Params, Propagation, Purpose, Rule, RuleEntry, Seam, Stream, resolve,
};

const SIZES: [usize; 4] = [3, 5, 4, 2];
const SAMPLES: usize = 6;

fn network() -> Network<f64> {
    Network::new(&NetworkConfig::dense(&SIZES), 1).unwrap()
}

fn inputs() -> Vec<f64> {
    let mut stream = Stream::new(1, Purpose::Noise, 0);
    (0..SAMPLES * SIZES[0]).map(|_| stream.normal()).collect()
}

const LABELS: [u8; SAMPLES] = [0, 1, 1, 0, 1, 0];

/// Network, rules, buffers and a batch, ready to step.
struct Bench {
    network: Network<f64>,
    chain: Chain<f64>,
    workspace: Workspace<f64>,
}

impl Bench {
    fn new(rules: Vec<Box<dyn Rule<f64>>>) -> Self {
        let network = network();
        let chain = Chain::with_gradient_descent(&network.plan(SAMPLES, 0), rules);
        let workspace = Workspace::new(&network, SAMPLES, Threads::one());
        Self {
            network,
            chain,
            workspace,
        }
    }

    fn differentiate(&mut self, step: u64) -> (f64, Arrays<f64>) {
        let batch = Batch {
            inputs: Inputs::Numbers(&inputs()),
            targets: Targets::classes(&LABELS),
        };
        let loss = self
            .workspace
            .differentiate(&self.network, &mut self.chain, &batch, step);
        (loss, self.workspace.gradients().clone())
    }

    fn step(&mut self, step: u64) -> f64 {
        let batch = Batch {
            inputs: Inputs::Numbers(&inputs()),
            targets: Targets::classes(&LABELS),
        };
        self.workspace
            .step(&mut self.network, &mut self.chain, &batch, 0.5, step)
            .unwrap()
    }
}

/// Loss and gradients of a network whose rules do nothing.
fn plain() -> (f64, Arrays<f64>) {
    Bench::new(Vec::new()).differentiate(0)
}

/// Writes down every call of a hook and changes nothing.
struct Probe {
    propagation: Propagation,
    calls: Arc<Mutex<Vec<String>>>,
    /// What the arrays are at the start, to see that hooks get these and not others.
    params: Vec<Vec<f64>>,
}

impl Probe {
    fn note(&self, at: At, call: &str) {
        assert_eq!(at.step, 9);
        self.calls
            .lock()
            .unwrap()
            .push(format!("{call} of {}", at.id));
    }
}

impl Rule<f64> for Probe {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("probe", &Seam::ALL) }
    }

    fn acts(&self, _: Seam, _: usize) -> bool {
        true
    }

    fn propagation(&self) -> Propagation {
        self.propagation
    }

    fn activation(&mut self, at: At, rows: usize) -> Option<&[f64]> {
        self.note(at, &format!("factors for {rows} rows"));
        None
    }

    fn weight_view(&mut self, at: At, weight: &[f64], view: &mut [f64]) {
        assert_eq!(weight, self.params[at.id]);
        self.note(at, "view");
        view.copy_from_slice(weight);
    }

    fn error_signal(&mut self, at: At, values: &mut [f64], params: &dyn Params<f64>) {
        self.params
            .iter()
            .enumerate()
            .for_each(|(id, param)| assert_eq!(params.param(id), param));
        self.note(at, &format!("error signal [{}]", values.len()));
    }

    fn gradient(&mut self, at: At, weight: &[f64], grad: &mut [f64]) {
        assert_eq!(weight, self.params[at.id]);
        self.note(at, &format!("gradient [{}]", grad.len()));
    }

    fn after_update(&mut self, at: At, before: &[f64], weight: &mut [f64]) {
        assert_eq!(before, self.params[at.id]);
        assert_ne!(before, weight);
        self.note(at, &format!("update [{}]", weight.len()));
    }
}

/// The calls of one step with a probe of this kind, and the numbers it leaves.
fn probed(propagation: Propagation) -> Vec<String> {
    let calls = Arc::default();
    let params = (0..6)
        .map(|id| network().params().get(id).to_vec())
        .collect();
    let mut bench = Bench::new(vec![Box::new(Probe {
        propagation,
        calls: Arc::clone(&calls),
        params,
    })]);
    let mut free = Bench::new(Vec::new());
    assert_eq!(bench.step(9), free.step(9));
    assert_eq!(bench.network, free.network, "a probe changes nothing");
    std::mem::take(&mut calls.lock().unwrap())
}

/// Arrays are numbered through, weights then biases of each layer; signals as layers.
const FORWARD: [&str; 5] = [
    "view of 0",
    "factors for 6 rows of 0",
    "view of 2",
    "factors for 6 rows of 1",
    "view of 4",
];
const UPDATE: [&str; 12] = [
    "gradient [15] of 0",
    "gradient [5] of 1",
    "gradient [20] of 2",
    "gradient [4] of 3",
    "gradient [8] of 4",
    "gradient [2] of 5",
    "update [15] of 0",
    "update [5] of 1",
    "update [20] of 2",
    "update [4] of 3",
    "update [8] of 4",
    "update [2] of 5",
];

#[test]
fn hooks_are_called_forward_then_backward_then_on_gradients_then_on_arrays() {
    let backward = [
        "error signal [12] of 2",
        "error signal [24] of 1",
        "error signal [30] of 0",
    ];
    for propagation in [Propagation::Propagating, Propagation::Local] {
        assert_eq!(
            probed(propagation),
            [&FORWARD[..], &backward, &UPDATE].concat()
        );
    }
}

/// Lets a step use other weights in one layer.
struct View {
    layer: usize,
    weight: Option<Vec<f64>>,
}

impl Rule<f64> for View {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("view", &Seam::ALL) }
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::WeightView && id == 2 * self.layer && self.weight.is_some()
    }

    fn weight_view(&mut self, _: At, _: &[f64], view: &mut [f64]) {
        view.copy_from_slice(self.weight.as_ref().unwrap());
    }
}

#[test]
fn a_weight_view_is_used_forward_and_upstream_and_the_update_goes_to_the_weight() {
    for layer in 0..3 {
        let view: Vec<f64> = network()
            .weight(layer)
            .iter()
            .map(|w| 0.25 - 2.0 * w)
            .collect();
        let mut other = Bench::new(Vec::new());
        other.network.weight_mut(layer).copy_from_slice(&view);
        let (loss, expected) = other.differentiate(0);
        assert_ne!(loss, plain().0);

        let mut bench = Bench::new(vec![Box::new(View {
            layer,
            weight: Some(view),
        })]);
        let before = bench.network.weight(layer).to_vec();
        assert_eq!(bench.step(0), loss);
        assert_eq!(bench.workspace.gradients(), &expected);
        let moved: Vec<f64> = before
            .iter()
            .zip(expected.get(2 * layer))
            .map(|(w, g)| w - 0.5 * g)
            .collect();
        assert_eq!(bench.network.weight(layer), moved);
    }
}

#[test]
fn the_first_rule_that_has_a_view_gives_it() {
    let doubled: Vec<f64> = network().weight(1).iter().map(|w| 2.0 * w).collect();
    let views = |weights: Vec<Option<Vec<f64>>>| {
        let rules = weights
            .into_iter()
            .map(|weight| Box::new(View { layer: 1, weight }) as Box<dyn Rule<f64>>)
            .collect();
        Bench::new(rules).differentiate(0).0
    };
    let expected = views(vec![Some(doubled.clone())]);
    assert_ne!(expected, plain().0);
    assert_eq!(
        views(vec![None, Some(doubled.clone()), Some(vec![0.0; 20])]),
        expected
    );
}

/// Doubles the error signal of a layer.
struct Double {
    layer: usize,
    propagation: Propagation,
}

impl Rule<f64> for Double {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("double", &Seam::ALL) }
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::ErrorSignal && id == self.layer
    }

    fn propagation(&self) -> Propagation {
        self.propagation
    }

    fn error_signal(&mut self, _: At, values: &mut [f64], _: &dyn Params<f64>) {
        for value in values {
            *value *= 2.0;
        }
    }
}

#[test]
fn a_propagating_rule_changes_its_layer_and_those_below_and_a_local_one_its_own_alone() {
    let (loss, plain) = plain();
    for (propagation, layer, doubled) in [
        (Propagation::Propagating, 0, [true, false, false]),
        (Propagation::Propagating, 1, [true, true, false]),
        (Propagation::Propagating, 2, [true, true, true]),
        (Propagation::Local, 0, [true, false, false]),
        (Propagation::Local, 1, [false, true, false]),
        (Propagation::Local, 2, [false, false, true]),
    ] {
        let (found_loss, found) =
            Bench::new(vec![Box::new(Double { layer, propagation })]).differentiate(0);
        assert_eq!(found_loss, loss);
        for (layer, is_doubled) in doubled.into_iter().enumerate() {
            // Doubling is exact, so whatever was doubled is so to the last bit.
            let factor = if is_doubled { 2.0 } else { 1.0 };
            let times = |values: &[f64]| {
                values
                    .iter()
                    .map(|value| factor * value)
                    .collect::<Vec<_>>()
            };
            for id in [2 * layer, 2 * layer + 1] {
                assert_eq!(
                    found.get(id),
                    times(plain.get(id)),
                    "{propagation:?}, layer {layer}"
                );
            }
        }
    }
}

/// Factors for the hidden layers that follow from layer and step; none in odd steps, if it rests
/// there.
struct Factors {
    seed: u64,
    rests: bool,
    kept: Vec<f64>,
}

impl Factors {
    fn new(seed: u64, rests: bool) -> Self {
        Self {
            seed,
            rests,
            kept: Vec::new(),
        }
    }

    fn draw(&self, at: At, count: usize) -> Vec<f64> {
        let mut stream = Stream::new(self.seed, Purpose::Noise, 16 * at.step + at.id as u64);
        (0..count)
            .map(|_| f64::from(stream.below(5)) / 2.0)
            .collect()
    }
}

impl Rule<f64> for Factors {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("factors", &Seam::ALL) }
    }

    fn acts(&self, seam: Seam, _: usize) -> bool {
        seam == Seam::Activation
    }

    fn activation(&mut self, at: At, rows: usize) -> Option<&[f64]> {
        if self.rests && at.step % 2 == 1 {
            return None;
        }
        self.kept = self.draw(at, rows * SIZES[at.id + 1]);
        Some(&self.kept)
    }
}

/// The factors of two rules, multiplied beforehand.
struct Product(Factors, Factors, Vec<f64>);

impl Rule<f64> for Product {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("product", &Seam::ALL) }
    }

    fn acts(&self, seam: Seam, _: usize) -> bool {
        seam == Seam::Activation
    }

    fn activation(&mut self, at: At, rows: usize) -> Option<&[f64]> {
        let [one, other] =
            [&self.0, &self.1].map(|factors| factors.draw(at, rows * SIZES[at.id + 1]));
        self.2 = one
            .iter()
            .zip(other)
            .map(|(one, other)| one * other)
            .collect();
        Some(&self.2)
    }
}

fn assert_same_course(mut one: Bench, mut other: Bench, steps: u64) {
    for step in 0..steps {
        assert_eq!(one.step(step), other.step(step), "step {step}");
        assert_eq!(one.network, other.network, "step {step}");
    }
    assert_ne!(one.network, network());
}

#[test]
fn the_factors_of_two_rules_multiply() {
    let two = Bench::new(vec![
        Box::new(Factors::new(1, false)),
        Box::new(Factors::new(2, false)),
    ]);
    let product = Bench::new(vec![Box::new(Product(
        Factors::new(1, false),
        Factors::new(2, false),
        Vec::new(),
    ))]);
    assert_same_course(two, product, 4);
}

#[test]
fn dropout_that_drops_nothing_leaves_the_factors_of_another_rule() {
    let none = Dropout::new(
        &resolve("dropout:dropout_rate=0").unwrap(),
        &network().plan(SAMPLES, 0),
    )
    .unwrap();
    let two = Bench::new(vec![Box::new(none), Box::new(Factors::new(2, false))]);
    assert_same_course(two, Bench::new(vec![Box::new(Factors::new(2, false))]), 4);
}

#[test]
fn a_rule_without_factors_in_a_step_leaves_those_of_the_next_rule() {
    let mut two = Bench::new(vec![
        Box::new(Factors::new(1, true)),
        Box::new(Factors::new(2, false)),
    ]);
    let mut second = Bench::new(vec![Box::new(Factors::new(2, false))]);
    assert_eq!(two.differentiate(1).0, second.differentiate(1).0);
    assert_ne!(
        two.differentiate(2).0,
        second.differentiate(2).0,
        "in even steps both rules act"
    );
}

#[test]
fn a_step_without_factors_is_plain_even_after_one_with_factors() {
    let mut bench = Bench::new(vec![Box::new(Factors::new(1, true))]);
    assert_ne!(bench.differentiate(0).0, plain().0);
    let (loss, gradients) = bench.differentiate(1);
    assert_eq!((loss, gradients), plain());
}

#[test]
fn a_workspace_keeps_nothing_of_the_rules_of_another_chain() {
    let mut bench = Bench::new(vec![Box::new(Factors::new(1, false))]);
    assert_ne!(bench.differentiate(0).0, plain().0);
    bench.chain = Chain::with_gradient_descent(&bench.network.plan(SAMPLES, 0), Vec::new());
    let (loss, gradients) = bench.differentiate(0);
    assert_eq!((loss, gradients), plain());
}

#[test]
fn evaluation_calls_no_rule() {
    let calls: Arc<Mutex<Vec<String>>> = Arc::default();
    let probe = Probe {
        propagation: Propagation::Local,
        calls: Arc::clone(&calls),
        params: Vec::new(),
    };
    let mut bench = Bench::new(vec![Box::new(probe)]);
    let predicted = bench.workspace.predict(&bench.network, &inputs());
    assert_eq!(
        predicted,
        Bench::new(Vec::new())
            .workspace
            .predict(&network(), &inputs())
    );
    assert!(calls.lock().unwrap().is_empty());
}
