//! Archives of NumPy's arrays, as `numpy.savez(path, X=..., y=...)` and `savez_compressed` write
//! them: the features `X`, a two-dimensional array, and the labels `y`, an array of numbers or text.

use std::path::Path;

use zip::ZipArchive;

use super::npy::Array;
use super::raw::{Head, Mode, Role, Side};
use super::{Open, Source, Table, TableOptions};
use crate::error::Error;
use crate::whole_file::open_file;

/// Names of the features and of the labels.
const FEATURES: [&str; 4] = ["X", "x", "x_train", "data"];
const LABELS: [&str; 4] = ["y", "Y", "y_train", "target"];

/// Reads a table.
///
/// # Errors
///
/// As [`parse`], and [`Error::Io`], [`Error::NotAFile`] if the file cannot be read.
pub fn read(path: &Path, options: &TableOptions) -> Result<Table, Error> {
    read_from(&mut || open_file(path), path, options)
}

/// Reads a table from bytes in memory; `path` names them in errors.
///
/// # Errors
///
/// - [`Error::BadArchive`] if it is not a zip archive with `X` and `y`.
/// - As [`npy::parse`](super::npy::parse) for its arrays.
pub fn parse(bytes: &[u8], path: &Path, options: &TableOptions) -> Result<Table, Error> {
    read_from(&mut || Ok(super::in_memory(bytes)), path, options)
}

/// Reads a table.
pub(super) fn read_from(
    open: &mut Open,
    path: &Path,
    options: &TableOptions,
) -> Result<Table, Error> {
    let (source, _) = open()?;
    let refuse = |found: String| Error::BadArchive {
        path: path.to_owned(),
        found,
    };
    let mut archive = ZipArchive::new(source).map_err(|error| refuse(error.to_string()))?;
    let entries: Vec<String> = archive
        .file_names()
        .flatten()
        .map(std::borrow::Cow::into_owned)
        .collect();
    let find = |wanted: &[&str]| {
        wanted
            .iter()
            .map(|name| format!("{name}.npy"))
            .find(|name| entries.contains(name))
    };
    let features = find(&FEATURES).ok_or_else(|| refuse("no array `X`".to_owned()))?;
    let labels = find(&LABELS).filter(|_| options.needs_labels);
    if labels.is_none() && options.needs_labels {
        return Err(refuse("no array `y`".to_owned()));
    }
    if let Some(column) = &options.label {
        return Err(Error::NoColumn {
            path: path.to_owned(),
            option: "label",
            column: super::shown(column.to_string().as_bytes()),
            expected: "no label column, because the labels are the array `y`",
        });
    }
    let label_cells = labels
        .map(|name| labels_of(&mut archive, &name, path, options))
        .transpose()?;
    let mut entry = archive
        .by_name(&features)
        .map_err(|error| refuse(error.to_string()))?;
    let size = entry.size();
    let array = Array::open(&mut entry, size, path)?;
    let [_, columns] = array.table_shape(path, options)?;
    // The labels stand behind the features, as a column that the array does not have.
    let head = Head {
        columns: columns + 1,
        ..Head::default()
    };
    let mut roles = super::roles::roles(&head, path, options)?;
    roles.truncate(columns);
    for role in &mut roles {
        if matches!(role, Role::Label(_)) {
            *role = Role::Feature(Mode::Auto);
        }
    }
    let mut raw = array.raw(path, head, &roles, options.max_bytes)?;
    if let Some(side) = label_cells {
        if side.rows.len() != raw.rows {
            return Err(refuse(format!(
                "{} labels for {} rows",
                side.rows.len(),
                raw.rows
            )));
        }
        raw.labels = vec![(columns, side)];
    }
    Table::build(raw, options, &[])
}

/// The labels of an archive.
fn labels_of(
    archive: &mut ZipArchive<Box<dyn Source + '_>>,
    name: &str,
    path: &Path,
    options: &TableOptions,
) -> Result<Side, Error> {
    let mut entry = archive.by_name(name).map_err(|error| Error::BadArchive {
        path: path.to_owned(),
        found: error.to_string(),
    })?;
    let size = entry.size();
    if size > options.max_bytes {
        return Err(Error::FileTooLarge {
            path: path.to_owned(),
            found: size,
            limit: options.max_bytes,
        });
    }
    Array::open(&mut entry, size, path)?.labels(path)
}
