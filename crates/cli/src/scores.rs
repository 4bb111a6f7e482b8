//! The outputs of a model for samples: class probabilities, or plain outputs where the loss gives no probabilities.

use spinet::nn::Workspace;
use spinet::{Loss, Model, Threads};

use crate::error::Error;

/// Samples of one forward pass, as in [`spinet::Scorer`], so that every product is the same.
const CHUNK: usize = 250;

/// Calls `each` with the number and the scores of every sample; `bytes` holds whole samples of the model's shape.
pub(crate) fn each_sample(
    model: &Model,
    bytes: &[u8],
    threads: Threads,
    mut each: impl FnMut(usize, &[f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (network, classes) = (&model.network, model.network.classes());
    let mut workspace = Workspace::new(network, CHUNK, threads);
    for (chunk, bytes) in bytes.chunks(CHUNK * network.inputs()).enumerate() {
        let inputs: Vec<f32> = bytes.iter().map(|pixel| f32::from(*pixel) * (1.0 / 255.0)).collect();
        let outputs = workspace.evaluate(network, &inputs);
        network.config().loss.probabilities(outputs, classes);
        for (index, scores) in outputs.chunks_exact(classes).enumerate() {
            each(chunk * CHUNK + index, scores)?;
        }
    }
    Ok(())
}

/// Classes from the highest score to the lowest; equal ones in their order.
pub(crate) fn ranked(scores: &[f32]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    classes.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    classes
}

/// What a score is.
pub(crate) fn kind(model: &Model) -> &'static str {
    if model.network.config().loss == Loss::CrossEntropy { "probability" } else { "output" }
}
