//! The tables of `docs/performance.md`, rendered from the records of `cargo xtask bench` and
//! `spinet bench`.

use serde_json::Value;

/// The Markdown of a record, if it is one of measurements.
pub(crate) fn markdown(record: &Value) -> Option<String> {
    if record["torch"]["rows"][0].get("rules_ms").is_some() {
        Some(small(record))
    } else if record.get("networks").is_some() {
        Some(networks(record))
    } else if record.get("torch").is_some() {
        Some(against_torch(record))
    } else if record.get("sweeps").is_some() {
        Some(scaling(record))
    } else if record["rows"][0].get("seconds").is_some() {
        Some(row(record))
    } else if record["rows"][0].get("parts_ms").is_some() {
        Some(steps(record))
    } else {
        None
    }
}

fn rows(record: &Value) -> impl Iterator<Item = &Value> {
    record["rows"].as_array().into_iter().flatten()
}

fn network(row: &Value) -> String {
    let depth = row["depth"]
        .as_u64()
        .filter(|depth| *depth > 1)
        .map_or(String::new(), |depth| format!(" x {depth}"));
    format!("{}-{}{depth}", row["inputs"], row["hidden"])
}

fn against_torch(record: &Value) -> String {
    let name = |key: &str| {
        record[key]["program"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let mut text = format!(
        "{}; `{}`, {} interleaved rounds, medians. {}, {}.\n\n",
        record["processor"].as_str().unwrap_or_default(),
        record["command"].as_str().unwrap_or_default(),
        record["rounds"],
        name("torch"),
        name("sklearn"),
    );
    text += "| network | threads | ours, best | ours, f32 | PyTorch eager | compiled | speed-up, best | speed-up, f32 | targets, best and f32 | ours, no rule | PyTorch, no rule | scikit-learn, no rule |\n";
    text += "|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for best in rows(&record["best"]) {
        let other = |program: &str, key: &str| {
            let is_same = |row: &&Value| {
                ["inputs", "hidden", "threads"]
                    .iter()
                    .all(|key| row[key] == best[key])
            };
            rows(&record[program])
                .find(is_same)
                .and_then(|row| row[key].as_f64())
                .unwrap_or(f64::NAN)
        };
        let (ours, single, torch) = (
            other("best", "bdnn_ms"),
            other("f32", "bdnn_ms"),
            other("torch", "bdnn_ms"),
        );
        text += &format!(
            "| {} | {} | {ours:.2} | {single:.2} | {torch:.2} | {:.2} | {:.1}x | {:.1}x | {} | {:.2} | {:.2} | {:.2} |\n",
            network(best),
            best["threads"],
            other("torch-compiled", "bdnn_ms"),
            torch / ours,
            torch / single,
            goals(best),
            other("best", "sgd_ms"),
            other("torch", "sgd_ms"),
            other("sklearn", "sgd_ms"),
        );
    }
    text + "\nMilliseconds per step with BDNN-dsd, batch size 600, no zero pixels; the last three columns without the rule. The targets were set for a\nCPU with AMX, against eager PyTorch.\n"
}

/// Small batches: every rule beside plain gradient descent and beside `PyTorch`.
fn small(record: &Value) -> String {
    let mut text = format!(
        "{}; kernel {}; `{}`, {} interleaved rounds, medians. {}.\n\n",
        record["processor"].as_str().unwrap_or_default(),
        record["kernel"].as_str().unwrap_or_default(),
        record["command"].as_str().unwrap_or_default(),
        record["rounds"],
        record["torch"]["program"].as_str().unwrap_or_default(),
    );
    text += "| threads | rule | ours, best | over no rule | ours, f32 | over no rule | PyTorch eager | over no rule | speed-up, best | speed-up, f32 |\n";
    text += "|--:|:--|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for best in rows(&record["best"]) {
        let of = |program: &str| {
            rows(&record[program])
                .find(|row| row["threads"] == best["threads"])
                .unwrap_or(&Value::Null)
        };
        let sides = ["best", "f32", "torch"].map(of);
        let rules = best["rules_ms"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(rule, _)| rule.as_str());
        for rule in std::iter::once("none").chain(rules) {
            let plain = sides.map(|side| side["sgd_ms"].as_f64().unwrap_or(f64::NAN));
            let time = |side: &Value| {
                if rule == "none" {
                    &side["sgd_ms"]
                } else {
                    &side["rules_ms"][rule]
                }
                .as_f64()
                .unwrap_or(f64::NAN)
            };
            let times = sides.map(time);
            let cells = [0, 1, 2].map(|side| {
                format!(
                    "{:.3} | {:+.0} %",
                    times[side],
                    100.0 * (times[side] / plain[side] - 1.0)
                )
            });
            text += &format!(
                "| {} | {rule} | {} | {:.1}x | {:.1}x |\n",
                best["threads"],
                cells.join(" | "),
                times[2] / times[0],
                times[2] / times[1]
            );
        }
    }
    text + "\nMilliseconds per step of 784-256-256-10, ReLU, batch size 64, no zero pixels.\n"
}

