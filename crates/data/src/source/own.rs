//! Names of data of the user: a file or folder below the data folder, and nowhere else.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::own_table::Parse;
use super::{Source, own_folder, own_table};
use crate::dataset::Dataset;
use crate::error::Error;
use crate::options::DataOptions;
use crate::registry;
use crate::table::{csv, npy};

/// Where data of the user are, and what they are.
pub(super) struct Own {
    /// The name in the form that is recorded: relative, with `/` between its parts.
    pub(super) name: String,
    pub(super) path: PathBuf,
    kind: Kind,
}

const TABLE_ENDINGS: [&str; 3] = ["csv", "tsv", "npy"];

enum Kind {
    Folder,
    Table(Parse),
}

impl Own {
    pub(super) fn load(&self, options: &DataOptions) -> Result<Dataset, Error> {
        match self.kind {
            Kind::Folder => own_folder::load(self, options),
            Kind::Table(parse) => own_table::load(self, options, parse),
        }
    }
}

/// The form of a name that is recorded: of data of the user without `.` and with `/` between its
/// parts.
pub fn normal_name(name: &str) -> String {
    parts(name).map_or_else(|_| name.to_owned(), |parts| parts.join("/"))
}

/// Whether a name or path is that of a table.
pub fn is_table(name: impl AsRef<Path>) -> bool {
    table_parser(name.as_ref()).is_ok()
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

/// What reads a table of this name.
pub(super) fn table_parser(path: &Path) -> Result<Parse, Error> {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    match extension.as_ref().and_then(|extension| extension.to_str()) {
        Some("csv" | "tsv") => Ok(csv::parse),
        Some("npy") => Ok(npy::parse),
        _ => Err(Error::NoTable {
            path: path.to_owned(),
        }),
    }
}

/// The file or folder of this name.
pub(super) fn find(name: &str, source: &Source) -> Result<Own, Error> {
    let parts = parts(name)?;
    let mut path = source.data_dir.clone().unwrap_or_default();
    path.extend(&parts);
    let Ok(metadata) = path.metadata() else {
        let is_path = parts.len() > 1 || Path::new(name).extension().is_some();
        return Err(if is_path {
            Error::NoSuchData { path }
        } else {
            unknown(name, source)
        });
    };
    let kind = if metadata.is_dir() {
        Kind::Folder
    } else if metadata.is_file() {
        Kind::Table(table_parser(&path)?)
    } else {
        return Err(Error::NotAFile { path });
    };
    Ok(Own {
        name: parts.join("/"),
        path,
        kind,
    })
}

/// The parts of a relative name that stays below where it starts.
fn parts(name: &str) -> Result<Vec<String>, Error> {
    let refuse = |found| {
        Err(Error::DataName {
            name: name.to_owned(),
            found,
        })
    };
    let mut parts = Vec::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir => return refuse("leads upwards"),
            Component::RootDir | Component::Prefix(_) => return refuse("is an absolute path"),
        }
    }
    if parts.is_empty() {
        return refuse("is empty");
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_below_where_it_starts() {
        assert_eq!(parts("./a/b.csv").unwrap(), ["a", "b.csv"]);
        assert_eq!(
            (
                normal_name("./a//b.csv"),
                normal_name("mnist"),
                normal_name("../x")
            ),
            ("a/b.csv".into(), "mnist".into(), "../x".into())
        );
        for (name, found) in [
            ("/etc/x.csv", "is an absolute path"),
            ("../x.csv", "leads upwards"),
            ("a/../../x", "leads upwards"),
            (".", "is empty"),
            ("", "is empty"),
        ] {
            let expected = format!(
                "dataset name `{name}` {found}, expected a name within the data directory\n\n\
                 hint: `--data-dir DIR --data NAME`, with the file or folder `DIR/NAME`"
            );
            assert_eq!(parts(name).unwrap_err().to_string(), expected);
        }
    }
}
