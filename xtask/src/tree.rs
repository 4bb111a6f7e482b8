//! Where the repository is, and which files are in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Folders that hold what tools make, not what people write; wherever they stand.
const MADE_BY_TOOLS: [&str; 4] = [".git", ".venv", "__pycache__", "target"];
/// The same, but a folder of this name elsewhere may be a person's.
const MADE_BY_OURS: [&str; 2] = ["docs/book", "runs"];

/// The root of the repository: the folder above this package.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .map_or_else(|| package.clone(), Path::to_owned)
}

/// Every file below `root/folder` whose name ends in `.extension`, as paths from the root, sorted.
///
/// A folder that does not exist has no files.
pub(crate) fn files(root: &Path, folder: &str, extension: &str) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(Error::file(&folder))? {
            let entry = entry.map_err(Error::file(&folder))?;
            let path = entry.path();
            let from_root = path.strip_prefix(root).unwrap_or(&path);
            // `file_type` does not follow links, so a link to a folder above cannot make this loop
            // for ever.
            if entry.file_type().map_err(Error::file(&path))?.is_dir() {
                if !is_made_by_tools(from_root) {
                    folders.push(path);
                }
            } else if path.extension() == Some(OsStr::new(extension)) {
                found.push(from_root.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_made_by_tools(folder: &Path) -> bool {
    MADE_BY_TOOLS
        .iter()
        .any(|name| folder.file_name() == Some(OsStr::new(name)))
        || MADE_BY_OURS.iter().any(|path| folder == Path::new(path))
}

/// The text of the file at `path` from the root.
pub(crate) fn read(root: &Path, path: &Path) -> Result<String, Error> {
    fs::read_to_string(root.join(path)).map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_found_and_read_by_its_path_from_the_root() {
        let path = Path::new("xtask/src/tree.rs");
        assert!(
            files(&root(), "xtask", "rs")
                .unwrap()
                .iter()
                .any(|file| file == path)
        );
        assert!(
            read(&root(), path)
                .unwrap()
                .starts_with("//! Where the repository is")
        );
    }

    #[test]
    fn run_directories_are_left_out_but_a_module_of_that_name_is_not() {
        assert!(is_made_by_tools(Path::new("runs")));
        assert!(is_made_by_tools(Path::new("fuzz/target")));
        assert!(!is_made_by_tools(Path::new("crates/train/src/runs")));
    }

    #[test]
    fn a_folder_that_does_not_exist_has_no_files() {
        assert_eq!(
            files(&root(), "no-such-folder", "rs").unwrap(),
            Vec::<PathBuf>::new()
        );
    }
}
