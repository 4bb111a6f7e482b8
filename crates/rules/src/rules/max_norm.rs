//! Max-norm: the L2 norm of a unit's incoming weights is limited.
//!
//! ```text
//! w <- w * min(1, max_norm / |w|)   for the weights w that a unit receives, after each update
//!                                                  (Srebro and Shraibman 2005; Srivastava et al. 2014, Section 5.1)
//! ```
//!
//! The limit is per unit, whereas BDNN-dsd has one per weight. Use it together with dropout and a
//! large learning rate, with which weights would otherwise grow without limit.

use pulp::Arch;

use crate::End::Out;
use crate::lanes::sum;
use crate::{At, Chosen, Error, Make, Parameter, Plan, Resolved, Rule, RuleEntry, Scalar, Seam};

const PARAMETERS: &[Parameter] = &[
    Parameter::number(
        "max_norm",
        3.0,
        Out(0.0),
        Out(1e15),
        "maximum L2 norm of a unit's incoming weights",
    ),
    Parameter::WEIGHT_LAYERS,
];

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "max-norm",
    summary: "rescales the incoming weights of each unit to a maximum L2 norm after each update",
    reference: "Srivastava et al. 2014, Section 5.1",
    seams: &[Seam::AfterUpdate],
    parameters: PARAMETERS,
    make: Make::Rule(
        |o, p| Ok(Box::new(MaxNorm::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(MaxNorm::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Max-norm; has no state.
#[derive(Clone, Debug)]
pub struct MaxNorm<S> {
    longest: S,
    weights: Chosen,
    /// Numbers of a row of each array.
    columns: Vec<usize>,
}

impl<S: Scalar> MaxNorm<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let columns = plan.params.iter().map(|param| param.columns).collect();
        Ok(Self {
            longest: S::from_f64(options.number("max_norm")),
            weights: options.weights(plan)?,
            columns,
        })
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
    use crate::resolve;

    fn after(max_norm: f64, weight: &[f64], inputs: usize) -> Vec<f64> {
        let plan = Plan::dense(&[inputs, weight.len() / inputs]);
        let mut rule = MaxNorm::new(
            &resolve(&format!("max-norm:max_norm={max_norm}")).unwrap(),
            &plan,
        )
        .unwrap();
        let mut weight = weight.to_vec();
        rule.after_update(At { id: 0, step: 0 }, &[], &mut weight);
        weight
    }

    #[test]
    fn a_long_row_is_shortened_and_a_short_one_left_as_it_is() {
        let found = after(1.0, &[3.0, -4.0, 0.6, 0.7, 0.0, 0.0], 2);
        assert!(
            (found[0] - 0.6).abs() < 1e-15 && (found[1] + 0.8).abs() < 1e-15,
            "{found:?}"
        );
        assert_eq!(found[2..], [0.6, 0.7, 0.0, 0.0]);
    }

    #[test]
    fn rows_of_any_length_and_size_end_at_the_length() {
        for (count, size) in [(1, 1e-3), (17, 1e200), (300, 1.0)] {
            let weight: Vec<f64> = (0..count)
                .map(|index| size * (1.0 + f64::from(index % 7)))
                .collect();
            let found = after(0.5e-3, &weight, count as usize);
            let length = found.iter().map(|w| w * w).sum::<f64>().sqrt();
            assert!(
                (length - 0.5e-3).abs() < 1e-15,
                "{count} weights of size {size}: {length}"
            );
        }
    }
}
