//! `spinet bench`: what it measures and how it says so. No test looks at how long anything takes.

use std::path::{Path, PathBuf};

use serde_json::Value;
use spinet::Kernel;

use crate::bench::Bench;

#[test]
fn the_record_names_kernel_rows_and_parts() {
    let bench = Bench::new();
    for kernel in ["f32", "portable"] {
        let text = bench.done(&format!("bench --kernel {kernel} --inputs 20,30 --hidden 5 --batch 8 --threads 1,2 --steps 3 --json"));
        let record: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["kernel"], kernel);
        let rows = record["rows"].as_array().unwrap();
        let shapes: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row["inputs"].as_u64().unwrap(),
                    row["threads"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(shapes, [(20, 1), (20, 2), (30, 1), (30, 2)]);
        for row in rows {
            for figure in ["sgd_ms", "bdnn_ms", "products_ms"] {
                assert!(row[figure].as_f64().unwrap() > 0.0, "{figure}: {row}");
            }
            assert_eq!(row["parts_ms"].as_object().unwrap().len(), 6);
        }
    }
}

#[test]
fn the_networks_of_the_paper_are_measured_unless_others_are_named() {
    let bench = Bench::new();
    let shapes = |flags: &str| {
        let record: Value = serde_json::from_str(&bench.done(&format!(
            "bench --batch 4 --steps 1 --kernel f32 --json {flags}"
        )))
        .unwrap();
        let shape = |row: &Value| format!("{}-{}", row["inputs"], row["hidden"]);
        record["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(shape)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(shapes(""), "784-10 784-100 784-500 3072-100 3072-500");
    assert_eq!(shapes("--inputs 3072"), "3072-100 3072-500");
    assert_eq!(shapes("--hidden 7"), "784-7");
    assert_eq!(shapes("--data mnist-1200 --hidden 3,4"), "784-3 784-4");
    let text = bench.done("bench --preset lenet5 --batch-size 4 --steps 1 --json");
    let record: Value = serde_json::from_str(&text).unwrap();
    let row = &record["rows"][0];
    assert_eq!(
        (row["preset"].as_str(), row["inputs"].as_u64()),
        (Some("lenet5"), Some(784))
    );
    assert!(
        row["sgd_ms"].as_f64() > Some(0.0) && row["bdnn_ms"].as_f64() > Some(0.0),
        "{text}"
    );
    let table = bench.done("bench --batch 4 --steps 1 --hidden 3 --depth 2 --density 0.5");
    assert!(
        table.contains("milliseconds per step, medians of 1 step;") && table.contains("784-3x2"),
        "{table}"
    );
}

#[test]
fn a_kernel_that_this_processor_cannot_run_is_refused_with_what_it_needs() {
    let bench = Bench::new();
    for kernel in [Kernel::Amx, Kernel::Vnni] {
        for command in [
            "bench --steps 1",
            "train --epochs 1 --hidden 3 --out a",
            "reproduce --quick",
        ] {
            if kernel.is_available() {
                println!("skipped: this processor has {kernel}, so it is not refused");
                continue;
            }
            let message = bench.refused(2, &format!("{command} --kernel {kernel}"));
            assert!(
                message.starts_with(&format!("spinet: kernel `{kernel}` requires ")),
                "{message}"
            );
            assert!(
                message.contains("\n\nhint: `exact` takes the fastest kernel with the same bits"),
                "{message}"
            );
            assert!(!bench.path("a").exists());
        }
    }
}

#[test]
fn nonsense_is_refused() {
    let bench = Bench::new();
    for (flags, expected) in [
        ("--density 1.5", "expected a number in [0, 1]"),
        ("--threads 0", "0 is not in 1..=1024"),
        (
            "--kernel fast",
            "invalid value 'fast' for '--kernel <NAME>'",
        ),
        ("--data mnist-1200 --inputs 5", "cannot be used with"),
        ("--hidden 0", "0 is not in 1..=1000000"),
    ] {
        let message = bench.refused(2, &format!("bench {flags}"));
        assert!(message.contains(expected), "{flags}: {message}");
    }
}

/// The folder with the public sets, if this machine has one.
fn data_folder() -> Option<PathBuf> {
    let named = std::env::var_os("SPINET_DATA").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/data"));
    named
        .into_iter()
        .chain(above)
        .find(|folder| folder.join("mnist").is_dir())
}

#[test]
fn training_on_60_000_samples_stays_below_150_mb_and_does_not_grow() {
    let Some(folder) = data_folder() else {
        println!(
            "skipped: no files of `mnist` in the folder SPINET_DATA or a `shared/data` above this crate"
        );
        return;
    };
    let bench = Bench::new();
    let peak = |epochs: usize| {
        let flags = format!(
            "--hidden 100 --rule bdnn-dsd --epochs {epochs} --threads 2 --out a --force --json"
        );
        let text = bench.done(&format!(
            "train --data mnist --data-dir {} {flags}",
            folder.display()
        ));
        serde_json::from_str::<Value>(&text).unwrap()["peak_memory_mb"].as_f64()
    };
    let (Some(short), Some(long)) = (peak(1), peak(8)) else {
        println!("skipped: this system does not tell the peak memory of a process");
        return;
    };
    assert!(long <= 150.0, "{long} MB");
    assert!(
        long - short <= 2.0,
        "{short} MB after 1 epoch, {long} MB after 8"
    );
}
