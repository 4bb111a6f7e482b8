//! Runs every point of a sweep and gathers its record.

use std::collections::BTreeMap;

use spinet_data::{DataOptions, Dataset, Source, find};
use spinet_nn::Kernel;
use spinet_rules::RuleSettings;
use spinet_train::TrainConfig;

use super::column::seconds;
use super::{
    Control, Reference, SweepColumn, SweepDefinition, SweepFile, SweepPoint, SweepRecord, SweepRow,
};
use crate::jobs::{Job, Parts, of_shard, work};
use crate::paper::reproduce::{MOST_RUNS, unverified};
use crate::runs::Outcome;
use crate::statistics::summary::{self, Runs};
use crate::{Curve, Error, Estimate, Progress, RunStore, Shard, paired_interval, slowness};

/// What to run.
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
    /// Another kernel than the file's.
    pub kernel: Option<Kernel>,
    /// Threads in all.
    pub threads: usize,
    /// Where runs are kept; in memory by default.
    pub keeping: RunStore,
    /// Where data sets are.
    pub source: Source,
    /// The command, as the record names it.
    pub command: String,
}

impl SweepRequest {
    /// The work of all runs of a share together: a measure of time, for a progress bar.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn work(&self, shard: Option<Shard>) -> Result<u64, Error> {
        Ok(work(self.jobs(shard)?.iter()))
    }

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

    /// The different configurations, and for each point the index of its own.
    fn configs(&self) -> (Vec<&TrainConfig>, Vec<usize>) {
        let mut configs: Vec<&TrainConfig> = Vec::new();
        let of_point = self.file.points.iter().map(|point| {
            configs
                .iter()
                .position(|known| **known == point.config)
                .unwrap_or_else(|| {
                    configs.push(&point.config);
                    configs.len() - 1
                })
        });
        let of_point = of_point.collect();
        (configs, of_point)
    }

    /// The runs of a share: of every configuration, by seed, and within a seed by fold.
    fn jobs(&self, shard: Option<Shard>) -> Result<Vec<Job>, Error> {
        let (sets, folds) = (self.data_sets(), self.folds());
        let (configs, _) = self.configs();
        let count = configs
            .len()
            .saturating_mul(self.file.seeds.len())
            .saturating_mul(folds);
        if count > MOST_RUNS {
            return Err(Error::Runs {
                setting: "runs of a sweep",
                low: 1,
                high: MOST_RUNS,
                found: count,
            });
        }
        let mut jobs = Vec::with_capacity(count);
        for config in configs {
            let data = sets
                .iter()
                .position(|set| is_same_data(set, config))
                .unwrap_or(0);
            for seed in &self.file.seeds {
                for fold in 0..folds {
                    let config = TrainConfig {
                        seed: *seed,
                        kernel: self.kernel.unwrap_or(config.kernel),
                        ..config.clone()
                    };
                    jobs.push(Job {
                        config: config.resolved()?,
                        data,
                        fold,
                    });
                }
            }
        }
        Ok(of_shard(jobs, shard))
    }

    fn load(&self) -> Result<Vec<Parts>, Error> {
        let load = |set: &TrainConfig| {
            let options = DataOptions {
                keeps_table: self.file.folds.is_some(),
                ..set.data_options()
            };
            let whole = spinet_data::load_with(&set.data, &self.source, &options)?;
            match self.file.folds {
                Some(count) => Parts::folds(whole, count, self.folds(), self.file.seeds[0]),
                None => Ok(Parts::whole(whole)),
            }
        };
        self.data_sets().into_iter().map(load).collect()
    }
}

fn is_same_data(a: &TrainConfig, b: &TrainConfig) -> bool {
    a.data == b.data && a.data_options() == b.data_options()
}

