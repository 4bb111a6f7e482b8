//! A set that is drawn from another one.

use spinet_data::{
    Content, DatasetEntry, Draw, Error, Source, balanced_draw, load, load_entry, verify,
};

use super::tiny_set::{NAMES, tiny};
use super::{from, unverified};

fn drawn(per_class: usize) -> DatasetEntry {
    let from: &DatasetEntry = Box::leak(Box::new(tiny().entry));
    let content = Content::Draw(Draw {
        from,
        per_class,
        key: "spinet drawn",
    });
    DatasetEntry {
        name: "drawn",
        train_count: 3 * per_class,
        content,
        ..*from
    }
}

#[test]
fn a_draw_is_the_balanced_draw_of_the_other_set_with_its_test_samples() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(&folder.path().join("tiny"));
    let whole = load_entry(&set.entry, &from(folder.path())).unwrap();
    let dataset = load_entry(&drawn(2), &from(folder.path())).unwrap();
    let indices = balanced_draw(whole.train.labels(), 3, 2, "spinet drawn").unwrap();
    assert_eq!(
        (dataset.name.as_str(), dataset.is_verified),
        ("drawn", true)
    );
    assert_eq!(dataset.train, whole.train.select(&indices).unwrap());
    assert_eq!((dataset.test, dataset.files), (whole.test, whole.files));
    let files: Vec<_> = verify(&drawn(2), folder.path())
        .into_iter()
        .map(|check| check.file)
        .collect();
    assert_eq!(files, NAMES);
}

#[test]
fn a_draw_from_too_few_unverified_samples_is_refused() {
    let (folder, set) = (tempfile::tempdir().unwrap(), tiny());
    set.write(&folder.path().join("tiny"));
    std::fs::write(folder.path().join("tiny").join(NAMES[1]), &set.bins[1][..7]).unwrap();
    assert!(matches!(
        load_entry(&drawn(1), &from(folder.path())),
        Err(Error::RecordCount { .. })
    ));
    assert!(
        !load_entry(&drawn(1), &unverified(folder.path()))
            .unwrap()
            .is_verified
    );
    assert!(matches!(
        load_entry(&drawn(2), &unverified(folder.path())),
        Err(Error::ClassTooSmall { class: 0, .. })
    ));
}

#[test]
fn without_a_folder_the_error_says_how_to_give_one() {
    let text = load("fashion-mnist-1200", &Source::default())
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with("dataset `fashion-mnist` needs files, expected"),
        "{text}"
    );
}
