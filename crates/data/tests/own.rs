//! Data of one's own: folders of idx files and tables, found by a relative name and divided class
//! by class.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests write to their own temporary folder and stop at the first surprise"
)]
#![allow(
    clippy::naive_bytecount,
    reason = "counting a few labels needs no crate"
)]

use std::fmt::Write;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use spinet_data::idx::{encode_images, encode_labels};
use spinet_data::{
    Column, DataOptions, Dataset, Error, Limits, Part, Prior, Purpose, Source, SplitOptions,
    Standardisation, Values, balanced_draw, balanced_parts, is_table, load_with, read_features,
    read_images_of,
};
use tempfile::TempDir;

fn load(folder: &TempDir, name: &str, options: &DataOptions) -> Result<Dataset, Error> {
    load_with(
        name,
        &Source {
            data_dir: Some(folder.path().to_owned()),
            allow_unverified: false,
        },
        options,
    )
}

fn refused(folder: &TempDir, name: &str, options: &DataOptions) -> String {
    load(folder, name, options)
        .unwrap_err()
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR")
}

fn split(test: Option<Part>, train_per_class: Option<usize>, seed: u64) -> DataOptions {
    DataOptions {
        split: SplitOptions {
            test,
            train_per_class,
            seed,
            ..SplitOptions::default()
        },
        ..DataOptions::default()
    }
}

/// 30 rows of three kinds; the second column is always 7.
fn table() -> (TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let text = (0..30).fold("size,seven,kind\n".to_owned(), |mut text, row| {
        writeln!(text, "{},7,{}", row * row, ["cow", "ant", "bee"][row % 3]).unwrap();
        text
    });
    fs::create_dir(folder.path().join("my data")).unwrap();
    fs::write(folder.path().join("my data/kinds.CSV"), &text).unwrap();
    fs::write(folder.path().join("kinds.csv"), &text).unwrap();
    (folder, text.into_bytes())
}

