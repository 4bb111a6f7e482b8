//! The files from which `cargo xtask fuzz` searches, and those that it found: every reader bears them, and accepts whole ones.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(missing_docs, unreachable_pub, reason = "the readers are a crate of their own elsewhere")]

#[path = "../../../fuzz/src/lib.rs"]
mod readers;

use std::fs;
use std::path::PathBuf;

use readers::READERS;

fn seeds() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

/// Files whose name begins with `found-` once broke a reader; the others are whole.
#[test]
fn every_reader_bears_what_was_found_and_accepts_what_is_whole() {
    let mut refused = Vec::new();
    for (name, read) in READERS {
        let mut whole = 0;
        for entry in fs::read_dir(seeds().join(name)).unwrap() {
            let path = entry.unwrap().path();
            let is_whole = !path.file_name().unwrap().to_string_lossy().starts_with("found-");
            whole += usize::from(is_whole);
            if !read(&fs::read(&path).unwrap()) && is_whole {
                refused.push(path);
            }
        }
        assert!(whole > 0, "{name} has no whole file");
    }
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn every_reader_has_a_program_and_a_folder_and_nothing_else_has() {
    let names = |folder: PathBuf| {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let readers: Vec<&str> = READERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(seeds()), readers);
    assert_eq!(names(seeds().join("../fuzz_targets")), readers);
    let manifest = fs::read_to_string(seeds().join("../Cargo.toml")).unwrap();
    let programs: Vec<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\"")).collect();
    assert_eq!(programs, readers);
}
