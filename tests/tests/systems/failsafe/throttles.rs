//! Failsafe's concurrency budget and its adaptive throttler, as gates.
//!
//! The budget: retries and hedges may be a share of all that is in flight, and a few always may be. It knows nothing of
//! time. A retry counts from its promise on, so also while it waits. The throttler is that of "Site Reliability
//! Engineering", chapter 21: the more of what was sent has failed, the more is refused at once, by lot. Failsafe's
//! forgets what is older than a minute; no vector looks at that, so this one counts for ever.

use std::cell::{Cell, RefCell};

use insist_blocking::retry;
use insist_core::{
    Action, Admission, AttemptEnd, Cause, Failure, Gate, Instant, Kind, Policy, Reason, Refusal, Repeat, Settled,
    Verdict, play_with,
};
use insist_tests::words::{ACCEPT, RETRY, always, at, end, gave_up, ms, script, secs, sends};

struct ConcurrencyBudget {
    share: f64,
    always: u32,
    /// All attempts that are in flight or promised.
    all: Cell<u32>,
    /// Those of them that are retries and hedges.
    extra: Cell<u32>,
}

impl ConcurrencyBudget {
    fn new(share: f64, always: u32) -> Self {
        Self { share, always, all: Cell::new(0), extra: Cell::new(0) }
    }

    /// Returns how many attempts are in flight or promised, and how many of them are retries and hedges.
    fn counts(&self) -> (u32, u32) {
        (self.all.get(), self.extra.get())
    }

    fn is_exceeded(&self) -> bool {
        let share = f64::from(self.extra.get()) / f64::from(self.all.get());
        self.extra.get() >= self.always && share > self.share
    }

    fn leave(&self, kind: Kind) {
        self.all.set(self.all.get() - 1);
        if kind != Kind::First {
            self.extra.set(self.extra.get() - 1);
        }
    }
}

impl Gate for ConcurrencyBudget {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        if self.is_exceeded() {
            return Err(Refusal::new(&"too many retries and hedges are in flight"));
        }
        self.all.set(self.all.get() + 1);
        self.extra.set(self.extra.get() + 1);
        Ok(())
    }

    fn refund(&self, _: Instant, cause: &Cause, _: Instant) {
        self.leave(cause.kind);
    }

    fn admit(&self, _: Instant, cause: &Cause) -> Admission {
        if cause.kind == Kind::First {
            self.all.set(self.all.get() + 1);
        }
        Admission::Yes
    }

    fn settle(&self, _: Instant, cause: &Cause, settled: &Settled) {
        // A retry or hedge that another gate held back is still reserved, or is refunded next.
        if cause.kind == Kind::First || !matches!(settled, Settled::Unsent(_)) {
            self.leave(cause.kind);
        }
    }

    fn is_timeless(&self) -> bool {
        true
    }
}

struct AdaptiveThrottle {
    /// The share of successes from which on nothing is refused.
    wanted: f64,
    /// The largest share that is refused.
    most: f64,
    ended: Cell<u32>,
    succeeded: Cell<u32>,
    lots: RefCell<fastrand::Rng>,
}

impl AdaptiveThrottle {
    fn new(wanted: f64, most: f64) -> Self {
        let lots = RefCell::new(fastrand::Rng::with_seed(7));
        Self { wanted, most, ended: Cell::new(0), succeeded: Cell::new(0), lots }
    }

    /// The share of attempts that is refused now.
    fn refused(&self) -> f64 {
        let (ended, succeeded) = (f64::from(self.ended.get()), f64::from(self.succeeded.get()));
        let excess = (ended - succeeded / self.wanted).max(0.0);
        (excess / (ended + 1.0)).min(self.most)
    }
}

impl Gate for AdaptiveThrottle {
    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        if self.lots.borrow_mut().f64() < self.refused() {
            return Admission::No(Refusal::new(&"too much has failed of late"));
        }
        Admission::Yes
    }

    fn settle(&self, _: Instant, _: &Cause, settled: &Settled) {
        let Settled::Ended(end, _) = *settled else { return };
        match end {
            end if end.is_cancelled() => return,
            AttemptEnd::Accept | AttemptEnd::Stop => self.succeeded.set(self.succeeded.get() + 1),
            _ => {}
        }
        self.ended.set(self.ended.get() + 1);
    }

    fn is_timeless(&self) -> bool {
        true
    }
}

