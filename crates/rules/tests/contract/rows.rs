//! A row for every registry entry; a new rule adds one.

/// What the contract must know of a registry entry that the registry does not say.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The entry with its defaults, as the papers have them that the registry names, and for the
    /// variants of this project its own experiments: stated once more here, because a changed
    /// default changes everybody's runs.
    pub(crate) defaults: &'static str,
    /// Settings that every property is tried with, beside the defaults.
    pub(crate) settings: &'static [&'static str],
    /// Settings of the descent, where the defaults do nothing in it that would be seen.
    pub(crate) descends_with: Option<&'static str>,
    /// Where a weight that is pulled towards a target comes to rest.
    pub(crate) rest: fn(f64) -> f64,
    /// Targets that the rule can reach.
    pub(crate) targets: &'static [f64],
    /// What a step with learning rate 0 makes of a weight, with the default settings.
    pub(crate) at_rate_zero: fn(f64) -> f64,
    /// Learning rate of the descent to the target, and how near to it a thousand steps must come,
    /// as a fraction of it.
    pub(crate) descent: (f64, f64),
}

/// Plain gradient descent, which comes as near to its target as numbers allow; other rows say in
/// what they differ.
const PLAIN: Row = Row {
    name: "gradient-descent",
    defaults: "gradient-descent",
    settings: &[],
    descends_with: None,
    rest: |target| target,
    targets: &[0.3, 40.0],
    at_rate_zero: |weight| weight,
    descent: (0.1, 1e-9),
};

