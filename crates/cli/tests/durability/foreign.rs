//! What this program did not make stays as it is, whatever it is called, and success means that
//! what was made is there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::bench::{Bench, names};
use crate::{FILES, finishes_like};

const RUN: &str = "train --hidden 2 --rule bdnn-dsd --epochs 2 --save-every 0 --threads 1";

/// Names near those of this program's files.
const NEAR: [&str; 15] = [
    "thesis.tmp",
    "thesis.tmp.17-0.tmp",
    "run.toml.tmp",
    "run.toml.17.tmp",
    "run.toml.017-0.tmp",
    "run.toml.17-0.tmp~",
    "run.toml.bak",
    "metrics.jsonl.1-x.tmp",
    "old-model.safetensors",
    "model.safetensors.index.json",
    "checkpoint-5.safetensors",
    "checkpoint-00000000005.safetensors",
    "checkpoint-0000000005.safetensors.gz",
    "checkpoint-best.safetensors",
    "lock",
];

#[test]
fn files_with_names_near_ours_stay_and_only_leftovers_of_ours_go() {
    let bench = Bench::new();
    fs::create_dir(bench.path("mine")).unwrap();
    let at = |name: &str| format!("mine/{name}");
    NEAR.iter().for_each(|name| bench.write(&at(name), name));
    let leftovers = [
        "run.toml.17-0.tmp",
        "metrics.jsonl.4294967295-123.tmp",
        "checkpoint-0000000003.safetensors.9-9.tmp",
    ];
    leftovers
        .iter()
        .for_each(|name| bench.write(&at(name), "half"));
    // Finished, found finished, and trained again.
    for words in ["", "", "--force"] {
        bench.done(&format!("{RUN} --out mine {words}"));
        NEAR.iter()
            .for_each(|name| assert_eq!(bench.read(&at(name)), name.as_bytes(), "{name}, {words}"));
        assert_eq!(
            names(&bench.path("mine")).len(),
            NEAR.len() + FILES.len(),
            "{:?}",
            names(&bench.path("mine"))
        );
    }
}

/// Every file in a directory, and where links lead.
fn contents(directory: &Path) -> Vec<(String, String)> {
    let read = |name: String| {
        let path = directory.join(&name);
        let content = fs::read_link(&path).map_or_else(
            |_| String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
            |to| format!("-> {}", to.display()),
        );
        (name, content)
    };
    names(directory).into_iter().map(read).collect()
}

#[test]
fn a_foreign_file_in_the_place_of_ours_is_refused_by_name_and_left() {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out runs/whole"));
    bench.write("own.toml", "epochs = 2\n");
    let model = bench.read("runs/whole/model.safetensors");
    let cases: [(&str, &[u8]); 9] = [
        ("run.toml", b"epochs = 2\nhidden = [2]\n"),
        ("run.toml", b"# spinet is great\nepochs = 2\n"),
        ("run.toml", b""),
        ("metrics.jsonl", b"{\"loss\": 1}\n"),
        ("model.safetensors", b"mine"),
        // Somebody copied it here.
        ("model.safetensors", &model),
        ("checkpoint-0000000005.safetensors", b"mine"),
        ("spinet.lock", b"mine"),
        ("run.toml", b"-> nowhere"),
    ];
    for (name, content) in cases {
        fs::create_dir_all(bench.path("theirs/whole")).unwrap();
        let directory = bench.path("theirs/whole");
        match content.strip_prefix(b"-> ") {
            Some(to) => symlink(std::str::from_utf8(to).unwrap(), directory.join(name)).unwrap(),
            None => fs::write(directory.join(name), content).unwrap(),
        }
        let before = contents(&directory);
        for words in [
            format!("{RUN} --out theirs/whole"),
            format!("{RUN} --out theirs/whole --force"),
            "merge runs --out theirs".to_owned(),
        ] {
            let message = bench.run(&words);
            let start = format!("spinet: theirs/whole/{name}: ");
            assert!(
                message.stderr.lines().any(|line| line.starts_with(&start)),
                "{words}: {}",
                message.stderr
            );
            assert_eq!(message.code, 2, "{words}: {}", message.stderr);
            assert!(
                contents(&directory) == before,
                "{words}: {name} with {:?}",
                String::from_utf8_lossy(content)
            );
        }
        fs::remove_dir_all(&directory).unwrap();
    }
    // A file of settings that lies where the run goes is one of them.
    bench.write("run.toml", "epochs = 2\nhidden = [2]\n");
    let message = bench.refused(2, "train --config run.toml --out . --force");
    assert!(
        message.starts_with(
            "spinet: ./run.toml: not written by spinet, so it is not overwritten\n\nhint: "
        ),
        "{message}"
    );
}

#[test]
fn a_finished_run_is_replaced_only_when_the_new_one_can_begin() {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out a"));
    let before = contents(&bench.path("a"));
    for words in [
        "--rule l2:weight_decay=-1",
        "--rule spine-retraction",
        "--hidden none --rule grapes",
        "--data nowhere.csv",
    ] {
        bench.refused(2, &format!("{RUN} {words} --out a --force"));
        assert!(contents(&bench.path("a")) == before, "{words}");
    }
    bench.done(&format!("{RUN} --seed 1 --out a --force"));
    assert!(contents(&bench.path("a")) != before && names(&bench.path("a")) == FILES);
}

