//! The labels of a table, from texts to numbers.

use std::path::Path;

use super::number::{self, Decimal};
use super::raw::Side;
use super::settings::Task;
use super::{RowPlace, shown};
use crate::error::Error;

/// Maximum number of classes: labels are bytes.
const MAX_CLASSES: usize = 256;

/// What the labels of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Classes,
    /// Numbers to predict, with how many different ones there are, at least.
    Numbers(usize),
}

/// Most whole numbers that are taken as classes without being asked.
const MAX_NUMBERED_CLASSES: usize = 20;

/// What these labels are for: words, and a few whole numbers that repeat, are classes.
pub(super) fn target(side: &Side, task: Task, decimal: Decimal) -> Found {
    match task {
        Task::Classification => return Found::Classes,
        Task::Regression => return Found::Numbers(side.words.len()),
        Task::Auto => {}
    }
    let numbers: Option<Vec<f64>> = side
        .words
        .list
        .iter()
        .map(|word| number::number(&word.text, decimal))
        .collect();
    let Some(mut numbers) = numbers.filter(|numbers| !numbers.is_empty()) else {
        return Found::Classes;
    };
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.dedup();
    let count = numbers.len().max(if side.words.is_full {
        side.words.len()
    } else {
        0
    });
    let are_few = count <= MAX_NUMBERED_CLASSES && (count <= 2 || side.rows.len() >= 2 * count);
    if are_few && numbers.iter().all(|number| whole(*number).is_some()) {
        Found::Classes
    } else {
        Found::Numbers(count)
    }
}

/// Labels as positions in the class names: those that are given, else those that were met, sorted.
/// Rows without a label are left to the caller; their label is 0.
pub(super) fn classes(
    side: &Side,
    class_names: Option<&[String]>,
    path: &Path,
    place: impl Fn(u64) -> RowPlace,
) -> Result<(Vec<u8>, Vec<String>), Error> {
    let known: Vec<(String, u64)> = side
        .words
        .list
        .iter()
        .map(|word| (String::from_utf8_lossy(&word.text).into_owned(), word.line))
        .collect();
    if let (None, Some((_, line))) = (class_names, known.get(MAX_CLASSES)) {
        return Err(Error::TooManyClasses {
            path: path.to_owned(),
            place: place(*line),
            limit: MAX_CLASSES,
        });
    }
    // Whole numbers are the same class however they are written: `1`, `01`, `1.0`.
    let whole: Option<Vec<i64>> = known.iter().map(|(text, _)| whole_number(text)).collect();
    let name = |text: &str| match (&whole, whole_number(text)) {
        (Some(_), Some(number)) => number.to_string(),
        _ => text.to_owned(),
    };
    let class_names =
        class_names.map_or_else(|| found_names(&known, whole.as_deref()), <[String]>::to_vec);
    if class_names.len() < 2 {
        return Err(Error::OneClass {
            path: path.to_owned(),
            found: class_names.len(),
        });
    }
    let mut labels = Vec::with_capacity(known.len());
    for (text, line) in &known {
        let position = class_names
            .iter()
            .position(|class| *class == name(text) || class == text);
        match position.map(u8::try_from) {
            Some(Ok(label)) => labels.push(label),
            _ => {
                return Err(Error::UnknownClass {
                    path: path.to_owned(),
                    place: place(*line),
                    found: shown(text.as_bytes()),
                });
            }
        }
    }
    let rows = side
        .rows
        .iter()
        .map(|row| labels.get(*row as usize).copied().unwrap_or(0));
    Ok((rows.collect(), class_names))
}

/// Numbers in their order, or else texts in theirs.
fn found_names(known: &[(String, u64)], whole: Option<&[i64]>) -> Vec<String> {
    if let Some(numbers) = whole {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        return numbers.iter().map(ToString::to_string).collect();
    }
    let mut names: Vec<String> = known.iter().map(|(text, _)| text.clone()).collect();
    names.sort_unstable();
    names
}

/// `3`, `-3`, `3.0` and `3e0`, but nothing with a fraction.
fn whole_number(text: &str) -> Option<i64> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().and_then(whole))
}

