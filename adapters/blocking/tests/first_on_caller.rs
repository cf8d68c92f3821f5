//! `first_on_caller`: which thread makes which attempt, and what ends one on the caller's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use insist_blocking::{
    Breaker, BreakerState, Bulkhead, CancelReason, Canceller, Decision, Event, Instant, LiveAttempt, Policy, Reason,
    Verdict, race,
};

/// Nobody waits this long: a call that ends has not waited for it.
const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(5);
const HEDGED: Policy = Policy::zero().lanes(2).attempts(2).hedge_after(SOON);

/// Returns what ends when the attempt is cancelled.
fn cancelled(attempt: &LiveAttempt<'_>) -> Receiver<()> {
    let (cancel, cancelled) = channel();
    attempt.on_cancel(move || _ = cancel.send(()));
    cancelled
}

/// Works until the attempt is cancelled, and returns why it was.
fn hang(attempt: &LiveAttempt<'_>) -> CancelReason {
    assert_ne!(cancelled(attempt).recv_timeout(LONG), Err(RecvTimeoutError::Timeout));
    attempt.cancel_reason().unwrap()
}

/// Records which thread made each attempt, and why each was cancelled.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Made>>>);

/// An attempt, its thread, and why it was cancelled.
type Made = (u32, ThreadId, Option<CancelReason>);

impl Seen {
    fn add(&self, attempt: &LiveAttempt<'_>) {
        self.0.lock().unwrap().push((attempt.id, thread::current().id(), attempt.cancel_reason()));
    }

    /// Returns whether the attempt ran on the caller's thread, and why it was cancelled.
    fn of(&self, id: u32) -> (bool, Option<CancelReason>) {
        let seen = self.0.lock().unwrap();
        let (_, thread, reason) = seen.iter().find(|(attempt, ..)| *attempt == id).unwrap();
        (*thread == thread::current().id(), *reason)
    }
}

#[test]
fn a_hedge_that_wins_interrupts_the_first_attempt() {
    let seen = Seen::default();
    let sees = seen.clone();
    let (result, report) = race(HEDGED, move |attempt| {
        if attempt.id == 1 {
            hang(attempt);
        }
        sees.add(attempt);
        Ok::<_, ()>(attempt.id)
    })
    .first_on_caller()
    .report();
    assert_eq!(result.ok(), Some(2));
    assert_eq!(report.hedges, 1);
    assert_eq!(seen.of(1), (true, Some(CancelReason::Lost)));
    assert_eq!(seen.of(2), (false, None));
}

#[test]
fn the_first_attempt_cancels_the_others_when_it_wins() {
    let (told, hears) = channel();
    let told = Mutex::new(told);
    let (go, begin) = channel();
    let (go, begin) = (Mutex::new(go), Mutex::new(begin));
    let result = race(Policy::zero().lanes(3), move |attempt| {
        if attempt.id == 1 {
            // Both others are on their way.
            for _ in 0..2 {
                begin.lock().unwrap().recv().unwrap();
            }
            return Ok::<_, ()>(attempt.id);
        }
        go.lock().unwrap().send(()).unwrap();
        let reason = hang(attempt);
        told.lock().unwrap().send(reason).unwrap();
        Ok(attempt.id)
    })
    .first_on_caller()
    .try_call();
    assert_eq!(result.ok(), Some(1));
    assert_eq!(hears.recv(), Ok(CancelReason::Lost));
    assert_eq!(hears.recv(), Ok(CancelReason::Lost));
}

#[test]
fn a_retry_that_is_due_when_nothing_runs_is_made_by_the_caller() {
    let seen = Seen::default();
    let sees = seen.clone();
    let policy = Policy::constant(SOON).attempts(4).lanes(2).hedge_after(LONG);
    let result = race(policy, move |attempt| {
        sees.add(attempt);
        if attempt.id < 3 { Err("down") } else { Ok(attempt.id) }
    })
    .first_on_caller()
    .try_call();
    assert_eq!(result.ok(), Some(3));
    for id in 1..=3 {
        assert!(seen.of(id).0, "attempt {id}");
    }
}

#[test]
fn an_attempt_on_the_callers_thread_is_told_of_its_timeout_and_of_the_deadline() {
    let (told, hears) = channel();
    let told = Mutex::new(told);
    let caller = thread::current().id();
    let policy = Policy::zero().attempts(2).attempt_timeout(SOON);
    let gave_up = race(policy, move |attempt| {
        let reason = hang(attempt);
        told.lock().unwrap().send((attempt.id, thread::current().id() == caller, reason)).unwrap();
        Err::<(), _>("cancelled")
    })
    .first_on_caller()
    .try_call()
    .unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Attempts, 2));
    let mut heard = [hears.recv().unwrap(), hears.recv().unwrap()];
    heard.sort_by_key(|(id, ..)| *id);
    // The second was sent when the first timed out, by the thread that told it so.
    assert_eq!(heard, [(1, true, CancelReason::Timeout), (2, false, CancelReason::Timeout)]);

    let gave_up = race(Policy::zero().deadline(SOON), |attempt| Err::<(), _>(hang(attempt)))
        .first_on_caller()
        .try_call()
        .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Deadline);
}

