//! Checkpoints: everything needed to resume a run, in one sealed file.
//!
//! | array | shape | type |
//! | --- | --- | --- |
//! | `layer1.weight`, `layer1.bias`, ... | as in a model file | F32 |
//! | `layer1.bdnn-dsd.bound`, ... (state of rules) | `[outputs, inputs]`, or `[n]` | F32, or U16 for counters |
//! | `optimizer.0.NAME`, ... (state of the optimizer, by slot) | `[n]` | F32, or U16 |
//!
//! The description has the configuration, the digests of the data, the [`Position`] with every
//! evaluation so far, and what rules counted since the last one. Random streams need no state: they
//! follow from seed, epoch and step.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use spinet_rules::{ParamShape, StateEntry, StateValues};

use crate::sealed::{Array, Kind};
use crate::{Error, NUMERICS, Position, TrainConfig, Trainer, names, store};

/// Version of the format.
const VERSION: u32 = 1;
/// Checkpoints among other sealed files.
const KIND: Kind = Kind {
    key: "spinet-checkpoint",
    name: "a spinet checkpoint",
    version: VERSION,
};
/// Maximum size of a checkpoint.
const MAX_BYTES: u64 = 16 << 30;

#[derive(Serialize, Deserialize)]
struct Description {
    version: u32,
    program: String,
    /// Numerics version.
    numerics: u32,
    training: TrainConfig,
    /// SHA-256 of training and test samples.
    data_sha256: [String; 2],
    position: Position,
    /// By rule: what it counted since the last evaluation.
    counted: BTreeMap<String, Vec<u64>>,
}

/// The bytes of a checkpoint of the run as it is; the digests are those of training and test
/// samples.
///
/// # Errors
///
/// [`Error::Checkpoint`] if a number is not finite.
pub(crate) fn bytes(trainer: &Trainer, data_sha256: &[String; 2]) -> Result<Vec<u8>, Error> {
    let rules = trainer.chain().rules();
    let description = Description {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        numerics: NUMERICS,
        training: trainer.config().clone(),
        data_sha256: data_sha256.clone(),
        position: trainer.position().clone(),
        counted: rules
            .iter()
            .map(|rule| (rule.entry().name.to_owned(), rule.counted()))
            .collect(),
    };
    KIND.seal(&description, arrays(trainer))
        .map_err(|message| Error::Checkpoint {
            path: "checkpoint".into(),
            message,
        })
}

/// Every array of a run, as it is now.
fn arrays(trainer: &Trainer) -> Vec<Array> {
    let (network, params) = (trainer.network(), params(trainer));
    let learned = |(id, param): (usize, &ParamShape)| {
        Array::of_floats(
            param.name.clone(),
            names::shape(param),
            network.params().get(id),
        )
    };
    let mut arrays: Vec<Array> = params.iter().enumerate().map(learned).collect();
    if let Some(network) = trainer.best_network() {
        let best = |(id, param): (usize, &ParamShape)| {
            Array::of_floats(
                best_array(param),
                names::shape(param),
                network.params().get(id),
            )
        };
        arrays.extend(params.iter().enumerate().map(best));
    }
    for rule in trainer.chain().rules() {
        for entry in rule.state() {
            arrays.push(array(
                rule_array(&params, rule.entry().name, &entry),
                names::shape(&params[entry.param]),
                &entry.values,
            ));
        }
    }
    for entry in trainer.chain().optimizer().state() {
        arrays.push(array(
            optimizer_array(&params, &entry),
            vec![entry.values.len()],
            &entry.values,
        ));
    }
    arrays
}

fn params(trainer: &Trainer) -> Vec<ParamShape> {
    trainer.network().plan(1, 0).params
}

/// The array of the best epoch so far, with early stopping.
fn best_array(param: &ParamShape) -> String {
    format!("best.{}", param.name)
}

fn rule_array(params: &[ParamShape], rule: &str, entry: &StateEntry<f32>) -> String {
    let param = &params[entry.param];
    names::rule_array(param.layer, rule, &names::entry(param, entry.name))
}

fn optimizer_array(params: &[ParamShape], entry: &StateEntry<f32>) -> String {
    names::optimizer_array(&params[entry.param], entry.name)
}

fn array(name: String, shape: Vec<usize>, values: &StateValues<f32>) -> Array {
    match values {
        StateValues::Scalars(values) => Array::of_floats(name, shape, values),
        StateValues::Counts(values) => Array::of_counts(name, shape, values),
    }
}

