//! House check: no Rust file grows beyond what one person reads in one sitting.
//!
//! The length of functions and the number of arguments are held by clippy (`clippy.toml`).

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::source::code_only;
use crate::tree;
use crate::verdict::Verdict;

/// Lines of a file without its tests.
const MAX_WITHOUT_TESTS: usize = 800;
/// Lines of a file with its tests.
const MAX_WITH_TESTS: usize = 1_250;

/// Complains about every file over the budget.
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let mut complaints = Vec::new();
    let mut longest = (0, PathBuf::new());
    let mut files = tree::files(root, "crates", "rs")?;
    files.extend(tree::files(root, "xtask", "rs")?);
    for path in &files {
        let lines = Lines::count(&tree::read(root, path)?);
        complaints.extend(
            lines
                .complaint()
                .map(|complaint| format!("{}: {complaint}", path.display())),
        );
        if lines.without_tests > longest.0 {
            longest = (lines.without_tests, path.clone());
        }
    }
    let note = format!(
        "{} files; the longest without its tests is {} with {} lines",
        files.len(),
        longest.1.display(),
        longest.0
    );
    Ok(Verdict::of(complaints, note))
}

/// The length of one file.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    with_tests: usize,
    without_tests: usize,
}

impl Lines {
    fn count(text: &str) -> Self {
        let with_tests = text.lines().count();
        Self {
            with_tests,
            without_tests: with_tests - lines_of_tests(&code_only(text)),
        }
    }

    fn complaint(&self) -> Option<String> {
        if self.without_tests > MAX_WITHOUT_TESTS {
            Some(format!(
                "{} lines without its tests, but at most {MAX_WITHOUT_TESTS} are allowed",
                self.without_tests
            ))
        } else if self.with_tests > MAX_WITH_TESTS {
            Some(format!(
                "{} lines with its tests, but at most {MAX_WITH_TESTS} are allowed",
                self.with_tests
            ))
        } else {
            None
        }
    }
}

/// The number of lines from `#[cfg(test)]` to the closing brace of the `mod tests` under it.
fn lines_of_tests(code: &str) -> usize {
    for (start, attribute) in code.match_indices("#[cfg(test)]") {
        let mut rest = code[start + attribute.len()..].trim_start();
        while rest.starts_with("#[") {
            rest = rest[block_length(rest, '[', ']')..].trim_start();
        }
        let Some(body) = rest
            .strip_prefix("mod tests")
            .map(str::trim_start)
            .filter(|body| body.starts_with('{'))
        else {
            continue;
        };
        let end = code.len() - body.len() + block_length(body, '{', '}');
        return code[start..end].lines().count();
    }
    0
}

/// The number of bytes up to and with the `close` that matches the first `open`.
fn block_length(code: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_module_is_counted_apart_and_code_after_it_is_not() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\" }\n}\n\nfn c() {}\n";
        assert_eq!(
            Lines::count(text),
            Lines {
                with_tests: 8,
                without_tests: 4
            }
        );
    }

    #[test]
    fn attributes_between_the_condition_and_the_module_belong_to_the_tests() {
        let text =
            "#[cfg(test)]\n#[allow(clippy::float_cmp, reason = \"exact [sic]\")]\nmod tests {\n}\n";
        assert_eq!(
            Lines::count(text),
            Lines {
                with_tests: 4,
                without_tests: 0
            }
        );
    }

    #[test]
    fn other_items_for_tests_only_count_as_code() {
        let text = "#[cfg(test)]\nuse std::fmt;\n// #[cfg(test)] mod tests {\nfn a() {}\n";
        assert_eq!(
            Lines::count(text),
            Lines {
                with_tests: 4,
                without_tests: 4
            }
        );
    }

    #[test]
    fn one_line_over_either_budget_is_a_complaint() {
        let lines = |with_tests, without_tests| {
            Lines {
                with_tests,
                without_tests,
            }
            .complaint()
        };
        assert_eq!(lines(1_250, 800), None);
        assert_eq!(
            lines(801, 801).unwrap(),
            "801 lines without its tests, but at most 800 are allowed"
        );
        assert_eq!(
            lines(1_251, 400).unwrap(),
            "1251 lines with its tests, but at most 1250 are allowed"
        );
    }
}
