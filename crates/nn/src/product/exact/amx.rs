//! The exact sums on AMX-INT8: one instruction multiplies a tile of 16 x 64 bytes with one of 64 x
//! 16 signed bytes.
//!
//! A tile is 16 rows by one block of 16 columns. Tile registers: 0 to 2 hold the sums of the three
//! digits, 3 the bytes (16 rows of 64 terms), 4 to 6 the digits (16 groups of four terms, each 16
//! columns wide). Each load of bytes serves three multiplications, so four loads of 8 cycles hide
//! behind three multiplications of 16.
//!
//! Instructions by inline assembler, because the intrinsics are not stable. A process must ask the
//! system for the register file once ([`is_available`]), and a thread must set the shapes before it
//! uses tiles ([`with_tiles`]).
#![allow(
    unsafe_code,
    reason = "a kernel file: tile registers are used by inline assembler"
)]

/// Rows of a tile.
pub(crate) const ROWS: usize = 16;
/// Terms of a step.
pub(crate) const TERMS: usize = 64;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(super) use linux::sum;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use linux::{is_available, with_tiles};

/// Whether the CPU has the instructions and the system permits them.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(crate) fn is_available() -> bool {
    false
}

/// Never called: [`is_available`] is false.
#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
pub(super) fn sum(_: &super::Factors<'_>, _: &mut super::Sums) {}

/// Never called: [`is_available`] is false.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(crate) fn with_tiles(task: impl FnOnce()) {
    task();
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod linux {
    use std::arch::asm;
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    use std::sync::OnceLock;

    use super::super::digits::{DIGITS, LANES, PANEL};
    use super::super::{Factors, Sums};
    use super::{ROWS, TERMS};

    /// Shapes of the tile registers: palette 1, and for each of 8 tiles its bytes in a row and its
    /// rows.
    #[repr(C, align(64))]
    struct Shapes {
        palette: u8,
        start_row: u8,
        reserved: [u8; 14],
        row_bytes: [u16; 16],
        rows: [u8; 16],
    }

    /// All tiles have 16 rows of 64 bytes: sums 16 x 16 x 4, bytes 16 x 64, digits 16 groups x (16
    /// x 4).
    static SHAPES: Shapes = Shapes {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes: [64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        rows: [16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    };

    /// Whether the CPU has AMX-INT8 and the system lets this process use it, and AVX-512 beside it;
    /// asked once.
    pub(crate) fn is_available() -> bool {
        static AVAILABLE: OnceLock<bool> = OnceLock::new();
        *AVAILABLE.get_or_init(|| {
            crate::simd::avx512::is_available() && has_instructions() && is_permitted()
        })
    }

    fn has_instructions() -> bool {
        /// Bits of leaf 7: AMX-TILE and AMX-INT8.
        const TILE_AND_INT8: u32 = 1 << 24 | 1 << 25;
        const OSXSAVE: u32 = 1 << 27;
        /// Bits of XCR0: the system saves tile shapes and tiles.
        const TILE_STATE: u64 = 1 << 17 | 1 << 18;
        if __cpuid(0).eax < 7
            || __cpuid(1).ecx & OSXSAVE == 0
            || __cpuid_count(7, 0).edx & TILE_AND_INT8 != TILE_AND_INT8
        {
            return false;
        }
        let (low, high): (u32, u32);
        // SAFETY: `xgetbv` reads a control register and is there where OSXSAVE is set.
        unsafe {
            asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags));
        };
        (u64::from(high) << 32 | u64::from(low)) & TILE_STATE == TILE_STATE
    }

    /// Asks the system for the tile registers, for all threads of this process.
    fn is_permitted() -> bool {
        const ARCH_PRCTL: i64 = 158;
        const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
        const XFEATURE_XTILEDATA: i64 = 18;
        let result: i64;
        // SAFETY: a system call that changes nothing but what this process may use; it clobbers rcx
        // and r11.
        unsafe {
            asm!("syscall", inlateout("rax") ARCH_PRCTL => result, in("rdi") ARCH_REQ_XCOMP_PERM, in("rsi") XFEATURE_XTILEDATA,
                 lateout("rcx") _, lateout("r11") _, options(nostack));
        }
        result == 0
    }

    /// Runs `task` with the shapes of the tiles set, and releases them after it.
    ///
    /// # Panics
    ///
    /// If the CPU has no AMX.
    pub(crate) fn with_tiles(task: impl FnOnce()) {
        struct Release;
        impl Drop for Release {
            fn drop(&mut self) {
                // SAFETY: made only where AMX is available; the tiles are this module's alone.
                unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) };
            }
        }
        assert!(
            is_available(),
            "the processor has no AMX-INT8, or the system does not permit it"
        );
        // SAFETY: AMX is available, and the shapes are 64 bytes that palette 1 allows.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES, options(readonly, nostack, preserves_flags));
        };
        let _release = Release;
        task();
    }

    /// As the sums of `portable`, in steps of 64 terms; inside [`with_tiles`] only.
    ///
    /// # Panics
    ///
    /// If the CPU has no AMX, or a step lies outside the factors.
    pub(in crate::product::exact) fn sum(factors: &Factors<'_>, sums: &mut Sums) {
        /// Bytes from one group of digits to the next, and from one row of sums to the next.
        const ROW: usize = 4 * PANEL;
        const STEP: usize = TERMS / 4 * ROW;
        const {
            assert!(
                ROWS == 16 && ROW == 192 && DIGITS * LANES == PANEL,
                "the tiles below are written for these sizes"
            );
        };
        let Factors {
            bytes,
            strides: [stride, _],
            steps,
            digits,
            ..
        } = *factors;
        let last = factors.last_step();
        assert!(
            factors.strides[1] == TERMS && factors.end(last, ROWS, TERMS) <= bytes.len(),
            "the steps lie outside the bytes"
        );
        assert!(
            (last + 1) * STEP <= size_of_val(digits),
            "the steps lie outside the digits"
        );
        assert!(
            is_available(),
            "the processor has no AMX-INT8, or the system does not permit it"
        );
        // SAFETY: AMX is available and inside `with_tiles` the shapes are set; steps rise, so all
        // of them lie inside `bytes` and `digits`; the stores fill `sums`, 16 rows of 192 bytes,
        // digit by digit.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "test {count}, {count}",
                "jz 3f",
                "2:",
                "movzx {step:e}, word ptr [{steps}]",
                "add {steps}, 2",
                "imul {left}, {step}, {TERMS}",
                "add {left}, {bytes}",
                "imul {right}, {step}, {STEP}",
                "add {right}, {digits}",
                "tileloadd tmm3, [{left} + {stride} * 1]",
                "tileloadd tmm4, [{right} + {row} * 1]",
                "tdpbusd tmm0, tmm3, tmm4",
                "tileloadd tmm5, [{right} + {row} * 1 + 64]",
                "tdpbusd tmm1, tmm3, tmm5",
                "tileloadd tmm6, [{right} + {row} * 1 + 128]",
                "tdpbusd tmm2, tmm3, tmm6",
                "dec {count}",
                "jnz 2b",
                "3:",
                "tilestored [{sums} + {row} * 1], tmm0",
                "tilestored [{sums} + {row} * 1 + 64], tmm1",
                "tilestored [{sums} + {row} * 1 + 128], tmm2",
                TERMS = const TERMS,
                STEP = const STEP,
                count = inout(reg) steps.len() => _,
                steps = inout(reg) steps.as_ptr() => _,
                step = out(reg) _,
                left = out(reg) _,
                right = out(reg) _,
                bytes = in(reg) bytes.as_ptr(),
                stride = in(reg) stride,
                digits = in(reg) digits.as_ptr(),
                row = in(reg) ROW,
                sums = in(reg) sums.0.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _, out("tmm4") _, out("tmm5") _, out("tmm6") _,
                options(nostack)
            );
        }
    }
}
