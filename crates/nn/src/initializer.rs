//! Weight and bias initialization.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spinet_rules::{ParamRole, ParamShape, Purpose, Scalar, Stream};

use crate::{DenseShape, Error};

/// Initial weight distribution of a layer with `inputs` and `outputs`; of a convolution these are
/// the numbers that a unit receives and sends, `kernel x kernel x channels` each.
///
/// Written `uniform(A)`, `clamped-uniform(A,B)`, `normal(S)`, `xavier`, `glorot-sigmoid`, `he` or
/// `fan-in`.
///
/// ```
/// use spinet_nn::Initializer;
///
/// assert_eq!("uniform(0.5)".parse::<Initializer>()?, Initializer::Uniform(0.5));
/// assert_eq!(Initializer::Xavier.to_string(), "xavier");
/// # Ok::<(), spinet_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Initializer {
    /// `U(-a, a)`.
    Uniform(f64),
    /// `U(-a, a)` limited to `[-b, b]`: what an initial bound alone makes of `U(-a, a)`.
    ClampedUniform(f64, f64),
    /// `N(0, s^2)`.
    Normal(f64),
    /// `U(-a, a)` with `a = sqrt(6 / (inputs + outputs))` (Glorot and Bengio 2010).
    Xavier,
    /// `U(-a, a)` with `a = 4 sqrt(6 / (inputs + outputs))`: the same for logistic units (Glorot
    /// and Bengio 2010).
    GlorotSigmoid,
    /// `U(-a, a)` with `a = sqrt(6 / inputs)` (He et al. 2015), for ReLU.
    He,
    /// `U(-a, a)` with `a = 1 / sqrt(inputs)`, the default of common frameworks.
    FanIn,
}

impl Initializer {
    /// Draws `count` numbers for a layer of this shape.
    fn draw<S: Scalar>(self, shape: DenseShape, count: usize, stream: &mut Stream) -> Vec<S> {
        let (inputs, outputs) = (shape.inputs as f64, shape.outputs as f64);
        let width = match self {
            Self::Uniform(width) | Self::ClampedUniform(width, _) => width,
            Self::Normal(deviation) => {
                return (0..count)
                    .map(|_| S::from_f64(deviation * stream.normal()))
                    .collect();
            }
            Self::Xavier => (6.0 / (inputs + outputs)).sqrt(),
            Self::GlorotSigmoid => 4.0 * (6.0 / (inputs + outputs)).sqrt(),
            Self::He => (6.0 / inputs).sqrt(),
            Self::FanIn => 1.0 / inputs.sqrt(),
        };
        let limit = if let Self::ClampedUniform(_, limit) = self {
            limit
        } else {
            width
        };
        (0..count)
            .map(|_| S::from_f64((width * (2.0 * stream.unit() - 1.0)).clamp(-limit, limit)))
            .collect()
    }

    /// Rejects widths outside `(0, 1e30)`.
    pub(crate) fn check(self) -> Result<(), Error> {
        let (initializer, width) = match self {
            Self::Uniform(width) => ("uniform", width),
            Self::ClampedUniform(width, limit) => (
                "clamped-uniform",
                if width > 0.0 && width < 1e30 {
                    limit
                } else {
                    width
                },
            ),
            Self::Normal(deviation) => ("normal", deviation),
            Self::Xavier | Self::GlorotSigmoid | Self::He | Self::FanIn => return Ok(()),
        };
        if width > 0.0 && width < 1e30 {
            Ok(())
        } else {
            Err(Error::InitializerRange {
                initializer,
                found: width,
            })
        }
    }
}

impl fmt::Display for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform(width) => write!(f, "uniform({width})"),
            Self::ClampedUniform(width, limit) => write!(f, "clamped-uniform({width},{limit})"),
            Self::Normal(deviation) => write!(f, "normal({deviation})"),
            Self::Xavier => f.write_str("xavier"),
            Self::GlorotSigmoid => f.write_str("glorot-sigmoid"),
            Self::He => f.write_str("he"),
            Self::FanIn => f.write_str("fan-in"),
        }
    }
}

impl FromStr for Initializer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownInitialiser {
            found: text.to_owned(),
        };
        let width = |prefix: &str| {
            let inner = text
                .strip_prefix(prefix)?
                .strip_prefix('(')?
                .strip_suffix(')')?;
            inner.trim().parse::<f64>().ok()
        };
        let initializer = match text {
            "xavier" => Self::Xavier,
            "glorot-sigmoid" => Self::GlorotSigmoid,
            "he" => Self::He,
            "fan-in" => Self::FanIn,
            _ => {
                let two = || {
                    let (width, limit) = text
                        .strip_prefix("clamped-uniform(")?
                        .strip_suffix(')')?
                        .split_once(',')?;
                    Some(Self::ClampedUniform(
                        width.trim().parse().ok()?,
                        limit.trim().parse().ok()?,
                    ))
                };
                let one = width("uniform")
                    .map(Self::Uniform)
                    .or_else(|| width("normal").map(Self::Normal));
                one.or_else(two).ok_or_else(unknown)?
            }
        };
        initializer.check()?;
        Ok(initializer)
    }
}

/// Bias initialization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BiasInitializer {
    /// Zeros.
    #[default]
    Zeros,
    /// Drawn from the distribution of the layer's weights.
    AsWeights,
}

impl BiasInitializer {
    /// All variants.
    pub const ALL: [Self; 2] = [Self::Zeros, Self::AsWeights];

    /// Name in config files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::AsWeights => "as-weights",
        }
    }
}

