//! The registry of experiments: what the paper's tables need, with everything that was chosen and
//! why.

use std::fmt;
use std::str::FromStr;

use spinet_nn::Initializer;
use spinet_rules::RuleSettings;
use spinet_train::{Standardize, TrainConfig};

use crate::paper::tuned::{self, Tuned};
use crate::{Error, Method};

/// One explanation for everything that the paper leaves open, for all of its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// What the authors used, as far as their published initial networks tell: see
    /// `docs/reproduction.md`.
    #[default]
    Authors,
    /// The setting of version 0.1.0: weights from U(-1, 1) on pixels / 255, and 1,500 epochs on
    /// 1,200 samples.
    Wide,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 2] = [Self::Authors, Self::Wide];

    /// Name in flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authors => "authors",
            Self::Wide => "wide",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|setting| setting.name() == text)
            .ok_or_else(|| "expected `authors` or `wide`".to_owned())
    }
}

/// The runs behind some of the paper's tables.
#[derive(Clone, Copy, Debug)]
pub struct PaperTable {
    /// Name in records.
    pub name: &'static str,
    /// Title of its printed table.
    pub title: &'static str,
    /// The words that ask for it on the command line.
    pub words: &'static [&'static str],
    /// The explanation that it belongs to.
    pub setting: Setting,
    /// Data set of the registry.
    pub data: &'static str,
    /// Data set as the published numbers name it.
    pub paper_data: &'static str,
    /// Training samples that the paper had.
    pub paper_train: usize,
    /// How pixels are standardized.
    pub standardize: Standardize,
    /// Distribution of the initial weights.
    pub initializer: Initializer,
    /// Samples of a step.
    pub batch: usize,
    /// Networks: hidden units.
    pub hidden: &'static [usize],
    /// Length of a run.
    pub epochs: usize,
    /// Why this length.
    pub epochs_reason: &'static str,
    /// Epochs from one evaluation to the next.
    pub evaluate_every: usize,
    /// Momentum of every method; plain gradient descent if there is none.
    pub momentum: Option<f64>,
    /// The rate of [`Method::Dropout`], which then scales activations at test time; tuned if there
    /// is none.
    pub dropout: Option<f64>,
    /// Parameters of dropout and L2.
    pub tuned: &'static [Tuned],
    /// What the paper leaves open in this experiment alone, and what was chosen.
    pub open_points: &'static [&'static str],
}

/// Settings of the paper, Section 4.
pub(crate) const LEARNING_RATE: f64 = 0.1;
pub(crate) const BATCH: usize = 600;

/// What the paper leaves open in every experiment, and what was chosen.
pub(crate) const OPEN_POINTS: &[&str] = &[
    "loss: the paper does not say; softmax cross-entropy, mean over the batch",
    "counting: the text says consecutive, Algorithm 1 never resets; here growth is cumulative, shrinking consecutive",
    "accuracy: the paper does not say last or best; here after the last epoch",
    "L: Eq. (4.1) as printed is the inverse of what its tables show; here time of the initial network over time of the method",
    "layers and biases: bounds and the L2 penalty act on both weight matrices, not on biases",
    "time in Eq. (4.1): epochs, linear between evaluations",
];

/// For records with tuned methods.
pub(crate) const TUNED_POINT: &str = "tuned parameters: the paper does not give the L2 coefficient; it was tuned on validation folds of the training samples";

/// The open points of the authors' setting.
const AUTHORS_POINTS: &[&str] = &[
    "initial weights: the paper does not say; U(-a, a) with a = 4 sqrt(6 / (inputs + outputs)), Glorot and Bengio's range for logistic \
     units, biases 0",
    "momentum: the paper names none; 0.5, with which the initial network ends nearest to its published accuracies",
    "dropout: the paper does not give the rate; 0.5 on the hidden units, activations scaled at test time",
];

const STANDARDIZED_POINT: &str = "input: each pixel standardized with its mean and deviation over the training samples; a pixel that is constant \
                                  there becomes 0";

