//! Random draws that depend on the seed, the lane and the retry only, and not on their order.
//!
//! Every retry of every lane has a SplitMix64 stream of its own (Steele, Lea and Flood, OOPSLA 2014), which starts at
//! the call's seed plus a multiple of the place, so that the order of events changes no wait.

use core::convert::Infallible;

use rand_core::{Rng, TryRng};

/// SplitMix64's increment: 2^64 divided by the golden ratio.
pub(crate) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The multiplier of places: a good one (Steele and Vigna, 2021), and not the increment, because calls whose seeds
/// differ by that would share draws.
pub(crate) const PLACE: u64 = 0xd134_2543_de82_ef95;

/// The random stream of one place: a retry in a lane of a call with a seed.
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    #[inline]
    pub(crate) const fn new(seed: u64, lane: u8, retry: u32) -> Self {
        let place = ((lane as u64) << 32) | retry as u64;
        Self(seed.wrapping_add(place.wrapping_mul(PLACE)))
    }

    /// Returns where it starts, if nothing was drawn yet.
    #[inline]
    pub(crate) const fn start(&self) -> u64 {
        self.0
    }

    /// Makes the stream of so many retries before the one whose stream starts there.
    pub(crate) const fn before(start: u64, retries: u32) -> Self {
        Self(start.wrapping_sub(PLACE.wrapping_mul(retries as u64)))
    }
}

#[inline]
pub(crate) const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl TryRng for Draw {
    type Error = Infallible;

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(GOLDEN);
        Ok(mix(self.0))
    }

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// Draws uniformly from `low..=high`; returns `low` if the range is empty.
///
/// Takes the high half of a product, without rejection, so that a constant generator cannot make it loop. The bias is
/// less than (high - low) / 2^64.
#[inline]
pub(crate) fn uniform(low: u64, high: u64, rng: &mut (impl Rng + ?Sized)) -> u64 {
    if high <= low {
        return low;
    }
    let word = rng.next_u64();
    match (high - low).checked_add(1) {
        Some(span) => low + ((u128::from(word) * u128::from(span)) >> 64) as u64,
        None => word,
    }
}

/// Draws uniformly from `0..=high`. It needs no check for an empty range, since a draw from 0 to 0 is 0.
#[inline]
pub(crate) fn up_to(high: u64, rng: &mut (impl Rng + ?Sized)) -> u64 {
    let word = rng.next_u64();
    match high.checked_add(1) {
        Some(span) => ((u128::from(word) * u128::from(span)) >> 64) as u64,
        None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_that_draws_bytes_draws_the_same_stream() {
        let mut stream = Draw::new(7, 1, 2);
        let words = [(); 2].map(|()| stream.next_u64());
        let mut rng = Draw::new(7, 1, 2);
        assert_eq!([(); 2].map(|()| u64::from(rng.next_u32())), words.map(|word| word >> 32));
        let mut bytes = [0; 11];
        Draw::new(7, 1, 2).fill_bytes(&mut bytes);
        assert_eq!(bytes[..8], words[0].to_le_bytes());
        assert_eq!(bytes[8..], words[1].to_le_bytes()[..3]);
    }

    #[test]
    fn a_place_is_a_seed_a_lane_and_a_retry() {
        let first = |seed, lane, retry| Draw::new(seed, lane, retry).next_u64();
        // SplitMix64's first word for the seed 0.
        assert_eq!(first(0, 0, 0), 0xe220_a839_7b1d_cdaf);
        let words = [first(7, 0, 1), first(8, 0, 1), first(7, 1, 1), first(7, 0, 2), first(7, 1, 0)];
        assert!((1..words.len()).all(|index| !words[..index].contains(&words[index])));
    }
}
