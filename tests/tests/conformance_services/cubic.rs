//! The numbers of AWS's adaptive mode, as smithy-rs tests them in `client_rate_limiter.rs`.

use insist_core::{Action, AttemptEnd, Call, Cause, Gate, Instant, Policy, Reason, Settled};
use insist_tests::by_hand::{at, ms, sent, waits_until};
use insist_tests::throttle::{Curve, RateLimiter};

use crate::{Closed, THROTTLED, assert_near};

fn settle(limiter: &RateLimiter, now: Instant, is_throttled: bool) {
    let end = if is_throttled { THROTTLED.into() } else { AttemptEnd::Accept };
    limiter.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
}

/// `test_calculated_rate_with_successes`.
#[test]
fn successes_raise_the_rate_along_the_curve() {
    let curve = Curve { throttled_at: 5.0, ..Curve::new(10.0) };
    let rates = [
        (5.0, 7.0),
        (6.0, 9.648_936_009_66),
        (7.0, 10.000_030_849_917_364),
        (8.0, 10.453_284_520_772_092),
        (9.0, 13.408_697_022_224_185),
        (10.0, 21.266_268_354_273_64),
        (11.0, 36.425_998_516_920_465),
    ];
    for (second, rate) in rates {
        assert_near(curve.rate(second), rate, 1e-9);
    }
}

/// `test_calculated_rate_with_throttles`. Its curve goes back to the rate after a throttling, not to that before.
#[test]
fn throttlings_lower_the_rate_and_begin_a_new_curve() {
    let mut curve = Curve { throttled_at: 5.0, ..Curve::new(10.0) };
    let steps = [
        (5.0, false, 7.0),
        (6.0, false, 9.648_936_009_66),
        (7.0, true, 6.754_255_206_761_999),
        (8.0, true, 4.727_978_644_733_399),
        (9.0, false, 4.670_125_557_970_046),
        (10.0, false, 4.770_870_456_867_401),
        (11.0, false, 6.011_819_748_005_445),
        (12.0, false, 10.792_973_431_384_178),
    ];
    let mut rate = 0.0;
    for (second, is_throttled, expected) in steps {
        if is_throttled {
            rate = curve.throttle(second, rate);
            curve.w_max = rate;
        } else {
            rate = curve.rate(second);
        }
        assert_near(rate, expected, 1e-9);
    }
}

/// `test_client_sending_rates`: (milliseconds, throttled, measured, filled a second).
#[test]
fn the_limiter_follows_its_answers() {
    let steps = [
        (200, false, 0.0, 0.5),
        (400, false, 0.0, 0.5),
        (600, false, 4.8, 0.5),
        (800, false, 4.8, 0.5),
        (1000, false, 4.16, 0.5),
        (1200, false, 4.16, 0.6912),
        (1400, false, 4.16, 1.0976),
        (1600, false, 5.632, 1.6384),
        (1800, false, 5.632, 2.3328),
        (2000, true, 4.3264, 3.02848),
        (2200, false, 4.3264, 3.486_639_173_470_26),
        (2400, false, 4.3264, 3.821_874_416_040_255),
        (2600, false, 5.66528, 4.053_385_727_709_987),
        (2800, false, 5.66528, 4.200_373_108_479_454),
        (3000, false, 4.333_056, 4.282_036_558_348_658),
        (3200, true, 4.333_056, 2.997_425_590_844_06),
        (3400, false, 4.333_056, 3.452_226_394_386_346_3),
    ];
    let limiter = RateLimiter::new();
    for (millis, is_throttled, measured, filled) in steps {
        settle(&limiter, at(millis), is_throttled);
        assert_near(limiter.measured(), measured, 1e-9);
        assert_near(limiter.fill_rate(), filled, 1e-9);
    }
}

/// `test_capacity_never_goes_negative`: throttled at 0, ten calls at 0.1 s are all held back for 1.9 s, none for longer
/// because of another. At 2.1 s one is let through.
#[test]
fn those_who_are_held_back_do_not_hold_back_each_other() {
    let (limiter, policy) = (RateLimiter::new(), Policy::aws());
    settle(&limiter, at(0), true);
    let mut calls: Vec<_> = (0..10).map(|seed| Call::new(&policy, &limiter, at(100), seed)).collect();
    for call in &mut calls {
        assert_eq!(waits_until(call.poll(at(100))), 2000);
        assert_near(limiter.capacity(), 0.05, 1e-9);
    }
    let sent: Vec<bool> = calls.iter_mut().map(|call| matches!(call.poll(at(2100)), Action::Send(_))).collect();
    assert_eq!(sent.into_iter().filter(|sent| *sent).count(), 1);
    assert!((0.0..1.0).contains(&limiter.capacity()));
}

/// A call whose deadline comes before its turn is refused at once, where smithy's sleeps.
#[test]
fn a_call_that_cannot_wait_for_its_turn_is_refused() {
    let (limiter, policy) = (RateLimiter::new(), Policy::aws().deadline(ms(1900)));
    settle(&limiter, at(0), true);
    let Action::GiveUp(stop) = Call::new(&policy, &limiter, at(100), 7).poll(at(100)) else { panic!() };
    assert_eq!(stop.reason(), Reason::Refused);
}

/// A retry is held back beyond its backoff, and gets its turn.
#[test]
fn a_retry_waits_for_its_backoff_and_then_for_its_turn() {
    let (limiter, policy) = (RateLimiter::new(), Policy::constant(ms(500)).jitter(insist_core::Jitter::None));
    let mut call = Call::new(&policy, &limiter, at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    let _ = call.handle(at(0), 1, THROTTLED);
    assert_eq!(waits_until(call.poll(at(0))), 500);
    assert_eq!(waits_until(call.poll(at(500))), 2000);
    assert_eq!(sent(call.poll(at(2000))), 2);
}

/// What another gate refuses has not been sent, and its turn is given to someone else.
#[test]
fn a_turn_that_another_gate_refuses_is_given_back() {
    let (limiter, policy) = (RateLimiter::new(), Policy::aws());
    settle(&limiter, at(0), true);
    let mut call = Call::new(&policy, (&limiter, Closed { for_firsts: true }), at(2000), 7);
    assert!(matches!(call.poll(at(2000)), Action::GiveUp(_)));
    assert_near(limiter.capacity(), 1.0, 1e-9);
}

/// Of a loser that was cancelled nobody knows what the server would have said.
#[test]
fn what_was_cancelled_changes_no_rate() {
    let limiter = RateLimiter::new();
    let cancel = |millis| limiter.settle(at(millis), &Cause::HEDGE, &Settled::Ended(AttemptEnd::Cancelled, at(millis)));
    settle(&limiter, at(600), false);
    let measured = limiter.measured();
    cancel(700);
    cancel(1200);
    assert_eq!((limiter.measured(), limiter.fill_rate()), (measured, 0.5));
}
