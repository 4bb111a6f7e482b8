//! The reference constants that `PyTorch` computes: made anew, or compared with the stored ones.
//!
//! Every script `oracle/NAME.py` writes its constants to a default place and knows `--check`.
//! Modules that the scripts share are told from scripts the way Python does it: they have no `if
//! __name__ == "__main__":`.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::program::{program, succeed, works};
use crate::tree;
use crate::verdict::Verdict;
use crate::words::Mode;

/// Where a Python with `PyTorch` may be. A version manager's `python3` can hide the system's own,
/// which may have it.
const PYTHONS: [&str; 3] = [
    "target/oracle-venv/bin/python",
    "python3",
    "/usr/bin/python3",
];
/// The virtual environment that is made when none of them has it.
const VENV: &str = "target/oracle-venv";

/// Runs every script; makes a virtual environment first when no `PyTorch` is at hand.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<(), Error> {
    let scripts = scripts(root)?;
    if scripts.is_empty() {
        println!("there are no scripts in oracle/");
        return Ok(());
    }
    let python = match python_with_torch(root) {
        Some(python) => python,
        None => make_venv(root)?,
    };
    let complaints = complaints(root, python, &scripts, mode)?;
    Verdict::of(complaints, format!("{} scripts ran", scripts.len())).into_result("oracle")
}

/// Compares the stored constants when `PyTorch` is at hand, and is skipped otherwise.
pub(crate) fn check_if_possible(root: &Path) -> Result<Verdict, Error> {
    let Some(python) = python_with_torch(root) else {
        return Ok(Verdict::Skipped(
            "PyTorch not found; the stored constants were compared by the Rust tests".to_owned(),
        ));
    };
    let scripts = scripts(root)?;
    let complaints = complaints(root, python, &scripts, Mode::Check)?;
    Ok(Verdict::of(
        complaints,
        format!("{} scripts agree with the stored constants", scripts.len()),
    ))
}

fn scripts(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut scripts = Vec::new();
    for path in tree::files(root, "oracle", "py")? {
        if is_script(&tree::read(root, &path)?) {
            scripts.push(path);
        }
    }
    Ok(scripts)
}

fn is_script(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("if __name__ == "))
}

/// Runs every script even when one fails, so that one run shows all that differs.
fn complaints(
    root: &Path,
    python: &str,
    scripts: &[PathBuf],
    mode: Mode,
) -> Result<Vec<String>, Error> {
    let mut complaints = Vec::new();
    for script in scripts {
        println!("  {}", script.display());
        let mut command = program(root, python);
        command.arg(script);
        if mode == Mode::Check {
            command.arg("--check");
        }
        match succeed(&mut command) {
            Ok(()) => {}
            Err(failed @ Error::Status { .. }) => complaints.push(failed.to_string()),
            Err(other) => return Err(other),
        }
    }
    Ok(complaints)
}

fn python_with_torch(root: &Path) -> Option<&'static str> {
    PYTHONS
        .into_iter()
        .find(|python| works(program(root, python).args(["-c", "import torch"])))
}

fn make_venv(root: &Path) -> Result<&'static str, Error> {
    println!("  PyTorch not found: creating {VENV} with oracle/requirements.txt");
    succeed(program(root, "python3").args(["-m", "venv", VENV]))?;
    succeed(program(root, PYTHONS[0]).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        "oracle/requirements.txt",
    ]))?;
    Ok(PYTHONS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_scripts_share_is_not_run() {
        assert!(is_script(
            "import torch\n\nif __name__ == \"__main__\":\n    main()\n"
        ));
        assert!(!is_script(
            "\"\"\"Imported by the scripts.\"\"\"\n\ndef main():\n    print(__name__)\n"
        ));
    }
}
