//! Numbers as people read them.

use std::time::Duration;

pub(crate) use spinet::lab::thousands;

/// A fraction in percent with two decimals.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// A time with the two units that matter.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A file size.
pub(crate) fn file_size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{} bytes", thousands(bytes)),
        10_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_three() {
        let shown = [0, 999, 1000, 79_400, 1_234_567].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "79,400", "1,234,567"]);
    }

    #[test]
    fn times_have_the_units_that_matter() {
        let shown = [0.25, 12.9, 60.0, 3599.0, 7384.0]
            .map(|seconds| duration(Duration::from_secs_f64(seconds)));
        assert_eq!(
            shown,
            ["0.2 s", "12 s", "1 min 0 s", "59 min 59 s", "2 h 3 min"]
        );
    }

    #[test]
    fn fractions_have_two_decimals_in_percent() {
        assert_eq!([percent(0.88934), percent(1.0)], ["88.93 %", "100.00 %"]);
        assert_eq!(
            [9_999, 12_345, 26_421_880].map(file_size),
            ["9,999 bytes", "12.3 kB", "26.4 MB"]
        );
    }
}