/// Puts a new trainer where the checkpoint in `path` was saved.
///
/// # Errors
///
/// [`Error::Storage`] if it cannot be read, [`Error::Checkpoint`] if it is corrupted, lacks
/// something or is of another run; these leave the trainer as it was. [`Error::Rule`] if a rule
/// rejects its state; the trainer may then not be used.
pub(crate) fn restore(
    trainer: &mut Trainer,
    path: &Path,
    data_sha256: &[String; 2],
) -> Result<(), Error> {
    let refuse = |message: String| Error::Checkpoint {
        path: path.to_owned(),
        message,
    };
    // Not a fault of the file, for which it would be passed over.
    let length = std::fs::metadata(path).map_or(0, |found| found.len());
    spinet_data::memory::check(&path.display().to_string(), length.saturating_mul(3))?;
    let opened = KIND
        .open(&store::read_at_most(path, MAX_BYTES)?)
        .map_err(refuse)?;
    let description: Description = serde_json::from_str(&opened.text)
        .map_err(|error| refuse(format!("cannot parse its metadata: {error}")))?;
    if description.training != *trainer.config() || description.data_sha256 != *data_sha256 {
        return Err(refuse(
            "belongs to another run, expected the same data and the configuration of run.toml"
                .to_owned(),
        ));
    }
    if description.numerics != NUMERICS {
        let found = description.numerics;
        return Err(refuse(format!(
            "was computed with numerics version {found}, this program has version {NUMERICS}"
        )));
    }
    trainer.check(&description.position).map_err(refuse)?;
    let mut stored: BTreeMap<String, Array> = opened
        .arrays
        .into_iter()
        .map(|array| (array.name.clone(), array))
        .collect();
    // The trainer's own arrays say what there must be.
    let mut found = BTreeMap::new();
    let is_open = description
        .position
        .best
        .is_some_and(|best| !best.has_stopped);
    let best = params(trainer).into_iter().filter(|_| is_open);
    let best = best.map(|param| {
        let numbers = vec![0.0; param.len()];
        Array::of_floats(best_array(&param), names::shape(&param), &numbers)
    });
    for expected in arrays(trainer).into_iter().chain(best) {
        let Array {
            name, dtype, shape, ..
        } = expected;
        match stored.remove(&name) {
            Some(array) if array.dtype == dtype && array.shape == shape => {
                found.insert(name, array)
            }
            Some(array) => {
                return Err(refuse(format!(
                    "`{name}` is {:?} {:?}, expected {dtype:?} {shape:?}",
                    array.dtype, array.shape
                )));
            }
            None => {
                return Err(refuse(format!(
                    "missing tensor `{name}`, expected {dtype:?} {shape:?}"
                )));
            }
        };
    }
    if !trainer.config().bias {
        stored.retain(|name, _| !names::is_of_no_bias(name));
    }
    if let Some(name) = stored.keys().next() {
        return Err(refuse(format!(
            "unexpected tensor `{}`",
            name.escape_default()
        )));
    }
    Ok(put_back(trainer, &found, description)?)
}

/// Gives every array back to who owns it.
fn put_back(
    trainer: &mut Trainer,
    found: &BTreeMap<String, Array>,
    description: Description,
) -> Result<(), spinet_rules::Error> {
    let params = params(trainer);
    let filled = |name: fn(&ParamShape) -> String| {
        let mut network = trainer.network().clone();
        for (id, param) in params.iter().enumerate() {
            let array = found.get(&name(param))?;
            network
                .params_mut()
                .get_mut(id)
                .copy_from_slice(&array.floats());
        }
        Some(network)
    };
    let network = filled(|param| param.name.clone()).unwrap_or_else(|| trainer.network().clone());
    let best = filled(best_array);
    let values = |name: &str| match found[name].dtype {
        Dtype::F32 => StateValues::Scalars(found[name].floats()),
        _ => StateValues::Counts(found[name].counts()),
    };
    for rule in trainer.chain_mut().rules_mut() {
        let name = rule.entry().name;
        let entries = rule.state().into_iter().map(|entry| StateEntry {
            values: values(&rule_array(&params, name, &entry)),
            ..entry
        });
        rule.restore(&entries.collect::<Vec<_>>())?;
        if let Some(counted) = description.counted.get(name) {
            rule.set_counted(counted);
        }
    }
    let optimizer = trainer.chain_mut().optimizer_mut();
    let entries = optimizer.state().into_iter().map(|entry| StateEntry {
        values: values(&optimizer_array(&params, &entry)),
        ..entry
    });
    optimizer.restore(&entries.collect::<Vec<_>>())?;
    trainer.restore(network, best, description.position);
    Ok(())
}

/// `checkpoint-0000001200.safetensors`, after 1,200 steps.
pub(crate) fn file_name(step: u64) -> String {
    format!("{PREFIX}{step:010}{SUFFIX}")
}

const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".safetensors";

/// The step of a checkpoint, if its name has exactly the form that this program gives.
pub(crate) fn step(name: &str) -> Option<u64> {
    let step = name
        .strip_prefix(PREFIX)?
        .strip_suffix(SUFFIX)?
        .parse()
        .ok()?;
    (file_name(step) == name).then_some(step)
}

