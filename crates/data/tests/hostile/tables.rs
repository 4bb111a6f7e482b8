//! Tables made to hurt: lies with their texts, cut files, and how much memory they cost.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use spinet_data::table::{TableOptions, csv, npy};
use spinet_data::{Error, Table};

use super::{MIB, Numbers};
use spinet_testing::memory::measure;

/// A header of version 1.0 with this text, then the data.
pub(crate) fn npy_file(text: &str, data: &[u8]) -> Vec<u8> {
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), data].concat()
}

pub(crate) fn header_text(descr: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n")
}

fn refused(file: &[u8], read: fn(&[u8], &Path, &TableOptions) -> Result<Table, Error>) -> String {
    let (result, usage) = measure(|| read(file, Path::new("t"), &TableOptions::default()));
    // A cell of one byte is 24 in memory while its row is read, and rows grow by doubling.
    assert!(usage.peak < MIB + 50 * file.len(), "{usage:?}");
    result.unwrap_err().to_string()
}

const SEPARATED: &str = "a text table with cells separated by `,`, `;`, tabs or spaces";
const NUMBER: &str = "expected a finite number of magnitude below 3.4e38";

fn columns(found: usize) -> String {
    format!(
        "t: table has {found} columns, expected 2 to 65536: features and a label\n\nhint: cells are separated by `,`, `;`, tabs or spaces"
    )
}

/// Rows that are not those of one table.
fn broken_rows() -> Vec<(&'static [u8], String)> {
    let no_rows = "t: table has no rows, expected at least 1";
    vec![
        (b"", no_rows.to_owned()),
        (b"\n\r\n  \n", no_rows.to_owned()),
        (b"x,y\n", no_rows.to_owned()),
        (b"\xef\xbb\xbf", no_rows.to_owned()),
        (b"5\n6\n", columns(1)),
        (b"1,2,a\n3,b\n", "t: line 2 has 2 cells, expected 3, as in the first line".to_owned()),
        (b"1,2,a\n3,4,5,b\n", "t: line 2 has 4 cells, expected 3, as in the first line".to_owned()),
        (b"1,2,a\n\n3,b\n", "t: line 3 has 2 cells, expected 3, as in the first line".to_owned()),
        (
            b"1,2,a\n\"3,4,b\n",
            "t: quoted cell starting in line 2 is not closed, expected a closing `\"` at the end of the cell".to_owned(),
        ),
        (
            b"1,2,a\n\"3\"4,4,b\n",
            "t: quoted cell starting in line 2 is followed by more text, expected a closing `\"` at the end of the cell"
                .to_owned(),
        ),
        (
            b"1,2,a\n3,4,a\n",
            "t: label column has 1 different labels, expected at least 2\n\nhint: use `--label COLUMN` to select the label column".to_owned(),
        ),
    ]
}

/// Cells that are no number or no label. Three rows of four are numbers: what is not is a fault.
fn broken_cells() -> Vec<(&'static [u8], String)> {
    let hint = "\n\nhint: most cells of this column are numbers; `--categorical COLUMN` makes categories of all, `--ignore COLUMN` leaves it out, `--label COLUMN` makes it the label";
    vec![
        (
            b"1,2,a\n3,4,\n",
            "t: label column has 1 different labels, expected at least 2\n\nhint: use `--label COLUMN` to select the label column".to_owned(),
        ),
        (
            b"1,2,\n3,4,?\n",
            "t: the label column (column 3) is empty\n\nhint: use `--label COLUMN` to select the label column".to_owned(),
        ),
        (
            b"1,2,a\n3,4,\xff\n",
            "t: line 2, column 3 is `\u{fffd}`, expected a label: UTF-8 text or an integer"
                .to_owned(),
        ),
        (
            b"1,2,a\n3,\xff,b\n",
            "t: line 2, column 2 is `\u{fffd}`, expected UTF-8 text or a number".to_owned(),
        ),
        (
            b"1,2,a\n3,-inf,b\n",
            format!("t: line 2, column 2 is `-inf`, {NUMBER}"),
        ),
        (
            b"1,2,a\n3,1e999,b\n",
            format!("t: line 2, column 2 is `1e999`, {NUMBER}"),
        ),
        (
            b"1,2,a\n3,1e39,b\n",
            format!("t: line 2, column 2 is `1e39`, {NUMBER}"),
        ),
        (
            b"1,2,a\n3,0x10,b\n",
            format!("t: line 2, column 2 is `0x10`, {NUMBER}"),
        ),
        (
            b"1,2,a\n3,1_000,b\n",
            format!("t: line 2, column 2 is `1_000`, {NUMBER}"),
        ),
        (
            b"1,2,a\n3,abc,b\n",
            format!("t: line 2, column 2 is `abc`, {NUMBER}{hint}"),
        ),
        (
            b"1.5;2;a\n3;1,5;b\n",
            "t: line 2, column 2 is `1,5`, expected a number with a decimal point, not a comma"
                .to_owned(),
        ),
        (
            b"1,2,a\n3,\0,b\n",
            format!("t: line 2, column 2 is `\\0`, {NUMBER}"),
        ),
        (
            b"1,2,a\n3,\x1b[2J\x07,b\n",
            format!("t: line 2, column 2 is `\\u{{1b}}[2J\\u{{7}}`, {NUMBER}"),
        ),
    ]
}

