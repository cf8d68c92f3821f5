//! Google, "Site Reliability Engineering", chapters 21 and 22: what retries make of the load, and adaptive throttling.
//!
//! The book's retry budget is 10 % of all requests; insist's ratio is that to first sends, where 0.1 is a load of 1.1.

use std::cell::Cell;
use std::time::Duration;

use insist_core::{
    Action, AdaptiveThrottle, AdaptiveThrottleError, Admission, AttemptEnd, Budget, Call, Cause, Failure, Gate,
    Instant, Policy, Reason, Settled, Verdict,
};
use insist_tests::words::{RETRY, THROTTLED, at, gave_up, sends};

use crate::draws::assert_near;
use crate::hand::{Closed, played};

/// Sends for each call, of 20,000 whose attempts fail with this probability.
fn load(gate: &impl Gate, p: f64) -> f64 {
    let (policy, calls) = (Policy::zero(), 20_000);
    let mut random = fastrand::Rng::with_seed(7);
    let sent: usize = (0..calls)
        .map(|_| {
            let verdicts = [0; 3].map(|_| if random.f64() < p { RETRY } else { Verdict::Accept });
            sends(&played(&policy, gate, &verdicts)).len()
        })
        .sum();
    sent as f64 / f64::from(calls)
}

/// 1.749, 2.711 and 3.
#[test]
fn three_attempts_are_three_times_the_load_when_everything_fails() {
    assert_near(load(&(), 0.5), 1.749, 0.02);
    assert_near(load(&(), 0.9), 2.711, 0.02);
    assert_eq!(load(&(), 1.0), 3.0);
}

/// 1.1, exactly.
#[test]
fn a_tenth_of_the_first_sends_is_the_most_that_a_budget_adds() {
    let budget = || Budget::new(0.1).with_reserve(0);
    assert_eq!(load(&budget(), 1.0), 1.1);
    for p in [0.5, 0.9] {
        assert!(load(&budget(), p) <= 1.1, "{p}");
    }
}

/// Returns how often the bottom of so many layers is asked, each of which makes so many attempts, when nothing
/// succeeds.
fn asked(layers: u32, attempts: u32) -> u64 {
    if layers == 0 {
        return 1;
    }
    let (policy, sent) = (Policy::zero().attempts(attempts), Cell::new(0));
    let mut call = Call::new(&policy, (), at(0), 7);
    while let Action::Send(attempt) = call.poll(at(0)) {
        sent.set(sent.get() + asked(layers - 1, attempts));
        let _ = call.handle(at(0), attempt.id, RETRY);
    }
    sent.get()
}

/// 3³ = 27, 3⁴ = 81, 4³ = 64 (the book's), 3⁵ = 243 (the Amazon Builders' Library's).
#[test]
fn layers_that_all_retry_multiply() {
    assert_eq!([asked(3, 3), asked(4, 3), asked(3, 4), asked(5, 3)], [27, 81, 64, 243]);
}

/// And where a layer passes on that its callee gave up, they do not: the layers above stop.
#[test]
fn layers_that_stop_do_not_multiply() {
    let below = gave_up(&played(&Policy::zero(), &(), &[RETRY; 3])).reason;
    let verdict = if below == Reason::Attempts { Verdict::Stop } else { RETRY };
    assert_eq!(sends(&played(&Policy::zero(), &(), &[verdict; 3])).len(), 1);
}

/// Requests that reach a backend for each one that it takes on, when it is offered so many times what it can take.
fn reaching(k: f64, offered: u32) -> f64 {
    let throttle = AdaptiveThrottle::new(k).seed(7).window(Duration::from_secs(2));
    let (mut reached, mut accepted) = (0_u32, 0_u32);
    for step in 0..600 {
        let now = at(step * 10);
        let (mut admitted, mut taken_on) = (0, 0);
        for _ in 0..offered * 10 {
            if throttle.admit(now, &Cause::FIRST) == Admission::Yes {
                let has_room = taken_on < 10;
                settle(&throttle, now, if has_room { AttemptEnd::Accept } else { THROTTLED.into() });
                admitted += 1;
                taken_on += u32::from(has_room);
            }
        }
        if step >= 200 {
            reached += admitted;
            accepted += taken_on;
        }
    }
    f64::from(reached) / f64::from(accepted)
}

