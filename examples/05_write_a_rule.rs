//! A learning rule of your own: weights below a threshold decay, strong ones are kept.
//!
//! A rule implements the hooks of the places (seams) of a training step where it acts. This one acts
//! once, after the update.
//!
//! ```sh
//! cargo run --release --example 05_write_a_rule
//! ```

use spinet::nn::{Batch, Inputs, NetworkConfig, Targets, Workspace};
use spinet::rules::{At, Chain, Plan, Rule, RuleEntry, Seam};
use spinet::{Initializer, Network, Threads};

/// What the rest of the library needs to know of the rule: its name and where it acts.
const ENTRY: RuleEntry = RuleEntry::own("fading", &[Seam::AfterUpdate]);

/// `w <- (1 - rate) w` where `|w| < threshold`.
struct Fading {
    rate: f32,
    threshold: f32,
    /// The arrays that are weights, not biases.
    weights: Vec<bool>,
}

impl Fading {
    fn new(rate: f32, threshold: f32, plan: &Plan) -> Self {
        let weights = plan.params.iter().map(|param| param.role.is_weight());
        Self {
            rate,
            threshold,
            weights: weights.collect(),
        }
    }
}

impl Rule<f32> for Fading {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.weights[id]
    }

    fn after_update(&mut self, _at: At, _before: &[f32], weight: &mut [f32]) {
        for w in weight.iter_mut().filter(|w| w.abs() < self.threshold) {
            *w *= 1.0 - self.rate;
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Exclusive or, which needs its hidden units.
    let inputs = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
    let labels = [0, 1, 1, 0];
    let config = NetworkConfig {
        initializer: Initializer::Uniform(1.0),
        ..NetworkConfig::dense(&[2, 16, 2])
    };
    let mut network = Network::<f32>::new(&config, 3)?;
    let plan = network.plan(4, 0);
    let rule = Fading::new(0.01, 0.2, &plan);
    let mut chain = Chain::with_gradient_descent(&plan, vec![Box::new(rule)]);
    let mut workspace = Workspace::new(&network, 4, Threads::one());

    let batch = Batch {
        inputs: Inputs::Numbers(&inputs),
        targets: Targets::classes(&labels),
    };
    for step in 0..3000 {
        workspace.step(&mut network, &mut chain, &batch, 1.0, step)?;
    }
    let weights = network.weights().concat();
    let faded = weights.iter().filter(|w| w.abs() < 1e-3).count();
    println!("predictions {:?}", workspace.predict(&network, &inputs));
    println!("{faded} of {} weights faded", weights.len());
    Ok(())
}
