//! A product: every combination of the values of its axes, as runs that can be had.

use spinet_rules::{RULES, RuleSettings};
use spinet_train::TrainConfig;
use toml::{Table, Value};

use super::file::SweepPoint;
use super::record::MOST_AXES;
use crate::paper::run::MOST_RUNS;

/// What an axis sets.
#[derive(Clone, Debug)]
enum Target {
    /// A setting of the run.
    Setting(String),
    /// A parameter of a rule, wherever the rule is among the rules of a combination.
    Parameter { rule: String, parameter: String },
}

/// A setting or a parameter with its values.
pub(super) struct Axis {
    name: String,
    target: Target,
    values: Vec<Value>,
}

/// Most lists and tables inside of each other: a list of combinations, which are lists of rules,
/// which are tables of parameters.
const MOST_LEVELS: usize = 4;

/// Refuses values that no setting has before they are copied for each point.
pub(super) fn check_levels(place: &str, table: &Table) -> Result<(), String> {
    match table.iter().find(|(_, value)| levels(value) > MOST_LEVELS) {
        Some((key, _)) => Err(format!(
            "{place}: `{key}` has more than {MOST_LEVELS} lists or tables inside of each other"
        )),
        None => Ok(()),
    }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(levels).max().unwrap_or(0),
        Value::Table(table) => 1 + table.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// The axes of a product.
pub(super) fn axes(product: Table) -> Result<Vec<Axis>, String> {
    let mut axes = Vec::new();
    for (key, value) in product {
        if key == "seed" || key == "kernel" {
            let instead = if key == "seed" {
                "`seeds` at the top of the file"
            } else {
                "`--kernel`"
            };
            return Err(format!("`{key}` cannot vary, expected {instead}"));
        }
        match value {
            Value::Table(parameters) => {
                spinet_rules::find(&key).map_err(|error| error.to_string())?;
                for (parameter, values) in parameters {
                    if parameter == "name" {
                        return Err(format!("`{key}.name` cannot vary, expected `rules`"));
                    }
                    let name = format!("{key}.{parameter}");
                    let parameter = spinet_rules::option_key(&key, &parameter).to_owned();
                    axes.push(axis(
                        name,
                        Target::Parameter {
                            rule: key.clone(),
                            parameter,
                        },
                        values,
                    )?);
                }
            }
            values => axes.push(axis(key.clone(), Target::Setting(key), values)?),
        }
    }
    if axes.len() > MOST_AXES {
        return Err(format!("{} axes, expected at most {MOST_AXES}", axes.len()));
    }
    // Rules come first, whatever the order in the file: parameters are set in rules that are there.
    axes.sort_by_key(|axis| matches!(axis.target, Target::Parameter { .. }));
    Ok(axes)
}

fn axis(name: String, target: Target, values: Value) -> Result<Axis, String> {
    match values {
        Value::Array(values) if values.is_empty() => {
            Err(format!("`{name}` has no values, expected a list of them"))
        }
        Value::Array(values) => Ok(Axis {
            name,
            target,
            values,
        }),
        other => Err(format!("`{name}` is {other}, expected a list of values")),
    }
}

/// Most values in the tables of all combinations of a product together, which bounds the memory of
/// a file with few but long lists.
const MAX_VALUES: usize = 500_000;

/// Every combination of the axes' values; an axis of a rule that a combination does not have is
/// left out there.
pub(super) fn combinations(
    base: &Table,
    axes: &[Axis],
    seed: u64,
    own: &[String],
) -> Result<Vec<SweepPoint>, String> {
    let (mut count, mut values, mut used) = (0, 0, vec![false; axes.len()]);
    each_combination(
        axes,
        base.clone(),
        &mut Vec::new(),
        &mut used,
        &mut |table, _| {
            (count, values) = (count + 1, values + table.values().map(parts).sum::<usize>());
            match (count > MOST_RUNS, values > MAX_VALUES) {
                (true, _) => Err(format!("more than {MOST_RUNS} combinations")),
                (false, true) => Err(format!(
                    "its combinations have more than {MAX_VALUES} values together"
                )),
                (false, false) => Ok(()),
            }
        },
    )?;
    if let Some((axis, _)) = axes.iter().zip(&used).find(|(_, is_used)| !**is_used) {
        return Err(format!(
            "`{}` changes nothing: no combination has this rule, expected it among `rules`",
            axis.name
        ));
    }
    let mut points = Vec::with_capacity(count);
    each_combination(
        axes,
        base.clone(),
        &mut Vec::new(),
        &mut used,
        &mut |table, settings| {
            let of = |table: &Table| {
                config(table, seed).map_err(|message| {
                    let place: Vec<String> = settings
                        .iter()
                        .map(|(axis, value)| format!("{axis} = {value}"))
                        .collect();
                    format!("{}: {message}", place.join(", "))
                })
            };
            let config = of(&table)?;
            let compared = of(&table
                .into_iter()
                .filter(|(key, _)| !own.contains(key))
                .collect())?;
            points.push(SweepPoint {
                settings: settings.to_vec(),
                config,
                compared,
            });
            Ok(())
        },
    )?;
    Ok(points)
}

/// Takes a combination: its table, and the axes with their values.
type Each<'a> = dyn FnMut(Table, &[(String, String)]) -> Result<(), String> + 'a;

/// Calls `each` with every combination, one after the other, the first axis varying slowest; says
/// which axes were used.
fn each_combination(
    axes: &[Axis],
    mut table: Table,
    settings: &mut Vec<(String, String)>,
    used: &mut [bool],
    each: &mut Each<'_>,
) -> Result<(), String> {
    let (Some((first, rest)), Some((is_used, used))) = (axes.split_first(), used.split_first_mut())
    else {
        return each(table, settings);
    };
    if let Target::Parameter { rule, .. } = &first.target
        && rule_of(&mut table, rule).is_none()
    {
        return each_combination(rest, table, settings, used, each);
    }
    *is_used = true;
    for value in &first.values {
        let mut table = table.clone();
        set(&mut table, &first.target, value)?;
        settings.push((first.name.clone(), shown(value)));
        each_combination(rest, table, settings, used, each)?;
        settings.pop();
    }
    Ok(())
}

/// How many values a value has, with itself.
fn parts(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(parts).sum::<usize>(),
        Value::Table(table) => 1 + table.values().map(parts).sum::<usize>(),
        _ => 1,
    }
}

