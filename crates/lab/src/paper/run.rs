//! The runs behind the paper's tables, and their record.

use spinet_data::Dataset;
use spinet_nn::{Kernel, Threads};
use spinet_rules::RuleSettings;
use spinet_train::{Standardize, TrainConfig};

use crate::count::{plural, thousands};
use crate::experiment::{Job, Parts, Plan};
use crate::paper::registry::{LEARNING_RATE, TUNED_POINT};
use crate::runs::Outcome;
use crate::statistics::summary;
use crate::{
    AnyRecord, Batch, Definition, Environment, Error, Method, PaperTable, Progress, Record, Row,
    Settings, Tuned, published,
};

/// Tables of the paper to make.
#[derive(Clone, Debug)]
pub struct TableRequest {
    /// The tables.
    pub tables: Vec<&'static PaperTable>,
    /// Runs of each network and method; run k has the seed k.
    pub runs: usize,
    /// Another number of epochs than the table's.
    pub epochs: Option<usize>,
    /// The methods; the baseline is always run, because L and the difference need it.
    pub methods: Vec<Method>,
    /// Other settings of a method's rule than the table's own, by the name of the method.
    pub rules: Vec<RuleSettings>,
    /// The networks, by hidden units; all of the table if empty.
    pub hidden: Vec<usize>,
    /// How the runs are done.
    pub environment: Environment,
}

/// A row of a table that is to be made.
struct Wanted {
    /// Index of its table.
    table: usize,
    hidden: usize,
    method: Method,
    rules: Vec<RuleSettings>,
}

impl Plan for TableRequest {
    type Run = Option<Outcome>;
    type Record = AnyRecord;

    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for row in self.rows()? {
            let table = self.tables[row.table];
            for seed in 0..self.runs as u64 {
                let config = table.config(row.rules.clone(), row.hidden, seed);
                let config = TrainConfig {
                    kernel: self.kernel(),
                    epochs: self.epochs.unwrap_or(config.epochs),
                    ..config
                };
                config.check()?;
                jobs.push(Job::new(config, row.table));
            }
        }
        Ok(jobs)
    }

    fn data(&self) -> Result<Vec<Parts>, Error> {
        let source = &self.environment.source;
        let load = |table: &&PaperTable| spinet_data::load(table.data, source).map(Parts::whole);
        Ok(self.tables.iter().map(load).collect::<Result<_, _>>()?)
    }

    /// A run that diverges ends the experiment.
    fn train(
        &self,
        job: &Job,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Option<Outcome>, Error> {
        let store = &self.environment.store;
        store.outcome(&job.config, data, threads, advance).map(Some)
    }

    fn record(
        &self,
        jobs: &[Job],
        data: &[Parts],
        runs: &[Option<Outcome>],
    ) -> Result<AnyRecord, Error> {
        let groups = jobs.chunks(self.runs).zip(runs.chunks(self.runs));
        let (mut rows, mut baseline) = (Vec::new(), runs);
        for (wanted, (jobs, runs)) in self.rows()?.iter().zip(groups) {
            let (method, hidden) = (wanted.method, wanted.hidden);
            if method == Method::Initial {
                baseline = runs;
            }
            let compared = Some(baseline).filter(|_| method != Method::Initial);
            let (table, set) = (self.tables[wanted.table], &data[wanted.table].whole);
            rows.push(Row {
                data: table.paper_data.to_owned(),
                train: set.train.len(),
                test: set.test.len(),
                hidden,
                method,
                rules: wanted.rules.iter().map(ToString::to_string).collect(),
                runs: runs.len(),
                epochs: jobs[0].config.epochs,
                accuracy: summary::accuracy(runs),
                peak_accuracy: summary::peak_accuracy(runs),
                speedup: compared.and_then(|baseline| summary::speedups(runs, baseline)),
                over_initial: compared.and_then(|baseline| summary::over(runs, baseline)),
                paper: published(table.paper_data, table.paper_train, hidden, method),
                ids: summary::texts(runs, |run| &run.id),
                arrays_sha256: summary::texts(runs, |run| &run.arrays_sha256),
                curve: summary::curve(runs),
            });
        }
        let definition = self.definition(data, &rows);
        Ok(Record { rows, definition }.into())
    }
}

