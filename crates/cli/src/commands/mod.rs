//! The subcommands, one module each.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod data;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod folds;
pub(crate) mod inspect;
pub(crate) mod layers;
pub(crate) mod merge;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod reproduce;
pub(crate) mod rules;
pub(crate) mod sweep;
pub(crate) mod train;
pub(crate) mod tune;
