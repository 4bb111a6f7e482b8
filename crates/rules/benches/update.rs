//! The update of a weight matrix: plain gradient descent, momentum, Adam, BDNN-dsd in one pass, and
//! BDNN-dsd as separate hooks.
//!
//! `cargo xtask bench`, or `cargo bench --package spinet-rules`.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]
#![allow(
    missing_docs,
    reason = "Criterion's macro makes a function without one"
)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use spinet_rules::{At, Chain, Grapes, Plan, Purpose, Stream, resolve};

fn update(criterion: &mut Criterion) {
    for (outputs, inputs) in [(100, 784), (256, 784), (500, 784), (500, 3072)] {
        let plan = Plan {
            batch: 600,
            ..Plan::dense(&[inputs, outputs, 10])
        };
        let mut stream = Stream::new(0, Purpose::Noise, 0);
        let mut numbers = |width: f64| {
            (0..outputs * inputs)
                .map(|_| (stream.normal() * width) as f32)
                .collect::<Vec<f32>>()
        };
        let (start, grad) = (numbers(0.3), numbers(0.01));
        let mut group = criterion.benchmark_group(format!("update/{outputs}x{inputs}"));
        let one = |name: &str| {
            (
                name.to_owned(),
                Chain::<f32>::from_settings(&[name.parse().unwrap()], &plan).unwrap(),
            )
        };
        let separate = (
            "bdnn-dsd-separate".to_owned(),
            one("bdnn-dsd").1.unfused(&plan),
        );
        for (name, mut chain) in [
            one("gradient-descent"),
            one("momentum"),
            one("adam"),
            one("bdnn-dsd"),
            separate,
        ] {
            let mut weight = start.clone();
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| chain.update(At { id: 0, step: 0 }, 0.1, &mut weight, &grad));
            });
        }
        let arrays = vec![start.as_slice(), &[], &[], &[]];
        // The factors alone; scaling the error signals of a batch is little beside them.
        let mut grapes = Grapes::<f32>::new(&resolve("grapes").unwrap(), &plan).unwrap();
        group.bench_function("grapes", |bencher| {
            bencher.iter(|| grapes.factors(0, &arrays).len());
        });
        group.finish();
    }
}

criterion_group!(benches, update);
criterion_main!(benches);