/// The checkpoints of a directory, the newest first.
pub(crate) fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let storage = |source| Error::Storage {
        path: directory.to_owned(),
        action: "list",
        source,
    };
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(storage)? {
        let path = entry.map_err(storage)?.path();
        found.extend(
            path.file_name()
                .and_then(|name| step(name.to_str()?))
                .map(|step| (step, path)),
        );
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use spinet_data::{Dataset, EvaluatedOn, Samples, Target};
    use spinet_nn::Threads;

    fn data() -> Dataset {
        let bytes: Vec<u8> = (0..24).map(|index| index * 10).collect();
        let samples = Samples::new(bytes, [0, 1, 0, 1, 0, 1], [2, 2]).unwrap();
        let class_names = vec!["a".to_owned(), "b".to_owned()];
        Dataset {
            name: "tiny".to_owned(),
            train: samples.clone(),
            test: samples,
            class_names,
            target: Target::Classification,
            files: Vec::new(),
            is_verified: true,
            standardisation: None,
            table: None,
            evaluated_on: EvaluatedOn::Test,
        }
    }

    fn trainer(data: &Dataset, rules: &[&str]) -> Trainer {
        let config = TrainConfig {
            data: "tiny".to_owned(),
            hidden: vec![2],
            batch: 2,
            rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
            ..TrainConfig::default()
        };
        Trainer::new(&config, data, Threads::one()).unwrap()
    }

    const RULE: &[&str] = &["bdnn-dsd"];

    fn digests() -> [String; 2] {
        ["train".to_owned(), "test".to_owned()]
    }

    /// A checkpoint in the middle of an epoch.
    fn checkpoint(data: &Dataset, rules: &[&str]) -> Vec<u8> {
        let mut trainer = trainer(data, rules);
        for _ in 0..6 {
            trainer.advance().unwrap();
        }
        bytes(&trainer, &digests()).unwrap()
    }

    /// How a checkpoint with these bytes is rejected.
    fn refusal(data: &Dataset, rules: &[&str], bytes: &[u8]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c");
        store::write_atomically(&path, bytes).unwrap();
        restore(&mut trainer(data, rules), &path, &digests())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn one_file_holds_everything_and_each_missing_part_is_refused_by_name() {
        let data = data();
        // What a rule keeps for the weights of each layer, and an optimizer for each array of
        // parameters.
        let kept: [(&[&str], &[&str], &[&str]); 3] = [
            (
                RULE,
                &["bdnn-dsd.bound", "bdnn-dsd.decay", "bdnn-dsd.over"],
                &[],
            ),
            (&["adam"], &[], &["mean", "square"]),
            (
                &["synaptic-pruning", "momentum"],
                &[
                    "synaptic-pruning.collected",
                    "synaptic-pruning.pruned",
                    "synaptic-pruning.streak",
                ],
                &["velocity"],
            ),
        ];
        for (rules, of_layer, of_array) in kept {
            let whole = checkpoint(&data, rules);
            let names: Vec<String> = KIND
                .open(&whole)
                .unwrap()
                .arrays
                .into_iter()
                .map(|array| array.name)
                .collect();
            let layers = (1..=2).flat_map(|layer| {
                of_layer
                    .iter()
                    .chain(&["bias", "weight"])
                    .map(move |name| format!("layer{layer}.{name}"))
            });
            let arrays = (0..4).flat_map(|array| {
                of_array
                    .iter()
                    .map(move |name| format!("optimizer.{array}.{name}"))
            });
            assert_eq!(
                names.iter().cloned().collect::<BTreeSet<_>>(),
                layers.chain(arrays).collect()
            );
            for (missing, name) in names.iter().enumerate() {
                let mut opened = KIND.open(&whole).unwrap();
                opened.arrays.remove(missing);
                let description: Description = serde_json::from_str(&opened.text).unwrap();
                let message = refusal(
                    &data,
                    rules,
                    &KIND.seal(&description, opened.arrays).unwrap(),
                );
                assert!(
                    message.contains(&format!("missing tensor `{name}`, expected ")),
                    "{message}"
                );
            }
            for key in [
                "version",
                "program",
                "numerics",
                "training",
                "data_sha256",
                "position",
                "counted",
            ] {
                let opened = KIND.open(&whole).unwrap();
                let mut description: serde_json::Value =
                    serde_json::from_str(&opened.text).unwrap();
                description.as_object_mut().unwrap().remove(key).unwrap();
                let message = refusal(
                    &data,
                    rules,
                    &KIND.seal(&description, opened.arrays).unwrap(),
                );
                assert!(
                    message.contains(&format!("missing field `{key}`")),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn a_checkpoint_of_a_newer_program_is_refused_with_both_versions() {
        let data = data();
        let opened = KIND.open(&checkpoint(&data, RULE)).unwrap();
        let mut description: Description = serde_json::from_str(&opened.text).unwrap();
        description.version = VERSION + 1;
        let message = refusal(
            &data,
            RULE,
            &KIND.seal(&description, opened.arrays).unwrap(),
        );
        assert!(
            message.ends_with("checkpoint format version 2, this program reads up to 1"),
            "{message}"
        );
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let data = data();
        let whole = checkpoint(&data, RULE);
        for bit in 0..8 * whole.len() {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // A flipped bit may turn one name of the header into another that nobody asks for, and
            // then the rest into an unknown file.
            assert!(KIND.open(&bytes).is_err(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(KIND.open(&whole[..length]).is_err(), "{length} bytes");
        }
    }
}
