//! A comparison over seeds with honest statistics: does dropout help this network, and by how much?
//!
//! Runs of the same seed start from the same weights, so their difference is paired.
//! `spinet sweep FILE` does the same from a file, for any number of settings, and keeps its runs.
//!
//! ```sh
//! cargo run --release --example 07_compare_over_seeds
//! ```

use spinet::lab::{mean, paired_interval, standard_deviation};
use spinet::{Error, TrainConfig, each_run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = spinet::load("mnist-1200")?;
    let baseline = TrainConfig::new().hidden([30]).epochs(60);
    let dropout = baseline.clone().rule("dropout:dropout_rate=0.2")?;

    let seeds = 5;
    let accuracies = |config: &TrainConfig| {
        // Runs beside each other, in the order of their seeds.
        each_run(2, seeds, |seed, _| {
            let model = config.clone().seed(seed as u64).fit(&data)?;
            Ok::<_, Error>(100.0 * model.evaluate(&data.test)?.value())
        })
    };
    let (baseline, dropout) = (accuracies(&baseline)?, accuracies(&dropout)?);
    for (name, values) in [("baseline", &baseline), ("dropout", &dropout)] {
        println!(
            "{name:9} {:.2} ± {:.2} %",
            mean(values),
            standard_deviation(values)
        );
    }
    if let Some(gain) = paired_interval(&dropout, &baseline) {
        println!(
            "difference {:+.2} points, 95 % interval [{:+.2}, {:+.2}]",
            gain.mean, gain.low, gain.high
        );
    }
    Ok(())
}
