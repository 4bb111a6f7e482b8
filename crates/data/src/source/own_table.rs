//! A table of the user: read, divided, and made into features by a plan fitted on its training set.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::Source;
use super::divide::{Division, evaluated};
use super::groups;
use super::own::{self, Own, refuse_no_table};
use crate::dataset::{Dataset, EvaluatedOn, FileDigest, KeptTable, TableRecord};
use crate::digest::{Digesting, sha256_of_reader};
use crate::error::Error;
use crate::options::{DataOptions, Prior, Purpose};
use crate::samples::Samples;
use crate::split::Fold;
use crate::standardisation::Standardisation;
use crate::table::{
    self, Column, Counts, Table, TableOptions, TablePlan, check_strict, encode, encode_in_place,
    fit,
};
use crate::target::Target;
use crate::whole_file::{failed, open_file};

pub(super) fn load(own: &Own, options: &DataOptions, source: &Source) -> Result<Dataset, Error> {
    let (table, file) = read(&own.name, &own.path, &table_options(options))?;
    let test_table = TestTable::find(options, source)?;
    let labels = table.labels();
    let division = match (&test_table, options.purpose) {
        (Some(_), Purpose::Training) => {
            options.refuse_test_part(&own.name)?;
            let rows = (0..labels.len()).collect();
            options.train_parts(rows, Vec::new(), labels, table.strata())?
        }
        (_, Purpose::Training) => groups::parts(&table, options)?,
        _ => options.parts(labels, table.strata())?,
    };
    let loaded = Loaded {
        name: &own.name,
        options,
        file,
        test_table,
    };
    loaded.dataset(table, division)
}

/// A file of test rows.
struct TestTable {
    name: String,
    path: std::path::PathBuf,
}

impl TestTable {
    fn find(options: &DataOptions, source: &Source) -> Result<Option<Self>, Error> {
        let Some(name) = &options.test_file else {
            return Ok(None);
        };
        let Own { name, path, .. } = own::find(name, source)?;
        refuse_no_table(&path)?;
        Ok(Some(Self { name, path }))
    }
}

/// A table that was read and divided.
struct Loaded<'a> {
    name: &'a str,
    options: &'a DataOptions,
    file: FileDigest,
    test_table: Option<TestTable>,
}

impl Loaded<'_> {
    fn dataset(self, table: Table, division: Division) -> Result<Dataset, Error> {
        let options = self.options;
        let parts = [division.train, division.validation, division.test];
        let sizes = [&parts[0], &parts[1], &parts[2]].map(Vec::len);
        let mut all: Vec<u32> = Vec::with_capacity(sizes.iter().sum());
        for rows in parts {
            all.extend(rows.into_iter().map(|row| row as u32));
        }
        let train = &all[..sizes[0]];
        let has_indicators = options.table.indicators;
        let (plan, standardisation) = plan_of(&table, train, options)?;
        let class_names = table.names_of_labels();
        let target = target_of(&table, train, options);
        let beside = table.sides(&target, &all);
        let keeps = options.purpose == Purpose::Training
            && options.prior.is_none()
            && (options.keeps_table || table.is_exact());
        let mut remarks = if target.is_classification() {
            lonely_classes(&class_names, &beside.labels, train.len(), options.purpose)
        } else {
            Vec::new()
        };
        let described = table.without_rows();
        let (encoded, kept) = if keeps {
            let encoded = encode(&table, &plan, &standardisation, &all)?;
            let kept = KeptTable {
                table,
                train: train.to_vec(),
                has_indicators,
            };
            (encoded, Some(Arc::new(kept)))
        } else {
            (encode_in_place(table, &plan, &standardisation, &all)?, None)
        };
        let mut counts = encoded.counts;
        let shape = [1, plan.features()];
        let [train, validation, test] =
            Samples::parts_of_numbers(encoded.numbers, &beside, shape, sizes)?;
        let mut files = vec![self.file];
        let test = match &self.test_table {
            Some(file) => {
                let prior = Prior {
                    class_names: class_names.clone(),
                    standardisation: Some(standardisation.clone()),
                    plan: Some(plan.clone()),
                    target: target.clone(),
                };
                let test_options = DataOptions {
                    prior: Some(prior),
                    ..options.clone()
                };
                let (rows, digest) = read(&file.name, &file.path, &table_options(&test_options))?;
                files.push(digest);
                let (samples, others) = all_rows(rows, &plan, &standardisation, &target)?;
                counts.add(&others);
                samples
            }
            None => test,
        };
        if options.table.strict {
            check_strict(&described, &plan, &counts)?;
        }
        let mut notes = table::notes(&described, &plan, &counts);
        notes.append(&mut remarks);
        let (train, test, evaluated_on) = match options.purpose {
            Purpose::Training if !validation.is_empty() => {
                (train, validation, EvaluatedOn::Validation(test))
            }
            Purpose::Training => evaluated(train, test),
            _ => (train, test, EvaluatedOn::Test),
        };
        Ok(Dataset {
            name: self.name.to_owned(),
            train,
            test,
            evaluated_on,
            class_names,
            target,
            files,
            is_verified: false,
            standardisation: Some(standardisation),
            table: Some(TableRecord { plan, notes, kept }),
        })
    }
}

