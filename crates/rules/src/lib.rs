//! spinet-rules