impl TableRequest {
    fn kernel(&self) -> Kernel {
        self.environment.kernel.unwrap_or_default()
    }

    /// The changed rule of a method.
    fn changed(&self, method: Method) -> Option<&RuleSettings> {
        self.rules.iter().find(|rule| rule.name == method.name())
    }

    /// Every row, by table, network and method; the baseline comes first.
    fn rows(&self) -> Result<Vec<Wanted>, Error> {
        let methods = self.methods();
        for (index, rule) in self.rules.iter().enumerate() {
            let method: Method = rule.name.parse()?;
            let refuse = |why| {
                let rule = rule.to_string();
                Err(Error::UnusedRule { rule, why })
            };
            if self.rules[..index]
                .iter()
                .any(|known| known.name == rule.name)
            {
                return refuse("given twice");
            } else if !methods.contains(&method) {
                return refuse("not run");
            }
        }
        check_count("runs", self.runs, MOST_RUNS)?;
        let mut rows = Vec::new();
        for (index, table) in self.tables.iter().enumerate() {
            for hidden in self.networks(table)? {
                for method in methods.iter().copied() {
                    let rules = match self.changed(method) {
                        Some(rule) => table.with_optimizer(Some(rule.clone())),
                        None if table.has(method, hidden) => table.rules(method, hidden)?,
                        None => continue,
                    };
                    rows.push(Wanted {
                        table: index,
                        hidden,
                        method,
                        rules,
                    });
                }
            }
        }
        // A method that was asked for and is in no row.
        let is_missing = |method: &&Method| rows.iter().all(|row| row.method != **method);
        let asked = methods.iter().filter(|_| methods.len() < Method::ALL.len());
        match (
            asked.copied().find(|method| is_missing(&method)),
            self.tables.first(),
        ) {
            (Some(method), Some(table)) => Err(Error::NotTuned {
                experiment: table.name,
                method: method.name(),
                hidden: self.networks(table)?.first().copied().unwrap_or_default(),
            }),
            _ => Ok(rows),
        }
    }

