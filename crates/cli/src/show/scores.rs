//! How the scores of a sample are read.

use spinet::Model;

/// Classes from the highest score to the lowest; equal ones in their order.
pub(crate) fn ranked(scores: &[f32]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    classes.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    classes
}

/// What a score is.
pub(crate) fn kind(model: &Model) -> &'static str {
    if model.network.config().loss.has_probabilities() {
        "probability"
    } else {
        "output"
    }
}
