//! Everything that the results of a run depend on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spinet_data::{
    Column, ColumnKind, DataOptions, DecimalMark, Header, Part, SplitOptions, TableSettings,
    Target, Task,
};
use spinet_nn::{
    Activation, BiasInitializer, Flow, Initializer, Kernel, LayerEntry, LayerSettings, Loss,
    NetworkConfig,
};
use spinet_rules::{Chain, Plan, RuleSettings};

use crate::{ClassWeight, Error, Schedule, Standardize};

/// The options of a training run. The defaults are the settings of the BDNN-dsd paper.
///
/// In a TOML file the names are those of the fields, and each rule is a table `[[rules]]`:
///
/// ```
/// let text = r#"
///     data = "mnist-1200"
///     hidden = [100]
///     epochs = 200
///
///     [[rules]]
///     name = "bdnn-dsd"
///     threshold = 20
/// "#;
/// let config = spinet_train::TrainConfig::parse(text, "run.toml".as_ref())?;
/// assert_eq!(config.rules[0].to_string(), "bdnn-dsd:threshold=20");
/// # Ok::<(), spinet_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "settings that are on or off, as in the file"
)]
pub struct TrainConfig {
    /// Dataset of the registry, or path of a user's file or folder; see
    /// [`load_with`](spinet_data::load_with).
    pub data: String,
    /// Label column of a table: its name, or its number counted from 1; the last if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Column>,
    /// Whether the first line of a text table has the names of its columns.
    #[serde(skip_serializing_if = "is_default")]
    pub header: Header,
    /// The decimal mark of a text table.
    #[serde(skip_serializing_if = "is_default")]
    pub decimal: DecimalMark,
    /// What the label column of a table is for.
    #[serde(skip_serializing_if = "is_default")]
    pub task: Task,
    /// Several label columns of a table in place of `label`: numbers that are predicted together, or
    /// labels that are yes or no.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Column>,
    /// Column of a table with a weight of each row, at least 0, by which its loss is multiplied in
    /// training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_weight: Option<Column>,
    /// Columns of a table that are not features.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<Column>,
    /// The only columns of a table that may be features; all if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Column>,
    /// Whether a column of a table with missing cells gets a second feature, 1 where the cell is
    /// missing.
    #[serde(skip_serializing_if = "is_default")]
    pub missing_indicators: bool,
    /// Whether a table is refused that needs more than numbers to be standardized.
    #[serde(skip_serializing_if = "is_default")]
    pub strict: bool,
    /// Column of a table whose equal cells belong together, such as a patient: a group is in one
    /// part only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Column>,
    /// Column of a table by which rows are ordered: the last ones are held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Column>,
    /// File with the test set of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Fraction or number of the training samples to evaluate the run on, in place of the test set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Part>,
    /// Fraction or number of samples to hold out for testing, for data without a test set; a fifth
    /// if absent, none if 0. A file may also say `test_size`.
    #[serde(alias = "test_size", skip_serializing_if = "Option::is_none")]
    pub test_part: Option<Part>,
    /// Training samples per class, at least 1; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_per_class: Option<usize>,
    /// Random seed of the two options above, independent of `seed`.
    #[serde(skip_serializing_if = "is_zero")]
    pub split_seed: u64,
    /// How the pixels of image data are standardized.
    #[serde(skip_serializing_if = "Standardize::is_none")]
    pub standardize: Standardize,
    /// Maximum shift of a training image in each direction, in pixels; each epoch draws other shifts
    /// (the same as a random crop with this padding). 0 if images are not shifted.
    #[serde(skip_serializing_if = "is_none")]
    pub shift: usize,
    /// Whether half of the training images are flipped horizontally, in each epoch others.
    #[serde(skip_serializing_if = "is_default")]
    pub flip: bool,
    /// Units per hidden layer, from input to output; none for a linear classifier.
    pub hidden: Vec<usize>,
    /// Activation function of the hidden layers.
    pub activation: Activation,
    /// Activation function of the output layer; identity with cross-entropy, which applies softmax.
    pub output_activation: Activation,
    /// Loss function.
    pub loss: Loss,
    /// Weight initialization. Files that this program writes say `initialiser`.
    #[serde(rename = "initialiser", alias = "initializer")]
    pub initializer: Initializer,
    /// Bias initialization.
    #[serde(skip_serializing_if = "is_zeros")]
    pub bias_initializer: BiasInitializer,
    /// Whether units have biases.
    pub bias: bool,
    /// Learning rate, in `(1e-30, 1e30)`; the maximum of the run if a schedule changes it.
    pub learning_rate: f64,
    /// Learning-rate schedule.
    #[serde(skip_serializing_if = "Schedule::is_constant")]
    pub schedule: Schedule,
    /// Linear warm-up of the learning rate, in epochs; at most `epochs`.
    #[serde(skip_serializing_if = "is_none")]
    pub warm_up: usize,
    /// Batch size, at least 1; the last batch of an epoch may be smaller. A file may also say
    /// `batch_size`.
    #[serde(alias = "batch_size")]
    pub batch: usize,
    /// Passes over the training set, at least 1.
    pub epochs: usize,
    /// Epochs without a lower loss on a part of the training samples, held out for this, after which
    /// training stops; 0 trains to the last epoch. The weights with the lowest loss are kept.
    #[serde(skip_serializing_if = "is_none")]
    pub patience: usize,
    /// Largest length of the gradient of all weights and biases together, by which a longer one is
    /// scaled down; 0 for no limit.
    #[serde(skip_serializing_if = "is_default")]
    pub clip_norm: f64,
    /// Model file whose weights and biases are the initial ones, where they have the same name and
    /// shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// SHA-256 of the arrays of that model, as [`Model::arrays_sha256`](crate::Model::arrays_sha256)
    /// gives it; not compared if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_sha256: Option<String>,
    /// Epochs between evaluations, at least 1; the first and the last state are always evaluated.
    pub evaluate_every: usize,
    /// Random seed.
    pub seed: u64,
    /// Kernel for matrix products with 8-bit inputs; a run's files store its class, `exact` or
    /// `f32`.
    pub kernel: Kernel,
    /// By what the loss of the samples of a class is multiplied in training.
    #[serde(skip_serializing_if = "ClassWeight::is_none")]
    pub class_weight: ClassWeight,
    /// Kinds of columns of a table, by their name, or by their number counted from 1.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnKind>,
    /// Types and options of the hidden layers, from input to output; empty if all are dense with the
    /// same activation. `hidden` then has their units if all are dense. In a file each is a table `[[layers]]`; see
    /// [`with_layers`](Self::with_layers).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerSettings>,
    /// Learning rules in the order in which they are applied, and the optimizer; plain SGD unless
    /// named.
    pub rules: Vec<RuleSettings>,
}

