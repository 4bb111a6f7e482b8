//! Layer types.

pub(crate) mod activation;
pub(crate) mod add;
mod batch_norm;
pub(crate) mod conv2d;
pub(crate) mod dense;
pub(crate) mod flatten;
pub(crate) mod pool;
pub(crate) mod registry;
mod unit_sums;