pub(crate) const ROWS: &[Row] = &[
    PLAIN,
    Row {
        name: "momentum",
        defaults: "momentum:momentum=0.9",
        settings: &["momentum:momentum=0", "momentum:momentum=0.5"],
        ..PLAIN
    },
    Row {
        name: "nesterov",
        defaults: "nesterov:momentum=0.9",
        settings: &["nesterov:momentum=0", "nesterov:momentum=0.5"],
        ..PLAIN
    },
    Row {
        name: "rmsprop",
        defaults: "rmsprop:decay=0.9,epsilon=0.00000001",
        settings: &["rmsprop:decay=0.99,epsilon=0.01", "rmsprop:decay=0"],
        targets: &[0.3, -0.7],
        // A step is never much smaller than the learning rate, so it ends by going to and fro.
        descent: (0.003, 0.01),
        ..PLAIN
    },
    Row {
        name: "adam",
        defaults: "adam:beta1=0.9,beta2=0.999,epsilon=0.00000001",
        settings: &["adam:beta1=0,beta2=0.9,epsilon=0.01", "adam:beta2=0"],
        targets: &[0.3, -0.7],
        descent: (0.01, 1e-6),
        ..PLAIN
    },
    Row {
        name: "adamw",
        defaults: "adamw:beta1=0.9,beta2=0.999,epsilon=0.00000001,weight_decay=0.01",
        settings: &[
            "adamw:weight_decay=0.5",
            "adamw:weight_decay=0,beta1=0.5,beta2=0.9,epsilon=0.01",
        ],
        // Near the target a step is learning_rate * (gradient / its root mean square), which decay
        // must balance.
        targets: &[0.3, -0.7],
        descent: (0.01, 0.02),
        ..PLAIN
    },
    Row {
        name: "neuroplastic",
        defaults: "neuroplastic:scale=2,warm_up=2,min_factor=0.2,max_factor=2,max_norm=1",
        settings: &[
            "neuroplastic:scale=0,least=0.5,most=1.5",
            "neuroplastic:warm_up=10,max_norm=0.1",
            "neuroplastic:scale=9.9,most=9.9,warm_up=0",
        ],
        targets: &[0.3, -0.7],
        // Rescaling moves everything by the size of the largest part, and small parts slowly.
        descent: (0.1, 0.01),
        ..PLAIN
    },
    Row {
        name: "bdnn-dsd",
        defaults: "bdnn-dsd:initial_bound=0.45,bound_step=0.06,threshold=10,growth_counting=cumulative,shrink_counting=consecutive,layers=all,biases=free",
        settings: &[
            "bdnn-dsd:threshold=1,initial_bound=0.3,bound_step=0.2",
            "bdnn-dsd:threshold=3,growth_counting=consecutive,shrink_counting=cumulative",
            "bdnn-dsd:threshold=2,growth_counting=consecutive,shrink_counting=consecutive,layers=2",
            "bdnn-dsd:threshold=2,growth_counting=cumulative,shrink_counting=cumulative,layers=1+2",
            "bdnn-dsd:threshold=2,biases=bounded",
        ],
        // The last two are beyond the initial bound: bounds grow as long as a weight pushes.
        targets: &[0.3, -0.1, 1.5, -2.25],
        // Weights meet their bounds in the first step, whatever moves them.
        at_rate_zero: |weight| weight.clamp(-0.45, 0.45),
        ..PLAIN
    },
    Row {
        name: "spine-retraction",
        defaults: "spine-retraction:initial_bound=0.45,bound_step=0.09,retraction_step=0.36,threshold=10,growth_counting=cumulative,shrink_counting=consecutive,layers=all,biases=free",
        settings: &[
            "spine-retraction:threshold=2,initial_bound=0.3,bound_step=0.1,retraction_step=0.25",
            "spine-retraction:threshold=1,growth_counting=consecutive,shrink_counting=cumulative,layers=2,biases=bounded",
        ],
        targets: &[0.3, -0.1, 1.5, -2.25],
        at_rate_zero: |weight| weight.clamp(-0.45, 0.45),
        ..PLAIN
    },
    Row {
        name: "sd-snn-bounds",
        defaults: "sd-snn-bounds:threshold=18,shrink_factor=0.75,warm_up=19,layers=all",
        settings: &[
            "sd-snn-bounds:threshold=2,warm_up=1",
            "sd-snn-bounds:threshold=3,shrink_factor=0,warm_up=0,layers=2",
        ],
        // Beyond what a layer starts with: ranges widen by what is pushed in 18 epochs, so they
        // follow slowly.
        targets: &[1.5, -2.25],
        descent: (0.1, 0.02),
        ..PLAIN
    },
    Row {
        name: "grapes",
        defaults: "grapes:gain=2,min_factor=1,importance=incoming,form=propagating,layers=all",
        settings: &[
            "grapes:gain=3,least=0,form=local,importance=outgoing",
            "grapes:layers=1,gain=1.5",
        ],
        ..PLAIN
    },
    Row {
        name: "scalar-gain",
        defaults: "scalar-gain:gain=2,min_factor=1,importance=incoming,form=propagating,layers=all",
        settings: &["scalar-gain:gain=3,least=0,form=local,importance=outgoing,layers=1"],
        ..PLAIN
    },
    Row {
        name: "feedback-alignment",
        defaults: "feedback-alignment:scale=1",
        settings: &["feedback-alignment:scale=0.5"],
        ..PLAIN
    },
    Row {
        name: "direct-feedback-alignment",
        defaults: "direct-feedback-alignment:scale=1",
        settings: &["direct-feedback-alignment:scale=0.5"],
        ..PLAIN
    },
    Row {
        name: "dropout",
        defaults: "dropout:dropout_rate=0.5,scaling=train,per=unit,layers=all",
        settings: &[
            "dropout:dropout_rate=0.2",
            "dropout:dropout_rate=0",
            "dropout:scaling=test",
            "dropout:per=channel,layers=1",
        ],
        ..PLAIN
    },
    Row {
        name: "drop-connect",
        defaults: "drop-connect:drop_rate=0.5,layers=all",
        settings: &[
            "drop-connect:drop_rate=0.2,layers=2",
            "drop-connect:drop_rate=0",
        ],
        // A dropped weight is not moved, a kept one twice as far.
        ..PLAIN
    },
    Row {
        name: "l2",
        defaults: "l2:weight_decay=0.0001,layers=all",
        settings: &["l2:weight_decay=0.5", "l2:layers=1,weight_decay=0.25"],
        // The minimum of 1/2 (w - target)^2 + weight_decay / 2 w^2.
        rest: |target| target / (1.0 + 1e-4),
        ..PLAIN
    },
    Row {
        name: "l1",
        defaults: "l1:l1_penalty=0.00001,layers=all",
        settings: &["l1:l1_penalty=0.5", "l1:layers=1,l1_penalty=0.25"],
        // The minimum of 1/2 (w - target)^2 + l1_penalty |w|.
        rest: |target| target - 1e-5,
        ..PLAIN
    },
    Row {
        name: "max-norm",
        defaults: "max-norm:max_norm=3,layers=all",
        settings: &["max-norm:max_norm=0.5", "max-norm:max_norm=1,layers=2"],
        targets: &[0.3, -1.0],
        ..PLAIN
    },
    Row {
        name: "weight-range",
        defaults: "weight-range:low=-1,high=1,layers=all",
        settings: &[
            "weight-range:low=0,high=0.5",
            "weight-range:low=-0.2,high=-0.1,layers=2",
        ],
        rest: |target| target.min(1.0),
        ..PLAIN
    },
    Row {
        name: "meprop",
        defaults: "meprop:keep_fraction=0.1,layers=all",
        settings: &["meprop:kept_share=0.5", "meprop:layers=1"],
        ..PLAIN
    },
    Row {
        name: "magnitude-pruning",
        defaults: "magnitude-pruning:criterion=share,amount=0.5,start=0.5,end=0.5,layers=all",
        settings: &[
            "magnitude-pruning:amount=0.9,start=0.1,end=0.5",
            "magnitude-pruning:criterion=deviation,amount=1,layers=2",
        ],
        descends_with: Some("magnitude-pruning:amount=0.2"),
        // The smallest fifth: both layers have a multiple of five weights.
        targets: &[0.3, 40.0, -1.0, 2.0, -3.0],
        rest: |target| if target == 0.3 { 0.0 } else { target },
        ..PLAIN
    },
    Row {
        name: "filter-pruning",
        defaults: "filter-pruning:criterion=l1,amount=0.3,removal=permanent,start=0.5,end=0.5,layers=all",
        settings: &[
            "filter-pruning:criterion=geometric-median,amount=0.6,start=0.1,end=0.5",
            "filter-pruning:criterion=l2,removal=soft,start=0,end=0,layers=1",
        ],
        // Fewer than one unit.
        descends_with: Some("filter-pruning:amount=0.01"),
        ..PLAIN
    },
    Row {
        name: "synaptic-pruning",
        defaults: "synaptic-pruning:weak=0.1,strong=1,patience=10,layers=all",
        settings: &[
            "synaptic-pruning:weak=0.8,strong=0.5,patience=1",
            "synaptic-pruning:weak=0.5,patience=2,layers=1",
        ],
        // A removed weight collects updates without end and comes back; only one that weighs
        // nothing stays away.
        targets: &[0.3, -0.7, 0.0],
        ..PLAIN
    },
];
