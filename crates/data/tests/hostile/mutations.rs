//! 20,000 mutated files of each kind: none makes a reader panic, dawdle or take more memory than
//! its limit allows.

use std::io::{Cursor, Write};

use spinet_data::cifar;
use spinet_data::idx::{Limits, encode_images, encode_labels};
use spinet_data::png::parse_png;
use spinet_data::table::{csv, npy, npz};
use spinet_data::{Column, ColumnKind, Error, Table, TableOptions, TableSettings};

use super::tables::{header_text, npy_file};
use super::{Kind, Numbers, gzip};
use spinet_testing::mutate::{FILES, LIMIT, mutate, run};
use spinet_testing::sound::{LAYOUT, check_features, check_records, check_table};

fn check(kind: Kind, is_gzip: bool, seed: u64) {
    let mut numbers = Numbers(seed);
    let plain = match kind {
        Kind::Images => encode_images(&numbers.bytes(12 * 35), [5, 7]).unwrap(),
        Kind::Labels => {
            encode_labels(&(0..300).map(|i| (i % 10) as u8).collect::<Vec<_>>()).unwrap()
        }
    };
    let packed = gzip(&plain);
    let make = |numbers: &mut Numbers| match (is_gzip, numbers.below(2)) {
        (false, _) => mutate(&plain, numbers),
        // Half of them with a good checksum over bad content.
        (true, 0) => gzip(&mutate(&plain, numbers)),
        (true, _) => mutate(&packed, numbers),
    };
    let limits = Limits {
        max_bytes: LIMIT as u64,
        shape: None,
    };
    let accepted = run(&format!("{kind:?}, gzip {is_gzip}"), seed, &make, &|file| {
        kind.accepts(file, &limits).is_ok()
    });
    // Both answers occur, else the mutations test nothing.
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "{kind:?}, gzip {is_gzip}: {accepted} of {FILES} accepted"
    );
}

#[test]
fn mutated_image_files_do_no_harm() {
    check(Kind::Images, false, 11);
}

#[test]
fn mutated_label_files_do_no_harm() {
    check(Kind::Labels, false, 12);
}

#[test]
fn mutated_gzip_image_files_do_no_harm() {
    check(Kind::Images, true, 13);
}

#[test]
fn mutated_gzip_label_files_do_no_harm() {
    check(Kind::Labels, true, 14);
}

#[test]
fn mutated_files_of_records_do_no_harm() {
    let mut numbers = Numbers(16);
    let plain: Vec<u8> = (0..30)
        .flat_map(|i| [vec![i % 10], numbers.bytes(35)].concat())
        .collect();
    let accepted = run(
        "records",
        16,
        &|numbers| mutate(&plain, numbers),
        &|file| match cifar::parse(file, "hostile.bin".as_ref(), &LAYOUT, LIMIT as u64) {
            Ok(samples) => {
                check_records(&samples, file);
                true
            }
            Err(_) => false,
        },
    );
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "records: {accepted} of {FILES} accepted"
    );
}

#[test]
fn mutated_pictures_do_no_harm() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 12, 12);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette((0..=255).flat_map(|grey| [grey; 3]).collect::<Vec<u8>>());
    encoder
        .add_text_chunk("Comment".to_owned(), "text".repeat(10))
        .unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&Numbers(15).bytes(144)).unwrap();
    writer.finish().unwrap();
    let make = |numbers: &mut Numbers| {
        let mut mutated = mutate(&file, numbers);
        // Wrong checksums would hide all that comes after them.
        if numbers.below(2) == 0 {
            repair_checksums(&mut mutated);
        }
        mutated
    };
    let accepted = run("picture", 15, &make, &|file| match parse_png(
        file,
        "hostile.png".as_ref(),
        [12, 12],
    ) {
        Ok(pixels) => {
            assert_eq!(pixels.len(), 144);
            true
        }
        Err(_) => false,
    });
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "picture: {accepted} of {FILES} accepted"
    );
}

fn is_table(table: &Result<Table, Error>) -> bool {
    table.as_ref().is_ok_and(|table| {
        check_table(table);
        true
    })
}

/// Rows of two numbers that a model is asked about; labels are not read.
fn for_a_model() -> TableOptions {
    TableOptions {
        features: Some(2),
        needs_labels: false,
        max_bytes: LIMIT as u64,
        ..TableOptions::default()
    }
}

#[test]
fn mutated_text_tables_do_no_harm() {
    let mut numbers = Numbers(18);
    let mut file = String::from("width;\"the; height\";kind\n");
    for row in 0..40 {
        file += &format!(
            "{}.25;-{}e-1;{}\n",
            numbers.below(100),
            numbers.below(100),
            ["ant", "\"b\"\"ee\"", "cow"][row % 3]
        );
    }
    let make = |numbers: &mut Numbers| {
        let mut mutated = mutate(file.as_bytes(), numbers);
        // Bytes that mean something, in any place.
        for _ in 0..numbers.below(3) {
            let at = numbers.below(mutated.len());
            mutated[at] = b",;\t\"\n\r 0.-e"[numbers.below(11)];
        }
        mutated
    };
    let options = TableOptions {
        max_bytes: LIMIT as u64,
        ..TableOptions::default()
    };
    let accepted = run("text table", 18, &make, &|file| {
        csv::parse(file, "hostile.csv".as_ref(), &for_a_model())
            .iter()
            .for_each(check_features);
        is_table(&csv::parse(file, "hostile.csv".as_ref(), &options))
    });
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "text table: {accepted} of {FILES} accepted"
    );
}

