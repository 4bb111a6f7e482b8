//! spinet-lab
