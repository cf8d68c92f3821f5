//! The result of a rehearsal, and assertions about it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::action::{Action, CancelReason, Reason, WaitReason};
use crate::play::{Script, Step, Timeline};
use crate::time::Instant;

/// A call that was played. Each assertion gives it back, so that they can be written one after the other, and prints the
/// timeline and the command that shows it when it fails.
///
/// Printed, it is the timeline and that command.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    timeline: Timeline,
    start: Instant,
    spans: Vec<InFlight>,
    command: String,
}

/// The times at which an attempt was sent and ended; `None` if it never ended.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    attempt: u32,
    sent: Instant,
    ended: Option<Instant>,
}

impl Rehearsed {
    pub(super) fn new(timeline: Timeline, start: Instant, script: &Script, command: String) -> Self {
        let mut spans: Vec<InFlight> = Vec::new();
        for Step { at, action } in &timeline.steps {
            match action {
                Action::Send(attempt) => {
                    let ended = script.get(attempt.id).and_then(|(after, _)| at.checked_add(after));
                    spans.push(InFlight { attempt: attempt.id, sent: *at, ended });
                }
                Action::Cancel { attempt, .. } => {
                    spans.iter_mut().filter(|span| span.attempt == *attempt).for_each(|span| span.ended = Some(*at));
                }
                Action::Wait { .. } | Action::Return(_) | Action::GiveUp(_) => {}
            }
        }
        Self { timeline, start, spans, command }
    }

    /// Returns everything that the call did, and when.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Returns how many attempts were sent.
    #[must_use]
    pub fn sends(&self) -> u32 {
        self.spans.len() as u32
    }

    /// Returns the waits between attempts, in order: those for a retry, and those that a gate asked for.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        // A wait that an outcome of another lane interrupts appears again, with the same end.
        let mut seen = BTreeSet::new();
        let mut waits = Vec::new();
        for Step { at, action } in &self.timeline.steps {
            if let Action::Wait { until: Some(until), reason: WaitReason::Backoff | WaitReason::Gate } = action {
                if seen.insert(*until) {
                    waits.push(until.saturating_since(*at));
                }
            }
        }
        waits
    }

    /// Returns the terminal action: a return or a give-up. `None` if the call never ends.
    #[must_use]
    pub fn end(&self) -> Option<Action> {
        let last = self.timeline.steps.last()?.action;
        matches!(last, Action::Return(_) | Action::GiveUp(_)).then_some(last)
    }

    /// Returns how long after its start the call ended; if it never does, when it was last heard of.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.timeline.steps.last().map_or(Duration::ZERO, |step| step.at.saturating_since(self.start))
    }

    /// Returns how many attempts were in flight at once, at the most.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        let at = |now: Instant| {
            let is_in_flight = |span: &&InFlight| span.sent <= now && span.ended.is_none_or(|ended| ended > now);
            self.spans.iter().filter(is_in_flight).count()
        };
        self.spans.iter().map(|span| at(span.sent)).max().unwrap_or(0)
    }

    /// Asserts that so many attempts were sent.
    ///
    /// # Panics
    ///
    /// If it was another number; so do the other assertions, each if it does not hold.
    #[track_caller]
    pub fn assert_sends(&self, sends: u32) -> &Self {
        self.assert(self.sends() == sends, || format!("{sends} sends were expected, and there are {}", self.sends()))
    }

    /// Asserts that no more than so many attempts were sent.
    #[track_caller]
    pub fn assert_at_most_sends(&self, sends: u32) -> &Self {
        let say = || format!("at most {sends} sends were expected, and there are {}", self.sends());
        self.assert(self.sends() <= sends, say)
    }

    /// Asserts that the waits between attempts are these, in order.
    #[track_caller]
    pub fn assert_waits(&self, waits: impl AsRef<[Duration]>) -> &Self {
        let (expected, found) = (waits.as_ref(), self.waits());
        self.assert(found == expected, || format!("the waits {expected:?} were expected, and they are {found:?}"))
    }

    /// Asserts that no wait between attempts is longer.
    #[track_caller]
    pub fn assert_no_wait_beyond(&self, longest: Duration) -> &Self {
        let longer = self.waits().into_iter().find(|wait| *wait > longest);
        self.assert(longer.is_none(), || format!("no wait beyond {longest:?} was expected, and one is {longer:?}"))
    }

    /// Asserts that the call ended, and no later than so long after its start.
    #[track_caller]
    pub fn assert_ends_within(&self, longest: Duration) -> &Self {
        let say = || format!("an end within {longest:?} was expected, and it came after {:?}", self.elapsed());
        self.assert_ends().assert(self.elapsed() <= longest, say)
    }

    /// Asserts that the call ended, in whatever way.
    #[track_caller]
    pub fn assert_ends(&self) -> &Self {
        self.assert(self.end().is_some(), || "an end was expected, and the call goes on for ever".into())
    }

    /// Asserts that the call returned the result of this attempt.
    #[track_caller]
    pub fn assert_returns(&self, attempt: u32) -> &Self {
        let expected = Some(Action::Return(attempt));
        self.assert(self.end() == expected, || format!("the result of attempt {attempt} was expected"))
    }

    /// Asserts that the call gave up for this reason.
    #[track_caller]
    pub fn assert_gives_up(&self, reason: Reason) -> &Self {
        let holds = matches!(self.end(), Some(Action::GiveUp(give_up)) if give_up.reason() == reason);
        self.assert(holds, || format!("a give-up was expected because {reason}"))
    }

    /// Asserts that this attempt was cancelled for this reason.
    #[track_caller]
    pub fn assert_cancels(&self, attempt: u32, reason: CancelReason) -> &Self {
        let expected = Action::Cancel { attempt, reason };
        let holds = self.timeline.steps.iter().any(|step| step.action == expected);
        self.assert(holds, || format!("a cancel of attempt {attempt} was expected ({reason})"))
    }

    /// Asserts that never more attempts were in flight at once.
    #[track_caller]
    pub fn assert_at_most_in_flight(&self, most: usize) -> &Self {
        let found = self.most_in_flight();
        self.assert(found <= most, || {
            format!("at most {most} attempts in flight were expected, and there were {found}")
        })
    }

    /// Asserts that the call ended and left no attempt in flight: what had no outcome was cancelled before.
    #[track_caller]
    pub fn assert_nothing_in_flight(&self) -> &Self {
        let end = self.timeline.steps.last().map_or(Instant::ZERO, |step| step.at);
        let left = self.spans.iter().find(|span| span.ended.is_none_or(|ended| ended > end));
        self.assert_ends()
            .assert(left.is_none(), || format!("nothing in flight was expected after the end, and this is: {left:?}"))
    }

    #[track_caller]
    fn assert(&self, holds: bool, say: impl FnOnce() -> String) -> &Self {
        assert!(holds, "{}\n\n{self}", say());
        self
    }
}

