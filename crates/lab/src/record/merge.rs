//! Collects the finished runs of several directories, for instance those that other machines did a
//! share of.

use std::fs;
use std::path::{Path, PathBuf};

use spinet_train::{MODEL, RunDirectory, read_run, store};

use crate::Error;
use crate::runs::check_kept;

/// Largest file of a run.
const MAX_BYTES: u64 = 4 << 30;

/// What a merge found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Runs that were copied.
    pub copied: usize,
    /// Runs that were there already, with the same files.
    pub present: usize,
    /// Run directories without a finished run; they were left out.
    pub unfinished: Vec<PathBuf>,
}

/// Copies every finished run in the directories `from` into the directory `to`. Each is verified
/// first, and its model is written last, so an interrupted merge resumes when it is called
/// again.
///
/// # Errors
///
/// A directory that cannot be read, a damaged run, or [`Error::TwoResults`] if `to` holds a run of
/// that name with other results.
pub fn merge(from: &[PathBuf], to: &Path) -> Result<Merged, Error> {
    let mut merged = Merged::default();
    for directory in from {
        for path in run_directories(directory)? {
            if read_run(&path)?.is_none() {
                merged.unfinished.push(path);
                continue;
            }
            let target = to.join(path.file_name().unwrap_or_default());
            if copy(&path, &target)? {
                merged.copied += 1;
            } else {
                merged.present += 1;
            }
        }
    }
    Ok(merged)
}

/// The directories with a `run.toml` in a directory, sorted.
fn run_directories(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let storage = |source| spinet_train::Error::Storage {
        path: directory.to_owned(),
        action: "open",
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(storage)? {
        let path = entry.map_err(storage)?.path();
        if path.join("run.toml").exists() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a run; false if it is there already. A run that another process began there is finished
/// by this, and its checkpoints are left.
fn copy(from: &Path, to: &Path) -> Result<bool, Error> {
    let _held = RunDirectory::open(to)?;
    let is_there = read_run(to)?.is_some();
    for name in ["run.toml", "metrics.jsonl", MODEL] {
        let bytes = store::read_at_most(&from.join(name), MAX_BYTES)?;
        let is_known = is_there || name == "run.toml" && store::is_there(&to.join(name));
        if !is_known {
            store::write_atomically(&to.join(name), &bytes)?;
        } else if store::read_at_most(&to.join(name), MAX_BYTES)? != bytes {
            return Err(Error::TwoResults {
                first: to.join(name),
                second: from.join(name),
            });
        }
    }
    check_kept(to)?;
    Ok(!is_there)
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
mod tests {
    use super::*;
    use crate::RunStore;
    use spinet_nn::Threads;
    use spinet_train::TrainConfig;

    #[test]
    fn finished_runs_are_copied_once_and_different_results_are_refused() {
        let data = spinet_data::load("mnist-1200", &spinet_data::Source::default()).unwrap();
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let keeping = |name: &str| RunStore {
            directory: Some(at(name)),
            ..RunStore::default()
        };
        for (name, seed) in [("a", 0), ("a", 1), ("b", 1), ("b", 2)] {
            let config = TrainConfig {
                hidden: vec![2],
                epochs: 1,
                seed,
                ..TrainConfig::default()
            };
            keeping(name)
                .outcome(&config, &data, Threads::one(), &mut |_| {})
                .unwrap();
        }
        fs::create_dir(at("b/begun")).unwrap();
        let first = run_directories(&at("a")).unwrap().remove(0);
        fs::copy(first.join("run.toml"), at("b/begun/run.toml")).unwrap();
        let merged = merge(&[at("a"), at("b")], &at("all")).unwrap();
        assert_eq!(
            merged,
            Merged {
                copied: 3,
                present: 1,
                unfinished: vec![at("b/begun")]
            }
        );
        assert_eq!(fs::read_dir(at("all")).unwrap().count(), 3);
        // Another run of the same name, and one that was changed.
        let [run, other] = [0, 1].map(|index| run_directories(&at("a")).unwrap().remove(index));
        fs::create_dir(at("c")).unwrap();
        fs::rename(other, at("c").join(run.file_name().unwrap())).unwrap();
        let message = merge(&[at("c")], &at("all")).unwrap_err().to_string();
        assert!(
            message.contains("all/") && message.contains("run.toml: differs from "),
            "{message}"
        );
        let line = fs::read_to_string(run.join("metrics.jsonl"))
            .unwrap()
            .replacen("\"step\":2", "\"step\":3", 1);
        store::write_atomically(&run.join("metrics.jsonl"), line.as_bytes()).unwrap();
        let message = merge(&[at("a")], &at("all")).unwrap_err().to_string();
        assert!(
            message.contains("a/") && message.contains("metrics.jsonl: changed after the run: "),
            "{message}"
        );
        let missing = merge(&[at("none")], &at("all")).unwrap_err().to_string();
        assert!(missing.contains("none: cannot open: "), "{missing}");
    }
}
