//! Which column of a table is what: label, groups, order, features.

use std::path::Path;

use super::plan::TablePlan;
use super::raw::{Head, Mode, Role};
use super::settings::ColumnKind;
use super::{Column, TableOptions, listed, shown};
use crate::error::Error;

/// The role of each column of a file with this head.
pub(super) fn roles(head: &Head, path: &Path, options: &TableOptions) -> Result<Vec<Role>, Error> {
    if let Some(plan) = &options.plan {
        let found = Match::new(plan, head, path, options)?;
        let mut roles = found.roles(plan, head.columns, options.needs_labels);
        // The parts of the table that the model was trained on.
        let settings = &options.settings;
        for (column, option, role) in [
            (&settings.group, "group", Role::Group),
            (&settings.order, "order", Role::Order),
            (&settings.weight, "sample_weight", Role::Weight),
            (&options.id, "id", Role::Group),
        ] {
            let Some(column) = column else { continue };
            let position = find(head, column, path, option)?;
            if let Role::Feature(_) = roles[position] {
                return Err(Error::NoColumn {
                    path: path.to_owned(),
                    option,
                    column: head.shown(position),
                    expected: "a column that the model does not use",
                });
            }
            roles[position] = role;
        }
        return Ok(roles);
    }
    let settings = &options.settings;
    let mut roles = vec![Role::Skip; head.columns];
    let width = head.columns - head.empty;
    roles[..width].fill(Role::Feature(Mode::Auto));
    let labels = label_columns(head, path, options)?;
    for (position, role) in roles[..width].iter_mut().enumerate() {
        match settings.kind_of(head.name(position), position) {
            Some(ColumnKind::Categorical | ColumnKind::YesNo) => *role = Role::Feature(Mode::Words),
            Some(ColumnKind::Date) => *role = Role::Feature(Mode::Dates),
            Some(ColumnKind::Id | ColumnKind::Constant) => *role = Role::Skip,
            Some(ColumnKind::Numeric) | None => {}
        }
    }
    let find = |column: &Column, option| find(head, column, path, option);
    for name in settings.kinds.keys() {
        find(&column_of(name), "columns")?;
    }
    if !settings.only.is_empty() {
        let mut kept = vec![false; head.columns];
        for column in &settings.only {
            kept[find(column, "only")?] = true;
        }
        for (role, _) in roles.iter_mut().zip(&kept).filter(|(_, kept)| !**kept) {
            *role = Role::Skip;
        }
    }
    for column in &settings.ignore {
        roles[find(column, "ignore")?] = Role::Skip;
    }
    let mut take = |column: Option<&Column>, option, role| {
        let Some(column) = column else { return Ok(()) };
        let position = find(column, option)?;
        if labels.contains(&position) {
            return Err(Error::NoColumn {
                path: path.to_owned(),
                option,
                column: head.shown(position),
                expected: "another column than the label column",
            });
        }
        roles[position] = role;
        Ok(())
    };
    take(settings.group.as_ref(), "group", Role::Group)?;
    take(settings.order.as_ref(), "order", Role::Order)?;
    take(settings.weight.as_ref(), "sample_weight", Role::Weight)?;
    take(options.id.as_ref(), "id", Role::Group)?;
    for (index, label) in labels.into_iter().enumerate() {
        roles[label] = if options.needs_labels {
            Role::Label(index)
        } else {
            Role::Skip
        };
    }
    check_features(&roles, head, path, options)?;
    Ok(roles)
}

/// A number in a file is a position.
fn column_of(name: &str) -> Column {
    name.parse()
        .unwrap_or_else(|_| Column::Name(name.to_owned()))
}

