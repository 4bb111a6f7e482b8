//! The files from which `cargo xtask fuzz` searches, and those that it found: every reader bears
//! them, and accepts whole ones.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::PathBuf;

use spinet_testing::mutate::{FILES, Numbers, mutate, run};
use spinet_testing::readers::READERS;

#[global_allocator]
static ALLOCATOR: spinet_testing::memory::Counting = spinet_testing::memory::Counting;

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What is in a folder of `fuzz`, sorted.
fn entries(folder: &str) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(fuzz().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

fn files(reader: &str) -> Vec<PathBuf> {
    entries(&format!("seeds/{reader}"))
}

/// Files whose name begins with `found-` once broke a reader; the others are whole.
#[test]
fn every_reader_bears_what_was_found_and_accepts_what_is_whole() {
    let mut refused = Vec::new();
    for (name, read) in READERS {
        let mut whole = 0;
        for path in files(name) {
            let is_whole = !path
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("found-");
            whole += usize::from(is_whole);
            if !read(&fs::read(&path).unwrap()) && is_whole {
                refused.push(path);
            }
        }
        assert!(whole > 0, "{name} has no whole file");
    }
    assert!(refused.is_empty(), "{refused:?}");
}

/// The readers for which no other test has mutated files.
#[test]
fn mutated_texts_do_no_harm() {
    for (name, read) in READERS
        .into_iter()
        .filter(|(name, _)| ["metrics", "record", "sweep", "words"].contains(name))
    {
        let whole: Vec<Vec<u8>> = files(name)
            .iter()
            .map(|path| fs::read(path).unwrap())
            .collect();
        let make = |numbers: &mut Numbers| {
            let mut file = mutate(&whole[numbers.below(whole.len())], numbers);
            // A byte that is no text spoils all of it.
            file.retain(u8::is_ascii);
            file
        };
        let accepted = run(name, 51, &make, &|file| read(file));
        assert!(
            (20..FILES * 9 / 10).contains(&accepted),
            "{name}: {accepted} of {FILES} accepted"
        );
    }
}

/// The programs are not built here: they need another compiler. So they are held to the one line
/// that each may have.
#[test]
fn every_reader_has_a_program_and_a_folder_and_nothing_else_has() {
    let names = |folder| -> Vec<String> {
        entries(folder)
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let readers: Vec<&str> = READERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("seeds"), readers);
    assert_eq!(names("fuzz_targets"), readers);
    for name in &readers {
        let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        let only = format!(
            "#![no_main]\n\nlibfuzzer_sys::fuzz_target!(|bytes: &[u8]| {{\n    spinet_testing::readers::{name}(bytes);\n}});\n"
        );
        assert_eq!(program, only);
    }
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let (_, programs) = manifest.split_once("\n[[bin]]\n").unwrap();
    let one = |name: &&str| {
        format!(
            "name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\ntest = false\ndoc = false\nbench = false\n"
        )
    };
    assert_eq!(
        programs,
        readers
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .join("\n[[bin]]\n")
    );
}

/// A search in another version of a parser says little about the one that people get.
#[test]
fn searches_use_the_same_versions_of_everything() {
    let packages = |path: PathBuf| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        text.split("[[package]]\n")
            .skip(1)
            .map(|package| package.lines().take(2).collect::<Vec<_>>().join(" "))
            .collect()
    };
    let ours = packages(fuzz().join("../Cargo.lock"));
    let name = |package: &str| package.split(' ').nth(2).unwrap().to_owned();
    let known: Vec<String> = ours.iter().map(|package| name(package)).collect();
    let others: Vec<_> = packages(fuzz().join("Cargo.lock"))
        .into_iter()
        .filter(|package| known.contains(&name(package)) && !ours.contains(package))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}
