//! What a tuning varies: values of a setting, or a range to draw from.

use std::str::FromStr;

use serde::Serialize;
use spinet_rules::{Purpose, Setting, Stream};

use crate::Error;

/// Values of one setting, or of one option of the tuned rule. Written `NAME=VALUE,VALUE,...`, or as a
/// range `NAME=LOW..HIGH` or `NAME=LOW..HIGH:log`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// The setting or option.
    pub parameter: String,
    /// Its values; none of a range.
    pub values: Vec<Setting>,
    /// The range, from which random search draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
}

/// Numbers from which some are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Whether equal ratios are equally probable, not equal differences.
    pub is_logarithmic: bool,
    /// Whether they are whole numbers, as both ends are.
    pub is_whole: bool,
}

impl FromStr for Grid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::Grid {
            found: text.to_owned(),
        };
        let (parameter, list) = text.split_once('=').ok_or_else(bad)?;
        if parameter.trim().is_empty() || list.split(',').any(|value| value.trim().is_empty()) {
            return Err(bad());
        }
        let range = match list.split_once("..") {
            Some((low, rest)) => Some(range(low, rest).ok_or_else(bad)?),
            None => None,
        };
        let values = match range {
            Some(_) => Vec::new(),
            None => list
                .split(',')
                .filter_map(|value| value.trim().parse().ok())
                .collect(),
        };
        Ok(Self {
            parameter: parameter.trim().to_owned(),
            values,
            range,
        })
    }
}

fn range(low: &str, rest: &str) -> Option<Range> {
    let (high, is_logarithmic) = match rest.split_once(':') {
        Some((high, "log")) => (high, true),
        Some(_) => return None,
        None => (rest, false),
    };
    let ends = [low, high].map(str::trim);
    let [low, high] = ends.map(|end| end.parse::<f64>().ok().filter(|end| end.is_finite()));
    let (low, high) = low.zip(high)?;
    let is_good = low < high && (low > 0.0 || !is_logarithmic) && (high - low).is_finite();
    is_good.then(|| Range {
        low,
        high,
        is_logarithmic,
        is_whole: ends.iter().all(|end| end.parse::<i64>().is_ok()),
    })
}

impl Range {
    /// A number of the range, with three digits.
    ///
    /// ```text
    /// uniform      low + u (high - low)
    /// logarithmic  low (high / low)^u
    /// ```
    fn draw(&self, unit: f64) -> f64 {
        let Self { low, high, .. } = *self;
        let drawn = if self.is_logarithmic {
            low * (high / low).powf(unit)
        } else {
            low + unit * (high - low)
        };
        let rounded = if self.is_whole {
            drawn.round()
        } else {
            format!("{drawn:.2e}").parse().unwrap_or(drawn)
        };
        rounded.clamp(low, high)
    }
}

impl Grid {
    /// One value, at random.
    pub(super) fn draw(&self, stream: &mut Stream) -> Setting {
        match &self.range {
            Some(range) => Setting::Number(range.draw(stream.unit())),
            None => self.values[stream.below(self.values.len() as u32) as usize].clone(),
        }
    }
}

/// Every combination of the values, the first grid varying slowest.
pub(super) fn combinations(grids: &[Grid]) -> Vec<Vec<Setting>> {
    grids.iter().fold(vec![Vec::new()], |all, grid| {
        let with_each = |point: Vec<Setting>| {
            grid.values.iter().map(move |value| {
                let mut point = point.clone();
                point.push(value.clone());
                point
            })
        };
        all.into_iter().flat_map(with_each).collect()
    })
}

/// Draws for each point after which no new one is expected.
const MOST_DRAWS: usize = 100;

/// `count` different combinations at random; fewer where there are not so many. Those of a smaller
/// count are the first of a larger one.
pub(super) fn drawn(grids: &[Grid], count: usize, seed: u64) -> Vec<Vec<Setting>> {
    let mut points: Vec<Vec<Setting>> = Vec::new();
    for draw in 0..count.saturating_mul(MOST_DRAWS) as u64 {
        if points.len() == count {
            break;
        }
        let mut stream = Stream::new(seed, Purpose::Search, draw);
        let point: Vec<Setting> = grids.iter().map(|grid| grid.draw(&mut stream)).collect();
        if !points.contains(&point) {
            points.push(point);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(text: &str) -> Grid {
        text.parse().unwrap()
    }

    #[test]
    fn values_and_ranges_are_read() {
        let expected = |is_logarithmic, is_whole, low, high| {
            Some(Range {
                low,
                high,
                is_logarithmic,
                is_whole,
            })
        };
        assert_eq!(grid("a=1,b").values.len(), 2);
        assert_eq!(grid("a=0.1..1").range, expected(false, false, 0.1, 1.0));
        assert_eq!(grid("a=8..64:log").range, expected(true, true, 8.0, 64.0));
        assert_eq!(grid("a=-1..1").range, expected(false, true, -1.0, 1.0));
        for text in [
            "a=1..",
            "a=2..1",
            "a=0..1:log",
            "a=1..2:ln",
            "a=1..2,3",
            "a=nan..1",
        ] {
            let message = text.parse::<Grid>().unwrap_err().to_string();
            assert!(message.contains("LOW..HIGH"), "{text}: {message}");
        }
    }

    #[test]
    fn points_are_drawn_from_the_whole_range_without_repetition() {
        let grids = [
            grid("rate=0.001..1:log"),
            grid("batch=8..11"),
            grid("k=a,b"),
        ];
        let points = drawn(&grids, 200, 3);
        assert_eq!(points.len(), 200);
        assert_eq!(points[..50], drawn(&grids, 50, 3));
        assert_ne!(points, drawn(&grids, 200, 4));
        let numbers = |at: usize| {
            points.iter().map(move |point| match &point[at] {
                Setting::Number(number) => *number,
                Setting::Text(text) => panic!("{text} is no number"),
            })
        };
        assert!(numbers(0).all(|rate| (0.001..=1.0).contains(&rate)));
        // A third of the points is in each power of ten.
        let small = numbers(0).filter(|rate| *rate < 0.01).count();
        assert!((45..90).contains(&small), "{small} of 200");
        assert!(numbers(1).all(|batch| [8.0, 9.0, 10.0, 11.0].contains(&batch)));
        assert_eq!(drawn(&grids[1..], 100, 0).len(), 8, "there are no more");
    }
}
