//! The one place where result files are written.
//!
//! [`write_atomically`] promises: when it returns, the file is complete under its name and would
//! survive a power cut (on disks that flush when told to); when it fails or the process is killed,
//! a file of that name from before is untouched. A killed process may leave
//! `NAME.PROCESS-NUMBER.tmp`.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the atomic write that the ban points to"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

fn storage(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Storage {
        path,
        action,
        source,
    }
}

/// Writes a file so that it is there completely or not at all.
///
/// Steps: exclusive create of `<name>.<process>-<number>.tmp` beside it, write, sync, read back and
/// compare, rename, sync of the directory. Where a link has that name, the file that it leads to is
/// replaced, and the link stays.
///
/// # Errors
///
/// [`Error::Storage`] names the file and the step that failed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let target = if path.is_symlink() {
        &fs::canonicalize(path).map_err(storage(path, "follow this link"))?
    } else {
        path
    };
    let (temporary, file) = create_beside(target)?;
    let result = write_and_rename(target, &temporary, file, bytes);
    if result.is_err() {
        // The first error is the one to report; a leftover does no harm.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// A new file beside this one: never one that is there, such as what a killed process with the same
/// number left.
fn create_beside(path: &Path) -> Result<(PathBuf, File), Error> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{number}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
        {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => {
                return result
                    .map(|file| (temporary.clone(), file))
                    .map_err(storage(&temporary, "create"));
            }
        }
    }
}

/// The name of the file that a killed process was writing, if this is exactly what
/// [`write_atomically`] leaves then.
pub(crate) fn unfinished(name: &str) -> Option<&str> {
    let (target, rest) = name.strip_suffix(".tmp")?.rsplit_once('.')?;
    let (process, number) = rest.split_once('-')?;
    let is_number = |text: &str| {
        text.parse::<u64>()
            .is_ok_and(|number| number.to_string() == text)
    };
    (is_number(process) && is_number(number)).then_some(target)
}

/// Whether anything has this name, including dangling links.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn write_and_rename(
    path: &Path,
    temporary: &Path,
    mut file: File,
    bytes: &[u8],
) -> Result<(), Error> {
    let written = file.write_all(bytes).map_err(storage(temporary, "write"));
    let written = written.and_then(|()| file.sync_all().map_err(storage(temporary, "sync")));
    written.map_err(|error| with_space(error, bytes.len()))?;
    drop(file);
    if fs::read(temporary).map_err(storage(temporary, "read back"))? != bytes {
        let source = std::io::Error::other("the file read back differs from what was written");
        return Err(Error::Storage {
            path: temporary.to_owned(),
            action: "verify",
            source,
        });
    }
    fs::rename(temporary, path).map_err(storage(path, "rename into place"))?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(storage(directory, "sync"))
}

/// A full disk: how much was needed and how much is free.
fn with_space(error: Error, needed: usize) -> Error {
    match error {
        Error::Storage {
            path,
            action,
            source,
        } if matches!(
            source.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        ) =>
        {
            let free = path
                .parent()
                .and_then(free_bytes)
                .map_or_else(String::new, |free| format!(", {free} are free"));
            let source = std::io::Error::new(
                source.kind(),
                format!("needs {needed} bytes{free}: {source}"),
            );
            Error::Storage {
                path,
                action,
                source,
            }
        }
        error => error,
    }
}

/// Rejects what needs more space in a directory than there is, where the system tells how much that
/// is.
///
/// # Errors
///
/// [`Error::Storage`] with both numbers.
pub fn need_space(directory: &Path, needed: u64) -> Result<(), Error> {
    match free_bytes(directory) {
        Some(free) if free < needed => {
            let source = std::io::Error::new(
                ErrorKind::StorageFull,
                format!("needs {needed} bytes, {free} are free"),
            );
            Err(Error::Storage {
                path: directory.to_owned(),
                action: "store the files of this run",
                source,
            })
        }
        _ => Ok(()),
    }
}

/// Bytes that this user may still write in a directory, where the system tells.
fn free_bytes(directory: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(directory)
        .ok()
        .map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    #[cfg(not(unix))]
    return Some(directory).and(None);
}

/// Creates a directory and its parents.
///
/// # Errors
///
/// [`Error::Storage`].
pub fn make_directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(storage(path, "create this directory"))
}

/// Reads a text file of at most `most` bytes.
///
/// # Errors
///
/// [`Error::Storage`].
pub fn read_text(path: &Path, most: u64) -> Result<String, Error> {
    String::from_utf8(read_at_most(path, most)?).map_err(|_| Error::Storage {
        path: path.to_owned(),
        action: "read",
        source: std::io::Error::other("not UTF-8 text"),
    })
}

