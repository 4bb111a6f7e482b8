//! What the tests of several crates share; no crate uses it outside of its tests.
//!
//! | file | idea |
//! | --- | --- |
//! | `memory` | an allocator that counts |
//! | `mutate` | files with a few places changed, and the bars that a reader of them is held to |
//! | `readers` | every reader of foreign bytes as a function of those bytes, also for the search in `fuzz/` |
//! | `sound`, `files`, `reseal` | what readers accept agrees with itself; a small run with its files; other content under a checksum that fits |
//! | `program` | a temporary directory with the program in it |
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test stops at the first surprise"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
#![allow(missing_docs, clippy::must_use_candidate, reason = "only tests use it")]

pub mod files;
pub mod memory;
pub mod mutate;
pub mod program;
pub mod readers;
pub mod reseal;
pub mod sound;
