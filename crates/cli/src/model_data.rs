//! The data that a model is used on: what it was trained on, or something of the same kind.

use spinet::data::{
    Background, Column, DataOptions, EvaluatedOn, Purpose, SplitOptions, find, is_table, load_with,
    normal_name,
};
use spinet::{Dataset, Model, Samples, Source};

use crate::error::Error;
use crate::show::escape::on_one_line;
use crate::show::number::thousands;

/// Samples for a model.
pub(crate) struct ModelData {
    pub(crate) data: Dataset,
    /// Whether it is data of the user that has another content than when the model was trained, so
    /// that nobody knows which of its samples the model has seen. All of them are then in the test
    /// part.
    pub(crate) is_changed: bool,
}

impl ModelData {
    /// What the user has to know about data that changed.
    pub(crate) fn warning(&self) -> Option<String> {
        self.is_changed.then(|| {
            format!(
                "warning: {} is not the data that the model was trained on: it has changed since. All of its {} samples are used; the model may have been trained on some of them",
                on_one_line(&self.data.name),
                thousands(self.data.test.len() as u64)
            )
        })
    }
}

/// What the user has to know about images with the opposite colors of those that the model was
/// trained on.
pub(crate) fn background_warning(model: &Model, name: &str, samples: &Samples) -> Option<String> {
    let trained = model.description.background?;
    let [dark, light] = Background::counts(samples);
    let other = match trained {
        Background::Dark => light,
        Background::Light => dark,
    };
    (2 * other > samples.len()).then(|| {
        format!(
            "warning: {}: the background is {}, but that of the training images is {}; the classes mean nothing if the colors are inverted (`spinet predict --invert` inverts them)",
            on_one_line(name),
            trained.inverted().name(),
            trained.name()
        )
    })
}

/// The dataset called `name`, or else the model's own; its test samples are ones that the model
/// was not trained on.
///
/// Another set of a person's own has no training part for this model, so all of its samples are
/// test samples, unless it says itself which are; `purpose` says whether their labels matter.
/// Labels get the model's classes, numbers its constants.
pub(crate) fn data_for(
    model: &Model,
    name: Option<&str>,
    label: Option<&Column>,
    purpose: Purpose,
    source: &Source,
) -> Result<ModelData, Error> {
    let training = &model.description.training;
    let name = name.unwrap_or(&training.data);
    let is_training_data = normal_name(name) == normal_name(&training.data);
    let mut options = if is_training_data {
        training.data_options()
    } else {
        // The plan of the model names the label column of its table.
        let has_plan = model.description.columns.is_some();
        let label = training
            .label
            .clone()
            .filter(|_| is_table(name) && !has_plan);
        DataOptions {
            label,
            purpose,
            ..DataOptions::default()
        }
    };
    options.label = label.cloned().or(options.label);
    options.prior = Some(model.description.prior());
    let mut data = load_with(name, source, &options)?;
    let is_changed = is_training_data
        && find(name).is_err()
        && data.train.sha256() != model.description.train_sha256;
    if is_changed {
        let whole = DataOptions {
            label: options.label,
            prior: options.prior,
            purpose,
            split: SplitOptions::default(),
            ..DataOptions::default()
        };
        data = load_with(name, source, &whole)?;
    }
    let classes = model.network.classes();
    if data.outputs() > classes {
        return Err(Error::Classes {
            found: data.outputs(),
            data: data.name,
            expected: classes,
        });
    }
    model.description.accepts(data.test.values())?;
    if let EvaluatedOn::Validation(test) = &data.evaluated_on
        && !test.is_empty()
    {
        data.test = test.clone();
        data.evaluated_on = EvaluatedOn::Test;
    }
    Ok(ModelData { data, is_changed })
}
