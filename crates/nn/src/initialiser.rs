//! How weights start. Biases start at 0.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spinet_rules::{LayerShape, Purpose, Scalar, Stream};

use crate::Error;

/// Law of the initial weights of a layer with `inputs` and `outputs`.
///
/// Written `uniform(A)`, `clamped-uniform(A,B)`, `normal(S)`, `xavier`, `he` or `fan-in`.
///
/// ```
/// use spinet_nn::Initialiser;
///
/// assert_eq!("uniform(0.5)".parse::<Initialiser>()?, Initialiser::Uniform(0.5));
/// assert_eq!(Initialiser::Xavier.to_string(), "xavier");
/// # Ok::<(), spinet_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Initialiser {
    /// `U(-a, a)`.
    Uniform(f64),
    /// `U(-a, a)` limited to `[-b, b]`: what an initial bound alone makes of `U(-a, a)`.
    ClampedUniform(f64, f64),
    /// `N(0, s^2)`.
    Normal(f64),
    /// `U(-a, a)` with `a = sqrt(6 / (inputs + outputs))` (Glorot and Bengio 2010).
    Xavier,
    /// `U(-a, a)` with `a = sqrt(6 / inputs)` (He et al. 2015), for ReLU.
    He,
    /// `U(-a, a)` with `a = 1 / sqrt(inputs)`, the default of common frameworks.
    FanIn,
}

impl Initialiser {
    /// Draws the weights of one layer, in the order of the matrix, from the stream `init` of this layer.
    pub(crate) fn draw<S: Scalar>(self, shape: LayerShape, seed: u64, layer: usize) -> Vec<S> {
        let mut stream = Stream::new(seed, Purpose::Init, layer as u64);
        let (inputs, outputs) = (shape.inputs as f64, shape.outputs as f64);
        let width = match self {
            Self::Uniform(width) | Self::ClampedUniform(width, _) => width,
            Self::Normal(deviation) => return (0..shape.weights()).map(|_| S::from_f64(deviation * stream.normal())).collect(),
            Self::Xavier => (6.0 / (inputs + outputs)).sqrt(),
            Self::He => (6.0 / inputs).sqrt(),
            Self::FanIn => 1.0 / inputs.sqrt(),
        };
        let limit = if let Self::ClampedUniform(_, limit) = self { limit } else { width };
        (0..shape.weights()).map(|_| S::from_f64((width * (2.0 * stream.unit() - 1.0)).clamp(-limit, limit))).collect()
    }

    /// Refuses widths outside `(0, 1e30)`.
    pub(crate) fn check(self) -> Result<(), Error> {
        let (initialiser, width) = match self {
            Self::Uniform(width) => ("uniform", width),
            Self::ClampedUniform(width, limit) => ("clamped-uniform", if width > 0.0 && width < 1e30 { limit } else { width }),
            Self::Normal(deviation) => ("normal", deviation),
            Self::Xavier | Self::He | Self::FanIn => return Ok(()),
        };
        if width > 0.0 && width < 1e30 { Ok(()) } else { Err(Error::InitialiserRange { initialiser, found: width }) }
    }
}

impl fmt::Display for Initialiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform(width) => write!(f, "uniform({width})"),
            Self::ClampedUniform(width, limit) => write!(f, "clamped-uniform({width},{limit})"),
            Self::Normal(deviation) => write!(f, "normal({deviation})"),
            Self::Xavier => f.write_str("xavier"),
            Self::He => f.write_str("he"),
            Self::FanIn => f.write_str("fan-in"),
        }
    }
}

impl FromStr for Initialiser {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::UnknownInitialiser { found: text.to_owned() };
        let width = |prefix: &str| {
            let inner = text.strip_prefix(prefix)?.strip_prefix('(')?.strip_suffix(')')?;
            inner.trim().parse::<f64>().ok()
        };
        let initialiser = match text {
            "xavier" => Self::Xavier,
            "he" => Self::He,
            "fan-in" => Self::FanIn,
            _ => {
                let two = || {
                    let (width, limit) = text.strip_prefix("clamped-uniform(")?.strip_suffix(')')?.split_once(',')?;
                    Some(Self::ClampedUniform(width.trim().parse().ok()?, limit.trim().parse().ok()?))
                };
                let one = width("uniform").map(Self::Uniform).or_else(|| width("normal").map(Self::Normal));
                one.or_else(two).ok_or_else(unknown)?
            }
        };
        initialiser.check()?;
        Ok(initialiser)
    }
}

impl TryFrom<String> for Initialiser {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Initialiser> for String {
    fn from(initialiser: Initialiser) -> Self {
        initialiser.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: LayerShape = LayerShape { outputs: 100, inputs: 200 };

    /// Largest magnitude and variance.
    fn spread(initialiser: Initialiser) -> (f64, f64) {
        let weights = initialiser.draw::<f64>(SHAPE, 5, 0);
        let largest = weights.iter().fold(0.0_f64, |largest, w| largest.max(w.abs()));
        (largest, weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64)
    }

    #[test]
    fn uniform_laws_fill_their_interval() {
        for (initialiser, width) in [
            (Initialiser::Uniform(1.0), 1.0),
            (Initialiser::Xavier, (6.0_f64 / 300.0).sqrt()),
            (Initialiser::He, (6.0_f64 / 200.0).sqrt()),
            (Initialiser::FanIn, 1.0 / 200.0_f64.sqrt()),
        ] {
            let (largest, variance) = spread(initialiser);
            assert!(largest <= width && largest > 0.999 * width, "{initialiser}: {largest}");
            assert!((variance / (width * width / 3.0) - 1.0).abs() < 0.03, "{initialiser}: {variance}");
        }
    }

    #[test]
    fn a_clamped_law_is_the_plain_one_with_its_ends_pulled_in() {
        let clamped: Initialiser = "clamped-uniform(1,0.45)".parse().unwrap();
        assert_eq!(clamped.to_string(), "clamped-uniform(1,0.45)");
        let pairs = clamped.draw::<f64>(SHAPE, 5, 0).into_iter().zip(Initialiser::Uniform(1.0).draw::<f64>(SHAPE, 5, 0));
        assert!(pairs.into_iter().all(|(clamped, plain)| clamped == plain.clamp(-0.45, 0.45)));
    }

    #[test]
    fn normal_has_its_deviation() {
        let (_, variance) = spread(Initialiser::Normal(0.3));
        assert!((variance / 0.09 - 1.0).abs() < 0.05, "{variance}");
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
            assert!(text.parse::<Initialiser>().is_err(), "{text}");
        }
    }
}
