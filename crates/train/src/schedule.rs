//! Learning-rate schedules.
//!
//! With `e` steps per epoch, `W` epochs of warm-up and `T` epochs in total, the learning rate of
//! step `s` (counted from 0) is multiplied by
//!
//! ```text
//! s < W e:       (s + 1) / (W e)                                                       linear warm-up (Goyal et al. 2017)
//! constant:      1
//! step(N,F):     F^floor(s / (e N))                                                    every N epochs
//! cosine(F):     F + (1 - F) (1 + cos(pi (s - W e) / (T e - W e))) / 2                 (Loshchilov and Hutter 2017, Eq. (5))
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Learning-rate schedule.
///
/// Written `constant`, `step(N,F)`, `cosine` or `cosine(F)`.
///
/// ```
/// use spinet_train::Schedule;
///
/// assert_eq!("step(30,0.1)".parse(), Ok(Schedule::Step { every: 30, factor: 0.1 }));
/// assert_eq!("cosine".parse::<Schedule>()?.to_string(), "cosine");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// Constant learning rate.
    #[default]
    Constant,
    /// Multiply by `factor`, in `(0, 1]`, every `every` epochs, at least 1.
    Step {
        /// Epochs between changes.
        every: usize,
        /// Factor of each change.
        factor: f64,
    },
    /// Decay along half a cosine to `floor` times the initial rate, `floor` in `[0, 1]`.
    Cosine {
        /// Final rate as a fraction of the initial rate.
        floor: f64,
    },
}

impl Schedule {
    /// Whether the rate stays as it is.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn is_constant(&self) -> bool {
        *self == Self::Constant
    }

    /// Rejects numbers out of range.
    pub(crate) fn check(self) -> Result<(), Error> {
        let refuse = |expected, found: String| {
            Err(Error::OutOfRange {
                setting: "schedule",
                expected,
                found,
            })
        };
        match self {
            Self::Step { every: 0, .. } => refuse("a step of at least 1 epoch", self.to_string()),
            Self::Step { factor, .. } if !(factor > 0.0 && factor <= 1.0) => {
                refuse("a step with a factor in (0, 1]", self.to_string())
            }
            Self::Cosine { floor } if !(0.0..=1.0).contains(&floor) => {
                refuse("a cosine with a final fraction in [0, 1]", self.to_string())
            }
            _ => Ok(()),
        }
    }

    /// What the learning rate is multiplied with in a step, counted from 0, of a run with so many
    /// steps an epoch.
    pub(crate) fn factor(self, step: u64, epoch_steps: u64, warm_up: usize, epochs: usize) -> f64 {
        let [warm, all] =
            [warm_up, epochs].map(|epochs| (epochs as u64).saturating_mul(epoch_steps));
        if step < warm {
            return (step + 1) as f64 / warm as f64;
        }
        match self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => {
                let changes = step / epoch_steps.saturating_mul(every as u64).max(1);
                factor.powi(i32::try_from(changes).unwrap_or(i32::MAX))
            }
            Self::Cosine { floor } => {
                let done = (step - warm) as f64 / all.saturating_sub(warm).max(1) as f64;
                floor + (1.0 - floor) * (1.0 + (std::f64::consts::PI * done).cos()) / 2.0
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Step { every, factor } => write!(f, "step({every},{factor})"),
            Self::Cosine { floor: 0.0 } => f.write_str("cosine"),
            Self::Cosine { floor } => write!(f, "cosine({floor})"),
        }
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner = |name: &str| {
            text.strip_prefix(name)?
                .strip_prefix('(')?
                .strip_suffix(')')
        };
        let step = || {
            let (every, factor) = inner("step")?.split_once(',')?;
            Some(Self::Step {
                every: every.trim().parse().ok()?,
                factor: factor.trim().parse().ok()?,
            })
        };
        let cosine = || {
            Some(Self::Cosine {
                floor: inner("cosine")?.trim().parse().ok()?,
            })
        };
        let found = match text {
            "constant" => Some(Self::Constant),
            "cosine" => Some(Self::Cosine { floor: 0.0 }),
            _ => step().or_else(cosine),
        };
        found.ok_or_else(|| {
            format!("unknown schedule `{text}`, expected `constant`, `step(N,F)` (multiply by F every N epochs), `cosine` or `cosine(F)`")
        })
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The factors of every step of a run with two steps an epoch.
    fn factors(text: &str, warm_up: usize, epochs: usize) -> Vec<f64> {
        let schedule: Schedule = text.parse().unwrap();
        (0..2 * epochs as u64)
            .map(|step| schedule.factor(step, 2, warm_up, epochs))
            .collect()
    }

    #[test]
    fn every_schedule_gives_the_factors_of_its_equation() {
        assert_eq!(factors("constant", 0, 2), [1.0; 4]);
        assert_eq!(
            factors("step(2,0.5)", 0, 5),
            [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]
        );
        let cosine = factors("cosine", 0, 2);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        for (found, expected) in cosine
            .iter()
            .zip([1.0, 0.5 + half / 2.0, 0.5, 0.5 - half / 2.0])
        {
            assert!((found - expected).abs() < 1e-15, "{cosine:?}");
        }
        let floored = factors("cosine(0.5)", 0, 2);
        assert!((floored[2] - 0.75).abs() < 1e-15, "{floored:?}");
    }

    #[test]
    fn a_warm_up_rises_to_the_full_rate_and_the_schedule_goes_on_from_there() {
        assert_eq!(factors("constant", 2, 3), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
        // Steps count from the start of the run, a cosine from the end of the warm-up.
        assert_eq!(
            factors("step(1,0.5)", 1, 3),
            [0.5, 1.0, 0.5, 0.5, 0.25, 0.25]
        );
        let cosine = factors("cosine", 1, 3);
        assert_eq!(cosine[..3], [0.5, 1.0, 1.0]);
        assert!((cosine[4] - 0.5).abs() < 1e-15, "{cosine:?}");
        assert_eq!(
            factors("cosine", 3, 3),
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|step| step / 6.0),
            "warm-up alone"
        );
    }

    #[test]
    fn numbers_beyond_all_runs_are_no_trouble() {
        for text in [
            "constant",
            "step(18446744073709551615,0.5)",
            "step(4611686018427387904,0.5)",
            "cosine",
        ] {
            let schedule: Schedule = text.parse().unwrap();
            for (step, warm_up, epochs) in [
                (0, 0, usize::MAX),
                (u64::MAX, 5, 5),
                (u64::MAX, usize::MAX, usize::MAX),
                (7, 1, 1),
            ] {
                let factor = schedule.factor(step, 100, warm_up, epochs);
                assert!(
                    (0.0..=1.0).contains(&factor),
                    "{text}, step {step}: {factor}"
                );
            }
        }
    }

    #[test]
    fn schedules_read_back_as_they_are_shown_and_anything_else_is_refused() {
        for text in ["constant", "step(30,0.1)", "cosine", "cosine(0.01)"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "step",
            "step(30)",
            "step(-1,0.5)",
            "step(1.5,0.5)",
            "cosine(",
            "cosine()",
            "linear",
        ] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
        for text in [
            "step(0,0.5)",
            "step(1,0)",
            "step(1,1.5)",
            "step(1,NaN)",
            "cosine(-0.1)",
            "cosine(1.1)",
            "cosine(NaN)",
        ] {
            assert!(text.parse::<Schedule>().unwrap().check().is_err(), "{text}");
        }
    }
}
