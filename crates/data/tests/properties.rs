//! Whatever is written as idx is read back as it was, plain and gzip.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(
    clippy::naive_bytecount,
    reason = "counting a few labels needs no crate"
)]

use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use spinet_data::idx::{Limits, encode_images, encode_labels, parse_images, parse_labels};
use spinet_data::{balanced_draw, balanced_folds};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images() -> impl Strategy<Value = (Vec<u8>, [usize; 2])> {
    (1..6_usize, 1..12_usize, 1..12_usize).prop_flat_map(|(count, rows, columns)| {
        (
            prop::collection::vec(any::<u8>(), count * rows * columns),
            Just([rows, columns]),
        )
    })
}

proptest! {
    #[test]
    fn images_survive_writing_and_reading((bytes, shape) in images()) {
        let file = encode_images(&bytes, shape).unwrap();
        for stored in [gzip(&file), file] {
            let read = parse_images(&stored, Path::new("a"), &Limits { shape: Some(shape), ..Limits::default() }).unwrap();
            prop_assert_eq!(&read.bytes, &bytes);
            prop_assert_eq!((read.shape, read.count), (shape, bytes.len() / (shape[0] * shape[1])));
        }
    }

    #[test]
    fn labels_survive_writing_and_reading(labels in prop::collection::vec(0..7_u8, 1..300)) {
        let file = encode_labels(&labels).unwrap();
        for stored in [gzip(&file), file] {
            prop_assert_eq!(parse_labels(&stored, Path::new("a"), 7, &Limits::default()).unwrap(), &labels[..]);
        }
    }

    #[test]
    fn draws_are_ascending_balanced_and_repeatable(labels in prop::collection::vec(0..3_u8, 60..200), key in "[a-z 0-9]{0,12}") {
        let smallest = (0..3).map(|class| labels.iter().filter(|&&label| label == class).count()).min().unwrap();
        let drawn = balanced_draw(&labels, 3, smallest, &key).unwrap();
        prop_assert!(drawn.is_sorted_by(|a, b| a < b));
        for class in 0..3 {
            prop_assert_eq!(drawn.iter().filter(|&&index| labels[index] == class).count(), smallest);
        }
        prop_assert_eq!(&drawn, &balanced_draw(&labels, 3, smallest, &key).unwrap());
        prop_assert!(balanced_draw(&labels, 3, smallest + 1, &key).is_err());
    }

    #[test]
    fn folds_partition_the_samples(labels in prop::collection::vec(0..3_u8, 60..200), folds in 2..6_usize) {
        let smallest = (0..3).map(|class| labels.iter().filter(|&&label| label == class).count()).min().unwrap();
        prop_assume!(smallest >= folds);
        let mut times_seen = vec![0; labels.len()];
        for fold in balanced_folds(&labels, 3, folds, "key").unwrap() {
            fold.validation.iter().for_each(|&index| times_seen[index] += 1);
            let mut both = [fold.train, fold.validation].concat();
            both.sort_unstable();
            prop_assert_eq!(both, (0..labels.len()).collect::<Vec<_>>());
        }
        prop_assert!(times_seen.iter().all(|&times| times == 1));
    }
}

#[test]
fn what_idx_cannot_hold_is_not_written() {
    assert_eq!(
        encode_labels(&[]).unwrap_err().to_string(),
        "cannot write 0 as idx, expected 1 to 4294967295 along each dimension"
    );
    let text = encode_images(&[], [28, 28]).unwrap_err().to_string();
    assert_eq!(
        text,
        "cannot write 0 x 28 x 28 as idx, expected 1 to 4294967295 along each dimension"
    );
    assert_eq!(
        encode_images(&[0; 5], [2, 2]).unwrap_err().to_string(),
        "found 5 bytes, expected a multiple of 2 x 2 = 4"
    );
    assert!(encode_images(&[0; 5], [0, 2]).is_err());
    assert!(encode_images(&[0; 5], [usize::MAX, 2]).is_err());
}
