//! Each lie is refused with the path, what was found and what was expected, and costs no memory.

use std::fs;
use std::path::Path;

use spinet_data::Error;
use spinet_data::idx::{self, Limits};

use super::{Kind, MIB, gzip, idx_file};
use spinet_testing::memory::measure;

/// File, what it is read as, and the text of the error after the path.
struct Lie {
    kind: Kind,
    file: Vec<u8>,
    limits: Limits,
    text: String,
}

fn any_shape() -> Limits {
    Limits::default()
}

fn mnist_shape() -> Limits {
    Limits {
        shape: Some([28, 28]),
        ..Limits::default()
    }
}

fn images(file: Vec<u8>, text: impl Into<String>) -> Lie {
    Lie {
        kind: Kind::Images,
        file,
        limits: any_shape(),
        text: text.into(),
    }
}

fn labels(file: Vec<u8>, text: impl Into<String>) -> Lie {
    Lie {
        kind: Kind::Labels,
        file,
        limits: any_shape(),
        text: text.into(),
    }
}

fn wrong_kind() -> Vec<Lie> {
    let pixel = idx_file(8, 3, &[1, 1, 1], &[7]);
    vec![
        images(
            vec![],
            "file ends after 0 bytes, expected an idx header of 16 bytes",
        ),
        images(
            pixel[..5].to_vec(),
            "file ends after 5 bytes, expected an idx header of 16 bytes",
        ),
        labels(
            vec![0, 0, 8, 1, 0, 0, 0],
            "file ends after 7 bytes, expected an idx header of 8 bytes",
        ),
        images(
            b"\x89PNG\r\n\x1a\n".to_vec(),
            "file begins with bytes 89 50, expected 00 00 (idx)",
        ),
        images(
            b"PK\x03\x04....".to_vec(),
            "file begins with bytes 50 4b, expected 00 00 (idx)\n\nhint: this is a zip archive; unpack it first",
        ),
        images(
            b"<html></html>".to_vec(),
            "file begins with bytes 3c 68, expected 00 00 (idx)\n\nhint: this is a web page, probably saved instead of the file",
        ),
        // Little-endian, as written by a program that forgot to turn the bytes.
        images(
            vec![3, 8, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7],
            "file begins with bytes 03 08, expected 00 00 (idx)",
        ),
        images(
            idx_file(0x0a, 3, &[1, 1, 1], &[0; 4]),
            "idx element type is 0x0a, expected 0x08, 0x09 or 0x0b to 0x0e",
        ),
        images(
            idx_file(0x0d, 3, &[1, 1, 1], &1.5_f32.to_be_bytes()),
            "element 0 is 1.5, expected a whole number from 0 to 255, or pixels that are all in [0, 1]",
        ),
        images(
            idx_file(0x09, 3, &[1, 1, 1], &[0xff]),
            "element 0 is -1, expected a whole number from 0 to 255, or pixels that are all in [0, 1]",
        ),
        images(
            idx_file(8, 0, &[], &[7]),
            "number of idx dimensions is 0, expected 3 (images)",
        ),
        images(
            idx_file(8, 255, &[1; 255], &[7]),
            "number of idx dimensions is 255, expected 3 (images)",
        ),
        images(
            idx_file(8, 1, &[1], &[7]),
            "number of idx dimensions is 1, expected 3 (images)",
        ),
        labels(pixel, "number of idx dimensions is 3, expected 1 (labels)"),
    ]
}

