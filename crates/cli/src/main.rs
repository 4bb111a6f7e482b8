//! The command `spinet`: one module for each subcommand, listed in `command`.

mod bench;
mod command;
mod completions;
mod data;
mod data_source;
mod error;
mod escape;
mod eval;
mod fetch_bar;
mod histogram;
mod inspect;
mod interrupt;
mod kept_runs;
mod layers;
mod merge;
mod model_data;
mod model_file;
mod number;
mod output;
mod parameters;
mod predict;
mod report;
mod reproduce;
mod reproduce_bar;
mod rules;
mod sample_counts;
mod scores;
mod settings;
mod slow_kernel;
mod spines;
mod stored_record;
mod sweep;
mod threads;
mod train;
mod train_bar;
mod tune;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main(std::env::args_os())
}
