//! `spinet report`: what it finds, what it leaves out, what it writes.

use serde_json::Value;

use crate::bench::{Bench, names, unsealed};

const RECORD: &str = include_str!("../../../../results/tables-3-4.json");

#[test]
fn records_are_found_below_a_folder_and_written_as_one_page_that_is_the_same_every_time() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("results/more")).unwrap();
    bench.write("results/tables-3-4.json", RECORD);
    bench.write("results/more/again.json", RECORD);
    bench.write("results/more/steps.json", "{\"steps\": 1}");
    bench.write("results/notes.txt", "not looked at");
    let answer = bench.run("report");
    assert_eq!(
        (answer.code, answer.stdout.as_str()),
        (0, "results/report.html: 2 records\n")
    );
    assert_eq!(
        answer.stderr,
        "skipped in results, not records of runs: more/steps.json\n"
    );
    let page = bench.read("results/report.html");
    let text = String::from_utf8(page.clone()).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("id=\"more-again.numbers\""));
    assert!(!text.contains("<script"));
    bench.done("report results --out else/where.html");
    assert_eq!(bench.read("else/where.html"), page);
    assert_eq!(
        names(&bench.path("results")),
        ["more", "notes.txt", "report.html", "tables-3-4.json"],
        "no leftover"
    );
}

#[test]
fn the_answer_as_json_names_the_page_its_records_and_what_was_left_out() {
    let bench = Bench::new();
    bench.write("a.json", RECORD);
    bench.write("b.json", "[]");
    let answer: Value = serde_json::from_str(&bench.done("report . --json")).unwrap();
    assert_eq!(answer["report"], "./report.html");
    assert_eq!(
        answer["records"][0],
        serde_json::json!({ "file": "a.json", "experiments": ["tables-3-4"], "rows": 11, "reduced": null })
    );
    assert_eq!(answer["left_out"], serde_json::json!(["b.json"]));
}

#[test]
fn a_damaged_record_is_left_out_with_the_reason_and_a_folder_without_records_is_wrong_input() {
    let bench = Bench::new();
    bench.write("a.json", RECORD);
    bench.write("torn.json", &RECORD[..1000]);
    bench.write(
        "unknown.json",
        unsealed(RECORD).replace(
            "\"experiments\": [\n    \"tables-3-4\"",
            "\"experiments\": [\n    \"tables-9\"",
        ),
    );
    bench.write(
        "changed.json",
        RECORD.replacen("\"mean\":8", "\"mean\":9", 1),
    );
    let answer = bench.run("report .");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("skipped ./torn.json: not a record of spinet: EOF"),
        "{}",
        answer.stderr
    );
    assert!(
        answer.stderr.contains(
            "skipped ./unknown.json: not a record of spinet: unknown experiment `tables-9`"
        ),
        "{}",
        answer.stderr
    );
    let changed = "skipped ./changed.json: changed after it was written: its text has SHA-256 ";
    assert!(answer.stderr.contains(changed), "{}", answer.stderr);
    std::fs::create_dir(bench.path("empty")).unwrap();
    let message = bench.refused(2, "report empty");
    assert!(
        message.starts_with("spinet: empty: found no records, ")
            && message.contains("\n\nhint: `spinet reproduce --quick"),
        "{message}"
    );
    assert!(
        bench
            .refused(2, "report nowhere")
            .starts_with("spinet: nowhere: cannot read: ")
    );
    assert_eq!(names(&bench.path("empty")), [""; 0]);
    bench.write("file", "");
    let answer = bench.run("report . --out file/page.html");
    assert_eq!(answer.code, 3);
    assert!(
        answer
            .stderr
            .contains("spinet: file: cannot create this directory: "),
        "{}",
        answer.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_left_out_by_name_and_the_rest_is_reported() {
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("results/more")).unwrap();
    bench.write("results/good.json", RECORD);
    bench.write("results/bad.json", [0xff, 0xfe]);
    symlink("nowhere", bench.path("results/gone.json")).unwrap();
    symlink("round.json", bench.path("results/round.json")).unwrap();
    symlink("more", bench.path("results/folder.json")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(bench.path("results/pipe.json"))
        .status();
    assert!(pipe.unwrap().success());
    let answer = bench.run("report --json");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let names = [
        "bad.json",
        "folder.json",
        "gone.json",
        "pipe.json",
        "round.json",
    ];
    let mut notes = answer.stderr.lines();
    for (name, why) in names.into_iter().zip([
        "cannot read: not UTF-8 text",
        "cannot read: ",
        "cannot open: ",
        "cannot read: is a pipe or a device, expected a file",
        "cannot open: ",
    ]) {
        let note = notes.next().unwrap();
        assert!(
            note.starts_with(&format!("skipped results/{name}: {why}")),
            "{note}"
        );
    }
    assert_eq!(notes.next(), None);
    let json: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&json["left_out"], json["records"].as_array().unwrap().len()),
        (&serde_json::json!(names), 1)
    );
    assert!(bench.path("results/report.html").exists());
}

