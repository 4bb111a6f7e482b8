//! Sums over the rows of a signal, for each unit.

use pulp::Arch;

use crate::{Real, Threads};

/// Parts of the rows that are summed apart, so that the order of a sum is the same at any number of
/// threads.
pub(crate) const PARTS: usize = 16;
/// Units that are summed at once.
const LANES: usize = 16;

/// For each unit the sum over the rows of `values: [rows, units]` of what `term` makes of row, unit
/// and number. Each part of the rows is summed in `f64`; `partial: [parts, units]` is room for it.
pub(crate) fn sums<S: Real>(
    threads: &Threads,
    values: &[S],
    partial: &mut [S],
    totals: &mut [S],
    term: impl Fn(usize, usize, S) -> f64 + Sync,
) {
    let units = totals.len();
    let rows = values.len() / units;
    let from = |part: usize| part * rows / PARTS;
    threads.each_row(partial, units, |part, sums| {
        for (block, sums) in sums.chunks_mut(LANES).enumerate() {
            let (first, width) = (block * LANES, sums.len());
            Arch::new().dispatch(|| {
                let mut of_lanes = [0.0; LANES];
                for row in from(part)..from(part + 1) {
                    let numbers = &values[row * units + first..][..width];
                    for (lane, (sum, number)) in of_lanes.iter_mut().zip(numbers).enumerate() {
                        *sum += term(row, first + lane, *number);
                    }
                }
                for (sum, total) in sums.iter_mut().zip(of_lanes) {
                    *sum = S::from_f64(total);
                }
            });
        }
    });
    for (unit, total) in totals.iter_mut().enumerate() {
        let parts = (0..PARTS).map(|part| partial[part * units + unit].to_f64());
        *total = S::from_f64(parts.sum());
    }
}