/// Networks of presets beside `PyTorch`.
fn networks(record: &Value) -> String {
    let text = |key: &str| record[key].as_str().unwrap_or_default();
    let mut markdown = format!(
        "{}; `{}`, {} interleaved rounds, medians. {}.\n\n",
        text("processor"),
        text("command"),
        record["rounds"],
        text("torch")
    );
    markdown += "| network | threads | ours | PyTorch eager | compiled | speed-up, eager | speed-up, compiled | memory, ours | PyTorch eager | compiled |\n";
    markdown += "|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for row in record["networks"].as_array().into_iter().flatten() {
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        let [ours, eager, compiled] = ["ours_ms", "torch_ms", "compiled_ms"].map(number);
        let [memory, of_eager, of_compiled] = ["ours_mb", "torch_mb", "compiled_mb"].map(number);
        markdown += &format!(
            "| {} | {} | {ours:.2} | {eager:.2} | {compiled:.2} | {:.2}x | {:.2}x | {memory:.0} | {of_eager:.0} | {of_compiled:.0} |\n",
            row["network"].as_str().unwrap_or_default(),
            row["threads"],
            eager / ours,
            compiled / ours,
        );
    }
    markdown
        + "\nMilliseconds per step of plain SGD, batch size 64, and peak memory of the process in MB. Ours holds the network twice (with BDNN-dsd too) and gathers bytes from\nfive batches.\n"
}

/// How many times faster than eager `PyTorch` a step was to become, with the best kernel and with
/// `f32`, on AMX.
fn goals(row: &Value) -> &'static str {
    match (row["inputs"].as_u64(), row["hidden"].as_u64()) {
        (Some(784), Some(10)) => "6x, 4x",
        (Some(784), Some(100)) => "4x, 2x",
        (Some(784), Some(500)) => "4x, 1.7x",
        (Some(3072), Some(100)) => "4x, 1.8x",
        (Some(3072), Some(500)) => "5x, 2.2x",
        _ => "",
    }
}

fn row(record: &Value) -> String {
    let mut text = format!(
        "`{}`, medians of 3 interleaved rounds.\n\n",
        record["command"].as_str().unwrap_or_default()
    );
    text += "| hidden units | runs | epochs | one thread, sequential | two threads, parallel | speed-up |\n|--:|--:|--:|--:|--:|--:|\n";
    let all: Vec<&Value> = rows(record).collect();
    for pair in all.chunks_exact(2) {
        let [one, two] = [0, 1].map(|index| pair[index]["seconds"].as_f64().unwrap_or(f64::NAN));
        let (hidden, runs, epochs) = (&pair[0]["hidden"], &pair[0]["runs"], &pair[0]["epochs"]);
        text += &format!(
            "| {hidden} | {runs} | {epochs} | {one:.1} s | {two:.1} s | {:.2}x |\n",
            one / two
        );
    }
    text
}

