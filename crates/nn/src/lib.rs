//! spinet-nn