#[test]
fn another_thread_cancels_the_call_while_the_caller_works_and_while_it_waits() {
    for waits in [false, true] {
        let canceller = Canceller::new();
        let other = canceller.clone();
        let (begun, begins) = channel();
        let begun = Mutex::new(begun);
        thread::scope(|scope| {
            scope.spawn(move || {
                begins.recv().unwrap();
                other.cancel();
            });
            let policy = Policy::constant(LONG).lanes(2).hedge_after(LONG);
            let gave_up = race(policy, move |attempt| {
                begun.lock().unwrap().send(()).unwrap();
                if !waits {
                    assert_eq!(hang(attempt), CancelReason::Cancelled);
                }
                Err::<(), _>("down")
            })
            .first_on_caller()
            .cancel_with(&canceller)
            .try_call()
            .unwrap_err();
            assert_eq!(gave_up.reason, Reason::Cancelled);
        });
        let gave_up =
            race(HEDGED, |_| Ok::<_, ()>(())).first_on_caller().cancel_with(&canceller).try_call().unwrap_err();
        assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Cancelled, 0));
    }
}

#[test]
fn a_hook_that_cancels_the_call_is_no_deadlock() {
    let canceller = Canceller::new();
    let cancels = canceller.clone();
    let gave_up = race(Policy::constant(LONG).lanes(2), |_| Err::<(), _>("down"))
        .first_on_caller()
        .cancel_with(&canceller)
        .notify(move |event: &Event<'_, _, _>| {
            if matches!(event.decision, Decision::Judged(_)) {
                cancels.cancel();
            }
        })
        .try_call()
        .unwrap_err();
    assert_eq!(gave_up.reason, Reason::Cancelled);
}

/// Makes a call that panics somewhere, and returns what it says.
fn panic_of(call: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(call))
        .unwrap_err()
        .downcast::<&str>()
        .map(|text| Box::new((*text).to_owned()))
        .unwrap()
}

#[test]
fn a_panic_on_any_thread_continues_in_the_caller_and_interrupts_it() {
    let operation = |attempt: &LiveAttempt<'_>| {
        if attempt.id == 2 {
            panic!("the hedge");
        }
        hang(attempt);
        Ok::<_, ()>(attempt.id)
    };
    assert_eq!(panic_of(|| _ = race(HEDGED, operation).first_on_caller().try_call()), "the hedge");

    let hedge_wins = |attempt: &LiveAttempt<'_>| {
        if attempt.id == 1 {
            hang(attempt);
        }
        Ok::<_, ()>(attempt.id)
    };
    let judged = || _ = race(HEDGED, hedge_wins).first_on_caller().judge(|_| panic!("the judge")).try_call();
    assert_eq!(panic_of(judged), "the judge");
    let hook = |event: &Event<'_, _, _>| assert!(!matches!(event.decision, Decision::Judged(_)), "the hook");
    assert_eq!(panic_of(|| _ = race(HEDGED, hedge_wins).first_on_caller().notify(hook).try_call()), "the hook");

    let (told, hears) = channel();
    let told = Mutex::new(told);
    let on_caller = move |attempt: &LiveAttempt<'_>| {
        if attempt.id == 1 {
            thread::sleep(2 * SOON);
            panic!("the first attempt");
        }
        told.lock().unwrap().send(hang(attempt)).unwrap();
        Ok::<_, ()>(())
    };
    assert_eq!(panic_of(|| _ = race(HEDGED, on_caller).first_on_caller().try_call()), "the first attempt");
    // The hedge may not have been sent; if it was, it has been told.
    assert!(matches!(hears.recv(), Ok(CancelReason::Cancelled) | Err(_)));
}

#[test]
fn a_gate_is_given_back_what_the_losers_hold_when_the_call_returns() {
    let bulkhead = Arc::new(Bulkhead::new(2));
    let breaker = Arc::new(Breaker::new(0.5));
    for _ in 0..100 {
        let policy = Policy::zero().lanes(2).attempts(2);
        let (release, released) = channel::<()>();
        let released = Mutex::new(released);
        let result = race(policy, move |attempt| {
            if attempt.id == 2 {
                // Deaf to its cancel: it outlives the call.
                _ = released.lock().unwrap().recv();
            }
            Ok::<_, ()>(attempt.id)
        })
        .first_on_caller()
        .gate((Arc::clone(&bulkhead), Arc::clone(&breaker)))
        .try_call();
        assert_eq!(result.ok(), Some(1));
        assert_eq!(bulkhead.in_flight(), 0);
        drop(release);
    }
    assert!(matches!(breaker.state(Instant::now()), BreakerState::Closed { .. }));
}

#[test]
fn a_judge_that_wants_more_of_an_ok_has_it_tried_again() {
    let result = race(Policy::zero().lanes(2).hedge_after(LONG), |attempt| Ok::<_, ()>(attempt.id))
        .first_on_caller()
        .judge(|outcome| if matches!(outcome, Ok(1)) { Verdict::retry() } else { Verdict::Accept })
        .try_call();
    assert_eq!(result.ok(), Some(2));
}

#[test]
fn a_call_with_a_fallback_returns_it() {
    let value = race(HEDGED, |_| Err::<u32, _>("down")).first_on_caller().fallback(|_| 7).call();
    assert_eq!(value, 7);
    let (value, report) = race(HEDGED, |_| Err::<u32, _>("down")).first_on_caller().fallback(|_| 8).report();
    assert_eq!(value, 8);
    assert!(report.fell_back);
}
