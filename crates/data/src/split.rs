//! Subsets and folds that can be reproduced in any language: samples are ordered by the SHA-256 of
//! a text.
//!
//! Sample `i` has the key text `{key} {i}` (`i` in decimal, counted from 0), for example `spinet
//! mnist-1200 17`. Samples of a class are put in the order of the SHA-256 of their key texts,
//! compared as bytes. There is no random-number generator whose algorithm could change, and the
//! draw does not depend on the order in which classes are visited.

use std::cmp::Ordering;
use std::fmt::Write;
use std::num::NonZero;
use std::thread;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::options::Part;

/// One split of the training set; both lists are ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Training indices.
    pub train: Vec<usize>,
    /// Validation indices; together with `train`, every index once.
    pub validation: Vec<usize>,
}

/// The `per_class` samples of each class with the smallest SHA-256 of `{key} {index}`; ascending
/// indices.
///
/// A larger `per_class` with the same key keeps all samples of a smaller one.
///
/// # Errors
///
/// - [`Error::Label`] if a label is not below `classes`.
/// - [`Error::ClassTooSmall`] if a class has fewer than `per_class` samples.
///
/// # Example
///
/// ```
/// let labels = [0, 1, 0, 1, 0, 1];
/// let drawn = spinet_data::balanced_draw(&labels, 2, 2, "example")?;
/// assert_eq!(drawn.len(), 4);
/// assert_eq!(drawn.iter().filter(|&&index| labels[index] == 0).count(), 2);
/// # Ok::<(), spinet_data::Error>(())
/// ```
pub fn balanced_draw(
    labels: &[u8],
    classes: usize,
    per_class: usize,
    key: &str,
) -> Result<Vec<usize>, Error> {
    let mut drawn = Vec::with_capacity(classes.saturating_mul(per_class).min(labels.len()));
    for members in ordered_classes(labels, classes, per_class, key)? {
        drawn.extend_from_slice(&members[..per_class]);
    }
    drawn.sort_unstable();
    Ok(drawn)
}

/// Splits the samples into `folds` parts of nearly equal size, stratified by class; each part is
/// the validation set of one fold.
///
/// Each class, from 0 upwards, is ordered as in [`balanced_draw`] and dealt like cards to fold 0,
/// 1, 2, ... and round again; the next class continues where the last one stopped. So sizes, and
/// the counts of each class, differ by at most one.
///
/// # Errors
///
/// - [`Error::FoldCount`] if `folds` is below 2.
/// - [`Error::Label`] if a label is not below `classes`.
/// - [`Error::ClassTooSmall`] if a class has fewer samples than there are folds.
pub fn balanced_folds(
    labels: &[u8],
    classes: usize,
    folds: usize,
    key: &str,
) -> Result<Vec<Fold>, Error> {
    if folds < 2 {
        return Err(Error::FoldCount { found: folds });
    }
    let dealt = ordered_classes(labels, classes, folds, key)?.concat();
    let mut fold_of = vec![0; labels.len()];
    for (position, &index) in dealt.iter().enumerate() {
        fold_of[index] = position % folds;
    }
    let fold = |number| {
        let (validation, train) = (0..labels.len()).partition(|&index| fold_of[index] == number);
        Fold { train, validation }
    };
    Ok((0..folds).map(fold).collect())
}

/// Two parts of the samples; both lists are ascending and together hold every index once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Training indices.
    pub train: Vec<usize>,
    /// Test indices.
    pub test: Vec<usize>,
}