/// K requests reach the backend for each that it takes on, however many are offered.
#[test]
fn adaptive_throttling_lets_k_requests_through_for_each_accepted() {
    for offered in [2, 4, 10] {
        assert_near(reaching(2.0, offered), 2.0, 0.05);
        assert_near(reaching(1.1, offered), 1.1, 0.05);
    }
}

fn settle(throttle: &AdaptiveThrottle, now: Instant, end: AttemptEnd) {
    throttle.settle(now, &Cause::FIRST, &Settled::Ended(end, now));
}

fn admit(throttle: &AdaptiveThrottle, now: Instant, count: usize) {
    for _ in 0..count {
        let _ = throttle.admit(now, &Cause::FIRST);
    }
}

/// (requests - K × accepts) / (requests + 1); 0 while more than one in K is taken on.
#[test]
fn the_probability_is_that_of_the_book() {
    let throttle = AdaptiveThrottle::new(2.0).seed(7);
    assert_eq!(throttle.refusal(at(0)), 0.0);
    admit(&throttle, at(0), 100);
    (0..60).for_each(|_| settle(&throttle, at(0), AttemptEnd::Accept));
    assert_eq!(throttle.refusal(at(0)), 0.0);
    admit(&throttle, at(0), 100);
    assert_near(throttle.refusal(at(0)), (200.0 - 120.0) / 201.0, 1e-9);
    assert_eq!(throttle.refusal(at(120_000)), 0.0, "two minutes later it is forgotten");
}

/// A failure that is not about the load was taken on by the backend; one that did not get there was not, and a loser
/// that was cancelled was not asked at all.
#[test]
fn only_what_was_turned_away_or_never_arrived_counts_against_the_backend() {
    let refusal = |end| {
        let throttle = AdaptiveThrottle::new(2.0).seed(7);
        admit(&throttle, at(0), 10);
        (0..10).for_each(|_| settle(&throttle, at(0), end));
        throttle.refusal(at(0))
    };
    let taken_on = [AttemptEnd::Accept, AttemptEnd::Stop, AttemptEnd::Retry(Failure::new()), AttemptEnd::Cancelled];
    assert!(taken_on.into_iter().all(|end| refusal(end) == 0.0));
    let not = [THROTTLED.into(), Verdict::retry().unsent().into(), AttemptEnd::Timeout];
    assert!(not.into_iter().all(|end| refusal(end) > 0.9));
}

/// Nor is what another gate refuses.
#[test]
fn what_another_gate_refuses_does_not_count() {
    let throttle = AdaptiveThrottle::new(2.0).seed(7);
    let gates = (&throttle, Closed { for_firsts: true });
    (0..10).for_each(|_| assert_eq!(gave_up(&played(&Policy::zero(), &gates, &[])).reason, Reason::Refused));
    assert_eq!(throttle.refusal(at(0)), 0.0);
}

/// A call that the throttle turns away has sent nothing.
#[test]
fn a_call_is_turned_away_before_it_is_sent() {
    let throttle = AdaptiveThrottle::new(2.0).seed(7);
    let refused = (0..1000).filter(|_| {
        let timeline = played(&Policy::zero().attempts(1), &throttle, &[THROTTLED]);
        sends(&timeline).is_empty() && gave_up(&timeline).reason == Reason::Refused
    });
    assert!(refused.count() > 900);
}

#[test]
fn a_throttle_that_makes_no_sense_says_so_and_refuses_nothing() {
    for (throttle, says) in [
        (AdaptiveThrottle::new(0.9), "the k of the throttle is not a number from 1 to 1000"),
        (AdaptiveThrottle::new(f64::NAN), "the k of the throttle is not a number from 1 to 1000"),
        (
            AdaptiveThrottle::new(2.0).window(Duration::ZERO),
            "the window of the throttle is 0ns; it needs at least 10ms, a millisecond a slot",
        ),
    ] {
        let error: AdaptiveThrottleError = throttle.validate().expect_err("it makes no sense");
        assert_eq!(error.to_string(), says);
        admit(&throttle, at(0), 1000);
        assert_eq!(throttle.refusal(at(0)), 0.0);
    }
    for throttle in [AdaptiveThrottle::new(1.0).window(Duration::from_millis(10)), AdaptiveThrottle::new(1000.0)] {
        assert_eq!(throttle.validate(), Ok(()));
    }
}
