//! Joins records of the paper's tables that were made apart, for instance a table a day or on other
//! machines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::paper::run::{RUNS, each};
use crate::paper::table::experiment_behind;
use crate::{Definition, Error, Method, PAPER_TABLES, PaperTable, Record, Row, Setting, Settings};

/// Joins records into one with the rows of all, in the order of the registry. Each record comes
/// with the path of its file.
///
/// What the numbers depend on must agree: rows that several records have, seeds, kernel class,
/// digests of the data. Rows of another length or with other settings than their experiment's are
/// taken as they are, and the record says so.
///
/// # Errors
///
/// [`Error::Join`], naming the file and what does not fit.
pub fn join(records: &[(PathBuf, Record)]) -> Result<Record, Error> {
    let Some(((_, first), others)) = records.split_first() else {
        return Err(Error::Join {
            path: PathBuf::new(),
            message: "no record is given, expected at least one".to_owned(),
        });
    };
    let (mut definition, mut rows) = (first.definition.clone(), Vec::<Row>::new());
    for (path, record) in records {
        known(&record.definition).map_err(refused(path))?;
    }
    for (path, record) in others {
        add(&mut definition, &record.definition).map_err(refused(path))?;
    }
    for (path, record) in records {
        for row in &record.rows {
            match rows.iter().find(|known| key(known) == key(row)) {
                Some(known) if known != row => {
                    let message = format!(
                        "{} differs from that of another file, expected the same numbers",
                        name(row)
                    );
                    return Err(refused(path)(message));
                }
                Some(_) => {}
                None => rows.push(row.clone()),
            }
        }
    }
    let experiments = experiments_of(&definition);
    let names = experiments
        .iter()
        .map(|experiment| experiment.name.to_owned());
    definition.experiments = names.collect();
    definition.settings = Settings::of(&experiments);
    let kernels = kernels(records)?;
    definition.kernel = each(&experiments, |experiment| {
        kernels[experiment.standardize.name()].clone()
    });
    let mut record = Record {
        rows: Vec::new(),
        definition,
    };
    rows.sort_by_key(|row| {
        let experiment = experiment_behind(&record, row).map(|experiment| experiment.name);
        (
            experiments
                .iter()
                .position(|known| Some(known.name) == experiment),
            row.hidden,
            row.method,
        )
    });
    record.rows = rows;
    record.definition.reduced = missing(&experiments, &record);
    if record.definition.reduced.is_none() {
        // The whole of them: one command makes it again.
        let words: Vec<&str> = experiments.iter().map(|table| table.words[0]).collect();
        let setting = experiments.first().map(|experiment| experiment.setting);
        let setting = setting
            .filter(|setting| *setting != Setting::default())
            .map_or_else(String::new, |setting| format!(" --setting {setting}"));
        record.definition.command = format!("spinet reproduce{setting} {}", words.join(" "));
    }
    Ok(record)
}

/// The experiments of a record, in the order of the registry.
fn experiments_of(definition: &Definition) -> Vec<&'static PaperTable> {
    let is_in = |table: &&PaperTable| definition.experiments.iter().any(|name| name == table.name);
    PAPER_TABLES.iter().filter(is_in).collect()
}

/// Refuses a record whose experiments had other settings when it was made.
fn known(definition: &Definition) -> Result<(), String> {
    let none = |setting: &Option<String>| setting.clone().unwrap_or_else(|| "none".to_owned());
    let values = |settings: &Settings| {
        [
            ("batch", settings.batch.to_string()),
            ("initial weights", settings.initializer.clone()),
            ("momentum", none(&settings.momentum)),
            ("pixels standardized by", none(&settings.standardize)),
        ]
    };
    let expected = Settings::of(&experiments_of(definition));
    let mut pairs = values(&definition.settings)
        .into_iter()
        .zip(values(&expected));
    pairs.try_for_each(|((what, found), (_, expected))| {
        same(what, &found, &expected, "this version has it")
    })
}

/// The kernel class of each kind of pixels, on which it may depend; records that have different
/// ones are refused.
fn kernels(records: &[(PathBuf, Record)]) -> Result<BTreeMap<&'static str, String>, Error> {
    let mut kernels = BTreeMap::<&str, String>::new();
    for (path, Record { definition, .. }) in records {
        for experiment in experiments_of(definition) {
            let found = definition.kernel_of(experiment);
            let known = kernels
                .entry(experiment.standardize.name())
                .or_insert_with(|| found.clone());
            same("kernel class", &found, known, "in the first file").map_err(refused(path))?;
        }
    }
    Ok(kernels)
}

