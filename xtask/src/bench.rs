//! Measurements: the kernels and a durable save by Criterion, steps against PyTorch and
//! scikit-learn, small batches, the networks of presets, and a table's row of runs.
//!
//! Programs that are compared run in turn on the same cores, several rounds; each figure is the
//! median over the rounds.

use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::performance;
use crate::program::{cargo, line, program, stdout, succeed, works};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// The kernels and a durable save, by Criterion.
    Kernels,
    /// Training steps, beside `PyTorch` and scikit-learn.
    AgainstTorch,
    /// Steps with small batches and with several rules, beside `PyTorch`.
    Small,
    /// Steps of the networks of presets, beside `PyTorch`.
    Networks,
    /// The runs of a table's row, one after the other and side by side.
    Row,
}

/// Where a Python with `PyTorch` 2 and scikit-learn may be.
const PYTHONS: [&str; 2] = ["target/bench-venv/bin/python", "python3"];
const ROUNDS: usize = 3;
const THREADS: [usize; 2] = [1, 2];
const SPINET: &str = "target/release/spinet";

pub(crate) fn run(root: &Path, measure: Metric) -> Result<(), Error> {
    match measure {
        Metric::Kernels => succeed(cargo(root).args([
            "bench",
            "--package",
            "spinet-nn",
            "--package",
            "spinet-rules",
            "--package",
            "spinet-train",
        ])),
        Metric::AgainstTorch => compare(
            root,
            "against-torch",
            "cargo xtask bench --against-torch",
            &programs,
        ),
        Metric::Small => compare(
            root,
            "small-batch",
            "cargo xtask bench --small",
            &small_programs,
        ),
        Metric::Networks => networks(root),
        Metric::Row => row(root),
    }
}

/// Every program of the comparison: its name in the record, and its command line for a number of
/// threads.
fn programs(python: &str) -> Vec<(&'static str, Vec<String>)> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    vec![
        ("best", words(&format!("{SPINET} bench --json --threads"))),
        (
            "f32",
            words(&format!("{SPINET} bench --json --kernel f32 --threads")),
        ),
        (
            "torch",
            words(&format!("{python} bench/torch_step.py --threads")),
        ),
        (
            "torch-compiled",
            words(&format!("{python} bench/torch_step.py --compile --threads")),
        ),
        (
            "sklearn",
            words(&format!("{python} bench/sklearn_step.py --threads")),
        ),
    ]
}

/// The same with batches of 64 and rules that do more than bound.
fn small_programs(python: &str) -> Vec<(&'static str, Vec<String>)> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let ours = "bench --json --steps 300 --inputs 784 --hidden 256 --depth 2 --batch 64 --activation relu --rule grapes --rule momentum --rule adam";
    vec![
        ("best", words(&format!("{SPINET} {ours} --threads"))),
        (
            "f32",
            words(&format!("{SPINET} {ours} --kernel f32 --threads")),
        ),
        (
            "torch",
            words(&format!("{python} bench/torch_small.py --threads")),
        ),
    ]
}

