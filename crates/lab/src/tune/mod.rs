//! Tuning: points of settings and rule options, each trained on all but one fold of the training
//! data and scored on that fold. Points are every combination of some values, or drawn at random.
//!
//! Test samples are never looked at. The point with the best mean validation accuracy after the
//! last epoch is chosen; of equals the first in the order of the points. Runs are kept like those
//! of a sweep, and shared with a sweep over the same folds that evaluates once.
//!
//! ```text
//! grid.rs      values and ranges, their combinations, and random points
//! point.rs     the configuration of a point
//! halving.rs   discarding points that do badly on the first folds
//! ```

mod grid;
mod halving;
mod point;

use std::collections::BTreeMap;

use serde::Serialize;
use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_rules::{RuleSettings, Setting};
use spinet_train::TrainConfig;

pub use grid::{Grid, Range};
pub use halving::Halving;

use crate::experiment::{Job, Parts, Plan};
use crate::paper::run::{MOST_RUNS, check_count};
use crate::runs::Outcome;
use crate::sweep::without_defaults;
use crate::{Environment, Error, Estimate, Progress};
use point::Point;

/// What to try. The best configuration comes first in the record; a diverged run counts as an
/// accuracy of 0.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Everything but the tuned rule.
    pub config: TrainConfig,
    /// The last rule, with the options that stay as they are. Names of grids that are options of it
    /// mean these.
    pub rule: Option<RuleSettings>,
    /// What varies: options of `rule`, options of another rule as `RULE.OPTION`, and settings as in
    /// `run.toml`, except for those that choose the data.
    pub grids: Vec<Grid>,
    /// Points at random, from values and ranges; every combination of values if `None`. The seed is
    /// that of `config`.
    pub random: Option<usize>,
    /// Parts of the training data.
    pub folds: usize,
    /// How many of the parts are left out in turn, from 1 to `folds`; fewer take less time.
    pub left_out: usize,
    /// Runs of every fold; run k has the seed `config.seed + k`.
    pub runs: usize,
    /// The data, of which the training samples are used.
    pub data: Dataset,
    /// How the runs are done.
    pub environment: Environment,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The last rule with this point's options; empty without a rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The other values, by setting.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
    /// Validation accuracy in percent after the last epoch, one value for each fold and run; fewer for
    /// a point that was discarded early.
    pub accuracy: Estimate,
}

impl Tuning {
    /// Every point, none twice.
    fn points(&self) -> Result<Vec<Point>, Error> {
        self.check()?;
        let values = match self.random {
            None => grid::combinations(&self.grids),
            Some(count) => grid::drawn(&self.grids, count, self.config.seed),
        };
        let mut points: Vec<Point> = Vec::with_capacity(values.len());
        for values in values {
            let point = Point::new(self, values)?;
            // Options of a rule that a point does not have make no difference.
            if points.iter().all(|other| other.config != point.config) {
                points.push(point);
            }
        }
        Ok(points)
    }

    fn check(&self) -> Result<(), Error> {
        if !(2..=1000).contains(&self.folds) {
            return Err(Error::Runs {
                setting: "folds",
                low: 2,
                high: 1000,
                found: self.folds,
            });
        }
        check_count("left_out", self.left_out, self.folds)?;
        check_count("runs", self.runs, MOST_RUNS)?;
        for (index, grid) in self.grids.iter().enumerate() {
            let is_repeated = self.grids[..index]
                .iter()
                .any(|known| known.parameter == grid.parameter);
            if is_repeated
                || (1..grid.values.len())
                    .any(|value| grid.values[..value].contains(&grid.values[value]))
            {
                return Err(Error::RepeatedGrid {
                    parameter: grid.parameter.clone(),
                });
            }
            if grid.range.is_some() && self.random.is_none() {
                return Err(Error::RangeOfGrid {
                    parameter: grid.parameter.clone(),
                });
            }
        }
        if let Some(count) = self.random {
            check_count("random", count, MOST_RUNS)?;
        }
        let each = self.left_out.saturating_mul(self.runs);
        let points = match self.random {
            Some(count) => count,
            None => self.grids.iter().fold(1_usize, |count, grid| {
                count.saturating_mul(grid.values.len())
            }),
        };
        check_count("runs of a tuning", each.saturating_mul(points), MOST_RUNS)
    }

