//! The file of a sweep: what every run has, and products of what differs.
//!
//! ```toml
//! seeds = 5                               # runs with the seeds 0 to 4, or a list of seeds
//! reference = "bdnn-dsd"                  # also compare with the first configuration with these rules that is the same in the rest
//! ablate = ["l2"]                         # or compare each with the one without these rules that is the same in the rest
//! control = { grapes = "scalar-gain" }    # and each with `grapes` also with the one that has `scalar-gain` in its place
//! per_method = ["learning_rate"]          # configurations are compared though they differ in these, such as each with its best
//! note = "20 epochs instead of 200"       # a sentence under the table
//! columns = ["slowness"]                  # also show these; see [`SweepColumn`]
//! folds = 5                               # score on validation folds of the training samples; on the test samples if absent
//!
//! [base]                                  # as in run.toml
//! preset = "bdnn-dsd"                     # settings that are not here are those of the preset
//! data = "mnist-1200"
//! epochs = 1500
//! rules = ["bdnn-dsd:threshold=10"]
//!
//! [[product]]                             # every combination of these values
//! hidden = [[10], [100]]
//! bdnn-dsd.bound_step = [0.03, 0.06]
//!
//! [[product]]                             # and of these
//! hidden = [[10], [100]]
//! rules = [[], ["l2:weight_decay=0.003"]]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use spinet_train::TrainConfig;
use spinet_train::text::{MAX_SETTINGS, Notation};
use toml::Table;

use super::SweepColumn;
use super::product::{axes, check_levels, combinations, config, with_lists_as_tables};
use super::record::MOST_AXES;
use crate::Error;
use crate::paper::run::MOST_RUNS;

/// A sweep as its file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepFile {
    /// Seeds, one a run of every point.
    pub seeds: Vec<u64>,
    /// Parts of the training samples, each left out and scored on in turn; `None` scores on the
    /// test samples.
    pub folds: Option<usize>,
    /// How many of the folds are left out in turn; all if `None`.
    pub left_out: Option<usize>,
    /// What points are compared with, beside the network without rules.
    pub reference: Option<Reference>,
    /// The rule whose points are also compared with those that have its control in its place.
    pub control: Option<Control>,
    /// Settings in which a point and what it is compared with may differ, beside the rules.
    pub own: Vec<String>,
    /// A sentence that a reader of the table needs.
    pub note: Option<String>,
    /// What is shown beside the accuracy.
    pub columns: Vec<SweepColumn>,
    /// Every point, in the order of the products, the first axis varying slowest; none twice.
    /// Points may have equal configurations, such as one that sets a parameter to its default;
    /// those share their runs.
    pub points: Vec<SweepPoint>,
}

/// What a point of a sweep is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The first point that differs in its rules alone and has these, by name.
    With(Vec<String>),
    /// The point that is alike but has not those of these that it has, by name.
    Without(Vec<String>),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::With(names) => f.write_str(&names.join(" + ")),
            Self::Without(names) => write!(f, "the same without {}", names.join(", ")),
        }
    }
}

/// A rule and another that does what the rule must be distinguished from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The rule.
    pub rule: String,
    /// What stands in its place.
    pub by: String,
}

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepPoint {
    /// Axis and value, as the file has them.
    pub settings: Vec<(String, String)>,
    /// The configuration, with the first seed.
    pub config: TrainConfig,
    /// The same without what the file lets points have for their own.
    pub(super) compared: TrainConfig,
}