/// Programs by name, for a Python.
type Programs = dyn Fn(&str) -> Vec<(&'static str, Vec<String>)>;

fn compare(root: &Path, name: &str, command: &str, programs: &Programs) -> Result<(), Error> {
    succeed(cargo(root).args(["build", "--release", "--package", "spinet"]))?;
    let programs = programs(python(root)?);
    let mut found: Map<String, Value> = Map::new();
    for round in 1..=ROUNDS {
        for threads in THREADS {
            for (name, command) in &programs {
                println!("  round {round} of {ROUNDS}, {threads} threads: {name}");
                let record = measured(root, command, threads)?;
                let runs = found
                    .entry(*name)
                    .or_insert_with(|| json!({"program": label(&record), "runs": []}));
                if let Some(runs) = runs["runs"].as_array_mut() {
                    runs.extend(record["rows"].as_array().into_iter().flatten().cloned());
                }
                if *name == "best" {
                    for key in ["processor", "kernel"] {
                        found.insert(key.to_owned(), record[key].clone());
                    }
                }
            }
        }
    }
    let rows = programs
        .iter()
        .map(|(name, _)| (*name, medians(found[*name]["runs"].as_array())));
    let mut record = json!({
        "command": command, "processor": found["processor"], "kernel": found["kernel"], "rounds": ROUNDS,
    });
    for (name, rows) in rows {
        record[name] = json!({"program": found[name]["program"], "rows": rows});
    }
    finish(root, name, &record)
}

/// Runs a program on the first cores of the machine, as many as it has threads, and reads its JSON.
fn measured(root: &Path, command: &[String], threads: usize) -> Result<Value, Error> {
    let pinned = works(program(root, "taskset").args(["-c", &cores(threads), "true"]));
    let mut run = if pinned {
        program(root, "taskset")
    } else {
        program(root, &command[0])
    };
    if pinned {
        run.args(["-c", &cores(threads)]);
    }
    run.args(&command[usize::from(!pinned)..])
        .arg(threads.to_string());
    // PyTorch's compiler warns about what it compiles again; its result is on standard output.
    run.env("TORCH_LOGS", "-all");
    let text = stdout(&mut run)?;
    let last = text
        .lines()
        .rev()
        .find(|line| line.starts_with('{'))
        .unwrap_or("");
    serde_json::from_str(last).map_err(|source| Error::Json {
        command: line(&run),
        source,
    })
}

fn cores(threads: usize) -> String {
    format!("0-{}", threads - 1)
}

fn label(record: &Value) -> String {
    match (record["program"].as_str(), record["kernel"].as_str()) {
        (Some(version), Some(kernel)) => format!("spinet {version}, kernel {kernel}"),
        (Some(name), None) => name.to_owned(),
        _ => String::new(),
    }
}

/// One row for each network and number of threads, every time the median over the rounds.
fn medians(runs: Option<&Vec<Value>>) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let runs: Vec<&Value> = runs.into_iter().flatten().collect();
    for run in &runs {
        let is_same = |other: &Value| {
            ["inputs", "hidden", "threads"]
                .iter()
                .all(|key| other[key] == run[key])
        };
        if rows.iter().any(&is_same) {
            continue;
        }
        let mut row =
            json!({"inputs": run["inputs"], "hidden": run["hidden"], "threads": run["threads"]});
        let median = |value: &dyn Fn(&Value) -> Option<f64>| {
            let mut times: Vec<f64> = runs
                .iter()
                .filter(|other| is_same(other))
                .filter_map(|run| value(run))
                .collect();
            times.sort_by(f64::total_cmp);
            times
                .get(times.len() / 2)
                .map(|median| json!((median * 1e4).round() / 1e4))
        };
        for key in ["sgd_ms", "bdnn_ms", "products_ms"] {
            if let Some(median) = median(&|run| run[key].as_f64()) {
                row[key] = median;
            }
        }
        for rule in run["rules_ms"].as_object().into_iter().flat_map(Map::keys) {
            if let Some(median) = median(&|run| run["rules_ms"][rule].as_f64()) {
                row["rules_ms"][rule] = median;
            }
        }
        rows.push(row);
    }
    rows
}

/// Networks of presets and the same in `PyTorch`: a process for each, so that each has its own peak
/// memory.
fn networks(root: &Path) -> Result<(), Error> {
    succeed(cargo(root).args(["build", "--release", "--package", "spinet"]))?;
    let python = python(root)?;
    let mut rows = Vec::new();
    let mut record = json!({"command": "cargo xtask bench --networks", "rounds": ROUNDS});
    for threads in THREADS {
        for network in ["lenet5", "resnet9"] {
            let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let torch = format!("{python} bench/torch_network.py {network}");
            let programs = [
                (
                    "ours",
                    words(format!(
                        "{SPINET} bench --json --preset {network} --batch-size 64 --threads"
                    )),
                ),
                ("torch", words(format!("{torch} --threads"))),
                ("compiled", words(format!("{torch} --compile --threads"))),
            ];
            let mut found: Map<String, Value> = Map::new();
            for round in 1..=ROUNDS {
                for (name, command) in &programs {
                    println!("  round {round} of {ROUNDS}, {threads} threads: {network}, {name}");
                    let run = measured(root, command, threads)?;
                    record[*name] = json!(label(&run));
                    if *name == "ours" {
                        record["processor"] = run["processor"].clone();
                    }
                    for (what, value) in [
                        ("ms", &run["rows"][0]["sgd_ms"]),
                        ("mb", &run["peak_memory_mb"]),
                    ] {
                        let all = found
                            .entry(format!("{name}_{what}"))
                            .or_insert_with(|| json!([]));
                        all.as_array_mut()
                            .into_iter()
                            .for_each(|all| all.push(value.clone()));
                    }
                }
            }
            let mut row = json!({"network": network, "batch": 64, "threads": threads});
            for (key, values) in &found {
                let values = values.as_array().into_iter().flatten();
                let mut values: Vec<f64> = values.filter_map(Value::as_f64).collect();
                values.sort_by(f64::total_cmp);
                row[key] = json!((values[values.len() / 2] * 1e3).round() / 1e3);
            }
            rows.push(row);
        }
    }
    record["networks"] = json!(rows);
    finish(root, "networks", &record)
}

