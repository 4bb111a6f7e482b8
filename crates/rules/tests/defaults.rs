//! What a rule does when nothing is set: stated once more here, because a changed default changes everybody's runs.

use spinet_rules::{RULES, RuleEntry};

/// From the papers that the registry names, and for the variants of this project from its own experiments.
const DEFAULTS: [&str; 22] = [
    "gradient-descent",
    "momentum:momentum=0.9",
    "nesterov:momentum=0.9",
    "rmsprop:decay=0.9,epsilon=0.00000001",
    "adam:beta1=0.9,beta2=0.999,epsilon=0.00000001",
    "adamw:beta1=0.9,beta2=0.999,epsilon=0.00000001,weight_decay=0.01",
    "neuroplastic:scale=2,warm_up=2,least=0.2,most=2,max_norm=1",
    "bdnn-dsd:initial_bound=0.45,bound_step=0.06,threshold=10,growth_counting=cumulative,shrink_counting=consecutive,layers=all,biases=free",
    "spine-retraction:initial_bound=0.45,bound_step=0.09,retraction_step=0.36,threshold=10,growth_counting=cumulative,shrink_counting=consecutive,layers=all,biases=free",
    "sd-snn-bounds:threshold=18,shrink_factor=0.75,warm_up=19,layers=all",
    "grapes:gain=2,least=1,importance=incoming,form=propagating,layers=all",
    "scalar-gain:gain=2,least=1,importance=incoming,form=propagating,layers=all",
    "feedback-alignment:scale=1",
    "direct-feedback-alignment:scale=1",
    "dropout:dropout_rate=0.5,scaling=train",
    "drop-connect:drop_rate=0.5,layers=all",
    "l2:weight_decay=0.0001,layers=all",
    "l1:l1_penalty=0.00001,layers=all",
    "max-norm:max_norm=3,layers=all",
    "meprop:kept_share=0.1,layers=all",
    "magnitude-pruning:criterion=share,amount=0.5,start=0.5,end=0.5,layers=all",
    "synaptic-pruning:weak=0.1,strong=1,patience=10,layers=all",
];

/// The entry with its defaults, as a person would write them.
fn written(entry: &RuleEntry) -> String {
    let of = |(index, name, default): (usize, &str, String)| format!("{}{name}={default}", if index == 0 { ':' } else { ',' });
    let parameters = entry.parameters.iter().enumerate().map(|(index, known)| of((index, known.name, known.range.default_text())));
    std::iter::once(entry.name.to_owned()).chain(parameters).collect()
}

#[test]
fn every_default_of_the_registry_is_the_published_one() {
    assert_eq!(RULES.iter().map(|entry| written(entry)).collect::<Vec<_>>(), DEFAULTS);
}
