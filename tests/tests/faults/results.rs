//! What a caller and its hook are told: each failure, each wait, the last error as it was.

use std::time::Duration;

use insist_blocking::{Clock, VirtualClock, retry};
use insist_core::{Action, Decision, Event, Jitter, Judged, Policy, Reason, Verdict};
use insist_ureq::insisting::ReportSlot;
use insist_ureq::{Agent, Error, Insist};

use crate::{ms, secs};

fn doubling(attempts: u32) -> Policy {
    Policy::exponential(secs(1)).jitter(Jitter::None).attempts(attempts)
}

/// R2: the hook of tokio-retry2 0.9 was told the wait before, and one more after the last attempt.
#[test]
fn a_hook_is_told_each_wait_that_follows_and_none_that_does_not() {
    let (clock, mut waits) = (VirtualClock::new(), Vec::new());
    let hook = |event: &Event<'_, _, _>| {
        if let Decision::Action(Action::Wait { until: Some(until), .. }) = event.decision {
            waits.push(until.saturating_since(event.at));
        }
    };
    retry(&doubling(4), |_| Err::<(), _>("down")).notify(hook).clock(&clock).call().unwrap_err();
    assert_eq!(waits, [1, 2, 4].map(secs));
    assert_eq!(clock.elapsed(), waits.iter().sum::<Duration>());
}

/// R40: mulligan's hook was called after the wait that it was to tell of.
#[test]
fn a_hook_is_told_of_a_failure_before_the_wait() {
    let (clock, mut told) = (VirtualClock::new(), Vec::new());
    let hook = |event: &Event<'_, _, _>| {
        if let Decision::Judged(Judged { attempt, .. }) = event.decision {
            assert_eq!(event.at, clock.now());
            told.push((attempt, clock.elapsed()));
        }
    };
    retry(&doubling(3), |_| Err::<(), _>("down")).notify(hook).clock(&clock).call().unwrap_err();
    assert_eq!(told, [(1, secs(0)), (2, secs(1)), (3, secs(3))]);
}

/// R27: reqwest-retry 0.9 wrapped the error of a failed connection, so that it was none any more.
#[test]
fn the_error_of_the_last_attempt_comes_back_as_it_was() {
    // No system hands out this port by itself.
    let (agent, slot) = (Agent::new_with_defaults().policy(Policy::zero()), ReportSlot::new());
    let result = agent.get("http://127.0.0.1:1/").report_to(&slot).call();
    let Err(Error::Io(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    let report = slot.take().unwrap();
    let numbers: Vec<_> = report.log.entries().iter().map(|entry| entry.attempt).collect();
    assert_eq!((report.reason, numbers), (Some(Reason::Attempts), vec![1, 2, 3]));
}

/// ihrwein/backoff #63: the result did not say whether the attempts had run out or the error had stopped them.
#[test]
fn giving_up_tells_a_stop_from_the_last_attempt() {
    let (clock, policy) = (VirtualClock::new(), doubling(3));
    for (retried, reason, attempts) in [(true, Reason::Attempts, 3), (false, Reason::Stopped, 1)] {
        let call = retry(&policy, |_| Err::<(), _>("down")).when(|_| retried).clock(&clock);
        let gave_up = call.try_call().unwrap_err();
        assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (reason, attempts, Some(Err("down"))));
    }
}

/// Xuanwo/backon #242: whether a success had taken retries could not be told.
#[test]
fn a_success_tells_how_many_attempts_it_took() {
    let (clock, policy) = (VirtualClock::new(), doubling(3));
    for attempts in 1..=3 {
        let call = retry(&policy, |attempt| if attempt.id < attempts { Err("down") } else { Ok("up") });
        let (result, report) = call.clock(&clock).report();
        assert_eq!((result.unwrap(), report.attempts, report.retries), ("up", attempts, attempts - 1));
    }
}

/// Xuanwo/backon #144: only an error could be retried, and not a value that will not do.
#[test]
fn a_value_that_will_not_do_is_retried_and_is_the_last_result() {
    let (clock, policy) = (VirtualClock::new(), doubling(3));
    let call = retry(&policy, |attempt| Ok::<_, ()>((attempt.id == 9).then_some(ms(1))));
    let judge = |outcome: &Result<Option<_>, ()>| match outcome {
        Ok(Some(_)) => Verdict::Accept,
        _ => Verdict::retry(),
    };
    let gave_up = call.judge(judge).clock(&clock).report().0.unwrap_err();
    assert_eq!((gave_up.attempts, gave_up.last), (3, Some(Ok(None))));
}