fn wrong_size() -> Vec<Lie> {
    let max = u32::MAX;
    vec![
        images(
            idx_file(8, 3, &[0, 28, 28], &[]),
            "idx header declares 0 x 28 x 28, expected at least 1 along each dimension",
        ),
        images(
            idx_file(8, 3, &[1, 0, 28], &[]),
            "idx header declares 1 x 0 x 28, expected at least 1 along each dimension",
        ),
        images(
            idx_file(8, 3, &[1, 28, 0], &[]),
            "idx header declares 1 x 28 x 0, expected at least 1 along each dimension",
        ),
        labels(
            idx_file(8, 1, &[0], &[]),
            "idx header declares 0, expected at least 1 along each dimension",
        ),
        // 2^32 + 2, which is 2 in 32 bits, and the file has 2.
        images(
            idx_file(8, 3, &[(1 << 31) + 1, 2, 1], &[1, 2]),
            "idx header declares 2147483649 x 2 x 1 = 4294967298 bytes, but the file has 2 after the header",
        ),
        // 2^64 exactly, which is 0 in 64 bits, and the file has 0.
        images(
            idx_file(8, 3, &[1 << 31, 1 << 31, 4], &[]),
            "idx header declares 2147483648 x 2147483648 x 4 = 18446744073709551616 bytes, but the file has 0 after the header",
        ),
        images(
            idx_file(8, 3, &[max, max, max], &[7; 100]),
            "idx header declares 4294967295 x 4294967295 x 4294967295 = 79228162458924105385300197375 bytes, but the file has 100 after the header",
        ),
        images(
            idx_file(8, 3, &[60_000, 28, 28], &[7; 784]),
            "idx header declares 60000 x 28 x 28 = 47040000 bytes, but the file has 784 after the header",
        ),
        images(
            idx_file(8, 3, &[2, 2, 2], &[7; 7]),
            "idx header declares 2 x 2 x 2 = 8 bytes, but the file has 7 after the header",
        ),
        images(
            idx_file(8, 3, &[2, 2, 2], &[7; 9]),
            "idx header declares 2 x 2 x 2 = 8 bytes, but the file has 9 or more after the header",
        ),
        labels(
            idx_file(8, 1, &[max], &[1; 60]),
            "idx header declares 4294967295 bytes, but the file has 60 after the header",
        ),
        labels(
            idx_file(8, 1, &[3], &[1, 10, 2]),
            "label of sample 1 is 10, expected below 10 (the number of classes)",
        ),
        Lie {
            kind: Kind::Images,
            file: idx_file(8, 3, &[1, 32, 32], &[7; 1024]),
            limits: mnist_shape(),
            text: "images are 32 x 32, expected 28 x 28".to_owned(),
        },
        Lie {
            kind: Kind::Images,
            file: idx_file(8, 3, &[1, 784, 1], &[7; 784]),
            limits: mnist_shape(),
            text: "images are 784 x 1, expected 28 x 28".to_owned(),
        },
        Lie {
            kind: Kind::Labels,
            file: idx_file(8, 1, &[100], &[1; 100]),
            limits: Limits {
                max_bytes: 99,
                shape: None,
            },
            text: "idx header declares 100 bytes, expected at most 99".to_owned(),
        },
    ]
}

fn wrong_gzip() -> Vec<Lie> {
    let good = gzip(&idx_file(8, 1, &[3], &[1, 2, 3]));
    let promising = gzip(&idx_file(8, 1, &[u32::MAX], &[1; 60]));
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = good.clone();
        change(&mut file);
        file
    };
    let end = good.len();
    assert_eq!(end, 31, "the texts below count these bytes");
    vec![
        labels(
            promising.clone(),
            format!(
                "idx header declares 4294967295 bytes, but {} bytes of gzip hold at most {}",
                promising.len(),
                1032 * promising.len()
            ),
        ),
        labels(
            gzip(&[]),
            "file ends after 0 bytes, expected an idx header of 8 bytes",
        ),
        labels(
            gzip(&idx_file(8, 1, &[3], &[1, 2])),
            "idx header declares 3 bytes, but the file has 2 after the header",
        ),
        labels(
            gzip(&idx_file(8, 1, &[3], &[1, 2, 3, 4])),
            "idx header declares 3 bytes, but the file has 4 or more after the header",
        ),
        labels(
            with(&|file| file[end - 8] ^= 1),
            "gzip stream is truncated or corrupted: unpacked 11 bytes, expected 11 and a matching checksum",
        ),
        labels(
            with(&|file| file.truncate(end - 1)),
            "gzip stream is truncated or corrupted: unpacked 11 bytes, expected 11 and a matching checksum",
        ),
        labels(
            with(&|file| file.truncate(5)),
            "gzip stream is truncated or corrupted: unpacked 0 bytes, expected 8 and a matching checksum",
        ),
        labels(
            with(&|file| file.push(0)),
            "gzip stream is followed by bytes 00, expected one stream and nothing after it",
        ),
        labels(
            with(&|file| file.extend(good.clone())),
            "gzip stream is followed by bytes 1f 8b 08 00, expected one stream and nothing after it",
        ),
        labels(
            gzip(&good),
            "file begins with bytes 1f 8b, expected 00 00 (idx)\n\nhint: this is gzip inside gzip; unpack it once",
        ),
    ]
}

