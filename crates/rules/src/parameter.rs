//! The options of rules and layer types: names, defaults and ranges, and settings checked against
//! them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::nearest;
use crate::layers::Chosen;
use crate::registry::RULES;
use crate::{Error, Layers, Plan, RuleEntry};

/// One option (hyperparameter) of a rule or of a layer type.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name that users see and write.
    pub name: &'static str,
    /// Key in records, in the files of a run and in the names of run directories; the name unless
    /// it was another once. It is read as well.
    pub key: &'static str,
    /// One-line description.
    pub summary: &'static str,
    /// Default and range.
    pub range: Range,
}

/// A description: one line without a full stop. Options are constants, so another one does not
/// compile.
const fn line(text: &'static str) -> &'static str {
    let (bytes, mut index) = (text.as_bytes(), 0);
    while index < bytes.len() {
        assert!(bytes[index] != b'\n', "a description is one line");
        index += 1;
    }
    assert!(
        !bytes.is_empty() && bytes[bytes.len() - 1] != b'.',
        "a description has words and no full stop"
    );
    text
}

impl Parameter {
    /// The layers option of a rule that acts on weight matrices.
    pub(crate) const WEIGHT_LAYERS: Self = Self::layers("weight matrices to act on");

    /// A number between two ends.
    ///
    /// # Panics
    ///
    /// If the summary is not one line without a full stop.
    pub const fn number(
        name: &'static str,
        default: f64,
        low: End,
        high: End,
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            key: name,
            summary: line(summary),
            range: Range::Number { default, low, high },
        }
    }

    /// An integer between two, both allowed.
    ///
    /// # Panics
    ///
    /// If the summary is not one line without a full stop.
    pub const fn count(
        name: &'static str,
        default: u64,
        [low, high]: [u64; 2],
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            key: name,
            summary: line(summary),
            range: Range::Count { default, low, high },
        }
    }

    /// One of several names.
    ///
    /// # Panics
    ///
    /// If the summary is not one line without a full stop.
    pub const fn choice(
        name: &'static str,
        default: &'static str,
        options: &'static [&'static str],
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            key: name,
            summary: line(summary),
            range: Range::Choice { default, options },
        }
    }

    /// The same with the key that it had before its name.
    #[must_use]
    pub(crate) const fn with_key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    /// A choice of layers; all by default.
    pub(crate) const fn layers(summary: &'static str) -> Self {
        Self {
            name: "layers",
            key: "layers",
            summary: line(summary),
            range: Range::Layers,
        }
    }
}

/// An endpoint of a range of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// Included in the range.
    In(f64),
    /// Excluded from the range.
    Out(f64),
}

impl End {
    /// The endpoint itself.
    pub fn at(self) -> f64 {
        let (Self::In(at) | Self::Out(at)) = self;
        at
    }

    /// Whether a number within the closed range satisfies this endpoint.
    fn admits(self, number: f64) -> bool {
        match self {
            Self::In(_) => true,
            Self::Out(end) => number != end,
        }
    }
}

/// Default and allowed values of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// A number between two endpoints, finite in `f32` too.
    Number {
        /// Used when nothing is set.
        default: f64,
        /// Lower endpoint.
        low: End,
        /// Upper endpoint.
        high: End,
    },
    /// An integer in `low..=high`.
    Count {
        /// Used when nothing is set.
        default: u64,
        /// Minimum.
        low: u64,
        /// Maximum.
        high: u64,
    },
    /// One of several names.
    Choice {
        /// Used when nothing is set.
        default: &'static str,
        /// The names.
        options: &'static [&'static str],
    },
    /// `all` or layer numbers from 1 joined by `+`; the default is `all`.
    Layers,
}

impl Range {
    /// The default as text.
    pub fn default_text(&self) -> String {
        match self {
            Self::Number { default, .. } => default.to_string(),
            Self::Count { default, .. } => default.to_string(),
            Self::Choice { default, .. } => (*default).to_owned(),
            Self::Layers => "all".to_owned(),
        }
    }

