//! Law 8, fair draws: uniform in the range of the jitter after it was cut, to the nanosecond, and independent.

use core::time::Duration;
use std::cell::RefCell;

use insist_core::{Action, Backoff, Call, Jitter, Policy, RetryContext, Rng, Verdict, WaitReason};
use insist_tests::by_hand::{retries, sent, waits_until};
use insist_tests::gate::{Answer, Answers, Scripted};
use insist_tests::plan::Plan;
use insist_tests::property::every_law_holds;
use insist_tests::words::{at, ms};
use insist_tests::{expected, random};
use proptest::prelude::*;

const DRAWS: u64 = 20_000;

#[test]
fn law_8_delays_lie_in_the_cut_range_of_their_jitter() {
    let plans = (random::plan(), 1_u64..200, 0_u64..200);
    let plans = plans.prop_map(|(plan, floor, wider)| {
        let policy = if plan.seed % 2 == 0 { plan.policy.floor(ms(floor)).cap(ms(floor + wider)) } else { plan.policy };
        Plan { policy, ..plan }
    });
    every_law_holds(8, 600, plans);
}

/// The first delay for many seeds.
fn first_delays(policy: &Policy) -> Vec<u64> {
    (0..DRAWS).map(|seed| expected::nanos(policy.delays(seed).next().expect("a delay"))).collect()
}

/// Pearson's chi-squared of counts that should be alike, less its mean, in standard deviations.
fn deviation(counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    let mean = all as f64 / counts.len() as f64;
    let chi: f64 = counts.iter().map(|count| (*count as f64 - mean).powi(2) / mean).sum();
    let freedom = counts.len() as f64 - 1.0;
    (chi - freedom) / (2.0 * freedom).sqrt()
}

/// Counts how many fall into each of so many equal parts of a range, both ends included.
fn spread(draws: &[u64], low: u64, high: u64, parts: usize) -> Vec<u64> {
    let mut counts = vec![0; parts];
    for draw in draws {
        let place = u128::from(draw - low) * parts as u128 / (u128::from(high - low) + 1);
        counts[place as usize] += 1;
    }
    counts
}

/// Every jitter, with the range that it should be uniform in.
fn ranges() -> [(Policy, u64, u64); 8] {
    const MS: u64 = 1_000_000;
    let plain = Policy::constant(ms(100)).jitter(Jitter::Full);
    let third = plain.jitter(Jitter::fraction(0.33));
    [
        (plain, 0, 100 * MS),
        (plain.jitter(Jitter::Equal), 50 * MS, 100 * MS),
        (third, 67 * MS, 133 * MS),
        (third.floor(ms(90)).cap(ms(120)), 90 * MS, 120 * MS),
        (plain.floor(ms(30)), 30 * MS, 100 * MS),
        (Policy::constant(ms(500)).jitter(Jitter::Full).cap(ms(70)), 0, 70 * MS),
        (Policy::decorrelated(ms(100)), 100 * MS, 300 * MS),
        (Policy::decorrelated(ms(100)).floor(ms(150)).cap(ms(250)), 150 * MS, 250 * MS),
    ]
}

#[test]
fn law_8_delays_are_uniform_and_do_not_pile_up_at_the_ends() {
    for (policy, low, high) in ranges() {
        let draws = first_delays(&policy);
        assert!(draws.iter().all(|draw| (low..=high).contains(draw)), "{policy:?}");
        let off = deviation(&spread(&draws, low, high, 64));
        assert!(off.abs() < 4.0, "{off} standard deviations: {policy:?}");
        let at_the_ends = draws.iter().filter(|draw| **draw == low || **draw == high).count();
        assert!(at_the_ends <= 2, "{at_the_ends} at the ends: {policy:?}");
    }
}

#[test]
fn law_8_every_nanosecond_is_drawn_and_both_ends_are() {
    let draws = first_delays(&Policy::constant(Duration::from_nanos(7)).jitter(Jitter::Full));
    let off = deviation(&spread(&draws, 0, 7, 8));
    assert!(off.abs() < 4.0, "{off} standard deviations");
    for (policy, ..) in ranges() {
        let fine: Vec<u64> = first_delays(&policy).iter().map(|draw| draw % 1000).collect();
        let off = deviation(&spread(&fine, 0, 999, 100));
        assert!(off.abs() < 4.0, "{off} standard deviations: {policy:?}");
    }
    let huge = Policy::constant(Duration::from_nanos(u64::MAX)).jitter(Jitter::Full);
    let off = deviation(&spread(&first_delays(&huge), 0, u64::MAX, 64));
    assert!(off.abs() < 4.0, "{off} standard deviations");
}

/// The delay of the first retry in lane 1 of a race.
fn in_lane_1(policy: &Policy, seed: u64) -> u64 {
    let mut call = Call::with_lanes::<2>(policy, &(), at(0), seed);
    assert_eq!([1, 2].map(|_| sent(call.poll(at(0)))), [1, 2]);
    retries(call.handle(at(0), 2, Verdict::retry()));
    match call.poll(at(0)) {
        Action::Wait { until: Some(until), reason: WaitReason::Backoff } => until.as_nanos(),
        other => panic!("{other}"),
    }
}

/// Two draws that have to do with the same seed.
type Pair<'a> = dyn Fn(u64) -> (u64, u64) + 'a;

