//! Law 14, the same again: on every platform, for ever.

use core::time::Duration;

use insist_core::{AtEnd, Backoff, Jitter, List, Policy, RetryContext, Rng};
use insist_tests::by_hand::ms;
use insist_tests::property::hold;
use insist_tests::{expected, random, world};

#[test]
fn law_14_the_same_policy_seed_events_and_times_give_the_same_actions() {
    hold(14, 600, random::plan(), |plan, record| {
        let again = world::again(plan, record, false);
        let differs = again.steps.iter().zip(&record.steps).find(|(one, other)| one != other);
        differs.map_or(Ok(()), |(one, other)| Err(format!("{other:?} is {one:?} the second time\n{record}")))
    });
}

#[test]
fn law_14_another_seed_gives_other_waits() {
    let policy = Policy::exponential(ms(100)).attempts(5);
    assert!(policy.delays(1).ne(policy.delays(2)));
    assert!(policy.delays(1).eq(policy.delays(1)));
}

fn delays(policy: Policy, seed: u64) -> Vec<u64> {
    policy.attempts(6).delays(seed).map(expected::nanos).collect()
}

/// These numbers never change. Whoever has a seed from an old report can play its call again.
#[test]
fn law_14_these_draws_are_as_they_have_always_been() {
    let exponential = Policy::exponential(ms(100));
    assert_eq!(delays(exponential, 0), GOLDEN[0]);
    assert_eq!(delays(exponential, 1), GOLDEN[1]);
    assert_eq!(delays(exponential, u64::MAX), GOLDEN[2]);
    assert_eq!(delays(Policy::constant(ms(1000)).jitter(Jitter::Equal), 42), GOLDEN[3]);
    assert_eq!(delays(Policy::linear(ms(100)).jitter(Jitter::fraction(0.33)), 42), GOLDEN[4]);
    assert_eq!(delays(Policy::fibonacci(ms(100)).floor(ms(80)).cap(ms(300)), 42), GOLDEN[5]);
    assert_eq!(delays(Policy::decorrelated(ms(100)), 42), GOLDEN[6]);
    assert_eq!(delays(exponential.factor(1.5), 0xdead_beef), GOLDEN[7]);
    let listed = Policy::list(List::new(&[Duration::from_nanos(3), ms(5)]), AtEnd::Repeat).jitter(Jitter::Full);
    assert_eq!(delays(listed, 7), GOLDEN[8]);
}

const GOLDEN: [[u64; 5]; 9] = [
    [95_570_382, 76_313_779, 146_375_482, 39_340_614, 372_409_077],
    [44_065_529, 61_298_093, 264_968_740, 744_481_031, 1_284_498_966],
    [83_476_998, 83_753_606, 369_876_483, 555_861_413, 1_365_273_205],
    [514_287_603, 764_656_638, 511_798_960, 835_252_428, 778_541_525],
    [68_885_963, 203_869_353, 205_672_388, 445_013_282, 518_837_407],
    [80_571_504, 90_586_266, 82_831_750, 227_511_068, 202_558_271],
    [105_715_041, 214_937_797, 112_856_463, 259_961_934, 478_752_857],
    [45_276_254, 65_968_820, 86_032_663, 277_183_120, 324_110_822],
    [1, 3_681_328, 1_508_024, 3_118_981, 1_860_792],
];

/// Asks for as many nanoseconds as the first random number says, or the second.
struct Words(u8);

impl Backoff for Words {
    fn delay(&self, _: RetryContext, rng: &mut dyn Rng) -> Option<Duration> {
        let words = [rng.next_u64(), rng.next_u64()];
        Some(Duration::from_nanos(words[usize::from(self.0)]))
    }
}

/// The words that the draws are made of, for whoever writes the machine in another language.
#[test]
fn law_14_these_words_are_as_they_have_always_been() {
    let words = |which, seed| -> Vec<u64> {
        let policy = Policy::new(Words(which)).jitter(Jitter::None).attempts(3);
        policy.delays(seed).map(expected::nanos).collect()
    };
    assert_eq!(words(0, 0), [0xf4a9_0164_c474_9e1a, 0x61ae_7fc1_035d_593d]);
    assert_eq!(words(0, 0), [1, 2].map(|number| expected::first_word(0, 0, number)));
    assert_eq!(words(1, 0), [0xbfa9_ae8d_44b4_5a35, 0x1800_0f25_5d7e_55c1]);
    assert_eq!(words(0, u64::MAX), [0xd5b3_7c31_5d75_fa51, 0x6b34_61ac_0e6f_8a6d]);
    // In other lanes the model compares every wait with these.
    assert_eq!(expected::first_word(0, 1, 1), 0x74d0_0273_2a25_5285);
    assert_eq!(expected::first_word(u64::MAX, 255, u32::MAX), 0x88d0_c0a5_51ac_3b27);
}