/// Splits the samples into a training and a test set, stratified by class.
///
/// The test set has `T` samples: the count, or the fraction of all `n` samples, rounded. A class of
/// `m` samples gives `floor(T m / n)` of them; what is left continuese by one to the classes with
/// the largest remainders, the first of equals, but every class keeps a training sample. Of each
/// class, those with the smallest SHA-256 of `{key} {index}` are test samples.
///
/// # Errors
///
/// - [`Error::Label`] if a label is not below `classes`.
/// - [`Error::PartSize`] if `T` is 0, or so large that a class would keep no training sample.
///
/// # Example
///
/// ```
/// use spinet_data::{Part, balanced_parts};
///
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
/// let parts = balanced_parts(&labels, 2, Part::Fraction(0.34), "example")?;
/// assert_eq!((parts.train.len(), parts.test.len()), (6, 3));
/// assert_eq!(parts.test.iter().filter(|&&index| labels[index] == 1).count(), 1);
/// # Ok::<(), spinet_data::Error>(())
/// ```
pub fn balanced_parts(
    labels: &[u8],
    classes: usize,
    part: Part,
    key: &str,
) -> Result<Parts, Error> {
    check_labels(labels, classes)?;
    let samples = labels.len();
    let wanted = match part {
        Part::Count(count) => count,
        Part::Fraction(fraction) => share(fraction, samples),
    };
    let mut counts = vec![0_usize; classes];
    for label in labels {
        counts[usize::from(*label)] += 1;
    }
    let most: usize = counts.iter().map(|count| count.saturating_sub(1)).sum();
    if wanted == 0 || wanted > most {
        return Err(Error::PartSize {
            found: wanted,
            most,
            samples,
        });
    }
    // Products of two counts of samples in memory need 128 bits at most.
    let own_share = |count: &usize| (wanted as u128 * *count as u128) / samples as u128;
    let remainder = |class: usize| (wanted as u128 * counts[class] as u128) % samples as u128;
    let mut shares: Vec<usize> = counts
        .iter()
        .map(|count| own_share(count) as usize)
        .collect();
    let mut by_remainder: Vec<usize> = (0..classes).collect();
    by_remainder.sort_by_key(|class| std::cmp::Reverse(remainder(*class)));
    let mut left = wanted - shares.iter().sum::<usize>();
    while left > 0 {
        for class in &by_remainder {
            if left > 0 && shares[*class] + 1 < counts[*class] {
                shares[*class] += 1;
                left -= 1;
            }
        }
    }
    let mut is_test = vec![false; samples];
    for (class, share) in shares
        .into_iter()
        .enumerate()
        .filter(|(_, share)| *share > 0)
    {
        // Class after class, and only the digests of one: a million samples take little memory.
        let mut keyed = keyed_class(labels, class, key);
        keyed.select_nth_unstable_by(share - 1, |a, b| by_digest(*a, *b, key));
        for (_, index) in &keyed[..share] {
            is_test[*index] = true;
        }
    }
    // Lists that grow step by step would take twice the memory.
    let mut parts = Parts {
        train: Vec::with_capacity(samples - wanted),
        test: Vec::with_capacity(wanted),
    };
    for (index, is_test) in is_test.into_iter().enumerate() {
        if is_test {
            parts.test.push(index);
        } else {
            parts.train.push(index);
        }
    }
    Ok(parts)
}

/// A fraction of the samples, rounded, halves up, as decimal arithmetic has it: 0.145 of 100 is
/// 14.5, although the product is 14.499999999999998 in binary.
pub(crate) fn share(fraction: f64, samples: usize) -> usize {
    (fraction * samples as f64 * (1.0 + 1e-12)).round() as usize
}

/// The indices of each class in the order of their digests; every class has at least `least` of
/// them.
fn ordered_classes(
    labels: &[u8],
    classes: usize,
    least: usize,
    key: &str,
) -> Result<Vec<Vec<usize>>, Error> {
    check_labels(labels, classes)?;
    let ordered = |class: usize| {
        let mut keyed = keyed_class(labels, class, key);
        if keyed.len() < least {
            return Err(Error::ClassTooSmall {
                class,
                found: keyed.len(),
                expected: least,
            });
        }
        keyed.sort_unstable_by(|a, b| by_digest(*a, *b, key));
        Ok(keyed.into_iter().map(|(_, index)| index).collect())
    };
    (0..classes).map(ordered).collect()
}

