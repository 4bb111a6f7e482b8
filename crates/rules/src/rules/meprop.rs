//! meProp: only the top-k components of each sample's error signal are backpropagated.
//!
//! ```text
//! e_i <- e_i if |e_i| is among the k largest of its layer and sample, else 0        (Sun et al. 2017, Eq. (7), "top-k")
//! ```
//!
//! `k` is a fraction of the layer's units, rounded up in decimal arithmetic (0.07 of 100 units is
//! 7). Among equal magnitudes the first are kept. It acts on hidden layers, before the gradient is
//! computed and before the error is backpropagated. Use it to see how sparse an error signal can be;
//! the authors report that a few percent suffice, and that sparse updates regularize.

use crate::End::Out;
use crate::share::rounded_up;
use crate::{
    At, Chosen, Error, Make, Parameter, Params, Plan, Resolved, Rule, RuleEntry, Scalar, Seam,
};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "keep_fraction",
        0.1,
        Out(0.0),
        Out(1.0),
        "fraction of a layer's units whose error is kept (top-k), per sample",
    )
    .with_key("kept_share"),
    Parameter::layers("hidden layers whose error signals are sparsified"),
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "meprop",
    summary: "sparsifies the error signals of hidden layers: keeps the top-k components per sample",
    reference: "Sun et al. 2017, Eq. (7)",
    seams: &[Seam::ErrorSignal],
    parameters: PARAMETERS,
    make: Make::Rule(
        |o, p| Ok(Box::new(MeProp::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(MeProp::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// meProp; has no state.
#[derive(Clone, Debug)]
pub struct MeProp<S> {
    keep_fraction: f64,
    hidden: Chosen,
    /// Units of each signal.
    units: Vec<usize>,
    magnitudes: Vec<S>,
}

impl<S: Scalar> MeProp<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`], [`Error::OutputLayer`], [`Error::TooFewHiddenLayers`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let hidden = options.layers("layers").hidden(ENTRY.name, plan, 1)?;
        let units = plan.signals.iter().map(|signal| signal.units).collect();
        Ok(Self {
            keep_fraction: options.number("keep_fraction"),
            hidden,
            units,
            magnitudes: Vec::with_capacity(plan.widest()),
        })
    }

    /// How many of so many units are kept.
    fn kept(&self, units: usize) -> usize {
        rounded_up(self.keep_fraction, units).clamp(1, units)
    }
}

impl<S: Scalar> Rule<S> for MeProp<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::ErrorSignal && self.hidden.contains(id)
    }

    fn error_signal(&mut self, at: At, values: &mut [S], _params: &dyn Params<S>) {
        let units = self.units[at.id];
        let kept = self.kept(units);
        for sample in values.chunks_exact_mut(units) {
            self.magnitudes.clear();
            self.magnitudes.extend(sample.iter().map(|e| e.abs()));
            // NaN counts as the largest of all, so that it is not hidden from the divergence check.
            let descending = |a: &S, b: &S| {
                b.partial_cmp(a)
                    .unwrap_or_else(|| b.is_finite().cmp(&a.is_finite()).reverse())
            };
            let (larger, smallest, _) =
                self.magnitudes.select_nth_unstable_by(kept - 1, descending);
            let smallest = *smallest;
            // Of those that equal the smallest kept one, as many as there is room for.
            let mut room = kept
                - larger
                    .iter()
                    .filter(|magnitude| **magnitude > smallest)
                    .count();
            for e in sample {
                let magnitude = e.abs();
                if magnitude == smallest && room > 0 {
                    room -= 1;
                } else if magnitude <= smallest {
                    *e = S::ZERO;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    fn thinned(keep_fraction: f64, values: &[f64], units: usize) -> Vec<f64> {
        let mut rule = MeProp::new(
            &resolve(&format!("meprop:keep_fraction={keep_fraction}")).unwrap(),
            &Plan::dense(&[1, units, 2]),
        )
        .unwrap();
        let mut values = values.to_vec();
        rule.error_signal(At { id: 0, step: 0 }, &mut values, &Vec::<Vec<f64>>::new());
        values
    }

    #[test]
    fn each_sample_keeps_its_largest_parts() {
        let found = thinned(
            0.5,
            &[
                0.1, -0.4, 0.3, 0.2, /* next sample */ 9.0, 8.0, -7.0, 6.0,
            ],
            4,
        );
        assert_eq!(found, [0.0, -0.4, 0.3, 0.0, 9.0, 8.0, 0.0, 0.0]);
    }

    #[test]
    fn of_equal_parts_the_first_stay_and_the_number_is_rounded_up() {
        assert_eq!(
            thinned(0.3, &[1.0, -1.0, 1.0, 2.0, 1.0], 5),
            [1.0, 0.0, 0.0, 2.0, 0.0]
        );
        assert_eq!(thinned(0.01, &[0.5, -0.7], 2), [0.0, -0.7], "one at least");
        assert_eq!(thinned(0.999, &[0.5, -0.7, 0.0], 3), [0.5, -0.7, 0.0]);
    }

    #[test]
    fn a_share_that_is_a_whole_number_of_units_in_decimal_keeps_that_many() {
        for (keep_fraction, kept) in [
            (0.07, [2, 4, 7, 14]),
            (0.14, [4, 7, 14, 28]),
            (0.28, [7, 14, 28, 56]),
            (0.29, [8, 15, 29, 58]),
            (0.55, [14, 28, 55, 110]),
            (0.56, [14, 28, 56, 112]),
            (0.1, [3, 5, 10, 20]),
            (0.3, [8, 15, 30, 60]),
            (0.57, [15, 29, 57, 114]),
        ] {
            for (units, kept) in [25, 50, 100, 200].into_iter().zip(kept) {
                let signals: Vec<f64> = (1..=units).map(|unit| unit as f64).collect();
                let found = thinned(keep_fraction, &signals, units)
                    .iter()
                    .filter(|e| **e != 0.0)
                    .count();
                assert_eq!(found, kept, "{keep_fraction} of {units}");
            }
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_not_hidden() {
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(
                thinned(0.3, &[0.1, bad, 0.3], 3)
                    .iter()
                    .any(|e| !e.is_finite()),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_network_without_hidden_layers_is_refused() {
        let plan = Plan::dense(&[2, 2]);
        let message = MeProp::<f32>::new(&resolve("meprop").unwrap(), &plan)
            .unwrap_err()
            .to_string();
        assert_eq!(
            message,
            "rule `meprop` acts on hidden layers: the network has 0, expected at least 1"
        );
    }
}
