//! Standardized pixels, whose constants are folded into products, against a network that is given
//! standardized numbers.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_nn::{
    Activation, Batch, Initializer, Inputs, Kernel, Network, NetworkConfig, Pixels, Real,
    Standardizer, Targets, Threads, Workspace,
};
use spinet_rules::{Chain, Purpose, Stream};

const SAMPLES: usize = 200;
const FEATURES: usize = 150;

/// Images that are dark at the border, with a pixel that has one grey level in one image, one that
/// is always the same, and one that is nearly always bright.
fn pixels() -> Vec<u8> {
    let mut stream = Stream::new(3, Purpose::Noise, 0);
    let grey = |share: f64, stream: &mut Stream| {
        if stream.unit() < share {
            1 + stream.below(255) as u8
        } else {
            0
        }
    };
    let mut pixels = vec![0; SAMPLES * FEATURES];
    for row in pixels.chunks_exact_mut(FEATURES) {
        for (index, pixel) in row.iter_mut().enumerate() {
            *pixel = match index {
                0 | 1 => 0,
                2 => 77,
                3 => 250 + stream.below(2) as u8,
                _ => grey(index as f64 / FEATURES as f64, &mut stream),
            };
        }
    }
    pixels[FEATURES] = 1;
    pixels
}

/// Mean and deviation of numbers.
fn constants(numbers: &[f64]) -> [f64; 2] {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let deviation = (numbers
        .iter()
        .map(|number| (number - mean).powi(2))
        .sum::<f64>()
        / numbers.len() as f64)
        .sqrt();
    [mean, if deviation > 1e-12 { deviation } else { 0.0 }]
}

/// Every standardizer with the numbers that it stands for, by the definition.
fn cases(pixels: &[u8]) -> Vec<(Standardizer, Vec<f64>)> {
    let numbers: Vec<f64> = pixels
        .iter()
        .map(|pixel| f64::from(*pixel) / 255.0)
        .collect();
    let by = |constants: &dyn Fn(usize) -> [f64; 2]| {
        let standardized = |(index, number): (usize, &f64)| match constants(index) {
            [_, 0.0] => 0.0,
            [mean, deviation] => (number - mean) / deviation,
        };
        numbers
            .iter()
            .enumerate()
            .map(standardized)
            .collect::<Vec<f64>>()
    };
    let column = |feature: usize| {
        numbers
            .iter()
            .skip(feature)
            .step_by(FEATURES)
            .copied()
            .collect::<Vec<f64>>()
    };
    let features: Vec<[f64; 2]> = (0..FEATURES)
        .map(|feature| constants(&column(feature)))
        .collect();
    let images: Vec<[f64; 2]> = numbers.chunks_exact(FEATURES).map(constants).collect();
    let all = constants(&numbers);
    let (mean, deviation) = (
        features.iter().map(|pair| pair[0]).collect(),
        features.iter().map(|pair| pair[1]).collect(),
    );
    vec![
        (
            Standardizer::Feature { mean, deviation },
            by(&|index| features[index % FEATURES]),
        ),
        (Standardizer::Image, by(&|index| images[index / FEATURES])),
        (
            Standardizer::Global {
                mean: all[0],
                deviation: all[1],
            },
            by(&|_| all),
        ),
    ]
}

fn network<S: Real>() -> Network<S> {
    let config = NetworkConfig {
        initializer: Initializer::GlorotSigmoid,
        ..NetworkConfig::dense(&[FEATURES, 20, 10])
    };
    Network::new(&config, 5).unwrap()
}

fn labels() -> Vec<u8> {
    (0..SAMPLES).map(|index| (index % 10) as u8).collect()
}

/// Outputs of a network without a hidden layer, and gradients of the first layer of one that has
/// one.
fn outputs_and_gradients<S: Real>(
    kernel: Kernel,
    inputs: &Inputs<'_, S>,
    standardizer: Option<&Standardizer>,
) -> [Vec<f64>; 2] {
    let linear = NetworkConfig {
        output_activation: Activation::Identity,
        ..NetworkConfig::dense(&[FEATURES, 10])
    };
    let linear = Network::<S>::new(&linear, 5).unwrap();
    let workspace = |network: &Network<S>| {
        let workspace =
            Workspace::with_kernel(network, SAMPLES, Threads::new(2).unwrap(), kernel).unwrap();
        workspace
            .standardized(network, standardizer.cloned())
            .unwrap()
    };
    let wide = |values: &[S]| {
        values
            .iter()
            .map(|value| value.to_f64())
            .collect::<Vec<f64>>()
    };
    let outputs = wide(workspace(&linear).evaluate(&linear, inputs));
    let network = network::<S>();
    let mut workspace = workspace(&network);
    let mut chain = Chain::from_settings(&[], &network.plan(SAMPLES, 0)).unwrap();
    workspace.differentiate(
        &network,
        &mut chain,
        &Batch {
            inputs: *inputs,
            targets: Targets::classes(&labels()),
        },
        0,
    );
    [outputs, wide(workspace.gradients().get(0))]
}

