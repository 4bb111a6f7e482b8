//! The script that compares the initial networks of a setting with the published ones runs on the
//! stored records, and prints what `docs/setting.md` says.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stdout, reason = "says why it is skipped")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_chosen_setting_is_as_near_to_the_paper_as_its_page_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let records = ["", "-draws", "-500", "-cifar", "-cifar-500"]
        .map(|name| format!("results/sweeps/setting{name}.json"));
    let mut python = Command::new("python3");
    python.arg("experiments/distances.py").args(records);
    let Ok(output) = python.current_dir(&root).output() else {
        println!("skipped: `python3` is not installed");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.trim_end()
            .ends_with("12 of 12 rows, mean distance 0.26, largest +0.69 (mnist, 10 units)"),
        "{text}{errors}"
    );
    let page = std::fs::read_to_string(root.join("docs/setting.md")).unwrap();
    assert!(page.contains("the mean distance is 0.26 points, and the maximum 0.69"));
}