#[test]
fn a_table_is_divided_class_by_class_and_standardised_by_its_training_part() {
    let (folder, text) = table();
    let data = load(&folder, "./my data/kinds.CSV", &DataOptions::default()).unwrap();
    assert_eq!(
        (data.name.as_str(), data.class_names.join(" ").as_str()),
        ("my data/kinds.CSV", "ant bee cow")
    );
    assert_eq!(
        (
            data.train.len(),
            data.test.len(),
            data.train.shape(),
            data.is_verified
        ),
        (24, 6, [1, 2], false)
    );
    let sha256 = Sha256::digest(&text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(
        (data.files[0].file.as_str(), data.files[0].sha256.as_str()),
        ("my data/kinds.CSV", sha256.as_str())
    );

    // The labels of the rows, by hand: cow is 2, ant is 0, bee is 1.
    let labels: Vec<u8> = (0..30).map(|row| [2, 0, 1][row % 3]).collect();
    let parts = balanced_parts(&labels, 3, Part::Fraction(0.2), "spinet test part 0").unwrap();
    let sizes: Vec<f64> = parts.train.iter().map(|row| (row * row) as f64).collect();
    let mean = sizes.iter().sum::<f64>() / 24.0;
    let deviation = (sizes
        .iter()
        .map(|size| (size - mean) * (size - mean))
        .sum::<f64>()
        / 24.0)
        .sqrt();
    assert_eq!(
        data.standardisation,
        Some(Standardisation {
            mean: vec![mean, 7.0],
            deviation: vec![deviation, 0.0]
        })
    );
    for (samples, rows) in [(&data.train, &parts.train), (&data.test, &parts.test)] {
        let expected: Vec<f32> = rows
            .iter()
            .flat_map(|row| [(((row * row) as f64 - mean) / deviation) as f32, 0.0])
            .collect();
        assert_eq!(samples.values(), Values::Numbers(&expected));
        assert_eq!(
            samples.labels(),
            rows.iter().map(|row| labels[*row]).collect::<Vec<_>>()
        );
    }
}

#[test]
fn splits_are_chosen_by_fraction_count_class_and_seed() {
    let (folder, _) = table();
    let counts = |options: &DataOptions| {
        let data = load(&folder, "kinds.csv", options).unwrap();
        let of = |samples: &spinet_data::Samples| {
            (0..3)
                .map(|class| samples.labels().iter().filter(|l| **l == class).count())
                .collect::<Vec<_>>()
        };
        (of(&data.train), of(&data.test))
    };
    assert_eq!(
        counts(&split(Some(Part::Fraction(0.5)), None, 0)),
        (vec![5, 5, 5], vec![5, 5, 5])
    );
    assert_eq!(
        counts(&split(Some(Part::Count(12)), None, 0)),
        (vec![6, 6, 6], vec![4, 4, 4])
    );
    assert_eq!(
        counts(&split(Some(Part::Count(12)), Some(2), 0)),
        (vec![2, 2, 2], vec![4, 4, 4])
    );
    assert_eq!(
        counts(&DataOptions {
            purpose: Purpose::Test,
            ..DataOptions::default()
        }),
        (vec![0, 0, 0], vec![10, 10, 10])
    );
    let data = |options| load(&folder, "kinds.csv", &options).unwrap();
    assert_eq!(data(split(None, None, 1)), data(split(None, None, 1)));
    assert_ne!(
        data(split(None, None, 1)).test,
        data(split(None, None, 2)).test
    );
    // The test part is the same whatever is trained on, and a larger draw keeps the smaller one.
    assert_eq!(
        data(split(None, Some(2), 1)).test.labels(),
        data(split(None, None, 1)).test.labels()
    );
    let text = refused(&folder, "kinds.csv", &split(None, Some(9), 0));
    assert_eq!(text, "class 0 has 8 samples, expected at least 9");
    let text = refused(&folder, "kinds.csv", &split(Some(Part::Count(28)), None, 0));
    assert_eq!(
        text,
        "test set has 28 samples, expected 1 to 27 of the 30, so that every class keeps a training sample"
    );
    fs::write(folder.path().join("ids.csv"), "1,a\n3,b\n5,c\n").unwrap();
    let text = refused(&folder, "ids.csv", &DataOptions::default());
    assert!(text.ends_with("\n\nhint: every sample has a different label; use `--label COLUMN` to select the label column of a table"), "{text}");
}

#[test]
fn a_label_column_is_chosen_by_name_or_number() {
    let (folder, _) = table();
    let label = |label: &str| DataOptions {
        label: label.parse().ok(),
        ..DataOptions::default()
    };
    let expected = load(&folder, "kinds.csv", &DataOptions::default()).unwrap();
    for name in ["kind", "3"] {
        assert_eq!(
            load(&folder, "kinds.csv", &label(name)).unwrap(),
            expected,
            "{name}"
        );
    }
    assert_eq!(
        refused(&folder, "kinds.csv", &label("sort")),
        "DIR/kinds.csv: label column is `sort`, expected a name from the first line"
    );
    let numbers = load(&folder, "kinds.csv", &label("size")).unwrap();
    assert_eq!(
        (numbers.target.numbers()[0].name.as_str(), numbers.outputs()),
        ("size", 1)
    );
    let (targets, width) = numbers.train.targets().unwrap();
    assert_eq!((targets.len(), width), (numbers.train.len(), 1));
    assert_eq!(
        DataOptions {
            label: Some(Column::Name("3".to_owned())),
            ..DataOptions::default()
        }
        .label
        .unwrap()
        .to_string(),
        "3"
    );
}

#[test]
fn samples_for_a_model_get_its_classes_and_its_constants() {
    let (folder, _) = table();
    let trained = load(&folder, "kinds.csv", &DataOptions::default()).unwrap();
    let prior = Prior {
        class_names: trained.class_names.clone(),
        standardisation: trained.standardisation.clone(),
        plan: None,
        ..Prior::default()
    };
    let options = DataOptions {
        prior: Some(prior),
        purpose: Purpose::Test,
        ..DataOptions::default()
    };
    fs::write(
        folder.path().join("new.csv"),
        "size,seven,kind\n100,8,cow\n81,7,cow\n",
    )
    .unwrap();
    let new = load(&folder, "new.csv", &options).unwrap();
    assert_eq!(
        (new.test.labels(), &new.class_names),
        (&[2, 2][..], &trained.class_names)
    );
    let Some(Standardisation { mean, deviation }) = &trained.standardisation else {
        panic!("a table is standardised")
    };
    let feature = |size: f64| ((size - mean[0]) / deviation[0]) as f32;
    assert_eq!(
        new.test.values(),
        Values::Numbers(&[feature(100.0), 1.0, feature(81.0), 0.0])
    );

    fs::write(folder.path().join("new.csv"), "1,7,dog\n").unwrap();
    assert_eq!(
        refused(&folder, "new.csv", &options),
        "DIR/new.csv: line 1 has label `dog`, expected a known class"
    );
    fs::write(folder.path().join("new.csv"), "1,7,8,cow\n").unwrap();
    assert_eq!(
        refused(&folder, "new.csv", &options),
        "DIR/new.csv: table has 4 columns, expected 2 features, as in the model, and a label column"
    );
    fs::write(folder.path().join("new.csv"), "1,7,cow\n1,3e38,cow\n").unwrap();
    assert!(load(&folder, "new.csv", &options).is_ok());
    let narrow = Standardisation {
        mean: vec![0.0; 2],
        deviation: vec![1.0, 1e-3],
    };
    let prior = Prior {
        standardisation: Some(narrow),
        ..options.prior.unwrap()
    };
    let options = DataOptions {
        prior: Some(prior),
        purpose: Purpose::Test,
        ..DataOptions::default()
    };
    let text = refused(&folder, "new.csv", &options);
    assert_eq!(
        text,
        "DIR/new.csv: sample 1 is too far from the training data to be standardized"
    );
}

#[test]
fn a_prediction_needs_no_labels_and_reads_none() {
    let (folder, _) = table();
    let trained = load(&folder, "kinds.csv", &DataOptions::default()).unwrap();
    let prior = Prior {
        class_names: trained.class_names.clone(),
        standardisation: trained.standardisation.clone(),
        plan: None,
        ..Prior::default()
    };
    let named = |label: Option<&str>| DataOptions {
        label: label.and_then(|label| label.parse().ok()),
        prior: Some(prior.clone()),
        purpose: Purpose::Prediction,
        ..DataOptions::default()
    };
    let write = |text: &str| fs::write(folder.path().join("new.csv"), text).unwrap();
    let expected = load(&folder, "new.csv", &{
        write("100,8,cow\n81,7,cow\n");
        DataOptions {
            purpose: Purpose::Test,
            ..named(None)
        }
    });
    let expected = expected.unwrap().test;
    // Without labels, with any header, with labels that are unknown or missing, and with the column
    // named.
    for (text, label) in [
        ("100,8\n81,7\n", None),
        ("size,seven\n100,8\n81,7\n", Some("kind")),
        ("100,8\n81,7\n", Some("3")),
        ("100;8;dog\n81;7;\n", None),
        ("size,kind,seven\n100,?,8\n81,,7\n", Some("kind")),
    ] {
        write(text);
        let data = load(&folder, "new.csv", &named(label)).unwrap();
        assert_eq!(
            (data.test.values(), data.test.labels(), data.train.len()),
            (expected.values(), &[0, 0][..], 0),
            "{text}"
        );
        let path = folder.path().join("new.csv");
        let read = read_features(&path, named(label).label.as_ref(), prior.clone()).unwrap();
        assert_eq!(read, data.test);
    }
    let array = |shape: &str, numbers: &[f32]| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        let data: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let file = [
            b"\x93NUMPY\x01\0",
            &(header.len() as u16).to_le_bytes()[..],
            header.as_bytes(),
            &data,
        ]
        .concat();
        fs::write(folder.path().join("new.npy"), file).unwrap();
    };
    for (shape, numbers) in [
        ("(2, 2)", &[100.0, 8.0, 81.0, 7.0][..]),
        ("(2, 3)", &[100.0, 8.0, f32::NAN, 81.0, 7.0, 0.5]),
    ] {
        array(shape, numbers);
        assert_eq!(
            load(&folder, "new.npy", &named(None))
                .unwrap()
                .test
                .values(),
            expected.values(),
            "{shape}"
        );
    }
    array("(1, 4)", &[1.0; 4]);
    let text = refused(&folder, "new.npy", &named(None));
    assert_eq!(
        text,
        "DIR/new.npy: table has 4 columns, expected 2 features, as in the model, with or without a label column"
    );
    // A column with the name of the labels is that of the labels, even if the number of columns is
    // that of the features.
    write("size,kind\n1,2\n");
    let text = refused(&folder, "new.csv", &named(Some("kind")));
    assert_eq!(
        text,
        "DIR/new.csv: table has 2 columns, expected 2 features, as in the model, with or without a label column"
    );
    write("size,seven\n1,7\n");
    let text = refused(
        &folder,
        "new.csv",
        &DataOptions {
            purpose: Purpose::Test,
            ..named(None)
        },
    );
    let expected =
        "DIR/new.csv: missing label column; table has 2 columns, one per feature of the model";
    assert_eq!(
        text,
        format!("{expected}\n\nhint: `spinet predict` needs no labels")
    );

    // One feature alone is a table only where that is what a model takes.
    let one = Prior {
        standardisation: Some(Standardisation {
            mean: vec![0.0],
            deviation: vec![1.0],
        }),
        ..prior.clone()
    };
    write("size\n3\n4\n");
    let data = load(
        &folder,
        "new.csv",
        &DataOptions {
            prior: Some(one),
            ..named(None)
        },
    )
    .unwrap();
    assert_eq!(data.test.values(), Values::Numbers(&[3.0, 4.0]));
    assert!(
        refused(&folder, "new.csv", &DataOptions::default())
            .starts_with("DIR/new.csv: table has 1 columns, expected 2 to 65536")
    );
}

