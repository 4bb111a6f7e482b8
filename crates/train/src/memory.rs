//! The memory of a run, computed from its plan before anything is allocated.
//!
//! ```text
//! network        4 bytes for each weight and bias
//! rules          their state and buffers, as the registry has them
//! training       outputs, error signals and gradients of a batch, the pixels and digits of exact products
//! evaluation     outputs of a chunk, and the digits of the first layer's weights, for each thread
//! saving         a checkpoint or a model three times: as arrays, as a file, and read back
//! course         the evaluations, in memory and as text
//! ```
//!
//! The data is loaded already. All of it is an upper estimate; a test compares it with the memory
//! of whole runs.

use std::sync::Arc;

use spinet_data::{Dataset, Samples, memory};
use spinet_nn::memory::{InputKind, WorkspaceUse, parameters, product, workspace_bytes};
use spinet_nn::{Kernel, Layer, Network, Standardizer};
use spinet_rules::{Chain, Plan, Seam};

use crate::evaluation::chunk;
use crate::run_directory::EVALUATION_BYTES;
use crate::{Error, Standardize, TrainConfig};

/// Bytes of a weight.
const NUMBER: u64 = 4;
/// Copies of everything that is saved, at most at once.
const SAVED_COPIES: u64 = 3;
/// What is not counted: threads and their stacks, buffers of products, descriptions.
const REST: u64 = 8 << 20;
/// The evaluations are in the course of the run, in the text of a checkpoint, and in that of the
/// metrics.
const COURSE_COPIES: u64 = 4;

/// What a run of `config` on this data takes with so many threads, in bytes.
///
/// # Errors
///
/// [`Error::Rule`] for a rule that does not exist, [`Error::Network`] if this CPU cannot run the
/// kernel.
pub fn of_run(config: &TrainConfig, data: &Dataset, threads: usize) -> Result<u64, Error> {
    let network = config
        .for_target(&data.target)
        .network(data.train.image(), data.outputs())?;
    let (layers, plan) = (network.build::<f32>()?, network.plan()?);
    let batch = config.batch.min(data.train.len());
    let rules = Chain::<f32>::memory(
        &config.rules,
        &Plan {
            batch,
            ..plan.clone()
        },
    )?;
    let has_factors = has_factors(config);
    let inputs = inputs_of(config, &data.train);
    let kernel = config.running_kernel()?;

    let network = parameters(&plan).saturating_mul(NUMBER);
    let training = workspace_bytes(
        &layers,
        kernel,
        WorkspaceUse {
            samples: batch,
            inputs,
            trains: true,
            has_factors,
        },
    );
    let evaluation = evaluation(&layers, kernel, inputs, threads);
    // The order of the samples, and a batch of numbers.
    let batches = product(&[data.train.len() + data.test.len(), 5]);
    let gathered = if inputs == InputKind::Numbers || config.augments() {
        product(&[batch, data.train.features()]).saturating_mul(NUMBER)
    } else {
        0
    };
    let batches = batches.saturating_add(gathered);
    let largest = (plan.params.iter())
        .map(|param| product(&[param.rows, param.columns]))
        .max()
        .unwrap_or(0)
        .saturating_mul(NUMBER);
    let saving = network
        .saturating_add(rules.saved)
        .saturating_mul(SAVED_COPIES)
        .saturating_add(largest);
    let evaluations = (config.epochs / config.evaluate_every.max(1)) as u64 + 2;
    let course = evaluations.saturating_mul(COURSE_COPIES * EVALUATION_BYTES);
    let all = [
        network,
        rules.saved,
        rules.other,
        training,
        evaluation,
        batches,
        saving,
        course,
    ];
    Ok(all.into_iter().fold(REST, u64::saturating_add))
}

fn inputs_of(config: &TrainConfig, samples: &Samples) -> InputKind {
    match config.standardize {
        _ if samples.bytes().is_none() => InputKind::Numbers,
        Standardize::None => InputKind::Pixels,
        Standardize::Feature | Standardize::FeatureEps => InputKind::FeatureStandardized,
        Standardize::Image | Standardize::Global => InputKind::ImageStandardized,
    }
}

