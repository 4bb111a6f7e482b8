//! The command `spinet`.
fn main() {}
