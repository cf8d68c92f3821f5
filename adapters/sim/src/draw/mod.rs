//! Random draws that depend on their place only: the seed, the purpose, the call and the attempt.
//!
//! Two policies that are tried from one seed therefore meet the same arrivals, and a call's attempt n takes equally long
//! under both, however differently they send.

mod math;

pub(crate) use math::{exp, ln};

/// SplitMix64's increment.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// The multiplier of places, which is not the increment, so that neighbours share no draws.
const PLACE: u64 = 0xd134_2543_de82_ef95;

/// Says what a draw is for. Each purpose has streams of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    Arrival = 1,
    Client = 2,
    Seed = 3,
    Replica = 4,
    Service = 5,
    Incident = 6,
    Think = 7,
    Backend = 8,
    Run = 9,
}

/// A stream of random words: SplitMix64 from a start that the place gives (Steele, Lea and Flood, OOPSLA 2014).
///
/// Everything is made of integers, and of the additions, multiplications, divisions and square roots that IEEE 754 defines
/// to the last bit; so a seed means the same on every platform.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Makes the stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed ^ PLACE))
    }

    /// Makes the stream of a place.
    pub(crate) const fn at(seed: u64, purpose: Purpose, call: u64, attempt: u32) -> Self {
        let start = mix(seed ^ mix((purpose as u64).wrapping_mul(GOLDEN)));
        // Mixed one after the other, so that no number of attempts reaches the next call's draws.
        let call = mix(start.wrapping_add(call.wrapping_mul(PLACE)));
        Self(mix(call.wrapping_add((attempt as u64).wrapping_mul(PLACE))))
    }

    /// Draws a word.
    pub const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Draws uniformly from `0..bound`; 0 if the bound is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.word() as u128 * bound as u128) >> 64) as u64
    }

    /// Draws uniformly from 0 to 1, both excluded.
    pub const fn unit(&mut self) -> f64 {
        ((self.word() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Returns true with this probability.
    pub const fn chance(&mut self, probability: f64) -> bool {
        probability >= 1.0 || (probability > 0.0 && self.unit() < probability)
    }

    /// Draws from the exponential distribution with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -ln(self.unit())
    }

    /// Draws from the normal distribution with mean 0 and deviation 1, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }
}

const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_stream_of_its_own() {
        let first = |seed, purpose, call, attempt| Draw::at(seed, purpose, call, attempt).word();
        let words = [
            first(7, Purpose::Service, 1, 1),
            first(8, Purpose::Service, 1, 1),
            first(7, Purpose::Incident, 1, 1),
            first(7, Purpose::Service, 2, 1),
            first(7, Purpose::Service, 1, 2),
        ];
        assert!((1..words.len()).all(|index| !words[..index].contains(&words[index])));
    }

    #[test]
    fn the_bits_of_each_draw_are_the_same_everywhere() {
        let (mut draw, mut sum) = (Draw::new(7), 0_u64);
        for _ in 0..1000 {
            let drawn =
                [draw.word(), draw.exponential().to_bits(), draw.normal().to_bits(), exp(draw.unit()).to_bits()];
            sum = drawn.into_iter().fold(sum, |sum, bits| mix(sum ^ bits));
        }
        assert_eq!(sum, 16_673_125_881_709_377_507);
    }

    #[test]
    fn means_and_deviations_are_those_of_the_distributions() {
        let (mut draw, count) = (Draw::new(7), 200_000);
        let mut sums = [0.0; 4];
        for _ in 0..count {
            let (exponential, normal) = (draw.exponential(), draw.normal());
            sums = [sums[0] + exponential, sums[1] + normal, sums[2] + normal * normal, sums[3] + draw.unit()];
        }
        let means = sums.map(|sum| sum / f64::from(count));
        for (mean, expected) in means.into_iter().zip([1.0, 0.0, 1.0, 0.5]) {
            assert!((mean - expected).abs() < 0.01, "{means:?}");
        }
    }
}
