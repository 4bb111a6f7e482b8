//! Compression bombs are refused early: 10 MB of gzip that become 10 GB, many streams, gzip in
//! gzip.

use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use flate2::{Compress, Compression, FlushCompress};
use spinet_data::Error;
use spinet_data::idx::{Limits, parse_images, parse_labels};

use super::{MIB, gzip, idx_file};
use spinet_testing::memory::measure;

const GIB: u64 = 1 << 30;

/// Deflate blocks that end on a byte and refer to nothing before them, so they can be repeated.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(bytes.len() / 100 + 1000);
    let mut compress = Compress::new(Compression::best(), false);
    compress
        .compress_vec(bytes, &mut output, FlushCompress::Full)
        .unwrap();
    assert_eq!(compress.total_in(), bytes.len() as u64);
    output
}

/// An idx header followed by 10 GiB of zeros, as gzip; the checksum is wrong, but nobody gets that
/// far.
fn bomb(header: &[u8]) -> Vec<u8> {
    let zeros = blocks(&vec![0; 64 * MIB]);
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.extend(blocks(header));
    for _ in 0..160 {
        file.extend_from_slice(&zeros);
    }
    // An empty last block, then checksum and length.
    file.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(
        (8 * MIB..12 * MIB).contains(&file.len()),
        "{} bytes",
        file.len()
    );
    file
}

fn refuse_images(file: &[u8], limits: &Limits, budget: usize) -> Error {
    refused_soon(|| parse_images(file, Path::new("bomb.gz"), limits), budget)
}

/// What is read is refused within half a second and `budget` bytes.
pub(crate) fn refused_soon<T: std::fmt::Debug>(
    read: impl Fn() -> Result<T, Error>,
    budget: usize,
) -> Error {
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let (result, usage) = measure(&read);
        fastest = fastest.min(start.elapsed());
        assert!(usage.peak <= budget, "{usage:?}");
        let error = result.unwrap_err();
        // Twice more only on a machine that is busy with something else.
        if fastest < Duration::from_millis(500) {
            return error;
        }
    }
    panic!("refused after {fastest:?}");
}

#[test]
fn ten_megabytes_that_become_ten_gigabytes_are_refused_one_byte_too_late_at_most() {
    let file = bomb(&idx_file(8, 3, &[1, 28, 28], &[]));
    let expanded = io::copy(
        &mut GzDecoder::new(&file[..]).take(GIB + 1),
        &mut io::sink(),
    )
    .unwrap();
    assert_eq!(expanded, GIB + 1, "the bomb is real");
    let error = refuse_images(&file, &Limits::default(), MIB);
    assert!(
        matches!(
            error,
            Error::TrailingBytes {
                promised: 784,
                found: 785,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_bomb_that_says_its_size_is_refused_before_it_is_unpacked() {
    let file = bomb(&idx_file(8, 3, &[10, 1 << 15, 1 << 15], &[]));
    let error = refuse_images(&file, &Limits::default(), MIB);
    let expected = "bomb.gz: idx header declares 10 x 32768 x 32768 = 10737418240 bytes, expected at most 268435456";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_bomb_that_promises_as_much_as_is_allowed_costs_that_much_and_no_more() {
    let file = bomb(&idx_file(8, 3, &[16, 1024, 1024], &[]));
    let limits = Limits {
        max_bytes: 16 * MIB as u64,
        shape: None,
    };
    let error = refuse_images(&file, &limits, 17 * MIB);
    assert!(
        matches!(
            error,
            Error::TrailingBytes {
                found: 16_777_217,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_bomb_inside_gzip_is_not_unpacked_twice() {
    let file = gzip(&bomb(&idx_file(8, 3, &[1, 28, 28], &[])));
    let error = refuse_images(&file, &Limits::default(), MIB);
    assert!(
        matches!(
            error,
            Error::NotIdx {
                found: [0x1f, 0x8b],
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn ten_thousand_streams_are_refused_after_the_first() {
    let whole = gzip(&idx_file(8, 1, &[3], &[1, 2, 3])).repeat(10_000);
    let refuse = |file: &[u8]| {
        refused_soon(
            || parse_labels(file, Path::new("many.gz"), 10, &Limits::default()),
            MIB,
        )
    };
    let error = refuse(&whole);
    assert!(matches!(error, Error::GzipTrailing { .. }), "{error}");

    let parts: Vec<u8> = idx_file(8, 1, &[9_992], &[1; 9_992])
        .iter()
        .flat_map(|&byte| gzip(&[byte]))
        .collect();
    let error = refuse(&parts);
    assert!(
        matches!(
            error,
            Error::HeaderTruncated {
                found: 1,
                expected: 8,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_endless_name_in_the_gzip_header_is_refused() {
    let mut file = vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255];
    file.resize(20 * MIB, b'a');
    let error = refuse_images(&file, &Limits::default(), MIB);
    assert!(
        matches!(error, Error::GzipDamaged { found: 0, .. }),
        "{error}"
    );
}