const FAILED: Settled = Settled::Ended(AttemptEnd::Retry(Failure::new()), Instant::ZERO);

const SUCCEEDED: Settled = Settled::Ended(AttemptEnd::Accept, Instant::ZERO);

/// Holds what a retry is for; the budget does not look at how the attempt before it failed.
const AGAIN: Cause = Cause::retry(AttemptEnd::Timeout);

/// Puts in flight what other calls have: so many first attempts, and retries or hedges whose first attempts are over.
fn others(budget: &ConcurrencyBudget, firsts: u32, extra: u32) {
    let now = Instant::ZERO;
    for _ in 0..extra {
        assert_eq!(budget.admit(now, &Cause::FIRST), Admission::Yes);
    }
    for _ in 0..extra {
        budget.reserve(now, &AGAIN).unwrap();
        assert_eq!(budget.admit(now, &AGAIN), Admission::Yes);
    }
    for _ in 0..extra {
        budget.settle(now, &Cause::FIRST, &FAILED);
    }
    for _ in 0..firsts {
        assert_eq!(budget.admit(now, &Cause::FIRST), Admission::Yes);
    }
    assert_eq!(budget.counts(), (firsts + extra, extra));
}

/// TestBudget, "should acquire and release permit".
#[test]
fn a_retry_that_has_ended_makes_room_for_another() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 1, 1);
    for _ in 0..2 {
        budget.reserve(at(0), &AGAIN).unwrap();
        assert!(budget.reserve(at(0), &AGAIN).is_err());
        budget.settle(at(0), &AGAIN, &SUCCEEDED);
    }
}

/// F7, "when minConcurrency floor allows permit despite rate exceeded".
#[test]
fn a_few_retries_are_in_flight_at_once_whatever_their_share() {
    let budget = ConcurrencyBudget::new(0.5, 2);
    others(&budget, 0, 1);
    assert!(budget.reserve(at(0), &AGAIN).is_ok());
    assert!(budget.reserve(at(0), &AGAIN).is_err());
}

/// TestBudget, "when retries not exceeded".
#[test]
fn a_retry_within_the_share_is_sent() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 1, 1);
    let timeline =
        play_with(&Policy::zero(), &budget, Repeat::Always, Instant::ZERO, 7, &script(&[(5, RETRY), (5, ACCEPT)]));
    assert_eq!(end(&timeline).1, Action::Return(2));
    assert_eq!(budget.counts(), (2, 1), "what the call had is given back");
}

/// TestBudget, "when retries exceeded". There the budget's error takes the place of the operation's; here the call
/// gives its own, and names the gate beside it.
#[test]
fn a_retry_beyond_the_share_is_refused_before_its_wait_and_the_error_stays() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 0, 1);
    let gave_up = retry(&Policy::constant(secs(60)), |_| Err::<(), _>("connecting")).gate(&budget).try_call();
    let gave_up = gave_up.unwrap_err();
    assert_eq!(gave_up.reason, Reason::Refused);
    assert_eq!(gave_up.attempts, 1);
    assert_eq!(gave_up.last, Some(Err("connecting")));
    assert_eq!(gave_up.refusal.map(Refusal::reason), Some("too many retries and hedges are in flight"));
    assert_eq!(budget.counts(), (1, 1));
}

const HEDGE: Policy = Policy::zero().attempts(2).lane_attempts(1).lanes(2).hedge_after(ms(10));

/// TestBudget, "when hedges not exceeded".
#[test]
fn a_hedge_within_the_share_is_sent() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    others(&budget, 1, 1);
    let timeline = play_with(&HEDGE, &budget, Repeat::Always, Instant::ZERO, 7, &script(&[(100, ACCEPT)]));
    assert_eq!(sends(&timeline), [0, 10].map(at));
    assert_eq!(end(&timeline), (at(100), Action::Return(1)));
    assert_eq!(budget.counts(), (2, 1), "also that of the hedge that was cancelled");
}

/// F9, "when hedges exceeded".
#[test]
fn a_hedge_beyond_the_share_is_left_out_and_the_call_goes_on() {
    let budget = ConcurrencyBudget::new(0.5, 1);
    // One slot more was injected there than a call could have had: two hedges whose first attempts are over.
    others(&budget, 0, 2);
    let timeline = play_with(&HEDGE, &budget, Repeat::Always, Instant::ZERO, 7, &script(&[(100, ACCEPT)]));
    assert_eq!(sends(&timeline), [at(0)]);
    assert_eq!(end(&timeline), (at(100), Action::Return(1)));
    assert_eq!(budget.counts(), (2, 2));
}