/// The integer that a number is, where floating-point numbers still tell integers apart.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finish(
        texts: &[&str],
        class_names: Option<&[&str]>,
    ) -> Result<(Vec<u8>, Vec<String>), Error> {
        let names: Option<Vec<String>> =
            class_names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let path = Path::new("t.csv");
        super::classes(&side(texts), names.as_deref(), path, RowPlace::Row)
    }

    fn side(texts: &[&str]) -> Side {
        let mut side = Side::new(10_000);
        for (row, text) in (1..).zip(texts) {
            side.add(Some(text.as_bytes()), row);
        }
        side
    }

    #[test]
    fn words_and_a_few_whole_numbers_that_repeat_are_classes() {
        let numbers = |count: usize, repeats: usize| {
            let texts: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            target(&side(&texts.repeat(repeats)), Task::Auto, Decimal::Point)
        };
        assert_eq!(numbers(20, 2), Found::Classes);
        assert_eq!(numbers(20, 1), Found::Numbers(20));
        assert_eq!(numbers(21, 9), Found::Numbers(21));
        assert_eq!(numbers(2, 1), Found::Classes);
        for (texts, expected) in [
            (&["a", "1", "2"][..], Found::Classes),
            (&["1.0", "1", "2.0"], Found::Classes),
            (&["0.5", "1", "0.5", "1"], Found::Numbers(2)),
        ] {
            assert_eq!(target(&side(texts), Task::Auto, Decimal::Point), expected);
        }
        let asked = target(&side(&["0.5", "1"]), Task::Classification, Decimal::Point);
        assert_eq!(asked, Found::Classes);
    }

    fn classes(texts: &[&str]) -> (Vec<u8>, Vec<String>) {
        finish(texts, None).unwrap()
    }

    #[test]
    fn words_are_sorted_as_text_and_whole_numbers_as_numbers() {
        assert_eq!(
            classes(&["cat", "ant", "bee", "cat"]),
            (
                vec![2, 0, 1, 2],
                ["ant", "bee", "cat"].map(String::from).to_vec()
            )
        );
        assert_eq!(
            classes(&["10", "9", "-1", "9"]),
            (
                vec![2, 1, 0, 1],
                ["-1", "9", "10"].map(String::from).to_vec()
            )
        );
        assert_eq!(
            classes(&["1", "1.0", "01", "2"]),
            (vec![0, 0, 0, 1], ["1", "2"].map(String::from).to_vec())
        );
        // One word makes all of them words.
        assert_eq!(
            classes(&["10", "9", "x"]),
            (vec![0, 1, 2], ["10", "9", "x"].map(String::from).to_vec())
        );
        assert_eq!(classes(&["1.5", "2"]).1, ["1.5", "2"]);
    }

    #[test]
    fn given_classes_keep_their_order_and_refuse_others() {
        assert_eq!(
            finish(&["bee", "ant"], Some(&["cat", "bee", "ant"]))
                .unwrap()
                .0,
            [1, 2]
        );
        assert_eq!(
            finish(&["2.0", "1"], Some(&["0", "1", "2"])).unwrap().0,
            [2, 1]
        );
        let text = finish(&["ant", "cow"], Some(&["ant", "bee"]))
            .unwrap_err()
            .to_string();
        assert_eq!(text, "t.csv: row 2 has label `cow`, expected a known class");
    }

    #[test]
    fn one_class_and_too_many_are_refused() {
        let text = finish(&["a", "a"], None).unwrap_err().to_string();
        assert!(
            text.starts_with(
                "t.csv: label column has 1 different labels, expected at least 2\n\nhint: "
            ),
            "{text}"
        );
        let texts: Vec<String> = (0..257).map(|number| format!("{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(classes(&texts[..256]).1.len(), 256);
        let text = finish(&texts, None).unwrap_err().to_string();
        assert!(
            text.starts_with("t.csv: label column has more than 256 different labels at row 257, expected at most 256\n\nhint: "),
            "{text}"
        );
    }
}
