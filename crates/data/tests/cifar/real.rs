//! The public sets, where this machine has their files.

use std::path::{Path, PathBuf};

use spinet_data::{Dataset, Error, Source, balanced_draw, load};

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

fn real(name: &str, allow_unverified: bool) -> Option<Dataset> {
    match load(
        name,
        &Source {
            data_dir: real_folder(),
            allow_unverified,
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
fn the_draw_of_fashion_mnist_is_balanced_and_has_the_complete_test_set() {
    let (Some(full), Some(drawn)) = (
        real("fashion-mnist", false),
        real("fashion-mnist-1200", false),
    ) else {
        return;
    };
    assert!(drawn.is_verified);
    for class in 0..10 {
        assert_eq!(
            drawn
                .train
                .labels()
                .iter()
                .filter(|&&label| label == class)
                .count(),
            120
        );
    }
    let indices = balanced_draw(full.train.labels(), 10, 120, "spinet fashion-mnist-1200").unwrap();
    assert_eq!(drawn.train, full.train.select(&indices).unwrap());
    assert_eq!(drawn.test, full.test);
}

#[test]
fn cifar_10_loads_with_the_counts_of_its_files() {
    // An incomplete copy is read too; it says that it is not the official one.
    let Some(dataset) = real("cifar-10", true) else {
        return;
    };
    let counts = (dataset.train.len(), dataset.test.len());
    assert_eq!(
        dataset.is_verified,
        counts == (50_000, 10_000),
        "{counts:?}"
    );
    assert_eq!((dataset.train.shape(), dataset.classes()), ([96, 32], 10));
    for class in 0..10 {
        let count = dataset
            .test
            .labels()
            .iter()
            .filter(|&&label| label == class)
            .count();
        assert!(
            (950..=1000).contains(&count),
            "class {class} has {count} test samples"
        );
    }
}
