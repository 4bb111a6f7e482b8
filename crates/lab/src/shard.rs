//! A share of an experiment's runs, so that several machines do it together.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Share `index` of `count`, written `INDEX/COUNT` and counted from 1. Run number k, counted from
/// 0, belongs to the share k mod `count` + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    index: usize,
    /// How many shares there are.
    count: usize,
}

impl Shard {
    /// Share `index` of `count`.
    ///
    /// # Errors
    ///
    /// [`Error::Shard`] if `index` is not in `[1, count]`.
    pub fn new(index: usize, count: usize) -> Result<Self, Error> {
        if index == 0 || index > count {
            return Err(Error::Shard {
                found: format!("{index}/{count}"),
            });
        }
        Ok(Self { index, count })
    }

    /// The share that a job of a cluster has, from its environment: a Slurm array
    /// (`SLURM_ARRAY_TASK_ID`, `_MIN` and `_COUNT`, for arrays without gaps) or an indexed job of
    /// Kubernetes (`JOB_COMPLETION_INDEX`, and `JOB_COMPLETIONS`, which the job's manifest sets to
    /// the number of completions).
    ///
    /// # Errors
    ///
    /// [`Error::ShardEnvironment`] if a variable is missing or no number, [`Error::Shard`].
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let number = |name: &'static str| {
            let found = variable(name);
            found
                .as_deref()
                .and_then(|text| text.parse::<usize>().ok())
                .ok_or(Error::ShardEnvironment {
                    variable: name,
                    found,
                })
        };
        if variable("SLURM_ARRAY_TASK_ID").is_some() {
            let (id, first) = (
                number("SLURM_ARRAY_TASK_ID")?,
                number("SLURM_ARRAY_TASK_MIN")?,
            );
            return Self::new(
                id.saturating_sub(first) + 1,
                number("SLURM_ARRAY_TASK_COUNT")?,
            );
        }
        Self::new(
            number("JOB_COMPLETION_INDEX")? + 1,
            number("JOB_COMPLETIONS")?,
        )
    }

    /// Whether run number `run` belongs to this share.
    pub fn has(&self, run: usize) -> bool {
        run % self.count == self.index - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || Error::Shard {
            found: text.to_owned(),
        };
        let (index, count) = text.split_once('/').ok_or_else(refuse)?;
        Self::new(
            index.parse().map_err(|_| refuse())?,
            count.parse().map_err(|_| refuse())?,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_belongs_to_one_share() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        for run in 0..20 {
            assert_eq!(shards.iter().filter(|shard| shard.has(run)).count(), 1);
        }
        assert_eq!(shards[1].to_string(), "2/3");
    }

    #[test]
    fn a_share_that_does_not_exist_is_refused() {
        for text in ["0/3", "4/3", "1", "a/3", "1/", "-1/2"] {
            let message = text.parse::<Shard>().unwrap_err().to_string();
            assert_eq!(
                message,
                format!(
                    "cannot read shard `{text}`, expected INDEX/COUNT with INDEX from 1 to COUNT, as in 1/4"
                )
            );
        }
    }

    #[test]
    fn a_clusters_environment_gives_the_share() {
        let of = |variables: &[(&str, &str)]| {
            let found = |name: &str| {
                variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            Shard::of_environment(found)
                .map(|shard| shard.to_string())
                .map_err(|error| error.to_string())
        };
        let slurm = |id| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", "5"),
                ("SLURM_ARRAY_TASK_COUNT", "4"),
            ]
        };
        assert_eq!(of(&slurm("5")).unwrap(), "1/4");
        assert_eq!(of(&slurm("8")).unwrap(), "4/4");
        assert!(
            of(&slurm("9"))
                .unwrap_err()
                .starts_with("cannot read shard `5/4`")
        );
        assert_eq!(
            of(&[("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "2")]).unwrap(),
            "1/2"
        );
        let message = of(&[("JOB_COMPLETION_INDEX", "0")]).unwrap_err();
        assert!(
            message.starts_with("no shard in the environment: `JOB_COMPLETIONS` is not set"),
            "{message}"
        );
        let message = of(&[("JOB_COMPLETION_INDEX", "x")]).unwrap_err();
        assert!(
            message.starts_with("no shard in the environment: `JOB_COMPLETION_INDEX` is `x`"),
            "{message}"
        );
    }
}
