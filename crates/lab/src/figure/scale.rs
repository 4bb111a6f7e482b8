//! One axis as numbers: its range, its ticks, and where a value lies.
//!
//! A *place* is the value itself on a linear axis and its decimal logarithm on a logarithmic one,
//! so that everything after works on a linear axis.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::{Axis, FigureError};
use crate::count::grouped;

/// Share of the range left free at either end of a range taken from the data.
const MARGIN: f64 = 0.04;

/// A range of places with its ticks.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Scale {
    /// The axis's own range, or one around those `values` that can be shown, with a margin if
    /// `has_margin`.
    pub(super) fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        has_margin: bool,
    ) -> Result<Self, FigureError> {
        let mut scale = Self {
            low: 0.0,
            high: 1.0,
            is_logarithmic: axis.is_logarithmic,
            ticks: Vec::new(),
        };
        if let Some((low, high)) = axis.range {
            let places = scale
                .place(low)
                .zip(scale.place(high))
                .filter(|(low, high)| low < high);
            let invalid = || FigureError::InvalidRange {
                axis: axis.label.clone(),
                low,
                high,
                is_logarithmic: axis.is_logarithmic,
            };
            (scale.low, scale.high) = places.ok_or_else(invalid)?;
            return Ok(scale);
        }
        let places = values.filter_map(|value| scale.place(value));
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), place| {
            (low.min(place), high.max(place))
        });
        if low > high {
            return Ok(scale);
        }
        let margin = if low == high {
            if scale.is_logarithmic {
                0.5
            } else {
                (low.abs() * 0.1).max(0.5)
            }
        } else if has_margin {
            (high - low) * MARGIN
        } else {
            0.0
        };
        // An axis of counts or percentages does not start below 0.
        let floor = if low >= 0.0 && !scale.is_logarithmic {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        (scale.low, scale.high) = ((low - margin).max(floor), high + margin);
        Ok(scale)
    }

    /// Where a value lies; `None` if it cannot be shown.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = if self.is_logarithmic {
            value.log10()
        } else {
            value
        };
        place.is_finite().then_some(place)
    }

    /// Where a value lies, moved to the nearer end of the range if it lies outside; `None` for a
    /// value that is not finite.
    pub(super) fn place_inside(&self, value: f64) -> Option<f64> {
        let place = if self.is_logarithmic {
            value.max(f64::MIN_POSITIVE).log10()
        } else {
            value
        };
        value.is_finite().then(|| place.clamp(self.low, self.high))
    }

    /// First and last place.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The labels of the ticks.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.ticks.iter().map(|(_, label)| label.as_str())
    }

    /// Chooses the most ticks whose labels stay apart on an axis `length` pixels long, where `room`
    /// is the pixels that a label needs.
    pub(super) fn set_ticks(&mut self, length: f64, room: impl Fn(&str) -> f64) {
        let stays_apart = |ticks: &[(f64, String)]| {
            ticks.windows(2).all(|pair| {
                let distance = (pair[1].0 - pair[0].0) / (self.high - self.low) * length;
                distance >= f64::midpoint(room(&pair[0].1), room(&pair[1].1))
            })
        };
        let choices = self.choices();
        let best = choices
            .iter()
            .find(|ticks| ticks.len() >= 2 && stays_apart(ticks));
        self.ticks = best
            .or_else(|| choices.iter().find(|ticks| stays_apart(ticks)))
            .cloned()
            .unwrap_or_default();
    }

    /// Sets of ticks, the most welcome first.
    fn choices(&self) -> Vec<Vec<(f64, String)>> {
        let mut choices = Vec::new();
        if self.is_logarithmic {
            if self.high - self.low < 2.0 {
                choices.push(self.decades(1, &[1.0, 2.0, 5.0]));
            }
            choices.extend((1..=8).map(|stride| self.decades(stride, &[1.0])));
        }
        choices.extend((2..=10).rev().map(|count| self.round_values(count)));
        choices
    }

    /// Multiples of every `stride`-th power of ten.
    fn decades(&self, stride: i32, multiples: &[f64]) -> Vec<(f64, String)> {
        let first = (self.low.floor() as i32).div_euclid(stride) * stride;
        let powers = (first..=self.high.ceil() as i32).step_by(stride.unsigned_abs() as usize);
        let values = powers.flat_map(|power| {
            multiples
                .iter()
                .map(move |multiple| (power, multiple * 10_f64.powi(power)))
        });
        let ticks = values.filter_map(|(power, value)| {
            self.place(value).map(|place| (place, label(value, power)))
        });
        ticks.filter(|(place, _)| self.holds(*place)).collect()
    }

    /// At most about `count` steps of 1, 2 or 5 times a power of ten.
    fn round_values(&self, count: u32) -> Vec<(f64, String)> {
        let value = |place: f64| {
            if self.is_logarithmic {
                10_f64.powf(place)
            } else {
                place
            }
        };
        let (low, high) = (value(self.low), value(self.high));
        let raw = (high - low) / f64::from(count);
        if !raw.is_normal() {
            return Vec::new();
        }
        let mut power = raw.log10().floor() as i32;
        let mut factor = [1.0, 2.0, 5.0]
            .into_iter()
            .find(|factor| factor * 10_f64.powi(power) >= raw * 0.999)
            .unwrap_or(10.0);
        if factor == 10.0 {
            (power, factor) = (power + 1, 1.0);
        }
        // Dividing by the inverse keeps 0.3 from becoming 0.30000000000000004.
        let scaled = |k: f64| {
            if power < 0 {
                k * factor / 10_f64.powi(-power)
            } else {
                k * factor * 10_f64.powi(power)
            }
        };
        let step = scaled(1.0);
        let first = (low / step - 1e-9).ceil();
        let values = (0..=count).map(|k| scaled(first + f64::from(k)));
        let ticks =
            values.filter_map(|value| self.place(value).map(|place| (place, label(value, power))));
        ticks.filter(|(place, _)| self.holds(*place)).collect()
    }

    fn holds(&self, place: f64) -> bool {
        let slack = (self.high - self.low) * 1e-9;
        (self.low - slack..=self.high + slack).contains(&place)
    }

    /// The places of 2 to 9 times the powers of ten, for fine lines on a logarithmic axis of few
    /// decades.
    fn fine_places(&self) -> Vec<f64> {
        if !self.is_logarithmic || self.high - self.low > 5.0 {
            return Vec::new();
        }
        self.decades(1, &[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
            .into_iter()
            .map(|(place, _)| place)
            .collect()
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, limit: (i32, i32)) -> i32 {
        let share = (place - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            self.fine_places()
        } else {
            self.ticks.iter().map(|(place, _)| *place).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, place: &f64) -> String {
        self.ticks
            .iter()
            .find(|(tick, _)| tick == place)
            .map_or_else(String::new, |(_, label)| label.clone())
    }
}

/// A tick's label, exact to the given power of ten: `1,200`, `0.05`, `2e-7`.
fn label(value: f64, power: i32) -> String {
    let size = value.abs();
    let digits = if size >= 1e7 || (size > 0.0 && size < 1e-4) {
        let exponent = (size.log10() + 1e-9).floor() as i32;
        let decimals = (exponent - power).clamp(0, 6) as usize;
        format!("{:.decimals$}e{exponent}", size / 10_f64.powi(exponent))
    } else {
        let decimals = (-power).clamp(0, 12) as usize;
        grouped(&format!("{size:.decimals$}"))
    };
    if value < 0.0 {
        format!("\u{2212}{digits}")
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(low: f64, high: f64, is_logarithmic: bool, length: f64) -> Vec<String> {
        let axis = Axis {
            label: "x".to_owned(),
            range: Some((low, high)),
            is_logarithmic,
        };
        let mut scale = Scale::new(&axis, std::iter::empty(), false).unwrap();
        scale.set_ticks(length, |label| {
            super::super::text::width(label, 12.0) + 10.0
        });
        scale.labels().map(str::to_owned).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_have_commas() {
        assert_eq!(
            ticks(0.0, 2500.0, false, 300.0),
            ["0", "500", "1,000", "1,500", "2,000", "2,500"]
        );
        assert_eq!(
            ticks(0.0, 0.35, false, 500.0),
            [
                "0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30", "0.35"
            ]
        );
        assert_eq!(
            ticks(-1.0, 1.0, false, 300.0),
            ["\u{2212}1.0", "\u{2212}0.5", "0.0", "0.5", "1.0"]
        );
        assert_eq!(ticks(0.0, 3e7, false, 200.0), ["0", "1e7", "2e7", "3e7"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten_and_finer_on_short_axes() {
        assert_eq!(ticks(1.0, 5000.0, true, 300.0), ["1", "10", "100", "1,000"]);
        assert_eq!(
            ticks(1.0, 50.0, true, 300.0),
            ["1", "2", "5", "10", "20", "50"]
        );
        assert_eq!(
            ticks(60.0, 110.0, true, 300.0),
            ["60", "70", "80", "90", "100", "110"]
        );
        assert_eq!(
            ticks(1e-6, 1.0, true, 300.0),
            ["1e-6", "1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]
        );
    }

    #[test]
    fn a_short_axis_has_fewer_ticks() {
        assert_eq!(ticks(0.0, 2500.0, false, 100.0), ["0", "2,000"]);
        assert_eq!(ticks(1.0, 1e9, true, 120.0), ["1", "10,000", "1e8"]);
    }

    #[test]
    fn a_range_around_one_value_is_not_empty() {
        let axis = Axis::new("x", false);
        let scale = Scale::new(&axis, [7.0, f64::NAN].into_iter(), true).unwrap();
        assert_eq!(scale.ends(), (6.3, 7.7));
    }

    #[test]
    fn counts_do_not_start_below_zero() {
        let axis = Axis::new("x", false);
        assert_eq!(
            Scale::new(&axis, [0.0, 100.0].into_iter(), true)
                .unwrap()
                .ends(),
            (0.0, 104.0)
        );
    }
}
