//! Figure 5: in each epoch, how many weights (and bounds) are zero, and how many of the epoch
//! before are still zero.
//!
//! The paper's curve has bounds reach zero after 20 epochs of two steps. With a threshold of 10
//! that is after four shrinkings, which needs `3 < initial_bound / bound_step <= 4`; the parameters
//! it states have 7.5. Both are shown.

use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_rules::{RuleSettings, StateValues};
use spinet_train::{Advance, TrainConfig, Trainer};

use super::{FigureCurve, FigurePanel, FigureRecord, StudyRequest};
use crate::experiment::{Finished, Job, Parts, Plan};
use crate::statistics::rounded;
use crate::{AnyRecord, BUILT_IN, Environment, Error, Progress, mean};

const HIDDEN: usize = 100;
const EPOCHS: usize = 500;

/// Heading of a panel, and the initial bound.
const SETTINGS: [(&str, f64); 2] = [
    ("stated: initial bound 0.45, step 0.06", 0.45),
    ("needed: initial bound 0.21, step 0.06", 0.21),
];

fn rule(initial_bound: f64) -> RuleSettings {
    RuleSettings::new("bdnn-dsd").with_number("initial_bound", initial_bound)
}

pub(super) struct Zeros(pub(super) StudyRequest);

impl Plan for Zeros {
    type Run = Course;
    type Record = AnyRecord;

    fn environment(&self) -> &Environment {
        &self.0.environment
    }

    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let (epochs, kernel) = (self.0.length(EPOCHS), self.0.environment.kernel);
        let job = |initial_bound, seed| {
            let rules = BUILT_IN.with_optimizer(Some(rule(initial_bound)));
            let config = TrainConfig {
                kernel: kernel.unwrap_or_default(),
                epochs,
                evaluate_every: epochs,
                ..BUILT_IN.config(rules, HIDDEN, seed)
            };
            Job::new(config, 0)
        };
        let seeds = 0..self.0.runs as u64;
        let jobs = SETTINGS
            .iter()
            .flat_map(|(_, initial_bound)| seeds.clone().map(|seed| job(*initial_bound, seed)));
        Ok(jobs.collect())
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
    ) -> Result<Course, Error> {
        let mut trainer = Trainer::new(&job.config, data, threads)?;
        let mut course = Course::default();
        while trainer.advance()? != Advance::Finished {
            self.0.check_stop()?;
            if trainer.position().batch == 0 && trainer.epoch() > course.epochs() {
                course.push(&trainer);
                advance(Progress::Done(1));
            }
        }
        Ok(course)
    }

    fn record(&self, jobs: &[Job], data: &[Parts], runs: &[Course]) -> Result<AnyRecord, Error> {
        let mut panels = Vec::new();
        for (runs, setting) in runs.chunks(self.0.runs).zip(SETTINGS) {
            panels.push(panel("zero weights", setting, runs, |run| &run.weights));
            panels.push(panel("zero bounds", setting, runs, |run| &run.bounds));
        }
        Ok(FigureRecord {
            panels,
            title: "Figure 5: zero weights and zero bounds of BDNN-dsd, 1,200 samples of MNIST, 100 hidden units".to_owned(),
            description: "For each epoch the number of weights (and of bounds) that were zero after the epoch before, and how many of them \
                          are still zero; with the parameters that the paper states and with those that its curve needs; bands: one \
                          standard deviation over the seeds"
                .to_owned(),
            ..self.0.record(jobs, data, EPOCHS)?
        }
        .into())
    }

    fn is_kept(&self) -> bool {
        false
    }
}

/// The zeros of the weights or of the bounds, with one of the settings.
fn panel(
    what: &str,
    (title, initial_bound): (&str, f64),
    runs: &[Course],
    zeros: fn(&Course) -> &ZeroCounts,
) -> FigurePanel {
    let epochs = runs[0].epochs();
    let curve = |label: &str, values: fn(&ZeroCounts) -> &Vec<u64>| {
        let value = |run: &Course, epoch: usize| values(zeros(run))[epoch] as f64;
        FigureCurve::over_runs(label, runs, epochs, 1, value)
    };
    let curves = vec![
        curve("zero in the epoch before", |zeros| &zeros.before),
        curve("of these still zero", |zeros| &zeros.kept),
    ];
    let first = (0..epochs).find(|epoch| runs.iter().any(|run| zeros(run).now[*epoch] > 0));
    let last: Vec<f64> = runs
        .iter()
        .map(|run| zeros(run).now[epochs - 1] as f64)
        .collect();
    // `before` lacks the last epoch.
    let before = curves[0].mean.iter().copied();
    let most = before.fold(rounded(mean(&last), 1), f64::max);
    let summary = [
        (
            "first epoch with any, in any run (0: none)",
            first.map_or(0, |epoch| epoch + 1) as f64,
        ),
        ("most", most),
        ("after the last epoch", mean(&last)),
    ];
    FigurePanel {
        title: format!("{what}, {title}"),
        rules: vec![rule(initial_bound).to_string()],
        summary: summary.map(|(name, value)| (name.to_owned(), value)).into(),
        epoch: (1..=epochs).collect(),
        curves,
        ..FigurePanel::default()
    }
}

/// The zeros of one run over its epochs.
#[derive(Default)]
pub(super) struct Course {
    weights: ZeroCounts,
    bounds: ZeroCounts,
}

impl Finished for Course {}

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
struct ZeroCounts {
    /// Which are zero after the last epoch.
    mask: Vec<bool>,
    /// Zero after the epoch before.
    before: Vec<u64>,
    /// Zero after this epoch.
    now: Vec<u64>,
    /// Zero after both.
    kept: Vec<u64>,
}

impl ZeroCounts {
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
        let mut zeros = ZeroCounts::default();
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
