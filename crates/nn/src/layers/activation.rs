//! Activation functions: forward, and the derivative written in terms of the output.

use pulp::Arch;
use serde::{Deserialize, Serialize};

use spinet_rules::{Parameter, Resolved};

use crate::Real;
use crate::layers::registry::LayerEntry;

/// Activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `1 / (1 + e^-a)`.
    Sigmoid,
    /// `(e^2a - 1) / (e^2a + 1)`.
    Tanh,
    /// `max(a, 0)`; its derivative at 0 is 0.
    Relu,
    /// `a`.
    Identity,
}

impl Activation {
    /// All activation functions.
    pub const ALL: [Self; 4] = [Self::Sigmoid, Self::Tanh, Self::Relu, Self::Identity];

    /// Their names.
    pub(crate) const NAMES: [&'static str; 4] = [
        Self::ALL[0].name(),
        Self::ALL[1].name(),
        Self::ALL[2].name(),
        Self::ALL[3].name(),
    ];

    /// The option of a layer, with its default.
    pub(crate) const fn option(default: Self) -> Parameter {
        Parameter::choice(
            "activation",
            default.name(),
            &Self::NAMES,
            "activation function",
        )
    }

    /// What that option says.
    pub(crate) fn of(options: &Resolved<LayerEntry>) -> Self {
        Self::named(options.choice("activation")).unwrap_or(Self::Identity)
    }

    /// Finds an activation function by name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|activation| activation.name() == name)
    }

    /// Name in config files and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::Identity => "identity",
        }
    }

    /// Turns pre-activations into outputs, in place.
    pub fn forward<S: Real>(self, values: &mut [S]) {
        // A loop for each, because only small ones are inlined into their dispatch, which makes
        // them vector code.
        let arch = Arch::new();
        match self {
            Self::Sigmoid => arch.dispatch(|| values.iter_mut().for_each(|a| *a = sigmoid(*a))),
            // tanh(a) = 2 sigmoid(2a) - 1 loses digits near 0; this form loses none that a gradient
            // needs.
            Self::Tanh => arch.dispatch(|| values.iter_mut().for_each(|a| *a = tanh(*a))),
            // NaN must pass: a comparison that is false for NaN keeps it.
            Self::Relu => arch.dispatch(|| {
                for a in values {
                    *a = if *a < S::ZERO { S::ZERO } else { *a };
                }
            }),
            Self::Identity => {}
        }
    }

    /// Multiplies derivatives of the loss at the outputs by the activation's derivative, in place.
    ///
    /// `outputs` are what [`forward`](Self::forward) gave.
    pub fn backward<S: Real>(self, outputs: &[S], error: &mut [S]) {
        let arch = Arch::new();
        let pairs = error.iter_mut().zip(outputs);
        match self {
            Self::Sigmoid => {
                arch.dispatch(|| pairs.for_each(|(error, y)| *error *= *y * (S::ONE - *y)));
            }
            Self::Tanh => arch.dispatch(|| pairs.for_each(|(error, y)| *error *= S::ONE - *y * *y)),
            Self::Relu => arch.dispatch(|| {
                pairs.for_each(|(error, y)| {
                    *error = if *y > S::ZERO {
                        *error
                    } else {
                        *error * S::ZERO
                    }
                });
            }),
            Self::Identity => {}
        }
    }
}

#[inline]
fn sigmoid<S: Real>(a: S) -> S {
    S::ONE / (S::ONE + (-a).exp())
}

/// `(1 - e^-2|a|) / (1 + e^-2|a|)` with the sign of `a`.
#[inline]
fn tanh<S: Real>(a: S) -> S {
    let magnitude = a.abs();
    let e = (-(magnitude + magnitude)).exp();
    let y = (S::ONE - e) / (S::ONE + e);
    if a < S::ZERO { -y } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_match_the_standard_library() {
        for i in -400..400 {
            let a = f64::from(i) * 0.05;
            let mut values = [[a], [a], [a]];
            Activation::Sigmoid.forward(&mut values[0]);
            Activation::Tanh.forward(&mut values[1]);
            Activation::Relu.forward(&mut values[2]);
            assert!(
                (values[0][0] - 1.0 / (1.0 + (-a).exp())).abs() < 1e-15,
                "sigmoid({a})"
            );
            assert!((values[1][0] - a.tanh()).abs() < 1e-15, "tanh({a})");
            assert_eq!(values[2][0], a.max(0.0));
            let mut single = [a as f32];
            Activation::Tanh.forward(&mut single);
            assert!(
                (f64::from(single[0]) - f64::from(a as f32).tanh()).abs() < 3e-7,
                "tanh({a}) in f32"
            );
        }
    }

    #[test]
    fn no_activation_hides_a_nan() {
        for activation in Activation::ALL {
            let mut values = [f32::NAN; 3];
            activation.forward(&mut values);
            assert!(
                values.iter().all(|value| value.is_nan()),
                "{}",
                activation.name()
            );
        }
    }

    #[test]
    fn large_pre_activations_saturate_without_nan() {
        for activation in [Activation::Sigmoid, Activation::Tanh] {
            let mut values = [1e4_f32, -1e4];
            activation.forward(&mut values);
            assert_eq!(
                values,
                if activation == Activation::Tanh {
                    [1.0, -1.0]
                } else {
                    [1.0, 0.0]
                }
            );
        }
    }
}
