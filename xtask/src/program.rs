//! Running other programs: their output passes through, they get no input, and every failure names
//! the command line.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Error;

/// A program that starts in the repository's root and reads nothing from the terminal.
///
/// A bare name is looked up in `PATH`; a path is taken from the root.
pub(crate) fn program(root: &Path, name: &str) -> Command {
    let mut command = if name.contains('/') {
        Command::new(root.join(name))
    } else {
        Command::new(name)
    };
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// The cargo that runs this task.
///
/// `cargo run` describes the package xtask in the environment. Build scripts that watch those
/// variables would see a change and build again, so they are taken out: the child then behaves as
/// if it was typed by hand.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = program(
        root,
        &env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()),
    );
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_MANIFEST_")
            || text == "CARGO_PRIMARY_PACKAGE"
        {
            command.env_remove(text);
        }
    }
    command
}

/// Runs the command with its output passed through; anything but success is an error.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|source| Error::Start {
        command: line(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Status {
            command: line(command),
            status,
        })
    }
}

/// Runs the command and returns what it printed to stdout; stderr passes through.
pub(crate) fn stdout(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Start {
            command: line(command),
            source,
        })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Status {
            command: line(command),
            status: output.status,
        })
    }
}

/// Whether the command can be run and succeeds; all its output is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command line as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut text = name.to_string_lossy().into_owned();
    for word in command.get_args() {
        text.push(' ');
        text.push_str(&word.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_shown_without_the_folder_of_the_program() {
        let mut command = program(Path::new("."), "/usr/bin/cargo");
        command.args(["fmt", "--all"]);
        assert_eq!(line(&command), "cargo fmt --all");
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error_that_names_it() {
        let mut command = program(Path::new("."), "no-such-program-of-ours");
        assert!(!works(&mut command));
        assert!(
            succeed(&mut command)
                .unwrap_err()
                .to_string()
                .starts_with("`no-such-program-of-ours` could not be run: ")
        );
    }
}
