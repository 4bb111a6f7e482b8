//! House check: the changelog has a place for what comes next.

use std::path::Path;

use crate::error::Error;
use crate::tree;
use crate::verdict::Verdict;

/// Complains when `CHANGELOG.md` has no section "Unreleased".
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let text = tree::read(root, Path::new("CHANGELOG.md"))?;
    let complaint =
        (!has_unreleased(&text)).then(|| "CHANGELOG.md: no section `## Unreleased`".to_owned());
    Ok(Verdict::of(complaint.into_iter().collect(), String::new()))
}

fn has_unreleased(text: &str) -> bool {
    text.lines()
        .any(|line| matches!(line.trim_end(), "## Unreleased" | "## [Unreleased]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_a_heading_and_not_only_a_word() {
        assert!(has_unreleased(
            "# Changelog\n\n## Unreleased\n\n### Added\n"
        ));
        assert!(has_unreleased("## [Unreleased]\n"));
        assert!(!has_unreleased(
            "# Changelog\n\nNothing is Unreleased.\n\n## 0.1.0\n"
        ));
    }
}
