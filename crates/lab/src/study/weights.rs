//! Figure 3: histograms of the weights of networks with 100 hidden units, trained on 1,200 samples
//! of MNIST with each method.

use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_train::TrainConfig;

use super::{FigureCurve, FigurePanel, FigureRecord, StudyRequest};
use crate::count::plural;
use crate::experiment::{Finished, Job, Parts, Plan};
use crate::statistics::rounded;
use crate::{AnyRecord, BUILT_IN, Environment, Error, Method, Progress, mean};

const HIDDEN: usize = 100;
/// Bins from -[`WIDEST`] to [`WIDEST`]; weights beyond count in the outer bins.
const BINS: usize = 80;
const WIDEST: f64 = 2.0;

pub(super) struct Weights(pub(super) StudyRequest);

impl Plan for Weights {
    type Run = Spread;
    type Record = AnyRecord;

    fn environment(&self) -> &Environment {
        &self.0.environment
    }

    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for method in Method::PAPER {
            for seed in 0..self.0.runs as u64 {
                let config = BUILT_IN.config(BUILT_IN.rules(method, HIDDEN)?, HIDDEN, seed);
                let config = TrainConfig {
                    kernel: self.0.environment.kernel.unwrap_or(config.kernel),
                    epochs: self.0.length(config.epochs),
                    ..config
                };
                jobs.push(Job::new(config, 0));
            }
        }
        Ok(jobs)
    }

    fn data(&self) -> Result<Vec<Parts>, Error> {
        self.0.built_in()
    }

    fn train(
        &self,
        job: &Job,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Spread, Error> {
        let store = &self.0.environment.store;
        let (model, ..) = store.trained(&job.config, data, threads, advance)?;
        Ok(Spread::of(&model.network.weights()))
    }

    fn record(&self, jobs: &[Job], data: &[Parts], runs: &[Spread]) -> Result<AnyRecord, Error> {
        let groups = runs.chunks(self.0.runs).zip(jobs.chunks(self.0.runs));
        let panels = groups.zip(Method::PAPER).map(|((runs, jobs), method)| {
            let count = |run: &Spread, bin: usize| run.counts[bin] as f64;
            let bins = FigureCurve::over_runs("", runs, BINS, 1, count);
            let mean_of = |name: &str, value: fn(&Spread) -> f64| {
                let values: Vec<f64> = runs.iter().map(value).collect();
                (name.to_owned(), rounded(mean(&values), 4))
            };
            FigurePanel {
                title: method.name().to_owned(),
                rules: jobs[0]
                    .config
                    .rules
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                edges: (0..=BINS)
                    .map(|edge| (edge as f64 / BINS as f64 * 2.0 - 1.0) * WIDEST)
                    .collect(),
                counts: bins.mean,
                counts_sd: bins.sd,
                summary: [
                    mean_of("standard deviation", |run| run.deviation),
                    mean_of("largest", |run| run.largest),
                    mean_of("zero (% of all)", |run| run.zero_percent),
                ]
                .into(),
                ..FigurePanel::default()
            }
        });
        let runs = plural(self.0.runs, "run");
        Ok(FigureRecord {
            panels: panels.collect(),
            title: "Figure 3: weights after training on 1,200 samples of MNIST, 100 hidden units"
                .to_owned(),
            description: format!(
                "Histograms of all weights of the initial network, dropout, L2 and BDNN-dsd, mean over {runs}; counts on a logarithmic axis, \
                 weights beyond {WIDEST} in the outer bins"
            ),
            ..self.0.record(jobs, data, BUILT_IN.epochs)?
        }
        .into())
    }
}

/// How the weights of one network are spread.
pub(super) struct Spread {
    counts: Vec<u64>,
    deviation: f64,
    largest: f64,
    zero_percent: f64,
}

impl Finished for Spread {}

impl Spread {
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
        let found = Spread::of(&[&[0.0, 0.06, -0.01], &[9.0, -2.0]]);
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