#[test]
fn every_lie_is_refused_with_path_found_and_expected() {
    let folder = tempfile::tempdir().unwrap();
    let lies: Vec<Lie> = [wrong_kind(), wrong_size(), wrong_gzip()]
        .into_iter()
        .flatten()
        .collect();
    assert!(lies.len() >= 24);
    for (number, lie) in lies.iter().enumerate() {
        let path = folder.path().join(format!("lie-{number}"));
        fs::write(&path, &lie.file).unwrap();
        let (result, usage) = measure(|| match lie.kind {
            Kind::Images => idx::read_images(&path, &lie.limits).map(drop),
            Kind::Labels => idx::read_labels(&path, 10, &lie.limits).map(drop),
        });
        assert_eq!(
            result.unwrap_err().to_string(),
            format!("{}: {}", path.display(), lie.text)
        );
        assert!(usage.peak < MIB, "{}: {usage:?}", lie.text);
        // From memory the answer is the same.
        let parsed = match lie.kind {
            Kind::Images => idx::parse_images(&lie.file, &path, &lie.limits).map(drop),
            Kind::Labels => idx::parse_labels(&lie.file, &path, 10, &lie.limits).map(drop),
        };
        assert_eq!(
            parsed.unwrap_err().to_string(),
            format!("{}: {}", path.display(), lie.text)
        );
    }
}

#[test]
fn labels_that_do_not_match_the_images_are_refused_naming_both_files() {
    let folder = tempfile::tempdir().unwrap();
    let (image_path, label_path) = (folder.path().join("images"), folder.path().join("labels"));
    fs::write(&image_path, idx_file(8, 3, &[3, 1, 1], &[7; 3])).unwrap();
    fs::write(&label_path, idx_file(8, 1, &[2], &[1, 1])).unwrap();
    let text = idx::read_samples(&image_path, &label_path, 10, &any_shape())
        .unwrap_err()
        .to_string();
    let (images, labels) = (image_path.display(), label_path.display());
    assert_eq!(
        text,
        format!("{labels}: file has 2 labels, expected 3, one for each image of `{images}`")
    );

    fs::write(&label_path, idx_file(8, 1, &[3], &[1, 2, 9])).unwrap();
    let samples = idx::read_samples(&image_path, &label_path, 10, &any_shape()).unwrap();
    assert_eq!((samples.len(), samples.labels()), (3, &[1, 2, 9][..]));
}

#[test]
fn what_is_not_a_regular_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![folder.path().to_owned()];
    if Path::new("/dev/zero").exists() {
        places.push("/dev/zero".into());
    }
    for place in places {
        let error = idx::read_images(&place, &any_shape()).unwrap_err();
        assert!(matches!(error, Error::NotAFile { .. }), "{error}");
        let expected = format!(
            "{}: found something that is not a regular file, expected a file",
            place.display()
        );
        assert_eq!(error.to_string(), expected);
    }
    let absent = idx::read_images(&folder.path().join("absent"), &any_shape()).unwrap_err();
    assert!(
        matches!(&absent, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound),
        "{absent}"
    );
}
