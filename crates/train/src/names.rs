//! Names and shapes of arrays in files.

use spinet_rules::{ParamRole, ParamShape};

/// A trained array, `[rows, columns]` if it is of weights, else `[rows]`.
pub(crate) fn shape(param: &ParamShape) -> Vec<usize> {
    if param.role.is_weight() {
        vec![param.rows, param.columns]
    } else {
        vec![param.rows]
    }
}

/// What a rule keeps for a trained array: its own name for it, with the role before it where that
/// is not `weight`, as in `bias_bound`.
pub(crate) fn entry(param: &ParamShape, name: &str) -> String {
    match param.role {
        ParamRole::Weight => name.to_owned(),
        role => format!("{}_{name}", role.name()),
    }
}

/// The role that such a name begins with.
pub(crate) fn role(entry: &str) -> ParamRole {
    let is_of = |role: &ParamRole| {
        entry
            .split_once('_')
            .is_some_and(|(first, _)| first == role.name())
    };
    ParamRole::ALL
        .into_iter()
        .find(is_of)
        .unwrap_or(ParamRole::Weight)
}

/// What an optimizer keeps for a trained array: `optimizer.0.velocity` for the first layer's
/// weights, `optimizer.1.velocity` for its biases.
pub(crate) fn optimizer_array(param: &ParamShape, entry: &str) -> String {
    match param.role {
        ParamRole::Weight => format!("optimizer.{}.{entry}", 2 * param.layer),
        ParamRole::Bias => format!("optimizer.{}.{entry}", 2 * param.layer + 1),
        _ => format!("optimizer.{}.{entry}", param.name),
    }
}

/// Whether version 0.1.0 kept this for the biases of a network that has none.
pub(crate) fn is_of_no_bias(name: &str) -> bool {
    let slot = name
        .strip_prefix("optimizer.")
        .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    slot.is_some_and(|slot| slot % 2 == 1)
}

/// The same in a file: `layer1.bdnn-dsd.bound`.
pub(crate) fn rule_array(layer: usize, rule: &str, entry: &str) -> String {
    format!("layer{}.{rule}.{entry}", layer + 1)
}