const PLAIN_POINT: &str =
    "input: pixels / 255; standardized pixels would end far from the published initial network";

/// The open points of the setting `wide`.
const WIDE_POINTS: &[&str] = &[
    "initial weights: the paper does not say; U(-1, 1), biases 0, because the initial network is then near most of its published accuracies",
    "dropout rate: the paper does not give it; tuned as the L2 coefficient",
    "input: pixels / 255, no sigmoid on the inputs; the text says that the input layer has one",
];

/// The open point of small data sets.
const DRAW_POINT: &str = "which 1,200 samples: one fixed balanced draw, 120 per class; another draw moves all figures of a table by up to a \
                          point, more than the deviations over seeds";

/// The open point of pictures in colour.
const COLOUR_POINT: &str = "initial weights of colour pictures: U(-0.5, 0.5), because a unit has 3,072 inputs instead of 784 and sums as large as \
                            with U(-1, 1) there; with U(-1, 1) the initial network ends five points below its published accuracy";

/// The open point of a number of samples that is not a multiple of the batch.
const BATCH_POINT: &str = "batch: 500 samples instead of 600, of which 50,000 are not a multiple; a short last step of every epoch, just before \
                           the network is scored, throws its accuracy about by several points";

/// The experiments of the authors' setting, in the order of the paper.
const AUTHORS: [PaperTable; 5] = [
    PaperTable {
        tuned: tuned::MNIST,
        ..large(
            "tables-1-2",
            "Tables 1 and 2: MNIST",
            &["table1", "table2"],
            "mnist",
        )
    },
    PaperTable {
        tuned: tuned::MNIST_1200,
        ..small(
            "tables-3-4",
            "Tables 3 and 4: MNIST",
            &["table3", "table4"],
            "mnist-1200",
            "mnist",
        )
    },
    PaperTable {
        tuned: tuned::FASHION_MNIST,
        ..large(
            "tables-5-6",
            "Tables 5 and 6: Fashion-MNIST",
            &["table5", "table6"],
            "fashion-mnist",
        )
    },
    PaperTable {
        tuned: tuned::FASHION_MNIST_1200,
        ..small(
            "tables-7-8",
            "Tables 7 and 8: Fashion-MNIST",
            &["table7", "table8"],
            "fashion-mnist-1200",
            "fashion-mnist",
        )
    },
    PaperTable {
        hidden: &[100, 500],
        paper_train: 50_000,
        standardize: Standardize::None,
        batch: 500,
        tuned: tuned::CIFAR_10,
        open_points: &[PLAIN_POINT, BATCH_POINT],
        ..large(
            "tables-9-10",
            "Tables 9 and 10: CIFAR-10",
            &["table9", "table10"],
            "cifar-10",
        )
    },
];

/// Every experiment: those of the authors' setting in the order of the paper, then those of the
/// setting `wide`.
pub const PAPER_TABLES: &[PaperTable] = &[
    AUTHORS[0],
    AUTHORS[1],
    AUTHORS[2],
    AUTHORS[3],
    AUTHORS[4],
    PaperTable {
        name: "tables-1-2-wide",
        tuned: tuned::wide::MNIST,
        ..wide(&AUTHORS[0])
    },
    PaperTable {
        name: "tables-3-4-wide",
        tuned: tuned::wide::MNIST_1200,
        ..wide_and_long(&AUTHORS[1])
    },
    PaperTable {
        name: "tables-5-6-wide",
        tuned: tuned::wide::FASHION_MNIST,
        ..wide(&AUTHORS[2])
    },
    PaperTable {
        name: "tables-7-8-wide",
        tuned: tuned::wide::FASHION_MNIST_1200,
        ..wide_and_long(&AUTHORS[3])
    },
    PaperTable {
        name: "tables-9-10-wide",
        initializer: Initializer::Uniform(0.5),
        tuned: tuned::wide::CIFAR_10,
        open_points: &[COLOUR_POINT, BATCH_POINT],
        ..wide(&AUTHORS[4])
    },
];

