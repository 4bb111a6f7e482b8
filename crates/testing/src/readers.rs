//! Every reader of foreign bytes as a function of those bytes; whether they were accepted.
//!
//! A reader may refuse or accept, never panic, hang or take more memory than its limit; what it
//! accepts agrees with itself, and what the command does with it does no harm either. `cargo xtask
//! fuzz` searches for bytes that break this; those once found are kept under `seeds/` and read by
//! an ordinary test.

use std::cell::OnceCell;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use spinet_data::cifar;
use spinet_data::idx::{self, Limits};
use spinet_data::table::{csv as text_table, npy as array, npz as archive_of_arrays};
use spinet_data::{Column, Error, Part, Samples, Table, TableOptions};
use spinet_lab::{self as lab, AnyRecord, Grid, Method, Shard, Stored, SweepFile};
use spinet_nn::{Initializer, Threads};
use spinet_rules::RuleSettings;
use spinet_train::{MetricsLog, Model, Schedule, TrainConfig};

use crate::files::Files;
use crate::reseal::resealed;
use crate::sound::{
    FILES_OF_SET, LAYOUT, check_features, check_images, check_labels, check_records, check_table,
};

/// A reader's name and the reader.
pub type Reader = (&'static str, fn(&[u8]) -> bool);

/// All of them; each has a program in `fuzz_targets/` and a folder in `seeds/`.
pub const READERS: [Reader; 15] = [
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
    ("npz", npz),
    ("png", png),
    ("record", record),
    ("sweep", sweep),
    ("words", words),
];

/// The most bytes that a reader may promise itself.
const LIMIT: u64 = 1 << 20;

fn path() -> &'static Path {
    Path::new("found")
}

/// Images in the idx format, plain or gzip.
pub fn idx_images(bytes: &[u8]) -> bool {
    let images = idx::parse_images(
        bytes,
        path(),
        &Limits {
            max_bytes: LIMIT,
            shape: None,
        },
    );
    images.is_ok_and(|images| {
        check_images(&images, LIMIT);
        true
    })
}

/// Labels in the idx format, plain or gzip.
pub fn idx_labels(bytes: &[u8]) -> bool {
    let labels = idx::parse_labels(
        bytes,
        path(),
        10,
        &Limits {
            max_bytes: LIMIT,
            shape: None,
        },
    );
    labels.is_ok_and(|labels| {
        check_labels(&labels, LIMIT);
        true
    })
}

/// Records of CIFAR-10's binary form.
pub fn cifar(bytes: &[u8]) -> bool {
    cifar::parse(bytes, path(), &LAYOUT, LIMIT).is_ok_and(|samples| {
        check_records(&samples, bytes);
        true
    })
}

/// A tar archive of such records, as gzip and as found: a search seldom makes a gzip file that fits
/// its own checksum.
pub fn archive(bytes: &[u8]) -> bool {
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(bytes).unwrap();
    let packed = packed.finish().unwrap();
    [bytes, &packed].iter().any(|bytes| {
        spinet_data::archive::parse(bytes, path(), &FILES_OF_SET, &LAYOUT, LIMIT).is_ok_and(
            |parts| {
                assert!(
                    parts
                        .iter()
                        .all(|part| !part.is_empty()
                            && part.labels().iter().all(|label| *label < 10))
                );
                true
            },
        )
    })
}

/// Reads a table with labels, one without as a model is asked about, and one with the classes of a
/// model in a named column.
fn read_table(
    bytes: &[u8],
    parse: fn(&[u8], &Path, &TableOptions) -> Result<Table, Error>,
) -> bool {
    let options = TableOptions {
        max_bytes: LIMIT,
        ..TableOptions::default()
    };
    let for_a_model = TableOptions {
        features: Some(2),
        needs_labels: false,
        ..options.clone()
    };
    let classes = ["ant", "b\"ee", "0", "1"].map(str::to_owned).to_vec();
    let with_its_classes = TableOptions {
        label: Some(Column::Name("kind".to_owned())),
        class_names: Some(classes),
        ..options.clone()
    };
    let tables = [options, with_its_classes].map(|options| parse(bytes, path(), &options));
    let features = parse(bytes, path(), &for_a_model);
    tables.iter().flatten().for_each(check_table);
    features.iter().for_each(check_features);
    features.is_ok() || tables.iter().any(Result::is_ok)
}

/// A table as text.
pub fn csv(bytes: &[u8]) -> bool {
    read_table(bytes, text_table::parse)
}

/// A table as a NumPy array.
pub fn npy(bytes: &[u8]) -> bool {
    read_table(bytes, array::parse)
}

