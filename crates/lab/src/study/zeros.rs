//! Figure 5: in each epoch, how many weights (and bounds) are zero, and how many of the epoch
//! before are still zero.
//!
//! The paper's curve has bounds reach zero after 20 epochs of two steps. With a threshold of 10
//! that is after four shrinkings, which needs `3 < initial_bound / bound_step <= 4`; the parameters
//! it states have 7.5. Both are shown.

use spinet_rules::{RuleSettings, StateValues};
use spinet_train::{Advance, TrainConfig, Trainer, each_run};

use super::{FigureCurve, FigurePanel, FigureRecord, StudyRequest};
use crate::{BUILT_IN, Error, Progress, mean, standard_deviation};

const HIDDEN: usize = 100;
const EPOCHS: usize = 500;

/// Heading of a panel, and the initial bound.
const SETTINGS: [(&str, f64); 2] = [
    ("stated: initial bound 0.45, step 0.06", 0.45),
    ("needed: initial bound 0.21, step 0.06", 0.21),
];

pub(super) fn work(request: &StudyRequest) -> u64 {
    ((SETTINGS.len() * request.runs * HIDDEN) as u64).saturating_mul(request.length(EPOCHS) as u64)
}

pub(super) fn zeros(
    request: &StudyRequest,
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<FigureRecord, Error> {
    let data = spinet_data::load(BUILT_IN.data, &request.source)?;
    let epochs = request.length(EPOCHS);
    let rule = |initial_bound: f64| {
        RuleSettings::new("bdnn-dsd").with_number("initial_bound", initial_bound)
    };
    let runs = each_run(
        request.threads,
        SETTINGS.len() * request.runs,
        |index, threads| {
            let (setting, seed) = (index / request.runs, (index % request.runs) as u64);
            let config = BUILT_IN.config(
                BUILT_IN.with_optimizer(Some(rule(SETTINGS[setting].1))),
                HIDDEN,
                seed,
            );
            let config = TrainConfig {
                kernel: request.kernel,
                epochs,
                evaluate_every: epochs,
                ..config
            };
            let mut trainer = Trainer::new(&config, &data, threads)?;
            let mut course = Course::default();
            while trainer.advance()? != Advance::Finished {
                request.check_stop()?;
                if trainer.position().batch == 0 && trainer.epoch() > course.epochs() {
                    course.push(&trainer);
                    advance(Progress::Done(HIDDEN as u64));
                }
            }
            Ok::<_, Error>(course)
        },
    )?;
    let panels =
        runs.chunks(request.runs)
            .zip(SETTINGS)
            .flat_map(|(runs, (title, initial_bound))| {
                let panel = |what: &str, of: fn(&Course) -> &Zeros| {
                    let curve = |label: &str, values: fn(&Zeros) -> &Vec<u64>| {
                        let at = |epoch: usize| {
                            runs.iter()
                                .map(|run| values(of(run))[epoch] as f64)
                                .collect::<Vec<_>>()
                        };
                        let fold = |fold: fn(&[f64]) -> f64| {
                            (0..epochs)
                                .map(|epoch| (fold(&at(epoch)) * 10.0).round() / 10.0)
                                .collect()
                        };
                        FigureCurve {
                            label: label.to_owned(),
                            mean: fold(mean),
                            sd: fold(standard_deviation),
                        }
                    };
                    let curves = vec![
                        curve("zero in the epoch before", |zeros| &zeros.before),
                        curve("of these still zero", |zeros| &zeros.kept),
                    ];
                    let first = (0..epochs)
                        .find(|epoch| runs.iter().any(|run| of(run).now[*epoch] > 0))
                        .map_or(0, |epoch| epoch + 1);
                    let last = mean(
                        &runs
                            .iter()
                            .map(|run| of(run).now[epochs - 1] as f64)
                            .collect::<Vec<_>>(),
                    );
                    // `before` lacks the last epoch.
                    let most = curves[0]
                        .mean
                        .iter()
                        .fold((last * 10.0).round() / 10.0, |most: f64, value| {
                            most.max(*value)
                        });
                    let summary = [
                        ("first epoch with any, in any run (0: none)", first as f64),
                        ("most", most),
                        ("after the last epoch", last),
                    ];
                    FigurePanel {
                        title: format!("{what}, {title}"),
                        rules: vec![rule(initial_bound).to_string()],
                        summary: summary
                            .map(|(name, value)| (name.to_owned(), value))
                            .into_iter()
                            .collect(),
                        epoch: (1..=epochs).collect(),
                        curves,
                        ..FigurePanel::default()
                    }
                };
                [
                    panel("zero weights", |course| &course.weights),
                    panel("zero bounds", |course| &course.bounds),
                ]
            });
    Ok(FigureRecord {
        panels: panels.collect(),
        figure: "figure-5".to_owned(),
        title: "Figure 5: zero weights and zero bounds of BDNN-dsd, 1,200 samples of MNIST, 100 hidden units".to_owned(),
        description: "For each epoch the number of weights (and of bounds) that were zero after the epoch before, and how many of them \
                      are still zero; with the parameters that the paper states and with those that its curve needs; bands: one \
                      standard deviation over the seeds"
            .to_owned(),
        ..request.record(&data, BUILT_IN.standardize.kernel(request.kernel)?.class(), EPOCHS)
    })
}

/// The zeros of one run over its epochs.
#[derive(Default)]
struct Course {
    weights: Zeros,
    bounds: Zeros,
}

impl Course {
    fn epochs(&self) -> usize {
        self.weights.now.len()
    }

    fn push(&mut self, trainer: &Trainer) {
        self.weights.push(
            trainer
                .network()
                .weights()
                .concat()
                .iter()
                .map(|weight| *weight == 0.0),
        );
        let state = trainer.chain().rules().iter().flat_map(|rule| rule.state());
        let bounds = state
            .filter(|entry| entry.name == "bound")
            .filter_map(|entry| match entry.values {
                StateValues::Scalars(bounds) => Some(bounds),
                StateValues::Counts(_) => None,
            });
        self.bounds.push(bounds.flatten().map(|bound| bound == 0.0));
    }
}

/// Counts after each epoch.
#[derive(Default)]
struct Zeros {
    /// Which are zero after the last epoch.
    mask: Vec<bool>,
    /// Zero after the epoch before.
    before: Vec<u64>,
    /// Zero after this epoch.
    now: Vec<u64>,
    /// Zero after both.
    kept: Vec<u64>,
}

impl Zeros {
    fn push(&mut self, is_zero: impl Iterator<Item = bool>) {
        let mask: Vec<bool> = is_zero.collect();
        self.before.push(self.now.last().copied().unwrap_or(0));
        self.now
            .push(mask.iter().filter(|is_zero| **is_zero).count() as u64);
        self.kept.push(
            self.mask
                .iter()
                .zip(&mask)
                .filter(|(before, now)| **before && **now)
                .count() as u64,
        );
        self.mask = mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_zero_is_counted_among_what_was() {
        let mut zeros = Zeros::default();
        for mask in [
            [false, false, false],
            [true, true, false],
            [true, false, true],
        ] {
            zeros.push(mask.into_iter());
        }
        assert_eq!(
            (zeros.before, zeros.now, zeros.kept),
            (vec![0, 0, 2], vec![0, 2, 2], vec![0, 0, 1])
        );
    }
}
