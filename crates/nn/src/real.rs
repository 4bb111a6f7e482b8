//! The number types of the engine with what networks need beyond `spinet_rules::Scalar`: an exponential.

use spinet_rules::Scalar;

use crate::exponential;

/// `f32` or `f64` with an exponential.
pub trait Real: Scalar {
    /// `e^x`. In `f32` this is our own vectorisable form (relative error below 2e-7); in `f64` the standard library's.
    #[must_use]
    fn exp(self) -> Self;
}

impl Real for f32 {
    #[inline]
    fn exp(self) -> Self {
        exponential::exp(self)
    }
}

impl Real for f64 {
    #[inline]
    fn exp(self) -> Self {
        self.exp()
    }
}