    fn methods(&self) -> Vec<Method> {
        let mut methods = self.methods.clone();
        methods.push(Method::Initial);
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    fn networks(&self, table: &PaperTable) -> Result<Vec<usize>, Error> {
        if self.hidden.is_empty() {
            return Ok(table.hidden.to_vec());
        }
        let mut asked = self.hidden.iter();
        if let Some(found) = asked.find(|hidden| !table.hidden.contains(hidden)) {
            return Err(Error::UnknownHidden {
                experiment: table.name,
                found: *found,
                expected: listed(table.hidden, ", "),
            });
        }
        let mut networks = self.hidden.clone();
        networks.sort_unstable();
        networks.dedup();
        Ok(networks)
    }

    /// What makes this request smaller than the tables themselves, in words.
    fn reduced(&self) -> Option<String> {
        let (methods, mut parts) = (self.methods(), Vec::new());
        if self.runs != RUNS {
            parts.push(format!("{} instead of {RUNS}", plural(self.runs, "run")));
        }
        if methods.len() < Method::ALL.len() {
            let names: Vec<_> = methods.iter().map(|method| method.name()).collect();
            parts.push(format!("only {}", names.join(", ")));
        }
        let lacks_some = |table: &&PaperTable| {
            let networks = self.networks(table);
            networks.is_ok_and(|networks| networks.len() < table.hidden.len())
        };
        if self.tables.iter().any(lacks_some) {
            parts.push("not all networks".to_owned());
        }
        for own in self.tables.iter().map(|table| table.epochs) {
            if let Some(epochs) = self.epochs.filter(|epochs| *epochs != own) {
                let (epochs, own) = (plural(epochs, "epoch"), thousands(own as u64));
                parts.push(format!("{epochs} instead of {own}"));
            }
        }
        let changed =
            |rule: &RuleSettings| format!("`{rule}` instead of the experiment's `{}`", rule.name);
        parts.extend(self.rules.iter().map(changed));
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn definition(&self, data: &[Parts], rows: &[Row]) -> Definition {
        let sets = || data.iter().map(|parts| &parts.whole);
        let is_used = |tuned: &&Tuned| {
            let rule = tuned.rule().to_string();
            rows.iter()
                .any(|row| row.hidden == tuned.hidden && row.rules.contains(&rule))
        };
        let tuned = self.tables.iter().flat_map(|table| table.tuned);
        let (as_published, tuned): (Vec<&Tuned>, Vec<_>) = tuned
            .filter(is_used)
            .partition(|tuned| tuned.method == Method::L2AsPublished);
        let mut open_points = Vec::<String>::new();
        for point in self.tables.iter().flat_map(|table| table.open_points()) {
            if open_points.iter().all(|known| known != point) {
                open_points.push(point.to_owned());
            }
        }
        let untuned = |table: &&'static PaperTable| {
            let mut networks = self.networks(table).unwrap_or_default();
            networks.retain(|hidden| !table.has(Method::L2, *hidden));
            (!networks.is_empty()).then(|| {
                format!(
                    "L2 is left out of {} with {} hidden units: its coefficient has not been tuned in this setting yet",
                    table.name,
                    listed(&networks, " and ")
                )
            })
        };
        open_points.extend(self.tables.iter().filter_map(untuned));
        open_points.extend((!tuned.is_empty()).then(|| TUNED_POINT.to_owned()));
        open_points.extend(
            as_published
                .into_iter()
                .map(|found| found.in_words() + "; nearest to the published test accuracy"),
        );
        let length = |table: &&PaperTable| {
            let every = plural(table.evaluate_every, "epoch");
            let (name, epochs) = (table.name, thousands(table.epochs as u64));
            let reason = table.epochs_reason;
            format!("{name}: {epochs} epochs, evaluated every {every}; {reason}")
        };
        let kernel = |table: &PaperTable| {
            let kernel = table.standardize.kernel(self.kernel());
            kernel.unwrap_or_else(|_| self.kernel()).class()
        };
        Definition {
            experiments: self
                .tables
                .iter()
                .map(|table| table.name.to_owned())
                .collect(),
            command: self.environment.command.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            reduced: self.reduced(),
            seeds: (0..self.runs as u64).collect(),
            learning_rate: LEARNING_RATE,
            settings: Settings::of(&self.tables),
            unverified: sets()
                .filter(|set| !set.is_verified)
                .map(unverified)
                .collect(),
            kernel: each(&self.tables, kernel),
            lengths: self.tables.iter().map(length).collect(),
            tuned: tuned.into_iter().map(Tuned::in_words).collect(),
            open_points,
            digests: sets().map(digests).collect(),
        }
    }
}

/// Runs behind every figure of the paper's tables.
pub(crate) const RUNS: usize = 5;
/// Most runs of a request.
pub(crate) const MOST_RUNS: usize = 10_000;

/// Refuses none, and more than so many.
pub(crate) fn check_count(setting: &'static str, found: usize, high: usize) -> Result<(), Error> {
    if (1..=high).contains(&found) {
        return Ok(());
    }
    Err(Error::Runs {
        setting,
        low: 1,
        high,
        found,
    })
}

fn listed(networks: &[usize], separator: &str) -> String {
    let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
    networks.join(separator)
}

/// A data set by its name: SHA-256 of its training and of its test samples.
pub(crate) fn digests(data: &Dataset) -> (String, [String; 2]) {
    let digests = [data.train.sha256(), data.test.sha256()];
    (data.name.clone(), digests)
}

impl Settings {
    /// Those of these tables.
    pub(crate) fn of(tables: &[&PaperTable]) -> Self {
        let batch = each(tables, |table| table.batch);
        let momentum = each(tables, |table| table.momentum.unwrap_or(0.0));
        let standardize = each(tables, |table| table.standardize);
        Self {
            batch: batch.parse().map_or(Batch::Each(batch), Batch::All),
            initializer: each(tables, |table| table.initializer),
            momentum: Some(momentum).filter(|momentum| momentum != "0"),
            standardize: Some(standardize).filter(|pixels| pixels != Standardize::None.name()),
        }
    }
}

/// A setting of the first table, and of those that differ from it.
pub(crate) fn each<T: PartialEq + std::fmt::Display>(
    tables: &[&PaperTable],
    setting: impl Fn(&PaperTable) -> T,
) -> String {
    let mut settings = tables.iter().map(|table| (table.name, setting(table)));
    let Some((_, first)) = settings.next() else {
        return String::new();
    };
    let others = settings.filter(|(_, found)| *found != first);
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
