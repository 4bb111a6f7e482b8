//! Sets of CIFAR's binary files: found, checked, read, drawn from, and refused.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests write to their own temporary folder and stop at the first surprise"
)]
#![allow(
    clippy::naive_bytecount,
    reason = "counting a few labels needs no crate"
)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod archives;
mod draws;
mod files;
mod real;
mod tiny_set;

use std::path::Path;

use spinet_data::Source;

fn from(folder: &Path) -> Source {
    Source {
        data_dir: Some(folder.to_owned()),
        allow_unverified: false,
    }
}

fn unverified(folder: &Path) -> Source {
    Source {
        data_dir: Some(folder.to_owned()),
        allow_unverified: true,
    }
}
