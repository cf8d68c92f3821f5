//! Scripts of outcomes, and what the timeline of a call that was played shows.

use core::time::Duration;

use insist_core::{Action, Backoff, Instant, Policy, Reason, Script, Timeline, Verdict, play};

use super::{RETRY, ms};

/// Attempts 1, 2, 3 … each with how many milliseconds it takes and how it ends.
#[must_use]
pub fn script(outcomes: &[(u64, Verdict)]) -> Script {
    let numbered = (1..).zip(outcomes);
    numbered.fold(Script::new(), |script, (id, (millis, verdict))| script.outcome(id, ms(*millis), *verdict))
}

/// Attempts 1, 2, 3 … end with these verdicts, each after this span.
#[must_use]
pub fn script_after(after: Duration, verdicts: &[Verdict]) -> Script {
    let numbered = verdicts.iter().zip(1..);
    numbered.fold(Script::new(), |script, (verdict, id)| script.outcome(id, after, *verdict))
}

/// A hundred attempts end at once and like this.
#[must_use]
pub fn always(verdict: Verdict) -> Script {
    script(&[(0, verdict); 100])
}

/// So many attempts fail, each after this span.
#[must_use]
pub fn failing(attempts: u32, after: Duration) -> Script {
    (1..=attempts).fold(Script::new(), |script, id| script.outcome(id, after, RETRY))
}

/// A call each of whose attempts fails at once.
#[must_use]
pub fn fails_every_time(policy: &Policy, seed: u64) -> Timeline {
    play(policy, seed, &failing(1_000, Duration::ZERO))
}

/// When each attempt was sent.
#[must_use]
pub fn sends(timeline: &Timeline) -> Vec<Instant> {
    timeline.steps.iter().filter(|step| matches!(step.action, Action::Send(_))).map(|step| step.at).collect()
}

/// The attempts that were cancelled, in order.
#[must_use]
pub fn cancels(timeline: &Timeline) -> Vec<u32> {
    let cancel = |action| if let Action::Cancel { attempt, .. } = action { Some(attempt) } else { None };
    timeline.steps.iter().filter_map(|step| cancel(step.action)).collect()
}

/// When the call ended, and how.
///
/// # Panics
///
/// If it did not.
#[track_caller]
pub fn end(timeline: &Timeline) -> (Instant, Action) {
    assert!(!timeline.is_stuck, "{timeline}");
    timeline.steps.last().map(|step| (step.at, step.action)).expect("a call takes at least one step")
}

/// Says how a call gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaveUp {
    /// Names the reason.
    pub reason: Reason,
    /// When.
    pub at: Instant,
    /// The attempt whose result is handed back.
    pub last: Option<u32>,
    /// The wait that is handed back.
    pub hint: Option<Duration>,
}

/// Returns how the call gave up.
///
/// # Panics
///
/// If it did not.
#[must_use]
#[track_caller]
pub fn gave_up(timeline: &Timeline) -> GaveUp {
    let (at, Action::GiveUp(stop)) = end(timeline) else { panic!("the call did not give up:\n{timeline}") };
    GaveUp { reason: stop.reason(), at, last: stop.last(), hint: stop.hint() }
}

/// The first waits of a policy.
#[must_use]
pub fn waits<B: Backoff>(policy: &Policy<B>, count: usize) -> Vec<Duration> {
    policy.delays(0).take(count).collect()
}

/// The wait before that retry, for many seeds, shortest first.
///
/// # Panics
///
/// If there is no such retry.
#[must_use]
pub fn drawn(policy: &Policy, number: usize, seeds: u64) -> Vec<Duration> {
    let nth = |seed| policy.delays(seed).nth(number - 1).expect("the policy retries so often");
    let mut drawn: Vec<_> = (0..seeds).map(nth).collect();
    drawn.sort();
    drawn
}