/// The error about a file.
fn refused(path: &Path) -> impl Fn(String) -> Error {
    move |message| Error::Join {
        path: path.to_owned(),
        message,
    }
}

/// Refuses another value than the expected one.
fn same(what: &str, found: &str, expected: &str, source: &str) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} {found}, expected {expected} as {source}"))
    }
}

/// What a row is about.
fn key(row: &Row) -> (&str, usize, usize, Method) {
    (&row.data, row.train, row.hidden, row.method)
}

fn name(row: &Row) -> String {
    format!(
        "`{}` on {} with {} samples and {} hidden units",
        row.method.name(),
        row.data,
        row.train,
        row.hidden
    )
}

/// Adds what another record says; the message tells what does not fit.
fn add(definition: &mut Definition, other: &Definition) -> Result<(), String> {
    let same =
        |what: &str, found: &str, expected: &str| same(what, found, expected, "in the first file");
    let values = |definition: &Definition| {
        [
            ("seeds", format!("{:?}", definition.seeds)),
            ("learning rate", definition.learning_rate.to_string()),
        ]
    };
    for ((what, found), (_, expected)) in values(other).into_iter().zip(values(definition)) {
        same(what, &found, &expected)?;
    }
    for (data, [train, test]) in &other.digests {
        let known = definition
            .digests
            .entry(data.clone())
            .or_insert_with(|| [train.clone(), test.clone()]);
        same(
            &format!("samples of {data}"),
            &format!("{train} and {test}"),
            &known.join(" and "),
        )?;
    }
    let lists = [
        (&mut definition.experiments, &other.experiments),
        (&mut definition.lengths, &other.lengths),
        (&mut definition.tuned, &other.tuned),
        (&mut definition.open_points, &other.open_points),
        (&mut definition.unverified, &other.unverified),
    ];
    for (list, more) in lists {
        let new = more.iter().filter(|text| !list.contains(text));
        let new: Vec<String> = new.cloned().collect();
        list.extend(new);
    }
    if definition.command != other.command {
        definition.command = format!("{}; {}", definition.command, other.command);
    }
    Ok(())
}

