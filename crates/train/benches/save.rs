//! What a durable save takes: written beside, synced, read back, renamed, the directory synced (the
//! bar is 50 ms for 1 MiB).
//!
//! `cargo xtask bench`, or `cargo bench --package spinet-train`.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]
#![allow(
    missing_docs,
    reason = "Criterion's macro makes a function without one"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spinet_train::store::{make_directory, write_atomically};

fn save(criterion: &mut Criterion) {
    // On the disk of the build, since temporary files may be kept in memory.
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("save");
    make_directory(&directory).unwrap();
    let mut group = criterion.benchmark_group("save");
    for mebibytes in [1, 16] {
        let bytes = vec![0x5a; mebibytes << 20];
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(
            BenchmarkId::from_parameter(format!("{mebibytes} MiB")),
            |bencher| {
                bencher.iter(|| write_atomically(&directory.join("checkpoint"), &bytes).unwrap());
            },
        );
    }
    group.finish();
}

criterion_group!(benches, save);
criterion_main!(benches);
