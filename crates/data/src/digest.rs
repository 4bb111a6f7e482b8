//! SHA-256 as lower-case hexadecimal text.

use std::fmt::Write;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

/// The SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of all that `reader` yields, in constant memory.
pub(crate) fn sha256_of_reader(reader: &mut dyn Read) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex(&digest.finalize())),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The SHA-256 of bytes that come piece by piece. That of many bytes is computed on a thread of its
/// own, beside what else is done with them.
#[derive(Default)]
pub(crate) struct Digesting {
    digest: Sha256,
    /// What is not digested yet.
    begun: Vec<u8>,
    worker: Option<Worker>,
}

impl Digesting {
    /// Bytes that are given to the thread at once.
    const PIECE: usize = 1 << 18;
    /// Pieces that may wait for the thread.
    const WAITING: usize = 4;

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        if self.begun.len() < Self::PIECE {
            return;
        }
        if self.worker.is_none() {
            self.worker = Worker::start(&self.digest);
        }
        let next = match &self.worker {
            Some(worker) => worker.used.try_recv().unwrap_or_default(),
            None => Vec::new(),
        };
        let piece = std::mem::replace(&mut self.begun, next);
        match &self.worker {
            // The thread takes pieces as long as there may be any.
            Some(worker) => drop(worker.pieces.send(piece)),
            None => self.digest.update(&piece),
        }
    }

    /// As hexadecimal text.
    pub(crate) fn finish(self) -> String {
        let mut digest = match self.worker {
            Some(worker) => worker.digest(),
            None => self.digest,
        };
        digest.update(&self.begun);
        hex(&digest.finalize())
    }
}

/// A thread that digests pieces.
struct Worker {
    pieces: SyncSender<Vec<u8>>,
    /// Memory that may be used again.
    used: Receiver<Vec<u8>>,
    thread: JoinHandle<Sha256>,
}

impl Worker {
    /// None where the system has no thread to give.
    fn start(digest: &Sha256) -> Option<Self> {
        let (pieces, waiting) = sync_channel::<Vec<u8>>(Digesting::WAITING);
        let (back, used) = channel();
        let mut digest = digest.clone();
        let work = move || {
            for mut piece in waiting {
                digest.update(&piece);
                piece.clear();
                // Nobody needs the memory at the end.
                let _ = back.send(piece);
            }
            digest
        };
        let thread = thread::Builder::new().spawn(work).ok()?;
        Some(Self {
            pieces,
            used,
            thread,
        })
    }

    fn digest(self) -> Sha256 {
        drop(self.pieces);
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Two lower-case hexadecimal digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_abc_is_the_published_one() {
        let published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), published);
        assert_eq!(sha256_of_reader(&mut &b"abc"[..]).unwrap(), published);
    }

    #[test]
    fn pieces_of_any_size_give_the_digest_of_the_whole() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        for size in [1_000, 100_000, 700_000, bytes.len()] {
            let mut digesting = Digesting::default();
            bytes.chunks(size).for_each(|piece| digesting.update(piece));
            assert_eq!(digesting.finish(), sha256_hex(&bytes), "pieces of {size}");
        }
        assert_eq!(Digesting::default().finish(), sha256_hex(b""));
    }
}