/// A gate may be one of several: what another refuses is given back once (law 12).
#[test]
fn a_retry_that_another_gate_refuses_leaves_the_budget_as_it_was() {
    struct NoRetries;
    impl Gate for NoRetries {
        fn admit(&self, _: Instant, cause: &Cause) -> Admission {
            if cause.kind == Kind::First { Admission::Yes } else { Admission::No(Refusal::new(&"closed")) }
        }
    }
    let budget = ConcurrencyBudget::new(0.5, 1);
    for policy in [Policy::zero(), HEDGE] {
        let timeline =
            play_with(&policy, &(&budget, NoRetries), Repeat::Always, Instant::ZERO, 7, &script(&[(20, RETRY)]));
        assert_eq!(sends(&timeline).len(), 1);
        assert_eq!(budget.counts(), (0, 0));
    }
}

/// A throttle that has seen so many attempts, and how many of them succeeded.
fn after(attempts: u32, successes: u32) -> AdaptiveThrottle {
    let throttle = AdaptiveThrottle::new(0.9, 0.8);
    for number in 0..attempts {
        throttle.settle(at(0), &Cause::FIRST, if number < successes { &SUCCEEDED } else { &FAILED });
    }
    throttle
}

/// F11, TestComputeRejectionRate, "with a system performing better than the successRateThreshold".
#[test]
fn nothing_is_refused_where_enough_succeeds() {
    assert_eq!(after(100, 95).refused(), 0.0);
}

/// F12, "with a slightly overloaded system".
#[test]
fn a_sixth_is_refused_where_three_quarters_succeed() {
    assert!((after(120, 90).refused() - 20.0 / 121.0).abs() < 1e-12);
}

/// F13, "with a heavily overloaded system".
#[test]
fn most_is_refused_where_a_quarter_succeeds() {
    let throttle = after(200, 50);
    assert!((0.7..0.8).contains(&throttle.refused()), "{}", throttle.refused());
    let admitted = (0..10_000).filter(|_| throttle.admit(at(0), &Cause::FIRST) == Admission::Yes).count() as f64;
    assert!((admitted / 10_000.0 - (1.0 - throttle.refused())).abs() < 0.02, "{admitted}");
}

/// F14, "with a max rejection rate cap".
#[test]
fn no_more_than_the_largest_share_is_refused() {
    assert_eq!(after(1_000, 10).refused(), 0.8);
}

/// F15, "with zero executions".
#[test]
fn nothing_is_refused_at_the_start() {
    assert_eq!(after(0, 0).refused(), 0.0);
}

/// F16, "with zero successes".
#[test]
fn the_largest_share_is_refused_where_nothing_succeeds() {
    assert_eq!(after(100, 0).refused(), 0.8);
}

/// F17, TestAdaptiveThrottler_AcquirePermit, "should calculate rejection rate after failures".
#[test]
fn half_is_refused_after_a_call_that_failed() {
    let throttle = AdaptiveThrottle::new(0.9, 0.9);
    let timeline = play_with(&Policy::stop(), &throttle, Repeat::Always, Instant::ZERO, 7, &always(RETRY));
    assert_eq!(gave_up(&timeline).reason, Reason::Backoff);
    assert_eq!(throttle.refused(), 0.5);
}

/// The same, "should return ErrExceeded when AcquirePermit fails".
#[test]
fn a_call_is_refused_before_its_first_attempt_if_the_lot_falls_on_it() {
    let throttle = AdaptiveThrottle::new(0.9, 1.0);
    for _ in 0..50 {
        throttle.settle(at(0), &Cause::FIRST, &FAILED);
    }
    let refused = (0..50).filter(|_| {
        let timeline =
            play_with(&Policy::zero(), &throttle, Repeat::Always, Instant::ZERO, 7, &script(&[(0, Verdict::Stop)]));
        gave_up(&timeline).reason == Reason::Refused && sends(&timeline).is_empty()
    });
    // 50 in 51 are refused, and fewer once a call came through.
    assert!(refused.count() >= 40);
}
