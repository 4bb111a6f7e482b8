//! Too little memory is an error before the first step, with what is needed and what there is, and
//! never an abort.

use std::process::Command;

use crate::bench::{Answer, Bench};

/// The program with so many kibibytes of address space.
fn limited(bench: &Bench, kibibytes: usize, words: &str) -> Answer {
    let line = format!("ulimit -v {kibibytes} && exec \"$0\" {words}");
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &line, env!("CARGO_BIN_EXE_spinet")])
        .current_dir(bench.path(""))
        .env_remove("SPINET_DATA");
    let output = shell.output().unwrap();
    assert!(
        output.status.code().is_some(),
        "{kibibytes} KiB, {words}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Answer::of(&output)
}

#[test]
fn a_million_hidden_units_are_refused_before_the_first_step_with_both_numbers() {
    let bench = Bench::new();
    for words in [
        "train --hidden 1000000 --epochs 2 --threads 1 --out r",
        "train --hidden 1000000 --epochs 2 --threads 2 --rule adam --batch 10 --out r",
        "tune --hidden 1000000 --epochs 1 --rule l2 --grid weight_decay=0.1,0.2 --threads 2",
        "sweep wide.toml --threads 2",
        "bench --hidden 1000000 --steps 1 --threads 1",
    ] {
        bench.write(
            "wide.toml",
            "seeds = 2\n[base]\nhidden = [1000000]\nepochs = 1\n",
        );
        let answer = limited(&bench, 6_000_000, words);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (2, ""),
            "{words}: {}",
            answer.stderr
        );
        let last = answer.stderr.lines().last().unwrap();
        let numbers: Vec<u64> = last
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .filter(|number| *number > 1_000_000)
            .collect();
        assert!(
            last.starts_with("spinet: ") && last.contains(" bytes of memory, but only "),
            "{words}: {last}"
        );
        assert!(
            last.contains("available (the limit on the address space of this process)"),
            "{words}: {last}"
        );
        assert!(
            numbers.len() == 2 && numbers[0] > numbers[1] && numbers[1] < 6_000_000 * 1024,
            "{words}: {last}"
        );
        assert!(
            !answer.stderr.contains("training 784"),
            "{words}: {}",
            answer.stderr
        );
    }
}

#[test]
fn under_any_limit_a_command_does_its_work_or_says_what_is_missing() {
    let bench = Bench::new();
    bench.done("train --hidden 3000 --epochs 1 --out model --threads 1");
    bench.write(
        "sweep.toml",
        "seeds = 2\n[base]\nhidden = [2000]\nepochs = 1\n",
    );
    let rows: String = (0..2000).fold(String::new(), |rows, row| {
        rows + &format!("{row},{},{}\n", row * 7 % 11, ["a", "b"][row % 2])
    });
    bench.write("table.csv", rows);
    for (index, words) in [
        "train --hidden 3000 --epochs 1 --threads 1 --out a --force",
        "train --hidden 3000 --epochs 1 --threads 2 --rule adam --out b --force",
        "train --data table.csv --epochs 1 --hidden 100000 --threads 1 --out c --force",
        "eval model --threads 2",
        "predict model --data mnist-1200 --threads 1",
        "inspect model",
        "sweep sweep.toml --threads 2 --run-dir runs",
        "tune --rule l2 --grid weight_decay=0.1 --folds 2 --hidden 1000 --epochs 1 --threads 2 --run-dir tuning",
        "reproduce --runs 1 --epochs 1 --threads 2 --run-dir reproduced",
        "rules",
    ]
    .into_iter()
    .enumerate()
    {
        let mut last = 0;
        for step in 0..20 {
            let mebibytes = 64 + step * (512 - 64) / 19;
            let answer = limited(&bench, mebibytes * 1024, words);
            let message = &answer.stderr;
            let is_told = answer.code == 2 && message.contains("spinet: ") && message.contains("memory");
            assert!(answer.code == 0 || is_told, "{mebibytes} MiB, {words}: {}: {message}", answer.code);
            last = answer.code;
        }
        assert!(last == 0 || index == 2, "{words} does not fit into 512 MiB");
    }
}
