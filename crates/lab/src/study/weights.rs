//! Figure 3: histograms of the weights of networks with 100 hidden units, trained on 1,200 samples
//! of MNIST with each method.

use spinet_train::{TrainConfig, each_run};

use super::{FigurePanel, FigureRecord, StudyRequest};
use crate::{BUILT_IN, Error, Method, Progress, mean, standard_deviation};

const HIDDEN: usize = 100;
/// Bins from -[`WIDEST`] to [`WIDEST`]; weights beyond count in the outer bins.
const BINS: usize = 80;
const WIDEST: f64 = 2.0;

pub(super) fn work(request: &StudyRequest) -> u64 {
    ((Method::PAPER.len() * request.runs * HIDDEN) as u64)
        .saturating_mul(request.length(BUILT_IN.epochs) as u64)
}

pub(super) fn weights(
    request: &StudyRequest,
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<FigureRecord, Error> {
    let experiment = BUILT_IN;
    let data = spinet_data::load(experiment.data, &request.source)?;
    let mut configs: Vec<(Method, TrainConfig)> = Vec::new();
    for method in Method::PAPER {
        for seed in 0..request.runs as u64 {
            let config = experiment.config(experiment.rules(method, HIDDEN)?, HIDDEN, seed);
            let epochs = request.length(config.epochs);
            configs.push((
                method,
                TrainConfig {
                    kernel: request.kernel,
                    epochs,
                    ..config
                },
            ));
        }
    }
    let networks = each_run(request.threads, configs.len(), |index, threads| {
        let mut tell = |epochs: Progress| advance(epochs.times(HIDDEN));
        let (model, ..) = request
            .keeping
            .trained(&configs[index].1, &data, threads, &mut tell)?;
        Ok::<_, Error>(Weights::of(&model.network.weights()))
    })?;
    let panels = networks
        .chunks(request.runs)
        .zip(configs.chunks(request.runs))
        .map(|(runs, configs)| {
            let (method, config) = &configs[0];
            let over_runs =
                |value: &dyn Fn(&Weights) -> f64| runs.iter().map(value).collect::<Vec<f64>>();
            let bins = |fold: fn(&[f64]) -> f64| {
                (0..BINS)
                    .map(|bin| tenth(fold(&over_runs(&|run| run.counts[bin] as f64))))
                    .collect()
            };
            let summary = [
                ("standard deviation", mean(&over_runs(&|run| run.deviation))),
                ("largest", mean(&over_runs(&|run| run.largest))),
                ("zero (% of all)", mean(&over_runs(&|run| run.zero_percent))),
            ];
            FigurePanel {
                title: method.name().to_owned(),
                rules: config.rules.iter().map(ToString::to_string).collect(),
                edges: (0..=BINS)
                    .map(|edge| (edge as f64 / BINS as f64 * 2.0 - 1.0) * WIDEST)
                    .collect(),
                counts: bins(mean),
                counts_sd: bins(standard_deviation),
                summary: summary
                    .map(|(name, value)| (name.to_owned(), (value * 1e4).round() / 1e4))
                    .into_iter()
                    .collect(),
                ..FigurePanel::default()
            }
        });
    Ok(FigureRecord {
        panels: panels.collect(),
        figure: "figure-3".to_owned(),
        title: "Figure 3: weights after training on 1,200 samples of MNIST, 100 hidden units"
            .to_owned(),
        description: format!(
            "Histograms of all weights of the initial network, dropout, L2 and BDNN-dsd, mean over {}; counts on a logarithmic axis, \
             weights beyond {WIDEST} in the outer bins",
            crate::count::plural(request.runs, "run")
        ),
        ..request.record(
            &data,
            BUILT_IN.standardize.kernel(request.kernel)?.class(),
            experiment.epochs,
        )
    })
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// What the figure needs of one network.
struct Weights {
    counts: Vec<u64>,
    deviation: f64,
    largest: f64,
    zero_percent: f64,
}

impl Weights {
    fn of(layers: &[&[f32]]) -> Self {
        let all = || {
            layers
                .iter()
                .flat_map(|layer| layer.iter().map(|weight| f64::from(*weight)))
        };
        let mut counts = vec![0; BINS];
        for weight in all() {
            let place = (weight + WIDEST) / (2.0 * WIDEST) * BINS as f64;
            counts[(place.max(0.0) as usize).min(BINS - 1)] += 1;
        }
        let count = all().count().max(1) as f64;
        let center = all().sum::<f64>() / count;
        Self {
            counts,
            deviation: (all().map(|weight| (weight - center).powi(2)).sum::<f64>() / count).sqrt(),
            largest: all().fold(0.0, |largest, weight| weight.abs().max(largest)),
            zero_percent: 100.0 * all().filter(|weight| *weight == 0.0).count() as f64 / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_into_their_bins_and_those_beyond_into_the_outer_ones() {
        // A bin is 0.05 wide; bin 40 starts at 0.
        let found = Weights::of(&[&[0.0, 0.06, -0.01], &[9.0, -2.0]]);
        let filled: Vec<(usize, u64)> = found
            .counts
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(filled, [(0, 1), (39, 1), (40, 1), (41, 1), (79, 1)]);
        assert_eq!((found.largest, found.zero_percent), (9.0, 20.0));
    }
}