/// Reads a file of at most `most` bytes.
///
/// # Errors
///
/// [`Error::Storage`].
pub fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let found = fs::metadata(path);
    // A pipe or a device may never end. Whether it can be read at all is told by opening it.
    if found
        .as_ref()
        .is_ok_and(|found| !found.is_file() && !found.is_dir())
    {
        let source = std::io::Error::other("is a pipe or a device, expected a file");
        return Err(Error::Storage {
            path: path.to_owned(),
            action: "read",
            source,
        });
    }
    let file = File::open(path).map_err(storage(path, "open"))?;
    let mut bytes = Vec::new();
    let length = found.map_or(0, |found| found.len());
    if length <= most {
        // Room for all of it from the start: a buffer that grows takes three times as much.
        let room = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        bytes
            .try_reserve_exact(room)
            .map_err(|_| std::io::Error::other(format!("not enough memory for its {length} bytes")))
            .map_err(storage(path, "read"))?;
        file.take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(storage(path, "read"))?;
    }
    if length.max(bytes.len() as u64) > most {
        let source = std::io::Error::other(format!("larger than {most} bytes"));
        return Err(Error::Storage {
            path: path.to_owned(),
            action: "read",
            source,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        write_atomically(&path, b"first, longer").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_bears_the_name_of_a_temporary_file_is_passed_by() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        // Other tests of this process take numbers too.
        let names: Vec<_> = (0..2000)
            .map(|number| format!("a.json.{}-{number}.tmp", std::process::id()))
            .collect();
        for name in &names {
            fs::write(directory.path().join(name), "mine").unwrap();
        }
        write_atomically(&path, b"written").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"written");
        for name in &names {
            assert_eq!(
                fs::read(directory.path().join(name)).unwrap(),
                b"mine",
                "{name}"
            );
        }
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            names.len() + 1
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("elsewhere")).unwrap();
        fs::write(at("elsewhere/b.json"), "before").unwrap();
        std::os::unix::fs::symlink("elsewhere/b.json", at("a.json")).unwrap();
        write_atomically(&at("a.json"), b"after").unwrap();
        assert!(at("a.json").is_symlink() && fs::read(at("elsewhere/b.json")).unwrap() == b"after");
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        let message = write_atomically(&at("dangling"), b"x")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("dangling: cannot follow this link: ") && at("dangling").is_symlink(),
            "{message}"
        );
    }

    #[test]
    fn only_the_exact_form_of_a_leftover_is_one() {
        for (name, expected) in [
            ("run.toml.17-0.tmp", Some("run.toml")),
            ("a.4294967295-18446744073709551615.tmp", Some("a")),
            ("thesis.tmp", None),
            ("run.toml.tmp", None),
            ("run.toml.17.tmp", None),
            ("run.toml.017-1.tmp", None),
            ("run.toml.+17-1.tmp", None),
            ("run.toml.17-1-2.tmp", None),
            ("run.toml.17-1.tmp.bak", None),
            ("run.toml.17-x.tmp", None),
            ("17-1.tmp", None),
        ] {
            assert_eq!(unfinished(name), expected, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_may_never_end_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            let message = read_at_most(path, 1000).unwrap_err().to_string();
            assert!(
                message.ends_with("cannot read: is a pipe or a device, expected a file"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_missing_directory_is_named_and_an_old_file_survives_a_failure() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("no").join("a.json");
        let error = write_atomically(&missing, b"x").unwrap_err();
        assert!(
            error.is_storage() && error.to_string().contains("cannot create"),
            "{error}"
        );
        let occupied = directory.path().join("b");
        fs::create_dir(&occupied).unwrap();
        fs::write(occupied.join("inner"), b"kept").unwrap();
        assert!(
            write_atomically(&occupied, b"x")
                .unwrap_err()
                .to_string()
                .contains("cannot rename into place")
        );
        assert_eq!(fs::read(occupied.join("inner")).unwrap(), b"kept");
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "no leftover"
        );
    }

    #[test]
    fn a_file_larger_than_the_limit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("big");
        write_atomically(&path, &[0; 100]).unwrap();
        assert_eq!(read_at_most(&path, 100).unwrap().len(), 100);
        assert!(
            read_at_most(&path, 99)
                .unwrap_err()
                .to_string()
                .ends_with("larger than 99 bytes")
        );
    }
}
