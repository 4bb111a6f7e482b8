//! A trainer follows its schedule.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::{Dataset, Source, load};
use spinet_nn::Threads;
use spinet_train::{Schedule, TrainConfig, Trainer};

fn losses(data: &Dataset, schedule: Schedule, warm_up: usize) -> Vec<f64> {
    let config = TrainConfig {
        hidden: vec![6],
        batch: 300,
        epochs: 6,
        schedule,
        warm_up,
        ..TrainConfig::default()
    };
    let curve = Trainer::new(&config, data, Threads::one())
        .unwrap()
        .run(&mut |_| {})
        .unwrap();
    curve
        .iter()
        .map(|evaluation| evaluation.test_loss)
        .collect()
}

#[test]
fn the_learning_rate_changes_in_the_epochs_that_the_schedule_says() {
    let data = load("mnist-1200", &Source::default()).unwrap();
    let constant = losses(&data, Schedule::Constant, 0);
    assert_eq!(
        losses(&data, Schedule::Cosine { floor: 1.0 }, 0),
        constant,
        "a cosine that falls by nothing"
    );
    assert_eq!(
        losses(
            &data,
            Schedule::Step {
                every: 6,
                factor: 0.5
            },
            0
        ),
        constant,
        "a step at the end of the run"
    );
    let stepped = losses(
        &data,
        Schedule::Step {
            every: 4,
            factor: 0.5,
        },
        0,
    );
    assert_eq!(stepped[..=4], constant[..=4]);
    assert_ne!(stepped[5], constant[5]);
    let cosine = losses(&data, Schedule::Cosine { floor: 0.0 }, 0);
    assert_ne!(cosine[1], constant[1], "smaller from the second step on");
    let change = |losses: &[f64], epoch: usize| (losses[epoch] - losses[epoch - 1]).abs();
    assert!(
        change(&cosine, 6) < 0.2 * change(&constant, 6),
        "{cosine:?} {constant:?}"
    );
    let warm = losses(&data, Schedule::Constant, 3);
    assert!(
        change(&warm, 1) < 0.5 * change(&constant, 1),
        "{warm:?} {constant:?}"
    );
}