/// What sets the rows apart from the full experiments, in words.
fn missing(experiments: &[&PaperTable], record: &Record) -> Option<String> {
    let mut parts = BTreeMap::<&str, usize>::new();
    let mut note = |what| *parts.entry(what).or_default() += 1;
    for experiment in experiments {
        let of_it = record.rows.iter().filter(|row| {
            experiment_behind(record, row).is_some_and(|known| known.name == experiment.name)
        });
        for hidden in experiment.hidden {
            let methods = Method::ALL.into_iter();
            for method in methods.filter(|method| experiment.has(*method, *hidden)) {
                let row = of_it
                    .clone()
                    .find(|row| (row.hidden, row.method) == (*hidden, method));
                let rules = experiment.rules(method, *hidden).unwrap_or_default();
                let rules = || rules.iter().map(ToString::to_string);
                match row {
                    None => note("missing"),
                    Some(row) if row.runs != RUNS => note("with another number of runs"),
                    Some(row) if row.epochs != experiment.epochs => {
                        note("with another number of epochs");
                    }
                    Some(row) if !rules().eq(row.rules.iter().cloned()) => note("with other rules"),
                    Some(_) => {}
                }
            }
        }
    }
    let count = |(what, count): (&str, usize)| {
        format!("{count} {} {what}", if count == 1 { "row" } else { "rows" })
    };
    (!parts.is_empty()).then(|| parts.into_iter().map(count).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The record of all tables.
    const ALL: &str = "paper-tables.json";

    /// Its part that is Tables 3 and 4.
    fn small() -> (PathBuf, Record) {
        let (path, mut record) = stored(ALL);
        record.definition.experiments = vec!["tables-3-4-wide".to_owned()];
        record.definition.settings = Settings::of(&experiments_of(&record.definition));
        record
            .rows
            .retain(|row| (row.data.as_str(), row.train) == ("mnist", 1200));
        (path, record)
    }

    fn stored(name: &str) -> (PathBuf, Record) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../results")
            .join(name);
        (
            path.clone(),
            Record::parse(&std::fs::read_to_string(path).unwrap()).unwrap(),
        )
    }

    #[test]
    fn halves_of_an_experiment_give_the_whole_of_it() {
        let (path, whole) = stored("tables-3-4.json");
        let part = |is_in: &dyn Fn(&Row) -> bool, command: &str| {
            let mut record = whole.clone();
            record.rows.retain(is_in);
            (record.definition.reduced, record.definition.command) =
                (Some("not all networks".to_owned()), command.to_owned());
            (path.clone(), record)
        };
        let [small, large] = [
            part(&|row| row.hidden == 10, "one"),
            part(&|row| row.hidden == 100, "another"),
        ];
        let mut joined = join(&[large.clone(), small.clone(), large.clone()]).unwrap();
        assert_eq!(joined.definition.command, "spinet reproduce table3");
        joined
            .definition
            .command
            .clone_from(&whole.definition.command);
        assert_eq!(joined, whole);
        let without = part(&|row| row.hidden == 10 && row.method != Method::L2, "less");
        let partial = join(&[without, large]).unwrap().definition;
        assert_eq!(
            (partial.reduced.as_deref(), partial.command.as_str()),
            (Some("1 row missing"), "less; another")
        );
    }

    #[test]
    fn experiments_are_joined_in_the_order_of_the_registry() {
        let ((path, small), (_, all)) = (small(), stored(ALL));
        let mut others = all.clone();
        others
            .definition
            .experiments
            .retain(|name| name != "tables-3-4-wide");
        others.definition.settings = Settings::of(&experiments_of(&others.definition));
        others.rows.retain(|row| !small.rows.contains(row));
        assert_eq!(
            others.rows.len() + small.rows.len(),
            all.rows.len(),
            "a row that both records have is the same in both"
        );
        let joined = join(&[(path.clone(), small), (path, others)]).unwrap();
        assert_eq!(
            joined.definition.experiments,
            [
                "tables-1-2-wide",
                "tables-3-4-wide",
                "tables-5-6-wide",
                "tables-7-8-wide",
                "tables-9-10-wide"
            ]
        );
        assert_eq!(joined.rows, all.rows);
        let Definition {
            settings,
            kernel,
            digests,
            reduced,
            command,
            ..
        } = all.definition;
        let found = joined.definition;
        assert_eq!(
            (found.settings, found.kernel, found.digests, found.reduced),
            (settings, kernel, digests, reduced)
        );
        assert_eq!(found.command, command);
    }

    #[test]
    fn experiments_with_other_settings_keep_them() {
        let (path, mnist) = stored("tables-3-4.json");
        let mut colour = Record {
            rows: Vec::new(),
            ..mnist.clone()
        };
        colour.definition.experiments = vec!["tables-9-10".to_owned()];
        colour.definition.settings = Settings::of(&experiments_of(&colour.definition));
        colour.definition.kernel = "exact".to_owned();
        let joined = join(&[(path.clone(), mnist), (path.clone(), colour.clone())])
            .unwrap()
            .definition;
        let Settings {
            batch,
            initializer,
            momentum,
            standardize,
        } = &joined.settings;
        assert_eq!(
            (batch, initializer.as_str()),
            (
                &crate::Batch::Each("600, in tables-9-10 500".to_owned()),
                "glorot-sigmoid"
            )
        );
        assert_eq!(
            [momentum, standardize].map(Option::as_deref),
            [Some("0.5"), Some("feature, in tables-9-10 none")]
        );
        assert_eq!(
            joined.kernel, "f32, in tables-9-10 exact",
            "which follows from the pixels"
        );
        let text = serde_json::to_string(&joined).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&text).unwrap(), joined);
        colour.definition.settings.batch = crate::Batch::All(600);
        let text = join(&[(path, colour)]).unwrap_err().to_string();
        assert!(
            text.ends_with("tables-3-4.json: batch 600, expected 500 as this version has it"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_file() {
        let (path, whole) = stored("tables-3-4.json");
        let refused = |change: &dyn Fn(&mut Record)| {
            let mut other = whole.clone();
            change(&mut other);
            join(&[
                (path.clone(), whole.clone()),
                (PathBuf::from("other.json"), other),
            ])
            .unwrap_err()
            .to_string()
        };
        let text = refused(&|record| record.rows[0].accuracy.mean += 1.0);
        let row = "`baseline` on mnist with 1200 samples and 10 hidden units";
        assert_eq!(
            text,
            format!(
                "other.json: {row} differs from that of another file, expected the same numbers"
            )
        );
        let text = refused(&|record| record.definition.kernel = "exact".to_owned());
        assert_eq!(
            text,
            "other.json: kernel class exact, expected f32 as in the first file"
        );
        let text = refused(&|record| record.definition.seeds = vec![7]);
        assert_eq!(
            text,
            "other.json: seeds [7], expected [0, 1, 2, 3, 4] as in the first file"
        );
        let text = refused(&|record| {
            record
                .definition
                .digests
                .values_mut()
                .for_each(|digest| digest[0] = "x".to_owned());
        });
        assert!(
            text.starts_with("other.json: samples of mnist-1200 x and "),
            "{text}"
        );
    }
}
