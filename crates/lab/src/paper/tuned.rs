//! Parameters of dropout and L2, chosen on validation folds of the training samples; every tried
//! value is in `results/tuning/`.
//!
//! With 60,000 samples one or two of five folds were left out, which are 12,000 validation samples
//! each; with 500 hidden units only the neighbors of the value for 100 were tried.

use spinet_rules::RuleSettings;

use crate::Method;
use crate::Method::{Dropout, DropoutTuned, L2, L2AsPublished};

/// A parameter of a compared method, chosen on validation folds of the training data.
#[derive(Clone, Copy, Debug)]
pub struct Tuned {
    /// The network.
    pub hidden: usize,
    /// The tuned method.
    pub method: Method,
    /// The chosen value.
    pub value: f64,
    /// The values that were tried.
    pub(crate) grid: &'static str,
    /// What every run of the tuning had.
    base: &'static Base,
    /// How many of the five folds were left out; all with 0.
    left_out: usize,
}

/// What the runs of a tuning have in common, as flags.
#[derive(Debug)]
struct Base {
    /// None where it is the default.
    data: &'static str,
    flags: &'static str,
    length: &'static str,
}

const fn base(data: &'static str, flags: &'static str, length: &'static str) -> Base {
    Base {
        data,
        flags,
        length,
    }
}

const fn tuned(
    base: &'static Base,
    hidden: usize,
    method: Method,
    value: f64,
    grid: &'static str,
    left_out: usize,
) -> Tuned {
    Tuned {
        hidden,
        method,
        value,
        grid,
        base,
        left_out,
    }
}

/// The L2 coefficient with the test accuracy nearest to the published one.
const fn as_published(hidden: usize, value: f64) -> Tuned {
    tuned(&MNIST_1200_WIDE, hidden, L2AsPublished, value, "", 0)
}

impl Tuned {
    /// The rule with the chosen value.
    pub fn rule(&self) -> RuleSettings {
        let rule = RuleSettings::new(self.method.in_paper().name())
            .with_number(self.parameter(), self.value);
        if self.method == DropoutTuned {
            rule.with_text("scaling", "test")
        } else {
            rule
        }
    }

    /// The tuned parameter.
    pub fn parameter(&self) -> &'static str {
        if self.method.in_paper() == Dropout {
            "dropout_rate"
        } else {
            "weight_decay"
        }
    }

    /// Network, value and command.
    pub(crate) fn in_words(&self) -> String {
        format!(
            "{} with {} hidden units: {} = {}, by `{}`",
            self.method.name(),
            self.hidden,
            self.parameter(),
            self.value,
            self.command()
        )
    }

    /// The command that chose it.
    pub fn command(&self) -> String {
        let (rule, left_out) = match self.method {
            L2AsPublished => return "spinet sweep experiments/l2-published.toml".to_owned(),
            DropoutTuned => ("dropout:scaling=test", self.left_out),
            method => (method.name(), self.left_out),
        };
        let left_out = if left_out == 0 {
            String::new()
        } else {
            format!(" --left-out {left_out}")
        };
        let data = match self.base.data {
            "" => String::new(),
            data => format!(" --data {data}"),
        };
        format!(
            "spinet tune{data}{} --rule {rule} --grid {}={} --hidden {} --epochs {}{left_out}",
            self.base.flags,
            self.parameter(),
            self.grid,
            self.hidden,
            self.base.length
        )
    }
}

const AUTHORS: &str =
    " --standardize feature --initialiser glorot-sigmoid --rule momentum:momentum=0.5";
const ONCE: &str = "500 --evaluate-every 500";
const CIFAR: &str = " --initialiser 'uniform(0.5)'";
const CIFAR_BATCH: &str = " --initialiser 'uniform(0.5)' --batch 500";

static MNIST_1200_AUTHORS: Base = base("mnist-1200", AUTHORS, ONCE);
static MNIST_AUTHORS: Base = base("mnist", AUTHORS, ONCE);
static FASHION_1200_AUTHORS: Base = base("fashion-mnist-1200", AUTHORS, ONCE);
static FASHION_AUTHORS: Base = base("fashion-mnist", AUTHORS, ONCE);
static MNIST_1200_WIDE: Base = base("", "", "1500");
static MNIST_WIDE: Base = base("mnist", "", "500");
static FASHION_1200_WIDE: Base = base("fashion-mnist-1200", "", "1500");
static FASHION_WIDE: Base = base("fashion-mnist", "", "500");
static CIFAR_WIDE: Base = base("cifar-10", CIFAR_BATCH, "500");
static CIFAR_WIDE_500: Base = base("cifar-10", CIFAR, "250");

/// Values that were tried.
const RATES: &str = "0.02,0.05,0.1,0.2,0.3,0.4,0.5";
const FEWER_RATES: &str = "0.02,0.05,0.1,0.2,0.3,0.5";
const DECAYS_1200: &str = "0.0003,0.001,0.003,0.01,0.02,0.03,0.05";
const DECAYS: &str = "0.00003,0.0001,0.0003,0.001,0.003,0.01";
const WIDE_DECAYS_1200: &str = "0.0001,0.0003,0.001,0.003,0.005,0.01,0.02,0.03,0.05";
const WIDE_DECAYS: &str = "0.00003,0.0001,0.0003,0.001,0.003";

/// For Tables 3 and 4.
pub(crate) const MNIST_1200: &[Tuned] = &[
    as_published(10, 0.0003),
    tuned(&MNIST_1200_AUTHORS, 10, DropoutTuned, 0.02, RATES, 0),
    tuned(&MNIST_1200_AUTHORS, 10, L2, 0.01, DECAYS_1200, 0),
    tuned(&MNIST_1200_AUTHORS, 100, DropoutTuned, 0.4, RATES, 0),
    tuned(&MNIST_1200_AUTHORS, 100, L2, 0.01, DECAYS_1200, 0),
];

