//! B9 and B10: odd places, and what files tell about the machine.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::bench::{Answer, Bench};
use crate::with_mount;

#[test]
fn odd_names_work_and_impossible_places_are_named() {
    let bench = Bench::new();
    let train = |out: &str| {
        let words = ["train", "--hidden", "2", "--epochs", "1", "--out", out];
        Answer::of(&bench.command_of(&words).output().unwrap())
    };
    let long = "n".repeat(255);
    std::fs::create_dir(bench.path("target")).unwrap();
    std::os::unix::fs::symlink("target", bench.path("link")).unwrap();
    for good in [
        "with space",
        "größe-日本",
        "line\nbreak",
        "deep/er/than/that",
        "link",
        &long,
        "-dash",
    ] {
        let out = if good.starts_with('-') {
            format!("./{good}")
        } else {
            good.to_owned()
        };
        let answer = train(&out);
        assert_eq!(answer.code, 0, "{good}: {}", answer.stderr);
        assert!(
            bench.path(good).join("model.safetensors").exists(),
            "{good}"
        );
    }
    bench.write("file", "kept");
    std::os::unix::fs::symlink("nowhere/at/all", bench.path("dangling")).unwrap();
    for bad in [
        "file",
        "file/below",
        "dangling",
        &"n".repeat(256),
        "/proc/spinet",
    ] {
        let answer = train(bad);
        assert_eq!(answer.code, 3, "{bad}: {}", answer.stderr);
        let start = format!("spinet: {bad}: cannot create this directory: ");
        assert!(
            answer.stderr.starts_with(&start) && answer.stderr.lines().count() == 1,
            "{bad}: {}",
            answer.stderr
        );
    }
}

/// Runs the command with a file system that nobody can write to mounted at `closed`; nothing where
/// that is not allowed.
fn with_closed(bench: &Bench, words: &str) -> Option<Answer> {
    with_mount(bench, "ro", "closed", words, ":")
}

#[test]
fn a_directory_that_may_only_be_read_is_named() {
    let bench = Bench::new();
    let closed = bench.path("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write there all the same, but not to a file system that is mounted read-only.
    let is_root = std::fs::write(closed.join("probe"), "").is_ok();
    let cause = if is_root {
        "Read-only file system"
    } else {
        "Permission denied"
    };
    for (words, what) in [
        (
            "train --hidden 2 --epochs 1 --out closed",
            "closed/spinet.lock: cannot create: ",
        ),
        (
            "train --hidden 2 --epochs 1 --out closed/run",
            "closed/run: cannot create this directory: ",
        ),
        (
            "reproduce --quick --run-dir closed/runs",
            "closed/runs: cannot create this directory: ",
        ),
    ] {
        let answer = if is_root {
            with_closed(&bench, words)
        } else {
            Some(bench.run(words))
        };
        let Some(answer) = answer else {
            println!(
                "skipped: this user may write anywhere, and this system lets nobody mount a file system in memory"
            );
            return;
        };
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (3, ""),
            "{words}: {}",
            answer.stderr
        );
        let start = format!("spinet: {what}{cause}");
        assert!(
            answer.stderr.starts_with(&start) && answer.stderr.lines().count() == 1,
            "{words}: {}",
            answer.stderr
        );
    }
}

/// What the program is told about its user and machine: words that stand nowhere by chance.
const MARKS: [(&str, &str); 4] = [
    ("USER", "marked-user"),
    ("LOGNAME", "marked-user"),
    ("HOSTNAME", "marked-host"),
    ("HOME", "/marked-home"),
];

const SWEEP: &str = "\
seeds = 2
[base]
data = \"tiny.csv\"
label = \"kind\"
test_part = 0.3
epochs = 3
hidden = [3]
[[product]]
rules = [[], \"bdnn-dsd\"]
";

/// Every file in a directory and below it.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// What no file may hold: names of the user and of the machine, and where the program ran.
fn secrets(bench: &Bench) -> Vec<String> {
    let mut secrets: Vec<_> = ["USER", "LOGNAME", "HOME", "PWD", "HOSTNAME"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .collect();
    secrets.push(
        std::fs::read_to_string("/etc/hostname")
            .unwrap_or_default()
            .trim()
            .to_owned(),
    );
    secrets.extend(MARKS.iter().map(|(_, mark)| (*mark).to_owned()));
    // Whatever leads to the temporary directory ends in its name.
    secrets.push(
        bench
            .path("")
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
    );
    // A short name or a plain word stands in any file by chance.
    secrets
        .retain(|secret| secret.len() > 3 && !["root", "user", "test"].contains(&secret.as_str()));
    secrets
}

#[test]
fn the_files_of_a_run_tell_nothing_about_the_machine() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("sets")).unwrap();
    let rows: Vec<_> = (0..60)
        .map(|row| format!("{},{},{}\n", row % 7, row % 11, row % 2))
        .collect();
    bench.write(
        "sets/tiny.csv",
        "width,height,kind\n".to_owned() + &rows.concat(),
    );
    bench.write("s.toml", SWEEP);
    let sets = bench.path("sets").display().to_string();
    let own = format!(
        "train --data tiny.csv --label kind --test-part 0.3 --data-dir {sets} --hidden 3 --epochs 3 --out own"
    );
    let sweep = format!("sweep s.toml --data-dir {sets} --run-dir sweep --out results");
    for (code, words) in [
        (0, "train --hidden 4 --rule bdnn-dsd --epochs 3 --out done"),
        (
            1,
            "train --hidden 4 --epochs 3 --activation relu --loss mean-squared-error --learning-rate 1e29 --out stopped",
        ),
        (0, own.as_str()),
        (0, sweep.as_str()),
        (
            0,
            "reproduce --hidden 10 --runs 1 --epochs 2 --run-dir runs --out results",
        ),
        (0, "report results"),
    ] {
        let answer = Answer::of(&bench.command(words).envs(MARKS).output().unwrap());
        assert_eq!(answer.code, code, "{words}: {}", answer.stderr);
    }
    let secrets = secrets(&bench);
    let files: Vec<_> = ["done", "stopped", "own", "sweep", "runs", "results"]
        .iter()
        .flat_map(|name| files_below(&bench.path(name)))
        .collect();
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        for secret in &secrets {
            let is_found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!is_found, "{} holds `{secret}`", path.display());
        }
    }
    assert!(files.len() > 35, "{} files were searched", files.len());
}