/// Words, missing cells, dates, comments, decimal commas and groups, also packed.
#[test]
fn mutated_tables_of_words_and_gaps_do_no_harm() {
    let mut numbers = Numbers(20);
    let mut file = String::from("# from a shed\n\ncolor;size;when;patient;kind;\n");
    for row in 0..40 {
        file += &format!(
            "{};{},5;2026-01-{:02};{};{};\n",
            ["red", "NA", "\"dark; blue\"", "yes"][row % 4],
            if row % 5 == 0 { "1.234" } else { "-7" },
            row % 28 + 1,
            row / 4,
            ["ant", "bee", "?"][numbers.below(3)]
        );
    }
    let make = |numbers: &mut Numbers| {
        let mut mutated = mutate(file.as_bytes(), numbers);
        for _ in 0..numbers.below(4) {
            let at = numbers.below(mutated.len());
            mutated[at] = b",;\t\"\n\r 0.-e#?NA'"[numbers.below(16)];
        }
        match numbers.below(8) {
            0 => gzip(&mutated),
            1 => mutate(&gzip(&mutated), numbers),
            _ => mutated,
        }
    };
    let settings = TableSettings {
        group: Some(Column::Name("patient".to_owned())),
        kinds: [("when".to_owned(), ColumnKind::Date)].into(),
        ..TableSettings::default()
    };
    let options = TableOptions {
        max_bytes: LIMIT as u64,
        ..TableOptions::default()
    };
    let with_settings = TableOptions {
        settings,
        ..options.clone()
    };
    let accepted = run("words and gaps", 20, &make, &|file| {
        let path = "hostile.csv".as_ref();
        let [plain, set] =
            [&options, &with_settings].map(|options| csv::parse(file, path, options));
        is_table(&plain) | is_table(&set)
    });
    assert!(
        (100..FILES * 19 / 20).contains(&accepted),
        "words and gaps: {accepted} of {FILES} accepted"
    );
}

#[test]
fn mutated_archives_of_arrays_do_no_harm() {
    let features: Vec<u8> = (0..40).flat_map(|at| (at as f32).to_le_bytes()).collect();
    let features = npy_file(&header_text("'<f4'", "(20, 2)"), &features);
    let labels: Vec<u8> = (0..20).flat_map(|at| [at % 3, 0, 0, 0]).collect();
    let labels = npy_file(&header_text("'<i4'", "(20,)"), &labels);
    let archive = |features: &[u8], labels: &[u8]| {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in [("X.npy", features), ("y.npy", labels)] {
            let options = zip::write::SimpleFileOptions::default();
            archive.start_file(name, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    let whole = archive(&features, &labels);
    let make = |numbers: &mut Numbers| match numbers.below(3) {
        0 => mutate(&whole, numbers),
        1 => archive(&mutate(&features, numbers), &labels),
        _ => archive(&features, &mutate(&labels, numbers)),
    };
    let options = TableOptions {
        max_bytes: LIMIT as u64,
        ..TableOptions::default()
    };
    let accepted = run("archive of arrays", 22, &make, &|file| {
        is_table(&npz::parse(file, "hostile.npz".as_ref(), &options))
    });
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "archive of arrays: {accepted} of {FILES} accepted"
    );
}

#[test]
fn mutated_arrays_do_no_harm() {
    let mut numbers = Numbers(19);
    let data: Vec<u8> = (0..60)
        .flat_map(|at| {
            (if at % 3 == 2 {
                at % 4
            } else {
                numbers.below(900)
            } as f32)
                .to_le_bytes()
        })
        .collect();
    let file = npy_file(&header_text("'<f4'", "(20, 3)"), &data);
    let make = |numbers: &mut Numbers| {
        let mut mutated = mutate(&file, numbers);
        // The header text is where the numbers are.
        for _ in 0..numbers.below(3) {
            let at = numbers.below(mutated.len().min(80));
            mutated[at] = b"0123456789',()<>|fiuO[]{}"[numbers.below(25)];
        }
        mutated
    };
    let options = TableOptions {
        max_bytes: LIMIT as u64,
        ..TableOptions::default()
    };
    let accepted = run("array", 19, &make, &|file| {
        npy::parse(file, "hostile.npy".as_ref(), &for_a_model())
            .iter()
            .for_each(check_features);
        is_table(&npy::parse(file, "hostile.npy".as_ref(), &options))
    });
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "array: {accepted} of {FILES} accepted"
    );
}

/// Writes the right CRC behind every chunk that still fits in the file.
fn repair_checksums(file: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = file.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let end = at.saturating_add(8).saturating_add(length);
        let Some(body) = file.get(at + 4..end) else {
            return;
        };
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let Some(place) = file.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}
