//! Runs every point of a sweep and gathers its record.

use std::collections::BTreeMap;

use spinet_data::{Dataset, Fold, Source, find};
use spinet_nn::Kernel;
use spinet_rules::RuleSettings;
use spinet_train::memory::check_runs;
use spinet_train::{Evaluation, TrainConfig, each_run};

use super::column::seconds;
use super::{
    Control, Reference, SweepColumn, SweepDefinition, SweepFile, SweepPoint, SweepRecord, SweepRow,
};
use crate::folds::{folds, part};
use crate::reproduce::{MOST_RUNS, curve, percent, points, unverified};
use crate::runs::{Outcome, check_all_kept};
use crate::{Curve, Error, Estimate, Keeping, Progress, Shard, paired_interval, slowness, speedup};

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
    pub keeping: Keeping,
    /// Where data sets are.
    pub source: Source,
    /// The command, as the record names it.
    pub command: String,
}

/// One run to do.
struct Job {
    config: TrainConfig,
    /// Index of its data among all data sets.
    data: usize,
    /// Index of its part of the data.
    part: usize,
}

impl Job {
    /// A measure of the time that it takes.
    fn work(&self) -> u64 {
        Progress::Done(self.config.epochs as u64)
            .times(self.units())
            .work()
    }

    /// All hidden units, at least one.
    fn units(&self) -> usize {
        self.config
            .hidden
            .iter()
            .fold(0_usize, |sum, units| sum.saturating_add(*units))
            .max(1)
    }
}

/// A data set with the parts of it that runs see: itself, or its folds.
struct DataParts {
    /// With the settings by which it was read.
    name: String,
    whole: Dataset,
    /// Those that are left out in turn; none where runs are scored on test samples.
    folds: Vec<Fold>,
}

impl DataParts {
    /// What a run sees. Made when it is needed: all parts together can be many times the data.
    fn part(&self, index: usize) -> Result<Dataset, Error> {
        self.folds
            .get(index)
            .map_or_else(|| Ok(self.whole.clone()), |fold| part(&self.whole, fold))
    }

    /// Training samples of a run, and samples that it is scored on.
    fn lengths(&self) -> (usize, usize) {
        self.folds
            .first()
            .map_or((self.whole.train.len(), self.whole.test.len()), |fold| {
                (fold.train.len(), fold.validation.len())
            })
    }
}

