//! Runs every point of a sweep and gathers its record.

use std::collections::BTreeMap;

use spinet_data::{DataOptions, Dataset, find};
use spinet_nn::Threads;
use spinet_rules::RuleSettings;
use spinet_train::TrainConfig;

use super::column::seconds;
use super::{
    Control, Reference, SweepColumn, SweepDefinition, SweepFile, SweepPoint, SweepRecord, SweepRow,
};
use crate::experiment::{Job, Parts, Plan};
use crate::paper::run::{MOST_RUNS, check_count, digests, unverified};
use crate::runs::Outcome;
use crate::statistics::summary::{self, Runs};
use crate::{AnyRecord, Curve, Environment, Error, Estimate, Progress, paired_interval, slowness};

/// A sweep to do. A run that diverges is reported in the record and does not stop the sweep.
#[derive(Clone, Debug)]
pub struct SweepRequest {
    /// The points and seeds.
    pub file: SweepFile,
    /// Name and text of the file, for the record.
    pub name: String,
    /// See `name`.
    pub text: String,
    /// How it is smaller than what it is known for, if it is.
    pub reduced: Option<String>,
    /// How the runs are done.
    pub environment: Environment,
}

impl Plan for SweepRequest {
    type Run = Option<Outcome>;
    type Record = AnyRecord;

    fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Of every configuration, by seed, and within a seed by fold.
    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let (sets, folds, seeds) = (self.data_sets(), self.folds(), &self.file.seeds);
        let configs = self.configs();
        let count = configs.len().saturating_mul(seeds.len());
        check_count("runs of a sweep", count.saturating_mul(folds), MOST_RUNS)?;
        let mut jobs = Vec::new();
        for config in configs {
            let data = sets.iter().position(|set| is_same_data(set, config));
            for seed in seeds {
                for fold in 0..folds {
                    let config = TrainConfig {
                        seed: *seed,
                        kernel: self.environment.kernel.unwrap_or(config.kernel),
                        ..config.clone()
                    };
                    jobs.push(Job {
                        config: config.resolved()?,
                        data: data.unwrap_or(0),
                        fold,
                    });
                }
            }
        }
        Ok(jobs)
    }

    fn data(&self) -> Result<Vec<Parts>, Error> {
        let load = |set: &TrainConfig| {
            let options = DataOptions {
                keeps_table: self.file.folds.is_some(),
                ..set.data_options()
            };
            let whole = spinet_data::load_with(&set.data, &self.environment.source, &options)?;
            match self.file.folds {
                Some(count) => Parts::folds(whole, count, self.folds(), self.file.seeds[0]),
                None => Ok(Parts::whole(whole)),
            }
        };
        self.data_sets().into_iter().map(load).collect()
    }

    fn train(
        &self,
        job: &Job,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Option<Outcome>, Error> {
        let store = &self.environment.store;
        store.outcome_unless_diverged(&job.config, data, threads, advance)
    }

    fn record(
        &self,
        jobs: &[Job],
        data: &[Parts],
        runs: &[Option<Outcome>],
    ) -> Result<AnyRecord, Error> {
        let each = self.file.seeds.len() * self.folds();
        let configs = self.configs();
        let place = |point: &SweepPoint| {
            let config = configs.iter().position(|config| **config == point.config);
            config.unwrap_or(0) * each
        };
        let runs_of = |point: &SweepPoint| &runs[place(point)..][..each];
        let rows = self.file.points.iter().map(|point| {
            let job = &jobs[place(point)];
            let compared = Compared {
                initial: self.initial_of(point).map(runs_of),
                reference: self.reference_of(point).map(runs_of),
                control: self.control_of(point).map(runs_of),
            };
            let seconds = if self.file.columns.contains(&SweepColumn::Seconds) {
                seconds(&job.config, &data[job.data].part(0)?)?
            } else {
                None
            };
            Ok(SweepRow {
                seconds,
                ..self.row(
                    point,
                    job,
                    data[job.data].lengths(),
                    runs_of(point),
                    &compared,
                )?
            })
        });
        let points = rows.collect::<Result<_, Error>>()?;
        let kernel = jobs.first().map(|job| job.config.kernel.to_string());
        let definition = self.definition(data, kernel.unwrap_or_default());
        Ok(SweepRecord { points, definition }.into())
    }
}

