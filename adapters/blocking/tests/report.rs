//! Hooks and reports: every decision, in order, also of calls that fail.

use std::thread;
use std::time::Duration;

use insist_blocking::{
    Admission, End, Gate, Instant, Jitter, Kind, LiveAttempt, Policy, Reason, Refusal, Sent, Verdict, VirtualClock,
    race, retry,
};

const POLICY: Policy = Policy::constant(Duration::from_secs(1)).jitter(Jitter::None).attempts(2);

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
            "100ms: attempt 1 ended: retry",
            "100ms: wait until 1.1s (backoff)",
            "1.1s: send attempt 2 (retry in lane 0)",
            "1.2s: attempt 2 ended: accept",
            "1.2s: return attempt 2",
        ],
    );
}

#[test]
fn a_report_tells_of_a_call_that_gave_up() {
    let (clock, mut decisions) = (VirtualClock::new(), 0);
    let (result, report) = retry(&POLICY, |_| Err::<(), _>("down"))
        .clock(&clock)
        .seed(9)
        .notify(|_| decisions += 1)
        .report_with(|outcome| format!("{outcome:?}"));
    assert_eq!(result.unwrap_err().last, Some(Err("down")));
    assert_eq!((report.reason, report.winner), (Some(Reason::Attempts), None));
    assert_eq!((report.attempts, report.retries, report.hedges, report.seed), (2, 1, 0, 9));
    assert_eq!((report.started, report.elapsed), (Instant::ZERO, Duration::from_secs(1)));
    assert_eq!(decisions, 6, "a report does not take the hook's place");
    assert_eq!(
        report.log.to_string(),
        "attempt 1 (first in lane 0): sent at 0ns, ended at 0ns: retry (Err(\"down\"))\n\
         attempt 2 (retry in lane 0): sent at 1s, ended at 1s: retry (Err(\"down\"))\n",
    );
}

#[test]
fn a_report_names_the_winner() {
    let policy = Policy::zero().lanes(2).lane_attempts(1).attempts(2);
    let (result, report) =
        race(&policy, |attempt| if attempt.lane == 1 { Ok(attempt.id) } else { Err("down") }).report();
    let winner = report.winner.unwrap();
    assert_eq!((result.unwrap(), winner.attempt, winner.lane), (2, 2, 1));
}

#[test]
fn a_log_tells_timeouts_from_losers() {
    let until_cancelled = |attempt: &LiveAttempt<'_>| {
        while !attempt.is_cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
    };
    // The first two hang and are timed out. Further ones may be late too, where the machine is busy.
    let policy = Policy::zero().attempts(1000).attempt_timeout(Duration::from_millis(20));
    let (result, report) = race(&policy, move |attempt| {
        if attempt.id < 3 {
            until_cancelled(attempt);
        }
        Ok::<_, ()>(attempt.id)
    })
    .report();
    assert!(result.unwrap() >= 3);
    let mut ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends.pop(), Some(Some(End::Accept)));
    assert!(ends.len() >= 2 && ends.iter().all(|end| *end == Some(End::Timeout)), "{ends:?}");

    let (result, report) = race(&Policy::zero().lanes(2).attempt_timeout(Duration::from_secs(60)), move |attempt| {
        if attempt.id == 1 {
            until_cancelled(attempt);
        }
        Ok::<_, ()>(attempt.id)
    })
    .report();
    assert_eq!(result.unwrap(), 2);
    let ends: Vec<_> = report.log.entries().iter().map(|entry| entry.end).collect();
    assert_eq!(ends, [Some(End::Cancelled), Some(End::Accept)]);
}

/// Lets nothing through, or only what is not a retry.
struct Closed {
    to_all: bool,
}

impl Gate for Closed {
    fn reserve(&self, _: Instant, _: Kind) -> Result<(), Refusal> {
        Err(Refusal::new("closed"))
    }
    fn admit(&self, _: Instant, _: Kind) -> Admission {
        if self.to_all { Admission::No(Refusal::new("closed")) } else { Admission::Yes }
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
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Refused, 0, None));

    let gate = Closed { to_all: false };
    let (result, report) = retry(&POLICY, |_| operation()).gate(&gate).report();
    assert_eq!(result.unwrap_err().last, Some(Err("down")));
    assert_eq!((report.reason, report.attempts), (Some(Reason::Refused), 1));
    assert_eq!(report.log.entries()[0].end, Some(End::Retry(Sent::Maybe)));
    assert_eq!(runs, 1);
}

#[test]
fn a_log_keeps_the_verdict_that_stopped_a_call() {
    let (_, report) = retry(&POLICY, |_| Err::<(), _>("no")).judge(|_| Verdict::Stop).report();
    assert_eq!(report.log.entries()[0].end, Some(End::Stop));
}

#[test]
fn a_refusal_is_named_in_the_report_and_in_the_error() {
    let (result, report) = retry(&Policy::zero(), |_| Err::<(), _>("down")).gate(Closed { to_all: false }).report();
    let gave_up = result.unwrap_err();
    assert_eq!(report.refusal.map(Refusal::why), Some("closed"));
    assert_eq!(gave_up.refusal, report.refusal);
    assert!(gave_up.to_string().contains("(closed)"), "{gave_up}");
}

#[test]
fn what_ended_for_another_reason_names_no_gate() {
    let gate = Closed { to_all: false };
    let (_, report) = retry(&Policy::zero(), |_| Err::<(), _>("down")).when(|_| false).gate(&gate).report();
    assert_eq!((report.reason, report.refusal), (Some(Reason::Stopped), None));
}

#[test]
fn a_fallback_runs_only_when_the_call_gives_up_and_the_report_says_so() {
    let (value, report) = retry(&Policy::zero(), |_| Ok::<_, &str>(1)).fallback(|_| unreachable!()).report();
    assert_eq!((value, report.fell_back), (1, false));
    let (value, report) = retry(&Policy::zero(), |_| Err("down")).fallback(|gave_up| gave_up.attempts).report();
    assert_eq!((value, report.fell_back, report.attempts), (3, true, 3));
    let value = insist_blocking::race(&Policy::zero().lanes(2), |_| Err("down")).fallback(|_| 7).call();
    assert_eq!(value, 7);
}
