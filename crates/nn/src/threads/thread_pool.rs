//! A team of threads for tasks of a few microseconds.
//!
//! A training step hands out work about ten times, each time for less than a millisecond. Threads
//! that sleep in between would spend most of that waking up, so a member looks for the next job for
//! a short while before it sleeps.
//!
//! One number says everything about the present job: how many tasks it has and how many were taken.
//! Taking a task is adding one to it, so a member that comes late finds nothing to take and touches
//! nothing.
#![allow(
    unsafe_code,
    reason = "a job lives on the stack of the caller, who waits until no member uses it"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Times that a waiting thread looks before it lets others run, and times that it does that before
/// it sleeps. A team that is larger than the machine lets others run at once: what it waits for may
/// need this core.
const LOOKS: usize = 4000;
const YIELDS: usize = 50;

/// A job: what is called with the number of each task. Points to the stack of the caller.
struct Job<'a>(&'a (dyn Fn(usize) + Sync));

/// What all members see.
struct Shared {
    looks: usize,
    /// Number of the job (16 bits), tasks (24 bits), tasks taken (24 bits).
    state: AtomicU64,
    job: AtomicPtr<Job<'static>>,
    done: AtomicUsize,
    has_panicked: AtomicBool,
    is_over: AtomicBool,
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

const TAKEN: u32 = 24;
const MASK: u64 = (1 << TAKEN) - 1;

/// Threads that wait for jobs; the caller of a job is one of them.
pub(crate) struct ThreadPool {
    shared: Arc<Shared>,
    members: Vec<JoinHandle<()>>,
    /// Held by the caller of the present job.
    caller: Mutex<u64>,
}

impl ThreadPool {
    /// A team of `count` threads, the calling thread among them.
    pub(crate) fn new(count: usize) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            looks: if count > cores { 0 } else { LOOKS },
            state: AtomicU64::new(0),
            job: AtomicPtr::new(std::ptr::null_mut()),
            done: AtomicUsize::new(0),
            has_panicked: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            wake: Condvar::new(),
        });
        let mut team = Self {
            shared,
            members: Vec::new(),
            caller: Mutex::new(0),
        };
        for _ in 1..count {
            let shared = Arc::clone(&team.shared);
            team.members.push(
                std::thread::Builder::new()
                    .name("spinet".to_owned())
                    .spawn(move || shared.serve())?,
            );
        }
        Ok(team)
    }

    /// How many threads there are.
    pub(crate) fn count(&self) -> usize {
        self.members.len() + 1
    }

    /// Calls `task` with every number below `count`, and returns when all calls have.
    ///
    /// A call from within a task, or while another thread has a job running, is done by its caller
    /// alone.
    ///
    /// # Panics
    ///
    /// If a task does.
    pub(crate) fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        let Some(mut number) = self
            .caller
            .try_lock()
            .ok()
            .filter(|_| count > 1 && (count as u64) < MASK)
        else {
            return (0..count).for_each(task);
        };
        let shared = &*self.shared;
        let job = Job(task);
        *number += 1;
        shared.done.store(0, Ordering::Relaxed);
        shared
            .job
            .store((&raw const job).cast_mut().cast(), Ordering::Relaxed);
        shared.state.store(
            *number << (2 * TAKEN) | (count as u64) << TAKEN,
            Ordering::SeqCst,
        );
        if shared.sleepers.load(Ordering::SeqCst) > 0 {
            let _lock = shared.lock.lock().unwrap_or_else(PoisonError::into_inner);
            shared.wake.notify_all();
        }
        // Tasks of the caller may panic; members use `job` until theirs are done all the same.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while let Some(index) = shared.take() {
                let _done = Done(&shared.done);
                task(index);
            }
        }));
        if outcome.is_err() {
            // What nobody has taken yet is not started any more.
            while shared.take().is_some() {
                shared.done.fetch_add(1, Ordering::Release);
            }
        }
        while !shared.looked(|| shared.done.load(Ordering::Acquire) == count) {}
        drop(number);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
        assert!(
            !shared.has_panicked.swap(false, Ordering::Relaxed),
            "a task of another thread panicked"
        );
    }
}

