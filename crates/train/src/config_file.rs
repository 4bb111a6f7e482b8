//! A file of settings, read with errors that name the line, the key and what is expected.

use std::borrow::Cow;
use std::path::Path;

use spinet_data::Part;
use toml::Table;
use toml::de::{DeTable, DeValue};

use crate::text::{MAX_SETTINGS, Notation};
use crate::{Error, PRESETS, Preset, TrainConfig, store};

const ANY_NUMBER: &str = "an integer from 0 to 18446744073709551615";
const INITIALIZER: &str =
    "the name of an initializer in quotes, such as \"uniform(1)\" or \"xavier\"";
const SHIFT: &str = "an integer from 0 to 1000";
const COLUMNS: &str = "a list of column names, in quotes, or column numbers";
const COUNT: &str = "an integer of at least 1";
const ACTIVATION: &str = "\"sigmoid\", \"tanh\", \"relu\" or \"identity\"";

/// The setting that names a preset, over which the others of the file are set.
const PRESET: &str = "preset";

/// The fields of the file, and what is expected of each.
const FIELDS: &[(&str, &str)] = &[
    (PRESET, "the name of a preset, in quotes"),
    ("data", "the name of a dataset, in quotes"),
    ("label", "the name of a column, in quotes, or its number"),
    ("header", "\"yes\", \"no\" or \"auto\""),
    ("decimal", "\"point\", \"comma\" or \"auto\""),
    ("task", "\"auto\", \"classification\" or \"regression\""),
    ("labels", COLUMNS),
    (
        "sample_weight",
        "the name of a column, in quotes, or its number",
    ),
    ("ignore", COLUMNS),
    ("only", COLUMNS),
    ("missing_indicators", "true or false"),
    ("strict", "true or false"),
    ("group", "the name of a column, in quotes, or its number"),
    ("order", "the name of a column, in quotes, or its number"),
    ("test", "the path of a table, in quotes"),
    ("validation", Part::RANGE),
    ("test_part", Part::RANGE),
    ("test_size", Part::RANGE),
    ("train_per_class", COUNT),
    ("split_seed", ANY_NUMBER),
    (
        "standardize",
        "\"none\", \"feature\", \"feature-eps\", \"image\" or \"global\"",
    ),
    ("shift", SHIFT),
    ("flip", "true or false"),
    ("hidden", "a list of integers of at least 1, one per layer"),
    ("activation", ACTIVATION),
    ("output_activation", ACTIVATION),
    (
        "loss",
        "\"cross-entropy\", \"binary-cross-entropy\", \"mean-squared-error\", \"mean-absolute-error\" or \"huber\"",
    ),
    ("initialiser", INITIALIZER),
    ("initializer", INITIALIZER),
    ("bias_initializer", "\"zeros\" or \"as-weights\""),
    ("bias", "true or false"),
    ("learning_rate", "a number in (1e-30, 1e30)"),
    (
        "schedule",
        "the name of a schedule in quotes, such as \"constant\" or \"step(100,0.5)\"",
    ),
    ("warm_up", "an integer from 0 to `epochs`"),
    ("batch", COUNT),
    ("batch_size", COUNT),
    ("epochs", COUNT),
    ("patience", "an integer, 0 or more"),
    ("clip_norm", "a number in [0, 1e30)"),
    ("init", "the path of a model file, in quotes"),
    ("init_sha256", "64 hexadecimal digits, in quotes"),
    ("evaluate_every", COUNT),
    (
        "class_weight",
        "\"balanced\", \"none\", or a table `[class_weight]` of classes and weights",
    ),
    ("seed", ANY_NUMBER),
    (
        "kernel",
        "\"auto\", \"f32\", \"exact\", \"amx\", \"vnni\" or \"portable\"",
    ),
    (
        "columns",
        "a table `[columns]` of names and kinds: \"numeric\", \"categorical\", \"yes/no\", \"date\", \"id\" or \"constant\"",
    ),
    ("layers", "tables `[[layers]]` with the key `name`"),
    ("rules", "tables `[[rules]]` with the key `name`"),
];

