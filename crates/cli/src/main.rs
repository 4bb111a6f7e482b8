//! The command `spinet`: one module for each subcommand, listed in `command`.

mod allocator;
mod command;
mod commands;
mod error;
mod flags;
mod interrupt;
mod model_data;
mod model_file;
mod output;
mod show;
mod slow_kernel;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::respect_limits();
    command::main(std::env::args_os())
}
