//! The rules, a file each.

pub(crate) mod bdnn_dsd;
pub(crate) mod drop_connect;
pub(crate) mod dropout;
pub(crate) mod feedback_alignment;
pub(crate) mod grapes;
pub(crate) mod l1;
pub(crate) mod l2;
pub(crate) mod magnitude_pruning;
pub(crate) mod max_norm;
pub(crate) mod meprop;
pub(crate) mod sd_snn_bounds;
pub(crate) mod synaptic_pruning;
