//! Runs the experiments behind the paper's tables and gathers their records.

use std::collections::BTreeMap;

use spinet_data::{Dataset, Source};
use spinet_nn::Kernel;
use spinet_rules::RuleSettings;
use spinet_train::{Standardize, TrainConfig};

use crate::count::{plural, thousands};
use crate::jobs::{Job, Parts, of_shard, work};
use crate::paper::experiment::{LEARNING_RATE, TUNED_POINT};
use crate::runs::Outcome;
use crate::statistics::summary::{self, Runs};
use crate::{
    Batch, Definition, Error, Experiment, Method, Progress, Record, Row, RunStore, Settings, Shard,
    Tuned, published,
};

/// What to run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The experiments.
    pub experiments: Vec<&'static Experiment>,
    /// Runs of each network and method; run k has the seed k.
    pub runs: usize,
    /// Another number of epochs than the experiment's.
    pub epochs: Option<usize>,
    /// The methods; the initial network is always run, because L and the difference need it.
    pub methods: Vec<Method>,
    /// Other settings of a method's rule than the experiment's own, by the name of the method.
    pub rules: Vec<RuleSettings>,
    /// The networks, by hidden units; all of the experiment if empty.
    pub hidden: Vec<usize>,
    /// How products with pixels are computed.
    pub kernel: Kernel,
    /// Threads in all.
    pub threads: usize,
    /// Where runs are kept; in memory by default.
    pub keeping: RunStore,
    /// Where data sets are.
    pub source: Source,
    /// The command, as the record names it.
    pub command: String,
}

