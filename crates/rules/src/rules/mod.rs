//! The rules, a file each.

pub(crate) mod bdnn_dsd;
pub(crate) mod drop_connect;
pub(crate) mod dropout;
pub(crate) mod feedback_alignment;
pub(crate) mod filter_pruning;
pub(crate) mod grapes;
pub(crate) mod l1;
pub(crate) mod l2;
pub(crate) mod magnitude_pruning;
pub(crate) mod max_norm;
pub(crate) mod meprop;
pub(crate) mod sd_snn_bounds;
pub(crate) mod synaptic_pruning;
pub(crate) mod weight_range;

pub use bdnn_dsd::{Algorithm1, BdnnDsd};
pub use drop_connect::DropConnect;
pub use dropout::Dropout;
pub use feedback_alignment::FeedbackAlignment;
pub use filter_pruning::FilterPruning;
pub use grapes::Grapes;
pub use l1::L1;
pub use l2::L2;
pub use magnitude_pruning::MagnitudePruning;
pub use max_norm::MaxNorm;
pub use meprop::MeProp;
pub use sd_snn_bounds::SdSnnBounds;
pub use synaptic_pruning::SynapticPruning;
pub use weight_range::WeightRange;
