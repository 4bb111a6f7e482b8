//! The number types of the engine with what networks need beyond `spinet_rules::Buildable`: an
//! exponential.

use spinet_rules::Buildable;

use crate::layers::registry::{Builder, Make};
use crate::simd::exponential;

/// `f32` or `f64` with an exponential.
pub trait Real: Buildable {
    /// `e^x`. In `f32` this is our own vectorizable form (relative error below 2e-7); in `f64` the
    /// standard library's.
    #[must_use]
    fn exp(self) -> Self;

    /// The number of a byte; exact.
    #[must_use]
    fn from_byte(byte: u8) -> Self;

    #[doc(hidden)]
    fn builder(make: &Make) -> Builder<Self>;

    /// The same numbers, if the type is `f32`.
    #[doc(hidden)]
    fn single(values: &[Self]) -> Option<&[f32]>;

    /// The same numbers, if the type is `f32`.
    #[doc(hidden)]
    fn single_mut(values: &mut [Self]) -> Option<&mut [f32]>;
}

impl Real for f32 {
    #[inline]
    fn exp(self) -> Self {
        exponential::exp(self)
    }
    #[inline]
    fn from_byte(byte: u8) -> Self {
        f32::from(byte)
    }
    fn builder(make: &Make) -> Builder<Self> {
        make.single
    }
    fn single(values: &[Self]) -> Option<&[f32]> {
        Some(values)
    }
    fn single_mut(values: &mut [Self]) -> Option<&mut [f32]> {
        Some(values)
    }
}

impl Real for f64 {
    #[inline]
    fn exp(self) -> Self {
        self.exp()
    }
    #[inline]
    fn from_byte(byte: u8) -> Self {
        f64::from(byte)
    }
    fn builder(make: &Make) -> Builder<Self> {
        make.double
    }
    fn single(_: &[Self]) -> Option<&[f32]> {
        None
    }
    fn single_mut(_: &mut [Self]) -> Option<&mut [f32]> {
        None
    }
}
