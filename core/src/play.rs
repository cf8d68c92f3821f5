//! Plays calls in virtual time, from scripted or computed outcomes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::action::Action;
use crate::attempt::Attempt;
use crate::backoff::Backoff;
use crate::call::Call;
use crate::gate::Gate;
use crate::play_call::Played;
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
    /// Makes a script in which nothing ever answers.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Writes down that this attempt ends so long after it was sent, with this verdict. What is said last of an attempt
    /// counts.
    #[must_use]
    pub fn outcome(mut self, attempt: u32, after: Duration, verdict: Verdict) -> Self {
        self.0.insert(attempt, Outcome { after, verdict });
        self
    }

    /// Returns when an attempt ends after its send, and with which verdict, if the script says so.
    #[must_use]
    pub fn get(&self, attempt: u32) -> Option<(Duration, Verdict)> {
        self.0.get(&attempt).map(|outcome| (outcome.after, outcome.verdict))
    }

    /// Returns what is written down: attempt, span from send to end, verdict; by attempt.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Duration, Verdict)> + '_ {
        self.0.iter().map(|(attempt, outcome)| (*attempt, outcome.after, outcome.verdict))
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

/// One action of a timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The instant at which the machine asked for it.
    pub at: Instant,
    /// The action that it asked for.
    pub action: Action,
}

/// Prints one line for each step.
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

/// Plays one call in virtual time, from the instant 0, without a gate.
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
    play_with(policy, &(), Repeat::Always, Instant::ZERO, seed, script)
}

/// Plays one call in virtual time, from this instant: calls that share a gate are played one after the other.
///
/// [`Call::play`] is the same for a call with other outcomes than a script's, and needs no allocator.
#[must_use]
pub fn play_with<B: Backoff, G: Gate>(
    policy: &Policy<B>,
    gate: &G,
    repeat: Repeat,
    start: Instant,
    seed: u64,
    script: &Script,
) -> Timeline {
    match policy.get_lanes() {
        0..=1 => follow(Call::with_lanes::<1>(policy, gate, start, seed).repeat(repeat), script),
        2..=8 => follow(Call::with_lanes::<8>(policy, gate, start, seed).repeat(repeat), script),
        _ => follow(Call::with_lanes::<255>(policy, gate, start, seed).repeat(repeat), script),
    }
}

fn follow<B: Backoff, G: Gate, const LANES: usize>(mut call: Call<&Policy<B>, &G, LANES>, script: &Script) -> Timeline {
    let mut steps = Vec::new();
    let outcome = |attempt: Attempt, _| script.get(attempt.id);
    let played = call.play(outcome, |at, action| steps.push(Step { at, action }));
    Timeline { steps, is_stuck: played == Played::Stuck, is_cut: played == Played::Cut }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::action::CancelReason;
    use crate::play_call::LONGEST;

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
        let cancelled = Action::Cancel { attempt: 1, reason: CancelReason::Timeout };
        assert!(timeline.steps.iter().any(|step| step.action == cancelled));
    }

    #[test]
    fn a_call_starts_when_it_is_told() {
        let start = Instant::from_nanos(5_000_000_000);
        let script = Script::new().outcome(1, Duration::from_millis(20), Verdict::Accept);
        let timeline = play_with(&Policy::zero(), &(), Repeat::Always, start, 7, &script);
        assert_eq!(timeline.to_string().lines().last(), Some("5.02s: return attempt 1"));
    }
}
