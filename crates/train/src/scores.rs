//! The outputs of a model for samples: class probabilities, or plain outputs where the loss gives no probabilities.

use spinet_nn::{Inputs, Pixels, Threads, Workspace};

use crate::evaluation::CHUNK;
use crate::{Error, Model};

/// Calls `each` with the number and the scores `[classes]` of every sample.
///
/// Scores are probabilities with cross-entropy, and the outputs themselves with mean squared error. Samples are taken
/// in the same chunks as by [`crate::Scorer`], so that every product is the same.
///
/// # Errors
///
/// [`Error::Features`] if `bytes` holds no whole number of samples of the model's shape, or what `each` returns.
pub fn each_sample<E: From<Error>>(
    model: &Model,
    bytes: &[u8],
    threads: Threads,
    mut each: impl FnMut(usize, &[f32]) -> Result<(), E>,
) -> Result<(), E> {
    let (network, classes) = (&model.network, model.network.classes());
    let features = network.inputs();
    if !bytes.len().is_multiple_of(features) {
        return Err(Error::Features { expected: features, found: bytes.len() % features }.into());
    }
    let kernel = model.description.training.kernel;
    let mut workspace = Workspace::with_kernel(network, CHUNK, threads, kernel).map_err(Error::from)?;
    for (chunk, bytes) in bytes.chunks(CHUNK * features).enumerate() {
        let outputs = workspace.evaluate(network, &Inputs::Pixels(Pixels::all(bytes, features)));
        network.config().loss.probabilities(outputs, classes);
        for (index, scores) in outputs.chunks_exact(classes).enumerate() {
            each(chunk * CHUNK + index, scores)?;
        }
    }
    Ok(())
}
