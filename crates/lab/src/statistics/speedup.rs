//! The speed-up L of a method over the initial network (Zhao et al. 2022, Eq. (4.1)).
//!
//! `T(a)` is the first time, in epochs, at which the running maximum of the test accuracy reaches
//! the level `a`; between two evaluations the running maximum is linear. Levels are the values that
//! the running maximum of either run takes at an evaluation. Of those that both runs reach, take
//! the one with the largest `|T_initial(a) - T_method(a)|`, of equals the lowest; there
//!
//! ```text
//! L = T_initial(a) / T_method(a)
//! ```
//!
//! `L > 1`: faster than the initial network. The equation as printed divides the other way round;
//! the paper's tables only make sense this way.
//!
//! Why not all levels: just above the level of a plateau, `T` jumps to the end of the plateau. The
//! largest difference over all levels would often be such a limit, at a level that no run was
//! measured at and that moves with the smallest change of the curve after the plateau.

/// One measured point: epochs done, accuracy.
type Point = (f64, f64);

/// L of `method` over `initial`, both in the order of the epochs.
///
/// Levels that the method has from its start do not count. None if no other level is reached by
/// both.
pub fn speedup(initial: &[(f64, f64)], method: &[(f64, f64)]) -> Option<f64> {
    let (initial, method) = (running_maximum(initial), running_maximum(method));
    let mut levels: Vec<f64> = initial
        .iter()
        .chain(&method)
        .map(|(_, accuracy)| *accuracy)
        .collect();
    levels.sort_unstable_by(f64::total_cmp);
    let times = levels
        .into_iter()
        .filter_map(|level| Some((time(&initial, level)?, time(&method, level)?)));
    let largest = times.filter(|(_, fast)| *fast > 0.0).fold(
        None,
        |best: Option<(f64, f64)>, (slow, fast)| match best {
            Some((a, b)) if (a - b).abs() >= (slow - fast).abs() => best,
            _ => Some((slow, fast)),
        },
    );
    largest.map(|(slow, fast)| slow / fast)
}

/// The curve with the largest accuracy so far in the place of each.
fn running_maximum(curve: &[Point]) -> Vec<Point> {
    let mut best = f64::NEG_INFINITY;
    let finite = curve
        .iter()
        .filter(|(epoch, accuracy)| epoch.is_finite() && accuracy.is_finite());
    finite
        .map(|(epoch, accuracy)| {
            best = accuracy.max(best);
            (*epoch, best)
        })
        .collect()
}

/// First time at which a running maximum reaches `level`; none if it starts above it or never gets
/// there.
fn time(maximum: &[Point], level: f64) -> Option<f64> {
    if maximum.first()?.1 > level {
        return None;
    }
    let index = maximum.partition_point(|(_, accuracy)| *accuracy < level);
    let (t1, a1) = *maximum.get(index)?;
    let Some((t0, a0)) = index.checked_sub(1).map(|before| maximum[before]) else {
        return Some(t1);
    };
    Some(t0 + (t1 - t0) * (level - a0) / (a1 - a0))
}

#[cfg(test)]
mod tests {
    use spinet_rules::{Purpose, Stream};

    use super::*;

    const LINE: [Point; 3] = [(0.0, 10.0), (50.0, 50.0), (100.0, 90.0)];

    fn close(found: Option<f64>, expected: f64) {
        assert!(
            found.is_some_and(|found| (found - expected).abs() < 1e-12),
            "{found:?}, expected {expected}"
        );
    }

    #[test]
    fn equal_curves_have_a_speed_up_of_one() {
        close(speedup(&LINE, &LINE), 1.0);
    }

    #[test]
    fn a_method_that_is_four_times_faster_has_four() {
        let fast = LINE.map(|(epoch, accuracy)| (epoch / 4.0, accuracy));
        close(speedup(&LINE, &fast), 4.0);
    }

    #[test]
    fn a_method_that_is_slower_has_less_than_one() {
        let slow = LINE.map(|(epoch, accuracy)| (epoch * 2.0, accuracy));
        close(speedup(&LINE, &slow), 0.5);
    }

    #[test]
    fn a_level_that_one_never_reaches_does_not_count() {
        // The method ends at 50, which the initial network reaches at 50 epochs and the method at
        // 10.
        close(
            speedup(&LINE, &[(0.0, 10.0), (10.0, 50.0), (100.0, 50.0)]),
            5.0,
        );
    }

