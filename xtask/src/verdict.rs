//! What one step found, and the sum over all steps.

use std::fmt;
use std::time::Instant;

use crate::error::Error;

/// What one step found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is well; the note says what was looked at.
    Passed(String),
    /// One complaint per thing to mend.
    Failed(Vec<String>),
    /// The step could not run here, and that is allowed; the reason.
    Skipped(String),
    /// The step ran many tests and counted them.
    Counted(Tally),
}

impl Verdict {
    /// Passed with `note` when there is no complaint.
    pub(crate) fn of(complaints: Vec<String>, note: String) -> Self {
        if complaints.is_empty() {
            Self::Passed(note)
        } else {
            Self::Failed(complaints)
        }
    }

    /// Prints the verdict of a step that runs as a task of its own.
    pub(crate) fn into_result(self, task: &'static str) -> Result<(), Error> {
        self.print();
        match self {
            Self::Failed(complaints) => Err(Error::Complaints {
                task,
                count: complaints.len(),
            }),
            Self::Passed(_) | Self::Skipped(_) | Self::Counted(_) => Ok(()),
        }
    }

    fn print(&self) {
        match self {
            Self::Passed(note) if note.is_empty() => {}
            Self::Passed(note) => println!("  {note}"),
            Self::Failed(complaints) => complaints
                .iter()
                .for_each(|complaint| println!("  {complaint}")),
            Self::Skipped(reason) => println!("  skipped: {reason}"),
            Self::Counted(tally) => println!("  {tally}"),
        }
    }

    fn tally(&self) -> Tally {
        match self {
            Self::Passed(_) => Tally {
                passed: 1,
                ..Tally::default()
            },
            Self::Failed(_) => Tally {
                failed: 1,
                ..Tally::default()
            },
            Self::Skipped(_) => Tally {
                skipped: 1,
                ..Tally::default()
            },
            Self::Counted(tally) => *tally,
        }
    }
}

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed.
    pub(crate) failed: usize,
    /// Tests that were not run.
    pub(crate) skipped: usize,
}

impl Tally {
    /// Adds the counts of `other`.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// The number of tests that were looked at.
    pub(crate) fn total(self) -> usize {
        self.passed + self.failed + self.skipped
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// The sum over all steps run so far.
#[derive(Default)]
pub(crate) struct Report {
    /// The counts.
    pub(crate) tally: Tally,
    /// The names of the steps in which something failed.
    pub(crate) failed_steps: Vec<&'static str>,
}

impl Report {
    /// Announces a step, runs it, times it and adds it to the sum.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        run: impl FnOnce() -> Result<Verdict, Error>,
    ) {
        println!("== {name}");
        let start = Instant::now();
        let verdict = run().unwrap_or_else(|error| Verdict::Failed(vec![error.to_string()]));
        verdict.print();
        let tally = verdict.tally();
        let word = match verdict {
            _ if tally.failed > 0 => "failed",
            Verdict::Skipped(_) => "skipped",
            _ => "passed",
        };
        println!(
            "== {name}: {word} after {:.1} s\n",
            start.elapsed().as_secs_f64()
        );
        if tally.failed > 0 {
            self.failed_steps.push(name);
        }
        self.tally.add(tally);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_adds_up_every_kind_of_verdict_and_names_the_failed_steps() {
        let mut report = Report::default();
        report.step("a", || Ok(Verdict::Passed(String::new())));
        report.step("b", || {
            Ok(Verdict::Failed(vec!["one".to_owned(), "two".to_owned()]))
        });
        report.step("c", || Ok(Verdict::Skipped("no tool".to_owned())));
        report.step("d", || {
            Ok(Verdict::Counted(Tally {
                passed: 10,
                failed: 0,
                skipped: 2,
            }))
        });
        report.step("e", || {
            Err(Error::Complaints {
                task: "e",
                count: 3,
            })
        });
        assert_eq!(
            report.tally,
            Tally {
                passed: 11,
                failed: 2,
                skipped: 3
            }
        );
        assert_eq!(report.failed_steps, ["b", "e"]);
        assert_eq!(report.tally.to_string(), "11 passed, 2 failed, 3 skipped");
        assert_eq!(report.tally.total(), 16);
    }
}
