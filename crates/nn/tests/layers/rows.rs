//! What the contract test must know of each kind of layer. A new kind adds one row.

use spinet_nn::LayerSettings;
use spinet_rules::Setting;

use super::tape::{Number, Tape};

/// One kind of layer.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Settings to try beside the defaults.
    pub(crate) settings: &'static [&'static str],
    /// Trained arrays of a layer of these settings on so many features: role and shape of each.
    pub(crate) params: Params,
    /// Outputs of one sample by the equation, from the trained arrays and the input.
    pub(crate) forward: Forward,
}

type Params = fn(&LayerSettings, usize) -> Vec<(&'static str, [usize; 2])>;
type Forward = fn(&Tape, &LayerSettings, &[Vec<Number>], &[Number]) -> Vec<Number>;

pub(crate) const ROWS: &[Row] = &[Row {
    name: "dense",
    settings: &[
        "dense:units=1",
        "dense:units=7,activation=tanh",
        "dense:units=4,activation=relu",
        "dense:units=3,activation=identity",
    ],
    params: |settings, features| {
        let units = number(settings, "units", 100);
        vec![("weight", [units, features]), ("bias", [units, 1])]
    },
    forward: |tape, settings, params, input| {
        let row = |(weights, bias): (&[Number], &Number)| {
            let products = weights
                .iter()
                .zip(input)
                .map(|(weight, x)| tape.multiply(*weight, *x));
            activation(tape, settings, tape.add(tape.sum(products), *bias))
        };
        params[0]
            .chunks(input.len())
            .zip(&params[1])
            .map(row)
            .collect()
    },
}];

/// An option that is a whole number.
fn number(settings: &LayerSettings, name: &str, default: usize) -> usize {
    match settings.parameters.get(name) {
        Some(Setting::Number(number)) => *number as usize,
        _ => default,
    }
}

fn activation(tape: &Tape, settings: &LayerSettings, a: Number) -> Number {
    match settings
        .parameters
        .get("activation")
        .map(ToString::to_string)
        .as_deref()
    {
        None | Some("sigmoid") => tape.sigmoid(a),
        Some("tanh") => tape.tanh(a),
        Some("relu") => tape.relu(a),
        _ => a,
    }
}
