//! A hook that keeps the log of a call, with a detail of each outcome.

use super::hook::Hook;
use crate::attempt::AttemptEnd;
use crate::event::{Decision, Event};
use crate::log::Log;
use crate::time::Instant;

/// For drivers: keeps the log of a call, and hands on what it sees to another hook.
#[derive(Debug)]
pub struct Recorder<H, F, D> {
    hook: H,
    describe: F,
    log: Log<D>,
    started: Option<Instant>,
}

impl<H, F, D> Recorder<H, F, D> {
    /// Makes one before another hook; the function says what the log is to tell of an outcome.
    pub const fn new(hook: H, describe: F) -> Self {
        Self { hook, describe, log: Log::new(), started: None }
    }

    /// Returns when the call started, once an event has told it.
    #[must_use]
    pub const fn started(&self) -> Option<Instant> {
        self.started
    }

    /// Takes the log; what comes after it would begin another.
    pub fn take_log(&mut self) -> Log<D> {
        core::mem::take(&mut self.log)
    }
}

impl<T, E, H, F, D> Hook<T, E> for Recorder<H, F, D>
where
    H: Hook<T, E>,
    F: FnMut(&Result<T, E>) -> D,
{
    fn on_event(&mut self, event: &Event<'_, T, E>) {
        self.started.get_or_insert(event.at);
        match &event.decision {
            Decision::Judged(judged) if judged.handled.counts() => {
                if let Some(outcome) = judged.outcome {
                    self.log.detail(judged.attempt, (self.describe)(outcome));
                }
                self.log.ended(judged.attempt, event.at, judged.verdict.into());
            }
            Decision::Withdrawn(withdrawn) if withdrawn.handled.counts() => {
                self.log.ended(withdrawn.attempt, event.at, AttemptEnd::Withdrawn);
            }
            Decision::Judged(_) | Decision::Withdrawn(_) => {}
            Decision::Action(action) => self.log.on_action(event.at, action),
        }
        self.hook.on_event(event);
    }

    fn enter(&mut self, attempt: u32) {
        self.hook.enter(attempt);
    }

    fn leave(&mut self, attempt: u32) {
        self.hook.leave(attempt);
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;
    use crate::action::Action;
    use crate::attempt::{Attempt, Kind};
    use crate::call::Handled;
    use crate::event::Judged;
    use crate::verdict::Verdict;

    #[test]
    fn each_outcome_that_counts_is_described_in_the_log_and_the_hook_sees_everything() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut seen = 0;
        let describe = |outcome: &Result<u8, u8>| alloc::format!("{outcome:?}");
        let mut recorder: Recorder<_, _, String> = Recorder::new(|_: &Event<'_, u8, u8>| seen += 1, describe);
        let mut see = |millis, decision| recorder.on_event(&Event::new(at(1), at(millis), decision));
        for id in [1, 2] {
            see(u64::from(id), Decision::Action(Action::Send(Attempt::new(id, 0, 0, Kind::First, u64::MAX))));
        }
        see(5, Decision::Judged(Judged::new(2, Some(&Err(7)), Verdict::Stop, Handled::Late)));
        see(6, Decision::Judged(Judged::new(1, Some(&Ok(8)), Verdict::Stop, Handled::Over)));
        assert_eq!(recorder.started(), Some(at(1)));
        assert_eq!(
            recorder.take_log().to_string(),
            "attempt 1 (first in lane 0): sent at 0ns, ended at 5ms: stop (Ok(8))\n\
             attempt 2 (first in lane 0): sent at 1ms, in flight\n"
        );
        assert!(recorder.take_log().entries().is_empty());
        drop(recorder);
        assert_eq!(seen, 4);
    }
}
