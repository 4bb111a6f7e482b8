//! House check: `unsafe` occurs in kernel files only, and the list of those files is short and
//! true.

use std::path::Path;

use crate::error::Error;
use crate::source::{code_only, words};
use crate::tree;
use crate::verdict::Verdict;

/// The files that may contain `unsafe`, as paths from the root: kernels, the threads that share
/// them, a setting of the C library, and an allocator that counts for a test.
const KERNEL_FILES: [&str; 12] = [
    "crates/cli/src/allocator.rs",
    "crates/nn/src/product/exact/amx.rs",
    "crates/nn/src/product/exact/avx512.rs",
    "crates/nn/src/product/exact/mod.rs",
    "crates/nn/src/product/exact/vnni.rs",
    "crates/nn/src/product/conv.rs",
    "crates/nn/src/product/conv_avx512.rs",
    "crates/nn/src/product/sgemm_avx512.rs",
    "crates/nn/src/product/sparse.rs",
    "crates/nn/src/product/mod.rs",
    "crates/nn/src/threads/thread_pool.rs",
    "crates/testing/src/memory.rs",
];

/// Complains about `unsafe` outside the list, and about files of the list that no longer need it.
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let mut counts = Vec::new();
    for folder in ["crates", "xtask"] {
        for path in tree::files(root, folder, "rs")? {
            counts.push((path.display().to_string(), count(&tree::read(root, &path)?)));
        }
    }
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let note = format!(
        "`unsafe` occurs {total} times in {} kernel files",
        KERNEL_FILES.len()
    );
    Ok(Verdict::of(complaints(&counts, &KERNEL_FILES), note))
}

/// How often the keyword stands in the code, comments and strings aside.
fn count(text: &str) -> usize {
    words(&code_only(text))
        .filter(|word| *word == "unsafe")
        .count()
}

fn complaints(counts: &[(String, usize)], kernel_files: &[&str]) -> Vec<String> {
    let is_kernel = |path: &str| kernel_files.contains(&path);
    let outside = counts
        .iter()
        .filter(|(path, count)| *count > 0 && !is_kernel(path));
    let outside = outside.map(|(path, count)| {
        format!("{path}: `unsafe` occurs {count} times, but this is not a kernel file")
    });
    let idle = kernel_files.iter().filter(|kernel| {
        !counts
            .iter()
            .any(|(path, count)| path == *kernel && *count > 0)
    });
    let idle =
        idle.map(|path| format!("{path}: listed as a kernel file, but has no `unsafe`; take it off the list in xtask/src/kernels.rs"));
    outside.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keyword_counts_and_not_comments_strings_or_longer_names() {
        assert_eq!(
            count("// unsafe\n#![deny(unsafe_code)]\nlet a = \"unsafe\";"),
            0
        );
        assert_eq!(count("unsafe fn f() { unsafe { g() } }"), 2);
    }

    #[test]
    fn the_list_of_kernel_files_has_to_match_in_both_directions() {
        let counts = [
            ("a.rs".to_owned(), 1),
            ("b.rs".to_owned(), 2),
            ("c.rs".to_owned(), 0),
        ];
        assert_eq!(complaints(&counts, &["a.rs", "b.rs"]), Vec::<String>::new());
        assert_eq!(
            complaints(&counts, &["a.rs", "c.rs"]),
            [
                "b.rs: `unsafe` occurs 2 times, but this is not a kernel file",
                "c.rs: listed as a kernel file, but has no `unsafe`; take it off the list in xtask/src/kernels.rs",
            ]
        );
    }
}
