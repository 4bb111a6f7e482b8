//! Forward and backward pass of a step, for every kernel that runs here and each network of the
//! BDNN-dsd paper.
//!
//! `cargo xtask bench`, or `cargo bench --package spinet-nn -- FILTER`.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]
#![allow(
    missing_docs,
    reason = "Criterion's macro makes a function without one"
)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use spinet_nn::{
    Batch, Inputs, Kernel, Network, NetworkConfig, Pixels, Targets, Threads, Workspace,
};
use spinet_rules::{Chain, Purpose, Stream};

const BATCH: usize = 600;

fn passes(criterion: &mut Criterion) {
    let kernels = [Kernel::F32, Kernel::Vnni, Kernel::Amx]
        .into_iter()
        .filter(|kernel| kernel.is_available());
    for kernel in kernels {
        for (what, density) in [("dense", 1.0), ("a fifth", 0.2)] {
            let mut group = criterion.benchmark_group(format!("passes/{kernel}/{what}"));
            group.sample_size(20);
            for (inputs, hidden) in [(784, 10), (784, 100), (784, 500), (3072, 100), (3072, 500)] {
                let mut stream = Stream::new(0, Purpose::Noise, 0);
                let mut pixel = || {
                    if stream.unit() < density {
                        1 + stream.below(255) as u8
                    } else {
                        0
                    }
                };
                let pixels: Vec<u8> = (0..BATCH * inputs).map(|_| pixel()).collect();
                let labels = [1; BATCH];
                let batch = Batch {
                    inputs: Inputs::Pixels(Pixels::all(&pixels, inputs)),
                    targets: Targets::classes(&labels),
                };
                let network =
                    Network::<f32>::new(&NetworkConfig::dense(&[inputs, hidden, 10]), 0).unwrap();
                let mut chain = Chain::from_settings(&[], &network.plan(BATCH, 0)).unwrap();
                let mut workspace =
                    Workspace::with_kernel(&network, BATCH, Threads::one(), kernel).unwrap();
                let id = BenchmarkId::from_parameter(format!("{inputs}-{hidden}"));
                group.bench_function(id, |bencher| {
                    bencher.iter(|| workspace.differentiate(&network, &mut chain, &batch, 0));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, passes);
criterion_main!(benches);
