//! The settings of a run as flags; what is not given comes from a file, else from the defaults.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use spinet::data::{Column, Part, normal_name};
use spinet::{
    Activation, BiasInitializer, Initialiser, Kernel, LayerSettings, Loss, RuleSettings, Schedule,
    Standardize, TrainConfig,
};

use crate::error::Error;

const LOSSES: [Loss; 2] = [Loss::CrossEntropy, Loss::MeanSquaredError];

/// Everything that a run's numbers depend on.
#[derive(clap::Args)]
#[command(next_help_heading = "Settings of the run")]
pub(crate) struct Settings {
    /// Read settings from a TOML file, such as the run.toml of an earlier run; flags override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data set of `spinet data list`, or your own in the data directory: a .csv or .npy file, or a
    /// folder of idx files [default: mnist-1200].
    #[arg(long, value_name = "NAME")]
    data: Option<String>,
    /// Column of the labels in a table, name or number from 1 [default: the last].
    #[arg(long, value_name = "COLUMN")]
    label: Option<Column>,
    /// Test part of data that have none: a fraction or a number of samples, every class with its
    /// share [default: 0.2].
    #[arg(long, value_name = "PART", allow_negative_numbers = true)]
    test_part: Option<Part>,
    /// Train on so many samples of each class [default: all].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    train_per_class: Option<usize>,
    /// Which samples the two settings above choose; the seed of the run does not matter for that
    /// [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    split_seed: Option<u64>,
    /// How pixels of an image set are standardized, with constants of the training samples:
    /// `feature` (each pixel), `image` (each image), `global` (all pixels alike), `feature-eps`
    /// (see the documentation) [default: none].
    #[arg(long, value_name = "NAME", value_parser = standardize())]
    standardize: Option<Standardize>,
    /// Learning rule, repeatable, in the order in which they act; see `spinet rules`.
    #[arg(long = "rule", value_name = "NAME[:PARAMETER=VALUE,...]")]
    rules: Vec<RuleSettings>,
    /// Units of the hidden layers: `100`, `256,128`, or `none` for a linear classifier [default:
    /// 100].
    #[arg(long, value_name = "UNITS")]
    hidden: Option<Hidden>,
    /// Hidden layer, repeatable, from input to output, in the place of `--hidden` and
    /// `--activation`; see `spinet layers`.
    #[arg(long = "layer", value_name = "NAME[:PARAMETER=VALUE,...]", conflicts_with_all = ["hidden", "activation"])]
    layers: Vec<LayerSettings>,
    /// Activation of the hidden layers [default: sigmoid].
    #[arg(long, value_name = "NAME", value_parser = activation())]
    activation: Option<Activation>,
    /// Activation of the output layer; identity with cross-entropy [default: identity].
    #[arg(long, value_name = "NAME", value_parser = activation())]
    output_activation: Option<Activation>,
    /// What training makes small [default: cross-entropy].
    #[arg(long, value_name = "NAME", value_parser = loss())]
    loss: Option<Loss>,
    /// How weights start: `uniform(A)`, `clamped-uniform(A,B)`, `normal(S)`, `xavier`,
    /// `glorot-sigmoid`, `he` or `fan-in` [default: uniform(1)].
    #[arg(long, value_name = "LAW")]
    initialiser: Option<Initialiser>,
    /// How biases start: at 0, or from the distribution of the weights [default: zeros].
    #[arg(long, value_name = "NAME", value_parser = bias_initializer())]
    bias_initializer: Option<BiasInitializer>,
    /// Units without biases.
    #[arg(long, overrides_with = "bias")]
    no_bias: bool,
    /// Units with biases, as they are unless a file says otherwise.
    #[arg(long)]
    bias: bool,
    /// Step size, above 0 [default: 0.1].
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// How the learning rate changes over the run: `constant`, `step(N,F)` (times F every N
    /// epochs), `cosine` or `cosine(F)` (down to the share F) [default: constant].
    #[arg(long, value_name = "LAW")]
    schedule: Option<Schedule>,
    /// Epochs in which the learning rate rises to what it is [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    warm_up: Option<usize>,
    /// Samples of one step [default: 600].
    #[arg(long, value_name = "SAMPLES", allow_negative_numbers = true)]
    batch: Option<usize>,
    /// Passes over the training samples [default: 500].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<usize>,
    /// Epochs from one evaluation to the next [default: 1].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    evaluate_every: Option<usize>,
    /// The run's one seed [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// How products with pixels are computed; `exact` and `f32` differ in the last digits [default:
    /// auto].
    #[arg(long, value_name = "NAME", value_parser = kernel())]
    kernel: Option<Kernel>,
}

impl Settings {
    /// The whole configuration, checked.
    pub(crate) fn config(&self) -> Result<TrainConfig, Error> {
        let mut config = match &self.config {
            Some(path) => TrainConfig::read(path)?,
            None => TrainConfig::default(),
        };
        set(&mut config.data, self.data.as_ref());
        config.data = normal_name(&config.data);
        config.label = self.label.clone().or(config.label);
        config.test_part = self.test_part.or(config.test_part);
        config.train_per_class = self.train_per_class.or(config.train_per_class);
        set(&mut config.split_seed, self.split_seed.as_ref());
        set(&mut config.standardize, self.standardize.as_ref());
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
        set(&mut config.initialiser, self.initialiser.as_ref());
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

fn standardize() -> impl TypedValueParser<Value = Standardize> {
    named(&Standardize::ALL, Standardize::name)
}

fn bias_initializer() -> impl TypedValueParser<Value = BiasInitializer> {
    named(&BiasInitializer::ALL, BiasInitializer::name)
}

fn loss() -> impl TypedValueParser<Value = Loss> {
    named(&LOSSES, Loss::name)
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
