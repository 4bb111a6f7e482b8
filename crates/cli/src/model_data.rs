//! The data that a model is used on: what it was trained on, or something of the same kind.

use spinet::data::{Column, DataOptions, Purpose, is_table, load_with, normal_name};
use spinet::{Dataset, Model, Source};

use crate::error::Error;

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
) -> Result<Dataset, Error> {
    let training = &model.description.training;
    let name = name.unwrap_or(&training.data);
    let mut options = if normal_name(name) == normal_name(&training.data) {
        training.data_options()
    } else {
        let label = training.label.clone().filter(|_| is_table(name));
        DataOptions {
            label,
            purpose,
            ..DataOptions::default()
        }
    };
    options.label = label.cloned().or(options.label);
    options.prior = Some(model.description.prior());
    let data = load_with(name, source, &options)?;
    let classes = model.network.classes();
    if data.classes() > classes {
        return Err(Error::Classes {
            found: data.classes(),
            data: data.name,
            expected: classes,
        });
    }
    model.description.accepts(data.test.values())?;
    Ok(data)
}
