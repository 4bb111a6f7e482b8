//! Folders of images, and folds of tables.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests write to their own temporary folder and stop at the first surprise"
)]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use spinet_data::{
    Column, DataOptions, Dataset, Error, Part, Source, SplitOptions, Values, load_with,
};
use tempfile::TempDir;

fn load(folder: &TempDir, name: &str, options: &DataOptions) -> Result<Dataset, Error> {
    let source = Source {
        data_dir: Some(folder.path().to_owned()),
        allow_unverified: false,
    };
    load_with(name, &source, options)
}

fn refused(folder: &TempDir, name: &str, options: &DataOptions) -> String {
    let error = load(folder, name, options).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "DIR")
}

#[test]
fn folders_of_images_are_classes_and_other_sizes_are_refused() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testing/cases/pictures");
    let folder = tempfile::tempdir().unwrap();
    for class in ["dark", "light"] {
        fs::create_dir_all(folder.path().join("pictures").join(class)).unwrap();
        for entry in fs::read_dir(cases.join(class)).unwrap() {
            let entry = entry.unwrap();
            let to = folder
                .path()
                .join("pictures")
                .join(class)
                .join(entry.file_name());
            fs::copy(entry.path(), to).unwrap();
        }
    }
    let plain = DataOptions::default();
    let data = load(&folder, "pictures", &plain).unwrap();
    assert_eq!(
        (
            data.train.len(),
            data.test.len(),
            data.train.shape(),
            data.class_names.join(" ")
        ),
        (8, 2, [8, 8], "dark light".to_owned())
    );
    // Every image of the class is as dark, or as light, also the JPEG ones.
    for samples in [&data.train, &data.test] {
        for (index, label) in samples.labels().iter().enumerate() {
            let Values::Bytes(pixels) = samples.sample(index) else {
                panic!("images are bytes")
            };
            let mean = pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / 64.0;
            assert_eq!(mean > 128.0, *label == 1, "{mean}");
        }
    }
    let label = DataOptions {
        label: Some(Column::Number(1)),
        ..DataOptions::default()
    };
    assert_eq!(
        refused(&folder, "pictures", &label),
        "dataset `pictures` has no columns, expected no `label`"
    );
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 7, 8);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[9; 56]).unwrap();
    writer.finish().unwrap();
    let path = folder.path().join("pictures/light/9.png");
    fs::write(&path, file).unwrap();
    assert_eq!(
        refused(&folder, "pictures", &plain),
        "DIR/pictures/light/9.png: image has 8 rows x 7 columns, expected 8 x 8"
    );
    fs::write(&path, "text").unwrap();
    assert_eq!(
        refused(&folder, "pictures", &plain),
        "DIR/pictures/light/9.png: found a file of another kind, expected a PNG or JPEG image"
    );
    fs::write(&path, b"\xff\xd8\xff\xe0 cut").unwrap();
    assert_eq!(
        refused(&folder, "pictures", &plain),
        "DIR/pictures/light/9.png: not a complete and valid JPEG image"
    );
}

#[test]
fn constants_of_a_fold_come_from_its_training_rows_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = (0..12).fold("x,kind\n".to_owned(), |mut text, row| {
        let x = if row == 3 {
            "?".to_owned()
        } else {
            (row * row).to_string()
        };
        writeln!(text, "{x},{}", ["a", "b"][row % 2]).unwrap();
        text
    });
    fs::write(folder.path().join("t.csv"), text).unwrap();
    let all = DataOptions {
        split: SplitOptions {
            test: Some(Part::Count(0)),
            ..SplitOptions::default()
        },
        ..DataOptions::default()
    };
    let data = load(&folder, "t.csv", &all).unwrap();
    assert_eq!(
        (data.train.len(), data.evaluated_on.name()),
        (12, "training")
    );
    for fold in data.folds(3, "key").unwrap() {
        let part = data.fold(&fold).unwrap();
        let mut numbers: Vec<f64> = fold
            .train
            .iter()
            .filter(|row| **row != 3)
            .map(|row| (row * row) as f64)
            .collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let half = numbers.len() / 2;
        let median = if numbers.len() % 2 == 1 {
            numbers[half]
        } else {
            f64::midpoint(numbers[half - 1], numbers[half])
        };
        if fold.train.contains(&3) {
            numbers.push(median);
        }
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let found = part.standardisation.unwrap().mean[0];
        assert!((found - mean).abs() < 1e-9, "{found} instead of {mean}");
        assert_eq!((part.train.len(), part.test.len()), (8, 4));
    }
}
