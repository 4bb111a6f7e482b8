//! The list of all layer types. It drives config files, the command line, help texts and the
//! contract test.

use std::sync::Arc;

use spinet_rules::{HasParameters, Parameter, Resolved, RuleSettings, nearest};

use crate::layer::{Flow, Layer};
use crate::layers::{add, conv2d, dense, flatten, pool};
use crate::{Error, Real};

/// A layer type by name, with the options that were set; written like a rule, for example
/// `dense:units=64,activation=relu`.
pub type LayerSettings = RuleSettings;

/// All layer types, in listing order.
pub const LAYERS: &[&LayerEntry] = &[
    &dense::ENTRY,
    &conv2d::ENTRY,
    &pool::MAX,
    &pool::AVERAGE,
    &pool::GLOBAL_MAX,
    &pool::GLOBAL_AVERAGE,
    &add::ENTRY,
    &flatten::ENTRY,
];

/// The registry entry of one layer type.
pub struct LayerEntry {
    /// Name in config files and messages.
    pub name: &'static str,
    /// One-line description.
    pub summary: &'static str,
    /// Source of its equations.
    pub reference: &'static str,
    /// Shapes of input, output and trained arrays.
    pub shapes: &'static str,
    /// Its options.
    pub parameters: &'static [Parameter],
    /// Whether it has weights.
    pub has_weights: bool,
    /// Its short form in the names of runs, such as `6c5` for 6 channels and a kernel of 5.
    pub(crate) short: fn(&Resolved<LayerEntry>) -> String,
    pub(crate) make: Make,
}

/// What a layer is put on.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Below<'a> {
    /// The input of the network.
    pub(crate) input: Flow,
    /// The output of each layer below.
    pub(crate) outputs: &'a [Flow],
    /// Whether units have biases.
    pub(crate) has_bias: bool,
}

impl Below<'_> {
    /// What comes from directly below.
    pub(crate) fn flow(&self) -> Flow {
        self.outputs.last().copied().unwrap_or(self.input)
    }

    /// The error of a layer that does not fit here.
    pub(crate) fn misfit(
        &self,
        kind: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Error {
        Error::Misfit {
            layer: self.outputs.len() + 1,
            kind,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Builds a layer from its options and what is below.
pub(crate) type Builder<S> =
    fn(&Resolved<LayerEntry>, &Below<'_>) -> Result<Arc<dyn Layer<S>>, Error>;

/// In either number type.
#[doc(hidden)]
pub struct Make {
    pub(crate) single: Builder<f32>,
    pub(crate) double: Builder<f64>,
}

impl HasParameters for LayerEntry {
    const KIND: &'static str = "layer";

    fn name(&self) -> &'static str {
        self.name
    }

    fn parameters(&self) -> &'static [Parameter] {
        self.parameters
    }
}

impl LayerEntry {
    /// Finds an entry by name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownLayer`], with the nearest known name.
    pub fn find(name: &str) -> Result<&'static Self, Error> {
        LAYERS
            .iter()
            .copied()
            .find(|entry| entry.name == name)
            .ok_or_else(|| {
                let names = LAYERS.iter().map(|entry| entry.name);
                Error::UnknownLayer {
                    found: name.to_owned(),
                    expected: names.clone().collect::<Vec<_>>().join(", "),
                    hint: nearest(name, names).map_or_else(String::new, |name| {
                        format!("\n\nhint: did you mean `{name}`?")
                    }),
                }
            })
    }
}

/// Builds the layer of these settings on top of what comes from below.
///
/// # Errors
///
/// [`Error::UnknownLayer`]; [`Error::Layer`] for options that do not exist or are out of range;
/// [`Error::Misfit`].
pub(crate) fn build<S: Real>(
    settings: &LayerSettings,
    below: &Below<'_>,
) -> Result<Arc<dyn Layer<S>>, Error> {
    let entry = LayerEntry::find(&settings.name)?;
    S::builder(&entry.make)(&Resolved::new(entry, settings)?, below)
}

/// The short form of a layer in the names of runs, such as `6c5` for a convolution with 6 channels
/// and a kernel of 5.
///
/// # Errors
///
/// [`Error::UnknownLayer`]; [`Error::Layer`] for options that do not exist or are out of range.
pub fn short_name(settings: &LayerSettings) -> Result<String, Error> {
    let entry = LayerEntry::find(&settings.name)?;
    Ok((entry.short)(&Resolved::new(entry, settings)?))
}
