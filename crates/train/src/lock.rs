//! The lock of a run directory: one process uses it at a time.
//!
//! The operating system releases the lock when the process ends, however it ends; nothing must be
//! cleaned up manually.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;

const NAME: &str = "spinet.lock";
/// More bytes than the number of a process takes.
const LONGEST: u64 = 20;

/// A lock that is held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Its closing gives the lock back.
    file: File,
}

impl Lock {
    /// Takes the lock of a directory and writes down which process holds it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if another process holds it, [`Error::NotOurs`] for a file that is no lock
    /// of this program, [`Error::Storage`].
    pub(crate) fn take(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(NAME);
        let storage = |action| {
            let path = path.clone();
            move |source| Error::Storage {
                path,
                action,
                source,
            }
        };
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path);
            let mut file = file.map_err(storage("create"))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked {
                        directory: directory.to_owned(),
                        holder: holder(&path),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(storage("lock")(source)),
            }
            // Whoever held it before may have removed the file after it was opened here.
            if is_at(&file, &path) {
                let mut found = Vec::new();
                (&file)
                    .take(LONGEST + 1)
                    .read_to_end(&mut found)
                    .map_err(storage("read"))?;
                if found.len() as u64 > LONGEST || !found.iter().all(u8::is_ascii_digit) {
                    return Err(Error::NotOurs { path });
                }
                let written = file
                    .set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| write!(file, "{}", std::process::id()));
                written.map_err(storage("write"))?;
                return Ok(Self { path, file });
            }
        }
    }

    /// Fails if the directory was removed, or another one is in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if is_at(&self.file, &self.path) {
            return Ok(());
        }
        let path = self.path.parent().unwrap_or(&self.path).to_owned();
        let source = std::io::Error::other("it was removed or replaced during the run");
        Err(Error::Storage {
            path,
            action: "save in this directory",
            source,
        })
    }
}

/// Whether the open file is still the one with this name.
fn is_at(file: &File, path: &Path) -> bool {
    file.metadata()
        .ok()
        .zip(path.metadata().ok())
        .is_some_and(|(ours, found)| is_same_file(&ours, &found))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held nobody else can hold it, unless the directory is another one by now; a
        // file that stays does no harm.
        #[cfg(unix)]
        if is_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// What the holder wrote down; it does so right after it took the lock, so an empty file is looked
/// at again.
fn holder(path: &Path) -> String {
    for _ in 0..50 {
        let mut text = String::new();
        let _ = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        if !text.trim().is_empty() {
            return text.trim().escape_default().to_string();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    "unknown".to_owned()
}

#[cfg(unix)]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Here the file is never removed.
#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_nothing_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let lock = Lock::take(directory.path()).unwrap();
        let message = Lock::take(directory.path()).unwrap_err().to_string();
        assert!(
            message.contains(&format!(
                "run directory is in use by another process (process {})",
                std::process::id()
            )),
            "{message}"
        );
        drop(lock);
        assert_eq!(
            std::fs::read_dir(directory.path()).unwrap().count(),
            usize::from(cfg!(not(unix)))
        );
        Lock::take(directory.path()).unwrap();
    }

    #[test]
    #[allow(
        clippy::disallowed_methods,
        reason = "a file of somebody else in a temporary directory"
    )]
    fn a_file_of_somebody_else_is_refused_and_left_and_one_of_a_killed_process_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        for foreign in ["thesis", "12 monkeys", "\u{e9}"] {
            std::fs::write(&path, foreign).unwrap();
            let message = Lock::take(directory.path()).unwrap_err().to_string();
            assert!(
                message.contains("spinet.lock: not written by spinet, so it is not overwritten"),
                "{message}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
        for left in ["", "4000000000"] {
            std::fs::write(&path, left).unwrap();
            let lock = Lock::take(directory.path()).unwrap();
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                std::process::id().to_string()
            );
            drop(lock);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_is_removed_or_replaced_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("run");
        std::fs::create_dir(&directory).unwrap();
        let lock = Lock::take(&directory).unwrap();
        lock.check().unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        let expected =
            "run: cannot save in this directory: it was removed or replaced during the run";
        assert!(lock.check().unwrap_err().to_string().ends_with(expected));
        std::fs::create_dir(&directory).unwrap();
        let other = Lock::take(&directory).unwrap();
        assert!(lock.check().unwrap_err().to_string().ends_with(expected));
        drop(lock);
        other.check().unwrap();
    }

    #[test]
    fn threads_that_come_and_go_never_hold_it_together() {
        let directory = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        let Ok(lock) = Lock::take(directory.path()) else {
                            continue;
                        };
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
