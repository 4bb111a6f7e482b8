//! What a reader accepted agrees with itself; for the tests and searches of every crate that reads
//! files.

use spinet_data::cifar::Layout;
use spinet_data::idx::Images;
use spinet_data::table::Cell;
use spinet_data::{CifarFiles, NamedFile, Samples, StoredForm, Table};

/// A small form of CIFAR-10's records and files.
pub const LAYOUT: Layout = Layout {
    shape: [7, 5],
    classes: 10,
};
const NO_FORM: StoredForm = StoredForm {
    bytes: 0,
    sha256: "",
};
pub const FILES_OF_SET: CifarFiles = CifarFiles {
    archive: NamedFile {
        name: "set.tar.gz",
        form: NO_FORM,
    },
    folder: "set",
    train: &[NamedFile {
        name: "a.bin",
        form: NO_FORM,
    }],
    test: &[NamedFile {
        name: "b.bin",
        form: NO_FORM,
    }],
};

pub fn check_images(images: &Images, most_bytes: u64) {
    assert_eq!(
        images.bytes.len(),
        images.count * images.shape[0] * images.shape[1]
    );
    assert!(images.count > 0 && images.bytes.len() as u64 <= most_bytes);
}

pub fn check_labels(labels: &[u8], most_bytes: u64) {
    assert!(
        !labels.is_empty()
            && labels.len() as u64 <= most_bytes
            && labels.iter().all(|&label| label < 10)
    );
}

/// Samples of a file of records with [`LAYOUT`].
pub fn check_records(samples: &Samples, file: &[u8]) {
    assert_eq!(samples.len() * 36, file.len());
    assert!(!samples.is_empty() && samples.labels().iter().all(|&label| label < 10));
}

/// A table with labels, and what it becomes.
pub fn check_table(table: &Table) {
    check_cells(table);
    // Numbers to predict have no classes.
    let classes = table.class_names().len();
    assert!(classes == 0 || (2..=256).contains(&classes));
    let mut labels = table.labels().iter();
    assert!(labels.all(|label| usize::from(*label) < classes.max(1)));
    // Numbers may be too far from each other for `f32`.
    if let Ok(samples) = table.samples() {
        assert_eq!(
            (samples.len(), samples.labels()),
            (table.rows(), table.labels())
        );
        let (targets, outputs) = samples.targets().unwrap_or_default();
        assert_eq!(targets.len(), samples.len() * outputs);
        assert!(targets.iter().all(|number| number.is_finite()));
    }
}

/// Rows of two numbers that a model is asked about; labels are not read.
pub fn check_features(table: &Table) {
    check_cells(table);
    assert!(table.width() == 2 && table.class_names().is_empty());
}

fn check_cells(table: &Table) {
    assert!(table.rows() > 0 && table.width() > 0);
    for row in 0..table.rows() {
        for column in 0..table.width() {
            if let Cell::Number(number) = table.cell(row, column) {
                assert!(number.abs() <= f64::from(f32::MAX));
            }
        }
    }
}
