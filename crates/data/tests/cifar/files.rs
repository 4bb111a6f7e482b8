//! The `.bin` files.

use std::fs;
use std::path::Path;

use spinet_data::cifar::{Layout, parse, read};
use spinet_data::{Error, FileStatus, fetch, load, load_entry, verify};

use super::tiny_set::{FOLDER, NAMES, sha256, tiny};
use super::{from, unverified};

const LAYOUT: Layout = Layout {
    shape: [3, 2],
    classes: 3,
};

#[test]
fn files_are_found_in_each_known_folder_and_keep_their_order() {
    for place in ["tiny", "tiny/tiny-batches-bin", FOLDER, "."] {
        let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
        set.write(&folder.path().join(place));
        let dataset = load_entry(&set.entry, &from(folder.path())).unwrap();
        assert_eq!(
            (
                dataset.name.as_str(),
                dataset.classes(),
                dataset.is_verified
            ),
            ("tiny", 3, true),
            "{place}"
        );
        assert_eq!(
            (dataset.train.labels(), dataset.test.labels()),
            (&[0, 1, 2, 1, 2, 0, 1][..], &[2, 1][..]),
            "{place}"
        );
        assert_eq!(
            (dataset.train.shape(), dataset.test.shape()),
            ([3, 2], [3, 2]),
            "{place}"
        );
        assert_eq!(
            dataset.train.bytes().unwrap(),
            (10..10 + 42).collect::<Vec<u8>>(),
            "{place}"
        );
        assert_eq!(
            dataset.test.bytes().unwrap(),
            (52..52 + 12).collect::<Vec<u8>>(),
            "{place}"
        );
        let digests: Vec<_> = dataset
            .files
            .iter()
            .map(|file| (file.file.as_str(), file.sha256.clone()))
            .collect();
        assert_eq!(
            digests,
            NAMES
                .iter()
                .zip(&set.bins)
                .map(|(&name, bytes)| (name, sha256(bytes)))
                .collect::<Vec<_>>(),
            "{place}"
        );
        assert!(
            verify(&set.entry, folder.path())
                .iter()
                .all(|check| check.status.is_verified()),
            "{place}"
        );
    }
}

#[test]
fn missing_files_are_listed_with_the_folders_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data_batch_3.bin"), b"").unwrap();
    let text = load("cifar-10", &from(folder.path()))
        .unwrap_err()
        .to_string();
    let expected = format!(
        "{0}: found 1 of the 6 files of dataset `cifar-10`, missing `data_batch_1.bin`, `data_batch_2.bin`, `data_batch_4.bin`, \
         `data_batch_5.bin`, `test_batch.bin` (or `cifar-10-binary.tar.gz`); looked in `cifar-10`, `cifar-10/cifar-10-batches-bin`, \
         `cifar-10-batches-bin`, `.`\n\n\
         hint: `spinet data fetch cifar-10 --data-dir {0}` downloads them",
        folder.path().display()
    );
    assert_eq!(text, expected);
}

#[test]
fn another_number_of_whole_records_is_used_only_when_allowed_and_is_marked() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(folder.path());
    let path = folder.path().join(NAMES[1]);
    fs::write(&path, &set.bins[1][..14]).unwrap();
    let text = load_entry(&set.entry, &from(folder.path()))
        .unwrap_err()
        .to_string();
    let expected = format!(
        "{}: file has 2 records, expected 3\n\n\
         hint: the file is incomplete or another version; fetch it again, or pass `--allow-unverified` to use it anyway",
        path.display()
    );
    assert_eq!(text, expected);
    let dataset = load_entry(&set.entry, &unverified(folder.path())).unwrap();
    assert!(!dataset.is_verified);
    assert_eq!(dataset.train.labels(), [0, 1, 2, 1, 2, 0]);
    assert_eq!(dataset.files[1].sha256, sha256(&set.bins[1][..14]));
}

#[test]
fn another_content_is_used_only_when_allowed_and_is_marked() {
    for number in 0..3 {
        let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
        set.write(folder.path());
        let mut bytes = set.bins[number].clone();
        bytes[9] ^= 1;
        let path = folder.path().join(NAMES[number]);
        fs::write(&path, &bytes).unwrap();
        let text = load_entry(&set.entry, &from(folder.path()))
            .unwrap_err()
            .to_string();
        let start = format!(
            "{}: sha256 is {}, expected {}\n\nhint: ",
            path.display(),
            sha256(&bytes),
            sha256(&set.bins[number])
        );
        assert!(text.starts_with(&start), "{text}");
        assert!(
            !load_entry(&set.entry, &unverified(folder.path()))
                .unwrap()
                .is_verified
        );
        let checks = verify(&set.entry, folder.path());
        assert!(
            matches!(&checks[number].status, FileStatus::Differs { .. }),
            "{checks:?}"
        );
        // What a fetched archive could not replace, because it comes first, is in its way.
        let error = fetch(&set.entry, folder.path(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, Error::NotOverwritten { .. }), "{error}");
    }
}

