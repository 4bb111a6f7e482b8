//! Arrays of a network in one allocation: its trained arrays, their gradients, or an optimizer's
//! state.

use std::ops::Range;

use crate::plan::ParamShape;
use crate::{Params, Plan, Scalar};

/// One array for each of a [`Plan`]'s, one after the other; each begins at a multiple of 16
/// numbers. Copying all of them, or adding those of two processes, is one pass over
/// [`values`](Self::values).
#[derive(Clone, Debug, PartialEq)]
pub struct Arrays<S> {
    values: Vec<S>,
    ranges: Vec<Range<usize>>,
}

/// Numbers of a vector of the widest instructions.
const ALIGNMENT: usize = 16;

impl<S: Scalar> Arrays<S> {
    /// Zeros for every array of the plan.
    pub fn zeros(plan: &Plan) -> Self {
        let mut end = 0;
        let range = |length: usize| {
            let start = end;
            end += length.next_multiple_of(ALIGNMENT);
            start..start + length
        };
        let ranges: Vec<_> = plan.params.iter().map(ParamShape::len).map(range).collect();
        Self {
            values: vec![S::ZERO; end],
            ranges,
        }
    }

    /// None at all.
    pub const EMPTY: Self = Self {
        values: Vec::new(),
        ranges: Vec::new(),
    };

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many arrays there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// One array, by its number in the plan.
    pub fn get(&self, id: usize) -> &[S] {
        &self.values[self.ranges[id].clone()]
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, id: usize) -> &mut [S] {
        &mut self.values[self.ranges[id].clone()]
    }

    /// Every array, in the order of the plan.
    pub fn iter(&self) -> impl Iterator<Item = &[S]> {
        self.ranges.iter().map(|range| &self.values[range.clone()])
    }

    /// All numbers, with zeros between the arrays.
    pub fn values(&self) -> &[S] {
        &self.values
    }

    /// The same, to change them.
    pub fn values_mut(&mut self) -> &mut [S] {
        &mut self.values
    }
}

impl<S: Scalar> Params<S> for Arrays<S> {
    fn param(&self, id: usize) -> &[S] {
        self.get(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_lie_apart_and_begin_at_multiples_of_sixteen() {
        let mut arrays = Arrays::<f32>::zeros(&Plan::dense(&[3, 5, 2]));
        assert_eq!(
            arrays.iter().map(<[f32]>::len).collect::<Vec<_>>(),
            [15, 5, 10, 2]
        );
        for id in 0..arrays.len() {
            arrays.get_mut(id).fill(1.0 + id as f32);
        }
        let found =
            [0, 14, 15, 16, 20, 21, 32, 41, 42, 48, 49, 50].map(|place| arrays.values()[place]);
        assert_eq!(
            found,
            [1.0, 1.0, 0.0, 2.0, 2.0, 0.0, 3.0, 3.0, 0.0, 4.0, 4.0, 0.0]
        );
        assert_eq!(arrays.values().len(), 64);
    }
}