/// Arrays in an archive.
pub fn npz(bytes: &[u8]) -> bool {
    read_table(bytes, archive_of_arrays::parse)
}

/// A picture.
pub fn png(bytes: &[u8]) -> bool {
    spinet_data::png::parse_png(bytes, path(), [12, 12]).is_ok_and(|pixels| {
        assert_eq!(pixels.len(), 144);
        true
    })
}

/// A model, as found and with a checksum that fits; what is read is scored and saved.
pub fn model(bytes: &[u8]) -> bool {
    let is_good = |bytes: &[u8]| {
        let Ok(model) = Model::parse(bytes, path()) else {
            return false;
        };
        let folder = tempfile::tempdir().unwrap();
        let again = folder.path().join("model");
        model.save(&again).unwrap();
        assert_eq!(
            Model::read(&again).unwrap().arrays_sha256(),
            model.arrays_sha256()
        );
        let [rows, columns] = model.description.shape;
        if let Ok(samples) = Samples::new(vec![7; rows * columns], vec![0], [rows, columns]) {
            // Another processor's kernel, or columns that are standardised.
            let _ = model.score(&samples, Threads::one());
        }
        true
    };
    as_found_or_repaired(bytes, &is_good)
}

/// A checkpoint, as found and with a checksum that fits; the run goes on to its end from what is
/// accepted.
pub fn checkpoint(bytes: &[u8]) -> bool {
    thread_local! {
        static FILES: OnceCell<Files> = const { OnceCell::new() };
    }
    FILES.with(|files| {
        let files = files.get_or_init(|| Files::new(3));
        as_found_or_repaired(bytes, &|bytes| files.goes_on_from(bytes))
    })
}

/// A search gets no further than the checksum unless that is made right.
fn as_found_or_repaired(bytes: &[u8], read: &dyn Fn(&[u8]) -> bool) -> bool {
    let is_good = read(bytes);
    let is_repaired_good =
        resealed(bytes, &mut str::to_owned, &mut |_, _| {}).is_some_and(|bytes| read(&bytes));
    assert!(
        is_repaired_good || !is_good,
        "the checksum that a good file is given does not fit"
    );
    is_repaired_good
}

/// A run's settings.
pub fn config(bytes: &[u8]) -> bool {
    let config = str::from_utf8(bytes)
        .ok()
        .and_then(|text| TrainConfig::parse(text, path()).ok());
    config.is_some_and(|config| {
        let text = config.to_toml().unwrap();
        assert_eq!(
            TrainConfig::parse(&text, path())
                .unwrap()
                .to_toml()
                .unwrap(),
            text
        );
        true
    })
}

/// The curve of a run, one JSON object a line.
pub fn metrics(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| MetricsLog::parse(text, path()).is_ok())
}

/// A word of the command line, as each kind that a library has a grammar for.
pub fn words(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let is_rule = text.parse::<RuleSettings>().is_ok_and(|rule| {
        spinet_rules::find(&rule.name).is_ok_and(|entry| entry.resolve(&rule).is_ok())
    });
    is_rule
        | text.parse::<Grid>().is_ok()
        | text.parse::<Initializer>().is_ok()
        | text.parse::<Method>().is_ok()
        | text.parse::<Part>().is_ok()
        | text.parse::<Schedule>().is_ok()
        | text.parse::<Shard>().is_ok()
}

/// A file of a sweep.
pub fn sweep(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| SweepFile::parse(text, path()).is_ok())
}

/// A record; what is accepted is shown, drawn, put together and stored as the command does.
pub fn record(bytes: &[u8]) -> bool {
    let Some(record) = str::from_utf8(bytes)
        .ok()
        .and_then(|text| AnyRecord::parse(text).ok())
    else {
        return false;
    };
    // What cannot be drawn or put together is refused.
    let _ = (record.text(), record.markdown());
    match &record {
        AnyRecord::Tables(record) => {
            let _ = (lab::accuracy_figure(record), lab::spine_figure(record));
            let _ = lab::join(&[(path().to_owned(), record.clone())]);
        }
        AnyRecord::Figure(record) => drop(lab::figure_svg(record)),
        AnyRecord::Sweep(record) => drop(lab::sweep_figure(record)),
    }
    assert!(
        AnyRecord::parse(&record.to_json().unwrap()).is_ok(),
        "a record that was read and stored is not read again"
    );
    let name = "results/found.json".to_owned();
    assert!(lab::report(&[Stored { name, record }]).ends_with("</html>\n"));
    true
}
