//! Parameters of dropout and L2, chosen on validation folds of the training samples; every tried
//! point stands in `results/tuning/`.
//!
//! With 60,000 samples one or two of five folds were left out, which are 12,000 validation samples
//! each; with 500 hidden units only the neighbours of the value for 100 were tried.

use spinet_rules::RuleSettings;

use crate::Method;

/// A parameter of a compared method, chosen on validation folds of the training data.
#[derive(Clone, Copy, Debug)]
pub struct Tuned {
    /// Hidden units of the network that it was chosen for.
    pub hidden: usize,
    /// The method.
    pub method: Method,
    /// The parameter of its rule.
    pub parameter: &'static str,
    /// The value with the best mean validation accuracy.
    pub value: f64,
    /// The command that found it.
    pub command: &'static str,
}

const fn tuned(hidden: usize, method: Method, value: f64, command: &'static str) -> Tuned {
    let parameter = if matches!(method, Method::Dropout | Method::DropoutTuned) {
        "dropout_rate"
    } else {
        "weight_decay"
    };
    Tuned {
        hidden,
        method,
        parameter,
        value,
        command,
    }
}

/// The L2 coefficient with the test accuracy nearest to the published one.
const fn as_published(hidden: usize, value: f64) -> Tuned {
    tuned(
        hidden,
        Method::L2AsPublished,
        value,
        "spinet sweep experiments/l2-published.toml",
    )
}

impl Tuned {
    /// The rule with this parameter.
    pub fn rule(&self) -> RuleSettings {
        let rule = RuleSettings::new(self.method.in_paper().name())
            .with_number(self.parameter, self.value);
        if self.method == Method::DropoutTuned {
            rule.with_text("scaling", "test")
        } else {
            rule
        }
    }
}

/// For Tables 3 and 4.
pub(crate) const MNIST_1200: &[Tuned] = &[
    as_published(10, 0.0003),
    tuned(
        10,
        Method::DropoutTuned,
        0.02,
        "spinet tune --data mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 10 --epochs 500 --evaluate-every 500",
    ),
    tuned(
        10,
        Method::L2,
        0.01,
        "spinet tune --data mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.0003,0.001,0.003,0.01,0.02,0.03,0.05 --hidden 10 --epochs 500 --evaluate-every 500",
    ),
    tuned(
        100,
        Method::DropoutTuned,
        0.4,
        "spinet tune --data mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 100 --epochs 500 --evaluate-every 500",
    ),
    tuned(
        100,
        Method::L2,
        0.01,
        "spinet tune --data mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.0003,0.001,0.003,0.01,0.02,0.03,0.05 --hidden 100 --epochs 500 --evaluate-every 500",
    ),
];

/// For Tables 1 and 2.
pub(crate) const MNIST: &[Tuned] = &[
    tuned(
        10,
        Method::DropoutTuned,
        0.02,
        "spinet tune --data mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 10 --epochs 500 --evaluate-every 500 --left-out 2",
    ),
    tuned(
        10,
        Method::L2,
        0.0003,
        "spinet tune --data mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003,0.01 --hidden 10 --epochs 500 --evaluate-every 500 --left-out 2",
    ),
    tuned(
        100,
        Method::DropoutTuned,
        0.2,
        "spinet tune --data mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 100 --epochs 500 --evaluate-every 500 --left-out 1",
    ),
    tuned(
        100,
        Method::L2,
        0.0003,
        "spinet tune --data mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003,0.01 --hidden 100 --epochs 500 --evaluate-every 500 --left-out 1",
    ),
];

