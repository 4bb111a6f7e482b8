//! Feedback alignment in a deep network: with the network's own weights it is backpropagation, with
//! others the plain sums of the papers.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_nn::{
    Activation, Batch, Initializer, Inputs, Network, NetworkConfig, Targets, Threads, Workspace,
};
use spinet_rules::{
    At, Chain, Feedback, FeedbackAlignment, Grapes, Plan, Purpose, Rule, RuleEntry, Seam, Stream,
    resolve,
};

const SIZES: [usize; 4] = [4, 6, 5, 3];
const LABELS: [u8; 7] = [0, 1, 2, 2, 1, 0, 1];

fn network() -> Network<f64> {
    Network::new(
        &NetworkConfig {
            activation: Activation::Tanh,
            ..NetworkConfig::dense(&SIZES)
        },
        5,
    )
    .unwrap()
}

fn inputs() -> Vec<f64> {
    let mut stream = Stream::new(2, Purpose::Noise, 0);
    (0..LABELS.len() * SIZES[0])
        .map(|_| stream.normal())
        .collect()
}

/// Gradients of the weights of each layer.
fn gradients(network: &Network<f64>, rules: Vec<Box<dyn Rule<f64>>>) -> Vec<Vec<f64>> {
    let mut chain = Chain::with_gradient_descent(&network.plan(LABELS.len(), 0), rules);
    let mut workspace = Workspace::new(network, LABELS.len(), Threads::one());
    workspace.differentiate(
        network,
        &mut chain,
        &Batch {
            inputs: Inputs::Numbers(&inputs()),
            targets: Targets::classes(&LABELS),
        },
        0,
    );
    let mut gradients = workspace.gradients().clone();
    let of_layer = |layer: usize| {
        let id = network.weight_id(layer);
        chain.gradient(
            At { id, step: 0 },
            network.weight(layer),
            gradients.get_mut(id),
        );
        gradients.get(id).to_vec()
    };
    (0..network.layers().len()).map(of_layer).collect()
}

/// Gives the network's own weights as feedback.
struct Transport(Vec<Vec<f64>>);

impl Rule<f64> for Transport {
    fn entry(&self) -> &'static RuleEntry {
        const { &RuleEntry::own("transport", &[Seam::Feedback]) }
    }

    fn acts(&self, seam: Seam, _: usize) -> bool {
        seam == Seam::Feedback
    }

    fn feedback(&mut self, at: At) -> Option<Feedback<'_, f64>> {
        Some(Feedback::Layer(&self.0[at.id / 2]))
    }
}

#[test]
fn with_the_weights_of_the_network_it_is_backpropagation() {
    let network = network();
    let own = network.weights().into_iter().map(<[f64]>::to_vec).collect();
    assert_eq!(
        gradients(&network, vec![Box::new(Transport(own))]),
        gradients(&network, Vec::new())
    );
}

/// Weights that are those of the network in another scale would transport them after all.
#[test]
fn feedback_of_the_same_seed_is_none_of_the_weights_that_a_network_begins_with() {
    let signs = |values: &[f64]| values.iter().map(|value| *value > 0.0).collect::<Vec<_>>();
    for seed in 0..10 {
        for name in ["feedback-alignment", "direct-feedback-alignment"] {
            let config = NetworkConfig {
                initializer: Initializer::Uniform(1.0),
                ..NetworkConfig::dense(&SIZES)
            };
            let network = Network::<f64>::new(&config, seed).unwrap();
            let mut rule = FeedbackAlignment::<f64>::new(
                &resolve(name).unwrap(),
                &network.plan(LABELS.len(), seed),
            )
            .unwrap();
            for layer in 1..3 {
                let (Feedback::Layer(given) | Feedback::Output(given)) = rule
                    .feedback(At {
                        id: 2 * layer,
                        step: 0,
                    })
                    .unwrap();
                for weight in network.weights() {
                    let length = given.len().min(weight.len());
                    assert!(
                        signs(&given[..length]) != signs(&weight[..length]),
                        "layer {layer}, seed {seed}, {name}"
                    );
                }
            }
        }
    }
}

/// `left [rows, inner] * right [inner, columns]`.
fn product(left: &[f64], right: &[f64], inner: usize) -> Vec<f64> {
    let columns = right.len() / inner;
    let row = |row: &[f64]| {
        (0..columns)
            .map(|column| {
                (0..inner)
                    .map(|k| row[k] * right[k * columns + column])
                    .sum()
            })
            .collect::<Vec<f64>>()
    };
    left.chunks(inner).flat_map(row).collect()
}

fn transposed(matrix: &[f64], columns: usize) -> Vec<f64> {
    (0..columns)
        .flat_map(|column| matrix.iter().skip(column).step_by(columns).copied())
        .collect()
}

