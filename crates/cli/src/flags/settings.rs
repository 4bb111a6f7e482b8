//! Training options as flags; those not given come from a file, else from the defaults.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use spinet::data::{Part, normal_name};
use spinet::{
    Activation, BiasInitializer, Dataset, Initializer, Kernel, LayerSettings, Loss, RuleSettings,
    Schedule, Standardize, TrainConfig,
};

use spinet::train::{ClassWeight, PRESETS, Preset};

use crate::error::Error;
use crate::flags::table::TableFlags;
use crate::model_file::ModelFile;

/// Heading of the options that divide the data.
const SPLIT: &str = "Split options";

/// Everything that a run's numbers depend on.
#[derive(clap::Args)]
#[command(next_help_heading = "Training options")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag or its opposite"
)]
pub(crate) struct Settings {
    /// Start from a stored configuration with its dataset and network: `bdnn-dsd`, `lenet5` or
    /// `resnet9`; flags override it. Without it, `--rule` and `--learning-rate`, settings that are
    /// not given are chosen from the data for a table of your own, else those of `bdnn-dsd`.
    #[arg(long, value_name = "NAME", value_parser = preset(), conflicts_with = "config")]
    preset: Option<&'static Preset>,
    /// Read options from a TOML file, such as the run.toml of an earlier run; flags override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Dataset: a name from `spinet data list`, or the path of your own table or folder of images
    /// [default: mnist-1200].
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// Table with the test set, in place of rows held out.
    #[arg(long, value_name = "FILE", help_heading = SPLIT)]
    test: Option<String>,
    /// Fraction or number of the training samples to evaluate the run on; the test set is then
    /// evaluated once, at the end.
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true, help_heading = SPLIT)]
    validation: Option<Part>,
    /// Fraction or number of samples to hold out for testing (stratified), for data without a test
    /// set; 0 trains on all of them [default: 0.2].
    #[arg(
        long = "test-size",
        alias = "test-part",
        value_name = "SIZE",
        allow_negative_numbers = true,
        help_heading = SPLIT
    )]
    test_part: Option<Part>,
    /// Use only N training samples per class [default: all].
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = SPLIT)]
    train_per_class: Option<usize>,
    /// Random seed for the options above, independent of `--seed` [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = SPLIT)]
    split_seed: Option<u64>,
    /// Standardize image data to zero mean and unit variance: `feature` per pixel, `global` over
    /// all pixels, `image` per image; `feature-eps` is a variant of `feature` for the reproduction
    /// [default: none].
    #[arg(long, value_name = "NAME", value_parser = standardize())]
    standardize: Option<Standardize>,
    /// Shift training images by up to N pixels in each direction, at random in each epoch (a random
    /// crop with this padding) [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    shift: Option<usize>,
    /// Flip half of the training images horizontally, at random in each epoch.
    #[arg(long, overrides_with = "no_flip")]
    flip: bool,
    /// Do not flip training images (default; overrides the config file).
    #[arg(long, hide = true)]
    no_flip: bool,
    /// Learning rule or optimizer; repeat to combine them, applied in the given order; see
    /// `spinet rules`.
    #[arg(long = "rule", value_name = "NAME[:OPTION=VALUE,...]")]
    rules: Vec<RuleSettings>,
    /// Units per hidden layer: `100`, `256,128`, or `none` for a linear classifier [default: 100].
    #[arg(long, value_name = "UNITS")]
    hidden: Option<Hidden>,
    /// Hidden layer; repeat for each layer, from input to output, instead of `--hidden` and
    /// `--activation`; see `spinet layers`.
    #[arg(long = "layer", value_name = "NAME[:OPTION=VALUE,...]", conflicts_with_all = ["hidden", "activation"])]
    layers: Vec<LayerSettings>,
    /// Activation function of the hidden layers [default: sigmoid].
    #[arg(long, value_name = "NAME", value_parser = activation())]
    activation: Option<Activation>,
    /// Activation function of the output layer; must be identity with cross-entropy, which applies
    /// softmax [default: identity].
    #[arg(long, value_name = "NAME", value_parser = activation())]
    output_activation: Option<Activation>,
    /// Loss function: `cross-entropy` for classes, `binary-cross-entropy` for labels that are yes or
    /// no; `mean-squared-error`, `mean-absolute-error` or `huber` for numbers [default: the first
    /// that fits].
    #[arg(long, value_name = "NAME", value_parser = loss())]
    loss: Option<Loss>,
    /// Weight initialization: `uniform(A)`, `clamped-uniform(A,B)`, `normal(S)`, `xavier`,
    /// `glorot-sigmoid`, `he` or `fan-in` [default: uniform(1)].
    #[arg(long = "initializer", alias = "initialiser", value_name = "NAME")]
    initializer: Option<Initializer>,
    /// Bias initialization: zeros, or the same distribution as the weights [default: zeros].
    #[arg(long, value_name = "NAME", value_parser = bias_initializer())]
    bias_initializer: Option<BiasInitializer>,
    /// Disable biases.
    #[arg(long, overrides_with = "bias")]
    no_bias: bool,
    /// Enable biases (default; overrides the config file).
    #[arg(long)]
    bias: bool,
    /// Learning rate (> 0) [default: 0.1].
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Learning-rate schedule: `constant`; `step(N,F)`: multiply by F every N epochs; `cosine` or
    /// `cosine(F)`: decay to 0, or to F times the initial rate [default: constant].
    #[arg(long, value_name = "NAME")]
    schedule: Option<Schedule>,
    /// Linear learning-rate warm-up, in epochs [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    warm_up: Option<usize>,
    /// Batch size [default: 600].
    #[arg(
        long = "batch-size",
        alias = "batch",
        value_name = "N",
        allow_negative_numbers = true
    )]
    batch: Option<usize>,
    /// Passes over the training set [default: 500].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<usize>,
    /// Early stopping: stop when the loss on a tenth of the training samples, held out for this, has
    /// not fallen for N epochs, and keep the best weights; 0 for none [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    patience: Option<usize>,
    /// Scale the gradient down where its length, over all weights and biases, is above NORM; 0 for
    /// no limit [default: 0].
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    clip_norm: Option<f64>,
    /// Warm start: take the initial weights and biases from this model file or run directory, where
    /// layers have the same shape.
    #[arg(long, value_name = "MODEL")]
    init: Option<PathBuf>,
    /// Weight the loss of each class: `balanced`, so that all classes count the same, or weights as
    /// in `a=2,b=0.5` [default: none].
    #[arg(long, value_name = "WEIGHTS")]
    class_weight: Option<ClassWeight>,
    /// Evaluate every N epochs [default: 1].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    evaluate_every: Option<usize>,
    /// Random seed [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Kernel for matrix products with 8-bit inputs; `exact` and `f32` results differ in the last
    /// digits [default: auto].
    #[arg(long, value_name = "NAME", value_parser = kernel())]
    kernel: Option<Kernel>,
    // Last, because the heading of these would stay for what comes after them.
    #[command(flatten)]
    table: TableFlags,
}

