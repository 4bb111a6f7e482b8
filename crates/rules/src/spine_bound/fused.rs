//! The fast form of BDNN-dsd: update, counting, bound change and clamp of every weight in one pass over memory.
//!
//! The loop has no branches, so that the compiler turns it into vector code; counters are 16 bits wide. Elementwise,
//! so the bits do not depend on threads, and without fused multiply-add, so they do not depend on the vector width.

use pulp::Arch;

use super::{Constants, Counting, SpineEvents, SpineState};
use crate::Scalar;

/// Gradient descent and the rule in one pass.
pub(super) fn update<S: Scalar>(constants: &Constants<S>, state: &mut SpineState<S>, learning_rate: S, weight: &mut [S], grad: &[S]) {
    by_counting(constants, state, weight, grad, |w, g| (w, w - learning_rate * g));
}

/// The rule alone, after any optimizer; `before` are the weights before the update.
pub(super) fn after_update<S: Scalar>(constants: &Constants<S>, state: &mut SpineState<S>, before: &[S], weight: &mut [S]) {
    by_counting(constants, state, weight, before, |updated, before| (before, updated));
}

/// Picks the loop for the two countings at compile time.
///
/// `moved` takes a weight and the matching element of `other` and gives the weight before and after the update.
fn by_counting<S: Scalar>(
    constants: &Constants<S>,
    state: &mut SpineState<S>,
    weight: &mut [S],
    other: &[S],
    moved: impl Fn(S, S) -> (S, S),
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

#[expect(clippy::needless_bitwise_bool, reason = "without branches the loop becomes vector code")]
fn pass<S: Scalar, const GROWTH_RESETS: bool, const SHRINK_RESETS: bool>(
    constants: &Constants<S>,
    state: &mut SpineState<S>,
    weight: &mut [S],
    other: &[S],
    moved: impl Fn(S, S) -> (S, S),
) {
    let Constants { bound_step, threshold, .. } = *constants;
    let mut events = SpineEvents::default();
    Arch::new().dispatch(|| {
        // Counts of a block fit 32 bits, which keeps the vector lanes narrow.
        const BLOCK: usize = 4096;
        let blocks = weight.chunks_mut(BLOCK).zip(other.chunks(BLOCK)).zip(state.bound.chunks_mut(BLOCK));
        let counters = state.over.chunks_mut(BLOCK).zip(state.decay.chunks_mut(BLOCK));
        for (((weight, other), bound), (over, decay)) in blocks.zip(counters) {
            let (mut appeared, mut grew, mut shrank, mut disappeared) = (0_u32, 0_u32, 0_u32, 0_u32);
            let elements = weight.iter_mut().zip(other).zip(bound).zip(over.iter_mut().zip(decay));
            for (((weight, &other), bound), (over, decay)) in elements {
                let (before, w) = moved(*weight, other);
                let m = *bound;
                let magnitude = w.abs();

                let counted = if magnitude > m { *over + 1 } else { u16::from(!GROWTH_RESETS) * *over };
                let grows = counted >= threshold;
                *over = if grows { 0 } else { counted };

                let counted = if magnitude < before.abs() { *decay + 1 } else { u16::from(!SHRINK_RESETS) * *decay };
                let shrinks = counted >= threshold;
                *decay = if shrinks { 0 } else { counted };

                let wide = if grows { m + bound_step } else { m };
                let new = if shrinks { (wide - bound_step).max(S::ZERO) } else { wide };
                *bound = new;
                *weight = w.max(-new).min(new);

                let (was_zero, is_zero, rose, fell) = (m == S::ZERO, new == S::ZERO, new > m, new < m);
                appeared += u32::from(rose & was_zero);
                grew += u32::from(rose & !was_zero);
                shrank += u32::from(fell & !is_zero);
                disappeared += u32::from(fell & is_zero);
            }
            events.appeared += u64::from(appeared);
            events.grew += u64::from(grew);
            events.shrank += u64::from(shrank);
            events.disappeared += u64::from(disappeared);
        }
    });
    state.events.appeared += events.appeared;
    state.events.grew += events.grew;
    state.events.shrank += events.shrank;
    state.events.disappeared += events.disappeared;
}
