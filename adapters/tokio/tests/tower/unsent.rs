//! An attempt that only waited for readiness was not sent: it is not counted, not charged, and sent again.

use std::future::pending;
use std::sync::{Arc, Mutex};

use insist_core::{Action, Admission, Cause, Gate, Settled};
use insist_tokio::tower::Layer;
use insist_tokio::{Budget, Bulkhead, Decision, Event, Instant, Policy, Repeat, Timer, TokioTimer, Verdict};
use tokio::time::{sleep, timeout};
use tower::limit::ConcurrencyLimit;
use tower::{Layer as _, ServiceExt};

use crate::ms;
use crate::strict::Strict;

fn now() -> Instant {
    TokioTimer.now()
}

/// A call that must not be repeated is repeated after an attempt that had no place until its timeout; and of four attempts
/// that the policy has, four can still be sent.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_waited_for_a_place_until_its_timeout_is_none_of_the_policys() {
    let (service, counts) =
        Strict::new(|number, ()| async move { if number < 4 { Err("refused") } else { Ok(number) } });
    let limited = ConcurrencyLimit::new(service, 1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let policy = Policy::constant(ms(5)).attempts(4).attempt_timeout(ms(50));
    let layer = Layer::retry(policy)
        .repeat(Repeat::IfUnsent)
        .judge(|outcome: &Result<u32, &str>| match outcome {
            Ok(_) => Verdict::Accept,
            Err(_) => Verdict::retry().unsent(),
        })
        .notify(move |event: &Event<'_, u32, &str>| {
            if !matches!(event.decision, Decision::Action(Action::Wait { .. })) {
                notes.lock().unwrap().push(event.to_string());
            }
        });
    // The place is taken between the first attempt and its retry, and given back after 30 ms more than it has.
    let mut other = limited.clone();
    let call = tokio::spawn(layer.layer(limited).oneshot(()));
    sleep(ms(1)).await;
    other.ready().await.unwrap();
    sleep(ms(80)).await;
    drop(other);
    assert_eq!(call.await.unwrap().unwrap(), 4);
    assert_eq!(counts.calls(), 4, "an attempt that had no place was not a call of the service");
    let expected = [
        "0ns: send attempt 1 (first in lane 0), which has 50ms",
        "0ns: attempt 1 ended: retry (refused); next in 5ms",
        "5ms: send attempt 2 (retry in lane 0), which has 50ms",
        "55ms: attempt 2 is withdrawn: it was never sent; next in 5ms",
        "60ms: send attempt 3 (retry in lane 0), which has 50ms",
        "81ms: attempt 3 ended: retry (refused); next in 5ms",
        "86ms: send attempt 4 (retry in lane 0), which has 50ms",
        "86ms: attempt 4 ended: retry (refused); next in 5ms",
        "91ms: send attempt 5 (retry in lane 0), which has 50ms",
        "91ms: attempt 5 ended: accept",
        "91ms: return attempt 5",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// A service that is never ready is not waited for without end.
#[tokio::test(start_paused = true)]
async fn as_many_attempts_as_the_policy_has_are_withdrawn_and_then_the_call_gives_up() {
    let (service, counts) = Strict::new(|_, ()| async { Ok::<(), &str>(()) });
    let (limited, budget) = (ConcurrencyLimit::new(service, 1), Arc::new(Budget::new(0.1)));
    let mut other = limited.clone();
    let policy = Policy::constant(ms(5)).attempts(3).attempt_timeout(ms(50));
    let gate = (Arc::new(Bulkhead::new(1).waiting(ms(1))), Arc::clone(&budget));
    // The gate holds the first attempt back, and so the place that it held ready is given back.
    let taken = gate.0.admit(now(), &Cause::FIRST);
    assert_eq!(taken, Admission::Yes);
    let started = tokio::time::Instant::now();
    let call = tokio::spawn(Layer::retry(policy).gate(gate.clone()).layer(limited).oneshot(()));
    sleep(ms(1)).await;
    other.ready().await.unwrap();
    gate.0.settle(now(), &Cause::FIRST, &Settled::Unsent(now()));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "gave up before anything was sent: no attempts were left");
    assert_eq!(started.elapsed().as_millis(), 3 * 50 + 2 * 5 + 1);
    assert_eq!(counts.calls(), 0);
    let state = budget.state(now());
    assert_eq!((state.firsts, state.charged), (0, 0), "{state}");
    assert_eq!(gate.0.in_flight(), 0);
}