impl SweepPoint {
    /// Whether its rules have these names, in this order.
    pub(super) fn has_rules(&self, names: &[String]) -> bool {
        self.config.rules.iter().map(|rule| &rule.name).eq(names)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of seeds or a list of them")]
enum Seeds {
    Count(usize),
    List(Vec<u64>),
}

impl Seeds {
    /// Every seed, each once.
    fn list(self) -> Result<Vec<u64>, String> {
        let count = match &self {
            Self::Count(count) => *count,
            Self::List(seeds) => seeds.len(),
        };
        if count == 0 || count > MOST_RUNS {
            return Err(format!(
                "`seeds` must be 1 to {MOST_RUNS} seeds, but is {count}"
            ));
        }
        match self {
            Self::Count(count) => Ok((0..count as u64).collect()),
            Self::List(seeds) => {
                match (1..count).find(|index| seeds[..*index].contains(&seeds[*index])) {
                    Some(index) => Err(format!(
                        "`seeds` has {} twice, expected each once",
                        seeds[index]
                    )),
                    None => Ok(seeds),
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "the name of a rule or a list of them")]
enum Names {
    One(String),
    List(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileContents {
    seeds: Option<Seeds>,
    folds: Option<usize>,
    left_out: Option<usize>,
    reference: Option<Names>,
    #[serde(alias = "without")]
    ablate: Option<Names>,
    control: Option<BTreeMap<String, String>>,
    #[serde(default, alias = "own")]
    per_method: Vec<String>,
    note: Option<String>,
    #[serde(default)]
    columns: Vec<SweepColumn>,
    #[serde(default)]
    base: Table,
    #[serde(default)]
    product: Vec<Table>,
}

impl SweepFile {
    /// Reads the text of a file; `path` is for messages.
    ///
    /// # Errors
    ///
    /// [`Error::SweepFile`] with the place and what was expected there.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let refuse = |message: String| Error::SweepFile {
            path: path.to_owned(),
            message,
        };
        Notation::Toml.check(text, MAX_SETTINGS).map_err(refuse)?;
        let written: FileContents = toml::from_str(text).map_err(|error| {
            let offset = error.span().unwrap_or_default().start.min(text.len());
            let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
            refuse(format!("line {line}: {}", error.message().trim()))
        })?;
        TrainConfig::check_names(&written.base)
            .map_err(|message| refuse(format!("[base]: {message}")))?;
        check_levels("[base]", &written.base).map_err(refuse)?;
        for (number, product) in written.product.iter().enumerate() {
            check_levels(&format!("product {}", number + 1), product).map_err(refuse)?;
        }
        let seeds = written
            .seeds
            .unwrap_or(Seeds::Count(DEFAULT_SEEDS))
            .list()
            .map_err(refuse)?;
        check_folds(written.folds, written.left_out).map_err(refuse)?;
        let base = with_lists_as_tables(written.base)
            .map_err(|message| refuse(format!("[base]: {message}")))?;
        if base.contains_key("seed") {
            return Err(refuse(
                "[base]: `seed` has no place here, expected `seeds` at the top of the file"
                    .to_owned(),
            ));
        }
        // The base alone need not be possible, but what is wrong with it and with a point is the
        // base's fault.
        let base_error = config(&base, seeds[0]).err();
        let products = if written.product.is_empty() {
            vec![Table::new()]
        } else {
            written.product
        };
        let mut points: Vec<SweepPoint> = Vec::new();
        for (number, product) in products.into_iter().enumerate() {
            let at = |message: String| match &base_error {
                Some(error) if message.ends_with(error.as_str()) => {
                    refuse(format!("[base]: {error}"))
                }
                _ => refuse(format!("product {}: {message}", number + 1)),
            };
            let axes = axes(product).map_err(at)?;
            for point in combinations(&base, &axes, seeds[0], &written.per_method).map_err(at)? {
                if !points.contains(&point) {
                    points.push(point);
                }
            }
        }
        let names: BTreeSet<&str> = points
            .iter()
            .flat_map(|point| &point.settings)
            .map(|(axis, _)| axis.as_str())
            .collect();
        if names.len() > MOST_AXES {
            return Err(refuse(format!(
                "{} axes, expected at most {MOST_AXES}",
                names.len()
            )));
        }
        let is_axis = |name: &&String| {
            points
                .iter()
                .any(|point| point.settings.iter().any(|(axis, _)| axis == *name))
        };
        if let Some(name) = written
            .per_method
            .iter()
            .find(|name| name.as_str() == "rules" || name.contains('.') || !is_axis(name))
        {
            return Err(refuse(format!(
                "`per_method` has `{name}`, expected settings of the products other than the rules"
            )));
        }
        let reference = reference(written.reference, written.ablate, &points).map_err(refuse)?;
        let control = written
            .control
            .map(|control| checked_control(control, &points))
            .transpose()
            .map_err(refuse)?;
        let FileContents {
            folds,
            left_out,
            per_method: own,
            note,
            columns,
            ..
        } = written;
        Ok(Self {
            seeds,
            folds,
            left_out,
            reference,
            control,
            own,
            note,
            columns,
            points,
        })
    }
}

/// What points are compared with, where the file says so; the rules must exist, and a point must
/// have them.
fn reference(
    with: Option<Names>,
    without: Option<Names>,
    points: &[SweepPoint],
) -> Result<Option<Reference>, String> {
    let (key, names) = match (with, without) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err("`reference` and `ablate` exclude each other".to_owned()),
        (Some(names), None) => ("reference", names),
        (None, Some(names)) => ("ablate", names),
    };
    let names = match names {
        Names::One(name) => vec![name],
        Names::List(names) => names,
    };
    if let Some(error) = names.iter().find_map(|name| spinet_rules::find(name).err()) {
        return Err(format!("`{key}`: {error}"));
    }
    let is_ablation = key == "ablate";
    let fits = |point: &SweepPoint| {
        let has = |name: &String| point.config.rules.iter().any(|rule| rule.name == *name);
        is_ablation && names.iter().any(has) || !is_ablation && point.has_rules(&names)
    };
    match (points.iter().any(fits), is_ablation) {
        (true, true) => Ok(Some(Reference::Without(names))),
        (true, false) => Ok(Some(Reference::With(names))),
        (false, true) => Err(format!(
            "`ablate` is {}, expected rules of a configuration",
            names.join(", ")
        )),
        (false, false) => Err(format!(
            "`reference` is {}, expected the rules of a configuration",
            names.join(" + ")
        )),
    }
}

/// The one control of a file; points must have the rule and what stands in its place.
fn checked_control(
    control: BTreeMap<String, String>,
    points: &[SweepPoint],
) -> Result<Control, String> {
    let mut control = control.into_iter();
    let (Some((rule, by)), None) = (control.next(), control.next()) else {
        return Err(
            "`control` must name one rule and its control, as in { grapes = \"scalar-gain\" }"
                .to_owned(),
        );
    };
    for name in [&rule, &by] {
        spinet_rules::find(name).map_err(|error| format!("`control`: {error}"))?;
        if !points
            .iter()
            .any(|point| point.config.rules.iter().any(|rule| rule.name == *name))
        {
            return Err(format!(
                "`control` names {name}, expected a rule of a configuration"
            ));
        }
    }
    Ok(Control { rule, by })
}

/// Seeds where none are chosen, as many as the paper has runs.
const DEFAULT_SEEDS: usize = 5;

fn check_folds(folds: Option<usize>, left_out: Option<usize>) -> Result<(), String> {
    match (folds, left_out) {
        (Some(folds), _) if !(2..=1000).contains(&folds) => {
            Err(format!("`folds` must be in [2, 1000], but is {folds}"))
        }
        (Some(folds), Some(left_out)) if !(1..=folds).contains(&left_out) => Err(format!(
            "`left_out` must be in [1, {folds}], but is {left_out}"
        )),
        (None, Some(_)) => Err("`left_out` stands alone, expected `folds` beside it".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SweepFile, Error> {
        SweepFile::parse(text, Path::new("s.toml"))
    }

    #[test]
    fn many_layers_of_one_width_are_counted() {
        let file = parse("[[product]]\nhidden = [[5], [5, 5], [5, 5, 5, 5], [5, 5, 6]]\n").unwrap();
        let shown: Vec<&str> = file
            .points
            .iter()
            .map(|point| point.settings[0].1.as_str())
            .collect();
        assert_eq!(shown, ["5", "5 + 5", "4 x 5", "5 + 5 + 6"]);
    }

    #[test]
    fn without_names_rules_of_a_point_and_excludes_a_reference() {
        let points = "[[product]]\nrules = [[], \"l2\", [\"l2\", \"dropout\"]]\n";
        let file = parse(&format!("without = \"dropout\"\n{points}")).unwrap();
        assert_eq!(
            file.reference,
            Some(Reference::Without(vec!["dropout".to_owned()]))
        );
        assert_eq!(
            file.reference.unwrap().to_string(),
            "the same without dropout"
        );
        for (text, expected) in [
            ("without = \"dropot\"\n", "`ablate`: unknown rule `dropot`"),
            (
                "without = \"adam\"\n",
                "`ablate` is adam, expected rules of a configuration",
            ),
            (
                "without = \"l2\"\nreference = \"l2\"\n",
                "`reference` and `ablate` exclude each other",
            ),
            (
                "control = { l2 = \"adam\" }\n",
                "`control` names adam, expected a rule of a configuration",
            ),
            (
                "control = { l2 = \"l3\" }\n",
                "`control`: unknown rule `l3`",
            ),
            (
                "control = {}\n",
                "`control` must name one rule and its control, as in { grapes = \"scalar-gain\" }",
            ),
        ] {
            let message = parse(&format!("{text}{points}")).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    fn settings(file: &SweepFile) -> Vec<String> {
        let point = |point: &SweepPoint| {
            point
                .settings
                .iter()
                .map(|(axis, value)| format!("{axis}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        file.points.iter().map(point).collect()
    }

    #[test]
    fn a_product_has_every_combination_with_the_first_axis_slowest() {
        let file = parse(
            "seeds = 2\n[base]\nepochs = 3\nrules = [\"bdnn-dsd\"]\n[[product]]\nlearning_rate = [0.1, 0.3]\nbdnn-dsd.threshold = [5, 10]\nhidden = [[4], [3, 2]]\n",
        )
        .unwrap();
        let first = "learning_rate=0.1 hidden=4 bdnn-dsd.threshold=5";
        assert_eq!((file.points.len(), settings(&file)[0].as_str()), (8, first));
        assert_eq!(
            settings(&file)[7],
            "learning_rate=0.3 hidden=3 + 2 bdnn-dsd.threshold=10"
        );
        assert_eq!(file.seeds, [0, 1]);
        let last = &file.points[7].config;
        assert_eq!(
            (last.learning_rate, &last.hidden, last.epochs),
            (0.3, &vec![3, 2], 3)
        );
        assert_eq!(last.rules[0].to_string(), "bdnn-dsd", "10 is the default");
    }

    #[test]
    fn a_base_that_is_not_possible_alone_serves_products_that_complete_it() {
        let text = "[base]\nrules = [\"bdnn-dsd:layers=3\"]\n[[product]]\nhidden = [[4, 4]]\n";
        assert_eq!(parse(text).unwrap().points.len(), 1);
        assert!(
            refused(&text.replace("[4, 4]", "[4]"))
                .starts_with("s.toml: [base]: rule `bdnn-dsd`: `layers` includes layer 3")
        );
    }

    #[test]
    fn products_are_joined_and_equal_points_stand_once() {
        let file = parse(
            "[base]\nhidden = [5]\n[[product]]\nrules = [[], \"l2\", [\"bdnn-dsd:threshold=7\", \"l2:weight_decay=0.1\"]]\nl2.weight_decay = [0.1, 0.2]\n[[product]]\nrules = [[], \"dropout\"]\n",
        )
        .unwrap();
        assert_eq!(
            settings(&file),
            [
                "rules=none",
                "rules=l2 l2.weight_decay=0.1",
                "rules=l2 l2.weight_decay=0.2",
                "rules=bdnn-dsd:threshold=7 + l2:weight_decay=0.1 l2.weight_decay=0.1",
                "rules=bdnn-dsd:threshold=7 + l2:weight_decay=0.1 l2.weight_decay=0.2",
                "rules=dropout"
            ]
        );
        assert_eq!(file.seeds, [0, 1, 2, 3, 4]);
        assert_eq!(
            file.points[4].config.rules[1].to_string(),
            "l2:weight_decay=0.2"
        );
        assert_eq!(
            parse("").unwrap().points.len(),
            1,
            "a file without products is its base"
        );
    }

    #[test]
    fn slips_are_refused_with_their_place() {
        for (text, message) in [
            (
                "sedes = 1\n",
                "line 1: unknown field `sedes`, expected one of `seeds`, `folds`, `left_out`, `reference`, `ablate`, `without`, `control`, `own`, `per_method`, `note`, `columns`, `base`, `product`",
            ),
            ("seeds = 0\n", "`seeds` must be 1 to 10000 seeds, but is 0"),
            (
                "seeds = 99999999999999\n",
                "`seeds` must be 1 to 10000 seeds, but is 99999999999999",
            ),
            (
                "seeds = 1000000\n",
                "`seeds` must be 1 to 10000 seeds, but is 1000000",
            ),
            (
                "seeds = [1, 2, 1]\n",
                "`seeds` has 1 twice, expected each once",
            ),
            ("folds = 1\n", "`folds` must be in [2, 1000], but is 1"),
            (
                "folds = 3\nleft_out = 4\n",
                "`left_out` must be in [1, 3], but is 4",
            ),
            (
                "left_out = 4\n",
                "`left_out` stands alone, expected `folds` beside it",
            ),
            (
                "[[product]]\nl2.name = [\"dropout\"]\n",
                "product 1: `l2.name` cannot vary, expected `rules`",
            ),
            (
                "reference = \"l2\"\n",
                "`reference` is l2, expected the rules of a configuration",
            ),
            (
                "[base]\nepochs = 0\n",
                "[base]: `epochs` must be at least 1, but is 0",
            ),
            (
                "[base]\nseed = 0\n",
                "[base]: `seed` has no place here, expected `seeds` at the top of the file",
            ),
            (
                "[[product]]\nepochs = []\n",
                "product 1: `epochs` has no values, expected a list of them",
            ),
            (
                "[[product]]\nepochs = 5\n",
                "product 1: `epochs` is 5, expected a list of values",
            ),
            (
                "[[product]]\n[[product]]\nepochs = [1, 0]\n",
                "product 2: epochs = 0: `epochs` must be at least 1, but is 0",
            ),
            (
                "[[product]]\nseed = [1]\n",
                "product 1: `seed` cannot vary, expected `seeds` at the top of the file",
            ),
            (
                "[[product]]\nl2.weight_decay = [1]\n",
                "product 1: `l2.weight_decay` changes nothing: no combination has this rule, expected it among `rules`",
            ),
        ] {
            assert_eq!(refused(text), format!("s.toml: {message}"), "{text}");
        }
        assert!(
            refused("[[product]]\nepoch = [1]\n")
                .starts_with("s.toml: product 1: epoch = 1: unknown field `epoch`")
        );
        assert!(
            refused("[[product]]\nrules = [\"l3\"]\n")
                .starts_with("s.toml: product 1: rules = l3: unknown rule `l3`")
        );
        let huge = format!(
            "[[product]]\n{}",
            ["batch", "epochs", "hidden", "learning_rate"]
                .map(|axis| format!("{axis} = [{}1]\n", "1,".repeat(99)))
                .concat()
        );
        assert!(refused(&huge).ends_with("product 1: more than 10000 combinations"));
        let deep = format!(
            "[[product]]\nhidden = [[{}1],[9]]\nbatch = {:?}\n",
            "1,".repeat(99),
            vec![1; 6000]
        );
        assert!(
            refused(&deep)
                .ends_with("product 1: its combinations have more than 500000 values together"),
            "{}",
            refused(&deep)
        );
        let axes = |range: std::ops::Range<usize>| {
            range.fold(String::new(), |text, axis| {
                text + &format!("axis{axis} = [1]\n")
            })
        };
        assert!(
            refused(&format!("[[product]]\n{}", axes(0..65)))
                .ends_with("product 1: 65 axes, expected at most 64")
        );
    }
}
