//! spinet-data