/// Largest difference, over the root of the mean square.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    let scale =
        (expected.iter().map(|number| number * number).sum::<f64>() / expected.len() as f64).sqrt();
    found
        .iter()
        .zip(expected)
        .fold(0.0_f64, |largest, (found, expected)| {
            largest.max((found - expected).abs())
        })
        / scale
}

#[test]
fn folded_constants_are_those_of_standardized_numbers() {
    let pixels = pixels();
    for (standardizer, numbers) in cases(&pixels) {
        let of_pixels = outputs_and_gradients::<f64>(
            Kernel::Auto,
            &Inputs::Pixels(Pixels::all(&pixels, FEATURES)),
            Some(&standardizer),
        );
        let of_numbers = outputs_and_gradients(Kernel::Auto, &Inputs::Numbers(&numbers), None);
        for (found, expected) in of_pixels.iter().zip(&of_numbers) {
            assert!(
                error(found, expected) < 1e-11,
                "{standardizer:?}: {}",
                error(found, expected)
            );
        }
    }
}

/// The decision for folding rests on this: `cargo test -p spinet-nn --test standardized --
/// --nocapture` prints both errors.
#[test]
fn folding_is_about_as_accurate_as_products_of_standardized_numbers() {
    let pixels = pixels();
    for (standardizer, numbers) in cases(&pixels) {
        let exact = outputs_and_gradients(Kernel::Auto, &Inputs::Numbers(&numbers), None);
        let rounded: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
        let of_numbers = outputs_and_gradients(Kernel::F32, &Inputs::Numbers(&rounded), None);
        for kernel in [Kernel::F32, Kernel::Exact] {
            let inputs = Inputs::Pixels(Pixels::all(&pixels, FEATURES));
            let of_pixels = outputs_and_gradients::<f32>(kernel, &inputs, Some(&standardizer));
            for (what, index) in [("outputs", 0), ("gradients", 1)] {
                let [found, plain] = [
                    error(&of_pixels[index], &exact[index]),
                    error(&of_numbers[index], &exact[index]),
                ];
                println!("{kernel}, {what}: folded {found:.1e}, standardized numbers {plain:.1e}");
                assert!(
                    found < 2.0 * plain,
                    "{kernel}, {what}: folded {found:.1e}, standardized numbers {plain:.1e}"
                );
            }
        }
    }
}

/// Bits of the weights after some steps.
fn weights_after(standardizer: &Standardizer, kernel: Kernel, threads: usize) -> Vec<u32> {
    let (pixels, labels, mut network) = (pixels(), labels(), network::<f32>());
    let mut chain =
        Chain::from_settings(&["bdnn-dsd".parse().unwrap()], &network.plan(SAMPLES, 4)).unwrap();
    let workspace =
        Workspace::with_kernel(&network, SAMPLES, Threads::new(threads).unwrap(), kernel).unwrap();
    let mut workspace = workspace
        .standardized(&network, Some(standardizer.clone()))
        .unwrap();
    for step in 0..30 {
        let size = if step % 7 == 6 { 33 } else { SAMPLES };
        let inputs = Inputs::Pixels(Pixels::all(&pixels[..size * FEATURES], FEATURES));
        workspace
            .step(
                &mut network,
                &mut chain,
                &Batch {
                    inputs,
                    targets: Targets::classes(&labels[..size]),
                },
                0.1,
                step,
            )
            .unwrap();
    }
    network
        .weight(0)
        .iter()
        .map(|weight| weight.to_bits())
        .collect()
}

#[test]
fn standardized_pixels_give_the_same_bits_at_any_number_of_threads() {
    for (standardizer, _) in cases(&pixels()) {
        for kernel in [Kernel::F32, Kernel::Exact] {
            let one = weights_after(&standardizer, kernel, 1);
            for threads in [2, 3, 8] {
                assert!(
                    one == weights_after(&standardizer, kernel, threads),
                    "{kernel}, {threads} threads: {standardizer:?}"
                );
            }
        }
        let is_by_pixel = matches!(standardizer, Standardizer::Feature { .. });
        let [single, exact] =
            [Kernel::F32, Kernel::Exact].map(|kernel| weights_after(&standardizer, kernel, 1));
        assert_eq!(
            single == exact,
            is_by_pixel,
            "constants of each pixel are not for exact products"
        );
    }
}

#[test]
fn constants_of_another_number_of_features_are_refused() {
    let network = network::<f32>();
    let of = |mean: usize, deviation: usize| {
        let standardizer = Standardizer::Feature {
            mean: vec![0.0; mean],
            deviation: vec![1.0; deviation],
        };
        let workspace =
            Workspace::new(&network, 1, Threads::one()).standardized(&network, Some(standardizer));
        workspace.err().map(|error| error.to_string())
    };
    assert_eq!(of(FEATURES, FEATURES), None);
    assert_eq!(
        of(7, FEATURES).unwrap(),
        "layer 1 (dense): mean has 7 values, expected 150"
    );
    assert_eq!(
        of(FEATURES, 0).unwrap(),
        "layer 1 (dense): deviation has 0 values, expected 150"
    );
}
