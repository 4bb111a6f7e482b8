//! NaN, infinity and overflow stop a step before its update, whatever number was spoiled.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_nn::{
    Activation, Batch, Diverged, Initializer, Inputs, Kernel, Loss, Network, NetworkConfig, Pixels,
    Targets, Threads, Workspace,
};
use spinet_rules::{
    At, BdnnDsd, Chain, Params, Propagation, Purpose, Rule, RuleEntry, Seam, Stream, resolve,
};

const SIZES: [usize; 4] = [4, 5, 6, 3];
const SAMPLES: usize = 7;
const LAST_STEP: u64 = 4;

/// A number that is spoiled; layers are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spot {
    Input,
    Weight(usize),
    Bias(usize),
    Factor(usize),
    ErrorSignal(usize),
    LocalErrorSignal(usize),
    Gradient(usize),
    View(usize),
    Updated(usize),
    UpdatedBias(usize),
}

impl Spot {
    const ALL: [Self; 24] = [
        Self::Input,
        Self::Weight(0),
        Self::Weight(1),
        Self::Weight(2),
        Self::Bias(0),
        Self::Bias(1),
        Self::Bias(2),
        Self::Factor(0),
        Self::Factor(1),
        Self::ErrorSignal(0),
        Self::ErrorSignal(1),
        Self::ErrorSignal(2),
        Self::LocalErrorSignal(0),
        Self::LocalErrorSignal(2),
        Self::Gradient(0),
        Self::Gradient(1),
        Self::Gradient(2),
        Self::View(0),
        Self::View(2),
        Self::Updated(0),
        Self::Updated(1),
        Self::Updated(2),
        Self::UpdatedBias(0),
        Self::UpdatedBias(2),
    ];

    /// What the message calls it.
    fn place(self) -> String {
        match self {
            Self::Input => "the input".to_owned(),
            Self::Weight(layer) => format!("the weight of layer {} (dense)", layer + 1),
            Self::Bias(layer) => format!("the bias of layer {} (dense)", layer + 1),
            Self::Factor(layer) => format!("the activation factors of layer {} (dense)", layer + 1),
            Self::ErrorSignal(layer) | Self::LocalErrorSignal(layer) => {
                format!("the error signal of layer {} (dense)", layer + 1)
            }
            Self::Gradient(layer) => format!("the gradient of layer {} (dense)", layer + 1),
            Self::View(layer) => format!("the weight view of layer {} (dense)", layer + 1),
            Self::Updated(layer) | Self::UpdatedBias(layer) => {
                format!("the update of layer {} (dense)", layer + 1)
            }
        }
    }

    /// Whether it is spoiled behind the loss, which then is finite.
    fn is_behind_the_loss(self) -> bool {
        !matches!(
            self,
            Self::Input | Self::Weight(_) | Self::Bias(_) | Self::Factor(_) | Self::View(_)
        )
    }
}

/// Puts a number where only rules reach, in one step; leaves everything alone in the others.
struct Poison {
    spot: Spot,
    value: f32,
    step: u64,
    factors: Vec<f32>,
}

impl Poison {
    fn spoil(&self, at: At, spot: Spot, values: &mut [f32]) {
        if self.spot == spot && self.step == at.step {
            values[values.len() - 1] = self.value;
        }
    }
}

