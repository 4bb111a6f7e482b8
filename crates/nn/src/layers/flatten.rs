//! Flattening: the numbers of a sample as one row of units, `[height, width, units]` in this order.
//!
//! Dense layers take the numbers of any layer below, so this one only tells readers and other
//! programs where a plane ends.

use std::sync::Arc;

use spinet_rules::Resolved;

use crate::layer::{Flow, Layer, Step};
use crate::layers::registry::{Below, LayerEntry, Make};
use crate::phase::Phase;
use crate::{Error, Inputs, Operation, Real};

pub(crate) const ENTRY: LayerEntry = LayerEntry {
    name: "flatten",
    summary: "the numbers of a plane as one row; dense layers do this themselves",
    reference: "LeCun et al. 1998",
    shapes: "[height, width, channels] -> [height x width x channels]",
    parameters: &[],
    has_weights: false,
    short: |_| "f".to_owned(),
    make: Make {
        single: make::<f32>,
        double: make::<f64>,
    },
};

#[allow(clippy::unnecessary_wraps, reason = "other layers may not fit")]
fn make<S: Real>(_: &Resolved<LayerEntry>, below: &Below<'_>) -> Result<Arc<dyn Layer<S>>, Error> {
    Ok(Arc::new(Flatten {
        input: below.flow(),
    }))
}

/// Passes numbers on as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Flatten {
    input: Flow,
}

impl<S: Real> Layer<S> for Flatten {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }

    fn input(&self) -> Flow {
        self.input
    }

    fn output(&self) -> Flow {
        Flow::row(self.input.len())
    }

    fn operations(&self) -> Vec<Operation> {
        vec![Operation::Flatten]
    }

    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]) {
        step.numbers(input, output);
        step.watch.done(Phase::Activation);
    }

    fn upstream(&self, _: &mut Step<'_, S>, error: &[S], upstream: &mut [S]) {
        upstream.copy_from_slice(error);
    }
}