#[test]
fn an_array_is_the_same_set_as_the_text_with_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<[f32; 3]> = (0..20)
        .map(|row| [row as f32 * 0.5, -(row as f32), (row % 2) as f32])
        .collect();
    let text = rows.iter().fold(String::new(), |mut text, [a, b, label]| {
        writeln!(text, "{a};{b};{label}").unwrap();
        text
    });
    fs::write(folder.path().join("t.csv"), text).unwrap();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 3), }\n";
    let data: Vec<u8> = rows
        .iter()
        .flatten()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let file = [
        b"\x93NUMPY\x01\0",
        &(header.len() as u16).to_le_bytes()[..],
        header.as_bytes(),
        &data,
    ]
    .concat();
    fs::write(folder.path().join("t.npy"), file).unwrap();
    let load = |name| load(&folder, name, &DataOptions::default()).unwrap();
    let (text, array) = (load("t.csv"), load("t.npy"));
    assert_eq!(
        (text.train, text.test, text.class_names),
        (array.train, array.test, array.class_names)
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder `shapes` with 12 training images of 1 x 2 in two classes, and with test images if asked
/// for.
fn shapes(has_test: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shapes");
    fs::create_dir(&path).unwrap();
    let pixels: Vec<u8> = (0..24).collect();
    let labels: Vec<u8> = (0..12).map(|index| index % 2).collect();
    fs::write(
        path.join("train-images.idx3"),
        encode_images(&pixels, [1, 2]).unwrap(),
    )
    .unwrap();
    fs::write(
        path.join("train-labels-idx1-ubyte.gz"),
        gzip(&encode_labels(&labels).unwrap()),
    )
    .unwrap();
    if has_test {
        fs::write(
            path.join("test-images"),
            encode_images(&[9, 8, 7, 6], [1, 2]).unwrap(),
        )
        .unwrap();
        fs::write(
            path.join("test-labels.gz"),
            gzip(&encode_labels(&[2, 0]).unwrap()),
        )
        .unwrap();
    }
    folder
}

#[test]
fn a_folder_of_idx_files_is_a_set_with_or_without_a_test_part() {
    let data = load(&shapes(true), "shapes", &DataOptions::default()).unwrap();
    assert_eq!(
        (
            data.train.len(),
            data.test.bytes().unwrap(),
            data.test.labels()
        ),
        (12, &[9, 8, 7, 6][..], &[2, 0][..])
    );
    assert_eq!(
        (
            data.class_names.join(" ").as_str(),
            data.standardisation.clone(),
            data.name.as_str()
        ),
        ("0 1 2", None, "shapes")
    );
    let names: Vec<_> = data.files.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(
        names,
        [
            "train-images.idx3",
            "train-labels-idx1-ubyte.gz",
            "test-images",
            "test-labels.gz"
        ]
    );

    let folder = shapes(false);
    let data = load(&folder, "shapes/", &split(Some(Part::Count(4)), Some(3), 5)).unwrap();
    assert_eq!(
        (
            data.train.labels().len(),
            data.test.labels().len(),
            data.classes()
        ),
        (6, 4, 2)
    );
    let labels: Vec<u8> = (0..12).map(|index| index % 2).collect();
    let parts = balanced_parts(&labels, 2, Part::Count(4), "spinet test part 5").unwrap();
    let pixels: Vec<u8> = parts
        .test
        .iter()
        .flat_map(|index| [2 * *index as u8, 2 * *index as u8 + 1])
        .collect();
    assert_eq!(data.test.bytes().unwrap(), pixels);
    let train_labels: Vec<u8> = parts.train.iter().map(|index| labels[*index]).collect();
    let drawn = balanced_draw(&train_labels, 2, 3, "spinet training part 5").unwrap();
    let pixels: Vec<u8> = drawn
        .iter()
        .map(|position| parts.train[*position] as u8)
        .flat_map(|index| [2 * index, 2 * index + 1])
        .collect();
    assert_eq!(data.train.bytes().unwrap(), pixels);
}

#[test]
fn labels_with_gaps_are_the_classes_that_occur() {
    let folder = shapes(true);
    let path = |name: &str| folder.path().join("shapes").join(name);
    let letters: Vec<u8> = (0..12).map(|index| [26, 3, 7][index % 3]).collect();
    fs::write(
        path("train-labels-idx1-ubyte.gz"),
        gzip(&encode_labels(&letters).unwrap()),
    )
    .unwrap();
    fs::write(
        path("test-labels.gz"),
        gzip(&encode_labels(&[7, 26]).unwrap()),
    )
    .unwrap();
    let data = load(&folder, "shapes", &split(None, Some(2), 0)).unwrap();
    assert_eq!(
        (data.class_names.join(" ").as_str(), data.test.labels()),
        ("3 7 26", &[1, 2][..])
    );
    assert_eq!(
        data.train
            .labels()
            .iter()
            .map(|label| usize::from(*label))
            .sum::<usize>(),
        2 * (1 + 2)
    );
    // For a model of these classes the files mean the same; for one of words, labels are positions.
    let labelled = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        read_images_of(
            &path("test-images"),
            &path("test-labels.gz"),
            &names,
            &Limits::default(),
        )
    };
    assert_eq!(labelled(&["7", "26"]).unwrap().labels(), [0, 1]);
    let text = labelled(&["3", "7"]).unwrap_err().to_string();
    assert!(
        text.ends_with("test-labels.gz: sample 1 has label `26`, expected a known class"),
        "{text}"
    );
    fs::write(
        path("test-labels.gz"),
        gzip(&encode_labels(&[1, 0]).unwrap()),
    )
    .unwrap();
    assert_eq!(labelled(&["coat", "bag"]).unwrap().labels(), [1, 0]);
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    let folder = shapes(true);
    let path = |name: &str| folder.path().join("shapes").join(name);
    let expected = "expected idx files (plain or `.gz`) with names starting with `train-images`, `train-labels` and, for a test set, `t10k-` or `test-`";
    let told = |missing: &str| format!("DIR/shapes: folder has no file `{missing}...`, {expected}");
    let plain = DataOptions::default();
    // A plain file beside the same one packed is the same file; another name is another one. An
    // unfinished download is none.
    fs::write(path("train-labels-idx1-ubyte"), "anything").unwrap();
    fs::write(path("train-images.idx3.77.tmp"), "anything").unwrap();
    load(&folder, "shapes", &plain).unwrap();
    fs::write(path("t10k-images"), "anything").unwrap();
    assert_eq!(
        refused(&folder, "shapes", &plain),
        "DIR/shapes: folder has `t10k-images`, `test-images`, expected one of them"
    );
    fs::remove_file(path("t10k-images")).unwrap();
    let text = refused(&folder, "shapes", &split(Some(Part::Count(4)), None, 0));
    assert_eq!(
        text,
        "dataset `shapes` already has a test set, expected no `test_size`"
    );
    let text = refused(
        &folder,
        "shapes",
        &DataOptions {
            label: Some(Column::Number(1)),
            ..DataOptions::default()
        },
    );
    assert_eq!(text, "dataset `shapes` has no columns, expected no `label`");
    fs::write(
        path("test-images"),
        encode_images(&[1, 2, 3, 4], [2, 1]).unwrap(),
    )
    .unwrap();
    assert_eq!(
        refused(&folder, "shapes", &plain),
        "DIR/shapes/test-images: images are 2 x 1, expected 1 x 2"
    );
    fs::remove_file(path("test-images")).unwrap();
    assert_eq!(refused(&folder, "shapes", &plain), told("test-images"));
    fs::remove_file(path("test-labels.gz")).unwrap();
    let prior = Prior {
        class_names: vec!["only".to_owned()],
        standardisation: None,
        plan: None,
        ..Prior::default()
    };
    let text = refused(
        &folder,
        "shapes",
        &DataOptions {
            prior: Some(prior),
            ..DataOptions::default()
        },
    );
    assert_eq!(
        text,
        "DIR/shapes/train-labels-idx1-ubyte.gz: sample 1 has label `1`, expected a known class"
    );
    fs::write(
        path("train-labels-idx1-ubyte.gz"),
        gzip(&encode_labels(&[0; 12]).unwrap()),
    )
    .unwrap();
    let text = refused(&folder, "shapes", &plain);
    assert_eq!(
        text,
        "DIR/shapes/train-labels-idx1-ubyte.gz: all labels are the same, expected at least 2 different ones"
    );
    fs::remove_file(path("train-images.idx3")).unwrap();
    assert_eq!(refused(&folder, "shapes", &plain), told("train-images"));
}