impl TrainConfig {
    /// Reads a TOML file.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if it cannot be read, else as [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&store::read_text(path, MAX_SETTINGS)?, path)
    }

    /// Reads TOML text; `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`Error::ConfigFile`] with the line, and a suggestion for a slip in a name; for a text of
    /// more than 1 MiB, or with more parts than a file of settings has.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let at = |offset: usize, message: String, suggestion| Error::ConfigFile {
            path: path.to_owned(),
            line: text[..offset.min(text.len())].matches('\n').count() + 1,
            message,
            suggestion,
        };
        Notation::Toml
            .check(text, MAX_SETTINGS)
            .map_err(|message| at(0, message, None))?;
        let (settings, preset) = without_preset(text)
            .map_err(|(offset, message, suggestion)| at(offset, message, suggestion))?;
        let text = settings.as_ref();
        let config: Self = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let key = text.get(span.clone()).unwrap_or_default();
            let is_unknown = error.message().starts_with("unknown field");
            at(
                span.start,
                in_words(&error, text),
                is_unknown.then(|| nearest(key)).flatten(),
            )
        })?;
        let table: Table = text.parse().unwrap_or_default();
        let has_hidden = !config.layers.is_empty() && table.contains_key("hidden");
        let config = match preset {
            Some(preset) => over(preset, table).map_err(|message| at(0, message, None))?,
            None => config,
        };
        let settled = config
            .settled(has_hidden)
            .and_then(|config| config.check().map(|()| config));
        settled.map_err(|error| {
            let offset = setting_of(&error)
                .and_then(|setting| {
                    position(text, setting).or_else(|| position(text, key_of(setting)))
                })
                .unwrap_or(0);
            let message = error.to_string();
            let (message, suggestion) = match message.split_once("\n\nhint: did you mean `") {
                Some((message, name)) => (
                    message.to_owned(),
                    name.strip_suffix("`?").map(str::to_owned),
                ),
                None => (message, None),
            };
            at(offset, message, suggestion)
        })
    }

    /// Rejects a table with a name that no setting has, before anything of it is copied.
    ///
    /// # Errors
    ///
    /// The name, in words.
    pub fn check_names(table: &Table) -> Result<(), String> {
        match table
            .keys()
            .find(|key| FIELDS.iter().all(|(field, _)| field != key))
        {
            Some(key) => {
                let text = toml::to_string(&Table::from_iter([(key.clone(), 0.into())]))
                    .map_err(|error| error.to_string())?;
                toml::from_str::<Self>(&text)
                    .map(|_| ())
                    .map_err(|error| in_words(&error, &text))
            }
            None => Ok(()),
        }
    }

    /// Takes the settings of a TOML table; their ranges are looked at by [`check`](Self::check).
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn of_table(table: &Table) -> Result<Self, String> {
        Self::check_names(table)?;
        let has_hidden = table.contains_key("hidden");
        let (mut table, mut preset) = (table.clone(), None);
        if let Some(name) = table.remove(PRESET) {
            let found = name.as_str().and_then(Preset::find);
            preset = Some(found.ok_or_else(|| unknown_preset(&name.to_string()))?);
        }
        // Through text, in which the parser says where it stopped.
        let text = toml::to_string(&table).map_err(|error| error.to_string())?;
        let config: Self = toml::from_str(&text).map_err(|error| in_words(&error, &text))?;
        let config = match preset {
            Some(preset) => over(preset, table)?,
            None => config,
        };
        config
            .settled(has_hidden)
            .map_err(|error| error.to_string())
    }

    /// The layers of a file, which may have `hidden` beside them if it says the same.
    fn settled(self, has_hidden: bool) -> Result<Self, Error> {
        if self.layers.is_empty() {
            return Ok(self);
        }
        let (written, layers) = (self.hidden.clone(), self.layers.clone());
        let settled = self.with_layers(&layers)?;
        if has_hidden && written != settled.hidden {
            return Err(Error::OutOfRange {
                setting: "hidden",
                expected: "the units of `layers`, or left out beside them",
                found: format!("{written:?} beside {:?}", settled.hidden),
            });
        }
        Ok(settled)
    }

    /// The same as TOML text.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if a number has no TOML form.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::OutOfRange {
            setting: "configuration",
            expected: "numbers that a TOML file can hold",
            found: error.to_string(),
        })
    }
}

