//! What can be wrong with a rule's settings or state.

/// Why a rule could not be built, restored or combined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No rule of that name.
    #[error("unknown rule `{found}`, expected one of {expected}{}", hint(.suggestion.as_deref()))]
    UnknownRule {
        /// The name given.
        found: String,
        /// The names known.
        expected: String,
        /// The known name that is nearest, if one is near.
        suggestion: Option<String>,
    },
    /// No parameter of that name.
    #[error("{kind} `{rule}`: unknown parameter `{found}`, expected {expected}{}", hint(.suggestion.as_deref()))]
    UnknownParameter {
        /// What has it: `rule` or `layer`.
        kind: &'static str,
        /// The rule.
        rule: &'static str,
        /// The name given.
        found: String,
        /// The names known.
        expected: String,
        /// The known name that is nearest, if one is near.
        suggestion: Option<String>,
    },
    /// A parameter outside its range, or of another type.
    #[error("{kind} `{rule}`: `{parameter}` must be {expected}, but is {found}")]
    OutOfRange {
        /// What has it: `rule` or `layer`.
        kind: &'static str,
        /// The rule.
        rule: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// The value given.
        found: String,
        /// The range or the choices.
        expected: String,
    },
    /// A layer that the network does not have.
    #[error(
        "rule `{rule}`: `layers` names layer {found}, but the network has layers 1 to {layers}"
    )]
    NoSuchLayer {
        /// The rule.
        rule: &'static str,
        /// The layer, counted from 1.
        found: usize,
        /// How many layers the network has.
        layers: usize,
    },
    /// The output layer for a rule that acts on hidden layers.
    #[error("rule `{rule}`: `layers` names layer {layers}, the output layer, expected hidden layers, 1 to {}", layers - 1)]
    OutputLayer {
        /// The rule.
        rule: &'static str,
        /// How many layers the network has.
        layers: usize,
    },
    /// A network with fewer hidden layers than the rule acts on.
    #[error(
        "rule `{rule}` acts on hidden layers: the network has {found}, expected at least {expected}"
    )]
    TooFewHiddenLayers {
        /// The rule.
        rule: &'static str,
        /// How many hidden layers the network has.
        found: usize,
        /// How many it needs.
        expected: usize,
    },
    /// The same rule twice in one chain.
    #[error("rule `{rule}` is given twice, expected at most once in a chain")]
    Repeated {
        /// The rule.
        rule: &'static str,
    },
    /// Two rules that both decide what only one can.
    #[error(
        "rules `{first}` and `{second}` exclude each other in layer {layer}: both decide {what}"
    )]
    Excluding {
        /// The first given.
        first: &'static str,
        /// The second given.
        second: &'static str,
        /// The layer, counted from 1.
        layer: usize,
        /// What both decide.
        what: &'static str,
    },
    /// More than one optimizer.
    #[error("two optimizers, `{first}` and `{second}`, expected at most one")]
    TwoOptimizers {
        /// The first given.
        first: &'static str,
        /// The second given.
        second: &'static str,
    },
    /// A rule written on the command line in a form that cannot be read.
    #[error(
        "cannot read `{found}`, expected NAME or NAME:PARAMETER=VALUE,... with each parameter once"
    )]
    Syntax {
        /// The text given.
        found: String,
    },
    /// Saved state that does not fit this rule.
    #[error(
        "rule `{rule}`: saved state lacks `{entry}` of {param} with {expected} values (found {found})"
    )]
    State {
        /// The rule.
        rule: &'static str,
        /// The array.
        entry: &'static str,
        /// The trained array that it belongs to, such as `layer1.weight`.
        param: String,
        /// Values expected.
        expected: usize,
        /// What was there instead.
        found: String,
    },
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion
        .map(|name| format!("\n\nhint: did you mean `{name}`?"))
        .unwrap_or_default()
}

/// The known name nearest to `found`, if it is near enough to be a slip of the finger.
pub fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|name| (strsim::jaro_winkler(found, name), name))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}