#[test]
fn paths_are_relative_to_the_data_folder_or_absolute() {
    let (folder, _) = table();
    let plain = DataOptions::default();
    let expected = load(&folder, "kinds.csv", &plain).unwrap();
    let absolute = folder.path().join("my data/kinds.CSV");
    for name in ["my data/../kinds.csv", absolute.to_str().unwrap()] {
        let data = load(&folder, name, &plain).unwrap();
        assert_eq!(
            (data.train, data.name.as_str()),
            (expected.train.clone(), name)
        );
    }
    let kinds = "expected a table (`.csv`, `.tsv`, `.txt`, `.data`, also with `.gz`, `.npy` or `.npz`) or a folder of images";
    assert_eq!(
        refused(&folder, "kind.csv", &plain),
        format!("DIR/kind.csv: found no file or folder, {kinds}")
    );
    assert_eq!(
        refused(&folder, "my data/kind", &plain),
        format!("DIR/my data/kind: found no file or folder, {kinds}")
    );
    // What looks like no file is a slip in a name.
    assert!(refused(&folder, "minst", &plain).ends_with("hint: did you mean `mnist`?"));
    assert!(refused(&folder, "kinds", &plain).ends_with("hint: did you mean `kinds.csv`?"));
    fs::write(folder.path().join("notes.md"), "1,2,3\n").unwrap();
    let text = refused(&folder, "notes.md", &plain);
    assert_eq!(
        text,
        format!("DIR/notes.md: unknown file extension, {kinds}")
    );
    assert!(is_table("a/b.csv") && is_table("B.NPY") && !is_table("mnist"));
}

#[test]
fn options_draw_from_known_sets_too_and_keep_their_test_part() {
    let folder = tempfile::tempdir().unwrap();
    let whole = load(&folder, "mnist-1200", &DataOptions::default()).unwrap();
    let drawn = load(&folder, "mnist-1200", &split(None, Some(7), 3)).unwrap();
    let expected = balanced_draw(whole.train.labels(), 10, 7, "spinet training part 3").unwrap();
    assert_eq!(
        drawn,
        Dataset {
            train: whole.train.select(&expected).unwrap(),
            ..whole
        }
    );
    let text = refused(
        &folder,
        "mnist-1200",
        &split(Some(Part::Fraction(0.5)), None, 0),
    );
    assert_eq!(
        text,
        "dataset `mnist-1200` already has a test set, expected no `test_size`"
    );
}

#[test]
fn without_a_data_folder_names_start_in_the_current_one() {
    let error = load_with(
        "no-such/table.csv",
        &Source::default(),
        &DataOptions::default(),
    )
    .unwrap_err();
    assert!(
        matches!(&error, Error::NoSuchData { path } if path == Path::new("no-such/table.csv")),
        "{error}"
    );
}
