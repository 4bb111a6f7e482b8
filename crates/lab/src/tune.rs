//! Tuning: a grid of rule parameters, each point trained on all but one fold of the training data
//! and scored on that fold.
//!
//! Test samples are never looked at. The point with the best mean validation accuracy after the
//! last epoch is chosen; of equals the first in the order of the grid. Runs are kept like those of
//! a sweep, and shared with a sweep over the same folds that evaluates once.

use std::str::FromStr;

use serde::Serialize;
use spinet_data::Dataset;
use spinet_nn::Threads;
use spinet_rules::{RuleSettings, Setting};
use spinet_train::TrainConfig;

use crate::experiment::{Job, Parts, Plan};
use crate::paper::run::{MOST_RUNS, check_count};
use crate::runs::Outcome;
use crate::sweep::without_defaults;
use crate::{Environment, Error, Estimate, Progress};

/// Values of one parameter. Written `PARAMETER=VALUE,VALUE,...`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// The parameter.
    pub parameter: String,
    /// Its values.
    pub values: Vec<Setting>,
}

impl FromStr for Grid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::Grid {
            found: text.to_owned(),
        };
        let (parameter, list) = text.split_once('=').ok_or_else(bad)?;
        let values: Vec<Setting> = list
            .split(',')
            .filter_map(|value| value.trim().parse().ok())
            .collect();
        if parameter.trim().is_empty() || list.split(',').any(|value| value.trim().is_empty()) {
            return Err(bad());
        }
        Ok(Self {
            parameter: parameter.trim().to_owned(),
            values,
        })
    }
}

/// What to try. The best configuration comes first in the record; a diverged run counts as an
/// accuracy of 0.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Everything but the tuned rule.
    pub config: TrainConfig,
    /// The tuned rule, with the parameters that stay as they are.
    pub rule: RuleSettings,
    /// Every combination is tried.
    pub grids: Vec<Grid>,
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

/// One point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The rule with this point's parameters.
    pub rule: String,
    /// Validation accuracy in percent after the last epoch, one value for each fold and run.
    pub accuracy: Estimate,
}

impl Tuning {
    /// Every point of the grid, the first parameter varying slowest.
    fn points(&self) -> Result<Vec<RuleSettings>, Error> {
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
        }
        let each = self.left_out.saturating_mul(self.runs);
        let count = self
            .grids
            .iter()
            .fold(each, |count, grid| count.saturating_mul(grid.values.len()));
        check_count("runs of a tuning", count, MOST_RUNS)?;
        let mut points = vec![self.rule.clone()];
        for grid in &self.grids {
            let with_each = |point: RuleSettings| {
                grid.values
                    .iter()
                    .map(move |value| point.clone().with(&grid.parameter, value.clone()))
            };
            points = points.into_iter().flat_map(with_each).collect();
        }
        for point in &points {
            spinet_rules::find(&point.name)
                .and_then(|entry| entry.resolve(point))
                .map_err(spinet_train::Error::from)?;
        }
        Ok(points)
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
}

impl Plan for Tuning {
    type Run = Option<Outcome>;
    type Record = Vec<Tried>;

    fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Of every point, by fold, and within a fold by seed.
    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let mut jobs = Vec::new();
        for point in self.points()? {
            for fold in 0..self.left_out {
                for run in 0..self.runs {
                    let mut config = TrainConfig {
                        seed: self.config.seed.wrapping_add(run as u64),
                        ..self.config.clone()
                    };
                    config.evaluate_every = config.epochs;
                    config.rules.push(point.clone());
                    // As in a sweep, so that both have the same runs.
                    config.rules = config.rules.iter().map(without_defaults).collect();
                    jobs.push(Job {
                        config,
                        data: 0,
                        fold,
                    });
                }
            }
        }
        Ok(jobs)
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
        let last = |run: &Option<Outcome>| Some(100.0 * run.as_ref()?.curve.last()?.score());
        let accuracies = |runs: &[Option<Outcome>]| {
            let accuracies = runs.iter().map(|run| last(run).unwrap_or_default());
            Estimate::of(accuracies.collect())
        };
        let points = self.points()?;
        let groups = points.iter().zip(runs.chunks(self.left_out * self.runs));
        let mut tried: Vec<Tried> = groups
            .map(|(point, runs)| Tried {
                rule: point.to_string(),
                accuracy: accuracies(runs),
            })
            .collect();
        tried.sort_by(|a, b| b.accuracy.mean.total_cmp(&a.accuracy.mean));
        Ok(tried)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spinet_data::{Samples, Source};

    use super::*;
    use crate::{Experiment, RunStore, Shard};

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
            rule,
            grids,
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
}
