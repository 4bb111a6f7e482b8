//! The examples are the files beside this one: `cargo run --release --example 01_first_run`.

/// The examples of the project's README run as they are written there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
