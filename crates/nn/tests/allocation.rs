//! What a training step allocates after the first: nothing of its own.
//!
//! The `gemm` crate packs its operands into buffers that it allocates and frees in every call, so
//! the count of a step is not 0. How many it takes depends on the machine's caches; the same
//! products alone tell how many that is here.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use allocation_counter::{AllocationInfo, measure};
use spinet_nn::{
    Batch, Inputs, Kernel, Layout, Network, NetworkConfig, Pixels, Targets, Threads, Workspace,
    product,
};
use spinet_rules::{Chain, RULES};

const STEPS: u64 = 5;

/// Allocations of the matrix products of one step: forward, upstream and gradients of every layer.
fn of_products(sizes: &[usize], samples: usize) -> AllocationInfo {
    of_products_from(0, sizes, samples)
}

/// The same from the layer `first` on.
fn of_products_from(first: usize, sizes: &[usize], samples: usize) -> AllocationInfo {
    let widest = *sizes.iter().max().unwrap();
    let operand = vec![0.5_f32; widest * samples.max(widest)];
    let mut result = operand.clone();
    let mut multiply = |[m, k, n]: [usize; 3], left: Layout, right: Layout| {
        product(
            &Threads::one(),
            [m, k, n],
            (&operand[..m * k], left),
            (&operand[..k * n], right),
            &mut result[..m * n],
        );
    };
    measure(|| {
        for (layer, pair) in sizes.windows(2).enumerate().skip(first) {
            let (features, units) = (pair[0], pair[1]);
            multiply(
                [samples, features, units],
                Layout::Plain,
                Layout::Transposed,
            );
            if layer > 0 {
                multiply([samples, units, features], Layout::Plain, Layout::Plain);
            }
            multiply(
                [units, samples, features],
                Layout::Transposed,
                Layout::Plain,
            );
        }
    })
}

/// Allocations of each step.
fn of_steps(sizes: &[usize], samples: usize, rule: &str) -> Vec<AllocationInfo> {
    let mut network = Network::<f32>::new(&NetworkConfig::dense(sizes), 4).unwrap();
    let (inputs, labels) = (vec![0.5; samples * sizes[0]], vec![1; samples]);
    let batch = Batch {
        inputs: Inputs::Numbers(&inputs),
        targets: Targets::classes(&labels),
    };
    let mut chain =
        Chain::from_settings(&[rule.parse().unwrap()], &network.plan(samples, 4)).unwrap();
    let mut workspace = Workspace::new(&network, samples, Threads::one());
    let mut step = |step| {
        measure(|| {
            workspace
                .step(&mut network, &mut chain, &batch, 0.1, step)
                .unwrap();
        })
    };
    (0..STEPS).map(&mut step).collect()
}

#[test]
fn a_step_after_the_first_allocates_nothing_beside_its_matrix_products() {
    for sizes in [&[784, 100, 10][..], &[20, 30, 10, 3]] {
        for samples in [600, 7] {
            of_products(sizes, samples); // once before, for what the products keep in each thread
            let products = of_products(sizes, samples);
            for rule in RULES {
                for step in &of_steps(sizes, samples, rule.name)[1..] {
                    let found = (step.count_total, step.bytes_total, step.count_current);
                    assert_eq!(
                        found,
                        (products.count_total, products.bytes_total, 0),
                        "{}: {sizes:?}, {samples}",
                        rule.name
                    );
                }
            }
        }
    }
}

/// Allocations of each step with pixels and a kernel.
fn of_pixel_steps(sizes: &[usize], samples: usize, kernel: Kernel) -> Vec<AllocationInfo> {
    let mut network = Network::<f32>::new(&NetworkConfig::dense(sizes), 4).unwrap();
    let (pixels, labels) = (vec![9; samples * sizes[0]], vec![1; samples]);
    let mut chain =
        Chain::from_settings(&["bdnn-dsd".parse().unwrap()], &network.plan(samples, 4)).unwrap();
    let mut workspace = Workspace::with_kernel(&network, samples, Threads::one(), kernel).unwrap();
    let mut step = |step| {
        let batch = Batch {
            inputs: Inputs::Pixels(Pixels::all(&pixels, sizes[0])),
            targets: Targets::classes(&labels),
        };
        measure(|| {
            workspace
                .step(&mut network, &mut chain, &batch, 0.1, step)
                .unwrap();
        })
    };
    (0..STEPS).map(&mut step).collect()
}

#[test]
fn a_step_with_exact_products_allocates_nothing_beside_those_of_the_layers_above() {
    for sizes in [&[784, 100, 10][..], &[20, 30, 10, 3]] {
        of_products(sizes, 64); // once before, for what the products keep in each thread
        for kernel in [Kernel::Portable, Kernel::Exact] {
            // The layers above the first: their forward product, upstream and gradients.
            let above = of_products_from(1, sizes, 64);
            for step in &of_pixel_steps(sizes, 64, kernel)[1..] {
                assert_eq!(
                    (step.count_total, step.count_current),
                    (above.count_total, 0),
                    "{kernel}: {sizes:?}"
                );
            }
        }
    }
}
