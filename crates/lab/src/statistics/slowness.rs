//! How slowly an accuracy rises: the plateau fit of Dellaferrera et al.
//!
//! ```text
//! accuracy(X) = accuracy_max * X / (s + X)          X = epochs done, 0 to N
//! ```
//!
//! `accuracy_max` is the largest accuracy of those epochs, and the slowness `s > 0`, in epochs, is
//! fitted by least squares: after `s` epochs the curve is half way up. Smaller is faster. The point
//! at `X = 0`, which the authors set to chance, moves nothing: the equation is 0 there for every
//! `s`.

/// Epochs that are fitted, as the authors' notebook does.
const MOST_EPOCHS: f64 = 100.0;
/// Ends of the search, and points of its first, coarse part; in natural logarithms of epochs.
const LOW: f64 = -14.0;
const HIGH: f64 = 14.0;
const POINTS: f64 = 280.0;

/// The slowness of a curve of epochs and accuracies, in epochs; none without an accuracy above 0
/// after the start.
pub fn slowness(curve: &[(f64, f64)]) -> Option<f64> {
    let curve: Vec<(f64, f64)> = curve
        .iter()
        .copied()
        .filter(|(epoch, _)| *epoch > 0.0 && *epoch <= MOST_EPOCHS)
        .collect();
    let largest = curve
        .iter()
        .fold(0.0, |largest: f64, (_, accuracy)| largest.max(*accuracy));
    if largest <= 0.0 {
        return None;
    }
    let error = |logarithm: f64| {
        let s = logarithm.exp();
        curve
            .iter()
            .map(|(epoch, accuracy)| (accuracy - largest * epoch / (s + epoch)).powi(2))
            .sum::<f64>()
    };
    // The sum of squares can have more than one valley, so the deepest of a fine grid is followed.
    let width = (HIGH - LOW) / POINTS;
    let grid = (0..=POINTS as usize).map(|index| LOW + width * index as f64);
    let start = grid.min_by(|a, b| error(*a).total_cmp(&error(*b)))?;
    Some(golden_section(error, start - width, start + width).exp())
}

/// Where a function with one valley between two places is smallest.
fn golden_section(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    // The place is shrunk by the ratio each time: to a billionth after 43 times, below which the
    // sum of squares is level.
    for _ in 0..43 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if f(left) <= f(right) {
            high = right;
        } else {
            low = left;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowness_of_the_equation_itself_is_found() {
        for s in [0.02, 0.5, 3.0, 40.0] {
            // The maximum of so many epochs is nearly the limit only where the curve is fast, so it
            // is appended.
            let mut curve: Vec<(f64, f64)> = (0..100)
                .map(|epoch| {
                    (
                        f64::from(epoch),
                        90.0 * f64::from(epoch) / (s + f64::from(epoch)),
                    )
                })
                .collect();
            curve.push((100.0, 90.0));
            let found = slowness(&curve).unwrap();
            assert!((found / s - 1.0).abs() < 0.05, "{found} instead of {s}");
        }
    }

    #[test]
    fn the_fit_is_that_of_an_independent_program() {
        // scipy 1.17.1 gives 0.37177266 (curve_fit, start value 0.5), the root of the derivative by
        // bisection 0.371772864563.
        let curve = [
            (0.0, 9.0),
            (1.0, 60.0),
            (2.0, 75.0),
            (3.0, 84.0),
            (4.0, 88.0),
            (5.0, 90.0),
        ];
        let found = slowness(&curve).unwrap();
        assert!((found - 0.371_772_864_563).abs() < 1e-7, "{found}");
    }

    #[test]
    fn a_faster_curve_has_a_smaller_slowness_and_a_curve_without_accuracy_none() {
        let slow = [(1.0, 50.0), (2.0, 60.0), (3.0, 70.0)];
        let fast = [(1.0, 65.0), (2.0, 69.0), (3.0, 70.0)];
        assert!(slowness(&fast) < slowness(&slow));
        assert_eq!(slowness(&[(0.0, 10.0)]), None);
        assert_eq!(slowness(&[(0.0, 10.0), (1.0, 0.0)]), None);
    }

    #[test]
    fn epochs_after_the_first_hundred_do_not_count() {
        let curve: Vec<(f64, f64)> = (0..=100)
            .map(|epoch| {
                (
                    f64::from(epoch),
                    80.0 * f64::from(epoch) / (2.0 + f64::from(epoch)),
                )
            })
            .collect();
        let longer = [curve.clone(), vec![(101.0, 100.0), (500.0, 100.0)]].concat();
        assert_eq!(slowness(&curve), slowness(&longer));
    }
}
