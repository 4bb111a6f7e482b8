//! Several runs at once: the cores are used by whole runs first, and within a run only when there
//! are fewer runs than cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use spinet_nn::Threads;

use crate::Error;

/// Calls `task` once for every number below `count`, on `threads` threads in all, and returns the
/// results in order.
///
/// Each call gets the threads it may use itself. Numbers are taken in order, so put long runs
/// first. After the first error no new run is started, and that error (of the lowest number) is
/// returned.
///
/// # Errors
///
/// The first error of a task, or [`Error::Network`] if threads cannot be started.
pub fn each_run<T: Send, E: From<Error> + Send>(
    threads: usize,
    count: usize,
    task: impl Fn(usize, Threads) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let workers = threads.min(count).max(1);
    let next = AtomicUsize::new(0);
    let has_failed = std::sync::atomic::AtomicBool::new(false);
    let results: Mutex<Vec<(usize, Result<T, E>)>> = Mutex::new(Vec::with_capacity(count));
    let share = |worker: usize| threads / workers + usize::from(worker < threads % workers);
    let pools = (0..workers)
        .map(|worker| Threads::new(share(worker).max(1)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::from)?;
    std::thread::scope(|scope| {
        for pool in pools {
            let (next, results, task, has_failed) = (&next, &results, &task, &has_failed);
            let worker = move || {
                while !has_failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = task(index, pool.clone());
                    has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    results
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((index, result));
                }
            };
            let started = std::thread::Builder::new().spawn_scoped(scope, worker);
            if let Err(source) = started {
                has_failed.store(true, Ordering::Relaxed);
                return Err(spinet_nn::Error::Threads {
                    count: workers,
                    source,
                });
            }
        }
        Ok(())
    })
    .map_err(Error::from)?;
    let mut results = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_threads_are_shared_out() {
        for (threads, count, expected) in
            [(1, 3, vec![1, 1, 1]), (4, 2, vec![2, 2]), (3, 1, vec![3])]
        {
            let shares = each_run(threads, count, |index, pool| {
                Ok::<_, Error>((index, pool.count()))
            })
            .unwrap();
            assert_eq!(
                shares.iter().map(|share| share.0).collect::<Vec<_>>(),
                (0..count).collect::<Vec<_>>()
            );
            assert_eq!(
                shares.iter().map(|share| share.1).collect::<Vec<_>>(),
                expected,
                "{threads} threads, {count} runs"
            );
        }
    }

    #[test]
    fn an_error_stops_the_rest() {
        let started = AtomicUsize::new(0);
        let result = each_run(1, 10, |index, _| {
            started.fetch_add(1, Ordering::Relaxed);
            if index == 2 {
                Err(Error::Features {
                    expected: 1,
                    found: 2,
                })
            } else {
                Ok(index)
            }
        });
        assert!(matches!(result, Err(Error::Features { .. })));
        assert_eq!(started.into_inner(), 3);
    }
}