impl SweepRequest {
    fn folds(&self) -> usize {
        self.file
            .folds
            .map_or(1, |folds| self.file.left_out.unwrap_or(folds))
    }

    /// The data sets, each once: one for every way in which a set is read and divided.
    fn data_sets(&self) -> Vec<&TrainConfig> {
        let mut sets: Vec<&TrainConfig> = Vec::new();
        for SweepPoint { config, .. } in &self.file.points {
            if !sets.iter().any(|set| is_same_data(set, config)) {
                sets.push(config);
            }
        }
        sets
    }

    /// The first point with the same network, data and training, and no rules.
    fn initial_of(&self, point: &SweepPoint) -> Option<&SweepPoint> {
        if point.config.rules.is_empty() {
            return None;
        }
        let plain = TrainConfig {
            rules: Vec::new(),
            ..point.compared.clone()
        };
        self.file
            .points
            .iter()
            .find(|other| other.compared == plain)
    }

    /// The point that this one is compared with, by the file's reference; not the point itself.
    fn reference_of(&self, point: &SweepPoint) -> Option<&SweepPoint> {
        let config = &point.config;
        let is_alike = |other: &SweepPoint| {
            TrainConfig {
                rules: config.rules.clone(),
                ..other.compared.clone()
            } == point.compared
        };
        let mut points = self.file.points.iter();
        let found = match self.file.reference.as_ref()? {
            Reference::With(names) => {
                points.find(|other| other.has_rules(names) && is_alike(other))?
            }
            Reference::Without(names) => {
                let rules: Vec<RuleSettings> = config
                    .rules
                    .iter()
                    .filter(|rule| !names.contains(&rule.name))
                    .cloned()
                    .collect();
                points.find(|other| other.config.rules == rules && is_alike(other))?
            }
        };
        (found.config != *config).then_some(found)
    }

    /// The point that has the control in place of the rule, and is alike in the rest; the control's
    /// own parameters are free.
    fn control_of(&self, point: &SweepPoint) -> Option<&SweepPoint> {
        let Control { rule, by } = self.file.control.as_ref()?;
        let at = point
            .config
            .rules
            .iter()
            .position(|known| known.name == *rule)?;
        self.file.points.iter().find(|other| {
            let Some(control) = other.config.rules.get(at).filter(|known| known.name == *by) else {
                return false;
            };
            let mut rules = point.config.rules.clone();
            rules[at] = control.clone();
            TrainConfig {
                rules,
                ..point.compared.clone()
            } == other.compared
        })
    }

    /// The different configurations.
    fn configs(&self) -> Vec<&TrainConfig> {
        let mut configs: Vec<&TrainConfig> = Vec::new();
        for SweepPoint { config, .. } in &self.file.points {
            if !configs.contains(&config) {
                configs.push(config);
            }
        }
        configs
    }

    fn row(
        &self,
        point: &SweepPoint,
        job: &Job,
        (train, scored): (usize, usize),
        runs: &Runs,
        compared: &Compared<'_>,
    ) -> Result<SweepRow, Error> {
        let of_each = |runs: &Runs, value: fn(&Outcome) -> Option<f64>| {
            runs.iter()
                .map(|run| run.as_ref().and_then(value))
                .collect::<Option<Vec<f64>>>()
        };
        let asked = |column, value| {
            let is_asked = self.file.columns.contains(&column);
            is_asked.then(|| of_each(runs, value)).flatten()
        };
        let slow = |run: &Outcome| slowness(&summary::points(&run.curve));
        let slownesses = asked(SweepColumn::Slowness, slow);
        let over = |other| summary::over(runs, other);
        let slowness_over =
            |other: &Runs| paired_interval(slownesses.as_ref()?, &of_each(other, slow)?);
        let Compared {
            initial,
            reference,
            control,
        } = *compared;
        Ok(SweepRow {
            settings: point.settings.clone(),
            train,
            scored,
            runs: runs.len(),
            diverged: runs.iter().filter(|run| run.is_none()).count(),
            accuracy: summary::accuracy(runs),
            peak_accuracy: summary::peak_accuracy(runs),
            speedup: initial.and_then(|initial| summary::speedups(runs, initial)),
            over_initial: initial.and_then(over),
            over_reference: reference.and_then(over),
            over_control: control.and_then(over),
            slowness_over_reference: reference.and_then(slowness_over),
            slowness_over_control: control.and_then(slowness_over),
            slowness: slownesses.map(Estimate::of),
            weights_left: asked(SweepColumn::WeightsLeft, |run| Some(run.weights_left))
                .map(Estimate::of),
            seconds: None,
            run_toml: job.config.to_toml()?,
            ids: summary::texts(runs, |run| &run.id),
            arrays_sha256: summary::texts(runs, |run| &run.arrays_sha256),
            curve: thinned(summary::curve(runs)),
        })
    }

