//! gRPC's retries, hedges, throttling and pushback: proposal A6 with its two examples, and grpc-java's
//! `RetriableStreamTest`.
//!
//! G13 is not here: insist buffers no streams, so no buffer of its can overflow and commit one.

mod gates;
mod throttled;

pub(crate) use gates::{Pushback, RetryThrottle};

use std::time::Duration;

use insist_core::{Action, Policy, PolicyError, Reason, Script, Shape, Verdict, play};
use insist_tests::words::{RETRY, at, failing, fails_every_time, gave_up, ms, script_after, secs, sends};

use crate::draws::assert_ranges;
use crate::hand::played;

#[test]
fn retries_are_drawn_from_a_fifth_less_up_to_a_fifth_more_and_are_cut_at_the_cap() {
    let long = Policy::grpc().attempts(7);
    assert_ranges(&long, &[(80, 120), (160, 240), (320, 480), (640, 960), (800, 1000), (800, 1000)].map(spans));
    assert_eq!(Policy::grpc().get_cap(), Some(ms(1000)));
}

fn spans((low, high): (u64, u64)) -> (std::time::Duration, std::time::Duration) {
    (ms(low), ms(high))
}

#[test]
fn retries_make_four_sends() {
    let failed = fails_every_time(&Policy::grpc(), 7);
    assert_eq!(sends(&failed).len(), 4);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(Policy::grpc().delays(7).count(), 3);
}

#[test]
fn a_pushback_is_waited_for_exactly() {
    let script = Script::new().outcome(1, ms(5), Verdict::retry().exactly_after(ms(700)));
    assert_eq!(sends(&play(&Policy::grpc(), 7, &script)), [0, 705].map(at));
}

/// 5.1: after a pushback the delay starts again from the initial backoff.
#[test]
fn the_backoff_starts_anew_after_a_pushback() {
    let policy = Policy::exponential(secs(1)).jitter(insist_core::Jitter::None).attempts(5).restart_after_hint(true);
    let second = |verdict| at_once(5, |id| if id == 2 { verdict } else { RETRY });
    let script = second(RETRY.exactly_after(ms(123)));
    assert_eq!(waited(&policy, &script), [1000, 123, 1000, 2000].map(ms));
    let goes_on = waited(&policy.restart_after_hint(false), &script);
    assert_eq!(goes_on, [1000, 123, 4000, 8000].map(ms));
    // A hint that the backoff comes on top of takes the first of the new waits.
    assert_eq!(waited(&policy, &second(RETRY.after(ms(123)))), [1000, 1123, 2000, 4000].map(ms));
    assert!(Policy::grpc().get_restart_after_hint());
}

/// Returns what lies between the sends.
fn waited(policy: &Policy, script: &Script) -> Vec<Duration> {
    let sent = sends(&play(policy, 7, script));
    sent.windows(2).map(|pair| pair[1].saturating_since(pair[0])).collect()
}

/// So many attempts, each of which ends as soon as it is sent.
fn at_once(attempts: u32, verdict: impl Fn(u32) -> Verdict) -> Script {
    (1..=attempts).fold(Script::new(), |script, id| script.outcome(id, ms(0), verdict(id)))
}

/// A6: transparent retries are not counted.
#[test]
fn what_was_never_sent_is_not_counted() {
    let policy = Policy::grpc().attempts(2);
    let unsent_until = |most, then| at_once(99, move |id| if id <= most { RETRY.unsent() } else { then });
    let sent = |policy: &Policy, script: &Script| sends(&play(policy, 7, script)).len();
    assert_eq!(sent(&policy, &unsent_until(8, Verdict::Accept)), 9);
    assert_eq!(sent(&policy, &unsent_until(8, RETRY)), 10, "two of them were sent");
    assert_eq!(sent(&policy, &unsent_until(99, RETRY)), 18, "sixteen are not counted, and two are");
    assert_eq!(sent(&policy.unsent_attempts(0), &unsent_until(8, RETRY)), 2);
}

#[test]
fn hedges_open_half_a_second_apart_and_no_lane_retries() {
    let hedging = Policy::grpc_hedging();
    assert_eq!(hedging.get_attempts(), Some(4));
    assert_eq!(hedging.get_lane_attempts(), Some(1));
    assert_eq!(hedging.get_lanes(), 4);
    assert_eq!(*hedging.get_backoff(), Shape::Stop);
    assert!(hedging.get_hedge_on_failure());
    let silent = play(&hedging, 7, &Script::new().outcome(4, ms(100), Verdict::Accept));
    assert_eq!(sends(&silent), [0, 500, 1000, 1500].map(at));
    assert_eq!(silent.steps.last().map(|step| step.action), Some(Action::Return(4)));
}

