//! A table of the user: read, divided, and standardized by its training set.

use std::path::Path;

use super::own::{Own, table_parser};
use crate::dataset::{Dataset, FileDigest};
use crate::digest::sha256_hex;
use crate::error::Error;
use crate::options::{DataOptions, Prior, Purpose};
use crate::samples::Samples;
use crate::split::Parts;
use crate::standardisation::Standardisation;
use crate::table::{Column, Table, TableOptions};
use crate::whole_file::read_whole;

/// What makes a table of the bytes of a file.
pub(super) type Parse = fn(&[u8], &Path, &TableOptions) -> Result<Table, Error>;

pub(super) fn load(own: &Own, options: &DataOptions, parse: Parse) -> Result<Dataset, Error> {
    let table_options = table_options(options);
    let bytes = read_whole(&own.path, table_options.max_bytes)?;
    let files = vec![FileDigest {
        file: own.name.clone(),
        sha256: sha256_hex(&bytes),
    }];
    let table = parse(&bytes, &own.path, &table_options)?;
    drop(bytes);
    let parts = options.parts(&table.labels, table.class_names.len())?;
    let standardisation = standardisation(&table, &parts, options);
    let samples = |rows: &[usize]| samples(&table, rows, &standardisation, &own.path);
    Ok(Dataset {
        name: own.name.clone(),
        train: samples(&parts.train)?,
        test: samples(&parts.test)?,
        files,
        is_verified: false,
        class_names: table.class_names,
        standardisation: Some(standardisation),
    })
}

/// The rows of a table file as samples that a model has something to say about. Labels are not
/// read, and may be missing.
///
/// # Errors
///
/// - [`Error::NoTable`] if the name of the file is not that of a table.
/// - Any error of [`table`](crate::table).
/// - [`Error::TooFar`] if a number is too far from those that the model was trained on.
pub fn read_features(path: &Path, label: Option<&Column>, prior: Prior) -> Result<Samples, Error> {
    let parse = table_parser(path)?;
    let options = DataOptions {
        label: label.cloned(),
        prior: Some(prior),
        purpose: Purpose::Prediction,
        ..DataOptions::default()
    };
    let table_options = table_options(&options);
    let table = parse(
        &read_whole(path, table_options.max_bytes)?,
        path,
        &table_options,
    )?;
    let parts = options.parts(&table.labels, table.class_names.len())?;
    samples(
        &table,
        &parts.test,
        &standardisation(&table, &parts, &options),
        path,
    )
}

fn table_options(options: &DataOptions) -> TableOptions {
    let prior = options.prior.as_ref();
    TableOptions {
        label: options.label.clone(),
        class_names: prior.map(|prior| prior.class_names.clone()),
        features: prior
            .and_then(|prior| prior.standardisation.as_ref())
            .map(Standardisation::features),
        needs_labels: options.purpose != Purpose::Prediction,
        ..TableOptions::default()
    }
}

/// That of the model the samples are for, else that of the training set.
fn standardisation(table: &Table, parts: &Parts, options: &DataOptions) -> Standardisation {
    options
        .prior
        .as_ref()
        .and_then(|prior| prior.standardisation.clone())
        .unwrap_or_else(|| {
            let rows = if parts.train.is_empty() {
                &parts.test
            } else {
                &parts.train
            };
            Standardisation::of(table.features, rows, |index| table.row(index))
        })
}

/// Standardized samples of these rows.
fn samples(
    table: &Table,
    rows: &[usize],
    standardisation: &Standardisation,
    path: &Path,
) -> Result<Samples, Error> {
    let mut numbers = Vec::with_capacity(rows.len() * table.features);
    for index in rows {
        numbers.extend(standardisation.apply(table.row(*index)));
    }
    if let Some(place) = numbers.iter().position(|number: &f32| !number.is_finite()) {
        return Err(Error::TooFar {
            path: path.to_owned(),
            index: rows[place / table.features],
        });
    }
    let labels: Vec<u8> = rows.iter().map(|index| table.labels[*index]).collect();
    Samples::of_numbers(numbers, labels, [1, table.features])
}
