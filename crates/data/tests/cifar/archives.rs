//! The archive, read in place of the files.

use std::fs;

use spinet_data::{Error, FileStatus, fetch, load_entry, verify};

use super::tiny_set::{ARCHIVE, FOLDER, NAMES, Tiny, pack, sha256, tiny};
use super::{from, unverified};

#[test]
fn the_archive_gives_the_same_set_as_its_files_from_each_known_folder() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(folder.path());
    let unpacked = load_entry(&set.entry, &from(folder.path())).unwrap();
    for place in ["tiny", "tiny/tiny-batches-bin", FOLDER, "."] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(place);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join(ARCHIVE), &set.packed).unwrap();
        let packed = load_entry(&set.entry, &from(folder.path())).unwrap();
        assert_eq!(
            (&packed.train, &packed.test, packed.is_verified),
            (&unpacked.train, &unpacked.test, true)
        );
        let digests: Vec<_> = packed
            .files
            .iter()
            .map(|file| (file.file.as_str(), file.sha256.clone()))
            .collect();
        assert_eq!(digests, [(ARCHIVE, sha256(&set.packed))]);
        let checks = verify(&set.entry, folder.path());
        assert!(
            checks.len() == 1 && checks[0].status.is_verified(),
            "{checks:?}"
        );
        let fetched = fetch(&set.entry, folder.path(), &mut |_| {}).unwrap();
        assert!(fetched.len() == 1 && !fetched[0].is_new, "{fetched:?}");
        let files = fs::read_dir(&place)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .filter(|name| name != "tiny");
        assert!(files.eq([ARCHIVE]), "nothing is unpacked to disk");
    }
}

#[test]
fn complete_files_win_over_the_archive_and_incomplete_ones_do_not() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(folder.path());
    fs::write(folder.path().join(ARCHIVE), &set.packed).unwrap();
    assert_eq!(
        load_entry(&set.entry, &from(folder.path()))
            .unwrap()
            .files
            .len(),
        3
    );
    fs::remove_file(folder.path().join(NAMES[1])).unwrap();
    let dataset = load_entry(&set.entry, &from(folder.path())).unwrap();
    assert_eq!((dataset.files.len(), dataset.train.len()), (1, 7));
}

/// What is said about another archive, without and with permission.
fn answers(set: &Tiny, bytes: &[u8]) -> [Result<spinet_data::Dataset, Error>; 2] {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(ARCHIVE), bytes).unwrap();
    let checks = verify(&set.entry, folder.path());
    assert!(
        matches!(&checks[0].status, FileStatus::Differs { .. }),
        "{checks:?}"
    );
    [from(folder.path()), unverified(folder.path())].map(|source| load_entry(&set.entry, &source))
}

#[test]
fn another_archive_is_used_only_when_allowed_and_is_marked() {
    let set = tiny();
    // In another order, and one record less.
    let bytes = pack(&[
        (NAMES[2], &set.bins[2]),
        (NAMES[1], &set.bins[1][..14]),
        (NAMES[0], &set.bins[0]),
    ]);
    let [refused, allowed] = answers(&set, &bytes);
    let error = refused.unwrap_err();
    assert!(
        matches!(
            error,
            Error::OfficialSize { .. } | Error::RecordCount { .. }
        ),
        "{error}"
    );
    let dataset = allowed.unwrap();
    assert!(!dataset.is_verified);
    assert_eq!(
        (dataset.train.labels(), dataset.test.labels()),
        (&[0, 1, 2, 1, 2, 0][..], &[2, 1][..])
    );
    assert_eq!(dataset.files[0].sha256, sha256(&bytes));
}

#[test]
fn an_archive_that_differs_in_its_header_only_is_refused_by_its_digest() {
    let set = tiny();
    let mut bytes = set.packed.clone();
    // The system that packed it, which nothing else looks at.
    bytes[9] ^= 1;
    let [refused, allowed] = answers(&set, &bytes);
    let error = refused.unwrap_err();
    assert!(
        matches!(&error, Error::DigestMismatch { found, .. } if *found == sha256(&bytes)),
        "{error}"
    );
    assert!(!allowed.unwrap().is_verified);
}

#[test]
fn every_prefix_of_an_archive_is_refused() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    let path = folder.path().join(ARCHIVE);
    for length in 0..set.packed.len() {
        fs::write(&path, &set.packed[..length]).unwrap();
        let error = load_entry(&set.entry, &from(folder.path())).unwrap_err();
        assert!(
            matches!(error, Error::OfficialSize { .. }),
            "{length}: {error}"
        );
        let error = load_entry(&set.entry, &unverified(folder.path())).unwrap_err();
        assert!(
            matches!(
                error,
                Error::ArchiveDamaged { .. } | Error::MemberTooLarge { .. }
            ),
            "{length}: {error}"
        );
    }
}