/// For Tables 1 and 2.
pub(crate) const MNIST: &[Tuned] = &[
    tuned(&MNIST_AUTHORS, 10, DropoutTuned, 0.02, RATES, 2),
    tuned(&MNIST_AUTHORS, 10, L2, 0.0003, DECAYS, 2),
    tuned(&MNIST_AUTHORS, 100, DropoutTuned, 0.2, RATES, 1),
    tuned(&MNIST_AUTHORS, 100, L2, 0.0003, DECAYS, 1),
];

/// For Tables 5 and 6.
pub(crate) const FASHION_MNIST: &[Tuned] = &[
    tuned(&FASHION_AUTHORS, 10, DropoutTuned, 0.05, RATES, 2),
    tuned(&FASHION_AUTHORS, 10, L2, 0.0003, DECAYS, 2),
    tuned(&FASHION_AUTHORS, 100, DropoutTuned, 0.2, RATES, 1),
    tuned(&FASHION_AUTHORS, 100, L2, 0.001, DECAYS, 1),
];

/// For Tables 7 and 8.
pub(crate) const FASHION_MNIST_1200: &[Tuned] = &[
    tuned(&FASHION_1200_AUTHORS, 10, DropoutTuned, 0.1, RATES, 0),
    tuned(&FASHION_1200_AUTHORS, 10, L2, 0.01, DECAYS_1200, 0),
    as_published(10, 0.0003),
    tuned(&FASHION_1200_AUTHORS, 100, DropoutTuned, 0.4, RATES, 0),
    tuned(&FASHION_1200_AUTHORS, 100, L2, 0.01, DECAYS_1200, 0),
    as_published(100, 0.003),
];

/// For Tables 9 and 10.
pub(crate) const CIFAR_10: &[Tuned] = &[];

/// In the setting `wide`.
pub(crate) mod wide {
    use super::{
        CIFAR_WIDE, CIFAR_WIDE_500, Dropout, FASHION_1200_WIDE, FASHION_WIDE, FEWER_RATES, L2,
        MNIST_1200_WIDE, MNIST_WIDE, RATES, Tuned, WIDE_DECAYS, WIDE_DECAYS_1200, tuned,
    };

    pub(crate) const MNIST_1200: &[Tuned] = &[
        tuned(&MNIST_1200_WIDE, 10, Dropout, 0.02, RATES, 0),
        tuned(&MNIST_1200_WIDE, 10, L2, 0.01, WIDE_DECAYS_1200, 0),
        tuned(&MNIST_1200_WIDE, 100, Dropout, 0.2, RATES, 0),
        tuned(&MNIST_1200_WIDE, 100, L2, 0.003, WIDE_DECAYS_1200, 0),
    ];
    pub(crate) const MNIST: &[Tuned] = &[
        tuned(&MNIST_WIDE, 10, Dropout, 0.02, FEWER_RATES, 2),
        tuned(&MNIST_WIDE, 10, L2, 0.0003, WIDE_DECAYS, 2),
        tuned(&MNIST_WIDE, 100, Dropout, 0.05, FEWER_RATES, 1),
        tuned(&MNIST_WIDE, 100, L2, 0.0003, WIDE_DECAYS, 1),
        tuned(&MNIST_WIDE, 500, Dropout, 0.1, "0.1,0.3,0.5", 1),
        tuned(&MNIST_WIDE, 500, L2, 0.0003, "0.0001,0.0003,0.001", 1),
    ];
    pub(crate) const FASHION_MNIST: &[Tuned] = &[
        tuned(&FASHION_WIDE, 10, Dropout, 0.02, FEWER_RATES, 2),
        tuned(&FASHION_WIDE, 10, L2, 0.0003, WIDE_DECAYS, 2),
        tuned(&FASHION_WIDE, 100, Dropout, 0.02, FEWER_RATES, 1),
        tuned(&FASHION_WIDE, 100, L2, 0.0003, WIDE_DECAYS, 1),
        tuned(&FASHION_WIDE, 500, Dropout, 0.3, "0.1,0.3,0.5", 1),
        tuned(&FASHION_WIDE, 500, L2, 0.0003, "0.0001,0.0003,0.001", 1),
    ];
    pub(crate) const CIFAR_10: &[Tuned] = &[
        tuned(&CIFAR_WIDE, 100, Dropout, 0.05, "0.02,0.05,0.1", 1),
        tuned(
            &CIFAR_WIDE,
            100,
            L2,
            0.001,
            "0.0001,0.0003,0.001,0.002,0.003",
            1,
        ),
        tuned(&CIFAR_WIDE_500, 500, Dropout, 0.2, "0.05,0.1,0.2,0.3", 1),
        tuned(
            &CIFAR_WIDE_500,
            500,
            L2,
            0.001,
            "0.0001,0.0003,0.001,0.002,0.003",
            1,
        ),
    ];
    pub(crate) const FASHION_MNIST_1200: &[Tuned] = &[
        tuned(&FASHION_1200_WIDE, 10, Dropout, 0.1, RATES, 0),
        tuned(&FASHION_1200_WIDE, 10, L2, 0.005, WIDE_DECAYS_1200, 0),
        tuned(&FASHION_1200_WIDE, 100, Dropout, 0.2, RATES, 0),
        tuned(&FASHION_1200_WIDE, 100, L2, 0.003, WIDE_DECAYS_1200, 0),
    ];
}