    /// The configuration of the first run; the others have their point's values, and their seed.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub fn first_run(&self) -> Result<TrainConfig, Error> {
        let first = self.jobs()?.into_iter().next();
        let config = first.map_or_else(|| self.config.clone(), |job| job.config);
        Ok(config.resolved()?)
    }

    /// The runs of a point that leave out this fold.
    fn jobs_of(&self, point: &Point, fold: usize) -> impl Iterator<Item = Job> {
        let config = point.config.clone();
        (0..self.runs).map(move |run| {
            let mut config = TrainConfig {
                seed: config.seed.wrapping_add(run as u64),
                ..config.clone()
            };
            config.evaluate_every = config.epochs;
            // As in a sweep, so that both have the same runs.
            config.rules = config.rules.iter().map(without_defaults).collect();
            Job {
                config,
                data: 0,
                fold,
            }
        })
    }

    /// The record, best first, from the accuracies of each point.
    fn tried(points: &[Point], accuracies: Vec<Vec<f64>>) -> Vec<Tried> {
        let mut tried: Vec<Tried> = points
            .iter()
            .zip(accuracies)
            .map(|(point, accuracies)| Tried {
                rule: point
                    .rule
                    .as_ref()
                    .map_or(String::new(), RuleSettings::to_string),
                settings: point.settings.clone(),
                accuracy: Estimate::of(accuracies),
            })
            .collect();
        tried.sort_by(|a, b| {
            let folds = |tried: &Tried| tried.accuracy.values.len();
            let by_folds = folds(b).cmp(&folds(a));
            by_folds.then(b.accuracy.mean.total_cmp(&a.accuracy.mean))
        });
        tried
    }
}

/// Percent after the last epoch.
fn accuracy(run: Option<&Outcome>) -> f64 {
    let last = run.and_then(|run| run.curve.last());
    last.map_or(0.0, |last| 100.0 * last.score())
}

impl Plan for Tuning {
    type Run = Option<Outcome>;
    type Record = Vec<Tried>;

    fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Of every point, by fold, and within a fold by seed.
    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let points = self.points()?;
        let of_point = |point| (0..self.left_out).flat_map(move |fold| self.jobs_of(point, fold));
        Ok(points.iter().flat_map(of_point).collect())
    }

    fn data(&self) -> Result<Vec<Parts>, Error> {
        let (whole, seed) = (self.data.clone(), self.config.seed);
        Ok(vec![Parts::folds(whole, self.folds, self.left_out, seed)?])
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
        _: &[Job],
        _: &[Parts],
        runs: &[Option<Outcome>],
    ) -> Result<Vec<Tried>, Error> {
        let of_points = runs.chunks(self.left_out * self.runs);
        let accuracies = of_points.map(|runs| {
            let each = runs.iter().map(|run| accuracy(run.as_ref()));
            each.collect()
        });
        Ok(Self::tried(&self.points()?, accuracies.collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spinet_data::{Samples, Source};

    use super::*;
    use crate::{Experiment, RunStore, Shard};

    #[derive(Default)]
    struct Counter(std::sync::atomic::AtomicU64);

    impl Counter {
        fn add(&self, work: u64) {
            self.0.fetch_add(work, std::sync::atomic::Ordering::Relaxed);
        }

        fn get(&self) -> u64 {
            self.0.load(std::sync::atomic::Ordering::Relaxed)
        }
    }

    fn mnist() -> Dataset {
        spinet_data::load("mnist-1200", &Source::default()).unwrap()
    }

    fn kept(root: &tempfile::TempDir) -> Environment {
        Environment {
            threads: 2,
            store: RunStore {
                directory: Some(root.path().to_owned()),
                ..RunStore::default()
            },
            ..Environment::default()
        }
    }

    fn tune(tuning: &Tuning) -> Vec<Tried> {
        tuning.run(&|_| {}).unwrap()
    }

    fn tuning(grids: &[&str]) -> Tuning {
        let config = TrainConfig {
            hidden: vec![5],
            epochs: 2,
            ..TrainConfig::default()
        };
        let grids = grids.iter().map(|grid| grid.parse().unwrap()).collect();
        let rule = RuleSettings::new("bdnn-dsd");
        Tuning {
            config,
            rule: Some(rule),
            grids,
            random: None,
            folds: 2,
            left_out: 2,
            runs: 1,
            data: mnist(),
            environment: Environment {
                threads: 2,
                ..Environment::default()
            },
        }
    }

    #[test]
    fn every_combination_is_tried_and_the_best_comes_first() {
        let tuning = tuning(&["threshold=5,10", "bound_step=0.03,0.06,0.09"]);
        assert_eq!(tuning.work(None).unwrap(), 12 * 2 * 5);
        let tried = tune(&tuning);
        assert_eq!(tried.len(), 6);
        assert!(
            tried
                .windows(2)
                .all(|pair| pair[0].accuracy.mean >= pair[1].accuracy.mean)
        );
        assert!(
            tried
                .iter()
                .any(|point| point.rule == "bdnn-dsd:bound_step=0.03,threshold=5"),
            "{tried:?}"
        );
    }

    #[test]
    fn fewer_folds_are_the_first_of_all() {
        let all = tune(&tuning(&["threshold=5"]));
        let one = tune(&Tuning {
            left_out: 1,
            ..tuning(&["threshold=5"])
        });
        assert_eq!(one[0].accuracy.values, all[0].accuracy.values[..1]);
    }

    #[test]
    fn the_test_samples_are_never_looked_at() {
        let data = mnist();
        let labels: Vec<u8> = data.test.labels().iter().map(|label| 9 - label).collect();
        let test = Samples::new(data.test.bytes().unwrap(), labels, data.test.shape()).unwrap();
        let poisoned = Dataset {
            test,
            ..data.clone()
        };
        let fewer = Dataset {
            test: data.test.select(&[0]).unwrap(),
            ..data.clone()
        };
        // The tried points, and every model behind them by the name of its run.
        let tried = |data: &Dataset| {
            let root = tempfile::tempdir().unwrap();
            let tried = tune(&Tuning {
                data: data.clone(),
                environment: kept(&root),
                ..tuning(&["threshold=5,10"])
            });
            let runs = std::fs::read_dir(root.path())
                .unwrap()
                .map(|run| run.unwrap());
            let model = |run: &std::fs::DirEntry| {
                std::fs::read(run.path().join(spinet_train::MODEL)).unwrap()
            };
            (
                tried,
                runs.map(|run| (run.file_name(), model(&run)))
                    .collect::<BTreeMap<_, _>>(),
            )
        };
        let clean = tried(&data);
        assert_eq!(clean.1.len(), 4);
        assert!(clean == tried(&poisoned), "other labels");
        assert!(clean == tried(&fewer), "fewer samples");
    }

    #[test]
    fn shares_leave_nothing_to_train() {
        let root = tempfile::tempdir().unwrap();
        let kept = Tuning {
            environment: kept(&root),
            ..tuning(&["threshold=5,10,20"])
        };
        let shares = [1, 2].map(|index| {
            kept.run_shard(Shard::new(index, 2).unwrap(), &|_| {})
                .unwrap()
        });
        assert_eq!(shares, [3, 3]);
        let done = std::sync::atomic::AtomicU64::new(0);
        let advance = |progress| {
            if let Progress::Done(work) = progress {
                done.fetch_add(work, std::sync::atomic::Ordering::Relaxed);
            }
        };
        let tried = kept.run(&advance).unwrap();
        assert_eq!(done.into_inner(), 0, "every run was found done");
        assert_eq!(tried, tune(&tuning(&["threshold=5,10,20"])));
    }

    #[test]
    fn accuracies_are_shares_of_a_fold_to_six_digits_so_that_equal_sums_are_equal_means() {
        let tried = tune(&Tuning {
            folds: 5,
            left_out: 5,
            ..tuning(&["threshold=5"])
        });
        for accuracy in &tried[0].accuracy.values {
            let right = accuracy / 100.0 * 240.0;
            assert!((right - right.round()).abs() < 2e-6, "{accuracy}");
        }
        let mean = |right: [f64; 2]| {
            Estimate::of(right.map(|right| 100.0 * (right / 240.0)).to_vec()).mean
        };
        assert_eq!(mean([194.0, 200.0]), mean([196.0, 198.0]));
    }

    #[test]
    fn grids_that_cannot_be_read_are_refused() {
        for text in ["threshold", "=1,2", "threshold=", "threshold=1,,2"] {
            assert!(text.parse::<Grid>().is_err(), "{text}");
        }
        let refused = |tuning: Tuning| tuning.points().unwrap_err().to_string();
        assert!(
            refused(tuning(&["threshold=0"]))
                .contains("must be an integer in [1, 65535], but is 0")
        );
        assert!(
            refused(tuning(&["threshold=1", "threshold=2"]))
                .starts_with("grid of `threshold` repeats a value or the option")
        );
        assert!(
            refused(tuning(&["threshold=1,1"]))
                .starts_with("grid of `threshold` repeats a value or the option")
        );
        assert_eq!(
            refused(Tuning {
                folds: 1,
                ..tuning(&["threshold=1"])
            }),
            "`folds` must be in [2, 1000], but is 1"
        );
        assert_eq!(
            refused(Tuning {
                left_out: 3,
                ..tuning(&["threshold=1"])
            }),
            "`left_out` must be in [1, 2], but is 3"
        );
        let many = Tuning {
            runs: 10_000,
            ..tuning(&["threshold=1"])
        };
        assert_eq!(
            refused(many),
            "`runs of a tuning` must be in [1, 10000], but is 20000"
        );
        assert!(
            refused(Tuning {
                runs: usize::MAX,
                ..tuning(&["threshold=1"])
            })
            .starts_with("`runs` must be in [1, 10000], but is 1844")
        );
    }

    #[test]
    fn settings_are_tuned_beside_options_of_rules() {
        let tried = tune(&Tuning {
            rule: None,
            ..tuning(&[
                "learning_rate=0.1,0.5",
                "hidden=4,5-3",
                "rules=none,l2+dropout",
                "l2.weight_decay=0.01,0.1",
            ])
        });
        // Without `l2` its option makes no difference.
        assert_eq!(tried.len(), 2 * 2 * 3);
        let texts: Vec<String> = tried
            .iter()
            .map(|tried| serde_json::to_string(&tried.settings).unwrap())
            .collect();
        let expected = "{\"hidden\":\"5-3\",\"l2.weight_decay\":0.1,\"learning_rate\":0.5,\"rules\":\"l2+dropout\"}";
        assert!(texts.iter().any(|text| text == expected), "{texts:?}");
        let refused = |grid: &str| tuning(&[grid]).points().unwrap_err().to_string();
        assert_eq!(
            refused("data=mnist,mnist-1200"),
            "`data` cannot be tuned: it chooses the data, which all points share"
        );
        assert!(refused("seed=1,2").starts_with("`seed` cannot be tuned: "));
        let message = refused("learning_rat=1");
        assert!(
            message.contains("bdnn-dsd") && message.contains("`learning_rate`"),
            "{message}"
        );
        assert!(refused("batch=0").starts_with("batch = 0: `batch_size` must be"));
        assert_eq!(
            refused("learning_rate=0.1..1:log"),
            "grid of `learning_rate` is a range, from which only random search draws\n\nhint: `--random N` tries N points"
        );
    }

    #[test]
    fn random_search_gives_the_same_at_any_number_of_threads_and_again_from_its_runs() {
        let root = tempfile::tempdir().unwrap();
        let random = Tuning {
            random: Some(4),
            ..tuning(&["threshold=2..20", "learning_rate=0.01..1:log"])
        };
        let tried = tune(&random);
        assert_eq!(tried.len(), 4);
        let kept = Tuning {
            environment: kept(&root),
            ..random
        };
        assert_eq!(tune(&kept), tried);
        // More points begin with the same ones.
        let more = Tuning {
            random: Some(6),
            ..kept
        };
        let (found, done) = (Counter::default(), Counter::default());
        let tried_more = more.run(&|progress| match progress {
            Progress::Done(work) => done.add(work),
            Progress::Found(work) => found.add(work),
        });
        assert_eq!((found.get(), done.get()), (2 * 4 * 2 * 5, 2 * 2 * 2 * 5));
        let tried_more = tried_more.unwrap();
        assert!(tried.iter().all(|point| tried_more.contains(point)));
    }

    #[test]
    fn halving_finds_the_best_point_of_those_that_stay() {
        let root = tempfile::tempdir().unwrap();
        let whole = Tuning {
            rule: None,
            folds: 4,
            left_out: 4,
            ..tuning(&["learning_rate=0.0001,0.001,0.5,1,1.5"])
        };
        let all = tune(&whole);
        let halving = Halving(Tuning {
            environment: kept(&root),
            ..whole
        });
        let tried = halving.run(&|_| {}).unwrap();
        let folds: Vec<usize> = tried
            .iter()
            .map(|point| point.accuracy.values.len())
            .collect();
        // Five points on the first fold, three on the second, two on the others.
        assert_eq!(folds, [4, 4, 2, 1, 1]);
        for point in &tried {
            let same = all.iter().find(|other| other.settings == point.settings);
            let values = &same.unwrap().accuracy.values;
            assert_eq!(point.accuracy.values, values[..point.accuracy.values.len()]);
        }
        // Again from its runs, on another number of threads.
        let mut again = halving;
        again.0.environment.threads = 1;
        let done = Counter::default();
        let same = again.run(&|progress| {
            if let Progress::Done(work) = progress {
                done.add(work);
            }
        });
        assert_eq!((same.unwrap(), done.get()), (tried, 0));
        let shard = again.run_shard(Shard::new(1, 2).unwrap(), &|_| {});
        assert!(matches!(shard, Err(Error::HalvingShard)));
    }
}
