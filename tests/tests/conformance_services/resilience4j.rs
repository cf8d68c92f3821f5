//! resilience4j: its intervals, its retry's defaults and its breaker's.
//!
//! R1 is in `tests/breaker/systems.rs`. Not here: the share of slow calls, because a breaker is told how an attempt ended
//! and an attempt timeout says what is too slow; and windows of a number of calls, because insist's are of time.

use std::time::Duration;

use insist_core::{
    Admission, AttemptEnd, Breaker, BreakerState, Cause, Failure, Gate, Instant, Jitter, Policy, Reason, Settled,
};
use insist_tests::by_hand::{at, ms};

use crate::{RETRY, gave_up, played, sends};

const FAILURE: AttemptEnd = AttemptEnd::Retry(Failure::new());

fn report(breaker: &Breaker, now: Instant, end: AttemptEnd) {
    assert_eq!(breaker.admit(now, &Cause::FIRST), Admission::Yes);
    breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
}

/// R3: 100 ms × 2 with a cap of 100 s, before retry 12.
#[test]
fn the_twelfth_wait_is_the_cap() {
    let policy = Policy::exponential(ms(100)).cap(ms(100_000)).jitter(Jitter::None).attempts(13);
    let waits: Vec<_> = policy.delays(7).collect();
    assert_eq!((waits[0], waits[9], waits[10], waits[11]), (ms(100), ms(51_200), ms(100_000), ms(100_000)));
}

/// 3 attempts, 500 ms apart.
#[test]
fn its_default_is_three_attempts_half_a_second_apart() {
    let failed = played(&Policy::constant(ms(500)).jitter(Jitter::None), &(), &[RETRY; 3]);
    assert_eq!((sends(&failed), gave_up(&failed).0), ([0, 500, 1000].map(at).to_vec(), Reason::Attempts));
}

fn breaker() -> Breaker {
    Breaker::new(0.5).min_throughput(100).open_for(Duration::from_secs(60)).probes(10, 6)
}

/// 50 % of at least 100 open it for 60 s.
#[test]
fn it_opens_at_half_of_a_hundred() {
    let breaker = breaker();
    for index in 0..99 {
        report(&breaker, at(0), if index < 49 { AttemptEnd::Accept } else { FAILURE });
        assert!(matches!(breaker.state(at(0)), BreakerState::Closed { .. }), "{index}");
    }
    report(&breaker, at(0), FAILURE);
    assert!(matches!(breaker.admit(at(59_999), &Cause::FIRST), Admission::No(_)));
    assert_eq!(breaker.admit(at(60_000), &Cause::FIRST), Admission::Yes);
}

/// Half-open, ten may go through. resilience4j judges when all ten have ended; insist as soon as the outcome is certain:
/// the sixth success closes it, the fifth failure opens it.
#[test]
fn ten_probes_are_judged_as_soon_as_they_are_decided() {
    for (end, reports) in [(AttemptEnd::Accept, 6), (FAILURE, 5)] {
        let breaker = breaker();
        (0..100).for_each(|_| report(&breaker, at(0), FAILURE));
        for number in 1..=reports {
            report(&breaker, at(60_000), end);
            let is_half_open = matches!(breaker.state(at(60_000)), BreakerState::HalfOpen { .. });
            assert_eq!(is_half_open, number < reports, "{end:?} {number}");
        }
        let is_closed = matches!(breaker.state(at(60_000)), BreakerState::Closed { .. });
        assert_eq!(is_closed, end == AttemptEnd::Accept);
    }
}

/// While ten are out, an eleventh is refused.
#[test]
fn no_more_than_ten_probes_are_out() {
    let breaker = breaker();
    (0..100).for_each(|_| report(&breaker, at(0), FAILURE));
    let admitted = (0..20).filter(|_| breaker.admit(at(60_000), &Cause::FIRST) == Admission::Yes).count();
    assert_eq!(admitted, 10);
}
