//! Files that users of such programs stumble over, in `crates/testing/cases`: each gives the right
//! numbers, or one clear sentence.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bench::Bench;

/// A directory with a copy of these files.
fn with(names: &[&str]) -> Bench {
    let bench = Bench::new();
    for name in names {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../testing/cases")
            .join(name);
        bench.write(name, fs::read(file).unwrap());
    }
    bench
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_table_that_has_grown_since_the_training_is_not_called_a_test() {
    let bench = with(&["wood.csv", "wood-grown.csv"]);
    bench.done(
        "train --data wood.csv --hidden 10 --epochs 100 --batch-size 16 --out run --threads 1",
    );
    let same = bench.run("eval run");
    assert_eq!((same.code, same.stderr.as_str()), (0, ""));
    assert!(
        same.stdout.contains("\ntest accuracy: 100.00 %"),
        "{}",
        same.stdout
    );

    bench.write("wood.csv", bench.read("wood-grown.csv"));
    for command in ["eval run", "predict run --data wood.csv"] {
        let grown = bench.run(command);
        assert_eq!(grown.code, 0, "{}", grown.stderr);
        assert_eq!(
            grown.stderr,
            "warning: wood.csv is not the data that the model was trained on: it has changed since. \
             All of its 90 samples are used; the model may have been trained on some of them\n"
        );
        assert!(!grown.stdout.contains("test accuracy"), "{}", grown.stdout);
    }
    let result = json_of(&bench.done("eval run --json"));
    assert_eq!(
        (&result["samples"], &result["is_changed"]),
        (&json!(90), &json!(true))
    );
}

#[test]
fn a_label_of_any_length_and_any_text_is_shown_by_its_beginning() {
    let bench = Bench::new();
    let long = "x".repeat(66_000);
    let rows = format!("1,2,{long}\n9,8,\u{202e}ash\n").repeat(30);
    bench.write("long.csv", format!("a,b,wood\n{rows}"));
    let shown = format!("{}...", "x".repeat(40));
    let text = bench.done("data info long.csv");
    assert!(
        text.contains(&format!("  {shown}       24 + 6\n")),
        "{text}"
    );
    bench.done("train --data long.csv --hidden 4 --epochs 2 --out run");
    for command in [
        "eval run",
        "inspect run",
        "predict run --data long.csv --top 2",
    ] {
        let text = bench.done(command);
        assert!(
            text.contains(&shown) && text.len() < 4_000,
            "{command}: {text}"
        );
        assert!(text.contains("\\u{202e}ash"), "{command}: {text}");
    }
}

/// What the training samples of these files are.
const WOOD: &str = "# training samples: SHA-256 c9729a46";
const WOOD_ARRAY: &str = "# training samples: SHA-256 e0eec5cb";

/// Trains a small network on these files; what is printed.
fn train(bench: &Bench, flags: &str) -> (String, String) {
    let answer = bench.run(&format!(
        "train --hidden 10 --epochs 200 --batch-size 16 --learning-rate 0.3 --threads 1 --force --out run {flags}"
    ));
    assert_eq!(answer.code, 0, "{flags}: {}", answer.stderr);
    (answer.stdout, answer.stderr)
}

fn run_file(bench: &Bench) -> String {
    String::from_utf8(bench.read("run/run.toml")).unwrap()
}

#[test]
fn the_same_table_in_every_form_of_text_gives_the_same_samples() {
    for (name, label) in [
        ("wood.csv", ""),
        ("decimal-comma.csv", ""),
        ("trailing-comma.csv", ""),
        ("blank-lines.csv", ""),
        ("bom-label-first.csv", "--label wood"),
        ("tabs-named.csv", ""),
    ] {
        let bench = with(&[name]);
        let (text, _) = train(&bench, &format!("--data {name} {label}"));
        assert!(
            text.starts_with(&format!(
                "data: {name}, 48 training and 12 test samples\ntest accuracy: 100.00 %"
            )),
            "{text}"
        );
        assert!(run_file(&bench).contains(WOOD), "{name}");
    }
}

#[test]
fn spaces_comments_thousands_and_gzip_give_the_same_samples() {
    use std::io::Write;

    let bench = with(&["wood.csv"]);
    let plain = String::from_utf8(bench.read("wood.csv")).unwrap();
    let spaces = format!("# from the shed\n{}", plain.replace(',', "   "));
    bench.write("wood.data", spaces.replacen("width", "  width", 1));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(plain.as_bytes()).unwrap();
    bench.write("wood.csv.gz", packed.finish().unwrap());
    let rows = plain.lines().skip(1).fold(String::new(), |text, line| {
        let cells: Vec<&str> = line.split(',').collect();
        text + &format!("0{};{};{}\n", cells[0], cells[1], cells[2])
    });
    bench.write("wood.txt", rows);
    for name in ["wood.data", "wood.csv.gz", "wood.txt"] {
        train(&bench, &format!("--data {name}"));
        assert!(run_file(&bench).contains(WOOD), "{name}");
    }
}

#[test]
fn arrays_of_every_order_and_type_are_read() {
    for (name, digest) in [
        ("wood.npy", WOOD_ARRAY),
        ("wood-fortran.npy", WOOD_ARRAY),
        ("wood-big-endian.npy", WOOD_ARRAY),
        ("wood-half.npy", "SHA-256 ed90fc41"),
        ("wood-bool.npy", "SHA-256 1c31fec8"),
    ] {
        let bench = with(&[name]);
        let (text, _) = train(&bench, &format!("--data {name}"));
        assert!(text.contains("\ntest accuracy: 100.00 %"), "{name}: {text}");
        assert!(run_file(&bench).contains(digest), "{name}");
    }
}

#[test]
fn a_header_of_numbers_is_not_a_class() {
    let bench = with(&["header-years.csv"]);
    let (text, notes) = train(&bench, "--data header-years.csv");
    assert!(
        text.starts_with("data: header-years.csv, 48 training and 12 test samples\n"),
        "{text}"
    );
    assert!(
        notes.starts_with("header-years.csv: the first line is taken as the names of columns"),
        "{notes}"
    );
    let result = json_of(&bench.done("eval run --json"));
    assert_eq!(result["classes"].as_array().unwrap().len(), 3);
    // As the first row, if that is asked for.
    let (text, _) = train(&bench, "--data header-years.csv --header no");
    assert!(text.contains("49 training and 12 test"), "{text}");
}

#[test]
fn a_running_index_is_left_out_with_a_word() {
    let bench = with(&["index-column.csv"]);
    let (text, notes) = train(&bench, "--data index-column.csv");
    assert!(
        notes.starts_with("index-column.csv: columns left out: column 1 (index)\n"),
        "{notes}"
    );
    assert!(!text.contains("accuracy: 100.00 %"), "{text}");
    let info = json_of(&bench.done("data info index-column.csv --json"));
    assert_eq!(
        (&info["columns"][0]["kind"], &info["columns"][0]["role"]),
        (&json!("id"), &json!("left out"))
    );
    // It is a feature if that is asked for.
    let (text, _) = train(&bench, "--data index-column.csv --numeric 1");
    assert!(text.contains("\ntest accuracy: 100.00 %"), "{text}");
}

#[test]
fn columns_are_matched_by_their_names() {
    let bench = with(&[
        "wood.csv",
        "wood-new.csv",
        "wood-new-reordered.csv",
        "wood-new-extra-column.csv",
        "wood-new-other-names.csv",
    ]);
    train(&bench, "--data wood.csv");
    let classes = |name: &str| -> Vec<String> {
        bench
            .done(&format!("predict run {name} --json"))
            .lines()
            .map(|line| json_of(line)["class"].as_str().unwrap().to_owned())
            .collect()
    };
    let expected = ["oak", "pine", "ash", "oak", "pine", "ash"];
    for name in [
        "wood-new.csv",
        "wood-new-reordered.csv",
        "wood-new-extra-column.csv",
    ] {
        assert_eq!(classes(name), expected, "{name}");
    }
    let answer = bench.run("predict run wood-new-extra-column.csv");
    assert_eq!(
        answer.stderr,
        "wood-new-extra-column.csv: columns that the model does not use are left out: `lot`\n"
    );
    assert_eq!(
        bench.refused(2, "predict run wood-new-other-names.csv"),
        "spinet: wood-new-other-names.csv: missing columns `width`, `gloss`, which the model was trained on; \
         the table has `height`, `dullness`\n"
    );
    // A table with labels in front and in another order is evaluated as it is.
    bench.write(
        "labeled.csv",
        "wood,gloss,width\noak,1.5334,7.178\npine,0.7302,33.88\n",
    );
    let result = json_of(&bench.done("eval run --data labeled.csv --json"));
    assert_eq!(result["accuracy"], json!(1.0));
}

#[test]
fn missing_cells_are_filled_in_and_words_become_categories() {
    let bench = with(&["engines.csv", "census.csv"]);
    let flags = "--hidden 10 --epochs 200 --batch-size 16 --learning-rate 0.3 --folds 5 --json";
    let accuracy = |words: &str| {
        let answer = bench.run(&format!("train {flags} {words}"));
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let mean = json_of(&answer.stdout)["mean_accuracy"].as_f64().unwrap();
        (mean, answer.stderr)
    };
    let (mean, notes) = accuracy("--data engines.csv --label thrifty");
    assert_eq!(mean, 1.0);
    assert_eq!(
        notes,
        "engines.csv: missing cells filled in: `horsepower` 3 with 135\n"
    );
    let (mean, notes) = accuracy("--data census.csv");
    assert!((0.85..=0.95).contains(&mean), "{mean}");
    assert!(
        notes.starts_with("census.csv: features: 3 numeric, 2 categorical columns (7 features), one-hot: `workplace` 2, `shift` 2;"),
        "{notes}"
    );
    for (words, found) in [
        (
            "--data engines.csv --label thrifty",
            "missing cells filled in: `horsepower` 3 with 1",
        ),
        (
            "--data census.csv",
            "words become features: 3 numeric, 2 categorical",
        ),
    ] {
        let message = bench.refused(2, &format!("train --strict --epochs 1 {words}"));
        assert!(
            message.contains("`--strict` refuses the table: ") && message.contains(found),
            "{message}"
        );
    }
}

#[test]
fn a_word_that_the_training_rows_lack_is_none_of_the_categories() {
    let bench = with(&["census.csv"]);
    train(&bench, "--data census.csv");
    bench.write(
        "new.csv",
        "age,workplace,schooling,shift,hours\n62,circus,9,night,50\n25,,7,day,?\n",
    );
    let answer = bench.run("predict run new.csv");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(
        answer
            .stderr
            .contains("`workplace` 1 with `state`, `hours` 1 with ")
            && answer
                .stderr
                .contains("taken as none of the categories: `workplace` 1 row"),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_number_is_predicted_as_a_number() {
    let bench = with(&["prices.csv", "years.csv"]);
    for (name, column, least, most) in [
        ("prices", "price", 0.99, 4.0),
        ("years", "years", 0.97, 1.2),
    ] {
        let info = json_of(&bench.done(&format!("data info {name}.csv --json")));
        assert_eq!(info["target"], json!("number"));
        let command = format!("train --data {name}.csv --out {name} --threads 1 --json");
        let result = json_of(&bench.done(&command));
        let rmse = result["scores"]["rmse"].as_f64().unwrap();
        assert!(
            result["r2"].as_f64().unwrap() > least && rmse < most,
            "{result}"
        );
        let eval = bench.done(&format!("eval {name}"));
        assert!(
            eval.contains("\ntest R2: 0.9") && eval.contains("\nRMSE "),
            "{eval}"
        );
        let predicted = bench.done(&format!("predict {name} {name}.csv --json"));
        let first = json_of(predicted.lines().next().unwrap());
        assert!(first["predicted"][column].is_f64(), "{first}");
        let folds = bench.done(&format!("train --data {name}.csv --folds 3"));
        assert!(folds.contains("\nvalidation R2: 0.9"), "{folds}");
    }
    let (text, _) = train(&bench, "--data years.csv --task classification");
    assert!(text.starts_with("data: years.csv, 240 training"), "{text}");
}

#[test]
fn tuning_and_sweeps_of_numbers_say_r2() {
    let bench = with(&["prices.csv"]);
    let tuned = bench.done(
        "tune --data prices.csv --rule adam --rule l2 --learning-rate 0.01 --epochs 40 --folds 2 --grid weight_decay=0.001,0.1",
    );
    assert!(
        tuned.contains("validation R2 after") && tuned.contains("R2 %"),
        "{tuned}"
    );
    bench.write(
        "s.toml",
        "seeds = 2\n[base]\ndata = \"prices.csv\"\nepochs = 40\nlearning_rate = 0.01\n[[product]]\nrules = [\"adam\", [\"l2\", \"adam\"]]\n",
    );
    let swept = bench.done("sweep s.toml --out records");
    assert!(
        swept.contains("R2 %") && !swept.contains("accuracy"),
        "{swept}"
    );
    bench.done("report records --out report.html");
    let report = String::from_utf8(bench.read("report.html")).unwrap();
    assert!(report.contains("Every configuration; R2 on"), "{report}");
}

#[test]
fn labels_and_several_numbers_are_predicted_together() {
    let bench = Bench::new();
    let mut text = "x,z,red,round,p,q\n".to_owned();
    for row in 0..60 {
        let (x, z) = (row * 7 % 10, row * 5 % 9);
        let red = if x > 4 { "yes" } else { "no" };
        text += &format!("{x},{z},{red},{},{},{}\n", i32::from(z > 3), 3 * x, x - z);
    }
    bench.write("t.csv", text);
    let labels = "--label red --label round --ignore p --ignore q";
    let info = bench.done(&format!("data info t.csv {labels}"));
    assert!(info.contains("\nlabels: 2 "), "{info}");
    let trained = bench.done(&format!("train --data t.csv {labels} --out labels"));
    assert!(
        trained.contains("\ntest accuracy: ") && trained.contains("\nmacro F1 "),
        "{trained}"
    );
    let eval = bench.done("eval labels");
    assert!(
        eval.contains("\nlabel  ") && eval.contains("1 round"),
        "{eval}"
    );
    let first = bench.done("predict labels t.csv --json");
    let first = json_of(first.lines().next().unwrap());
    assert!(first["probabilities"]["round"].is_f64(), "{first}");
    let numbers = "--label p --label q --ignore red --ignore round --patience 20";
    let trained = bench.done(&format!("train --data t.csv {numbers} --out numbers"));
    assert!(
        trained.contains("\np: R2 0.9") && trained.contains("\nq: R2 0.9"),
        "{trained}"
    );
    let warm = bench.done(&format!(
        "train --data t.csv {numbers} --init numbers --out warm"
    ));
    assert!(warm.contains("\ntest R2: 0.9"), "{warm}");
}

#[test]
fn a_rare_class_is_found_with_weights_of_classes() {
    let bench = with(&["faults.csv"]);
    let common = "train --data faults.csv --folds 5 --json";
    let plain = json_of(&bench.done(common));
    assert!(plain["mean_accuracy"].as_f64().unwrap() > 0.97, "{plain}");
    let mean = |result: &Value| {
        let folds = result["folds"].as_array().unwrap();
        let scores = folds
            .iter()
            .map(|fold| fold["scores"]["balanced_accuracy"].as_f64().unwrap());
        scores.sum::<f64>() / folds.len() as f64
    };
    let balanced = json_of(&bench.done(&format!("{common} --class-weight balanced")));
    assert!(
        mean(&plain) < 0.7 && mean(&balanced) >= 0.75,
        "{} {}",
        mean(&plain),
        mean(&balanced)
    );
}

#[test]
fn labels_of_any_form_are_classes() {
    for (name, classes) in [
        ("labels-minus-one.csv", &["-1", "1"][..]),
        ("labels-float.csv", &["1", "2", "3"]),
        ("rare-class.csv", &["ash", "ebony", "oak", "pine"]),
        ("constant-column.csv", &["ash", "oak", "pine"]),
    ] {
        let bench = with(&[name]);
        let (text, notes) = train(&bench, &format!("--data {name}"));
        assert!(text.contains("accuracy: 100.00 %"), "{name}: {text}");
        let info = json_of(&bench.done(&format!("data info {name} --json")));
        assert_eq!(info["classes"], json!(classes));
        match name {
            "rare-class.csv" => assert!(
                notes.contains("no test row of the class `ebony`"),
                "{notes}"
            ),
            "constant-column.csv" => {
                assert!(notes.contains("the same in all rows: `lot`"), "{notes}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_model_may_have_no_test_set_a_validation_set_or_a_file_to_test_on() {
    let bench = with(&["wood.csv", "wood-grown.csv"]);
    let (text, _) = train(&bench, "--data wood.csv --test-size 0");
    assert!(
        text.starts_with("data: wood.csv, 60 training samples, no test set\ntraining accuracy: "),
        "{text}"
    );
    assert!(bench.done("eval run").contains("\ntraining accuracy: "));
    let (text, _) = train(&bench, "--data wood.csv --validation 12");
    assert!(
        text.starts_with("data: wood.csv, 36 training, 12 validation and 12 test samples\nvalidation accuracy: 100.00 %")
            && text.contains("\ntest accuracy: 100.00 %"),
        "{text}"
    );
    let result = json_of(&bench.done("eval run --json"));
    assert_eq!(result["samples"], json!(12));
    let (text, _) = train(&bench, "--data wood.csv --test wood-grown.csv");
    assert!(
        text.starts_with("data: wood.csv, 60 training and 90 test samples\n"),
        "{text}"
    );
    let result = json_of(&bench.done("eval run --json"));
    assert_eq!(result["samples"], json!(90));
}

#[test]
fn groups_and_the_future_stay_out_of_the_training() {
    let bench = Bench::new();
    let rows = (0..60).fold(String::new(), |text, row| {
        let (kind, month, day) = (["ant", "bee"][row % 2], row / 28 + 1, row % 28 + 1);
        let (x, patient) = (row % 7 + 10 * (row % 2), row / 6);
        text + &format!("{x},{patient},2026-{month:02}-{day:02},{kind}\n")
    });
    bench.write("visits.csv", format!("x,patient,day,kind\n{rows}"));
    let (text, _) = train(&bench, "--data visits.csv --group patient");
    assert!(
        text.starts_with("data: visits.csv, 48 training and 12 test samples\n"),
        "{text}"
    );
    let result = json_of(&bench.done("eval run --json"));
    assert_eq!(result["samples"], json!(12));
    // The twelve last days.
    let (text, _) = train(&bench, "--data visits.csv --order day --ignore patient");
    assert!(
        text.starts_with("data: visits.csv, 48 training and 12 test samples\n"),
        "{text}"
    );
    for split in ["--group patient", "--order day"] {
        let text = bench.done(&format!(
            "train --data visits.csv {split} --epochs 5 --hidden 2 --folds 3"
        ));
        assert!(
            text.starts_with("data: visits.csv, 60 samples in 3 folds\n"),
            "{text}"
        );
    }
    let message = bench.refused(2, "train --data visits.csv --group sort");
    assert_eq!(
        message,
        "spinet: visits.csv: column of `group` is `sort`, expected a name from the first line\n"
    );
}

/// Test samples of each class, in the order of the classes.
fn test_samples(bench: &Bench, training: &str) -> Vec<u64> {
    bench.done(&format!(
        "train --hidden 2 --epochs 1 --batch-size 16 --force --out run {training}"
    ));
    let result = json_of(&bench.done("eval run --json"));
    let classes = result["classes"].as_array().unwrap();
    let samples = classes.iter().map(|class| &class["samples"]);
    samples.map(|samples| samples.as_u64().unwrap()).collect()
}

#[test]
fn a_group_is_on_one_side_and_the_test_rows_are_the_latest() {
    let bench = Bench::new();
    // Ward 0 is too large for a test set, and has a row of every class. Each other ward has the five
    // other rows of one class, in turn.
    let mut rows: Vec<(usize, String)> =
        (0..40).map(|row| (0, format!("kind{}", row % 8))).collect();
    rows.extend((0..40).map(|row| (1 + row % 8, format!("kind{}", row % 8))));
    let table = rows.iter().enumerate().fold(
        "x,ward,day,kind\n".to_owned(),
        |text, (row, (ward, kind))| text + &format!("{}.5,{ward},{},{kind}\n", row * 7 % 11, row),
    );
    bench.write("wards.csv", table);
    for seed in 0..5 {
        let counts = test_samples(
            &bench,
            &format!("--data wards.csv --group ward --ignore day --split-seed {seed}"),
        );
        assert!(
            counts.iter().all(|count| [0, 5].contains(count)),
            "{counts:?}"
        );
        assert_eq!(counts.iter().sum::<u64>(), 15, "seed {seed}");
    }

    // Rows stand in another order than their days. The class says whether a row is among the twelve
    // latest; one early row has the class too, so that it can be trained.
    let rows = (0..60)
        .map(|row| row * 7 % 60)
        .fold(String::new(), |text, day| {
            let kind = if day >= 48 || day == 3 {
                "late"
            } else {
                "early"
            };
            text + &format!(
                "{}.5,2026-01-01 {:02}:{:02},{kind}\n",
                day % 7,
                day / 10,
                day % 10
            )
        });
    bench.write("days.csv", format!("x,time,kind\n{rows}"));
    let counts = test_samples(&bench, "--data days.csv --order time");
    assert_eq!(counts, [0, 12], "classes `early` and `late`");
}

/// What `experiments/package_tables.py` says of these tables; none without Python.
fn package_tables(bench: &Bench, names: &[&str]) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut python = std::process::Command::new("python3");
    python.arg(root.join("experiments/package_tables.py"));
    python.arg("--spinet").arg(bench.command("").get_program());
    python.args(names.iter().map(|name| bench.path(name)));
    let output = python.output().ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
#[allow(clippy::print_stdout, reason = "says why it is skipped")]
fn the_script_of_package_tables_says_what_becomes_of_each_table() {
    let names = ["wood.csv", "years.csv", "decimal.csv"];
    let bench = with(&names[..2]);
    bench.write("decimal.csv", "x;kind\n1,234;a\n2,345;b\n");
    let Some(text) = package_tables(&bench, &names) else {
        println!("skipped: `python3` is not installed");
        return;
    };
    for expected in [
        "wood.csv (last column): trained, accuracy ",
        "years.csv (last column): a number to predict\n",
        "decimal.csv (last column): refused\n    spinet: decimal.csv: `1,234` may have a decimal comma",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn images_of_other_number_types_are_read() {
    for folder in ["strokes", "strokes-float", "strokes-int-labels"] {
        let bench = Bench::new();
        let from = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../testing/cases")
            .join(folder);
        fs::create_dir(bench.path(folder)).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), bench.path(folder).join(entry.file_name())).unwrap();
        }
        let (text, _) = train(&bench, &format!("--data {folder}"));
        assert!(
            text.starts_with(&format!(
                "data: {folder}, 48 training and 12 test samples\ntest accuracy: 100.00 %"
            )),
            "{text}"
        );
    }
}
