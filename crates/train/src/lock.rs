//! The lock of a run directory: one process works there at a time.
//!
//! The system takes the lock back when the process ends, however it ends; nothing has to be cleared away by hand.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;

const NAME: &str = "lock";

/// A lock that is held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Its closing gives the lock back.
    _file: File,
}

impl Lock {
    /// Takes the lock of a directory and writes down which process holds it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if another process holds it, [`Error::Storage`].
    pub(crate) fn take(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(NAME);
        let storage = |action| {
            let path = path.clone();
            move |source| Error::Storage { path, action, source }
        };
        loop {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = file.map_err(storage("create"))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Locked { directory: directory.to_owned(), holder: holder(&path) }),
                Err(TryLockError::Error(source)) => return Err(storage("lock")(source)),
            }
            // Whoever held it before may have removed the file after it was opened here.
            let is_same = file.metadata().ok().zip(path.metadata().ok()).is_some_and(|(ours, found)| is_same_file(&ours, &found));
            if is_same {
                file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(storage("write"))?;
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is held nobody else can hold it; a file that stays does no harm.
        #[cfg(unix)]
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What the holder wrote down; it does so right after it took the lock, so an empty file is looked at again.
fn holder(path: &Path) -> String {
    for _ in 0..50 {
        let mut text = String::new();
        let _ = File::open(path).and_then(|file| file.take(20).read_to_string(&mut text));
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
        assert!(message.contains(&format!("another process works in this run directory (process {})", std::process::id())), "{message}");
        drop(lock);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), usize::from(cfg!(not(unix))));
        Lock::take(directory.path()).unwrap();
    }

    #[test]
    fn threads_that_come_and_go_never_hold_it_together() {
        let directory = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        let Ok(lock) = Lock::take(directory.path()) else { continue };
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
