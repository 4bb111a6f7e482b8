//! Names and shapes of arrays in files.

use spinet_rules::{ParamRole, ParamShape};

/// A trained array, `[rows, columns]` if it is of weights, else `[rows]`.
pub(crate) fn shape(param: &ParamShape) -> Vec<usize> {
    if param.role.is_weight() { vec![param.rows, param.columns] } else { vec![param.rows] }
}

/// What a rule keeps for a trained array: its own name for it, with the role before it where that is not `weight`, as in `bias_bound`.
pub(crate) fn entry(param: &ParamShape, name: &str) -> String {
    match param.role {
        ParamRole::Weight => name.to_owned(),
        role => format!("{}_{name}", role.name()),
    }
}

/// The role that such a name begins with.
pub(crate) fn role(entry: &str) -> ParamRole {
    let is_of = |role: &ParamRole| entry.split_once('_').is_some_and(|(first, _)| first == role.name());
    ParamRole::ALL.into_iter().find(is_of).unwrap_or(ParamRole::Weight)
}

/// The same in a file: `layer1.bdnn-dsd.bound`.
pub(crate) fn rule_array(layer: usize, rule: &str, entry: &str) -> String {
    format!("layer{}.{rule}.{entry}", layer + 1)
}
