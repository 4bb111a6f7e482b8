//! The step that looks at what the crates depend on: known holes, licences, sources; see
//! `deny.toml`.

use std::path::Path;

use crate::error::Error;
use crate::program::{cargo, succeed, works};
use crate::verdict::Verdict;

/// What `cargo deny check` can look at without the network.
const OFFLINE: [&str; 3] = ["bans", "licenses", "sources"];

/// Complains about what `deny.toml` refuses. Is skipped where cargo-deny is not installed, and
/// where its database of known holes cannot be reached; the rest is checked there.
pub(crate) fn check_if_possible(root: &Path) -> Result<Verdict, Error> {
    if !works(cargo(root).args(["deny", "--version"])) {
        return Ok(Verdict::Skipped(
            "cargo-deny is not installed (`cargo install --locked cargo-deny`)".to_owned(),
        ));
    }
    verdict(
        |what| match succeed(cargo(root).args(["deny", "--offline", "check"]).args(what)) {
            Ok(()) => Ok(Vec::new()),
            Err(failed @ Error::Status { .. }) => Ok(vec![failed.to_string()]),
            Err(other) => Err(other),
        },
        || works(cargo(root).args(["deny", "fetch", "db"])),
    )
}

/// Runs the checks; `fetch` says whether the database was reached.
fn verdict(
    mut check: impl FnMut(&[&str]) -> Result<Vec<String>, Error>,
    fetch: impl FnOnce() -> bool,
) -> Result<Verdict, Error> {
    let mut complaints = check(&OFFLINE)?;
    let has_database = fetch();
    if has_database {
        complaints.extend(check(&["advisories"])?);
    }
    let checked = OFFLINE.join(", ");
    Ok(match (complaints.is_empty(), has_database) {
        (false, _) => Verdict::Failed(complaints),
        (true, true) => Verdict::Passed(format!(
            "{checked} and advisories, with the current database"
        )),
        (true, false) => Verdict::Skipped(format!(
            "cannot reach the advisory database; {checked} passed"
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found if this check complains and the database can or cannot be reached, and what
    /// was checked.
    fn found(complains: Option<&str>, has_database: bool) -> (Verdict, usize) {
        let mut checks = 0;
        let check = |what: &[&str]| {
            checks += 1;
            Ok(complains
                .filter(|name| what.contains(name))
                .map(|name| format!("bad {name}"))
                .into_iter()
                .collect())
        };
        let verdict = verdict(check, || has_database).unwrap();
        (verdict, checks)
    }

    #[test]
    fn a_database_out_of_reach_is_skipped_and_not_failed() {
        assert!(
            matches!(found(None, true), (Verdict::Passed(note), 2) if note.contains("advisories"))
        );
        assert!(
            matches!(found(None, false), (Verdict::Skipped(reason), 1) if reason.contains("cannot reach"))
        );
    }

    #[test]
    fn what_is_wrong_fails_with_and_without_the_database() {
        let bad = |name: &str| Verdict::Failed(vec![format!("bad {name}")]);
        assert_eq!(found(Some("advisories"), true), (bad("advisories"), 2));
        for has_database in [true, false] {
            assert_eq!(found(Some("licenses"), has_database).0, bad("licenses"));
        }
    }
}