impl Rule<f32> for Poison {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("poison", &Seam::ALL) }
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        match self.spot {
            Spot::Factor(layer) => seam == Seam::Activation && id == layer,
            Spot::ErrorSignal(layer) | Spot::LocalErrorSignal(layer) => {
                seam == Seam::ErrorSignal && id == layer
            }
            Spot::View(layer) => seam == Seam::WeightView && id == 2 * layer,
            Spot::Updated(layer) => seam == Seam::AfterUpdate && id == 2 * layer,
            Spot::UpdatedBias(layer) => seam == Seam::AfterUpdate && id == 2 * layer + 1,
            Spot::Gradient(layer) => seam == Seam::Gradient && id == 2 * layer,
            Spot::Input | Spot::Weight(_) | Spot::Bias(_) => false,
        }
    }

    fn propagation(&self) -> Propagation {
        if matches!(self.spot, Spot::LocalErrorSignal(_)) {
            Propagation::Local
        } else {
            Propagation::Propagating
        }
    }

    fn weight_view(&mut self, at: At, weight: &[f32], view: &mut [f32]) {
        view.copy_from_slice(weight);
        self.spoil(at, Spot::View(at.id / 2), view);
    }

    fn after_update(&mut self, at: At, _: &[f32], weight: &mut [f32]) {
        let layer = at.id / 2;
        self.spoil(
            at,
            if at.id.is_multiple_of(2) {
                Spot::Updated(layer)
            } else {
                Spot::UpdatedBias(layer)
            },
            weight,
        );
    }

    fn activation(&mut self, at: At, rows: usize) -> Option<&[f32]> {
        let mut factors = vec![1.0; rows * SIZES[at.id + 1]];
        self.spoil(at, Spot::Factor(at.id), &mut factors);
        self.factors = factors;
        Some(&self.factors)
    }

    fn error_signal(&mut self, at: At, values: &mut [f32], _: &dyn Params<f32>) {
        self.spoil(at, Spot::ErrorSignal(at.id), values);
        self.spoil(at, Spot::LocalErrorSignal(at.id), values);
    }

    fn gradient(&mut self, at: At, _: &[f32], grad: &mut [f32]) {
        self.spoil(at, Spot::Gradient(at.id / 2), grad);
    }
}

fn networks() -> [NetworkConfig; 2] {
    let relu = NetworkConfig {
        activation: Activation::Relu,
        loss: Loss::MeanSquaredError,
        initializer: Initializer::He,
        ..NetworkConfig::dense(&SIZES)
    };
    [NetworkConfig::dense(&SIZES), relu]
}

fn parameter_bits(network: &Network<f32>) -> Vec<u32> {
    network
        .params()
        .iter()
        .flatten()
        .map(|value| value.to_bits())
        .collect()
}

/// Positive inputs, so that an infinite weight does not turn into NaN at once but hides behind a
/// saturated unit.
fn inputs() -> Vec<f32> {
    let mut stream = Stream::new(6, Purpose::Noise, 0);
    (0..SAMPLES * SIZES[0])
        .map(|_| 0.1 + stream.unit() as f32)
        .collect()
}

const LABELS: [u8; SAMPLES] = [0, 1, 2, 2, 1, 0, 1];

/// Trains under BDNN-dsd, spoils one number in one step, and gives that step's refusal; nothing
/// else may have changed.
fn refusal(config: &NetworkConfig, spot: Spot, value: f32, spoiled_step: u64) -> Diverged {
    let mut network = Network::<f32>::new(config, 8).unwrap();
    let plan = network.plan(SAMPLES, 8);
    let bound = BdnnDsd::new(&resolve("bdnn-dsd:threshold=2").unwrap(), &plan).unwrap();
    let poison = Poison {
        spot,
        value,
        step: spoiled_step,
        factors: Vec::new(),
    };
    let mut chain = Chain::with_gradient_descent(&plan, vec![Box::new(bound), Box::new(poison)]);
    let mut workspace = Workspace::new(&network, SAMPLES, Threads::one());
    let mut inputs = inputs();
    for step in 0..spoiled_step {
        let before = parameter_bits(&network);
        workspace
            .step(
                &mut network,
                &mut chain,
                &Batch {
                    inputs: Inputs::Numbers(&inputs),
                    targets: Targets::classes(&LABELS),
                },
                0.2,
                step,
            )
            .unwrap();
        assert_ne!(parameter_bits(&network), before);
    }
    match spot {
        Spot::Input => inputs[SAMPLES * SIZES[0] - 1] = value,
        Spot::Weight(layer) => *network.weight_mut(layer).last_mut().unwrap() = value,
        Spot::Bias(layer) => network.bias_mut(layer).unwrap()[0] = value,
        _ => {}
    }
    let (before, state) = (parameter_bits(&network), chain.rules()[0].state());
    let batch = Batch {
        inputs: Inputs::Numbers(&inputs),
        targets: Targets::classes(&LABELS),
    };
    let outcome = workspace.step(&mut network, &mut chain, &batch, 0.2, spoiled_step);
    assert_eq!(
        parameter_bits(&network),
        before,
        "{spot:?} {value} at step {spoiled_step}: weights are kept"
    );
    // A step that was refused after its update has moved the bounds.
    let is_after = matches!(spot, Spot::Updated(_) | Spot::UpdatedBias(_));
    assert_eq!(
        chain.rules()[0].state() == state,
        !is_after,
        "{spot:?} {value} at step {spoiled_step}: bounds are kept"
    );
    outcome
        .err()
        .unwrap_or_else(|| panic!("{spot:?} {value} at step {spoiled_step} was not refused"))
}

