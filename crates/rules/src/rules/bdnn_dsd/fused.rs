//! The fast form of BDNN-dsd: update, counting, bound change and clamp of every weight in one pass
//! over memory.
//!
//! The loops have no branches, so that the compiler turns them into vector code; counters are 16
//! bits wide. Elementwise, so the bits do not depend on threads, and without fused multiply-add, so
//! they do not depend on the vector width.

use pulp::Arch;

use super::{Constants, Counting, SpineEvents, SpineState};
use crate::Scalar;

/// Gradient descent and the rule in one pass.
pub(super) fn update<S: Scalar>(
    constants: &Constants<S>,
    state: &mut SpineState<S>,
    learning_rate: S,
    weight: &mut [S],
    grad: &[S],
) {
    by_counting(constants, state, weight, grad, move |w, g| {
        (w, w - learning_rate * g)
    });
}

/// The rule alone, after any optimizer; `before` are the weights before the update.
pub(super) fn after_update<S: Scalar>(
    constants: &Constants<S>,
    state: &mut SpineState<S>,
    before: &[S],
    weight: &mut [S],
) {
    by_counting(constants, state, weight, before, |updated, before| {
        (before, updated)
    });
}

/// Picks the loop for the two countings at compile time.
///
/// `moved` takes a weight and the matching element of `other` and gives the weight before and after
/// the update.
fn by_counting<S: Scalar>(
    constants: &Constants<S>,
    state: &mut SpineState<S>,
    weight: &mut [S],
    other: &[S],
    moved: impl Fn(S, S) -> (S, S) + Copy,
) {
    use Counting::{Consecutive, Cumulative};
    let pass = match (constants.growth_counting, constants.shrink_counting) {
        (Consecutive, Consecutive) => pass::<S, true, true>,
        (Consecutive, Cumulative) => pass::<S, true, false>,
        (Cumulative, Consecutive) => pass::<S, false, true>,
        (Cumulative, Cumulative) => pass::<S, false, false>,
    };
    pass(constants, state, weight, other, moved);
}

/// Weights of a block: its bounds before the step fit the first-level cache, and its counts 32
/// bits.
const BLOCK: usize = 2048;

fn pass<S: Scalar, const GROWTH_RESETS: bool, const SHRINK_RESETS: bool>(
    constants: &Constants<S>,
    state: &mut SpineState<S>,
    weight: &mut [S],
    other: &[S],
    moved: impl Fn(S, S) -> (S, S) + Copy,
) {
    let mut before = [S::ZERO; BLOCK];
    let blocks = weight
        .chunks_mut(BLOCK)
        .zip(other.chunks(BLOCK))
        .zip(state.bound.chunks_mut(BLOCK));
    let counters = state
        .over
        .chunks_mut(BLOCK)
        .zip(state.decay.chunks_mut(BLOCK));
    for (((weight, other), bound), (over, decay)) in blocks.zip(counters) {
        let before = &mut before[..bound.len()];
        before.copy_from_slice(bound);
        block::<S, GROWTH_RESETS, SHRINK_RESETS>(
            constants,
            (weight, other, bound, over, decay),
            moved,
        );
        // Counting in the loop above would keep the compiler from turning it into vector code.
        state.events.add(before, bound);
    }
}

/// The arrays of a block: weights, what moves them, bounds, growth counters, shrink counters.
type Block<'a, S> = (
    &'a mut [S],
    &'a [S],
    &'a mut [S],
    &'a mut [u16],
    &'a mut [u16],
);

fn block<S: Scalar, const GROWTH_RESETS: bool, const SHRINK_RESETS: bool>(
    constants: &Constants<S>,
    (weight, other, bound, over, decay): Block<'_, S>,
    moved: impl Fn(S, S) -> (S, S) + Copy,
) {
    let Constants {
        bound_step,
        shrink_step,
        threshold,
        ..
    } = *constants;
    // By value: numbers behind references could be aliased by the stores, which would forbid vector
    // code.
    Arch::new().dispatch(move || {
        let elements = weight
            .iter_mut()
            .zip(other)
            .zip(bound.iter_mut())
            .zip(over.iter_mut().zip(decay.iter_mut()));
        for (((weight, &other), bound), (over, decay)) in elements {
            let (before, w) = moved(*weight, other);
            let m = *bound;
            let magnitude = w.abs();

            let counted = if magnitude > m {
                *over + 1
            } else if GROWTH_RESETS {
                0
            } else {
                *over
            };
            let grows = counted >= threshold;
            *over = if grows { 0 } else { counted };

            let counted = if magnitude < before.abs() {
                *decay + 1
            } else if SHRINK_RESETS {
                0
            } else {
                *decay
            };
            let shrinks = counted >= threshold;
            *decay = if shrinks { 0 } else { counted };

            let wide = if grows { m + bound_step } else { m };
            let new = if shrinks {
                (wide - shrink_step).max(S::ZERO)
            } else {
                wide
            };
            *bound = new;
            *weight = w.max(-new).min(new);
        }
    });
}

impl SpineEvents {
    /// Counts the changes of a block's bounds.
    fn add<S: Scalar>(&mut self, before: &[S], after: &[S]) {
        let [appeared, grew, shrank, disappeared] = Arch::new().dispatch(|| {
            let mut counts = [0_u32; 4];
            for (&m, &new) in before.iter().zip(after) {
                let (rose, fell) = (u32::from(new > m), u32::from(new < m));
                let (was_zero, is_zero) = (u32::from(m == S::ZERO), u32::from(new == S::ZERO));
                counts[0] += rose & was_zero;
                counts[1] += rose & (1 - was_zero);
                counts[2] += fell & (1 - is_zero);
                counts[3] += fell & is_zero;
            }
            counts
        });
        self.appeared += u64::from(appeared);
        self.grew += u64::from(grew);
        self.shrank += u64::from(shrank);
        self.disappeared += u64::from(disappeared);
    }
}
