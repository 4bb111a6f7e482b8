//! The directory of a run: `run.toml`, `metrics.jsonl`, `model.safetensors`.

use std::fs;
use std::path::{Path, PathBuf};

use spinet::train::store::{make_directory, write_atomically};
use spinet::{Dataset, TrainConfig};

use crate::error::Error;

/// The name of the model in a run directory; it is written last, so a directory with it is that of a finished run.
pub(crate) const MODEL: &str = "model.safetensors";

/// Where a run's files go.
pub(crate) struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// The directory that was asked for, or one named after the run; a finished run in it is replaced only by `force`.
    pub(crate) fn choose(asked: Option<&Path>, config: &TrainConfig, force: bool) -> Result<Self, Error> {
        let path = asked.map_or_else(|| Path::new("runs").join(name(config)), Path::to_owned);
        let directory = Self { path };
        if directory.model().exists() && !force {
            return Err(Error::FinishedRun { directory: directory.path });
        }
        Ok(directory)
    }

    /// Makes the directory and writes `run.toml`, which repeats the run.
    pub(crate) fn start(&self, config: &TrainConfig, data: &Dataset) -> Result<(), Error> {
        make_directory(&self.path)?;
        let model = self.model();
        if model.exists() {
            fs::remove_file(&model).map_err(|source| Error::Remove { path: model, source })?;
        }
        let (version, digest) = (env!("CARGO_PKG_VERSION"), data.train.sha256());
        let head = format!(
            "# spinet {version}; `spinet train --config run.toml --out DIR` repeats this run\n# training samples: SHA-256 {digest}\n\n"
        );
        Ok(write_atomically(&self.path.join("run.toml"), (head + &config.to_toml()?).as_bytes())?)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.path.join(MODEL)
    }
}

/// `DATA-HIDDEN-RULES-seedN`, as in `mnist-1200-256x128-bdnn-dsd+l2-seed0`.
fn name(config: &TrainConfig) -> String {
    let join = |parts: Vec<String>, between: &str, none: &str| if parts.is_empty() { none.to_owned() } else { parts.join(between) };
    let hidden = join(config.hidden.iter().map(ToString::to_string).collect(), "x", "linear");
    let rules = join(config.rules.iter().map(|rule| rule.name.clone()).collect(), "+", "plain");
    format!("{}-{hidden}-{rules}-seed{}", config.data, config.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_named_after_what_sets_the_run_apart() {
        assert_eq!(name(&TrainConfig::default()), "mnist-1200-100-plain-seed0");
        let rules = vec!["bdnn-dsd:threshold=20".parse().unwrap(), "l2".parse().unwrap()];
        let config = TrainConfig { hidden: vec![256, 128], rules, seed: 7, ..TrainConfig::default() };
        assert_eq!(name(&config), "mnist-1200-256x128-bdnn-dsd+l2-seed7");
        assert_eq!(name(&TrainConfig { hidden: vec![], ..TrainConfig::default() }), "mnist-1200-linear-plain-seed0");
    }
}
