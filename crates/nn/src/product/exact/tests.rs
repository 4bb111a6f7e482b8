//! All kernels against the plain one, bit by bit, and all of them against the product in `f64`.

use spinet_rules::{Purpose, Stream};

use super::*;
use crate::product::{Layout, product};

/// The kernels of the class that run here; says which do not.
fn kernels() -> Vec<Kernel> {
    let exact = [Kernel::Portable, Kernel::Vnni, Kernel::Amx];
    exact
        .into_iter()
        .filter(|kernel| kernel.is_available())
        .collect()
}

/// Bytes of which a fraction `density` is not 0.
fn pixels(stream: &mut Stream, count: usize, density: f64) -> Vec<u8> {
    (0..count)
        .map(|_| {
            if stream.unit() < density {
                1 + stream.below(255) as u8
            } else {
                0
            }
        })
        .collect()
}

fn numbers(stream: &mut Stream, count: usize) -> Vec<f32> {
    (0..count).map(|_| stream.normal() as f32).collect()
}

/// Forward product and gradient of one layer.
fn both(kernel: Kernel, threads: usize, case: &Case) -> [Vec<f32>; 2] {
    let Case {
        samples,
        features,
        units,
        pixels,
        weight,
        error,
    } = case;
    let threads = Threads::new(threads).unwrap();
    // Room for more than is used, as in the last batch of an epoch.
    let mut exact = Exact::new(kernel, samples + 5, *features, *units);
    exact.gather(&threads, &Pixels::all(pixels, *features));
    exact.split(weight, *features);
    let (mut outputs, mut gradient) = (
        vec![f32::NAN; samples * units],
        vec![f32::NAN; units * features],
    );
    exact.forward(&threads, &mut outputs);
    exact.gradient(&threads, error, *features, &mut gradient);
    [outputs, gradient]
}

struct Case {
    samples: usize,
    features: usize,
    units: usize,
    pixels: Vec<u8>,
    weight: Vec<f32>,
    error: Vec<f32>,
}

impl Case {
    fn new([samples, features, units]: [usize; 3], density: f64) -> Self {
        let mut stream = Stream::new(7, Purpose::Noise, (samples * features * units) as u64);
        let pixels = pixels(&mut stream, samples * features, density);
        let (weight, error) = (
            numbers(&mut stream, units * features),
            numbers(&mut stream, samples * units),
        );
        Self {
            samples,
            features,
            units,
            pixels,
            weight,
            error,
        }
    }

    /// The two products in `f64`.
    fn exact(&self) -> [Vec<f64>; 2] {
        let Self {
            samples,
            features,
            units,
            pixels,
            weight,
            error,
        } = self;
        let mut outputs = vec![0.0; samples * units];
        let mut gradient = vec![0.0; units * features];
        for sample in 0..*samples {
            for unit in 0..*units {
                for feature in 0..*features {
                    let x = f64::from(pixels[sample * features + feature]) / 255.0;
                    outputs[sample * units + unit] +=
                        x * f64::from(weight[unit * features + feature]);
                    gradient[unit * features + feature] +=
                        x * f64::from(error[sample * units + unit]);
                }
            }
        }
        [outputs, gradient]
    }

    /// The two products of the `f32` path.
    fn single(&self) -> [Vec<f32>; 2] {
        let Self {
            samples,
            features,
            units,
            pixels,
            weight,
            error,
        } = self;
        let inputs: Vec<f32> = pixels
            .iter()
            .map(|pixel| f32::from(*pixel) * (1.0 / 255.0))
            .collect();
        let (mut outputs, mut gradient) = (vec![0.0; samples * units], vec![0.0; units * features]);
        let one = Threads::one();
        product(
            &one,
            [*samples, *features, *units],
            (&inputs, Layout::Plain),
            (weight, Layout::Transposed),
            &mut outputs,
        );
        product(
            &one,
            [*units, *samples, *features],
            (error, Layout::Transposed),
            (&inputs, Layout::Plain),
            &mut gradient,
        );
        [outputs, gradient]
    }
}

