//! The standard mode of the AWS SDKs: 3 attempts, 50 ms × 2, full jitter.

use std::time::Duration;

use insist_core::{Factor, Jitter, Policy, Reason, Shape};
use insist_tests::by_hand::ms;

use crate::{assert_ranges, failing, gave_up, sends};

/// As far as they go before the cap, and two more.
const MOST: [u64; 11] = [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000];

#[test]
fn each_wait_is_drawn_from_zero_up_to_twice_as_much_and_no_more_than_the_cap() {
    assert_eq!(Policy::aws().get_jitter(), Jitter::Full);
    assert_eq!(Policy::aws().get_cap(), Some(ms(20_000)));
    assert_ranges(&Policy::aws().attempts(12), &MOST.map(|most| (Duration::ZERO, ms(most))));
}

#[test]
fn it_makes_three_sends() {
    let failed = failing(&Policy::aws(), 7);
    assert_eq!((sends(&failed).len(), gave_up(&failed).0), (3, Reason::Attempts));
    assert_eq!(Policy::aws().delays(7).count(), 2);
    assert_eq!((Policy::aws().get_lanes(), Policy::aws().get_deadline()), (1, None));
}

#[test]
fn where_it_is_throttled_it_starts_from_a_second() {
    let throttled = Policy::aws().shape(Shape::Exponential { base: ms(1000), factor: Factor::DOUBLE });
    let most = [1000, 2000, 4000, 8000, 16_000, 20_000];
    assert_ranges(&throttled.attempts(7), &most.map(|most| (Duration::ZERO, ms(most))));
}