/// Classes of which no test row was drawn.
fn lonely_classes(
    class_names: &[String],
    labels: &[u8],
    train: usize,
    purpose: Purpose,
) -> Vec<String> {
    let others = &labels[train..];
    if purpose != Purpose::Training || others.is_empty() {
        return Vec::new();
    }
    let is_lonely = |class: &usize| !others.iter().any(|label| usize::from(*label) == *class);
    let names: Vec<String> = (0..class_names.len())
        .filter(is_lonely)
        .map(|class| table::shown_name(&class_names[class]))
        .collect();
    if names.is_empty() {
        Vec::new()
    } else {
        vec![format!(
            "no test row of the class {}",
            table::listed(&names)
        )]
    }
}

/// The plan and the constants of a model, else those fitted on the training rows, or on all where
/// there are none.
fn plan_of(
    table: &Table,
    train: &[u32],
    options: &DataOptions,
) -> Result<(TablePlan, Standardisation), Error> {
    let prior = options.prior.as_ref();
    match prior.and_then(|prior| Some((prior, prior.standardisation.clone()?))) {
        Some((prior, constants)) => {
            let plan = prior.plan.clone();
            Ok((
                plan.unwrap_or_else(|| table.plain_plan(&constants)),
                constants,
            ))
        }
        None if train.is_empty() => {
            let all: Vec<u32> = (0..table.rows() as u32).collect();
            fit(table, &all, options.table.indicators)
        }
        None => fit(table, train, options.table.indicators),
    }
}

/// What a model predicts, else what the labels are, with constants of the training rows, or of all
/// where there are none.
fn target_of(table: &Table, train: &[u32], options: &DataOptions) -> Target {
    match &options.prior {
        Some(prior) => prior.target.clone(),
        None if train.is_empty() => table.target(&(0..table.rows() as u32).collect::<Vec<_>>()),
        None => table.target(train),
    }
}

/// All rows of a table as samples.
fn all_rows(
    table: Table,
    plan: &TablePlan,
    standardisation: &Standardisation,
    target: &Target,
) -> Result<(Samples, Counts), Error> {
    let rows: Vec<u32> = (0..table.rows() as u32).collect();
    let beside = table.sides(target, &rows);
    let encoded = encode_in_place(table, plan, standardisation, &rows)?;
    let (shape, sizes) = ([1, plan.features()], [rows.len(), 0, 0]);
    let [samples, ..] = Samples::parts_of_numbers(encoded.numbers, &beside, shape, sizes)?;
    Ok((samples, encoded.counts))
}

/// The rows of a table file as samples that a model has something to say about. Labels are not
/// read, and may be missing. Columns are found by their names.
///
/// # Errors
///
/// - [`Error::NoTable`] if the name of the file is not that of a table.
/// - Any error of [`table`](crate::table).
/// - [`Error::TooFar`] if a number is too far from those that the model was trained on.
pub fn read_features(path: &Path, label: Option<&Column>, prior: Prior) -> Result<Samples, Error> {
    read_rows(RowSource::File(path), label, None, prior).map(|rows| rows.samples)
}

/// Where the rows of a table are that a model is asked about.
#[derive(Clone, Copy, Debug)]
pub enum RowSource<'a> {
    /// In a file, whose name tells the format.
    File(&'a Path),
    /// In a text table, plain or gzip, under this name in messages.
    Text(&'a [u8], &'a str),
}

/// Rows of a table as a model takes them.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The features, in the order of the rows. All labels are 0.
    pub samples: Samples,
    /// What was done that the user has to know, one sentence each.
    pub notes: Vec<String>,
    /// The name of the column that identifies the rows, and its cells, empty where they are missing;
    /// none if no such column was asked for.
    pub ids: Option<(String, Vec<String>)>,
}