/// Every label is one of the classes.
fn check_labels(labels: &[u8], classes: usize) -> Result<(), Error> {
    let unknown = labels
        .iter()
        .position(|&label| usize::from(label) >= classes);
    match unknown {
        Some(index) => Err(Error::Label {
            index,
            found: labels[index],
            classes,
        }),
        None => Ok(()),
    }
}

/// The samples of a class, each with the first bytes of its digest, which nearly always decide.
fn keyed_class(labels: &[u8], class: usize, key: &str) -> Vec<(u64, usize)> {
    let members = labels
        .iter()
        .enumerate()
        .filter(|&(_, &label)| usize::from(label) == class);
    let mut keyed: Vec<(u64, usize)> = members.map(|(index, _)| (0, index)).collect();
    let digest_all = |part: &mut [(u64, usize)]| {
        let mut digests = Digests::new(key);
        for (first, index) in part {
            let digest = digests.of(*index);
            *first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
        }
    };
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(8);
    if keyed.len() < FEW || threads == 1 {
        digest_all(&mut keyed);
        return keyed;
    }
    let size = keyed.len().div_ceil(threads);
    thread::scope(|scope| {
        for part in keyed.chunks_mut(size) {
            scope.spawn(|| digest_all(part));
        }
    });
    keyed
}

/// Samples of a class that are digested on one thread.
const FEW: usize = 10_000;

fn by_digest(a: (u64, usize), b: (u64, usize), key: &str) -> Ordering {
    let whole = |(_, index)| Digests::new(key).of(index);
    a.0.cmp(&b.0).then_with(|| whole(a).cmp(&whole(b)))
}

/// SHA-256 of the key texts of samples.
struct Digests {
    /// The key and a space, then the last index.
    text: String,
    start: usize,
}

impl Digests {
    fn new(key: &str) -> Self {
        Self {
            text: format!("{key} "),
            start: key.len() + 1,
        }
    }

    fn of(&mut self, index: usize) -> sha2::digest::Output<Sha256> {
        self.text.truncate(self.start);
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{index}");
        Sha256::digest(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked with: `for i in 0 1 2 3 4 5 6 7; do printf 'key %d' $i | sha256sum; done`
    const LABELS: [u8; 8] = [0, 1, 0, 1, 0, 1, 0, 1];

    #[test]
    fn draw_takes_the_smallest_digests_of_each_class() {
        assert_eq!(balanced_draw(&LABELS, 2, 2, "key").unwrap(), [0, 1, 2, 7]);
    }

    #[test]
    fn a_larger_draw_contains_the_smaller_one() {
        let labels: Vec<u8> = (0..200_u8).map(|i| i % 10).collect();
        let small = balanced_draw(&labels, 10, 5, "nested").unwrap();
        let large = balanced_draw(&labels, 10, 9, "nested").unwrap();
        assert!(small.iter().all(|index| large.contains(index)));
        assert!(large.is_sorted());
        assert_ne!(small, balanced_draw(&labels, 10, 5, "another key").unwrap());
    }

    #[test]
    fn folds_deal_the_ordered_classes_round_robin() {
        let folds = balanced_folds(&LABELS, 2, 3, "key").unwrap();
        let validation: Vec<_> = folds.iter().map(|fold| fold.validation.clone()).collect();
        assert_eq!(validation, [vec![2, 3, 6], vec![0, 5, 7], vec![1, 4]]);
    }

    #[test]
    fn folds_share_out_every_sample_once_and_evenly() {
        let labels: Vec<u8> = (0..103_u8).map(|i| i % 4).collect();
        let folds = balanced_folds(&labels, 4, 5, "even").unwrap();
        let mut seen: Vec<usize> = folds
            .iter()
            .flat_map(|fold| fold.validation.clone())
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..103).collect::<Vec<_>>());
        for fold in &folds {
            assert!((20..=21).contains(&fold.validation.len()));
            assert_eq!(fold.train.len() + fold.validation.len(), 103);
            assert!(
                fold.train
                    .iter()
                    .all(|index| !fold.validation.contains(index))
            );
            for class in 0..4 {
                let count = fold
                    .validation
                    .iter()
                    .filter(|&&index| labels[index] == class)
                    .count();
                assert!((5..=6).contains(&count), "class {class} has {count}");
            }
        }
    }

