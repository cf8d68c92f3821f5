//! resilience4j: its intervals, its retry's defaults and its breaker's; and the defaults of Hystrix before it.

use std::cell::RefCell;

use insist_blocking::{Clock, VirtualClock, retry};
use insist_core::{
    Admission, AttemptEnd, Breaker, BreakerState, Cause, Gate, Instant, Jitter, Policy, Reason, RetryContext, Settled,
};
use insist_tests::words::{
    FAILURE, RETRY, SUCCESS, at, attempt, counts, gave_up, is_closed, is_half_open, is_open, ms, secs, sends, took,
};

use crate::hand::played;

fn report(breaker: &Breaker, now: Instant, end: AttemptEnd) {
    assert_eq!(breaker.admit(now, &Cause::FIRST), Admission::Yes);
    breaker.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
}

/// R3: 100 ms × 2 with a cap of 100 s, before retry 12.
#[test]
fn the_twelfth_wait_is_the_cap() {
    let policy = Policy::exponential(ms(100)).cap(ms(100_000)).jitter(Jitter::None).attempts(13);
    let waits: Vec<_> = policy.delays(7).collect();
    assert_eq!(waits[0], ms(100));
    assert_eq!(waits[9], ms(51_200));
    assert_eq!(waits[10], ms(100_000));
    assert_eq!(waits[11], ms(100_000));
}

/// 3 attempts, 500 ms apart.
#[test]
fn its_default_is_three_attempts_half_a_second_apart() {
    let failed = played(&Policy::constant(ms(500)).jitter(Jitter::None), &(), &[RETRY; 3]);
    assert_eq!(sends(&failed), [0, 500, 1000].map(at).to_vec());
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
}

/// `CircuitBreakerConfig.ofDefaults()`: half of the last 100, of at least 100, or all of them slower than a minute.
fn breaker() -> Breaker {
    Breaker::new(0.5).over_last(100).min_throughput(100).slow(secs(60), 1.0).open_for(secs(60)).probes(10, 6)
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

/// R1, FixedSizeSlidingWindowMetricsTest, testSlidingWindowMetrics (4).
#[test]
fn the_ratio_of_the_last_four_falls_with_each_success() {
    let breaker = Breaker::new(1.0).over_last(4).min_throughput(4);
    let mut ratios = Vec::new();
    for end in [FAILURE, SUCCESS, SUCCESS, SUCCESS, SUCCESS] {
        attempt(&breaker, at(0), end);
        let BreakerState::Closed { ratio, .. } = breaker.state(at(0)) else { panic!() };
        ratios.push((ratio * 1000.0).round() / 10.0);
    }
    assert_eq!(ratios, [100.0, 50.0, 33.3, 25.0, 0.0]);
}

/// The same, testSlowCallsPercentage (5): two of five are slow, one of which has failed.
#[test]
fn two_of_the_last_five_are_slow() {
    let breaker = Breaker::new(1.0).over_last(5).slow(ms(1000), 1.0);
    for (millis, end) in [(10_000, SUCCESS), (10_000, FAILURE), (100, SUCCESS), (100, SUCCESS), (100, SUCCESS)] {
        took(&breaker, 10_000, millis, end);
    }
    assert_eq!(counts(&breaker, 10_000), [5, 1, 2]);
}

/// The same, testSlidingWindowMetricsWithSlowCalls (2). A third attempt keeps the second from opening it.
#[test]
fn slow_ones_are_written_over_as_failures_are() {
    let breaker = Breaker::after_failures(2).over_last(2).slow(ms(1000), 1.0);
    let mut seen = Vec::new();
    for (millis, end) in [(2000, FAILURE), (100, SUCCESS), (2000, SUCCESS), (100, SUCCESS), (100, SUCCESS)] {
        took(&breaker, 10_000, millis, end);
        seen.push(counts(&breaker, 10_000));
    }
    assert_eq!(seen, [[1, 1, 1], [2, 1, 1], [2, 0, 1], [2, 0, 1], [2, 0, 0]]);
}

/// CircuitBreakerMetricsTest, testCircuitBreakerMetrics (10, at least 10): after twelve calls the last ten have six
/// failures, and after three more, three. There a success that makes it ten opens it; here a success is no reason to open,
/// and the next failure is.
#[test]
fn sixty_percent_of_the_last_ten_open_it_with_a_failure() {
    let breaker = || Breaker::new(0.5).over_last(10);
    let calls = [[SUCCESS; 2].as_slice(), &[FAILURE; 6], &[SUCCESS; 4]].concat();
    let closed = breaker();
    calls.iter().for_each(|end| attempt(&closed, at(0), *end));
    assert_eq!(counts(&closed, 0), [10, 6, 0]);
    (0..3).for_each(|_| attempt(&closed, at(0), SUCCESS));
    assert_eq!(counts(&closed, 0), [10, 3, 0]);
    let opened = breaker();
    calls[..9].iter().for_each(|end| attempt(&opened, at(0), *end));
    assert!(is_closed(&opened, at(0)), "nine are too few to tell");
    attempt(&opened, at(0), FAILURE);
    assert!(is_open(&opened, at(0)));
}

/// `slowCallRateThreshold` 100 and `slowCallDurationThreshold` 60 s: a server that hangs opens it without a failure.
#[test]
fn a_hundred_calls_of_more_than_a_minute_open_it() {
    let breaker = breaker();
    (0..99).for_each(|_| took(&breaker, 100_000, 60_001, SUCCESS));
    took(&breaker, 100_000, 60_000, SUCCESS);
    assert_eq!(counts(&breaker, 100_000), [100, 0, 99]);
    (0..99).for_each(|_| took(&breaker, 100_000, 60_001, SUCCESS));
    assert!(is_closed(&breaker, at(100_000)));
    took(&breaker, 100_000, 60_001, SUCCESS);
    assert!(is_open(&breaker, at(100_000)));
}

/// Hystrix's default: 20 attempts in 10 s, half of them failures, 5 s open.
#[test]
fn the_defaults_are_those_of_hystrix() {
    let breaker = Breaker::default();
    for _ in 0..19 {
        attempt(&breaker, at(0), FAILURE);
    }
    assert!(is_closed(&breaker, at(0)), "19 are too few to tell");
    attempt(&breaker, at(9_999), FAILURE);
    assert!(is_open(&breaker, at(14_998)));
    assert!(is_half_open(&breaker, at(14_999)));
}

/// Fault O2: resilience4j counts from 1 in one place and from 0 in another.
#[test]
fn the_first_send_is_attempt_1_and_the_wait_after_it_is_that_of_retry_1() {
    let waits = RefCell::new(Vec::new());
    let policy = Policy::new(|retry: RetryContext| {
        waits.borrow_mut().push(retry.number);
        Some(ms(1))
    })
    .attempts(4);
    let (clock, mut seen) = (VirtualClock::new(), Vec::new());
    let result = retry(&policy, |attempt| {
        seen.push((attempt.id, attempt.retry));
        Err::<(), _>("down")
    });
    assert_eq!(result.clock(&clock).call(), Err("down"));
    assert_eq!(seen, [(1, 0), (2, 1), (3, 2), (4, 3)]);
    assert_eq!(waits.into_inner(), [1, 2, 3]);
    assert!(clock.now() > insist_core::Instant::ZERO);
}
