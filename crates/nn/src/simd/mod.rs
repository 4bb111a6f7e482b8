//! What vector code shares: aligned memory, AVX-512, an exponential.

pub(crate) mod aligned;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod exponential;
