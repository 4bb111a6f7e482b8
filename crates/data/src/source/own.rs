//! Names of data of the user: a path, relative to the data folder or absolute.

use std::path::{Component, Path, PathBuf};

use super::{Source, image_folder, own_folder, own_table};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::options::DataOptions;
use crate::registry;
use crate::table;

/// Where data of the user are, and what they are.
pub(super) struct Own {
    /// The name in the form that is recorded: without `.`, with `/` between its parts.
    pub(super) name: String,
    pub(super) path: PathBuf,
    kind: Kind,
}

const TABLE_ENDINGS: [&str; 7] = ["csv", "tsv", "txt", "data", "dat", "npy", "npz"];

enum Kind {
    Folder,
    Table,
}

impl Own {
    pub(super) fn load(&self, options: &DataOptions, source: &Source) -> Result<Dataset, Error> {
        if let Kind::Folder = self.kind {
            options.refuse_columns(&self.name)?;
        }
        match self.kind {
            Kind::Folder if image_folder::is_one(&self.path) => image_folder::load(self, options),
            Kind::Folder => own_folder::load(self, options),
            Kind::Table => own_table::load(self, options, source),
        }
    }
}

/// The form of a name that is recorded: of data of the user without `.` and with `/` between its
/// parts.
pub fn normal_name(name: &str) -> String {
    parts(name).unwrap_or_else(|_| name.to_owned())
}

/// Whether a name or path is that of a table.
pub fn is_table(name: impl AsRef<Path>) -> bool {
    let ending = table::extension(name.as_ref());
    ending.is_some_and(|ending| TABLE_ENDINGS.contains(&ending.as_str()))
}

/// A name that looks like that of a dataset. Says what is known and what is near; a table whose
/// name only lacks its ending is nearest.
fn unknown(name: &str, source: &Source) -> Error {
    let folder = source.data_dir.clone().unwrap_or_default();
    let Err(Error::UnknownDataset {
        name,
        suggestion,
        known,
    }) = registry::find(name)
    else {
        return Error::NoSuchData {
            path: folder.join(name),
        };
    };
    let tables = TABLE_ENDINGS
        .iter()
        .map(|ending| format!("{name}.{ending}"));
    let suggestion = tables
        .into_iter()
        .find(|file| folder.join(file).is_file())
        .or(suggestion.map(str::to_owned));
    Error::UnknownName {
        name,
        suggestion,
        known,
        folder,
    }
}

/// Rejects a file whose name is not that of a table.
pub(super) fn refuse_no_table(path: &Path) -> Result<(), Error> {
    if is_table(path) {
        Ok(())
    } else {
        Err(Error::NoTable {
            path: path.to_owned(),
        })
    }
}

/// The file or folder of this name.
pub(super) fn find(name: &str, source: &Source) -> Result<Own, Error> {
    let name = parts(name)?;
    let path = source.data_dir.clone().unwrap_or_default().join(&name);
    let Ok(metadata) = path.metadata() else {
        let is_path = name.contains('/') || Path::new(&name).extension().is_some();
        return Err(if is_path {
            Error::NoSuchData { path }
        } else {
            unknown(&name, source)
        });
    };
    let kind = if metadata.is_dir() {
        Kind::Folder
    } else if metadata.is_file() {
        refuse_no_table(&path)?;
        Kind::Table
    } else {
        return Err(Error::NotAFile { path });
    };
    Ok(Own { name, path, kind })
}

/// A path without `.`, with `/` between its parts.
fn parts(name: &str) -> Result<String, Error> {
    let mut parts: Vec<String> = Vec::new();
    let mut root = "";
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Prefix(prefix) => {
                parts.push(prefix.as_os_str().to_string_lossy().into_owned());
            }
            Component::RootDir if parts.is_empty() => root = "/",
            Component::CurDir | Component::RootDir => {}
        }
    }
    if parts.is_empty() {
        return Err(Error::DataName {
            name: name.to_owned(),
            found: "is empty",
        });
    }
    Ok(format!("{root}{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_recorded_in_one_form() {
        for (name, expected) in [
            ("./a//b.csv", "a/b.csv"),
            ("mnist", "mnist"),
            ("../x", "../x"),
            ("a/../../x.csv", "a/../../x.csv"),
            ("/data/./x.csv", "/data/x.csv"),
        ] {
            assert_eq!(normal_name(name), expected);
        }
        for name in [".", "", "/"] {
            let expected =
                format!("dataset name `{name}` is empty, expected the path of a file or folder");
            assert_eq!(parts(name).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_table_is_known_by_the_ending_of_its_name() {
        for name in [
            "a.csv",
            "a.CSV",
            "b/a.csv.gz",
            "a.txt",
            "a.data",
            "a.npy",
            "a.npz",
        ] {
            assert!(is_table(name), "{name}");
        }
        for name in ["a", "csv", "a.png", "a.gz", ".csv.d"] {
            assert!(!is_table(name), "{name}");
        }
    }
}