/// Most pixels by which images are shifted.
const MOST_SHIFT: usize = 1000;

impl Default for TrainConfig {
    fn default() -> Self {
        Self::bdnn_dsd()
    }
}

impl TrainConfig {
    /// The network of the BDNN-dsd paper, without a rule: the preset `bdnn-dsd`. Later versions do
    /// not change it.
    pub fn bdnn_dsd() -> Self {
        Self {
            data: "mnist-1200".to_owned(),
            label: None,
            header: Header::Auto,
            decimal: DecimalMark::Auto,
            task: Task::Auto,
            labels: Vec::new(),
            sample_weight: None,
            ignore: Vec::new(),
            only: Vec::new(),
            missing_indicators: false,
            strict: false,
            group: None,
            order: None,
            test: None,
            validation: None,
            test_part: None,
            train_per_class: None,
            split_seed: 0,
            standardize: Standardize::None,
            shift: 0,
            flip: false,
            hidden: vec![100],
            activation: Activation::Sigmoid,
            output_activation: Activation::Identity,
            loss: Loss::CrossEntropy,
            initializer: Initializer::Uniform(1.0),
            bias_initializer: BiasInitializer::Zeros,
            bias: true,
            learning_rate: 0.1,
            schedule: Schedule::Constant,
            warm_up: 0,
            batch: 600,
            epochs: 500,
            patience: 0,
            clip_norm: 0.0,
            init: None,
            init_sha256: None,
            evaluate_every: 1,
            seed: 0,
            kernel: Kernel::Auto,
            class_weight: ClassWeight::None,
            columns: BTreeMap::new(),
            layers: Vec::new(),
            rules: Vec::new(),
        }
    }
}

