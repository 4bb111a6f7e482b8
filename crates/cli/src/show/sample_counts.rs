//! How many samples a result was made from, and whether their files were the official ones.

use spinet::data::{EvaluatedOn, find};
use spinet::{Dataset, Samples};

use crate::show::number::thousands;

/// `mnist-1200, 1,200 training and 10,000 test samples`; of unverified files also how many there
/// should be.
pub(crate) fn both_parts(data: &Dataset) -> String {
    let words = |train: usize, test: usize| {
        format!(
            "{} training and {} test samples",
            thousands(train as u64),
            thousands(test as u64)
        )
    };
    let official = find(&data.name)
        .ok()
        .map(|entry| words(entry.train_count, entry.test_count));
    let train = data.train.len();
    let counts = match (&data.evaluated_on, data.test_set()) {
        (EvaluatedOn::Training, _) => {
            format!("{} training samples, no test set", thousands(train as u64))
        }
        (EvaluatedOn::Validation(_), test) => format!(
            "{} training, {} validation and {} test samples",
            thousands(train as u64),
            thousands(data.test.len() as u64),
            thousands(test.map_or(0, Samples::len) as u64)
        ),
        (EvaluatedOn::Test, _) => words(train, data.test.len()),
    };
    format!("{}, {counts}{}", data.name, unverified(data, official))
}

/// `10,000 samples`, those of the test; of unverified files also how many there should be.
pub(crate) fn test_part(data: &Dataset) -> String {
    let words = |test: usize| format!("{} samples", thousands(test as u64));
    let official = find(&data.name).ok().map(|entry| words(entry.test_count));
    format!("{}{}", words(data.test.len()), unverified(data, official))
}

/// Nothing where files are the official ones, or there are none.
fn unverified(data: &Dataset, official: Option<String>) -> String {
    official
        .filter(|_| !data.is_verified)
        .map_or_else(String::new, |words| {
            format!(" from unverified files (the official ones have {words})")
        })
}

#[cfg(test)]
mod tests {
    use spinet::{Source, data::load};

    use super::*;

    #[test]
    fn unverified_counts_stand_beside_the_official_ones() {
        let data = load("mnist-1200", &Source::default()).unwrap();
        assert_eq!(
            both_parts(&data),
            "mnist-1200, 1,200 training and 10,000 test samples"
        );
        assert_eq!(test_part(&data), "10,000 samples");
        let (train, test) = (
            data.train.select(&[0, 1, 2]).unwrap(),
            data.test.select(&[7]).unwrap(),
        );
        let data = Dataset {
            train,
            test,
            is_verified: false,
            ..data
        };
        assert_eq!(
            both_parts(&data),
            "mnist-1200, 3 training and 1 test samples from unverified files \
             (the official ones have 1,200 training and 10,000 test samples)"
        );
        assert_eq!(
            test_part(&data),
            "1 samples from unverified files (the official ones have 10,000 samples)"
        );
        let own = Dataset {
            name: "my.csv".to_owned(),
            ..data
        };
        assert_eq!(both_parts(&own), "my.csv, 3 training and 1 test samples");
    }
}
