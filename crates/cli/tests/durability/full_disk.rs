//! B3 and B4: real full disks, as small file systems in memory.

use std::process::{Command, Output};

use crate::bench::Bench;
use crate::finishes_like;

const RUN: &str = "train --hidden 10 --rule bdnn-dsd --epochs 5 --save-every 0 --threads 1 --out small/run";

/// Runs the command with a file system of this size mounted at `small`, and copies what it left to `copy`; nothing where that is not allowed.
fn in_small_space(bench: &Bench, kibibytes: usize, words: &str) -> Option<Output> {
    let command = bench.command(words);
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).map(|word| word.to_str().unwrap()).collect();
    let script = format!(
        "mount -t tmpfs -o size={kibibytes}k tmpfs small || exit 99; {}; code=$?; rm -rf copy; cp -r small copy; exit $code",
        words.join(" ")
    );
    let output = Command::new("unshare").args(["-rm", "sh", "-c", &script]).current_dir(bench.path("")).output().ok()?;
    (output.status.code() != Some(99) && bench.path("copy").exists()).then_some(output)
}

#[test]
fn a_disk_that_is_too_small_is_found_before_the_first_step() {
    let bench = Bench::new();
    bench.done(&RUN.replace("small/run", "whole"));
    std::fs::create_dir(bench.path("small")).unwrap();
    let (mut refused, mut finished) = (0, 0);
    for kibibytes in (16..=512).step_by(16) {
        let Some(output) = in_small_space(&bench, kibibytes, RUN) else {
            println!("skipped: this system lets nobody mount a file system in memory");
            return;
        };
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.code() == Some(0) {
            finished += 1;
            for file in ["run.toml", "metrics.jsonl", "model.safetensors"] {
                assert!(bench.read(&format!("copy/run/{file}")) == bench.read(&format!("whole/{file}")), "{kibibytes} KiB: {file}");
            }
            continue;
        }
        refused += 1;
        assert_eq!(output.status.code(), Some(3), "{kibibytes} KiB: {err}");
        assert!(err.contains("No space left on device") && !out.contains("model: "), "{kibibytes} KiB: {out}{err}");
        // Two checkpoints and the temporary file of a third, or one too few: then the first is whole and the run goes on elsewhere.
        let has_checkpoint = std::fs::read_dir(bench.path("copy/run")).unwrap().any(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.starts_with("checkpoint-") && name.ends_with(".safetensors")
        });
        if has_checkpoint {
            finishes_like(&bench, &RUN.replace("small/run", "copy/run"), "copy/run", "whole");
        } else {
            assert!(err.contains(" bytes are needed, ") && err.contains(" are free"), "{kibibytes} KiB: {err}");
        }
    }
    assert!(refused > 3 && finished > 1, "{refused} refused, {finished} finished");
}
