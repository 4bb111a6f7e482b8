//! Model files: one safetensors file with weights, rule state, configuration and a checksum.
//!
//! | tensor | shape | type |
//! | --- | --- | --- |
//! | `layer1.weight`, `layer2.weight`, ... | `[outputs, inputs]` | F32 |
//! | `layer1.bias`, ... (if the network has biases) | `[outputs]` | F32 |
//! | `layer1.bdnn-dsd.bound`, ... (state of rules) | `[outputs, inputs]`, of biases `[outputs]` | F32, or U16 for counters |
//!
//! The metadata key `spinet` holds JSON: `description` ([`Description`]), and `sha256`, the digest
//! of that text and of every tensor's name, shape and bytes. Any tool that reads safetensors can
//! use the weights.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use spinet_data::{
    Background, Dataset, Prior, Samples, Standardisation, TablePlan, Target, Values,
};
use spinet_nn::{Kernel, Network, Standardizer, Threads};
use spinet_rules::{ParamShape, Plan, StateValues};

use crate::sealed::{Array, Kind, digest};
use crate::{
    Error, MetricsLog, NUMERICS, Scored, Scorer, TrainConfig, Trainer, memory, names, store,
};

/// Version of the format; older ones stay readable. Version 2 has the columns of tables; models of
/// images are still written as version 1. Version 3 has other targets than classes.
const VERSION: u32 = 3;
/// Model files among other sealed files.
const KIND: Kind = Kind {
    key: "spinet",
    name: "a spinet model",
    version: VERSION,
};
/// Maximum size of a model file.
const MAX_BYTES: u64 = 4 << 30;

/// The description stored in a model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Version of the format.
    pub version: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// The training configuration.
    pub training: TrainConfig,
    /// Completed epochs.
    pub epoch: usize,
    /// Rows and columns of a sample.
    pub shape: [usize; 2],
    /// Channels of an image, whose rows come one channel after the other; 1 if absent.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub channels: usize,
    /// The background of nearly all training images; absent where they differ, for tables, and in files
    /// of versions that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Background>,
    /// Names of the classes, or of labels that are yes or no; none where numbers are predicted.
    pub classes: Vec<String>,
    /// What is predicted; a class if absent.
    #[serde(default, skip_serializing_if = "Target::is_classification")]
    pub target: Target,
    /// SHA-256 of the training set.
    pub train_sha256: String,
    /// How numbers of a table become its features, or pixels of an image with `standardize =
    /// "feature"` or `"global"`; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standardisation: Option<Standardisation>,
    /// What the columns of a table become, by their names; absent for images, and in files of
    /// versions that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<TablePlan>,
    /// The seal of its run's evaluations; absent in files of versions that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunSeal>,
}

/// The seal of a run's evaluations, which are in a separate file. It is part of the sealed
/// description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSeal {
    /// Numerics version.
    pub numerics: u32,
    /// SHA-256 of the test set.
    pub test_sha256: String,
    /// SHA-256 of `metrics.jsonl`.
    pub metrics_sha256: String,
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one(channels: &usize) -> bool {
    *channels == 1
}

impl Description {
    /// What is needed to prepare new samples for the model.
    pub fn prior(&self) -> Prior {
        let standardisation = self.standardisation.clone().filter(|_| self.is_of_table());
        Prior {
            class_names: self.classes.clone(),
            plan: self.columns.clone().filter(|_| standardisation.is_some()),
            target: self.target.clone(),
            standardisation,
        }
    }

    /// Whether the model expects table rows, not images.
    pub fn is_of_table(&self) -> bool {
        self.training.standardize.is_none() && self.standardisation.is_some()
    }

    /// What the first layer does with pixels.
    pub(crate) fn standardizer(&self) -> Option<Standardizer> {
        self.training
            .standardize
            .standardizer(self.standardisation.as_ref())
    }

    /// Rejects numbers for a model of images, and images for a model of numbers.
    ///
    /// # Errors
    ///
    /// [`Error::InputKind`].
    pub fn accepts(&self, values: Values<'_>) -> Result<(), Error> {
        let kind = |is_numbers: bool| {
            if is_numbers {
                "numbers of a table"
            } else {
                "images"
            }
        };
        let (found, expected) = (values.numbers().is_some(), self.is_of_table());
        if found == expected {
            Ok(())
        } else {
            Err(Error::InputKind {
                found: kind(found),
                expected: kind(expected),
            })
        }
    }
}

/// State of a rule in one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleState {
    /// The rule.
    pub rule: String,
    /// Which array.
    pub name: String,
    /// The layer, counted from 0.
    pub layer: usize,
    /// Its values, in the order of the weights.
    pub values: StateValues<f32>,
}

impl RuleState {
    /// The name of its array in the file.
    fn array(&self) -> String {
        names::rule_array(self.layer, &self.rule, &self.name)
    }
}