fn set(table: &mut Table, target: &Target, value: &Value) -> Result<(), String> {
    match target {
        Target::Setting(key) if LISTS.contains(&key.as_str()) => {
            table.insert(key.clone(), as_tables(key, value.clone())?);
        }
        Target::Setting(key) => {
            table.insert(key.clone(), value.clone());
        }
        Target::Parameter { rule, parameter } => {
            if let Some(rule) = rule_of(table, rule) {
                rule.insert(parameter.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn rule_of<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    let rules = table.get_mut("rules")?.as_array_mut()?;
    let mut rules = rules.iter_mut().filter_map(Value::as_table_mut);
    rules.find(|rule| rule.get("name").and_then(Value::as_str) == Some(name))
}

/// Settings that are lists of rules or layers.
const LISTS: [&str; 2] = ["layers", "rules"];

/// Most hidden layers of a point.
const MOST_LAYERS: usize = 1000;

pub(super) fn with_lists_as_tables(mut base: Table) -> Result<Table, String> {
    for key in LISTS {
        if let Some(list) = base.remove(key) {
            base.insert(key.to_owned(), as_tables(key, list)?);
        }
    }
    Ok(base)
}

/// Rules or layers written as on a command line, in the form that `run.toml` has: one text, or a
/// list of texts and tables.
pub(crate) fn as_tables(key: &str, list: Value) -> Result<Value, String> {
    let one = |entry: Value| match entry {
        Value::String(text) => {
            let settings: RuleSettings = text
                .parse()
                .map_err(|error: spinet_rules::Error| error.to_string())?;
            Value::try_from(settings).map_err(|error| error.to_string())
        }
        other => Ok(other),
    };
    match list {
        Value::Array(rules) if key == "rules" && rules.len() > RULES.len() => Err(format!(
            "`rules` has {} rules, expected each at most once and there are {}",
            rules.len(),
            RULES.len()
        )),
        Value::Array(list) if list.len() > MOST_LAYERS => Err(format!(
            "`{key}` has {} layers, expected at most {MOST_LAYERS}",
            list.len()
        )),
        Value::Array(list) => list
            .into_iter()
            .map(one)
            .collect::<Result<_, _>>()
            .map(Value::Array),
        other => Ok(Value::Array(vec![one(other)?])),
    }
}

pub(super) fn config(table: &Table, seed: u64) -> Result<TrainConfig, String> {
    let config = TrainConfig::of_table(table)?;
    let data = spinet_data::normal_name(&config.data);
    let config = TrainConfig {
        data,
        seed,
        rules: config.rules.iter().map(without_defaults).collect(),
        ..config
    };
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

/// A rule without the parameters that have their default value, so that equal runs are known as
/// equal.
pub(crate) fn without_defaults(rule: &RuleSettings) -> RuleSettings {
    spinet_rules::find(&rule.name).map_or_else(
        |_| rule.clone(),
        |entry| rule.without_defaults(entry.parameters),
    )
}

/// A value as a person reads it: rules as on a command line, words without quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        // Layers of one width.
        Value::Array(values)
            if values.len() > 2
                && values
                    .iter()
                    .all(|other| other.is_integer() && *other == values[0]) =>
        {
            format!("{} x {}", values.len(), values[0])
        }
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(" + "),
        Value::Table(_) => value
            .clone()
            .try_into()
            .map_or_else(|_| value.to_string(), |rule: RuleSettings| rule.to_string()),
        // With an exponent where it would be long.
        Value::Float(number) if *number != 0.0 && !(1e-5..1e6).contains(&number.abs()) => {
            format!("{number:e}")
        }
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}