impl Request {
    /// The work of all runs of a share together, in epochs times hidden units: a measure of time,
    /// for a progress bar.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn work(&self, shard: Option<Shard>) -> Result<u64, Error> {
        let jobs = of_shard(self.jobs()?, shard);
        Ok(work(jobs.iter().map(|(_, job)| job)))
    }

    /// Every run, the largest networks first so that the threads end together.
    fn jobs(&self) -> Result<Vec<(Method, Job)>, Error> {
        for (index, rule) in self.rules.iter().enumerate() {
            let method: Method = rule.name.parse()?;
            let is_repeated = self.rules[..index]
                .iter()
                .any(|known| known.name == rule.name);
            if is_repeated || !self.methods().contains(&method) {
                return Err(Error::UnusedRule {
                    rule: rule.to_string(),
                    why: if is_repeated {
                        "given twice"
                    } else {
                        "not run"
                    },
                });
            }
        }
        if self.runs == 0 || self.runs > MOST_RUNS {
            return Err(Error::Runs {
                setting: "runs",
                low: 1,
                high: MOST_RUNS,
                found: self.runs,
            });
        }
        let mut jobs = Vec::new();
        for (index, experiment) in self.experiments.iter().enumerate() {
            for hidden in self.networks(experiment)? {
                let has = |method: &Method| {
                    experiment.has(*method, hidden)
                        || self.rules.iter().any(|rule| rule.name == method.name())
                };
                for method in self.methods().into_iter().filter(has) {
                    for seed in 0..self.runs as u64 {
                        let rules = match self.rules.iter().find(|rule| rule.name == method.name())
                        {
                            Some(rule) => experiment.with_optimizer(Some(rule.clone())),
                            None => experiment.rules(method, hidden)?,
                        };
                        let mut config = TrainConfig {
                            kernel: self.kernel,
                            ..experiment.config(rules, hidden, seed)
                        };
                        if let Some(epochs) = self.epochs {
                            config.epochs = epochs;
                        }
                        config.check()?;
                        jobs.push((
                            method,
                            Job {
                                config,
                                data: index,
                                fold: 0,
                            },
                        ));
                    }
                }
            }
        }
        if let Some(method) = self
            .methods()
            .into_iter()
            .find(|method| jobs.iter().all(|(known, _)| known != method))
        {
            let is_default = self.methods().len() == Method::ALL.len();
            let first = self.experiments.first().filter(|_| !is_default);
            if let Some(experiment) = first {
                let hidden = self
                    .networks(experiment)
                    .unwrap_or_default()
                    .first()
                    .copied()
                    .unwrap_or_default();
                return Err(Error::NotTuned {
                    experiment: experiment.name,
                    method: method.name(),
                    hidden,
                });
            }
        }
        jobs.sort_by_key(|(_, job)| std::cmp::Reverse(job.config.hidden.clone()));
        Ok(jobs)
    }

    fn methods(&self) -> Vec<Method> {
        let mut methods = self.methods.clone();
        methods.push(Method::Initial);
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    fn networks(&self, experiment: &Experiment) -> Result<Vec<usize>, Error> {
        if self.hidden.is_empty() {
            return Ok(experiment.hidden.to_vec());
        }
        if let Some(found) = self
            .hidden
            .iter()
            .find(|hidden| !experiment.hidden.contains(hidden))
        {
            let known: Vec<String> = experiment.hidden.iter().map(ToString::to_string).collect();
            return Err(Error::UnknownHidden {
                experiment: experiment.name,
                found: *found,
                expected: known.join(", "),
            });
        }
        let mut networks = self.hidden.clone();
        networks.sort_unstable();
        networks.dedup();
        Ok(networks)
    }

    /// What makes this request smaller than the experiments themselves, in words.
    fn reduced(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.runs != RUNS {
            parts.push(format!("{} instead of {RUNS}", plural(self.runs, "run")));
        }
        if self.methods().len() < Method::ALL.len() {
            parts.push(format!(
                "only {}",
                self.methods()
                    .iter()
                    .map(|method| method.name())
                    .collect::<Vec<_>>()
                    .join(", ")
            ));
        }
        if self.experiments.iter().any(|experiment| {
            self.networks(experiment)
                .is_ok_and(|hidden| hidden.len() < experiment.hidden.len())
        }) {
            parts.push("not all networks".to_owned());
        }
        for experiment in &self.experiments {
            if let Some(epochs) = self.epochs.filter(|epochs| *epochs != experiment.epochs) {
                parts.push(format!(
                    "{} instead of {}",
                    plural(epochs, "epoch"),
                    thousands(experiment.epochs as u64)
                ));
            }
        }
        parts.extend(
            self.rules
                .iter()
                .map(|rule| format!("`{rule}` instead of the experiment's `{}`", rule.name)),
        );
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Runs behind every figure of the paper's tables.
pub(crate) const RUNS: usize = 5;
/// Most runs of a request.
pub(crate) const MOST_RUNS: usize = 10_000;

fn load(request: &Request) -> Result<Vec<Parts>, Error> {
    let data = request
        .experiments
        .iter()
        .map(|experiment| spinet_data::load(experiment.data, &request.source).map(Parts::whole));
    Ok(data.collect::<Result<_, _>>()?)
}

/// Does one share of the runs, in the directory of the request; gives their number. Once every
/// share is done there, [`reproduce`] makes the record without training anything.
///
/// # Errors
///
/// As [`reproduce`].
pub fn run_share(
    request: &Request,
    shard: Shard,
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<usize, Error> {
    let jobs = of_shard(request.jobs()?, Some(shard));
    Ok(outcomes(request, &jobs, &load(request)?, advance)?.len())
}

fn outcomes(
    request: &Request,
    jobs: &[(Method, Job)],
    data: &[Parts],
    advance: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Option<Outcome>>, Error> {
    let jobs: Vec<&Job> = jobs.iter().map(|(_, job)| job).collect();
    request
        .keeping
        .outcomes(&jobs, data, request.threads, false, advance)
}

/// Runs the requested experiments. `advance` is called from any thread with the
/// [work](Request::work) done since its last call.
///
/// # Errors
///
/// What is wrong with the request, data that is missing, a run that diverged or was interrupted.
pub fn reproduce(request: &Request, advance: &(dyn Fn(Progress) + Sync)) -> Result<Record, Error> {
    let (jobs, data) = (request.jobs()?, load(request)?);
    let outcomes = outcomes(request, &jobs, &data, advance)?;
    // The runs of a network and method follow one another.
    let groups: Vec<_> = jobs
        .chunks(request.runs)
        .zip(outcomes.chunks(request.runs))
        .collect();
    let mut rows = Vec::new();
    for (index, experiment) in request.experiments.iter().enumerate() {
        for hidden in request.networks(experiment)? {
            let runs_of = |method: Method| {
                let is_it = |(known, job): &(Method, Job)| {
                    *known == method && job.data == index && job.config.hidden == [hidden]
                };
                groups.iter().find(|(jobs, _)| is_it(&jobs[0]))
            };
            let initial = runs_of(Method::Initial).map_or(&[][..], |(_, runs)| runs);
            for method in request.methods() {
                if let Some(([job, ..], runs)) = runs_of(method) {
                    rows.push(row(experiment, &data[index].whole, job, runs, initial));
                }
            }
        }
    }
    let definition = definition(request, &data, &rows);
    Ok(Record { rows, definition })
}

/// The record of one network and method from its runs, in the order of the seeds.
fn row(
    experiment: &Experiment,
    data: &Dataset,
    (method, job): &(Method, Job),
    runs: &Runs,
    initial: &Runs,
) -> Row {
    let (hidden, initial) = (job.config.hidden[0], Some(initial));
    let initial = initial.filter(|_| *method != Method::Initial);
    Row {
        data: experiment.paper_data.to_owned(),
        train: data.train.len(),
        test: data.test.len(),
        hidden,
        method: *method,
        rules: job.config.rules.iter().map(ToString::to_string).collect(),
        runs: runs.len(),
        epochs: job.config.epochs,
        accuracy: summary::accuracy(runs),
        peak_accuracy: summary::peak_accuracy(runs),
        speedup: initial.and_then(|initial| summary::speedups(runs, initial)),
        over_initial: initial.and_then(|initial| summary::over(runs, initial)),
        paper: published(
            experiment.paper_data,
            experiment.paper_train,
            hidden,
            *method,
        ),
        ids: summary::texts(runs, |run| &run.id),
        arrays_sha256: summary::texts(runs, |run| &run.arrays_sha256),
        curve: summary::curve(runs),
    }
}

fn definition(request: &Request, data: &[Parts], rows: &[Row]) -> Definition {
    let mut digests = BTreeMap::new();
    for Parts { whole: set, .. } in data {
        digests.insert(set.name.clone(), [set.train.sha256(), set.test.sha256()]);
    }
    let is_used = |tuned: &&Tuned| {
        let rule = tuned.rule().to_string();
        rows.iter()
            .any(|row| row.hidden == tuned.hidden && row.rules.contains(&rule))
    };
    let in_words = |tuned: &Tuned| {
        format!(
            "{} with {} hidden units: {} = {}, by `{}`",
            tuned.method.name(),
            tuned.hidden,
            tuned.parameter(),
            tuned.value,
            tuned.command()
        )
    };
    let used = request
        .experiments
        .iter()
        .flat_map(|experiment| experiment.tuned)
        .filter(is_used);
    let (as_published, tuned): (Vec<&Tuned>, Vec<_>) =
        used.partition(|tuned| tuned.method == Method::L2AsPublished);
    let tuned: Vec<String> = tuned.into_iter().map(in_words).collect();
    let mut open_points = Vec::<String>::new();
    let mut reasons = Vec::new();
    for experiment in &request.experiments {
        let new: Vec<_> = experiment
            .open_points()
            .filter(|point| open_points.iter().all(|known| known != point))
            .collect();
        open_points.extend(new.into_iter().map(str::to_owned));
        let (name, every) = (experiment.name, plural(experiment.evaluate_every, "epoch"));
        reasons.push(format!(
            "{name}: {} epochs, evaluated every {every}; {}",
            thousands(experiment.epochs as u64),
            experiment.epochs_reason
        ));
    }
    for experiment in &request.experiments {
        let untuned: Vec<String> = request
            .networks(experiment)
            .unwrap_or_default()
            .iter()
            .filter(|hidden| !experiment.has(Method::L2, **hidden))
            .map(ToString::to_string)
            .collect();
        if !untuned.is_empty() {
            open_points.push(format!(
                "L2 is left out of {} with {} hidden units: its coefficient has not been tuned in this setting yet",
                experiment.name,
                untuned.join(" and ")
            ));
        }
    }
    if !tuned.is_empty() {
        open_points.push(TUNED_POINT.to_owned());
    }
    open_points.extend(
        as_published
            .into_iter()
            .map(|found| in_words(found) + "; nearest to the published test accuracy"),
    );
    Definition {
        experiments: request
            .experiments
            .iter()
            .map(|experiment| experiment.name.to_owned())
            .collect(),
        command: request.command.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        reduced: request.reduced(),
        seeds: (0..request.runs as u64).collect(),
        learning_rate: LEARNING_RATE,
        settings: Settings::of(&request.experiments),
        unverified: data
            .iter()
            .map(|parts| &parts.whole)
            .filter(|set| !set.is_verified)
            .map(unverified)
            .collect(),
        kernel: each(&request.experiments, |experiment| {
            experiment
                .standardize
                .kernel(request.kernel)
                .map_or(request.kernel, Kernel::class)
                .class()
        }),
        lengths: reasons,
        tuned,
        open_points,
        digests,
    }
}

impl Settings {
    /// Those of these experiments.
    pub(crate) fn of(experiments: &[&Experiment]) -> Self {
        let batch = each(experiments, |experiment| experiment.batch);
        let momentum = each(experiments, |experiment| experiment.momentum.unwrap_or(0.0));
        let standardize = each(experiments, |experiment| experiment.standardize);
        Self {
            batch: batch.parse().map_or(Batch::Each(batch), Batch::All),
            initializer: each(experiments, |experiment| experiment.initializer),
            momentum: Some(momentum).filter(|momentum| momentum != "0"),
            standardize: Some(standardize).filter(|pixels| pixels != Standardize::None.name()),
        }
    }
}

/// A setting of the first experiment, and of those that differ from it.
pub(crate) fn each<T: PartialEq + std::fmt::Display>(
    experiments: &[&Experiment],
    setting: impl Fn(&Experiment) -> T,
) -> String {
    let Some((first, others)) = experiments
        .split_first()
        .map(|(first, others)| (setting(first), others))
    else {
        return String::new();
    };
    let others = others
        .iter()
        .map(|experiment| (experiment.name, setting(experiment)))
        .filter(|(_, found)| *found != first);
    others.fold(first.to_string(), |text, (name, found)| {
        format!("{text}, in {name} {found}")
    })
}

/// Files that are not the official ones, with what is in them.
pub(crate) fn unverified(data: &Dataset) -> String {
    format!(
        "{} with {} + {} samples",
        data.name,
        thousands(data.train.len() as u64),
        thousands(data.test.len() as u64)
    )
}
