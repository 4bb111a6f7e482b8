//! The configuration of a point.

use std::collections::BTreeMap;

use spinet_rules::{RuleEntry, RuleSettings, Setting};
use spinet_train::TrainConfig;
use toml::{Table, Value};

use super::Tuning;
use crate::Error;
use crate::sweep::as_tables;

/// One point of a tuning.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// The tuned rule with its options.
    pub(super) rule: Option<RuleSettings>,
    /// The other values, by the names of their grids.
    pub(super) settings: BTreeMap<String, Setting>,
    /// The configuration, with the first seed and all rules.
    pub(super) config: TrainConfig,
}

/// Names that are read, with those that are written.
const OTHER_NAMES: [(&str, &str); 3] = [
    ("batch_size", "batch"),
    ("initializer", "initialiser"),
    ("test_size", "test_part"),
];

/// Settings that every point has the same.
const SHARED: [&str; 2] = ["seed", "evaluate_every"];

impl Point {
    /// The point with these values, one for each grid.
    pub(super) fn new(tuning: &Tuning, values: Vec<Setting>) -> Result<Self, Error> {
        let mut rule = tuning.rule.clone();
        let (mut settings, mut options) = (BTreeMap::new(), Vec::new());
        let mut table = None;
        for (grid, value) in tuning.grids.iter().zip(values) {
            let name = grid.parameter.as_str();
            if rule.as_ref().is_some_and(|rule| has_option(rule, name)) {
                rule = rule.map(|rule| rule.with(name, value));
                continue;
            }
            if let Some((rule, option)) = name.split_once('.') {
                options.push((rule, option, value.clone()));
            } else {
                check_name(name, rule.as_ref())?;
                if SHARED.contains(&name) {
                    return Err(Error::TunedSetting {
                        setting: name.to_owned(),
                        reason: "all points share it",
                    });
                }
                let table = match &mut table {
                    Some(table) => table,
                    None => table.insert(table_of(&tuning.config)?),
                };
                set(table, name, &value).map_err(|message| at(name, &value, &message))?;
                // Wrong values are told with their name.
                TrainConfig::of_table(table).map_err(|message| at(name, &value, &message))?;
            }
            settings.insert(name.to_owned(), value);
        }
        let mut config = match &table {
            Some(table) => {
                TrainConfig::of_table(table).map_err(|message| Error::TunedValue { message })?
            }
            None => tuning.config.clone(),
        };
        let given = &tuning.config;
        if config.data != given.data || config.data_options() != given.data_options() {
            let setting = settings.keys().find(|name| !name.contains('.'));
            return Err(Error::TunedSetting {
                setting: setting.cloned().unwrap_or_default(),
                reason: "it chooses the data, which all points share",
            });
        }
        config.rules.extend(rule.clone());
        for (name, option, value) in options {
            spinet_rules::find(name).map_err(spinet_train::Error::from)?;
            let is_it = |rule: &&mut RuleSettings| rule.name == name;
            match config.rules.iter_mut().find(is_it) {
                Some(rule) => *rule = rule.clone().with(option, value),
                None => drop(settings.remove(&format!("{name}.{option}"))),
            }
        }
        for rule in &config.rules {
            spinet_rules::find(&rule.name)
                .and_then(|entry| entry.resolve(rule))
                .map_err(spinet_train::Error::from)?;
        }
        let varied: Vec<String> = settings
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        config.check().map_err(|error| {
            if varied.is_empty() {
                Error::from(error)
            } else {
                at_all(&varied, &error.to_string())
            }
        })?;
        Ok(Self {
            rule,
            settings,
            config,
        })
    }
}

fn has_option(rule: &RuleSettings, name: &str) -> bool {
    let has = |entry: &RuleEntry| entry.parameters.iter().any(|option| option.name == name);
    spinet_rules::find(&rule.name).is_ok_and(has)
}

/// Refuses what is neither a setting nor an option of the tuned rule.
fn check_name(name: &str, rule: Option<&RuleSettings>) -> Result<(), Error> {
    let table = Table::from_iter([(name.to_owned(), 0.into())]);
    let Err(as_setting) = TrainConfig::check_names(&table) else {
        return Ok(());
    };
    let as_option = rule.and_then(|rule| {
        let entry = spinet_rules::find(&rule.name).ok()?;
        entry
            .resolve(&rule.clone().with(name, Setting::Number(0.0)))
            .err()
    });
    let message = match as_option {
        Some(as_option) => format!("{as_option}; as a setting: {as_setting}"),
        None => as_setting,
    };
    Err(Error::TunedValue { message })
}

fn table_of(config: &TrainConfig) -> Result<Table, Error> {
    Table::try_from(config).map_err(|error| Error::TunedValue {
        message: error.to_string(),
    })
}

fn at(name: &str, value: &Setting, message: &str) -> Error {
    at_all(&[format!("{name} = {value}")], message)
}

fn at_all(place: &[String], message: &str) -> Error {
    Error::TunedValue {
        message: format!("{}: {message}", place.join(", ")),
    }
}

/// Sets a value as `run.toml` has it. The units of layers are separated by `-`, rules and layers by
/// `+`.
fn set(table: &mut Table, name: &str, value: &Setting) -> Result<(), String> {
    let text = value.to_string();
    let parts = |mark: char| text.split(mark).filter(|part| *part != "none");
    let value = match name {
        "hidden" => parts('-')
            .map(|units| units.trim().parse::<i64>().map(Value::from))
            .collect::<Result<_, _>>()
            .map(Value::Array)
            .map_err(|_| "expected units such as `64`, `64-32`, or `none`".to_owned())?,
        "rules" | "layers" => as_tables(name, Value::Array(parts('+').map(Value::from).collect()))?,
        _ => match value {
            Setting::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                Value::from(*number as i64)
            }
            Setting::Number(number) => Value::from(*number),
            Setting::Text(text) => match text.as_str() {
                "true" | "false" => Value::from(text == "true"),
                text => Value::from(text),
            },
        },
    };
    if let Some((_, written)) = OTHER_NAMES.iter().find(|(other, _)| *other == name) {
        table.remove(*written);
    }
    // `layers` hold what `hidden` and `activation` say, and the other way round.
    match name {
        "hidden" | "activation" => table.remove("layers"),
        "layers" => table.remove("hidden"),
        _ => None,
    };
    table.insert(name.to_owned(), value);
    Ok(())
}
