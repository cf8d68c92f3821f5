//! Hooks of a service's calls, which are shown the service's own responses and errors.

use insist_core::{Decision, Event, Hook, Instant, Judged};

use super::attempt::{Answer, Unsendable};

/// Tells a hook what a call decides, in the service's own responses and errors.
#[expect(unnameable_types, reason = "plumbing of ResponseFuture")]
#[derive(Clone, Copy, Debug)]
pub struct Heard<H>(pub(super) H);

impl<T, E, H: Hook<T, E>> Hook<Answer<T, E>, Unsendable> for Heard<H> {
    #[inline]
    fn is_listening(&self) -> bool {
        self.0.is_listening()
    }

    fn on_event(&mut self, event: &Event<'_, Answer<T, E>, Unsendable>) {
        let decision = match event.decision {
            Decision::Action(action) => Decision::Action(action),
            Decision::Withdrawn(withdrawn) => Decision::Withdrawn(withdrawn),
            Decision::Judged(judged) => {
                let result = judged.outcome.and_then(|outcome| outcome.as_ref().ok()).map(|answer| &answer.result);
                Decision::Judged(Judged::new(judged.attempt, result, judged.verdict, judged.handled))
            }
            _ => return,
        };
        let elapsed = u64::try_from(event.elapsed.as_nanos()).unwrap_or(u64::MAX);
        let started = Instant::from_nanos(event.at.as_nanos().saturating_sub(elapsed));
        self.0.on_event(&Event::new(started, event.at, decision));
    }

    #[inline]
    fn enter(&mut self, attempt: u32) {
        self.0.enter(attempt);
    }

    #[inline]
    fn leave(&mut self, attempt: u32) {
        self.0.leave(attempt);
    }
}
