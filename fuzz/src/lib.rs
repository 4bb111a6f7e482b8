//! Every reader of foreign bytes as a function of those bytes; whether they were accepted.
//!
//! A reader may refuse or accept, never panic, hang or take more memory than its limit, and what it accepts agrees with itself and can
//! be used. `cargo xtask fuzz` searches for bytes that break this; those once found are kept under `seeds/` and read by an ordinary test.
#![allow(clippy::disallowed_methods, reason = "readers of a path get a file in a temporary directory")]
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a panic is what is searched for")]

#[allow(dead_code, reason = "one file for several programs; this one needs less of it")]
#[path = "../../crates/train/tests/hostile/files.rs"]
mod files;
#[path = "../../crates/train/tests/hostile/reseal.rs"]
mod reseal;

use std::cell::OnceCell;
use std::fs;
use std::io::Write;
use std::path::Path;

use files::Files;
use flate2::Compression;
use flate2::write::GzEncoder;
use reseal::resealed;
use spinet_data::cifar::{self, Layout};
use spinet_data::idx::{self, Limits};
use spinet_data::table::{csv as text_table, npy as array};
use spinet_data::{CifarFiles, Error, NamedFile, Part, Samples, StoredForm, Table, TableOptions};
use spinet_lab::{AnyRecord, Grid, Method, Reported, Shard, StoredAs, SweepFile};
use spinet_nn::Initialiser;
use spinet_rules::RuleSettings;
use spinet_train::{MetricsLog, Model, Schedule, TrainConfig};

/// A reader's name and the reader.
pub type Reader = (&'static str, fn(&[u8]) -> bool);

/// All of them; each has a program in `fuzz_targets/` and a folder in `seeds/`.
pub const READERS: [Reader; 14] = [
    ("archive", archive),
    ("checkpoint", checkpoint),
    ("cifar", cifar),
    ("config", config),
    ("csv", csv),
    ("idx_images", idx_images),
    ("idx_labels", idx_labels),
    ("metrics", metrics),
    ("model", model),
    ("npy", npy),
    ("png", png),
    ("record", record),
    ("sweep", sweep),
    ("words", words),
];

/// The most bytes that a reader may promise itself.
const LIMIT: u64 = 1 << 20;
const LAYOUT: Layout = Layout { shape: [7, 5], classes: 10 };

fn path() -> &'static Path {
    Path::new("found")
}

/// Images in the idx format, plain or gzip.
pub fn idx_images(bytes: &[u8]) -> bool {
    let images = idx::parse_images(bytes, path(), &Limits { max_bytes: LIMIT, shape: None });
    images.is_ok_and(|images| {
        assert_eq!(images.bytes.len(), images.count * images.shape[0] * images.shape[1]);
        assert!(images.count > 0 && images.bytes.len() as u64 <= LIMIT);
        true
    })
}

/// Labels in the idx format, plain or gzip.
pub fn idx_labels(bytes: &[u8]) -> bool {
    let labels = idx::parse_labels(bytes, path(), 10, &Limits { max_bytes: LIMIT, shape: None });
    labels.is_ok_and(|labels| {
        assert!(!labels.is_empty() && labels.len() as u64 <= LIMIT && labels.iter().all(|label| *label < 10));
        true
    })
}

fn check_samples(samples: &Samples) {
    assert!(!samples.is_empty() && samples.labels().iter().all(|label| usize::from(*label) < LAYOUT.classes));
}

/// Records of CIFAR-10's binary form.
pub fn cifar(bytes: &[u8]) -> bool {
    cifar::parse(bytes, path(), &LAYOUT, LIMIT).is_ok_and(|samples| {
        assert_eq!(samples.len() * 36, bytes.len());
        check_samples(&samples);
        true
    })
}

/// A tar archive of such records, as gzip and as found: a search seldom makes a gzip file that fits its own checksum.
pub fn archive(bytes: &[u8]) -> bool {
    const NO_FORM: StoredForm = StoredForm { bytes: 0, sha256: "" };
    const FILES: CifarFiles = CifarFiles {
        archive: NamedFile { name: "set.tar.gz", form: NO_FORM },
        folder: "set",
        train: &[NamedFile { name: "a.bin", form: NO_FORM }],
        test: &[NamedFile { name: "b.bin", form: NO_FORM }],
    };
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(bytes).unwrap();
    let packed = packed.finish().unwrap();
    [bytes, &packed].iter().any(|bytes| {
        spinet_data::archive::parse(bytes, path(), &FILES, &LAYOUT, LIMIT).is_ok_and(|parts| {
            parts.iter().for_each(check_samples);
            true
        })
    })
}