/// The settings of a file without the name of a preset, in whose place are spaces, so that all else
/// stands where it stood; and the preset.
fn without_preset(text: &str) -> Result<(Cow<'_, str>, Option<&'static Preset>), NoPreset> {
    let found = DeTable::parse(text).ok().and_then(|table| {
        let (key, value) = table.get_ref().get_key_value(PRESET)?;
        let name = value.get_ref().as_str().map(str::to_owned);
        Some((name, key.span().start, value.span()))
    });
    let Some((name, start, value)) = found else {
        return Ok((Cow::Borrowed(text), None));
    };
    let Some(preset) = name.as_deref().and_then(Preset::find) else {
        let known = PRESETS.iter().map(|preset| preset.name);
        let suggestion = name.and_then(|name| spinet_rules::nearest(&name, known));
        let written = in_one_line(&text[value.clone()]);
        return Err((value.start, unknown_preset(&written), suggestion));
    };
    let (before, after) = (&text[..start], &text[value.end..]);
    let blank = " ".repeat(value.end - start);
    Ok((Cow::Owned(format!("{before}{blank}{after}")), Some(preset)))
}

/// Place, message and suggestion for a preset that does not exist.
type NoPreset = (usize, String, Option<String>);

fn unknown_preset(found: &str) -> String {
    let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
    format!(
        "`{PRESET}` is {found}, expected one of {}",
        names.join(", ")
    )
}

/// These settings over those of a preset.
fn over(preset: &Preset, settings: Table) -> Result<TrainConfig, String> {
    let text = toml::to_string(&preset.under(settings)?).map_err(|error| error.to_string())?;
    toml::from_str(&text).map_err(|error| in_words(&error, &text))
}

fn nearest(key: &str) -> Option<String> {
    spinet_rules::nearest(key, FIELDS.iter().map(|(field, _)| *field))
}

/// What is wrong with a file: name, value and what was expected of the field at which the parser
/// stopped, where it knows no more than types; else its own words.
fn in_words(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().trim();
    let is_of_types = [
        "invalid type",
        "invalid value",
        "wanted ",
        "unknown variant",
    ]
    .iter()
    .any(|start| message.starts_with(start));
    let (Ok(table), Some(place), true) = (DeTable::parse(text), error.span(), is_of_types) else {
        return message.to_owned();
    };
    let at_fault = table
        .get_ref()
        .iter()
        .find(|(_, value)| value.span().contains(&place.start));
    let known = at_fault.and_then(|(key, value)| {
        Some((
            value,
            FIELDS.iter().find(|(field, _)| field == key.get_ref())?,
        ))
    });
    match known {
        // Rules and layers report errors in their own options.
        Some((value, (field, _)))
            if ["layers", "rules"].contains(field)
                && matches!(value.get_ref(), DeValue::Array(_)) =>
        {
            message.to_owned()
        }
        Some((value, (field, expected))) => {
            let written = in_one_line(text.get(value.span()).unwrap_or_default());
            let is_whole = matches!(value.get_ref(), DeValue::Integer(_));
            let is_too_large =
                is_whole && written.parse::<i64>().is_err() && written.parse::<u64>().is_err();
            let remark = if is_too_large {
                ", too large for an integer; "
            } else {
                ", "
            };
            format!("`{field}` is {written}{remark}expected {expected}")
        }
        None => message.to_owned(),
    }
}

/// A value as it is written, without line breaks, and only the start of what is long.
fn in_one_line(written: &str) -> String {
    const MOST: usize = 60;
    let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > MOST {
        text.chars().take(MOST).chain("...".chars()).collect()
    } else {
        text
    }
}

/// The key of a setting in files that this program writes, where it differs from the usual name.
fn key_of(setting: &str) -> &str {
    match setting {
        "batch_size" => "batch",
        "initializer" => "initialiser",
        "test_size" => "test_part",
        "min_factor" => "least",
        "max_factor" => "most",
        "keep_fraction" => "kept_share",
        setting => setting,
    }
}

/// The word of the file that an error is about.
fn setting_of(error: &Error) -> Option<&str> {
    match error {
        Error::OutOfRange { setting, .. } => Some(setting),
        Error::Rule(
            spinet_rules::Error::UnknownRule { found, .. }
            | spinet_rules::Error::UnknownParameter { found, .. },
        )
        | Error::Network(
            spinet_nn::Error::UnknownLayer { found, .. }
            | spinet_nn::Error::Layer(spinet_rules::Error::UnknownParameter { found, .. }),
        ) => Some(found),
        Error::Network(spinet_nn::Error::Layer(error)) | Error::Rule(error)
            if parameter_of(error).is_some() =>
        {
            parameter_of(error)
        }
        Error::Rule(spinet_rules::Error::NoSuchLayer { .. }) => Some("layers"),
        Error::Rule(spinet_rules::Error::Repeated { rule }) => Some(rule),
        Error::Network(spinet_nn::Error::OutputActivation { .. }) => Some("output_activation"),
        Error::Network(spinet_nn::Error::NoKernel { .. }) => Some("kernel"),
        Error::Network(spinet_nn::Error::TooLarge { .. }) => Some("hidden"),
        Error::Network(spinet_nn::Error::InitializerRange { .. }) => Some("initializer"),
        _ => None,
    }
}

