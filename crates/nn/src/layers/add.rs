//! Residual addition: the output of the layer below plus that of an earlier layer.
//!
//! ```text
//! y = f(x + x_from)          x, x_from, y: [height, width, units]          (He et al. 2016, Eq. (1))
//! ```

use std::sync::Arc;

use pulp::Arch;
use spinet_rules::{Parameter, Resolved};

use crate::layer::{Flow, Layer, Step};
use crate::layers::registry::{Below, LayerEntry, Make};
use crate::phase::Phase;
use crate::{Activation, Error, Inputs, Operation, Real};

pub(crate) const ENTRY: LayerEntry = LayerEntry {
    name: "add",
    summary: "adds the output of an earlier layer (residual connection)",
    reference: "He et al. 2016, Eq. (1)",
    shapes: "[height, width, units] -> [height, width, units], of both layers",
    parameters: &[
        Parameter::count(
            "from",
            1,
            [1, 1_000_000],
            "layer whose output is added, counted from 1",
        ),
        Activation::option(Activation::Identity),
    ],
    has_weights: false,
    short: |options| format!("a{}", options.count("from")),
    make: Make {
        single: make::<f32>,
        double: make::<f64>,
    },
};

fn make<S: Real>(
    options: &Resolved<LayerEntry>,
    below: &Below<'_>,
) -> Result<Arc<dyn Layer<S>>, Error> {
    let (from, input) = (options.count("from") as usize, below.flow());
    let number = below.outputs.len() + 1;
    let Some(other) = below.outputs.get(from - 1).filter(|_| from + 1 < number) else {
        let found = format!("from = {from}");
        let expected = if number > 2 {
            format!("`from` between 1 and {}", number - 2)
        } else {
            "at least two layers below it".to_owned()
        };
        return Err(below.misfit(ENTRY.name, expected, found));
    };
    if *other != input {
        return Err(below.misfit(
            ENTRY.name,
            format!("the shape of the layer below it, {input}"),
            format!("{other} from layer {from}"),
        ));
    }
    Ok(Arc::new(Add {
        input,
        from: from - 1,
        activation: Activation::of(options),
    }))
}

/// Adds the output of the layer at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Add {
    input: Flow,
    from: usize,
    activation: Activation,
}

impl<S: Real> Layer<S> for Add {
    fn kind(&self) -> &'static str {
        ENTRY.name
    }

    fn input(&self) -> Flow {
        self.input
    }

    fn output(&self) -> Flow {
        self.input
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn operations(&self) -> Vec<Operation> {
        vec![Operation::Add { from: self.from }]
    }

    fn skips_from(&self) -> Option<usize> {
        Some(self.from)
    }

    fn forward(&self, step: &mut Step<'_, S>, input: &Inputs<'_, S>, output: &mut [S]) {
        step.numbers(input, output);
        let (skipped, units) = (step.skipped.unwrap_or_default(), self.input.len());
        step.threads.pieces(output, units, |first, rows| {
            Arch::new().dispatch(|| {
                (rows.iter_mut().zip(&skipped[first * units..])).for_each(|(y, x)| *y += *x);
            });
            self.activation.forward(rows);
        });
        step.watch.done(Phase::Activation);
    }

    fn upstream(&self, _: &mut Step<'_, S>, error: &[S], upstream: &mut [S]) {
        upstream.copy_from_slice(error);
    }
}