    fn default_value(&self) -> Value {
        match self {
            Self::Number { default, .. } => Value::Number(*default),
            Self::Count { default, .. } => Value::Count(*default),
            Self::Choice { default, .. } => Value::Choice(default),
            Self::Layers => Value::Layers(Layers::All),
        }
    }

    fn check(&self, setting: &Setting) -> Option<Value> {
        match (self, setting) {
            (Self::Number { low, high, .. }, Setting::Number(number)) => {
                let is_between = *number >= low.at() && *number <= high.at();
                (is_between && low.admits(*number) && high.admits(*number))
                    .then_some(Value::Number(*number))
            }
            (Self::Count { low, high, .. }, Setting::Number(number)) => {
                let is_inside =
                    number.fract() == 0.0 && *number >= *low as f64 && *number <= *high as f64;
                is_inside.then_some(Value::Count(*number as u64))
            }
            (Self::Choice { options, .. }, Setting::Text(text)) => options
                .iter()
                .find(|option| *option == text)
                .map(|option| Value::Choice(option)),
            (Self::Layers, Setting::Text(text)) => Layers::parse(text).map(Value::Layers),
            (Self::Layers, Setting::Number(number)) => {
                Layers::parse(&number.to_string()).map(Value::Layers)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { low, high, .. } => {
                let opening = if matches!(low, End::In(_)) { '[' } else { '(' };
                let closing = if matches!(high, End::In(_)) { ']' } else { ')' };
                write!(
                    f,
                    "in {opening}{}, {}{closing}",
                    short(low.at()),
                    short(high.at())
                )
            }
            Self::Count { low, high, .. } => {
                write!(
                    f,
                    "an integer in [{low}, {}]",
                    if *high < 1_000_000 {
                        high.to_string()
                    } else {
                        format!("{:e}", *high as f64)
                    }
                )
            }
            Self::Choice { options, .. } => write!(f, "one of {}", options.join(", ")),
            Self::Layers => {
                f.write_str("`all`, or layer numbers counted from 1, such as `1` or `1+2`")
            }
        }
    }
}

/// A number with an exponent where it would be long.
fn short(number: f64) -> String {
    if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

/// A value as the user gave it, unchecked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

/// Written by hand, so that a value of another type is rejected with what was expected.
struct SettingVisitor;

impl Visitor<'_> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a quoted string")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Setting, E> {
        Ok(Setting::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Setting, E> {
        Ok(Setting::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Setting, E> {
        Ok(Setting::Number(number as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<Setting, E> {
        Ok(Setting::Text(text.to_owned()))
    }
}

impl FromStr for Setting {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Text(text.to_owned()), Self::Number))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A rule or a layer type by name, with the options that were set; the others take their defaults.
///
/// Written `NAME` or `NAME:OPTION=VALUE,OPTION=VALUE` on a command line, and as a table with
/// the key `name` in a file.
///
/// ```
/// use spinet_rules::RuleSettings;
///
/// let settings: RuleSettings = "bdnn-dsd:threshold=20,layers=1+2".parse()?;
/// assert_eq!(settings.name, "bdnn-dsd");
/// assert_eq!(settings.to_string(), "bdnn-dsd:layers=1+2,threshold=20");
/// # Ok::<(), spinet_rules::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SettingsTable")]
pub struct RuleSettings {
    /// Name in the registry.
    pub name: String,
    /// What was set, by [key](Parameter::key).
    #[serde(flatten)]
    pub parameters: BTreeMap<String, Setting>,
}

/// A table of settings as a file has it, with names or keys of options.
#[derive(Deserialize)]
#[serde(expecting = "a table with the key `name`, as in `[[rules]]` or `[[layers]]`")]
struct SettingsTable {
    name: String,
    #[serde(flatten)]
    parameters: BTreeMap<String, Setting>,
}

impl TryFrom<SettingsTable> for RuleSettings {
    type Error = String;

    fn try_from(SettingsTable { name, parameters }: SettingsTable) -> Result<Self, String> {
        let mut settings = Self::new(&name);
        for (option, value) in parameters {
            let key = option_key(&name, &option).to_owned();
            if settings.parameters.insert(key.clone(), value).is_some() {
                return Err(format!(
                    "`{name}` has both `{key}` and its other name, expected one of them"
                ));
            }
        }
        Ok(settings)
    }
}

/// The key of a rule's option of this name; the name itself of an option that does not exist.
pub fn option_key<'a>(rule: &str, option: &'a str) -> &'a str {
    let entry = RULES.iter().find(|entry| entry.name == rule);
    let mut known = entry.into_iter().flat_map(|entry| entry.parameters);
    let parameter = known.find(|parameter| parameter.name == option);
    parameter.map_or(option, |parameter| parameter.key)
}

impl RuleSettings {
    /// A rule with default options.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            parameters: BTreeMap::new(),
        }
    }

    /// The same with one option set to a number.
    #[must_use]
    pub fn with_number(self, parameter: &str, value: f64) -> Self {
        self.with(parameter, Setting::Number(value))
    }

    /// The same with one option set to a string.
    #[must_use]
    pub fn with_text(self, parameter: &str, value: &str) -> Self {
        self.with(parameter, Setting::Text(value.to_owned()))
    }

    /// The same without the options that have their default value, so that equal settings compare
    /// equal.
    #[must_use]
    pub fn without_defaults(&self, known: &[Parameter]) -> Self {
        let is_default = |name: &str, value: String| {
            known
                .iter()
                .any(|known| known.key == name && known.range.default_text() == value)
        };
        let mut settings = self.clone();
        settings
            .parameters
            .retain(|name, value| !is_default(name, value.to_string()));
        settings
    }

    /// The same with one option set.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: Setting) -> Self {
        let key = option_key(&self.name, parameter).to_owned();
        self.parameters.insert(key, value);
        self
    }
}

impl FromStr for RuleSettings {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let syntax = || Error::Syntax {
            found: text.to_owned(),
        };
        let (name, list) = text
            .split_once(':')
            .map_or((text, None), |(name, list)| (name, Some(list)));
        if name.trim().is_empty() {
            return Err(syntax());
        }
        let mut settings = Self::new(name.trim());
        for pair in list.into_iter().flat_map(|list| list.split(',')) {
            let (parameter, value) = pair.split_once('=').ok_or_else(syntax)?;
            let Ok(value) = value.trim().parse();
            if settings
                .parameters
                .insert(option_key(name.trim(), parameter.trim()).to_owned(), value)
                .is_some()
            {
                return Err(syntax());
            }
        }
        Ok(settings)
    }
}

