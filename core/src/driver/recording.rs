//! Keeps the log of a call from what a hook sees of it.

use alloc::vec::Vec;
use core::time::Duration;

use crate::action::Action;
use crate::call::Handled;
use crate::event::{Decision, Event};
use crate::gate::End;
use crate::log::{Log, NoDetail};
use crate::policy::Policy;
use crate::time::Instant;
use crate::verdict::Verdict;

/// For drivers: the log of a call, kept from its events, the same for all.
///
/// ```
/// use insist_core::{Decision, End, Event, Instant, NoDetail, Policy, Recording, Script, Verdict, play};
/// use core::time::Duration;
///
/// let policy = Policy::default().attempts(1).attempt_timeout(Duration::from_millis(50));
/// let mut recording = Recording::<NoDetail>::new(&policy);
/// for step in play(&policy, 7, &Script::new()).steps {
///     recording.see(&Event::new(step.at, Decision::Action(step.action)));
/// }
/// assert_eq!(recording.into_log().entries()[0].end, Some(End::Timeout));
/// ```
#[derive(Clone, Debug)]
pub struct Recording<D = NoDetail> {
    log: Log<D>,
    /// The attempts in flight, those that the log has no room for included, and when they were sent.
    in_flight: Vec<(u32, Instant)>,
    attempt_timeout: Option<Duration>,
    /// The call's deadline, and its start once the first event has told it.
    deadline: Option<Duration>,
    started: Option<Instant>,
    is_over: bool,
}

impl<D> Recording<D> {
    /// Nothing has been seen yet of a call with this policy.
    #[must_use]
    pub const fn new<B>(policy: &Policy<B>) -> Self {
        Self {
            log: Log::new(),
            in_flight: Vec::new(),
            attempt_timeout: policy.get_attempt_timeout(),
            deadline: policy.get_deadline(),
            started: None,
            is_over: false,
        }
    }

    /// Takes down an event. The first one has to be the call's first.
    pub fn see(&mut self, event: &Event) {
        let at = event.at;
        self.started.get_or_insert(at);
        match &event.decision {
            Decision::Action(Action::Send(attempt)) => {
                self.log.sent(attempt, at);
                self.in_flight.push((attempt.id, at));
            }
            Decision::Action(Action::Cancel(id)) => {
                let end = if self.is_timeout(*id, at) { End::Timeout } else { End::Cancelled };
                self.end(*id, at, end);
            }
            Decision::Judged { attempt, verdict, handled: handled @ (Handled::Counted | Handled::Over) } => {
                self.is_over = *handled == Handled::Over;
                self.end(*attempt, at, end_of(*verdict));
            }
            Decision::Judged { .. } | Decision::Action(_) => {}
        }
    }

    /// What is to be said of an attempt.
    pub fn detail(&mut self, attempt: u32, detail: D) {
        self.log.detail(attempt, detail);
    }

    /// The log.
    #[must_use]
    pub fn into_log(self) -> Log<D> {
        self.log
    }

    /// When the call started, once an event has told it.
    #[must_use]
    pub const fn started(&self) -> Option<Instant> {
        self.started
    }

    pub(super) fn take_log(&mut self) -> Log<D> {
        core::mem::take(&mut self.log)
    }

    fn end(&mut self, id: u32, at: Instant, end: End) {
        self.log.ended(id, at, end);
        self.in_flight.retain(|(attempt, _)| *attempt != id);
    }

    /// The machine does not say why it cancels: at an attempt's timeout, and else because the call ends.
    fn is_timeout(&self, id: u32, at: Instant) -> bool {
        let Some(timeout) = self.attempt_timeout.filter(|_| !self.is_over) else { return false };
        let sent = self.in_flight.iter().find(|(attempt, _)| *attempt == id).map(|(_, sent)| *sent);
        let has_passed = |from: Option<Instant>, span| from.is_some_and(|from| at.saturating_since(from) >= span);
        has_passed(sent, timeout) && !self.deadline.is_some_and(|deadline| has_passed(self.started, deadline))
    }
}

const fn end_of(verdict: Verdict) -> End {
    match verdict {
        Verdict::Accept => End::Accept,
        Verdict::Retry { sent, .. } => End::Retry(sent),
        Verdict::Stop => End::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::{Script, play};

    fn ends(policy: &Policy, script: &Script) -> Vec<Option<End>> {
        let mut recording = Recording::<NoDetail>::new(policy);
        for step in play(policy, 7, script).steps {
            recording.see(&Event::new(step.at, Decision::Action(step.action)));
        }
        recording.into_log().entries().iter().map(|entry| entry.end).collect()
    }

    #[test]
    fn a_cancel_at_the_timeout_is_a_timeout_and_one_at_the_deadline_is_not() {
        let second = Duration::from_secs(1);
        let policy = Policy::zero().attempts(2).attempt_timeout(second).deadline(second + second / 2);
        assert_eq!(ends(&policy, &Script::new()), [Some(End::Timeout), Some(End::Cancelled)]);
        assert_eq!(ends(&policy.deadline(second), &Script::new()), [Some(End::Cancelled)]);
    }

    #[test]
    fn losers_are_cancelled_even_if_their_time_is_up_when_the_call_ends() {
        let second = Duration::from_secs(1);
        let policy = Policy::zero().lanes(2).attempt_timeout(second);
        let script = Script::new().outcome(2, second, Verdict::Accept);
        let mut recording = Recording::new(&policy);
        let mut events: Vec<_> = play(&policy, 7, &script)
            .steps
            .iter()
            .map(|step| Event::new(step.at, Decision::Action(step.action)))
            .collect();
        let judged = Decision::Judged { attempt: 2, verdict: Verdict::Accept, handled: Handled::Over };
        let place = events.iter().position(|event| event.decision == Decision::Action(Action::Cancel(1))).unwrap();
        events.insert(place, Event::new(events[place].at, judged));
        events.iter().for_each(|event| recording.see(event));
        recording.detail(2, "won");
        assert_eq!((recording.started(), recording.in_flight.len()), (Some(Instant::ZERO), 0));
        let log = recording.into_log();
        let ends: Vec<_> = log.entries().iter().map(|entry| (entry.end, entry.detail)).collect();
        assert_eq!(ends, [(Some(End::Cancelled), None), (Some(End::Accept), Some("won"))]);
    }

    #[test]
    fn the_end_of_one_attempt_leaves_the_others_their_time() {
        let second = Duration::from_secs(1);
        let policy = Policy::zero().attempts(3).lanes(3).attempt_timeout(second);
        let mut recording = Recording::<NoDetail>::new(&policy);
        let judged = Decision::Judged { attempt: 2, verdict: Verdict::retry(), handled: Handled::Counted };
        for step in play(&policy, 7, &Script::new().outcome(2, second / 2, Verdict::retry())).steps {
            if step.action == Action::Cancel(1) {
                recording.see(&Event::new(Instant::from_nanos(500_000_000), judged));
            }
            recording.see(&Event::new(step.at, Decision::Action(step.action)));
        }
        let log = recording.into_log();
        let ends: Vec<_> = log.entries().iter().map(|entry| entry.end).collect();
        assert_eq!(ends, [Some(End::Timeout), Some(end_of(Verdict::retry())), Some(End::Timeout)]);
    }
}