/// The call ends while its hedge waits for the only place: by the first attempt's success, by its deadline, or by being
/// dropped.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_had_no_place_when_the_call_ended_costs_nothing() {
    for (answers_after, deadline, dropped_after) in [(30, 1000, 1000), (2000, 60, 1000), (2000, 1000, 40)] {
        let (service, counts) = Strict::new(move |_, ()| async move {
            sleep(ms(answers_after)).await;
            Ok::<(), &str>(())
        });
        let budget = Arc::new(Budget::new(1.0));
        let hedged = Policy::constant(ms(5)).attempts(4).lanes(2).hedge_after(ms(10)).deadline(ms(deadline));
        let call = Layer::race(hedged).gate(Arc::clone(&budget)).layer(ConcurrencyLimit::new(service, 1)).oneshot(());
        let _ = timeout(ms(dropped_after), call).await;
        assert_eq!(counts.calls(), 1, "the limit has one place");
        let state = budget.state(now());
        assert_eq!((state.firsts, state.charged), (1, 0), "ended by {answers_after}, {deadline} or {dropped_after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_had_no_place_when_the_call_was_dropped_costs_nothing() {
    let (service, counts) = Strict::new(|_, ()| async { Err::<(), _>("refused") });
    let (limited, budget) = (ConcurrencyLimit::new(service, 1), Arc::new(Budget::new(1.0)));
    let mut other = limited.clone();
    let call = Layer::retry(Policy::constant(ms(5))).gate(Arc::clone(&budget)).layer(limited).oneshot(());
    let mut call = Box::pin(call);
    // Its first attempt fails, and before its retry somebody else takes the place.
    assert!(timeout(ms(1), &mut call).await.is_err());
    other.ready().await.unwrap();
    assert!(timeout(ms(40), &mut call).await.is_err());
    assert_eq!(budget.state(now()).charged, 1, "its retry waits for the place");
    drop(call);
    assert_eq!(counts.calls(), 1);
    let state = budget.state(now());
    assert_eq!((state.firsts, state.charged), (1, 0), "{state}");
}

/// A request that cannot be cloned is still there after an attempt that did not send it.
#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_cloned_is_sent_by_the_next_attempt() {
    struct Upload(&'static str);
    let (service, counts) = Strict::new(|_, upload: Upload| async move { Ok::<_, &str>(upload.0) });
    let limited = ConcurrencyLimit::new(service, 1);
    let mut other = limited.clone();
    let bulkhead = Arc::new(Bulkhead::new(1).waiting(ms(1)));
    assert_eq!(bulkhead.admit(now(), &Cause::FIRST), Admission::Yes);
    let policy = Policy::constant(ms(5)).attempts(3).attempt_timeout(ms(50));
    let layer = Layer::retry(policy).gate(Arc::clone(&bulkhead)).clone_with(|_: &Upload| None);
    let call = tokio::spawn(layer.layer(limited).oneshot(Upload("once")));
    sleep(ms(1)).await;
    other.ready().await.unwrap();
    bulkhead.settle(now(), &Cause::FIRST, &Settled::Unsent(now()));
    sleep(ms(70)).await;
    assert_eq!(counts.calls(), 0);
    drop(other);
    assert_eq!(call.await.unwrap().unwrap(), "once");
}

/// An attempt that was called and took too long may have been sent.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_called_and_took_too_long_may_have_been_sent() {
    let (service, counts) = Strict::new(|_, ()| pending::<Result<(), &str>>());
    let policy = Policy::zero().attempts(3).attempt_timeout(ms(50));
    let error = Layer::retry(policy).repeat(Repeat::IfUnsent).layer(service).oneshot(()).await.unwrap_err();
    assert_eq!(counts.calls(), 1, "{error}");
}

/// A request that is sent once is not cloned.
#[tokio::test]
async fn a_request_of_a_policy_with_one_attempt_is_not_cloned() {
    #[derive(Debug)]
    struct Precious;
    impl Clone for Precious {
        fn clone(&self) -> Self {
            panic!("it was cloned")
        }
    }
    let (service, counts) = Strict::new(|_, _: Precious| async { Err::<(), _>("down") });
    let error = Layer::retry(Policy::zero().attempts(1)).layer(service).oneshot(Precious).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), counts.calls()), ("down", 1));
}