fn scaling(record: &Value) -> String {
    let mut text = format!(
        "`{}`; network 784-100, batch size 600, no zero pixels, one thread, unless stated otherwise.\n",
        record["command"].as_str().unwrap_or_default()
    );
    for sweep in record["sweeps"].as_array().into_iter().flatten() {
        let kernels: Vec<&Value> = sweep["kernels"].as_array().into_iter().flatten().collect();
        let names = kernels
            .iter()
            .map(|kernel| kernel["kernel"].as_str().unwrap_or_default());
        let head: Vec<_> = names
            .map(|name| {
                format!("{name}: BDNN-dsd | {name}: products alone | {name}: over the products")
            })
            .collect();
        text += &format!(
            "\n| {} | {} |\n|--:|{}\n",
            sweep["axis"].as_str().unwrap_or_default(),
            head.join(" | "),
            "--:|".repeat(3 * kernels.len())
        );
        for (index, value) in sweep["values"].as_array().into_iter().flatten().enumerate() {
            let cell = |kernel: &&Value| {
                let time = |key: &str| kernel["rows"][index][key].as_f64().unwrap_or(f64::NAN);
                let (bdnn, products) = (time("bdnn_ms"), time("products_ms"));
                format!(
                    " {bdnn:.3} | {products:.3} | {:.0} % |",
                    100.0 * (bdnn / products - 1.0)
                )
            };
            text += &format!(
                "| {} |{}\n",
                value.as_f64().unwrap_or(f64::NAN),
                kernels.iter().map(cell).collect::<String>()
            );
        }
    }
    text + "\nMilliseconds per step. The table of threads is for 784-500.\n"
}

fn steps(record: &Value) -> String {
    let word = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let mut text = format!(
        "{}; kernel {} (class {}); {}; medians of {} steps.\n\n",
        word("processor"),
        word("kernel"),
        word("class"),
        word("data"),
        record["steps"]
    );
    text += "| network | batch | non-zero pixels | threads | no rule | BDNN-dsd | products alone | over the products | gather | products | activation | loss | check | update |\n";
    text += "|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for row in rows(record) {
        let time = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        let (bdnn, products) = (time(&row["bdnn_ms"]), time(&row["products_ms"]));
        let parts = [
            "gather",
            "products",
            "activation",
            "loss",
            "check",
            "update",
        ]
        .map(|part| format!("{:.3}", time(&row["parts_ms"][part])));
        text += &format!(
            "| {} | {} | {:.0} % | {} | {:.3} | {bdnn:.3} | {products:.3} | {:.0} % | {} |\n",
            network(row),
            row["batch"],
            100.0 * time(&row["density"]),
            row["threads"],
            time(&row["sgd_ms"]),
            100.0 * (bdnn / products - 1.0),
            parts.join(" | "),
        );
    }
    text + "\nMilliseconds per step; the parts are those of a step with BDNN-dsd.\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_comparison_shows_times_and_ratios() {
        let side = |bdnn: f64| json!({"program": "p", "rows": [{"inputs": 784, "hidden": 10, "threads": 1, "sgd_ms": 0.5, "bdnn_ms": bdnn}]});
        let record = json!({"command": "c", "processor": "q", "rounds": 5,
            "best": side(0.5), "f32": side(1.0), "torch": side(2.0), "torch-compiled": side(1.5), "sklearn": side(9.0)});
        let text = markdown(&record).unwrap();
        assert!(text.contains("| 784-10 | 1 | 0.50 | 1.00 | 2.00 | 1.50 | 4.0x | 2.0x | 6x, 4x | 0.50 | 0.50 | 0.50 |"), "{text}");
    }

    #[test]
    fn small_batches_show_every_rule_beside_none() {
        let side = |sgd: f64, adam: f64| json!({"program": "p", "rows": [{"threads": 1, "sgd_ms": sgd, "rules_ms": {"adam": adam}}]});
        let record = json!({"command": "c", "processor": "q", "kernel": "k", "rounds": 3,
            "best": side(0.5, 0.6), "f32": side(1.0, 1.1), "torch": side(2.0, 3.0)});
        let text = markdown(&record).unwrap();
        assert!(
            text.contains(
                "| 1 | none | 0.500 | +0 % | 1.000 | +0 % | 2.000 | +0 % | 4.0x | 2.0x |"
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "| 1 | adam | 0.600 | +20 % | 1.100 | +10 % | 3.000 | +50 % | 5.0x | 2.7x |"
            ),
            "{text}"
        );
    }

    #[test]
    fn other_records_are_left_to_the_program() {
        assert_eq!(
            markdown(&json!({"rows": [{"accuracy": {}}], "definition": {}})),
            None
        );
    }
}