impl Settings {
    /// The whole configuration, checked.
    pub(crate) fn config(&self) -> Result<TrainConfig, Error> {
        self.over(match (&self.config, self.preset) {
            (Some(path), _) => TrainConfig::read(path)?,
            (None, Some(preset)) => preset.config()?,
            (None, None) => TrainConfig::default(),
        })
    }

    /// The configuration whose open settings are chosen from the data: of a table of the user,
    /// unless a file, a preset, learning rules or a learning rate are named.
    pub(crate) fn chosen(&self, data: &Dataset) -> Result<Option<TrainConfig>, Error> {
        // A learning rate is one of an optimizer.
        let has_optimizer = !self.rules.is_empty() || self.learning_rate.is_some();
        let is_open = self.config.is_none() && self.preset.is_none() && !has_optimizer;
        if !is_open || data.table.is_none() {
            return Ok(None);
        }
        self.over(TrainConfig::auto(data)).map(Some)
    }

    /// These settings with the flags in their places, checked.
    fn over(&self, mut config: TrainConfig) -> Result<TrainConfig, Error> {
        set(&mut config.data, self.data.as_ref());
        config.data = normal_name(&config.data);
        self.table.set(&mut config);
        config.test = self.test.clone().or(config.test);
        config.validation = self.validation.or(config.validation);
        config.test_part = self.test_part.or(config.test_part);
        config.train_per_class = self.train_per_class.or(config.train_per_class);
        set(&mut config.split_seed, self.split_seed.as_ref());
        set(&mut config.standardize, self.standardize.as_ref());
        set(&mut config.shift, self.shift.as_ref());
        set(
            &mut config.flip,
            (self.flip || self.no_flip).then_some(&self.flip),
        );
        set(
            &mut config.hidden,
            self.hidden.as_ref().map(|hidden| &hidden.0),
        );
        set(&mut config.activation, self.activation.as_ref());
        set(
            &mut config.output_activation,
            self.output_activation.as_ref(),
        );
        set(&mut config.loss, self.loss.as_ref());
        set(&mut config.initializer, self.initializer.as_ref());
        set(&mut config.bias_initializer, self.bias_initializer.as_ref());
        set(
            &mut config.bias,
            (self.bias || self.no_bias).then_some(&self.bias),
        );
        set(&mut config.learning_rate, self.learning_rate.as_ref());
        set(&mut config.schedule, self.schedule.as_ref());
        set(&mut config.warm_up, self.warm_up.as_ref());
        set(&mut config.batch, self.batch.as_ref());
        set(&mut config.epochs, self.epochs.as_ref());
        set(&mut config.patience, self.patience.as_ref());
        set(&mut config.clip_norm, self.clip_norm.as_ref());
        set(&mut config.class_weight, self.class_weight.as_ref());
        if let Some(path) = &self.init {
            let found = ModelFile::read(path)?;
            config.init = Some(found.path.display().to_string());
            config.init_sha256 = Some(found.model.arrays_sha256());
        }
        set(&mut config.evaluate_every, self.evaluate_every.as_ref());
        set(&mut config.seed, self.seed.as_ref());
        set(&mut config.kernel, self.kernel.as_ref());
        set(
            &mut config.rules,
            (!self.rules.is_empty()).then_some(&self.rules),
        );
        if self.hidden.is_some() || self.activation.is_some() {
            config.layers.clear();
        }
        if !self.layers.is_empty() {
            config = config.with_layers(&self.layers)?;
        }
        config.check()?;
        Ok(config)
    }
}

