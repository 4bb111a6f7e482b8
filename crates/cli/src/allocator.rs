//! The memory allocator under a limit on the address space (`ulimit -v`).
//!
//! The allocator of the GNU C library reserves 64 MiB of address space for each thread that
//! allocates, after the memory of a run was compared with what is available. Under such a limit one
//! region for all threads is used, so that the comparison stays true.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    allow(unsafe_code, reason = "a setting of the C library")
)]

/// Before the first thread starts.
pub(crate) fn respect_limits() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if spinet_data::memory::is_address_space_limited() {
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        const M_ARENA_MAX: i32 = -8;
        // SAFETY: `mallopt` takes two numbers and keeps nothing; no other thread runs yet.
        unsafe {
            mallopt(M_ARENA_MAX, 1);
        }
    }
}
