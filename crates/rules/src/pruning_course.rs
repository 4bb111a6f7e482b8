//! When pruning starts and ends, and how much of it is done in between.
//!
//! ```text
//! r = 1 - (1 - (e - a) / (b - a))^3          at the end of epoch e, a <= e <= b     (Zhu and Gupta 2017, Eq. (1))
//! ```
//!
//! with `a = start * epochs` and `b = end * epochs`, both rounded and at least 1. If `a` equals `b`,
//! `r` is 1: all at once.

use crate::End::In;
use crate::share::rounded;
use crate::{Error, Parameter, Resolved};

pub(crate) const START: Parameter = Parameter::number(
    "start",
    0.5,
    In(0.0),
    In(1.0),
    "when pruning starts, as a fraction of the epochs",
);
pub(crate) const END: Parameter = Parameter::number(
    "end",
    0.5,
    In(0.0),
    In(1.0),
    "when pruning ends, as a fraction of the epochs; equal to `start` for one-shot pruning",
);

/// The time of pruning, in fractions of the epochs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    start: f64,
    end: f64,
}

impl Course {
    /// What the options say.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if it ends before it starts.
    pub(crate) fn of(options: &Resolved) -> Result<Self, Error> {
        let [start, end] = ["start", "end"].map(|name| options.number(name));
        if end < start {
            return Err(options.refuse("end", format!("at least `start`, {start}")));
        }
        Ok(Self { start, end })
    }

    /// How much of the pruning is done after an epoch of a run with so many, in `[0, 1]`; none
    /// before its time, all after it.
    pub(crate) fn ramp(self, epoch: u64, epochs: u64) -> Option<f64> {
        let [start, end] = [self.start, self.end].map(|share| rounded(share, epochs).max(1));
        if epoch < start {
            return None;
        }
        // One shot is 1 at once; 0 / 0 would not be.
        let left = end.saturating_sub(epoch) as f64 / (end - start).max(1) as f64;
        Some(1.0 - left.powi(3))
    }

    /// Whether nothing more is pruned after this epoch.
    pub(crate) fn is_over(self, epoch: u64, epochs: u64) -> bool {
        epoch > rounded(self.end, epochs).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_pruning_is_a_share_of_the_epochs_as_decimal_arithmetic_has_it() {
        // 0.145 of 100 is 14.5, rounded up to 15; in binary the product is 14.499999999999998.
        let course = Course {
            start: 0.145,
            end: 0.145,
        };
        assert_eq!(
            [14, 15, 16].map(|epoch| course.ramp(epoch, 100)),
            [None, Some(1.0), Some(1.0)]
        );
        assert_eq!(
            [14, 15, 16].map(|epoch| course.is_over(epoch, 100)),
            [false, false, true]
        );
    }

    #[test]
    fn the_share_grows_by_the_cubic_and_stays() {
        let course = Course {
            start: 0.2,
            end: 0.6,
        };
        let ramps = [1, 2, 3, 4, 5, 6, 7].map(|epoch| course.ramp(epoch, 10));
        let expected = [None, Some(0.0), Some(37.0 / 64.0), Some(7.0 / 8.0)];
        assert_eq!(ramps[..4], expected);
        assert_eq!(ramps[4..], [Some(63.0 / 64.0), Some(1.0), Some(1.0)]);
    }
}
