//! The exact products on real images and trained weights, beside those of `f32` and of `f64`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Samples, Source, load};
use spinet_nn::{
    Activation, Batch, Inputs, Kernel, Loss, Network, NetworkConfig, Pixels, Real, Targets,
    Threads, Workspace,
};
use spinet_rules::Chain;
use spinet_train::{TrainConfig, Trainer};

const BATCH: usize = 600;

/// Outputs and weight gradients of a linear layer with these weights, for a batch of real images.
fn layer<S: Real>(weight: &[f32], samples: &Samples, kernel: Kernel) -> [Vec<f64>; 2] {
    let config = NetworkConfig {
        loss: Loss::MeanSquaredError,
        output_activation: Activation::Identity,
        has_bias: false,
        ..NetworkConfig::dense(&[784, weight.len() / 784])
    };
    let network = Network::<S>::with_weights(&config, |_, _| {
        weight.iter().map(|w| S::from_f64(f64::from(*w))).collect()
    })
    .unwrap();
    let mut chain = Chain::from_settings(&[], &network.plan(BATCH, 0)).unwrap();
    let mut workspace = Workspace::with_kernel(&network, BATCH, Threads::one(), kernel).unwrap();
    let inputs = Inputs::Pixels(Pixels::all(&samples.bytes().unwrap()[..BATCH * 784], 784));
    let batch = Batch {
        inputs,
        targets: Targets::classes(&samples.labels()[..BATCH]),
    };
    workspace.differentiate(&network, &mut chain, &batch, 0);
    let doubles = |values: &[S]| {
        values
            .iter()
            .map(|value| value.to_f64())
            .collect::<Vec<_>>()
    };
    let gradient = doubles(workspace.gradients().get(0));
    [doubles(workspace.evaluate(&network, &inputs)), gradient]
}

/// Norm of the difference over the norm of the true values.
fn relative_error(found: &[f64], exact: &[f64]) -> f64 {
    let squares =
        |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    (squares(&mut found.iter().zip(exact).map(|(found, exact)| found - exact))
        / squares(&mut exact.iter().copied()))
    .sqrt()
}

#[test]
fn exact_products_of_trained_weights_with_real_images_are_at_least_as_close_as_those_of_f32() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    for rules in [&[][..], &["bdnn-dsd"], &["l2:weight_decay=0.01"]] {
        let rules: Vec<_> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let config = TrainConfig {
            epochs: 60,
            evaluate_every: 60,
            rules,
            ..TrainConfig::default()
        };
        let mut trainer = Trainer::new(&config, &data, Threads::one()).unwrap();
        trainer.run(&mut |_| {}).unwrap();
        let weight = trainer.network().weight(0);
        let [exact, single] =
            [Kernel::Exact, Kernel::F32].map(|kernel| layer::<f32>(weight, &data.train, kernel));
        let double = layer::<f64>(weight, &data.train, Kernel::F32);
        for (index, what) in ["outputs", "gradient"].into_iter().enumerate() {
            let [ours, theirs] =
                [&exact, &single].map(|found| relative_error(&found[index], &double[index]));
            println!(
                "{:?}, {what}: exact {ours:.2e}, f32 {theirs:.2e}",
                config.rules
            );
            assert!(
                ours > 0.0 && ours <= theirs,
                "{:?}, {what}: exact {ours:.2e}, f32 {theirs:.2e}",
                config.rules
            );
        }
    }
}
