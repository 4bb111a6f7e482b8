//! House check: every relative link in a Markdown file of the repository leads to a file or folder
//! of it.

use std::path::{Component, Path, PathBuf};

use crate::block::is_fence;
use crate::error::Error;
use crate::tree;
use crate::verdict::Verdict;

/// Complains about every relative link that leads nowhere.
pub(crate) fn check(root: &Path) -> Result<Verdict, Error> {
    let files = tree::files(root, "", "md")?;
    let mut complaints = Vec::new();
    let mut count = 0;
    for path in &files {
        for (line, target) in relative_links(&tree::read(root, path)?) {
            count += 1;
            if !resolve(path, &target).is_some_and(|path| root.join(path).exists()) {
                complaints.push(format!(
                    "{}:{line}: the link `{target}` does not exist in the repository",
                    path.display()
                ));
            }
        }
    }
    Ok(Verdict::of(
        complaints,
        format!("{count} relative links in {} Markdown files", files.len()),
    ))
}

/// The targets of all relative links, without their `#fragment`, each with its line counted from 1.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_fence = false;
    for (line, number) in text.lines().zip(1..) {
        if is_fence(line) {
            in_fence = !in_fence;
        } else if !in_fence {
            links.extend(
                targets(line)
                    .into_iter()
                    .filter_map(|target| Some((number, relative(&target)?))),
            );
        }
    }
    links
}

/// The targets on one line: `[text](target)`, `![text](target "title")` and `[name]: target`; code
/// spans have none.
fn targets(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect();
    let mut targets: Vec<String> = prose
        .match_indices("](")
        .map(|(at, opening)| until_closed(&prose[at + opening.len()..]))
        .collect();
    if let Some((name, target)) = prose.trim_start().split_once("]: ")
        && name.starts_with('[')
        && !name.starts_with("[^")
    {
        targets.push(target.to_owned());
    }
    targets
}

/// The text up to the closing parenthesis; parentheses inside a target come in pairs.
fn until_closed(text: &str) -> String {
    let mut depth = 1;
    let inside = |c: &char| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth > 0
    };
    text.chars().take_while(inside).collect()
}

/// The path of a relative link without its title and fragment; `None` when it leads elsewhere or
/// stays on the page.
fn relative(target: &str) -> Option<String> {
    let target = target.trim();
    let target = match target.strip_prefix('<') {
        Some(bracketed) => bracketed.split('>').next()?,
        None => target.split_whitespace().next()?,
    };
    let path = target.split(['#', '?']).next()?;
    let has_scheme = path
        .split('/')
        .next()
        .is_some_and(|first| first.contains(':'));
    (!path.is_empty() && !has_scheme).then(|| path.replace("%20", " "))
}

/// The path from the root that `target` means in the file `page`; `None` when it leaves the
/// repository.
fn resolve(page: &Path, target: &str) -> Option<PathBuf> {
    let from_page = page.parent().unwrap_or(Path::new("")).join(target);
    let mut resolved = PathBuf::new();
    for part in from_page.components() {
        match part {
            Component::Normal(name) => resolved.push(name),
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            // A leading `/` means the root of the repository, as code hosts read it.
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_relative_link_is_found_with_its_line() {
        let text = "[a](x.md)\n![b](img/y.svg \"title\") [`c`](<z z.md>) [d](w_(1).md#part)\n\n[e]: v%20v.md\n";
        let expected = [
            (1, "x.md"),
            (2, "img/y.svg"),
            (2, "z z.md"),
            (2, "w_(1).md"),
            (4, "v v.md"),
        ];
        assert_eq!(
            relative_links(text),
            expected.map(|(line, target)| (line, target.to_owned()))
        );
    }

    #[test]
    fn addresses_fragments_footnotes_and_code_are_not_relative_links() {
        let text = "[a](https://example.org/x.md) [b](#part) [c](mailto:a@b.c)\n`[d](e.md)`\n```text\n[f](g.md)\n```\n[^1]: h.md\n";
        assert_eq!(relative_links(text), []);
    }

    #[test]
    fn a_target_is_read_from_the_folder_of_its_page_and_may_not_leave_the_repository() {
        let page = Path::new("docs/guide/rules.md");
        assert_eq!(
            resolve(page, "../README.md"),
            Some(PathBuf::from("docs/README.md"))
        );
        assert_eq!(
            resolve(page, "./nn.md"),
            Some(PathBuf::from("docs/guide/nn.md"))
        );
        assert_eq!(
            resolve(page, "/LICENSE-MIT"),
            Some(PathBuf::from("LICENSE-MIT"))
        );
        assert_eq!(resolve(page, "../../../outside.md"), None);
    }
}