/// Tables 3 and 4: the experiment whose data set is built in.
pub const BUILT_IN: &PaperTable = &PAPER_TABLES[1];

type Text = &'static str;

/// An experiment with a complete training set, in the authors' setting.
const fn large(name: Text, title: Text, words: &'static [Text], data: Text) -> PaperTable {
    PaperTable {
        name,
        title,
        words,
        setting: Setting::Authors,
        data,
        paper_data: data,
        paper_train: 60_000,
        standardize: Standardize::Feature,
        initializer: Initializer::GlorotSigmoid,
        hidden: &[10, 100, 500],
        batch: BATCH,
        epochs: 500,
        epochs_reason: "as the paper says",
        evaluate_every: 1,
        momentum: Some(0.5),
        dropout: Some(0.5),
        tuned: &[],
        open_points: &[STANDARDIZED_POINT],
    }
}

/// An experiment with 1,200 samples.
const fn small(
    name: Text,
    title: Text,
    words: &'static [Text],
    data: Text,
    paper_data: Text,
) -> PaperTable {
    PaperTable {
        data,
        paper_train: 1_200,
        hidden: &[10, 100],
        evaluate_every: 10,
        open_points: &[STANDARDIZED_POINT, DRAW_POINT],
        ..large(name, title, words, paper_data)
    }
}

/// The same experiment in the setting `wide`.
const fn wide(experiment: &PaperTable) -> PaperTable {
    PaperTable {
        setting: Setting::Wide,
        standardize: Standardize::None,
        initializer: Initializer::Uniform(1.0),
        momentum: None,
        dropout: None,
        open_points: &[],
        ..*experiment
    }
}

/// The same with 1,200 samples.
const fn wide_and_long(experiment: &PaperTable) -> PaperTable {
    PaperTable {
        epochs: 1_500,
        epochs_reason: "the paper says 500, which is 1,000 steps on 1,200 samples; on MNIST the initial network with 10 hidden units is then \
                        still some ten points below its published accuracy and needs about three times as long to meet it",
        evaluate_every: 10,
        open_points: &[DRAW_POINT],
        ..wide(experiment)
    }
}

/// The word for every experiment together.
pub const ALL: &str = "all";

/// The experiment that a word asks for, in a setting.
///
/// # Errors
///
/// [`Error::UnknownTable`].
pub fn table_of(word: &str, setting: Setting) -> Result<&'static PaperTable, Error> {
    let found = PAPER_TABLES
        .iter()
        .find(|experiment| experiment.setting == setting && experiment.words.contains(&word));
    found.ok_or_else(|| Error::UnknownTable {
        found: word.to_owned(),
        expected: format!(
            "{}, {}, {ALL}",
            words().join(", "),
            crate::Study::ALL.map(crate::Study::word).join(", ")
        ),
    })
}

/// The experiments of a setting, in the order of the paper.
pub fn tables_in(setting: Setting) -> impl Iterator<Item = &'static PaperTable> {
    PAPER_TABLES
        .iter()
        .filter(move |experiment| experiment.setting == setting)
}

/// Every word that asks for an experiment.
pub fn words() -> Vec<&'static str> {
    tables_in(Setting::Authors)
        .flat_map(|experiment| experiment.words.iter().copied())
        .collect()
}

impl PaperTable {
    /// Whether a method can be run for one of the networks: its parameter is fixed, or was tuned.
    pub fn has(&self, method: Method, hidden: usize) -> bool {
        let is_fixed = matches!(method, Method::Initial | Method::BdnnDsd)
            || method == Method::Dropout && self.dropout.is_some();
        is_fixed || self.tuned(method, hidden).is_some()
    }

