//! Hooks and reports: every decision, in order, also of calls that fail.

use std::thread;
use std::time::Duration;

use insist_blocking::{AttemptEnd, Gate, LiveAttempt, Policy, Reason, Refusal, Verdict, VirtualClock, race, retry};
use insist_core::{Admission, Cause, Instant};

const POLICY: Policy = Policy::constant(Duration::from_secs(1)).attempts(2);

#[test]
fn the_hook_sees_every_decision_in_order() {
    let (clock, mut lines) = (VirtualClock::new(), Vec::new());
    let result = retry(&POLICY, |attempt| {
        clock.advance(Duration::from_millis(100));
        if attempt.id == 1 { Err("down") } else { Ok("up") }
    })
    .clock(&clock)
    .notify(|event| lines.push(event.to_string()))
    .call();
    assert_eq!(result, Ok("up"));
    assert_eq!(
        lines,
        [
            "0ns: send attempt 1 (first in lane 0)",
            "100ms: attempt 1 ended: retry (down); next in 1s",
            "100ms: wait 1s (backoff)",
            "1.1s: send attempt 2 (retry in lane 0)",
            "1.2s: attempt 2 ended: accept",
            "1.2s: return attempt 2",
        ],
    );
}

#[test]
fn a_function_is_told_of_each_retry_besides_the_hook() {
    let (clock, mut lines, mut decisions) = (VirtualClock::new(), Vec::new(), 0);
    let result = retry(&POLICY, |attempt| if attempt.id == 1 { Err("down") } else { Ok("up") })
        .clock(&clock)
        .notify(|_| decisions += 1)
        .on_retry(|retry| lines.push(retry.to_string()))
        .call();
    assert_eq!(result, Ok("up"));
    assert_eq!(lines, ["attempt 1 failed: down; next in 1s"]);
    assert_eq!(decisions, 6);
}

#[test]
fn a_report_tells_of_a_call_that_gave_up() {
    let (clock, mut decisions) = (VirtualClock::new(), 0);
    clock.advance(Duration::from_secs(5));
    let (result, report) = retry(&POLICY, |_| Err::<(), _>("down"))
        .clock(&clock)
        .seed(9)
        .notify(|_| decisions += 1)
        .report_with(|outcome| format!("{outcome:?}"));
    assert_eq!(result.unwrap_err().last, Some(Err("down")));
    assert_eq!(report.reason, Some(Reason::Attempts));
    assert_eq!(report.winner, None);
    assert_eq!([report.attempts, report.retries, report.hedges], [2, 1, 0]);
    assert_eq!(report.seed, 9);
    assert_eq!(report.started, Instant::from_nanos(5_000_000_000));
    assert_eq!(report.elapsed, Duration::from_secs(1));
    assert_eq!(decisions, 6, "a report does not take the hook's place");
    assert_eq!(
        report.to_string(),
        "gave up: no attempts were left; 2 attempts in 1s\n\
         attempt 1 (first in lane 0): sent at 0ns, ended at 0ns: retry (Err(\"down\"))\n\
         attempt 2 (retry in lane 0): sent at 1s, ended at 1s: retry (Err(\"down\"))\n",
    );
}

#[test]
fn a_report_names_the_winner() {
    let policy = Policy::zero().lanes(2).lane_attempts(1).attempts(2);
    let (result, report) =
        race(&policy, |attempt| if attempt.lane == 1 { Ok(attempt.id) } else { Err("down") }).report();
    let winner = report.winner.unwrap();
    assert_eq!(result.unwrap(), 2);
    assert_eq!(winner.attempt, 2);
    assert_eq!(winner.lane, 1);
}

fn until_cancelled(attempt: &LiveAttempt<'_>) {
    while !attempt.is_cancelled() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_log_tells_timeouts_from_losers() {
    // The first two hang and are timed out. Further ones may be late too, where the machine is busy.
    let policy = Policy::zero().attempts(1000).attempt_timeout(Duration::from_millis(20));
    let (result, report) = race(&policy, move |attempt| {
        if attempt.id < 3 {
            until_cancelled(attempt);
        }
        Ok::<_, &str>(attempt.id)
    })
    .report();
    assert!(result.unwrap() >= 3);
    let mut ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends.pop(), Some(Some(AttemptEnd::Accept)));
    assert!(ends.len() >= 2 && ends.iter().all(|end| *end == Some(AttemptEnd::Timeout)), "{ends:?}");

    let (result, report) = race(Policy::zero().lanes(2).attempt_timeout(Duration::from_secs(60)), move |attempt| {
        if attempt.id == 1 {
            until_cancelled(attempt);
        }
        Ok::<_, &str>(attempt.id)
    })
    .report();
    assert_eq!(result.unwrap(), 2);
    let ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends, [Some(AttemptEnd::Lost), Some(AttemptEnd::Accept)]);
}

