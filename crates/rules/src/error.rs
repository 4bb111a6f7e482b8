//! Errors in a rule's options or state.

/// Why a rule could not be built, restored or combined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No rule has this name.
    #[error("unknown rule `{found}`, expected one of {expected}{}", hint(.suggestion.as_deref()))]
    UnknownRule {
        /// The name given.
        found: String,
        /// The names known.
        expected: String,
        /// The nearest known name, if one is close.
        suggestion: Option<String>,
    },
    /// No option has this name.
    #[error("{kind} `{rule}`: unknown option `{found}`, expected {expected}{}", hint(.suggestion.as_deref()))]
    UnknownParameter {
        /// What the option belongs to: `rule` or `layer`.
        kind: &'static str,
        /// The rule.
        rule: &'static str,
        /// The name given.
        found: String,
        /// The names known.
        expected: String,
        /// The nearest known name, if one is close.
        suggestion: Option<String>,
    },
    /// An option outside its range, or of another type.
    #[error("{kind} `{rule}`: `{parameter}` must be {expected}, but is {found}")]
    OutOfRange {
        /// What the option belongs to: `rule` or `layer`.
        kind: &'static str,
        /// The rule.
        rule: &'static str,
        /// The option.
        parameter: &'static str,
        /// The value given.
        found: String,
        /// The range or the choices.
        expected: String,
    },
    /// A layer that the network does not have.
    #[error(
        "rule `{rule}`: `layers` includes layer {found}, but the network has layers 1 to {layers}"
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
    #[error("rule `{rule}`: `layers` includes layer {layers}, the output layer, expected hidden layers, 1 to {}", layers - 1)]
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
    #[error("rule `{rule}` is given twice, expected at most once")]
    Repeated {
        /// The rule.
        rule: &'static str,
    },
    /// Two rules that both determine what only one can.
    #[error("rules `{first}` and `{second}` conflict in layer {layer}: both determine {what}")]
    Excluding {
        /// The first given.
        first: &'static str,
        /// The second given.
        second: &'static str,
        /// The layer, counted from 1.
        layer: usize,
        /// What both determine.
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
    /// A rule on the command line that cannot be parsed.
    #[error(
        "cannot parse `{found}`, expected NAME or NAME:OPTION=VALUE,... with each option at most once"
    )]
    Syntax {
        /// The text given.
        found: String,
    },
    /// Saved state that does not fit this rule.
    #[error(
        "rule `{rule}`: missing state `{entry}` of {param} with {expected} values (found {found})"
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