/// What is said about `bytes` in place of the first file, when unverified files are allowed.
fn refusal(bytes: &[u8]) -> String {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(folder.path());
    let path = folder.path().join(NAMES[0]);
    fs::write(&path, bytes).unwrap();
    let text = load_entry(&set.entry, &unverified(folder.path()))
        .unwrap_err()
        .to_string();
    // The reader alone says the same, from a file and from memory.
    assert_eq!(read(&path, &LAYOUT, 1000).unwrap_err().to_string(), text);
    assert_eq!(
        parse(bytes, &path, &LAYOUT, 1000).unwrap_err().to_string(),
        text
    );
    text.strip_prefix(&format!("{}: ", path.display()))
        .unwrap()
        .to_owned()
}

#[test]
fn what_is_no_file_of_records_is_refused_even_when_unverified_files_are_allowed() {
    let records =
        "expected the binary version of the dataset, with records of 1 label byte and 6 pixels";
    assert_eq!(
        refusal(b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5"),
        format!("file is a Python pickle, {records}")
    );
    assert_eq!(
        refusal(b"\x80\x04\x95batch_label"),
        format!("file is a Python pickle, {records}")
    );
    assert_eq!(
        refusal(&[0x1f, 0x8b, 8, 0, 0, 0, 0]),
        format!("file is gzip, {records}")
    );
    assert_eq!(
        refusal(b"PK\x03\x04..."),
        format!("file is a zip archive, {records}")
    );
    assert_eq!(
        refusal(b"<!DOCTYPE html>"),
        format!("file is a web page, {records}")
    );
    let whole = "expected a whole number of records of 7 bytes, at least one";
    assert_eq!(refusal(&[]), format!("file has 0 bytes, {whole}"));
    assert_eq!(refusal(&[0; 8]), format!("file has 8 bytes, {whole}"));
    assert_eq!(
        refusal(&[0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0]),
        "label of sample 1 is 3, expected below 3 (the number of classes)"
    );
    let text = parse(&[0; 1001], "a.bin".as_ref(), &LAYOUT, 1000)
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "a.bin: file has 1001 bytes of records, expected at most 1000"
    );
}

#[test]
fn every_prefix_of_a_file_is_refused_without_permission_and_parts_of_records_always() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(folder.path());
    let path = folder.path().join(NAMES[0]);
    for length in 0..set.bins[0].len() {
        fs::write(&path, &set.bins[0][..length]).unwrap();
        let error = load_entry(&set.entry, &from(folder.path())).unwrap_err();
        let is_whole = length > 0 && length.is_multiple_of(7);
        assert!(
            if is_whole {
                matches!(error, Error::RecordCount { .. })
            } else {
                matches!(error, Error::PartialRecord { .. })
            },
            "{error}"
        );
        let allowed = load_entry(&set.entry, &unverified(folder.path()));
        assert_eq!(allowed.is_ok(), is_whole, "{length} bytes");
        assert!(allowed.is_ok_and(|dataset| !dataset.is_verified) || !is_whole);
    }
}

#[test]
fn what_is_not_a_regular_file_is_not_read() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(folder.path());
    let path = folder.path().join(NAMES[0]);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = load_entry(&set.entry, &unverified(folder.path())).unwrap_err();
    assert!(matches!(error, Error::NotAFile { .. }), "{error}");
    if Path::new("/dev/zero").exists() {
        assert!(matches!(
            read("/dev/zero".as_ref(), &LAYOUT, 1000),
            Err(Error::NotAFile { .. })
        ));
    }
}

#[test]
fn an_impossible_layout_is_refused() {
    for shape in [[0, 2], [2, 0]] {
        let error = parse(
            &[0; 7],
            "a.bin".as_ref(),
            &Layout { shape, classes: 3 },
            1000,
        )
        .unwrap_err();
        assert!(matches!(error, Error::EmptyShape { .. }), "{error}");
    }
    let error = parse(
        &[0; 7],
        "a.bin".as_ref(),
        &Layout {
            shape: [usize::MAX, 2],
            classes: 3,
        },
        1000,
    )
    .unwrap_err();
    assert!(matches!(error, Error::PartialRecord { .. }), "{error}");
}
