//! Writing records, figures and pages: over nothing but files that this program made, and all of
//! them or an error.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use spinet_train::store;

use crate::Error;

/// How every figure of this program begins.
pub(crate) const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"";
/// What the head of every report has.
pub(crate) const TITLE: &str = "<title>spinet report</title>";
/// How records begin: of tables, of sweeps, of figures, and of how the time of a step grows.
const RECORDS: [&str; 4] = [
    "{\"rows\": [\n{\"data\":",
    "{\"points\": [\n{\"settings\":",
    "{\"panels\":[{\"title\":",
    "{\n  \"command\": \"spinet bench --scaling",
];
/// Where the head of a report ends at the latest.
const HEAD: u64 = 1024;

/// Writes these texts to these files, and makes their directories.
///
/// # Errors
///
/// [`spinet_train::Error::NotOurs`] before anything is written, if one of the names is that of a
/// file that this program did not make; [`spinet_train::Error::Storage`], also when a file that was
/// written is not there any more.
pub fn write_results(files: &[(PathBuf, &str)]) -> Result<(), Error> {
    if let Some((path, _)) = files
        .iter()
        .find(|(path, _)| store::is_there(path) && !is_ours(path))
    {
        return Err(spinet_train::Error::NotOurs { path: path.clone() }.into());
    }
    for (path, text) in files {
        path.parent().map_or(Ok(()), store::make_directory)?;
        store::write_atomically(path, text.as_bytes())?;
    }
    let is_kept = |path: &Path, text: &str| {
        path.metadata()
            .is_ok_and(|found| found.len() == text.len() as u64)
    };
    match files.iter().find(|(path, text)| !is_kept(path, text)) {
        None => Ok(()),
        Some((path, _)) => {
            let source = std::io::Error::other("it was changed or removed meanwhile");
            Err(spinet_train::Error::Storage {
                path: path.clone(),
                action: "keep this file",
                source,
            }
            .into())
        }
    }
}

/// Whether a file begins as those of this program do.
fn is_ours(path: &Path) -> bool {
    let mut head = Vec::new();
    let is_read = path.is_file()
        && File::open(path).is_ok_and(|file| file.take(HEAD).read_to_end(&mut head).is_ok());
    let head = String::from_utf8_lossy(&head);
    is_read
        && (head.starts_with(SVG)
            || RECORDS.iter().any(|record| head.starts_with(record))
            || head.contains(TITLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "files of somebody else in a temporary directory"
    )]
    fn files_of_somebody_else_are_left_and_then_nothing_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let write = |files: &[(&str, &str)]| {
            write_results(
                &files
                    .iter()
                    .map(|(name, text)| (at(name), *text))
                    .collect::<Vec<_>>(),
            )
        };
        let figure = format!("{SVG}1\"/>");
        for foreign in [
            "",
            "mine",
            "{\"rows\": [1]}",
            "<?xml version=\"1.0\"?>\n<svg/>",
            "{\"points\": []}",
        ] {
            std::fs::write(at("a.svg"), foreign).unwrap();
            let message = write(&[("a.json", "{}"), ("a.svg", &figure)])
                .unwrap_err()
                .to_string();
            assert!(
                message.contains("a.svg: not written by spinet, so it is not overwritten"),
                "{message}"
            );
            assert_eq!(
                (
                    std::fs::read_to_string(at("a.svg")).unwrap().as_str(),
                    at("a.json").exists()
                ),
                (foreign, false)
            );
        }
        std::fs::write(at("a.svg"), &figure).unwrap();
        write(&[("a.json", RECORDS[0]), ("a.svg", &figure)]).unwrap();
        write(&[("a.json", RECORDS[1]), ("a.svg", &figure)]).unwrap();
        assert_eq!(std::fs::read_to_string(at("a.json")).unwrap(), RECORDS[1]);
        std::fs::create_dir(at("b.svg")).unwrap();
        assert!(
            write(&[("b.svg", &figure)])
                .unwrap_err()
                .to_string()
                .contains("not written by spinet")
        );
    }

    /// Every file that stands in `results` could be written anew.
    #[test]
    fn what_earlier_versions_wrote_is_known() {
        let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results");
        let mut known = 0;
        for name in [
            "tables-3-4.json",
            "figure-3.json",
            "figure-4.json",
            "sweeps/parts.json",
            "performance/scaling.json",
            "figure-5.svg",
        ] {
            assert!(is_ours(&results.join(name)), "{name}");
            known += 1;
        }
        assert_eq!(known, 6);
        assert!(
            is_ours(&results.join("performance/scaling.svg"))
                && !is_ours(&results.join("performance/row.json"))
        );
    }
}
