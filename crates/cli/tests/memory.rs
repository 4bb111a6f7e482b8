//! What reading a text takes in memory: at most 16 MiB and twice the limit of its kind, whatever is
//! in it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use spinet::lab::{AnyRecord, SweepFile};
use spinet::train::text::{MAX_RECORD, MAX_SETTINGS, Notation};
use spinet::{MetricsLog, TrainConfig};
use spinet_testing::memory::measure;

#[global_allocator]
static ALLOCATOR: spinet_testing::memory::Counting = spinet_testing::memory::Counting;

/// A key that no other number has.
fn key(mut number: usize) -> String {
    let mut key = String::new();
    loop {
        key.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            return key;
        }
    }
}

/// What a text is made of again and again, by its number.
type Piece = fn(usize) -> String;

/// TOML that says much in few bytes: what comes before, what is repeated, what comes after.
const TOML: &[(&str, Piece, &str)] = &[
    ("", |number| format!("{}=1\n", key(number)), ""),
    ("hidden=[", |_| "1,".to_owned(), "1]"),
    ("seeds=[", |number| format!("{number},"), "0]"),
    ("hidden=[", |_| "[],".to_owned(), "]"),
    ("a=[", |_| "[1],".to_owned(), "]"),
    ("a=[", |_| "{},".to_owned(), "]"),
    ("a=[", |_| "{a=1},".to_owned(), "]"),
    ("own=[", |_| "\"\",".to_owned(), "]"),
    ("reference=[", |_| "\"\",".to_owned(), "]"),
    ("a", |_| ".a".to_owned(), "=1"),
    (
        "",
        |number| format!("{}{}=1\n", key(number), ".a".repeat(70)),
        "",
    ),
    (
        "[base]\n",
        |number| format!("{}{}=1\n", key(number), ".a".repeat(70)),
        "",
    ),
    ("[base]\n", |number| format!("{}=1\n", key(number)), ""),
    ("", |number| format!("{}.a=1\n", key(number)), ""),
    ("", |number| format!("[{}]\n", key(number)), ""),
    ("", |number| format!("[{}.a.a.a.a]\n", key(number)), ""),
    ("", |_| "[[a]]\n".to_owned(), ""),
    ("", |_| "[[rules]]\n".to_owned(), ""),
    ("", |_| "[[rules]]\nname=\"\"\n".to_owned(), ""),
    ("", |_| "[[product]]\n".to_owned(), ""),
    ("", |_| "[[product]]\nhidden=[[]]\n".to_owned(), ""),
    ("[base]\nrules=[", |_| "\"l2\",".to_owned(), "]"),
    ("[[product]]\nbatch=[", |number| format!("{number},"), "1]"),
    (
        "[[product]]\nhidden=[[",
        |_| "1,".to_owned(),
        "1]]\nbatch=[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]\nseed_of=[1,2,3,4,5,6,7]",
    ),
    ("", |_| "\n".to_owned(), ""),
    ("", |_| "#\n".to_owned(), ""),
    ("a=[", |_| ",".to_owned(), "]"),
    ("a=", |_| "[".to_owned(), ""),
    ("a=", |_| "{".to_owned(), ""),
    ("", |_| ".".to_owned(), ""),
    ("", |_| "\"".to_owned(), ""),
    ("", |_| "=".to_owned(), ""),
    ("", |_| " ".to_owned(), ""),
    ("", |_| "a".to_owned(), ""),
    ("", |_| "a ".to_owned(), ""),
    ("note=\"", |_| "\\n".to_owned(), "\""),
    ("data=\"", |_| "\\U0010FFFF".to_owned(), "\""),
    ("data='", |_| "x".to_owned(), "'"),
];

/// A text of this form with about so many bytes.
fn text((before, piece, after): (&str, Piece, &str), bytes: usize) -> String {
    let mut text = before.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() + after.len() > bytes {
            break;
        }
        text += &piece;
    }
    text + after
}

