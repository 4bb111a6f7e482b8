//! Upper estimates of the memory of a network and its buffers, from their sizes alone, so that what
//! does not fit is rejected before anything is allocated. A test of the training crate compares
//! them with what is measured.

use std::sync::Arc;

use spinet_rules::Plan;

use crate::product::exact::MOST_TERMS;
use crate::simd::aligned::LINE;
#[cfg(target_arch = "x86_64")]
use crate::simd::avx512::is_available;
use crate::{Kernel, Layer, Standardizer};

/// What a workspace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkspaceUse {
    /// Maximum samples of a step or of an evaluation.
    pub samples: usize,
    /// What the inputs are.
    pub inputs: InputKind,
    /// Whether it runs training steps, which need error signals and gradients.
    pub trains: bool,
    /// Whether a rule gives factors for activations.
    pub has_factors: bool,
}

/// The input of a network, as far as its buffers depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Numbers.
    Numbers,
    /// Pixels as they are.
    Pixels,
    /// Pixels that are standardized by constants of each pixel.
    FeatureStandardized,
    /// Pixels that are standardized by constants of each image, or of all.
    ImageStandardized,
}

impl InputKind {
    /// Of pixels with this standardizer.
    pub fn of_pixels(standardizer: Option<&Standardizer>) -> Self {
        match standardizer {
            None => Self::Pixels,
            Some(Standardizer::Feature { .. }) => Self::FeatureStandardized,
            Some(Standardizer::Image | Standardizer::Global { .. }) => Self::ImageStandardized,
        }
    }
}

const NUMBER: u64 = 4;

/// Numbers of all arrays of a network.
pub fn parameters(plan: &Plan) -> u64 {
    plan.params
        .iter()
        .map(|param| product(&[param.rows, param.columns]))
        .fold(0, u64::saturating_add)
}

/// Bytes of the buffers of a [`Workspace`](crate::Workspace) of `f32` for a network of these layers.
pub fn workspace_bytes(layers: &[Arc<dyn Layer<f32>>], kernel: Kernel, by: WorkspaceUse) -> u64 {
    let WorkspaceUse {
        samples,
        inputs,
        trains,
        has_factors,
    } = by;
    let (mut plan, mut bytes) = (Plan::default(), 0_u64);
    // Outputs; error signals; what is passed on, and the factors.
    let copies = 1 + usize::from(trains) + if has_factors { 2 } else { 0 };
    for layer in layers {
        layer.declare(&mut plan, &[], false);
        let signals = product(&[copies, samples, layer.output().len()]);
        let own = layer.buffer(samples, trains) as u64;
        bytes = bytes.saturating_add(signals.saturating_add(own).saturating_mul(NUMBER));
    }
    if trains {
        bytes = bytes.saturating_add(parameters(&plan).saturating_mul(NUMBER));
    }
    if let Some(first) = layers.first()
        && first.reads_pixels()
    {
        let edges = [samples, first.input().len(), first.output().len()];
        bytes = bytes.saturating_add(first_layer(kernel, inputs, edges, trains));
    }
    bytes
}

/// Of the products with pixels: bytes of both factors or numbers in their place, and what
/// standardizing them adds.
fn first_layer(
    kernel: Kernel,
    inputs: InputKind,
    [samples, features, units]: [usize; 3],
    trains: bool,
) -> u64 {
    let is_exact = kernel.class() == Kernel::Exact && features.max(samples) <= MOST_TERMS;
    let folded = match inputs {
        InputKind::Numbers => return 0,
        InputKind::Pixels => 0,
        InputKind::FeatureStandardized => product(&[features, units]).saturating_mul(NUMBER),
        InputKind::ImageStandardized => {
            product(&[samples, units.saturating_add(2)]).saturating_mul(NUMBER)
        }
    };
    let products = if is_exact && inputs != InputKind::FeatureStandardized {
        exact([samples, features, units], trains)
    } else {
        single([samples, features, units])
    };
    folded.saturating_add(products)
}

fn exact(edges: [usize; 3], trains: bool) -> u64 {
    let [samples, features, units] = edges.map(|edge| edge.saturating_add(LINE - 1) / LINE * LINE);
    // A byte of each pixel, and what says which of them are 0.
    let left = product(&[samples, features]) / 16 * 17;
    // Three digits of each number, and three numbers of each column.
    let digits =
        |terms: usize| product(&[terms.saturating_add(NUMBER as usize), units]).saturating_mul(3);
    let forward = left.saturating_add(digits(features));
    if trains {
        forward.saturating_add(left).saturating_add(digits(samples))
    } else {
        forward
    }
}

/// Pixels as numbers, and where zeros are left out: lists of the others, and the lines that they
/// meet.
fn single([samples, features, units]: [usize; 3]) -> u64 {
    let numbers = product(&[samples, features]).saturating_mul(NUMBER);
    if !leaves_zeros_out() {
        return numbers;
    }
    // At most a third of the pixels, with their places, and a sample.
    let listed = (product(&[samples, features]) / 3).saturating_add(features as u64);
    let lines = product(&[features, units.saturating_add(15) / 16 * 16]).saturating_mul(NUMBER);
    numbers
        .saturating_add(listed.saturating_mul(2 * NUMBER))
        .saturating_add(lines)
}

fn leaves_zeros_out() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_available();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// A product that ends at the largest number.
pub fn product(factors: &[usize]) -> u64 {
    factors
        .iter()
        .fold(1, |product, factor| product.saturating_mul(*factor as u64))
}
