//! Layer types.

pub(crate) mod activation;
pub(crate) mod dense;
pub(crate) mod registry;