#[test]
fn a_number_that_is_not_finite_stops_the_step_wherever_it_stands() {
    for config in networks() {
        for spot in Spot::ALL {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for step in [0, LAST_STEP / 2, LAST_STEP] {
                    let error = refusal(&config, spot, value, step);
                    assert_eq!(
                        (error.step, &error.place),
                        (step, &spot.place()),
                        "{spot:?} {value}"
                    );
                    let text = format!(
                        "training diverged at step {}: loss is {}; first non-finite value in {}",
                        step + 1,
                        error.loss,
                        spot.place()
                    );
                    assert_eq!(error.to_string(), text);
                    // Rules that act behind the loss leave it finite.
                    assert!(
                        error.loss.is_finite() || !spot.is_behind_the_loss(),
                        "{spot:?} {value}"
                    );
                }
            }
        }
    }
}

const LARGE_WEIGHT: &str = "the update of layer 1 (dense), whose weight is too large for it";
const LARGE_GRADIENT: &str = "the update of layer 1 (dense), whose gradient is too large for it";

/// One step of a network with one layer and one sample, whose last feature is 0, so that its weight
/// reaches neither outputs nor gradients.
fn one_step(
    rules: &str,
    weight: f32,
    gradient: f32,
    learning_rate: f64,
) -> (Result<f64, Diverged>, [f32; 4]) {
    let config = NetworkConfig {
        has_bias: false,
        ..NetworkConfig::dense(&[2, 2])
    };
    let mut network = Network::with_weights(&config, |_, _| vec![0.5, 0.25, -0.5, weight]).unwrap();
    let plan = network.plan(1, 0);
    let mut chain = match rules {
        "poison" => {
            let poison = Poison {
                spot: Spot::Gradient(0),
                value: gradient,
                step: 0,
                factors: Vec::new(),
            };
            Chain::with_gradient_descent(&plan, vec![Box::new(poison)])
        }
        settings => Chain::from_settings(&[settings.parse().unwrap()], &plan).unwrap(),
    };
    let mut workspace = Workspace::new(&network, 1, Threads::one());
    let outcome = workspace.step(
        &mut network,
        &mut chain,
        &Batch {
            inputs: Inputs::Numbers(&[1.0, 0.0]),
            targets: Targets::classes(&[1]),
        },
        learning_rate,
        0,
    );
    (outcome, network.weight(0).try_into().unwrap())
}

