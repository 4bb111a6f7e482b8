//! How much of earlier tasks is forgotten when tasks are learned one after the other, one epoch
//! each.
//!
//! With `R[i][j]` the accuracy on task `j` after training on task `i` of `T` tasks, both counted
//! from 0:
//!
//! ```text
//! mean accuracy      = mean over all j of R[T-1][j]
//! forgetting         = mean over j < T-1 of (max over i < T-1 of R[i][j]) - R[T-1][j]      (Chaudhry et al. 2018)
//! backward transfer  = mean over j < T-1 of R[T-1][j] - R[j][j]                            (Lopez-Paz and Ranzato 2017)
//! ```
//!
//! Permuted MNIST: each task has the pixels of all images in another order. Split MNIST: each task
//! has two classes, `0` and `1` first; by class the network must tell all ten apart, by domain only
//! even from odd.
//!
//! The network and its training are those of the notebook that the authors of GRAPES published:
//! 784-256-256, ReLU, no biases, momentum 0.9, learning rate 0.001, batch 64, pixels less 0.1307
//! over 0.3081.

use spinet_data::{Dataset, Samples};
use spinet_nn::{Activation, Initializer, Kernel, Threads};
use spinet_rules::{Purpose, RuleSettings, Stream};
use spinet_train::{Advance, Scorer, TrainConfig, Trainer};

use super::{FigureCurve, FigurePanel, FigureRecord, Study, StudyRequest};
use crate::experiment::{Finished, Job, Parts, Plan};
use crate::statistics::rounded;
use crate::{AnyRecord, Environment, Error, Progress, mean, paired_interval, standard_deviation};

const TASKS: usize = 5;
const HIDDEN: [usize; 2] = [256, 256];
/// Mean and standard deviation of MNIST's pixels over 255, as common loaders have them.
const STANDARD: [f32; 2] = [0.1307, 0.3081];

/// Name in the table, and the rules.
const METHODS: [(&str, &[&str]); 7] = [
    ("momentum", &["momentum"]),
    ("GRAPES", &["momentum", "grapes"]),
    ("GRAPES' mean factor", &["momentum", "scalar-gain"]),
    ("factor 2", &["momentum", "scalar-gain:gain=2,least=2"]),
    ("BDNN-dsd", &["momentum", "bdnn-dsd"]),
    (
        "BDNN-dsd, bound 0.1",
        &["momentum", "bdnn-dsd:initial_bound=0.1,bound_step=0.01"],
    ),
    ("L2", &["momentum", "l2:weight_decay=0.001"]),
];

/// How MNIST becomes tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scenario {
    Permuted,
    SplitByClass,
    SplitByDomain,
}

impl Scenario {
    fn of(study: Study) -> &'static [Self] {
        if study == Study::Forgetting {
            &[Self::Permuted]
        } else {
            &[Self::SplitByClass, Self::SplitByDomain]
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Permuted => "permuted",
            Self::SplitByClass => "split by class",
            Self::SplitByDomain => "split, even or odd",
        }
    }

    /// One task's share of some samples, in a run with this seed.
    fn task(self, samples: &Samples, task: usize, seed: u64) -> Result<Samples, Error> {
        let order = self.pixels(samples.features(), task, seed);
        let bytes = samples.bytes().unwrap_or_default();
        let (mut numbers, mut labels) = (Vec::new(), Vec::new());
        for (image, label) in bytes.chunks_exact(samples.features()).zip(samples.labels()) {
            if self == Self::Permuted || usize::from(label / 2) == task {
                numbers.extend(order.iter().map(|pixel| {
                    (f32::from(image[*pixel as usize]) / 255.0 - STANDARD[0]) / STANDARD[1]
                }));
                labels.push(if self == Self::SplitByDomain {
                    label % 2
                } else {
                    *label
                });
            }
        }
        Ok(Samples::of_numbers(numbers, labels, samples.shape())?)
    }

    /// Which pixel stands at each place.
    fn pixels(self, features: usize, task: usize, seed: u64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..features as u32).collect();
        if self == Self::Permuted {
            Stream::new(seed, Purpose::Split, task as u64).shuffle(&mut order);
        }
        order
    }

    fn data(
        self,
        data: &Dataset,
        test: &Samples,
        task: usize,
        seed: u64,
    ) -> Result<Dataset, Error> {
        let class_names = if self == Self::SplitByDomain {
            ["even", "odd"].map(str::to_owned).to_vec()
        } else {
            data.class_names.clone()
        };
        Ok(Dataset {
            train: self.task(&data.train, task, seed)?,
            test: test.clone(),
            class_names,
            ..data.clone()
        })
    }
}

/// Accuracies in percent, `[i][j]` on task `j` after task `i`.
type Accuracies = Vec<Vec<f64>>;

fn mean_accuracy(of: &Accuracies) -> f64 {
    of.last().map_or(0.0, |last| mean(last))
}

fn forgetting(of: &Accuracies) -> f64 {
    let Some((last, before)) = of.split_last() else {
        return 0.0;
    };
    let fall = |task: usize| before.iter().map(|row| row[task]).fold(0.0, f64::max) - last[task];
    mean(&(0..before.len()).map(fall).collect::<Vec<_>>())
}