    fn definition(&self, data: &[Parts], kernel: String) -> SweepDefinition {
        let file = &self.file;
        let named = self.data_sets().into_iter().zip(data);
        let sets = || data.iter().map(|parts| &parts.whole);
        // A user's own data have no official files.
        let differ = |whole: &&Dataset| !whole.is_verified && find(&whole.name).is_ok();
        SweepDefinition {
            sweep: self.name.clone(),
            command: self.environment.command.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            reduced: self.reduced.clone(),
            kernel,
            seeds: file.seeds.clone(),
            scored_on: match file.folds {
                None => "test samples".to_owned(),
                Some(folds) => format!("validation samples, {} of {folds} folds", self.folds()),
            },
            measure: sets()
                .any(|whole| !whole.target.numbers().is_empty())
                .then(|| "R2".to_owned()),
            reference: file.reference.as_ref().map(ToString::to_string),
            control: file.control.as_ref().map(|control| control.by.clone()),
            own: file.own.clone(),
            note: file.note.clone(),
            file: self.text.clone(),
            unverified: sets().filter(differ).map(unverified).collect(),
            digests: named
                .map(|(set, parts)| (data_in_words(set), digests(&parts.whole).1))
                .collect(),
        }
    }
}

fn is_same_data(a: &TrainConfig, b: &TrainConfig) -> bool {
    a.data == b.data && a.data_options() == b.data_options()
}

/// `mnist-1200`, or `kinds.csv (label = kind, test_part = 0.3)`: with the settings that were
/// chosen.
fn data_in_words(config: &TrainConfig) -> String {
    let label = config.label.as_ref();
    let chosen = [
        label.map(|label| format!("label = {label}")),
        config.test_part.map(|part| format!("test_part = {part}")),
        config
            .train_per_class
            .map(|count| format!("train_per_class = {count}")),
        (config.split_seed > 0).then(|| format!("split_seed = {}", config.split_seed)),
    ];
    let chosen: Vec<String> = chosen.into_iter().flatten().collect();
    if chosen.is_empty() {
        config.data.clone()
    } else {
        format!("{} ({})", config.data, chosen.join(", "))
    }
}

/// The runs that a configuration is compared with.
#[derive(Clone, Copy)]
struct Compared<'a> {
    initial: Option<&'a Runs>,
    reference: Option<&'a Runs>,
    control: Option<&'a Runs>,
}

/// Most evaluations of a curve that a record keeps.
const MOST_EVALUATIONS: usize = 50;

/// Without counts, and with some fifty epochs at equal distances, the first and the last among
/// them.
fn thinned(mut curve: Curve) -> Curve {
    let count = curve.epoch.len();
    curve.counts = BTreeMap::new();
    if count <= MOST_EVALUATIONS {
        return curve;
    }
    let kept = (0..MOST_EVALUATIONS).map(|index| index * (count - 1) / (MOST_EVALUATIONS - 1));
    Curve {
        epoch: kept.clone().map(|index| curve.epoch[index]).collect(),
        accuracy: kept.clone().map(|index| curve.accuracy[index]).collect(),
        accuracy_sd: kept.map(|index| curve.accuracy_sd[index]).collect(),
        counts: curve.counts,
    }
}