#[test]
fn finite_numbers_whose_update_would_overflow_stop_the_step() {
    const MOST: f32 = f32::MAX;
    for (rules, weight, gradient, learning_rate, place) in [
        ("poison", 0.5, MOST / 2.0, 10.0, LARGE_GRADIENT),
        ("poison", 0.9 * MOST, -MOST / 5.0, 1.0, LARGE_WEIGHT),
        ("poison", -0.9 * MOST, MOST / 5.0, 0.9, LARGE_WEIGHT),
        // The gradient of the penalty is the weight three times, beyond the largest number.
        (
            "l2:weight_decay=3",
            0.4 * MOST,
            0.0,
            1.0,
            "the gradient of layer 1 (dense)",
        ),
        // A bound would hide what happened.
        ("bdnn-dsd", 0.9 * MOST, 0.0, 1.0, LARGE_WEIGHT),
    ] {
        let (outcome, kept) = one_step(rules, weight, gradient, learning_rate);
        assert_eq!(
            outcome.unwrap_err().place,
            place,
            "{rules} {weight} {gradient}"
        );
        assert_eq!(kept, [0.5, 0.25, -0.5, weight]);
    }
}

#[test]
fn exact_products_hide_no_number_that_is_too_large() {
    const MOST: f32 = f32::MAX;
    let config = NetworkConfig {
        has_bias: false,
        ..NetworkConfig::dense(&[2, 2])
    };
    let step = |rules: &[&str], weight: f32, learning_rate: f64| {
        let mut network =
            Network::with_weights(&config, |_, _| vec![0.5, 0.25, -0.5, weight]).unwrap();
        let settings: Vec<_> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let mut chain = Chain::from_settings(&settings, &network.plan(1, 0)).unwrap();
        let mut workspace =
            Workspace::with_kernel(&network, 1, Threads::one(), Kernel::Exact).unwrap();
        // The weight stands at a dark pixel, so that it reaches neither outputs nor the gradient of
        // the loss.
        let batch = Batch {
            inputs: Inputs::Pixels(Pixels::all(&[255, 0], 2)),
            targets: Targets::classes(&[1]),
        };
        let outcome = workspace.step(&mut network, &mut chain, &batch, learning_rate, 0);
        assert!(
            outcome.is_ok() || network.weight(0)[3].to_bits() == weight.to_bits(),
            "weights are kept"
        );
        outcome.map_err(|error| error.place)
    };
    assert!(step(&[], 0.5, 0.1).unwrap().is_finite());
    assert!(step(&[], 0.45 * MOST, 0.1).unwrap().is_finite());
    assert_eq!(step(&[], 0.9 * MOST, 0.1).unwrap_err(), LARGE_WEIGHT);
    assert_eq!(step(&[], 0.5, 3e38).unwrap_err(), LARGE_GRADIENT);
    // A rule changes the gradient after the products.
    assert_eq!(
        step(&["l2:weight_decay=3"], 0.4 * MOST, 0.1).unwrap_err(),
        "the gradient of layer 1 (dense)"
    );
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(
            step(&[], bad, 0.1).unwrap_err(),
            "the weight of layer 1 (dense)"
        );
        // The view lacks the weight, the network has it.
        for rule in ["drop-connect:drop_rate=0.5", "drop-connect:drop_rate=0.9"] {
            assert!(step(&[rule], bad, 0.1).is_err());
        }
    }
}

#[test]
fn large_numbers_whose_update_is_finite_are_let_through() {
    const MOST: f32 = f32::MAX;
    for (rules, weight, gradient, learning_rate) in [
        ("poison", 0.45 * MOST, -MOST / 5.0, 1.0),
        ("poison", 0.5, MOST / 50.0, 10.0),
        ("l2:weight_decay=0.1", 0.4 * MOST, 0.0, 1.0),
    ] {
        let (outcome, moved) = one_step(rules, weight, gradient, learning_rate);
        assert!(outcome.unwrap().is_finite(), "{rules} {weight} {gradient}");
        assert!(
            moved.iter().all(|weight| weight.is_finite()) && moved[3] != weight,
            "{rules} {weight} {gradient}: {moved:?}"
        );
    }
}