#[test]
fn a_failure_opens_the_next_hedge_at_once() {
    let retry = Verdict::retry();
    let script = Script::new().outcome(1, ms(100), retry).outcome(2, ms(50), retry).outcome(4, ms(9), Verdict::Accept);
    assert_eq!(sends(&play(&Policy::grpc_hedging(), 7, &script)), [0, 100, 150, 650].map(at));
}

#[test]
fn hedges_that_all_fail_make_four_sends() {
    let failed = fails_every_time(&Policy::grpc_hedging(), 7);
    assert_eq!(sends(&failed), [at(0); 4]);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(gave_up(&failed).at, at(0));
}

#[test]
fn a_pushback_holds_up_the_hedges_that_were_to_open() {
    let pushback = Verdict::retry().after(ms(900));
    let script = Script::new().outcome(1, ms(100), pushback).outcome(3, ms(9), Verdict::Accept);
    let hedging = Policy::grpc_hedging().hedge_on_failure(false);
    assert_eq!(sends(&play(&hedging, 7, &script)), [at(0)], "nothing is in flight, and no hedge opens");
    let script = Script::new().outcome(1, ms(600), pushback).outcome(4, ms(9), Verdict::Accept);
    assert_eq!(sends(&play(&hedging, 7, &script)), [0, 500, 1500, 2000].map(at));
    assert_eq!(sends(&play(&hedging.separate_targets(true), 7, &script)), [0, 500, 1000, 1500].map(at));
}

#[test]
fn a_pushback_delays_the_next_hedge() {
    let script = Script::new().outcome(1, ms(100), Verdict::retry().after(ms(250))).outcome(2, ms(9), Verdict::Accept);
    assert_eq!(sends(&play(&Policy::grpc_hedging(), 7, &script)), [0, 350].map(at));
}

/// G9: six are started and no seventh; failures that are not fatal end nothing; a fatal one ends all.
#[test]
fn hedges_are_as_many_as_the_attempts() {
    let policy = Policy::grpc_hedging().attempts(6).lanes(6).hedge_after(ms(100));
    let silent = play(&policy, 7, &script_after(ms(2000), &[RETRY, RETRY, RETRY, RETRY, RETRY, Verdict::Accept]));
    assert_eq!(sends(&silent), [0, 100, 200, 300, 400, 500].map(at));
    assert_eq!(silent.steps.last().map(|step| step.action), Some(Action::Return(6)));

    let script = Script::new().outcome(3, ms(350), RETRY).outcome(2, ms(550), Verdict::Stop);
    let fatal = play(&policy, 7, &script);
    assert_eq!(sends(&fatal).len(), 6);
    assert_eq!(gave_up(&fatal).reason, Reason::Stopped);
    assert_eq!(gave_up(&fatal).at, at(650));
    let cancelled = fatal.steps.iter().filter(|step| matches!(step.action, Action::Cancel { .. })).count();
    assert_eq!(cancelled, 4, "1, 4, 5 and 6");
}

/// G15: gRPC makes 5 of more than 5 attempts, refuses fewer than 2, and a first backoff of 0. insist clamps nothing in
/// silence, and one attempt or a backoff of 0 make sense; no attempt at all does not.
#[test]
fn attempts_are_what_was_asked_for() {
    assert_eq!(sends(&played(&Policy::grpc().attempts(7), &(), &[RETRY; 9])).len(), 7);
    assert_eq!(sends(&played(&Policy::grpc().attempts(1), &(), &[RETRY; 9])).len(), 1);
    assert_eq!(Policy::exponential(Duration::ZERO).validate(), Ok(()));
    assert_eq!(Policy::grpc().attempts(0).validate(), Err(PolicyError::NoAttempts));
}

/// Fault O1: gRPC makes 5 attempts of a greater number, and does not say so.
#[test]
fn a_hundred_attempts_are_a_hundred_sends() {
    for policy in [Policy::grpc(), Policy::aws(), Policy::default()] {
        let timeline = play(&policy.attempts(100), 1, &failing(100, ms(1)));
        assert_eq!(sends(&timeline).len(), 100);
    }
    let hedges = Policy::grpc_hedging().lanes(100).attempts(100).hedge_after(ms(10));
    assert_eq!(sends(&play(&hedges, 1, &failing(100, secs(10)))).len(), 100);
}
