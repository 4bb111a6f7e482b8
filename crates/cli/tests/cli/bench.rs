//! A temporary directory with the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A directory for one test.
pub(crate) struct Bench(TempDir);

/// What the program said and how it ended.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with these words, which are separated by spaces.
    pub(crate) fn command(&self, words: &str) -> Command {
        self.command_of(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn command_of(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spinet"));
        command.args(words).current_dir(self.0.path()).env_remove("SPINET_DATA");
        command
    }

    pub(crate) fn run(&self, words: &str) -> Answer {
        Answer::of(&self.command(words).output().unwrap())
    }

    /// What the program prints when all is well.
    pub(crate) fn done(&self, words: &str) -> String {
        self.run(words).done()
    }

    /// Trains a small network into `directory`.
    pub(crate) fn train(&self, directory: &str, flags: &str) -> String {
        self.done(&format!("train --hidden 10 --epochs 5 --rule bdnn-dsd --out {directory} {flags}"))
    }

    /// Runs with this exit code and returns standard error.
    pub(crate) fn refused(&self, code: i32, words: &str) -> String {
        let answer = self.run(words);
        assert_eq!(answer.code, code, "{words}\n{}{}", answer.stdout, answer.stderr);
        assert!(answer.stderr.starts_with("spinet: "), "{}", answer.stderr);
        answer.stderr
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code().unwrap(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }
}

/// A record without its digest, as version 0.1.0 wrote it.
pub(crate) fn unsealed(record: &str) -> String {
    record.rsplit_once(",\n\"sha256\": ").unwrap().0.to_owned() + "}\n"
}

/// Names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
