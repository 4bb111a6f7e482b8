//! Work on the parts of a stream on several threads, taken in and merged in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use crate::error::Error;

/// More threads than this only wait for the one that reads.
const MAX_THREADS: usize = 8;

/// Takes parts from `next`, turns each into a result with `work`, and gives the results to `merge`
/// in the order of the parts, so that what comes out does not depend on the number of threads.
///
/// # Errors
///
/// The first of `next` or `merge`.
pub(super) fn in_parts<P: Send, R: Send>(
    next: &mut dyn FnMut() -> Result<Option<P>, Error>,
    work: &(dyn Fn(P) -> R + Sync),
    merge: &mut dyn FnMut(R) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(first) = next()? else { return Ok(()) };
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MAX_THREADS);
    let second = next()?;
    if threads == 1 || second.is_none() {
        merge(work(first))?;
        let mut part = second;
        while let Some(found) = part {
            merge(work(found))?;
            part = next()?;
        }
        return Ok(());
    }
    let (jobs, waiting) = mpsc::sync_channel::<(usize, P)>(threads);
    let waiting = Mutex::new(waiting);
    let (results, done) = mpsc::channel::<(usize, R)>();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (waiting, results) = (&waiting, results.clone());
            scope.spawn(move || {
                loop {
                    // The lock is released before the work.
                    let job = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok((index, part)) = job else { return };
                    if results.send((index, work(part))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut queue = [Some(first), second].into_iter().flatten();
        let (mut sent, mut merged, mut early) = (0, 0, BTreeMap::new());
        let mut is_end = false;
        loop {
            while !is_end && sent - merged <= threads {
                let part = match queue.next() {
                    Some(part) => Some(part),
                    None => next()?,
                };
                match part.map(|part| jobs.send((sent, part))) {
                    Some(Ok(())) => sent += 1,
                    _ => is_end = true,
                }
            }
            if merged == sent {
                // Dropping `jobs` ends the threads.
                drop(jobs);
                return Ok(());
            }
            let Ok((index, result)) = done.recv() else {
                return Ok(());
            };
            early.insert(index, result);
            while let Some(result) = early.remove(&merged) {
                merged += 1;
                merge(result)?;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_merged_in_the_order_of_the_parts() {
        for count in [0, 1, 2, 3, 100] {
            let (mut parts, mut merged) = (0..count, Vec::new());
            in_parts(
                &mut || Ok(parts.next()),
                &|part: u32| {
                    // The first ones take longest.
                    let rounds = (100 - part) * 1000;
                    assert!((0..rounds).map(u64::from).sum::<u64>() < u64::MAX);
                    part
                },
                &mut |result| {
                    merged.push(result);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(merged, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let fail = || Err(Error::FoldCount { found: 1 });
        let mut parts = 0..50;
        let mut merged = 0;
        let result = in_parts(&mut || Ok(parts.next()), &|part: u32| part, &mut |_| {
            merged += 1;
            if merged == 3 { fail() } else { Ok(()) }
        });
        assert!(result.is_err() && merged == 3);
        let mut read = 0;
        let result = in_parts(
            &mut || {
                read += 1;
                if read == 5 {
                    fail().map(|()| None)
                } else {
                    Ok(Some(1))
                }
            },
            &|part: u32| part,
            &mut |_| Ok(()),
        );
        assert!(result.is_err());
    }
}