fn python(root: &Path) -> Result<&'static str, Error> {
    let test = "import sklearn, torch; assert int(torch.__version__.split('.')[0]) >= 2";
    if let Some(python) = PYTHONS
        .into_iter()
        .find(|python| works(program(root, python).args(["-c", test])))
    {
        return Ok(python);
    }
    println!(
        "  PyTorch 2 with scikit-learn not found: creating target/bench-venv with bench/requirements.txt"
    );
    succeed(program(root, "python3").args(["-m", "venv", "target/bench-venv"]))?;
    succeed(program(root, PYTHONS[0]).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        "bench/requirements.txt",
    ]))?;
    Ok(PYTHONS[0])
}

/// Twenty runs of a row of Tables 3 and 4, on one thread and on two, in turn.
fn row(root: &Path) -> Result<(), Error> {
    succeed(cargo(root).args(["build", "--release", "--package", "spinet"]))?;
    let mut rows = Vec::new();
    for hidden in [10, 100] {
        let mut seconds = [Vec::new(), Vec::new()];
        for round in 1..=3 {
            for (index, threads) in THREADS.into_iter().enumerate() {
                println!("  round {round} of 3, {hidden} hidden units, {threads} threads");
                let words =
                    format!("reproduce --hidden {hidden} --epochs 500 --json --threads {threads}");
                let start = Instant::now();
                stdout(program(root, SPINET).args(words.split(' ')))?;
                seconds[index].push(start.elapsed().as_secs_f64());
            }
        }
        for (threads, mut seconds) in THREADS.into_iter().zip(seconds) {
            seconds.sort_by(f64::total_cmp);
            rows.push(
                json!({"hidden": hidden, "threads": threads, "runs": 20, "epochs": 500, "seconds": (seconds[1] * 100.0).round() / 100.0}),
            );
        }
    }
    finish(
        root,
        "row",
        &json!({"command": "cargo xtask bench --row", "rows": rows}),
    )
}

#[allow(
    clippy::disallowed_methods,
    reason = "a record under version control; xtask uses no crate of ours"
)]
fn finish(root: &Path, name: &str, record: &Value) -> Result<(), Error> {
    let path = root.join(format!("results/performance/{name}.json"));
    let text = serde_json::to_string_pretty(record).map_err(|source| Error::Json {
        command: name.to_owned(),
        source,
    })?;
    std::fs::create_dir_all(root.join("results/performance")).map_err(Error::file(&path))?;
    std::fs::write(&path, text + "\n").map_err(Error::file(&path))?;
    println!("\n{}", performance::markdown(record).unwrap_or_default());
    println!(
        "written: results/performance/{name}.json; `cargo xtask results` puts it into docs/performance.md"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_become_one_row_with_their_medians() {
        let run = |hidden: u64, time: f64| json!({"inputs": 784, "hidden": hidden, "threads": 1, "sgd_ms": time});
        let rows = medians(Some(&vec![
            run(10, 3.0),
            run(100, 9.0),
            run(10, 1.0),
            run(10, 2.0),
        ]));
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0]["sgd_ms"].as_f64(), rows[1]["sgd_ms"].as_f64()),
            (Some(2.0), Some(9.0))
        );
        assert!(
            rows[0].get("bdnn_ms").is_none(),
            "a program without the rule has no time for it"
        );
    }
}
