//! Named random streams, counter-based: (seed, purpose, index) gives values, so that a position
//! needs no state.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Version of the stream definition; a change of it changes every number and needs a `numerics:`
/// commit.
const VERSION: u64 = 1;

/// The purpose of a stream. Drawing from one never advances another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights; index = layer.
    Init,
    /// Order of the samples; index = epoch.
    Shuffle,
    /// Dropped units; index = step and layer.
    Dropout,
    /// Dropped weights; index = step and layer.
    DropConnect,
    /// Fixed random feedback weights; index = layer.
    Feedback,
    /// Noise of any other kind.
    Noise,
    /// Splits of the data.
    Split,
    /// Random changes of training images; index = epoch and sample.
    Augment,
    /// Points of a random search; index = number of the draw.
    Search,
}

impl Purpose {
    fn label(self) -> [u8; 8] {
        *match self {
            Self::Init => b"init\0\0\0\0",
            Self::Shuffle => b"shuffle\0",
            Self::Dropout => b"dropout\0",
            Self::DropConnect => b"dropconn",
            Self::Feedback => b"feedback",
            Self::Noise => b"noise\0\0\0",
            Self::Split => b"split\0\0\0",
            Self::Augment => b"augment\0",
            Self::Search => b"search\0\0",
        }
    }
}

/// `ChaCha8` keyed by seed and purpose, with `index` as its stream number.
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream `index` of `purpose` in a run with this seed.
    ///
    /// The 32 bytes of the key are: seed (8, little endian), label of the purpose (8, ASCII),
    /// version (8), zeros (8).
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.label());
        key[16..24].copy_from_slice(&VERSION.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(index);
        Self(generator)
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A number of the standard normal distribution (Box and Muller 1958, cosine branch).
    pub fn normal(&mut self) -> f64 {
        // 1 - unit() lies in (0, 1], so the logarithm is finite.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// An integer in `0..count`, without bias (Lemire 2019, rejection); 0 if `count` is 0.
    pub fn below(&mut self, count: u32) -> u32 {
        if count == 0 {
            return 0;
        }
        let rejected = count.wrapping_neg() % count;
        loop {
            let product = u64::from(self.bits()) * u64::from(count);
            if product as u32 >= rejected {
                return (product >> 32) as u32;
            }
        }
    }

    /// Puts `indices` in random order (Fisher and Yates 1938, Durstenfeld 1964).
    pub fn shuffle(&mut self, indices: &mut [u32]) {
        for last in (1..indices.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            indices.swap(last, other);
        }
    }

    /// Fills `bits` with random bits, 32 a number.
    pub fn fill(&mut self, bits: &mut [u32]) {
        for word in bits {
            *word = self.0.next_u32();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_pinned_to_their_golden_values() {
        let first = |purpose, index| {
            let mut stream = Stream::new(7, purpose, index);
            [stream.bits(), stream.bits(), stream.bits()]
        };
        let found = [
            first(Purpose::Init, 0),
            first(Purpose::Shuffle, 0),
            first(Purpose::Shuffle, 1),
            first(Purpose::Dropout, 3),
            first(Purpose::Noise, 0),
            first(Purpose::Split, 0),
        ];
        assert_eq!(
            found,
            [
                [3_448_627_112, 3_167_335_074, 675_460_317],
                [1_559_064_385, 278_658_742, 737_497_783],
                [2_932_696_131, 3_910_067_311, 3_780_213_733],
                [4_291_218_454, 3_928_629_565, 1_979_573_657],
                [3_747_700_939, 3_358_665_871, 1_809_409_685],
                [3_334_927_586, 2_625_648_066, 460_888_981],
            ]
        );
    }

    #[test]
    fn the_first_thousand_values_of_every_stream_are_pinned() {
        let purposes = [
            Purpose::Init,
            Purpose::Shuffle,
            Purpose::Dropout,
            Purpose::Noise,
            Purpose::Split,
            Purpose::DropConnect,
            Purpose::Feedback,
        ];
        // FNV-1a over the bytes of 1,000 draws.
        let digest = |purpose| {
            let mut stream = Stream::new(7, purpose, 5);
            let bytes = (0..1000)
                .flat_map(|_| stream.bits().to_le_bytes())
                .collect::<Vec<_>>();
            bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
            })
        };
        let expected = [
            375_239_092_410_214_867,
            10_087_483_058_810_929_220,
            4_978_761_734_628_112_122,
            17_792_732_296_478_996_311,
            7_984_836_044_123_155_579,
            8_924_660_535_235_264_099,
            6_647_631_040_137_008_484,
        ];
        assert_eq!(purposes.map(digest), expected);
    }

    #[test]
    fn a_shuffle_keeps_every_index_once() {
        let mut indices: Vec<u32> = (0..1000).collect();
        Stream::new(1, Purpose::Shuffle, 0).shuffle(&mut indices);
        assert_ne!(indices, (0..1000).collect::<Vec<_>>());
        indices.sort_unstable();
        assert_eq!(indices, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn below_is_even_over_its_range() {
        let mut stream = Stream::new(3, Purpose::Noise, 0);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1;
        }
        // 10,000 expected each; 5 standard deviations are 456.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 456),
            "{counts:?}"
        );
    }

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let mut stream = Stream::new(3, Purpose::Init, 0);
        let draws: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / 1e5;
        assert!(
            mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023,
            "mean {mean}, variance {variance}"
        );
    }
}
