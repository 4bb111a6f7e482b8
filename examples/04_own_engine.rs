//! Learning rules in an engine of your own: `spinet-rules` acts on plain slices, with biases.
//!
//! The engine here is logistic regression on two numbers, written out. The rules are BDNN-dsd, which
//! bounds the weights, and momentum.
//!
//! ```sh
//! cargo run --release --example 04_own_engine
//! ```

use spinet::rules::{At, Chain, ParamRole, Plan};

/// Two classes of points: above and below the line y = x / 2.
const POINTS: [([f64; 2], f64); 8] = [
    ([0.0, 0.5], 1.0),
    ([1.0, 1.5], 1.0),
    ([-1.0, 0.3], 1.0),
    ([0.5, 1.0], 1.0),
    ([0.0, -0.5], 0.0),
    ([1.0, -0.2], 0.0),
    ([-1.0, -1.5], 0.0),
    ([0.5, -0.3], 0.0),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What is trained: one unit with two incoming weights and a bias.
    let mut plan = Plan::default();
    plan.push_dense(1, 2, true, true);
    let rules = [
        "bdnn-dsd:initial_bound=2,bound_step=0.25,threshold=3",
        "momentum",
    ];
    let rules: Result<Vec<_>, _> = rules.iter().map(|rule| rule.parse()).collect();
    let mut chain = Chain::<f64>::from_settings(&rules?, &plan)?;
    let [weight_id, bias_id] = [ParamRole::Weight, ParamRole::Bias]
        .map(|role| plan.param(0, role).expect("the plan has both"));

    let (mut weight, mut bias) = ([0.0; 2], [0.0; 1]);
    for step in 0..200 {
        // Gradient of the cross-entropy, mean over the points.
        let (mut weight_grad, mut bias_grad) = ([0.0; 2], [0.0; 1]);
        for (x, target) in POINTS {
            let output = 1.0 / (1.0 + (-(weight[0] * x[0] + weight[1] * x[1] + bias[0])).exp());
            let error = (output - target) / POINTS.len() as f64;
            weight_grad[0] += error * x[0];
            weight_grad[1] += error * x[1];
            bias_grad[0] += error;
        }
        // Each trained array goes through the rules at the gradient, then through the update.
        let arrays = [
            (weight_id, &mut weight[..], &mut weight_grad[..]),
            (bias_id, &mut bias[..], &mut bias_grad[..]),
        ];
        for (id, values, grad) in arrays {
            let at = At { id, step };
            chain.gradient(at, values, grad);
            chain.update(at, 0.5, values, grad);
        }
    }
    let right = POINTS
        .iter()
        .filter(|(x, target)| {
            (weight[0] * x[0] + weight[1] * x[1] + bias[0] > 0.0) == (*target > 0.5)
        })
        .count();
    println!(
        "weights {weight:.3?}, bias {bias:.3?}; {right} of {} points right",
        POINTS.len()
    );
    Ok(())
}
