//! Mean, standard deviation, and the confidence interval of a paired difference.

pub(crate) mod slowness;
pub(crate) mod speedup;
pub(crate) mod summary;

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::Interval;

/// Arithmetic mean; NaN of no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With so many decimals.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// The value in the middle, or the mean of the two in the middle; NaN of no values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

/// Standard deviation of the sample (divisor `n - 1`); 0 of a single value.
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Mean of `ours[k] - theirs[k]` with its 95 % confidence interval (Student's t, paired by k); none
/// with fewer than two pairs.
///
/// ```text
/// d +- t(0.975, n - 1) s_d / sqrt(n)
/// ```
pub fn paired_interval(ours: &[f64], theirs: &[f64]) -> Option<Interval> {
    let differences: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours - theirs)
        .collect();
    if differences.len() < 2 {
        return None;
    }
    let (mean, count) = (mean(&differences), differences.len());
    let half = student(count - 1) * standard_deviation(&differences) / (count as f64).sqrt();
    Some(Interval {
        mean,
        low: mean - half,
        high: mean + half,
    })
}

/// 97.5 % point of Student's t distribution, to three decimals as tables have it.
fn student(freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom as f64)
        .map_or(f64::NAN, |t| (t.inverse_cdf(0.975) * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_divides_by_one_less_than_the_count() {
        assert_eq!(mean(&[2.0, 4.0, 9.0]), 5.0);
        assert!((standard_deviation(&[2.0, 4.0, 9.0]) - 13.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(standard_deviation(&[3.0]), 0.0);
    }

    #[test]
    fn the_median_is_the_value_in_the_middle() {
        assert_eq!(
            (median(&[9.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 9.0])),
            (2.0, 3.0)
        );
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_interval_is_that_of_the_differences() {
        // Differences 1, 2, 3: mean 2, deviation 1, half width 4.303 / sqrt(3).
        let found = paired_interval(&[11.0, 22.0, 33.0], &[10.0, 20.0, 30.0]).unwrap();
        assert!(
            (found.mean - 2.0).abs() < 1e-12
                && (found.high - found.mean - 4.303 / 3.0_f64.sqrt()).abs() < 1e-12
        );
        assert!((found.mean - found.low - (found.high - found.mean)).abs() < 1e-12);
        assert!(paired_interval(&[1.0], &[2.0]).is_none());
    }

    /// The area from 0 to `t` under Student's density, by Simpson's rule, as a fraction of the area
    /// from 0 on.
    fn inner_fraction(t: f64, freedom: f64) -> f64 {
        let density = |x: f64| (1.0 + x * x / freedom).powf(-f64::midpoint(freedom, 1.0));
        let area = |to: f64, x: &dyn Fn(f64) -> f64| {
            const PIECES: usize = 20_000;
            let width = to / PIECES as f64;
            let weight = |index: usize| {
                if index == 0 || index == PIECES {
                    1.0
                } else {
                    2.0 + 2.0 * (index % 2) as f64
                }
            };
            (0..=PIECES)
                .map(|index| weight(index) * x(index as f64 * width))
                .sum::<f64>()
                * width
                / 3.0
        };
        // With x = tan(a) the whole half line is an angle.
        let all = area(std::f64::consts::FRAC_PI_2 - 1e-9, &|angle: f64| {
            density(angle.tan()) / angle.cos().powi(2)
        });
        area(t, &density) / all
    }

    #[test]
    fn every_quantile_leaves_a_fortieth_of_the_distribution_at_each_end() {
        for freedom in 1..=120 {
            // 0.0005 is what three decimals leave open, and the expansion is exact to that.
            let t = student(freedom);
            let [low, high] =
                [t - 0.000_55, t + 0.000_55].map(|t| inner_fraction(t, freedom as f64));
            assert!(
                low < 0.95 && high > 0.95,
                "freedom {freedom}: {t} leaves {low} to {high}"
            );
        }
    }

    #[test]
    fn the_expansion_meets_the_table_and_the_known_value_at_sixty() {
        assert!(
            (student(31) - 2.0395).abs() < 1e-3 && (student(60) - 2.0003).abs() < 1e-3,
            "{} {}",
            student(31),
            student(60)
        );
        assert!(student(4) == 2.776);
    }
}