/// The parameter of a rule or a layer that is out of its range.
fn parameter_of(error: &spinet_rules::Error) -> Option<&'static str> {
    if let spinet_rules::Error::OutOfRange { parameter, .. } = error {
        Some(parameter)
    } else {
        None
    }
}

/// The byte offset of the first place where `word` is a key or a quoted value of the text, not a part
/// of another word and not in a comment.
fn position(text: &str, word: &str) -> Option<usize> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word)
        .map(|(offset, _)| offset)
        .find(|offset| {
            let (before, after) = (&text[..*offset], &text[offset + word.len()..]);
            let is_comment = before.lines().last().is_some_and(|line| line.contains('#'))
                && !before.ends_with('\n');
            !before.ends_with(is_name) && !after.starts_with(is_name) && !is_comment
        })
}

#[cfg(test)]
mod tests {
    use spinet_data::{Column, ColumnKind, DecimalMark, Header, Task};
    use spinet_nn::{Activation, BiasInitializer, Kernel, Loss};
    use toml::Value;

    use super::*;
    use crate::{ClassWeight, Schedule, Standardize};

    fn refused(text: &str) -> String {
        TrainConfig::parse(text, "run.toml".as_ref())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn layers_that_cannot_be_are_refused_at_their_line() {
        for (text, expected) in [
            (
                "[[layers]]\nname = \"dens\"\n",
                "run.toml:2: unknown layer `dens`, expected one of dense, conv2d, max-pool, avg-pool, global-max-pool, global-avg-pool, add, flatten\n\nhint: did you mean `dense`?",
            ),
            (
                "[[layers]]\nname = \"dense\"\nunits = 0\n",
                "run.toml:3: layer `dense`: `units` must be an integer in [1, 1e9], but is 0",
            ),
            (
                "[[layers]]\nname = \"dense\"\nunit = 3\n",
                "run.toml:3: layer `dense`: unknown option `unit`, expected one of units, activation",
            ),
            (
                "hidden = [3]\n[[layers]]\nname = \"dense\"\n",
                "run.toml:1: `hidden` must be the units of `layers`, or left out beside them, but is [3] beside [100]",
            ),
        ] {
            let found = refused(text);
            assert!(found.contains(expected), "{text}: {found}");
        }
    }

    #[test]
    fn a_slip_in_a_key_gets_its_line_and_a_suggestion() {
        let message = refused("hidden = [10]\nlerning_rate = 0.1\n");
        assert!(
            message.starts_with("run.toml:2: unknown field `lerning_rate`, expected one of "),
            "{message}"
        );
        assert!(
            message.ends_with("hint: did you mean `learning_rate`?"),
            "{message}"
        );
    }

    #[test]
    fn every_kind_of_mistake_names_its_line() {
        for (text, expected) in [
            (
                "epochs = 5\nbatch = 0\n",
                "run.toml:2: `batch_size` must be at least 1, but is 0",
            ),
            (
                "learning_rate = -1.0",
                "run.toml:1: `learning_rate` must be in (1e-30, 1e30), but is -1.0",
            ),
            (
                "learning_rate = nan",
                "run.toml:1: `learning_rate` must be in (1e-30, 1e30), but is NaN",
            ),
            (
                "test_part = 1.5",
                "run.toml:1: `test_size` must be a fraction in (0, 1), or a number of samples (0 for none), but is 1.5",
            ),
            (
                "\ntest_part = 1.0",
                "run.toml:2: `test_size` must be a fraction in (0, 1), or a number of samples (0 for none), but is 1.0",
            ),
            (
                "train_per_class = 0",
                "run.toml:1: `train_per_class` must be at least 1, but is 0",
            ),
            (
                "\nhidden = [10, 0]",
                "run.toml:2: `hidden` must be at least 1 unit per layer, but is [10, 0]",
            ),
            (
                "seed = 1\n[[rules]]\nname = \"bdnn-dsd\"\nthreshold = 0\n",
                "run.toml:4: rule `bdnn-dsd`: `threshold` must be an integer in [1, 65535], but is 0",
            ),
        ] {
            assert_eq!(refused(text), expected);
        }
        let message = refused(
            "# output_activation\nloss = \"cross-entropy\"\noutput_activation = \"relu\"\n",
        );
        assert!(
            message.starts_with("run.toml:3: loss `cross-entropy` applies softmax"),
            "{message}"
        );
        let message = refused("[[rules]]\nname = \"l2\"\nlayers = \"7\"\n");
        assert!(
            message.starts_with("run.toml:3: rule `l2`: `layers` includes layer 7"),
            "{message}"
        );
        let message = refused("[[rules]]\nname = \"bdnn\"\n");
        assert!(
            message.starts_with("run.toml:2: unknown rule `bdnn`")
                && message.ends_with("`bdnn-dsd`?"),
            "{message}"
        );
        let message = refused("[[rules]]\nname = \"bdnn-dsd\"\nthreshold = true\n");
        assert!(
            message.contains("invalid type: boolean `true`, expected a number or a quoted string"),
            "{message}"
        );
        let message = refused("rules = [\"bdnn-dsd\"]\n");
        assert!(message.starts_with("run.toml:1: invalid type: string \"bdnn-dsd\", expected a table with the key `name`"), "{message}");
        let message = refused("epochs = \"many\"\n");
        assert!(
            message
                .starts_with("run.toml:1: `epochs` is \"many\", expected an integer of at least 1"),
            "{message}"
        );
        let message = refused("epochs = 5\n\nbatch = = 3\n");
        assert!(message.starts_with("run.toml:3: "), "{message}");
        let message = refused("test_part = \"half\"\n");
        let expected = "run.toml:1: `test_part` is \"half\", expected a fraction in (0, 1), or a number of samples (0 for none)";
        assert!(message.starts_with(expected), "{message}");
        let message = refused("label = 1.5\n");
        assert!(
            message.contains("expected the name of a column, in quotes, or its number"),
            "{message}"
        );
        let message = refused("initialiser = \"zeros\"\n");
        assert!(
            message.starts_with("run.toml:1: unknown initializer `zeros`"),
            "{message}"
        );
    }

    /// A field, values that are taken, and values that are rejected; each as TOML.
    type Bounds = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    );

