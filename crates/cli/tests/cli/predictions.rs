//! Predictions as files for other programs, and from standard input.

use std::io::Write;
use std::process::Stdio;

use spinet::data::idx::encode_images;

use crate::bench::{Answer, Bench};

const TABLE: &str = "patient,width,gloss,wood\n";

/// A model of a table in which the width tells the class.
fn trained() -> Bench {
    let bench = Bench::new();
    let rows = (0..60).fold(TABLE.to_owned(), |text, row| {
        let (kind, step) = (row % 3, row / 3);
        let wood = ["ash", "\"oak, old\"", "pine"][kind];
        text + &format!("p{row},{}.{step},{},{wood}\n", 10 * kind, row * 7 % 5)
    });
    bench.write("wood.csv", rows);
    bench.done("train --data wood.csv --ignore patient --hidden 8 --epochs 200 --batch-size 8 --learning-rate 0.3 --out run");
    bench.write(
        "new.csv",
        "gloss,patient,width\n3,\"a,1\",20.5\n1,,0.5\n2,c3,10.5\n",
    );
    bench
}

fn with_input(bench: &Bench, words: &str, input: &[u8]) -> Answer {
    let mut command = bench.command(words);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Answer::of(&child.wait_with_output().unwrap())
}

fn text(bench: &Bench, name: &str) -> String {
    String::from_utf8(bench.read(name)).unwrap()
}

#[test]
fn predictions_are_written_as_a_table_in_the_order_of_the_rows() {
    let bench = trained();
    let said = bench.done("predict run new.csv --out plain.csv");
    assert_eq!(said, "3 predictions written to plain.csv\n");
    let plain = text(&bench, "plain.csv");
    let lines: Vec<&str> = plain.lines().collect();
    assert_eq!(lines[0], "index,class,probability");
    for (line, start) in lines[1..]
        .iter()
        .zip(["0,pine,0.", "1,ash,0.", "2,\"oak, old\",0."])
    {
        assert!(line.starts_with(start), "{line}");
    }
    let message = bench.refused(2, "predict run new.csv --out plain.csv");
    assert!(
        message.starts_with("spinet: plain.csv: already exists and is not overwritten\n"),
        "{message}"
    );

    bench.done("predict run new.csv --out all.csv --proba --id patient");
    let all = text(&bench, "all.csv");
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(
        lines[0],
        "patient,class,probability,probability_ash,\"probability_oak, old\",probability_pine"
    );
    let starts = ["\"a,1\",pine,", ",ash,", "c3,\"oak, old\","];
    for (line, start) in lines[1..].iter().zip(starts) {
        let numbers = line.strip_prefix(start).unwrap();
        let numbers: Vec<f64> = numbers
            .split(',')
            .map(|text| text.parse().unwrap())
            .collect();
        assert_eq!(numbers.len(), 4, "{line}");
        assert!(
            (numbers[1..].iter().sum::<f64>() - 1.0).abs() < 1e-5,
            "{line}"
        );
        let largest = numbers[1..].iter().copied().fold(0.0, f64::max);
        assert_eq!(numbers[0], largest, "{line}");
    }
    // The same as is printed, with the names of the rows.
    let printed = bench.done("predict run new.csv --id patient");
    assert!(printed.starts_with("new.csv[a,1]: pine  "), "{printed}");

    // Two files in one table.
    bench.write("more.csv", "width,gloss\n0.1,1\n");
    bench.done("predict run more.csv new.csv --out both.csv");
    let both = text(&bench, "both.csv");
    assert!(
        both.starts_with("file,index,class,probability\nmore.csv,0,ash,0.")
            && both.contains("\nnew.csv,2,\"oak, old\","),
        "{both}"
    );
    for (words, expected) in [
        (
            "predict run new.csv --id width",
            "column of `id` is `width`, expected a column that the model does not use",
        ),
        (
            "predict run new.csv --id name",
            "column of `id` is `name`, expected a name from the first line",
        ),
    ] {
        let message = bench.refused(2, words);
        assert!(message.contains(expected), "{message}");
    }
    let message = bench.refused(3, "predict run new.csv --id patient --out missing/out.csv");
    assert!(message.contains("missing/out.csv"), "{message}");
}

#[test]
fn a_table_is_read_from_standard_input() {
    let bench = trained();
    let rows = bench.read("new.csv");
    let file = bench.done("predict run new.csv");
    let piped = with_input(&bench, "predict run -", &rows).done();
    assert_eq!(piped, file.replace("new.csv[", "standard input["));
    let csv = with_input(&bench, "predict run - --out -", &rows).done();
    bench.done("predict run new.csv --out new-classes.csv");
    assert_eq!(csv, text(&bench, "new-classes.csv"));
    let answer = with_input(&bench, "predict run -", b"width,gloss\n1,x\n");
    assert_eq!(answer.code, 2);
    assert!(
        answer
            .stderr
            .starts_with("spinet: standard input: line 2, column 2 is `x`, expected "),
        "{}",
        answer.stderr
    );
    let answer = with_input(&bench, "predict run -", b"");
    assert_eq!(
        answer.stderr,
        "spinet: standard input: table has no rows, expected at least 1\n"
    );
}

#[test]
fn images_with_inverted_colors_are_pointed_out_and_inverted_on_request() {
    let bench = Bench::new();
    bench.done("train --hidden 20 --epochs 60 --rule bdnn-dsd --out run");
    let data = spinet::load("mnist-1200").unwrap();
    let spinet::Values::Bytes(image) = data.test.sample(0) else {
        panic!("images are bytes")
    };
    let paper: Vec<u8> = image.iter().map(|pixel| 255 - pixel).collect();
    bench.write("dark.idx", encode_images(image, [28, 28]).unwrap());
    bench.write("paper.idx", encode_images(&paper, [28, 28]).unwrap());
    let dark = bench.run("predict run dark.idx");
    assert_eq!((dark.code, dark.stderr.as_str()), (0, ""));
    let warning = "warning: paper.idx: the background is light, but that of the training images is dark; \
                   the classes mean nothing if the colors are inverted (`spinet predict --invert` inverts them)\n";
    assert_eq!(bench.run("predict run paper.idx").stderr, warning);
    let inverted = bench.run("predict run paper.idx --invert");
    assert_eq!(inverted.stderr, "");
    assert_eq!(
        inverted.stdout,
        dark.stdout.replace("dark.idx", "paper.idx")
    );
    let piped = with_input(&bench, "predict run -", &bench.read("dark.idx")).done();
    assert_eq!(piped, dark.stdout.replace("dark.idx", "standard input"));
    let message = bench.refused(2, "predict run dark.idx --id 1");
    assert_eq!(
        message,
        "spinet: dark.idx: images have no columns, expected no `--id`\n"
    );
}
