//! `spinet data`: the named datasets, their files and how to get them.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use spinet::data::table::{ColumnInfo, TableInfo, TargetInfo};
use spinet::data::{
    ColumnKind, Content, DatasetEntry, Error as DataError, FileCheck, FileStatus, NumberTarget,
    Target, fetch, find, load_with, read_table, verify,
};
use spinet::{DATASETS, Dataset, Samples, Source, TrainConfig};

use crate::error::Error;
use crate::flags::data_source::DataDirectory;
use crate::flags::table::TableFlags;
use crate::output::Output;
use crate::show::escape::{on_one_line, shortened};
use crate::show::fetch_bar::FetchBar;
use crate::show::number::{file_size, thousands};

const EXAMPLES: &str = "\
Examples:
  spinet data list
  spinet data info iris.csv --label species
  spinet data fetch mnist --data-dir ~/data
  spinet data verify mnist --data-dir ~/data
  export SPINET_DATA=~/data       # instead of --data-dir in every command";

/// List, describe, verify and download datasets.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Data {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List available datasets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Describe a dataset: samples, classes, license, files.
    Info {
        /// Dataset name, or your own file or folder.
        name: String,
        #[command(flatten)]
        table: TableFlags,
        #[command(flatten)]
        directory: DataDirectory,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Verify dataset files against their official SHA-256.
    Verify {
        /// Dataset name.
        name: String,
        #[command(flatten)]
        directory: DataDirectory,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Download missing dataset files; the only command that uses the network.
    Fetch {
        /// Dataset name.
        name: String,
        #[command(flatten)]
        directory: DataDirectory,
    },
}

impl Data {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        match &self.command {
            Command::List { json } => list(*json, output),
            Command::Info {
                name,
                table,
                directory,
                json,
            } => match find(name) {
                Ok(entry) if table.is_empty() => info(entry, *json, output),
                _ => own_info(name, table, directory, *json, output),
            },
            Command::Verify {
                name,
                directory,
                json,
            } => verify_files(find(name)?, directory, *json, output),
            Command::Fetch { name, directory } => fetch_files(find(name)?, directory, output),
        }
    }
}

fn list(json: bool, output: &mut Output) -> Result<(), Error> {
    if json {
        let sets: Vec<_> = DATASETS.iter().map(description).collect();
        return output.json(&json!({ "datasets": sets }));
    }
    let width = DATASETS
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    for entry in DATASETS {
        let samples = format!(
            "{} + {}",
            thousands(entry.train_count as u64),
            thousands(entry.test_count as u64)
        );
        writeln!(
            output,
            "{:width$}  {samples:>15} samples, {} classes  {}",
            entry.name,
            entry.class_names.len(),
            entry.summary
        )?;
    }
    writeln!(
        output,
        "\nyour own data: pass the path of a table or of a folder of images; see `spinet train --help`"
    )?;
    writeln!(output, "\nnext: spinet data info NAME")
}