/// What may be read in two ways is asked about.
fn questions() -> Vec<(&'static [u8], String)> {
    vec![
        (
            b"x;y\n1,234;a\n2,345;b\n",
            "t: `1,234` may have a decimal comma or a comma between thousands\n\nhint: use `--decimal comma` or `--decimal point`".to_owned(),
        ),
        (
            b"3,5,kind\n1,2,a\n2,1,b\n1,1,a\n2,2,b\n",
            "t: the first line may be a header or a row: `kind` in column 3 occurs nowhere below it\n\nhint: use `--header yes` or `--header no`".to_owned(),
        ),
        (
            b"3,2,oak,ash\n1,2,0\n2,1,1\n",
            "t: found 2, expected 3, as the first line says\n\nhint: the file may be cut; `--header no` takes the first line as a row".to_owned(),
        ),
    ]
}

/// Files of other kinds.
fn other_kinds() -> Vec<(&'static [u8], String)> {
    vec![
        (
            b"PK\x03\x04\x14\0\x06\0",
            format!(
                "t: found a zip archive (such as `.npz`, `.pt` or `.xlsx`), expected {SEPARATED}"
            ),
        ),
        (
            b"\xff\xfex\0,\0y\0",
            format!("t: found text in UTF-16, expected {SEPARATED}"),
        ),
        (
            b"\x80\x04\x95\0\0",
            format!(
                "t: found a Python pickle (never loaded, because it can run code), expected {SEPARATED}"
            ),
        ),
        (
            b"\x93NUMPY\x01\0",
            format!("t: found a NumPy array, expected {SEPARATED}"),
        ),
        (
            b"<!DOCTYPE html>",
            format!(
                "t: found a web page, probably saved instead of the file, expected {SEPARATED}"
            ),
        ),
    ]
}

#[test]
fn every_lie_of_a_text_table_is_refused_with_its_place() {
    for (file, text) in [broken_rows(), broken_cells(), questions(), other_kinds()].concat() {
        assert_eq!(refused(file, csv::parse), text, "{file:?}");
    }
    let wide = [&b"1,".repeat(65_536)[..], b"a\n"].concat();
    assert_eq!(refused(&wide, csv::parse), columns(65_537));
    let long = format!("1,2,a\n3,{},b\n", "!".repeat(MIB));
    assert_eq!(
        refused(long.as_bytes(), csv::parse),
        format!("t: line 2, column 2 is `{}...`, {NUMBER}", "!".repeat(40))
    );
    let many_labels = (0..257).fold(String::new(), |mut text, row| {
        writeln!(text, "1,word{row}").unwrap();
        text
    });
    assert_eq!(
        refused(many_labels.as_bytes(), csv::parse),
        "t: label column has more than 256 different labels at line 257, expected at most 256\n\n\
         hint: it looks like a feature; use `--label COLUMN` to select the label column"
    );
}

const TYPES: &str = "expected one of the types b1, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4 and f8 in either byte order";
const DICTIONARY: &str = "expected `{'descr': ..., 'fortran_order': ..., 'shape': ...}`";
const SHAPES: &str = "expected at least 1 row and 2 columns, at most 65536 columns";
const ARRAY: &str = "expected a numeric array written by `numpy.save`";

