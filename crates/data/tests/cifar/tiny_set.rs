//! A set of three files of a few records with its own entry.

use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use spinet_data::{CifarFiles, Content, DatasetEntry, NamedFile, StoredForm};

pub(crate) const ARCHIVE: &str = "tiny.tar.gz";
pub(crate) const FOLDER: &str = "tiny-batches-bin";
pub(crate) const NAMES: [&str; 3] = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"];
const LABELS: [&[u8]; 3] = [&[0, 1, 2, 1], &[2, 0, 1], &[2, 1]];

/// An entry and its files.
pub(crate) struct Tiny {
    pub(crate) entry: DatasetEntry,
    pub(crate) bins: [Vec<u8>; 3],
    pub(crate) packed: Vec<u8>,
}

/// Samples of 3 rows of 2, so records of 7 bytes.
pub(crate) fn tiny() -> Tiny {
    let mut pixels = (10..=255).cycle();
    let mut record = |&label: &u8| [vec![label], pixels.by_ref().take(6).collect()].concat();
    let bins = LABELS.map(|labels| labels.iter().flat_map(&mut record).collect::<Vec<u8>>());
    let file = |number: usize| NamedFile {
        name: NAMES[number],
        form: form(&bins[number]),
    };
    let packed = pack(&[0, 1, 2].map(|number| (NAMES[number], bins[number].as_slice())));
    let archive = NamedFile {
        name: ARCHIVE,
        form: form(&packed),
    };
    let cifar = CifarFiles {
        archive,
        folder: FOLDER,
        train: vec![file(0), file(1)].leak(),
        test: vec![file(2)].leak(),
    };
    let entry = DatasetEntry {
        name: "tiny",
        summary: "a test's own",
        licence: "none",
        attribution: "none",
        addresses: &[],
        class_names: &["a", "b", "c"],
        shape: [3, 2],
        train_count: 7,
        test_count: 2,
        content: Content::Cifar(cifar),
    };
    Tiny {
        entry,
        bins,
        packed,
    }
}

impl Tiny {
    /// Writes all three files.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for (name, bytes) in NAMES.iter().zip(&self.bins) {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

/// A `.tar.gz` as it is published: a folder and files in it.
pub(crate) fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    builder
        .append_data(&mut header, format!("{FOLDER}/"), &b""[..])
        .unwrap();
    for (name, bytes) in [&[("readme.html", &b"<HTML></HTML>"[..])], files].concat() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder
            .append_data(&mut header, format!("{FOLDER}/{name}"), bytes)
            .unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

pub(crate) fn form(bytes: &[u8]) -> StoredForm {
    StoredForm {
        bytes: bytes.len() as u64,
        sha256: sha256(bytes).leak(),
    }
}