impl TrainConfig {
    /// The same with these hidden layers, from input to output. Layers that `hidden` and
    /// `activation` say as well are written as these, so that equal runs are known as equal.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] for layers and options that do not exist, or options out of range.
    pub fn with_layers(self, layers: &[LayerSettings]) -> Result<Self, Error> {
        for layer in layers {
            spinet_nn::short_name(layer)?;
        }
        if layers.iter().any(|layer| layer.name != "dense") {
            return Ok(Self {
                hidden: Vec::new(),
                layers: layers.iter().map(without_defaults).collect(),
                ..self
            });
        }
        let hidden = spinet_nn::units(layers, Flow::row(1))?;
        let mut activation = self.activation;
        let alike = |name| {
            let plain = |units: &usize| {
                LayerSettings::new("dense")
                    .with_number("units", *units as f64)
                    .with_text("activation", name)
            };
            layers
                .iter()
                .zip(hidden.iter().map(plain))
                .all(|(layer, plain)| without_defaults(layer) == without_defaults(&plain))
        };
        let found = Activation::ALL
            .into_iter()
            .find(|activation| alike(activation.name()));
        let layers = match found {
            Some(of_all) => {
                activation = if layers.is_empty() {
                    activation
                } else {
                    of_all
                };
                Vec::new()
            }
            None => layers.iter().map(without_defaults).collect(),
        };
        Ok(Self {
            hidden,
            activation,
            layers,
            ..self
        })
    }

