//! What a result says about the samples it was made from.

use serde_json::{Value, json};

use crate::bench::Bench;

/// Six files in the form of CIFAR-10, of three records each.
fn small_cifar() -> Bench {
    let bench = Bench::new();
    let record = |label: usize| {
        [label as u8]
            .into_iter()
            .chain((0..3072).map(move |at| (at * (label + 1)) as u8))
    };
    let names = [
        "data_batch_1",
        "data_batch_2",
        "data_batch_3",
        "data_batch_4",
        "data_batch_5",
        "test_batch",
    ];
    for (number, name) in names.iter().enumerate() {
        let records: Vec<u8> = (0..3)
            .flat_map(|index| record((number + 3 * index) % 10))
            .collect();
        bench.write(&format!("{name}.bin"), records);
    }
    bench
}

#[test]
fn every_result_from_incomplete_files_says_how_many_samples_it_had() {
    let bench = small_cifar();
    let message = bench.refused(2, "train --data cifar-10 --data-dir . --epochs 1 --out a");
    assert!(
        message.contains("data_batch_1.bin: file has 3 records, expected 10000\n\nhint: "),
        "{message}"
    );
    let train = "train --data cifar-10 --data-dir . --allow-unverified --hidden 4 --epochs 1";
    let text = bench.done(&format!("{train} --out a"));
    let counts = "cifar-10, 15 training and 3 test samples from unverified files (the official ones have 50,000 training and 10,000 test samples)";
    assert!(
        text.starts_with(&format!("data: {counts}\ntest accuracy: ")),
        "{text}"
    );
    assert!(
        text.ends_with("\nnext: spinet eval a --allow-unverified --data-dir .\n"),
        "{text}"
    );
    let result: Value =
        serde_json::from_str(&bench.done(&format!("{train} --out b --json"))).unwrap();
    let found = json!([
        result["data"],
        result["train_samples"],
        result["test_samples"],
        result["is_verified"]
    ]);
    assert_eq!(found, json!(["cifar-10", 15, 3, false]));

    let eval = "eval a --allow-unverified --data-dir .";
    let text = bench.done(eval);
    assert!(text.contains("\ndata: cifar-10, 3 samples from unverified files (the official ones have 10,000 samples)\n"), "{text}");
    let result: Value = serde_json::from_str(&bench.done(&format!("{eval} --json"))).unwrap();
    assert_eq!(
        (&result["samples"], &result["is_verified"]),
        (&3.into(), &false.into())
    );
}

#[test]
fn a_result_from_official_files_says_so() {
    let bench = Bench::new();
    assert!(
        bench.train("a", "").starts_with(
            "data: mnist-1200, 1,200 training and 10,000 test samples\ntest accuracy: "
        )
    );
    let result: Value = serde_json::from_str(&bench.done("eval a --json")).unwrap();
    assert_eq!(result["is_verified"], true);
    assert!(
        bench
            .done("eval a")
            .contains("\ndata: mnist-1200, 10,000 samples\n")
    );
}
