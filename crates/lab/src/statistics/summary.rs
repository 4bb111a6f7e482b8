//! What the runs of one configuration gave together, alone and against those of another. Runs with
//! the same number have the same seed and fold; there is none where a run diverged, which counts as
//! an accuracy of 0.

use spinet_train::Evaluation;

use crate::runs::Outcome;
use crate::statistics::rounded;
use crate::{Curve, Estimate, Interval, paired_interval, speedup};

pub(crate) type Runs = [Option<Outcome>];

/// Percent with the digits that a count of at most 100,000 samples has.
fn percent(accuracy: f64) -> f64 {
    (accuracy * 1e7).round() / 1e5
}

fn each(runs: &Runs, value: impl Fn(&[Evaluation]) -> f64) -> Vec<f64> {
    runs.iter()
        .map(|run| run.as_ref().map_or(0.0, |run| value(&run.curve)))
        .collect()
}

fn finals(runs: &Runs) -> Vec<f64> {
    each(runs, |curve| {
        curve.last().map_or(0.0, |last| percent(last.score()))
    })
}

/// Accuracy after the last epoch.
pub(crate) fn accuracy(runs: &Runs) -> Estimate {
    Estimate::of(finals(runs))
}

/// The best accuracy of all evaluations.
pub(crate) fn peak_accuracy(runs: &Runs) -> Estimate {
    let accuracies = |curve: &[Evaluation]| {
        curve
            .iter()
            .map(|now| percent(now.score()))
            .fold(0.0, f64::max)
    };
    Estimate::of(each(runs, accuracies))
}

/// The difference of the final accuracies.
pub(crate) fn over(runs: &Runs, others: &Runs) -> Option<Interval> {
    paired_interval(&finals(runs), &finals(others))
}

/// How many times faster than the initial networks; none if one has no such number.
pub(crate) fn speedups(runs: &Runs, initial: &Runs) -> Option<Estimate> {
    let each = initial.iter().zip(runs).map(|(initial, run)| {
        speedup(
            &points(&initial.as_ref()?.curve),
            &points(&run.as_ref()?.curve),
        )
    });
    each.collect::<Option<Vec<_>>>().map(Estimate::of)
}

/// A text of every run; empty where it diverged.
pub(crate) fn texts(runs: &Runs, text: fn(&Outcome) -> &String) -> Vec<String> {
    runs.iter()
        .map(|run| run.as_ref().map(text).cloned().unwrap_or_default())
        .collect()
}

pub(crate) fn points(curve: &[Evaluation]) -> Vec<(f64, f64)> {
    curve
        .iter()
        .map(|now| (now.epoch as f64, now.score()))
        .collect()
}

/// Means and deviations over the runs at every evaluated epoch.
pub(crate) fn curve(runs: &Runs) -> Curve {
    let runs: Vec<&Vec<Evaluation>> = runs.iter().flatten().map(|run| &run.curve).collect();
    let mut curve = Curve::default();
    for (index, first) in runs
        .first()
        .into_iter()
        .flat_map(|run| run.iter().enumerate())
    {
        let accuracy = Estimate::of(runs.iter().map(|run| percent(run[index].score())).collect());
        curve.epoch.push(first.epoch);
        curve.accuracy.push(rounded(accuracy.mean, 3));
        curve.accuracy_sd.push(rounded(accuracy.sd, 3));
        for (rule, counts) in &first.rules {
            for name in counts.keys() {
                let of_run = |run: &&Vec<Evaluation>| run[index].rules[rule][name] as f64;
                let mean = runs.iter().map(of_run).sum::<f64>() / runs.len() as f64;
                let means = curve.counts.entry(name.clone()).or_default();
                means.push(rounded(mean, 1));
            }
        }
    }
    curve
}