    /// Rejects settings outside their range, and rules that do not exist or do not fit together.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::Network`], [`Error::Rule`].
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |setting, expected, found: String| {
            Err(Error::OutOfRange {
                setting,
                expected,
                found,
            })
        };
        if !(self.learning_rate > 1e-30 && self.learning_rate < 1e30) {
            return refuse(
                "learning_rate",
                "in (1e-30, 1e30)",
                format!("{:?}", self.learning_rate),
            );
        }
        self.schedule.check()?;
        for (setting, value) in [
            ("batch_size", self.batch),
            ("epochs", self.epochs),
            ("evaluate_every", self.evaluate_every),
        ] {
            if value == 0 {
                return refuse(setting, "at least 1", "0".to_owned());
            }
        }
        if self.warm_up > self.epochs {
            return refuse("warm_up", "at most `epochs`", self.warm_up.to_string());
        }
        if let Some(part) = self.test_part.filter(|part| !part.is_valid()) {
            return refuse("test_size", Part::RANGE, part.to_string());
        }
        if self.shift > MOST_SHIFT {
            return refuse("shift", "an integer from 0 to 1000", self.shift.to_string());
        }
        let is_no_part = |part: &Part| !part.is_valid() || *part == Part::Count(0);
        if let Some(part) = self.validation.filter(is_no_part) {
            return refuse(
                "validation",
                "a fraction in (0, 1) or a number of samples of at least 1",
                part.to_string(),
            );
        }
        let columns = [
            ("label", self.label.iter().collect::<Vec<_>>()),
            ("ignore", self.ignore.iter().collect()),
            ("only", self.only.iter().collect()),
            ("group", self.group.iter().collect()),
            ("order", self.order.iter().collect()),
            ("labels", self.labels.iter().collect()),
            ("sample_weight", self.sample_weight.iter().collect()),
        ];
        for (setting, found) in columns {
            if found.contains(&&Column::Number(0)) {
                return refuse(
                    setting,
                    "a column name, or a column number counted from 1",
                    "0".to_owned(),
                );
            }
        }
        if !(self.clip_norm >= 0.0 && self.clip_norm < 1e30) {
            return refuse("clip_norm", "in [0, 1e30)", format!("{:?}", self.clip_norm));
        }
        self.class_weight.check()?;
        if self.labels.len() == 1 || (self.labels.len() > 1 && self.label.is_some()) {
            return refuse(
                "labels",
                "at least two label columns, without `label`",
                format!("{:?}", self.labels),
            );
        }
        if self.group.is_some() && self.order.is_some() {
            return refuse(
                "group",
                "left out with `order`: rows are held out by one of them",
                format!("{:?}", self.group),
            );
        }
        if self.train_per_class == Some(0) {
            return refuse("train_per_class", "at least 1", "0".to_owned());
        }
        if self.hidden.contains(&0) {
            return refuse(
                "hidden",
                "at least 1 unit per layer",
                format!("{:?}", self.hidden),
            );
        }
        // Layers that act on images are checked when the image is known.
        let of_rows = Self {
            layers: self
                .layers
                .iter()
                .filter(|layer| layer.name == "dense")
                .cloned()
                .collect(),
            hidden: self.hidden.clone(),
            rules: Vec::new(),
            ..self.clone()
        };
        of_rows.network([1, 1, 1], 2)?.check()?;
        self.running_kernel()?;
        // Rules are built for a network of the same depth with one weight a layer: everything about
        // them is checked, nothing is large.
        let plan = Plan {
            epochs: self.epochs as u64,
            ..Plan::dense(&vec![1; self.weighted_layers() + 1])
        };
        Chain::<f32>::from_settings(&self.rules, &plan)?;
        Ok(())
    }

    /// The kernel that runs: `f32`, `amx`, `vnni` or `portable`.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the CPU cannot run the kernel, [`Error::OutOfRange`] if `standardize`
    /// or the first layer does not allow it.
    pub fn running_kernel(&self) -> Result<Kernel, Error> {
        let kernel = self.standardize.kernel(self.kernel)?;
        match self.layers.first().filter(|layer| layer.name != "dense") {
            None => Ok(kernel),
            Some(_) if [Kernel::Auto, Kernel::F32].contains(&self.kernel) => Ok(Kernel::F32),
            Some(_) => Err(Error::OutOfRange {
                setting: "kernel",
                expected: "f32 or auto with a first layer that is not dense, because other layers have no exact products",
                found: self.kernel.name().to_owned(),
            }),
        }
    }

    /// The same with the class of the kernel that this CPU runs, on which the numbers depend.
    ///
    /// # Errors
    ///
    /// As [`running_kernel`](Self::running_kernel).
    pub fn resolved(&self) -> Result<Self, Error> {
        Ok(Self {
            kernel: self.running_kernel()?.class(),
            ..self.clone()
        })
    }

    /// The learning rate of a step, counted from 0, in a run with so many steps an epoch.
    pub fn rate(&self, step: u64, epoch_steps: u64) -> f64 {
        self.learning_rate
            * self
                .schedule
                .factor(step, epoch_steps, self.warm_up, self.epochs)
    }

    /// How the dataset is read and divided.
    pub fn data_options(&self) -> DataOptions {
        let split = SplitOptions {
            test: self.test_part,
            validation: self.validation,
            train_per_class: self.train_per_class,
            seed: self.split_seed,
        };
        let table = TableSettings {
            header: self.header,
            decimal: self.decimal,
            task: self.task,
            labels: self.labels.clone(),
            weight: self.sample_weight.clone(),
            ignore: self.ignore.clone(),
            only: self.only.clone(),
            kinds: self.columns.clone(),
            indicators: self.missing_indicators,
            strict: self.strict,
            group: self.group.clone(),
            order: self.order.clone(),
        };
        DataOptions {
            label: self.label.clone(),
            table,
            test_file: self.test.clone(),
            split,
            ..DataOptions::default()
        }
    }

    /// The same with a loss that fits what is predicted: where cross-entropy, which is for classes,
    /// does not, it is the squared error of numbers, or the binary cross-entropy of labels.
    #[must_use]
    pub fn for_target(&self, target: &Target) -> Self {
        let loss = match (self.loss, target) {
            (Loss::CrossEntropy, Target::Regression { .. }) => Loss::MeanSquaredError,
            (Loss::CrossEntropy, Target::MultiLabel { .. }) => Loss::BinaryCrossEntropy,
            (loss, _) => loss,
        };
        Self {
            loss,
            ..self.clone()
        }
    }

    /// Rejects a loss that is not for what is predicted.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`].
    pub fn check_target(&self, target: &Target) -> Result<(), Error> {
        let expected = match (self.loss, target) {
            (Loss::CrossEntropy | Loss::MeanSquaredError, Target::Classification)
            | (Loss::BinaryCrossEntropy, Target::MultiLabel { .. })
            | (
                Loss::MeanSquaredError | Loss::MeanAbsoluteError | Loss::Huber,
                Target::Regression { .. },
            ) => return Ok(()),
            (_, Target::Classification) => "cross-entropy or mean-squared-error for classes",
            (_, Target::MultiLabel { .. }) => "binary-cross-entropy for labels that are yes or no",
            (_, Target::Regression { .. }) => {
                "mean-squared-error, mean-absolute-error or huber for numbers"
            }
        };
        Err(Error::OutOfRange {
            setting: "loss",
            expected,
            found: self.loss.name().to_owned(),
        })
    }

    /// Whether training images are changed at random.
    pub fn augments(&self) -> bool {
        self.shift > 0 || self.flip
    }

    /// How many layers have weights, with the output layer.
    fn weighted_layers(&self) -> usize {
        let is_weighted = |layer: &&LayerSettings| {
            LayerEntry::find(&layer.name).is_ok_and(|entry| entry.has_weights)
        };
        1 + if self.layers.is_empty() {
            self.hidden.len()
        } else {
            self.layers.iter().filter(is_weighted).count()
        }
    }

    /// A measure of a step's work for comparing runs: hidden units, or layers.
    pub fn work(&self) -> usize {
        let units = self.hidden.iter();
        let units = units.fold(0_usize, |sum, units| sum.saturating_add(*units));
        units.max(100 * self.layers.len()).max(1)
    }

    /// The network for samples of such an image (height, width and channels; a row of a table is `[1,
    /// features, 1]`) and so many classes or other outputs.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] for a layer that does not fit.
    pub fn network(&self, image: [usize; 3], outputs: usize) -> Result<NetworkConfig, Error> {
        let [height, width, channels] = image;
        // A table has no places, and dense layers do not ask for them.
        let has_image = height > 1 && self.layers.iter().any(|layer| layer.name != "dense");
        let flow = if has_image {
            Flow::image(height, width, channels)
        } else {
            Flow::row(height * width * channels)
        };
        let hidden = if self.layers.is_empty() {
            self.hidden.clone()
        } else {
            spinet_nn::units(&self.layers, flow)?
        };
        let sizes = std::iter::once(flow.len())
            .chain(hidden)
            .chain(std::iter::once(outputs))
            .collect();
        Ok(NetworkConfig {
            sizes,
            layers: self.layers.clone(),
            activation: self.activation,
            output_activation: self.output_activation,
            loss: self.loss,
            initializer: self.initializer,
            bias_initializer: self.bias_initializer,
            has_bias: self.bias,
            image: has_image.then_some(image),
        })
    }

    /// Whether the state after this many epochs is evaluated.
    pub fn is_evaluated(&self, epochs_done: usize) -> bool {
        epochs_done.is_multiple_of(self.evaluate_every) || epochs_done == self.epochs
    }
}

