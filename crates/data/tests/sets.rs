//! Loading by name: where files are looked for, what digests refuse, and the sets themselves.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests write to their own temporary folder and stop at the first surprise"
)]
#![allow(
    clippy::naive_bytecount,
    reason = "counting a few labels needs no crate"
)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod tiny;

use std::fs;
use std::path::{Path, PathBuf};

use spinet_data::{
    Content, DATASETS, Dataset, Error, FileStatus, IdxFiles, Source, balanced_draw, find, load,
    load_entry, verify,
};
use tiny::{TEST_LABELS, TRAIN_LABELS, sha256, tiny};

fn from(folder: &Path) -> Source {
    Source {
        data_dir: Some(folder.to_owned()),
        allow_unverified: false,
    }
}

fn unverified(folder: &Path) -> Source {
    Source {
        data_dir: Some(folder.to_owned()),
        allow_unverified: true,
    }
}

/// The idx files of a registered set.
fn idx_files(name: &str) -> IdxFiles {
    match find(name).unwrap().content {
        Content::Idx(files) => files,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_are_found_in_each_known_folder() {
    for place in ["tiny", "tiny/raw", "Tiny/raw", "."] {
        let folder = tempfile::tempdir().unwrap();
        let set = tiny("tiny");
        set.write_gz(&folder.path().join(place));
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
            dataset.train.bytes().unwrap(),
            (0..30).collect::<Vec<u8>>(),
            "{place}"
        );
        assert_eq!(
            dataset.test.bytes().unwrap(),
            (30..42).collect::<Vec<u8>>(),
            "{place}"
        );
        assert_eq!(
            (dataset.train.labels(), dataset.test.labels()),
            (&TRAIN_LABELS[..], &TEST_LABELS[..]),
            "{place}"
        );
        assert_eq!(
            (dataset.train.shape(), dataset.test.shape()),
            ([2, 3], [2, 3]),
            "{place}"
        );
    }
}

#[test]
fn plain_and_gzip_files_give_the_same_set_and_their_own_digests() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    // Half of the files in each form.
    for number in 0..4 {
        let file = &set.files[number];
        let (name, bytes) = if number % 2 == 0 {
            (file.name.to_owned(), &set.plain[number])
        } else {
            (file.gz_name(), &set.gz[number])
        };
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mixed = load_entry(&set.entry, &from(folder.path())).unwrap();
    assert!(mixed.is_verified);
    let digests: Vec<_> = mixed
        .files
        .iter()
        .map(|file| (file.file.as_str(), file.sha256.as_str()))
        .collect();
    let files = &set.files;
    assert_eq!(
        digests,
        [
            ("train-images-idx3-ubyte", files[0].plain.sha256),
            ("train-labels-idx1-ubyte.gz", files[1].gz.sha256),
            ("t10k-images-idx3-ubyte", files[2].plain.sha256),
            ("t10k-labels-idx1-ubyte.gz", files[3].gz.sha256),
        ]
    );
    let other = tempfile::tempdir().unwrap();
    set.write_gz(other.path());
    let packed = load_entry(&set.entry, &from(other.path())).unwrap();
    assert_eq!((mixed.train, mixed.test), (packed.train, packed.test));
}

#[test]
fn a_sets_own_folder_comes_before_a_shared_one() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    set.write_gz(&folder.path().join("tiny"));
    // Another set with the same file names lies in the data folder itself.
    fs::write(
        folder.path().join("train-images-idx3-ubyte.gz"),
        b"another set",
    )
    .unwrap();
    assert!(
        load_entry(&set.entry, &from(folder.path()))
            .unwrap()
            .is_verified
    );
}

#[test]
fn missing_files_are_listed_with_the_folders_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t10k-labels-idx1-ubyte"), b"").unwrap();
    let text = load("mnist", &from(folder.path())).unwrap_err().to_string();
    let expected = format!(
        "{0}: found 1 of the 4 files of dataset `mnist`, missing `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, \
         `t10k-images-idx3-ubyte` (plain or `.gz`); looked in `mnist`, `mnist/raw`, `MNIST/raw`, `.`\n\n\
         hint: `spinet data fetch mnist --data-dir {0}` downloads them",
        folder.path().display()
    );
    assert_eq!(text, expected);
}

#[test]
fn without_a_folder_the_error_says_how_to_give_one() {
    let text = load("fashion-mnist", &Source::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "dataset `fashion-mnist` needs files, expected `--data-dir DIR` or the variable `SPINET_DATA`\n\n\
         hint: `spinet data fetch fashion-mnist --data-dir DIR` downloads them; `mnist-1200` is built in and needs no files"
    );
    assert!(
        matches!(load("mnits", &Source::default()), Err(Error::UnknownName { suggestion: Some(name), .. }) if name == "mnist")
    );
}

