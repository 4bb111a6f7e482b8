//! `spinet completions`: shell completion of commands and flags.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::command::Cli;
use crate::error::Error;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  spinet completions bash > ~/.local/share/bash-completion/completions/spinet
  spinet completions fish > ~/.config/fish/completions/spinet.fish";

/// Print a shell completion script.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// Shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "spinet", &mut script);
        output.bytes(&script)
    }
}