#[test]
fn law_8_draws_for_other_seeds_lanes_and_retries_are_independent() {
    let policy = Policy::constant(Duration::from_nanos((1 << 40) - 1)).jitter(Jitter::Full).attempts(4);
    let race = policy.lanes(2);
    let first = |seed| expected::nanos(policy.delays(seed).next().expect("a delay"));
    let second = |seed| expected::nanos(policy.delays(seed).nth(1).expect("a delay"));
    let pairs: [(&str, &Pair<'_>); 6] = [
        ("the next seed", &|seed| (first(seed), first(seed + 1))),
        ("a seed with one high bit more", &|seed| (first(seed), first(seed | 1 << 63))),
        ("the next retry", &|seed| (first(seed), second(seed))),
        ("the next lane", &|seed| (first(seed), in_lane_1(&race, seed))),
        ("the next retry of the next seed", &|seed| (second(seed), first(seed + 1))),
        ("the next retry, seen from the next lane", &|seed| (second(seed), in_lane_1(&race, seed))),
    ];
    for (what, pair) in pairs {
        let mut counts = vec![0; 64];
        for (one, other) in (0..DRAWS).map(pair) {
            counts[((one >> 37) * 8 + (other >> 37)) as usize] += 1;
        }
        let off = deviation(&counts);
        assert!(off.abs() < 4.0, "{what}: {off} standard deviations");
    }
}

#[test]
fn law_8_the_statistics_see_a_pile_a_grid_and_a_bond() {
    let draws = first_delays(&Policy::constant(ms(100)).jitter(Jitter::Full));
    let piled: Vec<u64> = draws.iter().map(|draw| (*draw).min(98_000_000)).collect();
    assert!(deviation(&spread(&piled, 0, 100_000_000, 64)) > 10.0);
    let coarse: Vec<u64> = draws.iter().map(|draw| draw / 1000 * 1000 % 1000).collect();
    assert!(deviation(&spread(&coarse, 0, 999, 100)) > 10.0);
    let mut bond = vec![0; 64];
    draws.iter().for_each(|draw| bond[(draw / 12_500_001 * 9) as usize] += 1);
    assert!(deviation(&bond) > 10.0);
}

#[test]
fn law_8_a_cap_that_stops_ends_what_reaches_it_and_leaves_the_rest_as_it_was() {
    let free = Policy::constant(ms(100)).jitter(Jitter::fraction(0.5));
    let stops = free.cap_that_stops(ms(120));
    for seed in 0..1000 {
        let drawn = free.delays(seed).next();
        assert_eq!(stops.delays(seed).next(), drawn.filter(|delay| *delay < ms(120)));
    }
    assert_eq!(Policy::constant(ms(100)).jitter(Jitter::None).cap_that_stops(ms(100)).delays(1).next(), None);
}

#[test]
fn law_8_a_cap_beyond_the_end_of_time_is_none_and_stops_nothing() {
    let policy = Policy::constant(Duration::MAX).jitter(Jitter::None).cap_that_stops(Duration::MAX);
    assert_eq!(policy.get_cap(), None);
    assert_eq!(policy.delays(1).next(), policy.no_cap().delays(1).next());
    let mut call = Call::new(&policy, &(), at(0), 1);
    assert_eq!(sent(call.poll(at(0))), 1);
    retries(call.handle(at(10), 1, Verdict::retry().exactly_after(ms(5))));
    assert_eq!(waits_until(call.poll(at(10))), 15);
}

#[test]
fn law_8_a_wait_that_was_put_away_is_as_long_as_it_was() {
    // What decorrelated jitter draws next depends on the wait before, suspended or not.
    let policy = Policy::decorrelated(ms(100)).attempts(4).no_cap();
    let expected: Vec<Duration> = policy.delays(9).collect();
    let mut call = Call::new(&policy, &(), at(0), 9);
    let mut now = at(0);
    for (id, wait) in (1..).zip(&expected) {
        assert_eq!(sent(call.poll(now)), id);
        retries(call.handle(now, id, Verdict::retry()));
        let due = now.checked_add(*wait).expect("in range");
        let half = now.checked_add(*wait / 2).expect("in range");
        call = Call::try_resume(&policy, &(), half, call.suspend()).expect("it fits");
        call = Call::try_resume(&policy, &(), half, call.suspend()).expect("it fits");
        assert_eq!(call.poll(half), Action::Wait { until: Some(due), reason: WaitReason::Backoff });
        now = due;
    }
}

/// Waits 10 ms, and notes how long the wait before was said to be.
struct Noting<'a>(&'a RefCell<Vec<Duration>>);

impl Backoff for Noting<'_> {
    fn delay(&self, retry: RetryContext, _: &mut dyn Rng) -> Option<Duration> {
        self.0.borrow_mut().push(retry.previous());
        Some(ms(10))
    }
}

#[test]
fn law_8_a_wait_that_was_put_away_past_its_end_and_then_held_by_a_gate_is_as_long_as_it_was() {
    for is_suspended in [false, true] {
        let (notes, waits) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        let admit = vec![Answer::Yes, Answer::At(80_000_000), Answer::Yes];
        let gate = Scripted::new(0, Answers { reserve: vec![], admit }, &notes);
        let policy = Policy::new(Noting(&waits)).jitter(Jitter::None);
        let mut call = Call::new(&policy, &gate, at(0), 1);
        assert_eq!(sent(call.poll(at(0))), 1);
        retries(call.handle(at(0), 1, Verdict::retry()));
        if is_suspended {
            call = Call::try_resume(&policy, &gate, at(50), call.suspend()).expect("it fits");
        }
        assert_eq!(waits_until(call.poll(at(50))), 80);
        assert_eq!(sent(call.poll(at(80))), 2);
        retries(call.handle(at(80), 2, Verdict::retry()));
        assert_eq!(*waits.borrow(), [ms(0), ms(80)]);
    }
}