impl fmt::Display for RuleSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (index, (parameter, value)) in self.parameters.iter().enumerate() {
            write!(
                f,
                "{}{parameter}={value}",
                if index == 0 { ':' } else { ',' }
            )?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Count(u64),
    Choice(&'static str),
    Layers(Layers),
}

/// A registry entry with options.
pub trait HasParameters: 'static {
    /// What it is an entry of, in messages: `rule` or `layer`.
    const KIND: &'static str;

    /// Name in config files.
    fn name(&self) -> &'static str;

    /// Its options.
    fn parameters(&self) -> &'static [Parameter];
}

impl HasParameters for RuleEntry {
    const KIND: &'static str = "rule";

    fn name(&self) -> &'static str {
        self.name
    }

    fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }
}

/// All options of one rule, or of one layer type, checked and with defaults filled in: what it is
/// built from.
///
/// ```
/// use spinet_rules::{L2, Plan, resolve};
///
/// let rule = L2::<f32>::new(&resolve("l2:weight_decay=0.01")?, &Plan::dense(&[784, 100, 10]))?;
/// # Ok::<(), spinet_rules::Error>(())
/// ```
pub struct Resolved<E: HasParameters = RuleEntry> {
    entry: &'static E,
    values: Vec<(&'static str, Value)>,
}

impl<E: HasParameters> Clone for Resolved<E> {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry,
            values: self.values.clone(),
        }
    }
}