/// The trained arrays of one weighted layer, in their order, from its stream `init`. Biases know
/// the layer by its weights, which come first.
pub(crate) fn draw_layer<'a, S: Scalar>(
    weights: Initializer,
    biases: BiasInitializer,
    params: impl Iterator<Item = &'a ParamShape>,
    seed: u64,
) -> Vec<Vec<S>> {
    let mut params = params.peekable();
    let Some(first) = params.peek() else {
        return Vec::new();
    };
    let (shape, mut stream) = (
        DenseShape {
            // A unit of a convolution sends to every place of a kernel.
            outputs: if first.columns == first.inputs {
                first.rows
            } else {
                first.rows * (first.columns / first.senders)
            },
            inputs: first.columns,
        },
        Stream::new(seed, Purpose::Init, first.layer as u64),
    );
    let draw = |param: &ParamShape| match (param.role, biases) {
        (ParamRole::Weight | ParamRole::Recurrent, _)
        | (ParamRole::Bias, BiasInitializer::AsWeights) => {
            weights.draw(shape, param.len(), &mut stream)
        }
        (role, _) => vec![initial(role); param.len()],
    };
    params.map(draw).collect()
}

/// What the numbers of an array are at first, unless they are drawn.
pub(crate) fn initial<S: Scalar>(role: ParamRole) -> S {
    match role {
        ParamRole::Scale | ParamRole::Threshold | ParamRole::RunningVariance => S::ONE,
        _ => S::ZERO,
    }
}

impl TryFrom<String> for Initializer {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Initializer> for String {
    fn from(initializer: Initializer) -> Self {
        initializer.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: DenseShape = DenseShape {
        outputs: 100,
        inputs: 200,
    };

    fn draw(initializer: Initializer) -> Vec<f64> {
        layer(initializer, BiasInitializer::Zeros, 5, 0).swap_remove(0)
    }

    /// Weights and biases of the layer of this number.
    fn layer(
        weights: Initializer,
        biases: BiasInitializer,
        seed: u64,
        number: usize,
    ) -> Vec<Vec<f64>> {
        let mut params = spinet_rules::Plan::dense(&[SHAPE.inputs, SHAPE.outputs]).params;
        for param in &mut params {
            param.layer = number;
        }
        draw_layer(weights, biases, params.iter(), seed)
    }

    /// Largest magnitude and variance.
    fn spread(initializer: Initializer) -> (f64, f64) {
        let weights = draw(initializer);
        let largest = weights
            .iter()
            .fold(0.0_f64, |largest, w| largest.max(w.abs()));
        (
            largest,
            weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64,
        )
    }

    #[test]
    fn uniform_laws_fill_their_interval() {
        for (initializer, width) in [
            (Initializer::Uniform(1.0), 1.0),
            (Initializer::Xavier, (6.0_f64 / 300.0).sqrt()),
            (Initializer::GlorotSigmoid, 4.0 * (6.0_f64 / 300.0).sqrt()),
            (Initializer::He, (6.0_f64 / 200.0).sqrt()),
            (Initializer::FanIn, 1.0 / 200.0_f64.sqrt()),
        ] {
            let (largest, variance) = spread(initializer);
            assert!(
                largest <= width && largest > 0.999 * width,
                "{initializer}: {largest}"
            );
            assert!(
                (variance / (width * width / 3.0) - 1.0).abs() < 0.03,
                "{initializer}: {variance}"
            );
        }
    }

    #[test]
    fn a_clamped_law_is_the_plain_one_with_its_ends_pulled_in() {
        let clamped: Initializer = "clamped-uniform(1,0.45)".parse().unwrap();
        assert_eq!(clamped.to_string(), "clamped-uniform(1,0.45)");
        let pairs = draw(clamped)
            .into_iter()
            .zip(draw(Initializer::Uniform(1.0)));
        assert!(
            pairs
                .into_iter()
                .all(|(clamped, plain)| clamped == plain.clamp(-0.45, 0.45))
        );
    }

    #[test]
    fn biases_start_at_0_or_like_one_more_weight_of_their_unit() {
        let drawn = |biases| layer(Initializer::GlorotSigmoid, biases, 5, 0);
        let (zeros, mut drawn) = (
            drawn(BiasInitializer::Zeros),
            drawn(BiasInitializer::AsWeights),
        );
        let biases = drawn.pop().unwrap();
        assert_eq!(
            zeros,
            [drawn.pop().unwrap(), vec![0.0; 100]],
            "weights do not depend on the biases"
        );
        let width = 4.0 * (6.0_f64 / 300.0).sqrt();
        let largest = biases
            .iter()
            .fold(0.0_f64, |largest, bias| largest.max(bias.abs()));
        assert!(
            biases.len() == 100 && largest <= width && largest > 0.9 * width,
            "{largest}"
        );
    }

    #[test]
    fn normal_has_its_deviation() {
        let (_, variance) = spread(Initializer::Normal(0.3));
        assert!((variance / 0.09 - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn layers_and_seeds_have_weights_of_their_own() {
        let drawn: Vec<Vec<f64>> = (0..9)
            .map(|place| {
                layer(
                    Initializer::Uniform(1.0),
                    BiasInitializer::Zeros,
                    place / 3,
                    (place % 3) as usize,
                )
                .swap_remove(0)
            })
            .collect();
        for (place, weights) in drawn.iter().enumerate() {
            assert!(
                drawn[..place].iter().all(|other| other != weights),
                "layer {} of seed {}",
                place % 3,
                place / 3
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "uniform",
            "uniform(0)",
            "uniform(-1)",
            "normal(inf)",
            "normal(nan)",
            "xaver",
            "uniform(1",
            "clamped-uniform(1)",
            "clamped-uniform(1,0)",
            "clamped-uniform(nan,1)",
        ] {
            assert!(text.parse::<Initializer>().is_err(), "{text}");
        }
    }
}
