//! The memory that a run is said to need is at least what it takes, and not much more.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::print_stdout,
    reason = "shown with --show-output: how near the estimates are"
)]

use std::time::Duration;

use spinet_data::{Dataset, Samples, Source};
use spinet_nn::{Activation, Kernel, Threads};
use spinet_rules::RULES;
use spinet_testing::memory::measure;
use spinet_train::memory::of_run;
use spinet_train::{Model, RunDirectory, Safety, Standardize, TrainConfig, Trainer, each_sample};

#[global_allocator]
static ALLOCATOR: spinet_testing::memory::Counting = spinet_testing::memory::Counting;

/// Some samples of MNIST, as pixels or as numbers.
fn data(samples: usize, are_numbers: bool) -> Dataset {
    let whole = spinet_data::load("mnist-1200", &Source::default()).unwrap();
    let some = |from: &Samples| {
        let some = from.select(&(0..samples).collect::<Vec<_>>()).unwrap();
        if !are_numbers {
            return some;
        }
        let numbers: Vec<f32> = some
            .bytes()
            .unwrap()
            .iter()
            .map(|byte| f32::from(*byte) / 255.0)
            .collect();
        Samples::of_numbers(numbers, some.labels().to_vec(), some.shape()).unwrap()
    };
    Dataset {
        train: some(&whole.train),
        test: some(&whole.test),
        ..whole
    }
}

/// The peak of a run with everything around it: two steps, checkpoints, the model, and the finished
/// run read again.
fn peak(config: &TrainConfig, data: &Dataset) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let ((), usage) = measure(|| {
        let run = RunDirectory::open(directory.path()).unwrap();
        let start = || Trainer::new(config, data, Threads::one()).unwrap();
        let mut trainer = start();
        run.begin(&mut trainer, data).unwrap();
        // After the first step, a process begins anew.
        let stop = Safety {
            save_every: Duration::ZERO,
            ..Safety::default()
        };
        stop.stop.request();
        run.run(&mut trainer, data, &stop, &mut |_, _| {})
            .unwrap_err();
        drop(trainer);
        let mut trainer = start();
        assert!(run.begin(&mut trainer, data).unwrap().from.is_some());
        let every_step = Safety {
            save_every: Duration::ZERO,
            ..Safety::default()
        };
        let model = run
            .run(&mut trainer, data, &every_step, &mut |_, _| {})
            .unwrap();
        drop((trainer, model));
        assert!(
            run.finished(&trainer_config(config), data)
                .unwrap()
                .is_some()
        );
    });
    usage.peak
}

/// As the files of a run have it.
fn trainer_config(config: &TrainConfig) -> TrainConfig {
    config.resolved().unwrap()
}

fn assert_is_near(config: &TrainConfig, data: &Dataset, what: &str) {
    const REST: f64 = 8_388_608.0;
    let (needed, found) = (
        of_run(config, data, 1).unwrap() as f64,
        peak(config, data) as f64,
    );
    println!(
        "{what}: needs {:.1} MB, takes {:.1} MB",
        needed / 1e6,
        found / 1e6
    );
    assert!(
        found <= needed,
        "{what}: takes {found} bytes, said to need {needed}"
    );
    assert!(
        needed - REST <= 1.5 * found,
        "{what}: takes {found} bytes, said to need {needed}"
    );
}

fn config(hidden: &[usize], rules: &[&str]) -> TrainConfig {
    let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    // Nothing may grow in two steps.
    TrainConfig {
        hidden: hidden.to_vec(),
        epochs: 1,
        batch: 150,
        learning_rate: 1e-6,
        rules,
        ..TrainConfig::default()
    }
}

#[test]
fn a_run_takes_what_it_needs_with_every_rule() {
    let data = data(300, false);
    for rule in RULES {
        assert_is_near(&config(&[1500, 200], &[rule.name]), &data, rule.name);
    }
    assert_is_near(
        &config(
            &[1500, 200],
            &["adam", "dropout", "l2", "bdnn-dsd:biases=bounded"],
        ),
        &data,
        "four rules",
    );
    assert_is_near(
        &config(&[1500, 200], &["sd-snn-bounds", "momentum"]),
        &data,
        "bounds and momentum",
    );
}

#[test]
fn a_run_takes_what_it_needs_whatever_its_shape_and_kernel() {
    let (pixels, numbers) = (data(300, false), data(300, true));
    for kernel in [Kernel::F32, Kernel::Portable, Kernel::Auto] {
        assert_is_near(
            &TrainConfig {
                kernel,
                ..config(&[1500, 200], &["bdnn-dsd"])
            },
            &pixels,
            &format!("kernel {kernel}"),
        );
    }
    for standardize in Standardize::ALL {
        assert_is_near(
            &TrainConfig {
                standardize,
                ..config(&[1500, 200], &["bdnn-dsd"])
            },
            &pixels,
            &format!("standardize {standardize}"),
        );
    }
    assert_is_near(
        &config(&[1500, 200], &["dropout:scaling=test"]),
        &pixels,
        "scaled at test time",
    );
    assert_is_near(&config(&[1500, 200], &["bdnn-dsd"]), &numbers, "numbers");
    assert_is_near(
        &config(&[], &["bdnn-dsd"]),
        &data(1000, false),
        "no hidden layer",
    );
    assert_is_near(&config(&[20_000], &[]), &pixels, "a wide layer");
    assert_is_near(
        &config(&[3; 30], &["dropout"]),
        &data(1000, false),
        "a deep network",
    );
    let wide_batch = TrainConfig {
        batch: 1000,
        activation: Activation::Relu,
        ..config(&[3000], &["dropout"])
    };
    assert_is_near(&wide_batch, &data(1000, false), "a large batch");
}

#[test]
fn an_evaluation_of_a_wide_network_takes_no_more_than_is_checked() {
    let data = data(600, false);
    let trainer = Trainer::new(&config(&[20_000], &[]), &data, Threads::one()).unwrap();
    let model = Model::of(&trainer, &data);
    let weights: usize = model.network.weights().into_iter().map(<[f32]>::len).sum();
    let (_, scored) = measure(|| model.score(&data.test, Threads::one()).unwrap());
    let ((), predicted) = measure(|| {
        each_sample(&model, data.test.values(), Threads::one(), |_, _| {
            Ok::<_, spinet_train::Error>(())
        })
        .unwrap();
    });
    // Outputs of 256 samples, and the digits of the weights; no gradients and no error signals.
    let most = 256 * 20_100 * 4 + 3 * weights + 3_000_000;
    assert!(
        scored.peak.max(predicted.peak) <= most,
        "{} {} {most}",
        scored.peak,
        predicted.peak
    );
}
