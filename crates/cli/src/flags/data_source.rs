//! The flags that say where datasets are.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use spinet::Source;

/// Where the files of datasets are.
#[derive(clap::Args)]
pub(crate) struct DataDirectory {
    /// Directory of dataset files, downloaded or your own; not needed for built-in datasets.
    #[arg(
        long,
        value_name = "DIR",
        env = "SPINET_DATA",
        hide_env_values = true,
        help_heading = "Environment"
    )]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    data_dir: Option<PathBuf>,
}

impl DataDirectory {
    /// The directory; an empty variable is none.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.data_dir
            .as_deref()
            .filter(|path| !path.as_os_str().is_empty())
    }
}

/// Where datasets are, and which versions are used.
#[derive(clap::Args)]
pub(crate) struct DataSource {
    #[command(flatten)]
    directory: DataDirectory,
    /// Accept dataset files whose SHA-256 differs from the official one.
    #[arg(long, help_heading = "Environment")]
    allow_unverified: bool,
}

impl DataSource {
    pub(crate) fn source(&self) -> Source {
        Source {
            data_dir: self.directory.path().map(Path::to_owned),
            allow_unverified: self.allow_unverified,
        }
    }
}