/// `mnist-1200`, or `kinds.csv (label = kind, test_part = 0.3)`: with the settings that were
/// chosen.
fn data_in_words(config: &TrainConfig) -> String {
    let chosen = [
        config
            .label
            .as_ref()
            .map(|label| format!("label = {label}")),
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

fn outcomes(
    request: &SweepRequest,
    jobs: &[Job],
    data: &[Parts],
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Option<Outcome>>, Error> {
    let jobs: Vec<&Job> = jobs.iter().collect();
    request
        .keeping
        .outcomes(&jobs, data, request.threads, true, advance)
}

/// Does one share of the runs, in the directory of the request; gives their number.
///
/// # Errors
///
/// As [`sweep`].
pub fn sweep_share(
    request: &SweepRequest,
    shard: Shard,
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<usize, Error> {
    let (jobs, data) = (request.jobs(Some(shard))?, request.load()?);
    Ok(outcomes(request, &jobs, &data, advance)?.len())
}

/// Runs every configuration with every seed. `advance` is called from any thread with the
/// [work](SweepRequest::work) done since its last call. A run that diverges is reported in the
/// record and does not stop the sweep.
///
/// # Errors
///
/// What is wrong with the request, data that is missing, a run that was interrupted or cannot be
/// kept.
pub fn sweep(
    request: &SweepRequest,
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<SweepRecord, Error> {
    let (jobs, data) = (request.jobs(None)?, request.load()?);
    let outcomes = outcomes(request, &jobs, &data, advance)?;
    let each = request.file.seeds.len() * request.folds();
    let runs: Vec<&[Option<Outcome>]> = outcomes.chunks(each).collect();
    let (configs, of_point) = request.configs();
    let has = |column| request.file.columns.contains(&column);
    let rows = request
        .file
        .points
        .iter()
        .zip(of_point)
        .map(|(point, index)| {
            let job = &jobs[index * each];
            let of = |point: &SweepPoint| {
                configs
                    .iter()
                    .position(|config| **config == point.config)
                    .map(|index| runs[index])
            };
            let initial = request.initial_of(point).and_then(of);
            let (reference, control) = (
                request.reference_of(point).and_then(of),
                request.control_of(point).and_then(of),
            );
            let compared = Compared {
                initial,
                reference,
                control,
            };
            let seconds = if has(SweepColumn::Seconds) {
                seconds(&job.config, &data[job.data].part(0)?)?
            } else {
                None
            };
            Ok(SweepRow {
                seconds,
                ..row(
                    point,
                    job,
                    data[job.data].lengths(),
                    runs[index],
                    &compared,
                    &request.file.columns,
                )?
            })
        });
    let kernel = jobs
        .first()
        .map_or_else(String::new, |job| job.config.kernel.to_string());
    Ok(SweepRecord {
        points: rows.collect::<Result<_, Error>>()?,
        definition: definition(request, &data, kernel),
    })
}

/// The runs that a configuration is compared with.
struct Compared<'a> {
    initial: Option<&'a Runs>,
    reference: Option<&'a Runs>,
    control: Option<&'a Runs>,
}

fn row(
    point: &SweepPoint,
    job: &Job,
    (train, scored): (usize, usize),
    runs: &Runs,
    Compared {
        initial,
        reference,
        control,
    }: &Compared<'_>,
    columns: &[SweepColumn],
) -> Result<SweepRow, Error> {
    let of_each = |runs: &Runs, value: fn(&Outcome) -> Option<f64>| {
        runs.iter()
            .map(|run| run.as_ref().and_then(value))
            .collect::<Option<Vec<f64>>>()
    };
    let asked = |column, value| {
        columns
            .contains(&column)
            .then(|| of_each(runs, value))
            .flatten()
    };
    let slow = |run: &Outcome| slowness(&summary::points(&run.curve));
    let slownesses = asked(SweepColumn::Slowness, slow);
    let over = |other: &Runs| summary::over(runs, other);
    let slowness_over =
        |other: &Runs| paired_interval(slownesses.as_ref()?, &of_each(other, slow)?);
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

/// Most evaluations of a curve that a record keeps.
const MOST_EVALUATIONS: usize = 50;

/// Without counts, and with some fifty epochs at equal distances, the first and the last among
/// them.
fn thinned(curve: Curve) -> Curve {
    let count = curve.epoch.len();
    if count <= MOST_EVALUATIONS {
        return Curve {
            counts: BTreeMap::new(),
            ..curve
        };
    }
    let kept: Vec<usize> = (0..MOST_EVALUATIONS)
        .map(|index| index * (count - 1) / (MOST_EVALUATIONS - 1))
        .collect();
    Curve {
        epoch: kept.iter().map(|index| curve.epoch[*index]).collect(),
        accuracy: kept.iter().map(|index| curve.accuracy[*index]).collect(),
        accuracy_sd: kept.iter().map(|index| curve.accuracy_sd[*index]).collect(),
        counts: BTreeMap::new(),
    }
}

fn definition(request: &SweepRequest, data: &[Parts], kernel: String) -> SweepDefinition {
    let sets = request.data_sets();
    let digests = sets.iter().zip(data).map(|(set, Parts { whole, .. })| {
        (
            data_in_words(set),
            [whole.train.sha256(), whole.test.sha256()],
        )
    });
    // Data of one's own have no official files.
    let differ = |whole: &&Dataset| !whole.is_verified && find(&whole.name).is_ok();
    SweepDefinition {
        sweep: request.name.clone(),
        command: request.command.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        reduced: request.reduced.clone(),
        kernel,
        seeds: request.file.seeds.clone(),
        scored_on: match request.file.folds {
            None => "test samples".to_owned(),
            Some(folds) => format!("validation samples, {} of {folds} folds", request.folds()),
        },
        reference: request.file.reference.as_ref().map(ToString::to_string),
        control: request
            .file
            .control
            .as_ref()
            .map(|control| control.by.clone()),
        own: request.file.own.clone(),
        note: request.file.note.clone(),
        file: request.text.clone(),
        unverified: data
            .iter()
            .map(|parts| &parts.whole)
            .filter(differ)
            .map(unverified)
            .collect(),
        digests: digests.collect(),
    }
}