fn description(entry: &DatasetEntry) -> Value {
    json!({
        "name": entry.name,
        "summary": entry.summary,
        "is_built_in": entry.is_embedded(),
        "train": entry.train_count,
        "test": entry.test_count,
        "shape": entry.shape,
        "classes": entry.class_names,
        "licence": entry.licence,
        "attribution": entry.attribution,
        "addresses": entry.addresses,
        "drawn_from": drawn_from(entry),
        "files": entry.published().iter().map(|file| json!({
            "name": file.name, "bytes": file.form.bytes, "sha256": file.form.sha256,
            "contents": file.contents.iter().map(|inside| json!({
                "name": inside.name, "bytes": inside.form.bytes, "sha256": inside.form.sha256,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// The set whose files are read in place of own ones.
fn drawn_from(entry: &DatasetEntry) -> Option<&'static str> {
    match &entry.content {
        Content::Draw(draw) => Some(draw.from.name),
        _ => None,
    }
}

fn info(entry: &DatasetEntry, json: bool, output: &mut Output) -> Result<(), Error> {
    if json {
        return output.json(&description(entry));
    }
    writeln!(output, "{}: {}", entry.name, entry.summary)?;
    let counts = (
        thousands(entry.train_count as u64),
        thousands(entry.test_count as u64),
    );
    writeln!(
        output,
        "samples: {} training, {} test, {} x {} pixels",
        counts.0, counts.1, entry.shape[0], entry.shape[1]
    )?;
    writeln!(output, "classes: {}", entry.class_names.join(", "))?;
    writeln!(output, "authors: {}", entry.attribution)?;
    writeln!(output, "license: {}", entry.licence)?;
    if let Some(from) = drawn_from(entry) {
        writeln!(output, "subset of: {from}")?;
    }
    for file in entry.published() {
        writeln!(
            output,
            "file: {:<26}  {:>12}  sha256 {}",
            file.name,
            file_size(file.form.bytes),
            file.form.sha256
        )?;
    }
    for address in entry.origin().addresses {
        writeln!(output, "source: {address}")?;
    }
    let name = entry.name;
    if entry.is_embedded() {
        writeln!(output, "\nnext: spinet train --data {name}")
    } else {
        writeln!(output, "\nnext: spinet data fetch {name} --data-dir DIR")
    }
}

/// What is in a user's own data, and its default split.
fn own_info(
    name: &str,
    flags: &TableFlags,
    directory: &DataDirectory,
    json: bool,
    output: &mut Output,
) -> Result<(), Error> {
    let source = Source {
        data_dir: directory.path().map(Path::to_owned),
        allow_unverified: false,
    };
    let mut config = TrainConfig::default();
    flags.set(&mut config);
    config.check()?;
    let options = config.data_options();
    let is_table = find(name).is_err() && spinet::data::is_table(name);
    let table = if is_table {
        let (table, file) = read_table(name, &source, &options)?;
        Some((table.info(), file))
    } else {
        None
    };
    let data = load_with(name, &source, &options)?;
    let info = table.as_ref().map(|(info, _)| info);
    if json {
        let mut object = serde_json::Map::new();
        object.extend(data_fields(&data));
        if let Some((info, _)) = &table {
            object.extend(table_fields(info));
        }
        return output.json(&Value::Object(object));
    }
    if let Some((info, file)) = &table {
        writeln!(output, "{}: table", on_one_line(&file.file))?;
        show_columns(info, output)?;
    }
    show_own(&data, info, output)?;
    let notes = data.table.as_ref().map(|table| &table.notes);
    for note in notes.into_iter().flatten() {
        writeln!(output, "note: {}", on_one_line(note))?;
    }
    let name = shell_words::quote(name);
    let directory = directory.path().map_or_else(String::new, |path| {
        format!(
            " --data-dir {}",
            shell_words::quote(&path.display().to_string())
        )
    });
    writeln!(
        output,
        "\nnext: spinet train --data {name}{}{directory}",
        flags.words()
    )
}

fn data_fields(data: &Dataset) -> Vec<(String, Value)> {
    let object = json!({
        "name": data.name,
        "is_built_in": false,
        "train": data.train.len(),
        "test": data.test_set().map_or(0, Samples::len),
        "shape": data.train.shape(),
        "classes": data.class_names,
        "train_of_class": class_counts(data, &data.train),
        "test_of_class": data.test_set().map_or_else(|| vec![0; data.classes()], |test| class_counts(data, test)),
        "files": data.files.iter().map(|file| json!({ "name": file.file, "sha256": file.sha256 })).collect::<Vec<_>>(),
        "notes": data.table.as_ref().map(|table| table.notes.clone()).unwrap_or_default(),
    });
    fields(object)
}

fn fields(object: Value) -> Vec<(String, Value)> {
    match object {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn table_fields(info: &TableInfo) -> Vec<(String, Value)> {
    let columns: Vec<Value> = info
        .columns
        .iter()
        .map(|column| {
            json!({
                "number": column.number,
                "name": column.name,
                "role": column.role,
                "kind": column.kind.map(ColumnKind::name),
                "missing": column.missing,
                "distinct": column.distinct,
            })
        })
        .collect();
    let target = match info.target {
        Some(TargetInfo::Numbers) => "number",
        Some(TargetInfo::Labels) => "labels",
        _ => "classes",
    };
    fields(json!({ "rows": info.rows, "columns": columns, "target": target }))
}

/// Columns with their kinds; of many only the first.
fn show_columns(info: &TableInfo, output: &mut Output) -> Result<(), Error> {
    const MOST: usize = 40;
    writeln!(output, "rows: {}", thousands(info.rows as u64))?;
    writeln!(output, "columns: {}", info.columns.len())?;
    let name = |column: &ColumnInfo| column.name.as_deref().map_or_else(String::new, shortened);
    let shown = || info.columns.iter().take(MOST);
    let width = shown()
        .map(|column| name(column).chars().count())
        .max()
        .unwrap_or(0);
    for column in shown() {
        let kind = match (column.kind, info.target) {
            (Some(kind), _) if column.role == "left out" => format!("{kind}, left out"),
            (Some(kind), _) => kind.to_string(),
            (None, Some(TargetInfo::Numbers)) if column.role == "label" => {
                "label, a number to predict".to_owned()
            }
            (None, _) => column.role.to_owned(),
        };
        let words = column.distinct.map_or_else(String::new, |count| {
            format!(", {} different", thousands(count as u64))
        });
        let missing = if column.missing == 0 {
            String::new()
        } else {
            format!(", {} missing", thousands(column.missing as u64))
        };
        writeln!(
            output,
            "  {:>5}  {:width$}  {kind}{words}{missing}",
            column.number,
            name(column)
        )?;
    }
    match info.columns.len().checked_sub(MOST) {
        Some(more @ 1..) => writeln!(output, "  and {} more", thousands(more as u64)),
        _ => Ok(()),
    }
}

fn show_own(data: &Dataset, table: Option<&TableInfo>, output: &mut Output) -> Result<(), Error> {
    let [rows, columns] = data.train.shape();
    let features = match table {
        Some(_) => format!("{} features", thousands(columns as u64)),
        None => format!("{rows} x {columns} pixels"),
    };
    if table.is_none() {
        writeln!(output, "{}: image folder", on_one_line(&data.name))?;
    }
    let test = data.test_set();
    let counts = (
        thousands(data.train.len() as u64),
        thousands(test.map_or(0, Samples::len) as u64),
    );
    writeln!(
        output,
        "samples: {} training, {} test, {features}",
        counts.0, counts.1
    )?;
    for NumberTarget {
        name,
        mean,
        deviation,
    } in data.target.numbers()
    {
        writeln!(
            output,
            "to predict: {}, a number (mean {mean:.4}, standard deviation {deviation:.4})",
            on_one_line(name)
        )?;
    }
    match data.target {
        Target::Classification => writeln!(
            output,
            "classes: {} (training + test samples)",
            data.classes()
        )?,
        Target::MultiLabel { .. } => writeln!(
            output,
            "labels: {} (training + test samples that have them)",
            data.classes()
        )?,
        Target::Regression { .. } => {}
    }
    let names: Vec<String> = data
        .class_names
        .iter()
        .map(|class| shortened(class))
        .collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let of_test = test.map_or_else(|| vec![0; data.classes()], |test| class_counts(data, test));
    let counts = class_counts(data, &data.train).into_iter().zip(of_test);
    for (class, (train, test)) in names.iter().zip(counts) {
        writeln!(
            output,
            "  {class:width$}  {:>7} + {}",
            thousands(train),
            thousands(test)
        )?;
    }
    for file in &data.files {
        writeln!(
            output,
            "file: {}  sha256 {}",
            on_one_line(&file.file),
            file.sha256
        )?;
    }
    Ok(())
}

/// How many samples each class or label has; nothing where numbers are predicted.
fn class_counts(data: &Dataset, samples: &Samples) -> Vec<u64> {
    let mut counts = vec![0; data.classes()];
    match (&data.target, samples.targets()) {
        (Target::Classification, _) => {
            for label in samples.labels() {
                counts[usize::from(*label)] += 1;
            }
        }
        (Target::MultiLabel { .. }, Some((numbers, width))) => {
            for row in numbers.chunks_exact(width) {
                (counts.iter_mut().zip(row)).for_each(|(count, is)| *count += u64::from(*is > 0.5));
            }
        }
        _ => {}
    }
    counts
}

/// Where the files are; a built-in set needs no directory.
fn directory_of(entry: &DatasetEntry, directory: &DataDirectory) -> Result<PathBuf, Error> {
    match directory.path() {
        Some(directory) => Ok(directory.to_owned()),
        None if entry.is_embedded() => Ok(PathBuf::new()),
        None => Err(DataError::NoDataDir {
            dataset: entry.name,
        }
        .into()),
    }
}

fn verify_files(
    entry: &'static DatasetEntry,
    directory: &DataDirectory,
    json: bool,
    output: &mut Output,
) -> Result<(), Error> {
    let checks = verify(entry, &directory_of(entry, directory)?);
    let bad = checks
        .iter()
        .filter(|check| !check.status.is_verified())
        .count();
    if json {
        let files: Vec<_> = checks.iter().map(file_object).collect();
        output.json(&json!({ "name": entry.name, "is_verified": bad == 0, "files": files }))?;
    } else {
        for check in &checks {
            show(check, output)?;
        }
    }
    if bad == 0 {
        Ok(())
    } else {
        Err(Error::NotVerified {
            dataset: entry.name,
            bad,
            all: checks.len(),
        })
    }
}

fn show(check: &FileCheck, output: &mut Output) -> Result<(), Error> {
    let path = check
        .path
        .as_deref()
        .unwrap_or(Path::new(&check.file))
        .display();
    match &check.status {
        FileStatus::Verified { .. } => writeln!(output, "ok          {path}"),
        FileStatus::Differs { found, expected } => {
            writeln!(
                output,
                "differs     {path}\n            found sha256    {found}\n            expected sha256 {expected}"
            )
        }
        FileStatus::Missing => writeln!(output, "missing     {path}"),
        FileStatus::Unreadable(error) => writeln!(output, "unreadable  {error}"),
    }
}

fn file_object(check: &FileCheck) -> Value {
    let (status, found, expected) = match &check.status {
        FileStatus::Verified { sha256 } => ("ok", Some(sha256.as_str()), Some(sha256.as_str())),
        FileStatus::Differs { found, expected } => {
            ("differs", Some(found.as_str()), Some(*expected))
        }
        FileStatus::Missing => ("missing", None, None),
        FileStatus::Unreadable(_) => ("unreadable", None, None),
    };
    json!({ "file": check.file, "path": check.path, "status": status, "found": found, "expected": expected })
}

fn fetch_files(
    entry: &'static DatasetEntry,
    directory: &DataDirectory,
    output: &mut Output,
) -> Result<(), Error> {
    if entry.is_embedded() {
        return writeln!(output, "{} is built in; nothing to fetch", entry.name);
    }
    let directory = directory_of(entry, directory)?;
    let bar = FetchBar::new();
    let files = fetch(entry, &directory, &mut |progress| {
        bar.show(progress, output);
    });
    bar.clear();
    for file in files? {
        writeln!(
            output,
            "{}  {}",
            if file.is_new { "fetched" } else { "present" },
            file.path.display()
        )?;
    }
    writeln!(
        output,
        "\nnext: spinet train --data {} --data-dir {}",
        entry.name,
        directory.display()
    )
}
