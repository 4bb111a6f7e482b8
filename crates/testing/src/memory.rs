//! An allocator that counts, for each thread, the bytes in use, their peak and the largest single
//! request.

#![allow(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; it only counts and passes on"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

pub struct Counting;

/// `realloc` is left to its default of a new block, a copy and a release, so that both blocks
/// count.
// SAFETY: every request goes to the system's allocator unchanged; the counters are cells of this
// thread, need no allocation and cannot unwind.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _ = IN_USE.try_with(|in_use| in_use.set(in_use.get() - layout.size().cast_signed()));
        // SAFETY: the block came from the system's allocator with the same layout.
        unsafe { System.dealloc(block, layout) }
    }
}

fn taken(size: usize) {
    let _ = IN_USE.try_with(|in_use| {
        in_use.set(in_use.get() + size.cast_signed());
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(in_use.get())));
    });
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
}

/// What a call needed beyond what was in use before it, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub peak: usize,
    pub largest: usize,
}

/// Runs `call` and reports the memory that this thread took meanwhile.
pub fn measure<T>(call: impl FnOnce() -> T) -> (T, Usage) {
    let before = IN_USE.get();
    PEAK.set(before);
    LARGEST.set(0);
    let result = call();
    (
        result,
        Usage {
            peak: (PEAK.get() - before) as usize,
            largest: LARGEST.get(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn the_allocator_counts_what_is_taken() {
        let (length, usage) = measure(|| {
            let first = vec![1_u8; 3000];
            drop(vec![2_u8; 500]);
            first.len()
        });
        assert_eq!((length, usage.peak, usage.largest), (3000, 3500, 3000));
    }
}
