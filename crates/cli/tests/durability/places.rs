//! B9 and B10: odd places, and what files tell about the machine.

use std::os::unix::fs::PermissionsExt;

use crate::bench::Bench;

#[test]
fn odd_names_work_and_impossible_places_are_named() {
    let bench = Bench::new();
    let train = |out: &str| {
        let words = ["train", "--hidden", "2", "--epochs", "1", "--out", out];
        crate::bench::Answer::of(&bench.command_of(&words).output().unwrap())
    };
    let long = "n".repeat(255);
    std::fs::create_dir(bench.path("target")).unwrap();
    std::os::unix::fs::symlink("target", bench.path("link")).unwrap();
    for good in ["with space", "größe-日本", "line\nbreak", "deep/er/than/that", "link", &long, "-dash"] {
        let out = if good.starts_with('-') { format!("./{good}") } else { good.to_owned() };
        let answer = train(&out);
        assert_eq!(answer.code, 0, "{good}: {}", answer.stderr);
        assert!(bench.path(good).join("model.safetensors").exists(), "{good}");
    }
    bench.write("file", "kept");
    std::os::unix::fs::symlink("nowhere/at/all", bench.path("dangling")).unwrap();
    for bad in ["file", "file/below", "dangling", &"n".repeat(256), "/proc/spinet"] {
        let answer = train(bad);
        assert_eq!(answer.code, 3, "{bad}: {}", answer.stderr);
        let start = format!("spinet: {bad}: cannot make this directory: ");
        assert!(answer.stderr.starts_with(&start) && answer.stderr.lines().count() == 1, "{bad}: {}", answer.stderr);
    }
    std::fs::create_dir(bench.path("closed")).unwrap();
    std::fs::set_permissions(bench.path("closed"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let is_root = std::fs::write(bench.path("closed/probe"), "").is_ok();
    if is_root {
        println!("skipped: this user may write anywhere, so a read-only directory cannot be tried");
        return;
    }
    let answer = train("closed");
    assert!(answer.code == 3 && answer.stderr.contains("closed/lock: cannot create: "), "{}", answer.stderr);
}

#[test]
fn the_files_of_a_run_tell_nothing_about_the_machine() {
    let bench = Bench::new();
    bench.done("train --hidden 4 --rule bdnn-dsd --epochs 3 --out done");
    bench.run("train --hidden 4 --epochs 3 --activation relu --loss mean-squared-error --learning-rate 1e29 --out stopped");
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let variables = ["USER", "LOGNAME", "HOME", "PWD", "HOSTNAME"].map(|name| std::env::var(name).unwrap_or_default());
    let own = bench.path("").display().to_string();
    // A name of one or two letters, or `root`, stands in any file by chance.
    let secrets = variables.iter().map(String::as_str).chain([host.trim(), own.trim_end_matches('/')]);
    let secrets: Vec<&str> = secrets.filter(|secret| secret.len() > 4).collect();
    assert!(!secrets.is_empty());
    let mut files = 0;
    for directory in ["done", "stopped"] {
        for name in crate::bench::names(&bench.path(directory)) {
            let bytes = bench.read(&format!("{directory}/{name}"));
            files += 1;
            for secret in &secrets {
                assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{directory}/{name} holds `{secret}`");
            }
        }
    }
    assert!(files >= 6, "{files} files were searched");
}