/// For Tables 5 and 6.
pub(crate) const FASHION_MNIST: &[Tuned] = &[
    tuned(
        10,
        Method::DropoutTuned,
        0.05,
        "spinet tune --data fashion-mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 10 --epochs 500 --evaluate-every 500 --left-out 2",
    ),
    tuned(
        10,
        Method::L2,
        0.0003,
        "spinet tune --data fashion-mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003,0.01 --hidden 10 --epochs 500 --evaluate-every 500 --left-out 2",
    ),
    tuned(
        100,
        Method::L2,
        0.001,
        "spinet tune --data fashion-mnist --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003,0.01 --hidden 100 --epochs 500 --evaluate-every 500 --left-out 1",
    ),
];

/// For Tables 7 and 8.
pub(crate) const FASHION_MNIST_1200: &[Tuned] = &[
    tuned(
        10,
        Method::DropoutTuned,
        0.1,
        "spinet tune --data fashion-mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 10 --epochs 500 --evaluate-every 500",
    ),
    tuned(
        10,
        Method::L2,
        0.01,
        "spinet tune --data fashion-mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.0003,0.001,0.003,0.01,0.02,0.03,0.05 --hidden 10 --epochs 500 --evaluate-every 500",
    ),
    as_published(10, 0.0003),
    tuned(
        100,
        Method::DropoutTuned,
        0.4,
        "spinet tune --data fashion-mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule dropout:scaling=test --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 100 --epochs 500 --evaluate-every 500",
    ),
    tuned(
        100,
        Method::L2,
        0.01,
        "spinet tune --data fashion-mnist-1200 --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5 --rule l2 --grid weight_decay=0.0003,0.001,0.003,0.01,0.02,0.03,0.05 --hidden 100 --epochs 500 --evaluate-every 500",
    ),
    as_published(100, 0.003),
];

/// For Tables 9 and 10.
pub(crate) const CIFAR_10: &[Tuned] = &[];

/// In the setting `wide`.
pub(crate) mod wide {
    use super::{Method, Tuned, tuned};

    /// For Tables 3 and 4.
    pub(crate) const MNIST_1200: &[Tuned] = &[
        tuned(
            10,
            Method::Dropout,
            0.02,
            "spinet tune --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 10 --epochs 1500",
        ),
        tuned(
            10,
            Method::L2,
            0.01,
            "spinet tune --rule l2 --grid weight_decay=0.0001,0.0003,0.001,0.003,0.005,0.01,0.02,0.03,0.05 --hidden 10 --epochs 1500",
        ),
        tuned(
            100,
            Method::Dropout,
            0.2,
            "spinet tune --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 100 --epochs 1500",
        ),
        tuned(
            100,
            Method::L2,
            0.003,
            "spinet tune --rule l2 --grid weight_decay=0.0001,0.0003,0.001,0.003,0.005,0.01,0.02,0.03,0.05 --hidden 100 --epochs 1500",
        ),
    ];

    /// For Tables 1 and 2.
    pub(crate) const MNIST: &[Tuned] = &[
        tuned(
            10,
            Method::Dropout,
            0.02,
            "spinet tune --data mnist --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.5 --hidden 10 --epochs 500 --left-out 2",
        ),
        tuned(
            10,
            Method::L2,
            0.0003,
            "spinet tune --data mnist --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003 --hidden 10 --epochs 500 --left-out 2",
        ),
        tuned(
            100,
            Method::Dropout,
            0.05,
            "spinet tune --data mnist --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.5 --hidden 100 --epochs 500 --left-out 1",
        ),
        tuned(
            100,
            Method::L2,
            0.0003,
            "spinet tune --data mnist --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003 --hidden 100 --epochs 500 --left-out 1",
        ),
        tuned(
            500,
            Method::Dropout,
            0.1,
            "spinet tune --data mnist --rule dropout --grid dropout_rate=0.1,0.3,0.5 --hidden 500 --epochs 500 --left-out 1",
        ),
        tuned(
            500,
            Method::L2,
            0.0003,
            "spinet tune --data mnist --rule l2 --grid weight_decay=0.0001,0.0003,0.001 --hidden 500 --epochs 500 --left-out 1",
        ),
    ];