/// Reads a table with labels, and one without as a model is asked about.
fn read_table(bytes: &[u8], parse: fn(&[u8], &Path, &TableOptions) -> Result<Table, Error>) -> bool {
    let options = TableOptions { max_bytes: LIMIT, ..TableOptions::default() };
    let for_a_model = TableOptions { features: Some(2), needs_labels: false, ..options.clone() };
    let tables = [parse(bytes, path(), &options), parse(bytes, path(), &for_a_model)];
    for table in tables.iter().flatten() {
        assert!(table.features > 0 && table.numbers.len() == table.features * table.labels.len() && !table.labels.is_empty());
        assert!(table.numbers.iter().all(|number| number.abs() <= f64::from(f32::MAX)));
        assert!(table.class_names.is_empty() || table.labels.iter().all(|label| usize::from(*label) < table.class_names.len()));
    }
    tables.iter().any(Result::is_ok)
}

/// A table as text.
pub fn csv(bytes: &[u8]) -> bool {
    read_table(bytes, text_table::parse)
}

/// A table as a NumPy array.
pub fn npy(bytes: &[u8]) -> bool {
    read_table(bytes, array::parse)
}

/// A picture.
pub fn png(bytes: &[u8]) -> bool {
    spinet_data::png::parse_png(bytes, path(), [12, 12]).is_ok_and(|pixels| {
        assert_eq!(pixels.len(), 144);
        true
    })
}

/// A model, as found and with a checksum that fits.
pub fn model(bytes: &[u8]) -> bool {
    let is_read = |bytes: &[u8]| Model::parse(bytes, path()).is_ok();
    let repaired = resealed(bytes, &mut str::to_owned, &mut |_, _| {});
    is_read(bytes) | repaired.is_some_and(|bytes| is_read(&bytes))
}

/// A checkpoint, as found and with a checksum that fits; the run goes on to its end from what is accepted.
pub fn checkpoint(bytes: &[u8]) -> bool {
    thread_local! {
        static FILES: OnceCell<Files> = const { OnceCell::new() };
    }
    let repaired = resealed(bytes, &mut str::to_owned, &mut |_, _| {});
    FILES.with(|files| {
        let files = files.get_or_init(|| Files::new(3));
        files.goes_on_from(bytes) | repaired.is_some_and(|bytes| files.goes_on_from(&bytes))
    })
}

/// A run's settings.
pub fn config(bytes: &[u8]) -> bool {
    let config = str::from_utf8(bytes).ok().and_then(|text| TrainConfig::parse(text, path()).ok());
    config.is_some_and(|config| {
        let text = config.to_toml().unwrap();
        assert_eq!(TrainConfig::parse(&text, path()).unwrap().to_toml().unwrap(), text);
        true
    })
}

/// The curve of a run, one JSON object a line.
pub fn metrics(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    fs::write(&path, bytes).unwrap();
    MetricsLog::read(&path).is_ok()
}

/// A word of the command line, as each kind that has a grammar of its own.
pub fn words(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let is_rule =
        text.parse::<RuleSettings>().is_ok_and(|rule| spinet_rules::find(&rule.name).is_ok_and(|entry| entry.resolve(&rule).is_ok()));
    is_rule
        | text.parse::<Grid>().is_ok()
        | text.parse::<Initialiser>().is_ok()
        | text.parse::<Method>().is_ok()
        | text.parse::<Part>().is_ok()
        | text.parse::<Schedule>().is_ok()
        | text.parse::<Shard>().is_ok()
}

/// A file of a sweep.
pub fn sweep(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| SweepFile::parse(text, path()).is_ok())
}

/// A record; what is accepted can be shown.
pub fn record(bytes: &[u8]) -> bool {
    let Some(record) = str::from_utf8(bytes).ok().and_then(|text| AnyRecord::parse(text).ok()) else { return false };
    let mut reported = Reported::default();
    let name = "results/found.json".to_owned();
    match record {
        AnyRecord::Tables(record) => {
            let _ = spinet_lab::text(&record);
            reported.tables.push(StoredAs { name, record });
        }
        AnyRecord::Figure(record) => {
            let _ = spinet_lab::figure_text(&record);
            reported.figures.push(StoredAs { name, record });
        }
        AnyRecord::Sweep(record) => {
            let _ = spinet_lab::sweep_text(&record);
            reported.sweeps.push(StoredAs { name, record });
        }
    }
    assert!(spinet_lab::report(&reported).ends_with("</html>\n"));
    true
}
