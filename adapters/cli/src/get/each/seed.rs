//! Derives a seed for each URL from the seed of the command.

/// 2^64 divided by the golden ratio, SplitMix64's increment.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns the seed of URL `number`, from 1: the upper 53 bits of the Nth number of SplitMix64 (Steele, Lea and Flood,
/// OOPSLA 2014) started at the seed. Every reader of JSON can read 53 bits.
pub(super) fn seed(seed: u64, number: usize) -> u64 {
    let word = seed.wrapping_add((number as u64).wrapping_mul(GOLDEN));
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (word ^ (word >> 31)) >> 11
}

#[cfg(test)]
mod tests {
    /// The first numbers of SplitMix64 from 1234567, as published with the generator.
    #[test]
    fn seeds_are_the_numbers_of_splitmix64() {
        for (number, word) in [(1, 6_457_827_717_110_365_317_u64), (2, 3_203_168_211_198_807_973)] {
            assert_eq!(super::seed(1_234_567, number), word >> 11);
        }
    }
}
