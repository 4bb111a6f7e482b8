//! House check: which crate may know which. Arrows only point upwards in the list, so there is
//! never a circle.

use std::path::Path;

use serde_json::Value;

use crate::error::Error;
use crate::program;
use crate::verdict::Verdict;

/// Each crate with the crates of ours it may use. Only the examples use `spinet`; nobody uses
/// `xtask`.
const ROOMS: [(&str, &[&str]); 9] = [
    ("spinet-rules", &[]),
    ("spinet-nn", &["spinet-rules"]),
    ("spinet-data", &[]),
    (
        "spinet-train",
        &["spinet-rules", "spinet-nn", "spinet-data"],
    ),
    (
        "spinet-lab",
        &["spinet-rules", "spinet-nn", "spinet-data", "spinet-train"],
    ),
    (
        "spinet",
        &[
            "spinet-rules",
            "spinet-nn",
            "spinet-data",
            "spinet-train",
            "spinet-lab",
        ],
    ),
    (
        TESTING,
        &[
            "spinet-rules",
            "spinet-nn",
            "spinet-data",
            "spinet-train",
            "spinet-lab",
        ],
    ),
    ("spinet-examples", &["spinet"]),
    ("xtask", &[]),
];

/// What tests of several crates share. Every crate may use it, in its tests: cargo refuses a circle
/// in anything else.
const TESTING: &str = "spinet-testing";

/// Complains about every dependency between our crates that the list does not allow.
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let mut command = program::cargo(root);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let text = program::stdout(&mut command)?;
    let metadata = serde_json::from_str(&text).map_err(|source| Error::Json {
        command: program::line(&command),
        source,
    })?;
    Ok(Verdict::of(
        complaints(&metadata),
        format!(
            "{} crates, all dependencies point upwards",
            packages(&metadata).len()
        ),
    ))
}

/// Looks at normal, build and development dependencies alike: a test that reaches downwards is a
/// circle as well.
fn complaints(metadata: &Value) -> Vec<String> {
    let packages = packages(metadata);
    let mut complaints = Vec::new();
    if packages.is_empty() {
        complaints.push("the metadata of cargo contains no package".to_owned());
    }
    for (name, dependencies) in &packages {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| room == name) else {
            complaints.push(format!(
                "`{name}` is missing in the list of crates; add it in xtask/src/rooms.rs"
            ));
            continue;
        };
        let ours = dependencies
            .iter()
            .filter(|dependency| packages.iter().any(|(package, _)| package == *dependency));
        for dependency in
            ours.filter(|dependency| **dependency != TESTING && !allowed.contains(dependency))
        {
            complaints.push(format!(
                "`{name}` depends on `{dependency}`, but may only use {allowed:?}"
            ));
        }
    }
    complaints
}

/// The packages of the workspace, each with the names of its dependencies.
fn packages(metadata: &Value) -> Vec<(&str, Vec<&str>)> {
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(named)
        .collect()
}

fn named(package: &Value) -> Option<(&str, Vec<&str>)> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    Some((
        package["name"].as_str()?,
        dependencies
            .filter_map(|dependency| dependency["name"].as_str())
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arrows_that_point_upwards_are_allowed_and_foreign_crates_do_not_count() {
        let metadata = json!({"packages": [
            {"name": "spinet-rules", "dependencies": [{"name": "serde"}]},
            {"name": "spinet-nn", "dependencies": [{"name": "spinet-rules"}, {"name": "gemm"}]},
        ]});
        assert_eq!(complaints(&metadata), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_points_downwards_is_named() {
        let metadata = json!({"packages": [
            {"name": "spinet-rules", "dependencies": [{"name": "spinet-nn", "kind": "dev"}]},
            {"name": "spinet-nn", "dependencies": [{"name": "spinet-rules"}]},
        ]});
        assert_eq!(
            complaints(&metadata),
            ["`spinet-rules` depends on `spinet-nn`, but may only use []"]
        );
    }

    #[test]
    fn nobody_may_use_the_command_or_the_tasks() {
        let metadata = json!({"packages": [
            {"name": "spinet-lab", "dependencies": [{"name": "spinet"}, {"name": "xtask"}]},
            {"name": "spinet", "dependencies": [{"name": "spinet-lab"}]},
            {"name": "xtask", "dependencies": []},
        ]});
        assert_eq!(complaints(&metadata).len(), 2);
    }

    #[test]
    fn a_crate_without_a_row_is_a_complaint_and_so_is_an_empty_workspace() {
        let metadata = json!({"packages": [{"name": "spinet-new", "dependencies": []}]});
        assert_eq!(
            complaints(&metadata),
            ["`spinet-new` is missing in the list of crates; add it in xtask/src/rooms.rs"]
        );
        assert_eq!(
            complaints(&json!({})),
            ["the metadata of cargo contains no package"]
        );
    }
}
