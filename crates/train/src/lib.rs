//! spinet-train