    fn tuned(&self, method: Method, hidden: usize) -> Option<&'static Tuned> {
        self.tuned
            .iter()
            .find(|tuned| tuned.hidden == hidden && tuned.method == method)
    }

    /// The rules of a method for one of the networks, and the optimizer.
    ///
    /// # Errors
    ///
    /// [`Error::NotTuned`].
    pub fn rules(&self, method: Method, hidden: usize) -> Result<Vec<RuleSettings>, Error> {
        let rule = match (method, self.dropout) {
            (Method::Initial, _) => None,
            (Method::BdnnDsd, _) => Some(RuleSettings::new(method.name())),
            (Method::Dropout, Some(rate)) => Some(
                RuleSettings::new(method.name())
                    .with_number("dropout_rate", rate)
                    .with_text("scaling", "test"),
            ),
            _ => {
                let tuned = self.tuned(method, hidden);
                Some(
                    tuned
                        .ok_or(Error::NotTuned {
                            experiment: self.name,
                            method: method.name(),
                            hidden,
                        })?
                        .rule(),
                )
            }
        };
        Ok(self.with_optimizer(rule))
    }

    /// A method's rule, if it has one, with the optimizer of this experiment.
    pub fn with_optimizer(&self, rule: Option<RuleSettings>) -> Vec<RuleSettings> {
        rule.into_iter().chain(self.optimizer()).collect()
    }

    /// The optimizer; none for plain gradient descent.
    pub(crate) fn optimizer(&self) -> Option<RuleSettings> {
        self.momentum
            .map(|momentum| RuleSettings::new("momentum").with_number("momentum", momentum))
    }

    /// What the paper leaves open, and what was chosen.
    pub(crate) fn open_points(&self) -> impl Iterator<Item = &'static str> {
        let of_setting = match self.setting {
            Setting::Authors => AUTHORS_POINTS,
            Setting::Wide => WIDE_POINTS,
        };
        OPEN_POINTS
            .iter()
            .chain(of_setting)
            .chain(self.open_points)
            .copied()
    }

    /// The configuration of one run with these rules.
    pub fn config(&self, rules: Vec<RuleSettings>, hidden: usize, seed: u64) -> TrainConfig {
        TrainConfig {
            data: self.data.to_owned(),
            hidden: vec![hidden],
            standardize: self.standardize,
            initializer: self.initializer,
            learning_rate: LEARNING_RATE,
            batch: self.batch,
            epochs: self.epochs,
            evaluate_every: self.evaluate_every,
            seed,
            rules,
            ..TrainConfig::bdnn_dsd()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_asks_for_one_experiment_and_every_row_is_in_the_paper() {
        let words = words();
        let distinct: std::collections::BTreeSet<_> = words.iter().collect();
        assert_eq!(words.len(), distinct.len());
        for experiment in PAPER_TABLES {
            let word = experiment.words[0];
            assert_eq!(
                table_of(word, experiment.setting).unwrap().name,
                experiment.name
            );
            for hidden in experiment.hidden {
                let published = crate::published(
                    experiment.paper_data,
                    experiment.paper_train,
                    *hidden,
                    Method::BdnnDsd,
                );
                assert!(
                    published.accuracy.is_some() && published.speedup.is_some(),
                    "{} {hidden}",
                    experiment.name
                );
            }
        }
    }

    #[test]
    fn the_built_in_experiment_needs_no_files() {
        assert_eq!(BUILT_IN.name, "tables-3-4");
        assert!(spinet_data::load(BUILT_IN.data, &spinet_data::Source::default()).is_ok());
    }

    #[test]
    fn every_tuned_parameter_exists_and_its_command_names_it() {
        for tuned in PAPER_TABLES.iter().flat_map(|experiment| experiment.tuned) {
            let rule = tuned.rule();
            spinet_rules::find(&rule.name)
                .unwrap()
                .resolve(&rule)
                .unwrap();
            if tuned.method == Method::L2AsPublished {
                continue;
            }
            let is_tried = tuned
                .grid
                .split(',')
                .any(|value| value.parse() == Ok(tuned.value));
            assert!(is_tried, "{}", tuned.command());
        }
    }
}