fn check_features(
    roles: &[Role],
    head: &Head,
    path: &Path,
    options: &TableOptions,
) -> Result<(), Error> {
    let features = roles
        .iter()
        .filter(|role| matches!(role, Role::Feature(_)))
        .count();
    if let Some(expected) = options.features.filter(|expected| *expected != features) {
        return Err(Error::FeatureCount {
            path: path.to_owned(),
            found: head.columns,
            features: expected,
            needs_labels: options.needs_labels,
        });
    }
    if features == 0 && head.columns - head.empty < 2 {
        return Err(Error::TableColumns {
            path: path.to_owned(),
            found: head.columns,
            limit: super::MAX_COLUMNS,
        });
    }
    if features == 0 {
        return Err(Error::NoFeatures {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The positions of the label columns among the columns with these roles, in the order of their
/// numbers.
pub(super) fn labels_of(roles: &[Role]) -> Vec<usize> {
    let place = |index| roles.iter().position(|role| *role == Role::Label(index));
    (0..roles.len()).map_while(place).collect()
}

/// The positions of the label columns, counted from 0; none in a table without labels.
fn label_columns(head: &Head, path: &Path, options: &TableOptions) -> Result<Vec<usize>, Error> {
    let width = head.columns - head.empty;
    let is_named = matches!(&options.label, Some(Column::Name(name)) if (0..width).any(|position| head.name(position) == Some(name)));
    if options.features == Some(width) && !is_named {
        if options.needs_labels {
            return Err(Error::NoLabels {
                path: path.to_owned(),
                found: width,
            });
        }
        return Ok(Vec::new());
    }
    match &options.label {
        _ if !options.settings.labels.is_empty() => {
            several_labels(head, path, &options.settings.labels)
        }
        Some(column) => find(head, column, path, "label").map(|label| vec![label]),
        None => Ok(vec![width.saturating_sub(1)]),
    }
}

/// The positions of these label columns, each once.
fn several_labels(head: &Head, path: &Path, columns: &[Column]) -> Result<Vec<usize>, Error> {
    let mut labels = Vec::new();
    for column in columns {
        let position = find(head, column, path, "label")?;
        if labels.contains(&position) {
            return Err(Error::NoColumn {
                path: path.to_owned(),
                option: "label",
                column: head.shown(position),
                expected: "each label column once",
            });
        }
        labels.push(position);
    }
    Ok(labels)
}

/// The position of a column, counted from 0.
pub(super) fn find(
    head: &Head,
    column: &Column,
    path: &Path,
    option: &'static str,
) -> Result<usize, Error> {
    let refuse = |expected| {
        Err(Error::NoColumn {
            path: path.to_owned(),
            option,
            column: shown(column.to_string().as_bytes()),
            expected,
        })
    };
    match column {
        Column::Number(number) if (1..=head.columns).contains(number) => Ok(number - 1),
        Column::Number(number) if head.names.is_some() => {
            // A column may be called `2024`.
            let name = number.to_string();
            match (0..head.columns).find(|position| head.name(*position) == Some(&name)) {
                Some(position) => Ok(position),
                None => refuse("a number from 1 to the number of columns"),
            }
        }
        Column::Number(_) => refuse("a number from 1 to the number of columns"),
        Column::Name(_) if head.names.is_none() => {
            refuse("a number, because the table has no header")
        }
        Column::Name(name) => {
            let mut places = (0..head.columns).filter(|place| head.name(*place) == Some(name));
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (None, _) => refuse("a name from the first line"),
                (Some(_), Some(_)) => refuse("a name that occurs once in the first line"),
            }
        }
    }
}

/// The positions in a file of the columns of a plan, in the order of the plan, and of those that
/// are neither in it nor its label.
pub(super) fn planned(
    plan: &TablePlan,
    head: &Head,
    path: &Path,
    options: &TableOptions,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let Match { features, labels } = Match::new(plan, head, path, options)?;
    let extra = (0..head.columns - head.empty)
        .filter(|place| !features.contains(place) && !labels.contains(place))
        .filter(|place| {
            let is_label = |label: &super::PlannedLabel| label.name.as_deref() == head.name(*place);
            head.name(*place).is_none() || !plan.labels().any(is_label)
        })
        .collect();
    Ok((features, extra))
}

/// Where the columns of a plan are in a file.
struct Match {
    /// One for each column of the plan.
    features: Vec<usize>,
    labels: Vec<usize>,
}

impl Match {
    fn new(
        plan: &TablePlan,
        head: &Head,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Self, Error> {
        let names: Option<Vec<&str>> = plan
            .columns
            .iter()
            .map(|column| column.name.as_deref())
            .collect();
        match names {
            Some(names) if head.names.is_some() => Self::by_name(&names, plan, head, path, options),
            _ => Self::by_position(plan, head, path, options),
        }
    }

    /// The n-th column of a name is the n-th of that name in the plan.
    fn by_name(
        names: &[&str],
        plan: &TablePlan,
        head: &Head,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Self, Error> {
        let (mut features, mut missing) = (Vec::new(), Vec::new());
        let mut used = std::collections::BTreeMap::<&str, usize>::new();
        for name in names {
            let next = used.get(name).copied().unwrap_or(0);
            match (next..head.columns)
                .find(|place| head.cell(*place).is_some_and(|cell| cell == name))
            {
                Some(place) => {
                    used.insert(name, place + 1);
                    features.push(place);
                }
                None => missing.push(shown(name.as_bytes())),
            }
        }
        if !missing.is_empty() {
            let found: Vec<String> = (0..head.columns).map(|place| head.shown(place)).collect();
            return Err(Error::MissingColumns {
                path: path.to_owned(),
                missing: listed(&missing),
                found: listed(&found),
            });
        }
        let wanted: Vec<Column> = match &options.label {
            Some(column) if plan.more_labels.is_empty() => vec![column.clone()],
            _ => plan
                .labels()
                .filter_map(|label| Some(Column::Name(label.name.clone()?)))
                .collect(),
        };
        let mut labels = Vec::new();
        for column in wanted {
            match find(head, &column, path, "label") {
                Ok(position) if !features.contains(&position) => labels.push(position),
                Err(error) if options.needs_labels => return Err(error),
                _ => {}
            }
        }
        if labels.len() < plan.labels().count().max(1) && options.needs_labels {
            return Err(Error::NoLabels {
                path: path.to_owned(),
                found: head.columns,
            });
        }
        Ok(Self { features, labels })
    }

    /// Of a table without a header: all columns of the training, or the features in their order,
    /// with or without the labels behind them.
    fn by_position(
        plan: &TablePlan,
        head: &Head,
        path: &Path,
        options: &TableOptions,
    ) -> Result<Self, Error> {
        let (width, features) = (head.columns - head.empty, plan.columns.len());
        let named = match &options.label {
            Some(column @ Column::Number(_)) => Some(find(head, column, path, "label")?),
            _ => None,
        };
        let planned = plan.label.as_ref().map(|label| label.position);
        let several = plan.more_labels.len();
        if width == plan.table_columns && (options.needs_labels || width != features) {
            return Ok(Self {
                features: plan.columns.iter().map(|column| column.position).collect(),
                labels: match named.or(planned) {
                    _ if several > 0 => plan.labels().map(|label| label.position).collect(),
                    label => label.into_iter().collect(),
                },
            });
        }
        if width == features && !options.needs_labels {
            return Ok(Self {
                features: (0..width).collect(),
                labels: Vec::new(),
            });
        }
        if width == features && options.needs_labels {
            return Err(Error::NoLabels {
                path: path.to_owned(),
                found: width,
            });
        }
        if width == features + 1 && several == 0 {
            let label = named
                .or(planned.filter(|place| *place < width))
                .unwrap_or(features);
            return Ok(Self {
                features: (0..width).filter(|place| *place != label).collect(),
                labels: vec![label],
            });
        }
        Err(Error::FeatureCount {
            path: path.to_owned(),
            found: width,
            features,
            needs_labels: options.needs_labels,
        })
    }

    fn roles(&self, plan: &TablePlan, columns: usize, needs_labels: bool) -> Vec<Role> {
        let mut roles = vec![Role::Skip; columns];
        if needs_labels {
            for (index, label) in self.labels.iter().enumerate() {
                roles[*label] = Role::Label(index);
            }
        }
        for (place, column) in self.features.iter().zip(&plan.columns) {
            roles[*place] = Role::Feature(column.encoding.mode());
        }
        roles
    }
}