    #[test]
    fn every_class_gives_its_share_of_the_test_part() {
        // Of class 0 the smallest digests have 2, then 0; of class 1 7, then 1.
        assert_eq!(
            balanced_parts(&LABELS, 2, Part::Count(2), "key")
                .unwrap()
                .test,
            [2, 7]
        );
        assert_eq!(
            balanced_parts(&LABELS, 2, Part::Fraction(0.5), "key")
                .unwrap()
                .test,
            [0, 1, 2, 7]
        );
        // 7, 3 and 1 samples: a part of 5 has 3.18, 1.36 and 0.45 of them; the last keeps its only
        // one.
        let labels = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
        for (count, expected) in [
            (1, [1, 0, 0]),
            (4, [3, 1, 0]),
            (5, [3, 2, 0]),
            (8, [6, 2, 0]),
        ] {
            let Parts { train, test } =
                balanced_parts(&labels, 3, Part::Count(count), "key").unwrap();
            let of_class = |class: u8| test.iter().filter(|index| labels[**index] == class).count();
            assert_eq!([of_class(0), of_class(1), of_class(2)], expected, "{count}");
            let mut all = [train, test].concat();
            all.sort_unstable();
            assert_eq!(all, (0..11).collect::<Vec<_>>());
        }
        let smaller = balanced_parts(&labels, 3, Part::Count(4), "key")
            .unwrap()
            .test;
        let larger = balanced_parts(&labels, 3, Part::Count(8), "key")
            .unwrap()
            .test;
        assert!(smaller.iter().all(|index| larger.contains(index)));
    }

    #[test]
    fn a_fraction_of_the_samples_is_that_of_decimal_arithmetic() {
        for thousandths in 1..1000_usize {
            let fraction = format!("0.{thousandths:03}").parse().unwrap();
            for samples in 1..=1000 {
                assert_eq!(
                    share(fraction, samples),
                    (thousandths * samples + 500) / 1000,
                    "{fraction} of {samples}"
                );
            }
        }
    }

    #[test]
    fn impossible_splits_are_refused_with_numbers() {
        let text = |error: Error| error.to_string();
        assert_eq!(
            text(balanced_draw(&LABELS, 2, 5, "key").unwrap_err()),
            "class 0 has 4 samples, expected at least 5"
        );
        assert_eq!(
            text(balanced_draw(&LABELS, 3, 1, "key").unwrap_err()),
            "class 2 has 0 samples, expected at least 1"
        );
        let out_of_range = "label of sample 1 is 1, expected below 1 (the number of classes)";
        assert_eq!(
            text(balanced_draw(&LABELS, 1, 1, "key").unwrap_err()),
            out_of_range
        );
        assert_eq!(
            text(balanced_folds(&LABELS, 2, 5, "key").unwrap_err()),
            "class 0 has 4 samples, expected at least 5"
        );
        let part = |part| text(balanced_parts(&LABELS, 2, part, "key").unwrap_err());
        let expected = "expected 1 to 6 of the 8, so that every class keeps a training sample";
        assert_eq!(
            part(Part::Count(7)),
            format!("test set has 7 samples, {expected}")
        );
        assert_eq!(
            part(Part::Fraction(0.01)),
            format!("test set has 0 samples, {expected}")
        );
        assert_eq!(
            text(balanced_folds(&LABELS, 2, 1, "key").unwrap_err()),
            "`folds` must be at least 2, but is 1"
        );
    }
}