/// Gradients of the weights by the equations, layer by layer.
/// `modulated` changes an error signal `[batch, units]` of a hidden layer before it goes on.
fn by_hand(
    network: &Network<f64>,
    feedback: &mut FeedbackAlignment<f64>,
    modulated: impl Fn(usize, Vec<f64>) -> Vec<f64>,
) -> Vec<Vec<f64>> {
    let mut outputs = vec![inputs()];
    for (layer, dense) in network.layers().iter().enumerate() {
        let units = dense.output().len();
        let mut sums = product(
            &outputs[layer],
            &transposed(network.weight(layer), dense.input().len()),
            dense.input().len(),
        );
        for row in sums.chunks_mut(units) {
            row.iter_mut()
                .zip(network.bias(layer).unwrap())
                .for_each(|(sum, bias)| *sum += bias);
        }
        outputs.push(if layer < 2 {
            sums.iter().map(|sum| sum.tanh()).collect()
        } else {
            sums
        });
    }
    // Softmax cross-entropy, mean over the batch.
    let mut output_error = Vec::new();
    for (row, label) in outputs[3].chunks(3).zip(LABELS) {
        let sum: f64 = row.iter().map(|value| value.exp()).sum();
        output_error.extend((0..3).map(|class| {
            (row[class].exp() / sum - f64::from(u8::from(class == usize::from(label)))) / 7.0
        }));
    }
    let mut error = output_error.clone();
    let mut found = vec![Vec::new(); 3];
    for layer in (0..3).rev() {
        let units = network.layers()[layer].output().len();
        found[layer] = product(&transposed(&error, units), &outputs[layer], LABELS.len());
        if layer > 0 {
            let carried = match feedback
                .feedback(At {
                    id: 2 * layer,
                    step: 0,
                })
                .unwrap()
            {
                Feedback::Layer(weights) => product(&error, weights, units),
                Feedback::Output(weights) => product(&output_error, weights, 3),
            };
            error = modulated(
                layer - 1,
                carried
                    .iter()
                    .zip(&outputs[layer])
                    .map(|(e, y)| e * (1.0 - y * y))
                    .collect(),
            );
        }
    }
    found
}

#[test]
fn both_forms_are_the_sums_of_the_equations() {
    let network = network();
    let plan: Plan = network.plan(LABELS.len(), 9);
    let mut seen = vec![gradients(&network, Vec::new())];
    for is_direct in [false, true] {
        let name = if is_direct {
            "direct-feedback-alignment"
        } else {
            "feedback-alignment"
        };
        let mut rule = FeedbackAlignment::new(&resolve(name).unwrap(), &plan).unwrap();
        let expected = by_hand(&network, &mut rule, |_, error| error);
        let found = gradients(&network, vec![Box::new(rule)]);
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!(
                (found - expected).abs() < 1e-14,
                "{found} instead of {expected}, direct {is_direct}"
            );
        }
        // The output layer's own gradient is that of backpropagation, the others are not.
        assert_eq!(found[2], seen[0][2]);
        assert!(seen.iter().all(|other| other[0] != found[0]));
        seen.push(found);
    }
}

fn assert_close(found: &[Vec<f64>], expected: &[Vec<f64>]) {
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!(
            (found - expected).abs() < 1e-14,
            "{found} instead of {expected}"
        );
    }
}

/// `2 I / max I`, as the authors have it with feedback alignment.
fn unclipped(importance: &[f64]) -> Vec<f64> {
    let most = importance.iter().copied().fold(0.0, f64::max);
    importance
        .iter()
        .map(|importance| 2.0 * importance / most)
        .collect()
}

#[test]
fn grapes_without_clipping_scales_what_feedback_alignment_carries() {
    let network = network();
    let mut rule = FeedbackAlignment::new(
        &resolve("feedback-alignment").unwrap(),
        &network.plan(LABELS.len(), 9),
    )
    .unwrap();
    let expected = by_hand(&network, &mut rule, |layer, error| {
        let dense = &network.layers()[layer];
        let sums: Vec<f64> = network
            .weight(layer)
            .chunks(dense.input().len())
            .map(|row| row.iter().map(|w| w.abs()).sum())
            .collect();
        let factors = unclipped(&sums);
        error
            .chunks(factors.len())
            .flat_map(|row| {
                row.iter()
                    .zip(&factors)
                    .map(|(e, factor)| e * factor)
                    .collect::<Vec<_>>()
            })
            .collect()
    });
    let grapes = Grapes::new(
        &resolve("grapes:least=0").unwrap(),
        &network.plan(LABELS.len(), 9),
    )
    .unwrap();
    let without = gradients(&network, vec![Box::new(rule.clone())]);
    let found = gradients(&network, vec![Box::new(rule), Box::new(grapes)]);
    assert_close(&found, &expected);
    assert!(found[0] != without[0] && found[1] != without[1] && found[2] == without[2]);
}

#[test]
fn the_weight_wise_form_scales_the_matrix_between_hidden_layers_under_direct_feedback_alignment() {
    let network = network();
    let mut rule = FeedbackAlignment::new(
        &resolve("direct-feedback-alignment").unwrap(),
        &network.plan(LABELS.len(), 9),
    )
    .unwrap();
    let mut expected = by_hand(&network, &mut rule, |_, error| error);
    // Of three matrices the second alone; below the output layer the upper end counts 1.
    let dense = &network.layers()[1];
    let sums: Vec<f64> = (0..dense.input().len())
        .map(|j| {
            network
                .weight(1)
                .iter()
                .skip(j)
                .step_by(dense.input().len())
                .map(|w| w.abs())
                .sum()
        })
        .collect();
    let factors = unclipped(&sums);
    expected[1].chunks_mut(dense.input().len()).for_each(|row| {
        row.iter_mut()
            .zip(&factors)
            .for_each(|(g, factor)| *g *= factor);
    });
    let grapes = Grapes::new(
        &resolve("grapes:least=0,form=weight-wise").unwrap(),
        &network.plan(LABELS.len(), 9),
    )
    .unwrap();
    assert_close(
        &gradients(&network, vec![Box::new(rule), Box::new(grapes)]),
        &expected,
    );
}
