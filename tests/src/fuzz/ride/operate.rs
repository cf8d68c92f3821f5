//! What an operator does to a call that is put away, and what has to come of it.

use insist_core::{Instant, Policy, State};

use super::super::plan::Words;
use super::super::stored::Head;
use super::{ALWAYS, Ride, stored};
use crate::expected::nanos;

impl Ride {
    /// An operator changes what was put away; what is refused changes nothing.
    pub(in super::super) fn operate<const LANES: usize>(&mut self, words: &mut Words<'_>, state: &mut State<LANES>) {
        let (before, head) = (state.clone(), Head::of(state));
        match words.below(3) {
            0 => {
                state.hasten(self.now());
                let now = self.now.max(head.clock);
                let is_promised = head.is_running && now < head.deadline;
                let promised = Head::of(state).promised.filter(|_| is_promised);
                assert!(promised.is_none_or(|at| at <= now), "it was hastened to {now}, and is due at {promised:?}");
                assert!(is_promised || *state == before, "it was over, and was hastened");
            }
            1 => match state.revive(&self.policy, self.now()) {
                Ok(()) => self.revive(head, &Head::of(state)),
                Err(error) => {
                    assert!(*state == before, "it was not revived, and has changed: {error}");
                    let may_be = !head.is_running && !head.has_returned && self.repeat == ALWAYS;
                    assert!(!may_be || state.revive(&Policy::zero(), self.now()).is_ok(), "it stays dead: {error}");
                    *state = before;
                }
            },
            _ => {
                let to = words.is_rare(192).then(|| self.clock.saturating_add(words.span()));
                match state.set_deadline(to.map(Instant::from_nanos)) {
                    Ok(()) => self.deadline = to.unwrap_or(u64::MAX),
                    Err(error) => {
                        let is_too_late = to.is_some_and(|to| head.promised.is_some_and(|due| due >= to));
                        assert!(is_too_late, "{to:?}: {error}");
                        assert!(*state == before, "it keeps its deadline, and has changed: {error}");
                    }
                }
                assert_eq!(Head::of(state).deadline, self.deadline, "it has another deadline");
            }
        }
        *state = stored(state);
    }

    fn revive(&mut self, dead: Head, head: &Head) {
        assert!(!dead.is_running && !dead.has_returned, "it had not given up, and was revived");
        assert!(self.repeat == ALWAYS || !self.is_spent, "law 16: it may have reached the server, and was revived");
        assert_eq!(head.sent, self.sent, "it forgets what it sent");
        assert_eq!(head.last, self.last, "it forgets what it sent");
        assert_eq!(head.forgiven, self.sent, "it forgets what it sent");
        let deadline = self.policy.get_deadline().map_or(u64::MAX, nanos);
        (self.deadline, self.forgiven, self.hint) = (head.clock.saturating_add(deadline), self.sent, 0);
        self.withdrawn = 0;
        (self.reason, self.losers, self.end) = (None, None, None);
    }
}