/// Counts a task as done, also when it panics.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Shared {
    /// Takes the next task of the present job, if there is one left.
    fn take(&self) -> Option<usize> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let (tasks, taken) = (state >> TAKEN & MASK, state & MASK);
            if taken >= tasks {
                return None;
            }
            match self.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(taken as usize),
                Err(now) => state = now,
            }
        }
    }

    /// What a member does all its life.
    fn serve(&self) {
        while !self.is_over.load(Ordering::Acquire) {
            let seen = self.state.load(Ordering::Acquire);
            while let Some(index) = self.take() {
                // SAFETY: a task was taken and is not done, so the caller of its job waits in
                // `each`, and `job`, which was stored before the task could be taken, points to its
                // stack.
                let job = unsafe { &*self.job.load(Ordering::Acquire) };
                let done = Done(&self.done);
                if catch_unwind(AssertUnwindSafe(|| job.0(index))).is_err() {
                    self.has_panicked.store(true, Ordering::Relaxed);
                }
                drop(done);
            }
            let is_new = || self.is_over.load(Ordering::Acquire) || self.has_task(seen);
            if !self.looked(is_new) {
                self.sleep(is_new);
            }
        }
    }

    /// Whether there is a task to take in a state other than `seen`.
    fn has_task(&self, seen: u64) -> bool {
        let state = self.state.load(Ordering::SeqCst);
        state != seen && (state & MASK) < (state >> TAKEN & MASK)
    }

    fn sleep(&self, is_new: impl Fn() -> bool) {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while !is_new() {
            lock = self.wake.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Looks for a short while; whether it came true.
    fn looked(&self, is_true: impl Fn() -> bool) -> bool {
        for _ in 0..self.looks {
            if is_true() {
                return true;
            }
            std::hint::spin_loop();
        }
        for _ in 0..YIELDS {
            if is_true() {
                return true;
            }
            std::thread::yield_now();
        }
        false
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(self.shared.lock.lock());
        self.shared.wake.notify_all();
        for member in self.members.drain(..) {
            // A member's panics were caught where they happened.
            let _ = member.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Miri tries other interleavings and is a thousand times slower.
    const JOBS: usize = if cfg!(miri) { 20 } else { 2000 };

    #[test]
    fn every_task_is_done_exactly_once_job_after_job() {
        for members in [1, 2, 3, 8] {
            let team = ThreadPool::new(members).unwrap();
            assert_eq!(team.count(), members);
            for job in 0..JOBS {
                let count = job % 7;
                let calls: Vec<_> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                team.each(count, &|index| {
                    calls[index].fetch_add(1, Ordering::Relaxed);
                });
                assert!(
                    calls.iter().all(|calls| calls.load(Ordering::Relaxed) == 1),
                    "{members} members, job {job}"
                );
            }
        }
    }

    #[test]
    fn members_that_fell_asleep_are_woken() {
        let team = ThreadPool::new(2).unwrap();
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(30));
            // Both tasks wait for each other, so they need two threads.
            let arrived = AtomicUsize::new(0);
            team.each(2, &|_| {
                arrived.fetch_add(1, Ordering::SeqCst);
                while arrived.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
            });
        }
    }

    #[test]
    fn a_job_within_a_task_and_one_from_another_thread_are_done_too() {
        let team = ThreadPool::new(2).unwrap();
        let calls = AtomicUsize::new(0);
        let count = |_: usize| {
            calls.fetch_add(1, Ordering::Relaxed);
        };
        team.each(3, &|_| team.each(5, &count));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..JOBS / 20).for_each(|_| team.each(5, &count)));
            }
        });
        assert_eq!(calls.load(Ordering::Relaxed), 15 + 4 * (JOBS / 20) * 5);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_goes_on() {
        let team = ThreadPool::new(3).unwrap();
        for bad in 0..6 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                team.each(6, &|index| assert!(index != bad, "task {bad}"));
            }));
            assert!(outcome.is_err(), "task {bad}");
        }
        let sum = AtomicUsize::new(0);
        team.each(100, &|index| {
            sum.fetch_add(index, Ordering::Relaxed);
        });
        assert_eq!(sum.load(Ordering::Relaxed), 4950);
    }
}
