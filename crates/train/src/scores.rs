//! The outputs of a model for samples: class probabilities, or plain outputs where the loss gives
//! no probabilities.

use spinet_data::Values;
use spinet_nn::{Inputs, Pixels, Threads, Workspace};

use crate::evaluation::CHUNK;
use crate::{Error, Model, memory};

/// Calls `each` with the number and the scores `[classes]` of every sample.
///
/// Scores are probabilities with cross-entropy, and the outputs themselves with mean squared error.
/// Samples are taken in the same chunks as by [`Model::score`], with the same kernel, so that every
/// product is the same.
///
/// # Errors
///
/// [`Error::Features`] if there is not a whole number of samples of the model's shape, or what `each`
/// returns.
pub fn each_sample<E: From<Error>>(
    model: &Model,
    values: Values<'_>,
    threads: Threads,
    mut each: impl FnMut(usize, &[f32]) -> Result<(), E>,
) -> Result<(), E> {
    let (network, classes) = (&model.network, model.network.classes());
    let features = network.inputs();
    if !values.len().is_multiple_of(features) {
        return Err(Error::Features {
            expected: features,
            found: values.len() % features,
        }
        .into());
    }
    let standardizer = model.description.standardizer();
    memory::check_evaluation(network, standardizer.as_ref(), values.bytes().is_some(), 1)?;
    let mut workspace = Workspace::new(network, CHUNK, threads)
        .standardized(network, standardizer)
        .map_err(Error::from)?;
    let samples = values.len() / features;
    for start in (0..samples).step_by(CHUNK) {
        let part = start * features..samples.min(start + CHUNK) * features;
        let inputs = match values {
            Values::Bytes(bytes) => Inputs::Pixels(Pixels::all(&bytes[part], features)),
            Values::Numbers(numbers) => Inputs::Numbers(&numbers[part]),
        };
        let outputs = workspace.evaluate(network, &inputs);
        network.config().loss.probabilities(outputs, classes);
        for (index, scores) in outputs.chunks_exact(classes).enumerate() {
            each(start + index, scores)?;
        }
    }
    Ok(())
}