#[test]
fn a_merge_takes_nothing_from_another_run_that_was_begun() {
    let bench = Bench::new();
    bench.done(&format!("{RUN} --out runs/same"));
    bench.done(&format!("{RUN} --seed 1 --out other/same"));
    // Begun, not finished.
    fs::create_dir_all(bench.path("all/same")).unwrap();
    for name in ["run.toml", "metrics.jsonl"] {
        fs::copy(
            bench.path("other/same").join(name),
            bench.path("all/same").join(name),
        )
        .unwrap();
    }
    let before = contents(&bench.path("all/same"));
    let message = bench.refused(2, "merge runs --out all");
    assert!(
        message.starts_with("spinet: all/same/run.toml: differs from runs/same/run.toml"),
        "{message}"
    );
    assert!(contents(&bench.path("all/same")) == before);
    bench.done("merge other --out all");
    assert!(contents(&bench.path("all/same")) == contents(&bench.path("other/same")));
}

const SWEEP: &str =
    "seeds = 1\n[base]\nepochs = 1\nhidden = [2]\n[[product]]\nlearning_rate = [0.1, 0.2]\n";

#[test]
fn records_figures_and_pages_are_written_over_nothing_but_their_own_kind() {
    let bench = Bench::new();
    bench.write("s.toml", SWEEP);
    let commands = [
        ("sweep s.toml --out out", "out/s.json"),
        ("sweep s.toml --out out", "out/s.svg"),
        (
            "reproduce --hidden 10 --runs 1 --epochs 1 --out out",
            "out/tables-3-4-reduced-accuracy.svg",
        ),
        (
            "reproduce figure3 --runs 1 --epochs 1 --out out",
            "out/figure-3-reduced.json",
        ),
        ("report out --out page.html", "page.html"),
        ("report out", "out/report.html"),
    ];
    bench.done("sweep s.toml --out out");
    for (words, name) in commands {
        for content in ["mine", ""] {
            let is_there = bench.path(name).exists().then(|| bench.read(name));
            bench.write(name, content);
            let answer = bench.run(words);
            let message = format!(
                "spinet: {name}: not written by spinet, so it is not overwritten\n\nhint: "
            );
            assert!(
                answer.code == 2 && answer.stderr.contains(&message),
                "{words}: {}",
                answer.stderr
            );
            assert_eq!(
                answer.stdout.is_empty(),
                words.starts_with("report"),
                "numbers are shown all the same"
            );
            assert_eq!(bench.read(name), content.as_bytes());
            fs::remove_file(bench.path(name)).unwrap();
            is_there.iter().for_each(|bytes| bench.write(name, bytes));
        }
        bench.done(words);
        bench.done(words);
    }
    // A link stays, and what it leads to is written.
    fs::rename(bench.path("out/s.json"), bench.path("elsewhere.json")).unwrap();
    symlink("../elsewhere.json", bench.path("out/s.json")).unwrap();
    bench.done("sweep s.toml --out out");
    assert!(bench.path("out/s.json").is_symlink() && !bench.path("elsewhere.json").is_symlink());
}

/// Does something to the directory of a run when its first checkpoint is there, and says how the
/// run ended.
fn disturbed(bench: &Bench, directory: &str, disturb: impl Fn(&Path)) -> (i32, String, String) {
    let words = format!(
        "train --hidden 10 --epochs 300 --evaluate-every 50 --save-every 1000 --threads 1 --out {directory}"
    );
    let path = bench.path(directory);
    let child = bench
        .command(&words)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !path.join("checkpoint-0000000000.safetensors").exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // While it stands still nothing of the run comes between.
    let signal = |name: &str| {
        assert!(
            std::process::Command::new("kill")
                .args([name, &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    };
    signal("-STOP");
    disturb(&path);
    signal("-CONT");
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn success_is_said_only_with_every_file_in_its_place() {
    let bench = Bench::new();
    let command = |directory: &str| {
        format!(
            "train --hidden 10 --epochs 300 --evaluate-every 50 --save-every 1000 --threads 1 --out {directory}"
        )
    };
    bench.done(&command("whole"));
    let remake = |path: &Path| {
        fs::remove_dir_all(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    let (code, out, err) = disturbed(&bench, "remade", remake);
    assert!(code == 3 && !out.contains("model: "), "{code}: {out}{err}");
    assert!(err.ends_with("spinet: remade: cannot save in this directory: it was removed or replaced during the run\n"), "{err}");
    assert_eq!(
        names(&bench.path("remade")),
        [""; 0],
        "nothing is written into a directory that is not held"
    );
    finishes_like(&bench, &command("remade"), "remade", "whole");

    let (code, out, err) = disturbed(&bench, "removed", |path| fs::remove_dir_all(path).unwrap());
    assert!(
        code == 3 && !out.contains("model: ") && err.contains("spinet: removed"),
        "{code}: {out}{err}"
    );
    assert!(!bench.path("removed").exists());

    // What can be written again is.
    for name in [
        "run.toml",
        "metrics.jsonl",
        "checkpoint-0000000000.safetensors",
    ] {
        let directory = format!("without-{name}");
        let (code, out, err) = disturbed(&bench, &directory, |path| {
            fs::remove_file(path.join(name)).unwrap();
        });
        assert!(
            code == 0 && out.contains("model: "),
            "{name}: {code}: {out}{err}"
        );
        finishes_like(&bench, &command(&directory), &directory, "whole");
    }
    // Without its lock another process could work there.
    let (code, out, err) = disturbed(&bench, "unlocked", |path| {
        fs::remove_file(path.join("spinet.lock")).unwrap();
    });
    assert!(
        code == 3 && !out.contains("model: ") && err.contains("removed or replaced"),
        "{code}: {out}{err}"
    );
}
