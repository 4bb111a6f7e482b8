//! Max-norm: the weights that a unit receives never get longer than a fixed length.
//!
//! ```text
//! w <- w * min(1, max_norm / |w|)   for the weights w that a unit receives, after each update
//!                                                  (Srebro and Shraibman 2005; Srivastava et al. 2014, Section 5.1)
//! ```
//!
//! Lengths are Euclidean. The bound is one for a whole unit, where BDNN-dsd has one for each weight. Use it beside dropout with a
//! large learning rate, which it keeps from blowing weights up.

use pulp::Arch;

use crate::End::Out;
use crate::entry::{Make, Memory, Role, RuleEntry};
use crate::lanes::sum;
use crate::layers::Chosen;
use crate::{At, Error, Layers, Parameter, Plan, Range, Resolved, Rule, RuleSettings, Scalar, Seam};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "max_norm",
        summary: "longest that the weights of a unit may be together",
        range: Range::Number { default: 3.0, low: Out(0.0), high: Out(1e15) },
    },
    Parameter { name: "layers", summary: "the weight matrices it acts on", range: Range::Layers },
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "max-norm",
    role: Role::Rule,
    summary: "shortens the weights that a unit receives to a largest length after each update",
    reference: "Srivastava et al. 2014, Section 5.1",
    seams: &[Seam::AfterUpdate],
    decides: None,
    stays_finite: true,
    has_fused_update: false,
    parameters: PARAMETERS,
    memory: Memory::NONE,
    make: Make::Rule(make::<f32>, make::<f64>),
};

fn make<S: Scalar>(resolved: &Resolved, plan: &Plan) -> Result<Box<dyn Rule<S>>, Error> {
    let config = MaxNormConfig { max_norm: resolved.number("max_norm"), layers: resolved.layers("layers") };
    Ok(Box::new(MaxNorm::<S>::new(&config, plan)?))
}

/// What a person chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct MaxNormConfig {
    /// Longest that the weights of a unit may be together, in `(0, 1e15)`; 3 unless set.
    pub max_norm: f64,
    /// The weight matrices it acts on.
    pub layers: Layers,
}

impl Default for MaxNormConfig {
    fn default() -> Self {
        Self { max_norm: 3.0, layers: Layers::All }
    }
}

impl MaxNormConfig {
    /// The same as settings of the registry.
    pub fn settings(&self) -> RuleSettings {
        RuleSettings::new(ENTRY.name).with_number("max_norm", self.max_norm).with_text("layers", &self.layers.to_string())
    }
}

/// Max-norm; has no state.
#[derive(Clone, Debug)]
pub struct MaxNorm<S> {
    longest: S,
    weights: Chosen,
    /// Numbers of a row of each array.
    columns: Vec<usize>,
}

impl<S: Scalar> MaxNorm<S> {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::NoSuchLayer`].
    pub fn new(config: &MaxNormConfig, plan: &Plan) -> Result<Self, Error> {
        ENTRY.resolve(&config.settings())?;
        let columns = plan.params.iter().map(|param| param.columns).collect();
        Ok(Self { longest: S::from_f64(config.max_norm), weights: config.layers.weights(ENTRY.name, plan)?, columns })
    }
}

impl<S: Scalar> Rule<S> for MaxNorm<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.weights.contains(id)
    }

    fn after_update(&mut self, at: At, _before: &[S], weight: &mut [S]) {
        let (longest, columns) = (self.longest, self.columns[at.id]);
        Arch::new().dispatch(move || {
            for row in weight.chunks_exact_mut(columns) {
                // Squares of numbers over the largest of them cannot overflow.
                let largest = row.iter().fold(S::ZERO, |largest, w| largest.max(w.abs()));
                if largest == S::ZERO {
                    continue;
                }
                let shape = sum(row, |w| (w / largest) * (w / largest)).sqrt();
                let factor = longest / shape / largest;
                if factor < S::ONE {
                    for w in row.iter_mut() {
                        *w *= factor;
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(max_norm: f64, weight: &[f64], inputs: usize) -> Vec<f64> {
        let plan = Plan::dense(&[inputs, weight.len() / inputs]);
        let mut rule = MaxNorm::new(&MaxNormConfig { max_norm, layers: Layers::All }, &plan).unwrap();
        let mut weight = weight.to_vec();
        rule.after_update(At { id: 0, step: 0 }, &[], &mut weight);
        weight
    }

    #[test]
    fn a_long_row_is_shortened_and_a_short_one_left_as_it_is() {
        let found = after(1.0, &[3.0, -4.0, 0.6, 0.7, 0.0, 0.0], 2);
        assert!((found[0] - 0.6).abs() < 1e-15 && (found[1] + 0.8).abs() < 1e-15, "{found:?}");
        assert_eq!(found[2..], [0.6, 0.7, 0.0, 0.0]);
    }

    #[test]
    fn rows_of_any_length_and_size_end_at_the_length() {
        for (count, size) in [(1, 1e-3), (17, 1e200), (300, 1.0)] {
            let weight: Vec<f64> = (0..count).map(|index| size * (1.0 + f64::from(index % 7))).collect();
            let found = after(0.5e-3, &weight, count as usize);
            let length = found.iter().map(|w| w * w).sum::<f64>().sqrt();
            assert!((length - 0.5e-3).abs() < 1e-15, "{count} weights of size {size}: {length}");
        }
    }
}
