//! The faults of backoff (github.com/ihrwein/backoff).

use std::cell::RefCell;
use std::future::ready;
use std::time::Duration;

use insist_blocking::{VirtualClock, retry};
use insist_core::{AtEnd, Jitter, List, Policy, Reason, Script, Verdict, play};
use insist_futures::VirtualTimer;
use insist_tests::words::{at, gave_up, ms, secs, sends};

use crate::draws::doubling;

/// Fault R16: backoff 0.4 ran the next operation first and then waited for its delay.
#[test]
fn an_operation_does_not_run_before_its_wait_is_over() {
    let policy = Policy::list(List::new(&[secs(10), secs(15)]), AtEnd::Stop).jitter(Jitter::None);
    let (clock, mut ran_at) = (VirtualClock::new(), Vec::new());
    let result = retry(&policy, |_| {
        ran_at.push(clock.elapsed());
        Err::<(), _>("down")
    });
    assert_eq!(result.clock(&clock).call(), Err("down"));
    assert_eq!(ran_at, [0, 10, 25].map(secs));
}

/// Fault R16: backoff 0.4 made the next future first and then waited for its delay.
#[test]
fn no_future_is_made_before_its_wait_is_over() {
    let policy = Policy::list(List::new(&[secs(10), secs(15)]), AtEnd::Stop).jitter(Jitter::None);
    let (timer, made_at) = (VirtualTimer::new(), RefCell::new(Vec::new()));
    let call = insist_futures::retry(timer.clone(), &policy, |_| {
        made_at.borrow_mut().push(timer.elapsed());
        ready(Err::<(), _>("down"))
    });
    assert_eq!(timer.block_on(call.call()), Err("down"));
    assert_eq!(made_at.into_inner(), [0, 10, 25].map(secs));
}

/// Fault R15: in backoff 0.4 a hint went past the limit of time, again and again.
#[test]
fn hints_do_not_outlive_the_deadline() {
    let policy = Policy::zero().unlimited_attempts().deadline(ms(5));
    for verdict in [Verdict::retry().after(ms(2)), Verdict::retry().exactly_after(ms(2))] {
        let script = (1..=100).fold(Script::new(), |script, id| script.outcome(id, Duration::ZERO, verdict));
        let timeline = play(&policy, 1, &script);
        assert_eq!(sends(&timeline), [0, 2, 4].map(at));
        let gave_up = gave_up(&timeline);
        assert_eq!(gave_up.at, at(4));
        assert_eq!(gave_up.reason, Reason::RetryAfter);
        assert_eq!(gave_up.hint, Some(ms(2)));
    }
}

/// Fault R17: under a clock that was stopped, the async part of backoff 0.4 went by the real one. So did R4.
#[test]
fn a_call_in_virtual_time_is_timed_by_it_alone() {
    let policy = Policy::constant(secs(3600)).jitter(Jitter::None).unlimited_attempts().deadline(secs(36_000));
    let (clock, started) = (VirtualClock::new(), std::time::Instant::now());
    let (result, report) = retry(&policy, |_| Err::<(), _>("down")).clock(&clock).report();
    assert_eq!(result.unwrap_err().attempts, 10);
    assert_eq!(report.elapsed, secs(9 * 3600));
    assert!(started.elapsed() < secs(3600));
}

/// Fault ihrwein/backoff #63: the result did not say whether the attempts had run out or the error had stopped them.
#[test]
fn giving_up_tells_a_stop_from_the_last_attempt() {
    let (clock, policy) = (VirtualClock::new(), doubling(3));
    for (retried, reason, attempts) in [(true, Reason::Attempts, 3), (false, Reason::Stopped, 1)] {
        let call = retry(&policy, |_| Err::<(), _>("down")).when(|_| retried).clock(&clock);
        let gave_up = call.try_call().unwrap_err();
        assert_eq!(gave_up.reason, reason);
        assert_eq!(gave_up.attempts, attempts);
        assert_eq!(gave_up.last, Some(Err("down")));
    }
}

/// Fault ydb-platform/ydb-rs-sdk #546, mullvad/mullvadvpn-app #5941: a call was not `Send`, or had to be `'static`.
#[tokio::test]
async fn a_call_can_be_spawned_if_its_operation_can_and_may_borrow_if_it_stays() {
    async fn generic<T: Send>(make: impl Fn() -> T + Send + Sync) -> T {
        insist_futures::retry(VirtualTimer::new(), &Policy::zero(), |_| async { Ok::<_, ()>(make()) }).await.unwrap()
    }
    assert_eq!(tokio::spawn(generic(|| 7)).await.unwrap(), 7);
    let text = String::from("borrowed");
    let call = insist_tokio::race(&Policy::zero().lanes(2), |_| async { Ok::<_, ()>(text.as_str()) }).await;
    assert_eq!(call.unwrap(), "borrowed");
}