    const BOUNDS: &[Bounds] = &[
        (
            "preset",
            &["\"bdnn-dsd\"", "\"lenet5\""],
            &["\"lenet\"", "1", "true", "nan"],
        ),
        (
            "data",
            &["\"mnist-1200\"", "\"my/table.csv\""],
            &["1", "true", "[\"a\"]", "nan"],
        ),
        (
            "label",
            &["1", "\"kind\""],
            &["0", "-1", "1.5", "true", "nan"],
        ),
        (
            "header",
            &["\"yes\"", "\"no\"", "\"auto\""],
            &["true", "\"maybe\"", "1", "nan"],
        ),
        (
            "decimal",
            &["\"point\"", "\"comma\"", "\"auto\""],
            &["\",\"", "true", "1", "nan"],
        ),
        (
            "task",
            &["\"auto\"", "\"classification\"", "\"regression\""],
            &["\"clustering\"", "true", "1", "nan"],
        ),
        (
            "labels",
            &["[]", "[\"a\", 2]"],
            &["[\"a\"]", "\"a\"", "[0, 1]", "1", "nan"],
        ),
        (
            "sample_weight",
            &["1", "\"w\""],
            &["0", "-1", "1.5", "true", "nan"],
        ),
        (
            "ignore",
            &["[]", "[\"id\"]", "[1, \"id\"]"],
            &["\"id\"", "1", "true", "[1.5]", "nan"],
        ),
        (
            "only",
            &["[]", "[\"id\"]", "[2]"],
            &["\"id\"", "1", "true", "[1.5]", "nan"],
        ),
        (
            "missing_indicators",
            &["true", "false"],
            &["1", "\"yes\"", "nan"],
        ),
        ("strict", &["true", "false"], &["1", "\"yes\"", "nan"]),
        (
            "group",
            &["1", "\"patient\""],
            &["-1", "1.5", "true", "nan"],
        ),
        ("order", &["1", "\"day\""], &["-1", "1.5", "true", "nan"]),
        ("test", &["\"new.csv\""], &["1", "true", "nan"]),
        (
            "validation",
            &["0.5", "1"],
            &["1.0", "1.5", "-0.1", "nan", "\"half\"", "true"],
        ),
        (
            "test_part",
            &["0.5", "1", "1e-9", "0"],
            &["1.0", "1.5", "-0.1", "-1", "nan", "inf", "\"half\"", "true"],
        ),
        (
            "train_per_class",
            &["1", "1000000"],
            &["0", "-1", "1.5", "nan", "\"all\""],
        ),
        (
            "split_seed",
            &["0", "9223372036854775807"],
            &["-1", "0.5", "nan", "\"x\"", "18446744073709551616"],
        ),
        (
            "standardize",
            &["\"none\"", "\"feature\"", "\"global\""],
            &["\"feture\"", "1", "true", "nan"],
        ),
        (
            "shift",
            &["0", "2", "1000"],
            &["-1", "1001", "0.5", "\"2\""],
        ),
        ("flip", &["true", "false"], &["1", "\"yes\"", "nan"]),
        (
            "hidden",
            &["[]", "[1]", "[300, 100]"],
            &[
                "[0]",
                "[1, 0]",
                "[-1]",
                "[1.5]",
                "[\"a\"]",
                "7",
                "[1000000, 1000000]",
                "nan",
            ],
        ),
        (
            "activation",
            &["\"relu\"", "\"tanh\""],
            &["\"rleu\"", "\"\"", "1", "nan"],
        ),
        (
            "output_activation",
            &["\"identity\""],
            &["\"identiy\"", "1", "\"relu\"", "nan"],
        ),
        (
            "loss",
            &["\"cross-entropy\""],
            &["\"cross-entrpy\"", "1", "true", "nan"],
        ),
        (
            "initialiser",
            &[
                "\"uniform(1)\"",
                "\"xavier\"",
                "\"normal(0.1)\"",
                "\"uniform(1e29)\"",
            ],
            &[
                "\"uniform(0)\"",
                "\"uniform(-1)\"",
                "\"uniform(nan)\"",
                "\"uniform(1e30)\"",
                "\"xavir\"",
                "1",
            ],
        ),
        (
            "bias_initializer",
            &["\"zeros\"", "\"as-weights\""],
            &["\"zero\"", "0", "nan"],
        ),
        ("bias", &["true", "false"], &["1", "\"yes\"", "nan"]),
        (
            "learning_rate",
            &["1", "0.1", "1.1e-30", "9.9e29"],
            &[
                "0", "0.0", "-0.1", "1e-30", "1e30", "nan", "inf", "-inf", "\"fast\"", "true",
            ],
        ),
        (
            "schedule",
            &[
                "\"constant\"",
                "\"step(10,0.5)\"",
                "\"cosine\"",
                "\"cosine(0.1)\"",
            ],
            &[
                "\"step(0,0.5)\"",
                "\"step(1,2)\"",
                "\"cosine(2)\"",
                "\"linear\"",
                "\"\"",
                "1",
            ],
        ),
        (
            "warm_up",
            &["0", "1", "500"],
            &["501", "-1", "1.5", "nan", "\"long\""],
        ),
        (
            "batch",
            &["1", "60000"],
            &["0", "-1", "1.5", "nan", "\"all\""],
        ),
        (
            "epochs",
            &["1", "1000000"],
            &["0", "-1", "1.5", "nan", "\"many\""],
        ),
        ("patience", &["0", "20"], &["-1", "1.5", "true", "nan"]),
        (
            "clip_norm",
            &["0.0", "0.5", "1"],
            &["-1.0", "inf", "true", "nan"],
        ),
        ("init", &["\"m.safetensors\""], &["1", "true", "nan"]),
        ("init_sha256", &["\"0a\""], &["1", "true", "nan"]),
        (
            "evaluate_every",
            &["1", "1000"],
            &["0", "-1", "1.5", "nan", "true"],
        ),
        (
            "class_weight",
            &["\"balanced\"", "\"none\"", "{ a = 2.0 }"],
            &["\"half\"", "1", "{ a = -1.0 }", "nan"],
        ),
        (
            "seed",
            &["0", "18446744073709551615"],
            &["-1", "0.5", "nan", "\"x\"", "18446744073709551616"],
        ),
        (
            "kernel",
            &["\"auto\"", "\"f32\""],
            &["\"f64\"", "\"\"", "1", "nan"],
        ),
        (
            "columns",
            &["{}", "{ age = \"numeric\" }"],
            &["1", "\"numeric\"", "{ age = \"number\" }", "nan"],
        ),
        ("layers", &["[]"], &["1", "\"dense\"", "[\"dense\"]", "nan"]),
        ("rules", &["[]"], &["1", "\"l2\"", "[\"l2\"]", "nan"]),
    ];