#[test]
fn a_log_tells_what_the_deadline_cancelled() {
    let policy = Policy::zero().lanes(2).deadline(Duration::from_millis(20));
    let (_, report) = race(policy, move |attempt| {
        until_cancelled(attempt);
        Err::<(), _>("interrupted")
    })
    .report();
    let ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends, [Some(AttemptEnd::Deadline); 2]);
}

/// Lets nothing through, or only what is not a retry.
struct Closed {
    to_all: bool,
}

impl Gate for Closed {
    fn reserve(&self, _: Instant, _: &Cause) -> Result<(), Refusal> {
        Err(Refusal::new(&"closed"))
    }
    fn admit(&self, _: Instant, _: &Cause) -> Admission {
        if self.to_all { Admission::No(Refusal::new(&"closed")) } else { Admission::Yes }
    }
}

#[test]
fn a_call_that_a_gate_refuses_says_so_with_or_without_a_result() {
    let mut runs = 0;
    let mut operation = || {
        runs += 1;
        Err::<(), _>("down")
    };
    let gave_up = retry(&POLICY, |_| operation()).gate(&Closed { to_all: true }).try_call().unwrap_err();
    assert_eq!(gave_up.reason, Reason::Refused);
    assert_eq!(gave_up.attempts, 0);
    assert_eq!(gave_up.last, None);

    let gate = Closed { to_all: false };
    let (result, report) = retry(&POLICY, |_| operation()).gate(&gate).report();
    assert_eq!(result.unwrap_err().last, Some(Err("down")));
    assert_eq!(report.reason, Some(Reason::Refused));
    assert_eq!(report.attempts, 1);
    assert_eq!(report.log.entries()[0].end, Some(Verdict::retry().into()));
    assert_eq!(runs, 1);
}

#[test]
fn a_log_keeps_the_verdict_that_stopped_a_call() {
    let (_, report) = retry(&POLICY, |_| Err::<(), _>("no")).judge(|_| Verdict::Stop).report();
    assert_eq!(report.log.entries()[0].end, Some(AttemptEnd::Stop));
}

#[test]
fn a_refusal_is_named_in_the_report_and_in_the_error() {
    let (result, report) = retry(Policy::zero(), |_| Err::<(), _>("down")).gate(Closed { to_all: false }).report();
    let gave_up = result.unwrap_err();
    assert_eq!(report.refusal.map(Refusal::reason), Some("closed"));
    assert_eq!(gave_up.refusal, report.refusal);
    assert!(gave_up.to_string().contains("(closed)"), "{gave_up}");
}

#[test]
fn what_ended_for_another_reason_names_no_gate() {
    let gate = Closed { to_all: false };
    let (_, report) = retry(Policy::zero(), |_| Err::<(), _>("down")).when(|_| false).gate(&gate).report();
    assert_eq!(report.reason, Some(Reason::Stopped));
    assert_eq!(report.refusal, None);
}

#[test]
fn a_fallback_runs_only_when_the_call_gives_up_and_the_report_says_so() {
    let (value, report) = retry(Policy::zero(), |_| Ok::<_, &str>(1)).fallback(|_| unreachable!()).report();
    assert_eq!(value, 1);
    assert!(!report.fell_back);

    let (value, report) = retry(Policy::zero(), |_| Err("down")).fallback(|gave_up| gave_up.attempts).report();
    assert_eq!(value, 3, "what the fallback was told of");
    assert_eq!(report.attempts, 3);
    assert!(report.fell_back);

    let value = race(Policy::zero().lanes(2), |_| Err("down")).fallback(|_| 7).call();
    assert_eq!(value, 7);
}

#[test]
fn a_fallback_may_go_by_the_value_that_was_not_accepted() {
    let call = || {
        retry(Policy::zero(), |attempt| Ok::<_, &str>(attempt.id))
            .judge(|_| Verdict::retry())
            .fallback(|gave_up| gave_up.last.unwrap().unwrap() * 100)
    };
    assert_eq!(call().call(), 300);
    let (value, report) = call().report_with(|outcome| outcome.unwrap());
    assert_eq!(value, 300);
    let details: Vec<_> = report.log.entries().iter().map(|entry| entry.detail).collect();
    assert_eq!(details, [Some(1), Some(2), Some(3)]);
}