impl SweepRequest {
    /// The work of all runs of a share together: a measure of time, for a progress bar.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn work(&self, shard: Option<Shard>) -> Result<u64, Error> {
        Ok(self
            .jobs(shard)?
            .iter()
            .map(Job::work)
            .fold(0, u64::saturating_add))
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
                for part in 0..folds {
                    let config = TrainConfig {
                        seed: *seed,
                        kernel: self.kernel.unwrap_or(config.kernel),
                        ..config.clone()
                    };
                    jobs.push(Job {
                        config: config.resolved()?,
                        data,
                        part,
                    });
                }
            }
        }
        let numbered = jobs.into_iter().enumerate();
        Ok(numbered
            .filter(|(number, _)| shard.is_none_or(|shard| shard.has(*number)))
            .map(|(_, job)| job)
            .collect())
    }

    fn load(&self) -> Result<Vec<DataParts>, Error> {
        let load = |set: &TrainConfig| {
            let whole = spinet_data::load_with(&set.data, &self.source, &set.data_options())?;
            let name = data_in_words(set);
            let folds = self
                .file
                .folds
                .map(|count| folds(&whole, count, self.folds(), self.file.seeds[0]));
            let folds = folds.transpose()?.unwrap_or_default();
            Ok(DataParts { name, whole, folds })
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

/// Does these runs, as many at once as there are threads; none where a run diverged.
fn outcomes(
    request: &SweepRequest,
    jobs: &[Job],
    data: &[DataParts],
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Option<Outcome>>, Error> {
    // The largest first, so that the threads end together.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(jobs[*index].work()));
    check_runs(
        jobs.iter().map(|job| (&job.config, &data[job.data].whole)),
        request.file.folds.is_some(),
        request.threads,
    )?;
    let sizes = jobs.iter().map(|job| {
        (
            &job.config,
            [
                data[job.data].whole.train.features(),
                data[job.data].whole.classes(),
            ],
        )
    });
    request.keeping.need_space(sizes, request.threads)?;
    let done = each_run(request.threads, jobs.len(), |index, threads| {
        let job = &jobs[order[index]];
        let part = data[job.data].part(job.part)?;
        request
            .keeping
            .outcome_unless_diverged(&job.config, &part, threads, &mut |epochs| {
                advance(epochs.times(job.units()));
            })
    })?;
    check_all_kept(done.iter().flatten())?;
    let mut outcomes: Vec<Option<Outcome>> = jobs.iter().map(|_| None).collect();
    for (index, outcome) in order.into_iter().zip(done) {
        outcomes[index] = outcome;
    }
    Ok(outcomes)
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

/// Runs every point with every seed; `advance` is told how much [work](SweepRequest::work) was done
/// since its last call, from any thread. A run that diverges is told in the record and ends
/// nothing.
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

/// The runs that a point is compared with, run k with run k.
struct Compared<'a> {
    initial: Option<&'a [Option<Outcome>]>,
    reference: Option<&'a [Option<Outcome>]>,
    control: Option<&'a [Option<Outcome>]>,
}

fn row(
    point: &SweepPoint,
    job: &Job,
    (train, scored): (usize, usize),
    runs: &[Option<Outcome>],
    Compared {
        initial,
        reference,
        control,
    }: &Compared<'_>,
    columns: &[SweepColumn],
) -> Result<SweepRow, Error> {
    let curves: Vec<&Vec<Evaluation>> = runs
        .iter()
        .flatten()
        .map(|outcome| &outcome.curve)
        .collect();
    let last = |run: &Option<Outcome>| {
        run.as_ref()
            .and_then(|run| run.curve.last())
            .map_or(0.0, |last| percent(last.accuracy))
    };
    let finals = |runs: &[Option<Outcome>]| runs.iter().map(last).collect::<Vec<_>>();
    let best = |run: &Outcome| {
        run.curve
            .iter()
            .map(|evaluation| percent(evaluation.accuracy))
            .fold(0.0, f64::max)
    };
    let speedups = |initial: &[Option<Outcome>]| {
        let each = initial.iter().zip(runs).map(|(initial, run)| {
            let (initial, run) = (initial.as_ref()?, run.as_ref()?);
            speedup(&points(&initial.curve), &points(&run.curve))
        });
        each.collect::<Option<Vec<_>>>().map(Estimate::of)
    };
    let of_each = |runs: &[Option<Outcome>], value: fn(&Outcome) -> Option<f64>| {
        runs.iter()
            .map(|run| run.as_ref().and_then(value))
            .collect::<Option<Vec<f64>>>()
    };
    let slow = |run: &Outcome| slowness(&points(&run.curve));
    let slownesses = columns
        .contains(&SweepColumn::Slowness)
        .then(|| of_each(runs, slow))
        .flatten();
    let over = |other: &[Option<Outcome>]| paired_interval(&finals(runs), &finals(other));
    let slowness_over =
        |other: &[Option<Outcome>]| paired_interval(slownesses.as_ref()?, &of_each(other, slow)?);
    let (slowness_over_reference, slowness_over_control) = (
        reference.and_then(slowness_over),
        control.and_then(slowness_over),
    );
    let has_left = columns.contains(&SweepColumn::WeightsLeft);
    let weights_left = has_left
        .then(|| of_each(runs, |run| Some(run.weights_left)))
        .flatten()
        .map(Estimate::of);
    let text = |part: fn(&Outcome) -> &String| {
        runs.iter()
            .map(|run| run.as_ref().map(part).cloned().unwrap_or_default())
            .collect()
    };
    Ok(SweepRow {
        settings: point.settings.clone(),
        train,
        scored,
        runs: runs.len(),
        diverged: runs.iter().filter(|run| run.is_none()).count(),
        accuracy: Estimate::of(finals(runs)),
        peak_accuracy: Estimate::of(
            runs.iter()
                .map(|run| run.as_ref().map_or(0.0, best))
                .collect(),
        ),
        speedup: initial.and_then(speedups),
        over_initial: initial.and_then(over),
        over_reference: reference.and_then(over),
        over_control: control.and_then(over),
        slowness: slownesses.map(Estimate::of),
        slowness_over_reference,
        slowness_over_control,
        weights_left,
        seconds: None,
        run_toml: job.config.to_toml()?,
        ids: text(|run| &run.id),
        arrays_sha256: text(|run| &run.arrays_sha256),
        curve: if curves.is_empty() {
            Curve::default()
        } else {
            thinned(curve(&curves))
        },
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

fn definition(request: &SweepRequest, data: &[DataParts], kernel: String) -> SweepDefinition {
    let digests = data.iter().map(|DataParts { name, whole, .. }| {
        (name.clone(), [whole.train.sha256(), whole.test.sha256()])
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