    #[test]
    fn curves_without_a_common_level_have_none() {
        assert_eq!(speedup(&LINE, &[(0.0, 95.0), (10.0, 99.0)]), None);
        assert_eq!(speedup(&LINE, &[]), None);
    }

    #[test]
    fn a_fall_in_between_does_not_count_and_the_rise_after_it_is_interpolated_from_its_foot() {
        // The running maximum of the method: 10 -> 50 at epoch 10, level until 20, then 90 at 30.
        // At 90: 100 / 30.
        close(
            speedup(
                &LINE,
                &[(0.0, 10.0), (10.0, 50.0), (20.0, 30.0), (30.0, 90.0)],
            ),
            100.0 / 30.0,
        );
        let maximum = running_maximum(&[(0.0, 10.0), (10.0, 50.0), (20.0, 30.0), (30.0, 90.0)]);
        assert_eq!(time(&maximum, 70.0), Some(25.0));
    }

    #[test]
    fn the_level_with_the_largest_difference_decides() {
        // At level 50: 50 against 45; at level 90: 100 against 50.
        close(
            speedup(&LINE, &[(0.0, 10.0), (45.0, 50.0), (50.0, 90.0)]),
            2.0,
        );
    }

    #[test]
    fn of_levels_with_equal_differences_the_lowest_decides() {
        // 20 epochs at 50 and at 90.
        close(
            speedup(&LINE, &[(0.0, 10.0), (30.0, 50.0), (80.0, 90.0)]),
            50.0 / 30.0,
        );
    }

    #[test]
    fn a_limit_above_a_plateau_is_no_level() {
        // At 50 the initial network needs 10 epochs and the method 5. Just above 50 it would be 90
        // and 5.
        let plateau = [(0.0, 10.0), (10.0, 50.0), (90.0, 50.0), (100.0, 60.0)];
        close(
            speedup(&plateau, &[(0.0, 10.0), (5.0, 50.0), (6.0, 50.5)]),
            (90.0 + 10.0 * 0.05) / 6.0,
        );
        close(
            speedup(&plateau, &[(0.0, 10.0), (5.0, 50.0), (6.0, 50.0)]),
            2.0,
        );
    }

    /// The definition, word by word.
    fn reference(initial: &[Point], method: &[Point]) -> Option<f64> {
        let best = |curve: &[Point], last: usize| {
            curve[..=last]
                .iter()
                .map(|point| point.1)
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let time = |curve: &[Point], level: f64| {
            let reached = (0..curve.len()).find(|index| best(curve, *index) >= level)?;
            let after = best(curve, reached);
            match reached {
                0 if after > level => None,
                0 => Some(curve[0].0),
                _ => {
                    let (before, from) = (best(curve, reached - 1), curve[reached - 1].0);
                    Some(from + (curve[reached].0 - from) * (level - before) / (after - before))
                }
            }
        };
        let levels = |curve: &[Point]| {
            (0..curve.len())
                .map(|index| best(curve, index))
                .collect::<Vec<_>>()
        };
        let mut found: Vec<(f64, f64, f64)> = Vec::new();
        for level in [levels(initial), levels(method)].concat() {
            if let (Some(slow), Some(fast)) = (time(initial, level), time(method, level))
                && fast > 0.0
            {
                found.push(((slow - fast).abs(), level, slow / fast));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        found.first().map(|(.., speedup)| *speedup)
    }

    #[test]
    fn random_curves_have_the_speed_up_of_the_definition() {
        let mut found = 0;
        for seed in 0..20_000 {
            let mut stream = Stream::new(seed, Purpose::Noise, 0);
            let mut curve = || {
                let (mut epoch, points) = (0.0, stream.below(9));
                let mut point = || {
                    let accuracy = f64::from(stream.below(12)) * 5.0;
                    let point = (epoch, accuracy);
                    epoch += f64::from(1 + stream.below(3)) * 10.0;
                    point
                };
                (0..points).map(|_| point()).collect::<Vec<_>>()
            };
            let (initial, method) = (curve(), curve());
            let expected = reference(&initial, &method);
            assert_eq!(
                speedup(&initial, &method),
                expected,
                "{initial:?}, {method:?}"
            );
            found += usize::from(expected.is_some());
        }
        assert!(found > 5000, "{found}");
    }
}
