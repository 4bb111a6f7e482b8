//! How numbers are spread, as bars of text.

use serde::Serialize;

use crate::error::Error;
use crate::output::Output;
use crate::show::number::thousands;

const BARS: usize = 15;
/// Width of the longest bar, in characters.
const WIDTH: usize = 40;
/// Bars shorter than a character, by eighths of its width.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// Counts of numbers in intervals of equal width.
#[derive(Serialize)]
pub(crate) struct Histogram {
    low: f64,
    high: f64,
    counts: [u64; BARS],
}

impl Histogram {
    /// Counts `values`; those outside `low..=high` go to the nearest interval.
    pub(crate) fn new(values: &[f32], low: f64, high: f64) -> Self {
        let mut counts = [0; BARS];
        for value in values {
            let position = (f64::from(*value) - low) / (high - low) * BARS as f64;
            counts[(position as usize).min(BARS - 1)] += 1;
        }
        Self { low, high, counts }
    }

    pub(crate) fn show(&self, output: &mut Output) -> Result<(), Error> {
        let step = (self.high - self.low) / BARS as f64;
        let most = self.counts.iter().copied().max().unwrap_or(0).max(1);
        let width = thousands(most).len();
        for (index, count) in self.counts.iter().enumerate() {
            let low = self.low + step * index as f64;
            let line = format!(
                "    {low:>8.3} to {:>7.3}  {:>width$} {}",
                low + step,
                thousands(*count),
                bar(*count, most)
            );
            writeln!(output, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A bar for `count` of `most`; what is not zero can be seen.
fn bar(count: u64, most: u64) -> String {
    let eighths = (count as f64 / most as f64 * (8 * WIDTH) as f64).round() as usize;
    let eighths = if count > 0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_counted_once_and_the_ends_belong_to_the_outer_bars() {
        let histogram = Histogram::new(&[-1.5, -1.0, 0.0, 0.0, 1.0, f32::NAN], -1.5, 1.5);
        assert_eq!(
            histogram.counts,
            [2, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0]
        );
        assert_eq!(Histogram::new(&[3.0; 4], 0.0, 3.0).counts[BARS - 1], 4);
        assert_eq!(
            Histogram::new(&[0.0; 4], 0.0, 0.0)
                .counts
                .iter()
                .sum::<u64>(),
            4
        );
    }

    #[test]
    fn bars_are_in_proportion_and_few_are_not_none() {
        assert_eq!(bar(10, 10).chars().count(), WIDTH);
        assert_eq!(bar(5, 10), "█".repeat(WIDTH / 2));
        assert_eq!((bar(1, 1_000_000).as_str(), bar(0, 7).as_str()), ("▏", ""));
    }
}
