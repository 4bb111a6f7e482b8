//! Flags that several subcommands have.

pub(crate) mod data_source;
pub(crate) mod kept_runs;
pub(crate) mod settings;
pub(crate) mod stored_record;
pub(crate) mod table;
pub(crate) mod threads;
