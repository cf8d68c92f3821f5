//! gRPC's retries, hedges, throttling and pushback: proposal A6 with its two examples, and grpc-java's
//! `RetriableStreamTest`.
//!
//! G13 is not here: insist buffers no streams, so no buffer of its can overflow and commit one.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use insist_core::{
    Action, AttemptEnd, Call, Cause, Gate, Instant, Policy, PolicyError, Reason, Refusal, Script, Settled, Shape,
    Verdict, play, play_with,
};
use insist_tests::by_hand::{sent, waits_until};
use insist_tests::words::{RETRY, at, failing, fails_every_time, gave_up, ms, script_after, secs, sends};

use crate::draws::assert_ranges;
use crate::hand::{Hand, played};

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

/// The gate of a server name: retries and hedges pass while more than half of the tokens are there.
#[derive(Debug)]
pub(crate) struct RetryThrottle {
    /// Thousandths, as are the others.
    most: u32,
    ratio: u32,
    tokens: AtomicU32,
}

impl RetryThrottle {
    /// So many tokens, of which a failure takes one and a success gives back `ratio`, in thousandths.
    ///
    /// # Errors
    ///
    /// The tokens are not from 1 to 1000, or the ratio is less than a thousandth.
    pub(crate) fn new(tokens: u32, ratio: f64) -> Result<Self, RetryThrottleError> {
        // A thousandth of a float may lie a little below it.
        let ratio = (ratio * 1000.0 + 1e-6) as u32;
        if tokens == 0 || tokens > 1000 {
            return Err(RetryThrottleError::Tokens(tokens));
        }
        if ratio == 0 {
            return Err(RetryThrottleError::Ratio);
        }
        Ok(Self { most: tokens * 1000, ratio, tokens: AtomicU32::new(tokens * 1000) })
    }

    /// Thousandths of a token that are there.
    #[must_use]
    pub(crate) fn thousandths(&self) -> u32 {
        self.tokens.load(Relaxed)
    }

    /// Returns whether retries and hedges pass.
    #[must_use]
    pub(crate) fn passes(&self) -> bool {
        self.thousandths() > self.most / 2
    }

    fn change(&self, change: impl Fn(u32) -> u32) {
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, |tokens| Some(change(tokens)));
    }
}

impl Gate for RetryThrottle {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.passes() { Ok(()) } else { Err(Refusal::new(&"too much fails: no retries and hedges")) }
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        match *settled {
            Settled::Ended(AttemptEnd::Accept, _) => self.change(|tokens| (tokens + self.ratio).min(self.most)),
            Settled::Ended(AttemptEnd::Retry(_) | AttemptEnd::Timeout, _) => {
                self.change(|tokens| tokens.saturating_sub(1000));
            }
            _ => {}
        }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}

/// Says what is wrong with a throttle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryThrottleError {
    /// The tokens are not from 1 to 1000.
    Tokens(u32),
    /// The ratio is less than a thousandth.
    Ratio,
}

impl fmt::Display for RetryThrottleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(tokens) => write!(f, "maxTokens is {tokens}; gRPC allows 1 to 1000"),
            Self::Ratio => f.write_str("tokenRatio is less than 0.001, the least that gRPC counts"),
        }
    }
}

impl std::error::Error for RetryThrottleError {}

/// The gate of one call: once its judge has read a pushback that forbids it, nothing more is sent; what is in flight
/// goes on.
#[derive(Debug, Default)]
pub(crate) struct Pushback(Cell<bool>);

impl Pushback {
    /// Nothing was said yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(Cell::new(false))
    }

    /// The server said no.
    pub(crate) fn forbid(&self) {
        self.0.set(true);
    }
}

impl Gate for Pushback {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.0.get() { Err(Refusal::new(&"the server pushed back")) } else { Ok(()) }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}

const ONCE: Policy = Policy::stop();

fn throttle() -> RetryThrottle {
    RetryThrottle::new(4, 0.8).unwrap()
}

#[track_caller]
fn answer(throttle: &RetryThrottle, verdict: Verdict) {
    assert_eq!(sends(&played(&ONCE, throttle, &[verdict])).len(), 1);
}

/// G1: four tokens, and a retry needs more than two.
#[test]
fn failures_take_tokens_down_to_none() {
    let throttle = throttle();
    let mut seen = Vec::new();
    for _ in 0..5 {
        answer(&throttle, RETRY);
        seen.push((throttle.thousandths(), throttle.passes()));
    }
    assert_eq!(seen, [(3000, true), (2000, false), (1000, false), (0, false), (0, false)]);
}

/// G1 for a call: its second failure leaves two tokens, so there is no second retry.
#[test]
fn a_retry_needs_more_than_half_of_the_tokens() {
    let throttle = throttle();
    let failed = played(&Policy::grpc(), &throttle, &[RETRY; 4]);
    assert_eq!(sends(&failed).len(), 2);
    assert_eq!(gave_up(&failed).reason, Reason::Refused);
}

/// G3: a pushback that is empty, or cannot be read, forbids the retry, and takes a token.
#[test]
fn a_pushback_that_forbids_ends_the_call_and_takes_a_token() {
    let (throttle, pushback) = (throttle(), Pushback::new());
    let policy = Policy::grpc();
    let mut hand = Hand::new(&policy, (&throttle, &pushback));
    pushback.forbid();
    assert_eq!(hand.fail(RETRY), Err(Reason::Refused));
    assert_eq!(throttle.thousandths(), 3000);
    let Action::GiveUp(stop) = hand.call.poll(at(0)) else { panic!() };
    assert_eq!(stop.last(), Some(1), "its status is the call's");
}