/// Whether a rule changes activations.
fn has_factors(config: &TrainConfig) -> bool {
    config.rules.iter().any(|rule| {
        spinet_rules::find(&rule.name).is_ok_and(|entry| entry.seams.contains(&Seam::Activation))
    })
}

/// Whether a copy of a network may make steps of so many samples beside what a run takes.
pub(crate) fn has_room_for_steps(
    config: &TrainConfig,
    samples: &Samples,
    network: &Network<f32>,
    batch: usize,
) -> Result<bool, Error> {
    let plan = network.plan(batch, 0);
    let rules = Chain::<f32>::memory(&config.rules, &plan)?;
    let steps = workspace_bytes(
        network.layers(),
        config.running_kernel()?,
        WorkspaceUse {
            samples: batch,
            inputs: inputs_of(config, samples),
            trains: true,
            has_factors: has_factors(config),
        },
    );
    let all = [
        parameters(&plan).saturating_mul(NUMBER),
        rules.saved,
        rules.other,
        steps,
        product(&[batch, samples.features()]).saturating_mul(NUMBER),
    ];
    let needed = all.into_iter().fold(REST, u64::saturating_add);
    Ok(memory::check("the estimate of the time", needed).is_ok())
}

/// Buffers for evaluating a network of these layers on so many threads.
fn evaluation(
    layers: &[Arc<dyn Layer<f32>>],
    kernel: Kernel,
    inputs: InputKind,
    threads: usize,
) -> u64 {
    let lane = workspace_bytes(
        layers,
        kernel,
        WorkspaceUse {
            samples: chunk(layers),
            inputs,
            trains: false,
            has_factors: false,
        },
    );
    lane.saturating_mul(threads as u64)
}

/// Rejects a run that takes more memory than is available.
///
/// # Errors
///
/// As [`of_run`]; [`spinet_data::Error::Memory`] with both numbers.
pub fn check_run(config: &TrainConfig, data: &Dataset, threads: usize) -> Result<(), Error> {
    Ok(memory::check("this run", of_run(config, data, threads)?)?)
}

/// Rejects runs of which as many as there are threads are done at once, and the largest take more
/// memory than is available together; with `has_copies` each has a copy of its training samples, as
/// runs on folds do.
///
/// # Errors
///
/// As [`check_run`].
pub fn check_runs<'a>(
    runs: impl Iterator<Item = (&'a TrainConfig, &'a Dataset)>,
    has_copies: bool,
    threads: usize,
) -> Result<(), Error> {
    let copy = |data: &Dataset| if has_copies { bytes(&data.train) } else { 0 };
    let mut all = runs
        .map(|(config, data)| Ok(of_run(config, data, 1)?.saturating_add(copy(data))))
        .collect::<Result<Vec<_>, Error>>()?;
    all.sort_unstable_by(|a, b| b.cmp(a));
    let at_once = all.len().min(threads);
    let needed = all.into_iter().take(threads).fold(0, u64::saturating_add);
    let what = if at_once == 1 {
        "the largest run".to_owned()
    } else {
        format!("training {at_once} runs at once (see `--threads`)")
    };
    Ok(memory::check(&what, needed)?)
}

/// Bytes of samples.
fn bytes(samples: &Samples) -> u64 {
    let numbers = samples.values().len() as u64;
    if samples.bytes().is_some() {
        numbers
    } else {
        numbers.saturating_mul(NUMBER)
    }
}

/// Rejects to evaluate a network where its buffers take more memory than is available.
///
/// # Errors
///
/// [`spinet_data::Error::Memory`].
pub(crate) fn check_evaluation(
    network: &Network<f32>,
    standardizer: Option<&Standardizer>,
    has_pixels: bool,
    threads: usize,
) -> Result<(), Error> {
    let inputs = if has_pixels {
        InputKind::of_pixels(standardizer)
    } else {
        InputKind::Numbers
    };
    Ok(memory::check(
        "evaluating this model",
        evaluation(network.layers(), Kernel::Auto, inputs, threads),
    )?)
}
