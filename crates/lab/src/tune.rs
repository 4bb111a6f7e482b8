//! Tuning: a grid of rule parameters, each point trained on all but one fold of the training data and scored on that fold.
//!
//! Test samples are never looked at. The point with the best mean validation accuracy after the last epoch is chosen;
//! of equals the first in the order of the grid.

use std::str::FromStr;

use serde::Serialize;
use spinet_data::Dataset;
use spinet_rules::{RuleSettings, Setting};
use spinet_train::{TrainConfig, Trainer, each_run};

use crate::folds::{folds, part};
use crate::reproduce::MOST_RUNS;
use crate::{Error, Estimate};

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
        let bad = || Error::Grid { found: text.to_owned() };
        let (parameter, list) = text.split_once('=').ok_or_else(bad)?;
        let values: Vec<Setting> = list.split(',').filter_map(|value| value.trim().parse().ok()).collect();
        if parameter.trim().is_empty() || list.split(',').any(|value| value.trim().is_empty()) {
            return Err(bad());
        }
        Ok(Self { parameter: parameter.trim().to_owned(), values })
    }
}

/// What to try.
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
        let limits = [("folds", 2, 1000, self.folds), ("left_out", 1, self.folds, self.left_out), ("runs", 1, MOST_RUNS, self.runs)];
        for (setting, low, high, found) in limits {
            if found < low || found > high {
                return Err(Error::Runs { setting, low, high, found });
            }
        }
        for (index, grid) in self.grids.iter().enumerate() {
            let is_repeated = self.grids[..index].iter().any(|known| known.parameter == grid.parameter);
            if is_repeated || (1..grid.values.len()).any(|value| grid.values[..value].contains(&grid.values[value])) {
                return Err(Error::RepeatedGrid { parameter: grid.parameter.clone() });
            }
        }
        let mut points = vec![self.rule.clone()];
        for grid in &self.grids {
            let with_each = |point: RuleSettings| grid.values.iter().map(move |value| point.clone().with(&grid.parameter, value.clone()));
            points = points.into_iter().flat_map(with_each).collect();
        }
        for point in &points {
            spinet_rules::find(&point.name).and_then(|entry| entry.resolve(point)).map_err(spinet_train::Error::from)?;
        }
        Ok(points)
    }

    /// How many runs the tuning has.
    ///
    /// # Errors
    ///
    /// What is wrong with the grid.
    pub fn count(&self) -> Result<usize, Error> {
        Ok(self.points()?.len() * self.left_out * self.runs)
    }
}

/// Tries every point; `advance` is told whenever a run is done, from any thread. The best point comes first.
///
/// # Errors
///
/// What is wrong with the request, or a run that failed for another reason than divergence; a diverged run counts as
/// an accuracy of 0.
pub fn tune(tuning: &Tuning, data: &Dataset, threads: usize, advance: &(dyn Fn() + Sync)) -> Result<Vec<Tried>, Error> {
    let points = tuning.points()?;
    let folds = folds(data, tuning.folds, tuning.left_out, tuning.config.seed)?;
    let parts = folds.iter().map(|fold| part(data, fold)).collect::<Result<Vec<_>, _>>()?;
    let each = tuning.left_out * tuning.runs;
    let accuracies = each_run(threads, points.len() * each, |index, threads| {
        let (point, fold, run) = (&points[index / each], index % each / tuning.runs, index % tuning.runs);
        let mut config =
            TrainConfig { evaluate_every: usize::MAX, seed: tuning.config.seed.wrapping_add(run as u64), ..tuning.config.clone() };
        config.rules.push(point.clone());
        let result = Trainer::new(&config, &parts[fold], threads)?.run(&mut |_| {});
        advance();
        match result {
            Ok(curve) => Ok(curve.last().map_or(0.0, |evaluation| 100.0 * evaluation.accuracy)),
            Err(spinet_train::Error::Diverged { .. }) => Ok(0.0),
            Err(error) => Err(Error::from(error)),
        }
    })?;
    let mut tried: Vec<Tried> = points
        .iter()
        .zip(accuracies.chunks(each))
        .map(|(point, accuracies)| Tried { rule: point.to_string(), accuracy: Estimate::of(accuracies.to_vec()) })
        .collect();
    tried.sort_by(|a, b| b.accuracy.mean.total_cmp(&a.accuracy.mean));
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuning(grids: &[&str]) -> Tuning {
        let config = TrainConfig { hidden: vec![5], epochs: 2, ..TrainConfig::default() };
        let grids = grids.iter().map(|grid| grid.parse().unwrap()).collect();
        Tuning { config, rule: RuleSettings::new("bdnn-dsd"), grids, folds: 2, left_out: 2, runs: 1 }
    }

    #[test]
    fn every_combination_is_tried_and_the_best_comes_first() {
        let data = spinet_data::load("mnist-1200", &spinet_data::Source::default()).unwrap();
        let tuning = tuning(&["threshold=5,10", "bound_step=0.03,0.06,0.09"]);
        assert_eq!(tuning.count().unwrap(), 12);
        let tried = tune(&tuning, &data, 2, &|| {}).unwrap();
        assert_eq!(tried.len(), 6);
        assert!(tried.windows(2).all(|pair| pair[0].accuracy.mean >= pair[1].accuracy.mean));
        assert!(tried.iter().any(|point| point.rule == "bdnn-dsd:bound_step=0.03,threshold=5"), "{tried:?}");
    }

    #[test]
    fn fewer_folds_are_the_first_of_all() {
        let data = spinet_data::load("mnist-1200", &spinet_data::Source::default()).unwrap();
        let all = tune(&tuning(&["threshold=5"]), &data, 1, &|| {}).unwrap();
        let one = tune(&Tuning { left_out: 1, ..tuning(&["threshold=5"]) }, &data, 1, &|| {}).unwrap();
        assert_eq!(one[0].accuracy.values, all[0].accuracy.values[..1]);
    }

    #[test]
    fn the_test_samples_are_never_looked_at() {
        let data = spinet_data::load("mnist-1200", &spinet_data::Source::default()).unwrap();
        let tried = |data: &Dataset| tune(&tuning(&["threshold=5,10"]), data, 1, &|| {}).unwrap();
        let poisoned = Dataset { test: data.test.select(&[0]).unwrap(), ..data.clone() };
        assert_eq!(tried(&data), tried(&poisoned));
    }

    #[test]
    fn grids_that_cannot_be_read_are_refused() {
        for text in ["threshold", "=1,2", "threshold=", "threshold=1,,2"] {
            assert!(text.parse::<Grid>().is_err(), "{text}");
        }
        let refused = |tuning: Tuning| tuning.points().unwrap_err().to_string();
        assert!(refused(tuning(&["threshold=0"])).contains("must be a whole number in [1, 65535], but is 0"));
        assert!(refused(tuning(&["threshold=1", "threshold=2"])).starts_with("grid of `threshold` has a value or the parameter twice"));
        assert!(refused(tuning(&["threshold=1,1"])).starts_with("grid of `threshold` has a value or the parameter twice"));
        assert_eq!(refused(Tuning { folds: 1, ..tuning(&["threshold=1"]) }), "`folds` must be in [2, 1000], but is 1");
        assert_eq!(refused(Tuning { left_out: 3, ..tuning(&["threshold=1"]) }), "`left_out` must be in [1, 2], but is 3");
        assert!(refused(Tuning { runs: usize::MAX, ..tuning(&["threshold=1"]) }).starts_with("`runs` must be in [1, 10000], but is 1844"));
    }
}