/// The largest text of this form that is not refused before it is parsed, and one byte-length more
/// of it that is.
fn largest(form: (&str, Piece, &str), limit: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let (mut low, mut high) = (0, limit);
    while high - low > limit / 512 {
        let middle = usize::midpoint(low, high);
        if is_taken(&text(form, middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    text(
        form,
        if is_taken(&text(form, limit)) {
            limit
        } else {
            low
        },
    )
}

#[test]
fn settings_and_sweeps_take_no_more_than_their_limit_allows() {
    let most = (16 << 20) + 2 * MAX_SETTINGS as usize;
    let path = Path::new("a.toml");
    let mut highest = 0;
    for form in TOML {
        type Reader = fn(&str, &Path) -> bool;
        let readers: [(&str, Reader); 2] = [
            ("settings", |text, path| {
                TrainConfig::parse(text, path).is_ok()
            }),
            ("sweep", |text, path| SweepFile::parse(text, path).is_ok()),
        ];
        for text in [
            largest(*form, MAX_SETTINGS as usize, |text| {
                Notation::Toml.check(text, MAX_SETTINGS).is_ok()
            }),
            text(*form, 4 << 20),
        ] {
            for (name, read) in readers {
                let (_, usage) = measure(|| read(&text, path));
                // The text itself is in memory too.
                let peak = usage.peak
                    + if text.len() as u64 > MAX_SETTINGS {
                        0
                    } else {
                        text.len()
                    };
                highest = peak.max(highest);
                assert!(
                    peak <= most,
                    "{name}: {} bytes beginning with {:?} took {peak}",
                    text.len(),
                    &text[..text.len().min(60)]
                );
            }
        }
    }
    println!("at most {highest} of {most} bytes");
}

/// JSON that says much in few bytes, in the places of records where texts, lists, maps and anything
/// may be.
const JSON: &[(&str, Piece, &str)] = &[
    ("{\"panels\":[", |_| "{},".to_owned(), "],\"figure\":\"\"}"),
    (
        "{\"panels\":[",
        |_| "{\"title\":\"\",\"rules\":[]},".to_owned(),
        "{\"title\":\"\",\"rules\":[]}],\"figure\":\"\"}",
    ),
    (
        "{\"panels\":[{\"title\":\"\",\"rules\":[",
        |_| "\"\",".to_owned(),
        "\"\"]}],\"figure\":\"\"}",
    ),
    (
        "{\"panels\":[{\"title\":\"\",\"rules\":[\"",
        |_| "\\n".to_owned(),
        "\"]}],\"figure\":\"\"}",
    ),
    (
        "{\"panels\":[{\"title\":\"\",\"rules\":[],\"epoch\":[",
        |_| "0,".to_owned(),
        "0]}],\"figure\":\"\"}",
    ),
    (
        "{\"panels\":[{\"title\":\"\",\"rules\":[],\"summary\":{",
        |number| format!("\"{}\":0,", key(number)),
        "\"\":0}}],\"figure\":\"\"}",
    ),
    (
        "{\"panels\":[{\"title\":\"\",\"rules\":[],\"curves\":[",
        |_| "{\"label\":\"\",\"mean\":[],\"sd\":[]},".to_owned(),
        "{\"label\":\"\",\"mean\":[],\"sd\":[]}]}],\"figure\":\"\"}",
    ),
    (
        "{\"definition\":{\"batch\":[",
        |_| "0,".to_owned(),
        "0]},\"rows\":[]}",
    ),
    (
        "{\"definition\":{\"batch\":[",
        |_| "{},".to_owned(),
        "0]},\"rows\":[]}",
    ),
    (
        "{\"definition\":{\"batch\":[",
        |_| "\"\",".to_owned(),
        "0]},\"rows\":[]}",
    ),
    (
        "{\"definition\":{\"batch\":[",
        |_| "[0],".to_owned(),
        "0]},\"rows\":[]}",
    ),
    (
        "{\"definition\":{\"digests\":{",
        |number| format!("\"{}\":[\"\",\"\"],", key(number)),
        "\"\":[\"\",\"\"]}},\"rows\":[]}",
    ),
    (
        "{\"definition\":{\"seeds\":[",
        |_| "0,".to_owned(),
        "0]},\"points\":[]}",
    ),
    (
        "{\"definition\":{},\"points\":[{\"settings\":[",
        |_| "[\"\",\"\"],".to_owned(),
        "[\"\",\"\"]]}]}",
    ),
    (
        "{\"definition\":{},\"points\":[{\"curve\":{\"epoch\":[],\"accuracy\":[],\"accuracy_sd\":[],\"counts\":{",
        |number| format!("\"{}\":[],", key(number)),
        "\"\":[]}}}]}",
    ),
    ("[", |_| "[],".to_owned(), "[]]"),
    ("{\"other\":[", |_| "{\"a\":0},".to_owned(), "0]}"),
    ("\"", |_| "x".to_owned(), "\""),
];

#[test]
fn a_record_takes_no_more_than_it_weighs() {
    for form in JSON {
        let text = text(*form, 1 << 20);
        let (_, usage) = measure(|| AnyRecord::parse(&text).is_ok());
        let weight = Notation::Json.weight(&text) as usize;
        // What names the end of a list or a map, and messages.
        let most = weight + (64 << 10);
        assert!(
            usage.peak <= most,
            "{} bytes beginning with {:?} took {}, weigh {weight}",
            text.len(),
            &text[..60],
            usage.peak
        );
    }
    let maps = text(("[", |_| "{},".to_owned(), "0]"), 8 << 20);
    assert!(Notation::Json.weight(&maps) > MAX_RECORD + (16 << 20));
    let (record, usage) = measure(|| AnyRecord::parse(&maps));
    let message = record.unwrap_err().to_string();
    assert!(
        message.contains("so many elements") && usage.peak < 10_000,
        "{message}, {}",
        usage.peak
    );
}

#[test]
fn one_line_of_evaluations_takes_no_more_than_its_limit_allows() {
    let most = (16 << 20) + 2 * (1 << 20);
    for form in [
        (
            "{\"rules\":{",
            (|number| format!("\"{}\":{{\"\":0}},", key(number))) as Piece,
            "\"\":{}}}",
        ),
        (
            "{\"rules\":{\"a\":{",
            |number| format!("\"{}\":0,", key(number)),
            "\"\":0}}}",
        ),
        ("{\"epoch\":", |_| "[".to_owned(), ""),
        ("\"", |_| "\\n".to_owned(), "\""),
    ] {
        for bytes in [100_000, 1 << 20, 4 << 20] {
            let line = text(form, bytes);
            let (curve, usage) = measure(|| {
                MetricsLog::parse(&line, Path::new("metrics.jsonl"))
                    .map_err(|error| error.to_string())
            });
            assert!(
                usage.peak <= most,
                "{} bytes beginning with {:?} took {}: {curve:?}",
                line.len(),
                &line[..40],
                usage.peak
            );
        }
    }
}

#[test]
fn what_the_program_writes_is_taken() {
    for record in [
        include_str!("../../../results/paper-tables.json"),
        include_str!("../../../results/sweeps/xavier-tuning.json"),
    ] {
        assert_eq!(Notation::Json.check(record, MAX_RECORD), Ok(()));
        let (parsed, usage) = measure(|| AnyRecord::parse(record));
        assert!(
            parsed.is_ok() && usage.peak <= Notation::Json.weight(record) as usize,
            "{}",
            usage.peak
        );
    }
}
