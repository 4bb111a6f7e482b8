//! A dataset of a few bytes with its own entry, so that no test needs the real one.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use spinet_data::idx::{encode_images, encode_labels};
use spinet_data::{Content, DatasetEntry, FileEntry, IdxFiles, StoredForm};

/// An entry and its four files, published and plain.
pub(crate) struct Tiny {
    pub(crate) entry: DatasetEntry,
    pub(crate) files: [FileEntry; 4],
    pub(crate) gz: [Vec<u8>; 4],
    pub(crate) plain: [Vec<u8>; 4],
}

pub(crate) const TRAIN_LABELS: [u8; 5] = [0, 1, 2, 1, 0];
pub(crate) const TEST_LABELS: [u8; 2] = [2, 1];

/// The same bytes each time; `name` only changes what the entry is called.
pub(crate) fn tiny(name: &'static str) -> Tiny {
    let pixels: Vec<u8> = (0..42).collect();
    let plain = [
        encode_images(&pixels[..30], [2, 3]).unwrap(),
        encode_labels(&TRAIN_LABELS).unwrap(),
        encode_images(&pixels[30..], [2, 3]).unwrap(),
        encode_labels(&TEST_LABELS).unwrap(),
    ];
    let gz = plain.each_ref().map(|bytes| gzip(bytes));
    let names = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];
    let file = |i: usize| FileEntry {
        name: names[i],
        gz: form(&gz[i]),
        plain: form(&plain[i]),
    };
    let files = [file(0), file(1), file(2), file(3)];
    let entry = DatasetEntry {
        name,
        summary: "a test's own",
        licence: "none",
        attribution: "none",
        addresses: &[],
        class_names: &["a", "b", "c"],
        shape: [2, 3],
        train_count: 5,
        test_count: 2,
        content: Content::Idx(IdxFiles {
            files: Box::leak(Box::new(files)),
            torchvision_folder: Some("Tiny/raw"),
            embedded: None,
        }),
    };
    Tiny {
        entry,
        files,
        gz,
        plain,
    }
}

impl Tiny {
    /// Writes all four files as published.
    pub(crate) fn write_gz(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for (file, bytes) in self.files.iter().zip(&self.gz) {
            fs::write(folder.join(file.gz_name()), bytes).unwrap();
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

fn form(bytes: &[u8]) -> StoredForm {
    StoredForm {
        bytes: bytes.len() as u64,
        sha256: sha256(bytes).leak(),
    }
}