#[test]
fn a_bias_whose_update_would_overflow_stops_the_step_though_weights_do_not_move() {
    let mut network = Network::<f32>::new(&NetworkConfig::dense(&[2, 2]), 0).unwrap();
    let before = parameter_bits(&network);
    let plan = network.plan(1, 0);
    let poison = Poison {
        spot: Spot::ErrorSignal(0),
        value: f32::MAX / 2.0,
        step: 0,
        factors: Vec::new(),
    };
    let mut chain = Chain::with_gradient_descent(&plan, vec![Box::new(poison)]);
    let mut workspace = Workspace::new(&network, 1, Threads::one());
    // Without inputs the gradient of the weights is 0, and that of the biases is the error signal.
    let outcome = workspace.step(
        &mut network,
        &mut chain,
        &Batch {
            inputs: Inputs::Numbers(&[0.0, 0.0]),
            targets: Targets::classes(&[1]),
        },
        10.0,
        0,
    );
    assert_eq!(
        outcome.unwrap_err().place,
        "the update of layer 1 (dense), whose bias gradient is too large for it"
    );
    assert_eq!(parameter_bits(&network), before);
}

/// One step of a network that starts with these weights, on one sample of ones.
fn first_step(config: &NetworkConfig, weight: impl Fn(usize) -> f64) -> Diverged {
    let mut network =
        Network::<f64>::with_weights(config, |layer, shape| vec![weight(layer); shape.weights()])
            .unwrap();
    let mut chain = Chain::with_gradient_descent(&network.plan(1, 0), Vec::new());
    let mut workspace = Workspace::new(&network, 1, Threads::one());
    let inputs = vec![1.0; config.sizes[0]];
    workspace
        .step(
            &mut network,
            &mut chain,
            &Batch {
                inputs: Inputs::Numbers(&inputs),
                targets: Targets::classes(&[0]),
            },
            0.1,
            0,
        )
        .unwrap_err()
}

#[test]
fn a_loss_that_overflows_stops_the_first_a_middle_and_the_last_step() {
    // Outputs of 4e160 are numbers, their squares are not: of the loss alone, infinity is the one
    // value that can appear.
    let config = NetworkConfig {
        loss: Loss::MeanSquaredError,
        has_bias: false,
        ..NetworkConfig::dense(&[4, 2])
    };
    for last in [0, LAST_STEP / 2, LAST_STEP] {
        let mut network = Network::<f64>::new(&config, 8).unwrap();
        let mut chain = Chain::with_gradient_descent(&network.plan(1, 0), Vec::new());
        let mut workspace = Workspace::new(&network, 1, Threads::one());
        let inputs = [1.0; 4];
        let batch = Batch {
            inputs: Inputs::Numbers(&inputs),
            targets: Targets::classes(&[0]),
        };
        for step in 0..last {
            assert!(
                workspace
                    .step(&mut network, &mut chain, &batch, 0.1, step)
                    .unwrap()
                    .is_finite()
            );
        }
        network.weight_mut(0).fill(1e160);
        let error = workspace
            .step(&mut network, &mut chain, &batch, 0.1, last)
            .unwrap_err();
        assert_eq!(
            (error.place.as_str(), error.loss, error.step),
            ("the loss", f64::INFINITY, last)
        );
        assert!(
            network
                .weight(0)
                .iter()
                .all(|weight| weight.to_bits() == 1e160_f64.to_bits()),
            "weights are kept"
        );
    }
}

#[test]
fn an_output_or_a_loss_that_overflows_from_finite_numbers_is_named() {
    let relu = NetworkConfig {
        activation: Activation::Relu,
        loss: Loss::MeanSquaredError,
        ..NetworkConfig::dense(&[4, 3, 2])
    };
    // 4 x 0.8e308 is beyond the largest number.
    let error = first_step(&relu, |layer| if layer == 0 { 0.8e308 } else { 1.0 });
    assert_eq!(error.place, "the output of layer 1 (dense)");
    // Outputs of 4e160 are numbers, their squares are not.
    let error = first_step(
        &NetworkConfig {
            loss: Loss::MeanSquaredError,
            ..NetworkConfig::dense(&[4, 2])
        },
        |_| 1e160,
    );
    assert_eq!(
        (error.place.as_str(), error.loss),
        ("the loss", f64::INFINITY)
    );
}
