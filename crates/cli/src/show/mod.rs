//! How results and progress are shown.

pub(crate) mod assessment;
pub(crate) mod escape;
pub(crate) mod fetch_bar;
pub(crate) mod histogram;
pub(crate) mod network;
pub(crate) mod number;
pub(crate) mod parameters;
pub(crate) mod predictions;
pub(crate) mod reproduce_bar;
pub(crate) mod sample_counts;
pub(crate) mod scores;
pub(crate) mod spines;
pub(crate) mod train_bar;