    #[test]
    fn every_field_is_refused_outside_its_range_with_its_line_and_a_slip_gets_its_name() {
        let fields = |fields: &[(&'static str, &'static str)]| {
            let fields = fields.iter().map(|(field, _)| *field);
            let is_stored = |field: &&str| key_of(field) == *field;
            fields.filter(is_stored).collect::<Vec<_>>()
        };
        assert_eq!(
            BOUNDS.iter().map(|(field, ..)| *field).collect::<Vec<_>>(),
            fields(FIELDS)
        );
        let mut failures = Vec::new();
        for (field, taken, wrong) in BOUNDS {
            for value in *taken {
                let text = format!("# first\n{field} = {value}\n");
                TrainConfig::parse(&text, "run.toml".as_ref())
                    .unwrap_or_else(|error| panic!("{text}: {error}"));
            }
            for value in *wrong {
                let text = format!("# first\n{field} = {value}\n");
                let answer = TrainConfig::parse(&text, "run.toml".as_ref())
                    .map_err(|error| error.to_string());
                let is_told = answer.as_ref().is_err_and(|message| {
                    // Its place, its name, and what is possible; only the network knows what is too
                    // large.
                    // A value out of range is named by the usual spelling of its key.
                    let usual = field
                        .replace("initialiser", "initializer")
                        .replace("test_part", "test_size");
                    let is_named = message.contains(field)
                        || message.contains(&usual)
                        || message.contains("layer 2 would have 1000000 x 1000000 weights");
                    message.starts_with("run.toml:2: ")
                        && is_named
                        && (message.contains("expected ") || message.contains(" must "))
                });
                if !is_told {
                    failures.push(format!("{field} = {value}: {answer:?}"));
                }
            }
            let slip = format!("{field}x");
            let message = refused(&format!("{slip} = 1\n"));
            assert!(
                message.starts_with(&format!("run.toml:1: unknown field `{slip}`")),
                "{message}"
            );
            assert!(
                message.ends_with(&format!("hint: did you mean `{field}`?")),
                "{message}"
            );
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    #[test]
    fn usual_spellings_of_keys_are_read_and_the_stored_ones_are_written() {
        let usual = "test_size = 0.25\ninitializer = \"he\"\nbatch_size = 32\n";
        let stored = "test_part = 0.25\ninitialiser = \"he\"\nbatch = 32\n";
        let parse = |text: &str| TrainConfig::parse(text, "run.toml".as_ref()).unwrap();
        let written = parse(usual).to_toml().unwrap();
        assert_eq!(written, parse(stored).to_toml().unwrap());
        assert!(stored.lines().all(|line| written.contains(line)));
        let table = toml::from_str(usual).unwrap();
        assert_eq!(TrainConfig::of_table(&table).unwrap(), parse(stored));
        let message = refused("\nbatch_size = 0");
        assert_eq!(
            message,
            "run.toml:2: `batch_size` must be at least 1, but is 0"
        );
        let message = refused("\ninitializer = \"normal(0)\"");
        assert!(
            message.starts_with("run.toml:2: initializer `normal` must have"),
            "{message}"
        );
        assert!(refused("batch = 3\nbatch_size = 3\n").contains("duplicate field `batch`"));
    }

    #[test]
    fn values_of_another_kind_are_refused_with_name_value_and_what_was_expected() {
        for (text, expected) in [
            (
                "epochs = 1.5",
                "`epochs` is 1.5, expected an integer of at least 1",
            ),
            (
                "batch = -1 # all",
                "`batch` is -1, expected an integer of at least 1",
            ),
            (
                "seed = 18446744073709551616",
                "`seed` is 18446744073709551616, too large for an integer; expected an integer from 0 to 18446744073709551615",
            ),
            (
                "hidden = [\n  10,\n  \"a\"\n]",
                "`hidden` is [ 10, \"a\" ], expected a list of integers of at least 1, one per layer",
            ),
            (
                "bias = \"yes\"",
                "`bias` is \"yes\", expected true or false",
            ),
            (
                "activation = 'rleu'",
                "`activation` is 'rleu', expected \"sigmoid\", \"tanh\", \"relu\" or \"identity\"",
            ),
            (
                "loss = nan",
                "`loss` is nan, expected \"cross-entropy\", \"binary-cross-entropy\", \"mean-squared-error\", \"mean-absolute-error\" or \"huber\"",
            ),
            (
                "label = 1.5",
                "`label` is 1.5, expected the name of a column, in quotes, or its number",
            ),
            (
                "rules = 1",
                "`rules` is 1, expected tables `[[rules]]` with the key `name`",
            ),
            // The field at which the parser stops is named, with its own line, whatever else is
            // wrong.
            (
                "epochs = 1.5\nhidden = 7",
                "`epochs` is 1.5, expected an integer of at least 1",
            ),
            (
                "seed = 18446744073709551615\nepochs = 1.5",
                "`epochs` is 1.5, expected an integer of at least 1",
            ),
            (
                "epochs = 7\nkernel = \"\\n\"",
                "`kernel` is \"\\n\", expected \"auto\", \"f32\", \"exact\", \"amx\", \"vnni\" or \"portable\"",
            ),
        ] {
            let message = refused(text);
            assert_eq!(message.split_once(": ").unwrap().1, expected, "{text}");
        }
        // The parser reports what is not TOML.
        for text in [
            "seed = 1\nseed = 2",
            "hidden = [10\nepochs = 5",
            "epochs = 010",
        ] {
            let message = refused(text);
            assert!(
                !message.contains("` is ") && message.starts_with("run.toml:"),
                "{message}"
            );
        }
        let table = toml::from_str("epochs = 5\nbatch = 1.5\n").unwrap();
        assert_eq!(
            TrainConfig::of_table(&table).unwrap_err(),
            "`batch` is 1.5, expected an integer of at least 1"
        );
        let long = refused(&format!("epochs = \"{}\"", "x".repeat(1000)));
        assert!(
            long.len() < 150 && long.contains("xxx..., expected an integer"),
            "{long}"
        );
    }

    #[test]
    fn what_is_expected_names_every_choice() {
        let expected = |field: &str| FIELDS.iter().find(|(name, _)| *name == field).unwrap().1;
        let names = |field: &str, value: Result<Value, toml::ser::Error>| {
            assert!(
                expected(field).contains(&value.unwrap().to_string()),
                "{}",
                expected(field)
            );
        };
        for activation in Activation::ALL {
            names("activation", Value::try_from(activation));
            names("output_activation", Value::try_from(activation));
        }
        for kernel in Kernel::ALL {
            names("kernel", Value::try_from(kernel));
        }
        for loss in [Loss::CrossEntropy, Loss::MeanSquaredError] {
            names("loss", Value::try_from(loss));
        }
    }

    #[test]
    fn the_list_of_fields_is_complete() {
        let label = Some(Column::Name("kind".to_owned()));
        let (test_part, train_per_class) = (Some(Part::Count(1)), Some(1));
        let schedule = Schedule::Cosine { floor: 0.1 };
        let (standardize, bias_initializer) = (Standardize::Image, BiasInitializer::AsWeights);
        let config = TrainConfig {
            label,
            test_part,
            train_per_class,
            split_seed: 1,
            schedule,
            warm_up: 1,
            ..TrainConfig::default()
        };
        let group = Some(Column::Number(2));
        let of_table = TrainConfig {
            header: Header::Yes,
            decimal: DecimalMark::Comma,
            task: Task::Classification,
            ignore: vec![Column::Number(1)],
            only: vec![Column::Number(1)],
            missing_indicators: true,
            strict: true,
            order: group.clone(),
            group,
            test: Some("new.csv".to_owned()),
            validation: Some(Part::Count(1)),
            columns: [("age".to_owned(), ColumnKind::Numeric)].into(),
            ..config
        };
        let of_table = TrainConfig {
            labels: vec![Column::Number(1), Column::Number(2)],
            sample_weight: Some(Column::Number(3)),
            class_weight: ClassWeight::Balanced,
            patience: 1,
            clip_norm: 1.0,
            init: Some("m.safetensors".to_owned()),
            init_sha256: Some("0a".to_owned()),
            ..of_table
        };
        let config = TrainConfig {
            standardize,
            bias_initializer,
            shift: 2,
            flip: true,
            layers: vec!["dense".parse().unwrap()],
            ..of_table
        };
        let table: toml::Table = toml::from_str(&config.to_toml().unwrap()).unwrap();
        assert!(
            table
                .keys()
                .all(|key| FIELDS.iter().any(|(field, _)| field == key)),
            "{table:?}"
        );
        // A preset and the second spelling of three keys are read only.
        assert_eq!(table.len() + 4, FIELDS.len());
    }
}