fn backward_transfer(of: &Accuracies) -> f64 {
    let Some((last, before)) = of.split_last() else {
        return 0.0;
    };
    mean(
        &before
            .iter()
            .enumerate()
            .map(|(task, row)| last[task] - row[task])
            .collect::<Vec<_>>(),
    )
}

impl Finished for Accuracies {}

pub(super) struct Forgetting(pub(super) StudyRequest);

impl Forgetting {
    fn scenarios(&self) -> &'static [Scenario] {
        Scenario::of(self.0.study)
    }
}

impl Plan for Forgetting {
    type Run = Accuracies;
    type Record = AnyRecord;

    fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// Of every scenario, by method, and within a method by seed.
    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let epochs = self.0.length(1).saturating_mul(TASKS);
        let mut jobs = Vec::new();
        for scenario in 0..self.scenarios().len() {
            for (_, rules) in METHODS {
                let rules = rules.iter().map(|rule| rule.parse());
                let rules = rules
                    .collect::<Result<Vec<RuleSettings>, _>>()
                    .map_err(spinet_train::Error::from)?;
                for seed in 0..self.0.runs as u64 {
                    let config = TrainConfig {
                        data: "mnist".to_owned(),
                        hidden: HIDDEN.to_vec(),
                        activation: Activation::Relu,
                        bias: false,
                        initializer: Initializer::He,
                        learning_rate: 0.001,
                        batch: 64,
                        epochs,
                        evaluate_every: epochs,
                        seed,
                        kernel: Kernel::F32,
                        rules: rules.clone(),
                        ..TrainConfig::bdnn_dsd()
                    };
                    jobs.push(Job::new(config, scenario));
                }
            }
        }
        Ok(jobs)
    }

    /// The same data for every scenario.
    fn data(&self) -> Result<Vec<Parts>, Error> {
        let data = spinet_data::load("mnist", &self.0.environment.source)?;
        // For each run at once the test samples of all tasks, and the training samples of two while
        // one follows the other, as numbers.
        let samples = TASKS * data.test.len() + 3 * data.train.len();
        let threads = self.0.environment.threads;
        let numbers = spinet_nn::memory::product(&[threads, samples, data.train.features()]);
        spinet_data::memory::check(
            "learning tasks on so many threads",
            numbers.saturating_mul(4),
        )?;
        let data = self.scenarios().iter().map(|_| Parts::whole(data.clone()));
        Ok(data.collect())
    }

    /// Learns all tasks one after the other.
    fn train(
        &self,
        job: &Job,
        data: &Dataset,
        threads: Threads,
        advance: &mut dyn FnMut(Progress),
    ) -> Result<Accuracies, Error> {
        let (scenario, config) = (self.scenarios()[job.data], &job.config);
        let (epochs, seed) = (config.epochs / TASKS, config.seed);
        let tests = (0..TASKS)
            .map(|task| scenario.task(&data.test, task, seed))
            .collect::<Result<Vec<_>, _>>()?;
        let first = scenario.data(data, &tests[0], 0, seed)?;
        let mut trainer = Trainer::new(config, &first, threads.clone())?;
        let scorer = Scorer::new(trainer.network(), threads, Kernel::F32)?;
        let mut accuracies = Vec::new();
        for task in 0..TASKS {
            if task > 0 {
                trainer.go_on_with(&scenario.data(data, &tests[task], task, seed)?)?;
            }
            while trainer.epoch() < (task + 1) * epochs && trainer.advance()? != Advance::Finished {
                self.0.check_stop()?;
            }
            let score = |test| {
                let accuracy = scorer.score(trainer.network(), test)?.measure.value();
                Ok::<_, Error>((1e6 * accuracy).round() / 1e4)
            };
            accuracies.push(tests.iter().map(score).collect::<Result<Vec<_>, _>>()?);
            advance(Progress::Done(epochs as u64));
        }
        Ok(accuracies)
    }

    fn record(
        &self,
        jobs: &[Job],
        data: &[Parts],
        runs: &[Accuracies],
    ) -> Result<AnyRecord, Error> {
        let groups: Vec<&[Accuracies]> = runs.chunks(self.0.runs).collect();
        let panels = groups.iter().enumerate().map(|(group, runs)| {
            let (scenario, method) = (group / METHODS.len(), group % METHODS.len());
            let alone = (method > 0).then(|| groups[scenario * METHODS.len()]);
            panel(self.scenarios()[scenario], METHODS[method], runs, alone)
        });
        let (what, how) = match self.0.study {
            Study::Forgetting => ("Permuted MNIST", "each with the pixels in another order"),
            _ => (
                "Split MNIST",
                "each with two classes: by class the network tells all ten apart, by domain even from odd",
            ),
        };
        Ok(FigureRecord {
            panels: panels.collect(),
            title: format!("{what}: five tasks one after the other, accuracy on each after each"),
            description: format!(
                "Five tasks, {how}, learned one after the other: accuracy on the test samples of every task after each of them, for \
                 momentum alone, with GRAPES, with the mean of its factors, with a factor of 2, with BDNN-dsd and with L2; bands: one \
                 standard deviation over the seeds"
            ),
            axes: Some(["tasks learned", "accuracy (%)"].map(str::to_owned)),
            ..self.0.record(jobs, data, 1)?
        }
        .into())
    }

    fn is_kept(&self) -> bool {
        false
    }
}