#[test]
fn one_flipped_bit_in_any_file_is_refused_naming_file_and_digests() {
    for number in 0..4 {
        for is_gzip in [true, false] {
            let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
            set.write_gz(folder.path());
            let file = &set.files[number];
            let (name, mut bytes, expected) = if is_gzip {
                (file.gz_name(), set.gz[number].clone(), file.gz.sha256)
            } else {
                fs::remove_file(folder.path().join(file.gz_name())).unwrap();
                (
                    file.name.to_owned(),
                    set.plain[number].clone(),
                    file.plain.sha256,
                )
            };
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            let text = load_entry(&set.entry, &from(folder.path()))
                .unwrap_err()
                .to_string();
            let start = format!(
                "{}: sha256 is {}, expected {expected}\n\nhint: ",
                path.display(),
                sha256(&bytes)
            );
            assert!(text.starts_with(&start), "{text}");
        }
    }
}

#[test]
fn an_interrupted_copy_is_refused_by_its_digest() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    set.write_gz(folder.path());
    fs::write(
        folder.path().join("train-images-idx3-ubyte.gz"),
        &set.gz[0][..20],
    )
    .unwrap();
    let error = load_entry(&set.entry, &from(folder.path())).unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
}

#[test]
fn another_version_is_used_only_when_allowed_and_is_marked() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    set.write_gz(folder.path());
    let changed = tiny::gzip(&spinet_data::idx::encode_labels(&[2, 2, 2, 2, 2]).unwrap());
    fs::write(folder.path().join("train-labels-idx1-ubyte.gz"), &changed).unwrap();
    assert!(load_entry(&set.entry, &from(folder.path())).is_err());
    let dataset = load_entry(&set.entry, &unverified(folder.path())).unwrap();
    assert!(!dataset.is_verified);
    assert_eq!(dataset.train.labels(), [2; 5]);
    assert_eq!(dataset.files[1].sha256, sha256(&changed));
}

#[test]
fn an_unverified_file_is_still_read_with_distrust() {
    let text = |name: &str, bytes: &[u8]| {
        let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
        set.write_gz(folder.path());
        fs::write(folder.path().join(name), bytes).unwrap();
        let text = load_entry(&set.entry, &unverified(folder.path()))
            .unwrap_err()
            .to_string();
        text.replace(&folder.path().display().to_string(), "DIR")
    };
    let labels = |labels: &[u8]| spinet_data::idx::encode_labels(labels).unwrap();
    let images = spinet_data::idx::encode_images(&[0; 30], [3, 2]).unwrap();
    assert_eq!(
        text("train-labels-idx1-ubyte.gz", &labels(&[0, 1, 2, 3, 0])),
        "DIR/train-labels-idx1-ubyte.gz: label of sample 3 is 3, expected below 3 (the number of classes)"
    );
    assert_eq!(
        text("train-labels-idx1-ubyte.gz", &labels(&[0, 1])),
        "DIR/train-labels-idx1-ubyte.gz: file has 2 labels, expected 5, one for each image of `DIR/train-images-idx3-ubyte.gz`"
    );
    assert_eq!(
        text("t10k-images-idx3-ubyte.gz", &images),
        "DIR/t10k-images-idx3-ubyte.gz: images are 3 x 2, expected 2 x 3"
    );
}

#[test]
fn verify_reports_each_file() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny("tiny"));
    set.write_gz(folder.path());
    fs::write(folder.path().join("train-labels-idx1-ubyte.gz"), b"other").unwrap();
    fs::remove_file(folder.path().join("t10k-images-idx3-ubyte.gz")).unwrap();
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
    fs::create_dir(folder.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
    let checks = verify(&set.entry, folder.path());
    assert!(checks[0].status.is_verified());
    assert_eq!(
        checks[0].path,
        Some(folder.path().join("train-images-idx3-ubyte.gz"))
    );
    assert!(
        matches!(&checks[1].status, FileStatus::Differs { found, .. } if *found == sha256(b"other"))
    );
    assert!(matches!(&checks[2].status, FileStatus::Missing));
    assert_eq!(
        (checks[2].file.as_str(), &checks[2].path),
        ("t10k-images-idx3-ubyte.gz", &None)
    );
    assert!(matches!(
        &checks[3].status,
        FileStatus::Unreadable(Error::NotAFile { .. })
    ));
}

