//! AWS's adaptive rate limiter: after the first throttling, sends are held back to a rate that grows along a cubic
//! curve. The numbers are those with which smithy-rs tests it in `client_rate_limiter.rs`.

use insist_core::{Action, AdaptiveRate, AttemptEnd, Call, Cause, Gate, Instant, Policy, Reason, Settled};
use insist_tests::by_hand::{sent, waits_until};
use insist_tests::words::{THROTTLED, at, ms};

use crate::draws::assert_near;
use crate::hand::Closed;

fn settle(limiter: &AdaptiveRate, now: Instant, is_throttled: bool) {
    let end = if is_throttled { THROTTLED.into() } else { AttemptEnd::Accept };
    limiter.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
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
    let limiter = AdaptiveRate::new();
    for (millis, is_throttled, measured, filled) in steps {
        settle(&limiter, at(millis), is_throttled);
        assert_near(limiter.state().measured, measured, 1e-9);
        assert_near(limiter.state().rate, filled, 1e-9);
    }
}

/// `test_capacity_never_goes_negative`: throttled at 0, ten calls at 0.1 s are all held back for 1.9 s, none for longer
/// because of another. At 2.1 s one is let through.
#[test]
fn those_who_are_held_back_do_not_hold_back_each_other() {
    let (limiter, policy) = (AdaptiveRate::new(), Policy::aws());
    settle(&limiter, at(0), true);
    let mut calls: Vec<_> = (0..10).map(|seed| Call::new(&policy, &limiter, at(100), seed)).collect();
    for call in &mut calls {
        assert_eq!(waits_until(call.poll(at(100))), 2000);
        assert_near(limiter.state().left, 0.05, 1e-9);
    }
    let sent: Vec<bool> = calls.iter_mut().map(|call| matches!(call.poll(at(2100)), Action::Send(_))).collect();
    assert_eq!(sent.into_iter().filter(|sent| *sent).count(), 1);
    assert!((0.0..1.0).contains(&limiter.state().left));
}

/// A call whose deadline comes before its turn is refused at once, where smithy's sleeps.
#[test]
fn a_call_that_cannot_wait_for_its_turn_is_refused() {
    let (limiter, policy) = (AdaptiveRate::new(), Policy::aws().deadline(ms(1900)));
    settle(&limiter, at(0), true);
    let Action::GiveUp(stop) = Call::new(&policy, &limiter, at(100), 7).poll(at(100)) else { panic!() };
    assert_eq!(stop.reason(), Reason::Refused);
}

/// A retry is held back beyond its backoff, and gets its turn.
#[test]
fn a_retry_waits_for_its_backoff_and_then_for_its_turn() {
    let (limiter, policy) = (AdaptiveRate::new(), Policy::constant(ms(500)).jitter(insist_core::Jitter::None));
    let mut call = Call::new(&policy, &limiter, at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    let _ = call.handle(at(0), 1, THROTTLED);
    assert_eq!(waits_until(call.poll(at(0))), 500);
    assert_eq!(waits_until(call.poll(at(500))), 2000);
    assert_eq!(sent(call.poll(at(2000))), 2);
}

/// Gives the turn of what another gate refused, and was not sent, to someone else.
#[test]
fn a_turn_that_another_gate_refuses_is_given_back() {
    let (limiter, policy) = (AdaptiveRate::new(), Policy::aws());
    settle(&limiter, at(0), true);
    let mut call = Call::new(&policy, (&limiter, Closed { for_firsts: true }), at(2000), 7);
    assert!(matches!(call.poll(at(2000)), Action::GiveUp(_)));
    assert_near(limiter.state().left, 1.0, 1e-9);
}

/// Of a loser that was cancelled nobody knows what the server would have said.
#[test]
fn what_was_cancelled_changes_no_rate() {
    let limiter = AdaptiveRate::new();
    let cancel = |millis| limiter.settle(at(millis), &Cause::HEDGE, &Settled::Ended(AttemptEnd::Cancelled, at(millis)));
    settle(&limiter, at(600), false);
    let measured = limiter.state().measured;
    cancel(700);
    cancel(1200);
    assert_eq!(limiter.state().measured, measured);
    assert_eq!(limiter.state().rate, 0.5);
}
