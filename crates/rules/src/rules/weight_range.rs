//! Weight range: every weight is clipped to a fixed range.
//!
//! ```text
//! w <- min(max(w, low), high)   after each update                              (Goldstein 1964, gradient projection)
//! ```
//!
//! Like `clamp` with fixed `min` and `max` in PyTorch: for weights limited by a device, or for
//! non-negative weights (`low=0`). In BDNN-dsd each weight has its own bound, which changes; here
//! the range is fixed and the same for all weights. Biases are not clipped.

use pulp::Arch;

use crate::End::Out;
use crate::{At, Chosen, Error, Make, Parameter, Plan, Resolved, Rule, RuleEntry, Scalar, Seam};

/// Registry entry.
pub(crate) const ENTRY: RuleEntry = RuleEntry {
    name: "weight-range",
    summary: "clips all weights to a fixed range after each update",
    reference: "Goldstein 1964 (gradient projection)",
    seams: &[Seam::AfterUpdate],
    decides: Some("the bounds of weights"),
    parameters: &[
        Parameter::number(
            "low",
            -1.0,
            Out(-1e30),
            Out(1e30),
            "minimum weight, at most `high`",
        ),
        Parameter::number("high", 1.0, Out(-1e30), Out(1e30), "maximum weight"),
        Parameter::WEIGHT_LAYERS,
    ],
    make: Make::Rule(
        |o, p| Ok(Box::new(WeightRange::<f32>::new(o, p)?)),
        |o, p| Ok(Box::new(WeightRange::<f64>::new(o, p)?)),
    ),
    ..RuleEntry::RULE
};

/// Weight range; has no state.
#[derive(Clone, Debug)]
pub struct WeightRange<S> {
    ends: [S; 2],
    weights: Chosen,
}

impl<S: Scalar> WeightRange<S> {
    /// Builds the rule for a network.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if `low` is above `high`, [`Error::NoSuchLayer`].
    pub fn new(options: &Resolved, plan: &Plan) -> Result<Self, Error> {
        let [low, high] = ["low", "high"].map(|name| options.number(name));
        let ends = (low <= high)
            .then_some([low, high])
            .ok_or_else(|| options.refuse("low", format!("at most `high`, {high}")))?;
        Ok(Self {
            ends: ends.map(S::from_f64),
            weights: options.weights(plan)?,
        })
    }
}

impl<S: Scalar> Rule<S> for WeightRange<S> {
    fn entry(&self) -> &'static RuleEntry {
        &ENTRY
    }

    fn acts(&self, seam: Seam, id: usize) -> bool {
        seam == Seam::AfterUpdate && self.weights.contains(id)
    }

    fn after_update(&mut self, _at: At, _before: &[S], weight: &mut [S]) {
        Arch::new().dispatch(|| {
            for w in weight {
                *w = w.max(self.ends[0]).min(self.ends[1]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve;

    #[test]
    fn weights_end_at_the_ends_and_biases_are_free() {
        let mut rule = WeightRange::<f64>::new(
            &resolve("weight-range:low=0,high=0.5").unwrap(),
            &Plan::dense(&[4, 1]),
        )
        .unwrap();
        let mut weight = [-0.25, 0.25, 0.5, 7.0];
        rule.after_update(At { id: 0, step: 0 }, &[], &mut weight);
        assert_eq!(weight, [0.0, 0.25, 0.5, 0.5]);
        assert_eq!(
            [0, 1].map(|id| rule.acts(Seam::AfterUpdate, id)),
            [true, false]
        );
    }

    #[test]
    fn ends_the_wrong_way_round_are_refused() {
        let error = WeightRange::<f32>::new(
            &resolve("weight-range:low=2").unwrap(),
            &Plan::dense(&[4, 1]),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "rule `weight-range`: `low` must be at most `high`, 1, but is 2"
        );
    }
}
