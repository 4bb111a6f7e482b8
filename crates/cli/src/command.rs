//! The command line: the list of subcommands, and the one place where the program ends.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, report};
use crate::output::Output;

const EXAMPLES: &str = "\
Start here (no files needed, takes seconds):
  spinet train --rule bdnn-dsd --epochs 200
  spinet eval runs/mnist-1200-100-bdnn-dsd-seed0

More:
  spinet rules                      learning rules and their options
  spinet layers                     layer types and their options
  spinet data list                  available datasets
  spinet help train                 all training options

Exit codes: 0 success, 1 run failed, 2 invalid usage or input,
            3 storage error, 130 interrupted";

/// Train neural networks with brain-inspired learning rules.
///
/// Results are printed to standard output, progress and errors to standard error.
#[derive(Parser)]
#[command(name = "spinet", version, max_term_width = 100, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Every subcommand: one line here, one in `run`, one module.
#[derive(Subcommand)]
enum Command {
    Train(crate::commands::train::Train),
    Eval(crate::commands::eval::Eval),
    Predict(crate::commands::predict::Predict),
    Explain(crate::commands::explain::Explain),
    Inspect(crate::commands::inspect::Inspect),
    Export(crate::commands::export::Export),
    Reproduce(crate::commands::reproduce::Reproduce),
    Sweep(crate::commands::sweep::Sweep),
    Merge(crate::commands::merge::Merge),
    Report(crate::commands::report::Report),
    Tune(crate::commands::tune::Tune),
    Bench(crate::commands::bench::Bench),
    Rules(crate::commands::rules::Rules),
    Layers(crate::commands::layers::Layers),
    Data(crate::commands::data::Data),
    Completions(crate::commands::completions::Completions),
}

impl Command {
    fn run(&self, output: &mut Output) -> Result<(), Error> {
        match self {
            Self::Train(command) => command.run(output),
            Self::Eval(command) => command.run(output),
            Self::Predict(command) => command.run(output),
            Self::Explain(command) => command.run(output),
            Self::Inspect(command) => command.run(output),
            Self::Export(command) => command.run(output),
            Self::Reproduce(command) => command.run(output),
            Self::Sweep(command) => command.run(output),
            Self::Merge(command) => command.run(output),
            Self::Report(command) => command.run(output),
            Self::Tune(command) => command.run(output),
            Self::Bench(command) => command.run(output),
            Self::Rules(command) => command.run(output),
            Self::Layers(command) => command.run(output),
            Self::Data(command) => command.run(output),
            Self::Completions(command) => command.run(output),
        }
    }
}

/// Runs the program and says how it ended.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut output = Output::new();
    let result = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command.run(&mut output),
        // Help and version are answers; the rest is wrong use.
        Err(answer) if !answer.use_stderr() => write!(output, "{}", answer.render()),
        Err(error) => Err(Error::Usage(error)),
    };
    // What was already said comes before the error.
    match result.and(output.flush()) {
        Ok(()) | Err(Error::ClosedOutput) => ExitCode::SUCCESS,
        Err(error) => {
            output.note(&report(&error));
            ExitCode::from(error.exit_code())
        }
    }
}