/// As [`read_features`], from a file or from memory, with the cells of the column `id`.
///
/// # Errors
///
/// As [`read_features`], and [`Error::NoColumn`] if there is no column `id`, or it is a feature.
pub fn read_rows(
    rows: RowSource<'_>,
    label: Option<&Column>,
    id: Option<&Column>,
    prior: Prior,
) -> Result<Rows, Error> {
    let target = prior.target.clone();
    let options = DataOptions {
        label: label.cloned(),
        prior: Some(prior),
        purpose: Purpose::Prediction,
        ..DataOptions::default()
    };
    let table_options = TableOptions {
        id: id.cloned(),
        ..table_options(&options)
    };
    let table = match rows {
        RowSource::File(path) => {
            refuse_no_table(path)?;
            read("", path, &table_options)?.0
        }
        RowSource::Text(text, name) => table::csv::parse(text, Path::new(name), &table_options)?,
    };
    let (plan, standardisation) = plan_of(&table, &[], &options)?;
    let described = table.without_rows();
    let ids = table.ids();
    let (samples, counts) = all_rows(table, &plan, &standardisation, &target)?;
    Ok(Rows {
        samples,
        notes: table::notes(&described, &plan, &counts),
        ids,
    })
}

/// Reads a table of the user without dividing it; its labels may be numbers to predict.
///
/// # Errors
///
/// As [`load_with`](crate::load_with), and [`Error::NoTable`] if the name is not that of a table.
pub fn read_table(
    name: &str,
    source: &Source,
    options: &DataOptions,
) -> Result<(Table, FileDigest), Error> {
    let own = own::find(name, source)?;
    refuse_no_table(&own.path)?;
    read(&own.name, &own.path, &table_options(options))
}

fn table_options(options: &DataOptions) -> TableOptions {
    let prior = options.prior.as_ref();
    TableOptions {
        label: options.label.clone(),
        settings: options.table.clone(),
        class_names: prior
            .filter(|prior| prior.target.is_classification())
            .map(|prior| prior.class_names.clone()),
        target: prior.map(|prior| prior.target.clone()),
        features: prior
            .and_then(|prior| prior.standardisation.as_ref())
            .map(Standardisation::features),
        plan: prior.and_then(|prior| prior.plan.clone()),
        needs_labels: options.purpose != Purpose::Prediction,
        ..TableOptions::default()
    }
}

/// Reads a table and the digest of its file: what is digested is what is read.
fn read(name: &str, path: &Path, options: &TableOptions) -> Result<(Table, FileDigest), Error> {
    let digest = Rc::new(RefCell::new(Digesting::default()));
    let mut open = || {
        let (file, length) = open_file(path)?;
        digest.take();
        let digested = Digested {
            file,
            digest: Rc::clone(&digest),
            is_in_order: true,
        };
        Ok((Box::new(digested) as Box<dyn table::Source>, length))
    };
    let table = table::read_from(&mut open, path, options)?;
    let sha256 = if table::extension(path).as_deref() == Some("npz") {
        // Its parts are read in another order.
        sha256_of_reader(&mut open_file(path)?.0).map_err(failed(path))?
    } else {
        digest.take().finish()
    };
    let file = FileDigest {
        file: name.to_owned(),
        sha256,
    };
    Ok((table, file))
}

/// A file whose bytes are digested as they are read.
struct Digested<R> {
    file: R,
    digest: Rc<RefCell<Digesting>>,
    /// Whether nothing was skipped.
    is_in_order: bool,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if self.is_in_order {
            self.digest.borrow_mut().update(&buffer[..read]);
        }
        Ok(read)
    }
}

impl<R: Seek> Seek for Digested<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.is_in_order = false;
        self.file.seek(place)
    }
}

/// Folds of the training rows of a table with groups or an order.
pub(crate) fn folds(kept: &KeptTable, count: usize, key: &str) -> Result<Vec<Fold>, Error> {
    groups::folds(&kept.table, &kept.train, count, key)
}

/// The data of one fold of the training rows of a table.
pub(crate) fn fold(whole: &Dataset, kept: &KeptTable, fold: &Fold) -> Result<Dataset, Error> {
    let rows = |places: &[usize]| {
        places
            .iter()
            .map(|place| {
                kept.train
                    .get(*place)
                    .copied()
                    .ok_or(Error::IndexOutOfRange {
                        index: *place,
                        len: kept.train.len(),
                    })
            })
            .collect::<Result<Vec<u32>, Error>>()
    };
    let (train, validation) = (rows(&fold.train)?, rows(&fold.validation)?);
    let (plan, standardisation) = fit(&kept.table, &train, kept.has_indicators)?;
    let all = [&train[..], &validation].concat();
    let encoded = encode(&kept.table, &plan, &standardisation, &all)?;
    let target = kept.table.target(&train);
    let beside = kept.table.sides(&target, &all);
    let notes = table::notes(&kept.table, &plan, &encoded.counts);
    let sizes = [train.len(), validation.len(), 0];
    let shape = [1, plan.features()];
    let [train, test, none] = Samples::parts_of_numbers(encoded.numbers, &beside, shape, sizes)?;
    Ok(Dataset {
        train,
        test,
        evaluated_on: EvaluatedOn::Validation(none),
        target,
        standardisation: Some(standardisation),
        table: Some(TableRecord {
            plan,
            notes,
            kept: None,
        }),
        ..whole.clone()
    })
}
