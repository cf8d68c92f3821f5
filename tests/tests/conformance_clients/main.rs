//! What the test suites of client libraries expect, asked of insist's own policies, gates and rules, in virtual time.
//!
//! One file a system, one test a vector; an id such as F7 and the test it comes from stand above each. Where insist
//! differs on purpose, the test asserts what insist does and says why. The gates and the backoff that only another
//! system has are written here as a user would write them, in files of their own.

mod adaptive_throttle;
mod both_limits;
mod cenkalti;
mod concurrency_budget;
mod elastic;
mod failsafe;
mod pester;
mod polly;
mod retryablehttp;
mod smooth_backoff;
mod tenacity;

use std::time::{Duration, SystemTime};

use insist_core::{Action, Backoff, Instant, Policy, Reason, Script, Timeline, Verdict};
use insist_http::Rules;
use insist_http::http::{HeaderMap, StatusCode};

const RETRY: Verdict = Verdict::retry();
const ACCEPT: Verdict = Verdict::Accept;
/// An address where nobody listens: no system hands out this port by itself.
const NOBODY: &str = "http://127.0.0.1:1/";

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The first waits of a policy.
fn waits<B: Backoff>(policy: &Policy<B>, count: usize) -> Vec<Duration> {
    policy.delays(0).take(count).collect()
}

/// The wait before that retry, for many seeds, shortest first.
fn drawn(policy: &Policy, number: usize, seeds: u64) -> Vec<Duration> {
    let mut drawn: Vec<_> = (0..seeds).map(|seed| policy.delays(seed).nth(number - 1).unwrap()).collect();
    drawn.sort();
    drawn
}

/// Attempts in order, each with how many milliseconds it takes and how it ends.
fn script(outcomes: &[(u64, Verdict)]) -> Script {
    let numbered = (1..).zip(outcomes);
    numbered.fold(Script::new(), |script, (id, (millis, verdict))| {
        script.outcome(id, Duration::from_millis(*millis), *verdict)
    })
}

/// Every attempt ends at once and like this.
fn always(verdict: Verdict) -> Script {
    script(&[(0, verdict); 100])
}

/// When each attempt was sent, in milliseconds.
fn sends(timeline: &Timeline) -> Vec<u64> {
    let sends = timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_)));
    sends.map(|step| step.at.as_nanos() / 1_000_000).collect()
}

/// The attempts that were cancelled, in order.
fn cancels(timeline: &Timeline) -> Vec<u32> {
    let cancel = |action| if let Action::Cancel { attempt, .. } = action { Some(attempt) } else { None };
    timeline.steps.iter().filter_map(|step| cancel(step.action)).collect()
}

/// How the call ended, and when.
#[track_caller]
fn end(timeline: &Timeline) -> (Instant, Action) {
    assert!(!timeline.is_stuck, "{timeline}");
    timeline.steps.last().map(|step| (step.at, step.action)).unwrap()
}

/// Why the call gave up, and which attempt's result it hands back.
#[track_caller]
fn gave_up(timeline: &Timeline) -> (Reason, Option<u32>) {
    let Action::GiveUp(stop) = end(timeline).1 else { panic!("the call did not give up:\n{timeline}") };
    (stop.reason(), stop.last())
}

/// What the rules conclude from an answer with that status.
fn answered(rules: &Rules, status: u16) -> Verdict {
    rules.judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), SystemTime::UNIX_EPOCH)
}