/// A trained network with everything needed to use it and to know how it was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The description.
    pub description: Description,
    /// The network.
    pub network: Network<f32>,
    /// State of the rules at the end of training, in the order of the names of its arrays in the
    /// file.
    pub state: Vec<RuleState>,
}

impl Model {
    /// The model of a run in its present state.
    pub fn of(trainer: &Trainer, data: &Dataset) -> Self {
        let params = trainer.network().plan(1, 0).params;
        let entries = trainer.chain().rules().iter().flat_map(|rule| {
            rule.state().into_iter().map(|entry| RuleState {
                rule: rule.entry().name.to_owned(),
                name: names::entry(&params[entry.param], entry.name),
                layer: params[entry.param].layer,
                values: entry.values,
            })
        });
        let mut state: Vec<RuleState> = entries.collect();
        state.sort_by_key(RuleState::array);
        Self {
            description: Description {
                version: match (&data.target, &data.table) {
                    (Target::Classification, Some(_)) => 2,
                    (Target::Classification, None) => 1,
                    _ => VERSION,
                },
                program: env!("CARGO_PKG_VERSION").to_owned(),
                training: trainer.config().clone(),
                epoch: trainer.epoch(),
                shape: data.train.shape(),
                channels: data.train.image()[2],
                background: Background::of(&data.train),
                classes: data.class_names.clone(),
                target: data.target.clone(),
                train_sha256: data.train.sha256(),
                standardisation: trainer
                    .standardisation()
                    .or(data.standardisation.as_ref())
                    .cloned(),
                columns: data.table.as_ref().map(|table| table.plan.clone()),
                run: Some(RunSeal {
                    numerics: NUMERICS,
                    test_sha256: data.test.sha256(),
                    metrics_sha256: MetricsLog::sha256(trainer.curve()),
                }),
            },
            network: trainer.evaluated_network().into_owned(),
            state,
        }
    }

    /// Mean loss, and accuracy or R2 on samples, with the fastest kernel of this CPU. Where that is of
    /// another class than the kernel of the training, the loss differs in the last digits from that
    /// of the run.
    ///
    /// # Errors
    ///
    /// [`Error::Features`] if the samples have another shape; [`Error::Data`] if there is too
    /// little memory.
    pub fn score(&self, samples: &Samples, threads: Threads) -> Result<Scored, Error> {
        let standardizer = self.description.standardizer();
        memory::check_evaluation(
            &self.network,
            standardizer.as_ref(),
            samples.bytes().is_some(),
            threads.count(),
        )?;
        Scorer::standardized(&self.network, threads, Kernel::Auto, standardizer.as_ref())?
            .score(&self.network, samples)
    }