/// G5.
#[test]
fn a_pushback_that_allows_gives_no_further_attempt() {
    let policy = Policy::grpc().attempts(2);
    let failed = played(&policy, &(), &[RETRY.exactly_after(ms(100)), RETRY.exactly_after(ms(100))]);
    assert_eq!(sends(&failed), [at(0), at(100)]);
    assert_eq!(gave_up(&failed).reason, Reason::Attempts);
    assert_eq!(gave_up(&failed).at, at(100));
}

/// G7. gRPC adds the ratio when the headers arrive; insist knows of an attempt when it ends.
#[test]
fn a_success_gives_back_the_ratio() {
    let throttle = throttle();
    answer(&throttle, RETRY);
    answer(&throttle, RETRY);
    answer(&throttle, Verdict::Accept);
    assert_eq!(throttle.thousandths(), 2800);
    assert!(throttle.passes());
    answer(&throttle, Verdict::Accept);
    answer(&throttle, Verdict::Accept);
    assert_eq!(throttle.thousandths(), 4000, "never more than there were");
}

/// A status that is not retried says nothing of the load: it neither takes nor gives.
#[test]
fn a_failure_that_is_not_retried_changes_no_tokens() {
    let throttle = throttle();
    answer(&throttle, RETRY);
    answer(&throttle, Verdict::Stop);
    assert_eq!(throttle.thousandths(), 3000);
}

/// A timeout is a failure; a loser that was cancelled is none.
#[test]
fn a_timeout_takes_a_token_and_a_cancelled_hedge_does_not() {
    let throttle = throttle();
    let silent = played(&ONCE.attempt_timeout(ms(100)), &throttle, &[]);
    assert_eq!(gave_up(&silent).at, at(100));
    assert_eq!(throttle.thousandths(), 3000);
    let hedged = Policy::grpc_hedging().attempts(2);
    let script = Script::new().outcome(2, ms(10), Verdict::Accept);
    let won = play_with(&hedged, &throttle, insist_core::Repeat::Always, Instant::ZERO, 7, &script);
    assert_eq!(won.steps.last().map(|step| step.action), Some(Action::Return(2)));
    assert_eq!(throttle.thousandths(), 3800);
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

/// G11: a pushback that forbids opens no more hedges, and what is in flight goes on. That is a gate of the call's, because
/// a verdict of stop ends the call.
#[test]
fn a_pushback_that_forbids_opens_no_more_hedges() {
    let (throttle, pushback) = (RetryThrottle::new(10, 0.5).unwrap(), Pushback::new());
    let policy = Policy::grpc_hedging();
    let mut call = Call::with_lanes::<4>(&policy, (&throttle, &pushback), at(0), 7);
    assert_eq!(sent(call.poll(at(0))), 1);
    assert_eq!(waits_until(call.poll(at(0))), 500);
    assert_eq!(sent(call.poll(at(500))), 2);
    pushback.forbid();
    let _ = call.handle(at(600), 2, RETRY);
    for millis in [600, 1000, 1500, 2000, 2500] {
        assert!(matches!(call.poll(at(millis)), Action::Wait { .. }), "{millis}");
    }
    let _ = call.handle(at(2600), 1, Verdict::Accept);
    assert_eq!(call.poll(at(2600)), Action::Return(1));
    assert_eq!(call.state().attempts(), 2);
    assert_eq!(throttle.thousandths(), 9500);
}

/// Sends no hedges where too much fails; what is in flight goes on.
#[test]
fn a_throttled_call_is_not_hedged() {
    let throttle = throttle();
    answer(&throttle, RETRY);
    answer(&throttle, RETRY);
    let script = Script::new().outcome(1, ms(3000), Verdict::Accept);
    let slow = play_with(&Policy::grpc_hedging(), &throttle, insist_core::Repeat::Always, Instant::ZERO, 7, &script);
    assert_eq!(sends(&slow), [at(0)]);
    assert_eq!(slow.steps.last().map(|step| step.action), Some(Action::Return(1)));
    assert_eq!(throttle.thousandths(), 2800);
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

/// G15: three decimals of the ratio are kept, and the tokens are 1 to 1000.
#[test]
fn the_throttle_keeps_three_decimals() {
    let throttle = RetryThrottle::new(1000, 0.5466).unwrap();
    answer(&throttle, RETRY);
    answer(&throttle, Verdict::Accept);
    assert_eq!(throttle.thousandths(), 1_000_000 - 1000 + 546);
    let wrong = |tokens, ratio| RetryThrottle::new(tokens, ratio).unwrap_err();
    assert_eq!(wrong(0, 0.1), RetryThrottleError::Tokens(0));
    assert_eq!(wrong(1001, 0.1), RetryThrottleError::Tokens(1001));
    assert_eq!(wrong(10, 0.0009), RetryThrottleError::Ratio);
    assert_eq!(wrong(10, -1.0), RetryThrottleError::Ratio);
}

/// The throttle is one of a server name, and its calls may be on many threads.
#[test]
fn threads_share_the_throttle() {
    let throttle = RetryThrottle::new(1000, 0.1).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| answer(&throttle, RETRY)));
        }
    });
    assert_eq!(throttle.thousandths(), 600_000);
    assert!(throttle.reserve(Instant::ZERO, &Cause::HEDGE).is_ok());
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
