//! Successive halving (Jamieson and Talwalkar 2016), with folds as the budget: all points are tried
//! on the first fold, the better half of them on the next, and so on. The two best are tried on all
//! folds.

use super::{Tried, Tuning};
use crate::experiment::{Advance, Experiment, Job, Plan, done};
use crate::statistics::mean;
use crate::{Error, Shard};

/// A tuning that discards points early.
#[derive(Clone, Debug)]
pub struct Halving(pub Tuning);

/// Points that are tried on every fold.
const FEWEST: usize = 2;

/// How many points are tried on each fold.
fn sizes(points: usize, folds: usize) -> impl Iterator<Item = usize> {
    let half = move |count: usize| count.div_ceil(2).max(FEWEST.min(points));
    std::iter::successors(Some(points), move |count| Some(half(*count))).take(folds)
}

impl Experiment<Vec<Tried>> for Halving {
    fn work(&self, shard: Option<Shard>) -> Result<u64, Error> {
        refuse_shard(shard)?;
        // Which points stay is not known yet: those of mean size.
        let points = self.0.points()?.len();
        let runs: usize = sizes(points, self.0.left_out).sum();
        let all = points * self.0.left_out;
        let work = u128::from(Experiment::<Vec<Tried>>::work(&self.0, None)?);
        Ok((work * runs as u128 / all.max(1) as u128) as u64)
    }

    fn run(&self, advance: &Advance<'_>) -> Result<Vec<Tried>, Error> {
        let tuning = &self.0;
        let (points, data) = (tuning.points()?, tuning.data()?);
        let mut kept: Vec<usize> = (0..points.len()).collect();
        let mut accuracies = vec![Vec::new(); points.len()];
        for (fold, size) in sizes(points.len(), tuning.left_out).enumerate() {
            // Of equals, the first in the order of the points.
            kept.sort_by(|a, b| {
                let by = |point: &usize| mean(&accuracies[*point]);
                by(b).total_cmp(&by(a))
            });
            kept.truncate(size);
            kept.sort_unstable();
            let jobs: Vec<Job> = kept
                .iter()
                .flat_map(|point| tuning.jobs_of(&points[*point], fold))
                .collect();
            let runs = done(tuning, &jobs, &data, advance)?;
            for (point, runs) in kept.iter().zip(runs.chunks(tuning.runs)) {
                let each = runs.iter().map(|run| super::accuracy(run.as_ref()));
                accuracies[*point].extend(each);
            }
        }
        Ok(Tuning::tried(&points, accuracies))
    }

    fn run_shard(&self, shard: Shard, _: &Advance<'_>) -> Result<usize, Error> {
        refuse_shard(Some(shard)).map(|()| 0)
    }
}

/// Which runs there are is known only after those of the fold before.
fn refuse_shard(shard: Option<Shard>) -> Result<(), Error> {
    match shard {
        Some(_) => Err(Error::HalvingShard),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_points_stay_for_the_next_fold_and_two_for_the_last() {
        let all = |points, folds| sizes(points, folds).collect::<Vec<_>>();
        assert_eq!(all(16, 5), [16, 8, 4, 2, 2]);
        assert_eq!(all(5, 3), [5, 3, 2]);
        assert_eq!(all(1, 3), [1, 1, 1]);
    }
}
