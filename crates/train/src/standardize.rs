//! The option `standardize`: how the pixels of image data are scaled before they enter the network.

use serde::{Deserialize, Serialize};
use spinet_data::{Samples, Standardisation};
use spinet_nn::{Kernel, Standardizer};

use crate::Error;

/// How pixels `x = byte / 255` are standardized, with constants computed on the training set only.
///
/// Table columns are always standardized when they are read; this option is for image data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standardize {
    /// No standardization.
    #[default]
    None,
    /// `(x - mean) / deviation` per pixel; a pixel that is constant in the training set becomes 0.
    Feature,
    /// The same, but a constant pixel is divided by 2.2e-16, as in `zscore` of Palm's
    /// `DeepLearnToolbox` (2012): if it differs in a test image, it saturates all units. For the
    /// reproduction only.
    FeatureEps,
    /// `(x - mean) / deviation` per image; a constant image becomes 0.
    Image,
    /// `(x - mean) / deviation` with one mean and one deviation for all pixels.
    Global,
}

impl Standardize {
    /// All variants.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Feature,
        Self::FeatureEps,
        Self::Image,
        Self::Global,
    ];

    /// Name in config files.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Feature => "feature",
            Self::FeatureEps => "feature-eps",
            Self::Image => "image",
            Self::Global => "global",
        }
    }

    /// Whether this is the default.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The kernel of a run: exact products are not accurate enough for per-pixel constants, see
    /// `spinet_nn::Standardizer`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if an exact kernel was asked for by name, [`Error::Network`] if this
    /// CPU cannot run it.
    pub fn kernel(self, kernel: Kernel) -> Result<Kernel, Error> {
        let resolved = kernel.resolve()?;
        match (self, kernel) {
            (Self::Feature | Self::FeatureEps, Kernel::Auto | Kernel::F32) => Ok(Kernel::F32),
            (Self::Feature | Self::FeatureEps, exact) => Err(Error::OutOfRange {
                setting: "kernel",
                expected: "f32 or auto with `standardize = \"feature\"`, because exact products are not accurate enough for it",
                found: exact.name().to_owned(),
            }),
            _ => Ok(resolved),
        }
    }

    /// The constants of these training samples; none for a table, whose numbers are standardized
    /// already.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for a table, unless the setting is `none`.
    pub fn constants(self, train: &Samples) -> Result<Option<Standardisation>, Error> {
        let Some(bytes) = train.bytes() else {
            return if self == Self::None {
                Ok(None)
            } else {
                let expected = "none for a table, whose columns are always standardized";
                Err(Error::OutOfRange {
                    setting: "standardize",
                    expected,
                    found: self.name().to_owned(),
                })
            };
        };
        Ok(match self {
            Self::None | Self::Image => None,
            Self::Feature => Some(Standardisation::of_bytes(bytes, train.features())),
            Self::FeatureEps => {
                let mut constants = Standardisation::of_bytes(bytes, train.features());
                constants
                    .deviation
                    .iter_mut()
                    .filter(|deviation| **deviation == 0.0)
                    .for_each(|deviation| *deviation = f64::EPSILON);
                Some(constants)
            }
            Self::Global => Some(Standardisation::of_bytes(bytes, 1)),
        })
    }

    /// How many constants of each kind a model of so many features has; none if it has no
    /// constants.
    pub(crate) fn constants_of(self, features: usize) -> Option<usize> {
        match self {
            Self::None | Self::Image => None,
            Self::Feature | Self::FeatureEps => Some(features),
            Self::Global => Some(1),
        }
    }

    /// What a network's first layer does with pixels, given these constants.
    pub(crate) fn standardizer(self, constants: Option<&Standardisation>) -> Option<Standardizer> {
        match (self, constants) {
            (Self::Image, _) => Some(Standardizer::Image),
            (Self::Feature | Self::FeatureEps, Some(Standardisation { mean, deviation })) => {
                Some(Standardizer::Feature {
                    mean: mean.clone(),
                    deviation: deviation.clone(),
                })
            }
            (Self::Global, Some(Standardisation { mean, deviation })) => {
                Some(Standardizer::Global {
                    mean: *mean.first()?,
                    deviation: *deviation.first()?,
                })
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Standardize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