    /// Writes the model, atomically.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`], or [`Error::Model`] if a weight is not finite: such a model is never
    /// stored.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let sealed = KIND.seal(&self.description, self.arrays());
        store::write_atomically(
            path,
            &sealed.map_err(|message| Error::Model {
                path: path.to_owned(),
                message,
            })?,
        )
    }

    /// SHA-256 over every array with its name, type and shape: equal for runs that are
    /// bit-identical.
    pub fn arrays_sha256(&self) -> String {
        let mut arrays = self.arrays();
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        digest("", &arrays)
    }

    /// Reads a model and checks all of it.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if it cannot be read, [`Error::Model`] if it is not a spinet model, or
    /// corrupted.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&store::read_at_most(path, MAX_BYTES)?, path)
    }

    /// Reads a model from bytes; `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`Error::Model`]; [`Error::Data`] if there is too little memory.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let refuse = |message: String| Error::Model {
            path: path.to_owned(),
            message,
        };
        // Its arrays, and the numbers made of them.
        spinet_data::memory::check(&path.display().to_string(), 2 * bytes.len() as u64)?;
        let opened = KIND.open(bytes).map_err(refuse)?;
        let description = serde_json::from_str(&opened.text)
            .map_err(|error| refuse(format!("cannot parse its metadata: {error}")))?;
        Self::assemble(description, opened.arrays).map_err(refuse)
    }

    /// Puts a model together from its description and tensors; the text says what does not fit.
    fn assemble(description: Description, stored: Vec<Array>) -> Result<Self, String> {
        let [rows, columns] = description.shape;
        let features = rows
            .checked_mul(columns)
            .ok_or("the sample shape is too large")?;
        check_standardisation(&description, features)?;
        if let Some(columns) = &description.columns {
            columns.check(features)?;
        }
        let classes = description.classes.len();
        description.target.check(classes)?;
        if description.channels == 0 || !rows.is_multiple_of(description.channels) {
            return Err(format!(
                "{rows} rows are not those of {} channels",
                description.channels
            ));
        }
        let image = [rows / description.channels, columns, description.channels];
        let config = (description.training)
            .network(image, description.target.outputs(classes))
            .map_err(|error| error.to_string())?;
        let mut arrays: BTreeMap<String, Array> = stored
            .into_iter()
            .map(|tensor| (tensor.name.clone(), tensor))
            .collect();
        let mut missing = None;
        let mut take = |name: String, shape: &[usize]| match arrays.remove(&name) {
            Some(tensor) if tensor.dtype == Dtype::F32 && tensor.shape == shape => tensor.floats(),
            Some(tensor) => {
                missing = Some(format!(
                    "`{name}` is {:?} {:?}, expected F32 {shape:?}",
                    tensor.dtype, tensor.shape
                ));
                Vec::new()
            }
            None => {
                missing = Some(format!("missing tensor `{name}`, expected F32 {shape:?}"));
                Vec::new()
            }
        };
        let network = Network::with_arrays(&config, |param| {
            take(param.name.clone(), &names::shape(param))
        });
        let network = match (network, missing.take()) {
            (_, Some(message)) => return Err(message),
            (Err(error), None) => return Err(error.to_string()),
            (Ok(network), None) => network,
        };
        let state = arrays
            .into_values()
            .map(|tensor| RuleState::read(&tensor))
            .collect::<Result<Vec<_>, _>>()?;
        let plan = network.plan(1, 0);
        for RuleState {
            rule,
            name,
            layer,
            values,
        } in &state
        {
            let expected = param_of(&plan, *layer, name).map(ParamShape::len);
            if expected != Some(values.len()) {
                let layers = network.weighted_layers();
                return Err(match expected {
                    None => format!(
                        "found state `{name}` of rule `{}` for layer {}, but the model has layers 1 to {layers}",
                        rule.escape_default(),
                        layer + 1
                    ),
                    Some(expected) => {
                        format!(
                            "`{}` of layer {} has {} values, expected {expected}",
                            name.escape_default(),
                            layer + 1,
                            values.len()
                        )
                    }
                });
            }
        }
        Ok(Self {
            description,
            network,
            state,
        })
    }

    /// Every array of the model, by name.
    fn arrays(&self) -> Vec<Array> {
        let plan = self.network.plan(1, 0);
        let trained = |(id, param): (usize, &ParamShape)| {
            Array::of_floats(
                param.name.clone(),
                names::shape(param),
                self.network.params().get(id),
            )
        };
        let mut tensors: Vec<Array> = plan.params.iter().enumerate().map(trained).collect();
        for state in &self.state {
            let name = state.array();
            let shape = param_of(&plan, state.layer, &state.name)
                .map(names::shape)
                .unwrap_or_default();
            tensors.push(match &state.values {
                StateValues::Scalars(values) => Array::of_floats(name, shape, values),
                StateValues::Counts(values) => Array::of_counts(name, shape, values),
            });
        }
        tensors
    }
}

/// The trained array that an entry of a rule's state belongs to.
fn param_of<'a>(plan: &'a Plan, layer: usize, entry: &str) -> Option<&'a ParamShape> {
    Some(&plan.params[plan.param(layer, names::role(entry))?])
}

/// Rejects constants that are not finite, or not as many as the setting `standardize` needs: for a
/// table one pair for each feature.
fn check_standardisation(description: &Description, features: usize) -> Result<(), String> {
    let standardize = description.training.standardize;
    let expected = standardize.constants_of(features);
    let Some(Standardisation { mean, deviation }) = &description.standardisation else {
        return match expected {
            None => Ok(()),
            Some(features) => Err(format!(
                "missing standardization, expected {features} means and deviations"
            )),
        };
    };
    if expected.is_none() && !standardize.is_none() {
        let (means, deviations) = (mean.len(), deviation.len());
        return Err(format!(
            "standardization has {means} means and {deviations} deviations, expected none with `standardize` {standardize}"
        ));
    }
    let features = expected.unwrap_or(features);
    let is_good = mean
        .iter()
        .chain(deviation)
        .all(|number| number.is_finite())
        && deviation.iter().all(|number| *number >= 0.0);
    if (mean.len(), deviation.len()) != (features, features) || !is_good {
        let (means, deviations) = (mean.len(), deviation.len());
        return Err(format!(
            "standardization has {means} means and {deviations} deviations, expected {features} finite ones of each"
        ));
    }
    Ok(())
}

impl RuleState {
    fn read(tensor: &Array) -> Result<Self, String> {
        let unexpected = || format!("unexpected tensor `{}`", tensor.name.escape_default());
        let mut parts = tensor.name.splitn(3, '.');
        let (layer, rule, name) = (parts.next(), parts.next(), parts.next());
        let (Some(layer), Some(rule), Some(name)) = (layer, rule, name) else {
            return Err(unexpected());
        };
        let layer = layer
            .strip_prefix("layer")
            .and_then(|number| number.parse::<usize>().ok())
            .and_then(|number| number.checked_sub(1));
        let values = match tensor.dtype {
            Dtype::F32 => StateValues::Scalars(tensor.floats()),
            Dtype::U16 => StateValues::Counts(tensor.counts()),
            _ => return Err(unexpected()),
        };
        Ok(Self {
            rule: rule.to_owned(),
            name: name.to_owned(),
            layer: layer.ok_or_else(unexpected)?,
            values,
        })
    }
}