/// One method in one scenario, and its difference to momentum `alone`, unless it is that.
fn panel(
    scenario: Scenario,
    (name, rules): (&str, &[&str]),
    runs: &[Accuracies],
    alone: Option<&[Accuracies]>,
) -> FigurePanel {
    let each = |runs: &[Accuracies], value: fn(&Accuracies) -> f64| {
        runs.iter().map(value).collect::<Vec<f64>>()
    };
    let curve = |task: usize| {
        let value = |run: &Accuracies, after: usize| run[after][task];
        FigureCurve::over_runs(format!("task {}", task + 1), runs, TASKS, 4, value)
    };
    let (accuracies, forgotten) = (each(runs, mean_accuracy), each(runs, forgetting));
    let backward = each(runs, backward_transfer);
    let mut summary = vec![
        ("mean accuracy (%)", mean(&accuracies)),
        ("mean accuracy, sd", standard_deviation(&accuracies)),
        ("forgetting (%)", mean(&forgotten)),
        ("forgetting, sd", standard_deviation(&forgotten)),
        ("backward transfer (%)", mean(&backward)),
    ];
    let alone = alone.map(|alone| each(alone, mean_accuracy));
    if let Some(over) = alone.and_then(|alone| paired_interval(&accuracies, &alone)) {
        summary.extend([
            ("over momentum (%)", over.mean),
            ("over momentum, 95 % low", over.low),
            ("over momentum, 95 % high", over.high),
        ]);
    }
    FigurePanel {
        title: if scenario == Scenario::Permuted {
            name.to_owned()
        } else {
            format!("{name}, {}", scenario.title())
        },
        rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        summary: summary
            .into_iter()
            .map(|(name, value)| (name.to_owned(), rounded(value, 4)))
            .collect(),
        epoch: (1..=TASKS).collect(),
        curves: (0..TASKS).map(curve).collect(),
        ..FigurePanel::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measures_are_those_of_their_equations() {
        // The numbers that the authors' notebook has stored.
        let stored = vec![
            vec![95.20, 10.33, 12.05, 7.03, 7.51],
            vec![92.36, 95.27, 15.91, 5.00, 8.79],
            vec![90.44, 94.65, 95.25, 3.57, 6.87],
            vec![73.93, 88.67, 94.24, 95.45, 9.10],
            vec![77.00, 86.11, 93.17, 94.09, 95.36],
        ];
        assert!((mean_accuracy(&stored) - 89.146).abs() < 1e-9);
        assert!(
            (forgetting(&stored) - 7.70).abs() < 1e-9,
            "{}",
            forgetting(&stored)
        );
        assert!((backward_transfer(&stored) + 7.70).abs() < 1e-9);
        // Task 1 is best after task 2: forgetting counts from there, backward transfer from its own
        // time.
        let improved = vec![vec![80.0, 10.0], vec![90.0, 20.0], vec![70.0, 95.0]];
        assert!((forgetting(&improved) + 27.5).abs() < 1e-9);
        assert!((backward_transfer(&improved) - 32.5).abs() < 1e-9);
    }

    #[test]
    fn tasks_are_what_they_are_called() {
        let bytes: Vec<u8> = (0..10).flat_map(|label| [label * 25, 255, 0]).collect();
        let samples = Samples::new(bytes, (0..10).collect::<Vec<u8>>(), [1, 3]).unwrap();
        let number = |byte: u8| (f32::from(byte) / 255.0 - 0.1307) / 0.3081;
        let split = Scenario::SplitByClass.task(&samples, 3, 0).unwrap();
        assert_eq!(split.labels(), [6, 7]);
        assert_eq!(
            split.values().numbers().unwrap()[..3],
            [number(150), number(255), number(0)]
        );
        assert_eq!(
            Scenario::SplitByDomain
                .task(&samples, 4, 0)
                .unwrap()
                .labels(),
            [0, 1]
        );
        let permuted = |task, seed| Scenario::Permuted.task(&samples, task, seed).unwrap();
        assert_eq!(permuted(0, 0).len(), 10);
        let orders: Vec<_> = (0..6)
            .map(|task| Scenario::Permuted.pixels(784, task, 1))
            .collect();
        for (task, order) in orders.iter().enumerate() {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(
                sorted == (0..784).collect::<Vec<_>>() && !orders[..task].contains(order),
                "task {task}"
            );
        }
        assert_eq!(permuted(2, 5).values(), permuted(2, 5).values());
        assert_ne!(
            Scenario::Permuted.pixels(784, 1, 1),
            Scenario::Permuted.pixels(784, 1, 2),
            "every seed has its own tasks"
        );
    }
}
