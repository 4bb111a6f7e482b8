//! Files with a few places changed, and the bars that a reader of them is held to; for the tests of
//! every crate that reads files.

use std::time::{Duration, Instant};

use crate::memory::measure;

pub const MIB: usize = 1 << 20;
pub const FILES: usize = 20_000;
pub const LIMIT: usize = MIB;
const SLOWEST: Duration = Duration::from_millis(100);

const BOUNDARIES: [u32; 12] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x100,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

/// Changes one to four places.
pub fn mutate(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(file.len());
        let length = numbers
            .below(file.len() - at + 1)
            .min(1 + numbers.below(64));
        match numbers.below(8) {
            0 | 1 if !file.is_empty() => file[at] ^= 1 << numbers.below(8),
            2 if !file.is_empty() => file[at] = numbers.draw() as u8,
            // Headers are where the numbers are.
            3 | 4 if file.len() >= 20 => {
                let offset = 4 * numbers.below(4);
                let near = (file.len() as u32)
                    .wrapping_add(numbers.below(5) as u32)
                    .wrapping_sub(2);
                let value = BOUNDARIES
                    .get(numbers.below(BOUNDARIES.len() + 1))
                    .copied()
                    .unwrap_or(near);
                file[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
            }
            5 => drop(file.splice(at..at + length, [])),
            6 => {
                let copy = file[at..at + length].to_vec();
                let to = numbers.below(file.len());
                drop(file.splice(to..to, copy));
            }
            _ => {
                let count = numbers.below(40);
                let fresh = numbers.bytes(count);
                drop(file.splice(at..at, fresh));
            }
        }
    }
    file
}

/// Runs `read` on mutated files and holds it to the bars; returns how many it accepted.
pub fn run(
    name: &str,
    seed: u64,
    make: &dyn Fn(&mut Numbers) -> Vec<u8>,
    read: &dyn Fn(&[u8]) -> bool,
) -> usize {
    let mut numbers = Numbers(seed);
    let mut accepted = 0;
    for number in 0..FILES {
        let file = make(&mut numbers);
        let timed = || {
            let start = Instant::now();
            let (is_accepted, usage) = measure(|| read(&file));
            (is_accepted, usage, start.elapsed())
        };
        let (is_accepted, usage, mut elapsed) = timed();
        // A busy machine may pause us at any point; a slow reader is slow each time.
        for _ in 0..3 {
            if elapsed > SLOWEST {
                elapsed = timed().2;
            }
        }
        accepted += usize::from(is_accepted);
        assert!(elapsed <= SLOWEST, "{name} {number}: {elapsed:?}");
        assert!(
            usage.peak <= 16 * MIB + 2 * LIMIT,
            "{name} {number}: {usage:?}"
        );
        assert!(
            usage.largest <= LIMIT + file.len().max(MIB),
            "{name} {number}: {usage:?}"
        );
    }
    accepted
}

/// The same numbers on every machine and in every run (splitmix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() % end.max(1) as u64) as usize
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.draw() as u8).collect()
    }
}
