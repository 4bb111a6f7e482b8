//! The speed-up L of a method over the initial network (Zhao et al. 2022, Eq. (4.1)).
//!
//! `T(a)` is the first time, in epochs and linear between measured epochs, at which the running maximum of the test
//! accuracy reaches `a`. Over all levels `a` that both runs reach, take the one with the largest
//! `|T_initial(a) - T_method(a)|`; there
//!
//! ```text
//! L = T_initial(a) / T_method(a)
//! ```
//!
//! `L > 1`: faster than the initial network. The equation as printed divides the other way round; the paper's tables
//! only make sense this way.

/// One measured point: epochs done, accuracy.
type Point = (f64, f64);

/// L of `method` over `initial`, both in the order of the epochs.
///
/// Levels that the method has from its start do not count. None if no other level is reached by both.
pub fn speedup(initial: &[(f64, f64)], method: &[(f64, f64)]) -> Option<f64> {
    let (initial, method) = (rises(initial), rises(method));
    // T is piecewise linear in a and jumps at the foot of a rise after a fall; the levels tried are the corners, where T
    // is what was measured, not the limits just above them.
    let levels = initial.iter().chain(&method).map(|(_, accuracy)| *accuracy);
    let times = levels.filter_map(|level| Some((time(&initial, level)?, time(&method, level)?))).filter(|(_, fast)| *fast > 0.0);
    let largest = times.fold(None, |best: Option<(f64, f64)>, (slow, fast)| match best {
        Some((a, b)) if (a - b).abs() >= (slow - fast).abs() => best,
        _ => Some((slow, fast)),
    });
    largest.map(|(slow, fast)| slow / fast)
}

/// The points at which the running maximum rises, with the point before each rise from which it is interpolated.
fn rises(curve: &[Point]) -> Vec<Point> {
    let mut rising: Vec<Point> = Vec::new();
    let mut before: Option<Point> = None;
    for &(epoch, accuracy) in curve.iter().filter(|(epoch, accuracy)| epoch.is_finite() && accuracy.is_finite()) {
        match rising.last() {
            Some(&(_, best)) if accuracy > best => {
                // The running maximum stays level until the last measurement and rises from there.
                if let Some((last, _)) = before.filter(|(last, _)| *last > rising[rising.len() - 1].0) {
                    rising.push((last, best));
                }
                rising.push((epoch, accuracy));
            }
            Some(_) => {}
            None => rising.push((epoch, accuracy)),
        }
        before = Some((epoch, accuracy));
    }
    rising
}

/// First time at which the running maximum reaches `level`; none if it starts above it or never gets there.
fn time(rising: &[Point], level: f64) -> Option<f64> {
    if rising.first()?.1 > level {
        return None;
    }
    let index = rising.iter().position(|(_, accuracy)| *accuracy >= level)?;
    if index == 0 {
        return Some(rising[0].0);
    }
    let ((t0, a0), (t1, a1)) = (rising[index - 1], rising[index]);
    Some(t0 + (t1 - t0) * (level - a0) / (a1 - a0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [Point; 3] = [(0.0, 10.0), (50.0, 50.0), (100.0, 90.0)];

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?}, expected {expected}");
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
        // The method ends at 50, which the initial network reaches at 50 epochs and the method at 10.
        close(speedup(&LINE, &[(0.0, 10.0), (10.0, 50.0), (100.0, 50.0)]), 5.0);
    }

    #[test]
    fn curves_without_a_common_level_have_none() {
        assert_eq!(speedup(&LINE, &[(0.0, 95.0), (10.0, 99.0)]), None);
        assert_eq!(speedup(&LINE, &[]), None);
    }

    #[test]
    fn a_fall_in_between_does_not_count_and_the_rise_after_it_is_interpolated_from_its_foot() {
        // The running maximum of the method: 10 -> 50 at epoch 10, level until 20, then 90 at 30. At 90: 100 / 30.
        close(speedup(&LINE, &[(0.0, 10.0), (10.0, 50.0), (20.0, 30.0), (30.0, 90.0)]), 100.0 / 30.0);
        let rising = rises(&[(0.0, 10.0), (10.0, 50.0), (20.0, 30.0), (30.0, 90.0)]);
        assert_eq!(time(&rising, 70.0), Some(25.0));
    }

    #[test]
    fn the_level_with_the_largest_difference_decides() {
        // At level 50: 50 against 45; at level 90: 100 against 50.
        close(speedup(&LINE, &[(0.0, 10.0), (45.0, 50.0), (50.0, 90.0)]), 2.0);
    }
}
