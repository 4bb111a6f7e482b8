//! A temporary directory with the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The program that was built beside this test.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join(format!("spinet{}", std::env::consts::EXE_SUFFIX))
}

/// A directory for one test.
pub struct Bench(TempDir);

/// What the program said and how it ended.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl Bench {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with these words, which are separated by spaces.
    pub fn command(&self, words: &str) -> Command {
        self.command_of(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub fn command_of(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(words)
            .current_dir(self.0.path())
            .env_remove("SPINET_DATA");
        command
    }

    pub fn run(&self, words: &str) -> Answer {
        Answer::of(&self.command(words).output().unwrap())
    }

    /// What the program prints when all is well.
    pub fn done(&self, words: &str) -> String {
        self.run(words).done()
    }

    /// Trains a small network into `directory`.
    pub fn train(&self, directory: &str, flags: &str) -> String {
        self.done(&format!(
            "train --hidden 10 --epochs 5 --rule bdnn-dsd --out {directory} {flags}"
        ))
    }

    /// Runs with this exit code and returns standard error.
    pub fn refused(&self, code: i32, words: &str) -> String {
        let answer = self.run(words);
        assert_eq!(
            answer.code, code,
            "{words}\n{}{}",
            answer.stdout, answer.stderr
        );
        assert!(answer.stderr.starts_with("spinet: "), "{}", answer.stderr);
        answer.stderr
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }
}

impl Answer {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }
}

/// A record without its digest, as version 0.1.0 wrote it.
pub fn unsealed(record: &str) -> String {
    record.rsplit_once(",\n\"sha256\": ").unwrap().0.to_owned() + "}\n"
}

/// Names in a directory, sorted.
pub fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
