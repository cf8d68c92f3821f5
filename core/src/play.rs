//! A call in virtual time, from outcomes that are written down beforehand.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::action::Action;
use crate::backoff::Backoff;
use crate::call::Call;
use crate::gate::Gate;
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::{Repeat, Verdict};

/// The outcomes of a call's attempts, written down beforehand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script(BTreeMap<u32, Outcome>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Outcome {
    after: Duration,
    verdict: Verdict,
}

impl Script {
    /// Nothing ever answers.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// That attempt ends that long after it was sent, with that verdict. What is said last of an attempt counts.
    #[must_use]
    pub fn outcome(mut self, attempt: u32, after: Duration, verdict: Verdict) -> Self {
        self.0.insert(attempt, Outcome { after, verdict });
        self
    }
}

/// Everything that a call did, and when.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Timeline {
    /// The actions, in order; the last is the end of the call, unless it is stuck or cut.
    pub steps: Vec<Step>,
    /// Nothing can end the call any more: it waits for an outcome that the script does not have.
    pub is_stuck: bool,
    /// The call goes on, and is not followed beyond its first 1,000,000 actions.
    pub is_cut: bool,
}

/// How many actions a timeline has at most: a call without a limit of attempts may have billions before its deadline.
const LONGEST: usize = 1_000_000;

/// One action of a timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// When the machine asked for it.
    pub at: Instant,
    /// What it asked for.
    pub action: Action,
}

/// One line a step.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { at, action } in &self.steps {
            writeln!(f, "{at}: {action}")?;
        }
        match (self.is_stuck, self.is_cut) {
            (true, _) => writeln!(f, "stuck: nothing can end the call any more"),
            (_, true) => writeln!(f, "cut: the call goes on"),
            (false, false) => Ok(()),
        }
    }
}

/// Runs one call in virtual time, from the instant 0, without a gate.
///
/// All that is due at an instant is done before the outcomes of that instant are handed in, by id: a race has opened
/// all its lanes before an answer that takes no time counts.
///
/// ```
/// use core::time::Duration;
/// use insist_core::{Action, Jitter, Policy, Script, Verdict, play};
///
/// let policy = Policy::exponential(Duration::from_millis(100)).jitter(Jitter::None);
/// let script = Script::new()
///     .outcome(1, Duration::from_millis(20), Verdict::retry())
///     .outcome(2, Duration::from_millis(20), Verdict::Accept);
/// let timeline = play(&policy, 7, &script);
/// assert_eq!(timeline.steps.last().map(|step| step.action), Some(Action::Return(2)));
/// assert_eq!(timeline.to_string(), "\
/// 0ns: send attempt 1 (first in lane 0)
/// 0ns: wait for an outcome
/// 20ms: wait until 120ms (backoff)
/// 120ms: send attempt 2 (retry in lane 0)
/// 120ms: wait for an outcome
/// 140ms: return attempt 2
/// ");
/// ```
#[must_use]
pub fn play<B: Backoff>(policy: &Policy<B>, seed: u64, script: &Script) -> Timeline {
    play_with(policy, &(), Repeat::Always, seed, script)
}

/// Runs one call in virtual time, from the instant 0.
#[must_use]
pub fn play_with<B: Backoff, G: Gate>(
    policy: &Policy<B>,
    gate: &G,
    repeat: Repeat,
    seed: u64,
    script: &Script,
) -> Timeline {
    match policy.get_lanes() {
        0..=1 => run(Call::with_lanes::<1>(policy, gate, Instant::ZERO, seed).repeat(repeat), script),
        2..=8 => run(Call::with_lanes::<8>(policy, gate, Instant::ZERO, seed).repeat(repeat), script),
        _ => run(Call::with_lanes::<255>(policy, gate, Instant::ZERO, seed).repeat(repeat), script),
    }
}

fn run<B: Backoff, G: Gate, const LANES: usize>(mut call: Call<&Policy<B>, &G, LANES>, script: &Script) -> Timeline {
    let mut now = Instant::ZERO;
    let mut steps = Vec::new();
    let mut in_flight: Vec<(Instant, u32, Verdict)> = Vec::new();
    loop {
        let action = call.poll(now);
        steps.push(Step { at: now, action });
        match action {
            Action::Send(attempt) => {
                if let Some(&Outcome { after, verdict }) = script.0.get(&attempt.id) {
                    in_flight.extend(now.checked_add(after).map(|at| (at, attempt.id, verdict)));
                }
            }
            Action::Cancel(id) => in_flight.retain(|(_, attempt, _)| *attempt != id),
            Action::Wait { until, .. } => {
                let next = in_flight.iter().map(|(at, ..)| *at).chain(until).min();
                let Some(next) = next else {
                    return Timeline { steps, is_stuck: true, is_cut: false };
                };
                now = next;
                let (mut due, rest) = in_flight.into_iter().partition(|(at, ..)| *at <= now);
                in_flight = rest;
                hand_in(&mut call, now, &mut due);
            }
            Action::Return(_) | Action::GiveUp(_) => return Timeline { steps, is_stuck: false, is_cut: false },
        }
        if steps.len() >= LONGEST {
            return Timeline { steps, is_stuck: false, is_cut: true };
        }
    }
}

/// Outcomes of one instant are handed in by id.
fn hand_in<B: Backoff, G: Gate, const LANES: usize>(
    call: &mut Call<&Policy<B>, &G, LANES>,
    now: Instant,
    due: &mut Vec<(Instant, u32, Verdict)>,
) {
    due.sort_by_key(|(_, attempt, _)| *attempt);
    for (_, attempt, verdict) in due.drain(..) {
        call.handle(now, attempt, verdict);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_goes_on_and_on_is_cut() {
        let (nano, hour) = (Duration::from_nanos(1), Duration::from_secs(3600));
        let policy = Policy::zero().unlimited_attempts().attempt_timeout(nano).deadline(hour);
        let timeline = play(&policy, 7, &Script::new());
        assert_eq!((timeline.steps.len(), timeline.is_cut), (LONGEST, true));
        assert!(!play(&policy.deadline(nano), 7, &Script::new()).is_cut);
    }

    #[test]
    fn what_is_cancelled_no_longer_answers_and_the_others_do() {
        let ms = Duration::from_millis;
        let policy = Policy::zero().attempts(2).lanes(2).hedge_after(ms(50)).attempt_timeout(ms(100));
        let script = Script::new().outcome(1, ms(120), Verdict::Stop).outcome(2, ms(90), Verdict::Accept);
        let timeline = play(&policy, 7, &script);
        let last = timeline.steps.last().map(|step| (step.at, step.action));
        assert_eq!(last, Some((Instant::from_nanos(140_000_000), Action::Return(2))));
        assert!(timeline.steps.iter().any(|step| step.action == Action::Cancel(1)));
    }
}