fn set<T: Clone>(setting: &mut T, flag: Option<&T>) {
    if let Some(value) = flag {
        setting.clone_from(value);
    }
}

/// Units of the hidden layers.
#[derive(Clone)]
struct Hidden(Vec<usize>);

impl FromStr for Hidden {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let units = text
            .split(',')
            .map(|units| units.trim().parse().ok().filter(|units| *units > 0));
        let refused =
            || "expected whole numbers from 1, as in `100` or `256,128`, or `none`".to_owned();
        units.collect::<Option<_>>().map(Self).ok_or_else(refused)
    }
}

pub(crate) fn activation() -> impl TypedValueParser<Value = Activation> {
    named(&Activation::ALL, Activation::name)
}

pub(crate) fn kernel() -> impl TypedValueParser<Value = Kernel> {
    named(&Kernel::ALL, Kernel::name)
}

pub(crate) fn preset() -> impl TypedValueParser<Value = &'static Preset> {
    let names = PossibleValuesParser::new(PRESETS.iter().map(|preset| preset.name));
    names.try_map(|name| Preset::find(&name).ok_or("unknown preset"))
}

fn standardize() -> impl TypedValueParser<Value = Standardize> {
    named(&Standardize::ALL, Standardize::name)
}

fn bias_initializer() -> impl TypedValueParser<Value = BiasInitializer> {
    named(&BiasInitializer::ALL, BiasInitializer::name)
}

fn loss() -> impl TypedValueParser<Value = Loss> {
    named(&Loss::ALL, Loss::name)
}

/// One of some values by name; clap lists them and suggests the nearest.
fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = PossibleValuesParser::new(all.iter().map(|value| name(*value)));
    names.try_map(move |found| {
        all.iter()
            .copied()
            .find(|value| name(*value) == found)
            .ok_or("unknown name")
    })
}
