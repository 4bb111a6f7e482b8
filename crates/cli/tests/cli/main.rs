//! The command `spinet` as a person meets it: each test runs the built program in a directory of
//! its own.
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_testing::program as bench;
mod explaining;
mod figures;
mod given_files;
#[cfg(target_os = "linux")]
mod limits;
mod messages;
mod models;
mod own_data;
mod predictions;
mod registries;
mod reporting;
mod sample_counts;
mod streams;
mod sweeps;
mod timing;
mod training;
mod tuning;