/// Headers that are cut, of another version, or say something else.
fn broken_headers() -> Vec<(Vec<u8>, String)> {
    vec![
        (vec![], "t: npy header has 0 bytes of another format, expected a file that starts with 93 `NUMPY`".to_owned()),
        (b"\x93NUMP".to_vec(), "t: npy header has 5 bytes of another format, expected a file that starts with 93 `NUMPY`".to_owned()),
        (b"\x93NUMPY\x01".to_vec(), "t: npy header has 7 bytes, expected a complete header".to_owned()),
        (b"\x93NUMPY\x01\0\x40".to_vec(), "t: npy header has 9 bytes, expected a complete header".to_owned()),
        (b"\x93NUMPY\x01\0\x40\0{'descr'".to_vec(), "t: npy header has 18 bytes, expected a complete header".to_owned()),
        (b"\x93NUMPY\x04\0\x40\0....".to_vec(), "t: npy header has version 4.0, expected version 1.0, 2.0 or 3.0".to_owned()),
        (b"\x93NUMPY\x01\x01\x40\0....".to_vec(), "t: npy header has version 1.1, expected version 1.0, 2.0 or 3.0".to_owned()),
        (
            b"\x93NUMPY\x02\0\xff\xff\xff\xff....".to_vec(),
            "t: npy header has a length of 4294967295 bytes, expected at most 65536".to_owned(),
        ),
        (npy_file("", &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file("{}", &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file("{'descr': '<f8', 'fortran_order': False}", &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (
            npy_file(&header_text("'<f8'", "(1, 2)").replace('}', "} import os"), &[]),
            format!("t: npy header has another format, {DICTIONARY}"),
        ),
        (npy_file(&header_text("'<f8'", "(1, -2)"), &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file(&header_text("'<f8'", "(1, 2e3)"), &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file(&header_text("'<f8'", "(18446744073709551616, 2)"), &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file(&header_text("'<f8'", &format!("({})", "1,".repeat(40))), &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file(&header_text("__import__('os')", "(1, 2)"), &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file(&header_text("'<f8', 'descr': '<f8'", "(1, 2)"), &[]), format!("t: npy header has another format, {DICTIONARY}")),
        (npy_file(&header_text("'<f8', 'extra': '<f8'", "(1, 2)"), &[]), format!("t: npy header has another format, {DICTIONARY}")),
    ]
}

/// Types that are not read, and other kinds of files.
fn other_types() -> Vec<(Vec<u8>, String)> {
    let of = |descr: &str| npy_file(&header_text(descr, "(1, 2)"), &[0; 16]);
    vec![
        (
            of("'|O'"),
            format!(
                "t: found an array of pickled objects (never loaded, because they can run code), {ARRAY}"
            ),
        ),
        (
            of("'O'"),
            format!(
                "t: found an array of pickled objects (never loaded, because they can run code), {ARRAY}"
            ),
        ),
        (
            of("[('x', '<f8'), ('y', '|O')]"),
            format!("t: npy header has named fields, {TYPES}"),
        ),
        (
            of("'<c16'"),
            format!("t: npy header has type `<c16`, {TYPES}"),
        ),
        (
            of("'|f8'"),
            format!("t: npy header has type `|f8`, {TYPES}"),
        ),
        (
            of("'=f8'"),
            format!("t: npy header has type `=f8`, {TYPES}"),
        ),
        (of("''"), format!("t: npy header has type empty, {TYPES}")),
        (
            b"PK\x03\x04\x14\0\x06\0".to_vec(),
            format!("t: found a zip archive (such as `.npz`, `.pt` or `.xlsx`), {ARRAY}"),
        ),
        (
            b"\x80\x04\x95\0\0".to_vec(),
            format!("t: found a Python pickle (never loaded, because it can run code), {ARRAY}"),
        ),
        (
            b"\x89HDF\r\n\x1a\n".to_vec(),
            format!("t: found an HDF5 file, {ARRAY}"),
        ),
    ]
}

/// Shapes that are no table, or not that of the file.
fn wrong_shapes() -> Vec<(Vec<u8>, String)> {
    let shaped = |shape: &str| npy_file(&header_text("'<f8'", shape), &[0; 32]);
    let big = u64::MAX;
    vec![
        (npy_file(&header_text("'<f8'", "()"), &[0; 8]), "t: npy header has 0 dimensions, expected 2, samples and columns".to_owned()),
        (shaped("(4,)"), "t: npy header has 1 dimensions, expected 2, samples and columns".to_owned()),
        (shaped("(1, 2, 2)"), "t: npy header has 3 dimensions, expected 2, samples and columns".to_owned()),
        (npy_file(&header_text("'<f8'", "(0, 4)"), &[]), format!("t: npy header has shape 0 x 4, {SHAPES}")),
        (shaped("(4, 1)"), format!("t: npy header has shape 4 x 1, {SHAPES}")),
        (npy_file(&header_text("'<f8'", "(1, 65537)"), &[0; 8 * 65_537]), format!("t: npy header has shape 1 x 65537, {SHAPES}")),
        (shaped("(1, 3)"), "t: npy header declares 1 x 3 numbers of 8 bytes = 24, but the file has 32 after the header".to_owned()),
        (shaped("(2, 3)"), "t: npy header declares 2 x 3 numbers of 8 bytes = 48, but the file has 32 after the header".to_owned()),
        (
            npy_file(&header_text("'<U5'", "(1, 2)"), &[0; 40]),
            "t: npy header has text, expected numbers".to_owned(),
        ),
        // 2^63 x 4 x 8 is 2^68, which is 0 in 64 bits.
        (
            npy_file(&header_text("'<f8'", "(9223372036854775808, 4)"), &[]),
            "t: npy header declares 9223372036854775808 x 4 numbers of 8 bytes = 295147905179352825856, but the file has 0 after the header"
                .to_owned(),
        ),
        (
            npy_file(&header_text("'<f8'", &format!("({big}, 65536)")), &[0; 8]),
            format!(
                "t: npy header declares {big} x 65536 numbers of 8 bytes = {}, but the file has 8 after the header",
                u128::from(big) * 65536 * 8
            ),
        ),
    ]
}

/// Numbers that are no feature or no label.
fn wrong_numbers() -> Vec<(Vec<u8>, String)> {
    let nan = |value: f64, label: f64| {
        let data = [1.0, 0.0, value, label].map(f64::to_le_bytes).concat();
        npy_file(&header_text("'<f8'", "(2, 2)"), &data)
    };
    vec![
        (nan(f64::INFINITY, 1.0), format!("t: row 2, column 1 is `inf`, {NUMBER}")),
        (
            nan(1.0, f64::NAN),
            "t: label column has 1 different labels, expected at least 2\n\nhint: use `--label COLUMN` to select the label column".to_owned(),
        ),
        (
            nan(1.0, 0.0),
            "t: label column has 1 different labels, expected at least 2\n\nhint: use `--label COLUMN` to select the label column".to_owned(),
        ),
    ]
}

#[test]
fn every_lie_of_an_array_is_refused_with_found_and_expected() {
    for (file, text) in [
        broken_headers(),
        other_types(),
        wrong_shapes(),
        wrong_numbers(),
    ]
    .concat()
    {
        assert_eq!(
            refused(&file, npy::parse),
            text,
            "{}",
            String::from_utf8_lossy(&file)
        );
    }
}

#[test]
fn every_prefix_of_an_array_is_refused() {
    let mut numbers = Numbers(21);
    let data: Vec<u8> = (0..4 * 260)
        .flat_map(|at| {
            if at % 4 == 3 {
                (at % 3) as f32
            } else {
                numbers.below(1000) as f32
            }
            .to_le_bytes()
        })
        .collect();
    let file = npy_file(&header_text("'<f4'", "(260, 4)"), &data);
    assert!(file.len() >= 4096, "{} bytes", file.len());
    npy::parse(&file, Path::new("t"), &TableOptions::default()).unwrap();
    for length in 0..file.len() {
        let error =
            npy::parse(&file[..length], Path::new("t"), &TableOptions::default()).unwrap_err();
        assert!(
            matches!(error, Error::NpyHeader { .. } | Error::NpySize { .. }),
            "cut to {length}: {error}"
        );
    }
}

#[test]
fn a_prefix_of_a_text_table_is_refused_or_a_table_of_its_first_rows() {
    let text = (0..50).fold("width,\"the height\",kind\n".to_owned(), |mut text, row| {
        writeln!(
            text,
            "{}.5,\"{}\",{}",
            row * 7 % 11,
            row * 13 % 17,
            ["ant", "bee"][row % 2]
        )
        .unwrap();
        text
    });
    let whole = csv::parse(text.as_bytes(), Path::new("t"), &TableOptions::default()).unwrap();
    for length in 0..text.len() {
        let Ok(table) = csv::parse(
            &text.as_bytes()[..length],
            Path::new("t"),
            &TableOptions::default(),
        ) else {
            continue;
        };
        // The last row may be cut within its label; nothing tells.
        let is_same =
            |row: usize| (0..2).all(|column| table.cell(row, column) == whole.cell(row, column));
        assert!(
            table.rows() <= whole.rows() && (0..table.rows()).all(is_same),
            "cut to {length}"
        );
    }
}

#[test]
fn memory_is_that_of_the_file_and_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let line = "1,".repeat(200) + "a\n" + &"2,".repeat(200) + "b\n";
    let text = line.repeat(5_000);
    fs::write(&path, &text).unwrap();
    let (table, usage) = measure(|| csv::read(&path, &TableOptions::default()).unwrap());
    let bytes = 8 * table.rows() * table.width();
    assert!(
        usage.peak < bytes / 2 * 5 + 16 * MIB,
        "{usage:?}, {bytes} bytes of numbers"
    );
    let limit = TableOptions {
        max_bytes: bytes as u64 / 2,
        ..TableOptions::default()
    };
    let (result, usage) = measure(|| csv::parse(text.as_bytes(), &path, &limit));
    assert!(
        matches!(result, Err(Error::TooManyNumbers { .. })) && usage.peak < bytes,
        "{usage:?}"
    );
    assert!(matches!(
        csv::read(folder.path(), &TableOptions::default()),
        Err(Error::NotAFile { .. })
    ));
    let small = TableOptions {
        max_bytes: 100,
        ..TableOptions::default()
    };
    assert!(matches!(
        csv::read(&path, &small),
        Err(Error::FileTooLarge { limit: 100, .. })
    ));
}