/// A layer without the options that have their default value, so that equal layers are known as
/// equal.
fn without_defaults(layer: &LayerSettings) -> LayerSettings {
    LayerEntry::find(&layer.name).map_or_else(
        |_| layer.clone(),
        |entry| layer.without_defaults(entry.parameters),
    )
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_none(epochs: &usize) -> bool {
    *epochs == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zeros(biases: &BiasInitializer) -> bool {
    *biases == BiasInitializer::Zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_run() {
        assert_eq!(
            TrainConfig::parse("", "x".as_ref()).unwrap(),
            TrainConfig::default()
        );
    }

    #[test]
    fn a_configuration_reads_back_as_it_was_written() {
        let rules = vec![
            "bdnn-dsd:threshold=20,growth_counting=consecutive"
                .parse()
                .unwrap(),
            "l2:weight_decay=0.25".parse().unwrap(),
        ];
        let config = TrainConfig {
            hidden: vec![7, 5],
            initializer: Initializer::He,
            seed: 12,
            rules,
            ..TrainConfig::default()
        };
        assert_eq!(
            TrainConfig::parse(&config.to_toml().unwrap(), "x".as_ref()).unwrap(),
            config
        );
    }

    #[test]
    fn layers_that_the_short_form_says_are_written_in_it_and_others_read_back() {
        let parse = |text: &str| TrainConfig::parse(text, "run.toml".as_ref()).unwrap();
        let layer = |units: usize, activation: &str| {
            format!(
                "[[layers]]\nname = \"dense\"\nunits = {units}\nactivation = \"{activation}\"\n"
            )
        };
        let short = TrainConfig {
            hidden: vec![20, 10],
            activation: Activation::Relu,
            ..TrainConfig::default()
        };
        assert_eq!(parse(&(layer(20, "relu") + &layer(10, "relu"))), short);
        assert_eq!(
            parse("hidden = [100]\n[[layers]]\nname = \"dense\"\n"),
            TrainConfig::default()
        );
        let mixed = parse(&(layer(20, "relu") + &layer(10, "sigmoid")));
        assert_eq!(mixed.hidden, [20, 10]);
        assert_eq!(
            mixed
                .layers
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            ["dense:activation=relu,units=20", "dense:units=10"]
        );
        assert_eq!(parse(&mixed.to_toml().unwrap()), mixed);
        let network = mixed.network([1, 4, 1], 3).unwrap();
        let network = spinet_nn::Network::<f32>::new(&network, 0).unwrap();
        let activations: Vec<_> = network
            .layers()
            .iter()
            .map(|layer| layer.activation())
            .collect();
        assert_eq!(
            activations,
            [Activation::Relu, Activation::Sigmoid, Activation::Identity]
        );
    }

    #[test]
    fn settings_of_own_data_stand_in_the_file_only_if_they_are_chosen() {
        let text = TrainConfig::default().to_toml().unwrap();
        assert!(
            [
                "label",
                "test_part",
                "train_per_class",
                "split_seed",
                "schedule",
                "warm_up"
            ]
            .iter()
            .all(|key| !text.contains(key)),
            "{text}"
        );
        for (column, part, lines) in [
            (
                Column::Name("kind".to_owned()),
                Part::Fraction(0.25),
                "label = \"kind\"\ntest_part = 0.25\n",
            ),
            (
                Column::Number(3),
                Part::Count(40),
                "label = 3\ntest_part = 40\n",
            ),
        ] {
            let (label, test_part) = (Some(column), Some(part));
            let config = TrainConfig {
                label,
                test_part,
                train_per_class: Some(9),
                split_seed: 2,
                ..TrainConfig::default()
            };
            let text = config.to_toml().unwrap();
            assert!(
                text.contains(&format!("{lines}train_per_class = 9\nsplit_seed = 2\n")),
                "{text}"
            );
            assert_eq!(TrainConfig::parse(&text, "x".as_ref()).unwrap(), config);
            let options = config.data_options();
            assert_eq!(
                (options.label, options.split.test),
                (config.label, config.test_part)
            );
        }
    }
}