impl fmt::Display for Rehearsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nto see it again:\n{}", self.timeline, self.command)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::policy::Policy;
    use crate::testing::rehearse;
    use crate::verdict::Verdict;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_race_is_asserted_in_sentences() {
        let policy = Policy::zero().lanes(2);
        rehearse(&policy)
            .outcome(2, ms(18), Verdict::Accept)
            .play()
            .assert_sends(2)
            .assert_at_most_sends(2)
            .assert_at_most_in_flight(2)
            .assert_returns(2)
            .assert_cancels(1, CancelReason::Lost)
            .assert_no_wait_beyond(ms(0))
            .assert_ends_within(ms(18))
            .assert_nothing_in_flight();
    }

    #[test]
    fn each_wait_is_told_once_and_what_never_ends_has_no_end() {
        let policy = Policy::linear(ms(10)).jitter(crate::Jitter::None).attempts(3);
        let failing = rehearse(&policy).outcome(1, ms(1), Verdict::retry()).outcome(2, ms(1), Verdict::retry());
        let played = failing.play();
        played.assert_waits([ms(10), ms(20)]).assert_sends(3);
        assert_eq!(played.end(), None);
        assert_eq!(played.elapsed(), ms(32));
    }

    #[test]
    #[should_panic = "2 sends were expected, and there are 1\n\n0ns: send attempt 1"]
    fn an_assertion_that_fails_prints_the_timeline() {
        rehearse(&Policy::zero()).outcome(1, ms(5), Verdict::Accept).play().assert_sends(2);
    }

    #[test]
    fn a_give_up_has_its_reason() {
        let played = rehearse(&Policy::stop()).outcome(1, ms(5), Verdict::retry()).play();
        played.assert_gives_up(Reason::Backoff);
        assert!(played.to_string().contains("insist replay"));
    }
}
