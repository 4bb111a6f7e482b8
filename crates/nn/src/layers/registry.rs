//! The list of all layer types. It drives config files, the command line, help texts and the
//! contract test.

use std::sync::Arc;

use spinet_rules::{HasParameters, Parameter, Resolved, RuleSettings, nearest};

use crate::layer::{Flow, Layer};
use crate::layers::dense;
use crate::{Error, Real};

/// A layer type by name, with the options that were set; written like a rule, for example
/// `dense:units=64,activation=relu`.
pub type LayerSettings = RuleSettings;

/// All layer types, in listing order.
pub const LAYERS: &[&LayerEntry] = &[&dense::ENTRY];

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
    pub(crate) make: Make,
}

/// Builds a layer from its options, what comes from below, and whether units have biases.
pub(crate) type Builder<S> = fn(&Resolved<LayerEntry>, Flow, bool) -> Arc<dyn Layer<S>>;

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
/// [`Error::UnknownLayer`]; [`Error::Layer`] for options that do not exist or are out of range.
pub(crate) fn build<S: Real>(
    settings: &LayerSettings,
    input: Flow,
    has_bias: bool,
) -> Result<Arc<dyn Layer<S>>, Error> {
    let entry = LayerEntry::find(&settings.name)?;
    Ok(S::builder(&entry.make)(
        &Resolved::new(entry, settings)?,
        input,
        has_bias,
    ))
}