#[test]
fn the_commands_in_a_report_repeat_its_numbers() {
    let bench = Bench::new();
    bench.done("reproduce --runs 2 --epochs 30 --hidden 10 --methods bdnn-dsd --out results");
    bench.done("report");
    let page = String::from_utf8(bench.read("results/report.html")).unwrap();
    let record: Value =
        serde_json::from_slice(&bench.read("results/tables-3-4-reduced.json")).unwrap();
    let row = &record["rows"][1];
    let command = |start: &str| {
        let found = page.lines().filter_map(|line| {
            line.strip_prefix("<pre><code>spinet ")?
                .split_once("</code>")
        });
        let words = found
            .map(|(words, _)| words)
            .rfind(|words| words.starts_with(start))
            .unwrap();
        words.replace('\'', "")
    };
    let elsewhere = Bench::new();
    let run: Value =
        serde_json::from_str(&elsewhere.done(&format!("{} --json", command("train ")))).unwrap();
    let (ours, theirs) = (
        100.0 * run["accuracy"].as_f64().unwrap(),
        row["accuracy"]["values"][0].as_f64().unwrap(),
    );
    assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
    let again: Value =
        serde_json::from_str(&elsewhere.done(&format!("{} --json", command("reproduce table3 "))))
            .unwrap();
    assert_eq!(&again["rows"][1], row);
}

#[test]
fn one_changed_digit_of_a_record_becomes_no_result_and_a_record_without_a_digest_is_told() {
    let bench = Bench::new();
    let changed = RECORD.replacen("\"mean\":8", "\"mean\":9", 1);
    assert_ne!(changed, RECORD);
    bench.write("changed.json", &changed);
    for words in [
        "reproduce --from changed.json",
        "merge changed.json --out joined",
    ] {
        let message = bench.refused(2, words);
        assert!(
            message.starts_with(
                "spinet: changed.json: changed after it was written: its text has SHA-256 "
            ),
            "{message}"
        );
    }
    assert!(!bench.path("joined").exists());
    bench.write("before.json", unsealed(RECORD));
    for words in [
        "reproduce --from before.json",
        "merge before.json --out joined",
        "report .",
    ] {
        let answer = bench.run(words);
        assert!(
            answer.stderr.contains("before.json: has no digest"),
            "{words}: {}",
            answer.stderr
        );
        assert_eq!(answer.code, 0, "{words}: {}", answer.stderr);
    }
    assert!(
        String::from_utf8(bench.read("joined/tables-3-4.json"))
            .unwrap()
            .contains(",\n\"sha256\": \""),
        "what is joined is sealed"
    );
}

/// The record of Tables 3 and 4 without the networks of so many hidden units.
fn without(hidden: u64) -> String {
    let mut record: Value = serde_json::from_str(RECORD).unwrap();
    record["rows"]
        .as_array_mut()
        .unwrap()
        .retain(|row| row["hidden"] != hidden);
    record["definition"]["reduced"] = "not all networks".into();
    record.as_object_mut().unwrap().remove("sha256");
    record.to_string()
}

#[test]
fn records_that_were_made_apart_are_joined_to_the_whole() {
    let bench = Bench::new();
    bench.write("a.json", without(10));
    bench.write("b.json", without(100));
    assert_eq!(
        bench.done("merge a.json b.json --out joined"),
        "joined/tables-3-4.json: 11 rows\n"
    );
    assert_eq!(
        names(&bench.path("joined")),
        [
            "tables-3-4-accuracy.svg",
            "tables-3-4-spines.svg",
            "tables-3-4.json"
        ]
    );
    let [joined, whole]: [Value; 2] = [bench.read("joined/tables-3-4.json"), RECORD.into()]
        .map(|text| serde_json::from_slice(&text).unwrap());
    assert_eq!(joined["rows"], whole["rows"]);
    let text = bench.done("merge a.json --out part");
    assert_eq!(
        text,
        "part/tables-3-4-reduced.json: 5 rows; 6 rows missing\n"
    );
    bench.write(
        "other.json",
        unsealed(RECORD).replace("\"kernel\": \"f32\"", "\"kernel\": \"exact\""),
    );
    let answer = bench.run("merge a.json other.json --out bad");
    let message = "\nspinet: other.json: kernel class exact, expected f32 as in the first file";
    assert!(
        answer.code == 2 && answer.stderr.contains(message),
        "{}",
        answer.stderr
    );
    assert!(
        bench
            .refused(2, "merge torn.json a.json --out bad")
            .starts_with("spinet: torn.json: cannot open: ")
    );
    assert!(!bench.path("bad").exists());
}
