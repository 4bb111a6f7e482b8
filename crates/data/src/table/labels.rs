//! The labels of a table, from texts to numbers.

use std::collections::BTreeMap;
use std::path::Path;

use super::{RowPlace, shown};
use crate::error::Error;

/// Maximum number of classes: labels are bytes.
const MAX_CLASSES: usize = 256;

/// Labels as they were met.
#[derive(Default)]
pub(super) struct Labels {
    /// Each different text with its number, in the order of first meeting, and where that was.
    known: BTreeMap<String, (u8, RowPlace)>,
    /// The number of each row.
    rows: Vec<u8>,
}

impl Labels {
    pub(super) fn reserve(&mut self, rows: usize) -> bool {
        self.rows.try_reserve_exact(rows).is_ok()
    }

    /// Adds the label of the next row.
    pub(super) fn add(&mut self, text: &str, place: RowPlace, path: &Path) -> Result<(), Error> {
        let number = if let Some((number, _)) = self.known.get(text) {
            *number
        } else {
            let Ok(number) = u8::try_from(self.known.len()) else {
                return Err(Error::TooManyClasses {
                    path: path.to_owned(),
                    place,
                    limit: MAX_CLASSES,
                });
            };
            self.known.insert(text.to_owned(), (number, place));
            number
        };
        self.rows.push(number);
        Ok(())
    }

    /// Labels as positions in the class names: those that are given, else those that were met,
    /// sorted.
    pub(super) fn finish(
        self,
        class_names: Option<&[String]>,
        path: &Path,
    ) -> Result<(Vec<u8>, Vec<String>), Error> {
        let Self { known, mut rows } = self;
        // Whole numbers are the same class however they are written: `1`, `01`, `1.0`.
        let whole: Option<Vec<i64>> = known.keys().map(|text| whole_number(text)).collect();
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
        let mut labels = [0; MAX_CLASSES];
        for (text, (number, place)) in &known {
            let position = class_names
                .iter()
                .position(|class| *class == name(text) || class == text);
            match position.map(u8::try_from) {
                Some(Ok(label)) => labels[usize::from(*number)] = label,
                _ => {
                    return Err(Error::UnknownClass {
                        path: path.to_owned(),
                        place: *place,
                        found: shown(text.as_bytes()),
                    });
                }
            }
        }
        for row in &mut rows {
            *row = labels[usize::from(*row)];
        }
        Ok((rows, class_names))
    }
}

/// Numbers in their order, or else texts in theirs.
fn found_names(known: &BTreeMap<String, (u8, RowPlace)>, whole: Option<&[i64]>) -> Vec<String> {
    match whole {
        Some(numbers) => {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers.dedup();
            numbers.iter().map(ToString::to_string).collect()
        }
        None => known.keys().cloned().collect(),
    }
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
        let (mut labels, path) = (Labels::default(), Path::new("t.csv"));
        for (row, text) in (1..).zip(texts) {
            labels.add(text, RowPlace::Row(row), path)?;
        }
        let names: Option<Vec<String>> =
            class_names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        labels.finish(names.as_deref(), path)
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