    /// For Tables 5 and 6.
    pub(crate) const FASHION_MNIST: &[Tuned] = &[
        tuned(
            10,
            Method::Dropout,
            0.02,
            "spinet tune --data fashion-mnist --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.5 --hidden 10 --epochs 500 --left-out 2",
        ),
        tuned(
            10,
            Method::L2,
            0.0003,
            "spinet tune --data fashion-mnist --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003 --hidden 10 --epochs 500 --left-out 2",
        ),
        tuned(
            100,
            Method::Dropout,
            0.02,
            "spinet tune --data fashion-mnist --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.5 --hidden 100 --epochs 500 --left-out 1",
        ),
        tuned(
            100,
            Method::L2,
            0.0003,
            "spinet tune --data fashion-mnist --rule l2 --grid weight_decay=0.00003,0.0001,0.0003,0.001,0.003 --hidden 100 --epochs 500 --left-out 1",
        ),
        tuned(
            500,
            Method::Dropout,
            0.3,
            "spinet tune --data fashion-mnist --rule dropout --grid dropout_rate=0.1,0.3,0.5 --hidden 500 --epochs 500 --left-out 1",
        ),
        tuned(
            500,
            Method::L2,
            0.0003,
            "spinet tune --data fashion-mnist --rule l2 --grid weight_decay=0.0001,0.0003,0.001 --hidden 500 --epochs 500 --left-out 1",
        ),
    ];

    /// For Tables 9 and 10. With 500 hidden units the runs were half as long, and of batches of
    /// 600.
    pub(crate) const CIFAR_10: &[Tuned] = &[
        tuned(
            100,
            Method::Dropout,
            0.05,
            "spinet tune --data cifar-10 --initialiser 'uniform(0.5)' --batch 500 --rule dropout --grid dropout_rate=0.02,0.05,0.1 --hidden 100 --epochs 500 --left-out 1",
        ),
        tuned(
            100,
            Method::L2,
            0.001,
            "spinet tune --data cifar-10 --initialiser 'uniform(0.5)' --batch 500 --rule l2 --grid weight_decay=0.0001,0.0003,0.001,0.002,0.003 --hidden 100 --epochs 500 --left-out 1",
        ),
        tuned(
            500,
            Method::Dropout,
            0.2,
            "spinet tune --data cifar-10 --initialiser 'uniform(0.5)' --rule dropout --grid dropout_rate=0.05,0.1,0.2,0.3 --hidden 500 --epochs 250 --left-out 1",
        ),
        tuned(
            500,
            Method::L2,
            0.001,
            "spinet tune --data cifar-10 --initialiser 'uniform(0.5)' --rule l2 --grid weight_decay=0.0001,0.0003,0.001,0.002,0.003 --hidden 500 --epochs 250 --left-out 1",
        ),
    ];

    /// For Tables 7 and 8.
    pub(crate) const FASHION_MNIST_1200: &[Tuned] = &[
        tuned(
            10,
            Method::Dropout,
            0.1,
            "spinet tune --data fashion-mnist-1200 --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 10 --epochs 1500",
        ),
        tuned(
            10,
            Method::L2,
            0.005,
            "spinet tune --data fashion-mnist-1200 --rule l2 --grid weight_decay=0.0001,0.0003,0.001,0.003,0.005,0.01,0.02,0.03,0.05 --hidden 10 --epochs 1500",
        ),
        tuned(
            100,
            Method::Dropout,
            0.2,
            "spinet tune --data fashion-mnist-1200 --rule dropout --grid dropout_rate=0.02,0.05,0.1,0.2,0.3,0.4,0.5 --hidden 100 --epochs 1500",
        ),
        tuned(
            100,
            Method::L2,
            0.003,
            "spinet tune --data fashion-mnist-1200 --rule l2 --grid weight_decay=0.0001,0.0003,0.001,0.003,0.005,0.01,0.02,0.03,0.05 --hidden 100 --epochs 1500",
        ),
    ];
}
