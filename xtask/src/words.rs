//! What was typed, and what it asks for.

use crate::bench::Metric;
use crate::fuzz;

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
usage: cargo xtask TASK

tasks:
  test [NAME]         run all checks and tests; with NAME only the tests whose name contains it
  check               run the quick checks: formatting, lints and house checks
  bench               benchmark the kernels and a durable save; --against-torch: training steps,
                      compared with PyTorch and scikit-learn; --small: small batches with several
                      rules; --networks: networks of presets; --row: all runs of one table row
  oracle [--check]    recompute the PyTorch reference constants; --check: compare them with the
                      stored ones
  results [--check]   render the tables in the Markdown files; --check: compare them with the result
                      records
  fuzz [READER] [--seconds N]
                      fuzz each reader, or the named one, for N seconds (60); needs a nightly
                      compiler and cargo-fuzz
  help                print this text";

/// A task with everything that was said about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Print the usage text.
    Help,
    /// Run the checks and tests.
    Test {
        /// Only tests whose name contains this text, and no other step.
        filter: Option<String>,
    },
    /// Run the quick checks.
    Check,
    /// Metric.
    Bench(Metric),
    /// Work on the reference constants.
    Oracle(Mode),
    /// Work on the rendered tables.
    Results(Mode),
    /// Fuzz the readers.
    Fuzz {
        /// For each reader.
        seconds: u32,
        /// Only this one.
        reader: Option<String>,
    },
}

/// Whether a task writes what it computes or compares it with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Compute and write.
    Remake,
    /// Compute and compare; write nothing.
    Check,
}

/// Reads the words after `cargo xtask`; the error is one sentence for the person who typed them.
pub(crate) fn parse(words: &[String]) -> Result<Task, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Err("no task given: expected `test`, `check`, `bench`, `oracle`, `results`, `fuzz` or `help`".to_owned()),
        ["help" | "--help" | "-h"] => Ok(Task::Help),
        ["test"] => Ok(Task::Test { filter: None }),
        ["test", name] if !name.starts_with('-') => Ok(Task::Test { filter: Some((*name).to_owned()) }),
        ["check"] => Ok(Task::Check),
        ["check", extra, ..] => Err(format!("unexpected word `{extra}`: `check` takes none")),
        ["bench"] => Ok(Task::Bench(Metric::Kernels)),
        ["bench", "--small"] => Ok(Task::Bench(Metric::Small)),
        ["bench", "--networks"] => Ok(Task::Bench(Metric::Networks)),
        ["bench", "--against-torch"] => Ok(Task::Bench(Metric::AgainstTorch)),
        ["bench", "--row"] => Ok(Task::Bench(Metric::Row)),
        ["bench", extra, ..] => Err(format!("unexpected word `{extra}`: `bench` takes `--against-torch`, `--small`, `--networks`, `--row` or nothing")),
        ["oracle"] => Ok(Task::Oracle(Mode::Remake)),
        ["oracle", "--check"] => Ok(Task::Oracle(Mode::Check)),
        ["results"] => Ok(Task::Results(Mode::Remake)),
        ["results", "--check"] => Ok(Task::Results(Mode::Check)),
        ["fuzz", words @ ..] => search(words),
        ["test", name] => Err(format!("unknown option `{name}`: `test` takes at most one part of a test's name")),
        ["test", _, extra, ..] => Err(format!("unexpected word `{extra}`: `test` takes at most one part of a test's name")),
        [task @ ("oracle" | "results"), "--check", extra, ..] | [task @ ("oracle" | "results"), extra, ..] => {
            Err(format!("unexpected word `{extra}`: `{task}` takes `--check` or nothing"))
        }
        [other, ..] => Err(format!("unknown task `{other}`: expected `test`, `check`, `bench`, `oracle`, `results`, `fuzz` or `help`")),
    }
}

/// Reads the words after `fuzz`, in either order.
fn search(words: &[&str]) -> Result<Task, String> {
    let (mut seconds, mut reader) = (fuzz::SECONDS, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--seconds" => {
                let number = words.next().copied().unwrap_or_default();
                seconds = number
                    .parse()
                    .ok()
                    .filter(|seconds| *seconds > 0)
                    .ok_or_else(|| {
                        format!(
                            "`--seconds` has `{number}` after it, expected an integer of at least 1"
                        )
                    })?;
            }
            name if !name.starts_with('-') && reader.is_none() => reader = Some(name.to_owned()),
            extra => {
                return Err(format!(
                    "unexpected word `{extra}`: `fuzz` takes one reader and `--seconds N`"
                ));
            }
        }
    }
    Ok(Task::Fuzz { seconds, reader })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn every_task_is_understood() {
        assert_eq!(parsed("test"), Ok(Task::Test { filter: None }));
        assert_eq!(
            parsed("test bound"),
            Ok(Task::Test {
                filter: Some("bound".to_owned())
            })
        );
        assert_eq!(parsed("check"), Ok(Task::Check));
        assert_eq!(parsed("bench"), Ok(Task::Bench(Metric::Kernels)));
        assert_eq!(
            parsed("bench --against-torch"),
            Ok(Task::Bench(Metric::AgainstTorch))
        );
        assert_eq!(parsed("bench --row"), Ok(Task::Bench(Metric::Row)));
        assert_eq!(parsed("oracle"), Ok(Task::Oracle(Mode::Remake)));
        assert_eq!(parsed("oracle --check"), Ok(Task::Oracle(Mode::Check)));
        assert_eq!(parsed("results"), Ok(Task::Results(Mode::Remake)));
        assert_eq!(parsed("results --check"), Ok(Task::Results(Mode::Check)));
        assert_eq!(
            parsed("fuzz"),
            Ok(Task::Fuzz {
                seconds: 60,
                reader: None
            })
        );
        assert_eq!(
            parsed("fuzz csv --seconds 5"),
            Ok(Task::Fuzz {
                seconds: 5,
                reader: Some("csv".to_owned())
            })
        );
        assert_eq!(
            parsed("fuzz --seconds 5 csv"),
            parsed("fuzz csv --seconds 5")
        );
        assert_eq!(parsed("--help"), Ok(Task::Help));
    }

    #[test]
    fn a_wrong_word_is_named_together_with_what_was_expected() {
        for (line, wrong) in [
            ("tset", "`tset`"),
            ("test --chekc", "`--chekc`"),
            ("test a b", "`b`"),
            ("check tests", "`tests`"),
            ("oracle --chekc", "`--chekc`"),
            ("results --check now", "`now`"),
            ("bench --against-numpy", "`--against-numpy`"),
            ("help me", "`help`"),
            ("fuzz csv npy", "`npy`"),
            ("fuzz --second 3", "`--second`"),
            ("fuzz --seconds", "`--seconds` has ``"),
            ("fuzz --seconds 0", "`--seconds` has `0`"),
        ] {
            let sentence = parsed(line).unwrap_err();
            assert!(sentence.contains(wrong), "{line}: {sentence}");
            assert!(!sentence.contains('\n'), "{line}: {sentence}");
        }
    }

    #[test]
    fn no_word_at_all_is_refused_with_the_list_of_tasks() {
        assert_eq!(
            parsed("").unwrap_err(),
            "no task given: expected `test`, `check`, `bench`, `oracle`, `results`, `fuzz` or `help`"
        );
    }
}