/// Norm of the error over the norm of the true result.
fn relative_error(found: &[f32], exact: &[f64]) -> f64 {
    let squares = found
        .iter()
        .zip(exact)
        .map(|(found, exact)| (f64::from(*found) - exact).powi(2))
        .sum::<f64>();
    (squares / exact.iter().map(|exact| exact * exact).sum::<f64>()).sqrt()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_kernel_gives_the_bits_of_the_plain_one_for_every_remainder() {
    for kernel in [Kernel::Amx, Kernel::Vnni]
        .into_iter()
        .filter(|kernel| !kernel.is_available())
    {
        println!("skipped: this processor has no {kernel}; its kernel was not tried");
    }
    let mut shapes = vec![[1, 1, 1], [600, 784, 10], [64, 128, 64], [130, 257, 33]];
    shapes.extend((1..20).map(|rest| [rest, 60 + rest, 20 - rest]));
    for shape in shapes {
        for density in [0.0, 0.01, 0.2, 1.0] {
            let case = Case::new(shape, density);
            let plain = both(Kernel::Portable, 1, &case);
            for kernel in kernels() {
                for threads in [1, 2, 3] {
                    let found = both(kernel, threads, &case);
                    assert!(
                        bits(&found[0]) == bits(&plain[0]),
                        "{shape:?}, density {density}, {kernel}, {threads} threads: outputs"
                    );
                    assert!(
                        bits(&found[1]) == bits(&plain[1]),
                        "{shape:?}, density {density}, {kernel}, {threads} threads: gradient"
                    );
                }
            }
        }
    }
}

#[test]
fn exact_products_are_at_least_as_close_to_the_true_ones_as_those_of_f32() {
    for (shape, density) in [
        ([600, 784, 100], 1.0),
        ([600, 784, 100], 0.2),
        ([600, 784, 10], 0.2),
        ([200, 3072, 40], 1.0),
        ([37, 61, 19], 0.5),
        ([600, 20, 3], 1.0),
    ] {
        let case = Case::new(shape, density);
        let (exact, single) = (case.exact(), case.single());
        let ours = both(Kernel::Exact.resolve().unwrap(), 1, &case);
        for (index, what) in ["outputs", "gradient"].into_iter().enumerate() {
            let (ours, f32) = (
                relative_error(&ours[index], &exact[index]),
                relative_error(&single[index], &exact[index]),
            );
            assert!(
                ours <= 1.1 * f32.max(6e-8),
                "{shape:?}, density {density}, {what}: {ours:.2e}, f32 {f32:.2e}"
            );
            println!("{shape:?}, density {density}, {what}: {ours:.2e}, f32 {f32:.2e}");
        }
    }
}

#[test]
fn a_weight_or_error_signal_that_is_not_finite_spoils_its_unit() {
    for bad in [f32::NAN, f32::INFINITY] {
        for kernel in kernels() {
            let mut case = Case::new([9, 20, 18], 0.5);
            case.weight[17 * 20] = bad;
            case.error[2 * 18 + 17] = bad;
            let [outputs, gradient] = both(kernel, 1, &case);
            for (index, output) in outputs.iter().enumerate() {
                assert_eq!(
                    output.is_nan(),
                    index % 18 == 17,
                    "{kernel}: output {index}"
                );
            }
            for (index, gradient) in gradient.iter().enumerate() {
                assert_eq!(
                    gradient.is_nan(),
                    index / 20 == 17,
                    "{kernel}: gradient {index}"
                );
            }
        }
    }
}

#[test]
fn the_largest_sums_do_not_overflow() {
    let features = 60_000;
    let case = Case {
        samples: 1,
        features,
        units: 2,
        pixels: vec![255; features],
        weight: [1.0, -1.0]
            .into_iter()
            .flat_map(|w| vec![w; features])
            .collect(),
        error: vec![1.0, -1.0],
    };
    for kernel in kernels() {
        let [outputs, gradient] = both(kernel, 1, &case);
        assert!(
            (outputs[0] - 60_000.0).abs() < 0.02 && (outputs[1] + 60_000.0).abs() < 0.02,
            "{kernel}: {outputs:?}"
        );
        assert!(
            gradient[..features].iter().all(|g| (g - 1.0).abs() < 1e-6),
            "{kernel}"
        );
    }
}