#[test]
fn the_built_in_set_is_balanced_complete_and_verified() {
    let entry = find("mnist-1200").unwrap();
    let dataset = load("mnist-1200", &Source::default()).unwrap();
    assert!(dataset.is_verified);
    assert_eq!(
        (dataset.train.len(), dataset.test.len(), dataset.classes()),
        (1_200, 10_000, 10)
    );
    for digit in 0..10 {
        assert_eq!(
            dataset
                .train
                .labels()
                .iter()
                .filter(|&&label| label == digit)
                .count(),
            120
        );
    }
    // The first ten labels of the official test set.
    assert_eq!(dataset.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    assert!(
        verify(entry, Path::new("nowhere"))
            .iter()
            .all(|check| check.status.is_verified())
    );
    assert!(
        idx_files("mnist-1200")
            .embedded
            .unwrap()
            .iter()
            .map(|bytes| bytes.len())
            .sum::<usize>()
            < 2_500_000
    );
    let (built_in, official) = (idx_files("mnist-1200").files, idx_files("mnist").files);
    assert_eq!(built_in[2].gz.sha256, official[2].gz.sha256);
    assert_eq!(built_in[3].gz.sha256, official[3].gz.sha256);
}

#[test]
fn the_built_in_files_are_the_recorded_ones_packed_and_plain() {
    let built_in = idx_files("mnist-1200");
    for (file, bytes) in built_in.files.iter().zip(built_in.embedded.unwrap()) {
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
        assert_eq!(
            (bytes.len() as u64, sha256(bytes).as_str()),
            (file.gz.bytes, file.gz.sha256),
            "{}",
            file.name
        );
        assert_eq!(
            (plain.len() as u64, sha256(&plain).as_str()),
            (file.plain.bytes, file.plain.sha256),
            "{}",
            file.name
        );
    }
}

fn recorded_indices() -> Vec<usize> {
    include_str!("../assets/mnist-1200/indices.txt")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect()
}

#[test]
fn the_recorded_draw_has_1200_ascending_distinct_indices() {
    let indices = recorded_indices();
    assert_eq!(indices.len(), 1_200);
    assert!(indices.is_sorted_by(|a, b| a < b));
    assert!(*indices.last().unwrap() < 60_000);
}

/// The folder with the public sets, if this machine has one.
fn real_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SPINET_DATA") {
        return Some(folder.into());
    }
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above
        .map(|folder| folder.join("shared/data"))
        .find(|folder| folder.is_dir())
}

/// The public set called `name`, if its files are on this machine; files that are there must
/// verify.
fn real(name: &str) -> Option<Dataset> {
    match load(
        name,
        &Source {
            data_dir: real_folder(),
            allow_unverified: false,
        },
    ) {
        Err(Error::NoDataDir { .. } | Error::MissingFiles { .. }) => {
            println!(
                "skipped: no files of `{name}` in the folder SPINET_DATA or a `shared/data` above this crate"
            );
            None
        }
        result => Some(result.unwrap()),
    }
}

#[test]
fn the_built_in_draw_is_repeated_from_the_full_set() {
    let Some(full) = real("mnist") else { return };
    let built_in = load("mnist-1200", &Source::default()).unwrap();
    let drawn = balanced_draw(full.train.labels(), 10, 120, "spinet mnist-1200").unwrap();
    assert_eq!(drawn, recorded_indices());
    assert_eq!(full.train.select(&drawn).unwrap(), built_in.train);
    assert_eq!(full.test, built_in.test);
}

#[test]
fn the_public_sets_load_verified_with_their_counts() {
    for entry in DATASETS.iter().filter(|entry| !entry.is_embedded()) {
        let Some(dataset) = real(entry.name) else {
            continue;
        };
        assert!(dataset.is_verified);
        assert_eq!(
            (dataset.train.len(), dataset.test.len()),
            (entry.train_count, entry.test_count),
            "{}",
            entry.name
        );
        for class in 0..10 {
            let count = dataset
                .test
                .labels()
                .iter()
                .filter(|&&label| label == class)
                .count();
            assert!(
                (850..1150).contains(&count),
                "{}: class {class} has {count} test samples",
                entry.name
            );
        }
        let checks = verify(entry, &real_folder().unwrap());
        assert!(
            checks.iter().all(|check| check.status.is_verified()),
            "{checks:?}"
        );
    }
}

#[test]
fn one_flipped_byte_in_the_official_test_images_is_refused() {
    // The test files of MNIST are built in, so this needs no download; the training files may be
    // anything here.
    let folder = tempfile::tempdir().unwrap();
    let (entry, files, built_in) = (
        find("mnist").unwrap(),
        idx_files("mnist").files,
        idx_files("mnist-1200").embedded.unwrap(),
    );
    for (file, bytes) in files.iter().zip(built_in) {
        fs::write(folder.path().join(file.gz_name()), bytes).unwrap();
    }
    let mut damaged = built_in[2].to_vec();
    damaged[800_000] ^= 0x10;
    fs::write(folder.path().join("t10k-images-idx3-ubyte.gz"), &damaged).unwrap();
    let checks = verify(entry, folder.path());
    let FileStatus::Differs { found, expected } = &checks[2].status else {
        panic!("{:?}", checks[2])
    };
    assert_eq!(
        (found.as_str(), *expected),
        (sha256(&damaged).as_str(), files[2].gz.sha256)
    );
    assert!(checks[3].status.is_verified());
    // Even if any digest were accepted, the stream's own checksum or its length would not be.
    let error = load("mnist", &unverified(folder.path())).unwrap_err();
    assert!(
        error.to_string().contains("t10k-images-idx3-ubyte.gz: "),
        "{error}"
    );
}
