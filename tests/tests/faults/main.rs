//! The faults of other libraries, a test each, named after what insist does instead.
//!
//! `docs/faults.md` lists them all by their ids: P and E were seen in pester and elastic, R in Rust libraries, O in
//! others; the rest are issues by their numbers. What another test shows already is said there and not repeated.

mod attempts;
mod bodies;
mod deadlines;
mod futures;
mod gates;
mod hints;
mod jitter;
mod list;
mod policies;
mod races;
mod repeats;
mod results;
mod services;
mod waits;

use std::time::Duration;

use insist_core::{Action, Jitter, Policy, Script, Timeline, Verdict};

const SECOND: Duration = Duration::from_secs(1);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const EVERY_JITTER: [Jitter; 6] =
    [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::fraction(0.2), Jitter::fraction(0.99), Jitter::fraction(1.0)];

/// A policy that goes on as long as there is time.
const fn endless(policy: Policy) -> Policy {
    policy.unlimited_attempts().deadline(Duration::MAX)
}

/// So many attempts fail, each after this span.
fn failing(attempts: u32, after: Duration) -> Script {
    (1..=attempts).fold(Script::new(), |script, id| script.outcome(id, after, Verdict::retry()))
}

/// When each attempt was sent.
fn sent_at(timeline: &Timeline) -> Vec<Duration> {
    timeline
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Send(_)))
        .map(|step| step.at.saturating_since(insist_core::Instant::ZERO))
        .collect()
}

/// When the call ended, and how.
fn end(timeline: &Timeline) -> (Duration, Action) {
    let last = timeline.steps.last().unwrap();
    (last.at.saturating_since(insist_core::Instant::ZERO), last.action)
}