impl<E: HasParameters> fmt::Debug for Resolved<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field(E::KIND, &self.entry.name())
            .field("values", &self.values)
            .finish()
    }
}

impl<E: HasParameters> PartialEq for Resolved<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.entry.name(), &self.values) == (other.entry.name(), &other.values)
    }
}

impl<E: HasParameters> Resolved<E> {
    /// Checks `settings` against the options of `entry` and fills in the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownParameter`], [`Error::OutOfRange`].
    pub fn new(entry: &'static E, settings: &RuleSettings) -> Result<Self, Error> {
        let (name, parameters) = (entry.name(), entry.parameters());
        if let Some(unknown) = settings
            .parameters
            .keys()
            .find(|key| parameters.iter().all(|known| known.key != **key))
        {
            let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
            return Err(Error::UnknownParameter {
                kind: E::KIND,
                rule: name,
                found: unknown.clone(),
                expected: if names.is_empty() {
                    "none".to_owned()
                } else {
                    format!("one of {}", names.join(", "))
                },
                suggestion: nearest(unknown, names.into_iter()),
            });
        }
        let check = |parameter: &Parameter| {
            let value = match settings.parameters.get(parameter.key) {
                None => parameter.range.default_value(),
                Some(setting) => {
                    parameter
                        .range
                        .check(setting)
                        .ok_or_else(|| Error::OutOfRange {
                            kind: E::KIND,
                            rule: name,
                            parameter: parameter.name,
                            found: setting.to_string(),
                            expected: parameter.range.to_string(),
                        })?
                }
            };
            Ok((parameter.name, value))
        };
        Ok(Self {
            entry,
            values: parameters.iter().map(check).collect::<Result<_, _>>()?,
        })
    }

    /// What these are options of.
    pub fn entry(&self) -> &'static E {
        self.entry
    }

    /// Rejects the value of an option that conflicts with the others; `expected` in words.
    pub(crate) fn refuse(&self, parameter: &'static str, expected: String) -> Error {
        let found = match self.value(parameter) {
            Value::Number(number) => number.to_string(),
            Value::Count(count) => count.to_string(),
            Value::Choice(choice) => (*choice).to_owned(),
            Value::Layers(layers) => layers.to_string(),
        };
        Error::OutOfRange {
            kind: E::KIND,
            rule: self.entry.name(),
            parameter,
            found,
            expected,
        }
    }

    /// The weight matrices that the option `layers` selects.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchLayer`].
    pub(crate) fn weights(&self, plan: &Plan) -> Result<Chosen, Error> {
        self.layers("layers").weights(self.entry.name(), plan)
    }

    fn value(&self, name: &str) -> &Value {
        match self.values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => value,
            None => panic!(
                "`{}` asked for its option `{name}`, which its registry entry lacks",
                self.entry.name()
            ),
        }
    }

    /// The value of a number option.
    ///
    /// # Panics
    ///
    /// If the entry has no such option.
    pub fn number(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Number(number) => *number,
            other => panic!("option `{name}` is {other:?}, not a number"),
        }
    }

    /// The value of an integer option.
    ///
    /// # Panics
    ///
    /// If the entry has no such option.
    pub fn count(&self, name: &str) -> u64 {
        match self.value(name) {
            Value::Count(count) => *count,
            other => panic!("option `{name}` is {other:?}, not a count"),
        }
    }

    /// The value of a choice option.
    ///
    /// # Panics
    ///
    /// If the entry has no such option.
    pub fn choice(&self, name: &str) -> &'static str {
        match self.value(name) {
            Value::Choice(choice) => choice,
            other => panic!("option `{name}` is {other:?}, not a choice"),
        }
    }

    pub(crate) fn layers(&self, name: &str) -> Layers {
        match self.value(name) {
            Value::Layers(layers) => layers.clone(),
            other => panic!("option `{name}` is {other:?}, not layers"),
        }
    }
}
